//! One step in the life of an alert, whatever version of its event told it: what every fold of alerts reads.

use super::{Alert, AlertId, Basis, CloseReason, Escalated, Key, Occurrence};
use crate::{
    Event,
    values::{BuildingId, Place, Private, StaffId, Subject, Timestamp},
};

/// One step in the life of an alert.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// The alert.
    pub alert: &'a AlertId,
    /// What it is about.
    pub key: &'a Key,
    /// Gapless per alert, from 1.
    pub n: u32,
    /// Where. The first version of an end did not say it.
    pub place: Option<&'a Place>,
    /// The building that it was about until now, where it is about another from now on. The first version of what a rule said did not say it.
    pub moved_from: Option<&'a BuildingId>,
    /// Who, if anybody.
    pub person: Option<&'a Subject>,
    /// What became of it.
    pub change: Change<'a>,
}

/// What became of an alert.
#[derive(Clone, Copy, Debug)]
pub enum Change<'a> {
    /// A rule fired for the first time.
    Raised {
        /// Counts the times it was opened, from 1.
        episode: u32,
        /// How things are.
        occurrence: &'a Occurrence,
    },
    /// It fires for another cause too, or for other reasons.
    Updated(&'a Occurrence),
    /// It is worse than it ever was in this episode.
    Upgraded(&'a Occurrence),
    /// It recurred while it was recovering, or within 24 h after it was resolved, or later without a new cause.
    Reopened {
        /// Counts the times it was opened, from 1.
        episode: u32,
        /// How things are.
        occurrence: &'a Occurrence,
    },
    /// Somebody has it.
    Acknowledged {
        /// Until when.
        until: Option<Timestamp>,
    },
    /// It is the turn of a level.
    Escalated(&'a Escalated),
    /// Somebody asked that it go up.
    EscalationRequested {
        /// To which level.
        level: u8,
    },
    /// It was given to somebody by hand.
    Assigned {
        /// At which level.
        level: u8,
        /// To whom.
        staff: &'a StaffId,
    },
    /// Somebody wrote something down about it.
    Noted(Option<&'a Private>),
    /// Its rule is quiet; it is over once that has lasted.
    RecoveryStarted(Recovery<'a>),
    /// It is over.
    Resolved(Resolution<'a>),
    /// It is not followed up.
    Closed {
        /// Why.
        reason: CloseReason,
    },
}

/// How it came that an alert is recovering.
#[derive(Clone, Copy, Debug)]
pub struct Recovery<'a> {
    /// By something recorded late.
    pub late: bool,
    /// What made it quiet: event ids.
    pub quieted_by: &'a [String],
    /// When it is over, if nothing comes between.
    pub until: Timestamp,
    /// What the judgement rests on.
    pub basis: Basis,
}

/// How it came that an alert is over.
#[derive(Clone, Copy, Debug)]
pub struct Resolution<'a> {
    /// Somebody said so; otherwise its rule did.
    pub by_hand: bool,
    /// By something recorded late.
    pub late: bool,
    /// What made it quiet: event ids.
    pub quieted_by: &'a [String],
    /// What the judgement rests on, where a rule said so.
    pub basis: Option<Basis>,
    /// How that is known.
    pub private: Option<&'a Private>,
}

impl<'a> Change<'a> {
    /// How things are, where a rule said so.
    pub fn occurrence(&self) -> Option<&'a Occurrence> {
        match *self {
            Self::Raised { occurrence, .. } | Self::Updated(occurrence) | Self::Upgraded(occurrence) | Self::Reopened { occurrence, .. } => Some(occurrence),
            Self::Acknowledged { .. }
            | Self::Escalated(_)
            | Self::EscalationRequested { .. }
            | Self::Assigned { .. }
            | Self::Noted(_)
            | Self::RecoveryStarted(_)
            | Self::Resolved(_)
            | Self::Closed { .. } => None,
        }
    }

    /// What the judgement rests on, where a rule judged.
    pub fn basis(&self) -> Option<Basis> {
        match self {
            Self::RecoveryStarted(recovery) => Some(recovery.basis),
            Self::Resolved(resolution) => resolution.basis,
            _ => self.occurrence().map(|occurrence| occurrence.basis),
        }
    }
}

macro_rules! step {
    ($event:ident, $place:expr, $person:expr, $change:expr) => {
        Step { alert: &$event.alert, key: &$event.key, n: $event.n, place: $place, moved_from: None, person: $person, change: $change }
    };
}

macro_rules! occurred {
    ($event:ident, $change:expr) => {
        step!($event, Some(&$event.occurrence.place), $event.occurrence.person.as_ref(), $change)
    };
    ($event:ident, moved, $change:expr) => {
        Step { moved_from: $event.moved_from.as_ref(), ..occurred!($event, $change) }
    };
}

macro_rules! resolution {
    ($event:ident) => {
        Change::Resolved(Resolution {
            by_hand: $event.by_hand,
            late: $event.late,
            quieted_by: &$event.quieted_by,
            basis: $event.basis,
            private: $event.private.as_ref(),
        })
    };
}

impl Alert {
    /// The step that an event is, if it is one of an alert.
    pub fn step(event: &Event) -> Option<Step<'_>> {
        Some(match event {
            Event::AlertRaised(event) => occurred!(event, Change::Raised { episode: event.episode, occurrence: &event.occurrence }),
            Event::AlertUpdated(event) => occurred!(event, Change::Updated(&event.occurrence)),
            Event::AlertUpdatedV2(event) => occurred!(event, moved, Change::Updated(&event.occurrence)),
            Event::AlertUpgraded(event) => occurred!(event, Change::Upgraded(&event.occurrence)),
            Event::AlertUpgradedV2(event) => occurred!(event, moved, Change::Upgraded(&event.occurrence)),
            Event::AlertReopened(event) => occurred!(event, Change::Reopened { episode: event.episode, occurrence: &event.occurrence }),
            Event::AlertReopenedV2(event) => occurred!(event, moved, Change::Reopened { episode: event.episode, occurrence: &event.occurrence }),
            Event::AlertAcknowledged(event) => step!(event, None, None, Change::Acknowledged { until: event.until }),
            Event::AlertAcknowledgedV2(event) => step!(event, Some(&event.place), event.person.as_ref(), Change::Acknowledged { until: event.until }),
            Event::AlertRecoveryStarted(event) => {
                let recovery = Recovery { late: event.late, quieted_by: &event.quieted_by, until: event.until, basis: event.basis };
                step!(event, Some(&event.place), event.person.as_ref(), Change::RecoveryStarted(recovery))
            }
            Event::AlertResolved(event) => step!(event, None, None, resolution!(event)),
            Event::AlertResolvedV2(event) => step!(event, Some(&event.place), event.person.as_ref(), resolution!(event)),
            Event::AlertClosed(event) => step!(event, None, None, Change::Closed { reason: event.reason }),
            Event::AlertClosedV2(event) => step!(event, Some(&event.place), event.person.as_ref(), Change::Closed { reason: event.reason }),
            Event::AlertEscalated(event) => step!(event, Some(&event.place), event.person.as_ref(), Change::Escalated(event)),
            Event::AlertEscalationRequested(event) => {
                step!(event, Some(&event.place), event.person.as_ref(), Change::EscalationRequested { level: event.level })
            }
            Event::AlertAssigned(event) => {
                step!(event, Some(&event.place), event.person.as_ref(), Change::Assigned { level: event.level, staff: &event.staff })
            }
            Event::AlertNoted(event) => step!(event, Some(&event.place), event.person.as_ref(), Change::Noted(event.private.as_ref())),
            _ => return None,
        })
    }
}
