//! The main job: a joint task goes from the office to three tablets, is worked
//! on offline by two departments, comes back with a conflict resolved, and a
//! supervisor approves it. Ten steps; each says what it claims and fails when
//! it is not so.

use crate::app::App;
use crate::console::{Console, Crew};
use crate::office::Office;
use crate::tablet::Tablet;
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

const PIN: &str = "739201";
/// Part of the name of the demo city's showcase enterprise.
const ENTERPRISE: &str = "云岭示范精密机械";
/// Answered differently by the two 应急 inspectors.
const DISPUTED: &str = "GL-06";
const NOTE: &str = "内部笔记：询问安全员甲，巡检记录疑似补填，待核实。";
const REASON: &str = "复核现场：公示栏缺两项较大风险，按不符合处理。";
const COMMENT: &str = "照片未拍到点位编号，请补拍并核对整改期限。";
const EARLY_FACT: &str = "二号仓库可燃气体探测器被货架遮挡。";
const APP_FACT: &str = "东侧疏散通道堆放空桶，净宽不足一米。";
const FIRE_FACT: &str = "三层消火栓箱内水带缺失。";
const PROPOSAL_REASON: &str = "遮挡使报警失效，应按重大隐患处理。";

/// Runs the main job; screenshots, logs and the PDF are left in `out`.
///
/// # Errors
/// The first step that does not hold.
pub async fn run(out: &Path, say: &mut dyn FnMut(String)) -> Result<()> {
    std::fs::create_dir_all(out)?;
    let mut job = Job::new(out);
    let begun = Instant::now();
    macro_rules! steps {
        ($($number:literal $title:literal => $step:ident),+ $(,)?) => {$(
            let step_begun = Instant::now();
            let result = job.$step().await;
            let seconds = step_begun.elapsed().as_secs_f32();
            let mark = if result.is_ok() { "ok" } else { "FAILED" };
            say(format!("{:>2}  {:<6} {:>6.1} s  {}", $number, mark, seconds, $title));
            result.with_context(|| format!("step {}: {}", $number, $title))?;
        )+};
    }
    steps! {
        1 "服务器启动并导入演示城市 · the office opens with the demo city" => open_office,
        2 "开联合任务并下发 · a joint task is opened and dispatched" => dispatch,
        3 "三台平板登记并取得任务 · three tablets enrol and hold the task" => enrol,
        4 "断网作业：检查项、隐患、照片、建议 · offline work" => work_offline,
        5 "两名应急检查员结果相反 · two inspectors disagree unseen" => disagree,
        6 "应用被强行终止后内容仍在 · killed, and everything is there" => kill_app,
        7 "恢复网络后各端一致 · all replicas agree" => reunite,
        8 "带队裁定并说明理由 · the site lead decides" => decide,
        9 "照片到达，退回一项，其余通过 · the supervisor reviews" => review,
        10 "生成现场检查记录 · the site record as PDF" => make_record,
    }
    job.close().await?;
    say(format!("    全部完成 · done in {:.1} s", begun.elapsed().as_secs_f32()));
    Ok(())
}

/// What the steps hand on to each other.
struct Job {
    out: PathBuf,
    office: Option<Office>,
    console: Option<Console>,
    app: App,
    /// The second 应急 inspector.
    second: Tablet,
    /// The 消防 inspector.
    fire: Tablet,
    crews: Vec<Crew>,
    task: String,
    photo_sha256: String,
}

impl Job {
    fn new(out: &Path) -> Self {
        Self {
            out: out.to_owned(),
            office: None,
            console: None,
            app: App::new(&out.join("tablet-app"), out, PIN),
            second: Tablet::new(&out.join("tablet-second"), "482915"),
            fire: Tablet::new(&out.join("tablet-fire"), "605137"),
            crews: Vec::new(),
            task: String::new(),
            photo_sha256: String::new(),
        }
    }

    fn office(&mut self) -> Result<&mut Office> {
        self.office.as_mut().context("the office is not open")
    }

    fn console(&self) -> Result<&Console> {
        self.console.as_ref().context("nobody is signed in")
    }

    async fn open_office(&mut self) -> Result<()> {
        let office = Office::open(&self.out).await?;
        let account = office.account("committee_office").await?;
        let console = Console::sign_in(&office.url, &account, &self.out).await?;
        let overview = console.get("/api/overview").await?;
        for (what, count) in [("enterprises", 8264), ("departments", 87), ("inspectors", 837)] {
            ensure!(overview[what] == count, "{what}: {}", overview[what]);
        }
        console.screen.shot("console-overview").await?;
        (self.office, self.console) = (Some(office), Some(console));
        Ok(())
    }

    async fn dispatch(&mut self) -> Result<()> {
        let console = self.console()?;
        let mut crews = Vec::new();
        for sector in ["emergency_management", "fire", "market_supervision"] {
            crews.push(console.crew(sector, 2).await?);
        }
        let task = console.open_task(ENTERPRISE, &crews).await?;
        let board = console.get(&format!("/api/tasks/{task}")).await?;
        let items = board["items"].as_array().map_or(0, Vec::len);
        ensure!(items >= 40, "only {items} items");
        ensure!(board["status"] == "dispatched", "status {}", board["status"]);
        (self.crews, self.task) = (crews, task);
        Ok(())
    }

    async fn enrol(&mut self) -> Result<()> {
        let code = self.console()?.enrolment_code(&self.crews[0], 0).await?;
        let (second, fire) = (self.crews[0].cert_nos[1].clone(), self.crews[1].cert_nos[0].clone());
        let office = self.office()?;
        let url = office.url.clone();
        let second_code = office.enrolment_code(&second).await?;
        let fire_code = office.enrolment_code(&fire).await?;

        self.app.start().await?;
        self.app.enrol(&url, &code).await?;
        self.app.exchange().await?;
        self.second.enrol(&url, &second_code).await?;
        self.second.exchange().await?;
        // An earlier finding of 应急, which 消防 will see before the network goes.
        self.second
            .run(&[
                "finding",
                &self.task,
                "--item",
                "WH-09",
                "--fact",
                EARLY_FACT,
                "--location",
                "二号仓库",
                "--level",
                "general",
            ])
            .await?;
        self.second.exchange().await?;
        self.fire.enrol(&url, &fire_code).await?;
        self.fire.exchange().await?;
        self.app.exchange().await?;

        for tablet in [&self.second, &self.fire] {
            let visits = tablet.run(&["visits"]).await?;
            ensure!(visits[0]["missing"] == serde_json::json!([]), "not ready: {visits}");
            let board = tablet.board(&self.task).await?;
            ensure!(board["items"].as_array().map_or(0, Vec::len) >= 40, "no checklist");
            ensure!(board["findings"][0]["fact"]["shown"]["value"] == EARLY_FACT, "no finding");
        }
        let screen = self.app.screen()?;
        screen.click("nav-today").await?;
        screen.find(&format!("visit-{}", self.task)).await?;
        screen.shot("app-today").await
    }

    async fn work_offline(&mut self) -> Result<()> {
        self.office()?.stop().await?;
        self.app.close().await?;
        self.app.start().await?;
        self.app.unlock().await?;
        self.app.open_visit(&self.task).await?;
        for (code, answer) in
            [("GL-01", "conforms"), ("GL-02", "conforms"), ("GL-03", "not_applicable")]
        {
            self.app.open_item(code).await?;
            self.app.answer(answer).await?;
        }
        self.record_finding().await?;
        let screen = self.app.screen()?;
        screen.click("tab-notes").await?;
        screen.fill("note-text", NOTE).await?;
        screen.click("note-save").await?;
        screen.says("note-entry", NOTE).await?;

        for (code, answer) in
            [("XF-01", "conforms"), ("XF-02", "nonconforming"), ("XF-03", "conforms")]
        {
            self.fire.run(&["answer", &self.task, code, answer]).await?;
        }
        self.fire
            .run(&[
                "finding",
                &self.task,
                "--item",
                "XF-02",
                "--fact",
                FIRE_FACT,
                "--location",
                "三层东侧楼梯间",
                "--level",
                "general",
            ])
            .await?;
        self.fire
            .run(&["propose", &self.task, "1", "--level", "major", "--reason", PROPOSAL_REASON])
            .await?;
        Ok(())
    }

    /// A finding with a photo, through the screens.
    async fn record_finding(&mut self) -> Result<()> {
        let photo = self.out.join("photo.jpg");
        draw_photo(&photo)?;
        self.photo_sha256 = hex(&Sha256::digest(std::fs::read(&photo)?));
        self.app.open_item("GL-09").await?;
        self.app.answer("nonconforming").await?;
        let screen = self.app.screen()?;
        screen.shot("app-item").await?;
        screen.click("add-finding").await?;
        screen.fill("finding-fact", APP_FACT).await?;
        screen.fill("finding-location", "一层东侧疏散通道").await?;
        screen.click("finding-level-general").await?;
        screen.attach("photo-input", &photo).await?;
        screen.shot("app-finding").await?;
        screen.click("finding-save").await?;
        screen.gone("finding-form").await?;
        screen.find("photo-0").await?;
        screen.shot("app-item-with-finding").await
    }

    async fn disagree(&mut self) -> Result<()> {
        self.second.run(&["answer", &self.task, DISPUTED, "conforms"]).await?;
        self.app.open_item(DISPUTED).await?;
        self.app.answer("nonconforming").await?;
        let theirs = self.second.board(&self.task).await?;
        ensure!(item(&theirs, DISPUTED)?["result"]["contested"] == false, "they met already");
        Ok(())
    }

    async fn kill_app(&mut self) -> Result<()> {
        self.app.kill().await?;
        self.app.start().await?;
        self.app.unlock().await?;
        self.app.open_visit(&self.task).await?;
        let screen = self.app.screen()?;
        for (code, answer) in [
            ("GL-01", "conforms"),
            ("GL-03", "not_applicable"),
            ("GL-09", "nonconforming"),
            (DISPUTED, "nonconforming"),
        ] {
            self.app.open_item(code).await?;
            self.app.answered(answer).await.with_context(|| format!("{code} is lost"))?;
        }
        self.app.open_item("GL-09").await?;
        screen.find("photo-0").await?;
        ensure!(screen.body_text().await?.contains(APP_FACT), "the finding is lost");
        screen.click("tab-notes").await?;
        screen.says("note-entry", NOTE).await?;
        Ok(())
    }

    async fn exchange_all(&mut self) -> Result<()> {
        // Twice: in the first round the last one brings what the first could not have got.
        for _ in 0..2 {
            self.app.exchange().await?;
            self.second.exchange().await?;
            self.fire.exchange().await?;
        }
        Ok(())
    }

    /// Every ledger held has the same digests everywhere; gives those of the app.
    async fn agreement(&mut self) -> Result<BTreeMap<String, Value>> {
        let office = self.office()?.digests().await?;
        let app = Tablet::new(self.app.home(), PIN).digests().await?;
        for (who, held) in [
            ("app", &app),
            ("second", &self.second.digests().await?),
            ("fire", &self.fire.digests().await?),
        ] {
            ensure!(!held.is_empty(), "{who} holds nothing");
            for (ledger, digests) in held {
                ensure!(
                    office.get(ledger) == Some(digests),
                    "{who} disagrees on {ledger}: {digests} and {:?}",
                    office.get(ledger)
                );
            }
        }
        Ok(app)
    }

    async fn reunite(&mut self) -> Result<()> {
        self.office()?.start().await?;
        self.exchange_all().await?;
        let app_ledgers = self.agreement().await?;
        let fire_ledgers = self.fire.digests().await?;
        ensure!(app_ledgers.len() == 2, "应急 holds {}", app_ledgers.len());
        let shared = fire_ledgers.keys().filter(|l| app_ledgers.contains_key(*l)).count();
        ensure!(shared == 1, "消防 shares {shared} ledgers with 应急");

        for tablet in [&self.second, &self.fire, &Tablet::new(self.app.home(), PIN)] {
            let board = tablet.board(&self.task).await?;
            let result = &item(&board, DISPUTED)?["result"];
            ensure!(result["shown"]["value"] == "nonconforming", "shown: {}", result["shown"]);
            ensure!(result["contested"] == true, "no open conflict");
            let heads = result["heads"].as_array().context("no heads")?;
            ensure!(heads.len() == 2, "{} values", heads.len());
            for head in heads {
                for what in ["name", "tablet", "wall"] {
                    let said = head["by"][what].as_str().unwrap_or_default();
                    ensure!(!said.is_empty(), "a value without {what}");
                }
            }
            ensure!(board["proposals"][0]["reason"] == PROPOSAL_REASON, "no proposal");
            ensure!(board["findings"][0]["assessment"]["shown"]["value"]["level"] == "general");
            let text = board.to_string();
            let is_fire = tablet.home() == self.fire.home();
            ensure!(text.contains(NOTE) != is_fire, "the internal note is in the wrong place");
        }
        let screen = self.app.screen()?;
        self.app.open_visit(&self.task).await?;
        screen.click("tab-conflicts").await?;
        screen.find("conflict-card").await?;
        screen.shot("app-conflict").await
    }

    async fn decide(&mut self) -> Result<()> {
        // The other inspector has seen both and taps the milder one again.
        self.second.run(&["answer", &self.task, DISPUTED, "none"]).await?;
        self.second.run(&["answer", &self.task, DISPUTED, "conforms"]).await?;
        self.exchange_all().await?;
        let board = self.second.board(&self.task).await?;
        ensure!(item(&board, DISPUTED)?["result"]["contested"] == true, "a tap closed it");

        self.app.open_visit(&self.task).await?;
        let screen = self.app.screen()?;
        screen.click("tab-conflicts").await?;
        screen.click("decide-head-0").await?;
        screen.fill("decide-reason", REASON).await?;
        screen.shot("app-decide").await?;
        screen.click("decide-submit").await?;
        screen.says("decision-reason", REASON).await?;
        self.exchange_all().await?;
        self.agreement().await?;
        for tablet in [&self.second, &self.fire] {
            let board = tablet.board(&self.task).await?;
            ensure!(board["conflicts"] == serde_json::json!([]), "still open");
            ensure!(board["decisions"][0]["reason"] == REASON, "no reason");
            let history = tablet.run(&["history", &self.task]).await?;
            ensure!(history.to_string().contains(REASON), "the history keeps no reason");
        }
        Ok(())
    }

    async fn review(&mut self) -> Result<()> {
        let console = self.console.take().context("nobody is signed in")?;
        console.close().await?;
        let office = self.office()?;
        let (url, account) = (office.url.clone(), office.account("supervisor").await?);
        let console = Console::sign_in(&url, &account, &self.out).await?;
        let path = format!("/api/tasks/{}/evidence/{}", self.task, self.photo_sha256);
        let (_, arrived, _) = console.download(&path).await?;
        ensure!(arrived == self.photo_sha256, "the photo arrived as {arrived}");

        let board = console.get(&format!("/api/tasks/{}", self.task)).await?;
        let findings = board["findings"].as_array().context("no findings")?;
        let ours = findings.iter().find(|f| f["fact"]["shown"]["value"] == APP_FACT);
        let number = ours.and_then(|f| f["number"].as_u64()).context("the finding is not there")?;
        console.screen.open(&format!("{url}/review/{}", self.task)).await?;
        console.screen.click(&format!("evidence-{}", &self.photo_sha256[..8])).await?;
        console.screen.find("evidence-viewer").await?;
        console.screen.shot("console-photo").await?;
        console.screen.click("evidence-close").await?;
        console.review(&self.task, number, COMMENT).await?;
        console.screen.shot("console-reviewed").await?;
        let board = console.get(&format!("/api/tasks/{}", self.task)).await?;
        for finding in board["findings"].as_array().context("no findings")? {
            let expected = if finding["number"] == number { "returned" } else { "approved" };
            ensure!(finding["review"]["state"] == expected, "review: {}", finding["review"]);
        }
        self.console = Some(console);

        self.app.exchange().await?;
        self.app.open_visit(&self.task).await?;
        self.app.open_item("GL-09").await?;
        let screen = self.app.screen()?;
        screen.click(&format!("finding-{number}")).await?;
        screen.says("finding-review", COMMENT).await?;
        screen.shot("app-returned").await
    }

    async fn make_record(&mut self) -> Result<()> {
        let screen = self.app.screen()?;
        screen.click("tab-documents").await?;
        screen.click("make-record").await?;
        let path = screen.text("record-path").await?;
        let sha256 = screen.text("record-sha256").await?;
        screen.shot("app-record").await?;
        let pdf = std::fs::read(path.trim()).with_context(|| format!("no PDF at {path}"))?;
        ensure!(sha256.contains(&hex(&Sha256::digest(&pdf))), "the hash on screen is another");
        let kept = self.out.join("site-record.pdf");
        std::fs::write(&kept, &pdf)?;
        check_record(&kept, &self.crews).await?;

        self.app.exchange().await?;
        let path = format!("/api/tasks/{}/site-record.pdf", self.task);
        let (length, _, head) = self.console()?.download(&path).await?;
        ensure!(head.starts_with("%PDF-") && length > 10_000, "no PDF from the office");
        Ok(())
    }

    async fn close(&mut self) -> Result<()> {
        self.app.close().await?;
        if let Some(console) = self.console.take() {
            console.close().await?;
        }
        self.office()?.stop().await
    }
}

/// The record says what was found, by whom, and how the conflict ended; its
/// fonts are embedded.
async fn check_record(pdf: &Path, crews: &[Crew]) -> Result<()> {
    let read = |program: &'static str, args: Vec<String>| async move {
        let output = tokio::process::Command::new(program).args(args).output().await?;
        ensure!(output.status.success(), "{program} cannot read the PDF");
        anyhow::Ok(String::from_utf8(output.stdout)?)
    };
    let name = pdf.display().to_string();
    let text = read("pdftotext", vec![name.clone(), "-".to_owned()]).await?;
    let flat: String = text.split_whitespace().collect();
    // The form sets its own full stop after a reason.
    let reason = REASON.trim_end_matches('。');
    let mut wanted = vec!["现场检查记录", APP_FACT, EARLY_FACT, FIRE_FACT, reason, "不符合"];
    wanted.extend(crews.iter().map(|c| c.department.as_str()));
    for words in wanted {
        ensure!(flat.contains(words), "the record does not say {words}");
    }
    let fonts = read("pdffonts", vec![name]).await?;
    let rows: Vec<&str> = fonts.lines().skip(2).collect();
    ensure!(!rows.is_empty(), "no fonts in the PDF");
    for row in rows {
        let columns: Vec<&str> = row.split_whitespace().collect();
        let embedded = columns.len().checked_sub(5).and_then(|at| columns.get(at));
        ensure!(embedded == Some(&"yes"), "a font is not embedded: {row}");
    }
    Ok(())
}

fn item<'a>(board: &'a Value, code: &str) -> Result<&'a Value> {
    let items = board["items"].as_array().context("no items")?;
    items.iter().find(|i| i["code"] == code).with_context(|| format!("no item {code}"))
}

/// A JPEG as a camera would make it: large, with a lot going on.
fn draw_photo(path: &Path) -> Result<()> {
    let picture = image::RgbImage::from_fn(1600, 1200, |x, y| {
        let shade = |n: u32| u8::try_from(n % 256).unwrap_or(0);
        image::Rgb([shade(x / 7 + y / 3), shade(x * y / 911), shade(y / 5)])
    });
    Ok(picture.save_with_format(path, image::ImageFormat::Jpeg)?)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
