//! What is left out for those who may not see what medicine found: findings, what tells of nothing else, alerts that say so, and what others
//! wrote about alerts. One place, for rows, events and live pages. Everything else goes by this word, so that no count differs from its list.
//! What is left out of events for those who may not see what was measured is in [`crate::measured`].

use domain::{
    Event,
    access::{Right, Scope},
    alert::{Alert, Kind},
    commit::Header,
    record::{Retracted, StoredEvent},
};
use readmodel::{
    ReadModel as _,
    models::{alert, silence},
    views::silence_started_as_seen_by,
};

use crate::{changes::Changed, measured::without_measured};

/// Which alerts, and which changes, there are for somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sight {
    /// All of them.
    Whole,
    /// Those that say nothing of findings: the others do not exist.
    WithoutFindings,
}

impl Sight {
    /// What a caller sees.
    pub(crate) fn of(scope: &Scope) -> Self {
        if scope.may(Right::SeeFindings) { Self::Whole } else { Self::WithoutFindings }
    }

    /// Whether there is such an alert.
    pub(crate) fn shows_alert(self, row: &alert::Row) -> bool {
        self == Self::Whole || !alert::Alert::is_of_findings(row)
    }

    /// Whether there is such a silence: one of alerts that do not exist says that there are some.
    pub(crate) fn shows_silence(self, row: &silence::Row) -> bool {
        self == Self::Whole || !silence::Silence::is_of_findings(row)
    }

    /// Whether there was such a change.
    pub(crate) fn shows_change(self, changed: &Changed) -> bool {
        self == Self::Whole || !changed.of_findings
    }
}

/// An event as somebody may know of it, given the commit that told it: nothing where it tells of a finding and they may not see findings, and
/// without what was measured where they may not see that and did not record it. A retraction then repeats only what they knew of, and is nothing
/// where they knew of none; and of what was written about an alert they read what they wrote themselves.
pub(crate) fn as_seen(scope: &Scope, header: &Header, event: Event) -> Option<Event> {
    let recorded = scope.recorded(header);
    match event {
        Event::RecordRetracted(retracted) => retraction_as_seen(scope, recorded, retracted).map(Event::from),
        event if scope.may(Right::SeeMeasured) || recorded => written_as_seen(scope, header, event),
        event => written_as_seen(scope, header, event).and_then(without_measured),
    }
}

/// An event, and what was written about it, as somebody may know of findings and of reasons.
fn written_as_seen(scope: &Scope, header: &Header, event: Event) -> Option<Event> {
    if scope.may(Right::SeeFindings) {
        return Some(event);
    }
    let own = header.actor == scope.principal().actor();
    match event {
        event if tells_a_finding(&event) => None,
        Event::AlertNoted(noted) if !own => Some(domain::alert::Noted { private: None, ..noted }.into()),
        Event::AlertResolved(resolved) if !own => Some(domain::alert::Resolved { private: None, ..resolved }.into()),
        Event::AlertResolvedV2(resolved) if !own => Some(domain::alert::ResolvedV2 { private: None, ..resolved }.into()),
        Event::SilenceStarted(started) => Some(silence_started_as_seen_by(started, scope.principal().role()).into()),
        event => Some(event),
    }
}

/// A retraction repeats what others recorded, whoever took it back. What cannot be read is not shown to who may not see all.
fn retraction_as_seen(scope: &Scope, recorded: bool, mut retracted: Retracted) -> Option<Retracted> {
    let (findings, measured) = (scope.may(Right::SeeFindings), scope.may(Right::SeeMeasured));
    if findings && measured {
        return Some(retracted);
    }
    let seen = |stored: StoredEvent| {
        let fact = Event::decode(&stored.name, &stored.payload).ok().filter(|fact| findings || !tells_a_finding(fact))?;
        if measured {
            return Some(stored);
        }
        let fact = without_measured(fact)?;
        Some(StoredEvent { payload: fact.encode().ok()?, ..stored })
    };
    retracted.events = retracted.events.into_iter().filter_map(seen).collect();
    if !measured && !recorded {
        retracted.private = None;
    }
    (!retracted.events.is_empty()).then_some(retracted)
}

/// Whether an event says what medicine found, or who is left behind by somebody in its care, or is a step of an alert that says so, or a silence
/// of such alerts. That a door is under quarantine is said by orders, which all may see.
fn tells_a_finding(event: &Event) -> bool {
    match event {
        Event::FindingRecorded(_) | Event::HouseholdExposed(_) => true,
        Event::SilenceStarted(started) => started.kind.as_ref().is_some_and(|kind| Kind::tells_a_finding(kind.as_str())),
        event => Alert::step(event).is_some_and(|step| step.key.tells_a_finding()),
    }
}
