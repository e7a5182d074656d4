//! What people typed, made fit for paper without losing any of it: glyphs that
//! no font has become visible, control characters too, endless words get
//! places to break. Also the Chinese forms of times and dates.
//!
//! Escaping of template language is not here because it is not needed: the
//! template receives values, never source text.

use std::collections::BTreeMap;

use chrono::{DateTime, FixedOffset, NaiveDate};
use serde_json::Value;

/// Runs longer than this without a place to break get some, or they would run
/// over the edge of their table cell. Certificate numbers (at most 20) and
/// credit codes (18) stay whole and can be searched for.
const UNBROKEN_CHARS_MAX: usize = 20;

/// Such runs may break after so many characters.
const BREAK_EVERY_CHARS: usize = 4;

/// Members of the data that hold digests: their columns are wide enough, and
/// a digest is worth nothing if it cannot be copied in one piece.
const DIGESTS: [&str; 3] = ["hash", "state_digest", "holdings_digest"];

/// The longest digest a column holds: a hash of 32 bytes with its name.
const DIGEST_CHARS_MAX: usize = 72;

/// An invisible place to break a line.
const BREAK_HERE: char = '\u{200B}';

/// Drawn in the place of what cannot be drawn.
const BOX: char = '□';

/// The clock of the forms: +08:00 everywhere, whatever the tablet is set to.
const BEIJING_SECONDS: i32 = 8 * 3600;

/// Cleans every string of a value and counts what had to be replaced.
pub(crate) struct Cleaner<'a> {
    /// Whether some font has a glyph for a character.
    covers: &'a dyn Fn(char) -> bool,
    /// Code point → how often it was replaced by a box with its number.
    pub(crate) replaced: BTreeMap<char, usize>,
    /// Code point → how often it was left out because it has no shape itself.
    pub(crate) left_out: BTreeMap<char, usize>,
}

impl<'a> Cleaner<'a> {
    pub(crate) fn new(covers: &'a dyn Fn(char) -> bool) -> Self {
        Self { covers, replaced: BTreeMap::new(), left_out: BTreeMap::new() }
    }

    /// Cleans all strings inside `value`.
    pub(crate) fn clean_value(&mut self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.clean(&text)),
            Value::Array(list) => {
                Value::Array(list.into_iter().map(|v| self.clean_value(v)).collect())
            }
            Value::Object(map) => {
                Value::Object(map.into_iter().map(|(key, v)| self.clean_member(key, v)).collect())
            }
            other => other,
        }
    }

    fn clean_member(&mut self, key: String, value: Value) -> (String, Value) {
        let value = match value {
            Value::String(text) if DIGESTS.contains(&key.as_str()) => {
                Value::String(breakable(&self.visible(&text), DIGEST_CHARS_MAX))
            }
            other => self.clean_value(other),
        };
        (key, value)
    }

    fn clean(&mut self, text: &str) -> String {
        breakable(&self.visible(text), UNBROKEN_CHARS_MAX)
    }

    /// The text with everything in it that ink can show.
    fn visible(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        for ch in text.replace("\r\n", "\n").trim().chars() {
            match ch {
                '\n' | '\r' | '\u{0B}' | '\u{0C}' | '\u{85}' | '\u{2028}' | '\u{2029}' => {
                    out.push('\n');
                }
                // Typographic spaces are rare in fonts; the wide one is Chinese.
                _ if ch.is_whitespace() => out.push(if ch == '\u{3000}' { ch } else { ' ' }),
                _ if shapeless(ch) => *self.left_out.entry(ch).or_default() += 1,
                _ if misleading(ch) || ch.is_control() || !(self.covers)(ch) => {
                    *self.replaced.entry(ch).or_default() += 1;
                    out.push_str(&format!("{BOX}(U+{:04X})", u32::from(ch)));
                }
                _ => out.push(ch),
            }
        }
        out
    }
}

/// Adds places to break to runs of more than `max` characters without any.
fn breakable(text: &str, max: usize) -> String {
    let mut out = String::with_capacity(text.len());
    let mut run: Vec<char> = Vec::new();
    for ch in text.chars() {
        if breaks_by_itself(ch) {
            push_run(&mut out, &mut run, max);
            out.push(ch);
        } else {
            run.push(ch);
        }
    }
    push_run(&mut out, &mut run, max);
    out
}

fn push_run(out: &mut String, run: &mut Vec<char>, max: usize) {
    let long = run.len() > max;
    for (index, ch) in run.drain(..).enumerate() {
        if long && index > 0 && index % BREAK_EVERY_CHARS == 0 {
            out.push(BREAK_HERE);
        }
        out.push(ch);
    }
}

/// Joiners, byte order marks, soft hyphens and variation selectors: they only
/// modify a neighbour, the text reads the same without them.
fn shapeless(ch: char) -> bool {
    matches!(ch, '\u{AD}' | '\u{200B}'..='\u{200D}' | '\u{2060}' | '\u{FEFF}'
        | '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}')
}

/// Direction controls, which could make a document read otherwise than it was
/// written: shown, not obeyed.
fn misleading(ch: char) -> bool {
    matches!(ch, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2066}'..='\u{2069}')
}

/// Spaces and everything from the CJK blocks upwards, where a line may break
/// at nearly every character.
fn breaks_by_itself(ch: char) -> bool {
    ch.is_whitespace() || ('\u{2E80}'..='\u{FFEF}').contains(&ch) || ch >= '\u{20000}'
}

/// `2026年11月23日 09时12分`, in Beijing time.
pub(crate) fn minute(at: DateTime<FixedOffset>) -> String {
    beijing(at).format("%Y年%-m月%-d日 %H时%M分").to_string()
}

/// `2026年12月3日`.
pub(crate) fn day(date: NaiveDate) -> String {
    date.format("%Y年%-m月%-d日").to_string()
}

/// The same instant on the forms' clock.
pub(crate) fn beijing(at: DateTime<FixedOffset>) -> DateTime<FixedOffset> {
    FixedOffset::east_opt(BEIJING_SECONDS).map_or(at, |offset| at.with_timezone(&offset))
}

/// `3分20秒`, for how far a clock was off.
pub(crate) fn span(seconds: u64) -> String {
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes, rest) {
        (0, 0, s) => format!("{s}秒"),
        (0, m, 0) => format!("{m}分钟"),
        (0, m, s) => format!("{m}分{s}秒"),
        (h, m, _) => format!("{h}小时{m}分"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fonts that have everything but the last plane.
    fn covers(ch: char) -> bool {
        ch < '\u{100000}'
    }

    #[test]
    fn template_language_passes_through_untouched() {
        let mut cleaner = Cleaner::new(&covers);
        let text = r##"#panic() $x$ *b* _i_ `c` \ <l> @r = t "q" // ["##;
        assert_eq!(cleaner.clean(text), text);
        assert!(cleaner.replaced.is_empty());
    }

    #[test]
    fn a_character_without_glyph_is_named_on_the_page() {
        let mut cleaner = Cleaner::new(&covers);
        assert_eq!(cleaner.clean("甲\u{10FFFD}乙"), "甲□(U+10FFFD)乙");
        assert_eq!(cleaner.replaced.get(&'\u{10FFFD}'), Some(&1));
    }

    #[test]
    fn control_and_direction_characters_are_shown_not_obeyed() {
        let mut cleaner = Cleaner::new(&covers);
        let clean = cleaner.clean("a\u{7}b\u{202E}c\0");
        assert_eq!(clean.replace(BREAK_HERE, ""), "a□(U+0007)b□(U+202E)c□(U+0000)");
    }

    #[test]
    fn a_variation_selector_is_left_out_and_counted() {
        let mut cleaner = Cleaner::new(&covers);
        assert_eq!(cleaner.clean("葛\u{E0100}"), "葛");
        assert_eq!(cleaner.left_out.get(&'\u{E0100}'), Some(&1));
    }

    #[test]
    fn an_endless_word_gets_places_to_break_and_keeps_its_letters() {
        let clean = Cleaner::new(&covers).clean(&"x".repeat(400));
        assert!(clean.split(BREAK_HERE).all(|part| part.len() <= BREAK_EVERY_CHARS));
        assert_eq!(clean.replace(BREAK_HERE, "").len(), 400);
    }

    #[test]
    fn codes_certificate_numbers_and_digests_stay_whole() {
        let mut cleaner = Cleaner::new(&covers);
        assert_eq!(cleaner.clean("91320100MA000000XX"), "91320100MA000000XX");
        let digest = serde_json::json!({ "hash": "0123456789abcdef".repeat(4) });
        assert_eq!(cleaner.clean_value(digest.clone()), digest);
    }

    #[test]
    fn times_are_printed_in_beijing_time() {
        let at = DateTime::parse_from_rfc3339("2026-11-23T01:12:59Z").expect("a time");
        assert_eq!(minute(at), "2026年11月23日 09时12分");
    }
}
