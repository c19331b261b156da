//! What must not be found, and the search for it.

use std::{collections::BTreeSet, fmt::Write as _};

use aho_corasick::AhoCorasick;
use demo::{Canary, CanaryKind};

/// Everything about invented people, in every spelling that is searched for.
pub(crate) struct Canaries {
    /// The texts as they stand in the commands.
    texts: Vec<String>,
    search: AhoCorasick,
    /// The text that each pattern of the search is a spelling of.
    spells: Vec<usize>,
}

impl Canaries {
    pub(crate) fn of(canaries: impl Iterator<Item = Canary>) -> Self {
        let unique: BTreeSet<Canary> = canaries.collect();
        for kind in [CanaryKind::Name, CanaryKind::IdNumber, CanaryKind::Phone, CanaryKind::Plate] {
            assert!(unique.iter().any(|canary| canary.kind == kind), "no {kind:?} to search for");
        }
        let texts: Vec<String> = unique.into_iter().map(|canary| canary.text).collect();
        let (mut patterns, mut spells) = (Vec::new(), Vec::new());
        for (index, text) in texts.iter().enumerate() {
            for spelling in spellings(text) {
                patterns.push(spelling);
                spells.push(index);
            }
        }
        Self { texts, search: AhoCorasick::new(patterns).unwrap(), spells }
    }

    /// The first canary in some bytes.
    pub(crate) fn find(&self, bytes: &[u8]) -> Option<&str> {
        self.find_all(bytes).next()
    }

    /// How many canaries are in some bytes, each counted once.
    pub(crate) fn count(&self, bytes: &[u8]) -> usize {
        self.find_all(bytes).collect::<BTreeSet<_>>().len()
    }

    /// # Panics
    /// When there is one in some bytes.
    pub(crate) fn absent(&self, place: &str, bytes: &[u8]) {
        if let Some(found) = self.find_all(bytes).next() {
            let at = bytes.windows(found.len()).position(|window| window == found.as_bytes()).unwrap_or_default();
            let around = String::from_utf8_lossy(&bytes[at.saturating_sub(300)..bytes.len().min(at + 200)]).into_owned();
            panic!("{found} is in {place}, one of {}:\n{around}", self.count(bytes));
        }
    }

    /// A text that is searched for.
    pub(crate) fn any(&self) -> &str {
        self.texts.iter().find(|text| !text.is_ascii()).unwrap()
    }

    /// Whether a text is one of them.
    pub(crate) fn is_one(&self, text: &str) -> bool {
        self.texts.iter().any(|known| known == text)
    }

    fn find_all<'a>(&'a self, bytes: &'a [u8]) -> impl Iterator<Item = &'a str> {
        let digit = |place: usize| bytes.get(place).is_some_and(u8::is_ascii_digit);
        let found = self.search.find_overlapping_iter(bytes);
        found
            // eleven digits in the middle of a longer number are no phone
            .filter(move |hit| !(digit(hit.start()) && (hit.start().checked_sub(1).is_some_and(digit) || digit(hit.end()))))
            .map(|hit| self.texts[self.spells[hit.pattern().as_usize()]].as_str())
    }
}

/// A text as it is, as JSON may escape it, and as an address escapes it.
fn spellings(text: &str) -> Vec<String> {
    let mut spellings = vec![text.to_owned()];
    if !text.is_ascii() {
        let escaped = |upper: bool| {
            text.encode_utf16().fold(String::new(), |mut escaped, unit| {
                // writing to a text cannot fail
                let _infallible = if upper { write!(escaped, "\\u{unit:04X}") } else { write!(escaped, "\\u{unit:04x}") };
                escaped
            })
        };
        let percent: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
        spellings.extend([escaped(false), escaped(true), percent]);
    }
    spellings
}
