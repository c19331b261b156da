//! Classes of messages: how much outsiders are told (contracts.md). Each has a stream, an outbox and a publisher of its own, so one that is
//! stuck holds up no other (docs/adr/0027).

use domain::{Fact, alert::State, community, values::GridId};
use store::Table;

use super::{
    counts::{Counts, Moved},
    message::{self, Suppressed},
};
use crate::rows::{DROPPED, DROPPED_FULL, DROPPED_NUDGES, DROPPED_PUBLIC, OUTBOX, OUTBOX_FULL, OUTBOX_NUDGES, OUTBOX_PUBLIC};

/// A class of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    /// Doors and names: stream `ALERTS_FULL`, where an operator wants it.
    Full,
    /// Doors, and no names: stream `ALERTS`.
    Work,
    /// Counts of a community, and nothing below it: stream `ALERTS_PUBLIC`.
    Public,
    /// Who is nudged before there is an alert: stream `NUDGES`. No account of a consumer reads it, only deliveries do.
    Nudges,
}

impl Class {
    /// Where its messages wait.
    pub(crate) const fn outbox(self) -> Table {
        match self {
            Self::Full => OUTBOX_FULL,
            Self::Work => OUTBOX,
            Self::Public => OUTBOX_PUBLIC,
            Self::Nudges => OUTBOX_NUDGES,
        }
    }

    /// Where it is remembered which of them wait no longer.
    pub(crate) const fn dropped(self) -> Table {
        match self {
            Self::Full => DROPPED_FULL,
            Self::Work => DROPPED,
            Self::Public => DROPPED_PUBLIC,
            Self::Nudges => DROPPED_NUDGES,
        }
    }

    /// What readiness calls its publishing.
    pub(crate) const fn publishing(self) -> &'static str {
        match self {
            Self::Full => "publishing ALERTS_FULL",
            Self::Work => "publishing",
            Self::Public => "publishing ALERTS_PUBLIC",
            Self::Nudges => "publishing NUDGES",
        }
    }

    /// The class in a word.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Work => "work",
            Self::Public => "public",
            Self::Nudges => "nudges",
        }
    }
}

/// A message of a class: its subject and its payload.
pub(crate) type OfClass = (Class, String, Vec<u8>);

/// What subjects of class work begin with, and what stands there in those of class full.
const PREFIXES: (&str, &str) = ("gw.", "gw-full.");

/// An alert event as it is told.
pub(crate) struct Happened<'a> {
    pub(crate) fact: &'a Fact<'a>,
    /// The alert after it.
    pub(crate) state: &'a State,
    pub(crate) community: &'a community::State,
    /// The grid that its building lies in.
    pub(crate) grid: Option<&'a GridId>,
    /// How it moved the counts, and the counts after it.
    pub(crate) counts: Option<(Moved, &'a Counts)>,
}

impl Happened<'_> {
    /// What each class is told of it, given why people are not to be told. With `full`, class full is told as well: what class work is, in which
    /// the name is still to be written. Of an alert that says what medicine found class full alone is told: who reads the others may not know.
    ///
    /// # Errors
    /// When a message cannot be written as JSON.
    pub(crate) fn messages(&self, suppressed: Suppressed, full: bool) -> serde_json::Result<Vec<OfClass>> {
        let Self { fact, state, community, grid, counts } = self;
        let mut messages = Vec::new();
        if let Some(message) = message::of(fact, state, (community, *grid), suppressed) {
            let payload = serde_json::to_vec(&message.body)?;
            if full {
                messages.push((Class::Full, message.subject.replacen(PREFIXES.0, PREFIXES.1, 1), payload.clone()));
            }
            if !state.key.tells_a_finding() {
                messages.push((Class::Work, message.subject, payload));
            }
        }
        if let Some(message) = counts.and_then(|(moved, counts)| counts.message(fact, state, moved, community)) {
            messages.push((Class::Public, message.subject, serde_json::to_vec(&message.body)?));
        }
        Ok(messages)
    }
}
