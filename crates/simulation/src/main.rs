//! `lianjian-simulate`: runs seeds on all cores and says what they found.
//! `cargo xtask simulate` builds and starts it.

// A command-line program speaks through its standard output.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use anyhow::{Context, Result, bail};
use ledger::planted::Planted;
use simulation::action::schedule;
use simulation::oracle::Violation;
use simulation::planted::{CASES, Case, caught};
use simulation::run::{self, EXPECTED};
use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

const USAGE: &str = "\
lianjian-simulate [--seeds N] [--from S] [--seed S] [--bug NAME] [--planted] [--trace]

  --seeds N   how many seeds (100 unless told)
  --from S    the first seed (0 unless told)
  --seed S    this seed alone, with its shrunk schedule when it fails
  --bug NAME  with a bug planted on purpose
  --planted   plant every bug in turn and see that its check catches it
  --trace     print the schedule of --seed";

/// Runs that shrinking a schedule may take.
const SHRINK_RUNS_MAX: usize = 300;

/// Fewer seeds than this need not have met every fault.
const SEEDS_FOR_EVERY_FAULT: u64 = 100;

struct Wanted {
    from: u64,
    seeds: u64,
    only: Option<u64>,
    bug: Option<Planted>,
    trace: bool,
    planted: bool,
}

fn wanted() -> Result<Wanted> {
    let mut wanted =
        Wanted { from: 0, seeds: 100, only: None, bug: None, trace: false, planted: false };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().with_context(|| format!("{word} wants a value\n\n{USAGE}"));
        match word.as_str() {
            "--seeds" => wanted.seeds = value()?.parse()?,
            "--from" => wanted.from = value()?.parse()?,
            "--seed" => wanted.only = Some(value()?.parse()?),
            "--trace" => wanted.trace = true,
            "--planted" => wanted.planted = true,
            "--bug" => {
                let name = value()?;
                let bug = Planted::ALL.iter().find(|bug| format!("{bug:?}") == name);
                wanted.bug = Some(*bug.with_context(|| format!("no such bug: {name}"))?);
            }
            _ => bail!("not understood: {word}\n\n{USAGE}"),
        }
    }
    Ok(wanted)
}

fn main() -> ExitCode {
    // What device and server log helps with one seed; of many it would be noise.
    let level = std::env::var("RUST_LOG").unwrap_or_else(|_| "off".to_owned());
    tracing_subscriber::fmt().with_env_filter(level).with_writer(std::io::stderr).init();
    match wanted().and_then(|wanted| simulate(&wanted)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(problem) => {
            eprintln!("{problem:#}");
            ExitCode::from(2)
        }
    }
}

fn simulate(wanted: &Wanted) -> Result<bool> {
    if let Some(seed) = wanted.only {
        return alone(seed, wanted);
    }
    if wanted.planted {
        return planted(wanted);
    }
    let begun = Instant::now();
    let (counts, failures) = many(wanted)?;
    let seconds = begun.elapsed().as_secs_f64();
    for (what, times) in &counts {
        println!("{times:>12}  {what}");
    }
    println!(
        "{} seeds in {seconds:.0} s, {:.1} a second",
        wanted.seeds,
        wanted.seeds as f64 / seconds
    );
    let mut well = failures.is_empty();
    for (seed, violation) in &failures {
        println!("seed {seed}: {violation}\n  replay: cargo xtask simulate --seed {seed}");
    }
    if let Some((seed, violation)) = failures.first() {
        told_small(*seed, violation, wanted.bug)?;
    }
    if wanted.seeds >= SEEDS_FOR_EVERY_FAULT && wanted.bug.is_none() {
        for what in EXPECTED.iter().filter(|what| counts.get(*what).is_none_or(|n| *n == 0)) {
            println!("never happened: {what}");
            well = false;
        }
    }
    Ok(well)
}

/// Plants every bug in turn.
fn planted(wanted: &Wanted) -> Result<bool> {
    let next = AtomicUsize::new(0);
    let missed = AtomicUsize::new(0);
    let chosen = |case: &&Case| wanted.bug.is_none_or(|bug| bug == case.bug);
    let cases: Vec<&Case> = CASES.iter().filter(chosen).collect();
    let work = || -> Result<()> {
        while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            match caught(case, wanted.from..wanted.from + wanted.seeds)? {
                Some(seed) => println!("{:?}: {:?} at seed {seed}", case.bug, case.check),
                None => {
                    println!("{:?}: MISSED by {:?}", case.bug, case.check);
                    missed.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..2).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            worker.join().map_err(|_| anyhow::anyhow!("a run fell apart"))??;
        }
        anyhow::Ok(())
    })?;
    Ok(missed.load(Ordering::Relaxed) == 0)
}

type Failures = Vec<(u64, Violation)>;

fn many(wanted: &Wanted) -> Result<(BTreeMap<&'static str, u64>, Failures)> {
    let next = AtomicU64::new(wanted.from);
    let end = wanted.from + wanted.seeds;
    let found = Mutex::new((BTreeMap::<&'static str, u64>::new(), Failures::new()));
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    let work = || -> Result<()> {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= end {
                return Ok(());
            }
            let outcome = run::seed(seed, wanted.bug)?;
            let mut found = found.lock().map_err(|_| anyhow::anyhow!("a run fell apart"))?;
            for (what, times) in outcome.counts {
                *found.0.entry(what).or_default() += times;
            }
            if let Some(violation) = outcome.violation {
                found.1.push((seed, violation));
            }
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            worker.join().map_err(|_| anyhow::anyhow!("a run fell apart"))??;
        }
        anyhow::Ok(())
    })?;
    let (counts, mut failures) = found.into_inner().map_err(|_| anyhow::anyhow!("poisoned"))?;
    failures.sort_by_key(|(seed, _)| *seed);
    Ok((counts, failures))
}

fn alone(seed: u64, wanted: &Wanted) -> Result<bool> {
    let schedule = schedule(seed);
    if wanted.trace {
        println!("{} tablets", schedule.tablets);
        for step in &schedule.steps {
            println!("  {step}");
        }
    }
    let begun = Instant::now();
    let outcome = run::run(&schedule, wanted.bug)?;
    for (what, times) in &outcome.counts {
        println!("{times:>12}  {what}");
    }
    println!("in {:.2} s", begun.elapsed().as_secs_f64());
    let Some(violation) = outcome.violation else {
        println!("seed {seed}: nothing found wrong");
        return Ok(true);
    };
    println!("seed {seed}: {violation}");
    told_small(seed, &violation, wanted.bug)?;
    Ok(false)
}

fn told_small(seed: u64, violation: &Violation, bug: Option<Planted>) -> Result<()> {
    let small = run::shrink(&schedule(seed), violation, bug, SHRINK_RUNS_MAX)?;
    println!("seed {seed} shrunk to {} steps, {} tablets:", small.steps.len(), small.tablets);
    for step in &small.steps {
        println!("  {step}");
    }
    let found = run::run(&small, bug)?.violation;
    if let Some(found) = found {
        println!("  → {found}");
    }
    Ok(())
}
