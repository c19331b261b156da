//! `gridward status`: how communities stand, and how the system is doing.

use std::time::Duration;

use clap::Args;
use serde_json::Value;

use super::Global;
use crate::{
    client::Client,
    exit::{Done, data, talk},
};

/// What is looked at.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Look again every two seconds, until interrupted
    #[arg(long)]
    watch: bool,
}

/// How often it is looked at.
const WATCH_EVERY: Duration = Duration::from_secs(2);

/// Looks.
pub(crate) async fn run(global: &Global, arguments: Arguments) -> Done {
    let client = global.client()?;
    loop {
        look(global, &client).await?;
        if !arguments.watch {
            return Ok(());
        }
        tokio::time::sleep(WATCH_EVERY).await;
    }
}

async fn look(global: &Global, client: &Client) -> Done {
    let mut rows: Vec<Value> = Vec::new();
    if let Ok(community) = global.community() {
        rows.push(client.get(&format!("/communities/{community}")).await?);
    } else {
        let mut path = "/communities?limit=200".to_owned();
        loop {
            let page: Value = client.get(&path).await?;
            rows.extend(page["items"].as_array().into_iter().flatten().cloned());
            let Some(next) = page["next"].as_str() else { break };
            path = format!("/communities?limit=200&cursor={next}");
        }
    }
    if global.json() {
        rows.iter().for_each(data);
        return Ok(());
    }
    data(format_args!(
        "{:<10} {:<14} {:<10} {:>9} {:>7} {:>8} {:>6} {:>14} {:>10} {:>7}",
        "town", "community", "status", "buildings", "doors", "people", "orders", "due/done/late", "alerts", "entries"
    ));
    for row in &rows {
        data(line(row));
    }
    // what nobody is told must be seen by whoever looks at how things stand
    for (name, doing) in client.ready().await?["deliveries"].as_object().into_iter().flatten() {
        let (state, given_up) = (doing["state"].as_str().unwrap_or_default(), doing["given_up"].as_u64().unwrap_or_default());
        if state != "telling" || given_up > 0 {
            talk(format_args!("delivery {name}: {state}, {} waiting, {given_up} given up", doing["waiting"]));
        }
    }
    Ok(())
}

fn line(row: &Value) -> String {
    let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
    let checks = format!("{}/{}/{}", row["checks"]["due"], row["checks"]["done"], row["checks"]["overdue"]);
    let alerts = format!("{}▲ {}◆ {}", row["alerts"]["critical"], row["alerts"]["serious"], row["alerts"]["caution"]);
    format!(
        "{:<10} {:<14} {:<10} {:>9} {:>7} {:>8} {:>6} {:>14} {:>10} {:>7}",
        text("town"),
        text("community"),
        text("status"),
        row["buildings"].to_string(),
        row["doors"].to_string(),
        row["people"].to_string(),
        row["quarantined"].to_string(),
        checks,
        alerts,
        row["entries_today"].to_string()
    )
}
