//! Whole histories with crashes, rebuilds, lost answers and a second instance, on engines with stores of their own and an intake
//! in memory. What must hold whatever happened: each cause in exactly one alert, each alert raised once, and nothing left to say.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use bus::{EventLog, MemoryLog};
use domain::{
    Event,
    alert::{Alert, AlertId, Basis, KeyHash},
    values::{Now, Timestamp},
};
use proptest::prelude::*;
use serde_json::{Value, json};
use store::{Options, Store};
use tempfile::TempDir;
use testkit::{MemoryIntake, Trouble, World};

use crate::{engine::Engine, rows::Target};

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
        Self { dir, store, engine, log: EventLog::in_memory(log), clock: clock.clone(), on_their_way: Vec::new(), answers: Vec::new() }
    }

    /// Folds at most `limit` commits; how many there were.
    async fn fold(&mut self, limit: u64) -> u64 {
        let from = self.engine.position().unwrap().sequence;
        let sequences: Vec<u64> = (from + 1..=from + limit).collect();
        let messages = self.log.read_many(&sequences).await.unwrap();
        self.engine.fold(&messages).unwrap();
        messages.len() as u64
    }

    fn judge(&mut self) -> bool {
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
        let told = events.filter_map(|event| Alert::of(event).map(|(alert, key)| (key, format!("{} {} {alert}", event.name(), key.rule))));
        // nobody reports the buildings of these tests
        told.filter(|(key, _)| key.rule.as_str() != "building_silent").map(|(_, line)| line).collect()
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
    let people = json!([{"person": person, "readings": [{"celsius": celsius, "site": site}], "symptoms": []}]);
    ("visit.record", json!({"household": "h502", "outcome": "met", "mode": "door", "people": people}))
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

/// The basis of a judgement.
fn basis(event: &Event) -> Option<Basis> {
    match event {
        Event::AlertRaised(event) => Some(event.occurrence.basis),
        Event::AlertUpdated(event) => Some(event.occurrence.basis),
        Event::AlertUpgraded(event) => Some(event.occurrence.basis),
        Event::AlertReopened(event) => Some(event.occurrence.basis),
        Event::AlertResolved(event) => event.basis,
        _ => None,
    }
}

/// What must hold of every log: gapless `n`, one `raised` per alert, each cause in exactly one alert, judgements in their order.
fn check_log(world: &World) {
    let mut last_n: BTreeMap<AlertId, u32> = BTreeMap::new();
    let mut last_basis: BTreeMap<KeyHash, Basis> = BTreeMap::new();
    let mut alert_of_cause: BTreeMap<(String, String), AlertId> = BTreeMap::new();
    for event in world.commits().iter().flat_map(|commit| &commit.events) {
        let Some((alert, key)) = Alert::of(event) else { continue };
        let (n, causes) = match event {
            Event::AlertRaised(event) => (event.n, &event.occurrence.causes[..]),
            Event::AlertUpdated(event) => (event.n, &event.occurrence.causes[..]),
            Event::AlertUpgraded(event) => (event.n, &event.occurrence.causes[..]),
            Event::AlertReopened(event) => (event.n, &event.occurrence.causes[..]),
            Event::AlertAcknowledged(event) => (event.n, &[][..]),
            Event::AlertResolved(event) => (event.n, &[][..]),
            Event::AlertClosed(event) => (event.n, &[][..]),
            _ => continue,
        };
        if let Some(basis) = basis(event) {
            let before = last_basis.insert(alert.key_hash().clone(), basis);
            assert!(before < Some(basis), "{alert}: {basis:?} was judged after {before:?}");
        }
        let before = last_n.insert(alert.clone(), n).unwrap_or_default();
        assert_eq!(n, before + 1, "{alert} has a gap");
        assert_eq!(matches!(event, Event::AlertRaised(_)), before == 0, "{alert} was raised twice, or never");
        for cause in causes {
            let first = alert_of_cause.entry((key.rule.to_string(), cause.clone())).or_insert_with(|| alert.clone());
            assert_eq!(first, alert, "{cause} is in two alerts of {}", key.rule);
        }
    }
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

#[derive(Clone, Debug)]
enum Step {
    Record(&'static str, Value, i64),
    Forward(i64),
    Fold(usize, u64),
    Judge(usize),
    Deliver(usize, usize, Option<Trouble>),
    Answer(usize),
    Crash(usize, bool),
    Rebuild(usize),
    CloseOne(usize),
}

fn fact() -> impl Strategy<Value = (&'static str, Value)> {
    let person = || prop::sample::select(vec!["p1", "p2"]);
    let celsius = prop::sample::select(vec![36.5, 37.2, 37.3, 37.9, 38.5]);
    let site = prop::sample::select(vec!["axilla", "forehead", "ear"]);
    prop_oneof![
        4 => (person(), celsius, site).prop_map(|(person, celsius, site)| visit(person, celsius, site)),
        1 => Just(order()),
        2 => (person(), prop::sample::select(vec!["in", "out"]), prop::sample::select(vec!["admitted", "turned_back", "waiting"]))
            .prop_map(|(person, direction, result)| entry(person, direction, result)),
        2 => prop::sample::select(vec!["reached", "not_home", "no_answer"]).prop_map(check),
        1 => prop::sample::select(vec!["b07", "b08"]).prop_map(report),
        1 => Just(("quarantine.release", json!({"quarantine": "q1", "reason": "moved"}))),
        1 => prop::sample::select(vec![10, 45, 90]).prop_map(|minutes| ("policy.set", json!({"grace_minutes": minutes, "remeasure_minutes": minutes}))),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let instance = || 0..2_usize;
    let trouble = prop_oneof![4 => Just(None), 1 => Just(Some(Trouble::AnswerLost)), 1 => Just(Some(Trouble::Away))];
    prop_oneof![
        4 => (fact(), prop::sample::select(vec![0_i64, 0, 20, 600])).prop_map(|((kind, data), ago)| Step::Record(kind, data, ago)),
        2 => prop::sample::select(vec![5_i64, 31, 240, 700, 1500]).prop_map(Step::Forward),
        4 => (instance(), 1..6_u64).prop_map(|(instance, count)| Step::Fold(instance, count)),
        4 => instance().prop_map(Step::Judge),
        5 => (instance(), 0..8_usize, trouble).prop_map(|(instance, place, trouble)| Step::Deliver(instance, place, trouble)),
        3 => instance().prop_map(Step::Answer),
        1 => (instance(), any::<bool>()).prop_map(|(instance, flushed)| Step::Crash(instance, flushed)),
        1 => instance().prop_map(Step::Rebuild),
        1 => (0..8_usize).prop_map(Step::CloseOne),
    ]
}

/// Somebody closes one of the open alerts.
async fn close_one(town: &Town, place: usize) {
    let world = town.intake.world("u07").await;
    let active: BTreeSet<_> =
        world.commits().iter().flat_map(|commit| &commit.events).filter_map(|event| Alert::of(event).map(|(alert, _)| alert.key_hash().clone())).collect();
    let known: &dyn domain::Known = &world;
    let open: Vec<_> = active.iter().filter_map(|hash| known.alert(hash)).filter(|state| state.is_active()).collect();
    if let Some(state) = open.get(place % open.len().max(1)) {
        let close = json!({"alert": state.alert, "n": state.n, "reason": "false_alarm"});
        town.record("alert.close", close, &(town.clock.now())().to_string()).await;
    }
}

async fn run(steps: Vec<Step>) {
    let town = Town::new(&["u07"]).await;
    let mut instances = [Instance::new(&town.log, &town.clock), Instance::new(&town.log, &town.clock)];
    for step in steps {
        match step {
            Step::Record(kind, data, ago) => {
                let at = (town.clock.now())().plus_minutes(-ago).to_string();
                // some of these cannot be at that time; a refusal is fine
                drop(town.intake.offer("u07", kind, data, &at).await);
            }
            Step::Forward(minutes) => town.clock.forward_minutes(minutes),
            Step::Fold(instance, count) => drop(instances[instance].fold(count).await),
            Step::Judge(instance) => drop(instances[instance].judge()),
            Step::Deliver(instance, place, trouble) => {
                if let Some(trouble) = trouble.filter(|_| !instances[instance].on_their_way.is_empty()) {
                    town.intake.next_observation(trouble).await;
                }
                instances[instance].deliver(place, &town.intake).await;
            }
            Step::Answer(instance) => instances[instance].answer(),
            Step::Crash(instance, flushed) => instances[instance].crash(flushed),
            Step::Rebuild(instance) => instances[instance].rebuild(),
            Step::CloseOne(place) => close_one(&town, place).await,
        }
    }
    // one that runs on is enough
    let [survivor, _] = &mut instances;
    survivor.settle(&town.intake).await;
    check_log(&town.intake.world("u07").await);
    check_replay(&town).await;
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().build().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn crashes_rebuilds_lost_answers_and_a_second_instance_raise_nothing_twice(steps in prop::collection::vec(step(), 20..90)) {
        runtime().block_on(run(steps));
    }
}

#[tokio::test]
async fn a_fever_is_one_alert_however_often_it_is_judged() {
    let town = Town::new(&["u07"]).await;
    let mut instance = Instance::new(&town.log, &town.clock);
    let (kind, data) = visit("p1", 38.5, "axilla");
    town.record(kind, data, NOON).await;
    instance.settle(&town.intake).await;
    let expected = town.alerts("u07").await;
    assert_eq!(expected.len(), 1, "{expected:?}");
    assert!(expected[0].starts_with("alert.raised.v1 fever "), "{expected:?}");
    instance.settle(&town.intake).await;
    instance.rebuild();
    instance.settle(&town.intake).await;
    assert_eq!(town.alerts("u07").await, expected);
    check_replay(&town).await;
}

#[tokio::test]
async fn what_an_instance_said_before_another_knew_better_changes_nothing() {
    let town = Town::new(&["u07"]).await;
    let (mut slow, mut fast) = (Instance::new(&town.log, &town.clock), Instance::new(&town.log, &town.clock));
    let fever = |celsius| visit("p1", celsius, "axilla");
    let (kind, data) = fever(38.5);
    town.record(kind, data, "2020-02-06T02:00").await;
    fast.settle(&town.intake).await;
    slow.settle(&town.intake).await;
    let (kind, data) = fever(38.4);
    town.record(kind, data, "2020-02-06T03:00").await;
    slow.fold(1000).await;
    slow.judge();
    assert_eq!(slow.on_their_way.len(), 1, "on its way, and slow");
    for at in ["2020-02-06T06:00", "2020-02-06T10:00"] {
        let (kind, data) = fever(36.5);
        town.record(kind, data, at).await;
    }
    fast.settle(&town.intake).await;
    let resolved = town.alerts("u07").await;
    assert!(resolved.last().is_some_and(|line| line.starts_with("alert.resolved.v1 fever ")), "{resolved:?}");
    slow.settle(&town.intake).await;
    assert_eq!(town.alerts("u07").await, resolved);
    check_replay(&town).await;
}

#[tokio::test]
async fn what_became_overdue_while_nobody_ran_is_raised_after_the_start_and_a_late_entry_resolves_it_as_late() {
    let town = Town::new(&["u07"]).await;
    let (kind, data) = order();
    town.record(kind, data, "2020-02-06T12:01").await;
    let mut instance = Instance::new(&town.log, &town.clock);
    instance.settle(&town.intake).await;
    instance.crash(false);
    town.clock.forward_minutes(9 * 60);
    instance.settle(&town.intake).await;
    let raised = town.alerts("u07").await;
    assert!(raised.iter().any(|line| line.starts_with("alert.raised.v1 check_overdue ")), "{raised:?}");
    let (kind, data) = check("reached");
    town.record(kind, data, "2020-02-06T19:00").await;
    instance.settle(&town.intake).await;
    let world = town.intake.world("u07").await;
    let resolved = world.commits().iter().flat_map(|commit| &commit.events).find_map(|event| match event {
        Event::AlertResolved(resolved) if resolved.key.rule.as_str() == "check_overdue" => Some((resolved.late, resolved.quieted_by.len())),
        _ => None,
    });
    assert_eq!(resolved, Some((true, 1)));
    check_log(&world);
    check_replay(&town).await;
}

#[tokio::test]
async fn a_change_of_policy_judges_the_community_anew_in_pages_that_survive_a_crash() {
    let town = Town::new(&["u07"]).await;
    for number in 0..450 {
        let (_, mut visit) = visit("p1", 37.0, "axilla");
        visit["people"][0] = json!({"unregistered": {"ref": format!("s{number}")}, "readings": [{"celsius": 37.0, "site": "axilla"}]});
        town.record("visit.record", visit, NOON).await;
    }
    let mut instance = Instance::new(&town.log, &town.clock);
    instance.settle(&town.intake).await;
    assert_eq!(town.alerts("u07").await, Vec::<String>::new());
    town.record("policy.set", json!({"fever": {"threshold": 36.9}, "effective_from": "2020-02-01T00:00:00Z", "reason": "notice 12"}), NOON).await;
    instance.fold(1000).await;
    instance.judge();
    let jobs = instance.store.scan::<crate::rows::Job>(crate::rows::JOBS, &store::Prefix::all_communities_of_table(), None, 9).unwrap();
    assert!(jobs.iter().any(|(_, job)| job.value.after.is_some()), "a page of several was done: {jobs:?}");
    instance.crash(true);
    instance.settle(&town.intake).await;
    assert_eq!(town.alerts("u07").await.len(), 450);
    check_replay(&town).await;
}

#[tokio::test]
async fn a_rule_that_is_switched_off_resolves_what_it_had_raised() {
    let town = Town::new(&["u07"]).await;
    let mut instance = Instance::new(&town.log, &town.clock);
    let (kind, data) = visit("p1", 38.5, "axilla");
    town.record(kind, data, NOON).await;
    instance.settle(&town.intake).await;
    town.record("policy.set", json!({"rules": {"fever": {"enabled": false}}}), NOON).await;
    instance.settle(&town.intake).await;
    let alerts = town.alerts("u07").await;
    assert!(alerts.last().is_some_and(|line| line.starts_with("alert.resolved.v1 fever ")), "{alerts:?}");
}

#[tokio::test]
async fn a_breach_that_was_closed_by_hand_comes_back_only_with_a_new_cause_and_without_the_old_one() {
    let town = Town::new(&["u07"]).await;
    let mut instance = Instance::new(&town.log, &town.clock);
    let (kind, data) = order();
    town.record(kind, data, "2020-02-06T08:00").await;
    let (kind, data) = entry("p1", "out", "admitted");
    town.record(kind, data, "2020-02-06T11:00").await;
    instance.settle(&town.intake).await;
    close_breach(&town).await;
    instance.settle(&town.intake).await;
    assert_eq!(breaches(&town).await, ["raised 1", "closed 0"]);
    let (kind, data) = check("not_home");
    town.record(kind, data, "2020-02-06T11:30").await;
    instance.settle(&town.intake).await;
    instance.rebuild();
    instance.settle(&town.intake).await;
    assert_eq!(breaches(&town).await, ["raised 1", "closed 0", "raised 1"]);
    check_log(&town.intake.world("u07").await);
    check_replay(&town).await;
}

async fn close_breach(town: &Town) {
    let world = town.intake.world("u07").await;
    let raised = world.commits().iter().flat_map(|commit| &commit.events).find_map(|event| match event {
        Event::AlertRaised(raised) if raised.key.rule.as_str() == "quarantine_breach" => Some((raised.alert.clone(), raised.n)),
        _ => None,
    });
    let (alert, n) = raised.unwrap();
    town.record("alert.close", json!({"alert": alert, "n": n, "reason": "false_alarm"}), NOON).await;
}

async fn breaches(town: &Town) -> Vec<String> {
    let world = town.intake.world("u07").await;
    let of = |event: &Event| match event {
        Event::AlertRaised(event) => (event.key.rule.as_str() == "quarantine_breach").then(|| format!("raised {}", event.occurrence.causes.len())),
        Event::AlertUpdated(event) => (event.key.rule.as_str() == "quarantine_breach").then(|| format!("updated {}", event.occurrence.causes.len())),
        Event::AlertClosed(event) => (event.key.rule.as_str() == "quarantine_breach").then(|| "closed 0".to_owned()),
        _ => None,
    };
    world.commits().iter().flat_map(|commit| &commit.events).filter_map(of).collect()
}

#[tokio::test]
async fn a_community_has_the_same_alerts_with_and_without_another() {
    let mut seen = Vec::new();
    for worlds in [&["u07"][..], &["u07", "u08"][..]] {
        let town = Town::new(worlds).await;
        let mut instance = Instance::new(&town.log, &town.clock);
        for (celsius, site, minutes) in [(37.5, "forehead", 40), (38.1, "ear", 700), (36.4, "ear", 300), (36.4, "axilla", 1500), (37.8, "oral", 1)] {
            let (kind, data) = visit("p1", celsius, site);
            let at = (town.clock.now())().to_string();
            town.record(kind, data.clone(), &at).await;
            if worlds.len() > 1 {
                town.intake.record("u08", kind, data, &at).await;
            }
            instance.settle(&town.intake).await;
            town.clock.forward_minutes(minutes);
            instance.settle(&town.intake).await;
        }
        seen.push(town.alerts("u07").await);
        if worlds.len() > 1 {
            assert!(!town.alerts("u08").await.is_empty());
        }
    }
    assert!(seen[0].len() > 3, "{:?}", seen[0]);
    assert_eq!(seen[0], seen[1]);
}
