//! In a building something is open, and a post at level 1 that it belongs to is vacant: it went past those who are nearest.
//!
//! The escalations of the building's alerts tell it: each names the posts that nobody held. Quiet once those alerts are over or about
//! another building, or somebody holds the post and was told; however long that takes. Each post that such an event names is a cause,
//! `{event}/{duty}`.

use std::collections::BTreeSet;

use domain::{
    Event, Fact, Header,
    alert::{self, Alert, AlertId, Change, Detail, Firing, Severity, Step},
    values::{BuildingId, CommandId, EstateId, EventId, Place, Slug, Timestamp},
};
use serde::{Deserialize, Serialize};

use crate::{
    Judgement, Remembered, Rule, Scope, ScopeKind, Shared, Verdict,
    facts::{Facts, Ranked},
};

/// Most alerts remembered per building; those that are over and were told of first are forgotten first.
const ALERTS_MAX: usize = 256;

/// The rule.
#[derive(Debug)]
pub struct ResponsibilityGap;

/// What is remembered of one building.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    alerts: Facts<OfAlert, ALERTS_MAX, AlertId>,
}

/// What the last event of each kind told of an alert.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct OfAlert {
    vacant: Option<Told>,
    filled: Option<Told>,
    /// It is over, or about another building.
    ended: Option<Told>,
}

/// An event of an alert, by its number there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Told {
    n: u32,
    recorded_at: Timestamp,
    id: EventId,
    estate: Option<EstateId>,
    /// The duties of level 1 that nobody holds, where it tells of any.
    vacant: BTreeSet<Slug>,
}

impl Told {
    /// One for each post: which it is stands in the cause, and in the title by that.
    fn causes(&self) -> impl Iterator<Item = String> {
        self.vacant.iter().map(|duty| alert::vacancy(self.id, duty))
    }
}

impl OfAlert {
    /// The gap, while it is one.
    fn open(&self) -> Option<&Told> {
        self.vacant.as_ref().filter(|vacant| !self.is_after(vacant))
    }

    /// Whether the post was filled, or the alert over, after that was told.
    fn is_after(&self, vacant: &Told) -> bool {
        self.filled.iter().chain(&self.ended).any(|told| told.n > vacant.n)
    }
}

impl Ranked for OfAlert {
    /// What is over goes first, then what was told first.
    type Rank = (bool, Option<Timestamp>);

    fn rank(&self) -> Self::Rank {
        let told = [&self.vacant, &self.filled, &self.ended].into_iter().flatten();
        (self.open().is_some(), told.map(|told| told.recorded_at).max())
    }
}

/// What an event tells of an alert of another rule: a gap is no gap of its own. Of those that say what medicine found there is none for all to see: that
/// a post is vacant for one stands in its own turn, and here it would betray it.
fn told_by(event: &Event) -> Option<Step<'_>> {
    let step = Alert::step(event).filter(|step| step.key.rule.as_str() != ResponsibilityGap::NAME && !step.key.tells_a_finding())?;
    let tells = matches!(step.change, Change::Escalated(_) | Change::RecoveryStarted(_) | Change::Resolved(_) | Change::Closed { .. });
    (tells || step.moved_from.is_some()).then_some(step)
}

impl Rule for ResponsibilityGap {
    const NAME: &'static str = "responsibility_gap";
    const VERSION: u16 = 5;
    const KINDS: &'static [ScopeKind] = &[ScopeKind::Building];
    type Memory = Memory;

    fn scopes(event: &Event, _: &Header) -> Vec<Scope> {
        // that it moved is told to the building that it leaves: the other hears of it by what comes after
        let building = told_by(event).and_then(|step| step.moved_from.or_else(|| step.place?.building.as_ref()));
        building.map(Scope::building).into_iter().collect()
    }

    fn evolve(memory: &mut Memory, _: &Scope, fact: &Fact<'_>) {
        let Some(Step { alert, n, place, change, .. }) = told_by(fact.event) else { return };
        let vacant = match change {
            Change::Escalated(escalated) => escalated.gaps.iter().filter(|gap| gap.level == 1).map(|gap| gap.duty.clone()).collect(),
            _ => BTreeSet::new(),
        };
        let is_vacant = !vacant.is_empty();
        let told = Some(Told { n, recorded_at: fact.header.recorded_at, id: fact.id(), estate: place.and_then(|place| place.estate.clone()), vacant });
        memory.alerts.change(alert, |of| {
            let slot = match change {
                Change::Escalated(_) if is_vacant => &mut of.vacant,
                Change::Escalated(escalated) if escalated.level == 1 => &mut of.filled,
                Change::Escalated(_) => return,
                _ => &mut of.ended,
            };
            *slot = told.max(slot.take());
        });
    }

    /// Alerts keep their history.
    fn retract(_: &mut Memory, _: CommandId) {}

    fn judge(memory: &Memory, scope: &Scope, _: &Shared<'_>, _: Timestamp) -> Judgement {
        let mut open: Vec<&Told> = memory.alerts.values().filter_map(OfAlert::open).collect();
        open.sort_by_key(|told| (told.recorded_at, told.id));
        let (Some(first), Some(last)) = (open.first(), open.last()) else {
            let over = memory.alerts.values().filter(|of| of.vacant.is_some()).flat_map(|of| of.filled.iter().chain(&of.ended));
            let by = over.max_by_key(|told| (told.recorded_at, told.id)).map(|told| told.id.to_string());
            return Judgement { verdict: Verdict::Quiet { late: false, quieted_by: by.into_iter().collect() }, next_change: None };
        };
        let firing = Firing {
            severity: Severity::Caution,
            unconfirmed: false,
            place: Place { estate: last.estate.clone(), building: Some(BuildingId::from(scope.id.clone())), ..Place::default() },
            person: None,
            observed: None,
            detail: Detail::default(),
            causes: open.iter().flat_map(|told| told.causes()).collect(),
            first_at: first.recorded_at,
            last_at: last.recorded_at,
            occurrences: u32::try_from(open.len()).unwrap_or(u32::MAX),
            late: false,
        };
        Judgement { verdict: Verdict::Firing(firing), next_change: None }
    }
}

impl Remembered for Memory {
    fn facts(&self) -> usize {
        self.alerts.len()
    }
}
