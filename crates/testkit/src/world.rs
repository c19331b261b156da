//! given / when / then: a community in memory. Commands go in as the contract writes them, events come out; what is recorded is known.

use std::{collections::HashMap, sync::Arc};

use domain::{
    Command, Commit, Context, Entity, EntityKey, Envelope, Event, Fact, Header, Known, Rejection,
    command::ParseError,
    commit::{Role, Via},
    decide::{clock_offset_ms, corrected_at, decide},
    known::{evolve, touched},
    log::CommitHash,
    values::{CommandId, CommunityId, Personal, Precision, Private, PrivateFields, SealedPart, SecretKey, Slug, StaffId, Timestamp},
};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

/// The deployment's secret in every test.
const SECRET: SecretKey = SecretKey([42; 32]);

/// The envelope of a command, as the contract writes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EnvelopeInput {
    id: CommandId,
    r#type: String,
    at: Option<Timestamp>,
    at_precision: Option<Precision>,
    #[serde(default)]
    by: Vec<StaffId>,
    via: Option<Via>,
    paper: Option<Slug>,
    sent_at: Option<Timestamp>,
    replaces: Option<CommandId>,
    data: Value,
}

/// One community (or `deployment`) with everything that was recorded in it.
///
/// Ids count up from 1 and times come in as texts, so that two runs are the same. Times are those of Asia/Shanghai, to the minute:
/// `2020-02-06T15:04`.
#[derive(Clone)]
pub struct World {
    community: CommunityId,
    actor: Slug,
    role: Role,
    entities: HashMap<EntityKey, Entity>,
    versions: HashMap<EntityKey, u64>,
    commits: Vec<Arc<Commit>>,
    decisions: HashMap<CommandId, Arc<Commit>>,
    previous: CommitHash,
}

impl Known for World {
    fn entity(&self, key: &EntityKey) -> Option<Entity> {
        self.entities.get(key).cloned()
    }

    fn decision(&self, command: CommandId) -> Option<Arc<Commit>> {
        self.decisions.get(&command).cloned()
    }
}

impl World {
    /// A community of which nothing is known yet.
    pub fn empty(community: &str) -> Self {
        Self {
            community: parsed(community),
            actor: parsed("t-office"),
            role: Role::Office,
            entities: HashMap::new(),
            versions: HashMap::new(),
            commits: Vec::new(),
            decisions: HashMap::new(),
            previous: CommitHash::default(),
        }
    }

    /// The community `u07` of the town `dianbu`, founded on 1 February 2020 at 08:00.
    pub fn founded() -> Self {
        let mut world = Self::empty("u07");
        world.record("community.found", json!({"town": "dianbu", "town_name": "店埠镇", "community": "u07", "name": "阳光社区"}), "2020-02-01T08:00");
        world
    }

    /// A founded community with an estate `e1`; buildings `b07` (units 1 and 2) and `b08` (no units known); households `h502` (b07, unit
    /// 2) and `h101` (b08); people `p1` and `p2` in h502, `p3` in h101 and `p9` whose home is not known; staff `s-yang`; a gate `c1`.
    pub fn settled() -> Self {
        let mut world = Self::founded();
        let units = json!([{"unit": "1", "floors": 6, "doors": ["101", "102"]}, {"unit": "2", "floors": 6, "doors": ["501", "502"]}]);
        for (kind, data) in [
            ("estate.register", json!({"estate": "e1", "name": "阳光小区", "governance": "property"})),
            ("building.register", json!({"building": "b07", "name": "7号楼", "estate": "e1", "grid": "g1", "units": units})),
            ("building.register", json!({"building": "b08", "name": "8号楼", "estate": "e1"})),
            ("household.register", json!({"household": "h502", "building": "b07", "unit": "2", "floor": 5, "door": "502", "label": "杨家"})),
            ("household.register", json!({"household": "h101", "building": "b08", "door": "101"})),
            ("person.register", json!({"person": "p1", "name": "杨桂英", "household": "h502", "birth_year": 1944, "sex": "f"})),
            ("person.register", json!({"person": "p2", "name": "杨小明", "household": "h502"})),
            ("person.register", json!({"person": "p3", "name": "李强", "household": "h101"})),
            ("person.register", json!({"person": "p9", "name": "王芳"})),
            ("staff.register", json!({"staff": "s-yang", "name": "杨立", "roles": ["leader"]})),
            ("checkpoint.open", json!({"checkpoint": "c1", "name": "东门", "kind": "gate", "serves": ["e1"]})),
        ] {
            world.record(kind, data, "2020-02-01T09:00");
        }
        world
    }

    /// An instant: `2020-02-06T15:04` in Asia/Shanghai, or RFC 3339 with its own offset.
    pub fn time(text: &str) -> Timestamp {
        text.parse().unwrap_or_else(|_| parsed(&format!("{text}:00+08:00")))
    }

    /// The community.
    pub fn community_id(&self) -> &CommunityId {
        &self.community
    }

    /// Everything that was recorded, in order.
    pub fn commits(&self) -> &[Arc<Commit>] {
        &self.commits
    }

    /// The number of the last commit; 0 when there is none.
    pub fn sequence(&self) -> u64 {
        self.commits.len() as u64
    }

    /// Who asks from now on: a token, and its role.
    pub fn asked_by(&mut self, actor: &str, role: Role) {
        (self.actor, self.role) = (parsed(actor), role);
    }

    /// The id that the next recorded command gets.
    pub fn next_id(&self) -> CommandId {
        CommandId(Uuid::from_u128(u128::from(self.sequence()) + 1))
    }

    /// What would happen, asked at the moment when it happens.
    pub fn decide(&self, kind: &str, data: Value, at: &str) -> Result<Vec<Event>, Rejection> {
        self.decide_late(kind, data, at, at)
    }

    /// What would happen, asked at `recorded_at` about `at`.
    pub fn decide_late(&self, kind: &str, data: Value, at: &str, recorded_at: &str) -> Result<Vec<Event>, Rejection> {
        self.decide_command(&self.written(kind, data, at), recorded_at)
    }

    /// What a command as the contract writes it would do. Without an `id` it gets the next one.
    ///
    /// # Panics
    /// When it has another shape than the contract's; see [`World::shape_error`].
    pub fn decide_command(&self, command: &Value, recorded_at: &str) -> Result<Vec<Event>, Rejection> {
        let envelope = self.envelope(command).unwrap_or_else(|error| panic!("{command} is no command: {error}"));
        let recorded_at = Self::time(recorded_at);
        decide(&envelope, self, &self.context(&envelope, recorded_at))
    }

    /// Why a command's data does not parse, if it does not.
    pub fn shape_error(&self, kind: &str, data: Value) -> Option<String> {
        self.envelope(&self.written(kind, data, "2020-02-01T08:00")).err()
    }

    /// Decides, seals, stamps and folds; what is "already so" leaves no trace.
    ///
    /// # Panics
    /// When the command is refused.
    pub fn record(&mut self, kind: &str, data: Value, at: &str) -> CommandId {
        self.record_late(kind, data, at, at)
    }

    /// As [`World::record`], of something that happened earlier.
    pub fn record_late(&mut self, kind: &str, data: Value, at: &str, recorded_at: &str) -> CommandId {
        self.record_command(&self.written(kind, data, at), recorded_at)
    }

    /// As [`World::record`], with the whole envelope.
    pub fn record_command(&mut self, command: &Value, recorded_at: &str) -> CommandId {
        let envelope = self.envelope(command).unwrap_or_else(|error| panic!("{command} is no command: {error}"));
        let recorded_at = Self::time(recorded_at);
        let events = decide(&envelope, &*self, &self.context(&envelope, recorded_at)).unwrap_or_else(|refusal| panic!("{command} was refused: {refusal}"));
        if !events.is_empty() {
            self.commit(&envelope, events, recorded_at);
        }
        envelope.id
    }

    /// What is sealed in a part, opened.
    ///
    /// # Panics
    /// When it was not sealed by this world.
    pub fn opened(&self, private: &Private) -> PrivateFields {
        match private {
            Private::Plain { fields, .. } => fields.clone(),
            Private::Sealed(part) => part.open(&key(part.key.0), &self.community).unwrap_or_else(|error| panic!("{part:?}: {error}")),
        }
    }

    fn written(&self, kind: &str, data: Value, at: &str) -> Value {
        json!({"id": self.next_id(), "type": kind, "at": Self::time(at), "data": data})
    }

    fn envelope(&self, command: &Value) -> Result<Envelope, String> {
        let mut command = command.clone();
        if command.get("id").is_none() {
            command["id"] = json!(self.next_id());
        }
        let input: EnvelopeInput = serde_json::from_value(command).map_err(|error| error.to_string())?;
        // from text, as every command arrives
        let data = input.data.to_string();
        let command = Command::parse(&input.r#type, &mut serde_json::Deserializer::from_str(&data)).map_err(|error| match error {
            ParseError::UnknownType => format!("no command type {}", input.r#type),
            ParseError::Data(error) => error.to_string(),
        })?;
        Ok(Envelope {
            id: input.id,
            at: input.at,
            at_precision: input.at_precision.unwrap_or(Precision::Minute),
            by: input.by,
            via: input.via,
            paper: input.paper,
            sent_at: input.sent_at,
            replaces: input.replaces,
            cause: None,
            command,
        })
    }

    fn context(&self, envelope: &Envelope, recorded_at: Timestamp) -> Context<'_> {
        let zone = (self as &dyn Known).community().map(|state| state.zone()).unwrap_or_default();
        Context {
            community: &self.community,
            command: envelope.id,
            actor: &self.actor,
            role: self.role,
            at: corrected_at(envelope, recorded_at),
            clock_offset_ms: clock_offset_ms(envelope, recorded_at),
            recorded_at,
            secret: &SECRET,
            zone,
        }
    }

    fn commit(&mut self, envelope: &Envelope, mut events: Vec<Event>, recorded_at: Timestamp) {
        let mut ordinal = 0;
        for event in &mut events {
            event.each_private(&mut |private| {
                self.seal(private, (envelope.id, ordinal));
                ordinal += 1;
            });
        }
        let header = self.header(envelope, recorded_at);
        let version = events
            .first()
            .and_then(|event| touched(event, &header).into_iter().next())
            .map(|key| *self.versions.entry(key).and_modify(|count| *count += 1).or_insert(1));
        let commit = Commit { header: Header { version: version.unwrap_or(1), ..header }, events };
        // through bytes, as every fold sees it
        let stored = commit.encode().unwrap_or_else(|error| panic!("{commit:?} does not encode: {error}"));
        let commit = Commit::decode(&stored).unwrap_or_else(|error| panic!("{commit:?} does not decode: {error}"));
        self.previous = CommitHash::of(&stored);
        self.fold(commit);
    }

    fn header(&self, envelope: &Envelope, recorded_at: Timestamp) -> Header {
        Header {
            epoch: 1,
            community: self.community.clone(),
            command: envelope.id,
            content: *envelope.id.0.as_bytes(),
            actor: self.actor.clone(),
            role: self.role,
            by: envelope.by.clone(),
            via: envelope.via,
            paper: envelope.paper.clone(),
            at: corrected_at(envelope, recorded_at),
            precision: envelope.at_precision,
            recorded_at,
            correlation: None,
            cause: envelope.cause,
            replaces: envelope.replaces,
            exercise: false,
            version: 1,
            previous: self.previous,
        }
    }

    fn fold(&mut self, commit: Commit) {
        let sequence = self.sequence() + 1;
        for (index, event) in (0u16..).zip(&commit.events) {
            let fact = Fact { sequence, index, header: &commit.header, event };
            for key in touched(event, &commit.header) {
                match evolve(self.entities.remove(&key), &key, &fact) {
                    Some(entity) => drop(self.entities.insert(key, entity)),
                    None => drop(self.entities.remove(&key)),
                }
            }
        }
        let commit = Arc::new(commit);
        self.decisions.insert(commit.header.command, commit.clone());
        self.commits.push(commit);
    }

    fn seal(&self, private: &mut Private, place: (CommandId, u16)) {
        let Private::Plain { owner, fields } = &*private else { return };
        let id = owner.key_id(&SECRET, &self.community);
        let mut nonce = [0; 24];
        nonce[..16].copy_from_slice(place.0.0.as_bytes());
        nonce[16..18].copy_from_slice(&place.1.to_le_bytes());
        let sealed = SealedPart::seal(fields, (id, &key(id.0)), nonce, &self.community, place);
        *private = Private::Sealed(sealed.unwrap_or_else(|error| panic!("{owner:?}: {error}")));
    }
}

/// The key of a key id, in tests: the id twice.
fn key(id: [u8; 16]) -> SecretKey {
    let mut bytes = [0; 32];
    bytes[..16].copy_from_slice(&id);
    bytes[16..].copy_from_slice(&id);
    SecretKey(bytes)
}

fn parsed<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error:?}"))
}

/// What came of a command, in one line: the names of the events without version, `unchanged`, or the refusal with its path.
///
/// `building.renamed` · `unchanged` · `unknown building b99 /data/building` · `422 too_many /data/units` · `409 alert_changed n=2 state=open`
pub fn said(answer: &Result<Vec<Event>, Rejection>) -> String {
    match answer {
        Ok(events) if events.is_empty() => "unchanged".to_owned(),
        Ok(events) => events.iter().map(|event| unversioned(event.name())).collect::<Vec<_>>().join(" "),
        Err(Rejection::UnknownReference { pointer, kind, id }) => format!("unknown {kind} {id} {pointer}").trim_end().to_owned(),
        Err(Rejection::Invalid { pointer, code, .. }) => format!("422 {code} {pointer}").trim_end().to_owned(),
        Err(Rejection::Conflict { code, current, .. }) => current.iter().fold(format!("409 {code}"), |line, (name, value)| format!("{line} {name}={value}")),
    }
}

/// An event's payload as JSON; private parts that are not sealed yet stand in it as their fields.
pub fn payload(event: &Event) -> Value {
    event.serialize_payload(serde_json::value::Serializer).unwrap_or_else(|error| panic!("{event:?}: {error}"))
}

/// A field of an event's payload by its JSON pointer; null when there is none.
pub fn field(event: &Event, pointer: &str) -> Value {
    payload(event).pointer(pointer).cloned().unwrap_or(Value::Null)
}

/// The name of an event without its version: what happened, whatever shape it is written in.
fn unversioned(name: &str) -> &str {
    name.rsplit_once(".v").map_or(name, |(name, _)| name)
}
