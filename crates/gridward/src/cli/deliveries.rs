//! `gridward deliveries`: who is told of alerts, and whether they can be reached.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use delivery::{Filter, Moment};
use serde_json::{Value, json};

use super::Global;
use crate::{
    clock::real_now,
    data::{letters, random},
    deliveries::Deliveries,
    exit::{Done, Exit, Failure, data, talk},
};

/// What is done with deliveries.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The file that says who is told, instead of deliveries.toml in the data folder
    #[arg(long, value_name = "FILE", global = true)]
    deliveries: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List them, and how they are doing when the system runs
    List,
    /// Send one test message, and say what came back
    Test {
        /// Name of the delivery
        name: String,
    },
}

/// Does it.
pub(crate) async fn run(global: &Global, arguments: Arguments) -> Done {
    let deliveries = Deliveries::find(arguments.deliveries.as_deref(), &global.data)?;
    match arguments.command {
        Command::List => list(global, &deliveries).await,
        Command::Test { name } => test(global, &deliveries, &name).await,
    }
}

async fn list(global: &Global, deliveries: &Deliveries) -> Done {
    // without a running system there is nothing to be said of how they are doing
    let running = match global.client() {
        Ok(client) => client.ready().await.unwrap_or_default(),
        Err(_) => Value::Null,
    };
    for subscription in &deliveries.subscriptions {
        let plan = &subscription.plan;
        let doing = &running["deliveries"][plan.name.as_str()];
        if global.json() {
            data(json!({"name": plan.name, "channel": plan.channel, "class": plan.class, "filter": plan.filter, "status": doing}));
            continue;
        }
        data(format_args!("{:<16} {:<9} {:<7} {:<40} {}", plan.name.as_str(), plan.channel.word(), plan.class.word(), about(&plan.filter), state(doing)));
    }
    // a system that was started with another file tells of what stands there
    let mut elsewhere = 0;
    for (name, doing) in running["deliveries"].as_object().into_iter().flatten() {
        if deliveries.named(name).is_some() {
            continue;
        }
        elsewhere += 1;
        if global.json() {
            data(json!({"name": name, "channel": null, "class": null, "filter": null, "status": doing}));
        } else {
            data(format_args!("{name:<16} {:<9} {:<7} {:<40} {}", "-", "-", "-", state(doing)));
        }
    }
    if elsewhere > 0 {
        talk("the running system has more deliveries than this file: give the --deliveries FILE here that `gridward up` was given, and all of them are shown");
    } else if deliveries.subscriptions.is_empty() {
        talk("no deliveries.toml in the data folder: docs/operations/deliveries.md says how to begin");
    }
    Ok(())
}

/// How one is doing, as the running system says.
fn state(doing: &Value) -> String {
    let Some(state) = doing["state"].as_str() else { return "-".to_owned() };
    let suppressed = || doing["suppressed"].as_object().into_iter().flatten();
    let not_told: u64 = suppressed().filter_map(|(_, count)| count.as_u64()).sum();
    let why: Vec<String> = suppressed().map(|(reason, count)| format!("{count} {reason}")).collect();
    let why = if why.is_empty() { String::new() } else { format!(" ({})", why.join(", ")) };
    let (delivered, waiting, given_up) = (&doing["delivered"], &doing["waiting"], &doing["given_up"]);
    format!("{state}: of the messages {delivered} delivered, {waiting} waiting, {given_up} given up, {not_told} not told{why}")
}

fn about(filter: &Filter) -> String {
    let words = |name: &str, words: Vec<String>| (!words.is_empty()).then(|| format!("{name} {}", words.join(",")));
    let parts = [
        words("towns", filter.towns.iter().map(ToString::to_string).collect()),
        words("communities", filter.communities.iter().map(ToString::to_string).collect()),
        words("kinds", filter.kinds.iter().map(ToString::to_string).collect()),
        words("severities", filter.severities.iter().map(ToString::to_string).collect()),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() { "everything".to_owned() } else { parts.join("; ") }
}

async fn test(global: &Global, deliveries: &Deliveries, name: &str) -> Done {
    let Some(subscription) = deliveries.named(name) else {
        return Err(Exit::new(Failure::NotFound, format!("no delivery is called {name}; `gridward deliveries list` shows them")));
    };
    let moment = Moment { clock: real_now(), real: real_now() };
    let answer = alerting::test(subscription, deliveries.names.clone(), moment, &letters(&random::<8>()?)).await?;
    if global.json() {
        data(serde_json::to_string(&answer)?);
    } else {
        data(format_args!("{}: {}", if answer.delivered { "delivered" } else { "not delivered" }, answer.answer));
        if !answer.said.is_empty() {
            data(format_args!("it said: {}", answer.said));
        }
    }
    if answer.delivered { Ok(()) } else { Err(Exit::new(Failure::Failed, format!("{name} did not take the test message"))) }
}
