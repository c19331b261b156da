//! Receives alerts, and takes on what is nobody's: `cargo run --example alerts -- consumer.json`
//!
//! `consumer.json` is what `gridward --json consumer add` printed. With a token in `GRIDWARD_TOKEN`, and a consumer that was added with
//! `--command`, every alert that is raised is acknowledged; without one it is shown only.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for people")]

use std::{collections::VecDeque, time::Duration};

use anyhow::{Context as _, ensure};
use async_nats::{
    Client, ConnectOptions, HeaderMap,
    jetstream::{consumer::PullConsumer, context::ContextBuilder},
};
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use uuid::Uuid;

/// A message that comes twice comes soon; whoever must never act twice keeps the ids where they keep what they did.
const REMEMBERED_MAX: usize = 10_000;
/// Pause after the stream of messages broke off.
const PAUSE: Duration = Duration::from_secs(1);

/// Says that we have the alert, unless somebody has it already: the status of the answer. The same event makes the same command of
/// ours, so a repeat changes nothing.
async fn take_on(client: &Client, user: &str, token: &str, event: &Value) -> anyhow::Result<u16> {
    let (id, data) = (event["id"].as_str().context("a message without id")?, &event["data"]);
    let [town, community] = ["town", "community"].map(|token| data["place"][token].as_str().unwrap_or_default());
    let mut command = json!({
        "id": Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("{user}/{id}").as_bytes()),
        "type": "alert.acknowledge",
        "data": {"alert": data["alert"], "n": data["n"]},
    });
    loop {
        let mut headers = HeaderMap::new();
        headers.insert("Authorization", format!("Bearer {token}"));
        let reply = client.request_with_headers(format!("gw.v1.{town}.{community}.command"), headers, command.to_string().into()).await?;
        let status = reply.headers.as_ref().and_then(|headers| headers.get("Gridward-Status")).context("an answer without status")?;
        let (status, answer): (u16, Value) = (status.as_str().parse()?, serde_json::from_slice(&reply.payload)?);
        ensure!(status < 500, "nobody could decide it: {}", answer["title"]);
        if status != 409 || answer["current"]["state"] != "open" {
            return Ok(status);
        }
        // it went on meanwhile, and it is still nobody's
        command["data"]["n"] = answer["current"]["n"].clone();
    }
}

async fn handle(client: &Client, user: &str, token: Option<&str>, event: &Value) -> anyhow::Result<()> {
    let data = &event["data"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (action, title) = (text(&data["action"]), &data["title"]);
    println!("{action} {} {} | {}", text(&data["severity"]), text(&title["zh-CN"]), text(&title["en"]));
    match token {
        Some(token) if matches!(action.as_str(), "raised" | "reopened") && data["alert"].is_string() => {
            println!("taken on: {}", take_on(client, user, token, event).await?);
        }
        Some(_) | None => {}
    }
    Ok(())
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let file = std::env::args().nth(1).context("name the file that `gridward --json consumer add` printed")?;
    let consumer: Value = serde_json::from_slice(&std::fs::read(file)?)?;
    let text = |field: &str| consumer[field].as_str().with_context(|| format!("no {field} in the file"));
    let token = std::env::var("GRIDWARD_TOKEN").ok();
    let client = ConnectOptions::with_user_and_password(text("user")?.to_owned(), text("password")?.to_owned())
        .custom_inbox_prefix(text("inbox_prefix")?)
        .connect(text("nats")?)
        .await?;
    let context = ContextBuilder::new().api_prefix(text("api_prefix")?).build(client.clone());
    let durable: PullConsumer = context.get_consumer_from_stream(text("durable")?, text("stream")?).await?;
    let mut seen = VecDeque::new();
    loop {
        let mut messages = durable.messages().await?;
        while let Some(Ok(message)) = messages.next().await {
            let event: Value = serde_json::from_slice(&message.payload)?;
            if !seen.contains(&event["id"]) {
                if let Err(error) = handle(&client, text("user")?, token.as_deref(), &event).await {
                    // not acknowledged: it comes again in half a minute
                    eprintln!("not handled: {error:#}");
                    continue;
                }
                seen.push_front(event["id"].clone());
                seen.truncate(REMEMBERED_MAX);
            }
            // last, so nothing is lost when this program ends before it has handled the message
            if let Err(error) = message.ack().await {
                eprintln!("not acknowledged: {error}");
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}
