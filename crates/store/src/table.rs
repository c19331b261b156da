//! Which tables there are, and where their rows lie in the one tree.
//!
//! All rows share one sled tree: many trees made sled grow without bound. A table is one leading byte.

use crate::error::StoreError;

/// Tables a store can hold; one byte tells them apart, and the lowest is the store's own.
pub const TABLES_MAX: usize = 250;

/// The leading byte of what the store writes about itself.
pub(crate) const TABLE_BYTE_OF_STORE: u8 = 0;

/// A kind of row, declared by the service that folds it.
///
/// The version changes with the shape of the rows *and* with what the fold puts into them: a store that was written with
/// another set of tables starts empty and is folded anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Table {
    /// The name, unique within a store.
    pub name: &'static str,
    /// The version of rows and fold.
    pub version: u32,
}

impl Table {
    /// Declares a table.
    pub const fn new(name: &'static str, version: u32) -> Self {
        Self { name, version }
    }
}

/// The declared tables, sorted by name; the place in this order gives the leading byte.
#[derive(Clone, Debug)]
pub(crate) struct Tables(Vec<Table>);

impl Tables {
    pub(crate) fn new(mut tables: Vec<Table>) -> Result<Self, StoreError> {
        tables.sort_unstable();
        let twice = tables.windows(2).any(|pair| pair[0].name == pair[1].name);
        if twice || tables.len() > TABLES_MAX { Err(StoreError::Tables) } else { Ok(Self(tables)) }
    }

    /// The leading byte of a table's rows.
    pub(crate) fn byte(&self, table: Table) -> Result<u8, StoreError> {
        self.0.binary_search(&table).ok().and_then(|place| u8::try_from(place + 1).ok()).ok_or(StoreError::UnknownTable { table: table.name })
    }

    /// What the folder remembers of the tables, to be compared when it is opened again.
    pub(crate) fn fingerprint(&self, format: u32) -> Vec<u8> {
        let mut text = format!("store format {format}");
        for table in &self.0 {
            text.push_str(&format!("\n{} {}", table.name, table.version));
        }
        text.into_bytes()
    }
}
