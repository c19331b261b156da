//! Reading at one moment: all of a unit or nothing of it, however many reads it takes.

use std::cmp::Ordering;
use std::ops::Range;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use crate::disk::OnDisk;
use crate::era::{Era, Overlay};
use crate::error::StoreError;
use crate::key::{Key, Prefix};
use crate::row::{self, RawRow, Row};
use crate::table::{Table, Tables};
use crate::unit::{self, Change, TreeKey};

/// Rows of one page; a caller that wants more asks again with `after`.
pub const SCAN_ROWS_MAX: usize = 10_000;

/// The rows as they were when the view was opened.
///
/// Hold it for one answer. While it is open the writer waits for it, for a few seconds at most; then it expires with
/// [`StoreError::ViewExpired`]. The thread that folds must not hold one while it applies: it would wait for itself that long.
#[derive(Debug)]
pub struct View {
    era: Arc<Era>,
    tables: Arc<Tables>,
    version: u64,
}

/// A key with what is stored under it.
type Stored = (Key, Arc<[u8]>);

/// Keys from one up to but without another, in the tree.
struct Span {
    from: Vec<u8>,
    to: Vec<u8>,
}

impl View {
    pub(crate) fn open(era: Arc<Era>, tables: Arc<Tables>) -> Result<Self, StoreError> {
        let version = era.open_view()?;
        Ok(Self { era, tables, version })
    }

    /// The row under a key.
    pub fn get<T: DeserializeOwned>(&self, table: Table, key: &Key) -> Result<Option<Row<T>>, StoreError> {
        let found = self.era.get_at(&unit::tree_key(&self.tables, table, key.as_bytes())?, self.version)?;
        visible(&found).map(|stored| row::decode(table, stored)).transpose()
    }

    /// Rows whose keys begin with a prefix, ascending, after a key if one is given; at most `limit`.
    pub fn scan<T: DeserializeOwned>(&self, table: Table, prefix: &Prefix, after: Option<&Key>, limit: usize) -> Result<Vec<(Key, Row<T>)>, StoreError> {
        self.decoded(table, self.stored(table, prefix, after, limit, false)?)
    }

    /// Rows whose keys begin with a prefix, descending, before a key if one is given; at most `limit`.
    pub fn scan_back<T: DeserializeOwned>(&self, table: Table, prefix: &Prefix, before: Option<&Key>, limit: usize) -> Result<Vec<(Key, Row<T>)>, StoreError> {
        self.decoded(table, self.stored(table, prefix, before, limit, true)?)
    }

    /// Rows from a key up to but without another, ascending; at most `limit`.
    pub fn scan_range<T: DeserializeOwned>(&self, table: Table, keys: Range<&Key>, limit: usize) -> Result<Vec<(Key, Row<T>)>, StoreError> {
        self.decoded(table, self.stored_range(table, keys, limit)?)
    }

    /// Keys that begin with a prefix, ascending, after a key if one is given; at most `limit`. For index entries.
    pub fn scan_keys(&self, table: Table, prefix: &Prefix, after: Option<&Key>, limit: usize) -> Result<Vec<Key>, StoreError> {
        Ok(self.stored(table, prefix, after, limit, false)?.into_iter().map(|(key, _)| key).collect())
    }

    /// Keys from one up to but without another, ascending; at most `limit`. For index entries: what is due by now?
    pub fn scan_keys_range(&self, table: Table, keys: Range<&Key>, limit: usize) -> Result<Vec<Key>, StoreError> {
        Ok(self.stored_range(table, keys, limit)?.into_iter().map(|(key, _)| key).collect())
    }

    /// Rows and marks as they are stored.
    pub fn scan_raw(&self, table: Table, prefix: &Prefix, after: Option<&Key>, limit: usize) -> Result<Vec<(Key, RawRow)>, StoreError> {
        let found = self.stored(table, prefix, after, limit, false)?;
        found.into_iter().map(|(key, stored)| Ok((key, row::raw(table, &stored)?))).collect()
    }

    fn decoded<T: DeserializeOwned>(&self, table: Table, found: Vec<Stored>) -> Result<Vec<(Key, Row<T>)>, StoreError> {
        found.into_iter().map(|(key, stored)| Ok((key, row::decode(table, &stored)?))).collect()
    }

    fn stored(&self, table: Table, prefix: &Prefix, beyond: Option<&Key>, limit: usize, backwards: bool) -> Result<Vec<Stored>, StoreError> {
        let from = unit::tree_key(&self.tables, table, prefix.as_bytes())?.to_vec();
        let to = end_of_prefix(&from);
        let mut span = Span { from, to };
        if let Some(beyond) = beyond {
            let beyond = unit::tree_key(&self.tables, table, beyond.as_bytes())?;
            if backwards {
                span.to = span.to.min(beyond.to_vec());
            } else {
                span.from = span.from.max(just_after(&beyond));
            }
        }
        self.walk(span, limit, backwards)
    }

    fn stored_range(&self, table: Table, keys: Range<&Key>, limit: usize) -> Result<Vec<Stored>, StoreError> {
        let from = unit::tree_key(&self.tables, table, keys.start.as_bytes())?.to_vec();
        let to = unit::tree_key(&self.tables, table, keys.end.as_bytes())?.to_vec();
        self.walk(Span { from, to }, limit, false)
    }

    /// Merges what is dirty over what is on disk, piece by piece, so that no lock is held while the disk is read.
    fn walk(&self, mut span: Span, limit: usize, backwards: bool) -> Result<Vec<Stored>, StoreError> {
        if limit > SCAN_ROWS_MAX {
            return Err(StoreError::TooLarge { what: "a page", size: limit, limit: SCAN_ROWS_MAX });
        }
        let mut found = Vec::new();
        while span.from < span.to && found.len() < limit {
            let Overlay { changes, edge } = self.era.overlay(&span.from, &span.to, backwards, self.version)?;
            let (from, to) = match &edge {
                Some(edge) if backwards => (edge, &span.to),
                Some(edge) => (&span.from, edge),
                None => (&span.from, &span.to),
            };
            merge(self.era.disk.walk(from, to, backwards)?, changes, backwards, limit, &mut found)?;
            match edge {
                Some(edge) if backwards => span.to = edge,
                Some(edge) => span.from = edge,
                None => break,
            }
        }
        self.era.check_view(self.version)?;
        Ok(found)
    }
}

impl Drop for View {
    fn drop(&mut self) {
        self.era.close_view(self.version);
    }
}

/// Merges two walks in the same direction; where both have a key, the dirty change counts.
fn merge(
    disk: impl Iterator<Item = OnDisk>,
    changes: Vec<(TreeKey, Change)>,
    backwards: bool,
    limit: usize,
    found: &mut Vec<Stored>,
) -> Result<(), StoreError> {
    let mut disk = disk.peekable();
    let mut changes = changes.into_iter().peekable();
    while found.len() < limit {
        let order = match (disk.peek(), changes.peek()) {
            (None, None) => break,
            (Some(Err(error)), _) => return Err(error.clone()),
            (Some(Ok(_)), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(Ok((on_disk, _))), Some((changed, _))) if backwards => changed.cmp(on_disk),
            (Some(Ok((on_disk, _))), Some((changed, _))) => on_disk.cmp(changed),
        };
        let (key, stored) = if order == Ordering::Less {
            let Some((key, stored)) = disk.next().transpose()? else {
                break;
            };
            (key, Some(stored))
        } else {
            if order == Ordering::Equal {
                disk.next();
            }
            let Some(changed) = changes.next() else { break };
            changed
        };
        if visible(&stored).is_some()
            && let Some(stored) = stored
        {
            found.push((Key::from_stored(&key[1..]), stored));
        }
    }
    Ok(())
}

/// What a reader sees of a change: graves and removed keys are nothing.
pub(crate) fn visible(change: &Change) -> Option<&[u8]> {
    change.as_deref().filter(|stored| row::grave(stored).is_none())
}

/// The first key that does not begin with a prefix. Table bytes stay below 255, so there is one.
fn end_of_prefix(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while end.last() == Some(&u8::MAX) {
        end.pop();
    }
    if let Some(last) = end.last_mut() {
        *last += 1;
    }
    end
}

fn just_after(key: &[u8]) -> Vec<u8> {
    let mut after = key.to_vec();
    after.push(0);
    after
}
