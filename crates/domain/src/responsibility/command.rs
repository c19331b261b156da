//! What can be asked about responsibilities.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{ScopeKind, Standing};
use crate::values::{Slug, StaffId, Timestamp};

/// What can be asked about responsibilities.
#[derive(Clone, Debug)]
pub enum Command {
    /// Give somebody a duty.
    Assign(Assign),
    /// Take it from them.
    Release(Release),
}

/// What a duty is for: exactly one of `community`, `building`, … with its id; or a `building` and its `unit`.
pub type ScopeInput = BTreeMap<ScopeKind, Slug>;

/// `responsibility.assign`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assign {
    /// What it is for.
    pub scope: ScopeInput,
    /// Which duty, such as `leader` or `keeper`.
    pub duty: Slug,
    /// 1 nearest to the door, 3 the town.
    pub level: u8,
    /// Who.
    pub staff: StaffId,
    /// Main when absent.
    pub standing: Option<Standing>,
    /// From when on; from `at` when absent.
    pub from: Option<Timestamp>,
    /// Until when.
    pub until: Option<Timestamp>,
}

/// `responsibility.release`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// What it is for.
    pub scope: ScopeInput,
    /// Which duty.
    pub duty: Slug,
    /// At which level.
    pub level: u8,
    /// Who.
    pub staff: StaffId,
    /// From when on they no longer have it; from `at` when absent.
    pub from: Option<Timestamp>,
    /// Until when they had it.
    pub until: Option<Timestamp>,
}
