//! What rows say at one moment: pure functions of rows, policy, zone and the time.
//!
//! `unknown` is never shown as `normal`, and a building or a door shows the worst that is open (screens.md).

mod alert;
mod board;
mod checkpoint;
mod coverage;
mod doors;
mod duty;
mod headline;
mod household;
mod keeper;
mod person;
mod quarantine;
mod silence;
mod staff;
mod suppressed;
mod timeline;
mod veil;

use domain::{
    community::{Policy, Settings},
    obligation::SlotCounts,
    values::{HOUR_MS, Timestamp, Zone},
};
use serde::{Deserialize, Serialize};

pub use alert::{AcknowledgedBy, AlertItem, AlertReader, HistoryItem, SeenBy, TurnView, alert_item, is_without_reasons};
pub use board::{AlertCounts, BuildingRows, StatusRow, door_total, next_change, status_row};
pub use checkpoint::{CheckpointItem, checkpoint_item};
pub use coverage::{CoverageCount, CoverageDoors, coverage_count, coverage_doors, in_scope};
pub use doors::{BuildingDetail, Cell, DoorRows, FloorView, KnownBy, UnitView, building_detail};
pub use duty::{DutyItem, DutyPlace, DutyRows, OnPost, duties};
pub use headline::{CommunityHeadline, Elsewhere, HeadlineParts, RoundCoverage, headline};
pub use household::{FoundView, HouseholdView, ObservationView, ReadingView, Resident, household_view};
pub use keeper::{KEEPER, KEEPER_LEVEL, Keeper, keepers};
pub use person::{
    HospitalStay, MeasuredView, MedicalFinding, OrderRef, PersonItem, PersonView, ResidenceView, Source, measured_view, person_item, person_view,
};
pub use quarantine::{FindingView, QuarantineItem, SlotView, quarantine_item};
pub use silence::{SilenceItem, silence_item, silence_started_as_seen_by};
pub use staff::{StaffItem, staff_item};
pub use suppressed::{SilencedBy, Suppressed, suppressed};
pub use timeline::{LATE_AFTER_MINUTES, TimelineItem, timeline_item};
pub use veil::{Veiled, Veils};

/// One moment in one community: all that a view needs besides rows.
#[derive(Clone, Copy, Debug)]
pub struct Moment<'a> {
    /// The community's parameters.
    pub policy: &'a Policy,
    /// Its zone.
    pub zone: &'a Zone,
    /// The time.
    pub now: Timestamp,
}

impl Moment<'_> {
    /// The parameters in force.
    pub fn settings(&self) -> &Settings {
        self.policy.at(self.now)
    }

    /// When what was seen at an instant is no longer known.
    pub fn stale_at(&self, seen: Timestamp) -> Timestamp {
        seen.plus_ms(i64::from(self.settings().stale_after_hours).saturating_mul(HOUR_MS))
    }

    /// Whether what was seen at an instant is still known.
    pub fn is_fresh(&self, seen: Timestamp) -> bool {
        self.now < self.stale_at(seen)
    }
}

/// How something stands, from the worst to the best (screens.md).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// An open critical alert.
    Critical,
    /// An open serious alert, or a check that is overdue.
    Serious,
    /// Nobody has looked for too long.
    Unknown,
    /// An order in force, on time.
    Duty,
    /// Seen, and nothing is open.
    Normal,
    /// Nobody lives there.
    Vacant,
}

/// What those are not shown who may not see what was measured.
pub const MEASURED: &str = "measured";

/// Says of a view, once, that what was measured is left out.
pub(crate) fn say_without_measured(without: &mut Vec<String>) {
    if without.iter().all(|left_out| left_out != MEASURED) {
        without.push(MEASURED.to_owned());
    }
}

/// Counts of owed checks: `due`, `done` and `overdue` of today, `missed` of the whole orders.
pub type CheckCounts = SlotCounts;

/// Adds counts of several orders or buildings.
pub(crate) fn add_checks(sum: CheckCounts, more: CheckCounts) -> CheckCounts {
    CheckCounts { due: sum.due + more.due, done: sum.done + more.done, overdue: sum.overdue + more.overdue, missed: sum.missed + more.missed }
}
