//! Which files a statement speaks of: the one list by which both sides keep
//! files, hand them in and fetch them. A file that a statement speaks of and
//! that this list leaves out would be taken for nobody's and removed in time.
//!
//! So the list is closed at one end only: what this version knows is named with
//! its use, and of everything else each text that can be a file's name counts as
//! one. Who may read a file is the stores' business.

use crate::fact::Fact;
use crate::id::Hash;
use domain::document::Manifest;
use domain::evidence::EvidenceFile;
use domain::personal::Sealed;
use domain::record::{field as f, kind as k};
use domain::task::PackageRef;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;

/// What a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Use {
    /// A reference package that the task is worked by.
    Package,
    /// A small picture of an original.
    Thumbnail,
    /// A piece of evidence.
    Original,
    /// A produced document.
    Document,
    /// Personal data, encrypted; for the departments that its record names.
    Personal,
    /// Something that is named and kept; nobody here opens it.
    Other,
}

/// A file as a statement speaks of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    /// What it is for.
    pub used_as: Use,
    /// Its bytes; 0 where that is not said.
    pub bytes: u64,
    /// What people call it; empty where nobody named it.
    pub name: String,
}

/// The files that a statement speaks of. As many as there is room for in a
/// change, which is bounded.
#[must_use]
pub fn mentions(fact: &Fact) -> BTreeMap<Hash, Mention> {
    let mut found = Found::default();
    let (kind, field) = (fact.register.kind.as_str(), fact.register.field.as_str());
    match (kind, field) {
        // Keys, ids and hashes of statements: none of them names a file.
        (k::REPLICA | k::JUDGEMENT | k::SIGNATURE, _) | (k::PERSONAL, f::KEY) => {}
        (k::TASK, f::PACKAGE) => {
            if let Some(package) = read::<PackageRef>(fact) {
                found.add(&package.sha256, Use::Package, package.bytes, "");
            }
            found.walk(&fact.val, &[]);
        }
        (k::EVIDENCE, f::FILE) => {
            if let Some(file) = read::<EvidenceFile>(fact) {
                found.add(&file.sha256, Use::Original, file.bytes, &file.name);
                if let Some(thumbnail) = file.thumbnail {
                    found.add(&thumbnail, Use::Thumbnail, 0, &file.name);
                }
            }
            found.walk(&fact.val, &[]);
        }
        (k::DOCUMENT, f::MANIFEST) => {
            if let Some(manifest) = read::<Manifest>(fact) {
                found.add(&manifest.pdf_sha256, Use::Document, manifest.pdf_bytes, "");
            }
            // Digests of what was held and hashes of values, as many as registers.
            found.walk(&fact.val, &["holdings", "state", "entries", "chains"]);
        }
        (k::PERSONAL, f::SEALED) => {
            if let Some(sealed) = read::<Sealed>(fact) {
                found.add(&sealed.sha256, Use::Personal, sealed.bytes, "");
            }
            found.walk(&fact.val, &[]);
        }
        _ => found.walk(&fact.val, &[]),
    }
    found.0
}

#[derive(Default)]
struct Found(BTreeMap<Hash, Mention>);

impl Found {
    /// What is found first is how a file is used.
    fn add(&mut self, sha256: &str, used_as: Use, bytes: u64, name: &str) {
        if let Ok(hash) = sha256.parse() {
            let mention = Mention { used_as, bytes, name: name.to_owned() };
            self.0.entry(hash).or_insert(mention);
        }
    }

    /// Takes every text that can be a file's name; `but` are members of the
    /// outermost object that hold none.
    fn walk(&mut self, value: &Value, but: &[&str]) {
        match value {
            Value::String(text) => self.add(text, Use::Other, 0, ""),
            Value::Array(values) => values.iter().for_each(|value| self.walk(value, &[])),
            Value::Object(members) => {
                let members = members.iter().filter(|(name, _)| !but.contains(&name.as_str()));
                members.for_each(|(_, value)| self.walk(value, &[]));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

fn read<T: DeserializeOwned>(fact: &Fact) -> Option<T> {
    serde_json::from_value(fact.val.clone()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificate::ReplicaRole;
    use crate::fact::Nature;
    use crate::id::{ChangeId, Register, WriteId};
    use crate::policy::is_known;
    use domain::id::{PersonId, RecordId, ReplicaId};
    use domain::time::Wall;
    use serde_json::json;
    use std::collections::BTreeSet;
    use uuid::Uuid;

    fn hash(of: &str) -> Hash {
        Hash::of(of.as_bytes())
    }

    fn stated(kind: &str, field: &str, val: Value) -> Fact {
        let rec = RecordId(Uuid::from_u128(1));
        Fact {
            register: Register { kind: kind.into(), rec, field: field.into() },
            id: WriteId { change: ChangeId([1; 16]), index: 0 },
            val,
            sup: Vec::new(),
            nature: Nature::Write,
            replica: ReplicaId(Uuid::from_u128(2)),
            role: ReplicaRole::Tablet,
            pos: 1,
            author: PersonId(Uuid::from_u128(3)),
            wall: Wall::parse("2026-11-23T02:11:05.123Z").unwrap(),
            n: 1,
        }
    }

    fn uses(kind: &str, field: &str, val: Value) -> Vec<(Use, Hash)> {
        let mut uses: Vec<(Use, Hash)> = mentions(&stated(kind, field, val))
            .into_iter()
            .map(|(hash, mention)| (mention.used_as, hash))
            .collect();
        uses.sort_unstable();
        uses
    }

    /// A statement with every member in which this version keeps a file's name,
    /// and those files; none where the field holds no file.
    fn example(kind: &str, field: &str) -> Option<(Value, Vec<(Use, Hash)>)> {
        let subject = Uuid::from_u128(9);
        let example = match (kind, field) {
            (k::GENESIS, f::CHARTER) => (
                json!({"fold_version": 1, "task": subject, "audience": {"joint": {}},
                       "catalogue": hash("package")}),
                vec![(Use::Other, hash("package"))],
            ),
            (k::TASK, f::PACKAGE) => (
                json!({"sha256": hash("package"), "bytes": 9, "items": 3}),
                vec![(Use::Package, hash("package"))],
            ),
            (k::EVIDENCE, f::FILE) => (
                json!({"subject": subject, "sha256": hash("photo"), "bytes": 5,
                       "media_type": "image/jpeg", "name": "a.jpg", "thumbnail": hash("small"),
                       "voice": hash("a newer version's")}),
                vec![
                    (Use::Thumbnail, hash("small")),
                    (Use::Original, hash("photo")),
                    (Use::Other, hash("a newer version's")),
                ],
            ),
            (k::DOCUMENT, f::MANIFEST) => (
                json!({"form": "site_record", "pdf_sha256": hash("pdf"), "pdf_bytes": 7,
                       "holdings": hash("held"), "state": hash("state"),
                       "supplements": {"document": subject, "pdf_sha256": hash("earlier")},
                       "replaces": [{"document": subject, "pdf_sha256": hash("ended")}],
                       "entries": [{"value": hash("a value")}],
                       "scan": hash("a newer version's")}),
                vec![
                    (Use::Document, hash("pdf")),
                    (Use::Other, hash("earlier")),
                    (Use::Other, hash("ended")),
                    (Use::Other, hash("a newer version's")),
                ],
            ),
            (k::PERSONAL, f::SEALED) => (
                json!({"subject": subject, "what": "phone", "sha256": hash("sealed"), "bytes": 3,
                       "readers": [subject], "keep_until": "2027-11-23"}),
                vec![(Use::Personal, hash("sealed"))],
            ),
            // What is erased is gone; that it was there stays with its record.
            (k::PERSONAL, f::ERASED) => (
                json!({"sha256": hash("sealed"), "reason": "期满"}),
                vec![(Use::Other, hash("sealed"))],
            ),
            _ => return None,
        };
        Some(example)
    }

    /// The constants of a module of `domain::record`, read from its source, so
    /// that none can be added past this test.
    fn constants(module: &str) -> Vec<String> {
        let source = include_str!("../../domain/src/record.rs");
        let begin = source.find(&format!("pub mod {module} {{")).unwrap();
        let body = &source[begin..];
        let body = &body[..body.find("\n}").unwrap()];
        let lines = body.lines().filter_map(|line| line.trim().strip_prefix("pub const "));
        lines.map(|line| line.split('"').nth(1).unwrap().to_owned()).collect()
    }

    #[test]
    fn every_kind_of_record_names_the_files_it_speaks_of() {
        let (kinds, fields) = (constants("kind"), constants("field"));
        assert!(kinds.len() >= 22 && fields.len() >= 30, "the source was not read");
        let rec = RecordId(Uuid::from_u128(1));
        let mut with_files = BTreeSet::new();
        for kind in &kinds {
            for field in &fields {
                let register = Register { kind: kind.clone(), rec, field: field.clone() };
                let Some((val, mut wanted)) = example(kind, field) else { continue };
                assert!(is_known(&register), "{kind}.{field}");
                wanted.sort_unstable();
                assert_eq!(uses(kind, field, val), wanted, "{kind}.{field}");
                with_files.insert((kind.as_str(), field.as_str()));
            }
        }
        assert_eq!(with_files.len(), 6);
    }

    #[test]
    fn a_record_of_a_newer_version_keeps_the_files_it_names() {
        let val = json!({"pages": [{"scan": hash("1")}, hash("2")], "n": 3, "text": "照片"});
        let wanted = BTreeSet::from([(Use::Other, hash("1")), (Use::Other, hash("2"))]);
        let found: BTreeSet<_> = uses("sample", "photos", val).into_iter().collect();
        assert_eq!(found, wanted);
        // One that cannot be read as this version would keeps them too.
        let odd = json!({"sha256": hash("3"), "bytes": "many"});
        assert_eq!(uses(k::EVIDENCE, f::FILE, odd), [(Use::Other, hash("3"))]);
    }

    #[test]
    fn keys_and_hashes_of_statements_are_no_files() {
        for (kind, field) in [
            (k::REPLICA, f::CERTIFICATE),
            (k::JUDGEMENT, f::VERDICT),
            (k::SIGNATURE, f::CONTENT),
            (k::PERSONAL, f::KEY),
        ] {
            assert_eq!(uses(kind, field, json!({"key": hash("key")})), []);
        }
        let long = format!("{}0", hash("x"));
        let upper = hash("x").to_string().to_uppercase();
        assert_eq!(uses(k::NOTE, f::TEXT, json!([long, upper, "", null, 7])), []);
    }
}
