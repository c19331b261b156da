//! An alert: where it stands, why, and what became of it.

use std::collections::BTreeMap;

use domain::{
    Evolve, Fact,
    alert::{self, AlertId, Change, CloseReason, Gap, Severity, Why},
    values::{BuildingId, EventId, Private, Slug, StaffId, Timestamp},
};
use serde::{Deserialize, Serialize};

use crate::{Mark, Part, ReadModel};

/// The index of open and acknowledged alerts, the worst first.
pub const ACTIVE: &str = "alert_active";
/// The index of open and acknowledged alerts by building; those at no building stand under the empty one.
pub const ACTIVE_BY_BUILDING: &str = "alert_active_building";
/// The index of alerts that are over, by when they began.
pub const ENDED: &str = "alert_ended";
/// Most events kept per alert.
pub const HISTORY_MAX: usize = 64;
/// Most causes kept per event, the latest that its rule names; the log has them all.
pub const CAUSES_PER_EVENT_MAX: usize = 32;

/// What happened to an alert.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Happened {
    /// The event.
    pub event: EventId,
    /// What, in one word.
    pub action: Action,
    /// When, by our clock.
    pub recorded_at: Timestamp,
    /// How bad it was.
    pub severity: Option<Severity>,
    /// The token that asked, or `service`.
    pub actor: Slug,
    /// Who did it.
    pub by: Vec<StaffId>,
    /// Why it is not followed up.
    pub reason: Option<CloseReason>,
    /// What it rests on that the event before it did not, where a rule fires; what made the rule quiet, where it is.
    pub caused_by: Vec<String>,
    /// Whose turn it is since then, or is asked to be.
    pub passed_on: Option<PassedOn>,
    /// How it is known that it is over, or what was noted.
    pub private: Option<Private>,
}

/// To whom it went.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PassedOn {
    /// 1 nearest to the door, 3 the town.
    pub level: u8,
    /// Whose turn it is.
    pub staff: Vec<StaffId>,
    /// Posts that nobody holds.
    pub gaps: Vec<Gap>,
    /// Why it is their turn; nothing where somebody did it by hand.
    pub why: Option<Why>,
}

/// What can happen to an alert; the words of topics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words say it")]
pub enum Action {
    Raised,
    Updated,
    Upgraded,
    Reopened,
    Acknowledged,
    Escalated,
    EscalationRequested,
    Assigned,
    Noted,
    RecoveryStarted,
    Resolved,
    Closed,
}

/// An alert.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// What decisions know of it too.
    pub state: alert::State,
    /// Its events by their number.
    pub history: BTreeMap<u32, Happened>,
}

/// The read model.
#[derive(Debug)]
pub struct Alert;

impl ReadModel for Alert {
    const NAME: &'static str = "alert";
    const VERSION: u32 = 5;
    type Key = AlertId;
    type Row = Row;

    fn keys(fact: &Fact<'_>) -> Vec<AlertId> {
        alert::Alert::step(fact.event).map(|step| step.alert.clone()).into_iter().collect()
    }

    fn evolve(row: Option<Row>, key: &AlertId, fact: &Fact<'_>) -> Option<Row> {
        let (state, mut history) = row.map_or((None, BTreeMap::new()), |row| (Some(row.state), row.history));
        let happened = happened(fact, state.as_ref());
        let state = alert::Alert::evolve(state, key.key_hash(), fact)?;
        if let Some((n, happened)) = happened {
            history.insert(n, happened);
            while history.len() > HISTORY_MAX {
                history.pop_first();
            }
        }
        Some(Row { state, history })
    }

    fn marks(key: &AlertId, row: &Row) -> Vec<Mark> {
        let id = [Part::Text(key.key_hash().to_string()), Part::U64(u64::from(key.group()))];
        let with = |index, first: Vec<Part>| Mark { index, parts: first.into_iter().chain(id.clone()).collect() };
        if !row.state.is_active() {
            return vec![with(ENDED, vec![Part::I64(-row.state.occurrence.first_at.0)])];
        }
        let worst_first = u8::MAX - row.state.severity_peak.code();
        let community = with(ACTIVE, vec![Part::U8(worst_first), Part::I64(row.state.occurrence.first_at.0)]);
        let building = row.state.occurrence.place.building.as_ref().map(ToString::to_string).unwrap_or_default();
        vec![community, with(ACTIVE_BY_BUILDING, vec![Part::Text(building)])]
    }

    fn is_of_findings(row: &Row) -> bool {
        row.state.key.tells_a_finding()
    }

    fn building(_: &AlertId, row: &Row) -> Option<BuildingId> {
        row.state.occurrence.place.building.clone()
    }
}

/// What an event says happened, given the alert before it.
fn happened(fact: &Fact<'_>, before: Option<&alert::State>) -> Option<(u32, Happened)> {
    let alert::Step { n, change, .. } = alert::Alert::step(fact.event)?;
    let caused_by = caused_by(&change, before);
    let (mut reason, mut private, mut passed_on) = (None, None, None);
    let action = match change {
        Change::Raised { .. } => Action::Raised,
        Change::Updated(_) => Action::Updated,
        Change::Upgraded(_) => Action::Upgraded,
        Change::Reopened { .. } => Action::Reopened,
        Change::Acknowledged { .. } => Action::Acknowledged,
        Change::Escalated(escalated) => {
            let staff = escalated.owners.iter().map(|owner| owner.staff.clone()).collect();
            passed_on = Some(PassedOn { level: escalated.level, staff, gaps: escalated.gaps.clone(), why: Some(escalated.why) });
            Action::Escalated
        }
        Change::EscalationRequested { level } => {
            passed_on = Some(PassedOn { level, ..PassedOn::default() });
            Action::EscalationRequested
        }
        Change::Assigned { level, staff } => {
            passed_on = Some(PassedOn { level, staff: vec![staff.clone()], ..PassedOn::default() });
            Action::Assigned
        }
        Change::Noted(note) => {
            private = note.cloned();
            Action::Noted
        }
        Change::RecoveryStarted(_) => Action::RecoveryStarted,
        Change::Resolved(resolution) => {
            private = resolution.private.cloned();
            Action::Resolved
        }
        Change::Closed { reason: why } => {
            reason = Some(why);
            Action::Closed
        }
    };
    let severity = change.occurrence().map(|occurrence| occurrence.severity);
    let (actor, by, recorded_at) = (fact.header.actor.clone(), fact.header.by.clone(), fact.header.recorded_at);
    Some((n, Happened { event: fact.id(), action, recorded_at, severity, actor, by, reason, caused_by, passed_on, private }))
}

/// The causes that a change brought: all that an episode begins with, after that what the one before did not rest on.
fn caused_by(change: &Change<'_>, before: Option<&alert::State>) -> Vec<String> {
    let known = |cause: &&String| before.is_some_and(|before| before.occurrence.causes.contains(*cause));
    let brought: Vec<&String> = match change {
        Change::Raised { occurrence, .. } | Change::Reopened { occurrence, .. } => occurrence.causes.iter().collect(),
        Change::Updated(occurrence) | Change::Upgraded(occurrence) => occurrence.causes.iter().filter(|cause| !known(cause)).collect(),
        Change::RecoveryStarted(recovery) => recovery.quieted_by.iter().collect(),
        Change::Resolved(resolution) => resolution.quieted_by.iter().collect(),
        // what people do has no other cause than that they did it: the event itself
        Change::Acknowledged { .. }
        | Change::Escalated(_)
        | Change::EscalationRequested { .. }
        | Change::Assigned { .. }
        | Change::Noted(_)
        | Change::Closed { .. } => Vec::new(),
    };
    brought[brought.len().saturating_sub(CAUSES_PER_EVENT_MAX)..].iter().map(|cause| (*cause).clone()).collect()
}
