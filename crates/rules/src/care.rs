//! What medicine has said of somebody and whether they are in hospital: since when what was measured and told before is no matter of
//! the community's any more.
//!
//! A finding that somebody is not infected, has another illness, is well again or has died ends what rests on facts up to the moment
//! at which it was made. *Suspected* and *confirmed* end nothing: whoever has a fever and may be infected needs somebody all the more,
//! until they are in hospital or there is another finding. A later *suspected* does not bring back a fever that an earlier finding
//! ended: that finding was about those readings. Of two findings at one instant the worse holds (contracts.md).
//!
//! Whoever is taken to hospital is looked after there (alerting.md, "Storms"): an order or a move of kind hospital, a release to
//! hospital, or a check that found them there end the same. While an order holds in hospital, what its checks measure there is no
//! matter of the community's; what somebody measures at a door or a gate always is, whatever an order says.

use domain::{
    Event, Fact,
    medical::Finding,
    quarantine::{CheckOutcome, Kind, ReleaseReason},
    values::{CommandId, EventId, Place, QuarantineId, Timestamp},
};
use serde::{Deserialize, Serialize};

use crate::{
    Scope, Verdict,
    facts::{Facts, Ranked, keep_earliest, recorded_late},
};

/// Most findings per person, newest kept: a test every other day for a month.
const FINDINGS_MAX: usize = 16;
/// Most words per person that they are in hospital, newest kept: only the last counts, and some may be taken back.
const TAKEN_MAX: usize = 8;
/// Most orders and moves per person.
const MOVES_MAX: usize = 32;

/// What is remembered of one person: nothing, unless somebody has found something or there is an order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Care {
    findings: Facts<Found, FINDINGS_MAX>,
    /// That they were taken to hospital, or found to be there.
    taken: Facts<TakenThere, TAKEN_MAX>,
    /// Orders that began in hospital, and moves.
    moves: Facts<Moved, MOVES_MAX>,
    /// The earliest release of each order.
    released: Facts<Released, MOVES_MAX, QuarantineId>,
}

/// A finding of one person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Found {
    pub(crate) at: Timestamp,
    pub(crate) recorded_at: Timestamp,
    pub(crate) finding: Finding,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct TakenThere {
    at: Timestamp,
    recorded_at: Timestamp,
    /// The order that says so; nothing where a check said it.
    by_order: Option<QuarantineId>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Moved {
    quarantine: QuarantineId,
    at: Timestamp,
    to_hospital: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Released {
    at: Option<Timestamp>,
    /// The order should not have been given.
    mistake: bool,
}

impl Ranked for Found {
    type Rank = (Timestamp, bool);

    fn rank(&self) -> Self::Rank {
        (self.at, self.finding.is_case())
    }
}

impl Ranked for TakenThere {
    type Rank = Timestamp;

    fn rank(&self) -> Timestamp {
        self.at
    }
}

impl Ranked for Moved {
    type Rank = Timestamp;

    fn rank(&self) -> Timestamp {
        self.at
    }
}

impl Ranked for Released {
    type Rank = Option<Timestamp>;

    fn rank(&self) -> Self::Rank {
        self.at
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
    /// Quiet, because of what ended it where something did.
    pub(crate) fn quiet(ended: Option<Self>) -> Verdict {
        ended.map_or(Verdict::quiet(), |ended| Verdict::Quiet { late: ended.late, quieted_by: vec![ended.by.to_string()] })
    }
}

/// Whom an event says a finding of, or that they are in hospital, or are no more.
pub(crate) fn people(event: &Event) -> Vec<Scope> {
    match event {
        Event::FindingRecorded(event) => Scope::subject(&event.who).into_iter().collect(),
        Event::QuarantineOrdered(event) if event.kind == Kind::Hospital => vec![Scope::person(&event.person)],
        Event::QuarantineMoved(event) => vec![Scope::person(&event.person)],
        Event::QuarantineReleased(event) => vec![Scope::person(&event.person)],
        Event::QuarantineChecked(event) => {
            event.checks.iter().filter(|check| check.outcome == CheckOutcome::Hospital).map(|check| Scope::person(&check.person)).collect()
        }
        _ => Vec::new(),
    }
}

impl Care {
    /// Remembers what an event says of somebody.
    pub(crate) fn evolve(&mut self, scope: &Scope, fact: &Fact<'_>) {
        if !people(fact.event).contains(scope) {
            return;
        }
        let (at, recorded_at) = (fact.header.at, fact.header.recorded_at);
        match fact.event {
            Event::FindingRecorded(event) => self.findings.insert(fact.id(), Found { at, recorded_at, finding: event.finding }),
            Event::QuarantineOrdered(event) => self.moved(fact, &event.quarantine, event.kind),
            Event::QuarantineMoved(event) => self.moved(fact, &event.quarantine, event.kind),
            Event::QuarantineReleased(event) => {
                self.released.change(&event.quarantine, |released| {
                    keep_earliest(&mut released.at, at);
                    released.mistake |= event.reason == ReleaseReason::Mistake;
                });
                match event.reason {
                    ReleaseReason::Hospital => self.taken.insert(fact.id(), TakenThere { at, recorded_at, by_order: Some(event.quarantine.clone()) }),
                    ReleaseReason::Died => self.findings.insert(fact.id(), Found { at, recorded_at, finding: Finding::Died }),
                    ReleaseReason::Completed | ReleaseReason::Moved | ReleaseReason::Mistake => {}
                }
            }
            _ => self.taken.insert(fact.id(), TakenThere { at, recorded_at, by_order: None }),
        }
    }

    fn moved(&mut self, fact: &Fact<'_>, quarantine: &QuarantineId, kind: Kind) {
        let (at, recorded_at, to_hospital) = (fact.header.at, fact.header.recorded_at, kind == Kind::Hospital);
        self.moves.insert(fact.id(), Moved { quarantine: quarantine.clone(), at, to_hospital });
        if to_hospital {
            self.taken.insert(fact.id(), TakenThere { at, recorded_at, by_order: Some(quarantine.clone()) });
        }
    }

    /// Forgets what a command told.
    pub(crate) fn retract(&mut self, command: CommandId) {
        self.findings.retract(command);
        self.taken.retract(command);
    }

    /// How many facts there are.
    pub(crate) fn facts(&self) -> usize {
        self.findings.len() + self.taken.len() + self.moves.len() + self.released.len()
    }

    /// What ended what was before it, the last time.
    pub(crate) fn ended(&self) -> Option<Ended> {
        let doubted = |at| self.findings.values().any(|found| found.at == at && found.finding.is_case());
        let ends = self.findings.iter().filter(|(_, found)| !found.finding.is_case() && !doubted(found.at));
        let found = ends.map(|(id, found)| (found.at, id, found.recorded_at));
        let mistaken = |taken: &TakenThere| taken.by_order.as_ref().is_some_and(|order| self.is_mistake(order));
        let taken = self.taken.iter().filter(|(_, taken)| !mistaken(taken)).map(|(id, taken)| (taken.at, id, taken.recorded_at));
        let (at, by, recorded_at) = found.chain(taken).max_by_key(|(at, id, _)| (*at, **id))?;
        Some(Ended { at, late: recorded_late(at, recorded_at), by: *by })
    }

    /// Whether they are, or may be, infected as far as the last finding goes.
    pub(crate) fn is_case(&self) -> bool {
        self.findings.values().max_by_key(|found| found.rank()).is_some_and(|found| found.finding.is_case())
    }

    /// Whether what was measured or told at a moment and a place is a matter of the community's: nothing has ended it since, and it is
    /// not the hospital's, as a check without a door is while its order held there.
    pub(crate) fn leaves_to_us(&self, ended: Option<Ended>, at: Timestamp, place: &Place) -> bool {
        let of_hospital = *place == Place::default() && self.in_hospital(at);
        ended.is_none_or(|ended| ended.at < at) && !of_hospital
    }

    /// Whether an order should not have been given: then it says nothing of anybody.
    fn is_mistake(&self, order: &QuarantineId) -> bool {
        self.released.iter().any(|(of, released)| of == order && released.mistake)
    }

    /// Whether an order held in hospital. Of two moves at one instant the one that leaves more to us counts.
    fn in_hospital(&self, at: Timestamp) -> bool {
        let last = self
            .moves
            .iter()
            .filter(|(_, moved)| moved.at <= at && !self.is_mistake(&moved.quarantine))
            .max_by_key(|(id, moved)| (moved.at, !moved.to_hospital, **id));
        let released = |quarantine| self.released.iter().any(|(of, released)| of == quarantine && released.at.is_some_and(|released_at| released_at <= at));
        last.is_some_and(|(_, moved)| moved.to_hospital && !released(&moved.quarantine))
    }
}
