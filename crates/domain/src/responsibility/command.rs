//! What can be asked about responsibilities.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Deserializer, de};

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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScopeInput {
    /// Ids of things that have one.
    pub ids: BTreeMap<ScopeKind, Slug>,
    /// A unit, as written on the door of the staircase: units are strings (contracts.md), such as 一单元.
    pub unit: Option<String>,
}

impl<'de> Deserialize<'de> for ScopeInput {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ScopeVisitor)
    }
}

struct ScopeVisitor;

impl<'de> de::Visitor<'de> for ScopeVisitor {
    type Value = ScopeInput;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("one thing with its id, or a building and its unit")
    }

    fn visit_map<M: de::MapAccess<'de>>(self, mut map: M) -> Result<ScopeInput, M::Error> {
        let mut input = ScopeInput::default();
        while let Some(kind) = map.next_key()? {
            match kind {
                ScopeKind::Unit => input.unit = Some(map.next_value()?),
                kind => drop(input.ids.insert(kind, map.next_value()?)),
            }
        }
        Ok(input)
    }
}

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
