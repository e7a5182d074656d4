//! Enterprises in a workbook: the template, and reading one row by row. Every
//! row has a fate: taken, or refused with column, code and words. What becomes
//! of the rows is in `import`.

use crate::error::{Code, Refusal, Result, ServerError};
use calamine::{Data, Reader, Xlsx};
use domain::enterprise::{Risk, Uscc, UsccError};
use rust_xlsxwriter::{Format, Workbook, XlsxError};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;
use utoipa::ToSchema;

/// Rows in one file.
pub const ROWS_MAX: usize = 20_000;

/// Longest text in a cell, in characters.
const CELL_CHARS_MAX: usize = 200;

/// A column of the template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Column {
    Uscc,
    Name,
    Address,
    LegalRep,
    Principal,
    Risk,
    Division,
    Industry,
}

impl Column {
    const ALL: [Self; 8] = [
        Self::Uscc,
        Self::Name,
        Self::Address,
        Self::LegalRep,
        Self::Principal,
        Self::Risk,
        Self::Division,
        Self::Industry,
    ];

    fn title(self) -> &'static str {
        match self {
            Self::Uscc => "统一社会信用代码",
            Self::Name => "企业名称",
            Self::Address => "地址",
            Self::LegalRep => "法定代表人",
            Self::Principal => "主要负责人",
            Self::Risk => "风险等级",
            Self::Division => "行政区划代码",
            Self::Industry => "行业代码",
        }
    }
}

/// A row that can be taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportRow {
    /// Row in the workbook, from 1.
    pub row: u32,
    /// Unified social credit code.
    pub uscc: Uscc,
    /// Name.
    pub name: String,
    /// Address.
    pub address: String,
    /// 法定代表人.
    pub legal_rep: String,
    /// 主要负责人.
    pub principal: String,
    /// Risk.
    pub risk: Risk,
    /// Division, 6 digits.
    pub division_code: String,
    /// Industry, such as `C26`.
    pub industry_code: String,
}

/// Why a row cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RowError {
    /// Row in the workbook, from 1.
    pub row: u32,
    /// Title of the column.
    pub column: String,
    /// Code, from a closed list.
    pub code: String,
    /// What is wrong, in Chinese.
    pub message: String,
}

/// What a workbook holds.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// Rows with anything in them.
    pub rows_total: usize,
    /// Rows that can be taken.
    pub rows: Vec<ImportRow>,
    /// What is wrong with the others.
    pub errors: Vec<RowError>,
}

/// Reads a workbook.
///
/// # Errors
/// [`Code::NotASpreadsheet`], [`Code::ColumnsMissing`], [`Code::TooManyRows`].
pub fn read(bytes: Vec<u8>) -> Result<Reading> {
    let unreadable = || ServerError::from(Code::NotASpreadsheet);
    let mut workbook: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(|_| unreadable())?;
    let sheet = workbook.worksheet_range_at(0).ok_or_else(unreadable)?;
    let sheet = sheet.map_err(|_| unreadable())?;
    let first_row = sheet.start().map_or(0, |(row, _)| row);
    let mut rows = sheet.rows().zip(first_row + 1..);
    let Some((titles, _)) = rows.next() else { return Err(columns_missing(&[])) };
    let places = places(titles)?;
    let mut reading = Reading::default();
    for (cells, row) in rows {
        let texts: BTreeMap<Column, String> =
            places.iter().map(|(column, place)| (*column, text(cells.get(*place)))).collect();
        if texts.values().all(String::is_empty) {
            continue;
        }
        reading.rows_total += 1;
        if reading.rows_total > ROWS_MAX {
            let fields = json!({ "rows_max": ROWS_MAX });
            return Err(Refusal::with(Code::TooManyRows, fields).into());
        }
        match read_row(row, &texts) {
            Ok(row) => reading.rows.push(row),
            Err(mut errors) => reading.errors.append(&mut errors),
        }
    }
    refuse_repeated(&mut reading);
    Ok(reading)
}

fn places(titles: &[Data]) -> Result<BTreeMap<Column, usize>> {
    let titles: Vec<String> = titles.iter().map(|cell| text(Some(cell))).collect();
    let mut places = BTreeMap::new();
    let mut missing = Vec::new();
    for column in Column::ALL {
        match titles.iter().position(|title| title.trim_end_matches('*') == column.title()) {
            Some(place) => {
                places.insert(column, place);
            }
            None => missing.push(column.title()),
        }
    }
    if missing.is_empty() { Ok(places) } else { Err(columns_missing(&missing)) }
}

fn columns_missing(missing: &[&str]) -> ServerError {
    Refusal::with(Code::ColumnsMissing, json!({ "columns": missing })).into()
}

/// A cell as text: numbers without decimals, everything trimmed.
fn text(cell: Option<&Data>) -> String {
    match cell {
        None | Some(Data::Empty) => String::new(),
        Some(Data::Float(number)) if number.fract() == 0.0 => format!("{number:.0}"),
        Some(other) => other.to_string().trim().to_owned(),
    }
}

fn read_row(
    row: u32,
    texts: &BTreeMap<Column, String>,
) -> std::result::Result<ImportRow, Vec<RowError>> {
    let get = |column: Column| texts.get(&column).cloned().unwrap_or_default();
    let mut errors = Vec::new();
    let mut wrong = |column: Column, code: &str, message: String| {
        let column = column.title().to_owned();
        errors.push(RowError { row, column, code: code.to_owned(), message });
    };
    for column in [Column::Uscc, Column::Name, Column::Address, Column::Risk] {
        if get(column).is_empty() {
            wrong(column, "missing", format!("缺少{}。", column.title()));
        }
    }
    for (column, text) in texts {
        if text.chars().count() > CELL_CHARS_MAX {
            wrong(*column, "too_long", format!("文字超过 {CELL_CHARS_MAX} 个字。"));
        }
    }
    let uscc = Uscc::try_from(get(Column::Uscc).as_str());
    if let Err(error) = &uscc
        && !get(Column::Uscc).is_empty()
    {
        let (code, message) = uscc_words(error);
        wrong(Column::Uscc, code, message);
    }
    let risk = risk(&get(Column::Risk));
    if risk.is_none() && !get(Column::Risk).is_empty() {
        wrong(Column::Risk, "risk_unknown", "风险等级应为 重大、较大、一般 或 低。".to_owned());
    }
    let division = get(Column::Division);
    if !division.is_empty()
        && (division.len() != 6 || !division.bytes().all(|b| b.is_ascii_digit()))
    {
        wrong(Column::Division, "division_malformed", "行政区划代码应为 6 位数字。".to_owned());
    }
    match (uscc, risk) {
        (Ok(uscc), Some(risk)) if errors.is_empty() => Ok(ImportRow {
            row,
            name: get(Column::Name),
            address: get(Column::Address),
            legal_rep: get(Column::LegalRep),
            principal: get(Column::Principal),
            risk,
            division_code: if division.is_empty() {
                uscc.division_code().to_owned()
            } else {
                division
            },
            industry_code: get(Column::Industry),
            uscc,
        }),
        _ => Err(errors),
    }
}

fn uscc_words(error: &UsccError) -> (&'static str, String) {
    match error {
        UsccError::Length { expected, found } => {
            ("uscc_length", format!("信用代码应为 {expected} 位，现为 {found} 位。"))
        }
        UsccError::Letter { letter, position } => {
            ("uscc_letter", format!("信用代码第 {position} 位的“{letter}”不可能出现，请核对。"))
        }
        UsccError::CheckDigit { expected, found } => (
            "uscc_check_digit",
            format!("信用代码校验位应为 {expected}，现为 {found}，可能有一位抄错。"),
        ),
    }
}

fn risk(text: &str) -> Option<Risk> {
    match text.trim_end_matches("风险") {
        "重大" | "红" => Some(Risk::Major),
        "较大" | "橙" => Some(Risk::Larger),
        "一般" | "黄" => Some(Risk::General),
        "低" | "蓝" => Some(Risk::Low),
        _ => None,
    }
}

/// Of rows with the same code, the first stands.
fn refuse_repeated(reading: &mut Reading) {
    let mut first: BTreeMap<Uscc, u32> = BTreeMap::new();
    let (rows, errors) = (&mut reading.rows, &mut reading.errors);
    rows.retain(|row| match first.get(&row.uscc) {
        None => {
            first.insert(row.uscc.clone(), row.row);
            true
        }
        Some(before) => {
            let message = format!("与第 {before} 行的信用代码重复。");
            errors.push(uscc_error(row.row, "duplicate_in_file", message));
            false
        }
    });
}

/// Refuses rows whose code is in the directory already.
pub fn refuse_known(reading: &mut Reading, known: &BTreeSet<String>) {
    let (rows, errors) = (&mut reading.rows, &mut reading.errors);
    rows.retain(|row| {
        let is_known = known.contains(row.uscc.as_str());
        if is_known {
            let message = "名录中已有这家企业，未重复导入。".to_owned();
            errors.push(uscc_error(row.row, "already_in_directory", message));
        }
        !is_known
    });
    errors.sort_by(|a, b| (a.row, &a.column).cmp(&(b.row, &b.column)));
}

fn uscc_error(row: u32, code: &str, message: String) -> RowError {
    let column = Column::Uscc.title().to_owned();
    RowError { row, column, code: code.to_owned(), message }
}

/// The template: titles, and one example row that is plainly none.
///
/// # Errors
/// When the workbook cannot be written.
pub fn template() -> Result<Vec<u8>> {
    write_template().map_err(|error| ServerError::Document(error.to_string()))
}

fn write_template() -> std::result::Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    let bold = Format::new().set_bold();
    let sheet = workbook.add_worksheet();
    sheet.set_name("企业")?;
    for (place, column) in (0u16..).zip(Column::ALL) {
        sheet.write_with_format(0, place, column.title(), &bold)?;
        sheet.set_column_width(place, 22)?;
    }
    sheet.set_freeze_panes(1, 0)?;
    let notes = workbook.add_worksheet();
    notes.set_name("填写说明")?;
    let lines = [
        "每行一家企业；前四项中的信用代码、企业名称、地址以及风险等级必填。",
        "统一社会信用代码为 18 位，不含字母 I、O、S、V、Z，末位为校验位。",
        "风险等级填 重大、较大、一般 或 低。",
        "行政区划代码为 6 位数字，可不填，默认取信用代码第 3 至 8 位。",
        "行业代码按 GB/T 4754，如 C26，可不填。",
    ];
    for (row, line) in (0u32..).zip(lines) {
        notes.write(row, 0, line)?;
    }
    workbook.save_to_buffer()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workbook(rows: &[[&str; 4]]) -> Vec<u8> {
        let mut workbook = Workbook::new();
        let sheet = workbook.add_worksheet();
        for (place, column) in (0u16..).zip(Column::ALL) {
            sheet.write(0, place, column.title()).unwrap();
        }
        for (row, [uscc, name, address, risk]) in (1u32..).zip(rows) {
            for (place, text) in [(0, uscc), (1, name), (2, address), (5, risk)] {
                sheet.write(row, place, *text).unwrap();
            }
        }
        workbook.save_to_buffer().unwrap()
    }

    fn uscc(serial: u32) -> String {
        Uscc::with_check_digit(&format!("91320199MA{serial:07}")).unwrap().to_string()
    }

    #[test]
    fn the_template_can_be_read_back_and_is_empty() {
        let reading = read(template().unwrap()).unwrap();
        assert_eq!((reading.rows_total, reading.errors.len()), (0, 0));
    }

    #[test]
    fn a_file_that_is_no_workbook_is_refused() {
        for bytes in [&b""[..], b"hello", b"PK\x03\x04 not really"] {
            let error = read(bytes.to_vec()).unwrap_err();
            assert!(matches!(error, ServerError::Refused(r) if r.code == Code::NotASpreadsheet));
        }
    }

    #[test]
    fn every_wrong_row_is_told_with_row_column_and_which_check() {
        let good = uscc(1);
        let mut wrong_digit = good.clone();
        let last = if wrong_digit.pop() == Some('1') { '2' } else { '1' };
        wrong_digit.push(last);
        let reading = read(workbook(&[
            [&good, "示例一厂", "示例路1号", "重大"],
            [&wrong_digit, "示例二厂", "示例路2号", "较大"],
            ["91320199MAI000001X", "示例三厂", "示例路3号", "低"],
            ["123", "", "示例路4号", "高"],
            [&good, "示例五厂", "示例路5号", "一般风险"],
        ]))
        .unwrap();
        assert_eq!(reading.rows_total, 5);
        assert_eq!(reading.rows.len(), 1);
        assert_eq!(reading.rows[0].division_code, "320199");
        let codes: Vec<(u32, &str)> =
            reading.errors.iter().map(|error| (error.row, error.code.as_str())).collect();
        assert_eq!(
            codes,
            [
                (3, "uscc_check_digit"),
                (4, "uscc_letter"),
                (5, "missing"),
                (5, "uscc_length"),
                (5, "risk_unknown"),
                (6, "duplicate_in_file"),
            ]
        );
    }

    #[test]
    fn an_enterprise_of_the_directory_is_not_taken_again() {
        let mut reading = read(workbook(&[[&uscc(1), "示例一厂", "示例路1号", "重大"]])).unwrap();
        refuse_known(&mut reading, &BTreeSet::from([uscc(1)]));
        assert!(reading.rows.is_empty());
        assert_eq!(reading.errors[0].code, "already_in_directory");
    }
}
