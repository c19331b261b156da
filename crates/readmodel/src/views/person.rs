//! A person's file as it stands.

use domain::values::{PersonId, Place, QuarantineId, Slug, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    Moment, Veiled, Veils,
    household::{ReadingView, reading_views},
};
use crate::models::person::{self, Source};

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
    /// What was measured, newest first.
    pub measured: Vec<MeasuredView>,
    /// Sequence of the last commit in it.
    pub sequence: u64,
}

impl Veils for PersonView {
    fn each_veiled(&mut self, visit: &mut dyn FnMut(&mut Veiled)) {
        visit(&mut self.private);
    }
}

impl PersonView {
    /// Without what describes the person and their health, for those who may not see personal data.
    pub fn mask(&mut self) {
        self.birth_year = None;
        self.sex = None;
        self.categories.clear();
        self.measured.clear();
    }
}

/// A person at a moment.
pub fn person_view(row: &person::Row, sequence: u64, moment: &Moment<'_>) -> PersonView {
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
    let measured = row.measured.newest_first().into_iter().map(|(event, measured)| MeasuredView {
        event: event.to_string(),
        at: measured.at,
        recorded_at: measured.recorded_at,
        source: measured.source,
        readings: reading_views(&measured.readings, moment),
        symptoms: measured.symptoms.clone(),
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
        measured: measured.collect(),
        sequence,
    }
}
