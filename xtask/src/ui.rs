//! The Vue project's packages and its build, each done again only when what it is
//! made of has changed.

use crate::house::House;
use crate::stage::Stage;
use anyhow::{Context, Result};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

/// Folders of the project that no build is made of.
const NOT_INPUT: &[&str] = &["node_modules", "dist"];

/// Installs the npm packages when they are missing or the lock file has changed.
///
/// # Errors
/// When the lock file cannot be read or npm fails.
pub fn install(house: &House, stage: &mut Stage) -> Result<()> {
    let lock = house.ui().join("package-lock.json");
    let wanted = fingerprint_of(&[lock])?;
    let stamp = stamp(house, "npm");
    if is_stamped(&stamp, &wanted) {
        return stage.note("npm: all there");
    }
    stage.say("npm 安装 · installing the packages of ui/package-lock.json")?;
    stage.run(house.npm().args(["ci", "--no-audit", "--no-fund"]))?;
    write_stamp(&stamp, &wanted)
}

/// Builds `ui/dist`, which the server and the app carry inside.
///
/// # Errors
/// When the sources cannot be read or the build fails.
pub fn build(house: &House, stage: &mut Stage) -> Result<()> {
    let sources = files(&house.ui())?;
    let wanted = fingerprint_of(&sources)?;
    let stamp = stamp(house, "dist");
    if is_stamped(&stamp, &wanted) && is_built(house) {
        return stage.note("ui/dist: as its sources, nothing to do");
    }
    stage.run(house.npm().args(["run", "build"]))?;
    write_stamp(&stamp, &wanted)
}

/// Whether there is a build at all, whatever its age.
pub fn is_built(house: &House) -> bool {
    let dist = house.ui().join("dist");
    ["inspector.html", "console.html"].iter().all(|page| dist.join(page).is_file())
}

/// Stamps lie with the packages: whoever removes those makes everything anew.
fn stamp(house: &House, name: &str) -> PathBuf {
    house.ui().join("node_modules").join(".lianjian").join(name)
}

fn is_stamped(stamp: &Path, wanted: &str) -> bool {
    std::fs::read_to_string(stamp).is_ok_and(|found| found == wanted)
}

fn write_stamp(stamp: &Path, text: &str) -> Result<()> {
    if let Some(folder) = stamp.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(stamp, text).with_context(|| format!("cannot write {}", stamp.display()))
}

/// All files under a folder that a build may be made of, in a fixed order.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        let entries = std::fs::read_dir(&folder)
            .with_context(|| format!("cannot read {}", folder.display()))?;
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name();
            if NOT_INPUT.iter().any(|skipped| name == *skipped) {
                continue;
            }
            if entry.file_type()?.is_dir() {
                open.push(entry.path());
            } else {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// A number that changes with any path or content. Guards against staleness, not
/// against people: a quick hash is enough.
fn fingerprint_of(files: &[PathBuf]) -> Result<String> {
    let mut hasher = DefaultHasher::new();
    for file in files {
        file.hash(&mut hasher);
        std::fs::read(file)
            .with_context(|| format!("cannot read {}", file.display()))?
            .hash(&mut hasher);
    }
    Ok(format!("{:016x}", hasher.finish()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(name: &str) -> PathBuf {
        let house = House::find().unwrap();
        let folder = house.target.join("xtask-tests").join(name);
        if folder.exists() {
            std::fs::remove_dir_all(&folder).unwrap();
        }
        for (file, text) in [
            ("src/main.ts", "1"),
            ("index.html", "2"),
            ("dist/index.js", "3"),
            ("node_modules/a/b", "4"),
        ] {
            let path = folder.join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        folder
    }

    fn print_of(folder: &Path) -> String {
        fingerprint_of(&files(folder).unwrap()).unwrap()
    }

    #[test]
    fn a_changed_source_changes_the_fingerprint() {
        let folder = project("ui-changed");
        let before = print_of(&folder);
        std::fs::write(folder.join("src/main.ts"), "one").unwrap();
        assert_ne!(print_of(&folder), before);
    }

    #[test]
    fn outputs_and_packages_do_not_change_the_fingerprint() {
        let folder = project("ui-outputs");
        let before = print_of(&folder);
        std::fs::write(folder.join("dist/index.js"), "new").unwrap();
        std::fs::write(folder.join("node_modules/a/b"), "new").unwrap();
        assert_eq!(print_of(&folder), before);
    }

    #[test]
    fn a_stamp_holds_only_for_what_it_says() {
        let folder = project("ui-stamp");
        let stamp = folder.join("stamps/dist");
        assert!(!is_stamped(&stamp, "a"));
        write_stamp(&stamp, "a").unwrap();
        assert!(is_stamped(&stamp, "a"));
        assert!(!is_stamped(&stamp, "b"));
    }
}
