//! A cache of folded rows that remembers how far the fold came, and one note beside them that no fold brings back ([`Store::note`]).
//!
//! The log is the truth; this folder can be deleted at any time while the process is stopped, and a fold from the start
//! brings it back equal. That is why a write is answered from memory and reaches the disk later, and why a damaged folder
//! is put aside and started anew instead of being repaired.
//!
//! ```text
//!             fold (one thread)                        readers (any thread)
//!                  │ apply(units), advance(position)        │ get, scan, view
//!                  ▼                                        ▼
//!   units ──▶  dirty layer  ──swap──▶  writing layer  ──▶  disk       a read asks the three in this order
//!                                           │
//!                       batches of rows that belong together, the checkpoint LAST
//! ```
//!
//! What holds after a crash at any moment:
//! 1. What one [`Unit`] changes is on disk together or not at all.
//! 2. The checkpoint never runs ahead of its rows. Rows may run ahead of the checkpoint: every row carries the sequence it
//!    was folded to, so the fold skips for that row what the row already holds ([`Row::folds`], [`Folded::folds`]).
//! 3. The folder holds the rows of one set of tables from one history, or it is empty.
//!
//! Rooms: [`Key`] (what a row is called), [`Table`] (where it lies), [`Row`] (what lies there), [`Unit`] (what changes
//! together), [`Store`] (the door), [`View`] (reading at one moment), [`Parked`] (what a fold set aside); inside, the dirty layer, the writer thread and the disk.

mod compare;
mod dirty;
mod disk;
mod era;
mod error;
mod folder;
mod key;
mod parked;
mod row;
mod store;
mod table;
mod unit;
mod view;
mod writer;

pub use compare::{Comparison, DIFFERENCES_MAX, Difference, compare};
pub use error::{Cause, StoreError};
pub use key::{Key, KeyMismatch, KeyReader, Prefix};
pub use parked::{PARKED, PARKED_LISTED_MAX, Parked, ParkedList};
pub use row::{Folded, RawRow, Row};
#[doc(hidden)]
pub use store::Faults;
pub use store::{Options, Stats, Store};
pub use table::{TABLES_MAX, Table};
pub use unit::{KEY_BYTES_MAX, ROW_BYTES_MAX, UNIT_OPS_MAX, Unit};
pub use view::{SCAN_ROWS_MAX, View};
