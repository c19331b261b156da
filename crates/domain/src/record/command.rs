//! What can be asked about a command that was recorded.

use serde::Deserialize;

use crate::values::CommandId;

/// What can be asked about a command that was recorded.
#[derive(Clone, Debug)]
pub enum Command {
    /// Take it back.
    Retract(Retract),
}

/// `record.retract`: a replacement is another command with `replaces`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retract {
    /// The command to take back.
    pub command: CommandId,
    /// Why; sealed.
    pub reason: String,
}
