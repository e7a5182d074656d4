//! The app on a desktop. `--export-bindings PATH` writes the page's types and
//! ends, without opening a window.

#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]
#![allow(clippy::print_stderr)]

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    match (arguments.next().as_deref(), arguments.next()) {
        (Some("--export-bindings"), Some(path)) => {
            match lianjian_app::export_bindings(Path::new(&path)) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => {
                    eprintln!("the bindings could not be written: {error}");
                    ExitCode::FAILURE
                }
            }
        }
        (Some("--export-bindings"), None) => {
            eprintln!("--export-bindings wants a path");
            ExitCode::FAILURE
        }
        _ => {
            lianjian_app::run();
            ExitCode::SUCCESS
        }
    }
}
