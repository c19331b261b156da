//! `gridward send`: one command from the keyboard, or many from a file.

use std::io::Read;

use clap::Args;
use reqwest::{Method, header};
use serde_json::{Map, Value};

use super::Global;
use crate::{
    client::accepted,
    clock::real_now,
    exit::{Done, Exit, Failure, data, talk},
};

/// What is sent.
#[derive(Args)]
pub(crate) struct Arguments {
    /// A command's type such as visit.record, a file of JSON lines, or - for standard input
    what: String,
    /// Fields of the command's data, such as people.0.person=p1. Values parse as JSON, else they are text
    fields: Vec<String>,
    /// When it happened; now when absent
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Its id; a new one when absent
    #[arg(long, value_name = "UUID")]
    id: Option<uuid::Uuid>,
    /// Staff who did it
    #[arg(long, value_name = "STAFF")]
    by: Vec<String>,
}

/// Sends it.
pub(crate) async fn run(global: &Global, arguments: Arguments) -> Done {
    let is_type = arguments.what.split('.').count() == 2 && domain::Command::TYPES.contains(&arguments.what.as_str());
    if is_type { send_one(global, arguments).await } else { send_lines(global, &arguments.what).await }
}

async fn send_one(global: &Global, arguments: Arguments) -> Done {
    let client = global.client()?;
    let mut fields = Value::Object(Map::new());
    for field in &arguments.fields {
        let (path, text) = field.split_once('=').ok_or_else(|| Exit::new(Failure::Usage, format!("{field} is not key=value")))?;
        let value = serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()));
        put(&mut fields, &path.split('.').collect::<Vec<_>>(), value).map_err(|why| Exit::new(Failure::Usage, format!("{path}: {why}")))?;
    }
    let id = arguments.id.unwrap_or_else(new_id);
    let mut command = serde_json::json!({ "id": id, "type": arguments.what, "data": fields });
    if let Some(at) = arguments.at {
        command["at"] = at.into();
    }
    if !arguments.by.is_empty() {
        command["by"] = arguments.by.into();
    }
    let path = format!("/communities/{}/commands", global.community()?);
    let answer: Value = accepted(client.request(Method::POST, &path).json(&command).send().await?).await?.json().await?;
    if global.json() {
        data(answer);
    } else {
        data(format_args!("{} {} at {}", answer["id"].as_str().unwrap_or_default(), answer["status"].as_str().unwrap_or_default(), answer["sequence"]));
        answer["checks"].as_array().into_iter().flatten().for_each(|check| talk(said_of(check)));
    }
    Ok(())
}

/// What a check is for: `q1 2020-02-06 am: …`.
fn said_of(check: &Value) -> String {
    let slot = check["slot"].as_object().map(|slot| format!(" {} {}", text(&slot["date"]), text(&slot["name"]))).unwrap_or_default();
    format!("{}{slot}: {}", text(&check["quarantine"]), text(&check["title"]))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A UUID v7 by the machine's clock: ids sort by when they were made.
pub(super) fn new_id() -> uuid::Uuid {
    let now_ms = u64::try_from(real_now().0).unwrap_or_default();
    let seconds = now_ms / 1000;
    let nanos = u32::try_from(now_ms % 1000).unwrap_or_default() * 1_000_000;
    uuid::Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, seconds, nanos))
}

/// Puts a value at a path; a number in the path is a place in a list.
fn put(target: &mut Value, path: &[&str], value: Value) -> Result<(), &'static str> {
    let Some((first, rest)) = path.split_first() else {
        *target = value;
        return Ok(());
    };
    if let Ok(index) = first.parse::<usize>() {
        if target.is_object() && target.as_object().is_some_and(Map::is_empty) {
            *target = Value::Array(Vec::new());
        }
        let list = target.as_array_mut().ok_or("not a list")?;
        if index > list.len() || index > 100 {
            return Err("places of a list are counted from 0 without gaps");
        }
        if index == list.len() {
            list.push(Value::Object(Map::new()));
        }
        return put(&mut list[index], rest, value);
    }
    let object = target.as_object_mut().ok_or("not an object")?;
    put(object.entry((*first).to_owned()).or_insert_with(|| Value::Object(Map::new())), rest, value)
}

async fn send_lines(global: &Global, what: &str) -> Done {
    let client = global.client()?;
    let text = if what == "-" {
        let mut text = Vec::new();
        std::io::stdin().read_to_end(&mut text)?;
        text
    } else {
        let unknown = format!("{what} is neither a command's type nor a file; types are such as visit.record");
        tokio::fs::read(what).await.map_err(|_| Exit::new(Failure::Usage, unknown))?
    };
    let path = format!("/communities/{}/commands", global.community()?);
    let request = client.request(Method::POST, &path).header(header::CONTENT_TYPE, "application/x-ndjson").body(text);
    let answers = accepted(request.send().await?).await?.text().await?;
    let mut rejected = 0;
    let mut recorded = 0;
    for line in answers.lines() {
        data(line);
        let answer: Value = serde_json::from_str(line)?;
        if answer["problem"].is_object() {
            rejected += 1;
        } else {
            recorded += 1;
        }
    }
    talk(format_args!("{recorded} taken, {rejected} refused"));
    match (recorded, rejected) {
        (_, 0) => Ok(()),
        (0, _) => Err(Exit::new(Failure::Failed, "nothing was recorded")),
        _ => Err(Exit::new(Failure::Partly, "some lines were refused; the others are recorded")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_make_objects_and_lists() {
        let mut data = Value::Object(Map::new());
        for (path, value) in
            [("household", "h1".into()), ("people.0.person", "p1".into()), ("people.0.readings.0.celsius", 37.8.into()), ("people.1.person", "p2".into())]
        {
            put(&mut data, &path.split('.').collect::<Vec<_>>(), value).unwrap();
        }
        assert_eq!(data, serde_json::json!({"household":"h1","people":[{"person":"p1","readings":[{"celsius":37.8}]},{"person":"p2"}]}));
        assert!(put(&mut data, &["people", "5", "person"], Value::Null).is_err());
        assert!(put(&mut data, &["household", "x"], Value::Null).is_err());
    }
}
