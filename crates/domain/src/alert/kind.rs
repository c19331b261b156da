//! What kinds of alerts there are.

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
