//! Rules tried out: alerts as they come of facts, by a clock that is turned by hand.
//!
//! A [`Trial`] is a community in memory with every rule there is. Facts go in with their times; between two of them the clock stops
//! at every instant at which a judgement can change by time alone. So the same facts give the same alerts, always.
//!
//! [`simulate`] plays the log of a community again, under another policy from a date on. [`table`] plays the tables in which an office
//! writes down what it expects of rules.

mod history;
mod judges;
pub mod simulate;
pub mod table;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use domain::{
    Commit, Context, Decide, Entity, EntityKey, Envelope, Event, Fact, Header, Known, Rejection,
    alert::{self, Alert, Basis, Entrust},
    commit::Role,
    community,
    decide::{clock_offset_ms, corrected_at, decide},
    event::DecodeError,
    known::{evolve, touched},
    log::CommitHash,
    values::{CommandId, CommunityId, Precision, SecretKey, Slug, Timestamp},
};
use rules::{
    Rounds, Scope, Shared,
    escalation::{Around, Duties, turn},
};

pub use history::{Line, LineError};
use judges::{Judge, every_rule};

/// Most judgements in a row at one instant: rules that never come to rest are a fault.
const JUDGEMENTS_MAX: usize = 1_000_000;
/// Fingerprints are compared within one trial only.
const SECRET: SecretKey = SecretKey([0; 32]);

/// Why a trial cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum TrialError {
    /// A retraction repeats an event that this program cannot read.
    #[error("a retraction cannot be read")]
    Retraction(#[from] DecodeError),
    /// Rules contradict one another without end.
    #[error("the rules never come to rest at {0}")]
    Restless(Timestamp),
}

/// A rule, by its place among all, and what it looks at.
type Target = (usize, Scope);

/// What is known, with every decision that was asked here.
#[derive(Default)]
struct Facts {
    entities: HashMap<EntityKey, Entity>,
    decisions: HashMap<CommandId, Arc<Commit>>,
}

impl Known for Facts {
    fn entity(&self, key: &EntityKey) -> Option<Entity> {
        self.entities.get(key).cloned()
    }

    fn decision(&self, command: CommandId) -> Option<Arc<Commit>> {
        self.decisions.get(&command).cloned()
    }
}

/// A community in memory, and what the rules say of it.
pub struct Trial {
    community: CommunityId,
    service: Slug,
    known: Facts,
    rounds: Rounds,
    duties: Duties,
    rules: Vec<Box<dyn Judge>>,
    /// When each target is to be judged again, and the same by time.
    due: BTreeMap<Target, Timestamp>,
    agenda: BTreeSet<(Timestamp, Target)>,
    woken: BTreeSet<Target>,
    now: Timestamp,
    sequence: u64,
    commands: u64,
    told: Vec<Commit>,
}

impl Trial {
    /// A community of which nothing is known yet.
    pub fn new(community: CommunityId) -> Self {
        Self {
            service: rules::name::<rules::Fever>(),
            known: Facts::default(),
            rounds: Rounds::default(),
            duties: Duties::default(),
            rules: every_rule(),
            due: BTreeMap::new(),
            agenda: BTreeSet::new(),
            woken: BTreeSet::new(),
            now: Timestamp(i64::MIN),
            sequence: 0,
            commands: 0,
            told: Vec::new(),
            community,
        }
    }

    /// What is known.
    pub fn known(&self) -> &dyn Known {
        &self.known
    }

    /// The community as it stands; nothing before it is founded.
    pub fn community(&self) -> Option<Arc<community::State>> {
        self.known().community()
    }

    /// What the clock says.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Every alert as it stands, in no order that means anything.
    pub fn alerts(&self) -> impl Iterator<Item = &alert::State> {
        self.known.entities.values().filter_map(|entity| match entity {
            Entity::Alert(state) => Some(&**state),
            _ => None,
        })
    }

    /// What rules have said of alerts since this was asked last, in order.
    pub fn told(&mut self) -> Vec<Commit> {
        std::mem::take(&mut self.told)
    }

    /// Turns the clock: what changes by time alone is said at its own time.
    ///
    /// # Errors
    /// [`TrialError`]
    pub fn advance(&mut self, until: Timestamp) -> Result<(), TrialError> {
        while let Some((due, _)) = self.agenda.first().filter(|(due, _)| *due <= until) {
            self.now = self.now.max(*due);
            while let Some((at, target)) = self.agenda.first().filter(|(at, _)| *at <= self.now).cloned() {
                self.agenda.remove(&(at, target.clone()));
                self.due.remove(&target);
                self.woken.insert(target);
            }
            self.settle()?;
        }
        self.now = self.now.max(until);
        Ok(())
    }

    /// Takes in a decision of the log, at its time, and lets the rules say what they have to say.
    ///
    /// # Errors
    /// [`TrialError`]
    pub fn take(&mut self, commit: Commit) -> Result<(), TrialError> {
        self.advance(commit.header.recorded_at)?;
        self.fold(&commit)?;
        self.settle()
    }

    /// Decides a command at `recorded_at`, and takes in what comes of it. The inner error is the refusal.
    ///
    /// # Errors
    /// [`TrialError`]
    pub fn send(&mut self, envelope: &Envelope, role: Role, recorded_at: Timestamp) -> Result<Result<(), Rejection>, TrialError> {
        self.advance(recorded_at)?;
        let zone = self.community().map(|state| state.zone()).unwrap_or_default();
        let context = Context {
            community: &self.community,
            command: envelope.id,
            actor: &self.service,
            role,
            at: corrected_at(envelope, recorded_at),
            clock_offset_ms: clock_offset_ms(envelope, recorded_at),
            recorded_at,
            secret: &SECRET,
            zone,
        };
        let events = match decide(envelope, &self.known, &context) {
            Ok(events) => events,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if !events.is_empty() {
            let commit =
                Commit { header: header(&self.community, envelope.id, &self.service, (role, corrected_at(envelope, recorded_at)), recorded_at), events };
            self.fold(&commit)?;
            self.known.decisions.insert(envelope.id, Arc::new(commit));
            self.settle()?;
        }
        Ok(Ok(()))
    }

    /// An id that no command of this trial has had.
    pub fn next_id(&mut self) -> CommandId {
        self.commands += 1;
        CommandId::random_from(u128::from(self.commands).to_be_bytes())
    }

    fn fold(&mut self, commit: &Commit) -> Result<(), TrialError> {
        self.sequence += 1;
        let (header, sequence) = (&commit.header, self.sequence);
        for (index, event) in (0..).zip(&commit.events) {
            let fact = Fact { sequence, index, header, event };
            for key in touched(event, header) {
                let entity = evolve(self.known.entities.remove(&key), &key, &fact);
                self.known.entities.extend(entity.map(|entity| (key, entity)));
            }
            self.rounds.evolve(&fact);
            if !Duties::concerned(event).is_empty() {
                self.duties.fold(&fact);
                self.wake_alerts();
            }
            if let Some(step) = Alert::step(event) {
                self.woken.extend(self.target_of(step.key));
            }
        }
        for (place, rule) in self.rules.iter_mut().enumerate() {
            rule.fold(commit, sequence, &mut |scope| {
                self.woken.insert((place, scope));
            })?;
            if commit.events.iter().any(|event| rule.concerns_all(event)) {
                self.woken.extend(rule.scopes().into_iter().map(|scope| (place, scope)));
            }
        }
        Ok(())
    }

    fn target_of(&self, key: &alert::Key) -> Option<Target> {
        let place = self.rules.iter().position(|rule| *rule.name() == key.rule)?;
        let kind = rules::ScopeKind::from_word(key.subject_kind.as_str())?;
        Some((place, Scope { kind, id: key.subject_id.clone() }))
    }

    /// A change of duties is a reason to judge anew whose turn the alerts are.
    fn wake_alerts(&mut self) {
        let active: Vec<Target> = self.alerts().filter(|alert| alert.is_active()).filter_map(|alert| self.target_of(&alert.key)).collect();
        self.woken.extend(active);
    }

    /// Judges what the log told something of, until nobody has more to say.
    fn settle(&mut self) -> Result<(), TrialError> {
        for _ in 0..JUDGEMENTS_MAX {
            let Some(target) = self.woken.pop_first() else { return Ok(()) };
            let Some(events) = self.judge(&target) else { continue };
            let id = self.next_id();
            let commit = Commit { header: header(&self.community, id, &self.service, (Role::Service, self.now), self.now), events };
            self.fold(&commit)?;
            self.told.push(commit);
            self.woken.insert(target);
        }
        Err(TrialError::Restless(self.now))
    }

    /// What comes of judging a target now; nothing when nothing is new, and then it is due again when that can change.
    fn judge(&mut self, target: &Target) -> Option<Vec<Event>> {
        let community = self.community()?;
        let (place, scope) = target;
        let rule = self.rules.get(*place)?;
        let zone = community.zone();
        let shared = Shared { policy: &community.policy, zone: &zone, rounds: &self.rounds };
        let judgement = rule.judge(scope, &shared, self.now);
        let mut next_change = judgement.next_change;
        let key = rule.key(scope);
        let basis = Basis { sequence: self.sequence, due: Some(self.now) };
        let alert = self.known().alert(&key.hash(&self.community));
        let observe = judgement.observe(key, rule.version(), basis);
        let said = self.said_by_the_service(alert::Command::Observe(observe));
        if !said.is_empty() {
            return Some(said);
        }
        if let Some(alert) = alert.filter(|alert| alert.is_active()) {
            let around = Around { community: &self.community, duties: &self.duties, policy: &community.policy, zone: &zone };
            let judged = turn(&alert, &around, self.now);
            next_change = next_change.into_iter().chain(judged.next_change).min();
            let entrust = judged.owed.map(|stage| Entrust { alert: alert.alert.clone(), n: alert.n, basis, stage });
            let said = entrust.map(|entrust| self.said_by_the_service(alert::Command::Entrust(entrust))).unwrap_or_default();
            if !said.is_empty() {
                return Some(said);
            }
        }
        self.schedule(target, next_change);
        None
    }

    fn said_by_the_service(&self, command: alert::Command) -> Vec<Event> {
        let context = Context {
            community: &self.community,
            command: CommandId::random_from([0; 16]),
            actor: &self.service,
            role: Role::Service,
            at: self.now,
            clock_offset_ms: 0,
            recorded_at: self.now,
            secret: &SECRET,
            zone: self.community().map(|state| state.zone()).unwrap_or_default(),
        };
        Alert::decide(command, &self.known, &context).unwrap_or_default()
    }

    fn schedule(&mut self, target: &Target, at: Option<Timestamp>) {
        if let Some(before) = self.due.remove(target) {
            self.agenda.remove(&(before, target.clone()));
        }
        if let Some(at) = at {
            self.due.insert(target.clone(), at);
            self.agenda.insert((at, target.clone()));
        }
    }
}

/// The header of a decision of this trial, or of one of which only this is known.
fn header(community: &CommunityId, command: CommandId, actor: &Slug, (role, at): (Role, Timestamp), recorded_at: Timestamp) -> Header {
    Header {
        epoch: 1,
        community: community.clone(),
        command,
        content: [0; 16],
        actor: actor.clone(),
        role,
        by: Vec::new(),
        via: None,
        paper: None,
        at,
        precision: Precision::Minute,
        recorded_at,
        correlation: None,
        cause: None,
        replaces: None,
        exercise: false,
        version: 1,
        previous: CommitHash::default(),
    }
}

#[cfg(test)]
mod tests;
