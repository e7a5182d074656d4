//! `cargo xtask`: everything a developer or CI asks of this repository, from an
//! empty machine to a driven app.
//!
//! One file per command. What the commands share: `house` (where things lie),
//! `process` (starting and ending programs), `stage` (a step with a log and a
//! line of progress). Deliberately elsewhere: the main job itself, which is a
//! program of the `tests` crate, and every rule of the trade.
//!
//! Runs on Linux. Keep the dependencies few: this must compile in seconds.

// A command-line program speaks through its standard output; the workspace denies
// printing for libraries and servers, which have a log.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod args;
mod bench;
mod codegen;
mod demo;
mod edges;
mod foreign;
mod fuzz;
mod house;
mod process;
mod python;
mod setup;
mod simulate;
mod stage;
mod test;
mod ui;

use anyhow::Result;
use args::Task;
use house::House;
use stage::Screen;
use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let task = match args::parse(&words) {
        Ok(task) => task,
        Err(problem) => {
            eprintln!("{problem}\n\n{}", args::USAGE);
            return ExitCode::from(2);
        }
    };
    match run(task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) if process::interrupted() => {
            eprintln!("已停止 · stopped");
            ExitCode::from(130)
        }
        Err(problem) => {
            eprintln!("\n{problem:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<()> {
    if task == Task::Help {
        println!("{}", args::USAGE);
        return Ok(());
    }
    process::listen_for_interrupts()?;
    let house = House::find()?;
    let screen = Screen::detect();
    match task {
        Task::Help => Ok(()),
        Task::Setup => stage::single(&house, screen, "setup", setup::run),
        Task::Edges => stage::single(&house, screen, "edges", edges::run),
        Task::Test(options) => test::run(&house, screen, &options),
        Task::Codegen { check } => codegen::command(&house, screen, check),
        Task::Simulate(words) => simulate::command(&house, &words),
        Task::Fuzz { seconds } => fuzz::command(&house, screen, seconds),
        Task::Demo(options) => demo::run(&house, screen, &options),
        Task::Bench(options) => bench::run(&house, screen, &options),
    }
}
