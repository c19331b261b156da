//! What can have happened to a community.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::policy::{Change, Escalation, Fever, QuietHours, Regime, RuleChange};
use crate::values::{Personal, Private, Slug, TimeOfDay, Timestamp, TownId, without_private};

/// A community began.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Founded {
    /// The town it belongs to.
    pub town: TownId,
    /// What the town is called.
    pub town_name: String,
    /// What it is called.
    pub name: String,
    /// IANA name of its zone.
    pub time_zone: String,
}

/// It, or its town, is called something else now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Renamed {
    /// What it is called.
    pub name: String,
    /// What the town is called.
    pub town_name: String,
}

/// Some parameters changed. Not written any more: of a rule it says only whether it is enabled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PolicyChanged {
    /// From when on.
    pub effective_from: Timestamp,
    /// What changed.
    pub change: ChangeV1,
    /// Why it reaches into the past.
    pub private: Option<Private>,
}

/// Some parameters changed. Not written any more: of a rule it says neither hours nor when to nudge.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PolicyChangedV2 {
    /// From when on.
    pub effective_from: Timestamp,
    /// What changed.
    pub change: ChangeV2,
    /// Why it reaches into the past.
    pub private: Option<Private>,
}

/// Some parameters changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PolicyChangedV3 {
    /// From when on.
    pub effective_from: Timestamp,
    /// What changed.
    pub change: Change,
    /// Why it reaches into the past.
    pub private: Option<Private>,
}

/// The log was restored from a backup: what came after `restored_to_sequence` in the old history is gone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HistoryRestored {
    /// The epoch that begins.
    pub epoch: u32,
    /// Last sequence of the backup.
    pub restored_to_sequence: u64,
}

without_private!(Founded, Renamed, HistoryRestored);

impl Personal for PolicyChanged {
    fn each_private(&mut self, visit: &mut dyn FnMut(&mut Private)) {
        self.private.each_private(visit);
    }
}

impl Personal for PolicyChangedV2 {
    fn each_private(&mut self, visit: &mut dyn FnMut(&mut Private)) {
        self.private.each_private(visit);
    }
}

impl Personal for PolicyChangedV3 {
    fn each_private(&mut self, visit: &mut dyn FnMut(&mut Private)) {
        self.private.each_private(visit);
    }
}

/// What a change of parameters was before rules had settings of their own.
pub type ChangeV1 = EarlierChange<RuleSwitch>;
/// What it was before rules had hours, and anybody was nudged.
pub type ChangeV2 = EarlierChange<RuleChangeV2>;

/// What a change of parameters was while less could be said of a rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EarlierChange<R> {
    /// When a reading is a fever.
    pub fever: Option<Fever>,
    /// Regimes that are new or replaced.
    pub regimes: BTreeMap<Slug, Regime>,
    /// Minutes after `due` before a check counts as overdue.
    pub grace_minutes: Option<u32>,
    /// Minutes for the second reading of a contactless fever.
    pub remeasure_minutes: Option<u32>,
    /// When a building's daily report is due.
    pub report_due: Option<TimeOfDay>,
    /// Hours after which what was seen is no longer known.
    pub stale_after_hours: Option<u32>,
    /// Escalations that are new or replaced.
    pub escalation: BTreeMap<Slug, Escalation>,
    /// When level 1 sleeps.
    pub quiet_hours: Option<QuietHours>,
    /// What changed of rules.
    pub rules: BTreeMap<Slug, R>,
}

/// Whether a rule says anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleSwitch {
    /// A rule that is not enabled is quiet.
    pub enabled: bool,
}

/// A change of the settings of one rule then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleChangeV2 {
    /// Whether the rule says anything.
    pub enabled: Option<bool>,
    /// How often something must be so before the rule fires.
    pub times: Option<u32>,
}

impl From<RuleSwitch> for RuleChange {
    fn from(switch: RuleSwitch) -> Self {
        Self { enabled: Some(switch.enabled), ..Self::default() }
    }
}

impl From<RuleChangeV2> for RuleChange {
    fn from(RuleChangeV2 { enabled, times }: RuleChangeV2) -> Self {
        Self { enabled, times, ..Self::default() }
    }
}

impl<R: Into<RuleChange>> From<EarlierChange<R>> for Change {
    fn from(change: EarlierChange<R>) -> Self {
        let EarlierChange { fever, regimes, grace_minutes, remeasure_minutes, report_due, stale_after_hours, escalation, quiet_hours, rules } = change;
        let rules = rules.into_iter().map(|(rule, change)| (rule, change.into())).collect();
        Self { fever, regimes, grace_minutes, remeasure_minutes, report_due, stale_after_hours, escalation, quiet_hours, rules }
    }
}
