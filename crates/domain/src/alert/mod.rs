//! An alert: a fact about the world that somebody owns. One open episode per key; each cause once.
//!
//! `open -> acknowledged -> resolved -> (recurs within 24 h, or without a new cause) open again, next episode`, or `closed` by hand with a reason. `n` counts
//! the events of one alert without gaps. Rules say Firing or Quiet as often as they like; deciding turns the first Firing into
//! `Raised`, a repeat into nothing (alerting.md). Meanwhile it is somebody's turn: [`Turn`] says whose.

mod act;
mod command;
mod decide;
mod entrust;
mod escalation;
mod event;
mod evolve;
mod key;
mod kind;
mod state;
mod step;
mod turn;
mod vacancy;

pub use act::Act;
pub use command::{Acknowledge, Assign, Basis, Close, Command, Entrust, Escalate, Firing, Note, Observe, Resolve, Stage};
pub use decide::REOPEN_HOURS;
pub(crate) use decide::names;
pub use escalation::{Assigned, Escalated, EscalationRequested, Gap, LEVEL_MAX, Noted, Owner, Share, Why};
pub use event::{
    Acknowledged, AcknowledgedV2, CloseReason, Closed, ClosedV2, Detail, NotMade, Observed, Occurrence, Raised, RecoveryStarted, Reopened, ReopenedV2,
    Resolved, ResolvedV2, Severity, Updated, UpdatedV2, Upgraded, UpgradedV2,
};
pub use key::{AlertId, Key, KeyHash};
pub use kind::{CHECK_OVERDUE, CLUSTER, DO_NOT_GO_UP, FEVER, KINDS, Kind, QUARANTINE_BREACH, RESPONSIBILITY_GAP, Situation};
pub use state::{CAUSES_MAX, Recovering, State, Status};
pub use step::{Change, Recovery, Resolution, Step};
pub use turn::{GivenTo, Requested, Seen, Told, Turn, is_only_seen, level_of};
pub use vacancy::{read_vacancy, vacancy, vacant_posts};

/// The aggregate.
#[derive(Debug)]
pub struct Alert;
