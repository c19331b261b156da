//! What can have happened to a record.

use serde::{Deserialize, Serialize};

use crate::{
    Event,
    event::DecodeError,
    values::{CommandId, Personal, Private, Timestamp},
};

/// An event by name and bytes, as it stands on the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredEvent {
    /// Its name.
    pub name: String,
    /// Its payload.
    pub payload: Vec<u8>,
}

/// A command was taken back. It repeats the facts that leave every fold, so that a fold finds the rows it must take them from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Retracted {
    /// The command that was taken back.
    pub command: CommandId,
    /// When what it said had happened.
    pub at: Timestamp,
    /// Its events, as they stand on the log.
    pub events: Vec<StoredEvent>,
    /// Why.
    pub private: Option<Private>,
}

impl Retracted {
    /// The events that leave every fold.
    ///
    /// # Errors
    /// Those of [`Event::decode`].
    pub fn facts(&self) -> Result<Vec<Event>, DecodeError> {
        self.events.iter().map(|stored| Event::decode(&stored.name, &stored.payload)).collect()
    }
}

impl Personal for Retracted {
    fn each_private(&mut self, visit: &mut dyn FnMut(&mut Private)) {
        // the repeated events are bytes that were sealed long ago
        self.private.each_private(visit);
    }
}
