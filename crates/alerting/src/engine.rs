//! Folding commits and judging what is due. Everything here is the store, values and pure functions: no waiting, no clock.

mod alerts;
mod inhibition;
mod nudges;

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use bus::Stored;
use domain::{
    Commit, Event,
    alert::{self, Basis, Entrust, Key as AlertKey},
    commit::CommitError,
    log::LogPosition,
    values::{CommunityId, Slug, Timestamp},
};
use rules::{
    Scope,
    escalation::{self, Around, PartKey},
};
use store::{Key, KeyMismatch, Parked, ParkedList, Prefix, Store, Unit};

use crate::{
    agenda::{AT_ONCE, Agenda},
    difference::differs,
    duties::Rolls,
    error::{AlertingError, chain},
    memories::Memories,
    names, outbox,
    place::{self, Place},
    publish::Class,
    rows::{ACTIVE, ACTIVE_OF_FINDINGS, ALERTS, JOBS, Job, Target, alert_key, job_key, memories_of, memory_key, of_job_key, scope_of_memory_key, target_of},
    runner::Runners,
    send::Observation,
    silences,
};

/// Scopes taken off the agenda in one pass.
const JUDGE_PAGE: usize = 256;
/// Scopes woken in one step of judging a community anew, and alerts looked at in one after a change of duties.
const JOB_PAGE: usize = 200;
/// Commits that are folded before what rules remember is written, where nothing is judged yet: a memory that many of them change is encoded once.
/// After a crash so many are folded again, which takes some seconds.
const COMMITS_HELD_MAX: usize = 256 * 1024;
/// What is to be judged is a set in memory meanwhile.
const WOKEN_HELD_MAX: usize = 256 * 1024;
/// Alerts kept at hand.
const ALERTS_AT_HAND_MAX: usize = 100_000;

/// The fold and its judgements. One task owns it.
///
/// What is folded is judged at once, and only what is not, or not yet, goes to the agenda. The store's position follows after that:
/// whatever ends the process, a commit that is not judged, not on the agenda and not answered is folded again, and its scopes with it.
pub(crate) struct Engine {
    store: Store,
    /// Class full is told, too.
    full: bool,
    runners: Arc<Runners>,
    memories: Memories,
    rolls: Rolls,
    /// Read from the store when it is needed first.
    agenda: Option<Agenda>,
    /// How far the log is folded; nothing before the first fold.
    folded: Option<LogPosition>,
    /// Commits whose memories and duties are not in the store yet.
    held: usize,
    /// To be judged in the next pass: mostly what the log told something of.
    woken: HashSet<Target>,
    /// Communities may be there that are to be judged anew.
    has_jobs: bool,
    /// Communities as the store has them: few, and needed for every judgement.
    communities: HashMap<CommunityId, Arc<Place>>,
    /// Alerts as the store has them, most of them none. When there are more, all are forgotten and read again as they are needed.
    alerts: HashMap<Target, OfTarget>,
    in_flight: HashMap<Target, InFlight>,
}

/// What is to be said of a target, and when it is to be judged next by time alone.
type Judged = (Option<Observation>, Option<Timestamp>);

/// The alert of a target, and the commit that it was folded to.
type OfTarget = (u64, Option<Arc<alert::State>>);

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
fn read(stored: &Stored) -> Result<Arc<Commit>, CommitError> {
    let commit = stored.commit()?;
    for event in &commit.events {
        if let Event::RecordRetracted(retracted) = event {
            retracted.facts().map_err(CommitError::Event)?;
        }
    }
    Ok(commit)
}

impl Engine {
    pub(crate) fn new(store: Store) -> Self {
        let runners = Arc::new(Runners::all());
        Self {
            memories: Memories::new(Arc::clone(&runners)),
            runners,
            rolls: Rolls::default(),
            agenda: None,
            folded: None,
            held: 0,
            woken: HashSet::new(),
            has_jobs: true,
            communities: HashMap::new(),
            alerts: HashMap::new(),
            in_flight: HashMap::new(),
            full: false,
            store,
        }
    }

    /// Tells class full as well.
    pub(crate) fn with_full(self, full: bool) -> Self {
        Self { full, ..self }
    }

    /// How far the fold came.
    pub(crate) fn position(&self) -> Result<LogPosition, AlertingError> {
        self.folded.clone().map_or_else(|| Ok(self.store.position()?), Ok)
    }

    /// What was set aside so far.
    pub(crate) fn parked(&self) -> Result<ParkedList, AlertingError> {
        Ok(ParkedList::of(&self.store)?)
    }

    /// Forgets what is at hand, between two folds; the store has it.
    pub(crate) fn rest(&mut self) -> Result<(), AlertingError> {
        self.write()?;
        (self.memories, self.alerts) = (Memories::new(Arc::clone(&self.runners)), HashMap::new());
        Ok(())
    }

    /// Forgets everything, to fold another history from its start.
    pub(crate) fn clear(&mut self) -> Result<(), AlertingError> {
        self.store.clear()?;
        *self = Self::new(self.store.clone()).with_full(self.full);
        Ok(())
    }

    /// Folds messages of the log, in order, and remembers what they tell something of, to be judged or put off next. A commit of a
    /// newer program stops it; one that is damaged is set aside as the projection does (architecture.md), or one bad commit would
    /// silence every alert of every community. Returns what was set aside.
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
        self.store.apply(parked.iter().map(Parked::unit))?;
        self.held += messages.len();
        self.folded = messages.last().map(Stored::position).or(self.folded.take());
        Ok(parked)
    }

    /// Whether so much was folded that it is to be written.
    pub(crate) fn is_full(&self) -> bool {
        self.held >= COMMITS_HELD_MAX || self.woken.len() >= WOKEN_HELD_MAX || self.memories.is_full()
    }

    /// Writes what rules remember and who has which duty, as far as that is not in the store.
    fn write(&mut self) -> Result<(), AlertingError> {
        self.held = 0;
        let remembered = self.memories.changed()?;
        let (duties, changed) = self.rolls.written();
        self.store.apply(remembered.into_iter().chain(duties))?;
        changed.iter().try_for_each(|(community, parts)| self.wake_alerts(community, parts))
    }

    /// Folds messages of which nothing is ever judged.
    pub(crate) fn fold_to_compare(&mut self, messages: &[Stored]) -> Result<(), AlertingError> {
        self.fold(messages)?;
        self.write()?;
        self.woken.clear();
        self.keep_position()
    }

    fn fold_commit(&mut self, commit: &Commit, stored: &Stored) -> Result<(), AlertingError> {
        let community = &commit.header.community;
        self.fold_community(commit, stored.sequence)?;
        let silences = silences::fold(&self.store, commit, stored.sequence)?;
        self.apply(silences)?;
        self.apply(names::fold(&self.store, commit, stored.sequence)?)?;
        let mut wake = |rule: &Slug, scope| {
            self.woken.insert(Target { community: community.clone(), rule: rule.clone(), scope });
        };
        self.memories.fold(&self.store, commit, stored.sequence, &mut wake)?;
        self.rolls.fold(&self.store, commit, stored.sequence)?;
        self.fold_nudges(commit, stored)?;
        self.fold_alerts(commit, stored)
    }

    /// Puts on the agenda what the log told something of: before the head is reached, where everything would be judged on half of
    /// what is known.
    pub(crate) fn put_off(&mut self, now: Timestamp) -> Result<(), AlertingError> {
        self.write()?;
        let mut units = Vec::new();
        for target in self.take_woken() {
            let at = self.agenda()?.due_since(&target, now);
            units.push(self.reschedule(&target, Some(at))?);
        }
        self.apply(units)?;
        self.keep_position()
    }

    /// What the log told something of, in order. What is on its way to intake is judged again after the answer.
    fn take_woken(&mut self) -> Vec<Target> {
        let woken = std::mem::take(&mut self.woken);
        for (target, in_flight) in &mut self.in_flight {
            in_flight.woken |= woken.contains(target);
        }
        let mut woken = Vec::from_iter(woken);
        woken.sort_unstable();
        woken
    }

    /// Says in the store how far the log is folded. Rows may run ahead of the position, never the position ahead of rows, nor of
    /// what is still to be judged.
    fn keep_position(&self) -> Result<(), AlertingError> {
        match &self.folded {
            Some(folded) => Ok(self.store.advance(folded.clone())?),
            None => Ok(()),
        }
    }

    /// What all scopes of the community are judged by. A rule that a change of it concerns judges all of them anew.
    fn fold_community(&mut self, commit: &Commit, sequence: u64) -> Result<(), AlertingError> {
        let community = &commit.header.community;
        let mut unit = place::fold(&self.store, commit, sequence)?;
        if unit.is_empty() {
            return Ok(());
        }
        self.communities.remove(community);
        for (_, runner) in self.runners.iter().filter(|(_, runner)| commit.events.iter().any(|event| runner.concerns_all(event))) {
            for kind in runner.kinds() {
                unit = unit.put(JOBS, job_key(community, runner.name(), *kind), &Job::default());
            }
            self.has_jobs = true;
        }
        self.apply(vec![unit])
    }

    /// A change of duties is a reason to judge anew whose turn the alerts are that it is about.
    fn wake_alerts(&mut self, community: &CommunityId, parts: &BTreeSet<PartKey>) -> Result<(), AlertingError> {
        let prefix = Key::community(community.as_str()).prefix();
        for active in [ACTIVE, ACTIVE_OF_FINDINGS] {
            let mut after: Option<Key> = None;
            loop {
                let keys = self.store.scan_keys(active, &prefix, after.as_ref(), JOB_PAGE)?;
                let Some(last) = keys.last() else { break };
                after = Some(last.clone());
                for key in &keys {
                    let Some(row) = self.store.get::<alert::State>(ALERTS, key)? else { continue };
                    if self.rolls.of(&self.store, community)?.1.concern(&row.value, community, parts) {
                        self.woken.extend(target_of(community, &row.value.key).filter(|target| self.runners.named(&target.rule).is_some()));
                    }
                }
            }
        }
        Ok(())
    }

    fn place(&mut self, community: &CommunityId) -> Result<Option<Arc<Place>>, AlertingError> {
        if let Some(place) = self.communities.get(community) {
            return Ok(Some(Arc::clone(place)));
        }
        let Some(place) = Place::read(&self.store, community)?.map(Arc::new) else { return Ok(None) };
        self.communities.insert(community.clone(), Arc::clone(&place));
        Ok(Some(place))
    }

    /// Judges what the log told something of and what is due at `now`, until `room` observations are to be sent.
    pub(crate) fn judge(&mut self, now: Timestamp, room: usize) -> Result<Pass, AlertingError> {
        self.write()?;
        let job = self.continue_a_job()?;
        let mut pass = Pass { more: job.is_some(), ..Pass::default() };
        let mut woken = Vec::with_capacity(self.woken.len());
        for target in self.take_woken() {
            woken.push((self.agenda()?.due_since(&target, now), target));
        }
        let mut out_of_room = self.judge_each(woken, now, room, &mut pass.observations)?;
        self.apply(job.into_iter().collect())?;
        // read from the store if it was not yet; what is on its way stays on it and is looked at by itself
        self.agenda()?;
        let due = self.agenda.as_ref().map(|agenda| agenda.due(now, JUDGE_PAGE, |target| self.in_flight.contains_key(target))).unwrap_or_default();
        pass.more |= due.len() == JUDGE_PAGE;
        out_of_room |= self.judge_each(due, now, room, &mut pass.observations)?;
        self.keep_position()?;
        // answers make room, and every answer is followed by another pass
        if out_of_room {
            return Ok(Pass { more: false, ..pass });
        }
        let next_due = self.agenda.as_ref().and_then(|agenda| agenda.first(|target| self.in_flight.contains_key(target)));
        Ok(Pass { next_due, ..pass })
    }

    /// Judges these, of which each is due since a time. What there is no room for, or is on its way, stays on the agenda; true when
    /// there was no room for one.
    fn judge_each(
        &mut self,
        due: Vec<(Timestamp, Target)>,
        now: Timestamp,
        room: usize,
        observations: &mut Vec<(Target, Observation)>,
    ) -> Result<bool, AlertingError> {
        let mut units = Vec::new();
        let mut out_of_room = false;
        for (at, target) in due {
            let on_its_way = self.in_flight.contains_key(&target);
            let no_room = observations.len() >= room;
            out_of_room |= no_room && !on_its_way;
            if on_its_way || no_room {
                units.push(self.reschedule(&target, Some(at))?);
                continue;
            }
            let (observation, next_change) = self.judge_one(at, &target, now)?;
            // until the answer it stays due, for whoever starts next
            let stays = observation.as_ref().map(|_| at).or(next_change);
            units.push(self.reschedule(&target, stays)?);
            if let Some(observation) = observation {
                self.in_flight.insert(target.clone(), InFlight { next_change, woken: false });
                observations.push((target, observation));
            }
        }
        self.apply(units)?;
        Ok(out_of_room)
    }

    /// What is to be said of the alert of a target: how things are, or whose turn it is.
    fn judge_alert(&mut self, due_since: Timestamp, target: &Target, now: Timestamp) -> Result<Judged, AlertingError> {
        let Target { community, rule, scope } = target;
        let Some(place) = self.place(community)? else { return Ok((None, None)) };
        let Some((rule, runner)) = self.runners.named(rule) else { return Ok((None, None)) };
        let (memory_sequence, judgement) = self.memories.judge(&self.store, (rule, runner), (community, scope), &place.shared(), now)?;
        let (key, version) = (runner.key(scope), runner.version());
        let next_change = judgement.next_change;
        let (alert_sequence, alert) = self.alert(target, &key)?;
        if alert.is_none() && judgement.is_quiet() {
            return Ok((None, next_change));
        }
        // the alert's own last event counts: a judgement made after it is newer than what that event rests on
        let sequence = memory_sequence.max(alert_sequence).max(place.sequence);
        let basis = Basis { sequence, due: (due_since > AT_ONCE).then_some(due_since) };
        let observe = judgement.observe(key, version, basis);
        let turn = self.turn(target, alert.as_deref(), &place, now)?;
        let next_change = next_change.into_iter().chain(turn.next_change).min();
        if differs(observe.clone(), alert.clone(), community, now) {
            return Ok((Some(Observation::new(community.clone(), observe)), next_change));
        }
        // as things are now, nobody says anything else of it: then whose turn it is can be said
        let (Some(alert), Some(stage)) = (alert, turn.owed) else { return Ok((None, next_change)) };
        let (duties_sequence, _) = self.rolls.of(&self.store, community)?;
        let basis = Basis { sequence: alert_sequence.max(duties_sequence).max(place.sequence), ..basis };
        let entrust = Entrust { alert: alert.alert.clone(), n: alert.n, basis, stage };
        Ok((Some(Observation::of_turn(community.clone(), entrust)), next_change))
    }

    /// Whose turn an alert is.
    fn turn(&mut self, target: &Target, alert: Option<&alert::State>, place: &Place, now: Timestamp) -> Result<escalation::Judged, AlertingError> {
        let Some(alert) = alert.filter(|alert| alert.is_active()) else { return Ok(escalation::Judged::default()) };
        let (_, duties) = self.rolls.of(&self.store, &target.community)?;
        Ok(escalation::turn(alert, &Around { community: &target.community, duties, policy: &place.state.policy, zone: &place.zone }, now))
    }

    fn alert(&mut self, target: &Target, key: &AlertKey) -> Result<OfTarget, AlertingError> {
        if let Some(at_hand) = self.alerts.get(target) {
            return Ok(at_hand.clone());
        }
        let row = self.store.folded::<alert::State>(ALERTS, &alert_key(&target.community, &key.hash(&target.community)))?;
        let alert = (row.sequence, row.value.map(Arc::new));
        if self.alerts.len() >= ALERTS_AT_HAND_MAX {
            self.alerts.clear();
        }
        self.alerts.insert(target.clone(), alert.clone());
        Ok(alert)
    }

    /// Intake has answered. What came of it comes over the log; until then this is judged again only when its time comes.
    pub(crate) fn answered(&mut self, target: &Target) -> Result<(), AlertingError> {
        match self.in_flight.remove(target) {
            Some(InFlight { next_change, woken: false }) => {
                let unit = self.reschedule(target, next_change)?;
                self.apply(vec![unit])
            }
            Some(InFlight { woken: true, .. }) => {
                self.woken.insert(target.clone());
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn reschedule(&mut self, target: &Target, at: Option<Timestamp>) -> Result<Unit, AlertingError> {
        let unit = Unit::new(self.sequence()?);
        Ok(self.agenda()?.schedule(unit, target, at))
    }

    fn agenda(&mut self) -> Result<&mut Agenda, AlertingError> {
        match self.agenda {
            Some(ref mut agenda) => Ok(agenda),
            None => Ok(self.agenda.insert(Agenda::load(&self.store)?)),
        }
    }

    /// Sequence of what changes by time alone.
    fn sequence(&self) -> Result<u64, AlertingError> {
        self.folded.as_ref().map_or_else(|| Ok(self.store.position()?.sequence), |folded| Ok(folded.sequence))
    }

    fn apply(&self, units: Vec<Unit>) -> Result<(), AlertingError> {
        Ok(self.store.apply(units.into_iter().filter(|unit| !unit.is_empty()))?)
    }

    /// One step of judging a community anew by a rule, after a change of what its scopes share: wakes some of them. Returns what says
    /// that they are judged, to be applied after that; nothing when there is no more of it.
    fn continue_a_job(&mut self) -> Result<Option<Unit>, AlertingError> {
        if !self.has_jobs {
            return Ok(None);
        }
        let Some((key, row)) = self.store.scan::<Job>(JOBS, &Prefix::all_communities_of_table(), None, 1)?.pop() else {
            self.has_jobs = false;
            return Ok(None);
        };
        let unit = Unit::new(self.sequence()?);
        let (community, rule, kind) = of_job_key(&key)?;
        let after = row.value.after.map(|id| Scope::of(kind, &id).ok_or(KeyMismatch)).transpose()?.map(|scope| memory_key(&community, &scope));
        let keys = self.store.scan_keys(self.memories.table(), &memories_of(&community, kind), after.as_ref(), JOB_PAGE)?;
        let scopes = keys.iter().map(scope_of_memory_key).collect::<Result<Vec<_>, _>>()?;
        let next = scopes.last().filter(|_| scopes.len() == JOB_PAGE).map(|last| Job { after: Some(last.id.to_string()) });
        self.woken.extend(scopes.into_iter().map(|scope| Target { community: community.clone(), rule: rule.clone(), scope }));
        Ok(Some(match next {
            Some(next) => unit.put(JOBS, key, &next),
            None => unit.delete(JOBS, key),
        }))
    }

    /// Drops messages of a class that were told, up to a sequence of the log.
    pub(crate) fn told(&mut self, class: Class, up_to: u64) -> Result<(), AlertingError> {
        outbox::drop_told(&self.store, class, self.sequence()?, up_to)
    }
}
