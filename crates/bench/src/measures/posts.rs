//! B1: single-command posts on many connections. The clock runs until the last of them is folded and judged.

use std::time::{Duration, Instant};

use crate::Options;
use crate::figures::{Ceiling, Figure, Target, median};
use crate::load::{Load, Sent};
use crate::progress::Phases;
use crate::raw::{POSTGRES, SKETCH, handler_rate, sketch, transactions_per_second};
use crate::system::System;

const CONNECTIONS: usize = 256;
/// With fewer connections it is the wait that counts.
const CONNECTIONS_FOR_LATENCY: usize = 64;
pub(crate) const WARM_TIME: Duration = Duration::from_secs(2);

pub(super) async fn measure(options: Options, phases: &Phases) -> anyhow::Result<Vec<Figure>> {
    let town = options.town();
    phases.next("founding the town");
    let system = System::start(&options.program).await?;
    system.found(town).await?;
    let load = Load {
        address: system.address().to_owned(),
        token: system.token().to_owned(),
        sent: Sent::Visits { town, lines_per_request: 1, first: 0 },
        connections: CONNECTIONS,
        rate: None,
        warm_time: WARM_TIME,
        load_time: options.load_time,
    };
    let (mut rates, mut waits) = (Vec::new(), Vec::new());
    for run in 0..options.runs {
        phases.run(run, options.runs, "256 connections");
        let (before, began) = (system.sequence().await?, Instant::now());
        load.run(&options.program).await?;
        system.settled().await?;
        // the warm part counts too: what it left to fold is folded within this time
        rates.push((system.sequence().await? - before) as f64 / began.elapsed().as_secs_f64());
        phases.run(run, options.runs, "64 connections");
        let few = Load { connections: CONNECTIONS_FOR_LATENCY, ..load.clone() };
        waits.push(few.run(&options.program).await?.p99_ms);
        system.settled().await?;
    }
    drop(system);
    let rate = median(rates);
    let figure =
        |what: &str, value, unit, ceiling, targets: &[Target]| Figure { name: "B1", what: what.to_owned(), value, unit, ceiling, targets: targets.to_vec() };
    phases.next("a handler that does nothing");
    let nothing = handler_rate(&load, &options.program).await?;
    phases.next("posts that are appended and read");
    let many = sketch(&load, &options.program, &options.nats_subcommand).await?;
    let few = Load { connections: CONNECTIONS_FOR_LATENCY, ..load.clone() };
    let few = sketch(&few, &options.program, &options.nats_subcommand).await?;
    phases.next("PostgreSQL");
    let postgres = transactions_per_second(options.load_time.as_secs().max(1))?;
    let posts = "posts on 256 connections";
    let ceiling = |what: &str, value| Some(Ceiling { what: what.to_owned(), value });
    Ok(vec![
        figure(posts, rate, "/s", ceiling("a handler that does nothing", nothing), &[Target::AtLeast(22_000.0)]),
        figure(posts, rate, "/s", ceiling(SKETCH, many.rate), &[]),
        figure(posts, rate, "/s", postgres.and_then(|value| ceiling(POSTGRES, value)), &[Target::RatioAtLeast(2.5)]),
        figure("p99 on 64 connections", median(waits), "ms", ceiling(SKETCH, few.p99_ms), &[Target::AtMost(15.0)]),
    ])
}
