//! A log in memory, a projection over it, and tokens to ask with.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Request, StatusCode},
};
use bus::{EventLog, KeyStore, LastValues, MemoryLog, Message, StoredKey};
use domain::{
    Commit, Event,
    access::{DEPLOYMENT, Granted, SecretHash, TokenScope},
    commit::Role,
    log::CommitHash,
    values::{CommunityId, DeploymentKey, KeyOwner, Private, PrivateFields, SealedPart, SecretKey, Timestamp},
};
use projection::{Audit, Parts, Projection};
use serde_json::Value;
use store::{Options, Store};
use tower::ServiceExt as _;

use crate::world::{Told, at, id, told};

/// Longest wait for what must happen; reaching it is a failure, not a measurement.
const PATIENCE: Duration = Duration::from_secs(20);

/// A log that tests write to.
pub(crate) struct Log {
    pub(crate) memory: MemoryLog,
    pub(crate) log: EventLog,
    pub(crate) keys: KeyStore,
    pub(crate) now: Arc<AtomicI64>,
    chains: std::collections::BTreeMap<CommunityId, CommitHash>,
    pub(crate) head: u64,
}

pub(crate) fn secrets() -> DeploymentKey {
    DeploymentKey::new(&[7; 32])
}

impl Log {
    pub(crate) fn new() -> Self {
        let memory = MemoryLog::new("log-1");
        let now = Arc::new(AtomicI64::new(at("2020-02-02T10:00").0));
        Self { log: EventLog::in_memory(&memory), memory, keys: KeyStore::in_memory(), now, chains: Default::default(), head: 0 }
    }

    /// A log with tokens of every kind and the small community of `world`, founded as `c1`.
    pub(crate) async fn with_community() -> Self {
        let mut log = Self::new();
        log.grant("admin", Role::Admin, TokenScope::default()).await;
        log.grant("office", Role::Office, TokenScope { community: Some(id("c1")), town: None }).await;
        for (name, role) in [("nurse", Role::Nurse), ("leader", Role::Leader), ("gate", Role::Gate)] {
            log.grant(name, role, TokenScope { community: Some(id("c1")), town: None }).await;
        }
        log.grant("viewer", Role::Viewer, TokenScope { community: Some(id("c1")), town: None }).await;
        log.grant("stranger", Role::Office, TokenScope { community: Some(id("c2")), town: None }).await;
        log.append_all("c1", &crate::world::registrations()).await;
        log
    }

    pub(crate) fn set_now(&self, now: Timestamp) {
        self.now.store(now.0, Ordering::SeqCst);
    }

    pub(crate) async fn grant(&mut self, secret: &str, role: Role, scope: TokenScope) {
        let granted = Granted { token: id(secret), name: id(secret), secret_hash: SecretHash::of(secret), scope, role, staff: None };
        let at = at("2020-02-01T08:00");
        self.append(DEPLOYMENT, &told(self.head + 1, at, at, granted)).await;
    }

    pub(crate) async fn append_all(&mut self, community: &str, facts: &[Told]) {
        for told in facts {
            self.append(community, told).await;
        }
    }

    /// Appends a decision of one event. Its command id is made of the community and its number, as if every community chose its own.
    pub(crate) async fn append(&mut self, community: &str, told: &Told) -> u64 {
        let mut header = told.header.clone();
        header.community = id(community);
        header.previous = self.chains.get(&header.community).copied().unwrap_or_default();
        let payload = Commit { header: header.clone(), events: vec![told.event.clone()] }.encode().unwrap();
        self.chains.insert(header.community, CommitHash::of(&payload));
        self.append_bytes(community, payload).await
    }

    pub(crate) async fn append_bytes(&mut self, community: &str, payload: Vec<u8>) -> u64 {
        let subject = format!("ev.0.{community}._.test.x");
        self.head = self.log.append(self.head, vec![Message { subject, payload: payload.into() }]).await.unwrap();
        self.head
    }

    /// A private part of a person's file, sealed with a key that the key store knows.
    pub(crate) async fn sealed_name(&self, person: &str, name: &str, command: domain::values::CommandId) -> Private {
        let (secrets, community) = (secrets(), id::<CommunityId>("c1"));
        let key_id = KeyOwner::Person(id(person)).key_id(&secrets.key_ids, &community);
        let key = SecretKey([9; 32]);
        let wrapped = secrets.wrap(&key, key_id, [3; 24]).unwrap();
        self.keys.replace(vec![StoredKey { name: key_id.to_string(), bytes: wrapped.into() }]).await.unwrap();
        let fields = PrivateFields::default().with("name", Some(name));
        Private::Sealed(SealedPart::seal(&fields, (key_id, &key), [4; 24], &community, (command, 0)).unwrap())
    }

    pub(crate) fn start(&self, folder: &Path) -> Running {
        self.start_with(folder, Options::new(projection::tables()))
    }

    pub(crate) fn start_with(&self, folder: &Path, options: Options) -> Running {
        self.start_recorded(folder, options, None)
    }

    /// Starts it with somebody who is told before personal data is shown.
    pub(crate) fn start_recorded(&self, folder: &Path, options: Options, audit: Option<Audit>) -> Running {
        self.start_parts(folder, options, (audit, None))
    }

    /// Starts it with a topic on which it tells how buildings stand.
    pub(crate) fn start_telling(&self, folder: &Path, status: LastValues) -> Running {
        self.start_parts(folder, Options::new(projection::tables()), (None, Some(status)))
    }

    fn start_parts(&self, folder: &Path, options: Options, (audit, status): (Option<Audit>, Option<LastValues>)) -> Running {
        let now = Arc::clone(&self.now);
        let projection = Projection::start(Parts {
            log: self.log.clone(),
            keys: self.keys.clone(),
            store: Store::open(&folder.join("rows"), options).unwrap(),
            secrets: secrets(),
            now: Arc::new(move || Timestamp(now.load(Ordering::SeqCst))),
            status,
            audit,
        });
        Running { router: projection.router(), projection }
    }
}

/// A projection that runs.
pub(crate) struct Running {
    pub(crate) projection: Projection,
    pub(crate) router: Router,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.bytes)))
    }
}

impl Running {
    /// Waits until reads show a commit and everybody may enter.
    pub(crate) async fn reached(&self, sequence: u64) {
        let readiness = self.projection.readiness();
        let waiting = async {
            while readiness.sequence() < sequence || readiness.why_not().is_some() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("stuck at {}: {:?}", readiness.sequence(), readiness.phase()));
    }

    /// Waits until it is in some phase.
    pub(crate) async fn phase(&self, wanted: impl Fn(&projection::Phase) -> bool) {
        let readiness = self.projection.readiness();
        let waiting = async {
            while !wanted(&readiness.phase()) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("stuck in {:?}", readiness.phase()));
    }

    /// Waits until it says of itself that it is so far behind the log.
    pub(crate) async fn behind(&self, wanted: bus::Lag) {
        let readiness = self.projection.readiness();
        let waiting = async {
            while readiness.lag() != wanted {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("{:?} behind, and not {wanted:?}", readiness.lag()));
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        Answer { status, headers, bytes: to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec() }
    }

    pub(crate) async fn get(&self, token: &str, path: &str) -> Answer {
        let request = Request::get(format!("/api/v1{path}")).header("authorization", format!("Bearer {token}"));
        self.send(request.body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn json(&self, token: &str, path: &str) -> Value {
        let answer = self.get(token, path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", String::from_utf8_lossy(&answer.bytes));
        answer.json()
    }
}

/// Compares the rows in a folder with a fresh fold of the log; panics with what differs.
pub(crate) async fn assert_equal_to_rebuild(log: &Log, folder: &Path, seed: &str) {
    let store = Store::open(&folder.join("rows"), Options::new(projection::tables())).unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let report = projection::check::check_stopped(&log.log, &store, scratch.path()).await.unwrap();
    assert_eq!(report.sequence, log.head, "{seed}");
    assert!(report.rows > 20, "{seed}: only {} rows were compared", report.rows);
    assert_eq!(report.differing, 0, "{seed}: {:?}", report.differences);
    store.close().unwrap();
}

pub(crate) fn event_fact(sequence: u64, when: &str, event: impl Into<Event>) -> Told {
    told(sequence, at(when), at(when), event)
}
