//! What can have happened to a silence.

use serde::{Deserialize, Serialize};

use crate::values::{BuildingId, CommandId, Personal, Private, Slug, Timestamp, without_private};

/// It began. Who began it stands in the header.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Started {
    /// The command that began it.
    pub silence: CommandId,
    /// The kind of alerts; every kind when absent.
    pub kind: Option<Slug>,
    /// The building; every building when absent.
    pub building: Option<BuildingId>,
    /// Until when.
    pub until: Timestamp,
    /// Why.
    pub private: Option<Private>,
}

/// It was ended by hand, before its time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ended {
    /// The command that began it.
    pub silence: CommandId,
}

without_private!(Ended);

impl Personal for Started {
    fn each_private(&mut self, visit: &mut dyn FnMut(&mut Private)) {
        self.private.each_private(visit);
    }
}
