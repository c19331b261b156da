//! Who keeps orders: rows of duties, read once for all orders of an answer.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    absence::Presence,
    estate,
    responsibility::{LiesIn, Near, Post, Scope, nearest_of_person, nearest_of_place},
    values::{BuildingId, EstateId, GridId, QuarantineId, Slug, StaffId, Timestamp},
};
use readmodel::{
    models::{building, person, post, quarantine, staff},
    views::{self, KEEPER, KEEPER_LEVEL, Keeper},
};
use store::StoreError;

use crate::rows::CommunityRows;

/// Looks for who keeps orders of a community, at one moment of the store.
pub(crate) struct Keepers<'a> {
    rows: &'a CommunityRows<'a>,
    /// Nothing while no order was looked at.
    around: Option<Around>,
    buildings: BTreeMap<BuildingId, Option<Lies>>,
    posts: BTreeMap<Scope, Option<Post>>,
}

/// Of what a community has few.
struct Around {
    keeper: Option<Slug>,
    estates: BTreeMap<EstateId, estate::State>,
    staff: BTreeMap<StaffId, Presence>,
}

/// Where a building lies.
#[derive(Clone)]
struct Lies {
    estate: Option<EstateId>,
    grid: Option<GridId>,
    units: BTreeSet<String>,
}

impl<'a> Keepers<'a> {
    pub(crate) fn new(rows: &'a CommunityRows<'a>) -> Self {
        Self { rows, around: None, buildings: BTreeMap::new(), posts: BTreeMap::new() }
    }

    /// Who keeps an order at a time; nobody once it was released.
    pub(crate) fn of(&mut self, order: &quarantine::Row, now: Timestamp) -> Result<Vec<Keeper>, StoreError> {
        if order.state.order.released_at.is_some() {
            return Ok(Vec::new());
        }
        let around = match self.around.take() {
            Some(around) => around,
            None => self.read_around()?,
        };
        let path = self.path(order, &around)?;
        for scope in path.iter().flatten() {
            self.read_post(scope, around.keeper.as_ref())?;
        }
        // of whom nothing is known is there
        let is_there = |staff: &StaffId| around.staff.get(staff).is_none_or(|presence| presence.is_there(now));
        let keepers = views::keepers(&path, |scope| self.posts.get(scope)?.as_ref(), is_there, now);
        self.around = Some(around);
        Ok(keepers)
    }

    fn read_around(&self) -> Result<Around, StoreError> {
        let staff = self.rows.values::<staff::Staff>()?.into_iter().map(|row| (row.staff, row.presence));
        Ok(Around { keeper: KEEPER.parse().ok(), estates: self.rows.estates()?, staff: staff.collect() })
    }

    /// What a keeper of an order may be for, the nearest first: as alerts about it look for one.
    fn path(&mut self, order: &quarantine::Row, around: &Around) -> Result<Vec<Near>, StoreError> {
        let (place, who) = (&order.state.place, &order.state.person);
        let lies = place.building.as_ref().map(|building| self.lies(building)).transpose()?.flatten();
        let estate = place.estate.as_ref().or(lies.as_ref().and_then(|lies| lies.estate.as_ref()));
        let lies_in = LiesIn {
            community: self.rows.community,
            area: estate.and_then(|estate| around.estates.get(estate)?.zone.as_ref()),
            estate,
            grid: lies.as_ref().and_then(|lies| lies.grid.as_ref()),
            units: lies.as_ref().filter(|_| place.unit.is_none()).map(|lies| &lies.units),
        };
        let file = self.rows.get::<person::Person>(who)?.map(|row| row.value.state.orders).unwrap_or_default();
        let mut others: Vec<QuarantineId> = file.into_iter().filter(|other| other.until.is_none()).map(|other| other.quarantine).collect();
        others.sort_unstable();
        let orders = std::iter::once(order.quarantine.clone()).chain(others);
        Ok(nearest_of_person(orders, Some(who), nearest_of_place(place, &lies_in)))
    }

    fn lies(&mut self, building: &BuildingId) -> Result<Option<Lies>, StoreError> {
        if let Some(known) = self.buildings.get(building) {
            return Ok(known.clone());
        }
        let lies = self.rows.get::<building::Building>(building)?.map(|row| Lies {
            estate: row.value.estate,
            grid: row.value.grid,
            units: row.value.units.into_iter().map(|unit| unit.unit).collect(),
        });
        self.buildings.insert(building.clone(), lies.clone());
        Ok(lies)
    }

    fn read_post(&mut self, scope: &Scope, keeper: Option<&Slug>) -> Result<(), StoreError> {
        let Some(duty) = keeper.filter(|_| !self.posts.contains_key(scope)) else { return Ok(()) };
        let key = post::Key { scope: scope.clone(), duty: duty.clone(), level: KEEPER_LEVEL };
        let row = if post::is_of_place(scope.kind) { self.rows.get::<post::Post>(&key)? } else { self.rows.get::<post::PersonalPost>(&key)? };
        self.posts.insert(scope.clone(), row.map(|row| row.value.post));
        Ok(())
    }
}
