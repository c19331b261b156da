//! What can have happened to a household's file.

use serde::{Deserialize, Serialize};

use crate::values::{HouseholdId, PersonId, Personal, Place, Private, QuarantineId, without_private};

/// Its file was opened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Registered {
    /// The household.
    pub household: HouseholdId,
    /// Where it is; its own id stands in it.
    pub place: Place,
    /// Label, part, code, phones.
    pub private: Option<Private>,
    /// Tells a changed file from the same one.
    pub file_fingerprint: u64,
}

/// Its unit, floor or door had been written down wrongly.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DoorCorrected {
    /// The household.
    pub household: HouseholdId,
    /// Where it was thought to be, so that folds can move it.
    pub from: Place,
    /// Where it is: the same building.
    pub to: Place,
}

/// Its label, part, code or phones are other than was thought.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FileCorrected {
    /// The household.
    pub household: HouseholdId,
    /// Where it is.
    pub place: Place,
    /// Label, part, code, phones.
    pub private: Option<Private>,
    /// Tells a changed file from the same one.
    pub file_fingerprint: u64,
}

/// Somebody of it was taken to hospital, or found to be there: those who live with them, as far as they have files, may be infected.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exposed {
    /// Who was taken there.
    pub person: PersonId,
    /// By which order.
    pub quarantine: QuarantineId,
    /// Where they lived.
    pub place: Place,
    /// Who lives or stays there with them.
    pub housemates: Vec<PersonId>,
}

without_private!(DoorCorrected, Exposed);

impl Personal for Registered {
    fn each_private(&mut self, visit: &mut dyn FnMut(&mut Private)) {
        self.private.each_private(visit);
    }
}

impl Personal for FileCorrected {
    fn each_private(&mut self, visit: &mut dyn FnMut(&mut Private)) {
        self.private.each_private(visit);
    }
}
