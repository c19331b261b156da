//! Chains: which duties hear of an alert at which level, and when. Data; alerting.md, "Escalation", is where it comes from.
//!
//! A chain has a row for an alert that can wait and one for a critical one. An alert that has become critical goes by both, each from
//! its own beginning: the earlier time counts. What the policy says of a rule takes the place of both rows' minutes.

use domain::{
    alert::{LEVEL_MAX, Share},
    community::Escalation,
    values::TimeOfDay,
};

/// When a level is told, counted from when the alert was opened, or became critical.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    /// Together with the first.
    AtOnce,
    /// So many minutes later, if nobody of those before has it by then.
    After(u32),
    /// At a time of day, so many civil days after the day it is about.
    Hour(i32, TimeOfDay),
    /// Never by time. A vacant level passes upward all the same.
    Never,
}

/// What a duty is to a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum As {
    /// It is theirs; a gap when nobody holds it.
    Owner,
    /// It is theirs too, where there is somebody.
    AlsoOwner,
    /// They are told so much, and it is not theirs.
    Informed(Share),
}

/// A level of a chain.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) duties: &'static [(&'static str, As)],
    pub(super) when: When,
    /// How much its owners are told.
    pub(super) share: Share,
}

/// The three levels.
pub(super) type Row = [Step; LEVEL_MAX as usize];

/// The chain of a rule.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chain {
    /// What can wait.
    pub(super) usual: Row,
    /// What cannot.
    pub(super) critical: Row,
}

const MEDICAL: &[(&str, As)] = &[("nurse", As::Owner), ("keeper", As::AlsoOwner), ("leader", As::Informed(Share::DoNotGoUp))];
const KEEPER: &[(&str, As)] = &[("keeper", As::Owner)];
const KEEPER_AND_GRID: &[(&str, As)] = &[("keeper", As::Owner), ("grid", As::AlsoOwner)];
const LEADER: &[(&str, As)] = &[("leader", As::Owner)];
const NEIGHBOURHOOD: &[(&str, As)] = &[("grid", As::Owner), ("leader", As::AlsoOwner)];
const NURSE: &[(&str, As)] = &[("nurse", As::Owner)];
const NURSE_AND_KEEPER: &[(&str, As)] = &[("nurse", As::Owner), ("keeper", As::AlsoOwner)];
const NOBODY: &[(&str, As)] = &[];
const OFFICE: &[(&str, As)] = &[("office", As::Owner)];
const TOWN: &[(&str, As)] = &[("command", As::Owner)];
const TOWN_AND_MEDICAL: &[(&str, As)] = &[("command", As::Owner), ("medical", As::AlsoOwner)];
const TOWN_AND_POLICE: &[(&str, As)] = &[("command", As::Owner), ("police", As::AlsoOwner)];

const EVENING: When = When::Hour(0, TimeOfDay::of(20, 0));
const NEXT_MORNING: When = When::Hour(1, TimeOfDay::of(8, 30));

const fn row(first: &'static [(&'static str, As)], third: &'static [(&'static str, As)], [second_when, third_when]: [When; 2]) -> Row {
    let share = Share::Everything;
    [Step { duties: first, when: When::AtOnce, share }, Step { duties: OFFICE, when: second_when, share }, Step { duties: third, when: third_when, share }]
}

/// What is critical goes to the office at once and in parallel, and to the town when nobody has it after a quarter of an hour.
const fn chain(first: &'static [(&'static str, As)], third: &'static [(&'static str, As)], usual: [When; 2]) -> Chain {
    Chain { usual: row(first, third, usual), critical: row(first, third, [When::AtOnce, When::After(15)]) }
}

/// The chain of a rule; the last row is that of a rule of which the table says nothing.
pub(super) fn of(rule: &str) -> Chain {
    match rule {
        "fever" | "symptom" | "cluster" => chain(MEDICAL, TOWN_AND_MEDICAL, [When::After(30), When::Never]),
        // the town hears counts before the second miss in a row, and names from then on: that is what makes it critical
        "check_overdue" => {
            let [first, second, third] = row(KEEPER, TOWN, [When::After(30), When::Never]);
            Chain { usual: [first, second, Step { share: Share::Counts, ..third }], critical: row(KEEPER, TOWN, [When::AtOnce, When::AtOnce]) }
        }
        "quarantine_breach" => chain(KEEPER_AND_GRID, TOWN_AND_POLICE, [When::After(60), When::Never]),
        "building_silent" => chain(LEADER, TOWN, [EVENING, NEXT_MORNING]),
        "refused" | "absent_n_times" | "door_missed" => chain(NEIGHBOURHOOD, TOWN, [When::After(60), When::Never]),
        // it speaks when the day of the arrival is over: the office hears of it when it opens
        "arrival" => chain(NEIGHBOURHOOD, TOWN, [NEXT_MORNING, When::Never]),
        // it says what medicine found: a keeper, who is a neighbour or a grid worker, may not see that
        "exposure_undecided" => chain(NURSE, TOWN_AND_MEDICAL, [When::After(60), When::Never]),
        "release_due" => chain(NURSE_AND_KEEPER, TOWN, [NEXT_MORNING, When::Never]),
        // nobody is there at level 1: that is what it is about
        "responsibility_gap" => chain(NOBODY, TOWN, [When::AtOnce, NEXT_MORNING]),
        _ => chain(NEIGHBOURHOOD, TOWN, [When::After(30), When::Never]),
    }
}

impl Chain {
    /// With what the policy says of the rule.
    pub(super) fn with(self, escalation: Option<&Escalation>) -> Self {
        let Some(Escalation { level_2_after_minutes, level_3_after_minutes }) = escalation.cloned() else { return self };
        let timed = |[first, second, third]: Row| {
            let second = Step { when: When::After(level_2_after_minutes), ..second };
            // the town never hears before the office
            [first, second, Step { when: When::After(level_3_after_minutes.max(level_2_after_minutes)), ..third }]
        };
        Self { usual: timed(self.usual), critical: timed(self.critical) }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use domain::{alert::Kind, responsibility::ASKED};

    use super::{As, of};

    #[test]
    fn the_posts_that_are_asked_for_are_those_that_own_a_level() {
        let rows = Kind::slugs().flat_map(|kind| [of(kind).usual, of(kind).critical]);
        let steps = rows.flat_map(|row| row.into_iter().zip(1..));
        let owners = steps.flat_map(|(step, level)| step.duties.iter().filter(|(_, how)| *how == As::Owner).map(move |(duty, _)| (*duty, level)));
        assert_eq!(owners.collect::<BTreeSet<_>>(), ASKED.iter().map(|asked| (asked.duty, asked.level)).collect());
    }
}
