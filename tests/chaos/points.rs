//! Crash points: the program or its nats-server dies as it makes its n-th system call that writes, at the start or under load; and calls
//! that write to files fail. `GRIDWARD_POINTS` and `GRIDWARD_ERRORS` say how many.

use std::{sync::Arc, time::Duration};

use system_tests::{Chance, Fault, System, until};
use tokio::sync::RwLock;

use crate::{
    checker::{Run, SETTLE_WAIT, check},
    count_of,
    load::{Load, register},
    tell,
    told::Outsider,
};

/// Calls of one thread within which a start writes most of what it writes.
const CALLS_OF_A_START: u64 = 80;
/// Calls of one thread within which a few commands are recorded.
const CALLS_OF_A_WHILE: u64 = 40;
/// Calls of one thread before the first that fails: most threads write little.
const CALLS_BEFORE_FAILURE: u64 = 6;
/// Commands after which a fault that did not strike is given up.
const ENOUGH: usize = 20;
/// Commands below which a run says little.
const ENOUGH_IN_ALL: usize = 150;
/// Longest time for a fault to strike: what writes nothing does not die of it.
const FAULT_WAIT: Duration = Duration::from_secs(10);
/// Pause between two looks.
const LOOK_PAUSE: Duration = Duration::from_millis(20);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dying_at_any_call_that_writes_loses_and_doubles_nothing() {
    let Some(points) = count_of("GRIDWARD_POINTS", 6) else { return };
    let mut chance = Chance::seeded(20_200_212);
    let (system, load, outsider) = running(&mut chance).await;
    let seed = chance.seed();
    let mut struck = 0;
    for point in 0..points {
        let at_start = point % 2 == 0;
        let fault = Fault::KilledAt(1 + chance.below(if at_start { CALLS_OF_A_START } else { CALLS_OF_A_WHILE }));
        let what = format!("seed {seed}, point {point}, {fault:?}, at its start: {at_start}");
        let strikes = if at_start { at_its_start(&system, &load, fault, &what).await } else { under_load(&system, &load, fault, &mut chance, &what).await };
        struck += u64::from(strikes > 0);
    }
    assert!(struck > 0, "seed {seed}: of {points} faults none struck");
    finish(system, load, outsider, seed, &format!("{points} crash points, {struck} struck")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_that_fail_lose_and_double_nothing() {
    let Some(errors) = count_of("GRIDWARD_ERRORS", 4) else { return };
    let mut chance = Chance::seeded(20_200_213);
    let (system, load, outsider) = running(&mut chance).await;
    let seed = chance.seed();
    let (mut failed, mut struck) = (0, 0);
    for error in 0..errors {
        let name = ["EIO", "ENOSPC", "EDQUOT", "EINTR"][usize::try_from(error % 4).unwrap()];
        let fault = Fault::Fails(1 + chance.below(CALLS_BEFORE_FAILURE), 1 + chance.below(4), name);
        let what = format!("seed {seed}, error {error}, {fault:?}");
        let strikes = under_load(&system, &load, fault, &mut chance, &what).await;
        (failed, struck) = (failed + strikes, struck + u64::from(strikes > 0));
        // whoever met an error may have stopped, and says so: an operator starts it again
        let mut running = system.write().await;
        running.kill().unwrap();
        running.begin().await.unwrap_or_else(|error| panic!("{what}: {error:#}"));
    }
    assert!(failed > 0, "seed {seed}: no call failed in {errors} tries");
    finish(system, load, outsider, seed, &format!("{struck} times failing calls, {failed} calls failed")).await;
}

async fn running(chance: &mut Chance) -> (Arc<RwLock<System>>, Load, Outsider) {
    let system = System::start(&[]).await.unwrap();
    register(&system).await;
    let outsider = Outsider::listening(&system, None).await;
    let system = Arc::new(RwLock::new(system));
    let load = Load::start(chance, &system);
    (system, load, outsider)
}

async fn finish(system: Arc<RwLock<System>>, load: Load, outsider: Outsider, seed: u64, what: &str) {
    until("enough for a judgement", SETTLE_WAIT, async || (load.history.acknowledged() >= ENOUGH_IN_ALL).then_some(())).await;
    let history = load.stop().await;
    let mut system = Arc::into_inner(system).unwrap().into_inner();
    let came_to = check(Run { system: &system, nats: None, history: &history, outsider, seed }).await;
    tell(seed, &format!("{what}, {came_to}"));
    system.stop().unwrap();
}

/// Starts the program with a fault in it. How often it struck, as its tracer saw it.
async fn at_its_start(system: &RwLock<System>, load: &Load, fault: Fault, what: &str) -> u64 {
    let mut running = system.write().await;
    running.kill().unwrap();
    running.launch_broken(fault).unwrap();
    let came_up = until(what, SETTLE_WAIT, async || match running.has_begun().await {
        Ok(true) => Some(true),
        Ok(false) => None,
        Err(_ended) => Some(false),
    })
    .await;
    drop(running);
    if came_up {
        let enough = load.history.acknowledged() + ENOUGH;
        until(what, SETTLE_WAIT, async || (load.history.acknowledged() >= enough || system.write().await.has_ended().unwrap()).then_some(())).await;
    }
    let mut running = system.write().await;
    let (has_ended, strikes) = (running.has_ended().unwrap(), running.strikes(fault));
    assert!(strikes > 0 || !has_ended, "{what}: it ended and nobody killed it\n{}", running.whole_log());
    running.kill().unwrap();
    running.begin().await.unwrap_or_else(|error| panic!("{what}: {error:#}"));
    strikes
}

/// Breaks the program or its nats-server as it runs. How often that struck, as its tracer saw it.
async fn under_load(system: &RwLock<System>, load: &Load, fault: Fault, chance: &mut Chance, what: &str) -> u64 {
    let enough = load.history.acknowledged() + ENOUGH;
    let victim = {
        let running = system.read().await;
        if chance.below(2) == 0 { running.pid().unwrap() } else { running.nats_pid().unwrap() }
    };
    let mut tracer = fault.attach(victim).unwrap();
    let deadline = tokio::time::Instant::now() + FAULT_WAIT;
    until(what, SETTLE_WAIT, async || {
        let over = tracer.is_over().unwrap();
        // a service writes to its store now and then, whatever is acknowledged meanwhile: calls that are to fail are waited for
        let is_enough = load.history.acknowledged() >= enough && (matches!(fault, Fault::KilledAt(_)) || tracer.strikes() > 0);
        (over || is_enough || tokio::time::Instant::now() >= deadline).then_some(())
    })
    .await;
    let strikes = tracer.let_go();
    begin_again(system, what).await;
    if matches!(fault, Fault::KilledAt(_)) {
        goes_on(system, load, what).await;
    }
    strikes
}

/// Starts the program again if it has died.
async fn begin_again(system: &RwLock<System>, what: &str) {
    let mut running = system.write().await;
    if running.has_ended().unwrap() {
        running.kill().unwrap();
        running.begin().await.unwrap_or_else(|error| panic!("{what}: {error:#}"));
    }
}

/// Waits until something is acknowledged again. A nats-server that died is started again by its program; a program may die a moment
/// after its tracer has let it go.
async fn goes_on(system: &RwLock<System>, load: &Load, what: &str) {
    let enough = load.history.acknowledged() + 1;
    let wait = async {
        while load.history.acknowledged() < enough {
            begin_again(system, what).await;
            tokio::time::sleep(LOOK_PAUSE).await;
        }
    };
    if tokio::time::timeout(SETTLE_WAIT, wait).await.is_err() {
        panic!("{what}: nothing is acknowledged any more\n{}", system.read().await.whole_log());
    }
}
