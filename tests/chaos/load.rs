//! Phones at forty doors, that keep a command until there is an answer that settles it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use reqwest::Method;
use serde_json::{Value, json};
use system_tests::{Attempt, Chance, History, System};
use tokio::{sync::RwLock, task::JoinHandle};

pub(crate) const COMMUNITY: &str = "u07";
/// Clients that send at the same time.
const CLIENTS: u64 = 6;
/// Households, and people in them, one each.
const DOORS: u64 = 40;
/// Every so-manieth visit finds a fever.
const FEVER_EVERY: u64 = 25;

/// Where phones send to.
pub(crate) trait Post: Clone + Send + Sync + 'static {
    /// Sends a command: status and answer, or nothing when no whole answer came.
    fn post(&self, command: &str) -> impl Future<Output = Option<(u16, Value)>> + Send;
}

impl Post for Arc<RwLock<System>> {
    async fn post(&self, command: &str) -> Option<(u16, Value)> {
        let answer = self.read().await.request(Method::POST, &format!("/communities/{COMMUNITY}/commands"), Some(command.to_owned())).await.ok()?;
        Some((answer.status, answer.json))
    }
}

/// Clients that keep sending until they are stopped.
pub(crate) struct Load {
    pub(crate) history: History,
    stop: Arc<AtomicBool>,
    clients: Vec<JoinHandle<()>>,
}

impl Load {
    /// Starts them; ids of commands and doors follow from `chance`.
    pub(crate) fn start(chance: &mut Chance, to: &impl Post) -> Self {
        let (history, stop) = (History::default(), Arc::new(AtomicBool::new(false)));
        let clients = (0..CLIENTS).map(|client| tokio::spawn(keep_sending(client, chance.bits(), to.clone(), history.clone(), Arc::clone(&stop)))).collect();
        Self { history, stop, clients }
    }

    /// Stops them, once each has the answer to its last command.
    pub(crate) async fn stop(self) -> History {
        self.stop.store(true, Ordering::Relaxed);
        for client in self.clients {
            client.await.unwrap();
        }
        self.history
    }
}

/// The doors and who lives behind them.
pub(crate) async fn register(system: &System) {
    system.must(COMMUNITY, "community.found", None, json!({"town":"dianbu","community":COMMUNITY,"name":"七里"})).await.unwrap();
    system.must(COMMUNITY, "building.register", None, json!({"building":"b07","name":"7号楼"})).await.unwrap();
    for door in 0..DOORS {
        let household =
            json!({"household":format!("h{door}"),"building":"b07","unit":"1","floor":door / 4 + 1,"door":format!("{}{:02}", door / 4 + 1, door % 4 + 1)});
        system.must(COMMUNITY, "household.register", None, household).await.unwrap();
        system
            .must(COMMUNITY, "person.register", None, json!({"person":format!("p{door}"),"name":format!("住户{door}"),"household":format!("h{door}")}))
            .await
            .unwrap();
    }
}

/// A phone: it keeps a command until there is an answer that settles it, and sends it again under the same id.
async fn keep_sending(client: u64, seed: u64, to: impl Post, history: History, stop: Arc<AtomicBool>) {
    let mut chance = Chance::of(seed);
    for count in 0.. {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        let id = uuid::Uuid::now_v7().to_string();
        let door = chance.below(DOORS);
        let fever = (client + count * CLIENTS).is_multiple_of(FEVER_EVERY);
        let reading = if fever { json!({"celsius":38.4,"site":"axilla"}) } else { json!({"celsius":36.5,"site":"axilla"}) };
        let people = json!([{"person":format!("p{door}"),"readings":[reading],"symptoms":[]}]);
        let command = json!({"id":id,"type":"visit.record","data":{"household":format!("h{door}"),"outcome":"met","mode":"door","people":people}}).to_string();
        loop {
            let attempt = match to.post(&command).await {
                Some((200 | 201, answer)) => Attempt::Acknowledged(answer["sequence"].as_u64().unwrap()),
                Some((status, answer)) if (400..500).contains(&status) && status != 429 => panic!("a good command was refused: {answer}"),
                _ => Attempt::Unknown,
            };
            history.note(&id, attempt);
            if attempt != Attempt::Unknown {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}
