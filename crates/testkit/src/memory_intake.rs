//! An intake in memory: decides over worlds, appends to a log in memory, answers observations as the real one does.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
};

use bus::{EventLog, Headers, MemoryLog, Message, Requests};
use domain::{
    Known, Rejection,
    values::{CommandId, CommunityId, Now},
};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{sync::Mutex, task::JoinHandle};

use crate::World;

/// Where our own services say what they observe.
const OBSERVATIONS: &str = "svc.intake.observe";
/// Reply header with the HTTP status.
const STATUS: &str = "Gridward-Status";

/// What becomes of the next observation, when a test says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It is decided and recorded, and the answer is lost.
    AnswerLost,
    /// It is not decided: intake cannot, now.
    Away,
}

/// An observation, as the alerting service sends it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Observation {
    community: CommunityId,
    id: CommandId,
    r#type: Option<String>,
    command: Value,
}

/// An intake in memory. A clone is the same one.
#[derive(Clone)]
pub struct MemoryIntake {
    state: Arc<Mutex<State>>,
    log: EventLog,
    now: Now,
}

#[derive(Default)]
struct State {
    worlds: BTreeMap<CommunityId, World>,
    /// Sequence of the last commit, and of the commits of each world that are appended.
    head: u64,
    appended: BTreeMap<CommunityId, usize>,
    contents: HashMap<(CommunityId, CommandId), Vec<u8>>,
    trouble: VecDeque<Trouble>,
}

impl MemoryIntake {
    /// An intake that appends to an empty log.
    pub fn new(log: &MemoryLog, now: Now) -> Self {
        Self { state: Arc::default(), log: EventLog::in_memory(log), now }
    }

    /// Takes over a community with everything that was recorded in it.
    ///
    /// # Panics
    /// When the log refuses.
    pub async fn adopt(&self, world: World) {
        let mut state = self.state.lock().await;
        let community = world.community_id().clone();
        state.worlds.insert(community.clone(), world);
        self.append(&mut state, &community).await;
    }

    /// Records a command at the clock's time about `at`, and returns its id.
    ///
    /// # Panics
    /// When the community is not known or the command is refused.
    pub async fn record(&self, community: &str, kind: &str, data: Value, at: &str) -> CommandId {
        self.offer(community, kind, data, at).await.unwrap_or_else(|refusal| panic!("{kind} was refused: {refusal}"))
    }

    /// As [`MemoryIntake::record`], of a command that may be refused.
    ///
    /// # Errors
    /// The refusal.
    ///
    /// # Panics
    /// When the community is not known.
    pub async fn offer(&self, community: &str, kind: &str, data: Value, at: &str) -> Result<CommandId, Rejection> {
        let recorded_at = (self.now)().to_string();
        let mut state = self.state.lock().await;
        let community: CommunityId = community.parse().unwrap_or_else(|error| panic!("{community}: {error}"));
        let world = state.worlds.get_mut(&community).unwrap_or_else(|| panic!("{community} was not adopted"));
        world.decide_late(kind, data.clone(), at, &recorded_at)?;
        let id = world.record_late(kind, data, at, &recorded_at);
        self.append(&mut state, &community).await;
        Ok(id)
    }

    /// Says what becomes of the next observation that nothing was said about yet.
    pub async fn next_observation(&self, trouble: Trouble) {
        self.state.lock().await.trouble.push_back(trouble);
    }

    /// What is known of a community now.
    ///
    /// # Panics
    /// When it was not adopted.
    pub async fn world(&self, community: &str) -> World {
        let state = self.state.lock().await;
        let found = state.worlds.iter().find(|(id, _)| id.as_str() == community).map(|(_, world)| world.clone());
        found.unwrap_or_else(|| panic!("{community} was not adopted"))
    }

    /// Decides an observation: the HTTP status and what came of it; nothing when the answer is lost.
    pub async fn observe(&self, payload: &[u8]) -> Option<(u16, Value)> {
        let mut state = self.state.lock().await;
        let trouble = state.trouble.pop_front();
        if trouble == Some(Trouble::Away) {
            return Some((503, json!({"code": "away"})));
        }
        let answer = self.decide(&mut state, payload).await;
        (trouble != Some(Trouble::AnswerLost)).then_some(answer)
    }

    /// Answers observations until the task is aborted.
    ///
    /// # Panics
    /// When the subject cannot be served.
    pub async fn serve(&self, requests: &Requests) -> JoinHandle<()> {
        let mut questions = requests.serve(OBSERVATIONS, Some("intake")).await.unwrap_or_else(|error| panic!("{error}"));
        let intake = self.clone();
        tokio::spawn(async move {
            while let Some(question) = questions.next().await {
                if let Some((status, body)) = intake.observe(&question.payload).await {
                    let headers = Headers::default().with(STATUS, status.to_string());
                    // whoever asked may have gone
                    let _gone = question.respond(headers, body.to_string().into()).await;
                }
            }
        })
    }

    async fn decide(&self, state: &mut State, payload: &[u8]) -> (u16, Value) {
        let Ok(Observation { community, id, r#type, command }) = serde_json::from_slice(payload) else {
            return (400, json!({"code": "wrong_shape"}));
        };
        let recorded_at = (self.now)().to_string();
        let Some(world) = state.worlds.get_mut(&community) else {
            return (422, json!({"code": "unknown_reference"}));
        };
        if world.decision(id).is_some() {
            let same = state.contents.get(&(community, id)).is_some_and(|known| known == payload);
            return if same { (200, json!({"status": "duplicate"})) } else { (409, json!({"code": "id_reused"})) };
        }
        let envelope = json!({"id": id, "type": r#type.as_deref().unwrap_or("alert.observe"), "data": command});
        match world.decide_command(&envelope, &recorded_at) {
            Err(refusal) => (422, json!({"code": refusal.code()})),
            Ok(events) if events.is_empty() => (200, json!({"status": "unchanged"})),
            Ok(_) => {
                world.record_command(&envelope, &recorded_at);
                state.contents.insert((community.clone(), id), payload.to_vec());
                self.append(state, &community).await;
                (201, json!({"status": "recorded", "sequence": state.head}))
            }
        }
    }

    /// Appends what was recorded in a world since.
    async fn append(&self, state: &mut State, community: &CommunityId) {
        let appended = state.appended.get(community).copied().unwrap_or_default();
        let commits = state.worlds.get(community).map_or_else(Vec::new, |world| world.commits()[appended..].to_vec());
        for commit in &commits {
            let payload = commit.encode().unwrap_or_else(|error| panic!("{error}"));
            let subject = format!("ev.0.{community}._.any.{}", commit.header.command);
            let message = Message { subject, payload: payload.into() };
            let sequence = self.log.append(state.head, vec![message]).await;
            state.head = sequence.unwrap_or_else(|error| panic!("the log refused: {error}"));
        }
        state.appended.insert(community.clone(), appended + commits.len());
    }
}
