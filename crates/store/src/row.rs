//! What lies under a key: a row, a grave, or a mark.
//!
//! | stored bytes | meaning |
//! |---|---|
//! | nothing | a mark: an index entry, the key says it all |
//! | `01`, sequence (8 bytes, big-endian), value (postcard) | a row |
//! | `02`, sequence | a grave: the row was deleted by the event with this sequence |
//!
//! A grave stays until the checkpoint has passed it. Without it a crash between a deletion and its checkpoint would make the
//! fold apply older events to a row that it no longer finds, and take an update of a deleted thing for one that never was.

use std::cell::RefCell;
use std::sync::Arc;

use postcard::ser_flavors::Flavor;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::StoreError;
use crate::table::Table;

const TAG_ROW: u8 = 1;
const TAG_GRAVE: u8 = 2;
const HEAD_BYTES: usize = 9;

/// A value and the sequence of the last event that was folded into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row<T> {
    /// The sequence the row was folded to.
    pub sequence: u64,
    /// What the fold made of the events.
    pub value: T,
}

impl<T> Row<T> {
    /// Whether the event with this sequence is still to be folded into the row.
    ///
    /// After a crash the fold starts again at the checkpoint, and some rows were written after it. Such a row already holds
    /// the event; folding it once more would count it twice.
    pub fn folds(&self, sequence: u64) -> bool {
        sequence > self.sequence
    }
}

/// What the fold sees under a key: a row, the memory of a deleted one, or nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folded<T> {
    /// The sequence the key was folded to; 0 if it never was, or if its deletion lies before the checkpoint.
    pub sequence: u64,
    /// The value, if there is a row.
    pub value: Option<T>,
}

impl<T> Folded<T> {
    /// Whether the event with this sequence is still to be folded here; the same rule as [`Row::folds`], also for deleted rows.
    pub fn folds(&self, sequence: u64) -> bool {
        sequence > self.sequence
    }
}

/// A row as it is stored, for comparing stores without knowing the types of their rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawRow {
    /// The sequence the row was folded to; 0 for a mark.
    pub sequence: u64,
    /// The value in postcard; empty for a mark.
    pub value: Vec<u8>,
}

/// The bytes of a row with this value.
pub(crate) fn encode<T: Serialize>(table: Table, sequence: u64, value: &T) -> Result<Arc<[u8]>, StoreError> {
    SCRATCH.with_borrow_mut(|scratch| {
        scratch.clear();
        scratch.extend_from_slice(&head(TAG_ROW, sequence));
        postcard::serialize_with_flavor(value, Into(scratch)).map_err(|source| StoreError::Unencodable { table: table.name, source })?;
        Ok(Arc::from(scratch.as_slice()))
    })
}

thread_local! {
    /// Where rows are encoded before their size is known: they grow in here, and are copied once. It stays as large as the largest row.
    static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Encodes into bytes that are there already.
struct Into<'a>(&'a mut Vec<u8>);

impl Flavor for Into<'_> {
    type Output = ();

    // called for every byte of ids and numbers, from the crates of the rows
    #[inline]
    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.push(byte);
        Ok(())
    }

    #[inline]
    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

/// The bytes of a grave.
pub(crate) fn encode_grave(sequence: u64) -> Arc<[u8]> {
    Arc::from(head(TAG_GRAVE, sequence).as_slice())
}

/// The bytes of a mark.
pub(crate) fn encode_mark() -> Arc<[u8]> {
    Arc::from([].as_slice())
}

fn head(tag: u8, sequence: u64) -> [u8; HEAD_BYTES] {
    let mut head = [tag; HEAD_BYTES];
    head[1..].copy_from_slice(&sequence.to_be_bytes());
    head
}

/// The sequence of a grave; nothing for rows and marks.
pub(crate) fn grave(stored: &[u8]) -> Option<u64> {
    match stored.split_first_chunk::<HEAD_BYTES>() {
        Some(([TAG_GRAVE, sequence @ ..], [])) => Some(u64::from_be_bytes(*sequence)),
        _ => None,
    }
}

/// Takes stored bytes apart; a grave is not a row.
pub(crate) fn raw(table: Table, stored: &[u8]) -> Result<RawRow, StoreError> {
    let (sequence, value) = if stored.is_empty() { (0, stored) } else { row_parts(table, stored)? };
    Ok(RawRow { sequence, value: value.to_vec() })
}

/// Decodes a row; bytes that are left over are refused, because postcard would take them for nothing.
pub(crate) fn decode<T: DeserializeOwned>(table: Table, stored: &[u8]) -> Result<Row<T>, StoreError> {
    let (sequence, bytes) = row_parts(table, stored)?;
    match postcard::take_from_bytes(bytes) {
        Ok((value, [])) => Ok(Row { sequence, value }),
        _ => Err(StoreError::Undecodable { table: table.name }),
    }
}

/// Decodes what the fold sees; nothing stored is a key that was never folded.
pub(crate) fn decode_folded<T: DeserializeOwned>(table: Table, stored: Option<&[u8]>) -> Result<Folded<T>, StoreError> {
    let Some(stored) = stored else {
        return Ok(Folded { sequence: 0, value: None });
    };
    if let Some(sequence) = grave(stored) {
        return Ok(Folded { sequence, value: None });
    }
    let row = decode(table, stored)?;
    Ok(Folded { sequence: row.sequence, value: Some(row.value) })
}

fn row_parts(table: Table, stored: &[u8]) -> Result<(u64, &[u8]), StoreError> {
    match stored.split_first_chunk::<HEAD_BYTES>() {
        Some(([TAG_ROW, sequence @ ..], value)) => Ok((u64::from_be_bytes(*sequence), value)),
        _ => Err(StoreError::Undecodable { table: table.name }),
    }
}
