//! What another policy would have done over the log of a community, beside what was done.
//!
//! Everything up to a date is played by the community's own policy, so that alerts that were open then are open here too. From the date
//! on the other one holds. What rules said is left out and said anew; what people did about alerts is done again, where there is an
//! alert to do it to. What was done is what stands on the log; after its last commit nothing is said.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    Command, Commit, Envelope, Event,
    alert::{self, Alert, Change, Key, Occurrence, Severity, Step},
    commit::Role,
    community,
    values::{Place, PlaceNames, Slug, Timestamp},
};
use serde::Serialize;

use crate::{Line, Trial, TrialError};

/// What is asked.
#[derive(Clone, Debug)]
pub struct Question {
    /// From when on the other policy holds, and alerts are compared.
    pub from: Timestamp,
    /// Until when.
    pub to: Timestamp,
    /// The other policy, as `policy.set` takes it; the community's own when absent.
    pub policy: Option<community::SetPolicy>,
}

/// Why it cannot be said.
#[derive(Debug, thiserror::Error)]
pub enum SimulateError {
    /// The log does not begin where the community does.
    #[error("the log does not begin with the founding of the community: export all of it, `gridward events export --json`")]
    NoBeginning,
    /// It is of several communities.
    #[error("line {line} is of the community {found}, and the log is of {community}")]
    OtherCommunity {
        /// Line of the log, from 1.
        line: usize,
        /// Whose it is.
        found: String,
        /// Whose the others are.
        community: String,
    },
    /// It is not in its order.
    #[error("line {line} has sequence {sequence}, which does not come after {before}: a log is in its order, without doubles")]
    Disordered {
        /// Line of the log, from 1.
        line: usize,
        /// Its sequence.
        sequence: u64,
        /// The one before it.
        before: u64,
    },
    /// The policy will not do.
    #[error("the policy will not do: {0}")]
    Policy(domain::Rejection),
    /// The facts cannot be played.
    #[error(transparent)]
    Trial(#[from] TrialError),
}

/// An alert that was opened within the time.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Opened {
    /// Its rule.
    pub rule: Slug,
    /// Kind of what it is about.
    pub subject_kind: Slug,
    /// What it is about.
    pub subject: Slug,
    /// Since when it was open.
    pub at: Timestamp,
    /// Since when it was over, if it was within the time.
    pub ended_at: Option<Timestamp>,
    /// The worst that it was.
    pub severity: Severity,
    /// Where.
    pub place: Place,
    /// What the place is called.
    pub names: PlaceNames,
    #[serde(skip)]
    causes: BTreeSet<String>,
}

/// What was done and what would have been, for one rule.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct OfRule {
    /// Alerts that were opened.
    pub then: usize,
    /// Alerts that would have been.
    pub would_be: usize,
    /// Those that would be, and were not.
    pub new: Vec<Opened>,
    /// Those that were, and would not be.
    pub missing: Vec<Opened>,
    /// Those of both that would have come at another time, or been otherwise bad: as it was, and as it would be.
    pub changed: Vec<(Opened, Opened)>,
}

/// The answer, by rule.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answer {
    /// From when on alerts were compared.
    pub from: Timestamp,
    /// Until when: as was asked, or as far as the log goes.
    pub to: Timestamp,
    /// Every rule that has or would have opened an alert within the time.
    pub rules: BTreeMap<Slug, OfRule>,
    /// What people did about alerts that there would not have been.
    pub done_about_nothing: usize,
}

/// Milliseconds by which an alert may come at another time and still be the same: what a judgement takes on its way to the log.
const SAME_TIME_MS: i64 = 60_000;

/// Plays a log under another policy.
///
/// # Errors
/// [`SimulateError`]
pub fn simulate(log: &[Line], question: &Question) -> Result<Answer, SimulateError> {
    let first = log.first().map(|line| &line.commit).filter(|commit| commit.events.iter().any(|event| matches!(event, Event::CommunityFounded(_))));
    let community = first.ok_or(SimulateError::NoBeginning)?.header.community.clone();
    let known_until = log.last().map(|line| line.commit.header.recorded_at.plus_ms(1)).unwrap_or_default();
    let question = &Question { to: question.to.min(known_until), ..question.clone() };
    let mut trial = Trial::new(community.clone());
    let (mut then, mut would_be) = (Course::default(), Course::default());
    let mut policy = question.policy.clone();
    let mut done_about_nothing = 0;
    let mut before = 0;
    for (number, line) in (1..).zip(log) {
        let Line { sequence, commit, .. } = line;
        if commit.header.community != community {
            let (found, community) = (commit.header.community.to_string(), community.to_string());
            return Err(SimulateError::OtherCommunity { line: number, found, community });
        }
        if *sequence <= before {
            return Err(SimulateError::Disordered { line: number, sequence: *sequence, before });
        }
        before = *sequence;
        if commit.header.recorded_at >= question.to {
            break;
        }
        // before it was founded a community has no policy
        let due = commit.header.recorded_at >= question.from && trial.community().is_some();
        if let Some(policy) = policy.take_if(|_| due) {
            set(&mut trial, policy, question.from)?;
        }
        then.note(commit);
        done_about_nothing += play(&mut trial, commit)?;
        trial.told().iter().for_each(|commit| would_be.note(commit));
    }
    if let Some(policy) = policy.take() {
        set(&mut trial, policy, question.from)?;
    }
    trial.advance(question.to.plus_ms(-1))?;
    trial.told().iter().for_each(|commit| would_be.note(commit));
    let Question { from, to, .. } = *question;
    Ok(Answer { from, to, rules: compare(then.within(question), would_be.within(question)), done_about_nothing })
}

/// Sets the other policy, at its date, or as soon as there is a community.
fn set(trial: &mut Trial, policy: community::SetPolicy, from: Timestamp) -> Result<(), SimulateError> {
    let policy = community::SetPolicy { effective_from: Some(policy.effective_from.unwrap_or(from)), ..policy };
    let id = trial.next_id();
    let envelope = Envelope { at: Some(from), ..Envelope::of_service(id, Command::Community(community::Command::SetPolicy(policy))) };
    let now = trial.now().max(from);
    trial.send(&envelope, Role::Office, now)?.map_err(SimulateError::Policy)
}

/// Plays a commit of the log; how many of its events were done about an alert that there is not.
fn play(trial: &mut Trial, commit: &Commit) -> Result<usize, TrialError> {
    let (about_alerts, facts): (Vec<&Event>, Vec<&Event>) = commit.events.iter().partition(|event| Alert::step(event).is_some());
    let mut about_nothing = 0;
    if !facts.is_empty() {
        trial.take(Commit { header: commit.header.clone(), events: facts.into_iter().cloned().collect() })?;
    }
    for event in about_alerts {
        let Some(step) = Alert::step(event).filter(by_hand) else { continue };
        trial.advance(commit.header.recorded_at)?;
        let known = trial.known().alert(&step.key.hash(&commit.header.community)).filter(|known| known.is_active());
        match known.and_then(|known| again(&step, &known)) {
            Some(command) => {
                let id = trial.next_id();
                let envelope = Envelope { at: Some(commit.header.at), ..Envelope::of_service(id, Command::Alert(command)) };
                about_nothing += usize::from(trial.send(&envelope, Role::Office, commit.header.recorded_at)?.is_err());
            }
            None => about_nothing += 1,
        }
    }
    Ok(about_nothing)
}

/// Whether people did it; the rest rules and clocks say, and here they say it anew.
fn by_hand(step: &Step<'_>) -> bool {
    match step.change {
        Change::Raised { .. } | Change::Updated(_) | Change::Upgraded(_) | Change::Reopened { .. } | Change::Escalated(_) | Change::RecoveryStarted(_) => false,
        Change::Resolved(resolution) => resolution.by_hand,
        Change::Acknowledged { .. } | Change::EscalationRequested { .. } | Change::Assigned { .. } | Change::Noted(_) | Change::Closed { .. } => true,
    }
}

/// The command that does it again to the alert as it is here; nothing for what changes nothing.
fn again(step: &Step<'_>, known: &alert::State) -> Option<alert::Command> {
    let (alert, n) = (known.alert.clone(), known.n);
    match step.change {
        Change::Acknowledged { until } => Some(alert::Command::Acknowledge(alert::Acknowledge { alert, n, until })),
        Change::Resolved(_) => Some(alert::Command::Resolve(alert::Resolve { alert, n, evidence: None })),
        Change::Closed { reason } => Some(alert::Command::Close(alert::Close { alert, n, reason })),
        Change::EscalationRequested { .. } => Some(alert::Command::Escalate(alert::Escalate { alert, n })),
        Change::Assigned { staff, .. } => Some(alert::Command::Assign(alert::Assign { alert, n, staff: staff.clone() })),
        Change::Raised { .. }
        | Change::Updated(_)
        | Change::Upgraded(_)
        | Change::Reopened { .. }
        | Change::Escalated(_)
        | Change::Noted(_)
        | Change::RecoveryStarted(_) => None,
    }
}

/// Alerts as they opened, changed and ended.
#[derive(Default)]
struct Course {
    opened: Vec<Opened>,
    /// Where the last of each key stands in the list.
    last: BTreeMap<Key, usize>,
}

impl Course {
    fn note(&mut self, commit: &Commit) {
        let at = commit.header.recorded_at;
        for step in commit.events.iter().filter_map(Alert::step) {
            match step.change {
                Change::Raised { occurrence, .. } | Change::Reopened { occurrence, .. } => {
                    self.last.insert(step.key.clone(), self.opened.len());
                    self.opened.push(opened(step.key, at, occurrence));
                }
                Change::Updated(occurrence) | Change::Upgraded(occurrence) => {
                    if let Some(opened) = self.last_of(step.key) {
                        opened.severity = opened.severity.max(occurrence.severity);
                        opened.causes.extend(occurrence.causes.iter().cloned());
                    }
                }
                Change::Resolved(_) | Change::Closed { .. } => {
                    if let Some(opened) = self.last_of(step.key) {
                        opened.ended_at = Some(at);
                    }
                }
                Change::Acknowledged { .. }
                | Change::Escalated(_)
                | Change::EscalationRequested { .. }
                | Change::Assigned { .. }
                | Change::Noted(_)
                | Change::RecoveryStarted(_) => {}
            }
        }
    }

    fn last_of(&mut self, key: &Key) -> Option<&mut Opened> {
        self.last.get(key).and_then(|place| self.opened.get_mut(*place))
    }

    fn within(self, question: &Question) -> Vec<Opened> {
        self.opened.into_iter().filter(|opened| opened.at >= question.from && opened.at < question.to).collect()
    }
}

fn opened(key: &Key, at: Timestamp, occurrence: &Occurrence) -> Opened {
    Opened {
        rule: key.rule.clone(),
        subject_kind: key.subject_kind.clone(),
        subject: key.subject_id.clone(),
        at,
        ended_at: None,
        severity: occurrence.severity,
        place: occurrence.place.clone(),
        names: occurrence.names.clone(),
        causes: occurrence.causes.iter().cloned().collect(),
    }
}

/// Sets beside one another what was and what would be.
fn compare(then: Vec<Opened>, mut would_be: Vec<Opened>) -> BTreeMap<Slug, OfRule> {
    let mut rules: BTreeMap<Slug, OfRule> = BTreeMap::new();
    for opened in &would_be {
        rules.entry(opened.rule.clone()).or_default().would_be += 1;
    }
    for was in then {
        let of_rule = rules.entry(was.rule.clone()).or_default();
        of_rule.then += 1;
        match counterpart(&was, &would_be).map(|place| would_be.remove(place)) {
            None => of_rule.missing.push(was),
            Some(would) if differs(&was, &would) => of_rule.changed.push((was, would)),
            Some(_) => {}
        }
    }
    for would in would_be {
        rules.entry(would.rule.clone()).or_default().new.push(would);
    }
    rules
}

/// The same alert in the other list: of the same thing, for a cause that both have; else the next one of that thing.
fn counterpart(was: &Opened, would_be: &[Opened]) -> Option<usize> {
    let same = |would: &Opened| (&was.rule, &was.subject_kind, &was.subject) == (&would.rule, &would.subject_kind, &would.subject);
    let of_the_same: Vec<usize> = (0..would_be.len()).filter(|place| same(&would_be[*place])).collect();
    let shares = |place: &&usize| !would_be[**place].causes.is_disjoint(&was.causes);
    of_the_same.iter().find(shares).or(of_the_same.first()).copied()
}

fn differs(was: &Opened, would: &Opened) -> bool {
    let apart = |one: Timestamp, other: Timestamp| (one.0 - other.0).abs() > SAME_TIME_MS;
    let ends_apart = match (was.ended_at, would.ended_at) {
        (Some(was), Some(would)) => apart(was, would),
        (None, None) => false,
        _ => true,
    };
    was.severity != would.severity || apart(was.at, would.at) || ends_apart
}
