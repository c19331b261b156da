//! The parameters of a community: data with dates, never constants in code.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::values::{Day, Site, Slug, TimeOfDay, Timestamp, coded};

coded! {
    /// How a reading is compared with the threshold. Notices of the time said both.
    Comparator {
        /// The threshold itself is a fever.
        AtLeast = 1 ">=",
        /// Only above the threshold.
        Above = 2 ">",
    }
}

/// The lowest threshold of a fever, in tenths of a degree Celsius: below it lie the readings of healthy people at a cold gate, which no
/// rule remembers.
pub const THRESHOLD_TENTHS_CELSIUS_MIN: i16 = 365;

/// When a reading is a fever. Temperatures in tenths of a degree Celsius.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fever {
    /// Threshold where no site has its own.
    pub threshold_tenths_celsius: i16,
    /// Thresholds by site.
    pub by_site: BTreeMap<Site, i16>,
    /// Whether the threshold itself counts.
    pub comparator: Comparator,
    /// A contact reading below this counts towards recovery.
    pub clear_below_tenths_celsius: i16,
}

impl Fever {
    /// Whether a reading at this site is a fever.
    pub fn is_fever(&self, site: Site, tenths_celsius: i16) -> bool {
        let threshold = self.by_site.get(&site).copied().unwrap_or(self.threshold_tenths_celsius);
        match self.comparator {
            Comparator::AtLeast => tenths_celsius >= threshold,
            Comparator::Above => tenths_celsius > threshold,
        }
    }
}

/// One check that is owed every day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlotRule {
    /// Its name, such as `am`.
    pub name: Slug,
    /// From when it may be done.
    pub opens: TimeOfDay,
    /// Until when it is to be done.
    pub due: TimeOfDay,
}

/// What a kind of quarantine owes: how many days, which checks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Regime {
    /// Days after day 0; the last slot of that day counts.
    pub days: u16,
    /// The checks of each day, in the order of the day.
    pub slots: Vec<SlotRule>,
    /// The ways a check may be made; all when empty.
    #[serde(default)]
    pub modes: Vec<crate::visit::Mode>,
}

/// Minutes after which an alert of one kind goes up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Escalation {
    /// To the community office.
    pub level_2_after_minutes: u32,
    /// To the town and the specialists.
    pub level_3_after_minutes: u32,
}

/// When level 1 sleeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuietHours {
    /// From this time of day,
    pub from: TimeOfDay,
    /// to this, usually of the next day.
    pub until: TimeOfDay,
}

/// Settings of one rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleSettings {
    /// A rule that is not enabled is quiet.
    pub enabled: bool,
    /// How often something must be so before the rule fires; its own figure when absent.
    pub times: Option<u32>,
    /// When those are nudged whose report is missing still; the rule's own time when absent.
    pub nudge_at: Option<TimeOfDay>,
    /// How many hours people have before the rule fires; its own figure when absent.
    pub hours: Option<u32>,
}

/// A change of the settings of one rule; what is absent stays as it was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleChange {
    /// Whether the rule says anything.
    pub enabled: Option<bool>,
    /// How often something must be so before the rule fires.
    pub times: Option<u32>,
    /// When those are nudged whose report is missing still.
    pub nudge_at: Option<TimeOfDay>,
    /// How many hours people have before the rule fires.
    pub hours: Option<u32>,
}

/// Every rule is enabled until somebody says otherwise.
impl Default for RuleSettings {
    fn default() -> Self {
        Self { enabled: true, times: None, nudge_at: None, hours: None }
    }
}

impl RuleSettings {
    fn changed(self, change: RuleChange) -> Self {
        Self {
            enabled: change.enabled.unwrap_or(self.enabled),
            times: change.times.or(self.times),
            nudge_at: change.nudge_at.or(self.nudge_at),
            hours: change.hours.or(self.hours),
        }
    }
}

/// All parameters in force at one time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// When a reading is a fever.
    pub fever: Fever,
    /// Regimes by name.
    pub regimes: BTreeMap<Slug, Regime>,
    /// Minutes after `due` before a check counts as overdue.
    pub grace_minutes: u32,
    /// Minutes for the second reading of a contactless fever.
    pub remeasure_minutes: u32,
    /// When a building's daily report is due.
    pub report_due: TimeOfDay,
    /// Hours after which what was seen is no longer known.
    pub stale_after_hours: u32,
    /// Escalation by kind of alert.
    pub escalation: BTreeMap<Slug, Escalation>,
    /// When level 1 sleeps.
    pub quiet_hours: Option<QuietHours>,
    /// Settings by rule.
    pub rules: BTreeMap<Slug, RuleSettings>,
}

/// The rule that counts how often nobody was found behind a door.
pub const ABSENT_N_TIMES: &str = "absent_n_times";
/// How often that is, where the policy says nothing.
pub const ABSENT_TIMES: u32 = 3;

/// The rule that asks for the daily report of a building.
pub const BUILDING_SILENT: &str = "building_silent";
/// Minutes before a report is due at which leaders are nudged, where the policy says nothing: at 17:00 for one that is due at 18:00
/// (alerting.md, "Escalation").
const NUDGE_BEFORE_MINUTES: u16 = 60;

/// The rule that asks what is to become of somebody who was exposed.
pub const EXPOSURE_UNDECIDED: &str = "exposure_undecided";
/// Hours within which that is decided, where the policy says nothing: the same time of the next day.
pub const DECIDED_WITHIN_HOURS: u32 = 24;

/// The rule that asks for arrivals nobody has taken down.
pub const ARRIVAL: &str = "arrival";

/// Name of the regime an order falls under when it names none.
pub const DEFAULT_REGIME: &str = "home14";

/// Figures of the notices of early 2020 (mission.md): 37.3 °C, 14 days, two checks a day.
impl Default for Settings {
    fn default() -> Self {
        let slot = |name: &str, opens, due| name.parse().ok().map(|name| SlotRule { name, opens, due });
        let day = [slot("am", TimeOfDay::of(6, 0), TimeOfDay::of(12, 0)), slot("pm", TimeOfDay::of(12, 0), TimeOfDay::of(20, 0))];
        let home = Regime { days: 14, slots: day.into_iter().flatten().collect(), modes: Vec::new() };
        Self {
            fever: Fever { threshold_tenths_celsius: 373, by_site: BTreeMap::new(), comparator: Comparator::AtLeast, clear_below_tenths_celsius: 373 },
            regimes: DEFAULT_REGIME.parse().ok().map(|name| (name, home)).into_iter().collect(),
            grace_minutes: 30,
            remeasure_minutes: 30,
            report_due: TimeOfDay::of(18, 0),
            stale_after_hours: 72,
            escalation: BTreeMap::new(),
            quiet_hours: None,
            rules: BTreeMap::new(),
        }
    }
}

impl Settings {
    /// Whether a rule is enabled; every rule is until somebody says otherwise.
    pub fn rule_enabled(&self, rule: &str) -> bool {
        self.rule(rule).is_none_or(|settings| settings.enabled)
    }

    /// How often in a row nobody must be found behind a door before that is a matter.
    pub fn absent_times(&self) -> u32 {
        self.rule(ABSENT_N_TIMES).and_then(|settings| settings.times).unwrap_or(ABSENT_TIMES)
    }

    /// When leaders are nudged whose building is not reported yet. From when the report is due on nobody is nudged: not before it is never.
    pub fn nudge_at(&self) -> TimeOfDay {
        self.rule(BUILDING_SILENT).and_then(|settings| settings.nudge_at).unwrap_or(TimeOfDay(self.report_due.0.saturating_sub(NUDGE_BEFORE_MINUTES)))
    }

    /// Hours within which it is decided what is to become of somebody who was exposed.
    pub fn decided_within_hours(&self) -> u32 {
        self.rule(EXPOSURE_UNDECIDED).and_then(|settings| settings.hours).unwrap_or(DECIDED_WITHIN_HOURS)
    }

    /// Hours after the civil day of an arrival within which it is taken down; none where the policy says nothing (Xuchang, 21 February 2020).
    pub fn arrival_hours(&self) -> u32 {
        self.rule(ARRIVAL).and_then(|settings| settings.hours).unwrap_or_default()
    }

    fn rule(&self, rule: &str) -> Option<&RuleSettings> {
        self.rules.iter().find(|(name, _)| name.as_str() == rule).map(|(_, settings)| settings)
    }

    /// The regime of an order, or of [`DEFAULT_REGIME`] when it names none.
    pub fn regime(&self, name: Option<&Slug>) -> Option<&Regime> {
        let name = name.map_or(DEFAULT_REGIME, Slug::as_str);
        self.regimes.iter().find(|(slug, _)| slug.as_str() == name).map(|(_, regime)| regime)
    }
}

/// A change of some parameters; what is absent stays as it was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
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
    /// Settings of rules that change.
    pub rules: BTreeMap<Slug, RuleChange>,
}

impl Change {
    fn apply(&self, settings: &mut Settings) {
        fn set<T: Clone>(target: &mut T, change: Option<&T>) {
            if let Some(value) = change {
                target.clone_from(value);
            }
        }
        set(&mut settings.fever, self.fever.as_ref());
        set(&mut settings.grace_minutes, self.grace_minutes.as_ref());
        set(&mut settings.remeasure_minutes, self.remeasure_minutes.as_ref());
        set(&mut settings.report_due, self.report_due.as_ref());
        set(&mut settings.stale_after_hours, self.stale_after_hours.as_ref());
        if self.quiet_hours.is_some() {
            settings.quiet_hours = self.quiet_hours;
        }
        settings.regimes.extend(self.regimes.clone());
        settings.escalation.extend(self.escalation.clone());
        for (rule, change) in &self.rules {
            let known = settings.rules.entry(rule.clone()).or_default();
            *known = known.changed(*change);
        }
    }
}

/// Every change of a community's parameters, by the time it takes effect.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    changes: Vec<(Timestamp, Change)>,
    /// What holds from each change on; the first entry holds before all of them.
    resolved: Vec<(Timestamp, Settings)>,
}

impl Policy {
    /// The policy with one more change. Changes with the same date take effect in the order of the log.
    #[must_use]
    pub fn changed(mut self, effective_from: Timestamp, change: Change) -> Self {
        let place = self.changes.partition_point(|(from, _)| *from <= effective_from);
        self.changes.insert(place, (effective_from, change));
        let mut settings = Settings::default();
        self.resolved = self
            .changes
            .iter()
            .map(|(from, change)| {
                change.apply(&mut settings);
                (*from, settings.clone())
            })
            .collect();
        self
    }

    /// The parameters in force at an instant.
    pub fn at(&self, at: Timestamp) -> &Settings {
        let after = self.resolved.partition_point(|(from, _)| *from <= at);
        after.checked_sub(1).and_then(|index| self.resolved.get(index)).map_or(before_all_changes(), |(_, settings)| settings)
    }

    /// The lowest threshold of a fever that any site has at any time, in tenths of a degree Celsius: what is below it never is one.
    pub fn lowest_fever_tenths_celsius(&self) -> i16 {
        let thresholds = |fever: &Fever| fever.by_site.values().copied().chain([fever.threshold_tenths_celsius]).min();
        let before_all = before_all_changes().fever.threshold_tenths_celsius;
        self.resolved.iter().filter_map(|(_, settings)| thresholds(&settings.fever)).fold(before_all, i16::min)
    }

    /// When the parameters change next after an instant.
    pub fn next_change(&self, after: Timestamp) -> Option<Timestamp> {
        self.changes.get(self.changes.partition_point(|(from, _)| *from <= after)).map(|(from, _)| *from)
    }

    /// A civil day and the instant that decides which parameters hold for it: its first.
    pub fn of_day(&self, day: Day, zone: &crate::values::Zone) -> &Settings {
        self.at(zone.start_of(day))
    }
}

fn before_all_changes() -> &'static Settings {
    static DEFAULT: std::sync::LazyLock<Settings> = std::sync::LazyLock::new(Settings::default);
    &DEFAULT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_hold_from_their_date_on_and_keep_what_they_do_not_name() {
        let stricter = Change { grace_minutes: Some(10), ..Change::default() };
        let cooler = Change { stale_after_hours: Some(24), ..Change::default() };
        let policy = Policy::default().changed(Timestamp(200), stricter).changed(Timestamp(100), cooler);
        assert_eq!(policy.at(Timestamp(99)), &Settings::default());
        assert_eq!((policy.at(Timestamp(100)).stale_after_hours, policy.at(Timestamp(100)).grace_minutes), (24, 30));
        assert_eq!((policy.at(Timestamp(200)).stale_after_hours, policy.at(Timestamp(200)).grace_minutes), (24, 10));
        assert_eq!(policy.next_change(Timestamp(100)), Some(Timestamp(200)));
        assert_eq!(policy.next_change(Timestamp(200)), None);
    }

    #[test]
    fn a_setting_of_a_rule_stays_while_another_of_its_settings_changes() {
        let rules = |change| Change { rules: ABSENT_N_TIMES.parse().ok().map(|rule| (rule, change)).into_iter().collect(), ..Change::default() };
        let policy = Policy::default()
            .changed(Timestamp(100), rules(RuleChange { times: Some(5), ..RuleChange::default() }))
            .changed(Timestamp(200), rules(RuleChange { enabled: Some(false), ..RuleChange::default() }))
            .changed(Timestamp(300), rules(RuleChange { enabled: Some(true), ..RuleChange::default() }));
        let at = |at| (policy.at(Timestamp(at)).absent_times(), policy.at(Timestamp(at)).rule_enabled(ABSENT_N_TIMES));
        assert_eq!([99, 100, 200, 300].map(at), [(ABSENT_TIMES, true), (5, true), (5, false), (5, true)]);
    }

    #[test]
    fn a_nudge_is_an_hour_before_the_report_is_due_unless_its_time_is_set() {
        let due = |hours| Change { report_due: Some(TimeOfDay::of(hours, 30)), ..Change::default() };
        let nudge = RuleChange { nudge_at: Some(TimeOfDay::of(16, 0)), ..RuleChange::default() };
        let set = Change { rules: BUILDING_SILENT.parse().ok().map(|rule| (rule, nudge)).into_iter().collect(), ..Change::default() };
        let policy = Policy::default().changed(Timestamp(100), due(12)).changed(Timestamp(200), due(0)).changed(Timestamp(300), set);
        let at = |at| policy.at(Timestamp(at)).nudge_at();
        assert_eq!([99, 100, 200, 300].map(at), [TimeOfDay::of(17, 0), TimeOfDay::of(11, 30), TimeOfDay(0), TimeOfDay::of(16, 0)]);
    }

    #[test]
    fn the_threshold_itself_is_a_fever_unless_the_comparator_says_above() {
        let fever = Settings::default().fever;
        assert_eq!([372, 373, 374].map(|tenths| fever.is_fever(Site::Axilla, tenths)), [false, true, true]);
        let above = Fever { comparator: Comparator::Above, ..fever };
        assert_eq!([372, 373, 374].map(|tenths| above.is_fever(Site::Axilla, tenths)), [false, false, true]);
        let colder = Fever { by_site: [(Site::Forehead, 368)].into(), ..above };
        let policy = Policy::default().changed(Timestamp(100), Change { fever: Some(colder), ..Change::default() });
        assert_eq!((Policy::default().lowest_fever_tenths_celsius(), policy.lowest_fever_tenths_celsius()), (373, 368));
    }
}
