//! B4: one client, one command after the other, on a system that has nothing else to do.

use super::posts::WARM_TIME;
use crate::Options;
use crate::figures::{Ceiling, Figure, Target, median};
use crate::load::{Load, Sent};
use crate::progress::Phases;
use crate::raw::Raw;
use crate::system::System;

pub(super) async fn measure(options: Options, phases: &Phases) -> anyhow::Result<Vec<Figure>> {
    let town = options.town();
    phases.next("founding the town");
    let system = System::start(&options.program).await?;
    system.found(town).await?;
    let mut waits = Vec::new();
    for run in 0..options.runs {
        phases.run(run, options.runs, "one client");
        let load = Load {
            address: system.address().to_owned(),
            token: system.token().to_owned(),
            sent: Sent::Visits { town, lines_per_request: 1, first: 0 },
            connections: 1,
            rate: None,
            warm_time: WARM_TIME,
            load_time: options.load_time,
        };
        waits.push(load.run(&options.program).await?.p50_ms);
        system.settled().await?;
    }
    drop(system);
    phases.next("a durable publish without us");
    let mut raw = Raw::start(&options.nats_subcommand).await?;
    let ceiling = raw.single_p50_ms(options.load_time).await?;
    raw.stop().await?;
    Ok(vec![Figure {
        name: "B4",
        what: "post to answer, p50".to_owned(),
        value: median(waits),
        unit: "ms",
        ceiling: Some(Ceiling { what: "one durable publish, p50".to_owned(), value: ceiling }),
        targets: vec![Target::RatioAtMost(2.5)],
    }])
}
