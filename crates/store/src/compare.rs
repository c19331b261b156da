//! Two stores side by side: the rows of a running fold against those of a fresh one.

use serde::Serialize;

use crate::{Key, Prefix, RawRow, SCAN_ROWS_MAX, Store, StoreError, Table};

/// Most differences that are named; the rest is counted.
pub const DIFFERENCES_MAX: usize = 100;
/// Rows compared at once.
const ROWS_PER_PAGE: usize = 1000;
const _: () = assert!(ROWS_PER_PAGE <= SCAN_ROWS_MAX);

/// A row that is not as a fresh fold makes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The table.
    pub table: &'static str,
    /// The key, by its parts. Ids mean nothing by themselves.
    pub key: String,
    /// `missing`, `surplus` or `other`.
    pub kind: &'static str,
}

/// What comparing rows found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// Up to which commit.
    pub sequence: u64,
    /// Rows and index entries compared.
    pub rows: u64,
    /// How many differ.
    pub differing: u64,
    /// The first of them.
    pub differences: Vec<Difference>,
}

/// Compares these tables of a live store with those of a fresh one that was folded up to `sequence`. The live one may go on meanwhile:
/// rows that it has folded further are left out, so its tables must be of the kind whose rows are never deleted, or stand still.
///
/// # Errors
/// [`StoreError`] when one of the two cannot be read.
pub fn compare(live: &Store, fresh: &Store, tables: &[Table], sequence: u64) -> Result<Comparison, StoreError> {
    let mut found = Comparison { sequence, ..Comparison::default() };
    for table in tables {
        for prefix in [Prefix::all_communities_of_table(), Prefix::all_of_deployment_table()] {
            compare_table(live, fresh, *table, &prefix, &mut found)?;
        }
    }
    Ok(found)
}

/// Walks two stores side by side, a page at a time.
fn compare_table(live: &Store, fresh: &Store, table: Table, prefix: &Prefix, found: &mut Comparison) -> Result<(), StoreError> {
    let (mut left, mut right) = (Pages::new(live, table, prefix), Pages::new(fresh, table, prefix));
    let (mut have, mut want) = (left.next()?, right.next()?);
    loop {
        let (kind, key) = match (&have, &want) {
            (None, None) => return Ok(()),
            (Some((key, _)), Some((wanted, _))) if key < wanted => ("surplus", key.clone()),
            (Some((key, row)), Some((wanted, other))) if key == wanted => (if row == other { "" } else { "other" }, key.clone()),
            (Some((key, _)), None) => ("surplus", key.clone()),
            (_, Some((key, _))) => ("missing", key.clone()),
        };
        let further = kind != "missing" && have.as_ref().is_some_and(|(_, row)| row.sequence > found.sequence);
        found.rows += 1;
        if !kind.is_empty() && !further {
            found.differing += 1;
            if found.differences.len() < DIFFERENCES_MAX {
                found.differences.push(Difference { table: table.name, key: format!("{key:?}"), kind });
            }
        }
        if kind != "missing" {
            have = left.next()?;
        }
        if kind != "surplus" {
            want = right.next()?;
        }
    }
}

/// Rows of a table one after the other, read by the page.
struct Pages<'a> {
    store: &'a Store,
    table: Table,
    prefix: &'a Prefix,
    page: std::vec::IntoIter<(Key, RawRow)>,
    last: Option<Key>,
    done: bool,
}

impl<'a> Pages<'a> {
    fn new(store: &'a Store, table: Table, prefix: &'a Prefix) -> Self {
        Self { store, table, prefix, page: Vec::new().into_iter(), last: None, done: false }
    }

    fn next(&mut self) -> Result<Option<(Key, RawRow)>, StoreError> {
        if self.page.len() == 0 && !self.done {
            let page = self.store.scan_raw(self.table, self.prefix, self.last.as_ref(), ROWS_PER_PAGE)?;
            self.done = page.len() < ROWS_PER_PAGE;
            self.last = page.last().map(|(key, _)| key.clone()).or(self.last.take());
            self.page = page.into_iter();
        }
        Ok(self.page.next())
    }
}
