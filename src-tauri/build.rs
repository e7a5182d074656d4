//! Prepares the app for embedding its UI. A fresh clone has no built UI yet:
//! a placeholder that says so stands in for it, so that everything compiles.

use std::fs;
use std::path::Path;

const PLACEHOLDER: &str = r#"<!doctype html>
<html lang="zh-CN">
<head><meta charset="utf-8"><title>联检</title></head>
<body><p>界面尚未构建。请先运行 <code>cargo xtask demo</code>，或在 <code>ui/</code> 中运行 <code>npm run build</code>。</p></body>
</html>
"#;

fn main() {
    let dist = Path::new("../ui/dist");
    let page = dist.join("inspector.html");
    if !page.exists() {
        let made = fs::create_dir_all(dist).and_then(|()| fs::write(&page, PLACEHOLDER));
        if let Err(error) = made {
            println!("cargo::warning=no placeholder could be put at {}: {error}", page.display());
        }
    }
    println!("cargo::rerun-if-changed=../ui/dist");
    tauri_build::build();
}
