//! Somebody has symptoms, and no fever of theirs is alarmed about already.
//!
//! Any symptom that a visit or a check names counts, whoever told it. *Asked, none* is no symptom, and neither is the word `none`.
//! What is told while a fever of the same person stands, or in the same record, is that alert's matter: it counts here only when
//! the last fever was measured more than a day before. A fever that is pending has told nobody yet, and one that comes later
//! does not take the symptom back.
//!
//! Serious, and it stays until somebody decides: no answer and no day without symptoms makes it quiet, only a medical finding does
//! that was made at or after the last report (alerting.md). *Suspected* and *confirmed* are none: what somebody has told then is
//! the more a matter. In hospital it is the hospital's. It keeps firing for the last run of reports (no more than a day between one
//! and the next) with the same causes, and an alert that was ended by hand does not reopen without a new report.

use domain::{
    Event, Fact, Header,
    alert::{Detail, Firing, Severity},
    community::Policy,
    values::{CommandId, EventId, HOUR_MS, Place, Slug, Timestamp},
};
use serde::{Deserialize, Serialize};

use crate::{
    Judgement, Remembered, Rule, Scope, ScopeKind, Shared, Verdict,
    care::{self, Care, Ended},
    course::{self, Course, Episode, Records, Standing, Taken},
    facts::{Facts, Ranked, recorded_late},
};

/// Reports with more than this between them are different matters, as for reopening an alert (alerting.md). A fever that was
/// measured longer ago no longer speaks for a report: its alert may have been ended by hand.
const RUN_GAP_MS: i64 = domain::alert::REOPEN_HOURS * HOUR_MS;
/// Most reports per person, newest kept: a month of two a day.
const REPORTS_MAX: usize = 64;
/// Most records without a warm reading per person, newest kept: what matters is whether a fever of the day before a report was over.
const COOL_MAX: usize = 4;
/// What somebody may write in place of an empty list.
const NONE: &str = "none";

/// The rule.
#[derive(Debug)]
pub struct Symptom;

/// What is remembered of one person.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    reports: Facts<Report, REPORTS_MAX>,
    course: Course<COOL_MAX>,
    care: Care,
}

/// A record that names a symptom.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Report {
    at: Timestamp,
    recorded_at: Timestamp,
    place: Place,
}

impl Ranked for Report {
    type Rank = (Timestamp, Timestamp);

    fn rank(&self) -> Self::Rank {
        (self.at, self.recorded_at)
    }
}

impl Rule for Symptom {
    const NAME: &'static str = "symptom";
    const VERSION: u16 = 5;
    const KINDS: &'static [ScopeKind] = &[ScopeKind::Person, ScopeKind::Unregistered];
    type Memory = Memory;

    fn scopes(event: &Event, _: &Header) -> Vec<Scope> {
        let matters = |scope: &Scope| reported(event, scope).is_some() || course::can_tell(event, scope);
        care::people(event).into_iter().chain(course::people(event).into_iter().filter(matters)).collect()
    }

    fn evolve(memory: &mut Memory, scope: &Scope, fact: &Fact<'_>) {
        memory.course.evolve(scope, fact);
        memory.care.evolve(scope, fact);
        if let Some(place) = reported(fact.event, scope) {
            let (at, recorded_at) = (fact.header.at, fact.header.recorded_at);
            memory.reports.insert(fact.id(), Report { at, recorded_at, place: place.clone() });
        }
    }

    fn retract(memory: &mut Memory, command: CommandId) {
        memory.reports.retract(command);
        memory.course.retract(command);
        memory.care.retract(command);
    }

    fn judge(memory: &Memory, scope: &Scope, shared: &Shared<'_>, _: Timestamp) -> Judgement {
        let Shared { policy, .. } = *shared;
        // nearly everybody: without a report no reading counts
        if memory.reports.len() == 0 {
            return Judgement { verdict: Verdict::quiet(), next_change: None };
        }
        let ended = memory.care.ended();
        let ours = |report: &Report| memory.care.leaves_to_us(ended, report.at, &report.place);
        if !memory.reports.values().any(ours) {
            return Judgement { verdict: Ended::quiet(ended), next_change: None };
        }
        let told = Told { course: &memory.course.records(), policy, care: &memory.care, ended };
        let reports = || memory.reports.iter().filter(|(_, report)| ours(report));
        let mut alarmed: Vec<_> = reports().filter(|(id, report)| told.fever_by_then(id, report, None).is_none()).collect();
        alarmed.sort_by_key(|(id, report)| (report.at, **id));
        let verdict = match alarmed.last() {
            Some((_, last)) => Verdict::Firing(firing(last_run(&alarmed), last, scope)),
            None => told.taken_back(reports()),
        };
        Judgement { verdict, next_change: None }
    }
}

impl Remembered for Memory {
    fn facts(&self) -> usize {
        self.reports.len() + self.course.facts() + self.care.facts()
    }
}

/// Where an event says that somebody has symptoms; nothing when it does not.
fn reported<'a>(event: &'a Event, scope: &Scope) -> Option<&'a Place> {
    let named = |symptoms: &Option<Vec<Slug>>| symptoms.iter().flatten().any(|symptom| symptom.as_str() != NONE);
    match event {
        Event::VisitRecorded(visit) => {
            let mut ours = visit.people.iter().filter(|person| Scope::subject(&person.who).as_ref() == Some(scope));
            ours.any(|person| named(&person.symptoms)).then_some(&visit.place)
        }
        Event::QuarantineChecked(checked) => {
            let mut ours = checked.checks.iter().filter(|check| Scope::person(&check.person) == *scope);
            ours.find(|check| named(&check.symptoms)).map(|check| &check.place)
        }
        _ => None,
    }
}

/// What else is known of somebody who reports symptoms.
struct Told<'a> {
    course: &'a Records,
    policy: &'a Policy,
    care: &'a Care,
    ended: Option<Ended>,
}

impl<'a> Told<'a> {
    /// Quiet; late when only a reading that was learned of after the report makes it so.
    fn taken_back<'b>(&self, reports: impl Iterator<Item = (&'b EventId, &'b Report)>) -> Verdict {
        let typed_late = reports.filter(|(id, report)| self.fever_by_then(id, report, Some(report.recorded_at)).is_none());
        let fevers = typed_late.filter_map(|(id, report)| self.fever_by_then(id, report, None));
        let last_learned = fevers.flat_map(|episode| episode.fevers).max_by_key(|taken| (taken.record.recorded_at, taken.id));
        last_learned.map_or(Verdict::quiet(), |taken| Verdict::Quiet { late: true, quieted_by: vec![taken.id.to_string()] })
    }

    /// The fever that was alarmed about when somebody reported symptoms, by all that is known now or by what was known at some
    /// time. The readings of the same record count, the re-measure too; those that a finding or a hospital ended do not.
    fn fever_by_then(&self, id: &EventId, report: &Report, known_at: Option<Timestamp>) -> Option<Episode<'a>> {
        if !self.policy.at(report.at).rule_enabled(crate::Fever::NAME) {
            return None;
        }
        let then = report.at.max(self.course.measured_at(id).unwrap_or(report.at));
        let known = |taken: &Taken<'_>| taken.at <= then && known_at.is_none_or(|known_at| taken.record.recorded_at <= known_at);
        let ours = |taken: &Taken<'_>| self.care.leaves_to_us(self.ended, taken.at, &taken.record.place);
        let standing = self.course.standing(self.policy, |taken| known(taken) && ours(taken));
        let Standing::Feverish(episode) = standing else { return None };
        let alarmed = episode.confirmed || then > episode.deadline;
        let recent = episode.fevers.last().is_some_and(|last| report.at.0 - last.at.0 <= RUN_GAP_MS);
        (alarmed && recent).then_some(episode)
    }
}

/// The reports with no more than a day between one and the next, up to the last.
fn last_run<'a, 'b>(reports: &'b [(&'a EventId, &'a Report)]) -> &'b [(&'a EventId, &'a Report)] {
    let gap = reports.windows(2).rposition(|pair| pair[1].1.at.0 - pair[0].1.at.0 > RUN_GAP_MS);
    &reports[gap.map_or(0, |place| place + 1)..]
}

fn firing(run: &[(&EventId, &Report)], last: &Report, scope: &Scope) -> Firing {
    Firing {
        severity: Severity::Serious,
        unconfirmed: false,
        place: last.place.clone(),
        person: scope.to_subject(),
        observed: None,
        detail: Detail::default(),
        causes: run.iter().map(|(id, _)| id.to_string()).collect(),
        first_at: run.first().map_or(last.at, |(_, first)| first.at),
        last_at: last.at,
        occurrences: u32::try_from(run.len()).unwrap_or(u32::MAX),
        late: recorded_late(last.at, last.recorded_at),
    }
}
