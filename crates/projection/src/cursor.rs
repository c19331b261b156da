//! Where a page of a list ended, as a text for the next request: the parts of a key, separated by what no part contains.

use std::str::{FromStr, Split};

/// No slug, number or command id holds this.
const SEPARATOR: char = '~';

/// Reads a cursor part by part.
#[derive(Debug)]
pub(crate) struct Cursor<'a>(Split<'a, char>);

impl<'a> Cursor<'a> {
    /// A cursor of some parts.
    pub(crate) fn of(parts: impl IntoIterator<Item = String>) -> String {
        parts.into_iter().collect::<Vec<_>>().join(&SEPARATOR.to_string())
    }

    pub(crate) fn new(text: &'a str) -> Self {
        Self(text.split(SEPARATOR))
    }

    /// The next part.
    pub(crate) fn text(&mut self) -> Option<String> {
        self.0.next().map(str::to_owned)
    }

    /// The next part as a number.
    pub(crate) fn number<T: FromStr>(&mut self) -> Option<T> {
        self.0.next()?.parse().ok()
    }

    /// Whether all parts were read.
    pub(crate) fn is_done(&mut self) -> bool {
        self.0.next().is_none()
    }
}
