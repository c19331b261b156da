//! An outsider who is told of alerts through everything that happens, and what must hold of the telling: the log, the stream and the
//! outsider agree on every message, and an id never names two.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use serde_json::Value;
use system_tests::{Message, NatsByHand, Subscriber, System};

use crate::checker::{SETTLE_WAIT, export};

/// Longest wait for what was handed to the outsider when its server died: it comes again after 30 s.
const TOLD_WAIT: Duration = Duration::from_secs(45).saturating_add(SETTLE_WAIT);
/// Pause between two looks.
const LOOK_PAUSE: Duration = Duration::from_millis(200);
/// Most differences that are shown.
const SHOWN_MAX: usize = 5;

/// A consumer of everything that is told, and what it was given.
pub(crate) struct Outsider {
    subscriber: Subscriber,
    credentials: Value,
}

impl Outsider {
    /// Adds a consumer of all that was and will be told, and lets it listen. A nats-server that is not the program's lets it in.
    pub(crate) async fn listening(system: &System, nats: Option<&NatsByHand>) -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let name = format!("outsider{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let credentials = system.add_consumer(&name, &["gw.v1.*.*.alert.>"]).unwrap();
        if let Some(nats) = nats {
            nats.let_in(&credentials).await.unwrap();
        }
        Self { subscriber: Subscriber::start_lasting(&credentials).await.unwrap(), credentials }
    }

    /// Tells it where the server is, should it have another address now.
    fn look_up(&mut self, system: &System) {
        let nats = Value::from(system.nats().unwrap());
        if self.credentials["nats"] != nats {
            self.credentials["nats"] = nats;
            self.subscriber.goes_on_with(&self.credentials).unwrap();
        }
    }

    /// Ids of all that it was given.
    pub(crate) fn ids(&self) -> BTreeSet<String> {
        self.subscriber.messages().iter().map(|message| message.id().to_owned()).collect()
    }
}

/// What is told of an alert event: the id of its message, and what happened in a word.
type Told = (String, String);

/// What the log says is to be told to class work, in its order. Ids hold the epoch, which a restore begins.
fn to_be_told(commits: &[Value]) -> Vec<Told> {
    let mut epoch = 0;
    let mut told = Vec::new();
    for event in commits.iter().flat_map(|commit| commit["events"].as_array().into_iter().flatten()) {
        let (kind, data) = (event["type"].as_str().unwrap_or_default(), &event["data"]);
        if kind == "history.restored.v1" {
            epoch = data["epoch"].as_u64().unwrap();
        }
        let Some((action, _version)) = kind.strip_prefix("alert.").and_then(|rest| rest.split_once('.')) else { continue };
        if !domain::alert::Kind::tells_a_finding(data["key"]["rule"].as_str().unwrap()) {
            told.push((format!("{epoch}-{}-{}", data["alert"].as_str().unwrap(), data["n"]), action.to_owned()));
        }
    }
    told
}

/// What a consumer was given, each once, in the order in which it first came.
fn once(messages: &[Message]) -> Vec<Told> {
    let mut seen = BTreeSet::new();
    let first = messages.iter().filter(|message| seen.insert(message.id()));
    first.map(|message| (message.id().to_owned(), message.action().to_owned())).collect()
}

/// In what two lists differ; nothing when they are the same.
fn difference(wanted: &[Told], found: &[Told]) -> Option<String> {
    let (of_wanted, of_found): (BTreeSet<_>, BTreeSet<_>) = (wanted.iter().collect(), found.iter().collect());
    let missing: Vec<_> = of_wanted.difference(&of_found).take(SHOWN_MAX).collect();
    let more: Vec<_> = of_found.difference(&of_wanted).take(SHOWN_MAX).collect();
    let turned = wanted.iter().zip(found).find(|(wanted, found)| wanted != found);
    (wanted != found).then(|| format!("{} and not {}; missing {missing:?}, too much {more:?}, first out of turn {turned:?}", found.len(), wanted.len()))
}

/// Messages under one id are one message: its subject and its bytes are the same whenever it comes, and say what the id says.
fn check_ids<'a>(messages: impl Iterator<Item = &'a Message>) -> Result<(), String> {
    let mut named: BTreeMap<&str, &Message> = BTreeMap::new();
    for message in messages {
        let (id, data) = (message.id(), &message.json["data"]);
        let says = format!("{}-{}", message.alert(), data["n"]);
        if id.split_once('-').map(|(_epoch, rest)| rest) != Some(says.as_str()) || message.subject.rsplit('.').next() != Some(message.action()) {
            return Err(format!("{} under {id}: {}", message.subject, message.body));
        }
        let first = named.entry(id).or_insert(message);
        if (&first.subject, &first.body) != (&message.subject, &message.body) {
            return Err(format!("two messages under {id}:\n{} {}\n{} {}", first.subject, first.body, message.subject, message.body));
        }
    }
    Ok(())
}

/// Waits until log, stream and outsider agree, and checks that they do. The stream is read by a consumer of its own; of a history that was
/// lost the outsider may have been told besides.
pub(crate) async fn check(system: &System, nats: Option<&NatsByHand>, outsider: &mut Outsider, lost: &BTreeSet<String>, seed: u64) -> u64 {
    outsider.look_up(system);
    let reader = Outsider::listening(system, nats).await;
    let begun = Instant::now();
    loop {
        let wanted = to_be_told(&export(system));
        let (in_stream, given) = (reader.subscriber.messages(), outsider.subscriber.messages());
        let ids: BTreeSet<&str> = given.iter().map(Message::id).collect();
        let missed: Vec<_> = wanted.iter().filter(|(id, _)| !ids.contains(id.as_str())).take(SHOWN_MAX).collect();
        let differs = difference(&wanted, &once(&in_stream));
        check_ids(given.iter().chain(&in_stream)).unwrap_or_else(|what| panic!("seed {seed}: {what}"));
        if differs.is_none() && missed.is_empty() && in_stream.last().is_some_and(|last| last.pending == 0) {
            let known: BTreeSet<&str> = wanted.iter().map(|(id, _)| id.as_str()).collect();
            let unknown: Vec<_> = ids.difference(&known).filter(|id| !lost.contains(**id)).take(SHOWN_MAX).collect();
            assert!(unknown.is_empty(), "seed {seed}: the outsider was told what never happened: {unknown:?}");
            return wanted.len() as u64;
        }
        assert!(begun.elapsed() < TOLD_WAIT, "seed {seed}: the stream has {differs:?} (of {}); the outsider missed {missed:?}", wanted.len());
        tokio::time::sleep(LOOK_PAUSE).await;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn message(id: &str, action: &str, title: &str) -> Message {
        let (_epoch, rest) = id.split_once('-').unwrap();
        let (alert, n) = rest.rsplit_once('-').unwrap();
        let json = json!({"id":id,"data":{"alert":alert,"n":n.parse::<u64>().unwrap(),"action":action,"title":title}});
        Message {
            subject: format!("gw.v1.t.c.alert.fever.critical.b.{action}"),
            headers: Value::Null,
            body: json.to_string(),
            json,
            pending: 0,
            at: Instant::now(),
        }
    }

    fn told(ids: &[&str]) -> Vec<Told> {
        ids.iter().map(|id| ((*id).to_owned(), "updated".to_owned())).collect()
    }

    #[test]
    fn the_log_says_what_is_to_be_told_and_in_which_epoch() {
        let event = |kind: &str, n: u64, rule: &str| json!({"type":kind,"data":{"alert":"a-1","n":n,"key":{"rule":rule}}});
        let commits = [
            json!({"events":[event("alert.raised.v1", 1, "fever"), event("alert.raised.v1", 1, "exposure_undecided")]}),
            json!({"events":[{"type":"history.restored.v1","data":{"epoch":2}}]}),
            json!({"error":"unreadable"}),
            json!({"events":[event("alert.acknowledged.v2", 2, "fever"), {"type":"visit.recorded.v1","data":{}}]}),
        ];
        let wanted = [("0-a-1-1", "raised"), ("2-a-1-2", "acknowledged")];
        assert_eq!(to_be_told(&commits), wanted.map(|(id, action)| (id.to_owned(), action.to_owned())));
    }

    #[test]
    fn a_message_that_is_missing_out_of_turn_or_too_much_is_seen() {
        let wanted = told(&["0-a-1-1", "0-a-1-2", "0-b-1-1"]);
        assert_eq!(difference(&wanted, &wanted), None);
        for found in [&["0-a-1-1", "0-b-1-1"][..], &["0-a-1-2", "0-a-1-1", "0-b-1-1"], &["0-a-1-1", "0-a-1-2", "0-b-1-1", "0-b-1-2"]] {
            assert!(difference(&wanted, &told(found)).is_some(), "{found:?}");
        }
        let mut changed = wanted.clone();
        changed[1].1 = "resolved".to_owned();
        assert!(difference(&wanted, &changed).is_some());
    }

    #[test]
    fn a_message_may_come_twice_and_its_id_may_name_no_other() {
        let (first, second) = (message("0-a-1-1", "raised", "x"), message("0-a-1-2", "updated", "x"));
        let twice = [first.clone(), second.clone(), first.clone()];
        assert_eq!((check_ids(twice.iter()), once(&twice).len()), (Ok(()), 2));
        for other in [message("0-a-1-1", "raised", "y"), message("0-a-1-1", "updated", "x"), Message { subject: "gw.raised".to_owned(), ..first.clone() }] {
            assert!(check_ids([&first, &other].into_iter()).is_err(), "{other:?}");
        }
        let mut wrong = second;
        wrong.json["data"]["n"] = json!(3);
        assert!(check_ids([&wrong].into_iter()).is_err());
    }
}
