//! Class full: who may be told names is told them, over a stream that lies open for a day; nobody else is, and nothing else holds them.

use std::{fs, path::Path};

use aho_corasick::AhoCorasick;
use serde_json::{Value, json};
use system_tests::{Subscriber, System};

use crate::{COMMUNITY, asking::Asking, consumer, fever};

/// The person behind the first door, as every settled community has them.
const NAME: &str = "杨桂0";
/// What they are called from the second fever on.
const CORRECTED: &str = "杨桂英";

/// Files below a folder that hold one of the names.
fn holding_a_name(folder: &Path) -> Vec<String> {
    let search = AhoCorasick::new([NAME, CORRECTED]).unwrap();
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap().map(Result::unwrap) {
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else if search.is_match(&fs::read(entry.path()).unwrap()) {
                found.push(entry.path().strip_prefix(folder).unwrap().display().to_string());
            }
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_go_to_class_full_and_lie_open_nowhere_else() {
    let mut system = System::start(&["--names-on-topics"]).await.unwrap();
    system.settle("dianbu", COMMUNITY).await.unwrap();
    let full = consumer(&system, "clinic", "gw-full.v1.dianbu.u07.alert.fever.>", &["--class", "full"]);
    let work = consumer(&system, "keeper", "gw.v1.dianbu.u07.alert.fever.>", &[]);
    let public = consumer(&system, "screen", "gw-public.v1.dianbu.u07.alert.fever.>", &["--class", "public"]);
    let (named, unnamed, counted) =
        (Subscriber::start(&full).await.unwrap(), Subscriber::start(&work).await.unwrap(), Subscriber::start(&public).await.unwrap());

    fever(&system, COMMUNITY, 0).await;
    let (first, same) = (named.message(0).await, unnamed.message(0).await);
    counted.message(0).await;
    assert_eq!(first.subject, "gw-full.v1.dianbu.u07.alert.fever.critical.b07.raised");
    assert_eq!(first.json["data"]["person"], json!({"ref":"p0","name":NAME}));
    let mut without = first.json.clone();
    without["data"]["person"].as_object_mut().unwrap().remove("name");
    assert_eq!(without, same.json, "but for the name it is what class work is told, under the same id");

    let corrected = json!({"person":"p0","name":CORRECTED,"household":"h0","phones":["13800000000"]});
    system.must(COMMUNITY, "person.register", None, corrected).await.unwrap();
    let alert = json!({"alert":first.alert(),"n":first.json["data"]["n"]});
    system.must(COMMUNITY, "alert.acknowledge", None, alert).await.unwrap();
    assert_eq!(named.message(1).await.json["data"]["person"]["name"], CORRECTED, "as their file has it now");
    // somebody without a file has a reference and no name
    let stranger = json!([{"unregistered":{"ref":"v1","name":NAME},"readings":[{"celsius":38.9,"site":"axilla"}],"symptoms":[]}]);
    system.must(COMMUNITY, "visit.record", None, json!({"household":"h1","outcome":"met","mode":"door","people":stranger})).await.unwrap();
    assert_eq!(named.message(2).await.json["data"]["person"], json!({"ref":"v1","name":null}));
    unnamed.message(2).await;
    for message in unnamed.messages().into_iter().chain(counted.messages()) {
        assert!(!message.body.contains("杨桂"), "{}", message.body);
    }
    let mut curious = Asking::as_consumer(&work).await;
    for (what, subject) in [
        ("request", "GRIDWARD.CONSUMER.INFO.ALERTS_FULL.clinic"),
        ("request", "GRIDWARD.CONSUMER.MSG.NEXT.ALERTS_FULL.clinic"),
        ("request", "GRIDWARD.CONSUMER.MSG.NEXT.ALERTS_FULL.keeper"),
        ("subscribe", "gw-full.v1.dianbu.u07.alert.>"),
    ] {
        let came = curious.attempt(json!({"do":what,"subject":subject,"payload":"{}"})).await;
        assert!(came.refused.contains("permissions violation"), "class work may {what} {subject}: {came:?}");
    }
    drop(curious);
    let told: Vec<Value> = named.messages().into_iter().map(|message| message.json).collect();
    drop((named, unnamed, counted));

    // a store that was lost is folded anew, and nobody is told twice
    system.stop().unwrap();
    fs::remove_dir_all(system.data().join("stores/alerting")).unwrap();
    system.begin().await.unwrap();
    let (again, counts) = (system.add_consumer("again", &["gw.v1.dianbu.u07.alert.>"]).unwrap(), told.len());
    let all = consumer(&system, "all", "gw-full.v1.dianbu.u07.alert.>", &["--class", "full"]);
    let (work_again, full_again) = (Subscriber::start(&again).await.unwrap(), Subscriber::start(&all).await.unwrap());
    fever(&system, COMMUNITY, 5).await;
    work_again.message(counts).await;
    full_again.message(counts).await;
    let heard: Vec<Value> = full_again.messages().into_iter().map(|message| message.json).collect();
    assert_eq!(heard.iter().filter(|event| told.contains(event)).count(), counts, "{heard:#?}");
    let ids: std::collections::BTreeSet<_> = heard.iter().map(|event| event["id"].to_string()).collect();
    assert_eq!(ids.len(), heard.len(), "told twice");
    drop((work_again, full_again));
    system.stop().unwrap();
    let open = holding_a_name(&system.data());
    assert!(!open.is_empty() && open.iter().all(|file| file.starts_with("nats/store/jetstream/CORE/streams/ALERTS_FULL/")), "{open:?}");
}

/// Nobody is named on topics unless an operator says so: there is not even a stream.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_operators_word_there_are_no_names_to_have() {
    let mut system = System::start(&[]).await.unwrap();
    system.settle("dianbu", COMMUNITY).await.unwrap();
    fever(&system, COMMUNITY, 0).await;
    let output = system.command(&["consumer", "add", "clinic", "--class", "full", "--filter", "gw-full.v1.dianbu.u07.alert.>"]).unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("--names-on-topics"), "{said}");
    assert!(!system.data().join("nats/store/jetstream/CORE/streams/ALERTS_FULL").exists());
    system.stop().unwrap();
}
