//! Random `kill -9` of the program or of its nats-server. `GRIDWARD_KILLS` says how many.

use std::sync::Arc;

use system_tests::{Chance, System};
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
async fn kills_lose_and_double_nothing() {
    let Some(kills) = count_of("GRIDWARD_KILLS", 10) else { return };
    let mut chance = Chance::seeded(20_200_206);
    let seed = chance.seed();
    let system = System::start(&[]).await.unwrap();
    register(&system).await;
    let outsider = Outsider::listening(&system, None).await;
    let system = Arc::new(RwLock::new(system));
    let load = Load::start(&mut chance, &system);
    for number in 0..kills {
        let wanted = load.history.acknowledged() + 20 + usize::try_from(chance.below(200)).unwrap();
        wait_for(|| load.history.acknowledged() >= wanted, SETTLE_WAIT, &format!("seed {seed}: nothing is acknowledged before kill {number}")).await;
        if chance.below(2) == 0 {
            let mut running = kill(&system).await;
            running.begin().await.unwrap_or_else(|error| panic!("seed {seed}, kill {number}: {error:#}"));
        } else {
            system.read().await.kill_nats().unwrap();
        }
    }
    let history = load.stop().await;
    let mut system = Arc::into_inner(system).unwrap().into_inner();
    let came_to = check(Run { system: &system, nats: None, history: &history, outsider, seed }).await;
    tell(seed, &format!("{kills} kills, {came_to}"));
    system.stop().unwrap();
}
