//! What medicine can have said.

use serde::{Deserialize, Serialize};

use crate::values::{PersonId, Personal, Place, Private, Slug, Subject, coded};

coded! {
    /// What a doctor or a nurse found.
    Finding {
        /// Not infected: fever or symptoms are no matter of the epidemic.
        NotInfected = 1 "not_infected",
        /// Another illness explains fever or symptoms.
        OtherIllness = 2 "other_illness",
        /// May be infected (疑似).
        Suspected = 3 "suspected",
        /// Infected (确诊).
        Confirmed = 4 "confirmed",
        /// Was infected, and is well again.
        Recovered = 5 "recovered",
        /// Died.
        Died = 6 "died",
    }
}

impl Finding {
    /// Whether it says that somebody is not infected: the matter is over for them, and for those who live with them.
    pub const fn excludes(self) -> bool {
        match self {
            Self::NotInfected | Self::OtherIllness => true,
            Self::Suspected | Self::Confirmed | Self::Recovered | Self::Died => false,
        }
    }

    /// Whether it says that somebody is, or may be, infected now.
    pub const fn is_case(self) -> bool {
        match self {
            Self::Suspected | Self::Confirmed => true,
            Self::NotInfected | Self::OtherIllness | Self::Recovered | Self::Died => false,
        }
    }
}

/// A doctor or a nurse said what somebody has, or has not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FindingRecorded {
    /// Of whom.
    pub who: Subject,
    /// What was found.
    pub finding: Finding,
    /// Where they lived then, if that is known.
    pub home: Option<Place>,
    /// Who lived or stayed there with them, as far as they have files: a finding concerns them, too.
    pub housemates: Vec<PersonId>,
    /// Where it was found.
    pub facility: Option<Slug>,
    /// Document and note; name and papers of somebody without a file.
    pub private: Option<Private>,
}

impl Personal for FindingRecorded {
    fn each_private(&mut self, visit: &mut dyn FnMut(&mut Private)) {
        self.private.each_private(visit);
    }
}
