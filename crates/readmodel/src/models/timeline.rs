//! Everything that happened to a building, a household, a person or an order: places of events on the log, by when they happened.
//!
//! An event stands in up to four timelines and is kept once, as the commit that told it (`projection::timelines`). A timeline is a
//! list of [`Entry`]s cut into [`Page`]s, because a row has a bound and a timeline has none.

use std::ops::RangeBounds;

use domain::{
    Event, Fact,
    alert::{Alert, Step},
    values::{BuildingId, HouseholdId, PersonId, Place, QuarantineId, Timestamp},
};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, Visitor},
};

use super::{observation::distinct, person::people_of};
use crate::Part;

/// Most entries of a page: an event that happens now costs the writing of one page, so it has to be short; a page is a key of the
/// store, so it must not be too short.
pub const PAGE_ENTRIES_MAX: usize = 32;

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

/// A place in a timeline. What happened at one instant stands in the order of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Entry {
    /// When it happened.
    pub at: Timestamp,
    /// Sequence of the commit that told it.
    pub sequence: u64,
    /// Which of its events.
    pub index: u16,
}

impl Entry {
    /// Before all others.
    pub const FIRST: Self = Self { at: Timestamp(i64::MIN), sequence: 0, index: 0 };
    /// After all others.
    pub const LAST: Self = Self { at: Timestamp(i64::MAX), sequence: u64::MAX, index: u16::MAX };

    /// Its parts in a key, in the order of time.
    pub fn parts(&self) -> [Part; 3] {
        [Part::I64(self.at.0), Part::U64(self.sequence), Part::U64(u64::from(self.index))]
    }
}

/// A part of a timeline: all entries from its beginning up to but without the beginning of the next page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// Where it begins. The oldest page begins before all entries.
    pub from: Entry,
    /// In order, each once.
    entries: Packed,
}

impl Default for Page {
    fn default() -> Self {
        Self { from: Entry::FIRST, entries: Packed::default() }
    }
}

impl Page {
    /// Takes in an entry that is not before the beginning; once more changes nothing.
    pub fn add(&mut self, entry: Entry) {
        let entry = pack(entry);
        if let Err(place) = self.entries.0.binary_search(&entry) {
            self.entries.0.insert(place, entry);
        }
    }

    /// When there are too many entries, lets go of the older ones: a full page of them, which nothing is added to any more unless
    /// it is told late. This one goes on with the newest.
    pub fn seal(&mut self) -> Option<Self> {
        self.split_at(PAGE_ENTRIES_MAX).map(|newer| std::mem::replace(self, newer))
    }

    /// When there are too many entries, lets go of the newer half.
    pub fn halve(&mut self) -> Option<Self> {
        self.split_at(PAGE_ENTRIES_MAX / 2)
    }

    fn split_at(&mut self, place: usize) -> Option<Self> {
        if self.entries.0.len() <= PAGE_ENTRIES_MAX {
            return None;
        }
        let entries = self.entries.0.split_off(place);
        Some(Self { from: entries.first().copied().map_or(self.from, unpack), entries: Packed(entries) })
    }

    /// Entries within a range, the newest first.
    pub fn newest_first(&self, range: impl RangeBounds<Entry>) -> impl Iterator<Item = Entry> {
        self.entries.0.iter().rev().copied().map(unpack).filter(move |entry| range.contains(entry))
    }
}

/// Bytes of an entry: time, sequence, index.
const ENTRY_BYTES: usize = 8 + 8 + 2;
/// Turns the order of signed numbers into that of their bytes.
const SIGN: u64 = 1 << 63;

/// Entries as bytes that sort as they do: a page is written at every event, and so it is written by a copy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Packed(Vec<[u8; ENTRY_BYTES]>);

fn pack(Entry { at, sequence, index }: Entry) -> [u8; ENTRY_BYTES] {
    let mut bytes = [0; ENTRY_BYTES];
    bytes[..8].copy_from_slice(&(at.0.cast_unsigned() ^ SIGN).to_be_bytes());
    bytes[8..16].copy_from_slice(&sequence.to_be_bytes());
    bytes[16..].copy_from_slice(&index.to_be_bytes());
    bytes
}

fn unpack([a, b, c, d, e, f, g, h, sequence @ .., i, j]: [u8; ENTRY_BYTES]) -> Entry {
    let at = (u64::from_be_bytes([a, b, c, d, e, f, g, h]) ^ SIGN).cast_signed();
    Entry { at: Timestamp(at), sequence: u64::from_be_bytes(sequence), index: u16::from_be_bytes([i, j]) }
}

impl Serialize for Packed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0.as_flattened())
    }
}

impl<'de> Deserialize<'de> for Packed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_bytes(PackedBytes)
    }
}

struct PackedBytes;

impl Visitor<'_> for PackedBytes {
    type Value = Packed;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("entries")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Packed, E> {
        match bytes.as_chunks::<ENTRY_BYTES>() {
            (entries, []) => Ok(Packed(entries.to_vec())),
            _ => Err(E::custom("half an entry")),
        }
    }
}

impl Of {
    /// The parts that all pages of one timeline begin with.
    pub fn parts(&self) -> [Part; 2] {
        let (kind, id) = match self {
            Self::Building(id) => (1, id.as_str()),
            Self::Household(id) => (2, id.as_str()),
            Self::Person(id) => (3, id.as_str()),
            Self::Quarantine(id) => (4, id.as_str()),
        };
        [Part::U8(kind), Part::Text(id.to_owned())]
    }
}

/// Whose timelines an event belongs to.
pub fn concerned(fact: &Fact<'_>) -> Vec<Of> {
    let mut of = Concerned::default();
    of.event(fact.event);
    of.0.extend(people_of(fact).cloned().map(Of::Person));
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
            Event::ReportNudged(event) => self.0.push(Of::Building(event.building.clone())),
            Event::SilenceStarted(event) => self.0.extend(event.building.clone().map(Of::Building)),
            Event::BuildingReported(event) => {
                self.0.extend(event.scopes.iter().map(|scope| Of::Building(scope.building.clone())));
                event.exceptions.iter().for_each(|exception| self.place(&exception.place));
            }
            Event::HouseholdRegistered(event) => self.place(&event.place),
            Event::HouseholdExposed(event) => {
                self.0.extend(event.housemates.iter().cloned().map(Of::Person));
                self.place(&event.place);
            }
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
            Event::ArrivalDeclared(event) => event.place.iter().for_each(|place| self.place(place)),
            // of their home as well: the file of the household says what is known of its people
            Event::FindingRecorded(event) => event.home.iter().for_each(|home| self.place(home)),
            Event::QuarantineOrdered(event) => self.order(&event.quarantine, &event.person, &event.place),
            Event::QuarantineChecked(event) => event.checks.iter().for_each(|check| self.order(&check.quarantine, &check.person, &check.place)),
            Event::QuarantineMoved(event) => {
                self.order(&event.quarantine, &event.person, &event.from);
                self.place(&event.to);
            }
            Event::QuarantineExtended(event) => self.order(&event.quarantine, &event.person, &event.place),
            Event::QuarantineSlotsWaived(event) => self.order(&event.quarantine, &event.person, &event.place),
            Event::QuarantineReleased(event) => self.order(&event.quarantine, &event.person, &event.place),
            _ => Alert::step(event).into_iter().for_each(|step| self.alert(&step)),
        }
    }

    fn passing(&mut self, home: Option<&Place>, orders: &[QuarantineId]) {
        self.0.extend(home.and_then(|home| home.household.clone()).map(Of::Household));
        self.0.extend(orders.iter().cloned().map(Of::Quarantine));
    }

    fn alert(&mut self, step: &Step<'_>) {
        step.place.into_iter().for_each(|place| self.place(place));
        self.0.extend(step.person.and_then(|who| who.person.clone()).map(Of::Person));
        self.0.extend(step.key.quarantine().map(Of::Quarantine));
    }
}
