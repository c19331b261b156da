//! B5: the stores of projection and alerting are deleted, and the system is started: how long until it is ready?

use crate::Options;
use crate::figures::{Ceiling, Figure, Target, median};
use crate::progress::Phases;
use crate::raw::Raw;
use crate::system::System;

/// Visits on the log, on top of what the town takes.
const VISITS: usize = 300_000;

pub(super) async fn measure(options: Options, phases: &Phases) -> anyhow::Result<Vec<Figure>> {
    let town = options.town();
    phases.next("founding the town");
    let mut system = System::start(&options.program).await?;
    system.found(town).await?;
    phases.next("filling the log");
    system.fill(town, 0, VISITS).await?;
    let commits = system.sequence().await?;
    let mut rates = Vec::new();
    for run in 0..options.runs {
        phases.run(run, options.runs, "rebuild");
        let took = system
            .restart(|data| {
                std::fs::remove_dir_all(data.join("stores/projection"))?;
                std::fs::remove_dir_all(data.join("stores/alerting"))
            })
            .await?;
        rates.push(commits as f64 / took.as_secs_f64());
    }
    drop(system);
    phases.next("an ordered read without us");
    let mut raw = Raw::start(&options.nats_subcommand).await?;
    let ceiling = raw.read_per_second(commits).await?;
    raw.stop().await?;
    Ok(vec![Figure {
        name: "B5",
        what: "rebuild, from the start until ready".to_owned(),
        value: median(rates),
        unit: "commits/s",
        ceiling: Some(Ceiling { what: "an ordered read".to_owned(), value: ceiling }),
        targets: vec![Target::AtLeast(100_000.0), Target::RatioAtLeast(0.4)],
    }])
}
