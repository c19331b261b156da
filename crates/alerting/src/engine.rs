//! Folding commits and judging what is due. Everything here is the store, values and pure functions: no waiting, no clock.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use bus::Stored;
use domain::{
    Commit, Event, Evolve, Fact,
    alert::{self, Alert, Basis, Key as AlertKey, KeyHash},
    commit::CommitError,
    community::{self, Community, own_id},
    log::LogPosition,
    values::{CommunityId, Timestamp, Zone},
};
use rules::{Scope, ScopeKind};
use store::{Key, Parked, ParkedList, Prefix, Store, Unit};

use crate::{
    agenda::{self, AT_ONCE},
    difference::differs,
    error::{AlertingError, chain},
    publish::message,
    rows::{
        ACTIVE, ALERTS, COMMUNITIES, DROPPED, Dropped, JOBS, Job, OUTBOX, Target, Waiting, alert_key, dropped_key, memory_key, outbox_key, scope_of_memory_key,
    },
    runner::Runners,
    send::Observation,
};

/// Scopes looked at in one pass.
const JUDGE_PAGE: usize = 256;
/// Scopes put on the agenda in one step of judging a community anew; each takes up to three changes of one unit.
const JOB_PAGE: usize = 200;
/// Messages dropped from the outbox in one step.
const OUTBOX_PAGE: usize = 100;

/// The fold and its judgements. One task owns it.
pub(crate) struct Engine {
    store: Store,
    runners: Runners,
    /// Communities as the store has them: few, and needed for every judgement.
    communities: HashMap<CommunityId, Arc<Place>>,
    in_flight: HashMap<Target, InFlight>,
}

/// A community as it is judged.
struct Place {
    sequence: u64,
    state: community::State,
    zone: Zone,
}

/// What a commit says of one alert key: the key, and its events with their places.
type OfAlert<'a> = (&'a AlertKey, Vec<(u16, &'a Event)>);

/// An observation that intake has not answered yet.
struct InFlight {
    next_change: Option<Timestamp>,
    /// The log told something since: judge again, whatever the answer.
    woken: bool,
}

/// What came of looking at the agenda.
#[derive(Default)]
pub(crate) struct Pass {
    /// To be sent; each answer is reported with [`Engine::answered`].
    pub(crate) observations: Vec<(Target, Observation)>,
    /// There is more to do at once.
    pub(crate) more: bool,
    /// When something is due next, what is in flight aside.
    pub(crate) next_due: Option<Timestamp>,
}

/// The commit of a message, with everything that a retraction in it repeats.
fn read(stored: &Stored) -> Result<Commit, CommitError> {
    let commit = Commit::decode(&stored.payload)?;
    for event in &commit.events {
        if let Event::RecordRetracted(retracted) = event {
            retracted.facts().map_err(CommitError::Event)?;
        }
    }
    Ok(commit)
}

impl Engine {
    pub(crate) fn new(store: Store) -> Self {
        Self { store, runners: Runners::all(), communities: HashMap::new(), in_flight: HashMap::new() }
    }

    /// How far the fold came.
    pub(crate) fn position(&self) -> Result<LogPosition, AlertingError> {
        Ok(self.store.position()?)
    }

    /// What was set aside so far.
    pub(crate) fn parked(&self) -> Result<ParkedList, AlertingError> {
        Ok(ParkedList::of(&self.store)?)
    }

    /// Forgets everything, to fold another history from its start.
    pub(crate) fn clear(&mut self) -> Result<(), AlertingError> {
        self.communities.clear();
        self.in_flight.clear();
        Ok(self.store.clear()?)
    }

    /// Folds messages of the log, in order, and puts on the agenda what they tell something of. A commit of a newer program stops
    /// it; one that is damaged is set aside as the projection does (architecture.md), or one bad commit would silence every alert
    /// of every community. Returns what was set aside.
    pub(crate) fn fold(&mut self, messages: &[Stored]) -> Result<Vec<Parked>, AlertingError> {
        let mut parked = Vec::new();
        for stored in messages {
            let sequence = stored.sequence;
            match read(stored) {
                Ok(commit) => self.fold_commit(&commit, stored)?,
                Err(source) if source.needs_upgrade() => return Err(AlertingError::Unreadable { sequence, source }),
                Err(source) => {
                    metrics::counter!("gridward_alerting_parked_total").increment(1);
                    tracing::error!(sequence, error = %chain(&source), "a commit cannot be read and is set aside");
                    parked.push(Parked { sequence, reason: source.to_string() });
                }
            }
        }
        self.apply(parked.iter().map(Parked::unit).collect())?;
        // rows may run ahead of the position, never the position ahead of rows
        if let Some(last) = messages.last() {
            self.store.advance(last.position())?;
        }
        Ok(parked)
    }

    fn fold_commit(&mut self, commit: &Commit, stored: &Stored) -> Result<(), AlertingError> {
        let sequence = stored.sequence;
        let community = &commit.header.community;
        let mut units = Vec::new();
        let mut woken = Vec::new();
        units.extend(self.fold_community(commit, sequence)?);
        for runner in self.runners.iter() {
            for (scope, unit) in runner.fold(&self.store, commit, sequence)? {
                woken.push((Target { community: community.clone(), rule: runner.key(&scope).rule, scope }, unit));
            }
        }
        woken.extend(self.fold_alerts(commit, stored)?);
        for (target, unit) in woken {
            units.push(self.wake(unit, &target)?);
        }
        self.store.apply(units)?;
        self.forget_changed_place(commit);
        Ok(())
    }

    /// Has a scope judged at once, or again after the answer to what is on its way to intake.
    fn wake(&mut self, unit: Unit, target: &Target) -> Result<Unit, AlertingError> {
        if let Some(in_flight) = self.in_flight.get_mut(target) {
            in_flight.woken = true;
        }
        agenda::schedule(&self.store, unit, target, Some(AT_ONCE))
    }

    fn forget_changed_place(&mut self, commit: &Commit) {
        if commit.events.iter().any(|event| !Community::touched(event, &commit.header).is_empty()) {
            self.communities.remove(&commit.header.community);
        }
    }

    /// Name, zone and policy; a change of policy is a reason to judge every scope of the community anew.
    fn fold_community(&mut self, commit: &Commit, sequence: u64) -> Result<Option<Unit>, AlertingError> {
        let header = &commit.header;
        if !commit.events.iter().any(|event| !Community::touched(event, header).is_empty()) {
            return Ok(None);
        }
        let key = Key::community(header.community.as_str());
        let row = self.store.folded::<community::State>(COMMUNITIES, &key)?;
        if !row.folds(sequence) {
            return Ok(None);
        }
        let folded = (0..).zip(&commit.events).fold(row.value, |state, (index, event)| {
            if Community::touched(event, header).is_empty() { state } else { Community::evolve(state, &own_id(), &Fact { sequence, index, header, event }) }
        });
        let Some(state) = folded else { return Ok(None) };
        let unit = Unit::new(sequence).put(COMMUNITIES, key.clone(), &state);
        let policy_changed = commit.events.iter().any(|event| matches!(event, Event::PolicyChanged(_)));
        Ok(Some(if policy_changed { unit.put(JOBS, key, &Job::default()) } else { unit }))
    }

    /// States of alerts, the messages about them, and the scopes to be compared with them.
    fn fold_alerts(&mut self, commit: &Commit, stored: &Stored) -> Result<Vec<(Target, Unit)>, AlertingError> {
        let (header, sequence) = (&commit.header, stored.sequence);
        let mut of_alert: BTreeMap<KeyHash, OfAlert<'_>> = BTreeMap::new();
        for (index, event) in (0..).zip(&commit.events) {
            if let Some((alert, key)) = Alert::of(event) {
                of_alert.entry(alert.key_hash().clone()).or_insert_with(|| (key, Vec::new())).1.push((index, event));
            }
        }
        let mut folded = Vec::new();
        for (hash, (key, events)) in of_alert {
            let row_key = alert_key(&header.community, &hash);
            let row = self.store.folded::<alert::State>(ALERTS, &row_key)?;
            if !row.folds(sequence) {
                continue;
            }
            let mut unit = Unit::new(sequence);
            let mut state = row.value;
            for (index, event) in events {
                let fact = Fact { sequence, index, header, event };
                state = Alert::evolve(state, &hash, &fact);
                if let (Some(state), Some(place)) = (&state, self.place(&header.community)?)
                    && let Some(message) = message::of(&fact, state, &place.state)
                {
                    let payload = serde_json::to_vec(&message.body)?;
                    let waiting = Waiting { subject: message.subject, payload, source: stored.position(), recorded_at: header.recorded_at };
                    unit = unit.put(OUTBOX, outbox_key(sequence, index), &waiting);
                }
            }
            let Some(state) = state else { continue };
            unit = if state.is_active() { unit.mark(ACTIVE, row_key.clone()) } else { unit.unmark(ACTIVE, row_key.clone()) };
            unit = unit.put(ALERTS, row_key, &state);
            let scope = ScopeKind::from_word(key.subject_kind.as_str()).map(|kind| Scope { kind, id: key.subject_id.clone() });
            // an alert of a rule that this program does not know is told of, and judged by whoever knows it
            let Some(scope) = scope.filter(|_| self.runners.named(&key.rule).is_some()) else {
                self.store.apply([unit])?;
                continue;
            };
            folded.push((Target { community: header.community.clone(), rule: key.rule.clone(), scope }, unit));
        }
        Ok(folded)
    }

    fn place(&mut self, community: &CommunityId) -> Result<Option<Arc<Place>>, AlertingError> {
        if let Some(place) = self.communities.get(community) {
            return Ok(Some(Arc::clone(place)));
        }
        let Some(row) = self.store.get::<community::State>(COMMUNITIES, &Key::community(community.as_str()))? else { return Ok(None) };
        let place = Arc::new(Place { sequence: row.sequence, zone: row.value.zone(), state: row.value });
        self.communities.insert(community.clone(), Arc::clone(&place));
        Ok(Some(place))
    }

    /// Judges what is due at `now`, until `room` observations are to be sent.
    pub(crate) fn judge(&mut self, now: Timestamp, room: usize) -> Result<Pass, AlertingError> {
        let mut pass = Pass { more: self.continue_a_job()?, ..Pass::default() };
        let page = JUDGE_PAGE + self.in_flight.len();
        let due = agenda::due(&self.store, now, page)?;
        let full = due.len() == page;
        let mut units = Vec::new();
        for (at, target) in due {
            if self.in_flight.contains_key(&target) {
                continue;
            }
            if pass.observations.len() >= room {
                // answers make room, and every answer is followed by another pass
                self.apply(units)?;
                return Ok(Pass { more: false, ..pass });
            }
            match self.judge_one(at, &target, now)? {
                (Some(observation), next_change) => {
                    self.in_flight.insert(target.clone(), InFlight { next_change, woken: false });
                    pass.observations.push((target, observation));
                }
                (None, next_change) => units.push(self.reschedule(&target, next_change)?),
            }
        }
        self.apply(units)?;
        pass.more |= full;
        pass.next_due =
            agenda::first(&self.store, self.in_flight.len() + 1)?.into_iter().find(|(_, target)| !self.in_flight.contains_key(target)).map(|(at, _)| at);
        Ok(pass)
    }

    fn judge_one(&mut self, woken_at: Timestamp, target: &Target, now: Timestamp) -> Result<(Option<Observation>, Option<Timestamp>), AlertingError> {
        let Target { community, rule, scope } = target;
        let place = self.place(community)?;
        let (Some(runner), Some(place)) = (self.runners.named(rule), place) else { return Ok((None, None)) };
        let (memory_sequence, judgement) = runner.judge(&self.store, (community, scope), &place.state, &place.zone, now)?;
        let next_change = judgement.next_change;
        let key = runner.key(scope);
        let alert = self.store.folded::<alert::State>(ALERTS, &alert_key(community, &key.hash(community)))?;
        // the alert's own last event counts: a judgement made after it is newer than what that event rests on
        let sequence = memory_sequence.max(alert.sequence).max(place.sequence);
        let basis = Basis { sequence, due: (woken_at > AT_ONCE).then_some(woken_at) };
        let observe = judgement.observe(key, runner.version(), basis);
        let observation = differs(observe.clone(), alert.value, community, now).then(|| Observation::new(community.clone(), observe));
        Ok((observation, next_change))
    }

    /// Intake has answered. What came of it comes over the log; until then this is judged again only when its time comes.
    pub(crate) fn answered(&mut self, target: &Target) -> Result<(), AlertingError> {
        match self.in_flight.remove(target) {
            Some(InFlight { next_change, woken: false }) => {
                let unit = self.reschedule(target, next_change)?;
                self.apply(vec![unit])
            }
            _ => Ok(()),
        }
    }

    fn reschedule(&self, target: &Target, at: Option<Timestamp>) -> Result<Unit, AlertingError> {
        agenda::schedule(&self.store, Unit::new(self.position()?.sequence), target, at)
    }

    fn apply(&self, units: Vec<Unit>) -> Result<(), AlertingError> {
        Ok(self.store.apply(units)?)
    }

    /// One step of judging a community anew after a change of its policy; true while there is more of it.
    fn continue_a_job(&mut self) -> Result<bool, AlertingError> {
        let Some((key, row)) = self.store.scan::<Job>(JOBS, &Prefix::all_communities_of_table(), None, 1)?.pop() else { return Ok(false) };
        let unit = Unit::new(self.position()?.sequence);
        let community: CommunityId = key.read().community()?.parse().map_err(|_| store::KeyMismatch)?;
        let Some(runner) = self.runners.at(row.value.rule) else {
            self.apply(vec![unit.delete(JOBS, key)])?;
            return Ok(true);
        };
        let after = row.value.after()?.map(|scope| memory_key(&community, &scope));
        let keys = self.store.scan_keys(runner.table(), &Key::community(community.as_str()).prefix(), after.as_ref(), JOB_PAGE)?;
        let scopes = keys.iter().map(scope_of_memory_key).collect::<Result<Vec<_>, _>>()?;
        let next = match scopes.last() {
            Some(last) if scopes.len() == JOB_PAGE => Job { after: Some((last.kind.word().to_owned(), last.id.to_string())), ..row.value },
            _ => Job { rule: row.value.rule + 1, after: None },
        };
        let mut unit = unit.put(JOBS, key, &next);
        let targets: Vec<Target> = scopes.into_iter().map(|scope| Target { community: community.clone(), rule: runner.key(&scope).rule, scope }).collect();
        for target in &targets {
            unit = self.wake(unit, target)?;
        }
        self.apply(vec![unit])?;
        Ok(true)
    }

    /// Drops messages that were told, up to a sequence of the log, and remembers that they are gone: a stream of alerts that
    /// turns out to lack them can only be filled by folding anew.
    pub(crate) fn told(&mut self, up_to: u64) -> Result<(), AlertingError> {
        let (from, to) = (outbox_key(0, 0), outbox_key(up_to.saturating_add(1), 0));
        loop {
            let rows = self.store.scan_range::<Waiting>(OUTBOX, &from..&to, OUTBOX_PAGE)?;
            let Some((_, last)) = rows.last() else { return Ok(()) };
            let last_page = rows.len() < OUTBOX_PAGE;
            let before = self.store.get::<Dropped>(DROPPED, &dropped_key())?.map(|row| row.value.recorded_at);
            let youngest = rows.iter().map(|(_, row)| row.value.recorded_at).chain(before).max().unwrap_or_default();
            let dropped = Dropped { sequence: last.value.source.sequence, recorded_at: youngest };
            let unit = Unit::new(self.position()?.sequence).put(DROPPED, dropped_key(), &dropped);
            // one unit: what is gone and the word that it is gone reach the disk together
            let unit = rows.into_iter().fold(unit, |unit, (key, _)| unit.delete(OUTBOX, key));
            self.apply(vec![unit])?;
            if last_page {
                return Ok(());
            }
        }
    }
}
