//! Bringing enterprises in from a file.

use crate::tests::office::{Answer, Office};
use crate::usecase::spreadsheet;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, COOKIE};
use axum::http::{Request, StatusCode};
use domain::enterprise::Uscc;
use domain::permission::Role;
use rust_xlsxwriter::Workbook;
use serde_json::json;

async fn upload(office: &Office, cookie: &str, bytes: &[u8]) -> Answer {
    let boundary = "test-boundary";
    let head = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.xlsx\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n"
    );
    let body = [head.as_bytes(), bytes, format!("\r\n--{boundary}--\r\n").as_bytes()].concat();
    let request = Request::post("/api/imports/enterprises")
        .header(CONTENT_TYPE, format!("multipart/form-data; boundary={boundary}"))
        .header(COOKIE, cookie)
        .header("x-lianjian", "1")
        .body(Body::from(body))
        .unwrap();
    office.send(request).await
}

fn workbook(uscc: &str) -> Vec<u8> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    let titles = [
        "统一社会信用代码",
        "企业名称",
        "地址",
        "法定代表人",
        "主要负责人",
        "风险等级",
        "行政区划代码",
        "行业代码",
    ];
    let good = [uscc, "示例新厂", "示例路9号", "", "", "较大", "", "C26"];
    let wrong = ["91320199MA000000XX", "示例错厂", "示例路8号", "", "", "低", "", ""];
    for (row, cells) in (0u32..).zip([titles, good, wrong]) {
        for (column, cell) in (0u16..).zip(cells) {
            sheet.write(row, column, cell).unwrap();
        }
    }
    workbook.save_to_buffer().unwrap()
}

#[tokio::test]
async fn a_file_that_is_no_spreadsheet_is_refused_in_words() {
    let office = Office::open().await;
    let cookie = office.sign_in(Role::CommitteeOffice).await;
    for bytes in [&b""[..], b"name,code\n", b"PK\x03\x04"] {
        let answer = upload(&office, &cookie, bytes).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(answer.code(), "not_a_spreadsheet");
    }
    let huge = upload(&office, &cookie, &vec![0; 9 * 1024 * 1024]).await;
    assert_eq!((huge.status, huge.code().as_str()), (StatusCode::PAYLOAD_TOO_LARGE, "too_large"));
}

#[tokio::test]
async fn a_body_that_is_no_form_is_refused_in_words() {
    let office = Office::open().await;
    let cookie = office.sign_in(Role::CommitteeOffice).await;
    let answer = office.post("/api/imports/enterprises", Some(&cookie), json!({})).await;
    assert_eq!((answer.status, answer.code()), (StatusCode::BAD_REQUEST, "malformed".into()));
}

#[tokio::test]
async fn rows_are_shown_first_and_taken_once_when_confirmed() {
    let office = Office::open().await;
    let cookie = office.sign_in(Role::CommitteeOffice).await;
    let uscc = Uscc::with_check_digit("91320199MA9999999").unwrap();
    let preview = upload(&office, &cookie, &workbook(uscc.as_str())).await.json();
    assert_eq!((&preview["rows_total"], &preview["rows_ok"]), (&json!(2), &json!(1)));
    assert_eq!(preview["errors"][0]["row"], 3);
    assert_eq!(preview["errors"][0]["code"], "uscc_check_digit");

    let search = format!("/api/enterprises?q={uscc}");
    assert_eq!(office.get(&search, Some(&cookie)).await.json()["total"], 0);
    let batch = preview["batch"].as_str().unwrap();
    let confirm = format!("/api/imports/enterprises/{batch}/confirm");
    let taken = office.post(&confirm, Some(&cookie), json!({})).await;
    assert_eq!(taken.json()["imported"], 1);
    let found = office.get(&search, Some(&cookie)).await.json();
    assert_eq!(found["rows"][0]["name"], "示例新厂");
    let twice = office.post(&confirm, Some(&cookie), json!({})).await;
    assert_eq!((twice.status, twice.code().as_str()), (StatusCode::CONFLICT, "batch_confirmed"));

    let again = upload(&office, &cookie, &workbook(uscc.as_str())).await.json();
    assert_eq!(again["rows_ok"], 0);
    assert!(
        again["errors"].as_array().unwrap().iter().any(|e| e["code"] == "already_in_directory")
    );
}

#[tokio::test]
async fn the_template_is_a_workbook() {
    let office = Office::open().await;
    let cookie = office.sign_in(Role::CommitteeOffice).await;
    let answer = office.get("/api/imports/enterprises/template.xlsx", Some(&cookie)).await;
    assert!(spreadsheet::read(answer.bytes).is_ok());
}
