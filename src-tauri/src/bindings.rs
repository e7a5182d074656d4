//! The list of commands, and the page's types made from it. The generated file
//! is committed in `ui/src/platform/generated` and checked; nobody edits it.

use crate::commands as c;
use specta_typescript::Typescript;
use std::path::Path;
use tauri_specta::{Builder, collect_commands};

/// Every typed command.
pub(crate) fn builder() -> Builder<tauri::Wry> {
    // Every shape is the same in both directions: one TypeScript type for each.
    Builder::new().disable_serde_phases().commands(collect_commands![
        c::status,
        c::enrol,
        c::unlock,
        c::lock,
        c::visits,
        c::board,
        c::articles,
        c::criteria,
        c::laws,
        c::answer_item,
        c::edit_field,
        c::create_finding,
        c::propose,
        c::reply_proposal,
        c::decide,
        c::add_note,
        c::history,
        c::make_site_record,
        c::sync_status,
        c::sync_now,
        c::change_pin,
        c::reset_pin,
        c::rescue_places,
        c::rescue_pack,
        c::check_store,
        c::start_anew,
        c::forget_wipe,
    ])
}

/// Writes the page's types to `path`.
///
/// # Errors
/// When a type has no counterpart in TypeScript, or the file cannot be written.
pub fn export_bindings(path: &Path) -> Result<(), Box<dyn std::error::Error>> {
    builder().export(Typescript::default(), path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_counterpart_in_typescript() {
        let folder = std::env::temp_dir().join(format!("lianjian-bindings-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("app.ts");
        export_bindings(&path).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        for name in ["answerItem", "makeSiteRecord", "syncNow"] {
            assert!(text.contains(name), "{name}");
        }
        assert!(!text.contains("put_evidence"), "the raw command is not typed");
    }
}
