//! Who has which duty: a fold over responsibilities, rosters, staff, absences, and where buildings lie and whom orders bind, for those
//! decide which duty is nearest. Duties cannot be taken back, so a retraction is none of its business.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    Event, Fact,
    absence::Presence,
    alert::State,
    building::Unit,
    responsibility::{LiesIn, LogPlace, Near, Post, Scope, Standing, nearest_of_person, nearest_of_place},
    roster,
    values::{BuildingId, CommunityId, EstateId, GridId, PersonId, Place, QuarantineId, Slug, StaffId, Timestamp},
};
use serde::{Deserialize, Serialize};

use crate::facts::keep_earliest;

/// Most orders remembered of a person; the ones released first are forgotten first.
const ORDERS_MAX: usize = 16;

/// Names a part of what is known of a community's duties: what one event changes, and what is kept in one row.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum PartKey {
    /// A duty for a scope at a level.
    Post {
        /// What it is for.
        scope: Scope,
        /// At which level.
        level: u8,
        /// Which duty.
        duty: Slug,
    },
    /// Somebody who works here.
    Staff(StaffId),
    /// A building.
    Building(BuildingId),
    /// An estate.
    Estate(EstateId),
    /// A person, for the orders that bind them.
    Person(PersonId),
}

/// What is known of one part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Part {
    /// Who has a duty.
    Post(Post),
    /// When somebody is there.
    Staff(Presence),
    /// Where a building lies.
    Building(Lies),
    /// In which area an estate lies, by what was said last.
    Estate(LogPlace, Option<Slug>),
    /// The orders that bind a person.
    Person(BTreeMap<QuarantineId, Binding>),
}

/// Where a building lies and what units it has, each by what was said last.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Lies {
    around: Option<(LogPlace, Option<EstateId>, Option<GridId>)>,
    units: Option<(LogPlace, BTreeSet<String>)>,
}

/// Whether an order binds somebody: since when, and until when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Binding {
    released: Option<Timestamp>,
    ordered: Option<Timestamp>,
}

/// What is known of the duties of a community.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Duties {
    parts: BTreeMap<PartKey, Part>,
}

/// Who is on duty for a post at a time.
#[derive(Debug, Default)]
pub(super) struct OnDuty {
    /// Who, and in what standing; none of those who are on shift by the roster.
    pub(super) people: Vec<(StaffId, Option<Standing>)>,
    /// When something begins or ends for this post.
    pub(super) edges: Vec<Timestamp>,
}

impl Duties {
    /// The parts that an event changes.
    pub fn concerned(event: &Event) -> Vec<PartKey> {
        let post = |scope: &Scope, level: u8, duty: &Slug| PartKey::Post { scope: scope.clone(), level, duty: duty.clone() };
        let key = match event {
            Event::ResponsibilityAssigned(event) => post(&event.scope, event.level, &event.duty),
            Event::ResponsibilityReleased(event) => post(&event.scope, event.level, &event.duty),
            Event::RosterPlanned(roster::Planned { scope, duty, level, .. }) => post(scope, *level, duty),
            Event::StaffRegistered(event) => PartKey::Staff(event.staff.clone()),
            Event::StaffFileCorrected(event) => PartKey::Staff(event.staff.clone()),
            Event::StaffAbsenceDeclared(event) => PartKey::Staff(event.staff.clone()),
            Event::BuildingRegistered(event) => PartKey::Building(event.building.clone()),
            Event::BuildingRegrouped(event) => PartKey::Building(event.building.clone()),
            Event::BuildingUnitsChanged(event) => PartKey::Building(event.building.clone()),
            Event::EstateRegistered(event) => PartKey::Estate(event.estate.clone()),
            Event::EstateGovernanceChanged(event) => PartKey::Estate(event.estate.clone()),
            Event::QuarantineOrdered(event) => PartKey::Person(event.person.clone()),
            Event::QuarantineReleased(event) => PartKey::Person(event.person.clone()),
            _ => return Vec::new(),
        };
        vec![key]
    }

    /// Remembers what a fact says, and names the parts that it changed.
    pub fn fold(&mut self, fact: &Fact<'_>) -> Vec<PartKey> {
        let keys = Self::concerned(fact.event);
        for key in &keys {
            let before = self.parts.remove(key);
            evolve(before, fact).into_iter().for_each(|part| self.put(key.clone(), part));
        }
        keys
    }

    /// Takes in a part as it was kept.
    pub fn put(&mut self, key: PartKey, part: Part) {
        self.parts.insert(key, part);
    }

    /// What is known of a part.
    pub fn part(&self, key: &PartKey) -> Option<&Part> {
        self.parts.get(key)
    }

    /// Whether a duty was ever given to anybody for one of some scopes.
    pub(super) fn knows_post(&self, path: &[Near], level: u8, duty: &Slug) -> bool {
        path.iter().flatten().any(|scope| self.parts.contains_key(&PartKey::Post { scope: scope.clone(), level, duty: duty.clone() }))
    }

    /// Whether parts that changed may change whose turn an alert is.
    pub fn concern(&self, state: &State, community: &CommunityId, changed: &BTreeSet<PartKey>) -> bool {
        let path = self.path(state, community);
        let (place, who) = (&state.occurrence.place, state.occurrence.person.as_ref());
        changed.iter().any(|part| match part {
            PartKey::Post { scope, .. } => path.iter().any(|near| near.contains(scope)),
            PartKey::Building(building) => place.building.as_ref() == Some(building),
            PartKey::Person(person) => who.and_then(|who| who.person.as_ref()) == Some(person),
            // whose posts are on the way of which alert is not looked up: it costs less to judge them all
            PartKey::Staff(_) | PartKey::Estate(_) => true,
        })
    }

    /// Whether somebody is there at a time. Of whom nothing is known is there.
    pub(super) fn is_there(&self, staff: &StaffId, at: Timestamp) -> bool {
        self.presence(staff).is_none_or(|presence| presence.is_there(at))
    }

    fn presence(&self, staff: &StaffId) -> Option<&Presence> {
        match self.parts.get(&PartKey::Staff(staff.clone()))? {
            Part::Staff(presence) => Some(presence),
            Part::Post(_) | Part::Building(..) | Part::Estate(..) | Part::Person(_) => None,
        }
    }

    /// When somebody comes or goes.
    pub(super) fn edges_of(&self, staff: &StaffId) -> impl Iterator<Item = Timestamp> {
        self.presence(staff).into_iter().flat_map(Presence::edges)
    }

    /// Who is on duty for the nearest of some scopes that has anybody: by the roster; else whose duty it is; else who stands in.
    pub(super) fn on_duty(&self, path: &[Near], level: u8, duty: &Slug, at: Timestamp) -> OnDuty {
        let mut on_duty = OnDuty::default();
        for near in path {
            for scope in near {
                let key = PartKey::Post { scope: scope.clone(), level, duty: duty.clone() };
                let Some(Part::Post(post)) = self.parts.get(&key) else { continue };
                on_duty.edges.extend(post.edges());
                on_duty.edges.extend(post.everybody().into_iter().flat_map(|staff| self.edges_of(staff)));
                on_duty.people.extend(post.on_duty(at, |staff| self.is_there(staff, at)));
            }
            if !on_duty.people.is_empty() {
                break;
            }
        }
        on_duty
    }

    /// What a duty about an alert may be for, the nearest first: its order and those of its person, the person, household, unit,
    /// building, grid, estate, area, community.
    pub(super) fn path(&self, state: &State, community: &CommunityId) -> Vec<Near> {
        let (place, person) = (&state.occurrence.place, state.occurrence.person.as_ref().and_then(|who| who.person.as_ref()));
        let orders = state.key.quarantine().into_iter().chain(person.into_iter().flat_map(|person| self.orders_of(person)));
        nearest_of_person(orders, person, self.path_of_place(place, None, community))
    }

    /// As [`Duties::path`], of a place: of `units` of a building where they are named.
    pub(super) fn path_of_place(&self, place: &Place, units: Option<&BTreeSet<String>>, community: &CommunityId) -> Vec<Near> {
        let lies = place.building.as_ref().and_then(|building| self.lies(building));
        let around = lies.and_then(|lies| lies.around.as_ref());
        let (lies_in, grid) = around.map(|(_, estate, grid)| (estate.as_ref(), grid.as_ref())).unwrap_or_default();
        let estate = place.estate.as_ref().or(lies_in);
        let area = estate.and_then(|estate| self.area_of(estate));
        let of_building = || lies.filter(|_| place.unit.is_none()).and_then(|lies| lies.units.as_ref()).map(|(_, units)| units);
        nearest_of_place(place, &LiesIn { community, area: area.as_ref(), estate, grid, units: units.or_else(of_building) })
    }

    /// The grid that a building lies in.
    pub fn grid_of(&self, building: &BuildingId) -> Option<&GridId> {
        self.lies(building)?.around.as_ref()?.2.as_ref()
    }

    fn lies(&self, building: &BuildingId) -> Option<&Lies> {
        match self.parts.get(&PartKey::Building(building.clone()))? {
            Part::Building(lies) => Some(lies),
            Part::Post(_) | Part::Staff(_) | Part::Estate(..) | Part::Person(_) => None,
        }
    }

    fn area_of(&self, estate: &EstateId) -> Option<Slug> {
        match self.parts.get(&PartKey::Estate(estate.clone()))? {
            Part::Estate(_, area) => area.clone(),
            Part::Post(_) | Part::Staff(_) | Part::Building(..) | Part::Person(_) => None,
        }
    }

    fn orders_of(&self, person: &PersonId) -> Vec<QuarantineId> {
        let Some(Part::Person(orders)) = self.parts.get(&PartKey::Person(person.clone())) else { return Vec::new() };
        let binds = |binding: &Binding| binding.ordered.is_some() && binding.released.is_none();
        orders.iter().filter(|(_, binding)| binds(binding)).map(|(order, _)| order.clone()).collect()
    }
}

/// A part after one more fact about it.
fn evolve(part: Option<Part>, fact: &Fact<'_>) -> Option<Part> {
    let said = (fact.sequence, fact.index);
    match fact.event {
        Event::BuildingRegistered(event) => of_building(part, |lies| {
            newer(&mut lies.around, (said, event.estate.clone(), event.grid.clone()), |(said, ..)| *said);
            newer(&mut lies.units, (said, names(&event.units)), |(said, _)| *said);
        }),
        Event::BuildingRegrouped(event) => {
            of_building(part, |lies| newer(&mut lies.around, (said, event.estate.clone(), event.grid.clone()), |(said, ..)| *said))
        }
        Event::BuildingUnitsChanged(event) => of_building(part, |lies| newer(&mut lies.units, (said, names(&event.units)), |(said, _)| *said)),
        Event::EstateRegistered(event) => newer_estate(part, said, event.zone.as_ref()),
        Event::EstateGovernanceChanged(event) => newer_estate(part, said, event.zone.as_ref()),
        Event::ResponsibilityAssigned(event) => of_post(part, |post| post.assigned(said, &event.staff, event.standing, (event.from, event.until))),
        Event::ResponsibilityReleased(event) => of_post(part, |post| post.released(said, &event.staff, event.until)),
        Event::RosterPlanned(event) => of_post(part, |post| post.planned(said, &event.shifts)),
        Event::StaffRegistered(event) => of_staff(part, |presence| presence.works_until(said, event.until)),
        Event::StaffFileCorrected(event) => of_staff(part, |presence| presence.works_until(said, event.until)),
        Event::StaffAbsenceDeclared(event) => of_staff(part, |presence| presence.absent(said, event.from, event.until)),
        Event::QuarantineOrdered(event) => {
            let at = fact.header.at;
            of_person(part, &event.quarantine, |binding| keep_earliest(&mut binding.ordered, at))
        }
        Event::QuarantineReleased(event) => {
            let at = fact.header.at;
            of_person(part, &event.quarantine, |binding| keep_earliest(&mut binding.released, at))
        }
        _ => part,
    }
}

fn of_post(part: Option<Part>, change: impl FnOnce(&mut Post)) -> Option<Part> {
    let mut post = if let Some(Part::Post(post)) = part { post } else { Post::default() };
    change(&mut post);
    Some(Part::Post(post))
}

fn of_staff(part: Option<Part>, change: impl FnOnce(&mut Presence)) -> Option<Part> {
    let mut presence = if let Some(Part::Staff(presence)) = part { presence } else { Presence::default() };
    change(&mut presence);
    Some(Part::Staff(presence))
}

fn of_person(part: Option<Part>, order: &QuarantineId, change: impl FnOnce(&mut Binding)) -> Option<Part> {
    let mut orders = if let Some(Part::Person(orders)) = part { orders } else { BTreeMap::new() };
    change(orders.entry(order.clone()).or_default());
    while orders.len() > ORDERS_MAX {
        // those in force have no release and stay longest
        let ended = |(order, binding): &(&QuarantineId, &Binding)| (binding.released.is_none(), binding.released, binding.ordered, (*order).clone());
        let first = orders.iter().min_by_key(ended).map(|(order, _)| order.clone());
        first.and_then(|order| orders.remove(&order));
    }
    Some(Part::Person(orders))
}

fn of_building(part: Option<Part>, change: impl FnOnce(&mut Lies)) -> Option<Part> {
    let mut lies = if let Some(Part::Building(lies)) = part { lies } else { Lies::default() };
    change(&mut lies);
    Some(Part::Building(lies))
}

/// Keeps what was said last.
fn newer<T>(slot: &mut Option<T>, told: T, said: impl Fn(&T) -> LogPlace) {
    if slot.as_ref().is_none_or(|known| said(known) < said(&told)) {
        *slot = Some(told);
    }
}

fn names(units: &[Unit]) -> BTreeSet<String> {
    units.iter().map(|unit| unit.unit.clone()).collect()
}

fn newer_estate(part: Option<Part>, said: LogPlace, area: Option<&Slug>) -> Option<Part> {
    match part {
        Some(Part::Estate(before, _)) if before > said => part,
        _ => Some(Part::Estate(said, area.cloned())),
    }
}
