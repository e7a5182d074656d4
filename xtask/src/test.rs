//! `cargo xtask test`: everything that CI checks, in the order in which it pays.
//!
//! Cheap checks come first and are all made, so that one run tells all that is
//! wrong with them. Then come the builds and what needs them; there the first
//! failure ends the run, because the rest would only repeat it.

use crate::args::TestOptions;
use crate::house::House;
use crate::process::interrupted;
use crate::stage::{self, Screen, Stage, clock};
use crate::{codegen, edges, foreign, fuzz, python, setup, simulate, ui};
use anyhow::{Result, bail};
use std::path::Path;
use std::time::{Duration, Instant};

/// One line of the table.
struct Check {
    name: &'static str,
    /// What it may take on two cores with nothing built. More is told, not failed.
    budget_minutes: u64,
    cost: Cost,
    work: fn(&House, &mut Stage) -> Result<()>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cost {
    /// Without it nothing else can be tried.
    Needed,
    /// Seconds: always made, even when another has failed.
    Cheap,
    /// Minutes: made while all is well.
    Dear,
}

const CHECKS: &[Check] = &[
    Check { name: "setup", budget_minutes: 12, cost: Cost::Needed, work: setup::run },
    Check { name: "fmt", budget_minutes: 1, cost: Cost::Cheap, work: fmt },
    Check { name: "edges", budget_minutes: 1, cost: Cost::Cheap, work: edges::run },
    Check { name: "typecheck", budget_minutes: 1, cost: Cost::Cheap, work: typecheck },
    Check { name: "lint", budget_minutes: 1, cost: Cost::Cheap, work: lint },
    Check { name: "vitest", budget_minutes: 1, cost: Cost::Cheap, work: vitest },
    Check { name: "ui-build", budget_minutes: 1, cost: Cost::Cheap, work: ui::build },
    Check { name: "clippy", budget_minutes: 9, cost: Cost::Dear, work: clippy },
    Check { name: "build", budget_minutes: 12, cost: Cost::Dear, work: build },
    Check { name: "codegen", budget_minutes: 1, cost: Cost::Dear, work: codegen::check },
    Check { name: "nextest", budget_minutes: 5, cost: Cost::Dear, work: nextest },
    Check { name: "simulate", budget_minutes: 8, cost: Cost::Dear, work: simulate::check },
    Check { name: "doctest", budget_minutes: 2, cost: Cost::Dear, work: doctest },
    Check { name: "journeys", budget_minutes: 6, cost: Cost::Dear, work: journeys },
    Check { name: "foreign", budget_minutes: 3, cost: Cost::Dear, work: foreign::run },
    Check { name: "schemathesis", budget_minutes: 4, cost: Cost::Dear, work: python::schemathesis },
    Check { name: "fuzz", budget_minutes: 3, cost: Cost::Dear, work: fuzz::short },
];

/// A program that runs this many budgets long hangs.
const BUDGETS_UNTIL_ENDED: u64 = 5;

/// The command that gives what follows a display and a message bus of its own.
pub const VIRTUAL_DISPLAY: &[&str] =
    &["xvfb-run", "-a", "-s", "-screen 0 1280x800x24", "dbus-run-session", "--"];

fn fmt(house: &House, stage: &mut Stage) -> Result<()> {
    stage.run(house.cargo().args(["fmt", "--all", "--check"]))
}

fn typecheck(house: &House, stage: &mut Stage) -> Result<()> {
    stage.run(house.npm().args(["run", "typecheck"]))
}

fn lint(house: &House, stage: &mut Stage) -> Result<()> {
    stage.run(house.npm().args(["run", "lint"]))
}

fn vitest(house: &House, stage: &mut Stage) -> Result<()> {
    stage.run(house.npm().args(["run", "test:unit"]))
}

fn clippy(house: &House, stage: &mut Stage) -> Result<()> {
    let words = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
    stage.run(house.cargo().args(words))
}

fn build(house: &House, stage: &mut Stage) -> Result<()> {
    stage.run(house.cargo().args(["build", "--workspace", "--all-targets"]))
}

fn nextest(house: &House, stage: &mut Stage) -> Result<()> {
    let filter = "not package(lianjian-tests)";
    let words = ["nextest", "run", "--workspace", "--no-fail-fast", "-E", filter];
    stage.run(house.cargo().args(words))
}

/// Journeys are picked with a filter, not with `-p`: a part of the workspace would be
/// built again with other features.
fn journeys(house: &House, stage: &mut Stage) -> Result<()> {
    // Those with foreign clients have a stage of their own, which installs them.
    let filter = "package(lianjian-tests) and not binary(foreign)";
    let words =
        ["nextest", "run", "--workspace", "--no-fail-fast", "--test-threads", "1", "-E", filter];
    let mut command = house.command(VIRTUAL_DISPLAY[0]);
    command.args(&VIRTUAL_DISPLAY[1..]).arg(house.cargo().get_program()).args(words);
    // Screenshots and logs outlive the run, to be looked at when it failed.
    command.env("LIANJIAN_JOURNEY_OUT", house.scratch("journeys")?);
    stage.run(&mut command)
}

fn doctest(house: &House, stage: &mut Stage) -> Result<()> {
    for folder in ["crates", "migrations", "src-tauri"] {
        if any_doc_test(&house.root.join(folder))? {
            return stage.run(house.cargo().args(["test", "--workspace", "--doc"]));
        }
    }
    stage.note("no examples in the documentation, nothing to run")
}

fn any_doc_test(folder: &Path) -> Result<bool> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let found = if path.is_dir() {
            any_doc_test(&path)?
        } else {
            path.extension().is_some_and(|extension| extension == "rs")
                && has_doc_test(&std::fs::read_to_string(&path)?)
        };
        if found {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a source file's documentation holds a code block that rustdoc would run.
fn has_doc_test(source: &str) -> bool {
    let mut inside = false;
    for line in source.lines() {
        let line = line.trim_start();
        let Some(text) = line.strip_prefix("///").or_else(|| line.strip_prefix("//!")) else {
            inside = false;
            continue;
        };
        let Some(language) = text.trim().strip_prefix("```") else { continue };
        if !inside && runs(language) {
            return true;
        }
        inside = !inside;
    }
    false
}

fn runs(language: &str) -> bool {
    language.split([',', ' ']).all(|word| {
        word.is_empty()
            || ["rust", "no_run", "should_panic", "compile_fail"].contains(&word)
            || word.starts_with("edition")
    })
}

/// How one check went.
struct Line {
    name: &'static str,
    took: Duration,
    budget: Duration,
    ok: bool,
}

/// Runs the checks and prints the table.
///
/// # Errors
/// When a check fails or a name of one is not known.
pub fn run(house: &House, screen: Screen, options: &TestOptions) -> Result<()> {
    let picked = pick(options)?;
    if options.list {
        for check in picked {
            println!("{:<12}{:>3} min", check.name, check.budget_minutes);
        }
        return Ok(());
    }
    let begun = Instant::now();
    let mut lines: Vec<Line> = Vec::new();
    for check in &picked {
        if check.cost == Cost::Dear && lines.iter().any(|line| !line.ok) {
            break;
        }
        let budget = Duration::from_secs(check.budget_minutes * 60);
        let limit = budget * u32::try_from(BUDGETS_UNTIL_ENDED)?;
        let mut stage = Stage::begin(house, screen, check.name, limit)?;
        let result = (check.work)(house, &mut stage);
        if let Err(problem) = &result {
            stage.note(&format!("{problem:#}"))?;
        }
        stage::conclude(screen, &stage, &result);
        let ok = result.is_ok();
        lines.push(Line { name: check.name, took: stage.took(), budget, ok });
        if interrupted() {
            bail!("stopped");
        }
        if check.cost == Cost::Needed && !ok {
            break;
        }
    }
    println!("\n{}", table(&picked, &lines, begun.elapsed()));
    let failed: Vec<&str> = lines.iter().filter(|line| !line.ok).map(|line| line.name).collect();
    if !failed.is_empty() {
        bail!("未通过 · failed: {}", failed.join(" "));
    }
    println!("全部通过 · all {} checks passed", lines.len());
    Ok(())
}

fn pick(options: &TestOptions) -> Result<Vec<&'static Check>> {
    let known = |name: &str| CHECKS.iter().any(|check| check.name == name);
    if let Some(name) = options.only.iter().chain(&options.from).find(|name| !known(name)) {
        let names: Vec<&str> = CHECKS.iter().map(|check| check.name).collect();
        bail!("no such stage: {name}; there are {}", names.join(" "));
    }
    let from = options.from.as_deref().unwrap_or(CHECKS[0].name);
    Ok(CHECKS
        .iter()
        .skip_while(|check| check.name != from)
        .filter(|check| options.only.is_empty() || options.only.iter().any(|n| n == check.name))
        .collect())
}

fn table(picked: &[&Check], lines: &[Line], whole: Duration) -> String {
    let mut text = format!("{:<12}{:>8}{:>9}  \n", "stage", "time", "budget");
    for line in lines {
        let word = match (line.ok, line.took > line.budget) {
            (false, _) => "FAILED",
            (true, true) => "ok, over its budget",
            (true, false) => "ok",
        };
        let (took, budget) = (clock(line.took), clock(line.budget));
        text.push_str(&format!("{:<12}{took:>8}{budget:>9}  {word}\n", line.name));
    }
    for check in picked {
        if !lines.iter().any(|line| line.name == check.name) {
            text.push_str(&format!("{:<12}{:>8}{:>9}  not reached\n", check.name, "-", "-"));
        }
    }
    text.push_str(&format!("{:<12}{:>8}", "whole", clock(whole)));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cheap_checks_come_before_dear_ones() {
        let first_dear = CHECKS.iter().position(|check| check.cost == Cost::Dear).unwrap();
        assert!(CHECKS[first_dear..].iter().all(|check| check.cost == Cost::Dear));
    }

    #[test]
    fn the_budgets_fit_into_what_ci_gives() {
        let minutes: u64 = CHECKS.iter().map(|check| check.budget_minutes).sum();
        assert!(minutes <= 80, "{minutes}");
    }

    #[test]
    fn a_stage_can_be_run_with_all_after_it() {
        let options = TestOptions { from: Some("nextest".into()), ..TestOptions::default() };
        let names: Vec<&str> = pick(&options).unwrap().iter().map(|check| check.name).collect();
        assert_eq!(
            names,
            ["nextest", "simulate", "doctest", "journeys", "foreign", "schemathesis", "fuzz"]
        );
    }

    #[test]
    fn an_unknown_stage_is_refused_with_the_known_ones() {
        let options = TestOptions { only: vec!["lunch".into()], ..TestOptions::default() };
        let problem = pick(&options).err().unwrap().to_string();
        assert!(problem.contains("lunch") && problem.contains("clippy"), "{problem}");
    }

    #[test]
    fn the_table_tells_failure_overrun_and_what_was_not_reached() {
        let second = Duration::from_secs(1);
        let lines = [
            Line { name: "setup", took: second * 90, budget: second * 60, ok: true },
            Line { name: "fmt", took: second, budget: second * 60, ok: false },
        ];
        let picked: Vec<&Check> = CHECKS.iter().collect();
        let text = table(&picked, &lines, second * 91);
        assert!(text.contains("setup           1:30     1:00  ok, over its budget\n"), "{text}");
        assert!(text.contains("fmt             0:01     1:00  FAILED\n"), "{text}");
        assert!(text.contains("journeys           -        -  not reached\n"), "{text}");
        assert!(text.ends_with("whole           1:31"), "{text}");
    }

    #[test]
    fn only_code_blocks_of_rust_are_doc_tests() {
        assert!(has_doc_test("/// ```\n/// let a = 1;\n/// ```\n"));
        assert!(has_doc_test("    //! ```no_run\n    //! go();\n    //! ```\n"));
        for quiet in [
            "/// ```text\n/// a picture\n/// ```\n",
            "/// ```ignore\n/// x\n/// ```\n",
            "// ```\n// let a = 1;\n// ```\n",
            "/// no code\n",
        ] {
            assert!(!has_doc_test(quiet), "{quiet}");
        }
    }
}
