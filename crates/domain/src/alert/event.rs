//! What can have happened to an alert.

use serde::{Deserialize, Serialize};

use super::{AlertId, Basis, Key};
use crate::{
    checkpoint::Direction,
    obligation::SlotId,
    values::{BuildingId, CheckpointId, Day, Personal, Place, PlaceNames, Private, Site, Subject, Timestamp, coded, without_private},
};

coded! {
    /// How bad it is, from the least to the worst.
    Severity {
        /// To be looked at today.
        Caution = 1 "caution",
        /// To be done soon.
        Serious = 2 "serious",
        /// At once.
        Critical = 3 "critical",
    }
}

coded! {
    /// Why an alert is not followed up.
    CloseReason {
        /// It was none.
        FalseAlarm = 1 "false_alarm",
        /// Another alert stands for it.
        Duplicate = 2 "duplicate",
        /// Others have it now.
        HandedOver = 3 "handed_over",
        /// The measurement was wrong.
        MeasuredWrong = 4 "measured_wrong",
        /// It belongs to another community.
        NotOurs = 5 "not_ours",
        /// They moved away.
        Moved = 6 "moved",
        /// They died.
        Died = 7 "died",
    }
}

/// What was measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Observed {
    /// Tenths of a degree Celsius.
    pub tenths_celsius: i16,
    /// Where the thermometer was held.
    pub site: Site,
    /// When it was measured.
    pub at: Timestamp,
    /// When we learned of it.
    pub recorded_at: Timestamp,
}

/// What else to say of an occurrence; each rule fills in its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Detail {
    /// Slots that are open too long.
    #[serde(default)]
    pub slots: Vec<SlotId>,
    /// How many were missed altogether.
    #[serde(default)]
    pub missed: u32,
    /// Where somebody was met.
    #[serde(default)]
    pub checkpoint: Option<CheckpointId>,
    /// Which way they went.
    #[serde(default)]
    pub direction: Option<Direction>,
    /// They were stopped.
    #[serde(default)]
    pub stopped: bool,
    /// The day that was not reported.
    #[serde(default)]
    pub for_date: Option<Day>,
}

/// Checks that were not made, each counted once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotMade {
    /// Of the day itself: they can be made still.
    pub overdue: u32,
    /// Their day is over, altogether.
    pub missed: u32,
}

impl Detail {
    /// The checks that were not made, as things are on a day.
    pub fn not_made(&self, today: Day) -> NotMade {
        let count = |is_of: &dyn Fn(Day) -> bool| u32::try_from(self.slots.iter().filter(|slot| is_of(slot.date)).count()).unwrap_or(u32::MAX);
        // those whose day has just ended are not counted yet
        NotMade { overdue: count(&|day| day >= today), missed: self.missed.max(count(&|day| day < today)) }
    }
}

/// How things were when an alert was raised or changed. Names of places are in it; names of people are not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Occurrence {
    /// How bad it is.
    pub severity: Severity,
    /// A second measurement is still owed.
    pub unconfirmed: bool,
    /// Where.
    pub place: Place,
    /// What the place is called.
    pub names: PlaceNames,
    /// Who.
    pub person: Option<Subject>,
    /// What was measured.
    pub observed: Option<Observed>,
    /// What else to say.
    pub detail: Detail,
    /// Event ids, or slots.
    pub causes: Vec<String>,
    /// When it began.
    pub first_at: Timestamp,
    /// When it was last so.
    pub last_at: Timestamp,
    /// How many observations.
    pub occurrences: u32,
    /// Recorded long after it happened.
    pub late: bool,
    /// Version of the rule.
    pub rule_version: u16,
    /// What the judgement rests on.
    pub basis: Basis,
}

macro_rules! occurrences {
    ($($(#[$meta:meta])* $name:ident { $($(#[$more:meta])* $field:ident: $type:ty)? }),+ $(,)?) => {$(
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        pub struct $name {
            /// The alert.
            pub alert: AlertId,
            /// What it is about.
            pub key: Key,
            /// Gapless per alert, from 1.
            pub n: u32,
            /// Counts the times it was opened, from 1.
            pub episode: u32,
            /// How things are.
            pub occurrence: Occurrence,
            $($(#[$more])* pub $field: $type,)?
        }
    )+};
}

occurrences! {
    /// A rule fired for the first time.
    Raised {},
    /// It fires for another cause too, or for other reasons. Not written any more: it does not say that it moved.
    Updated {},
    /// It is worse than it ever was in this episode. Not written any more: it does not say that it moved.
    Upgraded {},
    /// It recurred while it was recovering, or within 24 h after it was resolved, or later without any new cause. Not written any more: it does
    /// not say that it moved.
    Reopened {},
    /// It fires for another cause too, or for other reasons.
    UpdatedV2 {
        /// The building that it was about until now, where that is not the one that it is about from now on.
        moved_from: Option<BuildingId>
    },
    /// It is worse than it ever was in this episode.
    UpgradedV2 {
        /// The building that it was about until now, where that is not the one that it is about from now on.
        moved_from: Option<BuildingId>
    },
    /// It recurred while it was recovering, or within 24 h after it was resolved, or later without any new cause.
    ReopenedV2 {
        /// The building that it was about until now, where that is not the one that it is about from now on.
        moved_from: Option<BuildingId>
    },
}

/// Somebody has it. Not written any more: it does not say where.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Acknowledged {
    /// The alert.
    pub alert: AlertId,
    /// What it is about.
    pub key: Key,
    /// Gapless per alert.
    pub n: u32,
    /// Until when.
    pub until: Option<Timestamp>,
}

/// It is over. Not written any more: it does not say where.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Resolved {
    /// The alert.
    pub alert: AlertId,
    /// What it is about.
    pub key: Key,
    /// Gapless per alert.
    pub n: u32,
    /// Somebody said so; otherwise its rule did.
    pub by_hand: bool,
    /// By something recorded late.
    pub late: bool,
    /// What made it quiet: event ids.
    pub quieted_by: Vec<String>,
    /// What the judgement rests on, where a rule said so.
    pub basis: Option<Basis>,
    /// How that is known.
    pub private: Option<Private>,
}

/// It is not followed up. Not written any more: it does not say where.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Closed {
    /// The alert.
    pub alert: AlertId,
    /// What it is about.
    pub key: Key,
    /// Gapless per alert.
    pub n: u32,
    /// Why.
    pub reason: CloseReason,
}

/// Somebody has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AcknowledgedV2 {
    /// The alert.
    pub alert: AlertId,
    /// What it is about.
    pub key: Key,
    /// Gapless per alert.
    pub n: u32,
    /// Where, as it was last said.
    pub place: Place,
    /// Who, as it was last said.
    pub person: Option<Subject>,
    /// Until when.
    pub until: Option<Timestamp>,
}

/// It is over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ResolvedV2 {
    /// The alert.
    pub alert: AlertId,
    /// What it is about.
    pub key: Key,
    /// Gapless per alert.
    pub n: u32,
    /// Where, as it was last said.
    pub place: Place,
    /// Who, as it was last said.
    pub person: Option<Subject>,
    /// Somebody said so; otherwise its rule did.
    pub by_hand: bool,
    /// By something recorded late.
    pub late: bool,
    /// What made it quiet: event ids.
    pub quieted_by: Vec<String>,
    /// What the judgement rests on, where a rule said so.
    pub basis: Option<Basis>,
    /// How that is known.
    pub private: Option<Private>,
}

/// Its rule does not fire any more. It is over once that has lasted for a while, or when somebody says so.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecoveryStarted {
    /// The alert.
    pub alert: AlertId,
    /// What it is about.
    pub key: Key,
    /// Gapless per alert.
    pub n: u32,
    /// Where, as it was last said.
    pub place: Place,
    /// Who, as it was last said.
    pub person: Option<Subject>,
    /// By something recorded late.
    pub late: bool,
    /// What made it quiet: event ids.
    pub quieted_by: Vec<String>,
    /// When it is over, if nothing comes between.
    pub until: Timestamp,
    /// What the judgement rests on.
    pub basis: Basis,
}

/// It is not followed up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClosedV2 {
    /// The alert.
    pub alert: AlertId,
    /// What it is about.
    pub key: Key,
    /// Gapless per alert.
    pub n: u32,
    /// Where, as it was last said.
    pub place: Place,
    /// Who, as it was last said.
    pub person: Option<Subject>,
    /// Why.
    pub reason: CloseReason,
}

without_private!(Raised, Updated, UpdatedV2, Upgraded, UpgradedV2, Reopened, ReopenedV2, Acknowledged, AcknowledgedV2, RecoveryStarted, Closed, ClosedV2);

impl Personal for Resolved {
    fn each_private(&mut self, visit: &mut dyn FnMut(&mut Private)) {
        self.private.each_private(visit);
    }
}

impl Personal for ResolvedV2 {
    fn each_private(&mut self, visit: &mut dyn FnMut(&mut Private)) {
        self.private.each_private(visit);
    }
}
