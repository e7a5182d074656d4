//! Programs we start: each leads a process group of its own, so that stopping it
//! also stops what it started, and Ctrl-C reaches us alone.
//!
//! Ends only groups that were started here, by their id.

use anyhow::{Context, Result};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// How long a program may take to end by itself after being asked.
const GRACE: Duration = Duration::from_secs(8);

/// How often a waiting loop looks around.
pub const GLANCE: Duration = Duration::from_millis(100);

/// Notes Ctrl-C, a termination request and a closed terminal from now on.
///
/// # Errors
/// When the handler cannot be installed.
pub fn listen_for_interrupts() -> Result<()> {
    ctrlc::set_handler(|| INTERRUPTED.store(true, Ordering::SeqCst))
        .context("cannot listen for Ctrl-C")
}

/// Whether somebody asked us to stop.
pub fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::SeqCst)
}

/// A started program with everything it started.
#[derive(Debug)]
pub struct Group {
    child: Child,
    group: Pid,
    ended: Option<ExitStatus>,
}

impl Group {
    /// Starts `command` as the leader of a new process group.
    ///
    /// # Errors
    /// When the program cannot be started; names it.
    pub fn start(command: &mut Command) -> Result<Self> {
        let child = command
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start {}", command.get_program().display()))?;
        let id = i32::try_from(child.id()).context("the process id does not fit")?;
        Ok(Self { child, group: Pid::from_raw(id), ended: None })
    }

    /// The child, for its pipes.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// How the program ended, if it has.
    ///
    /// # Errors
    /// When the system cannot tell.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        if self.ended.is_none() {
            self.ended = self.child.try_wait()?;
        }
        Ok(self.ended)
    }

    /// Waits for the end, or for somebody's wish to stop.
    ///
    /// # Errors
    /// When the system cannot tell.
    pub fn wait(&mut self) -> Result<Option<ExitStatus>> {
        while !interrupted() {
            if let Some(status) = self.ended()? {
                return Ok(Some(status));
            }
            std::thread::park_timeout(GLANCE);
        }
        Ok(None)
    }

    /// Asks the group to end, and ends it when it does not.
    pub fn stop(&mut self) {
        if !matches!(self.ended(), Ok(None)) {
            return;
        }
        self.signal(Some(Signal::SIGTERM));
        let deadline = Instant::now() + GRACE;
        // The leader may be a shell that goes at once while a test runner behind it
        // still puts its own children to rest: wait for the whole group.
        while self.alive() && Instant::now() < deadline {
            std::thread::park_timeout(GLANCE);
        }
        self.signal(Some(Signal::SIGKILL));
        self.ended = self.child.wait().ok();
    }

    fn alive(&mut self) -> bool {
        // Asking first also buries the leader, which would otherwise count as alive.
        matches!(self.ended(), Ok(None)) || self.signal(None)
    }

    /// Whether anybody of the group was there to get the signal.
    fn signal(&self, signal: Option<Signal>) -> bool {
        killpg(self.group, signal).is_ok()
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.stop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead as _, BufReader};
    use std::process::Stdio;

    #[test]
    fn stopping_reaches_what_the_program_started() {
        // The inner program holds the pipe open; it closes only when both are gone.
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 600 & echo started; wait"]).stdout(Stdio::piped());
        let mut group = Group::start(&mut command).unwrap();
        let mut out = BufReader::new(group.child().stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        assert_eq!(line, "started\n");

        group.stop();

        line.clear();
        assert_eq!(out.read_line(&mut line).unwrap(), 0);
        assert!(group.ended().unwrap().is_some());
    }

    #[test]
    fn a_missing_program_is_named() {
        let problem = Group::start(&mut Command::new("no-such-program-here")).unwrap_err();
        assert!(problem.to_string().contains("no-such-program-here"));
    }
}
