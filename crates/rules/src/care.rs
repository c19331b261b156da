//! What medicine has said of somebody, and since when what was measured and told before is no matter of the community's any more.
//!
//! A finding that somebody is not infected, has another illness, is well again or has died ends what rests on facts up to the moment
//! at which it was made. *Suspected* and *confirmed* end nothing: whoever has a fever and may be infected needs somebody all the more,
//! until they are in hospital or there is another finding. A later *suspected* does not bring back a fever that an earlier finding
//! ended: that finding was about those readings. Of two findings at one instant the worse holds (contracts.md).

use domain::{
    Event, Fact,
    medical::Finding,
    values::{CommandId, EventId, Timestamp},
};
use serde::{Deserialize, Serialize};

use crate::{
    Scope, Verdict,
    facts::{Facts, Ranked, recorded_late},
};

/// Most findings per person, newest kept: a test every other day for a month.
const FINDINGS_MAX: usize = 16;

/// What is remembered of one person: nothing, unless somebody has found something.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Care {
    findings: Facts<Found, FINDINGS_MAX>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Found {
    at: Timestamp,
    recorded_at: Timestamp,
    finding: Finding,
}

impl Ranked for Found {
    type Rank = (Timestamp, bool);

    fn rank(&self) -> Self::Rank {
        (self.at, self.finding.is_case())
    }
}

/// What ended all that somebody had been measured and had told up to a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    /// Facts up to here are no matter any more, those of this instant included.
    pub(crate) at: Timestamp,
    /// It was recorded long after it had happened.
    pub(crate) late: bool,
    /// The event that told it.
    pub(crate) by: EventId,
}

impl Ended {
    /// Whether what ended something did so before `at`, so that what happened then is a matter.
    pub(crate) fn is_before(ended: Option<Self>, at: Timestamp) -> bool {
        ended.is_none_or(|ended| ended.at < at)
    }

    /// Quiet, because of what ended it where something did.
    pub(crate) fn quiet(ended: Option<Self>) -> Verdict {
        ended.map_or(Verdict::quiet(), |ended| Verdict::Quiet { late: ended.late, quieted_by: vec![ended.by.to_string()] })
    }
}

/// Whom an event says a finding of.
pub(crate) fn found_of(event: &Event) -> Option<Scope> {
    match event {
        Event::FindingRecorded(event) => Scope::subject(&event.who),
        _ => None,
    }
}

impl Care {
    /// Remembers a finding.
    pub(crate) fn evolve(&mut self, fact: &Fact<'_>) {
        if let Event::FindingRecorded(event) = fact.event {
            self.findings.insert(fact.id(), Found { at: fact.header.at, recorded_at: fact.header.recorded_at, finding: event.finding });
        }
    }

    /// Forgets what a command told.
    pub(crate) fn retract(&mut self, command: CommandId) {
        self.findings.retract(command);
    }

    /// How many facts there are.
    pub(crate) fn facts(&self) -> usize {
        self.findings.len()
    }

    /// What ended what was before it, the last time.
    pub(crate) fn ended(&self) -> Option<Ended> {
        let doubted = |at| self.findings.values().any(|found| found.at == at && found.finding.is_case());
        let ends = self.findings.iter().filter(|(_, found)| !found.finding.is_case() && !doubted(found.at));
        let last = ends.max_by_key(|(id, found)| (found.at, **id));
        last.map(|(id, found)| Ended { at: found.at, late: recorded_late(found.at, found.recorded_at), by: *id })
    }

    /// Whether they are, or may be, infected as far as the last finding goes.
    pub(crate) fn is_case(&self) -> bool {
        self.findings.values().max_by_key(|found| found.rank()).is_some_and(|found| found.finding.is_case())
    }
}
