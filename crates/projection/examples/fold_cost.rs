//! What folding costs the processor, without a server and without a door: a log in memory is folded from its start, and the time that
//! each kind of thread took is divided by the commits.
//!
//! `cargo run --release -p projection --example fold_cost -- [visits] [doors of a community] [lines that follow each other]`

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a tool for people who measure: it may stop, and prints")]

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use bus::{EventLog, KeyStore, MemoryLog, Message};
use domain::{
    Commit, Event, Header,
    building::{self, Kind},
    commit::Role,
    community::Founded,
    household,
    log::CommitHash,
    person,
    values::{CommandId, CommunityId, DeploymentKey, Place, Precision, Reading, Site, Subject, Timestamp},
    visit,
};
use projection::{Parts, Phase, Projection};
use store::{Options, Store};

const COMMUNITIES: usize = 16;
const DOORS_PER_BUILDING: usize = 22;
const DAY: i64 = 1_580_600_000_000;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn id<T: std::str::FromStr>(text: impl AsRef<str>) -> T
where
    T::Err: std::fmt::Debug,
{
    text.as_ref().parse().unwrap()
}

struct Writer {
    log: EventLog,
    head: u64,
    waiting: Vec<Message>,
    chains: BTreeMap<CommunityId, CommitHash>,
}

impl Writer {
    async fn append(&mut self, community: usize, at: Timestamp, events: Vec<Event>) {
        let community: CommunityId = id(format!("c{community}"));
        let number = self.head + self.waiting.len() as u64 + 1;
        let mut command = [0x5a; 16];
        command[..8].copy_from_slice(&(0x0190_0000_0000 + number).to_be_bytes());
        command[8..].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
        let header = Header {
            epoch: 1,
            community: community.clone(),
            command: CommandId::random_from(command),
            content: [7; 16],
            actor: id("bench"),
            role: Role::Office,
            by: Vec::new(),
            via: None,
            paper: None,
            at,
            precision: Precision::Minute,
            recorded_at: at,
            correlation: None,
            cause: None,
            replaces: None,
            exercise: false,
            version: 1,
            previous: self.chains.get(&community).copied().unwrap_or_default(),
        };
        let payload = Commit { header, events }.encode().unwrap();
        self.chains.insert(community.clone(), CommitHash::of(&payload));
        self.waiting.push(Message { subject: format!("ev.0.{community}._.visit.x"), payload: payload.into() });
        if self.waiting.len() == 1000 {
            self.send().await;
        }
    }

    async fn send(&mut self) {
        if !self.waiting.is_empty() {
            self.head = self.log.append(self.head, std::mem::take(&mut self.waiting)).await.unwrap();
        }
    }
}

fn place(household: usize) -> Place {
    Place {
        estate: Some(id("e1")),
        building: Some(id(format!("b{}", household / DOORS_PER_BUILDING))),
        unit: Some("1".to_owned()),
        floor: i32::try_from(household % DOORS_PER_BUILDING / 3 + 1).ok(),
        door: Some(household.to_string()),
        household: Some(id(format!("h{household}"))),
    }
}

async fn register(writer: &mut Writer, doors: usize) {
    let at = Timestamp(DAY);
    for community in 0..COMMUNITIES {
        let founded = Founded { town: id("t1"), town_name: "镇".to_owned(), name: "社区".to_owned(), time_zone: "Asia/Shanghai".to_owned() };
        writer.append(community, at, vec![founded.into()]).await;
        for number in 0..doors.div_ceil(DOORS_PER_BUILDING) {
            let building = building::Registered {
                building: id(format!("b{number}")),
                name: format!("{number}号楼"),
                kind: Kind::Block,
                estate: Some(id("e1")),
                grid: None,
                units: Vec::new(),
                private: None,
                address_fingerprint: None,
            };
            writer.append(community, at, vec![building.into()]).await;
        }
        for number in 0..doors {
            let (household, person) = (id(format!("h{number}")), id::<domain::values::PersonId>(format!("p{number}")));
            let registered = household::Registered { household, place: place(number), private: None, file_fingerprint: 0 };
            writer.append(community, at, vec![registered.into()]).await;
            let registered =
                person::Registered { person: person.clone(), birth_year: None, sex: None, categories: Vec::new(), private: None, identity_fingerprint: 0 };
            let lives = person::ResidenceStarted { person, place: place(number), kind: person::ResidenceKind::Lives, from: at, private: None };
            writer.append(community, at, vec![registered.into(), lives.into()]).await;
        }
    }
}

fn visit(household: usize, at: Timestamp) -> visit::Recorded {
    let found = visit::PersonFound {
        who: Subject::person(id(format!("p{household}"))),
        basis: visit::Basis::Seen,
        presence: visit::Presence::Here,
        readings: vec![Reading { site: Site::Axilla, tenths_celsius: Some(365), unreadable: None, at }],
        not_measured: None,
        symptoms: Some(Vec::new()),
        exposure: None,
        orders: Vec::new(),
        private: None,
    };
    visit::Recorded {
        place: place(household),
        round: None,
        outcome: visit::Outcome::Met,
        mode: visit::Mode::Door,
        people: vec![found],
        call_back_at: None,
        private: None,
    }
}

/// Ticks of the processor by the name of the thread.
fn ticks() -> BTreeMap<String, u64> {
    let mut ticks = BTreeMap::new();
    for task in std::fs::read_dir("/proc/self/task").unwrap() {
        let Ok(stat) = std::fs::read_to_string(task.unwrap().path().join("stat")) else { continue };
        let (name, rest) = stat.split_once(") ").unwrap();
        let fields: Vec<&str> = rest.split(' ').collect();
        let name = name.split_once('(').unwrap().1.to_owned();
        *ticks.entry(name).or_insert(0) += fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    }
    ticks
}

#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn main() {
    let arguments: Vec<usize> = std::env::args().skip(1).map(|argument| argument.parse().unwrap()).collect();
    let number = |place: usize, usual: usize| arguments.get(place).copied().unwrap_or(usual);
    let (visits, doors, lines) = (number(0, 300_000), number(1, 300), number(2, 500));
    let memory = MemoryLog::new("log-1");
    let mut writer = Writer { log: EventLog::in_memory(&memory), head: 0, waiting: Vec::new(), chains: BTreeMap::new() };
    register(&mut writer, doors).await;
    for number in 0..visits {
        let (request, line) = (number / lines, number % lines);
        let household = (request / COMMUNITIES * lines + line) % doors;
        let at = Timestamp(DAY + 1000 + i64::try_from(number).unwrap());
        writer.append(request % COMMUNITIES, at, vec![visit(household, at).into()]).await;
    }
    writer.send().await;

    let folder = tempfile::tempdir_in(".").unwrap();
    let (before, began) = (ticks(), Instant::now());
    let projection = Projection::start(Parts {
        log: writer.log.clone(),
        keys: KeyStore::in_memory(),
        store: Store::open(&folder.path().join("rows"), Options { cache_bytes: 64 * 1024 * 1024, ..Options::new(projection::tables()) }).unwrap(),
        secrets: DeploymentKey::new(&[7; 32]),
        now: Arc::new(|| Timestamp(DAY)),
        status: None,
        audit: None,
    });
    let readiness = projection.readiness();
    while readiness.sequence() < writer.head {
        assert!(!matches!(readiness.phase(), Phase::Stopped(_) | Phase::UpgradeNeeded(_)), "{:?}", readiness.phase());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let commits = writer.head;
    let told = |what: &str| {
        let wall = began.elapsed();
        println!("{what}: {commits} commits, {:.0}/s of wall clock, µs of processor per commit:", commits as f64 / wall.as_secs_f64());
        let mut sum = 0.0;
        for (name, ticks) in ticks() {
            let ticks = ticks - before.get(&name).copied().unwrap_or(0);
            let micros = ticks as f64 * 10_000.0 / commits as f64;
            sum += micros;
            println!("  {name:20} {micros:8.2}");
        }
        println!("  {:20} {sum:8.2}", "all");
    };
    told("folded");
    projection.stop().await;
    told("written");
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    println!("{}", status.lines().filter(|line| line.starts_with("VmHWM") || line.starts_with("VmRSS")).collect::<Vec<_>>().join("  "));
}
