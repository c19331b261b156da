//! What is known of a checkpoint, and of an entry that waits.

use serde::{Deserialize, Serialize};

use super::{Direction, Kind};
use crate::values::{CheckpointId, Place, QuarantineId, Slug, Subject, Timestamp};

/// What is known of a checkpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// What it is called.
    pub name: String,
    /// What kind.
    pub kind: Kind,
    /// The estates or buildings behind it.
    pub serves: Vec<Slug>,
    /// Since when it is closed.
    pub closed_at: Option<Timestamp>,
}

/// What is known of an entry that waits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EntryState {
    /// The checkpoint.
    pub checkpoint: CheckpointId,
    /// In or out.
    pub direction: Direction,
    /// Who.
    pub who: Subject,
    /// Where they belonged.
    pub home: Option<Place>,
    /// Orders they were under.
    pub orders: Vec<QuarantineId>,
}
