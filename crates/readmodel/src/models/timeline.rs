//! Everything that happened to a building, a household, a person or an order, one entry per event.

use domain::{
    Event, Fact,
    commit::Via,
    values::{BuildingId, CommandId, EventId, HouseholdId, PersonId, Place, QuarantineId, Slug, StaffId, Timestamp},
};
use serde::{Deserialize, Serialize};

use super::{observation::distinct, person::subjects_of};
use crate::{Part, ReadModel, RowKey, command_bytes, taken_back};

/// Whose timeline.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Of {
    /// A building's.
    Building(BuildingId),
    /// A household's.
    Household(HouseholdId),
    /// A person's.
    Person(PersonId),
    /// An order's.
    Quarantine(QuarantineId),
}

/// An entry: whose, when it happened, which event.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Whose.
    pub of: Of,
    /// When it happened.
    pub at: Timestamp,
    /// The event.
    pub event: EventId,
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Sequence of its commit.
    pub sequence: u64,
    /// The event.
    pub id: EventId,
    /// When it happened.
    pub at: Timestamp,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// Name and version of the event.
    pub name: String,
    /// The token that asked, or `service`.
    pub actor: Slug,
    /// Who did it.
    pub by: Vec<StaffId>,
    /// By what means it reached us.
    pub via: Option<Via>,
    /// The command that took it back.
    pub retracted_by: Option<CommandId>,
    /// The event's payload as it stands on the log, private parts sealed.
    pub payload: Vec<u8>,
}

/// The read model.
#[derive(Debug)]
pub struct Timeline;

impl Of {
    /// The parts that all entries of one timeline begin with.
    pub fn parts(&self) -> Vec<Part> {
        let (kind, id) = match self {
            Self::Building(id) => (1, id.to_string()),
            Self::Household(id) => (2, id.to_string()),
            Self::Person(id) => (3, id.to_string()),
            Self::Quarantine(id) => (4, id.to_string()),
        };
        vec![Part::U8(kind), Part::Text(id)]
    }
}

impl RowKey for Key {
    fn parts(&self) -> Vec<Part> {
        let entry = [Part::I64(self.at.0), Part::Bytes(command_bytes(self.event.command)), Part::U64(u64::from(self.event.index))];
        self.of.parts().into_iter().chain(entry).collect()
    }
}

impl ReadModel for Timeline {
    const NAME: &'static str = "timeline";
    const VERSION: u32 = 1;
    const KEYED_BY_EVENT: bool = true;
    type Key = Key;
    type Row = Row;

    fn keys(fact: &Fact<'_>) -> Vec<Key> {
        let mut of = concerned(fact);
        if let Ok(Some(taken_back)) = taken_back(fact) {
            // the retraction stands beside what it took back
            of.extend(taken_back.facts().flat_map(|fact| concerned(&fact)).collect::<Vec<_>>());
        }
        distinct(of).into_iter().map(|of| Key { of, at: fact.header.at, event: fact.id() }).collect()
    }

    fn evolve(row: Option<Row>, key: &Key, fact: &Fact<'_>) -> Option<Row> {
        Some(Row {
            sequence: fact.sequence,
            id: key.event,
            at: fact.header.at,
            recorded_at: fact.header.recorded_at,
            name: fact.event.name().to_owned(),
            actor: fact.header.actor.clone(),
            by: fact.header.by.clone(),
            via: fact.header.via,
            retracted_by: row.and_then(|row| row.retracted_by),
            // what is on the log encodes: it was decoded from there
            payload: fact.event.encode().unwrap_or_default(),
        })
    }

    fn take_back(row: Row, _: &Key, fact: &Fact<'_>) -> Option<Row> {
        Some(Row { retracted_by: fact.header.cause.map(|cause| cause.command).or(row.retracted_by), ..row })
    }
}

/// Whose timelines an event belongs to.
fn concerned(fact: &Fact<'_>) -> Vec<Of> {
    let mut of = Concerned::default();
    of.event(fact.event);
    let people = subjects_of(fact).into_iter().filter_map(|who| who.person).map(Of::Person);
    of.0.extend(people);
    distinct(of.0)
}

#[derive(Default)]
struct Concerned(Vec<Of>);

impl Concerned {
    fn place(&mut self, place: &Place) {
        self.0.extend(place.building.clone().map(Of::Building));
        self.0.extend(place.household.clone().map(Of::Household));
    }

    fn order(&mut self, quarantine: &QuarantineId, person: &PersonId, place: &Place) {
        self.0.extend([Of::Quarantine(quarantine.clone()), Of::Person(person.clone())]);
        self.place(place);
    }

    fn event(&mut self, event: &Event) {
        match event {
            Event::BuildingRegistered(event) => self.0.push(Of::Building(event.building.clone())),
            Event::BuildingRenamed(event) => self.0.push(Of::Building(event.building.clone())),
            Event::BuildingKindChanged(event) => self.0.push(Of::Building(event.building.clone())),
            Event::BuildingRegrouped(event) => self.0.push(Of::Building(event.building.clone())),
            Event::BuildingUnitsChanged(event) => self.0.push(Of::Building(event.building.clone())),
            Event::BuildingAddressCorrected(event) => self.0.push(Of::Building(event.building.clone())),
            Event::BuildingReported(event) => {
                self.0.extend(event.scopes.iter().map(|scope| Of::Building(scope.building.clone())));
                event.exceptions.iter().for_each(|exception| self.place(&exception.place));
            }
            Event::HouseholdRegistered(event) => self.place(&event.place),
            Event::HouseholdDoorCorrected(event) => self.place(&event.to),
            Event::HouseholdFileCorrected(event) => self.place(&event.place),
            Event::PersonRegistered(event) => self.0.push(Of::Person(event.person.clone())),
            Event::PersonIdentityCorrected(event) => self.0.push(Of::Person(event.person.clone())),
            Event::PersonCategoriesChanged(event) => self.0.push(Of::Person(event.person.clone())),
            Event::ResidenceStarted(event) => {
                self.0.push(Of::Person(event.person.clone()));
                self.place(&event.place);
            }
            Event::ResidenceEnded(event) => {
                self.0.push(Of::Person(event.person.clone()));
                self.place(&event.place);
            }
            _ => self.duty(event),
        }
    }

    fn duty(&mut self, event: &Event) {
        match event {
            Event::VisitRecorded(event) => {
                self.place(&event.place);
                self.0.extend(event.people.iter().flat_map(|found| found.orders.iter().cloned().map(Of::Quarantine)));
            }
            Event::EntryRecorded(event) => self.passing(event.home.as_ref(), &event.orders),
            Event::EntrySettled(event) => self.passing(event.home.as_ref(), &event.orders),
            Event::QuarantineOrdered(event) => self.order(&event.quarantine, &event.person, &event.place),
            Event::QuarantineChecked(event) => event.checks.iter().for_each(|check| self.order(&check.quarantine, &check.person, &check.place)),
            Event::QuarantineMoved(event) => {
                self.order(&event.quarantine, &event.person, &event.from);
                self.place(&event.to);
            }
            Event::QuarantineExtended(event) => self.order(&event.quarantine, &event.person, &event.place),
            Event::QuarantineSlotsWaived(event) => self.order(&event.quarantine, &event.person, &event.place),
            Event::QuarantineReleased(event) => self.order(&event.quarantine, &event.person, &event.place),
            Event::AlertRaised(event) => self.occurrence(&event.occurrence),
            Event::AlertUpdated(event) => self.occurrence(&event.occurrence),
            Event::AlertUpgraded(event) => self.occurrence(&event.occurrence),
            Event::AlertReopened(event) => self.occurrence(&event.occurrence),
            _ => {}
        }
    }

    fn passing(&mut self, home: Option<&Place>, orders: &[QuarantineId]) {
        self.0.extend(home.and_then(|home| home.household.clone()).map(Of::Household));
        self.0.extend(orders.iter().cloned().map(Of::Quarantine));
    }

    fn occurrence(&mut self, occurrence: &domain::alert::Occurrence) {
        self.place(&occurrence.place);
        self.0.extend(occurrence.person.as_ref().and_then(|who| who.person.clone()).map(Of::Person));
    }
}
