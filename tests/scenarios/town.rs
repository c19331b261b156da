//! Communities in memory: what is decided, what the rules say of it, and when time alone changes that.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    Commit, Event, Fact, Known, Rejection,
    alert::{self, Alert, Basis, Entrust},
    commit::Role,
    values::{CommandId, Timestamp, Zone},
};
use rules::{
    Rounds, Rule, Scope, Shared, Visitor,
    escalation::{Around, Duties, turn},
};
use serde_json::{Value, json};
use testkit::World;

/// Most rounds of judging until everything is said: a rule that never comes to rest is a fault.
const ROUNDS_MAX: usize = 50;
/// Most changes by time alone between two lines of a script.
const EDGES_MAX: usize = 10_000;

/// Communities on one clock.
pub(crate) struct Town {
    worlds: BTreeMap<String, World>,
    now: Timestamp,
}

/// Everything that the rules say of one community at one moment.
struct Judges<'a> {
    commits: &'a [std::sync::Arc<Commit>],
    world: &'a World,
    now: Timestamp,
    observations: Vec<Value>,
    next_change: Option<Timestamp>,
}

impl Visitor for Judges<'_> {
    fn visit<R: Rule>(&mut self) {
        let state = (self.world as &dyn Known).community().unwrap_or_else(|| panic!("not founded"));
        let zone: Zone = state.zone();
        // a fresh fold each time: a restart is not news, because there is nothing else
        let mut memories: BTreeMap<Scope, R::Memory> = BTreeMap::new();
        let mut rounds = Rounds::default();
        for (commit, sequence) in self.commits.iter().zip(1..) {
            for (event, index) in commit.events.iter().zip(0..) {
                rounds.evolve(&Fact { sequence, index, header: &commit.header, event });
                for scope in rules::scopes::<R>(event, &commit.header).unwrap() {
                    let fact = Fact { sequence, index, header: &commit.header, event };
                    rules::evolve::<R>(memories.entry(scope.clone()).or_default(), &scope, &fact);
                }
            }
        }
        for (scope, memory) in &memories {
            let judgement = rules::judge::<R>(memory, scope, &Shared { policy: &state.policy, zone: &zone, rounds: &rounds }, self.now);
            self.next_change = self.next_change.into_iter().chain(judgement.next_change).min();
            let basis = Basis { sequence: self.world.sequence(), due: Some(self.now) };
            let observe = judgement.observe(rules::key::<R>(scope), R::VERSION, basis);
            self.observations.push(json!({"type": "alert.observe", "data": observe}));
        }
    }
}

impl Judges<'_> {
    /// Whose turn each alert is, as far as it was not told.
    fn judge_turns(&mut self) {
        let state = (self.world as &dyn Known).community().unwrap_or_else(|| panic!("not founded"));
        let mut duties = Duties::default();
        for (commit, sequence) in self.commits.iter().zip(1..) {
            for (event, index) in commit.events.iter().zip(0..) {
                duties.fold(&Fact { sequence, index, header: &commit.header, event });
            }
        }
        for alert in alerts(self.world) {
            let (community, zone) = (self.world.community_id(), state.zone());
            let judged = turn(&alert, &Around { community, duties: &duties, policy: &state.policy, zone: &zone }, self.now);
            self.next_change = self.next_change.into_iter().chain(judged.next_change).min();
            let basis = Basis { sequence: self.world.sequence(), due: Some(self.now) };
            let owed = judged.owed.map(|stage| Entrust { alert: alert.alert.clone(), n: alert.n, basis, stage });
            self.observations.extend(owed.map(|entrust| json!({"type": "alert.entrust", "data": entrust})));
        }
    }
}

/// Every alert of a world as it stands.
pub(crate) fn alerts(world: &World) -> Vec<std::sync::Arc<alert::State>> {
    let steps = world.commits().iter().flat_map(|commit| &commit.events).filter_map(Alert::step);
    let keys: BTreeSet<_> = steps.map(|step| step.alert.key_hash().clone()).collect();
    keys.iter().filter_map(|key| (world as &dyn Known).alert(key)).collect()
}

impl Town {
    /// Two communities that hold the same ids, and a third that nobody tells anything of.
    pub(crate) fn new(communities: &[&str], now: Timestamp) -> Self {
        let mut worlds: BTreeMap<String, World> = communities.iter().map(|community| ((*community).to_owned(), settled(community))).collect();
        for world in worlds.values_mut() {
            world.asked_by("office", Role::Office);
        }
        let mut town = Self { worlds, now };
        town.settle();
        town
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.now
    }

    pub(crate) fn world(&self, community: &str) -> &World {
        self.worlds.get(community).unwrap_or_else(|| panic!("no community {community}"))
    }

    /// Lets time pass; what changes by time alone is said at its own time.
    pub(crate) fn advance(&mut self, until: Timestamp) {
        assert!(until >= self.now, "time does not go back, to {until} from {}", self.now);
        for _ in 0..EDGES_MAX {
            let next =
                self.worlds.keys().cloned().collect::<Vec<_>>().iter().filter_map(|community| self.judges(community).1).filter(|next| *next > self.now).min();
            match next.filter(|next| *next <= until) {
                Some(next) => {
                    self.now = next;
                    self.settle();
                }
                None => {
                    self.now = until;
                    return;
                }
            }
        }
        panic!("time alone changes something all the time");
    }

    /// Sends a command that happened at `at`, now: from the office.
    pub(crate) fn send(&mut self, community: &str, kind: &str, data: Value, at: Timestamp, via: Option<&str>) -> (CommandId, Result<Vec<Event>, Rejection>) {
        self.send_as(Role::Office, community, (kind, data), at, via)
    }

    /// As [`Town::send`], from somebody in another role.
    pub(crate) fn send_as(
        &mut self,
        role: Role,
        community: &str,
        (kind, data): (&str, Value),
        at: Timestamp,
        via: Option<&str>,
    ) -> (CommandId, Result<Vec<Event>, Rejection>) {
        let now = self.now.to_string();
        let world = self.worlds.get_mut(community).unwrap_or_else(|| panic!("no community {community}"));
        world.asked_by(role.word(), role);
        // unlike the world's own ids these differ between communities, as those of phones do
        let place = community.bytes().fold(0_u128, |place, byte| place << 8 | u128::from(byte));
        let id = CommandId(uuid::Uuid::from_u128(place << 64 | u128::from(world.sequence() + 1)));
        let mut command = json!({"id": id, "type": kind, "at": at, "data": data});
        if let Some(via) = via {
            command["via"] = via.into();
        }
        let decided = world.decide_command(&command, &now);
        if decided.is_ok() {
            world.record_command(&command, &now);
        }
        world.asked_by("office", Role::Office);
        self.settle();
        (id, decided)
    }

    /// Lets the rules say what they have to say, until they have no more to say.
    fn settle(&mut self) {
        for community in self.worlds.keys().cloned().collect::<Vec<_>>() {
            self.settle_one(&community);
        }
    }

    fn settle_one(&mut self, community: &str) {
        let now = self.now.to_string();
        for _ in 0..ROUNDS_MAX {
            let observations = self.judges(community).0;
            let world = self.worlds.get_mut(community).unwrap_or_else(|| panic!("no community {community}"));
            world.asked_by("service", Role::Service);
            let changes = |observe: &&Value| world.decide_command(observe, &now).unwrap_or_else(|refusal| panic!("{observe}: {refusal}")).len();
            // one at a time: each rests on what was said before
            let first = observations.iter().find(|observe| changes(observe) > 0).cloned();
            if let Some(observe) = &first {
                world.record_command(observe, &now);
            }
            world.asked_by("office", Role::Office);
            if first.is_none() {
                return;
            }
        }
        panic!("the rules never come to rest in {community}");
    }

    fn judges(&self, community: &str) -> (Vec<Value>, Option<Timestamp>) {
        let world = self.world(community);
        let mut judges = Judges { commits: world.commits(), world, now: self.now, observations: Vec::new(), next_change: None };
        rules::register(&mut judges);
        judges.judge_turns();
        (judges.observations, judges.next_change)
    }

    /// Everything about a community that anybody could see: its commits as they stand on the log.
    pub(crate) fn everything(&self, community: &str) -> Vec<Vec<u8>> {
        self.world(community).commits().iter().map(|commit| commit.encode().unwrap()).collect()
    }
}

/// Commands that a sequence of commits comes from, without doubles.
pub(crate) fn commands(commits: &[std::sync::Arc<Commit>]) -> BTreeSet<CommandId> {
    commits.iter().map(|commit| commit.header.command).collect()
}

/// A community with an estate 阳光小区: building b07 (7号楼) with doors 101, 102 in unit 1 and 501, 502 in unit 2; b08 (8号楼) with door 101.
/// Households h101 and h501, h502 in b07, h801 in b08; people p1, p2 in h502, p3 in h501, p4 in h801; gate c1.
fn settled(community: &str) -> World {
    let mut world = World::empty(community);
    let units = json!([{"unit": "1", "floors": 6, "doors": ["101", "102"]}, {"unit": "2", "floors": 6, "doors": ["501", "502"]}]);
    for (kind, data) in [
        ("community.found", json!({"town": "dianbu", "community": community, "name": "阳光社区"})),
        ("estate.register", json!({"estate": "e1", "name": "阳光小区", "governance": "property"})),
        ("building.register", json!({"building": "b07", "name": "7号楼", "estate": "e1", "units": units})),
        ("building.register", json!({"building": "b08", "name": "8号楼", "estate": "e1"})),
        ("household.register", json!({"household": "h101", "building": "b07", "unit": "1", "floor": 1, "door": "101"})),
        ("household.register", json!({"household": "h501", "building": "b07", "unit": "2", "floor": 5, "door": "501"})),
        ("household.register", json!({"household": "h502", "building": "b07", "unit": "2", "floor": 5, "door": "502"})),
        ("household.register", json!({"household": "h801", "building": "b08", "door": "101"})),
        ("person.register", json!({"person": "p1", "name": "杨桂英", "household": "h502"})),
        ("person.register", json!({"person": "p2", "name": "杨小明", "household": "h502"})),
        ("person.register", json!({"person": "p3", "name": "李强", "household": "h501"})),
        ("person.register", json!({"person": "p4", "name": "王芳", "household": "h801"})),
        ("checkpoint.open", json!({"checkpoint": "c1", "name": "东门", "kind": "gate", "serves": ["e1"]})),
    ] {
        world.record(kind, data, "2020-02-05T20:00");
    }
    world
}
