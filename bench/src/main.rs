//! What is measured, against what: the rows S1 to S11 of the measures, each as a
//! ratio inside one run. `cargo xtask bench` builds this in release, installs
//! the peers and starts it.
//!
//! A row is one file. What rows share: `pairs` (how two things are compared),
//! `office` (our server as a process), `stage` (what is prepared once and copied
//! for every run), `raw` (a tablet without a store), `wire` (bytes on the line),
//! `peer` (the others as processes), `table` (what is printed).

// A measuring program speaks through its standard output.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod office;
mod pairs;
mod peer;
mod process;
mod raw;
mod rows;
mod stage;
mod table;
mod text;
mod wire;

use anyhow::{Context, Result, bail};
use clap::Parser;
use std::path::PathBuf;
use table::{Row, print};

/// Measures 联检 against others.
#[derive(Parser, Debug)]
struct Cli {
    /// What to measure: `sync`.
    what: String,
    /// Only these rows (S1 … S11).
    #[arg(long)]
    row: Vec<String>,
    /// Tiny sizes: shows that the bench works, measures nothing.
    #[arg(long)]
    smoke: bool,
    /// Pairs per row.
    #[arg(long, default_value_t = 7)]
    pairs: usize,
    /// Folder of the installed peers.
    #[arg(long, env = "LIANJIAN_BENCH_PEERS")]
    peers: PathBuf,
    /// Folder of our own drivers of them.
    #[arg(long, env = "LIANJIAN_BENCH_DRIVERS")]
    drivers: PathBuf,
    /// Scratch folder; emptied first, unless `--keep`.
    #[arg(long, env = "LIANJIAN_BENCH_SCRATCH")]
    scratch: PathBuf,
    /// Uses what an earlier run prepared in the scratch folder.
    #[arg(long)]
    keep: bool,
    /// Writes the table there, too, below the line that announces it.
    #[arg(long)]
    table: Option<PathBuf>,
}

/// What stands above the table in a file that holds more than it.
const MEASURED: &str = "<!-- measured -->";

/// How much of everything.
#[derive(Debug, Clone, Copy)]
pub struct Sizes {
    /// Findings of S1.
    pub findings: usize,
    /// Devices of S5.
    pub devices: usize,
    /// Edits of each in S5.
    pub edits: usize,
    /// Bytes of S9.
    pub file_bytes: usize,
    /// Tablets of S11, in steps.
    pub tablets: &'static [usize],
    /// Changes of each in S11.
    pub changes: usize,
    /// Photos of each in S11.
    pub photos: usize,
    /// Bytes of a photo.
    pub photo_bytes: usize,
    /// Within which the tablets of S11 return.
    pub return_seconds: f64,
}

const FULL: Sizes = Sizes {
    findings: 10_000,
    devices: 20,
    edits: 1_000,
    file_bytes: 100 * 1024 * 1024,
    tablets: &[100, 300, 837],
    changes: 200,
    photos: 10,
    photo_bytes: 300 * 1024,
    return_seconds: 60.0,
};

const SMOKE: Sizes = Sizes {
    findings: 40,
    devices: 3,
    edits: 20,
    file_bytes: 1024 * 1024,
    tablets: &[4, 8],
    changes: 5,
    photos: 1,
    photo_bytes: 10 * 1024,
    return_seconds: 1.0,
};

/// What every row is given.
pub struct Bench {
    /// How much.
    pub sizes: Sizes,
    /// Pairs per row.
    pub pairs: usize,
    /// Whether only the working is shown.
    pub smoke: bool,
    /// The installed peers.
    pub peers: PathBuf,
    /// Our drivers of them.
    pub drivers: PathBuf,
    /// Scratch folder.
    pub scratch: PathBuf,
}

fn main() -> Result<()> {
    let cli = Cli::parse();
    if cli.what != "sync" {
        bail!("nothing is called {}; there is `sync`", cli.what);
    }
    // One provider for the whole process; whoever came first is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    if !cli.keep && cli.scratch.exists() {
        std::fs::remove_dir_all(&cli.scratch)?;
    }
    std::fs::create_dir_all(&cli.scratch)?;
    let bench = Bench {
        sizes: if cli.smoke { SMOKE } else { FULL },
        pairs: if cli.smoke { 2 } else { cli.pairs.max(2) },
        smoke: cli.smoke,
        peers: cli.peers,
        drivers: cli.drivers,
        scratch: cli.scratch,
    };
    let wanted = |name: &str| cli.row.is_empty() || cli.row.iter().any(|row| row == name);
    let mut all: Vec<Row> = Vec::new();
    for (names, run) in rows::ALL {
        if !names.iter().any(|name| wanted(name)) {
            continue;
        }
        eprintln!("… {}", names.join(" "));
        let rows = run(&bench).with_context(|| format!("measuring {}", names.join(" ")))?;
        for row in rows.into_iter().filter(|row| wanted(row.name)) {
            println!("{}", row.json()?);
            all.push(row);
        }
    }
    let text = print(&all, &bench);
    println!("\n{text}");
    if let Some(path) = cli.table {
        let before = std::fs::read_to_string(&path).unwrap_or_default();
        let kept = before.split(MEASURED).next().unwrap_or_default();
        std::fs::write(path, format!("{kept}{MEASURED}\n\n{text}"))?;
    }
    // A smoke run is a test: every row must have been able to agree.
    if bench.smoke && all.iter().any(|row| !row.counts) {
        bail!("a row does not count");
    }
    Ok(())
}
