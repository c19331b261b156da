//! Keys whose bytes sort as their parts do.
//!
//! | part | bytes |
//! |---|---|
//! | scope | `01` and the community as text, or `02` for a deployment-wide table |
//! | `u8`, `u64` | big-endian |
//! | `i64` | big-endian with the sign flipped, so that negative numbers come first |
//! | `text`, `bytes` | `00` written as `00 FF`, then the end mark `00 01` |
//!
//! The end mark makes a text sort before every longer text that begins with it, and keeps `b1` from being a prefix of `b10`.
//! Keys of one table have the same parts in the same order; then no key is a prefix of another.

use std::fmt;

const SCOPE_COMMUNITY: u8 = 0x01;
const SCOPE_DEPLOYMENT: u8 = 0x02;
const ESCAPE: u8 = 0x00;
const ESCAPED_ZERO: u8 = 0xFF;
const END_OF_TEXT: u8 = 0x01;
const SIGN: u64 = 1 << 63;
/// Most keys are shorter, so that adding parts does not move what is there.
const USUAL_BYTES: usize = 64;

/// What a row is called within its table.
///
/// There is no key without a scope: a row belongs to one community, or the table is deployment-wide.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(Vec<u8>);

impl Key {
    /// Starts a key of one community, given by its slug.
    pub fn community(slug: &str) -> Self {
        let mut bytes = Vec::with_capacity(USUAL_BYTES);
        bytes.push(SCOPE_COMMUNITY);
        Self(bytes).text(slug)
    }

    /// Starts a key of a deployment-wide table.
    ///
    /// Such tables are for the machinery only, where something other than the community must come first: a due index is asked
    /// "what is due by now, anywhere?". What a person asks for is always read with [`Key::community`].
    pub fn deployment() -> Self {
        Self(vec![SCOPE_DEPLOYMENT])
    }

    /// Adds one byte, such as a kind or a level.
    #[must_use]
    pub fn u8(mut self, part: u8) -> Self {
        self.0.push(part);
        self
    }

    /// Adds a number.
    #[must_use]
    pub fn u64(mut self, part: u64) -> Self {
        self.0.extend_from_slice(&part.to_be_bytes());
        self
    }

    /// Adds a number that may be negative, such as a time.
    #[must_use]
    pub fn i64(mut self, part: i64) -> Self {
        let flipped = u64::from_be_bytes(part.to_be_bytes()) ^ SIGN;
        self.0.extend_from_slice(&flipped.to_be_bytes());
        self
    }

    /// Adds a text; keys sort by the order of its bytes, which for UTF-8 is the order of `str`.
    #[must_use]
    pub fn text(self, part: &str) -> Self {
        self.bytes(part.as_bytes())
    }

    /// Adds bytes of any length.
    #[must_use]
    pub fn bytes(mut self, part: &[u8]) -> Self {
        for (number, piece) in part.split(|&byte| byte == ESCAPE).enumerate() {
            if number > 0 {
                self.0.extend_from_slice(&[ESCAPE, ESCAPED_ZERO]);
            }
            self.0.extend_from_slice(piece);
        }
        self.0.extend_from_slice(&[ESCAPE, END_OF_TEXT]);
        self
    }

    /// All keys that begin with the parts so far.
    pub fn prefix(self) -> Prefix {
        Prefix(self.0)
    }

    /// Takes the parts off again, in the order in which they were added.
    pub fn read(&self) -> KeyReader<'_> {
        KeyReader { rest: &self.0 }
    }

    /// The key as it is stored, without its table.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// A key of bytes that a key gave; used for page marks and by the store itself. Parts are checked when they are read.
    pub(crate) fn from_stored(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.0.escape_ascii())
    }
}

/// All keys of a table that begin with the same parts; made by [`Key::prefix`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prefix(Vec<u8>);

impl Prefix {
    /// All rows of a table of communities, whatever their community.
    ///
    /// For machinery that must see everything, such as comparing a store with a rebuilt one. Never on behalf of a person.
    pub fn all_communities_of_table() -> Self {
        Self(vec![SCOPE_COMMUNITY])
    }

    /// All rows of a deployment-wide table.
    pub fn all_of_deployment_table() -> Self {
        Self(vec![SCOPE_DEPLOYMENT])
    }

    /// Whether a key begins with these parts.
    pub fn covers(&self, key: &Key) -> bool {
        key.0.starts_with(&self.0)
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// A key does not have the part that was asked for: it is of another table or another version of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the key has other parts than expected")]
pub struct KeyMismatch;

/// Takes the parts of a key off, one after the other.
#[derive(Clone, Debug)]
pub struct KeyReader<'a> {
    rest: &'a [u8],
}

impl KeyReader<'_> {
    /// Takes the scope of a key that [`Key::community`] began, and gives the slug.
    pub fn community(&mut self) -> Result<String, KeyMismatch> {
        self.scope(SCOPE_COMMUNITY)?;
        self.text()
    }

    /// Takes the scope of a key that [`Key::deployment`] began.
    pub fn deployment(&mut self) -> Result<(), KeyMismatch> {
        self.scope(SCOPE_DEPLOYMENT)
    }

    /// Takes one byte.
    pub fn u8(&mut self) -> Result<u8, KeyMismatch> {
        Ok(self.take::<1>()?[0])
    }

    /// Takes a number.
    pub fn u64(&mut self) -> Result<u64, KeyMismatch> {
        Ok(u64::from_be_bytes(self.take()?))
    }

    /// Takes a number that may be negative.
    pub fn i64(&mut self) -> Result<i64, KeyMismatch> {
        Ok(i64::from_be_bytes((self.u64()? ^ SIGN).to_be_bytes()))
    }

    /// Takes a text.
    pub fn text(&mut self) -> Result<String, KeyMismatch> {
        String::from_utf8(self.bytes()?).map_err(|_| KeyMismatch)
    }

    /// Takes bytes of any length.
    pub fn bytes(&mut self) -> Result<Vec<u8>, KeyMismatch> {
        let mut part = Vec::new();
        let mut rest = self.rest.iter();
        loop {
            match rest.next() {
                Some(&ESCAPE) => match rest.next() {
                    Some(&ESCAPED_ZERO) => part.push(ESCAPE),
                    Some(&END_OF_TEXT) => break,
                    _ => return Err(KeyMismatch),
                },
                Some(&byte) => part.push(byte),
                None => return Err(KeyMismatch),
            }
        }
        self.rest = rest.as_slice();
        Ok(part)
    }

    /// Says that all parts were taken.
    pub fn end(self) -> Result<(), KeyMismatch> {
        if self.rest.is_empty() { Ok(()) } else { Err(KeyMismatch) }
    }

    fn scope(&mut self, scope: u8) -> Result<(), KeyMismatch> {
        if self.rest.first() == Some(&scope) {
            self.rest = &self.rest[1..];
            Ok(())
        } else {
            Err(KeyMismatch)
        }
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], KeyMismatch> {
        let (part, rest) = self.rest.split_first_chunk::<N>().ok_or(KeyMismatch)?;
        self.rest = rest;
        Ok(*part)
    }
}
