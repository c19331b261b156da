//! How fast it is, on this machine, beside what the machine could do at all.
//!
//! Every figure is made by an outsider: a system started as its operator starts it, requests over HTTP from a process of their own, a
//! topic read by a foreign client. Each stands beside a raw ceiling that was measured in the same run, and the ratio is what counts:
//! machines differ, and a ratio says how much of one is ours.
//!
//! | room | what is in it |
//! |---|---|
//! | `measures` | one file a figure: what it loads, what it waits for, what it is compared with |
//! | `raw` | the ceilings: durable appends, an ordered read, a handler that does nothing, PostgreSQL |
//! | `load` | the load, as a process of its own |
//! | `system` | the system under test |
//! | `town` | who lives there, and what is said of them |
//! | `progress` | what a measurement is at |
//! | `figures`, `machine`, `report` | a figure beside its ceiling, on what it was made, the table and the JSON |

mod figures;
mod load;
mod machine;
mod measures;
mod progress;
mod raw;
mod report;
mod system;
mod town;

use std::path::PathBuf;
use std::time::Duration;

use progress::Phases;

pub use figures::{Figure, Target};
pub use load::{LOAD_SUBCOMMAND, load_main};
pub use measures::NAMES;
pub use progress::{Step, Told};
pub use report::Report;

/// What is measured, and for how long.
#[derive(Clone)]
pub struct Options {
    /// The program under test.
    pub program: PathBuf,
    /// Which figures, such as `B1`; all when empty.
    pub only: Vec<String>,
    /// How long each load lasts, once warm.
    pub load_time: Duration,
    /// How often each is measured; the median counts.
    pub runs: usize,
    /// Commits of the long history.
    pub history: usize,
    /// Doors in each community of the measured town.
    pub doors: usize,
    /// Hidden subcommand under which this program becomes the guardian of nats-server.
    pub nats_subcommand: String,
    /// Is told what is measured.
    pub told: Told,
}

impl Options {
    /// The measured town: as many communities as the urban part of Dianbu has.
    pub(crate) fn town(&self) -> town::Town {
        town::Town { communities: 16, households: self.doors }
    }
}

/// What a whole country sends (quality.md B10): 3,500 towns like Dianbu, whose 400,000 people make about 150,000 records a day and more
/// on the days of a round.
#[derive(Clone, Copy, Debug)]
pub struct Country {
    /// Commands a second.
    pub commands_per_second: f64,
    /// Commands in one request: what a gate or a phone sends at once.
    pub lines_per_request: usize,
}

/// Measures how the mean of a whole country is held for as long as one load lasts.
///
/// # Errors
/// As [`run`].
pub async fn run_country(options: &Options, country: Country) -> anyhow::Result<Report> {
    let what = format!("{} commands a second for {} s", country.commands_per_second, options.load_time.as_secs());
    let phases = Phases::begin(&options.told, ("B10", &what), measures::country::PHASES);
    let figures = measures::country::measure(options.clone(), country, &phases).await?;
    phases.end();
    Ok(Report { machine: machine::describe()?, load_seconds: options.load_time.as_secs(), runs: 1, figures })
}

/// Measures.
///
/// # Errors
/// When a system does not start, or answers something else than it should. No figure is made up for what failed.
pub async fn run(options: &Options) -> anyhow::Result<Report> {
    let mut figures = Vec::new();
    for measure in measures::all() {
        if options.only.is_empty() || options.only.iter().any(|wanted| wanted.eq_ignore_ascii_case(measure.name)) {
            let phases = Phases::begin(&options.told, (measure.name, measure.what), (measure.phases)(options.runs));
            figures.extend((measure.measure)(options, &phases).await?);
            phases.end();
        }
    }
    Ok(Report { machine: machine::describe()?, load_seconds: options.load_time.as_secs(), runs: options.runs, figures })
}
