//! What can be asked about absences.

use serde::Deserialize;

use crate::values::{StaffId, Timestamp};

/// What can be asked about absences.
#[derive(Clone, Debug)]
pub enum Command {
    /// Say that somebody is away.
    Declare(Declare),
}

/// `staff.absent`: again with the same `from` says another end; an end that is the beginning takes it back.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declare {
    /// Who.
    pub staff: StaffId,
    /// From when on; from `at` when absent.
    pub from: Option<Timestamp>,
    /// Until when.
    pub until: Timestamp,
    /// Why; sealed.
    pub reason: Option<String>,
}
