//! What people type, and what it becomes on the wire: limits, forms, and the
//! values that each field takes.

use crate::error::DeviceError;
use crate::view::{ChosenValue, ErrorCode};
use chrono::NaiveDate;
use domain::finding::{Assessment, Level};
use domain::package::Package;
use domain::record::{field, kind};
use ledger::{Register, WriteId};
use serde_json::{Map, Value, json};

/// Longest remark, location, reason or name, in characters.
pub(crate) const SHORT_CHARS_MAX: usize = 500;
/// Longest fact, requirement or note, in characters.
pub(crate) const LONG_CHARS_MAX: usize = 5_000;
/// Most legal bases of one assessment.
const BASES_MAX: usize = 20;

/// A text within its limit, without surrounding white space.
pub(crate) fn limited(text: &str, chars_max: usize) -> Result<String, DeviceError> {
    let text = text.trim();
    if text.chars().count() > chars_max {
        return Err(DeviceError::refused(ErrorCode::TooLong, chars_max));
    }
    // Control characters come from pasting; none but line breaks means anything.
    if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        return Err(ErrorCode::Malformed.into());
    }
    Ok(text.to_owned())
}

/// A text that must say something.
pub(crate) fn wanted(text: &str, chars_max: usize) -> Result<String, DeviceError> {
    let text = limited(text, chars_max)?;
    if text.is_empty() { Err(ErrorCode::TextMissing.into()) } else { Ok(text) }
}

/// A reason that must be given.
pub(crate) fn reason(text: &str) -> Result<String, DeviceError> {
    let text = limited(text, SHORT_CHARS_MAX)?;
    if text.is_empty() { Err(ErrorCode::ReasonMissing.into()) } else { Ok(text) }
}

/// The heads that the person saw, as the screen hands them back.
pub(crate) fn seen(ids: &[String]) -> Result<Vec<WriteId>, DeviceError> {
    let parsed: Result<Vec<WriteId>, _> = ids.iter().map(|id| id.parse()).collect();
    parsed.map_err(|_| ErrorCode::Malformed.into())
}

/// An assessment, its codes checked against the task's package.
pub(crate) fn assessment(
    level: Level,
    criterion: Option<&str>,
    basis: &[String],
    package: Option<&Package>,
) -> Result<Value, DeviceError> {
    if basis.len() > BASES_MAX {
        return Err(DeviceError::refused(ErrorCode::TooLong, BASES_MAX));
    }
    if let Some(package) = package {
        let law = |code: &String| package.laws.iter().any(|law| law.code == *code);
        let rule = |code: &str| package.criteria.iter().any(|rule| rule.code == code);
        if !basis.iter().all(law) || !criterion.is_none_or(rule) {
            return Err(ErrorCode::Malformed.into());
        }
    }
    Ok(serde_json::to_value(Assessment {
        level,
        criterion: criterion.map(str::to_owned),
        basis: basis.to_vec(),
        more: Map::new(),
    })?)
}

/// The wire value of what a person chose for a register.
pub(crate) fn chosen(
    target: &Register,
    value: &ChosenValue,
    package: Option<&Package>,
) -> Result<Value, DeviceError> {
    match (target.kind.as_str(), target.field.as_str(), value) {
        (kind::ITEM, field::RESULT, ChosenValue::Answer(answer)) => Ok(json!(answer)),
        (kind::FINDING, field::ASSESSMENT, ChosenValue::Assessment { level, criterion, basis }) => {
            assessment(*level, criterion.as_deref(), basis, package)
        }
        (kind::FINDING, field::DEADLINE, ChosenValue::Date(date)) => {
            let date: NaiveDate = date.parse().map_err(|_| ErrorCode::Malformed)?;
            Ok(json!(date))
        }
        (kind::ITEM, field::REMARK, ChosenValue::Text(text))
        | (kind::FINDING, field::LOCATION, ChosenValue::Text(text)) => {
            Ok(json!(limited(text, SHORT_CHARS_MAX)?))
        }
        (kind::FINDING, field::REQUIREMENT, ChosenValue::Text(text)) => {
            Ok(json!(limited(text, LONG_CHARS_MAX)?))
        }
        (kind::FINDING, field::FACT, ChosenValue::Text(text))
        | (kind::NOTE, field::TEXT, ChosenValue::Text(text)) => {
            Ok(json!(wanted(text, LONG_CHARS_MAX)?))
        }
        _ => Err(ErrorCode::Malformed.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_trimmed_and_limited_in_characters() {
        assert_eq!(limited("  隐患 ", 2).unwrap(), "隐患");
        assert_eq!(limited("隐患三", 2).unwrap_err().into_app().code, ErrorCode::TooLong);
        assert_eq!(limited("a\u{0}b", 9).unwrap_err().into_app().code, ErrorCode::Malformed);
        assert_eq!(wanted(" \n ", 9).unwrap_err().into_app().code, ErrorCode::TextMissing);
        assert_eq!(reason("").unwrap_err().into_app().code, ErrorCode::ReasonMissing);
    }
}
