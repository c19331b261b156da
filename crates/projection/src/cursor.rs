//! Where a page of a list ended, as a text for the next request: the parts of a key, separated by what no part contains.

use std::str::{FromStr, Split};

/// Reads a cursor part by part.
#[derive(Debug)]
pub(crate) struct Cursor<'a>(Split<'a, char>);

impl<'a> Cursor<'a> {
    /// No slug, number or command id holds this.
    pub(crate) const SEPARATOR: char = '~';

    /// A cursor of some parts.
    pub(crate) fn of(parts: impl IntoIterator<Item = String>) -> String {
        parts.into_iter().collect::<Vec<_>>().join(&Self::SEPARATOR.to_string())
    }

    /// Reads a whole cursor; nothing when it holds less, more or something else.
    pub(crate) fn read<T>(text: &'a str, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let mut cursor = Self(text.split(Self::SEPARATOR));
        read(&mut cursor).filter(|_| cursor.0.next().is_none())
    }

    /// The next part.
    pub(crate) fn text(&mut self) -> Option<String> {
        self.0.next().map(str::to_owned)
    }

    /// The next part as a number.
    pub(crate) fn number<T: FromStr>(&mut self) -> Option<T> {
        self.0.next()?.parse().ok()
    }
}
