//! What can be asked of a checkpoint.

use serde::Deserialize;

use super::{Direction, EntryResult, Kind};
use crate::values::{CheckpointId, CommandId, PersonId, ReadingInput, Slug, Unregistered};

/// What can be asked of a checkpoint.
#[derive(Clone, Debug)]
pub enum Command {
    /// Open it, or correct its file.
    Open(Open),
    /// Close it.
    Close(Close),
    /// Somebody came to it.
    RecordEntry(RecordEntry),
    /// Somebody who waited was let in, or not.
    SettleEntry(SettleEntry),
}

/// `checkpoint.open`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Open {
    /// The checkpoint.
    pub checkpoint: CheckpointId,
    /// What it is called.
    pub name: String,
    /// What kind.
    pub kind: Kind,
    /// The estates or buildings behind it.
    #[serde(default)]
    pub serves: Vec<Slug>,
}

/// `checkpoint.close`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Close {
    /// The checkpoint.
    pub checkpoint: CheckpointId,
}

/// A vehicle with those inside.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VehicleInput {
    /// Sealed.
    pub plate: String,
    /// How many people sit in it, the driver included.
    pub occupants: u8,
}

/// `entry.record`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordEntry {
    /// The checkpoint.
    pub checkpoint: CheckpointId,
    /// In or out.
    pub direction: Direction,
    /// A registered person,
    pub person: Option<PersonId>,
    /// or somebody without a file.
    pub unregistered: Option<Unregistered>,
    /// One per vehicle: its occupants are reconciled.
    pub trip: Option<Slug>,
    /// The vehicle.
    pub vehicle: Option<VehicleInput>,
    /// Temperatures, the re-measure second.
    #[serde(default)]
    pub readings: Vec<ReadingInput>,
    /// The identity card was looked at.
    pub id_checked: bool,
    /// Number of the pass; sealed.
    pub pass: Option<String>,
    /// The pass was looked at.
    pub pass_checked: bool,
    /// The card is theirs.
    pub id_match: Option<bool>,
    /// Whom they visit; sealed.
    pub host: Option<String>,
    /// What for; sealed.
    pub purpose: Option<String>,
    /// Where from; sealed.
    pub from: Option<String>,
    /// What became of it.
    pub result: EntryResult,
    /// Why; sealed.
    pub reason: Option<String>,
}

/// `entry.settle`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SettleEntry {
    /// The command that recorded the entry.
    pub entry: CommandId,
    /// What became of it.
    pub result: EntryResult,
    /// Temperatures taken since.
    #[serde(default)]
    pub readings: Vec<ReadingInput>,
}
