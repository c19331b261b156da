//! What is known of a person.

use serde::{Deserialize, Serialize};

use super::{ResidenceKind, Sex};
use crate::values::{HouseholdId, Place, QuarantineId, Slug, Timestamp};

/// What is known of a person.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Year of birth.
    pub birth_year: Option<u16>,
    /// As on the paper shown.
    pub sex: Option<Sex>,
    /// Categories of the community.
    pub categories: Vec<Slug>,
    /// Tells a changed identity from the same one.
    pub identity_fingerprint: u64,
    /// Where they live, work or stay, past ones included.
    pub residences: Vec<Residence>,
    /// Orders they are or were under.
    pub orders: Vec<UnderOrder>,
}

/// One way of belonging to a household.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Residence {
    /// Where, with the household.
    pub place: Place,
    /// In what way.
    pub kind: ResidenceKind,
    /// From when on.
    pub from: Timestamp,
    /// Until when.
    pub until: Option<Timestamp>,
}

/// An order a person is or was under.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnderOrder {
    /// The order.
    pub quarantine: QuarantineId,
    /// From when on.
    pub from: Timestamp,
    /// When it was released.
    pub until: Option<Timestamp>,
}

impl State {
    /// Where they live at an instant: the latest residence in force, living before staying before the rest.
    pub fn home_at(&self, at: Timestamp) -> Option<&Place> {
        let in_force = self.residences.iter().filter(|residence| residence.until.is_none_or(|until| at < until));
        let rank = |kind| match kind {
            ResidenceKind::Lives => 3,
            ResidenceKind::Stays => 2,
            ResidenceKind::Works => 1,
            ResidenceKind::RegisteredOnly => 0,
        };
        // a residence that is known to begin later still tells where somebody belongs, if nothing else does
        in_force.max_by_key(|residence| (residence.from <= at, rank(residence.kind), residence.from)).map(|residence| &residence.place)
    }

    /// The orders in force at an instant.
    pub fn orders_at(&self, at: Timestamp) -> Vec<QuarantineId> {
        let in_force = |order: &&UnderOrder| order.from <= at && order.until.is_none_or(|until| at < until);
        self.orders.iter().filter(in_force).map(|order| order.quarantine.clone()).collect()
    }

    /// An order that nobody has ended yet, also when it begins later.
    pub fn open_order(&self) -> Option<&QuarantineId> {
        self.orders.iter().find(|order| order.until.is_none()).map(|order| &order.quarantine)
    }

    /// The residence of a kind at a household that has not ended.
    pub fn open_residence(&self, household: &HouseholdId, kind: ResidenceKind) -> Option<&Residence> {
        self.residences.iter().find(|residence| residence.place.household.as_ref() == Some(household) && residence.kind == kind && residence.until.is_none())
    }
}
