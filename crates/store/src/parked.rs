//! What a fold of the log could not read and set aside: shown to the operator, never skipped in silence.
//!
//! Every service that sets commits aside does it here, so that all of them say the same of it in the same words.

use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::key::{Key, Prefix};
use crate::store::Store;
use crate::table::Table;
use crate::unit::Unit;
use crate::view::SCAN_ROWS_MAX;

/// Commits that were set aside, by sequence: a table of every service that does so.
pub const PARKED: Table = Table::new("parked", 1);

/// Most set-aside commits that are listed.
pub const PARKED_LISTED_MAX: usize = 100;

/// A commit that could not be read and was set aside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parked {
    /// Its sequence.
    pub sequence: u64,
    /// What is wrong with it; nothing of what it holds.
    pub reason: String,
}

/// What was set aside so far: rows, and therefore still there after a restart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ParkedList {
    /// How many commits.
    pub parked: usize,
    /// The last of them, the youngest first; at most [`PARKED_LISTED_MAX`].
    pub parked_last: Vec<Parked>,
}

impl Parked {
    /// The row that says so.
    #[must_use]
    pub fn unit(&self) -> Unit {
        Unit::new(self.sequence).put(PARKED, Key::deployment().u64(self.sequence), self)
    }
}

impl ParkedList {
    /// What the fold of a store has set aside.
    ///
    /// # Errors
    /// When the store cannot be read, or was not opened with [`PARKED`].
    pub fn of(store: &Store) -> Result<Self, StoreError> {
        let (view, prefix) = (store.view()?, Prefix::all_of_deployment_table());
        let last = view.scan_back::<Parked>(PARKED, &prefix, None, PARKED_LISTED_MAX)?;
        let (mut parked, mut after) = (0, None);
        loop {
            let keys = view.scan_keys(PARKED, &prefix, after.as_ref(), SCAN_ROWS_MAX)?;
            parked += keys.len();
            if keys.len() < SCAN_ROWS_MAX {
                return Ok(Self { parked, parked_last: last.into_iter().map(|(_, row)| row.value).collect() });
            }
            after = keys.last().cloned();
        }
    }

    /// Adds what the fold has set aside just now; nothing when it was added before, as after a crash.
    pub fn add(&mut self, parked: Parked) {
        // a fold goes forward: what is not younger than the youngest is a row that was there already
        if self.parked_last.first().is_some_and(|youngest| parked.sequence <= youngest.sequence) {
            return;
        }
        self.parked += 1;
        self.parked_last.insert(0, parked);
        self.parked_last.truncate(PARKED_LISTED_MAX);
    }
}
