//! The command line of `cargo xtask`, read into one value.
//!
//! By hand, not through a library: five commands with a flag or two do not pay
//! for the seconds a parser crate costs on an empty machine.

/// What `cargo xtask help` prints.
pub const USAGE: &str = "\
cargo xtask <command>

  setup                     install what is missing to build, test and show 联检
  test                      everything that CI checks (`ci` is the same)
      --only STAGE          one stage alone (may be given several times)
      --from STAGE          that stage and all after it
      --list                the stages and their time budgets
  demo                      start the demo: server, console and the inspector's app
      --reset               begin anew: forget what the last demo kept
      --headless            run the main job by itself in a virtual display
      --port N              the server's port (8642 unless told)
  fuzz                      fuzz what reads bytes from outside
      --seconds N           per target (15 unless told)
  codegen [--check]         write the generated files, or say which are stale
  simulate                  run tablets, server and network in worlds made from seeds
      --seeds N             how many (100 unless told)
      --from S              the first
      --seed S              one alone, shrunk when it fails; --trace prints its steps
      --bug NAME            with a bug planted on purpose
  edges                     check which crate may depend on which
  bench sync                measure against others, in release (docs/measures.md)
      --row S1              one row alone (may be given several times)
      --pairs N             pairs a row (7 unless told)
      --keep                use what the last run prepared
      --smoke               tiny sizes: shows that it works, measures nothing
      --write               keep the table in docs/measures.md";

/// The port of the demo's server, unless told.
pub const DEMO_PORT: u16 = 8642;

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Task {
    /// Print the usage.
    Help,
    /// Install what is missing.
    Setup,
    /// Check the dependency edges alone.
    Edges,
    /// Run the checks of CI.
    Test(TestOptions),
    /// Write or check the generated files.
    Codegen {
        /// Compare only, write nothing.
        check: bool,
    },
    /// Run the simulator with these words.
    Simulate(Vec<String>),
    /// Fuzz, so many seconds per target.
    Fuzz {
        /// Seconds.
        seconds: u32,
    },
    /// Start the demo.
    Demo(DemoOptions),
    /// Measure against others.
    Bench(BenchOptions),
}

/// What to measure.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BenchOptions {
    /// The area: `sync`.
    pub what: String,
    /// Words handed on to the measuring program.
    pub more: Vec<String>,
    /// Keep the table in the documentation.
    pub write: bool,
}

/// Which part of the checks to run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TestOptions {
    /// Only these stages; all when empty.
    pub only: Vec<String>,
    /// This stage and the ones after it.
    pub from: Option<String>,
    /// Print the stages and do nothing.
    pub list: bool,
}

/// How to show the demo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemoOptions {
    /// Remove what an earlier demo left.
    pub reset: bool,
    /// Run the main job without a person.
    pub headless: bool,
    /// The server's TCP port on 127.0.0.1.
    pub port: u16,
}

/// Reads the words after `cargo xtask`.
///
/// # Errors
/// A sentence about the first word that is not understood.
pub fn parse(words: &[String]) -> Result<Task, String> {
    let mut rest = words.iter().map(String::as_str);
    let Some(command) = rest.next() else { return Ok(Task::Help) };
    match command {
        "help" | "--help" | "-h" => Ok(Task::Help),
        "setup" => nothing_more(rest, Task::Setup),
        "edges" => nothing_more(rest, Task::Edges),
        "test" | "ci" => test(rest),
        "demo" => demo(rest),
        // Its words are the simulator's to understand.
        "simulate" => Ok(Task::Simulate(rest.map(str::to_owned).collect())),
        "fuzz" => fuzz(rest),
        "bench" => bench(rest),
        "codegen" => match rest.next() {
            None => Ok(Task::Codegen { check: false }),
            Some("--check") => nothing_more(rest, Task::Codegen { check: true }),
            Some(other) => Err(unknown(other)),
        },
        other => Err(format!("no such command: {other}")),
    }
}

fn nothing_more<'a>(mut rest: impl Iterator<Item = &'a str>, task: Task) -> Result<Task, String> {
    rest.next().map_or(Ok(task), |word| Err(unknown(word)))
}

fn unknown(word: &str) -> String {
    format!("not understood: {word}")
}

fn test<'a>(mut rest: impl Iterator<Item = &'a str>) -> Result<Task, String> {
    let mut options = TestOptions::default();
    while let Some(word) = rest.next() {
        match word {
            "--list" => options.list = true,
            "--only" => options.only.push(value(&mut rest, word)?.to_owned()),
            "--from" => options.from = Some(value(&mut rest, word)?.to_owned()),
            other => return Err(unknown(other)),
        }
    }
    Ok(Task::Test(options))
}

fn demo<'a>(mut rest: impl Iterator<Item = &'a str>) -> Result<Task, String> {
    let mut options = DemoOptions { reset: false, headless: false, port: DEMO_PORT };
    while let Some(word) = rest.next() {
        match word {
            "--reset" => options.reset = true,
            "--headless" => options.headless = true,
            "--port" => {
                let text = value(&mut rest, word)?;
                options.port =
                    text.parse().map_err(|_| format!("--port wants 1 to 65535, not {text}"))?;
                if options.port == 0 {
                    return Err("--port wants 1 to 65535, not 0".to_owned());
                }
            }
            other => return Err(unknown(other)),
        }
    }
    Ok(Task::Demo(options))
}

fn fuzz<'a>(mut rest: impl Iterator<Item = &'a str>) -> Result<Task, String> {
    let mut seconds = crate::fuzz::SECONDS;
    while let Some(word) = rest.next() {
        if word != "--seconds" {
            return Err(unknown(word));
        }
        let text = value(&mut rest, word)?;
        seconds = text.parse().map_err(|_| format!("--seconds wants a number, not {text}"))?;
    }
    Ok(Task::Fuzz { seconds })
}

fn bench<'a>(mut rest: impl Iterator<Item = &'a str>) -> Result<Task, String> {
    // `bench --smoke` alone is enough: there is one area so far.
    let mut options = BenchOptions { what: "sync".to_owned(), ..BenchOptions::default() };
    while let Some(word) = rest.next() {
        match word {
            "sync" => {}
            "--smoke" | "--keep" => options.more.push(word.to_owned()),
            "--row" | "--pairs" => {
                let given = value(&mut rest, word)?;
                options.more.extend([word.to_owned(), given.to_owned()]);
            }
            "--write" => options.write = true,
            other => return Err(unknown(other)),
        }
    }
    Ok(Task::Bench(options))
}

fn value<'a>(rest: &mut impl Iterator<Item = &'a str>, flag: &str) -> Result<&'a str, String> {
    rest.next().ok_or_else(|| format!("{flag} wants a value"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Task, String> {
        parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn nothing_asks_for_help() {
        assert_eq!(read(""), Ok(Task::Help));
    }

    #[test]
    fn ci_is_another_name_for_test() {
        assert_eq!(read("ci"), read("test"));
    }

    #[test]
    fn demo_flags_combine() {
        let wanted = DemoOptions { reset: true, headless: false, port: 9000 };
        assert_eq!(read("demo --port 9000 --reset"), Ok(Task::Demo(wanted)));
    }

    #[test]
    fn rows_of_the_bench_can_be_picked() {
        let more = ["--row", "S1", "--smoke"].map(str::to_owned).to_vec();
        let wanted = BenchOptions { what: "sync".to_owned(), more, write: false };
        assert_eq!(read("bench sync --row S1 --smoke"), Ok(Task::Bench(wanted)));
        assert!(read("bench planning").is_err());
    }

    #[test]
    fn stages_can_be_picked() {
        let wanted =
            TestOptions { only: vec!["fmt".into(), "edges".into()], from: None, list: false };
        assert_eq!(read("test --only fmt --only edges"), Ok(Task::Test(wanted)));
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for line in [
            "dance",
            "setup now",
            "demo --port",
            "demo --port 0",
            "demo --port 70000",
            "codegen --write",
            "test --fast",
            "fuzz --seconds soon",
        ] {
            assert!(read(line).is_err(), "{line}");
        }
    }
}
