//! B9: whether a commit costs more behind a long history, and with many communities: on the wall, and of the processors, for one that waits for the
//! disk would not show it on the wall.

use std::time::Instant;

use super::lines::CONNECTIONS;
use super::posts::WARM_TIME;
use crate::Options;
use crate::figures::{Ceiling, Figure, Target, median};
use crate::load::{Load, Sent};
use crate::progress::Phases;
use crate::system::System;
use crate::town::Town;

const COMMUNITIES_MANY: usize = 1000;

pub(super) async fn measure(options: Options, phases: &Phases) -> anyhow::Result<Vec<Figure>> {
    let town = options.town();
    let (spread, lines) = spread(town);
    phases.next("founding 16 communities");
    let few = System::start(&options.program).await?;
    few.found(town).await?;
    phases.next("behind the founding");
    let short = cost(&few, &options, (town, lines)).await?;
    phases.next("filling a long history");
    few.fill(town, 0, options.history).await?;
    phases.next("behind it");
    let long = cost(&few, &options, (town, lines)).await?;
    drop(few);
    phases.next("founding many communities");
    let many = System::start(&options.program).await?;
    many.found(spread).await?;
    phases.next("with many communities");
    let spread_cost = cost(&many, &options, (spread, lines)).await?;
    let figure = |what: String, value, than: &str, ceiling, most| Figure {
        name: "B9",
        what,
        value,
        unit: "us/commit",
        ceiling: Some(Ceiling { what: than.to_owned(), value: ceiling }),
        targets: vec![Target::RatioAtMost(most)],
    };
    let figures = |what: String, cost: Cost, than: &str, most| {
        [
            figure(what.clone(), cost.wall_us, than, short.wall_us, most),
            figure(format!("{what}, of the processors"), cost.processors_us, than, short.processors_us, most),
        ]
    };
    let behind = figures(format!("cost behind {} commits", options.history), long, "behind the founding", 1.2);
    let among = figures(format!("cost with {COMMUNITIES_MANY} communities"), spread_cost, "with 16", 1.3);
    Ok(behind.into_iter().chain(among).collect())
}

/// What a commit costs.
#[derive(Clone, Copy)]
struct Cost {
    /// From the first request until the last commit is folded and judged, per commit.
    wall_us: f64,
    /// What the services and their nats-server used of the processors meanwhile, per commit.
    processors_us: f64,
}

/// As many doors in many communities, and the lines of a request for both: as many as one of these communities has doors. So a request is of one
/// community and goes to each of its doors once, here and there, and as many requests later there again.
pub(crate) fn spread(town: Town) -> (Town, usize) {
    let households = (town.communities * town.households).div_ceil(COMMUNITIES_MANY);
    (Town { communities: COMMUNITIES_MANY, households }, households)
}

async fn cost(system: &System, options: &Options, (town, lines_per_request): (Town, usize)) -> anyhow::Result<Cost> {
    let load = Load {
        address: system.address().to_owned(),
        token: system.token().to_owned(),
        sent: Sent::Visits { town, lines_per_request, first: 0 },
        connections: CONNECTIONS,
        rate: None,
        warm_time: WARM_TIME,
        load_time: options.load_time,
    };
    let (mut wall, mut processors) = (Vec::new(), Vec::new());
    for _ in 0..options.runs {
        let (before, used, began) = (system.sequence().await?, system.processor_time()?, Instant::now());
        load.run(&options.program).await?;
        system.settled().await?;
        let commits = (system.sequence().await? - before) as f64;
        wall.push(began.elapsed().as_secs_f64() * 1e6 / commits);
        processors.push((system.processor_time()? - used).as_secs_f64() * 1e6 / commits);
    }
    Ok(Cost { wall_us: median(wall), processors_us: median(processors) })
}
