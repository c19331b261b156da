//! What kinds of alerts there are.

use crate::community::EXPOSURE_UNDECIDED;

/// The kinds of alerts: the rules of alerting.md, those included whose capability is not built yet.
pub const KINDS: &[&str] = &[
    "fever",
    "symptom",
    "check_overdue",
    "quarantine_breach",
    "building_silent",
    "door_missed",
    "cluster",
    "arrival",
    "exposure_undecided",
    "refused",
    "absent_n_times",
    "responsibility_gap",
    "release_due",
];

/// The kinds whose alerts say what medicine found of somebody: who is a case, or lives with one. That is for those who may see findings.
pub(super) const OF_FINDINGS: &[&str] = &[EXPOSURE_UNDECIDED];
