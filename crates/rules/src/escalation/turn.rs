//! What is owed of an alert at a moment: the first level that is to be told and was not, or not as things are now.

use domain::{
    alert::{Gap, LEVEL_MAX, Owner, Severity, Share, Stage, State, Told, Why},
    community::Policy,
    responsibility::{Near, Standing},
    values::{CommunityId, StaffId, Timestamp, Zone},
};

use super::{
    Duties,
    chain::{self, As, Chain, Row, Step, When},
};
use crate::word;

/// What an alert stands in: its community, as things are there.
#[derive(Clone, Copy, Debug)]
pub struct Around<'a> {
    /// The community.
    pub community: &'a CommunityId,
    /// Who has which duty.
    pub duties: &'a Duties,
    /// Its parameters.
    pub policy: &'a Policy,
    /// Its zone.
    pub zone: &'a Zone,
}

/// What is owed of an alert, and until when that answer holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Judged {
    /// The level that is to be told; nothing when every one whose turn it is was told.
    pub owed: Option<Stage>,
    /// When that can next change by time alone.
    pub next_change: Option<Timestamp>,
}

/// Whose turn an alert is at `now`: nobody's once it recovers or is over. What is owed does not change between `now` and `next_change` unless a fact changes it.
pub fn turn(state: &State, around: &Around<'_>, now: Timestamp) -> Judged {
    if !state.needs_somebody() {
        return Judged::default();
    }
    let (path, plan) = (around.duties.path(state, around.community), Plan::of(state, around));
    if !plan.is_laid(around.duties, &path) {
        return Judged::default();
    }
    let changes = around.policy.next_change(now).into_iter().collect();
    Walk { state, around, now, path, plan, expired: state.expired_at(now), changes }.walk()
}

/// When each level is to be told, and why then.
struct Plan {
    chain: Chain,
    levels: [Option<(Timestamp, Why)>; LEVEL_MAX as usize],
}

impl Plan {
    fn of(state: &State, around: &Around<'_>) -> Self {
        let opened_at = state.turn.opened_at;
        let settings = around.policy.at(opened_at);
        let escalation = settings.escalation.iter().find(|(rule, _)| **rule == state.key.rule).map(|(_, escalation)| escalation);
        let chain = chain::of(state.key.rule.as_str()).with(escalation);
        // minutes without an acknowledgement are minutes in which somebody was awake
        let awake = settings.asleep_until(around.zone, opened_at).unwrap_or(opened_at);
        let about = around.zone.day_of(state.occurrence.first_at);
        let time = |row: &Row, level: usize, begins: Timestamp, counts_from: Timestamp| match row[level].when {
            When::AtOnce => Some((begins, if begins > opened_at { Why::Worse } else { Why::AtOnce })),
            When::After(minutes) => Some((counts_from.plus_minutes(i64::from(minutes)), Why::Unacknowledged)),
            // what is not known yet is nobody's turn
            When::Hour(days, time) => Some((around.zone.at(about.plus_days(days), time).max(begins), Why::Hour)),
            When::Never => None,
        };
        let levels = [0, 1, 2].map(|level| {
            let usual = time(&chain.usual, level, opened_at, awake);
            let critical = state.turn.critical_since.and_then(|since| time(&chain.critical, level, since, since));
            usual.into_iter().chain(critical).min()
        });
        Self { chain, levels }
    }

    fn step(&self, level: u8, critical: bool) -> Step {
        let row = if critical { self.chain.critical } else { self.chain.usual };
        row[usize::from(level) - 1]
    }

    /// Somebody was given a duty of this chain once. Where nobody ever was there is no chain that an alert could go up, and no gap in it.
    fn is_laid(&self, duties: &Duties, path: &[Near]) -> bool {
        let steps = (1..=LEVEL_MAX).flat_map(|level| self.step(level, false).duties.iter().map(move |(duty, part)| (level, *duty, *part)));
        steps.filter(|(_, _, part)| !matches!(part, As::Informed(_))).any(|(level, duty, _)| duties.knows_post(path, level, &word(duty)))
    }

    fn due(&self, level: u8) -> Option<(Timestamp, Why)> {
        self.levels[usize::from(level) - 1]
    }
}

/// Who is there at a level.
#[derive(Default)]
struct People {
    owners: Vec<Owner>,
    informed: Vec<Owner>,
    gaps: Vec<Gap>,
    /// Those sleep who would be told.
    is_asleep: bool,
    /// When somebody came or went.
    edges: Vec<Timestamp>,
}

struct Walk<'a> {
    state: &'a State,
    around: &'a Around<'a>,
    now: Timestamp,
    path: Vec<Near>,
    plan: Plan,
    expired: Option<Timestamp>,
    /// Times at which the answer may be another.
    changes: Vec<Timestamp>,
}

impl Walk<'_> {
    fn walk(mut self) -> Judged {
        let mut owed = None;
        // what vacant levels below leave behind: since when and why it is the next one's turn, their posts, and who else is to know
        let mut passed_on: Option<(Timestamp, Why)> = None;
        let (mut passed_gaps, mut passed_informed): (Vec<Gap>, Vec<Owner>) = Default::default();
        for level in 1..=LEVEL_MAX {
            let told = self.state.turn.told.get(&level).cloned();
            let vacant_since = passed_on.filter(|(_, why)| *why == Why::Vacant).map(|(since, _)| since);
            let Some((since, why)) = self.time_of(level, told.as_ref(), passed_on.take()) else { continue };
            if since > self.now {
                self.changes.push(since);
                continue;
            }
            if self.is_stopped(level) {
                continue;
            }
            let people = self.people(level);
            if people.is_asleep {
                // those who had it are off duty: it is nobody's here until the others wake
                let off = || Stage {
                    level,
                    owners: Vec::new(),
                    informed: told.iter().flat_map(|told| told.informed.clone()).collect(),
                    gaps: people.gaps.clone(),
                    why,
                    since,
                    due_at: None,
                };
                let since = if told.is_some() { self.so_since(level, since, &[], &people.edges) } else { since };
                passed_on = self.is_critical().then_some((since, Why::QuietHours));
                owed = owed.or_else(|| told.as_ref().and_then(|told| self.unless_told(off(), Some(told), &people.edges, None)));
                continue;
            }
            if people.owners.is_empty() && level < LEVEL_MAX {
                passed_on = Some((self.so_since(level, since, &[], &people.edges), Why::Vacant));
                passed_gaps.extend(people.gaps);
                passed_informed.extend(people.informed);
                continue;
            }
            if people.owners.is_empty()
                && let Some((below, has_it)) = self.had_below(level, &passed_gaps)
            {
                // there is nobody above: it stays with those who have it, and they are told so
                let gaps: Vec<Gap> = passed_gaps.drain(..).chain(people.gaps).filter(|gap| !has_it.gaps.contains(gap)).collect();
                let stage = || Stage {
                    level: below,
                    owners: has_it.owners.clone(),
                    informed: has_it.informed.clone(),
                    gaps: has_it.gaps.iter().cloned().chain(gaps.clone()).collect(),
                    why: Why::Vacant,
                    since: self.so_since(level, since, &[], &people.edges),
                    due_at: None,
                };
                owed = owed.or_else(|| (!gaps.is_empty()).then(stage));
                continue;
            }
            let gaps = passed_gaps.drain(..).chain(people.gaps).collect();
            let informed = passed_informed.drain(..).chain(people.informed).collect();
            let stage = Stage { level, gaps, why, since, due_at: None, owners: people.owners, informed };
            owed = owed.or_else(|| self.unless_told(stage, told.as_ref(), &people.edges, vacant_since));
        }
        let owed = owed.or_else(|| self.told_again()).map(|stage| Stage { due_at: self.goes_up_at(stage.level), ..stage });
        // what was not told before level 1 sleeps is not told to it then
        let sleeps_at = owed.as_ref().map(|_| self.around.policy.at(self.now).falls_asleep_at(self.around.zone, self.now));
        self.changes.extend(sleeps_at);
        let next_change = self.changes.iter().copied().filter(|change| *change > self.now).min();
        Judged { owed, next_change }
    }

    /// The highest level below this one that has it, and is not vacant by now.
    fn had_below(&self, level: u8, vacant: &[Gap]) -> Option<(u8, Told)> {
        let has_it = |(below, told): &(&u8, &Told)| !told.owners.is_empty() && !vacant.iter().any(|gap| gap.level == **below);
        self.state.turn.told.range(..level).rev().find(has_it).map(|(below, told)| (*below, told.clone()))
    }

    fn is_critical(&self) -> bool {
        self.state.severity_peak == Severity::Critical
    }

    /// Since when it is a level's turn, or will be, and why.
    fn time_of(&self, level: u8, told: Option<&Told>, passed_on: Option<(Timestamp, Why)>) -> Option<(Timestamp, Why)> {
        if let Some(told) = told {
            return Some((told.since, told.why));
        }
        let turn = &self.state.turn;
        let by_hand = turn.requested.filter(|requested| requested.level == level).map(|requested| (requested.at, Why::ByHand));
        let (since, why) = self.plan.due(level).into_iter().chain(passed_on).chain(by_hand).min_by_key(|(since, _)| *since)?;
        Some(match self.expired {
            // it could not go up before
            Some(expired) if expired > since => (expired, Why::Expired),
            _ => (turn.freed_at.map_or(since, |freed| freed.max(since)), why),
        })
    }

    /// Somebody of this level or of one below has it. Who asks for more afterwards is heard.
    fn is_stopped(&mut self, level: u8) -> bool {
        let Some(from) = self.state.stopped_from(self.now) else { return false };
        if let domain::alert::Status::Acknowledged { until: Some(until), .. } = self.state.status {
            self.changes.push(until);
        }
        level >= from && self.state.turn.requested.is_none_or(|requested| requested.level != level)
    }

    /// Who was given it by hand, if they are there.
    fn given(&mut self, level: u8) -> Option<People> {
        let given = self.state.turn.given_to.as_ref().filter(|given| given.level == level)?;
        self.changes.extend(self.around.duties.edges_of(&given.staff));
        if !self.around.duties.is_there(&given.staff, self.now) {
            return None;
        }
        let owner = Owner { staff: given.staff.clone(), duty: None, standing: None, share: Share::Everything };
        let told = self.state.turn.told.get(&level);
        let (informed, gaps) = told.map_or_else(Default::default, |told| (told.informed.clone(), told.gaps.clone()));
        let gaps = gaps.into_iter().filter(|gap| gap.level == level).collect();
        Some(People { owners: vec![owner], informed, gaps, ..People::default() })
    }

    fn people(&mut self, level: u8) -> People {
        if let Some(given) = self.given(level) {
            return given;
        }
        let now = self.now;
        let asleep_until = (level == 1).then(|| self.around.policy.at(now).asleep_until(self.around.zone, now)).flatten();
        // whoever was told in the evening has it through the night
        let was_told = |staff: &StaffId| self.state.turn.told.values().flat_map(|told| told.owners.iter().chain(&told.informed)).any(|who| who.staff == *staff);
        let given = self.state.turn.given_to.as_ref().filter(|given| given.level == level);
        let edges = given.into_iter().flat_map(|given| self.around.duties.edges_of(&given.staff)).collect();
        let mut people = People { edges, ..People::default() };
        let Step { duties, share, .. } = self.plan.step(level, self.is_critical());
        for (duty, part) in duties {
            let duty = word(duty);
            let on_duty = self.around.duties.on_duty(&self.path, level, &duty, now);
            self.changes.extend(&on_duty.edges);
            people.edges.extend(on_duty.edges);
            if on_duty.people.is_empty() && *part == As::Owner {
                people.gaps.push(Gap { level, duty: duty.clone() });
            }
            for (staff, standing) in on_duty.people {
                // whoever is on shift is awake
                if asleep_until.is_some() && standing.is_some() && !was_told(&staff) {
                    people.is_asleep |= !matches!(part, As::Informed(_));
                    self.changes.extend(asleep_until);
                    continue;
                }
                people.add(Owner { staff, duty: Some(duty.clone()), standing, share }, *part);
            }
        }
        // whom it would be told is awake: the others hear of it in the morning
        people.is_asleep &= people.owners.is_empty();
        people
    }

    /// Since when those have it who have it now: not before it was their turn, nor before they woke or came.
    fn so_since(&self, level: u8, since: Timestamp, owners: &[Owner], edges: &[Timestamp]) -> Timestamp {
        let told = self.state.turn.told.get(&level);
        let was_told = |staff: &StaffId| told.is_some_and(|told| told.owners.iter().any(|owner| owner.staff == *staff));
        let sleeps = level == 1 && owners.iter().any(|owner| owner.standing.is_some() && !was_told(&owner.staff));
        let woken = |since: Timestamp| {
            let wakes_at = sleeps.then(|| self.around.policy.at(since).asleep_until(self.around.zone, since)).flatten();
            wakes_at.filter(|wakes_at| *wakes_at <= self.now).unwrap_or(since)
        };
        let mut later: Vec<Timestamp> = edges.iter().copied().filter(|edge| since < *edge && *edge <= self.now).collect();
        later.sort_unstable();
        later.dedup();
        let now = self.on_duty(level, self.now);
        woken(later.into_iter().rev().find(|edge| self.on_duty(level, edge.plus_ms(-1)) != now).unwrap_or(since))
    }

    /// Who is there at a time, were nobody asleep.
    fn on_duty(&self, level: u8, at: Timestamp) -> Vec<(StaffId, Option<Standing>)> {
        let given = self.state.turn.given_to.as_ref().filter(|given| given.level == level);
        if let Some(given) = given.filter(|given| self.around.duties.is_there(&given.staff, at)) {
            return vec![(given.staff.clone(), None)];
        }
        let duties = self.plan.step(level, self.is_critical()).duties.iter();
        duties.flat_map(|(duty, _)| self.around.duties.on_duty(&self.path, level, &word(duty), at).people).collect()
    }

    /// The stage, unless its level was told just that.
    fn unless_told(&self, stage: Stage, told: Option<&Told>, edges: &[Timestamp], vacant_since: Option<Timestamp>) -> Option<Stage> {
        let so_since = |stage: &Stage| self.so_since(stage.level, stage.since, &stage.owners, edges);
        let Some(told) = told else {
            // others had it while the post was vacant, and hand it over to whoever fills it
            let was_vacant = self.state.turn.gaps().iter().any(|gap| gap.level == stage.level);
            let why = if was_vacant && !stage.owners.is_empty() { Why::DutyChanged } else { stage.why };
            return Some(Stage { since: so_since(&stage), why, ..stage });
        };
        // that a post below is filled is told to whoever fills it
        let vacated = stage.gaps.iter().any(|gap| !told.gaps.contains(gap));
        let informed = names(&told.informed);
        let all_informed = names(&stage.informed).iter().all(|who| informed.contains(who));
        if names(&told.owners) == names(&stage.owners) && all_informed && !vacated {
            return None;
        }
        let staff = |owners: &[Owner]| -> Vec<StaffId> { names(owners).into_iter().map(|(staff, _)| staff.clone()).collect() };
        let why = match () {
            () if vacated => Why::Vacant,
            () if staff(&told.owners) == staff(&stage.owners) && names(&told.owners) != names(&stage.owners) => Why::Worse,
            () => Why::DutyChanged,
        };
        let since = match why {
            Why::Vacant => vacant_since.max(Some(so_since(&stage))),
            Why::Worse => self.state.turn.critical_since,
            _ => None,
        };
        Some(Stage { why, since: since.unwrap_or_else(|| so_since(&stage)), ..stage })
    }

    /// Somebody had it until now, and nobody has it any more: the highest level that was told is told so, when none above it is.
    fn told_again(&mut self) -> Option<Stage> {
        let since = self.expired?;
        let (level, told) = self.state.turn.latest()?;
        let people = self.people(level);
        if people.is_asleep {
            return None;
        }
        let of_others = told.gaps.iter().filter(|gap| gap.level != level).cloned();
        let gaps = of_others.chain(people.gaps).collect();
        let mut informed = told.informed.clone();
        informed.extend(people.informed.into_iter().filter(|who| !told.informed.contains(who)));
        Some(Stage { level, owners: people.owners, informed, gaps, why: Why::Expired, since, due_at: None })
    }

    /// When the next level above is told by time alone.
    fn goes_up_at(&self, level: u8) -> Option<Timestamp> {
        let above = (level + 1..=LEVEL_MAX).filter(|above| !self.state.turn.told.contains_key(above));
        above.filter_map(|above| self.plan.due(above)).map(|(due, _)| self.expired.map_or(due, |expired| expired.max(due))).next()
    }
}

impl People {
    /// Who has two duties at a level hears of it once, as what is more.
    fn add(&mut self, who: Owner, part: As) {
        let is_owner = |people: &Self| people.owners.iter().any(|owner| owner.staff == who.staff);
        match part {
            As::Owner | As::AlsoOwner if !is_owner(self) => {
                self.informed.retain(|informed| informed.staff != who.staff);
                self.owners.push(who);
            }
            As::Informed(share) if !is_owner(self) => self.informed.push(Owner { share, ..who }),
            As::Owner | As::AlsoOwner | As::Informed(_) => {}
        }
    }
}

/// Who is told how much.
fn names(owners: &[Owner]) -> Vec<(&StaffId, Share)> {
    let mut names: Vec<_> = owners.iter().map(|owner| (&owner.staff, owner.share)).collect();
    names.sort_unstable();
    names
}
