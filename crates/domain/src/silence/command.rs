//! What can be asked of a silence.

use serde::Deserialize;

use crate::values::{BuildingId, CommandId, Slug, Timestamp};

/// What can be asked of a silence.
#[derive(Clone, Debug)]
pub enum Command {
    /// Begin it.
    Begin(Begin),
    /// End it by hand, before its time.
    End(End),
}

/// `alert.silence`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Begin {
    /// The kind of alerts; every kind when absent.
    pub kind: Option<Slug>,
    /// The building; every building when absent.
    pub building: Option<BuildingId>,
    /// Until when.
    pub until: Timestamp,
    /// Why; sealed.
    pub reason: String,
}

/// `alert.unsilence`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct End {
    /// The command that began it.
    pub silence: CommandId,
}
