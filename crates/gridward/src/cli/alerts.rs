//! `gridward alerts`: what somebody has to own.

use std::{collections::HashMap, time::Duration};

use clap::{Args, Subcommand};
use delivery::severity_words;
use domain::{
    alert::Severity,
    values::{Timestamp, Zone},
};
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
            let zone = zone(&client, community).await?;
            for alert in all(&client, community, state.as_deref()).await? {
                print(global, &zone, &alert);
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
            let said = if now["state"] == "open" {
                "已记为看到，仍由护士或社区办公室处理 You have seen it; it stays open for the nurse or the office"
            } else {
                "已由您接手 You have it"
            };
            talk(format_args!("{said} ({})", answer["sequence"]));
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
    let zone = zone(client, community).await?;
    loop {
        for alert in all(client, community, None).await? {
            let (id, n) = (alert["alert"].as_str().unwrap_or_default().to_owned(), alert["n"].as_u64().unwrap_or_default());
            if seen.insert(id, n) != Some(n) {
                print(global, &zone, &alert);
            }
        }
        tokio::time::sleep(TAIL_EVERY).await;
    }
}

/// The zone in which the community counts its days.
async fn zone(client: &Client, community: &str) -> Result<Zone, crate::exit::Exit> {
    let shown: Value = client.get(&format!("/communities/{community}")).await?;
    Ok(shown["time_zone"].as_str().and_then(|name| Zone::named(name).ok()).unwrap_or_default())
}

fn print(global: &Global, zone: &Zone, alert: &Value) {
    if global.json() {
        data(alert);
    } else {
        data(line(zone, alert));
    }
}

/// `紧急 critical  未接 open  发热 Fever  阳光小区 7号楼 2 502  2020-02-06 15:04 起 since  …  <id> n=3`
fn line(zone: &Zone, alert: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let place = [&alert["names"]["estate"], &alert["names"]["building"], &alert["place"]["unit"], &alert["place"]["door"]];
    let place: Vec<String> = place.into_iter().map(text).filter(|part| !part.is_empty()).collect();
    let kind = text(&alert["kind"]);
    let (kind_zh, kind_en) = domain::alert::Kind::name_of(&kind);
    let parts = [
        severity(&alert["severity"]),
        state(&text(&alert["state"])).to_owned(),
        format!("{kind_zh} {kind_en}"),
        place.join(" "),
        format!("{} 起 since", local(zone, &alert["first_at"])),
        turn(zone, &alert["turn"]),
        suppressed_for(zone, &alert["suppressed"]),
        format!("{} n={}", text(&alert["alert"]), alert["n"]),
    ];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("  ")
}

/// How bad it is; a word that this program does not know as it is.
fn severity(told: &Value) -> String {
    let word = told.as_str().unwrap_or_default();
    serde_json::from_value::<Severity>(told.clone()).map_or_else(
        |_| word.to_owned(),
        |severity| {
            let (zh, en) = severity_words(severity);
            format!("{zh} {en}")
        },
    )
}

/// How it stands, likewise.
fn state(word: &str) -> &str {
    match word {
        "open" => "未接 open",
        "acknowledged" => "已接 taken",
        "recovering" => "恢复中 recovering",
        "resolved" => "已解除 resolved",
        "closed" => "已关闭 closed",
        unknown => unknown,
    }
}

/// A time as it stands on the clocks of the community.
fn local(zone: &Zone, at: &Value) -> String {
    let text = at.as_str().unwrap_or_default();
    text.parse::<Timestamp>().map_or_else(|_| text.to_owned(), |at| zone.local(at))
}

/// Whose turn it is, and when it goes up: `2级 level 2: s-office，2020-02-06 15:19 上报 goes up`.
fn turn(zone: &Zone, turn: &Value) -> String {
    let Some(level) = turn["level"].as_u64() else { return String::new() };
    let owners: Vec<&str> = turn["owners"].as_array().into_iter().flatten().filter_map(|owner| owner["staff"].as_str()).collect();
    let owners = if owners.is_empty() { "无人在岗 nobody".to_owned() } else { owners.join(", ") };
    let due = if turn["due_at"].is_null() { String::new() } else { format!("，{} 上报 goes up", local(zone, &turn["due_at"])) };
    format!("{level}级 level {level}: {owners}{due}")
}

/// Why people are not told of it: `不通知 not told: 静默至 silenced until 2020-02-06 20:00`.
fn suppressed_for(zone: &Zone, suppressed: &Value) -> String {
    let silenced = (!suppressed["silenced"].is_null()).then(|| format!("静默至 silenced until {}", local(zone, &suppressed["silenced"]["until"])));
    let cluster = suppressed["inhibited_by"].as_str().map(|cluster| format!("并入聚集警报 held back for the cluster {cluster}"));
    let why: Vec<String> = silenced.into_iter().chain(cluster).collect();
    if why.is_empty() { String::new() } else { format!("不通知 not told: {}", why.join("，")) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_alert_is_told_in_both_languages_by_the_clocks_of_its_community() {
        let mut alert = json!({
            "alert": "abc-1", "n": 3, "kind": "fever", "severity": "critical", "state": "open", "first_at": "2020-02-06T07:04:00Z",
            "names": {"estate": "阳光小区", "building": "7号楼"}, "place": {"unit": "2", "door": "502"},
            "turn": {"level": 2, "owners": [{"staff": "s-office"}], "due_at": "2020-02-06T07:19:00Z"},
        });
        assert_eq!(
            line(&Zone::default(), &alert),
            "紧急 critical  未接 open  发热 Fever  阳光小区 7号楼 2 502  2020-02-06 15:04 起 since  \
             2级 level 2: s-office，2020-02-06 15:19 上报 goes up  abc-1 n=3"
        );
        let silenced = json!({"silence": "01922f0c-7b1e-7c3a-9f00-5b1d2c3e4f50", "until": "2020-02-06T12:00:00Z", "actor": "office", "by": []});
        for (suppressed, said) in [
            (json!({"silenced": silenced, "inhibited_by": null}), "不通知 not told: 静默至 silenced until 2020-02-06 20:00"),
            (json!({"silenced": null, "inhibited_by": "def-1"}), "不通知 not told: 并入聚集警报 held back for the cluster def-1"),
            (json!({"silenced": silenced, "inhibited_by": "def-1"}), "silenced until 2020-02-06 20:00，并入聚集警报 held back for the cluster def-1"),
        ] {
            alert["suppressed"] = suppressed;
            assert!(line(&Zone::default(), &alert).contains(said), "{}", line(&Zone::default(), &alert));
        }
        alert["suppressed"] = Value::Null;
        // nothing that this program does not know is shown as something mild, or as over
        (alert["turn"], alert["kind"], alert["severity"], alert["state"]) = (Value::Null, json!("of_a_newer_program"), json!("worst"), json!("asleep"));
        assert_eq!(
            line(&Zone::default(), &alert),
            "worst  asleep  of_a_newer_program of a newer program  阳光小区 7号楼 2 502  2020-02-06 15:04 起 since  abc-1 n=3"
        );
    }
}
