//! Writes a 现场检查记录 with synthetic data: `cargo run -p lianjian-documents
//! --example sample -- record.pdf [empty|joint|long]`.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool")]

#[path = "synthetic.rs"]
mod synthetic;

use std::process::ExitCode;

use lianjian_documents::{Fonts, render_site_record};

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let Some(path) = args.next() else {
        eprintln!("usage: sample <file.pdf> [empty|joint|long]");
        return ExitCode::FAILURE;
    };
    let record = match args.next().as_deref() {
        Some("empty") => synthetic::nothing_found(),
        Some("long") => synthetic::thirty_findings(),
        _ => synthetic::joint_record(),
    };
    let written = Fonts::system()
        .and_then(|fonts| render_site_record(&fonts, &record))
        .map_err(|e| e.to_string())
        .and_then(|rendered| {
            std::fs::write(&path, &rendered.pdf).map_err(|e| e.to_string())?;
            Ok(rendered)
        });
    match written {
        Ok(rendered) => {
            println!("{path}: {} pages, {:?}", rendered.pages, rendered.warnings);
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}
