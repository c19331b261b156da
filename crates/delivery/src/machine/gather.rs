//! Which messages wait for one another, to be told in one text.

use domain::{
    alert::{CLUSTER, Why},
    values::{HOUR_MS, Timestamp},
};

use super::{APART_MAX, GROUPS_MAX, Machine, State};
use crate::{
    Moment,
    message::{Action, Message},
    pile::{Manner, Pile},
    plan::Class,
};

/// After so long it is said since when it is so to whoever hears of it first.
const OLD_MS: i64 = HOUR_MS;
/// The level of the community's office, which hears of whole buildings grid by grid (alerting.md, "Escalation").
const OFFICE: u8 = 2;

impl Machine {
    /// Puts a message where it waits for what is told together with it.
    pub(super) fn gather(&mut self, message: &Message, (began_at, unstable): (Option<Timestamp>, bool), critical: bool, moment: Moment) {
        let (class, situation) = (self.plan.class_of(message), self.plan.situation(message));
        // a shift is handed over in one text, whatever it is of: with what is critical, if any of it is
        let handed = began_at.is_some() && self.comes_by_duty(message);
        let handover = || (format!("{}/{}/handover", message.town, message.community), None);
        let (place, grid) = if handed { handover() } else { self.group_of(message, class, critical) };
        let critical = critical || (handed && self.state.criticals.contains_key(&place));
        // what is over before it was told is told as that
        let waits_in = |message: &Message| self.state.criticals.iter().find(|(_, pile)| pile.tells(&message.alert)).map(|(place, _)| place.clone());
        let (place, critical) = match Some(message).filter(|message| message.action.is_end()).and_then(waits_in) {
            Some(waits_in) => (waits_in, true),
            None => (place, critical),
        };
        let waiting = if handed && critical { self.state.groups.remove(&place) } else { None };
        let fresh = || Pile::new(moment.clock).of_grid(grid);
        let alone = || Pile::new(moment.clock);
        let State { groups, criticals, digest, .. } = &mut self.state;
        let apart = groups.values().chain(criticals.values()).chain(digest.iter()).map(Pile::known_apart).sum::<usize>() < APART_MAX;
        let pile = match critical {
            true if criticals.len() < GROUPS_MAX || criticals.contains_key(&place) => criticals.entry(place).or_insert_with(fresh),
            true => criticals.entry(String::new()).or_insert_with(alone),
            false if groups.len() < GROUPS_MAX || groups.contains_key(&place) => groups.entry(place).or_insert_with(fresh),
            false => digest.get_or_insert_with(alone),
        };
        pile.add(message, Manner { class, situation, handed, began_at, unstable, apart });
        if let Some(waiting) = waiting {
            pile.since = pile.since.min(waiting.since);
            pile.merge(waiting);
        }
    }

    /// When what an alert is about began, where it comes to people here who have not heard of it, and it did not begin now: it is handed to them, or
    /// came while they slept, or has gone up for a while.
    pub(super) fn began_at(&self, message: &Message) -> Option<Timestamp> {
        let is_handed = message.action == Action::Assigned || self.comes_by_duty(message);
        // a cluster is none since its first fever, and what was typed in late says by itself when it was
        let is_told = message.kind.as_str() == CLUSTER || message.late;
        let is_old = |first_at: &Timestamp| is_handed || (!is_told && first_at.plus_ms(OLD_MS) <= message.at);
        message.first_at.filter(is_old).filter(|_| self.comes_to_us(message))
    }

    /// Whether it comes to people here because they are on duty now.
    fn comes_by_duty(&self, message: &Message) -> bool {
        self.plan.why_told(message) == Some(Why::DutyChanged.word())
    }

    /// The group of a message, and the grid that all of the group lies in, where it lies in one.
    fn group_of(&self, message: &Message, class: Class, critical: bool) -> (String, Option<String>) {
        let Message { town, community, kind, .. } = message;
        let of_kind = format!("{town}/{community}/{kind}");
        // a hundred buildings that did not report are one matter, for the office one a grid; what is critical is told of each
        let whole = message.is_of_building && !critical;
        match (class, &message.building) {
            // what is counted per community says nothing of a building, not even by coming one by one
            (Class::Public, _) => (format!("{town}/{community}"), None),
            (Class::Full | Class::Work, None) => (of_kind, None),
            (Class::Full | Class::Work, Some(building)) if !whole => (format!("{of_kind}/{building}"), None),
            (Class::Full | Class::Work, Some(_)) => {
                // one alert is one matter: what follows joins what was said of it and still waits, be that in the community's group or a grid's
                let waits_in = |place: &str| self.state.groups.get(place).is_some_and(|pile| pile.tells(&message.alert));
                let of_grid = message.grid.clone().map(|grid| (format!("{of_kind}/grid/{grid}"), grid));
                match of_grid {
                    Some((place, grid)) if waits_in(&place) || (message.goes_to(OFFICE) && !waits_in(&of_kind)) => (place, Some(grid)),
                    _ => (of_kind, None),
                }
            }
        }
    }
}
