//! What can be asked of an alert.

use serde::{Deserialize, Serialize};

use super::{AlertId, CloseReason, Detail, Gap, Key, Observed, Owner, Severity, Why};
use crate::values::{Place, StaffId, Subject, Timestamp};

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
    /// It is the turn of a level. Only the alerting service says so.
    Entrust(Entrust),
    /// It is to go up now.
    Escalate(Escalate),
    /// Somebody is to have it.
    Assign(Assign),
    /// Something is to be kept about it.
    Note(Note),
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
    /// Quiet, and over only if that lasts until then.
    #[serde(default)]
    pub recovering_until: Option<Timestamp>,
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

/// `alert.entrust`: whose turn it is. Never accepted from outside.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entrust {
    /// The alert.
    pub alert: AlertId,
    /// The `n` it was judged at.
    pub n: u32,
    /// What else it rests on.
    pub basis: Basis,
    /// The turn.
    pub stage: Stage,
}

/// The turn of a level: to whom it goes, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// 1 nearest to the door, 3 the town.
    pub level: u8,
    /// Whose turn it is.
    pub owners: Vec<Owner>,
    /// Who else is told something.
    pub informed: Vec<Owner>,
    /// Posts that nobody holds: of this level, and of vacant ones below that it came from.
    pub gaps: Vec<Gap>,
    /// Why it is their turn.
    pub why: Why,
    /// Since when it is their turn.
    pub since: Timestamp,
    /// When it goes up next, if time alone brings that.
    pub due_at: Option<Timestamp>,
}

/// `alert.escalate`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Escalate {
    /// The alert.
    pub alert: AlertId,
    /// The `n` the sender saw.
    pub n: u32,
}

/// `alert.assign`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assign {
    /// The alert.
    pub alert: AlertId,
    /// The `n` the sender saw.
    pub n: u32,
    /// To whom.
    pub staff: StaffId,
}

/// `alert.note`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Note {
    /// The alert.
    pub alert: AlertId,
    /// The `n` the sender saw.
    pub n: u32,
    /// What to keep; sealed.
    pub note: String,
}

impl Observe {
    /// A quiet judgement.
    pub fn quiet(key: Key, rule_version: u16, basis: Basis) -> Self {
        Self { key, rule_version, basis, firing: None, late: false, quieted_by: Vec::new(), recovering_until: None }
    }
}
