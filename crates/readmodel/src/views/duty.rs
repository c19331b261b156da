//! Who has which duty for which place, and where nobody has one that chains of alerts ask for.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    absence::Presence,
    estate,
    responsibility::{ASKED, Asked, Scope, ScopeId, ScopeKind, Standing},
    values::{BuildingId, CommunityId, EstateId, Slug, StaffId, Timestamp},
};
use serde::{Deserialize, Serialize};

use crate::models::{building, checkpoint, post, staff};

/// Somebody who has a post.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnPost {
    /// Who.
    pub staff: StaffId,
    /// In what standing; nothing: by the roster, for a shift.
    pub standing: Option<Standing>,
    /// Since when.
    pub since: Timestamp,
    /// Until when.
    pub until: Option<Timestamp>,
    /// Whether alerts go to them now.
    pub on_duty: bool,
    /// Whether they are away now, or no longer work here.
    pub away: bool,
}

/// A duty for a place, and who has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DutyItem {
    /// What kind of place: `community`, `area`, `estate`, `grid`, `building`, `unit`, `checkpoint`, `facility`.
    pub scope: ScopeKind,
    /// Its id; of a unit `building-unit`.
    pub id: String,
    /// What the place is called, where it has a name.
    pub name: Option<String>,
    /// The estate that it lies in.
    pub estate_name: Option<String>,
    /// The building that it is, or lies in.
    pub building: Option<BuildingId>,
    /// Which duty.
    pub duty: Slug,
    /// 1 nearest to the door, 3 the town.
    pub level: u8,
    /// Whether chains of alerts ask for it, and find nobody for this place: neither here nor for more than this place.
    pub vacant: bool,
    /// Who has it; those who are on duty first.
    pub people: Vec<OnPost>,
}

/// Where a duty stands in the list: whether somebody has it, what kind of place, its id, which duty, its level.
pub type DutyPlace = (bool, ScopeKind, String, String, u8);

impl DutyItem {
    /// Where it stands in the list.
    pub fn place(&self) -> DutyPlace {
        (!self.vacant, self.scope, self.id.clone(), self.duty.to_string(), self.level)
    }
}

/// All that the duties of a community follow from.
#[derive(Clone, Copy, Debug)]
pub struct DutyRows<'a> {
    /// The community.
    pub community: &'a CommunityId,
    /// Its posts.
    pub posts: &'a [post::Row],
    /// Who works there.
    pub staff: &'a [staff::Row],
    /// Its buildings.
    pub buildings: &'a [building::Row],
    /// Its estates.
    pub estates: &'a BTreeMap<EstateId, estate::State>,
    /// Its checkpoints.
    pub checkpoints: &'a [checkpoint::Row],
}

/// A place where an alert may be, as narrow as posts are given: a unit, or a building without any.
struct Point {
    /// What it lies in, from the community down to itself, as far as an office gives posts by it.
    within: Vec<Scope>,
    /// Where its posts may be held: all of the above, and estate and area.
    held_at: Vec<Scope>,
}

/// The duties of a community at a time: vacant ones first, then by place.
pub fn duties(rows: &DutyRows<'_>, now: Timestamp) -> Vec<DutyItem> {
    let there: BTreeMap<&StaffId, &Presence> = rows.staff.iter().map(|row| (&row.staff, &row.presence)).collect();
    // of whom nothing is known is there
    let is_there = |staff: &StaffId| there.get(staff).is_none_or(|presence| presence.is_there(now));
    let on_duty = |row: &&post::Row| !row.post.on_duty(now, is_there).is_empty();
    let held: BTreeSet<&post::Key> = rows.posts.iter().filter(on_duty).map(|row| &row.key).collect();
    let points = points(rows);
    let vacant: BTreeSet<post::Key> = ASKED.iter().flat_map(|asked| vacancies(asked, &points, &held)).collect();
    let known: BTreeMap<&post::Key, &post::Row> = rows.posts.iter().map(|row| (&row.key, row)).collect();
    let keys: BTreeSet<&post::Key> = vacant.iter().chain(known.keys().copied()).collect();
    let item = |key: &post::Key| {
        let people = known.get(key).map(|row| people(row, now, is_there)).unwrap_or_default();
        item(key, vacant.contains(key), people, rows)
    };
    let mut items: Vec<DutyItem> = keys.into_iter().map(item).filter(|item| item.vacant || !item.people.is_empty()).collect();
    items.sort_by_key(DutyItem::place);
    items
}

fn people(row: &post::Row, now: Timestamp, is_there: impl Fn(&StaffId) -> bool) -> Vec<OnPost> {
    let on_duty = row.post.on_duty(now, &is_there);
    let one = |staff: &StaffId, standing: Option<Standing>, since: Timestamp, until: Option<Timestamp>| OnPost {
        staff: staff.clone(),
        standing,
        since,
        until,
        on_duty: on_duty.contains(&(staff.clone(), standing)),
        away: !is_there(staff),
    };
    let shifts = row.post.shifts(now).map(|shift| one(&shift.staff, None, shift.from, Some(shift.until)));
    let holders = row.post.holders(now).map(|(staff, held)| one(staff, Some(held.standing), held.since, held.until));
    let mut people: Vec<OnPost> = shifts.chain(holders).collect();
    people.sort_by_key(|person| !person.on_duty);
    people
}

fn item(key: &post::Key, vacant: bool, people: Vec<OnPost>, rows: &DutyRows<'_>) -> DutyItem {
    let Scope { kind, id } = &key.scope;
    let building = match kind {
        ScopeKind::Building => rows.buildings.iter().find(|row| row.building.as_str() == id.as_str()),
        ScopeKind::Unit => building_of_unit(id, rows.buildings),
        _ => None,
    };
    let estate = building.and_then(|row| row.estate.as_ref());
    let estate = estate.and_then(|estate| rows.estates.get(estate));
    let name = match kind {
        ScopeKind::Estate => rows.estates.iter().find(|(estate, _)| estate.as_str() == id.as_str()).map(|(_, estate)| estate.name.clone()),
        ScopeKind::Checkpoint => {
            let checkpoint = rows.checkpoints.iter().find(|row| row.checkpoint.as_str() == id.as_str());
            checkpoint.and_then(|row| row.state.as_ref()).map(|state| state.name.clone())
        }
        _ => building.map(|row| row.name.clone()),
    };
    DutyItem {
        scope: *kind,
        id: id.to_string(),
        name,
        estate_name: estate.map(|estate| estate.name.clone()),
        building: building.map(|row| row.building.clone()),
        duty: key.duty.clone(),
        level: key.level,
        vacant,
        people,
    }
}

/// The building of a unit: both may hold a hyphen, and the longest that has such a unit is meant, as when a post is given.
fn building_of_unit<'a>(id: &ScopeId, buildings: &'a [building::Row]) -> Option<&'a building::Row> {
    let has = |row: &building::Row, unit: &str| row.units.is_empty() || row.units.iter().any(|known| known.unit == unit);
    let with_it = buildings.iter().filter(|row| id.unit_of(&row.building).is_some_and(|unit| has(row, unit)));
    with_it.max_by_key(|row| row.building.as_str().len())
}

/// Every point of a community; the community itself while it has no building.
fn points(rows: &DutyRows<'_>) -> Vec<Point> {
    let community = Scope::of(ScopeKind::Community, rows.community);
    let of_building = |row: &building::Row| -> Vec<Point> {
        let area = row.estate.as_ref().and_then(|estate| rows.estates.get(estate)?.zone.as_ref());
        let around = [row.estate.as_ref().map(|estate| Scope::of(ScopeKind::Estate, estate)), area.map(|area| Scope::of(ScopeKind::Area, area))];
        let grid = row.grid.as_ref().map(|grid| Scope::of(ScopeKind::Grid, grid));
        let building = Scope::of(ScopeKind::Building, &row.building);
        let point = |unit: Option<Scope>| {
            let within: Vec<Scope> = [Some(community.clone()), grid.clone(), Some(building.clone()), unit].into_iter().flatten().collect();
            Point { held_at: within.iter().cloned().chain(around.iter().flatten().cloned()).collect(), within }
        };
        if row.units.is_empty() { vec![point(None)] } else { row.units.iter().map(|unit| point(Some(Scope::of_unit(&row.building, &unit.unit)))).collect() }
    };
    if rows.buildings.is_empty() {
        return vec![Point { within: vec![community.clone()], held_at: vec![community] }];
    }
    rows.buildings.iter().flat_map(of_building).collect()
}

/// Where nobody has a duty that is asked for.
fn vacancies(asked: &Asked, points: &[Point], held: &BTreeSet<&post::Key>) -> Vec<post::Key> {
    let Ok(duty) = asked.duty.parse::<Slug>() else { return Vec::new() };
    let key = |scope: &Scope| post::Key { scope: scope.clone(), duty: duty.clone(), level: asked.level };
    let finds_nobody = |point: &&Point| !point.held_at.iter().any(|scope| held.contains(&key(scope)));
    let open: Vec<(&Point, bool)> = points.iter().map(|point| (point, finds_nobody(&point))).collect();
    let Some(kind) = NARROWER.iter().position(|kind| *kind == asked.of) else { return Vec::new() };
    widest(&open, &NARROWER[kind..]).iter().map(key).collect()
}

/// By what posts are given that every place has, from the widest to the narrowest.
const NARROWER: [ScopeKind; 4] = [ScopeKind::Community, ScopeKind::Grid, ScopeKind::Building, ScopeKind::Unit];

/// The widest places in which every point finds nobody.
fn widest(points: &[(&Point, bool)], kinds: &[ScopeKind]) -> Vec<Scope> {
    let Some((kind, narrower)) = kinds.split_first() else { return Vec::new() };
    let mut groups: BTreeMap<&Scope, Vec<(&Point, bool)>> = BTreeMap::new();
    for (point, open) in points {
        // what lies in none of a kind stands for itself there: a building without a grid
        if let Some(scope) = point.within.iter().find(|scope| scope.kind >= *kind).or(point.within.last()) {
            groups.entry(scope).or_default().push((point, *open));
        }
    }
    let of_group = |(scope, points): (&Scope, Vec<(&Point, bool)>)| match points.iter().filter(|(_, open)| *open).count() {
        0 => Vec::new(),
        all if all == points.len() => vec![scope.clone()],
        _ => widest(&points, narrower),
    };
    groups.into_iter().flat_map(of_group).collect()
}
