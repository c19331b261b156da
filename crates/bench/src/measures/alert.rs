//! B3: a fever is posted while 2,000 commands a second go on; a foreign subscriber waits for the message.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use futures_util::StreamExt as _;
use serde_json::{Value, json};

use crate::Options;
use crate::figures::{Figure, Target};
use crate::load::{Load, Sent};
use crate::progress::Phases;
use crate::system::System;
use crate::town::{DOORS_PER_BUILDING, Town};

/// How long commands go on before the first fever: the rows of the founding go to the disk five seconds after it, and are no part of such a load.
const WARM_TIME: Duration = Duration::from_secs(10);
/// Commands a second that go on meanwhile.
const BACKGROUND: f64 = 2000.0;
const CONNECTIONS: usize = 32;
/// Pause between two fevers: one at a time would never meet another.
const FEVER_EVERY: Duration = Duration::from_millis(50);
/// Longest wait for a message.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) async fn measure(options: Options, phases: &Phases) -> anyhow::Result<Vec<Figure>> {
    let town = options.town();
    phases.next("founding the town");
    let system = System::start(&options.program).await?;
    system.found(town).await?;
    phases.next("fevers, one by one");
    let background = Load {
        address: system.address().to_owned(),
        token: system.token().to_owned(),
        sent: Sent::Visits { town, lines_per_request: 1, first: 0 },
        connections: CONNECTIONS,
        rate: Some(BACKGROUND),
        warm_time: WARM_TIME,
        load_time: options.load_time * u32::try_from(options.runs)? + WARM_TIME,
    };
    let program = options.program.clone();
    let loading = tokio::spawn(async move { background.run(&program).await });
    tokio::time::sleep(WARM_TIME).await;
    let waits = waits(&system, town, options.load_time * u32::try_from(options.runs)?, FEVER_EVERY).await?;
    loading.await??;
    let figure = |what: &str, value, most| Figure { name: "B3", what: what.to_owned(), value, unit: "ms", ceiling: None, targets: vec![Target::AtMost(most)] };
    Ok(vec![
        figure(&format!("fever to message, p50 of {}", waits.len()), quantile_ms(&waits, 0.5), 10.0),
        figure("fever to message, p99", quantile_ms(&waits, 0.99), 50.0),
    ])
}

/// The wait that a part of them did not exceed, in milliseconds.
pub(super) fn quantile_ms(waits: &[Duration], part: f64) -> f64 {
    let mut waits = waits.to_vec();
    waits.sort_unstable();
    waits.get((waits.len() as f64 * part) as usize).map_or(f64::NAN, |wait| wait.as_secs_f64() * 1e3)
}

/// Posts fevers, one to a building, and waits for the message of each.
pub(super) async fn waits(system: &System, town: Town, load_time: Duration, fever_every: Duration) -> anyhow::Result<Vec<Duration>> {
    let consumer = system.post("/consumers", &json!({"name": "bench", "filters": ["gw.v1.bench.*.alert.fever.>"]})).await?;
    let text = |name: &str| consumer[name].as_str().with_context(|| format!("the consumer has no {name}"));
    let nats = async_nats::ConnectOptions::with_user_and_password(text("user")?.to_owned(), text("password")?.to_owned())
        .custom_inbox_prefix(text("inbox_prefix")?)
        .connect(text("nats")?)
        .await?;
    let inbox = nats.new_inbox();
    let mut messages = nats.subscribe(inbox.clone()).await?;
    let next = format!("{}.CONSUMER.MSG.NEXT.{}.{}", text("api_prefix")?, text("stream")?, text("durable")?);
    let pull = json!({"batch": 100_000, "expires": 0}).to_string();
    nats.publish_with_reply(next, inbox, pull.into()).await?;
    nats.flush().await?;
    let count = usize::try_from(load_time.as_millis() / fever_every.as_millis())?.min(town.communities * town.buildings());
    let (mut sent, mut waits) = (HashMap::new(), Vec::new());
    let mut due = tokio::time::interval(fever_every);
    let mut posted = 0;
    while waits.len() < count {
        tokio::select! {
            at = due.tick(), if posted < count => {
                let (community, building) = (posted % town.communities, posted / town.communities);
                let door = building * DOORS_PER_BUILDING * town.communities + community;
                let (place, body) = town.visit(door, "38.6");
                ensure!(place == community, "the town does not send this visit where it should");
                // since it was due: a post that waits holds up those behind it
                sent.insert((Town::community(community), format!("b{building}")), at.into_std());
                let body: Value = serde_json::from_str(&body)?;
                system.post(&format!("/communities/{}/commands", Town::community(community)), &body).await?;
                posted += 1;
            }
            message = tokio::time::timeout(PATIENCE, messages.next()) => {
                let message = message.context("no message came")?.context("the subscription ended")?;
                let now = Instant::now();
                ensure!(message.status.is_none(), "the consumer answers {:?}", message.status);
                let tokens: Vec<&str> = message.subject.split('.').collect();
                // gw.v1.<town>.<community>.alert.fever.<severity>.<building>.<what became of it>
                if let [_, _, _, community, _, _, _, building, "raised"] = tokens.as_slice()
                    && let Some(began) = sent.remove(&((*community).to_owned(), (*building).to_owned()))
                {
                    waits.push(now - began);
                }
                let ack = message.reply.context("the message asks for no acknowledgement")?;
                nats.publish(ack, "+ACK".into()).await?;
            }
        }
    }
    Ok(waits)
}
