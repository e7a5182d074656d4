//! What is printed: one JSON line per row, one table at the end.

use crate::Bench;
use crate::pairs::Ratio;
use anyhow::Result;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// A measured row.
#[derive(Debug, Clone)]
pub struct Row {
    /// Its name in the measures.
    pub name: &'static str,
    /// What was done.
    pub work: String,
    /// What is wanted, in words.
    pub target: String,
    /// What came out, in words.
    pub result: String,
    /// Whether that is what is wanted.
    pub met: bool,
    /// Whether the result counts: all replicas agreed, and the machine was steady.
    pub counts: bool,
    /// Everything measured.
    pub more: Value,
}

impl Row {
    /// A row that compares two things; wanted is a ratio of at most `at_most`.
    pub fn compared(
        name: &'static str,
        work: impl Into<String>,
        against: &str,
        at_most: f64,
        ratio: &Ratio,
    ) -> Self {
        Self {
            name,
            work: work.into(),
            target: format!("≤ {at_most} × {against}"),
            result: format!(
                "{:.2} × ({:.2} – {:.2}), {:.3} s / {:.3} s, control {:.2}",
                ratio.median, ratio.min, ratio.max, ratio.ours, ratio.other, ratio.control
            ),
            met: ratio.median <= at_most,
            counts: ratio.is_steady(),
            more: json!({
                "median": ratio.median, "min": ratio.min, "max": ratio.max,
                "control": ratio.control, "ours": ratio.ours, "other": ratio.other,
                "pairs": ratio.pairs, "against": against,
            }),
        }
    }

    /// In a smoke run no time counts: only whether all agreed.
    pub fn in_smoke(mut self, bench: &Bench, agreed: bool) -> Self {
        if bench.smoke {
            self.counts = agreed;
        }
        self
    }

    /// The row as one line.
    pub fn json(&self) -> Result<String> {
        Ok(serde_json::to_string(&json!({
            "row": self.name, "work": self.work, "target": self.target, "result": self.result,
            "met": self.met, "counts": self.counts, "more": self.more,
        }))?)
    }
}

/// The table, with the machine it comes from.
pub fn print(rows: &[Row], bench: &Bench) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "{}", machine());
    let _ =
        writeln!(text, "{} pairs a row{}\n", bench.pairs, if bench.smoke { "; SMOKE" } else { "" });
    let _ = writeln!(text, "| # | work | wanted | measured | |");
    let _ = writeln!(text, "|---|---|---|---|---|");
    for row in rows {
        let verdict = match (row.counts, row.met) {
            (false, _) => "not steady",
            (true, true) => "met",
            (true, false) => "missed",
        };
        let Row { name, work, target, result, .. } = row;
        let _ = writeln!(text, "| {name} | {work} | {target} | {result} | {verdict} |");
    }
    text
}

/// Processor, cores, memory, kernel and day.
fn machine() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let cpuinfo = read("/proc/cpuinfo");
    let named = cpuinfo.lines().find(|line| line.starts_with("model name"));
    let cpu = named.and_then(|line| line.split(": ").nth(1)).unwrap_or("unknown processor");
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let meminfo = read("/proc/meminfo");
    let kib: u64 = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:")?.trim().strip_suffix(" kB")?.parse().ok())
        .unwrap_or(0);
    let kernel = read("/proc/sys/kernel/osrelease");
    let load = read("/proc/loadavg");
    format!(
        "{cpu}, {cores} cores, {} GiB, Linux {}, load {} · {}",
        kib / 1024 / 1024,
        kernel.trim(),
        load.split(' ').next().unwrap_or_default(),
        chrono::Utc::now().format("%Y-%m-%d")
    )
}
