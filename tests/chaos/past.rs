//! A past that is not as it was: a log restored from a backup and overtaken, and a bit that flipped on the disk. Neither passes in
//! silence. `GRIDWARD_RESTORES` and `GRIDWARD_FLIPS` say how many.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use serde_json::json;
use system_tests::{Attempt, Chance, System, until};
use tokio::sync::RwLock;

use crate::{
    checker::{SETTLE_WAIT, check_folds, export},
    count_of,
    load::{COMMUNITY, Load, register},
    tell, wait_for,
};

/// Longer than nats-server is given to start: over some damages it never does, and that is said then.
const START_WAIT: Duration = Duration::from_secs(90);
/// Commands that are acknowledged before a backup, and after it.
const SPELL: usize = 60;

async fn record(chance: &mut Chance, system: System) -> (System, Vec<(String, u64)>) {
    let system = Arc::new(RwLock::new(system));
    let load = Load::start(chance, &system);
    wait_for(|| load.history.acknowledged() >= SPELL, SETTLE_WAIT, "nothing is acknowledged").await;
    let acknowledged = load.stop().await.all().into_iter().filter_map(|(id, attempt)| match attempt {
        Attempt::Acknowledged(sequence) => Some((id, sequence)),
        Attempt::Refused | Attempt::Unknown => None,
    });
    let acknowledged = acknowledged.collect();
    (Arc::into_inner(system).unwrap().into_inner(), acknowledged)
}

fn copy(from: &Path, to: &Path) {
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

/// What stands on the log, by command.
fn standing(system: &System) -> std::collections::BTreeMap<String, u64> {
    export(system).into_iter().map(|commit| (commit["command"].as_str().unwrap().to_owned(), commit["sequence"].as_u64().unwrap())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_from_a_backup_is_noticed_by_every_service_even_when_it_was_overtaken() {
    let mut chance = Chance::seeded(20_200_208);
    let seed = chance.seed();
    let restores = count_of("GRIDWARD_RESTORES", 2);
    for round in 0..restores {
        let mut system = System::start(&[]).await.unwrap();
        register(&system).await;
        let (mut system_then, kept) = record(&mut chance, system).await;
        system_then.stop().unwrap();
        let (log, backup) = (system_then.data().join("nats"), tempfile::tempdir().unwrap());
        copy(&log, backup.path());
        system_then.begin().await.unwrap();
        let (system_later, lost) = record(&mut chance, system_then).await;
        system = system_later;
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
        let standing = standing(&system);
        assert!(kept.iter().all(|(id, sequence)| standing.get(id) == Some(sequence)), "seed {seed}: what the backup holds is there");
        assert!(lost.iter().all(|(id, _)| !standing.contains_key(id)), "seed {seed}: what came after the backup is gone");
        check_folds(&system, seed);
        system.stop().unwrap();
    }
    tell(&format!("seed {seed}: {restores} logs from a backup, each noticed by all three services"));
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

/// Whether whoever verifies is told that something is wrong.
fn verify_fails(system: &System) -> bool {
    !system.command(&["verify"]).unwrap().status.success()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bit_that_flipped_on_the_disk_is_found() {
    let mut chance = Chance::seeded(20_200_209);
    let seed = chance.seed();
    let system = System::start(&[]).await.unwrap();
    register(&system).await;
    let (mut system, _) = record(&mut chance, system).await;
    system.stop().unwrap();
    let pristine = tempfile::tempdir().unwrap();
    copy(&system.data(), pristine.path());
    let flips = count_of("GRIDWARD_FLIPS", 3);
    for round in 0..flips {
        fs::remove_dir_all(system.data()).unwrap();
        copy(pristine.path(), &system.data());
        let blocks = blocks(&system.data().join("nats"));
        let block = &blocks[usize::try_from(chance.below(blocks.len() as u64)).unwrap()];
        let mut bytes = fs::read(block).unwrap();
        let (place, bit) = (usize::try_from(chance.below(bytes.len() as u64)).unwrap(), chance.below(8));
        bytes[place] ^= 1 << bit;
        fs::write(block, bytes).unwrap();
        let what = format!("seed {seed}, round {round}: bit {bit} of byte {place} of {}", block.display());
        let before = system.whole_log().len();
        system.launch().unwrap();
        let found = until("it runs, or says what is wrong", START_WAIT, async || match system.has_begun().await {
            Ok(true) => Some(verify_fails(&system) || system.whole_log()[before..].contains("of another history")),
            // intake met it and stopped; or the record's length was hit: nats-server cuts the log off there, and what was told of it afterwards
            // gives it away
            Ok(false) if system.whole_log()[before..].contains("stopped: an operator must look") => Some(true),
            Ok(false) => None,
            Err(_refused) => Some(true),
        });
        assert!(found.await, "{what} was not found");
        system.kill().unwrap();
    }
    tell(&format!("seed {seed}: {flips} flipped bits, each found"));
}
