//! What can have happened to a community.

use serde::{Deserialize, Serialize};

use super::policy::Change;
use crate::values::{Personal, Private, Timestamp, TownId, without_private};

/// A community began.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Founded {
    /// The town it belongs to.
    pub town: TownId,
    /// What the town is called.
    pub town_name: String,
    /// What it is called.
    pub name: String,
    /// IANA name of its zone.
    pub time_zone: String,
}

/// It, or its town, is called something else now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Renamed {
    /// What it is called.
    pub name: String,
    /// What the town is called.
    pub town_name: String,
}

/// Some parameters changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PolicyChanged {
    /// From when on.
    pub effective_from: Timestamp,
    /// What changed.
    pub change: Change,
    /// Why it reaches into the past.
    pub private: Option<Private>,
}

/// The log was restored from a backup: what came after `restored_to_sequence` in the old history is gone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HistoryRestored {
    /// The epoch that begins.
    pub epoch: u32,
    /// Last sequence of the backup.
    pub restored_to_sequence: u64,
}

without_private!(Founded, Renamed, HistoryRestored);

impl Personal for PolicyChanged {
    fn each_private(&mut self, visit: &mut dyn FnMut(&mut Private)) {
        self.private.each_private(visit);
    }
}
