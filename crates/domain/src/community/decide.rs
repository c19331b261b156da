//! What happens when something is asked of a community.

use super::{
    ABSENT_N_TIMES, ARRIVAL, BUILDING_SILENT, Change, Command, Community, EXPOSURE_UNDECIDED, Fever, FeverInput, Found, Founded, HistoryRestored,
    PolicyChangedV3, Regime, Renamed, RuleChange, SetPolicy, State, THRESHOLD_TENTHS_CELSIUS_MIN, command::Threshold,
};
use crate::{
    Context, Decide, Event, Known, Rejection,
    access::DEPLOYMENT,
    obligation::DAYS_MAX,
    values::{KeyOwner, PrivateFields, Zone, field},
};

/// Longest grace or re-measure time that makes sense, in minutes (a week).
const MINUTES_MAX: u32 = 7 * 24 * 60;
/// Longest time that makes sense before what was seen is no longer known, in hours (a week).
const STALE_HOURS_MAX: u32 = 7 * 24;
/// Fewest and most times that nobody may be found before that is a matter: once is everyday life, and after ten nobody waits.
const ABSENT_TIMES_MIN: u32 = 2;
const ABSENT_TIMES_MAX: u32 = 10;
/// Longest time that somebody may take before a rule speaks, in hours: a week.
const HOURS_MAX: u32 = 168;
/// Rules that leave people so many hours.
const WITH_HOURS: [&str; 2] = [ARRIVAL, EXPOSURE_UNDECIDED];

impl Decide for Community {
    type Command = Command;

    fn decide(command: Command, known: &dyn Known, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
        let state = known.community();
        match (command, state) {
            (Command::Found(found), None) => begin(found, context),
            (Command::Found(found), Some(state)) => found_again(found, &state),
            (Command::SetPolicy(set), Some(state)) => set_policy(set, &state, context),
            (Command::RecordRestore(restore), Some(state)) if restore.epoch > state.epoch => {
                Ok(vec![HistoryRestored { epoch: restore.epoch, restored_to_sequence: restore.restored_to_sequence }.into()])
            }
            (Command::RecordRestore(_), Some(_)) => Ok(Vec::new()),
            (Command::SetPolicy(_) | Command::RecordRestore(_), None) => Err(Rejection::unknown("", "community", context.community)),
        }
    }
}

fn begin(found: Found, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
    if found.community != *context.community {
        return Err(Rejection::invalid("/data/community", "community_mismatch", "the community in the path and in the data must be the same"));
    }
    if found.community.as_str() == DEPLOYMENT {
        return Err(Rejection::invalid("/data/community", "community_reserved", "this name is taken by the deployment itself"));
    }
    let time_zone = found.time_zone.unwrap_or_else(|| "Asia/Shanghai".to_owned());
    Zone::named(&time_zone).map_err(|error| Rejection::invalid("/data/time_zone", "time_zone", error.to_string()))?;
    let town_name = found.town_name.unwrap_or_else(|| found.town.to_string());
    Ok(vec![Founded { town: found.town, town_name, name: found.name, time_zone }.into()])
}

fn found_again(found: Found, state: &State) -> Result<Vec<Event>, Rejection> {
    if found.town != state.town {
        return Err(Rejection::conflict("town_fixed", "a community cannot change its town"));
    }
    if found.time_zone.is_some_and(|zone| zone != state.time_zone) {
        return Err(Rejection::conflict("time_zone_fixed", "a community cannot change its time zone: its civil days would change"));
    }
    let town_name = found.town_name.unwrap_or_else(|| state.town_name.clone());
    if found.name == state.name && town_name == state.town_name {
        return Ok(Vec::new());
    }
    Ok(vec![Renamed { name: found.name, town_name }.into()])
}

fn set_policy(set: SetPolicy, state: &State, context: &Context<'_>) -> Result<Vec<Event>, Rejection> {
    let effective_from = set.effective_from.unwrap_or(context.at);
    if effective_from < context.at && set.reason.as_ref().is_none_or(|reason| reason.trim().is_empty()) {
        return Err(Rejection::invalid("/data/reason", "reason_required", "a policy that reaches into the past needs a reason"));
    }
    let current = state.policy.at(effective_from);
    for (name, regime) in &set.regimes {
        check_regime(name.as_str(), regime)?;
    }
    for (field, value, value_max) in [
        ("grace_minutes", set.grace_minutes, MINUTES_MAX),
        ("remeasure_minutes", set.remeasure_minutes, MINUTES_MAX),
        ("stale_after_hours", set.stale_after_hours, STALE_HOURS_MAX),
    ] {
        if value.is_some_and(|value| value > value_max) {
            return Err(Rejection::invalid(&format!("/data/{field}"), "too_large", "at most a week"));
        }
    }
    for (rule, settings) in &set.rules {
        check_rule(rule.as_str(), *settings)?;
    }
    let change = Change {
        fever: set.fever.map(|input| fever(input, &current.fever)).transpose()?,
        regimes: set.regimes,
        grace_minutes: set.grace_minutes,
        remeasure_minutes: set.remeasure_minutes,
        report_due: set.report_due,
        stale_after_hours: set.stale_after_hours,
        escalation: set.escalation,
        quiet_hours: set.quiet_hours,
        rules: set.rules,
    };
    // a policy that changes nothing at its date is "already so"
    let changed = state.policy.clone().changed(effective_from, change.clone());
    if changed.at(effective_from) == current {
        return Ok(Vec::new());
    }
    let private = PrivateFields::default().with(field::REASON, set.reason.as_deref()).owned_by(KeyOwner::Command(context.command));
    Ok(vec![PolicyChangedV3 { effective_from, change, private }.into()])
}

fn check_rule(rule: &str, change: RuleChange) -> Result<(), Rejection> {
    let pointer = |setting: &str| format!("/data/rules/{rule}/{setting}");
    if change.nudge_at.is_some() && rule != BUILDING_SILENT {
        return Err(Rejection::invalid(&pointer("nudge_at"), "no_such_setting", format!("only {BUILDING_SILENT} nudges anybody; leave it out")));
    }
    match change.times {
        Some(_) if rule != ABSENT_N_TIMES => {
            return Err(Rejection::invalid(&pointer("times"), "no_such_setting", format!("only {ABSENT_N_TIMES} counts times; leave it out")));
        }
        Some(times) if !(ABSENT_TIMES_MIN..=ABSENT_TIMES_MAX).contains(&times) => {
            return Err(Rejection::invalid(&pointer("times"), "times_range", format!("from {ABSENT_TIMES_MIN} to {ABSENT_TIMES_MAX} times")));
        }
        Some(_) | None => {}
    }
    match change.hours {
        Some(_) if !WITH_HOURS.contains(&rule) => {
            Err(Rejection::invalid(&pointer("hours"), "no_such_setting", format!("only {} have hours; leave it out", WITH_HOURS.join(" and "))))
        }
        Some(hours) if hours > HOURS_MAX => Err(Rejection::invalid(&pointer("hours"), "hours_range", format!("from 0 to {HOURS_MAX} hours"))),
        Some(_) | None => Ok(()),
    }
}

fn check_regime(name: &str, regime: &Regime) -> Result<(), Rejection> {
    let pointer = format!("/data/regimes/{name}");
    if regime.days > DAYS_MAX {
        return Err(Rejection::invalid(&format!("{pointer}/days"), "too_large", format!("at most {DAYS_MAX} days")));
    }
    for (index, slot) in regime.slots.iter().enumerate() {
        if slot.opens >= slot.due {
            return Err(Rejection::invalid(&format!("{pointer}/slots/{index}/due"), "slot_order", "a slot is due after it opens, on the same day"));
        }
        // an attempt takes the oldest slot: that is the first in this list
        if regime.slots[..index].iter().any(|earlier| earlier.opens > slot.opens) {
            return Err(Rejection::invalid(&format!("{pointer}/slots/{index}/opens"), "slot_order", "slots stand in the order of the day"));
        }
        if regime.slots[..index].iter().any(|earlier| earlier.name == slot.name) {
            return Err(Rejection::invalid(&format!("{pointer}/slots/{index}/name"), "slot_twice", "every slot of a day has its own name"));
        }
    }
    Ok(())
}

fn fever(input: FeverInput, current: &Fever) -> Result<Fever, Rejection> {
    let tenths = |celsius: f64, pointer: &str| {
        let scaled = celsius * 10.0;
        if !(f64::from(THRESHOLD_TENTHS_CELSIUS_MIN)..=420.0).contains(&scaled) || (scaled - scaled.round()).abs() > 1e-6 {
            return Err(Rejection::invalid(pointer, "temperature_range", "a threshold lies between 36.5 and 42.0 °C and has one decimal"));
        }
        #[expect(clippy::cast_possible_truncation, reason = "checked to lie between 365 and 420")]
        Ok(scaled.round() as i16)
    };
    let mut fever = current.clone();
    match input.threshold {
        None => {}
        Some(Threshold::All(celsius)) => {
            fever.threshold_tenths_celsius = tenths(celsius, "/data/fever/threshold")?;
            fever.by_site.clear();
        }
        Some(Threshold::BySite(sites)) => {
            for (site, celsius) in sites {
                fever.by_site.insert(site, tenths(celsius, &format!("/data/fever/threshold/{site}"))?);
            }
        }
    }
    if let Some(comparator) = input.comparator {
        fever.comparator = comparator;
    }
    if let Some(celsius) = input.clear_below {
        fever.clear_below_tenths_celsius = tenths(celsius, "/data/fever/clear_below")?;
    }
    Ok(fever)
}
