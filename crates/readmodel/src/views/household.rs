//! The file of a household as it stands.

use domain::{
    Newest,
    values::{CommandId, EstateId, EventId, HouseholdId, PersonId, Place, QuarantineId, Reading, RoundId, Slug, StaffId, Subject, Timestamp},
};
use serde::{Deserialize, Serialize};

use super::{Moment, Veiled, Veils, say_without_measured};
use crate::models::{Found, Observation, household, quarantine};

/// Somebody who belongs to a household.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resident {
    /// The person.
    pub person: PersonId,
    /// `lives`, `stays`, `works` or `registered_only`.
    pub kind: String,
    /// From when on.
    pub from: Timestamp,
    /// Until when.
    pub until: Option<Timestamp>,
}

/// Somebody who was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundView {
    /// Who.
    #[serde(flatten)]
    pub who: Subject,
    /// `here`, `away`, `left` or `new`.
    pub presence: Option<String>,
    /// Temperatures.
    pub readings: Vec<ReadingView>,
    /// Empty = asked, none; absent = not asked.
    pub symptoms: Option<Vec<Slug>>,
    /// Note; name and papers of somebody without a file.
    pub private: Veiled,
}

/// A temperature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadingView {
    /// Tenths of a degree Celsius: 373 is 37.3 °C.
    pub tenths_celsius: Option<i16>,
    /// `low` or `high`, where the thermometer showed no number.
    pub unreadable: Option<String>,
    /// Where it was held.
    pub site: String,
    /// When.
    pub at: Timestamp,
    /// Whether it is a fever by the parameters that held then.
    pub fever: bool,
}

/// A visit or a check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservationView {
    /// The event.
    pub event: String,
    /// When.
    pub at: Timestamp,
    /// When we learned of it.
    pub recorded_at: Timestamp,
    /// What was found, such as `met` or `absent`.
    pub outcome: String,
    /// How.
    pub mode: String,
    /// The round it belongs to.
    pub round: Option<RoundId>,
    /// When to call again.
    pub call_back_at: Option<Timestamp>,
    /// Who did it.
    pub by: Vec<StaffId>,
    /// Who was there.
    pub people: Vec<FoundView>,
    /// Label and answers.
    pub private: Veiled,
}

/// The file of a household as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HouseholdView {
    /// The household.
    pub household: HouseholdId,
    /// Its estate.
    pub estate: Option<EstateId>,
    /// Where it is.
    pub place: Place,
    /// Label, part, code, phones.
    pub private: Veiled,
    /// Who belongs to it now.
    pub people: Vec<Resident>,
    /// Orders in force at its door.
    pub orders: Vec<QuarantineId>,
    /// What was found at its door, newest first.
    pub observations: Vec<ObservationView>,
    /// What is left out for this caller, whether there is any or not: `measured`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub without: Vec<String>,
    /// Sequence of the last commit in it.
    pub sequence: u64,
}

impl Veils for ObservationView {
    fn each_veiled(&mut self, visit: &mut dyn FnMut(&mut Veiled)) {
        visit(&mut self.private);
        self.people.iter_mut().for_each(|found| visit(&mut found.private));
    }
}

impl Veils for HouseholdView {
    fn each_veiled(&mut self, visit: &mut dyn FnMut(&mut Veiled)) {
        visit(&mut self.private);
        self.observations.each_veiled(visit);
    }
}

impl HouseholdView {
    /// Without who was found and how, for those who may not see personal data.
    pub fn mask(&mut self) {
        self.observations.iter_mut().for_each(|seen| seen.people.clear());
        say_without_measured(&mut self.without);
    }

    /// Without what was measured, asked and noted by others, for those who may not see that. Who was there, and whether somebody opened, stays.
    pub fn mask_measured(&mut self, did: impl Fn(&[StaffId]) -> bool) {
        for seen in self.observations.iter_mut().filter(|seen| !did(&seen.by)) {
            seen.private = Veiled::Nothing;
            for found in &mut seen.people {
                let FoundView { who: _, presence: _, readings, symptoms, private } = found;
                (*readings, *symptoms, *private) = (Vec::new(), None, Veiled::Nothing);
            }
        }
        say_without_measured(&mut self.without);
    }
}

/// A household at a moment. `orders` are those of its building that nobody has released.
pub fn household_view(row: &household::Row, orders: &[quarantine::Row], sequence: u64, moment: &Moment<'_>) -> HouseholdView {
    let stays = row.people.iter().flat_map(|(person, stays)| stays.iter().map(move |stay| (person, stay)));
    let people = stays.filter(|(_, stay)| stay.holds(moment.now)).map(|(person, stay)| Resident {
        person: person.clone(),
        kind: stay.kind.word().to_owned(),
        from: stay.from,
        until: stay.until,
    });
    let here = |order: &&quarantine::Row| order.state.place.household.as_ref() == Some(&row.household) && order.state.order.in_force(moment.now);
    HouseholdView {
        household: row.household.clone(),
        estate: row.place.estate.clone(),
        place: row.place.clone(),
        private: row.private.as_ref().into(),
        people: people.collect(),
        orders: orders.iter().filter(here).map(|order| order.quarantine.clone()).collect(),
        observations: observation_views(&row.observations, moment),
        without: Vec::new(),
        sequence,
    }
}

fn observation_views<const MAX: usize>(observations: &Newest<Observation, MAX>, moment: &Moment<'_>) -> Vec<ObservationView> {
    observations.newest_first().into_iter().map(|(event, seen)| observation_view(event, &seen, moment)).collect()
}

fn observation_view(event: EventId, seen: &Observation, moment: &Moment<'_>) -> ObservationView {
    ObservationView {
        event: event.to_string(),
        at: seen.at,
        recorded_at: seen.recorded_at,
        outcome: seen.observed.word().to_owned(),
        mode: seen.mode.word().to_owned(),
        round: seen.round.clone(),
        call_back_at: seen.call_back_at,
        by: seen.by.clone(),
        people: seen.people.iter().map(|found| found_view(found, moment)).collect(),
        private: seen.private.as_ref().into(),
    }
}

fn found_view(found: &Found, moment: &Moment<'_>) -> FoundView {
    FoundView {
        who: found.who.clone(),
        presence: found.presence.map(|presence| presence.word().to_owned()),
        readings: reading_views(&found.readings, moment),
        symptoms: found.symptoms.clone(),
        private: found.private.as_ref().into(),
    }
}

/// Temperatures, judged by the parameters that held when they were taken.
pub(crate) fn reading_views(readings: &[Reading], moment: &Moment<'_>) -> Vec<ReadingView> {
    let view = |reading: &Reading| ReadingView {
        tenths_celsius: reading.tenths_celsius,
        unreadable: reading.unreadable.map(|word| word.word().to_owned()),
        site: reading.site.word().to_owned(),
        at: reading.at,
        fever: reading.tenths_celsius.is_some_and(|tenths| moment.policy.at(reading.at).fever.is_fever(reading.site, tenths)),
    };
    readings.iter().map(view).collect()
}

impl ObservationView {
    /// The command that told it: what a retraction names.
    pub fn command(&self) -> Option<CommandId> {
        self.event.rsplit_once('-').and_then(|(command, _)| command.parse().ok())
    }
}
