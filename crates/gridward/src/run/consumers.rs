//! `/consumers`: outsiders who subscribe to topics. Every one has an account of its own on NATS and one durable consumer bound by name.

use std::sync::Arc;

use axum::{
    Json, Router,
    body::Body,
    extract::{Path, RawQuery, State},
    http::{HeaderMap, StatusCode},
    routing::{delete, get},
};
use bus::{
    Connection,
    durable::{DurablePlan, StartAt, ensure_durable, remove_durable},
    provision::ProvisionError,
    server::CONSUMER_API_PREFIX,
};
use domain::values::Slug;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use web::{COMMAND_BYTES_MAX, Gate, Problem, no_parameters, shape};

use super::nats::{Nats, account};
use crate::data::{DataFolder, KeptConsumer, letters, random};

/// Name of the consumer that the demo makes to show how to subscribe.
const WATCHER: &str = "watcher";
/// Most consumers of one server: every one is an account.
const CONSUMERS_MAX: usize = 500;
/// Longest name: it becomes part of a user, an account and an inbox.
const NAME_CHARS_MAX: usize = 48;
/// Most subjects of one consumer.
const FILTERS_MAX: usize = 64;

// by hand: what is derived for such a list tells neither what was right nor where
impl<'de> Deserialize<'de> for From {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = From;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("new, all, or a sequence")
            }

            fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<From, E> {
                match word {
                    "new" => Ok(From::New),
                    "all" => Ok(From::All),
                    _ => Err(E::invalid_value(serde::de::Unexpected::Str(word), &self)),
                }
            }

            fn visit_u64<E: serde::de::Error>(self, sequence: u64) -> Result<From, E> {
                Ok(From::Sequence(sequence))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

/// What adding consumers needs.
pub(crate) struct Consumers {
    pub(crate) gate: Gate,
    pub(crate) data: Arc<DataFolder>,
    pub(crate) connection: Connection,
    /// Our own server takes accounts over at once; with an external one the operator adds them.
    pub(crate) nats: Arc<Nats>,
    /// One change at a time.
    pub(crate) changing: Mutex<()>,
}

/// What a consumer is to be.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    name: Slug,
    filters: Vec<String>,
    #[serde(default)]
    class: Class,
    #[serde(default)]
    from: From,
}

/// Which payload a consumer is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Class {
    Full,
    #[default]
    Work,
    Public,
}

/// Where a consumer begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum From {
    #[default]
    New,
    All,
    Sequence(u64),
}

/// A consumer, with its password, shown once.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Added {
    pub(crate) name: String,
    pub(crate) nats: String,
    pub(crate) user: String,
    pub(crate) password: String,
    pub(crate) stream: String,
    pub(crate) durable: String,
    pub(crate) inbox_prefix: String,
    pub(crate) api_prefix: String,
    /// False with an external NATS: the operator adds `account` to its configuration.
    pub(crate) applied: bool,
    /// The account block for an external NATS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) account: Option<String>,
}

impl Class {
    const fn stream(self) -> &'static str {
        match self {
            Self::Full => "ALERTS_FULL",
            Self::Work => "ALERTS",
            Self::Public => "ALERTS_PUBLIC",
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Work => "work",
            Self::Public => "public",
        }
    }

    const fn subject_prefix(self) -> &'static str {
        match self {
            Self::Full => "gw-full.v1.",
            Self::Work => "gw.v1.",
            Self::Public => "gw-public.v1.",
        }
    }
}

impl Consumers {
    /// A consumer of all alerts, made when it is missing: the demo shows how to subscribe.
    pub(crate) async fn watcher(&self) -> anyhow::Result<Added> {
        let kept = self.data.consumers()?;
        if let Some(consumer) = kept.iter().find(|consumer| consumer.name == WATCHER) {
            return added(self, consumer).map_err(|problem| anyhow::anyhow!("{}", problem.code()));
        }
        let wanted = Wanted { name: WATCHER.parse()?, filters: vec!["gw.v1.*.*.alert.>".to_owned()], class: Class::Work, from: From::New };
        self.add(wanted).await.map_err(|problem| anyhow::anyhow!("{}", problem.code()))
    }

    async fn add(&self, wanted: Wanted) -> Result<Added, Problem> {
        let _one_at_a_time = self.changing.lock().await;
        let mut kept = self.data.consumers().map_err(away)?;
        if kept.iter().any(|consumer| consumer.name == wanted.name.as_str()) {
            return Err(
                Problem::new(StatusCode::CONFLICT, "consumer_exists").with_detail("a consumer of this name exists: remove it first, or choose another name")
            );
        }
        if kept.len() >= CONSUMERS_MAX {
            return Err(Problem::new(StatusCode::CONFLICT, "too_many").with_detail(format!("at most {CONSUMERS_MAX} consumers")));
        }
        let consumer = KeptConsumer {
            name: wanted.name.to_string(),
            password: letters(&random::<24>().map_err(away)?),
            stream: wanted.class.stream().to_owned(),
            durable: wanted.name.to_string(),
            filters: wanted.filters,
            class: wanted.class.word().to_owned(),
        };
        let from = match wanted.from {
            From::New => StartAt::New,
            From::All => StartAt::All,
            From::Sequence(sequence) => StartAt::Sequence(sequence),
        };
        let plan = DurablePlan { stream: consumer.stream.clone(), name: consumer.durable.clone(), filters: consumer.filters.clone(), from };
        ensure_durable(&self.connection, &plan).await.map_err(refused)?;
        kept.push(consumer.clone());
        if let Some(server) = self.nats.own() {
            server.reload(&kept).await.map_err(away)?;
        }
        self.data.keep_consumers(&kept).map_err(away)?;
        added(self, &consumer)
    }
}

/// The routes.
pub(crate) fn router(consumers: Arc<Consumers>) -> Router {
    Router::new().route("/api/v1/consumers", get(list).post(add)).route("/api/v1/consumers/{name}", delete(remove)).with_state(consumers)
}

async fn list(State(consumers): State<Arc<Consumers>>, headers: HeaderMap, query: RawQuery) -> Result<Json<serde_json::Value>, Problem> {
    consumers.gate.operator(&headers)?;
    no_parameters(&query)?;
    let kept = consumers.data.consumers().map_err(away)?;
    let items: Vec<_> = kept
        .iter()
        .map(|consumer| serde_json::json!({ "name": consumer.name, "stream": consumer.stream, "filters": consumer.filters, "class": consumer.class }))
        .collect();
    Ok(Json(serde_json::json!({ "items": items, "next": null })))
}

async fn add(State(consumers): State<Arc<Consumers>>, headers: HeaderMap, query: RawQuery, body: Body) -> Result<(StatusCode, Json<Added>), Problem> {
    consumers.gate.operator_for_change(&headers)?;
    no_parameters(&query)?;
    let wanted = wanted(&shape::whole(body, COMMAND_BYTES_MAX, "the body").await?)?;
    let added = consumers.add(wanted).await?;
    Ok((StatusCode::CREATED, Json(added)))
}

fn added(consumers: &Consumers, consumer: &KeptConsumer) -> Result<Added, Problem> {
    let account = account(consumer);
    let applied = consumers.nats.own().is_some();
    Ok(Added {
        name: consumer.name.clone(),
        nats: consumers.nats.url(),
        user: account.user(),
        password: consumer.password.clone(),
        stream: consumer.stream.clone(),
        durable: consumer.durable.clone(),
        inbox_prefix: account.inbox_prefix(),
        api_prefix: CONSUMER_API_PREFIX.to_owned(),
        applied,
        account: if applied { None } else { Some(account.text().map_err(away)?) },
    })
}

/// What is asked for, when it can be.
fn wanted(json: &[u8]) -> Result<Wanted, Problem> {
    let wanted: Wanted = shape::object(json)?;
    check_wanted(&wanted)?;
    Ok(wanted)
}

/// A consumer follows alert topics of its class and nothing else.
fn check_wanted(wanted: &Wanted) -> Result<(), Problem> {
    if wanted.name.as_str().len() > NAME_CHARS_MAX {
        return Err(Problem::bad_request("/name", "name_long", format!("at most {NAME_CHARS_MAX} characters")));
    }
    if wanted.class != Class::Work {
        let reason = "only the class work (doors, no names) is published so far";
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "class_unpublished").with_param("/class", "class_unpublished", reason));
    }
    if wanted.filters.is_empty() || wanted.filters.len() > FILTERS_MAX {
        return Err(Problem::bad_request("/filters", "filters_count", format!("name 1 to {FILTERS_MAX} subjects")));
    }
    for (index, filter) in wanted.filters.iter().enumerate() {
        let tokens: Vec<&str> = filter.split('.').collect();
        let plain =
            |token: &str| !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-'));
        let well_formed = tokens.iter().enumerate().all(|(place, token)| plain(token) || *token == "*" || (*token == ">" && place + 1 == tokens.len()));
        // a filter that ends before the kind would never be told anything
        let alert = filter.starts_with(wanted.class.subject_prefix()) && tokens.get(4).is_some_and(|kind| *kind == "alert") && tokens.len() > 5;
        if !well_formed || !alert {
            let reason = format!("an alert topic of this class, such as {}dianbu.*.alert.fever.>", wanted.class.subject_prefix());
            return Err(Problem::bad_request(format!("/filters/{index}"), "filter_outside", reason));
        }
    }
    Ok(())
}

async fn remove(State(consumers): State<Arc<Consumers>>, Path(name): Path<String>, headers: HeaderMap, query: RawQuery) -> Result<StatusCode, Problem> {
    consumers.gate.operator_for_change(&headers)?;
    no_parameters(&query)?;
    let _one_at_a_time = consumers.changing.lock().await;
    let mut kept = consumers.data.consumers().map_err(away)?;
    let Some(place) = kept.iter().position(|consumer| consumer.name == name) else { return Err(Problem::not_found()) };
    let consumer = kept.remove(place);
    if let Some(server) = consumers.nats.own() {
        server.reload(&kept).await.map_err(away)?;
    }
    remove_durable(&consumers.connection, &consumer.stream, &consumer.durable).await.map_err(away)?;
    consumers.data.keep_consumers(&kept).map_err(away)?;
    Ok(StatusCode::NO_CONTENT)
}

/// What NATS would not have: usually subjects that overlap.
fn refused(error: ProvisionError) -> Problem {
    match error {
        ProvisionError::Refused { why, .. } => Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "consumer_refused").with_detail(why),
        ProvisionError::Unavailable(_) => away(error),
    }
}

/// What went wrong is the operator's to read in the log; the caller may try again.
fn away(error: impl std::fmt::Display) -> Problem {
    // with what caused it: nobody else is told
    tracing::error!(error = %format_args!("{error:#}"), "a consumer could not be changed");
    Problem::unavailable("consumer_failed", 1).with_detail("the consumers could not be read or changed just now; why stands in the log of this program")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(json: &str) -> (u16, String, String) {
        let problem = wanted(json.as_bytes()).unwrap_err();
        let pointer = problem.invalid_params().first().map(|param| param.pointer.clone()).unwrap_or_default();
        (problem.status().as_u16(), pointer, serde_json::to_string(&problem).unwrap())
    }

    #[test]
    fn a_refusal_names_the_path_and_what_would_be_right_and_not_what_was_sent() {
        let filters = r#""filters":["gw.v1.*.*.alert.>"]"#;
        for (json, status, pointer, right) in [
            (format!(r#"{{"name":"张三 13812345678",{filters}}}"#), 400, "/name", "a-z 0-9"),
            (format!(r#"{{"name":"p13812345678",{filters}}}"#), 422, "/name", "choose an id that means nothing"),
            (format!(r#"{{"name":"police","class":"张三",{filters}}}"#), 400, "/class", "`full`, `work`"),
            (format!(r#"{{"name":"police","from":"13812345678",{filters}}}"#), 400, "/from", "new, all, or a sequence"),
            (format!(r#"{{"name":"police","from":-13812345678,{filters}}}"#), 400, "/from", "new, all, or a sequence"),
            (r#"{"name":"police","filters":"张三"}"#.to_owned(), 400, "/filters", "a sequence"),
            (r#"{"name":"police","filters":["张三"]}"#.to_owned(), 400, "/filters/0", "an alert topic"),
            (r#"{"name":"police"}"#.to_owned(), 400, "", "filters"),
            ("张三".to_owned(), 400, "", "not JSON at line 1"),
        ] {
            let (found, at, text) = refused(&json);
            assert_eq!((found, at.as_str()), (status, pointer), "{json}: {text}");
            assert!(text.contains(right) && !text.contains("张三") && !text.contains("13812345678"), "{json}: {text}");
        }
    }

    #[test]
    fn what_went_wrong_inside_is_not_told_outside() {
        let told = serde_json::to_string(&away("permission denied: /var/lib/gridward/consumers.json")).unwrap();
        assert!(told.contains("consumer_failed") && told.contains("the log of this program") && !told.contains("/var/lib"), "{told}");
    }

    #[test]
    fn a_consumer_begins_with_what_is_new_with_all_or_at_a_sequence() {
        for (from, expected) in [("", From::New), (r#","from":"new""#, From::New), (r#","from":"all""#, From::All), (r#","from":7"#, From::Sequence(7))] {
            let json = format!(r#"{{"name":"police","filters":["gw.v1.*.*.alert.>"]{from}}}"#);
            assert_eq!(wanted(json.as_bytes()).unwrap().from, expected, "{json}");
        }
    }
}
