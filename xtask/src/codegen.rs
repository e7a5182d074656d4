//! The types that Rust gives to the UI: the app's commands and the server's API.
//!
//! The two programs describe themselves; nothing here knows a type. The outputs
//! are committed, and `--check` says which of them are stale.

use crate::house::House;
use crate::stage::{self, Screen, Stage};
use crate::{setup, ui};
use anyhow::{Context, Result, bail};
use std::path::Path;
use std::time::Duration;

/// Where the generated files live, from the repository's root.
const FOLDER: &str = "ui/src/platform/generated";
/// The app's commands and types.
const APP: &str = "app.ts";
/// The server's API, as the server prints it.
const OPENAPI: &str = "openapi.json";
/// The server's API as TypeScript.
const CONSOLE: &str = "console.ts";

const LIMIT: Duration = Duration::from_secs(60 * 60);

/// `cargo xtask codegen`: builds what is needed, then writes or checks.
///
/// # Errors
/// When the build fails or, with `check`, when a file is stale.
pub fn command(house: &House, screen: Screen, check: bool) -> Result<()> {
    type Work = fn(&House, &mut Stage) -> Result<()>;
    let last: Work = if check { self::check } else { write };
    let stages: [(&str, Work); 4] =
        [("setup", setup::run), ("ui-build", build_ui), ("build", build), ("codegen", last)];
    for (name, work) in stages {
        let mut stage = Stage::begin(house, screen, name, LIMIT)?;
        let result = work(house, &mut stage);
        stage::conclude(screen, &stage, &result);
        result.with_context(|| format!("{name} failed"))?;
    }
    Ok(())
}

/// The Rust build carries `ui/dist` inside, and the UI is built of what this command
/// writes. Any old build breaks the circle.
fn build_ui(house: &House, stage: &mut Stage) -> Result<()> {
    if ui::is_built(house) { stage.note("ui/dist: there") } else { ui::build(house, stage) }
}

fn build(house: &House, stage: &mut Stage) -> Result<()> {
    // The whole workspace: a part of it would be built with other features and
    // take minutes each time.
    stage.run(house.cargo().args(["build", "--workspace"]))
}

fn write(house: &House, stage: &mut Stage) -> Result<()> {
    let folder = house.root.join(FOLDER);
    std::fs::create_dir_all(&folder)?;
    let fresh = house.scratch("codegen")?;
    generate(house, stage, &fresh)?;
    for name in [APP, OPENAPI, CONSOLE] {
        let (from, to) = (fresh.join(name), folder.join(name));
        // An unchanged file keeps its time, so that nothing is built again for it.
        if stale(&from, &to)?.is_some() {
            std::fs::copy(&from, &to)?;
            stage.say(&format!("写入 · written: {FOLDER}/{name}"))?;
        }
    }
    Ok(())
}

/// Compares the committed files with fresh ones. The programs must be built.
///
/// # Errors
/// When a file is stale; names all that are, with the first line that differs.
pub fn check(house: &House, stage: &mut Stage) -> Result<()> {
    let fresh = house.scratch("codegen-check")?;
    generate(house, stage, &fresh)?;
    let mut count = 0;
    for name in [APP, OPENAPI, CONSOLE] {
        if let Some(how) = stale(&fresh.join(name), &house.root.join(FOLDER).join(name))? {
            stage.note(&format!("stale: {FOLDER}/{name}: {how}"))?;
            count += 1;
        }
    }
    if count > 0 {
        bail!("{count} generated files are stale; run: cargo xtask codegen");
    }
    Ok(())
}

fn generate(house: &House, stage: &mut Stage, folder: &Path) -> Result<()> {
    let mut app = house.command(house.binary("lianjian-app"));
    stage.run(app.arg("--export-bindings").arg(folder.join(APP)))?;

    let server = house
        .command(house.binary("lianjian-server"))
        .arg("openapi")
        .output()
        .context("cannot start lianjian-server")?;
    if !server.status.success() {
        stage.note(&String::from_utf8_lossy(&server.stderr))?;
        bail!("lianjian-server openapi: {}", server.status);
    }
    let openapi = folder.join(OPENAPI);
    let mut text = String::from_utf8(server.stdout).context("the OpenAPI text is not UTF-8")?;
    text.truncate(text.trim_end().len());
    text.push('\n');
    std::fs::write(&openapi, text)?;

    let tool = house.ui().join("node_modules/.bin/openapi-typescript");
    let mut console = house.command(tool);
    // From the project's folder, where its settings for TypeScript lie.
    console.current_dir(house.ui()).arg(&openapi).arg("-o").arg(folder.join(CONSOLE));
    stage.run(&mut console)
}

/// How a committed file differs from the fresh one, if it does.
fn stale(fresh: &Path, committed: &Path) -> Result<Option<String>> {
    let fresh = std::fs::read_to_string(fresh)
        .with_context(|| format!("{} was not generated", fresh.display()))?;
    match std::fs::read_to_string(committed) {
        Ok(committed) => Ok(difference(&fresh, &committed)),
        Err(_) => Ok(Some("is missing".to_owned())),
    }
}

/// The first line in which two texts differ.
fn difference(fresh: &str, committed: &str) -> Option<String> {
    if fresh == committed {
        return None;
    }
    let same = fresh.lines().zip(committed.lines()).take_while(|(new, old)| new == old).count();
    let show =
        |text: &str| text.lines().nth(same).map_or("its end".to_owned(), |l| format!("`{l}`"));
    Some(format!("line {} should be {}, is {}", same + 1, show(fresh), show(committed)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_do_not_differ() {
        assert_eq!(difference("a\nb\n", "a\nb\n"), None);
    }

    #[test]
    fn the_first_differing_line_is_named() {
        assert_eq!(
            difference("a\nnew\n", "a\nold\n").as_deref(),
            Some("line 2 should be `new`, is `old`")
        );
    }

    #[test]
    fn a_text_that_is_cut_short_differs_at_its_end() {
        assert_eq!(
            difference("a\nb\n", "a\n").as_deref(),
            Some("line 2 should be `b`, is its end")
        );
    }
}
