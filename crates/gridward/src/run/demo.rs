//! The demo towns, played through the same door as everybody else's commands: founded, then living by the drill clock.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use demo::{Community, Demo, Intensity, Moment, Scale, Sent};
use domain::values::{TimeOfDay, Timestamp, Zone};
use indicatif::{ProgressBar, ProgressStyle};
use jiff::civil::{Date, date};
use reqwest::header;
use tokio::task::JoinSet;

use crate::{
    cli::DemoScale,
    clock::{Clock, Drill},
    exit::talk,
};

/// The first day that lives. The towns are founded on its eve.
const FIRST_DAY: Date = date(2020, 2, 6);
/// When the drill clock of the demo begins: early enough that nothing is due yet, late enough that somebody who watches sees life soon.
const CLOCK_STARTS: &str = "2020-02-06T06:00:00+08:00";
/// A day of the demo takes 24 minutes.
const CLOCK_RATE: f64 = 60.0;
/// A town with more communities than this is founded beside the others, which live meanwhile.
const LARGE_TOWN_COMMUNITIES: usize = 10;
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
pub(crate) async fn play(http: reqwest::Client, server: String, token: String, clock: Clock, scale: DemoScale, seed: u64) {
    let scale = match scale {
        DemoScale::Full => Scale::Full,
        DemoScale::Tenth => Scale::Tenth,
        DemoScale::Tiny => Scale::Tiny,
    };
    let demo = Demo::new(seed, scale, FIRST_DAY);
    let mut by_town: BTreeMap<String, Vec<Community>> = BTreeMap::new();
    for community in demo.communities() {
        by_town.entry(community.spec().town.slug.to_string()).or_default().push(community);
    }
    let (large, small): (Vec<_>, Vec<_>) = by_town.into_values().partition(|communities| communities.len() > LARGE_TOWN_COMMUNITIES);
    let total: usize = large.iter().chain(&small).flatten().map(|community| community.founding().len()).sum();
    let style = ProgressStyle::with_template("founding {bar:40} {pos}/{len} {msg}").unwrap_or(ProgressStyle::default_bar());
    let progress = ProgressBar::new(total as u64).with_style(style);
    let player = Player { http, server, token, clock, progress, refused: Arc::default() };
    let groups = [("the small towns", small), ("the large town", large)];
    let playing = groups.map(|(name, towns)| player.clone().play_group(name, towns.into_iter().flatten().collect()));
    futures_util::future::join_all(playing).await;
}

#[derive(Clone)]
struct Player {
    http: reqwest::Client,
    server: String,
    token: String,
    clock: Clock,
    progress: ProgressBar,
    refused: Arc<AtomicU64>,
}

impl Player {
    async fn play_group(self, name: &str, communities: Vec<Community>) {
        if communities.is_empty() {
            return;
        }
        if let Err(error) = self.play_communities(name, communities).await {
            tracing::error!(error = %format!("{error:#}"), "the demo stopped playing {name}");
        }
    }

    async fn play_communities(&self, name: &str, communities: Vec<Community>) -> anyhow::Result<()> {
        let mut lives = JoinSet::new();
        for community in communities {
            self.found(&community).await?;
            // from now on it lives, whatever is still to be founded: its checks would fall due meanwhile
            lives.spawn(self.clone().live_on(community));
        }
        self.progress.suspend(|| talk(format_args!("gridward: founded and live: {name}")));
        while let Some(lived) = lives.join_next().await {
            lived??;
        }
        talk(format_args!("gridward: the fortnight of {name} is over; they stay as they are"));
        Ok(())
    }

    /// Lives from today on until the demo comes to rest.
    async fn live_on(self, community: Community) -> anyhow::Result<()> {
        let communities = [community];
        let mut day = self.today();
        for _ in 0..DAYS_MAX {
            self.live(&communities, day).await?;
            day = day.tomorrow()?;
        }
        Ok(())
    }

    /// The civil day at which the day's life begins: the first one, or the one at which a restarted demo stands.
    fn today(&self) -> Date {
        let now = Zone::default().day_of(self.clock.now()).to_string();
        now.parse::<Date>().unwrap_or(FIRST_DAY).max(FIRST_DAY)
    }

    async fn found(&self, community: &Community) -> anyhow::Result<()> {
        let slug = community.spec().slug.to_string();
        self.progress.set_message(slug.clone());
        let mut commands = community.founding();
        loop {
            let group: Vec<Sent> = commands.by_ref().take(GROUP_MAX).collect();
            if group.is_empty() {
                break;
            }
            let count = group.len() as u64;
            self.send(&slug, group).await?;
            self.progress.inc(count);
        }
        if self.progress.position() >= self.progress.length().unwrap_or_default() {
            self.progress.finish_and_clear();
        }
        Ok(())
    }

    /// Sends what is due, by the drill clock, until the day is over.
    async fn live(&self, communities: &[Community], day: Date) -> anyhow::Result<()> {
        let mut sends = demo::merge(communities.iter().map(|community| community.day(day, Intensity::FULL))).peekable();
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

    async fn send(&self, community: &str, group: Vec<Sent>) -> anyhow::Result<()> {
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

    /// Sends commands until each has an answer that settles it, as a phone does.
    async fn post(&self, community: &str, group: &[Sent]) -> anyhow::Result<()> {
        let mut lines: Vec<String> = group.iter().map(|sent| sent.command.to_json().to_string()).collect();
        while !lines.is_empty() {
            let answers = match self.ask(community, lines.join("\n")).await {
                Ok(answers) => answers,
                Err(error) => {
                    tracing::warn!(community, %error, "commands of the demo were not answered; sending them again");
                    tokio::time::sleep(TICK).await;
                    continue;
                }
            };
            let mut unsettled = Vec::new();
            for (line, answer) in lines.into_iter().zip(answers.lines()) {
                let problem = &serde_json::from_str::<serde_json::Value>(answer)?["problem"];
                if problem["code"] == "outcome_unknown" {
                    unsettled.push(line);
                } else if problem.is_object() {
                    let refused = self.refused.fetch_add(1, Ordering::Relaxed) + 1;
                    // a code and a path: never what was sent
                    tracing::warn!(community, code = %problem["code"], params = %problem["invalid_params"], refused, "a command of the demo was refused");
                }
            }
            lines = unsettled;
        }
        Ok(())
    }

    async fn ask(&self, community: &str, body: String) -> reqwest::Result<String> {
        let url = format!("{}/api/v1/communities/{community}/commands", self.server);
        let request = self.http.post(&url).bearer_auth(&self.token).header(header::CONTENT_TYPE, "application/x-ndjson").body(body);
        request.send().await?.error_for_status()?.text().await
    }
}

fn timestamp(moment: Moment) -> Timestamp {
    Timestamp(moment.timestamp().as_millisecond())
}
