//! `gridward bench`: how fast it is on this machine, beside what the machine could do at all.

use std::{
    io::IsTerminal as _,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bench::{Step, Told};
use clap::{Args, Subcommand, builder::PossibleValuesParser};
use indicatif::{ProgressBar, ProgressStyle};

use super::Global;
use crate::{
    NATS_SUBCOMMAND,
    exit::{Done, data, talk},
};

/// How often a bar is drawn while its phase lasts: it tells the time.
const BAR_EVERY: Duration = Duration::from_secs(1);

/// What is measured, and for how long.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    figures: Figures,
}

#[derive(Subcommand)]
enum Command {
    /// Hold what a whole country sends on an average day (B10)
    Country {
        /// For how long, in seconds
        #[arg(long, default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..))]
        seconds: u64,
        /// Commands a second: 3,500 towns
        #[arg(long, default_value_t = 10_400)]
        rate: u32,
        /// Commands in one request
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=500))]
        lines: u16,
        /// Doors in each of the 16 communities of the measured town
        #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u16).range(1..))]
        doors: u16,
    },
}

/// Which figures.
#[derive(Args)]
struct Figures {
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
    let Arguments { command, figures } = arguments;
    let mut options = bench::Options {
        program: std::env::current_exe()?,
        only: figures.only,
        load_time: Duration::from_secs(figures.seconds),
        runs: figures.runs.into(),
        history: figures.history,
        doors: figures.doors.into(),
        nats_subcommand: NATS_SUBCOMMAND.to_owned(),
        told: if !global.json() && std::io::stderr().is_terminal() { bars() } else { lines() },
    };
    let report = match command {
        None => bench::run(&options).await?,
        Some(Command::Country { seconds, rate, lines, doors }) => {
            (options.load_time, options.doors) = (Duration::from_secs(seconds), doors.into());
            bench::run_country(&options, bench::Country { commands_per_second: rate.into(), lines_per_request: lines.into() }).await?
        }
    };
    if global.json() {
        data(serde_json::to_string(&report)?);
    } else {
        data(report);
    }
    Ok(())
}

/// A line for each figure.
fn lines() -> Told {
    Arc::new(|step| {
        if let Step::Figure { name, what, .. } = step {
            talk(format_args!("{name}: {what}"));
        }
    })
}

/// A bar for each figure, with the phase it is in.
fn bars() -> Told {
    let style = ProgressStyle::with_template("{prefix} {bar:24} {pos}/{len} {elapsed} {wide_msg}").unwrap_or(ProgressStyle::default_bar());
    let bar = Mutex::new(ProgressBar::hidden());
    Arc::new(move |step| {
        let mut bar = bar.lock().unwrap_or_else(PoisonError::into_inner);
        match step {
            Step::Figure { name, what, phases } => {
                *bar = ProgressBar::new(phases as u64).with_style(style.clone()).with_prefix(name.to_owned()).with_message(what.to_owned());
                bar.enable_steady_tick(BAR_EVERY);
            }
            Step::Phase { number, what } => {
                bar.set_position(number as u64 - 1);
                bar.set_message(what.to_owned());
            }
            Step::Done => {
                bar.finish_with_message("done");
                // it stays, and what comes next begins a line
                talk("");
            }
        }
    })
}
