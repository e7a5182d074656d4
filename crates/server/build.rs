//! Makes sure the console's folder exists, so that a fresh clone compiles
//! before the UI was ever built.

use std::path::PathBuf;

fn main() -> std::io::Result<()> {
    // Asked now, not when this was compiled: a build cache may serve two clones.
    let here = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).unwrap_or_default();
    let dist = here.join("../../ui/dist");
    std::fs::create_dir_all(&dist)?;
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={}", dist.display());
    Ok(())
}
