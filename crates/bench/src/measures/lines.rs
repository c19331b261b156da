//! B2: 500 commands a request, decided line over line. The clock runs until the last of them is folded and judged.

use std::time::Instant;

use super::posts::WARM_TIME;
use crate::Options;
use crate::figures::{Ceiling, Figure, Target, median};
use crate::load::{Load, Sent};
use crate::progress::Phases;
use crate::raw::{RAW_BATCH_MESSAGES, Raw};
use crate::system::System;

const LINES_PER_REQUEST: usize = 500;
/// Enough that a request waits while another is decided.
pub(super) const CONNECTIONS: usize = 4;

pub(super) async fn measure(options: Options, phases: &Phases) -> anyhow::Result<Vec<Figure>> {
    let town = options.town();
    phases.next("founding the town");
    let system = System::start(&options.program).await?;
    system.found(town).await?;
    let load = Load {
        address: system.address().to_owned(),
        token: system.token().to_owned(),
        sent: Sent::Visits { town, lines_per_request: LINES_PER_REQUEST, first: 0 },
        connections: CONNECTIONS,
        rate: None,
        warm_time: WARM_TIME,
        load_time: options.load_time,
    };
    let mut rates = Vec::new();
    for run in 0..options.runs {
        phases.run(run, options.runs, "500 lines a request");
        let (before, began) = (system.sequence().await?, Instant::now());
        load.run(&options.program).await?;
        system.settled().await?;
        rates.push((system.sequence().await? - before) as f64 / began.elapsed().as_secs_f64());
    }
    drop(system);
    phases.next("atomic batches without us");
    let mut raw = Raw::start(&options.nats_subcommand).await?;
    let ceiling = raw.batched_per_second(options.load_time).await?;
    raw.stop().await?;
    Ok(vec![Figure {
        name: "B2",
        what: "lines, 500 a request".to_owned(),
        value: median(rates),
        unit: "/s",
        ceiling: Some(Ceiling { what: format!("atomic batches of {RAW_BATCH_MESSAGES}"), value: ceiling }),
        targets: vec![Target::AtLeast(60_000.0), Target::RatioAtLeast(0.45)],
    }])
}
