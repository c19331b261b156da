//! Phones at forty doors, and an office that types in whole sheets, that keep a command until there is an answer that settles it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bus::IN_TURN_MAX;
use reqwest::{
    Method, RequestBuilder,
    header::{CONTENT_TYPE, HeaderMap, HeaderValue},
};
use serde_json::{Value, json};
use system_tests::{Attempt, Chance, History, System};
use tokio::{
    sync::{RwLock, RwLockWriteGuard},
    task::JoinHandle,
};

pub(crate) const COMMUNITY: &str = "u07";
/// Phones that send at the same time.
const PHONES: u64 = 6;
/// Fewest and most lines of a sheet: together they are more than is appended in turn, and stand on the log as a whole or not at all.
const SHEET_LINES: (u64, u64) = (IN_TURN_MAX as u64 + 4, 80);
/// Pause of the office between two sheets: most commands are to come from phones.
const SHEET_PAUSE: Duration = Duration::from_millis(100);
/// Households, and people in them, one each.
pub(crate) const DOORS: u64 = 40;
/// The first doors, at which nothing but fevers is found: by no clock are those ever over.
const FEVER_DOORS: u64 = 10;
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

/// Where phones and the office send to.
pub(crate) trait Post: Clone + Send + Sync + 'static {
    /// A request with these commands; nothing while there is nobody to send to.
    fn prepare(&self, commands: String) -> impl Future<Output = Option<RequestBuilder>> + Send;

    /// Sends a command: status and answer, or nothing when no whole answer came.
    fn post(&self, command: String) -> impl Future<Output = Option<(u16, Value)>> + Send {
        async {
            // nothing is held meanwhile: whoever kills the system does not wait for its answers
            let answer = self.prepare(command).await?.send().await.ok()?;
            Some((answer.status().as_u16(), answer.json().await.ok()?))
        }
    }

    /// Sends commands, a line each: as many answers as came, in their order.
    fn post_lines(&self, commands: String) -> impl Future<Output = Vec<Value>> + Send {
        async {
            let lines = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"))]);
            let Some(request) = self.prepare(commands).await else { return Vec::new() };
            let Ok(mut answer) = request.headers(lines).send().await else { return Vec::new() };
            let mut told = Vec::new();
            while answer.status().is_success()
                && let Ok(Some(piece)) = answer.chunk().await
            {
                told.extend_from_slice(&piece);
            }
            told.split_inclusive(|byte| *byte == b'\n').map_while(|line| serde_json::from_slice(line.strip_suffix(b"\n")?).ok()).collect()
        }
    }
}

/// Kills the program while its clients wait for answers: whoever took the lock first would wait until there are none under way.
pub(crate) async fn kill(system: &RwLock<System>) -> RwLockWriteGuard<'_, System> {
    system.read().await.strike_down().unwrap();
    let mut running = system.write().await;
    running.kill().unwrap();
    running
}

impl Post for Arc<RwLock<System>> {
    async fn prepare(&self, commands: String) -> Option<RequestBuilder> {
        let system = self.read().await;
        system.prepare(&system.admin_token().ok()?, Method::POST, &format!("/communities/{COMMUNITY}/commands"), Some(commands)).ok()
    }
}

/// Clients that keep sending until they are stopped.
pub(crate) struct Load {
    pub(crate) history: History,
    stop: Arc<AtomicBool>,
    clients: Vec<JoinHandle<()>>,
}

impl Load {
    /// Starts phones and the office; ids of commands and doors follow from `chance`.
    pub(crate) fn start(chance: &mut Chance, to: &impl Post) -> Self {
        let mut load = Self::start_phones(chance, to);
        let office = Office { chance: Chance::of(chance.bits()), to: to.clone(), history: load.history.clone() };
        load.clients.push(tokio::spawn(office.keep_sending(Arc::clone(&load.stop))));
        load
    }

    /// Starts phones alone.
    pub(crate) fn start_phones(chance: &mut Chance, to: &impl Post) -> Self {
        let (history, stop) = (History::default(), Arc::new(AtomicBool::new(false)));
        let clients = (0..PHONES).map(|client| {
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
pub(crate) fn visit(door: u64, tenths: i64) -> Value {
    json!({"household":format!("h{door}"),"person":format!("p{door}"),"tenths":tenths})
}

/// The visit of this number: some find a fever, and some are of a household that nobody registered.
fn numbered(number: u64, chance: &mut Chance) -> Value {
    let is_fever = number.is_multiple_of(FEVER_EVERY);
    let tenths = if is_fever { 375 + chance.below(25) } else { 360 + chance.below(10) };
    let door = if is_fever && chance.below(2) == 0 { chance.below(FEVER_DOORS) } else { FEVER_DOORS + chance.below(DOORS - FEVER_DOORS) };
    let mut what = visit(door, i64::try_from(tenths).unwrap());
    if number.is_multiple_of(BAD_EVERY) {
        what["household"] = NOWHERE.into();
    }
    what
}

/// What a commit says, in the same words; nothing for other commits.
pub(crate) fn visit_on_log(commit: &Value) -> Option<Value> {
    let data = &commit["events"].as_array()?.iter().find(|event| event["type"] == "visit.recorded.v1")?["data"];
    let person = &data["people"][0];
    Some(json!({"household":data["place"]["household"],"person":person["who"]["person"],"tenths":person["readings"][0]["tenths_celsius"]}))
}

/// The command that says it.
pub(crate) fn command(id: &str, what: &Value) -> String {
    let reading = json!({"celsius":what["tenths"].as_f64().unwrap() / 10.0,"site":"axilla"});
    let people = json!([{"person":what["person"],"readings":[reading],"symptoms":[]}]);
    json!({"id":id,"type":"visit.record","data":{"household":what["household"],"outcome":"met","mode":"door","people":people}}).to_string()
}

/// How a try ended, by a status and an answer.
pub(crate) fn attempt(what: &Value, status: u16, answer: &Value) -> Attempt {
    let is_bad = what["household"] == NOWHERE;
    match status {
        200 | 201 => {
            assert!(!is_bad, "a bad command was taken: {answer}");
            Attempt::Acknowledged(answer["sequence"].as_u64().unwrap())
        }
        429 => Attempt::Unknown,
        400..500 => {
            assert!(is_bad, "a good command was refused: {answer}");
            Attempt::Refused
        }
        _ => Attempt::Unknown,
    }
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
            let number = client + count * PHONES;
            let what = numbered(number, &mut self.chance);
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
        let answer = self.to.post(command(id, what)).await;
        answer.map_or(Attempt::Unknown, |(status, answer)| attempt(what, status, &answer))
    }
}

/// An office that types in what came on paper: a sheet in one request, a line each. What has no answer is sent again, under the same ids.
struct Office<P> {
    chance: Chance,
    to: P,
    history: History,
}

impl<P: Post> Office<P> {
    async fn keep_sending(mut self, stop: Arc<AtomicBool>) {
        let mut number = 0;
        for sheet in 1.. {
            if stop.load(Ordering::Relaxed) {
                return;
            }
            let lines = SHEET_LINES.0 + self.chance.below(SHEET_LINES.1 - SHEET_LINES.0);
            let numbers = number..number + lines;
            number = numbers.end;
            let visits = numbers.map(|number| (uuid::Uuid::now_v7().to_string(), numbered(number, &mut self.chance))).collect();
            self.send(visits, if u64::is_multiple_of(sheet, DROPPED_EVERY) { PATIENCE } else { u32::MAX }).await;
            tokio::time::sleep(SHEET_PAUSE).await;
        }
    }

    /// Sends a new sheet, and so many times at most what there is no answer to.
    async fn send(&self, mut open: Vec<(String, Value)>, tries: u32) {
        open.iter().for_each(|(id, what)| self.history.begin(id, what));
        for _ in 0..tries {
            let sheet: String = open.iter().map(|(id, what)| command(id, what) + "\n").collect();
            let answers = self.to.post_lines(sheet).await;
            let mut answers = answers.iter();
            open.retain(|(id, what)| {
                let Some(answer) = answers.next() else { return true };
                assert_eq!(answer["id"], id.as_str(), "an answer to another line");
                let status = if answer["status"] == "rejected" { answer["problem"]["status"].as_u64().unwrap() } else { 200 };
                let attempt = attempt(what, u16::try_from(status).unwrap(), answer);
                self.history.note(id, attempt);
                attempt == Attempt::Unknown
            });
            if open.is_empty() {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}
