//! B9: whether a commit costs more behind a long history, and with many communities.

use std::time::Instant;

use super::lines::{CONNECTIONS, LINES_PER_REQUEST};
use super::posts::WARM_TIME;
use crate::Options;
use crate::figures::{Ceiling, Figure, Target, median};
use crate::load::{Load, Sent};
use crate::system::System;
use crate::town::Town;

const COMMUNITIES_MANY: usize = 1000;

pub(super) async fn measure(options: Options) -> anyhow::Result<Vec<Figure>> {
    let town = options.town();
    let few = System::start(&options.program).await?;
    few.found(town).await?;
    let short = cost_us(&few, &options, town).await?;
    few.fill(town, 0, options.history).await?;
    let long = cost_us(&few, &options, town).await?;
    drop(few);
    // as many doors as before, in more communities
    let spread = Town { communities: COMMUNITIES_MANY, households: (town.communities * town.households).div_ceil(COMMUNITIES_MANY) };
    let many = System::start(&options.program).await?;
    many.found(spread).await?;
    let spread_cost = cost_us(&many, &options, spread).await?;
    let figure = |what: String, value, than: &str, most| Figure {
        name: "B9",
        what,
        value,
        unit: "us/commit",
        ceiling: Some(Ceiling { what: than.to_owned(), value: short }),
        targets: vec![Target::RatioAtMost(most)],
    };
    Ok(vec![
        figure(format!("cost behind {} commits", options.history), long, "behind the founding", 1.2),
        figure(format!("cost with {COMMUNITIES_MANY} communities"), spread_cost, "with 16", 1.3),
    ])
}

/// Microseconds from the first request until the last commit is folded and judged, per commit.
async fn cost_us(system: &System, options: &Options, town: Town) -> anyhow::Result<f64> {
    let load = Load {
        address: system.address().to_owned(),
        token: system.token().to_owned(),
        sent: Sent::Visits { town, lines_per_request: LINES_PER_REQUEST, first: 0 },
        connections: CONNECTIONS,
        rate: None,
        warm_time: WARM_TIME,
        load_time: options.load_time,
    };
    let mut costs = Vec::new();
    for _ in 0..options.runs {
        let (before, began) = (system.sequence().await?, Instant::now());
        load.run(&options.program).await?;
        system.settled().await?;
        costs.push(began.elapsed().as_secs_f64() * 1e6 / (system.sequence().await? - before) as f64);
    }
    Ok(median(costs))
}
