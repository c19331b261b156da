//! What can have happened at a checkpoint.

use serde::{Deserialize, Serialize};

use crate::values::{CheckpointId, CommandId, Personal, Place, Private, QuarantineId, Reading, Slug, Subject, coded, without_private};

coded! {
    /// What kind of checkpoint.
    Kind {
        /// The gate of an estate.
        Gate = 1 "gate",
        /// A street post.
        Street = 2 "street",
        /// The way into a village.
        Village = 3 "village",
        /// A road block.
        Road = 4 "road",
        /// The door of a quarantine site.
        Facility = 5 "facility",
        /// The door of a workplace.
        Workplace = 6 "workplace",
        /// A health point.
        HealthPoint = 7 "health_point",
        /// A square or a market.
        Plaza = 8 "plaza",
    }
}

coded! {
    /// Which way somebody went.
    Direction {
        /// Into the place behind it.
        In = 1 "in",
        /// Out of it.
        Out = 2 "out",
    }
}

coded! {
    /// What became of somebody at a checkpoint.
    EntryResult {
        /// Let through.
        Admitted = 1 "admitted",
        /// Not let through.
        TurnedBack = 2 "turned_back",
        /// Waits, usually for a second measurement.
        Waiting = 3 "waiting",
        /// Sent to the fever clinic.
        SentToClinic = 4 "sent_to_clinic",
    }
}

/// It was opened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Opened {
    /// The checkpoint.
    pub checkpoint: CheckpointId,
    /// What it is called.
    pub name: String,
    /// What kind.
    pub kind: Kind,
    /// The estates or buildings behind it.
    pub serves: Vec<Slug>,
}

/// It is called something else now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Renamed {
    /// The checkpoint.
    pub checkpoint: CheckpointId,
    /// What it is called.
    pub name: String,
}

/// It is another kind, or other places lie behind it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reassigned {
    /// The checkpoint.
    pub checkpoint: CheckpointId,
    /// What kind.
    pub kind: Kind,
    /// The estates or buildings behind it.
    pub serves: Vec<Slug>,
}

/// It was closed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Closed {
    /// The checkpoint.
    pub checkpoint: CheckpointId,
}

/// Somebody came to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EntryRecorded {
    /// The checkpoint.
    pub checkpoint: CheckpointId,
    /// In or out.
    pub direction: Direction,
    /// Who.
    pub who: Subject,
    /// Where they belonged at that time.
    pub home: Option<Place>,
    /// Orders they were under at that time.
    pub orders: Vec<QuarantineId>,
    /// One per vehicle.
    pub trip: Option<Slug>,
    /// How many people sat in the vehicle.
    pub occupants: Option<u8>,
    /// Temperatures.
    pub readings: Vec<Reading>,
    /// The identity card was looked at.
    pub id_checked: bool,
    /// The pass was looked at.
    pub pass_checked: bool,
    /// The card is theirs.
    pub id_match: Option<bool>,
    /// What became of it.
    pub result: EntryResult,
    /// Plate, pass, host, purpose, from, reason; name and papers of somebody without a file.
    pub private: Option<Private>,
}

/// Somebody who waited was let through, or not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EntrySettled {
    /// The command that recorded the entry.
    pub entry: CommandId,
    /// The checkpoint.
    pub checkpoint: CheckpointId,
    /// In or out.
    pub direction: Direction,
    /// Who.
    pub who: Subject,
    /// Where they belonged at that time.
    pub home: Option<Place>,
    /// Orders they were under at that time.
    pub orders: Vec<QuarantineId>,
    /// Temperatures taken since.
    pub readings: Vec<Reading>,
    /// What became of it.
    pub result: EntryResult,
}

without_private!(Opened, Renamed, Reassigned, Closed, EntrySettled);

impl Personal for EntryRecorded {
    fn each_private(&mut self, visit: &mut dyn FnMut(&mut Private)) {
        self.private.each_private(visit);
    }
}
