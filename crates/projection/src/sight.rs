//! What is left out for those who may not see what medicine found: findings, what tells of nothing else, alerts that say so, and what others
//! wrote about alerts. One place, for rows, events and live pages. Everything else goes by this word, so that no count differs from its list.

use domain::{
    Event,
    access::{Right, Scope},
    alert::{Alert, Kind},
    values::Slug,
};
use readmodel::{
    ReadModel as _,
    models::{alert, silence},
};

use crate::changes::Changed;

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

/// An event as somebody may know of it, given the token that asked for it: nothing where it tells of a finding and they may not see findings. A
/// retraction then repeats only what they knew of, and is nothing where they knew of none; and of what was written about an alert they read
/// what they wrote themselves.
pub(crate) fn as_seen(scope: &Scope, actor: &Slug, event: Event) -> Option<Event> {
    if scope.may(Right::SeeFindings) {
        return Some(event);
    }
    let own = *actor == scope.principal().actor();
    match event {
        Event::RecordRetracted(mut retracted) => {
            // what cannot be read is not shown either
            retracted.events.retain(|stored| Event::decode(&stored.name, &stored.payload).is_ok_and(|fact| !tells_a_finding(&fact)));
            (!retracted.events.is_empty()).then_some(Event::RecordRetracted(retracted))
        }
        event if tells_a_finding(&event) => None,
        Event::AlertNoted(noted) if !own => Some(domain::alert::Noted { private: None, ..noted }.into()),
        Event::AlertResolved(resolved) if !own => Some(domain::alert::Resolved { private: None, ..resolved }.into()),
        Event::AlertResolvedV2(resolved) if !own => Some(domain::alert::ResolvedV2 { private: None, ..resolved }.into()),
        event => Some(event),
    }
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
