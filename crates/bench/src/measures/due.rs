//! B7: everybody is under an order, and time brings what is due: a few of a hundred thousand checks, and then a fifth of them at once.

use std::time::{Duration, Instant};

use anyhow::ensure;

use crate::Options;
use crate::figures::{Figure, Target, median};
use crate::progress::Phases;
use crate::system::{Spent, System};
use crate::town::Town;

/// The communities of a town, and the orders in each: 100,000 in all.
const COMMUNITIES: usize = 34;
const ORDERS: usize = 2_942;
/// Orders, all in one community, whose check is due by itself.
const FEW: usize = 100;
/// Communities in which all other checks are due at noon: 20,000 of them. In the others they are due in the evening.
const AT_NOON: std::ops::RangeInclusive<usize> = 1..=7;
/// Before anything is due, at the speed of life: time enough to found the town.
const FOUNDED_AT: &str = "2020-02-06T06:30:00+08:00@1";
const FROM: &str = "2020-02-06";
/// Half an hour, the grace, after ten and after noon, less a few seconds to begin in.
const BEFORE_TEN: &str = "2020-02-06T10:29:50+08:00@1";
const BEFORE_NOON: &str = "2020-02-06T12:29:55+08:00@1";
/// When a check is due, by the regime of its order.
const REGIMES: [(&str, &str); 3] = [("ten", "10:00"), ("noon", "12:00"), ("evening", "20:00")];
/// Longest wait for the first alert and for the last.
const PATIENCE: Duration = Duration::from_secs(120);
const LOOK_PAUSE: Duration = Duration::from_millis(20);
/// Orders with which figures are held against their targets.
const TARGET_ORDERS: usize = 100_000;
/// How long nothing is judged once all is.
const REST: Duration = Duration::from_secs(1);

pub(super) async fn measure(options: Options, phases: &Phases) -> anyhow::Result<Vec<Figure>> {
    let town = Town { communities: COMMUNITIES, households: ORDERS.min(options.doors) };
    let few = FEW.min(town.households);
    let many = AT_NOON.count() * town.households;
    let (mut look_ms, mut few_ms, mut many_s) = (Vec::new(), Vec::new(), Vec::new());
    for run in 0..options.runs {
        phases.run(run, options.runs, "founding the town");
        let mut system = System::start_at(&options.program, Some(FOUNDED_AT.to_owned())).await?;
        found(&system, town, few).await?;
        phases.run(run, options.runs, "a few checks due");
        let spent = judging(&mut system, few as u64).await?;
        look_ms.push(spent.due_ms);
        few_ms.push(spent.judging_ms);
        phases.run(run, options.runs, "many checks due");
        many_s.push(raising_s(&mut system, many as u64).await?);
    }
    let open = town.communities * town.households;
    // what fewer orders cost proves nothing of many
    let full_size = open >= TARGET_ORDERS;
    let figure =
        |what: String, value, unit, targets| Figure { name: "B7", what, value, unit, ceiling: None, targets: if full_size { targets } else { Vec::new() } };
    Ok(vec![
        figure(format!("{few} of {open} checks due: the look that finds them"), median(look_ms), "ms", vec![Target::AtMost(5.0)]),
        figure("the same, and judged again once their alerts stand on the log".to_owned(), median(few_ms), "ms", Vec::new()),
        figure(format!("{many} of {open} checks overdue at once, all raised"), median(many_s), "s", vec![Target::AtMost(10.0)]),
    ])
}

/// Founds the town, and puts everybody under an order of the regime that says when they are due.
async fn found(system: &System, town: Town, few: usize) -> anyhow::Result<()> {
    system.found(town).await?;
    for community in 0..town.communities {
        let others = if AT_NOON.contains(&community) { "noon" } else { "evening" };
        let regime = |household| if community == 0 && household < few { "ten" } else { others };
        system.send(community, &[Town::regimes(FROM, &REGIMES)]).await?;
        system.send(community, &town.orders(FROM, regime).collect::<Vec<_>>()).await?;
    }
    system.settled().await?;
    // a new policy is a reason to judge everything once more
    at_rest(system).await.map(drop)
}

/// How long alerting judges until a few are raised and nothing is judged any more.
async fn judging(system: &mut System, few: u64) -> anyhow::Result<Spent> {
    let founded = system.sequence().await?;
    system.restart_at(BEFORE_TEN.to_owned()).await?;
    // the first look, at the start, reads what is owed from the disk
    let before = at_rest(system).await?;
    ensure!(system.sequence().await? == founded, "something was due before its time");
    reached(system, founded + few).await?;
    system.settled().await?;
    let after = at_rest(system).await?;
    Ok(Spent { due_ms: after.due_ms - before.due_ms, judging_ms: after.judging_ms - before.judging_ms })
}

/// Seconds from the first alert of many until the last.
async fn raising_s(system: &mut System, many: u64) -> anyhow::Result<f64> {
    let before = system.sequence().await?;
    system.restart_at(BEFORE_NOON.to_owned()).await?;
    let first = reached(system, before + 1).await?;
    Ok(reached(system, before + many).await?.duration_since(first).as_secs_f64())
}

/// How long alerting has judged once it has nothing to judge any more.
async fn at_rest(system: &System) -> anyhow::Result<Spent> {
    let (began, mut looked) = (Instant::now(), system.spent().await?);
    loop {
        tokio::time::sleep(REST).await;
        let again = system.spent().await?;
        if looked == again && again.judging_ms > 0.0 {
            return Ok(again);
        }
        looked = again;
        ensure!(began.elapsed() < PATIENCE, "alerting does not come to rest");
    }
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
