//! B10: what a whole country sends on an average day, for as long as it is asked: does it keep up, and how late are its alerts?

use std::time::{Duration, Instant};

use super::alert::{quantile_ms, waits};
use super::posts::WARM_TIME;
use crate::figures::{Figure, Target};
use crate::load::{Load, Sent};
use crate::progress::Phases;
use crate::system::{Heads, System};
use crate::{Country, Options};

/// Phones and gates that send at the same time.
const CONNECTIONS: usize = 64;
/// How often it is looked how far the folds are.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// What of the rate must have been recorded for it to count as sustained: the last requests are still on their way when it ends.
const SUSTAINED: f64 = 0.99;

/// It has so many phases.
pub(crate) const PHASES: usize = 2;

pub(crate) async fn measure(options: Options, country: Country, phases: &Phases) -> anyhow::Result<Vec<Figure>> {
    let town = options.town();
    phases.next("founding the town");
    let system = System::start(&options.program).await?;
    system.found(town).await?;
    let load = Load {
        address: system.address().to_owned(),
        token: system.token().to_owned(),
        sent: Sent::Visits { town, lines_per_request: country.lines_per_request, first: 0 },
        connections: CONNECTIONS,
        rate: Some(country.commands_per_second / country.lines_per_request as f64),
        warm_time: WARM_TIME,
        load_time: options.load_time,
    };
    // one fever to a building: of each the first message is waited for
    let fevers = u32::try_from(town.communities * town.buildings())?;
    let fever_every = (options.load_time / fevers).max(Duration::from_millis(50));
    phases.next("the load of a country");
    let (told, waits, lag) =
        tokio::try_join!(load.run(&options.program), waits(&system, town, options.load_time, fever_every), lag(&system, options.load_time))?;
    system.settled().await?;
    let rate = told.done as f64 / told.took.as_secs_f64();
    let figure = |what: String, value, unit, target| Figure { name: "B10", what, value, unit, ceiling: None, targets: vec![target] };
    let for_s = options.load_time.as_secs();
    Ok(vec![
        figure(format!("a country's mean for {for_s} s, commands"), rate, "/s", Target::AtLeast(country.commands_per_second * SUSTAINED)),
        figure("p99 of its answers".to_owned(), told.p99_ms, "ms", Target::AtMost(1000.0)),
        figure(format!("p99 from fever to message, of {}", waits.len()), quantile_ms(&waits, 0.99), "ms", Target::AtMost(1000.0)),
        figure("longest lag of a fold".to_owned(), lag.as_secs_f64(), "s", Target::AtMost(2.0)),
    ])
}

/// The longest time by which the slower of the folds was behind the log, as seen from outside.
async fn lag(system: &System, load_time: Duration) -> anyhow::Result<Duration> {
    let (began, mut longest, mut heads) = (Instant::now(), Duration::ZERO, Vec::<(Instant, f64)>::new());
    let mut looks = tokio::time::interval(LOOK_EVERY);
    while began.elapsed() < load_time + WARM_TIME {
        looks.tick().await;
        let Heads { log, folded } = system.heads().await?;
        let now = Instant::now();
        heads.push((now, log));
        // what is folded by now is behind us
        heads.retain(|(_, head)| *head > folded);
        longest = longest.max(heads.first().map_or(Duration::ZERO, |(since, _)| now - *since));
    }
    Ok(longest)
}
