//! The demo towns, played through the same door as everybody else's commands: founded, then living by the drill clock.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use anyhow::Context as _;
use demo::{Demo, Intensity, Moment, Scale, Sent};
use domain::values::{TimeOfDay, Timestamp, Zone};
use indicatif::{ProgressBar, ProgressStyle};
use jiff::civil::{Date, date};
use reqwest::header;

use crate::{
    cli::DemoScale,
    clock::{Clock, Drill},
    exit::talk,
};

/// The first day that lives. The towns are founded on its eve.
const FIRST_DAY: Date = date(2020, 2, 6);
/// When the drill clock of the demo begins: after the founding of the eve, so that nothing is owed from before.
const CLOCK_STARTS: &str = "2020-02-05T21:00:00+08:00";
/// A day of the demo takes 24 minutes.
const CLOCK_RATE: f64 = 60.0;
/// Commands sent at once.
const GROUP_MAX: usize = 500;
/// How often the day goes on, in real time.
const TICK: Duration = Duration::from_millis(250);
/// How many more living days there are before the demo comes to rest.
const DAYS_MAX: i32 = 14;

/// The clock of the demo, unless another was asked for.
pub(crate) fn default_clock() -> Drill {
    Drill { start: CLOCK_STARTS.parse().unwrap_or_default(), rate: CLOCK_RATE }
}

/// Plays the demo until the process ends. A restart goes on: what was sent before is a duplicate.
pub(crate) async fn play(server: String, token_file: PathBuf, clock: Clock, scale: DemoScale, seed: u64) {
    let scale = match scale {
        DemoScale::Full => Scale::Full,
        DemoScale::Tenth => Scale::Tenth,
        DemoScale::Tiny => Scale::Tiny,
    };
    let mut player = match Player::new(server, &token_file, clock) {
        Ok(player) => player,
        Err(error) => return tracing::error!(error = %format!("{error:#}"), "the demo cannot play"),
    };
    let demo = Demo::new(seed, scale, FIRST_DAY);
    if let Err(error) = player.play(demo).await {
        tracing::error!(error = %format!("{error:#}"), "the demo stopped playing");
    }
}

struct Player {
    http: reqwest::Client,
    server: String,
    token: String,
    clock: Clock,
    refused: u64,
}

impl Player {
    fn new(server: String, token_file: &std::path::Path, clock: Clock) -> anyhow::Result<Self> {
        let token = std::fs::read_to_string(token_file)?.trim().to_owned();
        Ok(Self { http: reqwest::Client::new(), server, token, clock, refused: 0 })
    }

    async fn play(&mut self, demo: Demo) -> anyhow::Result<()> {
        self.found(demo).await?;
        talk("gridward: the towns are founded and begin to live");
        let mut day = self.today();
        for _ in 0..DAYS_MAX {
            self.live(demo, day).await?;
            day = day.tomorrow()?;
        }
        talk("gridward: the demo's fortnight is over; the towns stay as they are");
        Ok(())
    }

    /// The civil day at which the day's life begins: the first one, or the one at which a restarted demo stands.
    fn today(&self) -> Date {
        let now = Zone::default().day_of(self.clock.now()).to_string();
        now.parse::<Date>().unwrap_or(FIRST_DAY).max(FIRST_DAY)
    }

    async fn found(&mut self, demo: Demo) -> anyhow::Result<()> {
        let communities: Vec<_> = demo.communities().collect();
        let total: usize = communities.iter().map(|community| community.founding().len()).sum();
        let style = ProgressStyle::with_template("founding {bar:40} {pos}/{len} {msg}").unwrap_or(ProgressStyle::default_bar());
        let progress = ProgressBar::new(total as u64).with_style(style);
        // the small towns first: they can be looked at while the large one is still being founded
        let mut by_size = communities;
        by_size.sort_by_key(|community| community.founding().len());
        for community in by_size {
            let slug = community.spec().slug.to_string();
            progress.set_message(slug.clone());
            let mut group = Vec::with_capacity(GROUP_MAX);
            for sent in community.founding() {
                group.push(sent);
                if group.len() == GROUP_MAX {
                    progress.inc(group.len() as u64);
                    self.send(&slug, std::mem::take(&mut group)).await?;
                }
            }
            progress.inc(group.len() as u64);
            self.send(&slug, group).await?;
        }
        progress.finish_and_clear();
        Ok(())
    }

    /// Sends what is due, by the drill clock, until the day is over.
    async fn live(&mut self, demo: Demo, day: Date) -> anyhow::Result<()> {
        let mut sends = demo.day(day, Intensity::FULL).peekable();
        while sends.peek().is_some() {
            let now = self.clock.now();
            let mut due: BTreeMap<String, Vec<Sent>> = BTreeMap::new();
            while let Some(sent) = sends.next_if(|sent| timestamp(sent.send) <= now) {
                due.entry(sent.community.clone()).or_default().push(sent);
            }
            for (community, group) in due {
                for part in group.chunks(GROUP_MAX) {
                    self.send(&community, part.to_vec()).await?;
                }
            }
            tokio::time::sleep(TICK).await;
        }
        // a day ends at midnight, also when the last word was said before
        let (zone, next) = (Zone::default(), day.tomorrow()?.to_string());
        let midnight = zone.at(next.parse()?, TimeOfDay(0));
        while self.clock.now() < midnight {
            tokio::time::sleep(TICK).await;
        }
        Ok(())
    }

    async fn send(&mut self, community: &str, group: Vec<Sent>) -> anyhow::Result<()> {
        // the first command of a founding goes alone: the lines after it need the community
        let founding = usize::from(group.first().is_some_and(|sent| sent.command.kind == "community.found"));
        let (first, rest) = group.split_at(founding);
        for part in [first, rest] {
            if !part.is_empty() {
                self.post(community, part).await?;
            }
        }
        Ok(())
    }

    async fn post(&mut self, community: &str, group: &[Sent]) -> anyhow::Result<()> {
        let lines: Vec<String> = group.iter().map(|sent| sent.command.to_json().to_string()).collect();
        let url = format!("{}/api/v1/communities/{community}/commands", self.server);
        let request = self.http.post(&url).bearer_auth(&self.token).header(header::CONTENT_TYPE, "application/x-ndjson").body(lines.join("\n"));
        let answers = request.send().await?.error_for_status().with_context(|| format!("commands of {community}"))?.text().await?;
        for line in answers.lines() {
            let answer: serde_json::Value = serde_json::from_str(line)?;
            if answer["problem"].is_object() {
                self.refused += 1;
                // a code and a path: never what was sent
                tracing::warn!(community, code = %answer["problem"]["code"], params = %answer["problem"]["invalid_params"], refused = self.refused, "a command of the demo was refused");
            }
        }
        Ok(())
    }
}

fn timestamp(moment: Moment) -> Timestamp {
    Timestamp(moment.timestamp().as_millisecond())
}
