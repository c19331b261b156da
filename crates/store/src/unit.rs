//! What must become visible, and reach the disk, together.

use std::sync::Arc;

use serde::Serialize;

use crate::error::StoreError;
use crate::key::Key;
use crate::row;
use crate::table::{Table, Tables};

/// Bytes of a key, with its table.
pub const KEY_BYTES_MAX: usize = 1024;
/// Bytes of one encoded row.
pub const ROW_BYTES_MAX: usize = 256 * 1024;
/// Operations of one unit. A unit is one batch of the disk, and sled's memory grows with the size of a batch.
pub const UNIT_OPS_MAX: usize = 1000;

/// A row together with its index entries: what one event changes and what must never be torn apart.
///
/// After a crash the fold skips an event for a row that already holds it. If the row could be on disk without its index
/// entry, nobody would ever write that entry. So everything that the fold derives *from the old value of a row* belongs into
/// the row's unit; a row that only depends on the event itself has a unit of its own.
///
/// Units that share a key are written in one batch, whichever rows they are about. Keep a row that many others would write
/// to (a count of the whole community) in a unit of its own, or it ties all of them into one batch.
#[derive(Clone, Debug)]
pub struct Unit {
    sequence: u64,
    ops: Vec<Op>,
    refused: Option<StoreError>,
}

#[derive(Clone, Debug)]
struct Op {
    table: Table,
    key: Key,
    change: Change,
}

/// What is to lie under a key; nothing means that the key is to be gone.
pub(crate) type Change = Option<Arc<[u8]>>;

/// A key with its table in front, as it lies in the tree.
pub(crate) type TreeKey = Arc<[u8]>;

impl Unit {
    /// Starts a unit for what the event with this sequence changes.
    ///
    /// What changes by time alone, with no event, carries the sequence of the store's position.
    pub fn new(sequence: u64) -> Self {
        Self { sequence, ops: Vec::new(), refused: None }
    }

    /// Puts a row. A value that cannot be encoded, or is too large, is reported by [`Store::apply`](crate::Store::apply).
    #[must_use]
    pub fn put<T: Serialize>(mut self, table: Table, key: Key, value: &T) -> Self {
        match row::encode(table, self.sequence, value) {
            Ok(bytes) if bytes.len() > ROW_BYTES_MAX => {
                self.refuse(StoreError::TooLarge { what: "a row", size: bytes.len(), limit: ROW_BYTES_MAX });
                self
            }
            Ok(bytes) => self.push(table, key, Some(bytes)),
            Err(error) => {
                self.refuse(error);
                self
            }
        }
    }

    /// Deletes a row. That it was deleted by this sequence is remembered until the checkpoint has passed it.
    #[must_use]
    pub fn delete(self, table: Table, key: Key) -> Self {
        let grave = row::encode_grave(self.sequence);
        self.push(table, key, Some(grave))
    }

    /// Puts an index entry: a key with nothing under it.
    #[must_use]
    pub fn mark(self, table: Table, key: Key) -> Self {
        self.push(table, key, Some(row::encode_mark()))
    }

    /// Takes an index entry away.
    #[must_use]
    pub fn unmark(self, table: Table, key: Key) -> Self {
        self.push(table, key, None)
    }

    /// Takes in what another unit changes: rows of several events that must not be torn apart, each with its own sequence.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.sequence = self.sequence.min(other.sequence);
        self.ops.extend(other.ops);
        if let Some(error) = other.refused {
            self.refuse(error);
        }
        self
    }

    /// Bytes of the rows that it puts.
    pub fn bytes(&self) -> usize {
        self.ops.iter().filter_map(|op| op.change.as_ref()).map(|bytes| bytes.len()).sum()
    }

    /// The sequence of the event; of several, the first.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Why [`Store::apply`](crate::Store::apply) will refuse it, as far as can be said without a store: a value that is too large
    /// or cannot be encoded. Whoever can still decide otherwise asks before it is too late.
    pub fn refusal(&self) -> Option<&StoreError> {
        self.refused.as_ref()
    }

    /// Whether the unit changes nothing.
    pub fn is_empty(&self) -> bool {
        self.ops.is_empty() && self.refused.is_none()
    }

    fn push(mut self, table: Table, key: Key, change: Change) -> Self {
        self.ops.push(Op { table, key, change });
        self
    }

    fn refuse(&mut self, error: StoreError) {
        self.refused.get_or_insert(error);
    }

    /// The operations with their place in the tree, in the order in which they were asked for.
    pub(crate) fn resolve(self, tables: &Tables) -> Result<Vec<(TreeKey, Change)>, StoreError> {
        if let Some(error) = self.refused {
            return Err(error);
        }
        if self.ops.len() > UNIT_OPS_MAX {
            return Err(StoreError::TooLarge { what: "a unit", size: self.ops.len(), limit: UNIT_OPS_MAX });
        }
        self.ops.into_iter().map(|op| Ok((tree_key(tables, op.table, op.key.as_bytes())?, op.change))).collect()
    }
}

/// Where a key of a table lies in the tree.
pub(crate) fn tree_key(tables: &Tables, table: Table, key: &[u8]) -> Result<TreeKey, StoreError> {
    let mut bytes = Vec::with_capacity(key.len() + 1);
    bytes.push(tables.byte(table)?);
    bytes.extend_from_slice(key);
    if bytes.len() > KEY_BYTES_MAX {
        return Err(StoreError::TooLarge { what: "a key", size: bytes.len(), limit: KEY_BYTES_MAX });
    }
    Ok(Arc::from(bytes))
}
