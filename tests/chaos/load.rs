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
use tokio::{
    sync::{RwLock, RwLockWriteGuard},
    task::JoinHandle,
};

pub(crate) const COMMUNITY: &str = "u07";
/// Clients that send at the same time.
const CLIENTS: u64 = 6;
/// Households, and people in them, one each.
const DOORS: u64 = 40;
/// Every so-manieth visit finds a fever.
const FEVER_EVERY: u64 = 25;
/// Every so-manieth command is about a household that nobody registered.
const BAD_EVERY: u64 = 29;
/// Every so-manieth command is dropped after [`PATIENCE`] tries without an answer, as by a phone that is switched off.
const DROPPED_EVERY: u64 = 7;
/// Tries without an answer after which a command is dropped.
const PATIENCE: u32 = 1;
/// After every so-manieth command one that has its answer is sent again.
const AGAIN_EVERY: u64 = 11;
/// Answered commands that a phone remembers.
const REMEMBERED_MAX: usize = 64;
/// Pause before a command is sent again.
const PAUSE: Duration = Duration::from_millis(50);
/// From here on a reading is a fever.
pub(crate) const FEVER_TENTHS_CELSIUS: i64 = 373;
/// A household that is not there.
const NOWHERE: &str = "h-nowhere";

/// Where phones send to.
pub(crate) trait Post: Clone + Send + Sync + 'static {
    /// Sends a command: status and answer, or nothing when no whole answer came.
    fn post(&self, command: &str) -> impl Future<Output = Option<(u16, Value)>> + Send;
}

/// Kills the program while its clients wait for answers: whoever took the lock first would wait until there are none under way.
pub(crate) async fn kill(system: &RwLock<System>) -> RwLockWriteGuard<'_, System> {
    system.read().await.strike_down().unwrap();
    let mut running = system.write().await;
    running.kill().unwrap();
    running
}

impl Post for Arc<RwLock<System>> {
    async fn post(&self, command: &str) -> Option<(u16, Value)> {
        let request = {
            let system = self.read().await;
            let path = format!("/communities/{COMMUNITY}/commands");
            system.prepare(&system.admin_token().ok()?, Method::POST, &path, Some(command.to_owned())).ok()?
        };
        // nothing is held meanwhile: whoever kills the system does not wait for its answers
        let answer = request.send().await.ok()?;
        Some((answer.status().as_u16(), answer.json().await.ok()?))
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
        let clients = (0..CLIENTS).map(|client| {
            let phone = Phone { chance: Chance::of(chance.bits()), to: to.clone(), history: history.clone(), answered: Vec::new() };
            tokio::spawn(phone.keep_sending(client, Arc::clone(&stop)))
        });
        let clients = clients.collect();
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

/// What is sent: a household, who was met there, and what was measured, in the words in which the log is compared with it.
fn visit(door: u64, tenths: i64) -> Value {
    json!({"household":format!("h{door}"),"person":format!("p{door}"),"tenths":tenths})
}

/// What a commit says, in the same words; nothing for other commits.
pub(crate) fn visit_on_log(commit: &Value) -> Option<Value> {
    let data = &commit["events"].as_array()?.iter().find(|event| event["type"] == "visit.recorded.v1")?["data"];
    let person = &data["people"][0];
    Some(json!({"household":data["place"]["household"],"person":person["who"]["person"],"tenths":person["readings"][0]["tenths_celsius"]}))
}

/// The command that says it.
fn command(id: &str, what: &Value) -> String {
    let reading = json!({"celsius":what["tenths"].as_f64().unwrap() / 10.0,"site":"axilla"});
    let people = json!([{"person":what["person"],"readings":[reading],"symptoms":[]}]);
    json!({"id":id,"type":"visit.record","data":{"household":what["household"],"outcome":"met","mode":"door","people":people}}).to_string()
}

/// A phone: it keeps a command until there is an answer that settles it, and sends it again under the same id.
struct Phone<P> {
    chance: Chance,
    to: P,
    history: History,
    /// Commands that were acknowledged, the newest last.
    answered: Vec<(String, Value)>,
}

impl<P: Post> Phone<P> {
    async fn keep_sending(mut self, client: u64, stop: Arc<AtomicBool>) {
        for count in 0.. {
            if stop.load(Ordering::Relaxed) {
                return;
            }
            let number = client + count * CLIENTS;
            let tenths = if number.is_multiple_of(FEVER_EVERY) { 375 + self.chance.below(25) } else { 360 + self.chance.below(10) };
            let mut what = visit(self.chance.below(DOORS), i64::try_from(tenths).unwrap());
            if number.is_multiple_of(BAD_EVERY) {
                what["household"] = NOWHERE.into();
            }
            // a bad one is kept: it is to be seen that it is refused
            let tries = if number.is_multiple_of(DROPPED_EVERY) && what["household"] != NOWHERE { PATIENCE } else { u32::MAX };
            self.send(what, tries).await;
            if count % AGAIN_EVERY == AGAIN_EVERY - 1 {
                self.send_again().await;
            }
        }
    }

    /// Sends a new command, so many times at most until there is an answer.
    async fn send(&mut self, what: Value, tries: u32) {
        let id = uuid::Uuid::now_v7().to_string();
        self.history.begin(&id, &what);
        for _ in 0..tries {
            let attempt = self.attempt(&id, &what).await;
            self.history.note(&id, attempt);
            match attempt {
                Attempt::Acknowledged(_) => {
                    self.answered.push((id, what));
                    let forgotten = self.answered.len().saturating_sub(REMEMBERED_MAX);
                    self.answered.drain(..forgotten);
                    return;
                }
                Attempt::Refused => return,
                Attempt::Unknown => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    /// Sends a command again that was acknowledged some time ago: the answer is the same.
    async fn send_again(&mut self) {
        let place = usize::try_from(self.chance.below(self.answered.len() as u64)).unwrap();
        let Some((id, what)) = self.answered.get(place).cloned() else { return };
        loop {
            let attempt = self.attempt(&id, &what).await;
            self.history.note(&id, attempt);
            if attempt != Attempt::Unknown {
                self.history.note_again();
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn attempt(&self, id: &str, what: &Value) -> Attempt {
        let is_bad = what["household"] == NOWHERE;
        match self.to.post(&command(id, what)).await {
            Some((200 | 201, answer)) if is_bad => panic!("a bad command was taken: {answer}"),
            Some((200 | 201, answer)) => Attempt::Acknowledged(answer["sequence"].as_u64().unwrap()),
            Some((status, answer)) if (400..500).contains(&status) && status != 429 => {
                assert!(is_bad, "a good command was refused: {answer}");
                Attempt::Refused
            }
            _ => Attempt::Unknown,
        }
    }
}
