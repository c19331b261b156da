//! What a duty may be for, so that it is about a place or about somebody: the nearest first. Who has it for the nearest has it.

use std::collections::BTreeSet;

use super::{Scope, ScopeKind};
use crate::values::{CommunityId, EstateId, GridId, PersonId, Place, QuarantineId, Slug};

/// Scopes that are equally near: one, or all units of a building where it is about the whole of it.
pub type Near = Vec<Scope>;

/// What a place lies in, as far as duties are given by it.
#[derive(Clone, Copy, Debug)]
pub struct LiesIn<'a> {
    /// The community.
    pub community: &'a CommunityId,
    /// The area of its estate.
    pub area: Option<&'a Slug>,
    /// Its estate.
    pub estate: Option<&'a EstateId>,
    /// The grid of its building.
    pub grid: Option<&'a GridId>,
    /// Units of its building that it is about together: all of them, where it is about the whole of it.
    pub units: Option<&'a BTreeSet<String>>,
}

/// What a duty about a place may be for: household, unit, building, units together, grid, estate, area, community.
pub fn nearest_of_place(place: &Place, lies_in: &LiesIn<'_>) -> Vec<Near> {
    let one = |scope| vec![scope];
    let building = place.building.as_ref();
    let mut path: Vec<Near> = Vec::new();
    path.extend(place.household.as_ref().map(|household| one(Scope::of(ScopeKind::Household, household))));
    path.extend(building.zip(place.unit.as_ref()).map(|(building, unit)| one(Scope::of_unit(building, unit))));
    path.extend(building.map(|building| one(Scope::of(ScopeKind::Building, building))));
    // where a building has a leader for each unit and none of its own, the whole of it is theirs together
    path.extend(building.zip(lies_in.units).map(|(building, units)| units.iter().map(|unit| Scope::of_unit(building, unit)).collect::<Near>()));
    path.extend(lies_in.grid.map(|grid| one(Scope::of(ScopeKind::Grid, grid))));
    path.extend(lies_in.estate.map(|estate| one(Scope::of(ScopeKind::Estate, estate))));
    path.extend(lies_in.area.map(|area| one(Scope::of(ScopeKind::Area, area))));
    path.push(one(Scope::of(ScopeKind::Community, lies_in.community)));
    path
}

/// What a duty about somebody may be for: their orders as they are given here, each once, they themselves, and what it may be for of the
/// place that it is about.
pub fn nearest_of_person(orders: impl Iterator<Item = QuarantineId>, person: Option<&PersonId>, of_place: Vec<Near>) -> Vec<Near> {
    let mut path: Vec<Near> = Vec::new();
    for order in orders {
        let near = vec![Scope::of(ScopeKind::Quarantine, &order)];
        if !path.contains(&near) {
            path.push(near);
        }
    }
    path.extend(person.map(|person| vec![Scope::of(ScopeKind::Person, person)]));
    path.extend(of_place);
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(path: &[Near]) -> Vec<String> {
        let near = |near: &Near| near.iter().map(|scope| format!("{}/{}", scope.kind, scope.id)).collect::<Vec<_>>().join("+");
        path.iter().map(near).collect()
    }

    #[test]
    fn the_order_is_nearest_and_the_community_is_farthest() {
        let community = "u07".parse().unwrap();
        let (area, estate, grid) = ("east".parse().unwrap(), "e1".parse().unwrap(), "g1".parse().unwrap());
        let lies_in = LiesIn { community: &community, area: Some(&area), estate: Some(&estate), grid: Some(&grid), units: None };
        let place = Place { building: Some("b07".parse().unwrap()), unit: Some("2".to_owned()), household: Some("h502".parse().unwrap()), ..Place::default() };
        let of_place = nearest_of_place(&place, &lies_in);
        let (person, orders) = ("p1".parse().unwrap(), ["q2", "q1", "q2"].map(|order| order.parse().unwrap()));
        let path = words(&nearest_of_person(orders.into_iter(), Some(&person), of_place.clone()));
        let around = ["household/h502", "unit/b07-2", "building/b07", "grid/g1", "estate/e1", "area/east", "community/u07"];
        assert_eq!(words(&of_place), around);
        assert_eq!(path, [&["quarantine/q2", "quarantine/q1", "person/p1"][..], &around].concat());
        let whole = Place { unit: None, household: None, ..place };
        let units = ["1", "2"].map(str::to_owned).into();
        let of_whole = nearest_of_place(&whole, &LiesIn { units: Some(&units), ..lies_in });
        assert_eq!(words(&of_whole)[..2], ["building/b07", "unit/b07-1+unit/b07-2"]);
    }
}
