//! A log, a stream, an intake and a clock in memory.

use std::{
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use alerting::{Alerting, Outlets, Parts};
use bus::{Announcer, EventLog, MemoryLog, MemoryPublication, Message, Notice, Publication, Requests};
use domain::{
    Commit,
    alert::Alert,
    values::{CommandId, Now, Timestamp},
};
use serde_json::{Value, json};
use store::{Options, Store};
use tempfile::TempDir;
use testkit::{MemoryIntake, World};
use tokio::task::JoinHandle;

/// Longest wait for something that must happen.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often it is looked whether it has happened.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// A clock in the test's hands.
#[derive(Clone)]
pub(crate) struct Clock(Arc<AtomicI64>);

impl Clock {
    pub(crate) fn now(&self) -> Now {
        let clock = self.clone();
        Arc::new(move || Timestamp(clock.0.load(Ordering::SeqCst)))
    }

    pub(crate) fn forward_minutes(&self, minutes: i64) {
        self.0.fetch_add(minutes * 60_000, Ordering::SeqCst);
    }
}

/// Everything around the service.
pub(crate) struct System {
    pub(crate) log: MemoryLog,
    pub(crate) publication: MemoryPublication,
    /// What the public is told.
    pub(crate) public: MemoryPublication,
    pub(crate) nudges: MemoryPublication,
    pub(crate) intake: MemoryIntake,
    pub(crate) clock: Clock,
    requests: Requests,
    serving: JoinHandle<()>,
    dirs: Mutex<Vec<TempDir>>,
    /// The store of the last start, to be looked into.
    store: Mutex<Option<Store>>,
}

impl System {
    /// A settled community on the day after its registration, before any report is due.
    pub(crate) async fn new(now: &str) -> Self {
        let (log, clock) = (MemoryLog::new("town"), Clock(Arc::new(AtomicI64::new(World::time(now).0))));
        let intake = MemoryIntake::new(&log, clock.now());
        intake.adopt(settled()).await;
        // all live close to one another, and each test is about one fever after the other
        intake.record("u07", "policy.set", json!({"rules": {"cluster": {"enabled": false}}}), "2020-02-01T10:00").await;
        let requests = Requests::in_memory();
        let serving = intake.serve(&requests).await;
        Self {
            log,
            publication: MemoryPublication::default(),
            public: MemoryPublication::default(),
            nudges: MemoryPublication::default(),
            intake,
            clock,
            requests,
            serving,
            dirs: Mutex::new(vec![TempDir::new().unwrap()]),
            store: Mutex::default(),
        }
    }

    /// Starts the service on the store of the last start.
    pub(crate) fn start(&self) -> Alerting {
        let store = open_store(self.dirs.lock().unwrap().last().unwrap().path());
        *self.store.lock().unwrap() = Some(store.clone());
        Alerting::start(Parts {
            log: EventLog::in_memory(&self.log),
            requests: self.requests.clone(),
            store,
            now: self.clock.now(),
            outlets: Outlets {
                alerts: Publication::in_memory(&self.publication),
                public: Publication::in_memory(&self.public),
                full: None,
                nudges: Publication::in_memory(&self.nudges),
                announcer: Announcer::in_memory(),
            },
        })
    }

    /// Starts the service, or a second one, on an empty store.
    pub(crate) fn start_in_an_empty_store(&self) -> Alerting {
        self.dirs.lock().unwrap().push(TempDir::new().unwrap());
        self.start()
    }

    pub(crate) async fn record(&self, kind: &str, data: Value, at: &str) -> CommandId {
        self.intake.record("u07", kind, data, at).await
    }

    /// The requests, with nobody serving them any more.
    pub(crate) fn other_requests(&self) -> Requests {
        self.serving.abort();
        self.requests.clone()
    }

    /// Sequence of the last message of the log.
    pub(crate) fn head(&self) -> u64 {
        futures_executor(EventLog::in_memory(&self.log).head()).unwrap().last_sequence
    }

    /// How far the store of the last start is folded.
    pub(crate) fn folded(&self) -> u64 {
        self.store.lock().unwrap().as_ref().unwrap().position().unwrap().sequence
    }

    /// The log as an older backup holds it, and an intake that goes on from there.
    pub(crate) async fn restore(&mut self) {
        self.serving.abort();
        self.log.roll_back(0);
        self.intake = MemoryIntake::new(&self.log, self.clock.now());
        // the same bytes as before: every id and time is the world's own
        self.intake.adopt(settled()).await;
        self.serving = self.intake.serve(&self.requests).await;
    }

    /// Records visits that raise nothing.
    pub(crate) async fn grow(&self, visits: usize) {
        for _ in 0..visits {
            self.record("visit.record", crate::fever("p9", 36.5), "2020-02-02T15:04").await;
        }
    }

    /// Appends what is no commit, and says where.
    pub(crate) async fn damage(&self) -> u64 {
        let message = Message { subject: "ev.0.u07.damaged".to_owned(), payload: b"GW\x01 this is no commit".to_vec().into() };
        EventLog::in_memory(&self.log).append(self.head(), vec![message]).await.unwrap()
    }

    /// Every message of the log.
    pub(crate) async fn messages(&self) -> Vec<Message> {
        let log = EventLog::in_memory(&self.log);
        let head = log.head().await.unwrap().last_sequence;
        let stored = log.read_many(&(1..=head).collect::<Vec<_>>()).await.unwrap();
        stored.into_iter().map(|stored| Message { subject: stored.subject, payload: stored.payload }).collect()
    }

    /// The first message whose subject ends like this.
    pub(crate) async fn notice(&self, ends: &str) -> Notice {
        eventually(ends, || self.publication.notices().into_iter().find(|notice| notice.subject.ends_with(ends))).await
    }

    /// All messages, once there are so many.
    pub(crate) async fn notices(&self, count: usize) -> Vec<Notice> {
        eventually("messages", || Some(self.publication.notices()).filter(|notices| notices.len() >= count)).await
    }

    /// How many alert events there are.
    pub(crate) fn alert_events(&self) -> usize {
        let log = EventLog::in_memory(&self.log);
        let read = async {
            let head = log.head().await.unwrap().last_sequence;
            log.read_many(&(1..=head).collect::<Vec<_>>()).await.unwrap()
        };
        // a log in memory answers at once
        let stored = futures_executor(read);
        let commits = stored.iter().map(|stored| Commit::decode(&stored.payload).unwrap());
        commits.map(|commit| commit.events.iter().filter(|event| Alert::step(event).is_some()).count()).sum()
    }

    /// How many alert events there are once no more come.
    pub(crate) async fn alert_events_when_quiet(&self) -> usize {
        let mut last = (0, 0);
        eventually("quiet", || {
            let count = self.alert_events();
            last = if count == last.0 { (count, last.1 + 1) } else { (count, 0) };
            (last.1 > 100).then_some(count)
        })
        .await
    }
}

/// A settled community whose buildings have reported.
fn settled() -> World {
    let mut world = World::settled();
    for building in ["b07", "b08"] {
        let report = serde_json::json!({"scopes": [{"building": building}], "basis": "seen"});
        world.record("building.report", report, "2020-02-02T09:00");
    }
    world
}

pub(crate) fn open_store(folder: &Path) -> Store {
    Store::open(folder, Options { cache_bytes: 8 * 1024 * 1024, ..Options::new(alerting::tables()) }).unwrap()
}

fn futures_executor<T>(future: impl Future<Output = T>) -> T {
    tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(future))
}

/// The body of a message.
pub(crate) fn body(notice: &Notice) -> Value {
    serde_json::from_slice(&notice.payload).unwrap()
}

/// Looks again and again until there is something; panics when it takes too long.
pub(crate) async fn eventually<T>(what: &str, mut probe: impl FnMut() -> Option<T>) -> T {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        if let Some(found) = probe() {
            return found;
        }
        assert!(tokio::time::Instant::now() < deadline, "waited too long for {what}");
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
