//! The log of a community as `gridward events export --json` writes it: a commit a line.

use domain::{
    Commit, Event,
    commit::Role,
    values::{CommandId, CommunityId, Slug, Timestamp},
};
use serde::Deserialize;
use serde_json::Value;

use crate::header;

/// What an export says that it leaves out for those who may not see findings.
const FINDINGS: &str = "findings";

/// One commit of an exported log.
#[derive(Debug, PartialEq)]
pub struct Line {
    /// Its place in the log.
    pub sequence: u64,
    /// What was decided. Private parts are left out: no rule needs them.
    pub commit: Commit,
    /// Whoever exported it may not see findings, so the log lacks them, and what tells of nothing else.
    pub lacks_findings: bool,
}

/// Why a line is no commit.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// It is not what an export writes.
    #[error("this is no line of `gridward events export`: {0}")]
    Shape(#[from] serde_json::Error),
    /// The log could not be read there.
    #[error("the log could not be read at {sequence}: {error}")]
    Unreadable {
        /// Its place in the log.
        sequence: u64,
        /// What the export said.
        error: String,
    },
    /// A newer program wrote it.
    #[error("unknown event {0}: written by a newer version, upgrade needed")]
    Unknown(String),
    /// An event has another shape than its name promises.
    #[error("{name} does not read: {source}")]
    Event {
        /// Its name.
        name: String,
        /// What is wrong.
        #[source]
        source: serde_json::Error,
    },
}

#[derive(Deserialize)]
struct Written {
    sequence: u64,
    #[serde(default)]
    error: Option<String>,
    #[serde(flatten)]
    commit: Value,
}

#[derive(Deserialize)]
struct WrittenCommit {
    community: CommunityId,
    command: CommandId,
    at: Timestamp,
    recorded_at: Timestamp,
    actor: Slug,
    events: Vec<WrittenEvent>,
    #[serde(default)]
    without: Vec<String>,
}

#[derive(Deserialize)]
struct WrittenEvent {
    r#type: String,
    data: Value,
}

impl Line {
    /// Reads a line of an export.
    ///
    /// # Errors
    /// [`LineError`]
    pub fn read(text: &str) -> Result<Self, LineError> {
        let Written { sequence, error, commit } = serde_json::from_str(text)?;
        if let Some(error) = error {
            return Err(LineError::Unreadable { sequence, error });
        }
        let WrittenCommit { community, command, at, recorded_at, actor, events, without } = serde_json::from_value(commit)?;
        let lacks_findings = without.iter().any(|left_out| left_out == FINDINGS);
        let events = events.into_iter().map(event).collect::<Result<_, _>>()?;
        // which role somebody had is not told; it counts only for who may say that an alert is theirs
        let header = header(&community, command, &actor, (Role::Office, at), recorded_at);
        Ok(Self { sequence, commit: Commit { header, events }, lacks_findings })
    }
}

fn event(WrittenEvent { r#type: name, mut data }: WrittenEvent) -> Result<Event, LineError> {
    without_private(&mut data);
    match Event::deserialize_payload(&name, data) {
        Ok(Some(event)) => Ok(event),
        Ok(None) => Err(LineError::Unknown(name)),
        Err(source) => Err(LineError::Event { name, source }),
    }
}

/// Takes out what is closed, or was opened for the reader of the export.
pub(crate) fn without_private(value: &mut Value) {
    match value {
        Value::Object(fields) => fields.iter_mut().for_each(|(name, field)| {
            if name == "private" {
                *field = Value::Null;
            } else {
                without_private(field);
            }
        }),
        Value::Array(items) => items.iter_mut().for_each(without_private),
        _ => {}
    }
}
