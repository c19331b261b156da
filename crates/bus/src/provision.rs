//! The streams as values, made once and compared ever after. Nothing that exists is changed silently.

use std::collections::HashMap;
use std::time::Duration;

use async_nats::jetstream::Context;
use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::context::{CreateStreamErrorKind, GetStreamErrorKind};
use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy, StorageType};

use crate::connection::Connection;
use crate::event_log::MESSAGE_BYTES_MAX;

/// Key of the stream's metadata that holds its identity.
pub const STREAM_IDENTITY: &str = "gridward_identity";
/// Key of the stream's metadata that holds [`STREAM_SCHEMA`].
pub const STREAM_SCHEMA_KEY: &str = "gridward_schema";
/// Version of the way the streams are set up and their messages framed.
pub const STREAM_SCHEMA: u32 = 1;
/// Readers a stream may have at once: services, their short-lived predecessors, and outside consumers.
const CONSUMERS_MAX: i32 = 512;
/// Shortest window the server accepts for looking at message ids. None are sent, so nothing is kept.
const DUPLICATE_WINDOW: Duration = Duration::from_millis(100);
/// How long alerts are kept unless the caller says otherwise: 90 days.
pub const ALERT_AGE_MAX: Duration = Duration::from_secs(90 * 24 * 3600);

/// What a stream is for, which decides how it keeps its messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeping {
    /// Everything for ever: refuses deletes and purges, and refuses new messages when it is full.
    Log,
    /// The newest message of each subject, which may be deleted: keys.
    Deletable,
    /// Everything for a while, in order.
    Published,
    /// The newest message of each subject.
    LastValue,
}

/// A stream as it has to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamPlan {
    /// Name of the stream.
    pub name: String,
    /// Subjects it stores.
    pub subjects: Vec<String>,
    /// How it keeps its messages.
    pub keeping: Keeping,
    /// Bytes at which it is full; `None` leaves it to the disk.
    pub bytes_max: Option<u64>,
    /// Age at which messages go; `None` keeps them.
    pub age_max: Option<Duration>,
    /// Copies in a cluster: 1, 3 or 5.
    pub replicas: usize,
}

impl StreamPlan {
    /// The log of events.
    pub fn events(bytes_max: Option<u64>) -> Self {
        Self {
            bytes_max,
            ..Self::new("EVENTS", "ev.>", Keeping::Log)
        }
    }

    /// The wrapped keys of people, one message per key.
    pub fn keys() -> Self {
        Self::new("KEYS", "key.>", Keeping::Deletable)
    }

    /// Alerts for the ordinary class of outside consumers.
    pub fn alerts(age_max: Option<Duration>) -> Self {
        Self {
            age_max,
            ..Self::new("ALERTS", "gw.v1.*.*.alert.>", Keeping::Published)
        }
    }

    /// Alerts with everything in them.
    pub fn alerts_full(age_max: Option<Duration>) -> Self {
        Self {
            age_max,
            ..Self::new("ALERTS_FULL", "gw-full.v1.>", Keeping::Published)
        }
    }

    /// Alerts with counts only.
    pub fn alerts_public(age_max: Option<Duration>) -> Self {
        Self {
            age_max,
            ..Self::new("ALERTS_PUBLIC", "gw-public.v1.>", Keeping::Published)
        }
    }

    /// The status of each building.
    pub fn status() -> Self {
        Self::new("STATUS", "gw.v1.*.*.status.>", Keeping::LastValue)
    }

    /// All streams of a system, with alerts kept for [`ALERT_AGE_MAX`].
    pub fn all(events_bytes_max: Option<u64>) -> Vec<Self> {
        let age = Some(ALERT_AGE_MAX);
        vec![
            Self::events(events_bytes_max),
            Self::keys(),
            Self::alerts(age),
            Self::alerts_full(age),
            Self::alerts_public(age),
            Self::status(),
        ]
    }

    fn new(name: &str, subjects: &str, keeping: Keeping) -> Self {
        Self {
            name: name.to_owned(),
            subjects: vec![subjects.to_owned()],
            keeping,
            bytes_max: None,
            age_max: None,
            replicas: 1,
        }
    }

    fn config(&self, identity: &str) -> Config {
        let newest_only = matches!(self.keeping, Keeping::Deletable | Keeping::LastValue);
        let permanent = matches!(self.keeping, Keeping::Log | Keeping::Published);
        Config {
            name: self.name.clone(),
            subjects: self.subjects.clone(),
            retention: RetentionPolicy::Limits,
            storage: StorageType::File,
            discard: if self.keeping == Keeping::Published {
                DiscardPolicy::Old
            } else {
                DiscardPolicy::New
            },
            max_bytes: self
                .bytes_max
                .and_then(|bytes| i64::try_from(bytes).ok())
                .unwrap_or(-1),
            max_messages: -1,
            max_messages_per_subject: if newest_only { 1 } else { -1 },
            max_age: self.age_max.unwrap_or_default(),
            max_message_size: i32::try_from(MESSAGE_BYTES_MAX).unwrap_or(i32::MAX),
            max_consumers: CONSUMERS_MAX,
            num_replicas: self.replicas,
            duplicate_window: DUPLICATE_WINDOW,
            deny_delete: permanent,
            // what is permanent is never purged either; an age limit is the only thing that takes alerts away
            deny_purge: permanent,
            allow_direct: true,
            allow_atomic_publish: self.keeping != Keeping::LastValue,
            metadata: HashMap::from([
                (STREAM_IDENTITY.to_owned(), identity.to_owned()),
                (STREAM_SCHEMA_KEY.to_owned(), STREAM_SCHEMA.to_string()),
            ]),
            ..Config::default()
        }
    }
}

/// What was found or done about one stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamReport {
    /// Name of the stream.
    pub name: String,
    /// Its identity.
    pub identity: String,
    /// Whether it was made just now.
    pub created: bool,
    /// In what it differs from the plan. Nothing was changed.
    pub drift: Vec<Drift>,
}

/// One setting that is not as planned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drift {
    /// Name of the setting, as the server calls it.
    pub setting: &'static str,
    /// What the plan says.
    pub planned: String,
    /// What the server has.
    pub found: String,
    /// Whether the stream still keeps its promises: an operator may have set a larger limit.
    pub harmless: bool,
}

/// Why the streams are not certain to be there.
#[derive(Debug, thiserror::Error)]
pub enum ProvisionError {
    /// The server does not answer, or JetStream is not ready: try again.
    #[error("jetstream does not answer: {0}")]
    Unavailable(String),
    /// The server refuses the stream: an operator has to look.
    #[error("stream {name} refused: {why}")]
    Refused {
        /// Name of the stream.
        name: String,
        /// What the server said.
        why: String,
    },
}

/// Makes the streams that are missing and compares those that exist. `new_identity` makes the identity of a new stream.
///
/// # Errors
/// When the server refuses a stream or does not answer. What was made until then stays.
pub async fn ensure(
    connection: &Connection,
    plans: &[StreamPlan],
    mut new_identity: impl FnMut() -> String,
) -> Result<Vec<StreamReport>, ProvisionError> {
    let mut reports = Vec::with_capacity(plans.len());
    for plan in plans {
        let report = match find(connection.jetstream(), &plan.name).await? {
            Some(found) => compare(plan, &found),
            None => create(connection.jetstream(), plan, &new_identity()).await?,
        };
        if report.drift.iter().any(|drift| !drift.harmless) {
            tracing::error!(stream = %report.name, drift = ?report.drift, "the stream is not set up as planned");
        }
        reports.push(report);
    }
    Ok(reports)
}

async fn find(jetstream: &Context, name: &str) -> Result<Option<Config>, ProvisionError> {
    match jetstream.get_stream(name).await {
        Ok(stream) => Ok(Some(stream.cached_info().config.clone())),
        Err(error) => match error.kind() {
            GetStreamErrorKind::JetStream(refused)
                if refused.error_code() == ErrorCode::STREAM_NOT_FOUND =>
            {
                Ok(None)
            }
            _ => Err(ProvisionError::Unavailable(error.to_string())),
        },
    }
}

async fn create(
    jetstream: &Context,
    plan: &StreamPlan,
    identity: &str,
) -> Result<StreamReport, ProvisionError> {
    match jetstream.create_stream(plan.config(identity)).await {
        // somebody else may have made it in the meantime: compare what is there
        Ok(stream) => Ok(StreamReport {
            created: true,
            ..compare(plan, &stream.cached_info().config)
        }),
        Err(error) => match error.kind() {
            CreateStreamErrorKind::JetStream(refused)
                if refused.error_code() == ErrorCode::STREAM_NAME_EXIST =>
            {
                let found = find(jetstream, &plan.name).await?;
                found
                    .map(|found| compare(plan, &found))
                    .ok_or_else(|| ProvisionError::Unavailable(error.to_string()))
            }
            CreateStreamErrorKind::TimedOut | CreateStreamErrorKind::JetStreamUnavailable => {
                Err(ProvisionError::Unavailable(error.to_string()))
            }
            _ => Err(ProvisionError::Refused {
                name: plan.name.clone(),
                why: error.to_string(),
            }),
        },
    }
}

fn compare(plan: &StreamPlan, found: &Config) -> StreamReport {
    let identity = found
        .metadata
        .get(STREAM_IDENTITY)
        .cloned()
        .unwrap_or_default();
    let planned = plan.config(&identity);
    let mut drift = Vec::new();
    let mut check = |setting, planned: String, found: String, harmless: bool| {
        if planned != found {
            drift.push(Drift {
                setting,
                planned,
                found,
                harmless,
            });
        }
    };
    let larger = |planned: i64, found: i64| found == -1 || (planned != -1 && found > planned);
    check(
        "subjects",
        planned.subjects.join(" "),
        found.subjects.join(" "),
        false,
    );
    check(
        "retention",
        format!("{:?}", planned.retention),
        format!("{:?}", found.retention),
        false,
    );
    check(
        "storage",
        format!("{:?}", planned.storage),
        format!("{:?}", found.storage),
        false,
    );
    check(
        "discard",
        format!("{:?}", planned.discard),
        format!("{:?}", found.discard),
        false,
    );
    check(
        "max_bytes",
        planned.max_bytes.to_string(),
        found.max_bytes.to_string(),
        larger(planned.max_bytes, found.max_bytes),
    );
    check(
        "max_msgs",
        planned.max_messages.to_string(),
        found.max_messages.to_string(),
        false,
    );
    check(
        "max_msgs_per_subject",
        planned.max_messages_per_subject.to_string(),
        found.max_messages_per_subject.to_string(),
        false,
    );
    let keeps_longer =
        found.max_age.is_zero() || (!planned.max_age.is_zero() && found.max_age > planned.max_age);
    check(
        "max_age",
        format!("{:?}", planned.max_age),
        format!("{:?}", found.max_age),
        keeps_longer,
    );
    check(
        "max_msg_size",
        planned.max_message_size.to_string(),
        found.max_message_size.to_string(),
        found.max_message_size > planned.max_message_size,
    );
    check(
        "max_consumers",
        planned.max_consumers.to_string(),
        found.max_consumers.to_string(),
        true,
    );
    check(
        "num_replicas",
        planned.num_replicas.to_string(),
        found.num_replicas.to_string(),
        found.num_replicas > planned.num_replicas,
    );
    check(
        "duplicate_window",
        format!("{:?}", planned.duplicate_window),
        format!("{:?}", found.duplicate_window),
        true,
    );
    check(
        "persist_mode",
        "None".to_owned(),
        format!("{:?}", found.persist_mode),
        false,
    );
    check(
        "first_seq",
        "None".to_owned(),
        format!("{:?}", found.first_sequence.filter(|&first| first > 1)),
        false,
    );
    for (setting, planned, found) in [
        ("deny_delete", planned.deny_delete, found.deny_delete),
        ("deny_purge", planned.deny_purge, found.deny_purge),
        ("allow_direct", planned.allow_direct, found.allow_direct),
        (
            "allow_atomic",
            planned.allow_atomic_publish,
            found.allow_atomic_publish,
        ),
        (
            "allow_rollup_hdrs",
            planned.allow_rollup,
            found.allow_rollup,
        ),
        (
            "allow_msg_ttl",
            planned.allow_message_ttl,
            found.allow_message_ttl,
        ),
        (
            "allow_msg_schedules",
            planned.allow_message_schedules,
            found.allow_message_schedules,
        ),
        (
            "allow_msg_counter",
            planned.allow_message_counter,
            found.allow_message_counter,
        ),
        ("no_ack", planned.no_ack, found.no_ack),
        ("sealed", planned.sealed, found.sealed),
        ("mirror", planned.mirror.is_some(), found.mirror.is_some()),
        (
            "sources",
            planned.sources.is_some(),
            found.sources.is_some(),
        ),
        (
            "subject_transform",
            planned.subject_transform.is_some(),
            found.subject_transform.is_some(),
        ),
    ] {
        check(setting, planned.to_string(), found.to_string(), false);
    }
    check(
        "identity",
        "one".to_owned(),
        if identity.is_empty() { "none" } else { "one" }.to_owned(),
        false,
    );
    let schema = found
        .metadata
        .get(STREAM_SCHEMA_KEY)
        .cloned()
        .unwrap_or_default();
    check("schema", STREAM_SCHEMA.to_string(), schema, false);
    StreamReport {
        name: plan.name.clone(),
        identity,
        created: false,
        drift,
    }
}
