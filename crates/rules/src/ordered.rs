//! What rules about orders remember of one: whom it binds, by which days, where, and its release.

use domain::{
    Event, Fact,
    obligation::{Order, Whereabouts},
    quarantine::Kind,
    values::{EventId, PersonId, Place, QuarantineId, Timestamp},
};
use serde::{Deserialize, Serialize};

use crate::{Scope, facts::keep_earliest};

/// One order. Orders, moves, extensions and releases cannot be taken back.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ordered {
    /// Whom the order binds; nothing until the order itself is known.
    pub(crate) person: Option<PersonId>,
    pub(crate) order: Order,
    /// Where they are to be, since when, by which event: the latest counts.
    place: Option<(Timestamp, EventId, Place)>,
    /// The earliest release: its time, its event, when we learned of it.
    pub(crate) released: Option<(Timestamp, EventId, Timestamp)>,
}

/// The order that an event begins, moves, extends or ends.
pub(crate) fn scope(event: &Event) -> Option<Scope> {
    let quarantine: &QuarantineId = match event {
        Event::QuarantineOrdered(event) => &event.quarantine,
        Event::QuarantineMoved(event) => &event.quarantine,
        Event::QuarantineExtended(event) => &event.quarantine,
        Event::QuarantineReleased(event) => &event.quarantine,
        _ => return None,
    };
    Some(Scope::quarantine(quarantine))
}

impl Ordered {
    /// Remembers how the order began, where it goes on and how it ended. What more days mean is for each rule to say.
    pub(crate) fn evolve(&mut self, fact: &Fact<'_>) {
        match fact.event {
            Event::QuarantineOrdered(event) => {
                self.person = Some(event.person.clone());
                self.order.regime.clone_from(&event.regime);
                (self.order.day_0, self.order.days) = (event.day_0, event.days);
                (self.order.ordered_at, self.order.recorded_at) = (fact.header.at, fact.header.recorded_at);
                if event.kind == Kind::Hospital {
                    self.order.stays_at(fact, Whereabouts::Hospital);
                }
                self.placed(fact, &event.place);
            }
            Event::QuarantineMoved(event) => {
                self.order.stays_at(fact, event.kind.whereabouts());
                self.placed(fact, &event.to);
            }
            Event::QuarantineReleased(_) => {
                keep_earliest(&mut self.released, (fact.header.at, fact.id(), fact.header.recorded_at));
                self.order.released_at = self.released.map(|(at, ..)| at);
            }
            _ => {}
        }
    }

    /// Where they are to be.
    pub(crate) fn place(&self) -> Place {
        self.place.as_ref().map(|(_, _, place)| place.clone()).unwrap_or_default()
    }

    fn placed(&mut self, fact: &Fact<'_>, place: &Place) {
        let since = (fact.header.at, fact.id());
        if self.place.as_ref().is_none_or(|(at, id, _)| (*at, *id) < since) {
            self.place = Some((since.0, since.1, place.clone()));
        }
    }
}
