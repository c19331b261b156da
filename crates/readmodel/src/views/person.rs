//! A person's file as it stands, with what was measured of them.

use domain::{
    Event, Fact,
    values::{HouseholdId, PersonId, Place, QuarantineId, Reading, Slug, Subject, Timestamp, field},
};
use serde::{Deserialize, Serialize};

use super::{
    Moment, Veiled, Veils,
    household::{ReadingView, reading_views},
    say_without_measured,
};
use crate::models::{distinct, person, quarantine};

/// Where somebody lives, stays, works or is registered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResidenceView {
    /// Where.
    pub place: Place,
    /// `lives`, `stays`, `works` or `registered_only`.
    pub kind: String,
    /// From when on.
    pub from: Timestamp,
    /// Until when.
    pub until: Option<Timestamp>,
}

/// An order somebody is or was under.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderRef {
    /// The order.
    pub quarantine: QuarantineId,
    /// From when on.
    pub from: Timestamp,
    /// When it was released.
    pub until: Option<Timestamp>,
    /// Whether it is in force.
    pub in_force: bool,
}

/// Where something was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// At the door.
    Visit,
    /// By a quarantine check.
    Check,
    /// At a checkpoint.
    Entry,
}

/// What was measured and asked at one time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeasuredView {
    /// The event.
    pub event: String,
    /// When.
    pub at: Timestamp,
    /// When we learned of it.
    pub recorded_at: Timestamp,
    /// `visit`, `check` or `entry`.
    pub source: Source,
    /// Temperatures.
    pub readings: Vec<ReadingView>,
    /// Empty = asked, none; absent = not asked.
    pub symptoms: Option<Vec<Slug>>,
}

/// What medicine said of somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MedicalFinding {
    /// The event.
    pub event: String,
    /// `not_infected`, `other_illness`, `suspected`, `confirmed`, `recovered` or `died`.
    pub finding: String,
    /// When it was made.
    pub at: Timestamp,
    /// When we learned of it.
    pub recorded_at: Timestamp,
    /// Where.
    pub facility: Option<Slug>,
    /// Document and note.
    pub private: Veiled,
}

/// Somebody under an order is in hospital. No check of that order is due while it lasts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HospitalStay {
    /// The order they are under.
    pub quarantine: QuarantineId,
    /// Since when.
    pub since: Timestamp,
    /// The event that told of it: the order, its move, or a check that found them there.
    pub event: String,
}

/// A person's file as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonView {
    /// The person.
    pub person: PersonId,
    /// Name, ID number, phones.
    pub private: Veiled,
    /// Year of birth; nothing for those who may not see personal data.
    pub birth_year: Option<u16>,
    /// `f` or `m`; nothing for those who may not see personal data.
    pub sex: Option<String>,
    /// Categories of the community.
    pub categories: Vec<Slug>,
    /// Where they live now, if that is known.
    pub home: Option<Place>,
    /// Where they belong and belonged.
    pub residences: Vec<ResidenceView>,
    /// Orders they are or were under.
    pub orders: Vec<OrderRef>,
    /// What medicine found, newest first.
    pub findings: Vec<MedicalFinding>,
    /// They are in hospital, as far as an order in force or one of its checks says; nothing for those who may not see findings.
    pub in_hospital: Option<HospitalStay>,
    /// What was measured, newest first; for those who may not see what was measured, what they recorded themselves.
    pub measured: Vec<MeasuredView>,
    /// What is left out for this caller, whether there is any or not: `measured`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub without: Vec<String>,
    /// Sequence of the last commit in it.
    pub sequence: u64,
}

impl Veils for PersonView {
    fn each_veiled(&mut self, visit: &mut dyn FnMut(&mut Veiled)) {
        visit(&mut self.private);
        self.findings.iter_mut().for_each(|found| visit(&mut found.private));
    }
}

impl PersonView {
    /// Without what describes the person and their health, for those who may not see personal data.
    pub fn mask(&mut self) {
        self.birth_year = None;
        self.sex = None;
        self.categories.clear();
        self.measured.clear();
        self.say_without_measured();
        self.mask_findings();
    }

    /// Says that there may be more than is in `measured`.
    pub fn say_without_measured(&mut self) {
        say_without_measured(&mut self.without);
    }

    /// Without what medicine found and who is in its care, for those who may not see findings.
    pub fn mask_findings(&mut self) {
        self.findings.clear();
        self.in_hospital = None;
    }
}

/// A person as they are called on a page that is about something else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonItem {
    /// The person.
    pub person: PersonId,
    /// Their name, and nothing else that is sealed.
    pub private: Veiled,
    /// The household that they live in now, if that is known.
    pub household: Option<HouseholdId>,
    /// Sequence of the last commit in it.
    pub sequence: u64,
}

impl Veils for PersonItem {
    fn each_veiled(&mut self, visit: &mut dyn FnMut(&mut Veiled)) {
        visit(&mut self.private);
    }
}

impl PersonItem {
    /// Without what stands beside the name and is opened with it.
    pub fn only_name(&mut self) {
        self.private.keep_only(field::NAME);
    }
}

/// What a person is called, and where they live at a time.
pub fn person_item(row: &person::Row, sequence: u64, now: Timestamp) -> PersonItem {
    let household = row.state.home_at(now).and_then(|home| home.household.clone());
    PersonItem { person: row.person.clone(), private: row.private.as_ref().into(), household, sequence }
}

/// The stay in hospital that an order tells of, if it is in force.
fn hospital_stay(order: &quarantine::Row, moment: &Moment<'_>) -> Option<HospitalStay> {
    let (event, stay) = order.state.order.in_hospital(moment.now).filter(|_| order.state.order.in_force(moment.now))?;
    Some(HospitalStay { quarantine: order.quarantine.clone(), since: stay.at, event: event.to_string() })
}

/// A person at a moment; `orders` are those they are under, and `measured` is what [`measured_view`] made of the newest facts of their timeline.
pub fn person_view(row: &person::Row, orders: &[quarantine::Row], measured: Vec<MeasuredView>, sequence: u64, moment: &Moment<'_>) -> PersonView {
    let in_hospital = orders.iter().filter_map(|order| hospital_stay(order, moment)).max_by_key(|stay| stay.since);
    let residences = row.state.residences.iter().map(|residence| ResidenceView {
        place: residence.place.clone(),
        kind: residence.kind.word().to_owned(),
        from: residence.from,
        until: residence.until,
    });
    let orders = row.state.orders.iter().map(|order| OrderRef {
        quarantine: order.quarantine.clone(),
        from: order.from,
        until: order.until,
        in_force: order.from <= moment.now && order.until.is_none_or(|until| moment.now < until),
    });
    let findings = row.findings.newest_first().into_iter().map(|(event, found)| MedicalFinding {
        event: event.to_string(),
        finding: found.finding.word().to_owned(),
        at: found.at,
        recorded_at: found.recorded_at,
        facility: found.facility,
        private: found.private.as_ref().into(),
    });
    PersonView {
        person: row.person.clone(),
        private: row.private.as_ref().into(),
        birth_year: row.state.birth_year,
        sex: row.state.sex.map(|sex| sex.word().to_owned()),
        categories: row.state.categories.clone(),
        home: row.state.home_at(moment.now).cloned(),
        residences: residences.collect(),
        orders: orders.collect(),
        findings: findings.collect(),
        in_hospital,
        measured,
        without: Vec::new(),
        sequence,
    }
}

/// What a fact says was measured of somebody and asked, if anything.
pub fn measured_view(fact: &Fact<'_>, person: &PersonId, moment: &Moment<'_>) -> Option<MeasuredView> {
    let is = |who: &Subject| who.person.as_ref() == Some(person);
    let (source, readings, symptoms): (_, Vec<&Reading>, Option<Vec<Slug>>) = match fact.event {
        Event::VisitRecorded(visit) => {
            let found = || visit.people.iter().filter(|found| is(&found.who));
            (Source::Visit, found().flat_map(|found| &found.readings).collect(), all_asked(found().map(|found| found.symptoms.as_ref())))
        }
        Event::QuarantineChecked(checked) => {
            let found = || checked.checks.iter().filter(|check| check.person == *person);
            (Source::Check, found().flat_map(|check| &check.readings).collect(), all_asked(found().map(|check| check.symptoms.as_ref())))
        }
        Event::EntryRecorded(entry) if is(&entry.who) => (Source::Entry, entry.readings.iter().collect(), None),
        Event::EntrySettled(entry) if is(&entry.who) => (Source::Entry, entry.readings.iter().collect(), None),
        _ => return None,
    };
    if readings.is_empty() && symptoms.is_none() {
        return None;
    }
    let readings: Vec<Reading> = readings.into_iter().cloned().collect();
    let (at, recorded_at) = (fact.header.at, fact.header.recorded_at);
    Some(MeasuredView { event: fact.id().to_string(), at, recorded_at, source, readings: reading_views(&readings, moment), symptoms })
}

/// Every symptom that was named; nothing when nobody asked.
fn all_asked<'a>(answers: impl Iterator<Item = Option<&'a Vec<Slug>>>) -> Option<Vec<Slug>> {
    let asked: Vec<&Vec<Slug>> = answers.flatten().collect();
    (!asked.is_empty()).then(|| distinct(asked.into_iter().flatten().cloned()))
}
