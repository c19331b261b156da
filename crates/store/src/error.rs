//! What can go wrong, told apart by what the caller can do about it.

use std::error::Error;
use std::sync::Arc;

/// Why something failed, shared because every later caller is told the same reason.
pub type Cause = Arc<dyn Error + Send + Sync>;

/// An error of the store. No text carries a key or a value: rows may be about people.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// Another store has this folder open: stop the other one first. Nothing was changed.
    #[error("the store folder is in use by another process")]
    InUse,
    /// The folder cannot be read or written (rights, space, a missing disk): for the operator to repair.
    #[error("the store folder cannot be used")]
    Folder(#[source] Arc<std::io::Error>),
    /// Reading or writing rows failed while the store ran. Nothing more is written: stop the process, or `clear` and fold anew.
    #[error("the store failed")]
    Failed(#[source] Cause),
    /// A row does not decode as the type it was asked for: the type changed without a new version of its table.
    #[error("a row of table {table} does not decode")]
    Undecodable {
        /// The name of the table.
        table: &'static str,
    },
    /// A value cannot be encoded.
    #[error("a row of table {table} does not encode")]
    Unencodable {
        /// The name of the table.
        table: &'static str,
        /// What the encoder said.
        #[source]
        source: postcard::Error,
    },
    /// The table was not declared when the store was opened, or with another version: a mistake in the program.
    #[error("table {table} was not declared to this store")]
    UnknownTable {
        /// The name of the table.
        table: &'static str,
    },
    /// The declared tables are too many, or one name stands there twice: a mistake in the program.
    #[error("the declared tables are too many or not distinct")]
    Tables,
    /// A row, a key, a unit or a page is larger than its limit; nothing was applied.
    #[error("{what} of {size} exceeds the limit of {limit}")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// How large it is, in the unit of the limit.
        size: usize,
        /// The limit.
        limit: usize,
    },
    /// The fold went back: a unit or a position lies before what is already said to be applied. Nothing was applied.
    #[error("sequence {sequence} lies before the position {position} of the store")]
    Backwards {
        /// The sequence that was handed in.
        sequence: u64,
        /// The sequence of the store's position.
        position: u64,
    },
    /// The position is of another stream than the rows: `clear` first.
    #[error("the position belongs to another stream than the rows")]
    OtherStream,
    /// The view was held so long that the writer could not wait for it any more: take a new one and read again.
    #[error("the view was held for too long")]
    ViewExpired,
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
}

impl StoreError {
    pub(crate) fn folder(source: std::io::Error) -> Self {
        Self::Folder(Arc::new(source))
    }

    pub(crate) fn failed(source: impl Error + Send + Sync + 'static) -> Self {
        Self::Failed(Arc::new(source))
    }
}
