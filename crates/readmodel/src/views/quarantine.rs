//! A quarantine order as it stands, with its slots.

use domain::{
    obligation::{Slot, SlotId, SlotState},
    values::{Day, PersonId, Place, QuarantineId, Slug, StaffId, Timestamp},
};
use serde::{Deserialize, Serialize};

use super::{
    CheckCounts, Keeper, Moment, Status, Veiled, Veils,
    household::{ReadingView, reading_views},
    say_without_measured,
};
use crate::models::quarantine::{self, Finding};

/// An owed check as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotView {
    /// Civil day.
    pub date: Day,
    /// Its name, such as `am`.
    pub name: Slug,
    /// From when it may be done.
    pub opens_at: Timestamp,
    /// Until when it is to be done.
    pub due_at: Timestamp,
    /// `upcoming`, `open`, `due`, `overdue`, `done`, `done_late`, `missed`, `waived` or `not_owed`.
    pub state: SlotState,
    /// The event that filled it.
    pub done_by: Option<String>,
    /// Done in time, recorded late.
    pub late_entry: bool,
}

/// What was found when somebody looked after the person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingView {
    /// The event.
    pub event: String,
    /// When.
    pub at: Timestamp,
    /// When we learned of it.
    pub recorded_at: Timestamp,
    /// `reached`, `no_answer`, `not_home`, `refused` or `hospital`.
    pub outcome: String,
    /// How.
    pub mode: String,
    /// Whether it may fill a slot.
    pub complete: bool,
    /// Temperatures.
    pub readings: Vec<ReadingView>,
    /// Empty = asked, none; absent = not asked.
    pub symptoms: Option<Vec<Slug>>,
    /// Who looked.
    pub by: Vec<StaffId>,
}

/// A quarantine order as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuarantineItem {
    /// The order.
    pub quarantine: QuarantineId,
    /// Who.
    pub person: PersonId,
    /// `home`, `facility`, `hospital` or `watch`.
    pub kind: String,
    /// `serious` when a check is overdue, else `duty`; `normal` once released.
    pub status: Status,
    /// Where.
    pub place: Place,
    /// Where, elsewhere.
    pub facility: Option<Slug>,
    /// Which room there.
    pub room: Option<String>,
    /// Which regime; the default one when absent.
    pub regime: Option<Slug>,
    /// What happened on day 0.
    pub basis: String,
    /// Day 0.
    pub day_0: Day,
    /// Day n of the order today,
    pub day: i32,
    /// of so many.
    pub days: i32,
    /// The last day.
    pub last_day: Day,
    /// Its days are over and nobody has released yet.
    pub release_due: bool,
    /// From when on it is in force.
    pub ordered_at: Timestamp,
    /// When it ended.
    pub released_at: Option<Timestamp>,
    /// Why it ended.
    pub released: Option<String>,
    /// Who keeps it now, in the way in which alerts find them; nobody keeps it when there is none, and once it was released.
    pub keepers: Vec<Keeper>,
    /// Owed checks.
    pub checks: CheckCounts,
    /// The slots of today; of the whole order when one order is asked for.
    pub slots: Vec<SlotView>,
    /// What was found lately, newest first.
    pub findings: Vec<FindingView>,
    /// What is left out for this caller, whether there is any or not: `measured`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub without: Vec<String>,
    /// Sequence of the last commit of the order in it.
    pub sequence: u64,
}

impl Veils for QuarantineItem {
    // an order holds no private text; its papers stand in the timeline
    fn each_veiled(&mut self, _: &mut dyn FnMut(&mut Veiled)) {}
}

impl QuarantineItem {
    /// Without what was measured, for those who may not see personal data.
    pub fn mask(&mut self) {
        self.mask_measured(|_| false);
    }

    /// Without what was measured and asked by others, for those who may not see that. Whether a check was made, and is owed, stays.
    pub fn mask_measured(&mut self, did: impl Fn(&[StaffId]) -> bool) {
        for finding in self.findings.iter_mut().filter(|finding| !did(&finding.by)) {
            finding.readings.clear();
            finding.symptoms = None;
        }
        say_without_measured(&mut self.without);
    }
}

/// An order at a moment, with those who keep it, and the slots of today or of all its days.
pub fn quarantine_item(row: &quarantine::Row, sequence: u64, keepers: Vec<Keeper>, all_days: bool, moment: &Moment<'_>) -> QuarantineItem {
    let order = &row.state.order;
    let today = moment.zone.day_of(moment.now);
    let checks = order.counts(moment.policy, moment.zone, moment.now);
    let last_day = order.last_day(moment.policy);
    let slots = if all_days { order.slots(moment.policy, moment.zone, moment.now) } else { order.slots_of_day(today, moment.policy, moment.zone, moment.now) };
    let in_force = order.in_force(moment.now);
    QuarantineItem {
        quarantine: row.quarantine.clone(),
        person: row.state.person.clone(),
        kind: row.state.kind.word().to_owned(),
        status: match (in_force, checks.overdue) {
            (true, 1..) => Status::Serious,
            (true, 0) => Status::Duty,
            (false, _) => Status::Normal,
        },
        place: row.state.place.clone(),
        facility: row.state.facility.clone(),
        room: row.state.room.clone(),
        regime: order.regime.clone(),
        basis: row.basis.word().to_owned(),
        day_0: order.day_0,
        day: order.day_number(today),
        days: order.day_number(last_day),
        last_day,
        release_due: order.release_due(moment.policy, moment.zone, moment.now),
        ordered_at: order.ordered_at,
        released_at: order.released_at,
        released: row.released.map(|reason| reason.word().to_owned()),
        keepers,
        checks,
        slots: slots.into_iter().map(slot_view).collect(),
        findings: row.findings.newest_first().into_iter().map(|(event, finding)| finding_view(event.to_string(), &finding, moment)).collect(),
        without: Vec::new(),
        sequence,
    }
}

fn slot_view(slot: Slot) -> SlotView {
    let SlotId { date, name } = slot.id;
    let done_by = slot.done_by.map(|event| event.to_string());
    SlotView { date, name, opens_at: slot.opens, due_at: slot.due, state: slot.state, done_by, late_entry: slot.late_entry }
}

fn finding_view(event: String, finding: &Finding, moment: &Moment<'_>) -> FindingView {
    FindingView {
        event,
        at: finding.at,
        recorded_at: finding.recorded_at,
        outcome: finding.outcome.word().to_owned(),
        mode: finding.mode.word().to_owned(),
        complete: finding.complete,
        readings: reading_views(&finding.readings, moment),
        symptoms: finding.symptoms.clone(),
        by: finding.by.clone(),
    }
}
