//! B7: everybody is under orders and nobody is checked: how long from the first alert until all are raised?

use std::time::{Duration, Instant};

use anyhow::ensure;

use crate::Options;
use crate::figures::{Figure, Target, median};
use crate::system::System;
use crate::town::Town;

/// Orders whose check of the morning is due at the same time.
const ORDERS: usize = 20_000;
const COMMUNITIES: usize = 16;
/// Hours before the check of the morning is overdue, at the speed of life: time enough to found the town.
const FOUNDED_AT: &str = "2020-02-06T06:30:00+08:00@1";
const FROM: &str = "2020-02-06";
/// Twenty minutes a second: the morning's checks are overdue soon, and the evening's not before those are told.
const TOWARDS_NOON: &str = "2020-02-06T06:30:00+08:00@1200";
/// Longest wait for the first alert and for the last.
const PATIENCE: Duration = Duration::from_secs(120);
const LOOK_PAUSE: Duration = Duration::from_millis(20);

pub(super) async fn measure(options: Options) -> anyhow::Result<Vec<Figure>> {
    let town = Town { communities: COMMUNITIES, households: (ORDERS / COMMUNITIES).min(options.doors) };
    let orders = (town.communities * town.households) as u64;
    let mut took = Vec::new();
    for _ in 0..options.runs {
        let mut system = System::start_at(&options.program, Some(FOUNDED_AT.to_owned())).await?;
        system.found(town).await?;
        for community in 0..town.communities {
            system.send(community, &town.orders(FROM).collect::<Vec<_>>()).await?;
        }
        system.settled().await?;
        let founded = system.sequence().await?;
        system.restart_at(TOWARDS_NOON.to_owned()).await?;
        let first = reached(&system, founded + 1).await?;
        took.push(reached(&system, founded + orders).await?.duration_since(first).as_secs_f64());
    }
    Ok(vec![Figure {
        name: "B7",
        what: format!("{orders} checks overdue at once, all raised"),
        value: median(took),
        unit: "s",
        ceiling: None,
        targets: vec![Target::AtMost(10.0)],
    }])
}

/// When the log came to a sequence: nothing else is recorded meanwhile than alerts.
async fn reached(system: &System, sequence: u64) -> anyhow::Result<Instant> {
    let began = Instant::now();
    while system.sequence().await? < sequence {
        ensure!(began.elapsed() < PATIENCE, "not all alerts were raised: the log is at {} instead of {sequence}", system.sequence().await?);
        tokio::time::sleep(LOOK_PAUSE).await;
    }
    Ok(Instant::now())
}
