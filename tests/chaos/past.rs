//! A past that is not as it was: a log restored from a backup and overtaken, and a bit that flipped on the disk. Neither passes in
//! silence. `GRIDWARD_RESTORES` and `GRIDWARD_FLIPS` say how many.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use serde_json::{Value, json};
use system_tests::{Attempt, Chance, History, System, until};
use tokio::sync::RwLock;

use crate::{
    checker::{SETTLE_WAIT, check_folds, export},
    count_of,
    load::{COMMUNITY, Load, Post, attempt, command, register},
    tell,
    told::{self, Outsider},
    wait_for,
};

/// Longer than nats-server is given to start: over some damages it never does, and that is said then.
const START_WAIT: Duration = Duration::from_secs(90);
/// Commands that are acknowledged before a backup, and after it.
const SPELL: usize = 60;
/// Commands that were lost and are sent again.
const SENT_AGAIN: usize = 20;

async fn record(chance: &mut Chance, system: System) -> (System, History) {
    let system = Arc::new(RwLock::new(system));
    let load = Load::start(chance, &system);
    wait_for(|| load.history.acknowledged() >= SPELL, SETTLE_WAIT, "nothing is acknowledged").await;
    let history = load.stop().await;
    (Arc::into_inner(system).unwrap().into_inner(), history)
}

/// What was acknowledged, with its sequence.
fn acknowledged(history: &History) -> impl Iterator<Item = (String, u64)> {
    history.all().into_iter().filter_map(|(id, sent)| match sent.attempt {
        Attempt::Acknowledged(sequence) => Some((id, sequence)),
        Attempt::Refused | Attempt::Unknown => None,
    })
}

/// Sends again what was lost with the log, under the same ids, as whoever kept it may: it is recorded anew. Where it stands now.
async fn send_again(system: System, lost: &History) -> (System, Vec<(String, u64)>) {
    let (system, mut again) = (Arc::new(RwLock::new(system)), Vec::new());
    for (id, sent) in lost.all().into_iter().filter(|(_, sent)| matches!(sent.attempt, Attempt::Acknowledged(_))).take(SENT_AGAIN) {
        let (status, answer) = system.post(command(&id, &sent.what)).await.unwrap();
        let Attempt::Acknowledged(sequence) = attempt(&sent.what, status, &answer) else { panic!("{id} is not taken again: {status} {answer}") };
        assert_eq!(answer["status"], "recorded", "{id} was lost: {answer}");
        again.push((id, sequence));
    }
    (Arc::into_inner(system).unwrap().into_inner(), again)
}

/// Copies a folder.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// Where each command stands on the log.
fn standings(system: &System) -> BTreeMap<String, Vec<u64>> {
    let mut standing: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for commit in export(system) {
        standing.entry(commit["command"].as_str().unwrap().to_owned()).or_default().push(commit["sequence"].as_u64().unwrap());
    }
    standing
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_from_a_backup_is_noticed_by_every_service_even_when_it_was_overtaken() {
    let Some(restores) = count_of("GRIDWARD_RESTORES", 2) else { return };
    let mut chance = Chance::seeded(20_200_208);
    let seed = chance.seed();
    for round in 0..restores {
        let mut system = System::start(&[]).await.unwrap();
        register(&system).await;
        let (mut outsider, nothing) = (Outsider::listening(&system, None).await, BTreeSet::new());
        let (mut system_then, kept) = record(&mut chance, system).await;
        told::check(&system_then, None, &mut outsider, &nothing, seed).await;
        system_then.stop().unwrap();
        let (log, backup) = (system_then.data().join("nats"), tempfile::tempdir().unwrap());
        copy(&log, backup.path());
        system_then.begin().await.unwrap();
        let (system_later, lost) = record(&mut chance, system_then).await;
        system = system_later;
        told::check(&system, None, &mut outsider, &nothing, seed).await;
        let told_before = outsider.ids();
        system.stop().unwrap();
        fs::remove_dir_all(&log).unwrap();
        copy(backup.path(), &log);
        let overtaken = round % 2 == 0;
        if overtaken {
            overtake(&mut system, &mut chance).await;
        }
        let before = system.whole_log().len();
        system.begin().await.unwrap();
        let said = system.whole_log()[before..].to_owned();
        for service in
            ["intake's snapshots are of another history", "the log is another one than this projection knows", "alerting's rows are of another history"]
        {
            assert!(said.contains(service), "seed {seed}, round {round}, overtaken {overtaken}: not said: {service}\n{said}");
        }
        let restores = export(&system).iter().filter(|commit| commit["events"][0]["type"] == "history.restored.v1").count();
        assert_eq!(restores, 1, "seed {seed}, round {round}: what follows is told under ids of another epoch");
        let standing = standings(&system);
        assert!(acknowledged(&kept).all(|(id, sequence)| standing.get(&id) == Some(&vec![sequence])), "seed {seed}: what the backup holds is there");
        assert!(acknowledged(&lost).all(|(id, _)| !standing.contains_key(&id)), "seed {seed}: what came after the backup is gone");
        // an id of the lost history never comes again for something else
        let (system_after, again) = send_again(system, &lost).await;
        let (system_after, after) = record(&mut chance, system_after).await;
        system = system_after;
        let standing = standings(&system);
        let is_there = |(id, sequence): (String, u64)| standing.get(&id) == Some(&vec![sequence]);
        assert!(acknowledged(&kept).chain(again).chain(acknowledged(&after)).all(is_there), "seed {seed}, round {round}: all of it stands there once");
        told::check(&system, None, &mut outsider, &told_before, seed).await;
        assert!(outsider.ids().iter().any(|id| id.starts_with("1-")), "seed {seed}, round {round}: nothing was told in the new epoch");
        check_folds(&system, seed);
        system.stop().unwrap();
    }
    tell(seed, &format!("{restores} logs from a backup, each noticed by all three services"));
}

/// Lets the restored log grow beyond what the stores know, as another machine might have: with stores of its own.
async fn overtake(system: &mut System, chance: &mut Chance) {
    let (stores, aside) = (system.data().join("stores"), system.data().join("stores-aside"));
    fs::rename(&stores, &aside).unwrap();
    system.begin().await.unwrap();
    for _ in 0..(2 * SPELL) {
        let door = chance.below(40);
        system.must(COMMUNITY, "visit.record", None, json!({"household":format!("h{door}"),"outcome":"no_answer","mode":"door"})).await.unwrap();
    }
    system.stop().unwrap();
    fs::remove_dir_all(&stores).unwrap();
    fs::rename(&aside, &stores).unwrap();
}

/// The files in which nats-server keeps the messages of the log.
fn blocks(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "blk") && path.to_string_lossy().contains("/EVENTS/") {
                found.push(path);
            }
        }
    }
    found
}

/// Bytes before the subject of a message in a block: its length, sequence, time and length of subject.
const RECORD_HEAD_BYTES: usize = 22;
/// The bit of its length that says that it has headers.
const HAS_HEADERS: u32 = 1 << 31;

/// The sequence of the message that a byte of a block belongs to.
fn message_at(block: &[u8], place: usize) -> u64 {
    let mut begins = 0;
    loop {
        let head = &block[begins..begins + RECORD_HEAD_BYTES];
        let length = u32::from_le_bytes(head[..4].try_into().unwrap()) & !HAS_HEADERS;
        begins += usize::try_from(length).unwrap();
        if place < begins {
            return u64::from_le_bytes(head[4..12].try_into().unwrap());
        }
    }
}

/// What is said when the log was cut off: nobody reads on, and nobody is told of anything.
const CUT_OFF: [&str; 2] = ["of another history", "stopped: an operator must look"];
/// What is said when nats-server does not come up over what it found.
const NOT_UP: [&str; 2] = ["nats-server is not ready after", "nats-server ended"];

/// What verifying says; nothing when there is no answer.
fn verified(system: &System) -> Option<Value> {
    let output = system.command(&["--json", "verify"]).unwrap();
    serde_json::from_slice(&output.stdout).ok()
}

/// The sequences that verifying names: of what cannot be read, of what does not follow, and of where reading ended.
fn named(found: &Value) -> BTreeSet<u64> {
    let listed = ["undecodable", "broken_chain"].into_iter().flat_map(|list| found[list].as_array().into_iter().flatten()).filter_map(Value::as_u64);
    let ended = found["ended"].as_str().unwrap_or_default().split(|letter: char| !letter.is_ascii_digit()).filter_map(|number| number.parse().ok());
    listed.chain(ended).collect()
}

/// How a flip in a message was found: verifying names the message, or it was said that the log was cut off, or that nats-server does not come up.
async fn found(system: &mut System, flipped: u64, what: &str) -> &'static str {
    let before = system.whole_log().len();
    system.launch().unwrap();
    until(&format!("{what}: it runs, or says what is wrong"), START_WAIT, async || {
        let begun = system.has_begun().await;
        let said = system.whole_log()[before..].to_owned();
        let cut_off = CUT_OFF.into_iter().find(|words| said.contains(words));
        match begun {
            Ok(true) => {
                let named = verified(system).map(|found| named(&found)).unwrap_or_default();
                // a message that is gone is named, or the one behind it, which names another before it
                let by_verify = (named.contains(&flipped) || named.contains(&(flipped + 1))).then_some("verify names it");
                let found = by_verify.or(cut_off);
                Some(found.unwrap_or_else(|| panic!("{what}, in message {flipped}, was not found: verify names {named:?}\n{said}")))
            }
            Ok(false) => cut_off,
            Err(ended) => {
                let why = NOT_UP.into_iter().find(|words| said.contains(words)).or(cut_off);
                Some(why.unwrap_or_else(|| panic!("{what}, in message {flipped}: it ended for another reason: {ended:#}")))
            }
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bit_that_flipped_on_the_disk_is_found() {
    let Some(flips) = count_of("GRIDWARD_FLIPS", 3) else { return };
    let mut chance = Chance::seeded(20_200_209);
    let seed = chance.seed();
    let system = System::start(&[]).await.unwrap();
    register(&system).await;
    let (mut system, _) = record(&mut chance, system).await;
    system.stop().unwrap();
    let pristine = tempfile::tempdir().unwrap();
    copy(&system.data(), pristine.path());
    let again = |system: &System| {
        fs::remove_dir_all(system.data()).unwrap();
        copy(pristine.path(), &system.data());
    };
    // a copy in which nothing flipped is sound: what is found below is found because of the flip
    again(&system);
    system.begin().await.unwrap();
    let sound = verified(&system).unwrap();
    assert!(named(&sound).is_empty() && sound["commits"].as_u64() > Some(SPELL as u64), "seed {seed}: {sound}");
    system.kill().unwrap();
    let mut ways: BTreeMap<&str, u64> = BTreeMap::new();
    for round in 0..flips {
        again(&system);
        let blocks = blocks(&system.data().join("nats"));
        let block = &blocks[usize::try_from(chance.below(blocks.len() as u64)).unwrap()];
        let mut bytes = fs::read(block).unwrap();
        let (place, bit) = (usize::try_from(chance.below(bytes.len() as u64)).unwrap(), chance.below(8));
        let flipped = message_at(&bytes, place);
        bytes[place] ^= 1 << bit;
        fs::write(block, bytes).unwrap();
        let what = format!("seed {seed}, round {round}: bit {bit} of byte {place} of {}", block.display());
        *ways.entry(found(&mut system, flipped, &what).await).or_default() += 1;
        system.kill().unwrap();
    }
    let ways: Vec<_> = ways.iter().map(|(way, times)| format!("{way} ({times})")).collect();
    tell(seed, &format!("{flips} flipped bits, each found; {}", ways.join("; ")));
}
