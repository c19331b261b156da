//! A deployment in memory that can be stopped, started, and made to go wrong.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request, header},
};
use bus::{EventLog, KeyStore, MemoryLog, Message, Requests};
use bytes::Bytes;
use domain::{
    Command, Commit, Envelope, Event, Header, Role,
    access::{self, DEPLOYMENT, Grant, SecretHash, TokenScope},
    log::CommitHash,
    values::{CommandId, CommunityId, DeploymentKey, Personal, Precision, Private, PrivateFields, Timestamp},
};
use intake::{Ask, Intake, Limits, Outcome, Parts, Submitter, TABLES};
use serde_json::{Value as Json, json};
use store::Store;
use tempfile::TempDir;
use tower::ServiceExt;
use uuid::Uuid;

/// The community most tests are about.
pub(crate) const HERE: &str = "u07";
/// Its town.
pub(crate) const TOWN: &str = "dianbu";
/// The operator's secret.
pub(crate) const ADMIN: &str = "gw_operator";
/// When everything in a test is recorded, unless it says otherwise.
pub(crate) const NOW: &str = "2020-02-06T16:00:00+08:00";
/// Longest wait for something that must happen.
pub(crate) const SOON: Duration = Duration::from_secs(30);

/// Patience for tests in which the log is away.
pub(crate) fn impatient() -> Limits {
    Limits { outcome_wait: Duration::from_millis(150), ..Limits::default() }
}

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Reply {
    pub(crate) fn json(&self) -> Json {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The status, and the word for what became of it or the code of the problem.
    pub(crate) fn told(&self) -> (u16, String) {
        let json = self.json();
        let word = if self.status < 300 { &json["status"] } else { &json["code"] };
        (self.status, word.as_str().unwrap_or_default().to_owned())
    }
}

/// A commit with its place on the log.
#[derive(Clone, Debug)]
pub(crate) struct OnLog {
    pub(crate) sequence: u64,
    pub(crate) subject: String,
    pub(crate) payload: Bytes,
    pub(crate) commit: Commit,
}

/// A deployment.
pub(crate) struct House {
    pub(crate) memory: MemoryLog,
    pub(crate) keys: KeyStore,
    pub(crate) requests: Requests,
    pub(crate) secrets: DeploymentKey,
    pub(crate) limits: Limits,
    pub(crate) folder: TempDir,
    pub(crate) intake: Option<Intake>,
    pub(crate) router: Router,
}

impl House {
    /// A deployment with an operator and the community [`HERE`].
    pub(crate) async fn open() -> Self {
        Self::with(Limits::default()).await
    }

    pub(crate) async fn with(limits: Limits) -> Self {
        let mut house = Self::empty(limits);
        house.start().await;
        house.grant(ADMIN, TokenScope::default(), Role::Admin).await;
        house.found(HERE, TOWN).await;
        house
    }

    /// A deployment that was never started.
    pub(crate) fn empty(limits: Limits) -> Self {
        Self {
            memory: MemoryLog::new("m"),
            keys: KeyStore::in_memory(),
            requests: Requests::in_memory(),
            secrets: DeploymentKey::new(&[7; 32]),
            limits,
            folder: tempfile::tempdir().unwrap(),
            intake: None,
            router: Router::new(),
        }
    }

    /// Starts it without waiting for anything.
    pub(crate) async fn begin(&mut self) {
        let now: Timestamp = NOW.parse().unwrap();
        let parts = Parts {
            log: EventLog::in_memory(&self.memory),
            keys: self.keys.clone(),
            requests: self.requests.clone(),
            store: Store::open(&self.folder.path().join("intake"), store::Options { cache_bytes: 1 << 20, ..store::Options::new(TABLES) }).unwrap(),
            secrets: self.secrets.clone(),
            now: Arc::new(move || now),
            exercise: false,
            limits: self.limits,
        };
        let intake = Intake::start(parts).await.unwrap();
        self.router = intake.router();
        self.intake = Some(intake);
    }

    /// Starts it and waits until it writes.
    pub(crate) async fn start(&mut self) {
        self.begin().await;
        assert!(self.submitter().rehearse(Vec::new()).await.is_ok_and(|outcomes| outcomes.is_some()), "intake did not start: {:?}", self.why_not());
    }

    pub(crate) async fn stop(&mut self) {
        if let Some(intake) = self.intake.take() {
            tokio::time::timeout(SOON, intake.stop()).await.expect("intake stops");
        }
    }

    pub(crate) async fn restart(&mut self) {
        self.stop().await;
        self.start().await;
    }

    /// Restarts it without its store.
    pub(crate) async fn restart_from_the_log(&mut self) {
        self.stop().await;
        std::fs::remove_dir_all(self.folder.path().join("intake")).unwrap();
        self.start().await;
    }

    pub(crate) fn submitter(&self) -> Submitter {
        self.intake.as_ref().unwrap().submitter()
    }

    pub(crate) fn why_not(&self) -> Option<String> {
        self.intake.as_ref().unwrap().readiness().why_not()
    }

    /// Makes a token known, as the operator's own program does.
    pub(crate) async fn grant(&self, secret: &str, scope: TokenScope, role: Role) {
        let name = secret.to_lowercase().replace("gw_", "").parse().unwrap();
        let token = format!("t-{}", secret.to_lowercase().replace("gw_", "")).parse().unwrap();
        let grant = Grant { token, name, secret_hash: SecretHash::of(secret), scope, role, staff: None };
        let ask = ask(DEPLOYMENT, Command::Access(access::Command::Grant(grant)));
        let outcome = self.submitter().submit(vec![ask]).unwrap().all().await.remove(0).unwrap();
        assert!(matches!(outcome, Outcome::Recorded { .. }), "{outcome:?}");
    }

    /// A token for [`HERE`] in a role; its secret.
    pub(crate) async fn token(&self, role: Role) -> String {
        let secret = format!("gw_{role}");
        self.grant(&secret, TokenScope { community: Some(HERE.parse().unwrap()), town: None }, role).await;
        secret
    }

    pub(crate) async fn found(&self, community: &str, town: &str) {
        let data = json!({"town": town, "community": community, "name": "阳光社区"});
        let reply = self.post(community, ADMIN, &fresh("community.found", data).to_string()).await;
        assert_eq!(reply.status, 201, "{}", reply.text());
    }

    pub(crate) async fn call(&self, request: Request<Body>) -> Reply {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        Reply { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    pub(crate) async fn request(&self, method: &str, path: &str, secret: &str, content_type: &str, body: impl Into<Body>) -> Reply {
        let request = Request::builder().method(method).uri(format!("/api/v1{path}")).header(header::CONTENT_TYPE, content_type);
        let request = if secret.is_empty() { request } else { request.header(header::AUTHORIZATION, format!("Bearer {secret}")) };
        self.call(request.body(body.into()).unwrap()).await
    }

    /// Sends one command to a community.
    pub(crate) async fn post(&self, community: &str, secret: &str, body: &str) -> Reply {
        self.request("POST", &format!("/communities/{community}/commands"), secret, "application/json", body.to_owned()).await
    }

    /// Sends one command here, as the operator.
    pub(crate) async fn send(&self, command: &Json) -> Reply {
        self.post(HERE, ADMIN, &command.to_string()).await
    }

    /// Sends commands that must be recorded.
    pub(crate) async fn record(&self, commands: &[Json]) {
        for (command, told) in commands.iter().zip(self.lines(commands).await) {
            assert_eq!(told["status"], "recorded", "{command}\n{told}");
        }
    }

    /// Sends a line per command; the answers.
    pub(crate) async fn lines(&self, commands: &[Json]) -> Vec<Json> {
        let body: String = commands.iter().map(|command| format!("{command}\n")).collect();
        self.raw_lines(body).await
    }

    pub(crate) async fn raw_lines(&self, body: impl Into<Body>) -> Vec<Json> {
        let reply = self.request("POST", &format!("/communities/{HERE}/commands"), ADMIN, "application/x-ndjson", body).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Everything on the log.
    pub(crate) async fn log(&self) -> Vec<OnLog> {
        let log = EventLog::in_memory(&self.memory);
        let last = log.head().await.unwrap().last_sequence;
        let stored = log.read_many(&(1..=last).collect::<Vec<_>>()).await.unwrap();
        stored
            .into_iter()
            .map(|stored| OnLog {
                sequence: stored.sequence,
                subject: stored.subject.clone(),
                commit: Commit::decode(&stored.payload).unwrap(),
                payload: stored.payload,
            })
            .collect()
    }

    /// The commits of one command here.
    pub(crate) async fn commits_of(&self, command: &Json) -> Vec<OnLog> {
        let id: CommandId = command["id"].as_str().unwrap().parse().unwrap();
        self.log().await.into_iter().filter(|on_log| on_log.commit.header.command == id && on_log.commit.header.community.as_str() == HERE).collect()
    }

    /// What a sealed part says, opened with the stored key.
    pub(crate) async fn opened(&self, community: &CommunityId, private: &Private) -> PrivateFields {
        let Private::Sealed(part) = private else { panic!("not sealed") };
        let wrapped = self.keys.get(&part.key.to_string()).await.unwrap().expect("the key is stored");
        let key = self.secrets.unwrap_key(&wrapped, part.key).unwrap();
        part.open(&key, community).unwrap()
    }

    /// The events of every command of a community, with what is sealed opened: what must be the same however it came to be.
    pub(crate) async fn meaning(&self, community: &str) -> BTreeMap<CommandId, Vec<String>> {
        let mut meaning = BTreeMap::new();
        for on_log in self.log().await {
            let Commit { header, mut events } = on_log.commit;
            if header.community.as_str() != community {
                continue;
            }
            let mut said = Vec::new();
            for event in &mut events {
                let mut sealed = Vec::new();
                event.each_private(&mut |private| {
                    sealed.push(private.clone());
                    // the seal itself is new every time
                    *private = Private::Plain { owner: domain::values::KeyOwner::Command(header.command), fields: PrivateFields::default() };
                });
                let mut text = match event {
                    // it repeats sealed bytes
                    Event::RecordRetracted(event) => format!("retracted {} {}", event.command, event.events.len()),
                    event => format!("{event:?}"),
                };
                for private in sealed {
                    text += &serde_json::to_string(&self.opened(&header.community, &private).await).unwrap();
                }
                said.push(text);
            }
            let twice = meaning.insert(header.command, said);
            assert_eq!(twice, None, "{} stands on the log twice", header.command);
        }
        meaning
    }

    /// The bytes of a commit that another writer makes in the community, right behind what is on the log now.
    pub(crate) async fn foreign(&self, community: &str, command: CommandId, content: [u8; 16], events: Vec<Event>) -> Message {
        let previous =
            self.log().await.iter().rfind(|on_log| on_log.commit.header.community.as_str() == community).map(|on_log| CommitHash::of(&on_log.payload));
        let now: Timestamp = NOW.parse().unwrap();
        let header = Header {
            epoch: 0,
            community: community.parse().unwrap(),
            command,
            content,
            actor: "other".parse().unwrap(),
            role: Role::Office,
            by: Vec::new(),
            via: None,
            paper: None,
            at: now,
            precision: Precision::Minute,
            recorded_at: now,
            correlation: None,
            cause: None,
            replaces: None,
            exercise: false,
            version: 1,
            previous: previous.unwrap_or_default(),
        };
        let payload = Commit { header, events }.encode().unwrap();
        Message { subject: format!("ev.0.{community}._.community.self"), payload: payload.into() }
    }
}

/// Asks as a service of our own does.
pub(crate) fn ask(community: &str, command: Command) -> Ask {
    let envelope = Envelope {
        id: CommandId(Uuid::now_v7()),
        at: None,
        at_precision: Precision::Minute,
        by: Vec::new(),
        via: None,
        paper: None,
        sent_at: None,
        replaces: None,
        cause: None,
        command,
    };
    Ask { community: community.parse().unwrap(), envelope, content: [0; 16], actor: "service".parse().unwrap(), role: Role::Admin, staff: None, bytes: 100 }
}

/// A command with an id that was never used.
pub(crate) fn fresh(kind: &str, data: Json) -> Json {
    command(Uuid::now_v7(), kind, data)
}

pub(crate) fn command(id: Uuid, kind: &str, data: Json) -> Json {
    json!({"id": id, "type": kind, "at": "2020-02-06T15:00:00+08:00", "data": data})
}

pub(crate) fn building(id: &str, name: &str) -> Json {
    fresh("building.register", json!({"building": id, "name": name, "units": [{"unit": "1", "floors": 6, "doors": ["101", "102"]}]}))
}

pub(crate) fn household(id: &str, building: &str) -> Json {
    fresh("household.register", json!({"household": id, "building": building, "unit": "1", "floor": 1, "door": "101"}))
}

pub(crate) fn visit(household: &str) -> Json {
    fresh("visit.record", json!({"household": household, "outcome": "absent", "mode": "door"}))
}

/// Waits until something is so, looking again whenever other tasks had a turn.
pub(crate) async fn until(what: &str, mut so: impl AsyncFnMut() -> bool) {
    let looking = async {
        while !so().await {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(SOON, looking).await.unwrap_or_else(|_| panic!("never: {what}"));
}
