//! B6: what people look at, over a short and a long history, and the memory that it took (B8).

use std::time::Duration;

use super::posts::WARM_TIME;
use crate::Options;
use crate::figures::{Ceiling, Figure, Target, median};
use crate::load::{Load, Sent};
use crate::progress::Phases;
use crate::system::System;
use crate::town::{DOORS_PER_BUILDING, Town};

const SHORT_HISTORY: usize = 100_000;
/// Reads a second: more than an office and all its phones ask for.
const RATE: f64 = 500.0;
const CONNECTIONS: usize = 8;
/// A layer of rows has gone to the disk by then: what is read is a history, and not the end of its filling.
const LAYERS_TIME: Duration = Duration::from_secs(15);
/// Commits, and people, behind which figures are held against their targets: a short history proves nothing of a long one.
const TARGET_HISTORY: usize = 10_000_000;
const TARGET_PEOPLE: usize = 400_000;
/// What services keep at hand for those who come again soon, they let go in a calm minute.
const REST: Duration = Duration::from_secs(130);

/// What is read in a community about its `n`-th door.
type Path = fn(usize, usize) -> String;

pub(super) async fn measure(options: Options, phases: &Phases) -> anyhow::Result<Vec<Figure>> {
    let town = options.town();
    phases.next("founding the town");
    let system = System::start(&options.program).await?;
    system.found(town).await?;
    phases.next("filling a short history");
    system.fill(town, 0, SHORT_HISTORY).await?;
    tokio::time::sleep(LAYERS_TIME).await;
    let mut figures = Vec::new();
    let paths: [(&str, Path); 3] = [
        ("board", |c, _| format!("/api/v1/communities/{}/buildings?limit=200", Town::community(c))),
        ("building", |c, n| format!("/api/v1/communities/{}/buildings/b{}", Town::community(c), n / DOORS_PER_BUILDING)),
        ("household", |c, n| format!("/api/v1/communities/{}/households/h{n}", Town::community(c))),
    ];
    let mut short = Vec::new();
    for (what, path) in paths {
        phases.next(&format!("{what}, short history"));
        short.push(p99(&system, &options, path).await?);
    }
    phases.next("filling a long history");
    system.fill(town, SHORT_HISTORY, options.history.saturating_sub(SHORT_HISTORY)).await?;
    tokio::time::sleep(LAYERS_TIME).await;
    let people = town.communities * town.households;
    let full_size = options.history >= TARGET_HISTORY && people >= TARGET_PEOPLE;
    let targets = |targets: &[Target]| if full_size { targets.to_vec() } else { Vec::new() };
    for ((what, path), short) in paths.into_iter().zip(short) {
        phases.next(&format!("{what}, long history"));
        let long = p99(&system, &options, path).await?;
        figures.push(Figure {
            name: "B6",
            what: format!("{what}, p99, {} commits", options.history),
            value: long,
            unit: "ms",
            ceiling: Some(Ceiling { what: format!("{SHORT_HISTORY} commits"), value: short }),
            targets: targets(&[Target::AtMost(5.0), Target::RatioAtMost(1.2)]),
        });
    }
    phases.next("at rest");
    tokio::time::sleep(REST).await;
    figures.push(Figure {
        name: "B8",
        what: format!("memory of the services at rest, {} commits, {} people", options.history, people),
        value: system.memory_mib()?,
        unit: "MiB",
        ceiling: None,
        targets: targets(&[Target::AtMost(1024.0)]),
    });
    Ok(figures)
}

async fn p99(system: &System, options: &Options, path: Path) -> anyhow::Result<f64> {
    let town = options.town();
    let paths = (0..town.households).flat_map(|n| (0..town.communities).map(move |c| path(c, n))).collect();
    let load = Load {
        address: system.address().to_owned(),
        token: system.token().to_owned(),
        sent: Sent::Reads(paths),
        connections: CONNECTIONS,
        rate: Some(RATE),
        warm_time: WARM_TIME,
        load_time: options.load_time,
    };
    let mut waits = Vec::new();
    for _ in 0..options.runs {
        waits.push(load.run(&options.program).await?.p99_ms);
    }
    Ok(median(waits))
}
