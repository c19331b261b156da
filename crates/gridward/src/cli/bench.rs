//! `gridward bench`: how fast it is on this machine, beside what the machine could do at all.

use std::time::Duration;

use clap::{Args, builder::PossibleValuesParser};

use super::Global;
use crate::{
    NATS_SUBCOMMAND,
    exit::{Done, data, talk},
};

/// What is measured, and for how long.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Only these figures, such as B1,B4
    #[arg(long, value_delimiter = ',', ignore_case = true, value_parser = PossibleValuesParser::new(bench::NAMES))]
    only: Vec<String>,
    /// How long each load lasts, in seconds
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
    /// How often each is measured; the median counts
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..))]
    runs: u16,
    /// Commits of the long history over which reads are measured
    #[arg(long, default_value_t = 1_000_000)]
    history: usize,
    /// Doors in each of the 16 communities of the measured town
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u16).range(1..))]
    doors: u16,
}

/// Measures, in folders beside the working directory that are removed again: it is to be on the disk that is to be measured.
pub(crate) async fn run(global: &Global, arguments: Arguments) -> Done {
    let options = bench::Options {
        program: std::env::current_exe()?,
        only: arguments.only,
        load_time: Duration::from_secs(arguments.seconds),
        runs: arguments.runs.into(),
        history: arguments.history,
        doors: arguments.doors.into(),
        nats_subcommand: NATS_SUBCOMMAND.to_owned(),
    };
    let report = bench::run(&options, |step| talk(format_args!("{step}"))).await?;
    if global.json() {
        data(serde_json::to_string(&report)?);
    } else {
        data(report);
    }
    Ok(())
}
