//! What a person gets wrong on a screen is said there, in words, and nothing
//! that was entered is lost by it.

#![allow(clippy::unwrap_used, reason = "a test says by failing what went wrong")]

use journeys::app::App;
use journeys::console::Console;
use journeys::desk::Desk;
use journeys::office::Office;

const PIN: &str = "739201";

/// Whether a message is for a Chinese reader: words, not a code.
fn in_words(message: &str) -> bool {
    let han = message.chars().filter(|c| ('\u{4e00}'..='\u{9fff}').contains(c)).count();
    han >= 6 && !message.contains('_')
}

#[tokio::test]
async fn the_app_names_what_is_wrong_and_keeps_what_was_entered() {
    let folder = tempfile::tempdir().unwrap();
    let office = Office::open(folder.path()).await.unwrap();
    let account = office.account("committee_office").await.unwrap();
    let desk = Desk::sign_in(&office, &account).await.unwrap();
    let dispatched = desk.dispatch("云岭示范精密机械", &["emergency_management"]).await.unwrap();
    let mut app = App::new(&folder.path().join("tablet"), folder.path(), PIN);
    app.start().await.unwrap();

    // A wrong code: what was typed stays, and the right one works afterwards.
    let screen = app.screen().unwrap();
    for (field, text) in [
        ("enrol-server", office.url.as_str()),
        ("enrol-code", "AAAAA-AAAAA"),
        ("enrol-pin", PIN),
        ("enrol-pin2", PIN),
    ] {
        screen.fill(field, text).await.unwrap();
    }
    screen.click("enrol-submit").await.unwrap();
    let message = screen.text("error-message").await.unwrap();
    assert!(in_words(&message), "{message}");
    screen.shot("wrong-code").await.unwrap();
    let code = office.enrolment_code(&dispatched.crews[0][0]).await.unwrap();
    app.enrol(&office.url, &code).await.unwrap();
    app.exchange().await.unwrap();

    // A damaged photo, an empty one and a page in disguise: the finding is there, they are not.
    app.open_visit(&dispatched.task).await.unwrap();
    app.open_item("GL-02").await.unwrap();
    app.answer("nonconforming").await.unwrap();
    let screen = app.screen().unwrap();
    screen.click("add-finding").await.unwrap();
    screen.fill("finding-fact", "未配备专职安全管理人员。").await.unwrap();
    screen.click("finding-save").await.unwrap();
    screen.gone("finding-save").await.unwrap();
    screen.click("finding-1").await.unwrap();
    let bad: [(&str, &[u8], &str); 3] = [
        ("torn.jpg", &[0xFF, 0xD8, 0xFF, 0xE0, 0, 16, 1, 2, 3], "损坏"),
        ("empty.jpg", b"", "空"),
        ("page.jpg", b"<html></html>", "不是"),
    ];
    for (name, bytes, words) in bad {
        let file = folder.path().join(name);
        std::fs::write(&file, bytes).unwrap();
        screen.attach("photo-input", &file).await.unwrap();
        let message = screen.says("error-message", words).await.unwrap();
        assert!(in_words(&message), "{message}");
    }
    screen.shot("damaged-photo").await.unwrap();
    assert!(!screen.has("photo-0").await.unwrap());
    let fact = "return document.querySelector('[data-testid=finding-fact]').value";
    assert_eq!(screen.script(fact).await.unwrap(), "未配备专职安全管理人员。");

    // A wrong PIN, then the right one.
    app.close().await.unwrap();
    app.start().await.unwrap();
    let screen = app.screen().unwrap();
    screen.fill("unlock-pin", "000000").await.unwrap();
    screen.click("unlock-submit").await.unwrap();
    let message = screen.text("error-message").await.unwrap();
    assert!(in_words(&message), "{message}");
    screen.shot("wrong-pin").await.unwrap();
    app.unlock().await.unwrap();
    app.close().await.unwrap();
}

#[tokio::test]
async fn the_console_refuses_a_file_that_is_no_spreadsheet_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let office = Office::open(folder.path()).await.unwrap();
    let account = office.account("committee_office").await.unwrap();
    let console = Console::sign_in(&office.url, &account, folder.path()).await.unwrap();
    let before = console.get("/api/overview").await.unwrap();
    let file = folder.path().join("enterprises.xlsx");
    std::fs::write(&file, b"this is a letter, not a workbook").unwrap();
    console.screen.click("nav-import").await.unwrap();
    console.screen.attach("import-file", &file).await.unwrap();
    let message = console.screen.text("import-error").await.unwrap();
    assert!(in_words(&message), "{message}");
    console.screen.shot("no-spreadsheet").await.unwrap();
    assert_eq!(console.get("/api/overview").await.unwrap(), before);
    console.close().await.unwrap();
}
