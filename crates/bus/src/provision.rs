//! The streams as values, made once and compared ever after. Nothing that exists is changed silently.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use async_nats::jetstream::Context;
use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::context::{CreateStreamErrorKind, GetStreamErrorKind};
use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy, StorageType};

use serde_json::Value;

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
/// Shortest window the server accepts for looking at message ids. Those of appends in turn are new for every try, so nothing is found in it.
const DUPLICATE_WINDOW: Duration = Duration::from_millis(100);
/// How long alerts are kept unless the caller says otherwise: 90 days.
pub const ALERT_AGE_MAX: Duration = Duration::from_secs(90 * 24 * 3600);

/// How long messages that hold names are kept: a day. What was published cannot be sealed again when a key is destroyed.
pub const NAMES_AGE_MAX: Duration = Duration::from_secs(24 * 3600);
/// How long nudges are kept: they are about one day, and a week shows an operator what was said.
pub const NUDGES_AGE_MAX: Duration = Duration::from_secs(7 * 24 * 3600);

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
    /// A longer age than this is a fault, as any other difference is.
    pub age_strict: bool,
    /// Copies in a cluster: 1, 3 or 5.
    pub replicas: usize,
}

impl StreamPlan {
    /// The log of events.
    pub fn events(bytes_max: Option<u64>) -> Self {
        Self { bytes_max, ..Self::new("EVENTS", "ev.>", Keeping::Log) }
    }

    /// The wrapped keys of people, one message per key.
    pub fn keys() -> Self {
        Self::new("KEYS", "key.>", Keeping::Deletable)
    }

    /// Alerts for the ordinary class of outside consumers.
    pub fn alerts(age_max: Option<Duration>) -> Self {
        Self { age_max, ..Self::new("ALERTS", "gw.v1.*.*.alert.>", Keeping::Published) }
    }

    /// Alerts with the names of people in them, for [`NAMES_AGE_MAX`] and no longer.
    pub fn alerts_full() -> Self {
        Self { age_max: Some(NAMES_AGE_MAX), age_strict: true, ..Self::new("ALERTS_FULL", "gw-full.v1.>", Keeping::Published) }
    }

    /// Alerts with counts only.
    pub fn alerts_public(age_max: Option<Duration>) -> Self {
        Self { age_max, ..Self::new("ALERTS_PUBLIC", "gw-public.v1.>", Keeping::Published) }
    }

    /// Nudges, for deliveries: [`NUDGES_AGE_MAX`] and no longer.
    pub fn nudges() -> Self {
        Self { age_max: Some(NUDGES_AGE_MAX), ..Self::new("NUDGES", "gw-nudge.v1.>", Keeping::Published) }
    }

    /// The status of each building.
    pub fn status() -> Self {
        Self::new("STATUS", "gw.v1.*.*.status.>", Keeping::LastValue)
    }

    /// How far each delivery came.
    pub fn deliveries() -> Self {
        Self::new("DELIVERIES", "delivery.>", Keeping::LastValue)
    }

    /// All streams of a system in which nobody is named on topics, with alerts kept for [`ALERT_AGE_MAX`].
    pub fn all(events_bytes_max: Option<u64>) -> Vec<Self> {
        let age = Some(ALERT_AGE_MAX);
        let told = [Self::alerts(age), Self::alerts_public(age), Self::nudges(), Self::status(), Self::deliveries()];
        [Self::events(events_bytes_max), Self::keys()].into_iter().chain(told).collect()
    }

    fn new(name: &str, subjects: &str, keeping: Keeping) -> Self {
        Self { name: name.to_owned(), subjects: vec![subjects.to_owned()], keeping, bytes_max: None, age_max: None, age_strict: false, replicas: 1 }
    }

    fn config(&self, identity: &str) -> Config {
        let newest_only = matches!(self.keeping, Keeping::Deletable | Keeping::LastValue);
        let permanent = matches!(self.keeping, Keeping::Log | Keeping::Published);
        Config {
            name: self.name.clone(),
            subjects: self.subjects.clone(),
            retention: RetentionPolicy::Limits,
            storage: StorageType::File,
            discard: if self.keeping == Keeping::Published { DiscardPolicy::Old } else { DiscardPolicy::New },
            max_bytes: self.bytes_max.and_then(|bytes| i64::try_from(bytes).ok()).unwrap_or(-1),
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
            metadata: HashMap::from([(STREAM_IDENTITY.to_owned(), identity.to_owned()), (STREAM_SCHEMA_KEY.to_owned(), STREAM_SCHEMA.to_string())]),
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
    /// In what it differs from the plan. Nothing of that was changed.
    pub drift: Vec<Drift>,
}

/// One setting that is not as planned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drift {
    /// Name of the setting, as the server calls it.
    pub setting: String,
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

/// Makes the streams that are missing, raises a limit that is planned higher, and compares those that exist. `new_identity` makes the
/// identity of a new stream.
///
/// # Errors
/// When the server refuses a stream or does not answer. What was made until then stays.
pub async fn ensure(connection: &Connection, plans: &[StreamPlan], mut new_identity: impl FnMut() -> String) -> Result<Vec<StreamReport>, ProvisionError> {
    let mut reports = Vec::with_capacity(plans.len());
    for plan in plans {
        let report = match find(connection.jetstream(), &plan.name).await? {
            Some(found) => compare(plan, &raised(connection.jetstream(), plan, found).await?),
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
            GetStreamErrorKind::JetStream(refused) if refused.error_code() == ErrorCode::STREAM_NOT_FOUND => Ok(None),
            _ => Err(ProvisionError::Unavailable(error.to_string())),
        },
    }
}

/// The stream with the limit of its plan where that is the higher one: this alone an operator may change of a stream, and nothing is lost by it.
async fn raised(jetstream: &Context, plan: &StreamPlan, found: Config) -> Result<Config, ProvisionError> {
    let planned = plan.config("").max_bytes;
    if found.max_bytes == -1 || (planned != -1 && planned <= found.max_bytes) {
        return Ok(found);
    }
    tracing::info!(stream = %plan.name, from = found.max_bytes, to = planned, "raising the limit of the stream");
    let wider = Config { max_bytes: planned, ..found };
    let answer = jetstream.update_stream(&wider).await;
    let why = |error| format!("its limit cannot be raised to {planned} bytes; may this user ask $JS.API.STREAM.UPDATE.{}? {error}", plan.name);
    answer.map(|info| info.config).map_err(|error| ProvisionError::Refused { name: plan.name.clone(), why: why(error) })
}

async fn create(jetstream: &Context, plan: &StreamPlan, identity: &str) -> Result<StreamReport, ProvisionError> {
    match jetstream.create_stream(plan.config(identity)).await {
        // somebody else may have made it in the meantime: compare what is there
        Ok(stream) => Ok(StreamReport { created: true, ..compare(plan, &stream.cached_info().config) }),
        Err(error) => match error.kind() {
            CreateStreamErrorKind::JetStream(refused) if refused.error_code() == ErrorCode::STREAM_NAME_EXIST => {
                let found = find(jetstream, &plan.name).await?;
                found.map(|found| compare(plan, &found)).ok_or_else(|| ProvisionError::Unavailable(error.to_string()))
            }
            CreateStreamErrorKind::TimedOut | CreateStreamErrorKind::JetStreamUnavailable => Err(ProvisionError::Unavailable(error.to_string())),
            _ => Err(ProvisionError::Refused { name: plan.name.clone(), why: error.to_string() }),
        },
    }
}

fn compare(plan: &StreamPlan, found: &Config) -> StreamReport {
    let metadata = |key: &str| found.metadata.get(key).cloned().unwrap_or_default();
    let identity = metadata(STREAM_IDENTITY);
    let mut planned = settings(&plan.config(&identity));
    let mut found = settings(found);
    planned.insert("schema".to_owned(), STREAM_SCHEMA.to_string().into());
    found.insert("schema".to_owned(), metadata(STREAM_SCHEMA_KEY).into());
    planned.insert("identity".to_owned(), true.into());
    found.insert("identity".to_owned(), (!identity.is_empty()).into());
    let names: BTreeSet<String> = planned.keys().chain(found.keys()).cloned().collect();
    let drift = names.into_iter().filter_map(|setting| {
        let [planned, found] = [&planned, &found].map(|settings| settings.get(&setting).cloned().unwrap_or_default());
        (planned != found).then(|| Drift {
            harmless: is_harmless(plan, &setting, &planned, &found),
            setting,
            planned: planned.to_string(),
            found: found.to_string(),
        })
    });
    StreamReport { name: plan.name.clone(), identity, created: false, drift: drift.collect() }
}

/// The settings of a stream that say something, as the server writes them.
fn settings(config: &Config) -> BTreeMap<String, Value> {
    let Ok(Value::Object(all)) = serde_json::to_value(config) else {
        // it is made of plain fields; an empty list would show as drift in everything
        return BTreeMap::new();
    };
    let said = |(name, value): &(String, Value)| {
        let unset = match value {
            Value::Null | Value::Bool(false) => true,
            Value::Number(number) => number.as_i64() == Some(0),
            Value::String(text) => text.is_empty() || text == "none" || text == "default",
            Value::Array(items) => items.is_empty(),
            Value::Object(fields) => fields.is_empty(),
            Value::Bool(true) => false,
        };
        // where it is placed and how it is described is the operator's; the metadata is compared by itself
        !unset && !matches!(name.as_str(), "metadata" | "description" | "placement")
    };
    all.into_iter().filter(said).collect()
}

/// Whether a stream that differs in this setting keeps its promises all the same.
fn is_harmless(plan: &StreamPlan, setting: &str, planned: &Value, found: &Value) -> bool {
    let [planned, found] = [planned, found].map(|value| value.as_i64().unwrap_or(0));
    match setting {
        "max_consumers" | "duplicate_window" | "compression" => true,
        "max_bytes" => found == -1 || (planned != -1 && found > planned),
        "max_age" if plan.age_strict => found != 0 && found < planned,
        "max_age" => found == 0 || (planned != 0 && found > planned),
        "max_msg_size" | "num_replicas" => found > planned,
        _ => false,
    }
}
