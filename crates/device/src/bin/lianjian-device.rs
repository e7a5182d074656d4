//! One tablet without a screen: the same crate as the app, driven by words.
//! Answers are JSON on stdout; a failure is `{"error":{code,detail}}` there and
//! an exit code other than 0. The PIN comes from `LIANJIAN_PIN`.

// Standard output is this program's answer.
#![allow(clippy::print_stdout)]

use anyhow::{Context, Result, bail};
use clap::{Args, Parser, Subcommand, ValueEnum};
use device::Device;
use device::clock::SystemClock;
use device::events::Heard;
use device::schedule::{jittered, listen_again_after};
use device::view::{AppError, ChosenValue, ErrorCode, FindingDraft};
use domain::finding::{Answer, Level};
use domain::id::{RecordId, TaskId};
use ledger::Register;
use ledger::board::{Board, ConflictView, FieldView, ShownValue, Target};
use serde::Serialize;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

/// 联检 tablet without a screen.
#[derive(Parser)]
#[command(version)]
struct Cli {
    /// Folder of the tablet's files.
    #[arg(long, env = "LIANJIAN_HOME")]
    home: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Enrols this tablet with a one-time code.
    Enrol {
        #[arg(long)]
        server: String,
        #[arg(long)]
        code: String,
    },
    /// Says what stands between the person and the work.
    Status,
    /// Exchanges with the office.
    Exchange,
    /// Listens to the office until it is ended, and exchanges at once when told
    /// of news; says so, one line of JSON each.
    Watch,
    /// Says what is only on this tablet.
    Sync,
    /// Lists the tasks.
    Visits,
    /// Shows everything about a task.
    Board { task: String },
    /// Lists everything that was done in a task.
    History { task: String },
    /// Answers a check item.
    Answer { task: String, item: String, answer: AnswerWord },
    /// Remarks on a check item.
    Remark { task: String, item: String, text: String },
    /// Records a finding.
    Finding(FindingArgs),
    /// Adds a photo, a film or a paper to a finding.
    Photo { task: String, finding: u32, file: PathBuf },
    /// Proposes another assessment for a finding.
    Propose {
        task: String,
        finding: u32,
        #[arg(long)]
        level: LevelWord,
        #[arg(long)]
        criterion: Option<String>,
        #[arg(long)]
        reason: String,
    },
    /// Replies to a proposal, by its place on the board, from 1.
    Reply {
        task: String,
        proposal: usize,
        #[arg(long)]
        accept: bool,
        #[arg(long)]
        reason: String,
    },
    /// Decides the open conflict of an item or a finding.
    Decide(DecideArgs),
    /// Writes a note for one's own department.
    Note { task: String, text: String },
    /// Produces the 现场检查记录.
    Record {
        task: String,
        /// Where to put the PDF.
        #[arg(long)]
        out: PathBuf,
    },
    /// Prints holdings and state digest of every ledger.
    Digest,
    /// Lists the files that ledgers speak of.
    Files,
    /// Writes what the office may lack into one file, for handing in elsewhere.
    RescuePack {
        /// The file to write, or a folder for it.
        #[arg(long)]
        out: PathBuf,
        /// Everything of this tablet's, also what is safe.
        #[arg(long)]
        everything: bool,
    },
    /// Puts the tablet under another PIN, from `LIANJIAN_NEW_PIN`.
    ChangePin,
    /// Sets the PIN of `LIANJIAN_NEW_PIN` with a one-time code of the office.
    ResetPin {
        #[arg(long)]
        code: String,
    },
    /// Reads the whole store through.
    Check,
    /// Sets a store that cannot be read aside, so that the tablet can be enrolled anew.
    StartAnew,
    /// Takes note that the tablet was wiped; it can then be enrolled anew.
    ForgetWipe,
}

#[derive(Args)]
struct FindingArgs {
    task: String,
    #[arg(long)]
    item: Option<String>,
    #[arg(long)]
    fact: String,
    #[arg(long, default_value = "")]
    location: String,
    #[arg(long, default_value = "general")]
    level: LevelWord,
    #[arg(long)]
    criterion: Option<String>,
    /// A code of a legal basis; may be given several times. Without any, those
    /// of the item.
    #[arg(long)]
    basis: Vec<String>,
    #[arg(long, default_value = "")]
    requirement: String,
    #[arg(long)]
    deadline_workdays: Option<u32>,
}

#[derive(Args)]
struct DecideArgs {
    task: String,
    /// Code of the check item.
    #[arg(long, conflicts_with = "finding")]
    item: Option<String>,
    /// Number of the finding.
    #[arg(long)]
    finding: Option<u32>,
    /// The answer or level that shall hold.
    #[arg(long)]
    choose: String,
    #[arg(long)]
    reason: String,
}

#[derive(Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
enum AnswerWord {
    Conforms,
    Nonconforming,
    NotApplicable,
    None,
}

#[derive(Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
enum LevelWord {
    General,
    Major,
}

impl From<AnswerWord> for Option<Answer> {
    fn from(word: AnswerWord) -> Self {
        match word {
            AnswerWord::Conforms => Some(Answer::Conforms),
            AnswerWord::Nonconforming => Some(Answer::Nonconforming),
            AnswerWord::NotApplicable => Some(Answer::NotApplicable),
            AnswerWord::None => None,
        }
    }
}

impl From<LevelWord> for Level {
    fn from(word: LevelWord) -> Self {
        match word {
            LevelWord::General => Self::General,
            LevelWord::Major => Self::Major,
        }
    }
}

fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    let (answer, code) = match run(Cli::parse()) {
        Ok(answer) => (answer, ExitCode::SUCCESS),
        Err(error) => (failure(&error), ExitCode::FAILURE),
    };
    println!("{answer:#}");
    code
}

/// What is printed when something did not work.
fn failure(error: &anyhow::Error) -> Value {
    let error = match error.downcast_ref::<AppError>() {
        Some(error) => json!(error),
        None => json!({"code": "usage", "detail": format!("{error:#}")}),
    };
    json!({ "error": error })
}

fn run(cli: Cli) -> Result<Value> {
    let device = Device::open(&cli.home, Arc::new(SystemClock))?;
    match cli.command {
        Command::Enrol { server, code } => json(device.enrol(&server, &code, &pin()?)?),
        Command::Status => {
            // Without a PIN the state of the closed tablet is the answer.
            match std::env::var("LIANJIAN_PIN") {
                Ok(pin) => json(device.unlock(&pin)?),
                Err(_) => json(device.status()),
            }
        }
        Command::ResetPin { code } => json(device.reset_pin(&code, &new_pin()?)?),
        Command::ForgetWipe => json(device.forget_wipe()?),
        command => {
            device.unlock(&pin()?)?;
            act(&device, command)
        }
    }
}

fn new_pin() -> Result<String> {
    std::env::var("LIANJIAN_NEW_PIN").context("LIANJIAN_NEW_PIN is not set")
}

fn pin() -> Result<String> {
    std::env::var("LIANJIAN_PIN").context("LIANJIAN_PIN is not set")
}

fn json(value: impl Serialize) -> Result<Value> {
    Ok(serde_json::to_value(value)?)
}

fn act(device: &Device, command: Command) -> Result<Value> {
    match command {
        Command::Enrol { .. }
        | Command::Status
        | Command::ResetPin { .. }
        | Command::ForgetWipe => bail!("handled before"),
        Command::RescuePack { out, everything } => {
            json(device.rescue_pack(&out, everything, None)?)
        }
        Command::ChangePin => {
            device.change_pin(&pin()?, &new_pin()?)?;
            json(device.status())
        }
        Command::Check => json(device.check_store()?),
        Command::StartAnew => json(device.start_anew()?),
        Command::Exchange => {
            let changed = device.exchange()?;
            Ok(json!({"changed": changed, "sync": device.sync_status()?}))
        }
        Command::Watch => watch(device),
        Command::Sync => json(device.sync_status()?),
        Command::Visits => json(device.visits()?),
        Command::Board { task } => json(device.board(id(&task)?)?),
        Command::History { task } => json(device.history(id(&task)?)?),
        Command::Answer { task, item, answer } => {
            let task = id(&task)?;
            let rec = device.item_by_code(task, &item)?;
            let seen = seen(&item_view(&device.board(task)?, rec)?.result);
            json(device.answer_item(task, rec, answer.into(), &seen)?)
        }
        Command::Remark { task, item, text } => {
            let task = id(&task)?;
            let rec = device.item_by_code(task, &item)?;
            let field = item_view(&device.board(task)?, rec)?.remark;
            let target = register(&field.target);
            json(device.edit_field(task, target, &ChosenValue::Text(text), &seen(&field))?)
        }
        Command::Finding(args) => finding(device, args),
        Command::Photo { task, finding, file } => {
            let task = id(&task)?;
            let subject = device.finding_by_number(task, finding)?;
            let mut from =
                std::fs::File::open(&file).with_context(|| format!("{}", file.display()))?;
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            json(device.take_evidence(task, subject, &name, &mut from)?)
        }
        Command::Propose { task, finding, level, criterion, reason } => {
            let task = id(&task)?;
            let rec = device.finding_by_number(task, finding)?;
            let board = device.board(task)?;
            let found = board.findings.iter().find(|f| f.rec == rec);
            let field = &found.ok_or(AppError::from(ErrorCode::NoSuchRecord))?.assessment;
            let basis = match &field.shown {
                Some(ShownValue::Assessment(shown)) => shown.basis.clone(),
                _ => Vec::new(),
            };
            let value = ChosenValue::Assessment { level: level.into(), criterion, basis };
            json(device.propose(task, register(&field.target), &value, &reason, &seen(field))?)
        }
        Command::Reply { task, proposal, accept, reason } => {
            let task = id(&task)?;
            let board = device.board(task)?;
            let proposal = proposal.checked_sub(1).and_then(|i| board.proposals.get(i));
            let proposal = proposal.ok_or(AppError::from(ErrorCode::NoSuchRecord))?;
            let seen = standing(&board, &proposal.target);
            json(device.reply_proposal(task, proposal.rec, accept, &reason, &seen)?)
        }
        Command::Decide(args) => decide(device, &args),
        Command::Note { task, text } => json(device.add_note(id(&task)?, &text)?),
        Command::Record { task, out } => {
            let record = device.make_site_record(id(&task)?)?;
            std::fs::copy(&record.path, &out).with_context(|| format!("{}", out.display()))?;
            json(record)
        }
        Command::Digest => json(device.digests()?),
        Command::Files => json(device.files()?),
    }
}

/// Exchanges whenever the office tells of news, and never else. Ends only when
/// the tablet is taken out of service.
fn watch(device: &Device) -> Result<Value> {
    let (bell, rung) = channel();
    std::thread::scope(|scope| {
        scope.spawn(move || exchange_when_rung(device, &rung));
        let mut failures: u32 = 0;
        loop {
            let mut stood = false;
            let mut hear = |heard| {
                stood |= heard == Heard::Connected;
                // The other thread lives as long as the bell.
                let _ = bell.send(heard);
            };
            match device.listen(&mut hear, &|| true) {
                Err(error) if error.code == ErrorCode::Revoked => return Err(error.into()),
                Err(error) => say(&json!({"event": "line_lost", "code": error.code})),
                Ok(()) => {}
            }
            failures = if stood { 1 } else { failures.saturating_add(1) };
            std::thread::sleep(jittered(listen_again_after(failures), std::process::id()));
        }
    })
}

fn exchange_when_rung(device: &Device, rung: &Receiver<Heard>) {
    while let Ok(heard) = rung.recv() {
        if heard == Heard::Connected {
            say(&json!({"event": "connected"}));
        }
        // What rang meanwhile is brought by the same exchange.
        while rung.try_recv().is_ok() {}
        match device.exchange() {
            Ok(changed) => say(&json!({"event": "exchanged", "changed": changed})),
            Err(error) => say(&json!({"event": "exchange_failed", "code": error.code})),
        }
    }
}

/// A line of its own, at once: somebody reads along.
fn say(line: &Value) {
    println!("{line}");
}

fn finding(device: &Device, args: FindingArgs) -> Result<Value> {
    let task = id(&args.task)?;
    let item = args.item.map(|code| device.item_by_code(task, &code)).transpose()?;
    let mut basis = args.basis;
    if let (Some(rec), true) = (item, basis.is_empty()) {
        basis = item_view(&device.board(task)?, rec)?.violated;
    }
    let created = device.create_finding(
        task,
        &FindingDraft {
            item,
            fact: args.fact,
            location: args.location,
            level: args.level.into(),
            criterion: args.criterion,
            basis,
            requirement: args.requirement,
            deadline_workdays: args.deadline_workdays,
        },
    )?;
    let number = created.board.findings.iter().find(|f| f.rec == created.rec).map(|f| f.number);
    Ok(json!({"rec": created.rec, "number": number, "board": created.board}))
}

fn decide(device: &Device, args: &DecideArgs) -> Result<Value> {
    let task = id(&args.task)?;
    let rec = match (&args.item, args.finding) {
        (Some(code), _) => device.item_by_code(task, code)?,
        (None, Some(number)) => device.finding_by_number(task, number)?,
        (None, None) => bail!("--item or --finding is wanted"),
    };
    let board = device.board(task)?;
    let is_it = |conflict: &&ConflictView| conflict.field.target.rec == rec;
    let conflict = board.conflicts.iter().find(is_it);
    let field = &conflict.ok_or(AppError::from(ErrorCode::NoConflict))?.field;
    let head = field.heads.iter().find(|head| word(&head.value) == args.choose);
    let head = head.ok_or(AppError::from(ErrorCode::NoConflict))?;
    let target = register(&field.target);
    json(device.decide(task, target, &head.id, &args.reason, &seen(field))?)
}

/// The word by which a value is chosen.
fn word(value: &ShownValue) -> String {
    let word = match value {
        ShownValue::Answer(answer) => json!(answer),
        ShownValue::Assessment(assessment) => json!(assessment.level),
        ShownValue::Text(text) | ShownValue::Date(text) | ShownValue::Other(text) => json!(text),
    };
    word.as_str().unwrap_or("none").to_owned()
}

fn id(text: &str) -> Result<TaskId> {
    text.parse().map_err(|_| AppError::from(ErrorCode::NoSuchTask).into())
}

fn item_view(board: &Board, rec: RecordId) -> Result<ledger::board::ItemView> {
    let item = board.items.iter().find(|item| item.rec == rec).cloned();
    item.ok_or_else(|| AppError::from(ErrorCode::NoSuchRecord).into())
}

fn seen(field: &FieldView) -> Vec<String> {
    field.heads.iter().map(|head| head.id.clone()).collect()
}

/// What the board shows standing in the field that a target names.
fn standing(board: &Board, target: &Target) -> Vec<String> {
    let items = board.items.iter().flat_map(|item| [&item.result, &item.remark]);
    let findings = board.findings.iter().flat_map(|finding| {
        [
            &finding.assessment,
            &finding.location,
            &finding.fact,
            &finding.requirement,
            &finding.deadline,
        ]
    });
    items.chain(findings).find(|field| field.target == *target).map(seen).unwrap_or_default()
}

fn register(target: &Target) -> Register {
    Register { kind: target.kind.clone(), rec: target.rec, field: target.field.clone() }
}
