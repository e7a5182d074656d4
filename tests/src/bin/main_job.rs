//! `main-job`: runs the main job by itself and prints one line per step.

#![allow(clippy::print_stdout, reason = "its output is what it is for")]

use clap::Parser;
use std::path::PathBuf;

/// Runs the main job: from the office to three tablets and back.
#[derive(Parser)]
struct Arguments {
    /// Where screenshots, logs and the sealed PDF are left.
    #[arg(long)]
    out: PathBuf,
}

#[tokio::main]
async fn main() -> std::process::ExitCode {
    let arguments = Arguments::parse();
    match journeys::main_job::run(&arguments.out, &mut |line| println!("{line}")).await {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(problem) => {
            println!("    {problem:#}");
            std::process::ExitCode::FAILURE
        }
    }
}
