//! A step with a full log in a file, a line of progress on the screen, and an end
//! of which everybody can see what went wrong.
//!
//! What the steps do is elsewhere (`setup`, `ui`, `edges`, `codegen`, `test`).

use crate::house::House;
use crate::process::{GLANCE, Group, interrupted};
use anyhow::{Context, Result, bail};
use std::collections::VecDeque;
use std::fs::File;
use std::io::{IsTerminal as _, PipeReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

/// How many of the last lines a failed stage shows.
const TAIL_LINES: usize = 60;
/// How often a long stage says that it is alive when nobody watches a terminal.
const HEARTBEAT: Duration = Duration::from_secs(30);
/// How long after a program's end its last words are waited for: a helper it left
/// behind may hold the pipe open for ever.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Where people read: a terminal, whose last line can be rewritten, or a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Screen {
    /// Somebody watches.
    Terminal,
    /// Lines are kept, as CI does.
    File,
}

impl Screen {
    /// Looks at the standard output.
    pub fn detect() -> Self {
        if std::io::stdout().is_terminal() { Self::Terminal } else { Self::File }
    }

    fn begin(self, name: &str) {
        match self {
            Self::Terminal => self.progress(name, Duration::ZERO, ""),
            Self::File => println!("… {name}"),
        }
    }

    fn progress(self, name: &str, took: Duration, line: &str) {
        let clock = clock(took);
        match self {
            // Wrapping is off while the line is written, so that a long one is cut
            // at the edge, whatever the terminal's width.
            Self::Terminal => print!("\r\x1b[2K\x1b[?7l… {name} {clock}  {line}\x1b[?7h"),
            Self::File => println!("… {name} {clock}  {line}"),
        }
        // A closed pipe is not a reason to stop working.
        let _ = std::io::stdout().flush();
    }

    /// Prints a line that stays.
    pub fn say(self, line: &str) {
        if self == Self::Terminal {
            print!("\r\x1b[2K");
        }
        println!("{line}");
    }
}

/// Minutes and seconds.
pub fn clock(took: Duration) -> String {
    format!("{}:{:02}", took.as_secs() / 60, took.as_secs() % 60)
}

/// A stage while it runs.
#[derive(Debug)]
pub struct Stage {
    name: String,
    screen: Screen,
    path: PathBuf,
    log: File,
    begun: Instant,
    limit: Duration,
    tail: VecDeque<String>,
    closing: Vec<String>,
}

impl Stage {
    /// Opens the stage's log and says that it begins. `limit` is the time after
    /// which a program that still runs is ended.
    ///
    /// # Errors
    /// When the log cannot be written.
    pub fn begin(house: &House, screen: Screen, name: &str, limit: Duration) -> Result<Self> {
        let path = house.log(name);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("cannot make {}", folder.display()))?;
        }
        let log =
            File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
        screen.begin(name);
        Ok(Self {
            name: name.to_owned(),
            screen,
            path,
            log,
            begun: Instant::now(),
            limit,
            tail: VecDeque::new(),
            closing: Vec::new(),
        })
    }

    /// Since the beginning.
    pub fn took(&self) -> Duration {
        self.begun.elapsed()
    }

    /// The full log.
    pub fn log_path(&self) -> &Path {
        &self.path
    }

    /// The last lines, oldest first.
    pub fn tail(&self) -> impl Iterator<Item = &str> {
        self.tail.iter().map(String::as_str)
    }

    /// The lines in which test runners sum up.
    pub fn closing_lines(&self) -> &[String] {
        &self.closing
    }

    /// Shows a line that stays on the screen, and logs it.
    ///
    /// # Errors
    /// When the log cannot be written.
    pub fn say(&mut self, line: &str) -> Result<()> {
        self.screen.say(&format!("  {line}"));
        self.note(line)
    }

    /// Logs a line.
    ///
    /// # Errors
    /// When the log cannot be written.
    pub fn note(&mut self, line: &str) -> Result<()> {
        writeln!(self.log, "{line}")?;
        if self.tail.len() == TAIL_LINES {
            self.tail.pop_front();
        }
        self.tail.push_back(line.to_owned());
        if is_closing_line(line) {
            self.closing.push(line.trim().to_owned());
        }
        Ok(())
    }

    /// Runs a program to its end with its output in the log.
    ///
    /// # Errors
    /// When it cannot be started, fails, takes too long, or somebody wants to stop.
    pub fn run(&mut self, command: &mut Command) -> Result<()> {
        let shown = describe(command);
        self.note(&format!("$ {shown}"))?;
        let (reader, writer) = std::io::pipe()?;
        command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
        let mut group = Group::start(command)?;
        // The command still holds our ends of the pipe; without this the reader
        // would never see the end.
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let (sender, lines) = channel();
        std::thread::spawn(move || read_lines(reader, &sender));

        let ended = self.follow(&mut group, &lines)?;
        match ended {
            Ended::Well => Ok(()),
            Ended::Badly(how) => bail!("{shown}: {how}"),
            Ended::TooLate => bail!("{shown}: ended by us after {}", clock(self.limit)),
            Ended::Unwanted => bail!("{shown}: stopped"),
        }
    }

    fn follow(&mut self, group: &mut Group, lines: &Receiver<String>) -> Result<Ended> {
        let begun = Instant::now();
        let mut shown = Instant::now();
        let mut latest = String::new();
        let mut end: Option<(Instant, Ended)> = None;
        loop {
            match lines.recv_timeout(GLANCE) {
                Ok(line) => {
                    self.note(&line)?;
                    if !line.trim().is_empty() {
                        latest = line;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => std::thread::park_timeout(GLANCE),
            }
            let pace = if self.screen == Screen::Terminal { GLANCE } else { HEARTBEAT };
            if shown.elapsed() >= pace {
                self.screen.progress(&self.name, self.took(), latest.trim());
                shown = Instant::now();
            }
            if let Some((at, ended)) = end.take() {
                if at.elapsed() >= LAST_WORDS || no_more(lines, self)? {
                    return Ok(ended);
                }
                end = Some((at, ended));
            } else if let Some(status) = group.ended()? {
                let ended =
                    if status.success() { Ended::Well } else { Ended::Badly(status.to_string()) };
                end = Some((Instant::now(), ended));
            } else if interrupted() {
                group.stop();
                return Ok(Ended::Unwanted);
            } else if begun.elapsed() > self.limit {
                group.stop();
                end = Some((Instant::now(), Ended::TooLate));
            }
        }
    }
}

enum Ended {
    Well,
    Badly(String),
    TooLate,
    Unwanted,
}

/// Takes the lines that wait; true when the pipe is closed.
fn no_more(lines: &Receiver<String>, stage: &mut Stage) -> Result<bool> {
    use std::sync::mpsc::TryRecvError;
    loop {
        match lines.try_recv() {
            Ok(line) => stage.note(&line)?,
            Err(TryRecvError::Empty) => return Ok(false),
            Err(TryRecvError::Disconnected) => return Ok(true),
        }
    }
}

fn read_lines(mut pipe: PipeReader, sender: &Sender<String>) {
    let mut pending = Vec::new();
    let mut block = [0_u8; 8192];
    while let Ok(read @ 1..) = pipe.read(&mut block) {
        for &byte in &block[..read] {
            // A carriage return is how programs rewrite their progress line.
            if byte == b'\n' || byte == b'\r' {
                if !pending.is_empty() && sender.send(plain(&pending)).is_err() {
                    return;
                }
                pending.clear();
            } else {
                pending.push(byte);
            }
        }
    }
    if !pending.is_empty() {
        // Nobody listens any more: then nobody misses the line.
        let _ = sender.send(plain(&pending));
    }
}

/// The text of a line without the terminal's colour and cursor sequences.
fn plain(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\x1b' {
            out.push(c);
        } else if chars.next() == Some('[') {
            // Parameters, then one letter that ends the sequence.
            for c in chars.by_ref() {
                if ('@'..='~').contains(&c) {
                    break;
                }
            }
        }
    }
    out
}

fn is_closing_line(line: &str) -> bool {
    let line = line.trim();
    let nextest = line.starts_with("Summary [") && line.contains("tests run");
    let one_nextest = line.starts_with("Summary [") && line.contains("test run");
    let vitest = ["Test Files ", "Tests "].iter().any(|start| line.starts_with(start))
        && (line.contains("passed") || line.contains("failed"));
    nextest || one_nextest || vitest || line.starts_with("test result: ")
}

fn describe(command: &Command) -> String {
    let mut words = vec![
        Path::new(command.get_program()).file_name().unwrap_or_default().display().to_string(),
    ];
    words.extend(command.get_args().map(|word| word.display().to_string()));
    words.join(" ")
}

/// Runs one stage for a command that has only this one.
///
/// # Errors
/// What the stage failed with, after its last lines are shown.
pub fn single(
    house: &House,
    screen: Screen,
    name: &str,
    work: fn(&House, &mut Stage) -> Result<()>,
) -> Result<()> {
    let mut stage = Stage::begin(house, screen, name, Duration::from_secs(60 * 60))?;
    let result = work(house, &mut stage);
    conclude(screen, &stage, &result);
    result.with_context(|| format!("{name} failed"))
}

/// Says how a stage ended: one line when well, the last lines of its log when not.
pub fn conclude(screen: Screen, stage: &Stage, result: &Result<()>) {
    let took = clock(stage.took());
    if result.is_ok() {
        screen.say(&format!("✓ {} {took}", stage.name));
    } else if interrupted() {
        screen.say(&format!("✗ {} {took}, stopped", stage.name));
    } else {
        screen.say(&format!("✗ {} {took}", stage.name));
        for line in stage.tail() {
            screen.say(&format!("  | {line}"));
        }
        screen.say(&format!("  full log: {}", stage.log_path().display()));
    }
    for line in stage.closing_lines() {
        screen.say(&format!("  {line}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stage(limit: Duration) -> (House, Stage) {
        // Under the build directory, so that a killed test leaves nothing elsewhere.
        let mut house = House::find().unwrap();
        let id = std::thread::current().name().unwrap_or("test").replace("::", "-");
        house.target = house.target.join("xtask-tests").join(id);
        let stage = Stage::begin(&house, Screen::File, "probe", limit).unwrap();
        (house, stage)
    }

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn both_outputs_reach_the_log() {
        let (house, mut stage) = stage(Duration::from_secs(60));
        stage.run(&mut shell("echo out; echo err >&2; printf unfinished")).unwrap();
        let log = std::fs::read_to_string(house.log("probe")).unwrap();
        for wanted in ["out\n", "err\n", "unfinished\n"] {
            assert!(log.contains(wanted), "{wanted:?} is missing in {log}");
        }
    }

    #[test]
    fn a_failing_program_fails_the_stage_and_leaves_its_last_lines() {
        let (_, mut stage) = stage(Duration::from_secs(60));
        let problem = stage.run(&mut shell("seq 200; exit 3")).unwrap_err();
        assert!(problem.to_string().contains("exit status: 3"), "{problem}");
        assert_eq!(stage.tail().count(), TAIL_LINES);
        assert_eq!(stage.tail().last(), Some("200"));
    }

    #[test]
    fn a_program_that_never_ends_is_ended() {
        let (_, mut stage) = stage(Duration::from_millis(200));
        let problem = stage.run(&mut shell("exec tail -f /dev/null")).unwrap_err();
        assert!(problem.to_string().contains("ended by us"), "{problem}");
    }

    #[test]
    fn a_helper_left_behind_does_not_hold_the_stage() {
        let (_, mut stage) = stage(Duration::from_secs(60));
        stage.run(&mut shell("tail -f /dev/null & echo $! >&2")).unwrap();
        let helper = stage.tail().last().unwrap().to_owned();
        assert!(Command::new("sh").args(["-c", &format!("kill {helper}")]).status().is_ok());
    }

    #[test]
    fn colours_and_rewritten_lines_become_plain_lines() {
        let (_, mut stage) = stage(Duration::from_secs(60));
        stage.run(&mut shell(r"printf '\033[1;32mgreen\033[0m\rsecond\n'")).unwrap();
        let lines: Vec<&str> = stage.tail().skip(1).collect();
        assert_eq!(lines, ["green", "second"]);
    }

    #[test]
    fn the_lines_in_which_runners_sum_up_are_kept() {
        for line in [
            "     Summary [   0.006s] 3 tests run: 3 passed, 0 skipped",
            "     Summary [   0.006s] 1 test run: 1 passed, 0 skipped",
            "      Tests  12 passed (12)",
            " Test Files  2 passed (2)",
            "test result: ok. 1 passed; 0 failed",
        ] {
            assert!(is_closing_line(line), "{line}");
        }
        assert!(!is_closing_line("        PASS [   0.006s] Summary of nothing"));
    }

    #[test]
    fn times_are_minutes_and_seconds() {
        assert_eq!(clock(Duration::from_secs(125)), "2:05");
    }
}
