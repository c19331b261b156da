//! `gridward rebuild` and `gridward verify`: the stores against the log, and the log against itself.

use clap::Args;
use reqwest::Method;
use serde_json::Value;

use super::Global;
use crate::{
    client::accepted,
    data::{DataFolder, find_running},
    exit::{Done, Exit, Failure, data, talk},
    run::{SERVICES, check_stores, verify_log},
};

/// What is done with the stores.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Compare the stores with a fresh fold of the log, and change nothing
    #[arg(long)]
    check: bool,
}

/// Does it.
pub(crate) async fn run(global: &Global, arguments: Arguments) -> Done {
    let running = global.server.is_some() || find_running(&global.data).is_ok();
    match (arguments.check, running) {
        (true, true) => check(global).await,
        (true, false) => {
            let found = check_stores(&global.data).await?.into_iter().map(|(service, found)| Ok((service, serde_json::to_value(found)?)));
            tell(global, found.collect::<Result<_, serde_json::Error>>()?)
        }
        (false, true) => Err(Exit::new(Failure::Conflict, "stop gridward first: the stores are folded anew at its next start")),
        (false, false) => {
            let folder = DataFolder::open(&global.data)?;
            let stores = folder.join("stores");
            if stores.exists() {
                std::fs::remove_dir_all(&stores)?;
            }
            talk("the stores are gone; they are folded anew at the next start");
            Ok(())
        }
    }
}

async fn check(global: &Global) -> Done {
    let client = global.client()?;
    let mut found = Vec::new();
    for service in SERVICES {
        let answer = client.request(Method::POST, &format!("/checks/{service}")).send().await?;
        found.push((service, accepted(answer).await?.json().await?));
    }
    tell(global, found)
}

fn tell(global: &Global, all: Vec<(&'static str, Value)>) -> Done {
    let mut differing = 0;
    for (service, found) in all {
        differing += found["differing"].as_u64().unwrap_or_default();
        if global.json() {
            data(serde_json::json!({ "service": service, "found": found }));
        } else {
            data(format_args!("{service:<11} {} rows up to event {}: {} differ", found["rows"], found["sequence"], found["differing"]));
            for difference in found["differences"].as_array().into_iter().flatten() {
                data(format_args!("  {difference}"));
            }
        }
    }
    if differing == 0 { Ok(()) } else { Err(Exit::new(Failure::Failed, format!("{differing} rows are not as the log makes them"))) }
}

/// Reads the whole log: nothing is missing, nothing is damaged, and every commit names the one before it.
pub(crate) async fn verify(global: &Global) -> Done {
    let running = global.server.is_some() || find_running(&global.data).is_ok();
    let found: Value = if running { global.client()?.get("/verify").await? } else { serde_json::to_value(verify_log(&global.data).await?)? };
    let sound =
        found["undecodable"].as_array().is_some_and(Vec::is_empty) && found["broken_chain"].as_array().is_some_and(Vec::is_empty) && found["ended"].is_null();
    if global.json() {
        data(&found);
    } else {
        data(format_args!("{} commits up to event {}: {}", found["commits"], found["sequence"], if sound { "sound".to_owned() } else { found.to_string() }));
    }
    if sound { Ok(()) } else { Err(Exit::new(Failure::Failed, "the log is not sound: see docs/operations/corruption.md")) }
}
