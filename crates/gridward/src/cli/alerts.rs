//! `gridward alerts`: what somebody has to own.

use std::{collections::HashMap, time::Duration};

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::Value;

use super::Global;
use crate::{
    client::{Client, accepted},
    exit::{Done, data, talk},
};

/// What is done with alerts.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List the open ones, worst first
    List {
        /// active or ended; active when absent
        #[arg(long)]
        state: Option<String>,
    },
    /// Show one, with its causes and its history
    Show {
        /// Its id
        alert: String,
    },
    /// Say that you have it
    Ack {
        /// Its id
        alert: String,
        /// Until when
        #[arg(long)]
        until: Option<String>,
    },
    /// Follow them as they change, until interrupted
    Tail,
}

/// How often `tail` looks.
const TAIL_EVERY: Duration = Duration::from_secs(1);

/// Does it.
pub(crate) async fn run(global: &Global, arguments: Arguments) -> Done {
    let client = global.client()?;
    let community = global.community()?;
    match arguments.command {
        Command::List { state } => {
            for alert in all(&client, community, state.as_deref()).await? {
                print(global, &alert);
            }
        }
        Command::Show { alert } => {
            let alert: Value = client.get(&format!("/communities/{community}/alerts/{alert}")).await?;
            data(if global.json() { alert.to_string() } else { serde_json::to_string_pretty(&alert)? });
        }
        Command::Ack { alert, until } => {
            let shown: Value = client.get(&format!("/communities/{community}/alerts/{alert}")).await?;
            let mut command = serde_json::json!({ "id": super::send::new_id(), "type": "alert.acknowledge", "data": { "alert": alert, "n": shown["n"] } });
            if let Some(until) = until {
                command["data"]["until"] = until.into();
            }
            let path = format!("/communities/{community}/commands");
            let answer: Value = accepted(client.request(Method::POST, &path).json(&command).send().await?).await?.json().await?;
            let now: Value = client.get(&format!("/communities/{community}/alerts/{alert}?after={}", answer["sequence"])).await?;
            let said = if now["state"] == "open" { "you have seen it; it stays open for the nurse or the office" } else { "you have it" };
            talk(format_args!("{said}, since event {}", answer["sequence"]));
        }
        Command::Tail => tail(global, &client, community).await?,
    }
    Ok(())
}

async fn all(client: &Client, community: &str, state: Option<&str>) -> Result<Vec<Value>, crate::exit::Exit> {
    let state = state.map(|state| format!("&state={state}")).unwrap_or_default();
    let base = format!("/communities/{community}/alerts?limit=200{state}");
    let mut path = base.clone();
    let mut alerts = Vec::new();
    loop {
        let page: Value = client.get(&path).await?;
        alerts.extend(page["items"].as_array().into_iter().flatten().cloned());
        let Some(next) = page["next"].as_str() else { return Ok(alerts) };
        path = format!("{base}&cursor={next}");
    }
}

async fn tail(global: &Global, client: &Client, community: &str) -> Done {
    let mut seen: HashMap<String, u64> = HashMap::new();
    loop {
        for alert in all(client, community, None).await? {
            let (id, n) = (alert["alert"].as_str().unwrap_or_default().to_owned(), alert["n"].as_u64().unwrap_or_default());
            if seen.insert(id, n) != Some(n) {
                print(global, &alert);
            }
        }
        tokio::time::sleep(TAIL_EVERY).await;
    }
}

fn print(global: &Global, alert: &Value) {
    if global.json() {
        data(alert);
        return;
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let place = [&alert["names"]["estate"], &alert["names"]["building"], &alert["place"]["unit"], &alert["place"]["door"]];
    let place: Vec<String> = place.into_iter().map(text).filter(|part| !part.is_empty()).collect();
    data(format_args!(
        "{:<9} {:<13} {:<19} n={:<3} {}  {}  since {}{}",
        text(&alert["severity"]),
        text(&alert["state"]),
        text(&alert["kind"]),
        alert["n"],
        text(&alert["alert"]),
        place.join(" "),
        text(&alert["first_at"]),
        turn(&alert["turn"])
    ));
}

/// Whose turn it is, and when it goes up: `  level 2: s-office, goes up 2020-02-06T07:19:00Z`.
fn turn(turn: &Value) -> String {
    let Some(level) = turn["level"].as_u64() else { return String::new() };
    let owners: Vec<&str> = turn["owners"].as_array().into_iter().flatten().filter_map(|owner| owner["staff"].as_str()).collect();
    let owners = if owners.is_empty() { "nobody".to_owned() } else { owners.join(", ") };
    let due = turn["due_at"].as_str().map(|due_at| format!(", goes up {due_at}")).unwrap_or_default();
    format!("  level {level}: {owners}{due}")
}
