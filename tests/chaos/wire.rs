//! Faults between the program and a nats-server that is not its child: acknowledgements that are lost, connections that are cut, slow
//! or silent, processes that stand still, a disk that takes nothing. `GRIDWARD_FAULTS` says how many.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, prlimit};
use system_tests::{Chance, History, NatsByHand, System, Wire};
use tokio::sync::RwLock;

use crate::{
    checker::{Run, SETTLE_WAIT, check},
    count_of,
    load::{Load, kill, register},
    tell,
    told::Outsider,
    wait_for,
};

/// Most commands that are acknowledged while nothing can be recorded: one of each phone, that was on the log before and had lost its answer.
const ASKED_AGAIN_MAX: usize = 6;

/// What may happen. The order is the order of the first round; later rounds follow chance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    LoseAcks,
    Cut,
    Slow,
    Hold,
    FreezeProgram,
    FreezeNats,
    KillProgram,
    KillNats,
    FullDisk,
}

const ALL: [Fault; 9] =
    [Fault::LoseAcks, Fault::Cut, Fault::Slow, Fault::Hold, Fault::FreezeProgram, Fault::FreezeNats, Fault::KillProgram, Fault::KillNats, Fault::FullDisk];

/// A system, its nats-server, and the wire between them.
struct World {
    system: Arc<RwLock<System>>,
    nats: Option<NatsByHand>,
    wire: Wire,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_between_the_program_and_nats_lose_and_double_nothing() {
    let Some(faults) = count_of("GRIDWARD_FAULTS", ALL.len() as u64) else { return };
    let mut chance = Chance::seeded(20_200_207);
    let seed = chance.seed();
    let folder = tempfile::tempdir().unwrap();
    let nats = NatsByHand::start_plain(folder.path()).await.unwrap();
    let wire = Wire::to(nats.address()).await.unwrap();
    let url = format!("nats://admin:p-admin@{}", wire.address());
    let system = System::start(&["--nats", &url, "--nats-monitor", &nats.monitor_url()]).await.unwrap();
    register(&system).await;
    let outsider = Outsider::listening(&system, Some(&nats)).await;
    let mut world = World { system: Arc::new(RwLock::new(system)), nats: Some(nats), wire };
    let load = Load::start(&mut chance, &world.system);
    let mut acks_wanted = 0;
    let mut struck: BTreeMap<Fault, u64> = BTreeMap::new();
    for count in 0..faults {
        let place = if count < ALL.len() as u64 { count } else { chance.below(ALL.len() as u64) };
        let fault = ALL[usize::try_from(place).unwrap()];
        *struck.entry(fault).or_default() += 1;
        acks_wanted += u64::from(fault == Fault::LoseAcks);
        strike(&mut world, &load.history, fault, &mut chance).await;
        // after every fault it goes on by itself
        let wanted = load.history.acknowledged() + 20;
        wait_for(|| load.history.acknowledged() >= wanted, SETTLE_WAIT, &format!("seed {seed}: nothing is acknowledged after {fault:?}, number {count}")).await;
    }
    assert!(world.wire.acks_lost() >= acks_wanted, "seed {seed}: {} acknowledgements were lost, not {acks_wanted}", world.wire.acks_lost());
    let history = load.stop().await;
    let mut system = Arc::into_inner(world.system).unwrap().into_inner();
    let came_to = check(Run { system: &system, nats: world.nats.as_ref(), history: &history, outsider, seed }).await;
    tell(seed, &format!("{struck:?}, {came_to}"));
    system.stop().unwrap();
}

/// Lets one fault happen, and ends it.
async fn strike(world: &mut World, history: &History, fault: Fault, chance: &mut Chance) {
    let a_while = Duration::from_millis(200 + chance.below(2000));
    match fault {
        Fault::LoseAcks => {
            let wanted = world.wire.acks_lost() + 1;
            world.wire.lose_acks(1);
            wait_for(|| world.wire.acks_lost() >= wanted, SETTLE_WAIT, "no acknowledgement came by").await;
        }
        Fault::Cut => world.wire.cut(),
        Fault::Slow => {
            world.wire.slow(Duration::from_millis(50));
            tokio::time::sleep(a_while).await;
            world.wire.free();
        }
        Fault::Hold => {
            world.wire.hold();
            tokio::time::sleep(a_while).await;
            world.wire.free();
        }
        Fault::FreezeProgram => freeze(world.system.read().await.pid().unwrap(), a_while).await,
        Fault::FreezeNats => freeze(world.nats.as_ref().unwrap().pid(), a_while).await,
        Fault::KillProgram => {
            let mut running = kill(&world.system).await;
            running.begin().await.unwrap();
        }
        Fault::KillNats => world.restart_nats().await,
        Fault::FullDisk => {
            let pid = process(world.nats.as_ref().unwrap().pid());
            let none = Rlimit { current: Some(0), maximum: Some(u64::MAX >> 1) };
            prlimit(Some(pid), Resource::Fsize, none).unwrap();
            tokio::time::sleep(a_while).await;
            // it does strike: nothing goes onto the disk, and no more is acknowledged than what was there and is asked for again
            let before = history.acknowledged();
            tokio::time::sleep(a_while).await;
            let since = history.acknowledged() - before;
            assert!(since <= ASKED_AGAIN_MAX, "{since} acknowledged by a nats-server whose files may not grow");
            // nats-server stops using a disk that refused: an operator makes room and starts it again
            world.restart_nats().await;
        }
    }
}

impl World {
    async fn restart_nats(&mut self) {
        let stopped = self.nats.take().unwrap().stop_for_restart();
        self.nats = Some(stopped.start().await.unwrap());
    }
}

fn process(pid: u32) -> Pid {
    Pid::from_raw(i32::try_from(pid).unwrap()).unwrap()
}

/// Stops a process in its tracks and lets it go on later, as a machine that sleeps.
async fn freeze(pid: u32, a_while: Duration) {
    kill_process(process(pid), Signal::STOP).unwrap();
    tokio::time::sleep(a_while).await;
    kill_process(process(pid), Signal::CONT).unwrap();
}
