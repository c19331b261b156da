//! The power is cut: program and nats-server are gone at once, and so is what their disk was not told to keep. `GRIDWARD_CUTS` says how
//! often. Root and FUSE are needed.

use std::{path::Path, sync::Arc};

use bus::{
    Connection, ConnectionOptions, EventLog, EventLogOptions, Message,
    provision::{StreamPlan, ensure},
};
use system_tests::{Chance, Forgetful, NatsByHand, Remains, System, until};
use tokio::sync::RwLock;

use crate::{
    checker::{Run, SETTLE_WAIT, check},
    count_of,
    load::{Load, kill, register},
    tell,
    told::Outsider,
    wait_for,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn power_cuts_lose_and_double_nothing() {
    let Some(cuts) = count_of("GRIDWARD_CUTS", 4) else { return };
    let mut chance = Chance::seeded(20_200_210);
    let seed = chance.seed();
    let mut disk = Forgetful::mount().unwrap();
    let system = System::start_in(disk.path().join("data"), &[]).await.unwrap();
    register(&system).await;
    let outsider = Outsider::listening(&system, None).await;
    let system = Arc::new(RwLock::new(system));
    let load = Load::start(&mut chance, &system);
    for cut in 0..cuts {
        let wanted = load.history.acknowledged() + 5 + usize::try_from(chance.below(150)).unwrap();
        wait_for(|| load.history.acknowledged() >= wanted, SETTLE_WAIT, &format!("seed {seed}: nothing is acknowledged before cut {cut}")).await;
        // what its nats-server wrote and did not sync is read back from memory by the next one, and acknowledged by that: it has to outlive the power, too
        if chance.below(2) == 0 {
            let died = system.read().await.nats_pid().unwrap();
            system.read().await.kill_nats().unwrap();
            until("another nats-server", SETTLE_WAIT, async || system.read().await.nats_pid().ok().filter(|pid| *pid != died)).await;
            let wanted = load.history.acknowledged() + 1;
            wait_for(|| load.history.acknowledged() >= wanted, SETTLE_WAIT, &format!("seed {seed}: nothing is acknowledged in cut {cut}")).await;
        }
        let nats = system.read().await.nats_pid().unwrap();
        let mut running = kill(&system).await;
        wait_for(|| !is_running(nats), SETTLE_WAIT, "nats-server outlives its program").await;
        let remains = if chance.below(2) == 0 { Remains::Nothing } else { Remains::SomePages };
        disk.cut_power(remains, &mut chance).unwrap();
        running.begin().await.unwrap_or_else(|error| panic!("seed {seed}, cut {cut}, {remains:?}: {error:#}"));
    }
    let history = load.stop().await;
    let mut system = Arc::into_inner(system).unwrap().into_inner();
    let came_to = check(Run { system: &system, nats: None, history: &history, outsider, seed }).await;
    tell(seed, &format!("{cuts} power cuts, {came_to}"));
    system.stop().unwrap();
}

fn is_running(pid: u32) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}

/// The disk does forget: a nats-server that does not sync loses what it acknowledged. Without this the test above would prove nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_syncs_a_power_cut_loses_what_was_acknowledged() {
    let Some(_cuts) = count_of("GRIDWARD_CUTS", 1) else { return };
    let mut chance = Chance::seeded(20_200_211);
    let mut disk = Forgetful::mount().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let nats = NatsByHand::start_plain_on(folder.path(), &disk.path().join("store"), "\"2m\"").await.unwrap();
    let log = log_of(&nats).await;
    let mut head = 0;
    for _ in 0..200 {
        let message = Message { subject: "ev.0.c1._.post.1".to_owned(), payload: vec![7; 200].into() };
        head = log.append(head, vec![message]).await.unwrap();
    }
    // it is killed and waited for
    let stopped = nats.stop_for_restart();
    disk.cut_power(Remains::Nothing, &mut chance).unwrap();
    let nats = stopped.start().await.unwrap();
    let left = log_of(&nats).await.head().await.unwrap().last_sequence;
    assert!(left < head, "{left} of {head} are left");
}

/// The log on a nats-server, made if it is not there.
async fn log_of(nats: &NatsByHand) -> EventLog {
    let options = ConnectionOptions::new(nats.url(), "test").login("admin", "p-admin", "_INBOX_admin");
    let connection = Connection::open(options).await.unwrap();
    connection.connected(SETTLE_WAIT).await.unwrap();
    ensure(&connection, &[StreamPlan::events(None)], || "test".to_owned()).await.unwrap();
    EventLog::new(&connection, &EventLogOptions::default())
}
