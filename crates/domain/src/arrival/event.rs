//! What can have been said of an arrival.

use serde::{Deserialize, Serialize};

use crate::values::{Day, Personal, Place, Private, Subject};

/// Somebody told that they had arrived.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Declared {
    /// Who.
    pub who: Subject,
    /// Where they stay, if that is known.
    pub place: Option<Place>,
    /// The day on which they arrived.
    pub arrived_on: Day,
    /// Where they came from; name and papers of somebody without a file.
    pub private: Option<Private>,
}

impl Personal for Declared {
    fn each_private(&mut self, visit: &mut dyn FnMut(&mut Private)) {
        self.private.each_private(visit);
    }
}
