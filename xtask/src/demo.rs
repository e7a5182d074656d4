//! `cargo xtask demo`: the server with the demo city, and the app of one of its
//! inspectors; or, with `--headless`, the main job without a person.
//!
//! Everything it keeps lies in `.demo/`. The main job itself is the program
//! `main-job` of the `tests` crate; the demo city is the server's to import.

use crate::args::DemoOptions;
use crate::house::House;
use crate::process::{GLANCE, Group, interrupted};
use crate::stage::{self, Screen, Stage};
use crate::test::VIRTUAL_DISPLAY;
use crate::{setup, ui};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::fs::{File, TryLockError};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// Says that a folder is ours to remove.
const MARKER: &str = "this-is-the-demo.txt";
const MARKER_TEXT: &str = "演示数据，可用 `cargo xtask demo --reset` 重建。\n\
                           Demo data; `cargo xtask demo --reset` makes it anew.\n";
/// Held while a demo runs.
const LOCK: &str = "lock";

/// The demo city's seed: the same city on every machine.
const CITY_SEED: &str = "1";
/// Whose app is opened, by certificate number: the first inspector of the city's
/// emergency management bureau, who has this number in every demo city.
const INSPECTOR: &str = "SF32010000001";

/// The demo app's PIN. The tablet is synthetic, and the PIN is printed.
const PIN: &str = "246810";

/// The file by which the app knows that its enrolment is complete.
const VAULT: &str = "vault.json";

/// The first start makes the city; a debug build takes its time over it.
const READY_LIMIT: Duration = Duration::from_secs(300);
const BUILD_LIMIT: Duration = Duration::from_secs(60 * 60);

/// Runs the demo until it is done, or until Ctrl-C.
///
/// # Errors
/// When something cannot be built or started, ends by itself, or a step of the main
/// job fails.
pub fn run(house: &House, screen: Screen, options: &DemoOptions) -> Result<()> {
    let folder = house.demo();
    let _lock = open_folder(&folder, options.reset)?;
    if !options.headless {
        port_is_free(options.port)?;
    }
    prepare(house, screen)?;
    if options.headless { headless(house) } else { visible(house, options.port) }
}

fn prepare(house: &House, screen: Screen) -> Result<()> {
    type Work = fn(&House, &mut Stage) -> Result<()>;
    let stages: [(&str, Work); 3] =
        [("setup", setup::run), ("ui-build", ui::build), ("build", build)];
    for (name, work) in stages {
        let mut stage = Stage::begin(house, screen, name, BUILD_LIMIT)?;
        let result = work(house, &mut stage);
        stage::conclude(screen, &stage, &result);
        result.with_context(|| format!("{name} failed"))?;
    }
    Ok(())
}

fn build(house: &House, stage: &mut Stage) -> Result<()> {
    stage.run(house.cargo().args(["build", "--workspace"]))
}

/// Makes or takes over the demo's folder, and keeps other demos out of it for as long
/// as the file is held.
fn open_folder(folder: &Path, reset: bool) -> Result<File> {
    let marker = folder.join(MARKER);
    let strange = folder.exists() && !marker.exists() && folder.read_dir()?.next().is_some();
    if strange {
        bail!(
            "{} 不是演示目录，未作改动 · is not a demo's folder: nothing was changed. Move it away.",
            folder.display()
        );
    }
    std::fs::create_dir_all(folder)?;
    let lock = take_lock(folder)?;
    if !reset {
        std::fs::write(marker, MARKER_TEXT)?;
        return Ok(lock);
    }
    for entry in folder.read_dir()? {
        let entry = entry?;
        if entry.file_name() == LOCK {
            continue;
        }
        if entry.file_type()?.is_dir() {
            std::fs::remove_dir_all(entry.path())?;
        } else {
            std::fs::remove_file(entry.path())?;
        }
    }
    std::fs::write(marker, MARKER_TEXT)?;
    println!("演示数据已清空 · the old demo data are gone");
    Ok(lock)
}

fn take_lock(folder: &Path) -> Result<File> {
    let lock = File::create(folder.join(LOCK))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => bail!(
            "演示已在运行，请先在其窗口按 Ctrl-C · a demo runs already: stop it with Ctrl-C first"
        ),
        Err(TryLockError::Error(problem)) => Err(problem).context("cannot lock the demo's folder"),
    }
}

fn port_is_free(port: u16) -> Result<()> {
    match TcpListener::bind(("127.0.0.1", port)) {
        Ok(_) => Ok(()),
        Err(problem) => bail!(
            "端口 {port} 不可用（{problem}）· port {port} cannot be had: \
             stop what uses it, or choose another with --port"
        ),
    }
}

/// Lets the main job run by itself; it prints a line per step.
fn headless(house: &House) -> Result<()> {
    let out = house.demo().join("headless");
    if out.exists() {
        std::fs::remove_dir_all(&out)?;
    }
    println!("主流程自动演示 · the main job, by itself");
    let mut command = house.command(VIRTUAL_DISPLAY[0]);
    command.args(&VIRTUAL_DISPLAY[1..]).arg(house.binary("main-job")).arg("--out").arg(&out);
    let mut job = Group::start(command.stdin(Stdio::null()))?;
    match job.wait()? {
        Some(status) if status.success() => {
            println!("结果 · results: {}", out.display());
            Ok(())
        }
        Some(status) => {
            bail!("主流程未完成 · the main job failed ({status}); see {}", out.display())
        }
        None => bail!("stopped"),
    }
}

fn visible(house: &House, port: u16) -> Result<()> {
    let data = house.demo().join("server");
    let log = house.demo().join("server.log");
    let mut server = start_server(house, &data, &log, port)?;
    let url = wait_until_ready(&mut server, &log)?;
    if interrupted() {
        return Ok(());
    }
    println!("\n管理端 · console   {url}");
    println!("演示账号 · demo accounts");
    for line in account_lines(&ask_server(house, &data, &["demo-accounts"])?) {
        println!("  {line}");
    }
    let mut app = start_app(house, &data, &url)?;
    println!("\n按 Ctrl-C 结束 · Ctrl-C stops everything; the data stay in .demo/");

    while !interrupted() {
        if let Some(status) = server.group.ended()? {
            bail!("服务器已停止 · the server ended ({status}):\n{}", last_lines(&log));
        }
        let ended = app.as_mut().map(Group::ended).transpose()?.flatten();
        if let Some(status) = ended {
            app = None;
            println!("应用窗口已关闭 · the app ended ({status}); the console still runs");
        }
        std::thread::park_timeout(GLANCE);
    }
    println!("\n正在停止 · stopping");
    // The app first, so that it does not see its server go away.
    drop(app);
    server.group.stop();
    Ok(())
}

struct Server {
    group: Group,
    lines: Receiver<String>,
}

fn start_server(house: &House, data: &Path, log: &Path, port: u16) -> Result<Server> {
    let errors = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
    let mut command = house.command(house.binary("lianjian-server"));
    command
        .arg("serve")
        .arg("--data")
        .arg(data)
        .args(["--listen", &format!("127.0.0.1:{port}"), "--demo-seed", CITY_SEED])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(errors.try_clone()?);
    let mut group = Group::start(&mut command)?;
    let out = group.child().stdout.take().context("the server's output is not ours")?;
    Ok(Server { group, lines: forward(out, errors) })
}

/// Keeps reading what the server prints, so that it never waits for us, and keeps it
/// in the log.
fn forward(out: ChildStdout, mut log: File) -> Receiver<String> {
    let (sender, lines) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            // Neither a full disk nor a reader that has heard enough may stop the server.
            let _ = writeln!(log, "{line}");
            let _ = sender.send(line);
        }
    });
    lines
}

/// The server's address, once it listens.
fn wait_until_ready(server: &mut Server, log: &Path) -> Result<String> {
    let begun = Instant::now();
    let mut said = false;
    loop {
        match server.lines.recv_timeout(GLANCE) {
            Ok(line) => {
                if let Some(url) = ready_url(&line) {
                    return Ok(url);
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => std::thread::park_timeout(GLANCE),
        }
        if let Some(status) = server.group.ended()? {
            bail!("服务器未能启动 · the server did not start ({status}):\n{}", last_lines(log));
        }
        if interrupted() {
            return Ok(String::new());
        }
        if begun.elapsed() > READY_LIMIT {
            bail!(
                "服务器启动超时 · the server is not ready after {READY_LIMIT:?}: {}",
                log.display()
            );
        }
        if !said && begun.elapsed() > Duration::from_secs(2) {
            println!("正在导入演示城市 · the demo city is being imported");
            said = true;
        }
    }
}

/// The address in the line by which the server says that it listens.
fn ready_url(line: &str) -> Option<String> {
    let value: Value = serde_json::from_str(line).ok()?;
    (value["ready"] == true).then(|| value["url"].as_str().map(str::to_owned)).flatten()
}

/// Runs another command of the server program on the same data.
fn ask_server(house: &House, data: &Path, words: &[&str]) -> Result<String> {
    let output = house
        .command(house.binary("lianjian-server"))
        .arg(words[0])
        .arg("--data")
        .arg(data)
        .args(&words[1..])
        .output()
        .context("cannot start lianjian-server")?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        bail!("lianjian-server {}: {}", words.join(" "), errors.trim());
    }
    String::from_utf8(output.stdout).context("the server's answer is not UTF-8")
}

/// Opens the app, when there is a screen to open it on.
fn start_app(house: &House, data: &Path, url: &str) -> Result<Option<Group>> {
    let there = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if !there("DISPLAY") && !there("WAYLAND_DISPLAY") {
        println!(
            "\n没有显示器，只运行管理端 · no display: the app is not opened, the console runs. \
             `--headless` shows the whole job without a display."
        );
        return Ok(None);
    }
    let home = house.demo().join("app");
    std::fs::create_dir_all(&home)?;
    let program = house.binary("lianjian-app");
    let mut command = if there("DBUS_SESSION_BUS_ADDRESS") {
        house.command(program)
    } else {
        let mut command = house.command("dbus-run-session");
        command.arg("--").arg(program);
        command
    };
    if !is_enrolled(&home) {
        enrol(house, data, url, &home)?;
    }
    println!("\n应用 · the app   PIN {PIN}   （执法证号 {INSPECTOR}）");
    let log = File::create(house.demo().join("app.log"))?;
    command.env("LIANJIAN_HOME", &home).stdin(Stdio::null());
    start_logged(&mut command, log).map(Some)
}

/// Opens a first task and makes the app's home that of one of its inspectors, with
/// everything the visit needs on the tablet.
fn enrol(house: &House, data: &Path, url: &str, home: &Path) -> Result<()> {
    ask_server(house, data, &["demo-task"])?;
    let answer = ask_server(house, data, &["enrolment-code", "--person", INSPECTOR])?;
    let code = enrolment_code(&answer).context("the server gave no enrolment code")?;
    let enrolment = ["enrol", "--server", url, "--code", &code];
    for words in [enrolment.as_slice(), &["exchange"]] {
        let output = house
            .command(house.binary("lianjian-device"))
            .arg("--home")
            .arg(home)
            .args(words)
            .env("LIANJIAN_PIN", PIN)
            .output()
            .context("cannot start lianjian-device")?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stdout);
            bail!("lianjian-device {}: {}", words[0], said.trim());
        }
    }
    Ok(())
}

fn start_logged(command: &mut Command, log: File) -> Result<Group> {
    Group::start(command.stdout(log.try_clone()?).stderr(log))
}

/// Whether the app has a person already, so that it needs no code again.
fn is_enrolled(home: &Path) -> bool {
    home.join(VAULT).is_file()
}

/// The code in the server's answer: a JSON object's `code`, or the last line.
fn enrolment_code(answer: &str) -> Option<String> {
    let line = answer.lines().map(str::trim).rfind(|line| !line.is_empty())?;
    let from_json = serde_json::from_str::<Value>(line)
        .ok()
        .and_then(|value| value["code"].as_str().map(str::to_owned));
    Some(from_json.unwrap_or_else(|| line.to_owned()))
}

/// The accounts as a person reads them: what to sign in with, and as whom.
fn account_lines(answer: &str) -> Vec<String> {
    fn text<'a>(account: &'a Value, key: &str) -> &'a str {
        account[key].as_str().unwrap_or_default()
    }
    let Ok(Value::Array(accounts)) = serde_json::from_str(answer) else {
        return answer.lines().map(str::to_owned).collect();
    };
    accounts
        .iter()
        .map(|account| {
            let role = role_name(text(account, "role"));
            let (name, password) = (text(account, "account"), text(account, "password"));
            format!("{name:<12} {password:<24} {role} {}", text(account, "name"))
        })
        .collect()
}

/// What people call a role.
fn role_name(role: &str) -> &str {
    match role {
        "committee_office" => "安委办",
        "lead_department" => "牵头部门",
        "supervisor" => "复核人员",
        "administrator" => "系统管理员",
        other => other,
    }
}

fn last_lines(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(30)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn empty(name: &str) -> PathBuf {
        let folder = House::find().unwrap().target.join("xtask-tests").join(name);
        if folder.exists() {
            std::fs::remove_dir_all(&folder).unwrap();
        }
        folder
    }

    #[test]
    fn a_reset_removes_what_a_demo_kept() {
        let folder = empty("demo-reset");
        drop(open_folder(&folder, false).unwrap());
        std::fs::create_dir(folder.join("server")).unwrap();
        std::fs::write(folder.join("server/data"), "old").unwrap();

        drop(open_folder(&folder, true).unwrap());

        assert!(!folder.join("server").exists());
        assert!(folder.join(MARKER).exists());
    }

    #[test]
    fn a_second_start_keeps_the_data() {
        let folder = empty("demo-kept");
        drop(open_folder(&folder, false).unwrap());
        std::fs::write(folder.join("data"), "kept").unwrap();
        drop(open_folder(&folder, false).unwrap());
        assert!(folder.join("data").exists());
    }

    #[test]
    fn a_folder_that_is_not_a_demos_is_left_alone() {
        let folder = empty("demo-strange");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("thesis.txt"), "years").unwrap();
        assert!(open_folder(&folder, true).is_err());
        assert!(folder.join("thesis.txt").exists());
    }

    #[test]
    fn two_demos_do_not_share_a_folder() {
        let folder = empty("demo-twice");
        let held = open_folder(&folder, false).unwrap();
        assert!(open_folder(&folder, true).is_err());
        drop(held);
        assert!(open_folder(&folder, false).is_ok());
    }

    #[test]
    fn a_busy_port_is_named() {
        let held = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = held.local_addr().unwrap().port();
        let problem = port_is_free(port).unwrap_err().to_string();
        assert!(problem.contains(&port.to_string()) && problem.contains("--port"), "{problem}");
    }

    #[test]
    fn only_the_ready_line_gives_the_address() {
        let line = r#"{"ready":true,"url":"http://127.0.0.1:8642"}"#;
        assert_eq!(ready_url(line).as_deref(), Some("http://127.0.0.1:8642"));
        assert_eq!(ready_url(r#"{"ready":false,"url":"http://127.0.0.1:1"}"#), None);
        assert_eq!(ready_url("importing"), None);
    }

    #[test]
    fn accounts_are_shown_a_line_each() {
        let answer = r#"[{"account": "office", "password": "p w", "role": "committee_office",
                          "name": "李范一"}]"#;
        let lines = account_lines(answer);
        assert_eq!(lines.len(), 1);
        for wanted in ["office", "p w", "安委办", "李范一"] {
            assert!(lines[0].contains(wanted), "{}", lines[0]);
        }
        assert_eq!(account_lines("office: secret\n"), ["office: secret"]);
    }

    #[test]
    fn the_enrolment_code_is_read_plain_and_as_json() {
        assert_eq!(enrolment_code("ABCD-1234\n").as_deref(), Some("ABCD-1234"));
        assert_eq!(enrolment_code("{\"code\":\"ABCD-1234\"}\n").as_deref(), Some("ABCD-1234"));
        assert_eq!(enrolment_code("\n"), None);
    }
}
