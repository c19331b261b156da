//! What can be asked about visits.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Basis, Mode, NotMeasured, Outcome, Presence};
use crate::values::{BuildingId, Day, Door, HouseholdId, PersonId, ReadingInput, RoundId, Slug, Timestamp, Unregistered};

/// What can be asked about visits.
#[derive(Clone, Debug)]
pub enum Command {
    /// Record one.
    Record(Record),
}

/// `visit.record`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The file of the door,
    pub household: Option<HouseholdId>,
    /// or its building,
    pub building: Option<BuildingId>,
    /// unit,
    pub unit: Option<String>,
    /// floor,
    pub floor: Option<i32>,
    /// door,
    pub door: Option<String>,
    /// and what people call it; sealed.
    pub label: Option<String>,
    /// The round it belongs to.
    pub round: Option<RoundId>,
    /// What was found.
    pub outcome: Outcome,
    /// How.
    pub mode: Mode,
    /// Who was there.
    #[serde(default)]
    pub people: Vec<PersonInput>,
    /// Answers to the round's questions; sealed.
    #[serde(default)]
    pub answers: BTreeMap<Slug, String>,
    /// When to call again.
    pub call_back_at: Option<Timestamp>,
}

/// One person at a visit.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonInput {
    /// A registered person,
    pub person: Option<PersonId>,
    /// or somebody without a file.
    pub unregistered: Option<Unregistered>,
    /// Seen when absent.
    pub basis: Option<Basis>,
    /// Here when absent.
    pub presence: Option<Presence>,
    /// Temperatures, the re-measure second.
    #[serde(default)]
    pub readings: Vec<ReadingInput>,
    /// Why nobody measured.
    pub not_measured: Option<NotMeasured>,
    /// Empty = asked, none; absent = not asked.
    pub symptoms: Option<Vec<Slug>>,
    /// Travel or contact.
    pub exposure: Option<ExposureInput>,
    /// Sealed.
    pub note: Option<String>,
}

/// Travel or contact.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExposureInput {
    /// Where; sealed.
    pub place: String,
    /// Left there on.
    pub left_on: Option<Day>,
    /// Arrived here on.
    pub arrived_on: Option<Day>,
    /// With whom; sealed.
    pub contact: Option<String>,
}

impl Record {
    pub(super) fn door(&self) -> Door {
        Door { household: self.household.clone(), building: self.building.clone(), unit: self.unit.clone(), floor: self.floor, door: self.door.clone() }
    }
}
