//! What can be asked of a quarantine order.

use serde::Deserialize;

use super::{CheckOutcome, CountBasis, Kind, ReleaseReason};
use crate::{
    obligation::SlotId,
    values::{Day, HouseholdId, PersonId, QuarantineId, ReadingInput, Slug},
    visit::Mode,
};

/// What can be asked of a quarantine order.
#[derive(Clone, Debug)]
pub enum Command {
    /// Order it.
    Order(PlaceOrder),
    /// Record checks of one or several orders.
    Check(Check),
    /// Another place.
    Move(Move),
    /// A later end.
    Extend(Extend),
    /// Slots that need not be done.
    Waive(Waive),
    /// The end.
    Release(Release),
}

/// From which day an order counts: that day is day 0.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CountFrom {
    /// Day 0.
    pub date: Day,
    /// What happened on it.
    pub basis: CountBasis,
}

/// `quarantine.order`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlaceOrder {
    /// The order.
    pub quarantine: QuarantineId,
    /// Who.
    pub person: PersonId,
    /// What kind.
    pub kind: Kind,
    /// Where, at home; where they live when absent.
    pub household: Option<HouseholdId>,
    /// Where, elsewhere.
    pub facility: Option<Slug>,
    /// Which room there.
    pub room: Option<String>,
    /// Which regime; the default one when absent.
    pub regime: Option<Slug>,
    /// From which day it counts.
    pub count_from: CountFrom,
    /// Days after day 0; the regime's when absent.
    pub days: Option<u16>,
}

/// `quarantine.check`: a family's checks are one command.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// What was found of each.
    pub checks: Vec<CheckInput>,
    /// How.
    pub mode: Mode,
}

/// What was found of one order.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckInput {
    /// The order.
    pub quarantine: QuarantineId,
    /// Whether they were reached.
    pub outcome: CheckOutcome,
    /// Temperatures, the re-measure second.
    #[serde(default)]
    pub readings: Vec<ReadingInput>,
    /// Why nobody measured.
    pub not_measured: Option<crate::visit::NotMeasured>,
    /// Empty = asked, none; absent = not asked.
    pub symptoms: Option<Vec<Slug>>,
    /// The slot it is for; the oldest open or overdue one of its day when absent.
    pub slot: Option<SlotId>,
}

/// `quarantine.move`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Move {
    /// The order.
    pub quarantine: QuarantineId,
    /// To a household,
    pub household: Option<HouseholdId>,
    /// or elsewhere.
    pub facility: Option<Slug>,
    /// Which room there.
    pub room: Option<String>,
    /// What kind it is there; unchanged when absent.
    pub kind: Option<Kind>,
}

/// `quarantine.extend`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extend {
    /// The order.
    pub quarantine: QuarantineId,
    /// The new last day.
    pub until: Day,
}

/// `quarantine.waive`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waive {
    /// The order.
    pub quarantine: QuarantineId,
    /// Slots that need not be done.
    pub slots: Vec<SlotId>,
    /// Why; sealed.
    pub reason: String,
}

/// `quarantine.release`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// The order.
    pub quarantine: QuarantineId,
    /// Why.
    pub reason: ReleaseReason,
    /// The paper; sealed.
    pub document: Option<String>,
}
