//! Durable consumers of outsiders: a place in a stream that the server keeps for them.

use std::time::Duration;

use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::consumer::pull::Config;
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, Info};
use async_nats::jetstream::response::Response;
use async_nats::jetstream::stream::{ConsumerCreateStrictErrorKind, ConsumerErrorKind};

use crate::connection::Connection;
use crate::provision::ProvisionError;

/// How long a message may stay unacknowledged before it is delivered again.
const ACK_WAIT: Duration = Duration::from_secs(30);
/// Messages a consumer may hold unacknowledged.
const ACK_PENDING_MAX: i64 = 1000;

/// Where a new durable consumer begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartAt {
    /// With what is published after it was made.
    New,
    /// With the oldest message that is kept.
    All,
    /// With the message of this sequence.
    Sequence(u64),
}

/// A durable consumer as it has to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DurablePlan {
    /// Name of the stream.
    pub stream: String,
    /// Name of the consumer.
    pub name: String,
    /// Subjects it is given, at least one.
    pub filters: Vec<String>,
    /// Where it begins.
    pub from: StartAt,
}

/// Makes the durable consumer; whether it is new. One that is there already with the same plan stays as it is.
///
/// # Errors
/// [`ProvisionError::Refused`] when one of that name is there with another plan, or the server will not have it.
pub async fn ensure_durable(connection: &Connection, plan: &DurablePlan) -> Result<bool, ProvisionError> {
    let existed = exists(connection, &plan.stream, &plan.name).await?;
    let config = Config {
        durable_name: Some(plan.name.clone()),
        filter_subjects: plan.filters.clone(),
        deliver_policy: match plan.from {
            StartAt::New => DeliverPolicy::New,
            StartAt::All => DeliverPolicy::All,
            StartAt::Sequence(start_sequence) => DeliverPolicy::ByStartSequence { start_sequence },
        },
        ack_policy: AckPolicy::Explicit,
        ack_wait: ACK_WAIT,
        max_ack_pending: ACK_PENDING_MAX,
        ..Config::default()
    };
    let made = connection.jetstream().create_consumer_strict_on_stream(config, &plan.stream).await;
    match made {
        Ok(_) => Ok(!existed),
        Err(error) => match error.kind() {
            ConsumerCreateStrictErrorKind::TimedOut => Err(ProvisionError::Unavailable(error.to_string())),
            _ => Err(ProvisionError::Refused { name: plan.name.clone(), why: error.to_string() }),
        },
    }
}

/// Removes a durable consumer; whether there was one.
///
/// # Errors
/// When the server does not answer.
pub async fn remove_durable(connection: &Connection, stream: &str, name: &str) -> Result<bool, ProvisionError> {
    match connection.jetstream().delete_consumer_from_stream(name, stream).await {
        Ok(_) => Ok(true),
        Err(error) => match error.kind() {
            ConsumerErrorKind::JetStream(refused) if refused.error_code() == ErrorCode::CONSUMER_NOT_FOUND => Ok(false),
            _ => Err(ProvisionError::Unavailable(error.to_string())),
        },
    }
}

async fn exists(connection: &Connection, stream: &str, name: &str) -> Result<bool, ProvisionError> {
    let nothing = serde_json::json!({});
    let ask = connection.jetstream().request(format!("CONSUMER.INFO.{stream}.{name}"), &nothing);
    match ask.await.map_err(|error| ProvisionError::Unavailable(error.to_string()))? {
        Response::Ok::<Info>(_) => Ok(true),
        Response::Err { error } if error.error_code() == ErrorCode::CONSUMER_NOT_FOUND => Ok(false),
        Response::Err { error } => Err(ProvisionError::Refused { name: name.to_owned(), why: error.to_string() }),
    }
}
