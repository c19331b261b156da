//! What can be asked of a community.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::policy::{Comparator, Escalation, QuietHours, Regime, RuleChange};
use crate::values::{CommunityId, Site, Slug, TimeOfDay, Timestamp, TownId};

/// What can be asked of a community.
#[derive(Clone, Debug)]
pub enum Command {
    /// Begin a community.
    Found(Found),
    /// Change parameters.
    SetPolicy(SetPolicy),
    /// Say that the log was restored from a backup.
    RecordRestore(RecordRestore),
}

/// `community.found`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Found {
    /// The town it belongs to.
    pub town: TownId,
    /// What the town is called; its slug when absent.
    pub town_name: Option<String>,
    /// The community, unique in the deployment.
    pub community: CommunityId,
    /// What it is called.
    pub name: String,
    /// IANA name; Asia/Shanghai when absent.
    pub time_zone: Option<String>,
}

/// A fever threshold: one figure for all sites, or one by site.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Threshold {
    /// Degrees Celsius for every site.
    All(f64),
    /// Degrees Celsius by site.
    BySite(BTreeMap<Site, f64>),
}

/// The `fever` part of `policy.set`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeverInput {
    /// From which temperature on.
    pub threshold: Option<Threshold>,
    /// Whether the threshold itself counts.
    pub comparator: Option<Comparator>,
    /// Below this a contact reading counts towards recovery.
    pub clear_below: Option<f64>,
}

/// `policy.set`: what is absent stays as it was.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetPolicy {
    /// From when on; from `at` when absent. Before `at` it needs a reason.
    pub effective_from: Option<Timestamp>,
    /// Why it reaches into the past.
    pub reason: Option<String>,
    /// When a reading is a fever.
    pub fever: Option<FeverInput>,
    /// Regimes that are new or replaced.
    #[serde(default)]
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
    #[serde(default)]
    pub escalation: BTreeMap<Slug, Escalation>,
    /// When level 1 sleeps.
    pub quiet_hours: Option<QuietHours>,
    /// Settings of rules that change; of a rule, too, what is absent stays as it was.
    #[serde(default)]
    pub rules: BTreeMap<Slug, RuleChange>,
}

/// `history.restore`: only the operator's own program says so, after a restore.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordRestore {
    /// The epoch that begins.
    pub epoch: u32,
    /// Last sequence of the backup.
    pub restored_to_sequence: u64,
}
