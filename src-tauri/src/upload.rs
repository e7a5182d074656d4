//! The raw command `put_evidence`: a photo's bytes as the body, so that they
//! do not pass through JSON. What it shows stands in headers: `task`,
//! `subject`, and `name`, percent-encoded UTF-8.

use crate::Tablet;
use crate::background::Bell;
use crate::commands::on;
use device::board::Board;
use device::view::{AppError, ErrorCode};
use domain::id::{RecordId, TaskId};
use std::str::FromStr;
use tauri::State;
use tauri::ipc::{Invoke, InvokeBody, Request};

/// Its name, as the page calls it.
pub(crate) const COMMAND: &str = "put_evidence";

/// Answers a call of it.
pub(crate) fn handler(invoke: Invoke<tauri::Wry>) -> bool {
    let handle: fn(Invoke<tauri::Wry>) -> bool = tauri::generate_handler![put_evidence];
    handle(invoke)
}

#[tauri::command]
async fn put_evidence(
    request: Request<'_>,
    tablet: State<'_, Tablet>,
    bell: State<'_, Bell>,
) -> Result<Board, AppError> {
    let task: TaskId = header(&request, "task")?;
    let subject: RecordId = header(&request, "subject")?;
    let name = percent_decoded(&header::<String>(&request, "name")?).ok_or(ErrorCode::Malformed)?;
    let bytes = bytes_of(request.body()).ok_or(ErrorCode::Malformed)?;
    let board = on(&tablet, move |d| d.put_evidence(task, subject, &name, &bytes)).await?;
    bell.ring();
    Ok(board)
}

fn header<T: FromStr>(request: &Request<'_>, name: &str) -> Result<T, AppError> {
    let text = request.headers().get(name).and_then(|value| value.to_str().ok());
    Ok(text.and_then(|text| text.parse().ok()).ok_or(ErrorCode::Malformed)?)
}

/// The body; web views without binary bodies send a list of numbers instead.
fn bytes_of(body: &InvokeBody) -> Option<Vec<u8>> {
    match body {
        InvokeBody::Raw(bytes) => Some(bytes.clone()),
        InvokeBody::Json(value) => serde_json::from_value(value.clone()).ok(),
    }
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes().iter();
    while let Some(&byte) = rest.next() {
        if byte == b'%' {
            let pair = [*rest.next()?, *rest.next()?];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&pair).ok()?, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chinese_file_name_arrives_as_it_was() {
        let encoded = "%E7%85%A7%E7%89%87%201.jpg";
        assert_eq!(percent_decoded(encoded).as_deref(), Some("照片 1.jpg"));
        for bad in ["%", "%4", "%zz", "%ff"] {
            assert_eq!(percent_decoded(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_list_of_numbers_is_a_body_too() {
        let list = InvokeBody::Json(serde_json::json!([255, 216]));
        assert_eq!(bytes_of(&list), Some(vec![255, 216]));
        assert_eq!(bytes_of(&InvokeBody::Json(serde_json::json!({"a": 1}))), None);
    }
}
