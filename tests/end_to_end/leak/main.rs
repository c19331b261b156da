//! Names, ID numbers, phones and plates of invented people go in through the door; then every byte that came out, was logged, was said on NATS
//! or was put on disk is searched for them. They are in the answers to those who may see them, and nowhere else.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on may say so by panicking")]

mod answers;
mod canaries;
mod play;

use std::{collections::BTreeSet, fs, ops::Range, path::Path, time::Duration};

use aho_corasick::AhoCorasick;
use serde_json::json;
use system_tests::{Foreign, Subscriber, System, until};

use canaries::Canaries;

/// The evening of the demo's first day: all of it can be sent at once.
const CLOCK: &str = "2020-02-06T23:30:00+08:00@1";
const SEED: u64 = 7;
/// Longest wait for what is expected; a heartbeat comes every 30 seconds.
const WAIT: Duration = Duration::from_secs(60);
/// A user that hears everything that our services say to each other.
const WIRETAP: &str = "{ user: wiretap, password: \"wiretap\", permissions: { subscribe: { allow: [\">\"] } } }";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_named_anywhere_but_to_those_who_may_see_it() {
    let towns = play::towns(SEED);
    let canaries = Canaries::of(towns.iter().flat_map(demo::Community::canaries));
    let mut system = System::start_with(&["--clock", CLOCK], &[("RUST_LOG", "trace")]).await.unwrap();
    let subscribers = subscribe(&system).await;
    let wire = system.data().with_file_name("wire.bin");
    let wiretap = tap(&system, &wire).await;

    play::play(&system, &towns).await;
    let sequence = system.get("/verify").await.unwrap().json["sequence"].as_u64().unwrap();
    until("everything is folded", WAIT, async || (system.get("/status").await.unwrap().json["sequence"].as_u64()? >= sequence).then_some(())).await;
    for subscriber in &subscribers {
        subscriber.message(0).await;
    }
    until("a heartbeat and a status on the wire", WAIT, async || {
        let heard = fs::read(&wire).unwrap();
        ["heartbeat", ".status.", ".alert.", "ev.0.", "key.", "svc.intake.observe"].iter().all(|word| contains(&heard, word)).then_some(())
    })
    .await;

    answers::those_who_may_see_do(&system, &towns, &canaries).await;
    answers::others_do_not(&system, &towns, &canaries).await;
    answers::problems_repeat_nothing(&system, &towns[0], &canaries).await;
    for subscriber in &subscribers {
        for message in subscriber.messages() {
            canaries.absent(&message.subject, format!("{} {}", message.subject, message.body).as_bytes());
            canaries.absent("headers of a message", message.headers.to_string().as_bytes());
        }
    }
    public_messages_lead_nowhere(&towns, &subscribers[1]);
    let run = fs::read(system.data().join("run.json")).unwrap();
    canaries.absent("run.json", &run);
    drop((wiretap, subscribers));
    system.stop().unwrap();
    nothing_on_disk(&system, &wire, &canaries);
}

/// Outside consumers of every class that is published.
async fn subscribe(system: &System) -> Vec<Subscriber> {
    let mut subscribers = Vec::new();
    for (class, filter) in [("work", "gw.v1.*.*.alert.>"), ("public", "gw-public.v1.*.*.alert.>")] {
        let credentials = system.json_of(&["consumer", "add", class, "--class", class, "--from", "all", "--filter", filter]).unwrap();
        subscribers.push(Subscriber::start(&credentials).await.unwrap());
    }
    subscribers
}

/// No id and no name of a place in a community is in what the public is told of it.
fn public_messages_lead_nowhere(towns: &[demo::Community], public: &Subscriber) {
    let ids: BTreeSet<String> = towns.iter().flat_map(|community| play::ids(community, usize::MAX)).flat_map(|(_, ids)| ids).collect();
    assert!(ids.len() > 500, "only {} ids to search for", ids.len());
    let places = ["号楼", "单元", "小区"].map(str::to_owned);
    let search = AhoCorasick::new(ids.iter().chain(&places)).unwrap();
    let first_in =
        |text: &str| search.find_overlapping_iter(text).map(|hit| hit.range()).find(|range| stands_alone(text, range)).map(|range| text[range].to_owned());
    let id = ids.first().unwrap();
    assert_eq!((first_in(&format!("/buildings/{id}\"")).as_ref(), first_in(&format!("e9{id}8e"))), (Some(id), None), "the search itself");
    for message in public.messages() {
        let text = format!("{} {} {}", message.subject, message.headers, message.body);
        assert_eq!(first_in(&text), None, "{text}");
        assert_eq!(message.subject.split('.').nth(7), Some("_"), "{}", message.subject);
    }
}

/// Whether it is a word of its own: the hash of a message is 32 hexadecimal digits, and one of them in a few hundred has `b004` among them.
fn stands_alone(text: &str, range: &Range<usize>) -> bool {
    let joined = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = text.as_bytes();
    !joined(range.start.checked_sub(1).and_then(|before| bytes.get(before))) && !joined(bytes.get(range.end))
}

/// Lets somebody listen to our own account: only the machine's owner could.
async fn tap(system: &System, file: &Path) -> Foreign {
    let config = system.data().join("nats/server.conf");
    let text = fs::read_to_string(&config).unwrap();
    let (before, after) = text.split_once("users: [\n      { user: \"intake\"").expect("the account of the services");
    fs::write(&config, format!("{before}users: [\n      {WIRETAP}\n      {{ user: \"intake\"{after}")).unwrap();
    let pid = rustix::process::Pid::from_raw(i32::try_from(system.nats_pid().unwrap()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::HUP).unwrap();
    let credentials = json!({"nats":system.nats().unwrap(),"user":"wiretap","password":"wiretap","file":file});
    until("the wiretap is let in", WAIT, async || {
        let mut listener = Foreign::python("listen.py").unwrap();
        listener.tell(&credentials).unwrap();
        let ready = async || listener.said().first().map(|line| line.json == json!({"ready":true})).or_else(|| listener.has_ended().then_some(false));
        until("the wiretap says something", WAIT, ready).await.then_some(listener)
    })
    .await
}

fn contains(bytes: &[u8], word: &str) -> bool {
    AhoCorasick::new([word]).unwrap().is_match(bytes)
}

/// Every file of the data folder, the log, and what was said on NATS.
fn nothing_on_disk(system: &System, wire: &Path, canaries: &Canaries) {
    let log = system.whole_log();
    assert!(log.contains("TRACE") && log.len() > 1_000_000, "the log was to hold everything, it has {} bytes", log.len());
    canaries.absent("the log", log.as_bytes());
    canaries.absent("what was said on NATS", &fs::read(wire).unwrap());
    let mut searched = BTreeSet::new();
    let mut folders = vec![system.data()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(system.data()).unwrap().display().to_string();
            let bytes = fs::read(&path).unwrap();
            canaries.absent(&name, &bytes);
            // what is in clear can be read there: the search would find a name
            if contains(&bytes, "7号楼") || contains(&bytes, "fever") {
                searched.insert(name.split('/').take(3).collect::<Vec<_>>().join("/"));
            }
        }
    }
    for readable in ["stores/projection", "stores/alerting", "stores/intake", "nats/store"] {
        assert!(searched.iter().any(|name| name.starts_with(readable)), "nothing could be read in {readable}: {searched:?}");
    }
    // and it does find one that is put there
    let planted = system.data().join("stores/projection/planted");
    let name = canaries.any();
    fs::write(&planted, [b"\x00\xff\x07", name.as_bytes(), b"\x00"].concat()).unwrap();
    assert!(canaries.find(&fs::read(&planted).unwrap()).is_some_and(|found| found == name));
}
