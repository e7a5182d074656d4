//! The fonts of the forms: found once, parsed once, shared by every document.
//!
//! Only the families below are ever loaded, whatever else is installed, so
//! that the same record looks the same on every tablet. The choice of face for
//! a piece of text is the template's.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use typst::foundations::Bytes;
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;

use crate::DocumentError;

/// Headings and everything the serif face lacks.
pub(crate) const SANS: &str = "Noto Sans CJK SC";
/// Running text, as in printed administrative documents.
pub(crate) const SERIF: &str = "Noto Serif CJK SC";
/// Digests and certificate numbers.
pub(crate) const MONO: &str = "Noto Sans Mono CJK SC";

/// Where Linux distributions install Noto CJK.
const SYSTEM_DIRS: [&str; 6] = [
    "/usr/share/fonts/opentype/noto",
    "/usr/share/fonts/opentype/noto-cjk",
    "/usr/share/fonts/noto-cjk",
    "/usr/share/fonts/google-noto-cjk",
    "/usr/share/fonts/truetype/noto",
    "/usr/local/share/fonts",
];

/// A font file under the names it is distributed as, the usual one first.
struct Wanted {
    names: [&'static str; 2],
    required: bool,
}

const WANTED: [Wanted; 3] = [
    Wanted { names: ["NotoSansCJK-Regular.ttc", "NotoSansCJKsc-Regular.otf"], required: true },
    Wanted { names: ["NotoSansCJK-Bold.ttc", "NotoSansCJKsc-Bold.otf"], required: true },
    Wanted { names: ["NotoSerifCJK-Regular.ttc", "NotoSerifCJKsc-Regular.otf"], required: false },
];

/// The loaded fonts. Loading reads some 60 MB and takes about 0.1 s; a clone
/// costs nothing, so load once per process and keep it.
#[derive(Clone)]
pub struct Fonts(Arc<Loaded>);

struct Loaded {
    book: LazyHash<FontBook>,
    faces: Vec<Font>,
}

impl std::fmt::Debug for Fonts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fonts").field("faces", &self.0.faces.len()).finish()
    }
}

impl Fonts {
    /// Loads the fonts from the folders Linux distributions use.
    ///
    /// # Errors
    /// As [`Fonts::load`].
    pub fn system() -> Result<Self, DocumentError> {
        Self::load(&SYSTEM_DIRS.map(PathBuf::from))
    }

    /// Loads Noto Sans CJK SC (regular and bold, required) and Noto Serif CJK
    /// SC (regular, used for running text when present) from `dirs`, the first
    /// folder that has a file winning. Subfolders are not searched.
    ///
    /// # Errors
    /// [`DocumentError::FontMissing`] names the file and the folders,
    /// [`DocumentError::FontUnusable`] the damaged file.
    pub fn load(dirs: &[PathBuf]) -> Result<Self, DocumentError> {
        let mut faces = Vec::new();
        for wanted in &WANTED {
            match find(dirs, &wanted.names) {
                Some(path) => faces.extend(faces_of(&path)?),
                None if wanted.required => {
                    return Err(DocumentError::FontMissing {
                        file: wanted.names[0],
                        searched: dirs.to_vec(),
                    });
                }
                None => {}
            }
        }
        let book = LazyHash::new(FontBook::from_fonts(&faces));
        Ok(Self(Arc::new(Loaded { book, faces })))
    }

    /// Whether some loaded face has a glyph for `ch`.
    #[must_use]
    pub fn covers(&self, ch: char) -> bool {
        self.0.faces.iter().any(|face| face.info().coverage.contains(u32::from(ch)))
    }

    /// Those of `families` that are loaded, in order.
    pub(crate) fn present<'f>(&self, families: &[&'f str]) -> Vec<&'f str> {
        let loaded = |family: &&str| self.0.book.contains_family(&family.to_lowercase());
        families.iter().copied().filter(loaded).collect()
    }

    pub(crate) fn book(&self) -> &LazyHash<FontBook> {
        &self.0.book
    }

    pub(crate) fn face(&self, index: usize) -> Option<Font> {
        self.0.faces.get(index).cloned()
    }
}

fn find(dirs: &[PathBuf], names: &[&str]) -> Option<PathBuf> {
    names
        .iter()
        .flat_map(|name| dirs.iter().map(move |dir| dir.join(name)))
        .find(|path| path.is_file())
}

/// The faces of our families in one file; a collection also holds Japanese,
/// Korean and traditional forms, which would compete with the simplified ones.
fn faces_of(path: &Path) -> Result<Vec<Font>, DocumentError> {
    let unusable =
        |reason: String| DocumentError::FontUnusable { path: path.to_path_buf(), reason };
    let data = fs::read(path).map_err(|e| unusable(e.to_string()))?;
    let faces: Vec<Font> = Font::iter(Bytes::new(data))
        .filter(|font| [SANS, SERIF, MONO].contains(&font.info().family.as_str()))
        .collect();
    if faces.is_empty() {
        return Err(unusable("no simplified Chinese face inside".to_owned()));
    }
    Ok(faces)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_font_names_the_file_the_folder_and_the_package() {
        let err = Fonts::load(&[PathBuf::from("/nonexistent/fonts")]).expect_err("no fonts there");
        let text = err.to_string();
        for part in ["NotoSansCJK-Regular.ttc", "/nonexistent/fonts", "fonts-noto-cjk"] {
            assert!(text.contains(part), "{part} not in {text}");
        }
    }

    #[test]
    fn system_fonts_cover_names_of_people_and_units() {
        let fonts = Fonts::system().expect("fonts-noto-cjk is installed");
        for ch in "检查镕堃喆㛃䶮𬭚℃㎡①□✓".chars() {
            assert!(fonts.covers(ch), "{ch} U+{:04X}", u32::from(ch));
        }
        assert!(!fonts.covers('\u{10FFFD}'));
    }
}
