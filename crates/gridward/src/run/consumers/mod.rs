//! `/consumers`: outsiders who subscribe to topics. Every one has an account of its own on NATS and one durable consumer bound by name, and asks
//! at the door of the communities that it is let to, where its token says who it is.

mod wanted;

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
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use web::{COMMAND_BYTES_MAX, Gate, Problem, no_parameters, shape};

use super::nats::{Nats, account};
use crate::data::{DataFolder, KeptConsumer, letters, random};
use wanted::{Class, From, Wanted, wanted};

/// Name of the consumer that the demo makes to show how to subscribe.
const WATCHER: &str = "watcher";
/// Most consumers of one server: every one is an account.
const CONSUMERS_MAX: usize = 500;

/// What adding consumers needs.
pub(crate) struct Consumers {
    pub(crate) gate: Gate,
    pub(crate) data: Arc<DataFolder>,
    pub(crate) connection: Connection,
    /// Our own server takes accounts over at once; with an external one the operator adds them.
    pub(crate) nats: Arc<Nats>,
    /// Whether class full is published.
    pub(crate) names_on_topics: bool,
    /// One change at a time.
    pub(crate) changing: Mutex<()>,
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
    /// Subjects on which it may ask; a token says who it is there.
    pub(crate) commands: Vec<String>,
    /// False with an external NATS: the operator adds `account` to its configuration.
    pub(crate) applied: bool,
    /// The account block for an external NATS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) account: Option<String>,
}

impl Consumers {
    /// A consumer of all alerts, made when it is missing: the demo shows how to subscribe.
    pub(crate) async fn watcher(&self) -> anyhow::Result<Added> {
        let kept = self.data.consumers()?;
        if let Some(consumer) = kept.iter().find(|consumer| consumer.name == WATCHER) {
            return added(self, consumer).map_err(|problem| anyhow::anyhow!("{}", problem.code()));
        }
        let wanted =
            Wanted { name: WATCHER.parse()?, filters: vec!["gw.v1.*.*.alert.>".to_owned()], class: Class::Work, from: From::New, commands: Vec::new() };
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
            asks: wanted.asks(),
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
        .map(|consumer| serde_json::json!({ "name": consumer.name, "stream": consumer.stream, "filters": consumer.filters, "class": consumer.class, "commands": consumer.asks }))
        .collect();
    Ok(Json(serde_json::json!({ "items": items, "next": null })))
}

async fn add(State(consumers): State<Arc<Consumers>>, headers: HeaderMap, query: RawQuery, body: Body) -> Result<(StatusCode, Json<Added>), Problem> {
    consumers.gate.operator_for_change(&headers)?;
    no_parameters(&query)?;
    let wanted = wanted(consumers.names_on_topics, &shape::whole(body, COMMAND_BYTES_MAX, "the body").await?)?;
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
        commands: account.asks.clone(),
        applied,
        account: if applied { None } else { Some(account.text().map_err(away)?) },
    })
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

    #[test]
    fn what_went_wrong_inside_is_not_told_outside() {
        let told = serde_json::to_string(&away("permission denied: /var/lib/gridward/consumers.json")).unwrap();
        assert!(told.contains("consumer_failed") && told.contains("the log of this program") && !told.contains("/var/lib"), "{told}");
    }
}
