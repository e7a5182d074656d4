//! From a form's template and its data to PDF/A-2b bytes: a typesetting world
//! that lives in memory and the export with everything fixed that would
//! otherwise vary (clock, identifiers, producer).
//!
//! Architecture invariant: this world answers for its own templates, one data
//! file and the images handed in. There is no way from a template to the disk,
//! to a package or to the clock.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use chrono::{DateTime, Datelike, FixedOffset, Timelike};
use typst::diag::{FileError, FileResult, SourceDiagnostic};
use typst::foundations::{Bytes, Datetime, Duration, Smart};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt, World};
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards, Timestamp};

use crate::wording::beijing;
use crate::{DocumentError, Fonts};

/// The path under which a template reads its data.
const DATA_PATH: &str = "/data.json";

static LIBRARY: LazyLock<LazyHash<Library>> =
    LazyLock::new(|| LazyHash::new(Library::builder().build()));

/// A finished document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// PDF/A-2b.
    pub pdf: Vec<u8>,
    /// How many pages it has.
    pub pages: usize,
    /// What the person should look at before signing. Empty as a rule.
    pub warnings: Vec<Warning>,
}

/// Something on the page is not exactly as it was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// No font has this character; `□(U+XXXX)` stands in its place.
    GlyphMissing {
        /// The character.
        ch: char,
        /// How often.
        times: usize,
    },
    /// A character without a shape of its own (joiner, variation selector)
    /// was left out.
    ShapelessLeftOut {
        /// The character.
        ch: char,
        /// How often.
        times: usize,
    },
    /// A thumbnail was damaged, too large or not fit for archiving; the page
    /// says so in its place, its hash is printed all the same.
    ThumbnailLeftOut {
        /// Name of the evidence.
        name: String,
    },
    /// The typesetter remarked on the template.
    Typesetting {
        /// In the typesetter's words.
        message: String,
    },
}

/// A template with all it needs.
pub(crate) struct Job<'a> {
    /// Template sources by path; `main` is one of them.
    pub(crate) sources: &'a [(&'static str, &'static str)],
    /// The path of the template to typeset.
    pub(crate) main: &'static str,
    /// The data as JSON.
    pub(crate) data: String,
    /// Images by path.
    pub(crate) images: BTreeMap<String, Vec<u8>>,
    /// Names the document in its identifier.
    pub(crate) ident: String,
    /// Printed in the metadata as the moment of creation.
    pub(crate) made_at: DateTime<FixedOffset>,
    /// The program, for the metadata.
    pub(crate) creator: String,
}

impl Job<'_> {
    /// Typesets and exports.
    pub(crate) fn run(self, fonts: &Fonts) -> Result<Rendered, DocumentError> {
        let options = self.options()?;
        let world = FormWorld::new(fonts.clone(), self)?;
        let compiled = typst::compile::<PagedDocument>(&world);
        let result = compiled.output.map_err(|errors| fault(&errors)).and_then(|document| {
            let pdf = typst_pdf::pdf(&document, &options).map_err(|errors| fault(&errors))?;
            Ok((pdf, document.pages().len()))
        });
        // Keep what this run used (the prepared fonts above all), forget the
        // records before it.
        typst::comemo::evict(1);
        let (pdf, pages) = result?;
        let warnings = compiled
            .warnings
            .iter()
            .map(|w| Warning::Typesetting { message: w.message.to_string() })
            .collect();
        Ok(Rendered { pdf, pages, warnings })
    }

    fn options(&self) -> Result<PdfOptions, DocumentError> {
        let standards = PdfStandards::new(&[PdfStandard::A_2b])
            .map_err(|e| DocumentError::Typesetting(e.message().to_string()))?;
        Ok(PdfOptions {
            ident: Smart::Custom(self.ident.clone()),
            creator: Smart::Custom(Some(self.creator.clone())),
            timestamp: timestamp(self.made_at),
            page_ranges: None,
            standards,
            tagged: true,
            pretty: false,
        })
    }
}

fn timestamp(at: DateTime<FixedOffset>) -> Option<Timestamp> {
    let at = beijing(at);
    let part = |n: u32| u8::try_from(n).ok();
    let datetime = Datetime::from_ymd_hms(
        at.year(),
        part(at.month())?,
        part(at.day())?,
        part(at.hour())?,
        part(at.minute())?,
        part(at.second())?,
    )?;
    Timestamp::new_local(datetime, at.offset().local_minus_utc() / 60)
}

/// The typesetter's messages speak of the template, not of the record.
fn fault(errors: &[SourceDiagnostic]) -> DocumentError {
    let shown: Vec<&str> = errors.iter().take(3).map(|e| e.message.as_str()).collect();
    DocumentError::Typesetting(shown.join("; "))
}

struct FormWorld {
    fonts: Fonts,
    main: FileId,
    sources: BTreeMap<String, Source>,
    files: BTreeMap<String, Bytes>,
}

impl FormWorld {
    fn new(fonts: Fonts, job: Job<'_>) -> Result<Self, DocumentError> {
        let mut sources = BTreeMap::new();
        for &(path, text) in job.sources {
            sources.insert(path.to_owned(), Source::new(file_id(path)?, text.to_owned()));
        }
        let mut files: BTreeMap<String, Bytes> =
            job.images.into_iter().map(|(path, data)| (path, Bytes::new(data))).collect();
        files.insert(DATA_PATH.to_owned(), Bytes::from_string(job.data));
        Ok(Self { fonts, main: file_id(job.main)?, sources, files })
    }
}

fn file_id(path: &str) -> Result<FileId, DocumentError> {
    let path = VirtualPath::new(path).map_err(|e| DocumentError::Typesetting(e.to_string()))?;
    Ok(RootedPath::new(VirtualRoot::Project, path).intern())
}

fn not_found(id: FileId) -> FileError {
    FileError::NotFound(id.vpath().get_with_slash().into())
}

impl World for FormWorld {
    fn library(&self) -> &LazyHash<Library> {
        &LIBRARY
    }

    fn book(&self) -> &LazyHash<FontBook> {
        self.fonts.book()
    }

    fn main(&self) -> FileId {
        self.main
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        self.sources.get(id.vpath().get_with_slash()).cloned().ok_or_else(|| not_found(id))
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        self.files.get(id.vpath().get_with_slash()).cloned().ok_or_else(|| not_found(id))
    }

    fn font(&self, index: usize) -> Option<Font> {
        self.fonts.face(index)
    }

    fn today(&self, _offset: Option<Duration>) -> Option<Datetime> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(template: &'static str) -> Result<Rendered, DocumentError> {
        let job = Job {
            sources: &[("/main.typ", template)],
            main: "/main.typ",
            data: "{}".to_owned(),
            images: BTreeMap::new(),
            ident: "test".to_owned(),
            made_at: DateTime::parse_from_rfc3339("2026-11-23T09:12:00+08:00").expect("a time"),
            creator: "test".to_owned(),
        };
        job.run(&Fonts::system().expect("fonts-noto-cjk is installed"))
    }

    #[test]
    fn a_template_cannot_reach_the_disk() {
        let err = run(r#"#read("/etc/hostname")"#).expect_err("no such file in this world");
        assert!(err.to_string().contains("not found"), "{err}");
    }

    #[test]
    fn a_template_cannot_reach_packages() {
        assert!(run(r#"#import "@preview/tablex:0.0.9": *"#).is_err());
    }

    #[test]
    fn a_template_cannot_ask_for_the_time() {
        assert!(run("#datetime.today()").is_err());
    }
}
