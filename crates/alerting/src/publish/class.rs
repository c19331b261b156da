//! Classes of messages: how much outsiders are told (contracts.md). Each has a stream, an outbox and a publisher of its own, so one that is
//! stuck holds up no other (docs/adr/0027).

use domain::{Fact, alert::State, community, values::Timestamp};
use store::Table;

use super::{
    counts::{Counts, Moved},
    message,
};
use crate::rows::{DROPPED, DROPPED_PUBLIC, OUTBOX, OUTBOX_PUBLIC};

/// A class of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    /// Doors, and no names: stream `ALERTS`.
    Work,
    /// Counts of a community, and nothing below it: stream `ALERTS_PUBLIC`.
    Public,
}

impl Class {
    /// Where its messages wait.
    pub(crate) const fn outbox(self) -> Table {
        match self {
            Self::Work => OUTBOX,
            Self::Public => OUTBOX_PUBLIC,
        }
    }

    /// Where it is remembered which of them wait no longer.
    pub(crate) const fn dropped(self) -> Table {
        match self {
            Self::Work => DROPPED,
            Self::Public => DROPPED_PUBLIC,
        }
    }

    /// What readiness calls its publishing.
    pub(crate) const fn publishing(self) -> &'static str {
        match self {
            Self::Work => "publishing",
            Self::Public => "publishing ALERTS_PUBLIC",
        }
    }

    /// The class in a word.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Work => "work",
            Self::Public => "public",
        }
    }
}

/// A message of a class: its subject and its payload.
pub(crate) type OfClass = (Class, String, Vec<u8>);

/// What each class is told of an alert event, given the alert after it, until when it is silenced, and how it moved the counts.
///
/// # Errors
/// When a message cannot be written as JSON.
pub(crate) fn messages(
    fact: &Fact<'_>,
    state: &State,
    community: &community::State,
    silenced_until: Option<Timestamp>,
    counts: Option<(Moved, &Counts)>,
) -> serde_json::Result<Vec<OfClass>> {
    let mut messages = Vec::new();
    if let Some(message) = message::of(fact, state, community, silenced_until) {
        messages.push((Class::Work, message.subject, serde_json::to_vec(&message.body)?));
    }
    if let Some(message) = counts.and_then(|(moved, counts)| counts.message(fact, state, moved, community)) {
        messages.push((Class::Public, message.subject, serde_json::to_vec(&message.body)?));
    }
    Ok(messages)
}
