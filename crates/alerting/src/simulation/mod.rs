//! Whole histories with crashes, rebuilds, lost answers and a second instance, on engines with stores of their own and an intake
//! in memory. What must hold whatever happened: each cause in exactly one alert, each alert raised once, and nothing left to say.

mod chance;
mod escalations;
mod nudges;
mod orders;
mod stories;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use bus::{EventLog, MemoryLog};
use domain::{
    alert::{self, Alert, AlertId, Basis, Change, Escalated, KeyHash, Severity, Step, Why},
    values::{BuildingId, CommunityId, Now, Slug, Timestamp},
};
use serde_json::{Value, json};
use store::{Key, Options, Prefix, RawRow, Store, Table};
use tempfile::TempDir;
use testkit::{MemoryIntake, Trouble, World};

use crate::{
    engine::Engine,
    publish::counts::{Counts, counted},
    rows::{ALERTS, COUNTS, Target},
};

const NOON: &str = "2020-02-06T12:00";
/// Rounds after which everything must have been said.
const ROUNDS_MAX: usize = 200;

/// A clock in the test's hands.
#[derive(Clone)]
pub(crate) struct Clock(Arc<AtomicI64>);

impl Clock {
    pub(crate) fn at(text: &str) -> Self {
        Self(Arc::new(AtomicI64::new(World::time(text).0)))
    }

    pub(crate) fn now(&self) -> Now {
        let clock = self.clone();
        Arc::new(move || Timestamp(clock.0.load(Ordering::SeqCst)))
    }

    pub(crate) fn forward_minutes(&self, minutes: i64) {
        self.0.fetch_add(minutes * 60_000, Ordering::SeqCst);
    }
}

pub(crate) fn open(dir: &TempDir) -> Store {
    Store::open(dir.path(), Options { cache_bytes: 8 * 1024 * 1024, ..Options::new(crate::tables()) }).unwrap()
}

/// One instance of the service, without its loop.
struct Instance {
    dir: TempDir,
    store: Store,
    engine: Engine,
    judged: u32,
    log: EventLog,
    clock: Clock,
    on_their_way: Vec<(Target, Vec<u8>)>,
    /// Intake has answered, and the answer has not come back yet.
    answers: Vec<Target>,
}

impl Instance {
    fn new(log: &MemoryLog, clock: &Clock) -> Self {
        let dir = TempDir::new().unwrap();
        let store = open(&dir);
        let engine = Engine::new(store.clone());
        Self { dir, store, engine, judged: 0, log: EventLog::in_memory(log), clock: clock.clone(), on_their_way: Vec::new(), answers: Vec::new() }
    }

    /// Folds at most `limit` commits; how many there were.
    async fn fold(&mut self, limit: u64) -> u64 {
        let from = self.engine.position().unwrap().sequence;
        let sequences: Vec<u64> = (from + 1..=from + limit).collect();
        let messages = self.log.read_many(&sequences).await.unwrap();
        self.engine.fold(&messages).unwrap();
        if messages.is_empty() {
            self.engine.rest().unwrap();
        }
        messages.len() as u64
    }

    /// Everything it remembers, byte by byte: a crash between rows and checkpoint folds commits again that rows hold already.
    fn rows(&self) -> BTreeMap<(&'static str, Key), RawRow> {
        let prefixes = [Prefix::all_communities_of_table(), Prefix::all_of_deployment_table()];
        let of = |table: Table| prefixes.iter().flat_map(move |prefix| self.store.scan_raw(table, prefix, None, 10_000).unwrap().into_iter());
        crate::tables().into_iter().flat_map(|table| of(table).map(move |(key, row)| ((table.name, key), row))).collect()
    }

    fn judge(&mut self) -> bool {
        // what is at hand may go at any time
        self.judged += 1;
        if self.judged.is_multiple_of(3) {
            self.engine.rest().unwrap();
        }
        let room = 8_usize.saturating_sub(self.on_their_way.len() + self.answers.len());
        let pass = self.engine.judge((self.clock.now())(), room).unwrap();
        let sent = pass.observations.into_iter().map(|(target, observation)| (target, serde_json::to_vec(&observation).unwrap()));
        self.on_their_way.extend(sent);
        pass.more
    }

    /// Delivers one observation; true when intake took it. The answer comes with [`Instance::answer`].
    async fn deliver(&mut self, place: usize, intake: &MemoryIntake) -> bool {
        if self.on_their_way.is_empty() {
            return false;
        }
        let place = place % self.on_their_way.len();
        match intake.observe(&self.on_their_way[place].1).await {
            Some((200..=299 | 409, _)) => {
                self.answers.push(self.on_their_way.remove(place).0);
                true
            }
            Some((503, _)) | None => false,
            Some((status, body)) => panic!("intake refused an observation: {status} {body}"),
        }
    }

    /// The answers that intake gave come back.
    fn answer(&mut self) {
        for target in std::mem::take(&mut self.answers) {
            self.engine.answered(&target).unwrap();
        }
    }

    /// The process dies. What it had in memory is gone; with `flushed`, what the store had in memory was written before.
    fn crash(&mut self, flushed: bool) {
        if flushed {
            self.store.flush().unwrap();
        }
        self.restart_in(None);
    }

    /// The store is deleted.
    fn rebuild(&mut self) {
        self.restart_in(Some(TempDir::new().unwrap()));
    }

    fn restart_in(&mut self, dir: Option<TempDir>) {
        self.on_their_way.clear();
        self.answers.clear();
        // the folder is free when the last clone is gone
        let elsewhere = TempDir::new().unwrap();
        let parked = open(&elsewhere);
        self.engine = Engine::new(parked.clone());
        self.store = parked;
        if let Some(dir) = dir {
            self.dir = dir;
        }
        let store = open(&self.dir);
        self.engine = Engine::new(store.clone());
        self.store = store;
    }

    /// Folds, judges and delivers until there is nothing more to do.
    async fn settle(&mut self, intake: &MemoryIntake) {
        for _ in 0..ROUNDS_MAX {
            let folded = self.fold(1000).await;
            let more = self.judge();
            let mut answered = 0;
            while !self.on_their_way.is_empty() {
                answered += usize::from(self.deliver(0, intake).await);
            }
            answered += self.answers.len();
            self.answer();
            if folded == 0 && !more && answered == 0 {
                return;
            }
        }
        panic!("there is always something more to say");
    }
}

/// A log, an intake and a clock.
struct Town {
    log: MemoryLog,
    clock: Clock,
    intake: MemoryIntake,
}

impl Town {
    async fn new(worlds: &[&str]) -> Self {
        let (log, clock) = (MemoryLog::new("town"), Clock::at(NOON));
        let intake = MemoryIntake::new(&log, clock.now());
        for community in worlds {
            intake.adopt(settled(community)).await;
        }
        Self { log, clock, intake }
    }

    async fn record(&self, kind: &str, data: Value, at: &str) {
        self.intake.record("u07", kind, data, at).await;
    }

    /// The alert events of a community, as lines; sequences and ids that follow from them are left out.
    async fn alerts(&self, community: &str) -> Vec<String> {
        let world = self.intake.world(community).await;
        let events = world.commits().iter().flat_map(|commit| commit.events.iter());
        let told = events.filter_map(|event| Alert::step(event).map(|step| (step.key, format!("{} {} {}", event.name(), step.key.rule, step.alert))));
        // nobody reports the buildings of these tests, and all their fevers are close to one another
        told.filter(|(key, _)| !["building_silent", "cluster"].contains(&key.rule.as_str())).map(|(_, line)| line).collect()
    }
}

/// A settled community of any name.
fn settled(community: &str) -> World {
    if community == "u07" {
        return World::settled();
    }
    let mut world = World::empty(community);
    for (kind, data) in [
        ("community.find", json!({})),
        ("estate.register", json!({"estate": "e1", "name": "东风小区", "governance": "property"})),
        ("building.register", json!({"building": "b07", "name": "7号楼", "estate": "e1"})),
        ("household.register", json!({"household": "h502", "building": "b07", "door": "502"})),
        ("person.register", json!({"person": "p1", "name": "某人", "household": "h502"})),
    ] {
        if kind == "community.find" {
            world.record("community.found", json!({"town": "dianbu", "community": community, "name": "东风社区"}), "2020-02-01T08:00");
        } else {
            world.record(kind, data, "2020-02-01T09:00");
        }
    }
    world
}

fn visit(person: &str, celsius: f64, site: &str) -> (&'static str, Value) {
    visit_to("h502", person, celsius, site)
}

/// Of `h101`: that is another building.
fn visit_to(household: &str, person: &str, celsius: f64, site: &str) -> (&'static str, Value) {
    let people = json!([{"person": person, "readings": [{"celsius": celsius, "site": site}], "symptoms": []}]);
    ("visit.record", json!({"household": household, "outcome": "met", "mode": "door", "people": people}))
}

fn order() -> (&'static str, Value) {
    ("quarantine.order", json!({"quarantine": "q1", "person": "p1", "kind": "home", "count_from": {"date": "2020-02-05", "basis": "order"}}))
}

fn entry(person: &str, direction: &str, result: &str) -> (&'static str, Value) {
    let entry = json!({"checkpoint": "c1", "direction": direction, "person": person, "id_checked": true, "pass_checked": false, "result": result});
    ("entry.record", entry)
}

fn check(outcome: &str) -> (&'static str, Value) {
    let check = json!({"quarantine": "q1", "outcome": outcome, "readings": [{"celsius": 36.5, "site": "axilla"}], "symptoms": []});
    ("quarantine.check", json!({"checks": [check], "mode": "door"}))
}

fn report(building: &str) -> (&'static str, Value) {
    ("building.report", json!({"scopes": [{"building": building}], "basis": "seen"}))
}

fn duty(scope: Value, duty: &str, level: u8, staff: &str) -> (&'static str, Value) {
    ("responsibility.assign", json!({"scope": scope, "duty": duty, "level": level, "staff": staff}))
}

/// What must hold of every log: gapless `n`, one `raised` per alert, each cause in exactly one alert, judgements in their order.
fn check_log(world: &World) {
    let mut last_n: BTreeMap<AlertId, u32> = BTreeMap::new();
    let mut last_basis: BTreeMap<KeyHash, Basis> = BTreeMap::new();
    let mut alert_of_cause: BTreeMap<(String, String), AlertId> = BTreeMap::new();
    let mut last_told: BTreeMap<(AlertId, u8), &Escalated> = BTreeMap::new();
    for event in world.commits().iter().flat_map(|commit| &commit.events) {
        let Some(Step { alert, key, n, moved_from, change, .. }) = Alert::step(event) else { continue };
        if let Some(basis) = change.basis() {
            let before = last_basis.insert(alert.key_hash().clone(), basis);
            assert!(before < Some(basis), "{alert}: {basis:?} was judged after {before:?}");
        }
        let before = last_n.insert(alert.clone(), n).unwrap_or_default();
        assert_eq!(n, before + 1, "{alert} has a gap");
        assert_eq!(matches!(change, Change::Raised { .. }), before == 0, "{alert} was raised twice, or never");
        // what is vacant is told anew of another building
        last_told.retain(|(told, _), _| told != alert || moved_from.is_none());
        match change {
            // an episode begins anew
            Change::Reopened { .. } => last_told.retain(|(told, _), _| told != alert),
            Change::Assigned { level, .. } => drop(last_told.remove(&(alert.clone(), level))),
            Change::Escalated(escalated) => {
                let same = |before: &&Escalated| (&before.owners, &before.informed, &before.gaps) == (&escalated.owners, &escalated.informed, &escalated.gaps);
                let before = last_told.insert((alert.clone(), escalated.level), escalated);
                let again = before.filter(same).is_some_and(|_| escalated.why != Why::Expired);
                // told again after the level was vacant, which a level above was told
                let vacant = last_told.keys().any(|(told, level)| told == alert && *level > escalated.level);
                assert!(!again || vacant, "{alert}: level {} was told twice: {escalated:?}", escalated.level);
            }
            _ => {}
        }
        for cause in change.occurrence().into_iter().flat_map(|occurrence| &occurrence.causes) {
            let first = alert_of_cause.entry((key.rule.to_string(), cause.clone())).or_insert_with(|| alert.clone());
            assert_eq!(first, alert, "{cause} is in two alerts of {}", key.rule);
        }
    }
}

/// Buildings of which it was told that a post at level 1 is vacant for something that is open there, and those with an open alert that says so, or
/// one that somebody closed: where things stand and not how they came to it.
fn check_gaps(world: &World) {
    let mut vacant: BTreeMap<&AlertId, &BuildingId> = BTreeMap::new();
    let (mut open, mut closed): (BTreeSet<String>, BTreeSet<String>) = Default::default();
    for event in world.commits().iter().flat_map(|commit| &commit.events) {
        let Some(Step { alert, key, place, change, .. }) = Alert::step(event) else { continue };
        if key.rule.as_str() == "responsibility_gap" {
            let building = key.subject_id.to_string();
            match change {
                Change::Raised { .. } | Change::Reopened { .. } => drop(open.insert(building)),
                Change::Resolved(_) => drop(open.remove(&building)),
                // what it said is dealt with, and is not said again beside what is new
                Change::Closed { .. } => drop((open.remove(&building), closed.insert(building))),
                _ => {}
            }
            continue;
        }
        let building = place.and_then(|place| place.building.as_ref());
        // all that is said of an alert says where it is
        if vacant.get(alert).copied() != building {
            vacant.remove(alert);
        }
        match change {
            Change::Escalated(escalated) if escalated.gaps.iter().any(|gap| gap.level == 1) => drop(building.map(|building| vacant.insert(alert, building))),
            Change::Escalated(escalated) if escalated.level > 1 => {}
            Change::Escalated(_) | Change::Resolved(_) | Change::Closed { .. } | Change::RecoveryStarted(_) => drop(vacant.remove(alert)),
            _ => {}
        }
    }
    let vacant: BTreeSet<String> = vacant.into_values().map(ToString::to_string).collect();
    assert!(open.is_subset(&vacant), "it is said of {open:?}, and so it is in {vacant:?}");
    let said: BTreeSet<String> = open.union(&closed).cloned().collect();
    assert!(vacant.is_subset(&said), "so it is in {vacant:?}, and it is said of {said:?}");
}

/// Two instances while time goes on by so many minutes, and again: both judge before either is heard, answers are lost, and both end and
/// begin anew. At last one of them asks again what was not answered.
async fn two_instances(town: &Town, minutes: &[i64], rounds: usize) {
    let mut instances = [Instance::new(&town.log, &town.clock), Instance::new(&town.log, &town.clock)];
    for minutes in minutes {
        town.clock.forward_minutes(*minutes);
        for _ in 0..rounds {
            for instance in &mut instances {
                instance.fold(1000).await;
                instance.judge();
            }
            town.intake.next_observation(Trouble::AnswerLost).await;
            for instance in &mut instances {
                instance.deliver(0, &town.intake).await;
                instance.answer();
            }
        }
        instances[0].crash(minutes % 2 == 0);
        instances[1].rebuild();
    }
    instances[0].settle(&town.intake).await;
}

/// An instance that starts from nothing says nothing: what is on the log is what the rules say.
async fn check_replay(town: &Town) {
    let before = town.intake.world("u07").await.sequence();
    let mut fresh = Instance::new(&town.log, &town.clock);
    while fresh.fold(7).await > 0 {}
    while fresh.judge() {}
    let left: Vec<String> = fresh.on_their_way.iter().map(|(_, payload)| String::from_utf8_lossy(payload).into_owned()).collect();
    assert!(left.is_empty(), "a replay has something to say: {left:?}");
    assert_eq!(town.intake.world("u07").await.sequence(), before);
}

/// What the public is told of agrees with the alerts themselves, however often they were folded.
fn check_counts(instance: &Instance) {
    let prefix = Prefix::all_communities_of_table();
    let mut open: BTreeMap<(CommunityId, (Slug, Severity)), u32> = BTreeMap::new();
    for (key, row) in instance.store.scan::<alert::State>(ALERTS, &prefix, None, 10_000).unwrap() {
        let community: CommunityId = key.read().community().unwrap().parse().unwrap();
        counted(&row.value).into_iter().for_each(|what| *open.entry((community.clone(), what)).or_default() += 1);
    }
    let mut counts = BTreeMap::new();
    for (key, row) in instance.store.scan::<Counts>(COUNTS, &prefix, None, 10_000).unwrap() {
        let community: CommunityId = key.read().community().unwrap().parse().unwrap();
        counts.extend(row.value.open().map(|(what, count)| ((community.clone(), what.clone()), *count)));
    }
    assert_eq!(counts, open);
}
