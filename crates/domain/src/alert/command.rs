//! What can be asked of an alert.

use serde::{Deserialize, Serialize};

use super::{AlertId, CloseReason, Detail, Key, Observed, Severity};
use crate::values::{Place, Subject, Timestamp};

/// What can be asked of an alert.
#[derive(Clone, Debug)]
pub enum Command {
    /// A rule says how things are. Only the alerting service does.
    Observe(Observe),
    /// Somebody has it.
    Acknowledge(Acknowledge),
    /// What it was about is over.
    Resolve(Resolve),
    /// It is not to be followed up.
    Close(Close),
}

/// What a judgement rests on: the log up to a sequence, and the time that woke it. Judgements are taken in this order only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Basis {
    /// Sequence of the last commit in the rule's memory.
    pub sequence: u64,
    /// The time that woke it, if time did.
    pub due: Option<Timestamp>,
}

/// `alert.observe`: a rule's judgement. Never accepted from outside.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Observe {
    /// What it is about.
    pub key: Key,
    /// Version of the rule.
    pub rule_version: u16,
    /// What it rests on.
    pub basis: Basis,
    /// Firing; quiet when absent.
    pub firing: Option<Firing>,
    /// Quiet because of something recorded late.
    #[serde(default)]
    pub late: bool,
    /// What made it quiet: event ids.
    #[serde(default)]
    pub quieted_by: Vec<String>,
}

/// Why a rule fires.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Firing {
    /// How bad it is.
    pub severity: Severity,
    /// A second measurement is still owed.
    pub unconfirmed: bool,
    /// Where.
    pub place: Place,
    /// Who.
    pub person: Option<Subject>,
    /// What was measured.
    pub observed: Option<Observed>,
    /// What else to say.
    pub detail: Detail,
    /// Event ids, or slots: each in exactly one alert.
    pub causes: Vec<String>,
    /// When it began.
    pub first_at: Timestamp,
    /// When it was last so.
    pub last_at: Timestamp,
    /// How many observations.
    pub occurrences: u32,
    /// Recorded long after it happened.
    pub late: bool,
}

/// `alert.acknowledge`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Acknowledge {
    /// The alert.
    pub alert: AlertId,
    /// The `n` the sender saw; 409 with the current state when it is another.
    pub n: u32,
    /// Until when somebody has it.
    pub until: Option<Timestamp>,
}

/// `alert.resolve`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resolve {
    /// The alert.
    pub alert: AlertId,
    /// The `n` the sender saw.
    pub n: u32,
    /// How that is known; sealed.
    pub evidence: Option<String>,
}

/// `alert.close`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Close {
    /// The alert.
    pub alert: AlertId,
    /// The `n` the sender saw.
    pub n: u32,
    /// Why.
    pub reason: CloseReason,
}

impl Observe {
    /// A quiet judgement.
    pub fn quiet(key: Key, rule_version: u16, basis: Basis) -> Self {
        Self { key, rule_version, basis, firing: None, late: false, quieted_by: Vec::new() }
    }
}
