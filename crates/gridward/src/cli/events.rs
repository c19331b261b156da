//! `gridward events`: the log of a community.

use std::time::Duration;

use clap::{Args, Subcommand};
use futures_util::StreamExt;
use reqwest::Method;
use serde_json::Value;

use super::Global;
use crate::{
    client::{Client, accepted},
    exit::{Done, Exit, Failure, data},
};

/// What is done with the log.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Print what comes in, until interrupted
    Tail,
    /// Show the decision of one command
    Show {
        /// The command's id
        command: String,
    },
    /// Print all of it, a line per commit; up to a gap in the log, which is said in the last line and ends it with 6
    Export,
}

/// How often `tail` asks again.
const TAIL_EVERY: Duration = Duration::from_millis(500);

/// Does it.
pub(crate) async fn run(global: &Global, arguments: Arguments) -> Done {
    let client = global.client()?;
    let community = global.community()?;
    match arguments.command {
        Command::Export => {
            each_line(&client, community, 0, |line| {
                data(line);
                Ok(())
            })
            .await?;
        }
        Command::Show { command } => {
            let mut found = None;
            each_line(&client, community, 0, |line| {
                let commit: Value = serde_json::from_str(line)?;
                if commit["command"] == command.as_str() {
                    found = Some(commit);
                }
                Ok(())
            })
            .await?;
            let commit = found.ok_or_else(|| Exit::new(Failure::NotFound, format!("no command {command} stands on the log of {community}")))?;
            data(if global.json() { commit.to_string() } else { serde_json::to_string_pretty(&commit)? });
        }
        Command::Tail => {
            let headline: Value = client.get(&format!("/communities/{community}")).await?;
            let mut after = headline["sequence"].as_u64().unwrap_or_default();
            loop {
                after = each_line(&client, community, after, |line| {
                    print(global, line);
                    Ok(())
                })
                .await?;
                tokio::time::sleep(TAIL_EVERY).await;
            }
        }
    }
    Ok(())
}

/// The whole log of a community, a line per commit.
pub(crate) async fn export(client: &Client, community: &str) -> Result<String, Exit> {
    let mut lines = String::new();
    each_line(client, community, 0, |line| {
        lines.push_str(line);
        lines.push('\n');
        Ok(())
    })
    .await?;
    Ok(lines)
}

/// Calls `visit` with each commit after a sequence; the last sequence seen. A gap in the log is visited and is an error then: what lies beyond
/// was not read.
async fn each_line(client: &Client, community: &str, after: u64, mut visit: impl FnMut(&str) -> Result<(), Exit>) -> Result<u64, Exit> {
    let response = accepted(client.request(Method::GET, &format!("/communities/{community}/events?from={}", after + 1)).send().await?).await?;
    let mut chunks = response.bytes_stream();
    let mut rest: Vec<u8> = Vec::new();
    let mut last = after;
    while let Some(chunk) = chunks.next().await {
        rest.extend_from_slice(&chunk?);
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = rest.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line).trim().to_owned();
            if !line.is_empty() {
                let told: Value = serde_json::from_str(&line)?;
                last = told["sequence"].as_u64().unwrap_or(last);
                visit(&line)?;
                if told["gap"] == true {
                    return Err(Exit::new(Failure::Partly, told["error"].as_str().unwrap_or_default()));
                }
            }
        }
    }
    Ok(last)
}

fn print(global: &Global, line: &str) {
    let Ok(commit) = serde_json::from_str::<Value>(line) else { return data(line) };
    if global.json() {
        return data(commit);
    }
    let kinds: Vec<&str> = commit["events"].as_array().into_iter().flatten().filter_map(|event| event["type"].as_str()).collect();
    data(format_args!(
        "{:>8}  {}  {}  {}",
        commit["sequence"].to_string(),
        commit["recorded_at"].as_str().unwrap_or_default(),
        commit["actor"].as_str().unwrap_or_default(),
        kinds.join(", ")
    ));
}
