//! Who has which duty for which place, and where nobody has one that is asked for.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on may say so by panicking")]
#![allow(dead_code, reason = "the small world holds more than this test looks at")]

mod world;

use std::collections::BTreeMap;

use domain::{
    absence, building, checkpoint, estate,
    responsibility::{Assigned, LiesIn, Released, Scope, ScopeKind, Standing, nearest_of_person, nearest_of_place},
    roster::{Planned, Shift},
    staff,
    values::{CommunityId, Place, QuarantineId, StaffId, Timestamp},
};
use readmodel::{
    models,
    views::{DutyItem, DutyRows, KEEPER, KEEPER_LEVEL, duties, keepers},
};
use world::{Told, at, id, rows_of, told};

const NOW: &str = "2020-02-06T12:00";

fn scope(kind: ScopeKind, of: &str) -> Scope {
    match of.split_once('/') {
        Some((building, unit)) => Scope::of_unit(&id(building), unit),
        None => Scope::of(kind, &of),
    }
}

fn given(kind: ScopeKind, of: &str, duty: &str, level: u8, staff: &str, standing: Standing) -> Assigned {
    Assigned { scope: scope(kind, of), duty: id(duty), level, staff: id(staff), standing, from: at("2020-02-01T08:00"), until: None }
}

fn building(name: &str, grid: Option<&str>, units: &[&str]) -> building::Registered {
    let unit = |name: &&str| building::Unit { unit: (*name).to_owned(), name: None, floors: 2, doors: vec!["101".to_owned()] };
    building::Registered {
        building: id(name),
        name: format!("{name}号楼"),
        kind: building::Kind::Block,
        estate: Some(id("e1")),
        grid: grid.map(id),
        units: units.iter().map(unit).collect(),
        private: None,
        address_fingerprint: None,
    }
}

/// Two buildings in a grid and one in none; an office and a nurse for all, a grid worker for the grid, a leader for each building.
fn place() -> Vec<Told> {
    let registered =
        |name: &str| staff::Registered { staff: id(name), roles: vec![id("leader")], org: None, person: None, until: None, private: None, file_fingerprint: 0 };
    let estate = estate::Registered { estate: id("e1"), name: "阳光小区".to_owned(), zone: Some(id("east")), governance: estate::Governance::None };
    let mut facts = vec![tell(estate)];
    facts.extend([building("b1", Some("g1"), &["1", "2"]), building("b2", Some("g1"), &[]), building("b3", None, &[])].map(tell));
    facts.extend(["s1", "s2"].map(registered).map(tell));
    let (main, community) = (Standing::Main, ScopeKind::Community);
    facts.extend([
        tell(given(community, "c1", "command", 3, "s-town", main)),
        tell(given(community, "c1", "office", 2, "s-office", main)),
        tell(given(community, "c1", "nurse", 1, "s1", main)),
        tell(given(ScopeKind::Grid, "g1", "grid", 1, "s-grid", main)),
        tell(given(ScopeKind::Building, "b3", "grid", 1, "s-grid", main)),
    ]);
    facts.extend(["b1", "b2", "b3"].map(|of| tell(given(ScopeKind::Building, of, "leader", 1, &format!("s-{of}"), main))));
    facts
}

fn tell(event: impl Into<domain::Event>) -> Told {
    let start = at("2020-02-01T08:00");
    told(0, start, start, event)
}

fn in_order(mut facts: Vec<Told>) -> Vec<Told> {
    facts.iter_mut().zip(1..).for_each(|(fact, sequence)| fact.sequence = sequence);
    facts
}

fn list(facts: Vec<Told>, now: &str) -> Vec<DutyItem> {
    list_as_told(&in_order(facts), at(now))
}

fn list_as_told(facts: &[Told], now: Timestamp) -> Vec<DutyItem> {
    let posts: Vec<_> = rows_of::<models::post::Post>(facts).into_values().collect();
    let staff: Vec<_> = rows_of::<models::staff::Staff>(facts).into_values().collect();
    let buildings: Vec<_> = rows_of::<models::building::Building>(facts).into_values().collect();
    let estates: BTreeMap<_, _> = rows_of::<models::estate::Estate>(facts);
    let checkpoints: Vec<_> = rows_of::<models::checkpoint::Checkpoint>(facts).into_values().collect();
    let community: CommunityId = id("c1");
    duties(&DutyRows { community: &community, posts: &posts, staff: &staff, buildings: &buildings, estates: &estates, checkpoints: &checkpoints }, now)
}

fn vacant(facts: Vec<Told>) -> Vec<String> {
    let vacant = list(facts, NOW).into_iter().filter(|item| item.vacant);
    vacant.map(|item| format!("{} {} {}", item.scope, item.id, item.duty)).collect()
}

/// The place without the posts of a duty, and with some.
fn with(without: &str, more: Vec<Assigned>) -> Vec<Told> {
    let mut facts = place();
    facts.retain(|fact| !matches!(&fact.event, domain::Event::ResponsibilityAssigned(given) if given.duty.as_str() == without));
    facts.extend(more.into_iter().map(tell));
    facts
}

#[test]
fn a_place_where_every_post_is_held_has_no_vacancy() {
    assert_eq!(vacant(place()), Vec::<String>::new());
    let leader = list(place(), NOW).into_iter().find(|item| item.id == "b2").unwrap();
    assert_eq!((leader.name.as_deref(), leader.estate_name.as_deref(), leader.building.unwrap()), (Some("b2号楼"), Some("阳光小区"), id("b2")));
    assert_eq!((leader.people[0].since, leader.people[0].on_duty, leader.people[0].away), (at("2020-02-01T08:00"), true, false));
}

#[test]
fn a_checkpoint_is_called_by_its_name() {
    let mut facts = place();
    facts.push(tell(checkpoint::Opened { checkpoint: id("c7"), name: "东门".to_owned(), kind: checkpoint::Kind::Gate, serves: Vec::new() }));
    facts.push(tell(given(ScopeKind::Checkpoint, "c7", "guard", 1, "s9", Standing::Main)));
    let guard = list(facts, NOW).into_iter().find(|item| item.duty.as_str() == "guard").unwrap();
    assert_eq!((guard.name.as_deref(), guard.building, guard.vacant), (Some("东门"), None, false));
}

#[test]
fn a_unit_stands_with_the_building_that_has_it() {
    let mut facts = place();
    facts.extend([building("b1-2", Some("g1"), &["3"]), building("b2-1", Some("g1"), &["3"])].map(tell));
    let leader = |of| tell(given(ScopeKind::Unit, of, "leader", 1, "s9", Standing::Main));
    facts.extend([leader("b1-2/3"), leader("b1/2"), leader("b2-1/3")]);
    let items = list(facts, NOW);
    let building_of = |unit: &str| items.iter().find(|item| item.scope == ScopeKind::Unit && item.id == unit).unwrap().building.clone().unwrap();
    assert_eq!((building_of("b1-2-3"), building_of("b1-2")), (id("b1-2"), id("b1")));
    assert_eq!(building_of("b2-1-3"), id("b2-1"), "nobody knows the units of b2: it may have one called 1-3");
}

#[test]
fn what_nobody_holds_is_vacant_as_widely_as_nobody_is_found() {
    let leader = |kind, of| given(kind, of, "leader", 1, "s9", Standing::Main);
    assert_eq!(vacant(with("nurse", vec![])), ["community c1 nurse"]);
    assert_eq!(vacant(with("grid", vec![])), ["grid g1 grid", "building b3 grid"], "a building without a grid stands for itself");
    assert_eq!(vacant(with("leader", vec![])), ["building b1 leader", "building b2 leader", "building b3 leader"]);
    // one of two units has a leader: the other has not
    let unit = leader(ScopeKind::Unit, "b1/1");
    assert_eq!(vacant(with("leader", vec![unit, leader(ScopeKind::Building, "b2"), leader(ScopeKind::Building, "b3")])), ["unit b1-2 leader"]);
    // a nurse for the grid: who lies in none has none
    assert_eq!(vacant(with("nurse", vec![given(ScopeKind::Grid, "g1", "nurse", 1, "s9", Standing::Main)])), ["building b3 nurse"]);
}

#[test]
fn who_holds_a_duty_for_more_holds_it_here_too() {
    for (kind, of) in [(ScopeKind::Community, "c1"), (ScopeKind::Estate, "e1"), (ScopeKind::Area, "east")] {
        assert_eq!(vacant(with("leader", vec![given(kind, of, "leader", 1, "s9", Standing::Main)])), Vec::<String>::new(), "{of}");
    }
    assert_eq!(
        vacant(with("leader", vec![given(ScopeKind::Community, "c1", "leader", 2, "s9", Standing::Main)])).len(),
        3,
        "at another level it is another post"
    );
}

#[test]
fn a_post_whose_holder_left_or_is_away_is_vacant_until_a_deputy_has_it() {
    let until = at("2020-02-07T08:00");
    let away = || tell(absence::Declared { staff: id("s1"), from: at("2020-02-06T08:00"), until, private: None });
    let mut facts = place();
    facts.push(away());
    assert_eq!(vacant(facts.clone()), ["community c1 nurse"]);
    let nurse = |facts, now| list(facts, now).into_iter().find(|item| item.duty.as_str() == "nurse").unwrap();
    let item = nurse(facts.clone(), NOW);
    assert_eq!((item.people[0].staff.as_str(), item.people[0].away, item.people[0].on_duty), ("s1", true, false), "who is away is still shown");
    assert!(!nurse(facts.clone(), "2020-02-07T08:00").vacant, "and back the next morning");
    facts.push(tell(given(ScopeKind::Community, "c1", "nurse", 1, "s2", Standing::Deputy)));
    let item = nurse(facts, NOW);
    assert_eq!((item.vacant, item.people[0].staff.as_str(), item.people[0].on_duty), (false, "s2", true), "who is on duty comes first");
    let mut facts = place();
    let scope = scope(ScopeKind::Building, "b2");
    facts.push(tell(Released { scope, duty: id("leader"), level: 1, staff: id("s-b2"), until: at("2020-02-05T08:00") }));
    assert_eq!(vacant(facts), ["building b2 leader"]);
}

#[test]
fn whoever_is_on_shift_goes_before_whoever_holds_the_post() {
    let shift = |staff: &str, from, until| Shift { staff: id(staff), from: at(from), until: at(until) };
    let shifts = vec![shift("s2", "2020-02-06T08:00", "2020-02-06T20:00"), shift("s3", "2020-02-06T20:00", "2020-02-07T08:00")];
    let mut facts = place();
    facts.push(tell(Planned { scope: scope(ScopeKind::Community, "c1"), duty: id("nurse"), level: 1, shifts }));
    let on_duty = |now| {
        let item = list(facts.clone(), now).into_iter().find(|item| item.duty.as_str() == "nurse").unwrap();
        item.people.into_iter().filter(|person| person.on_duty).map(|person| (person.staff.to_string(), person.standing)).collect::<Vec<_>>()
    };
    assert_eq!(on_duty(NOW), [("s2".to_owned(), None)]);
    assert_eq!(on_duty("2020-02-06T21:00"), [("s3".to_owned(), None)]);
    assert_eq!(on_duty("2020-02-07T09:00"), [("s1".to_owned(), Some(Standing::Main))]);
}

#[test]
fn posts_are_the_same_in_whatever_order_they_are_told_and_those_for_people_are_none() {
    let mut facts = place();
    let scope = scope(ScopeKind::Building, "b2");
    facts.push(tell(Released { scope, duty: id("leader"), level: 1, staff: id("s-b2"), until: at("2020-02-05T08:00") }));
    facts.push(tell(given(ScopeKind::Quarantine, "q1", "keeper", 1, "s9", Standing::Main)));
    let facts = in_order(facts);
    let backwards: Vec<Told> = facts.iter().rev().cloned().collect();
    assert_eq!(rows_of::<models::post::Post>(&facts), rows_of::<models::post::Post>(&backwards));
    assert_eq!(rows_of::<models::post::PersonalPost>(&facts), rows_of::<models::post::PersonalPost>(&backwards));
    assert_eq!(rows_of::<models::post::PersonalPost>(&facts).len(), 1, "they lie apart");
    assert!(list_as_told(&facts, at(NOW)).iter().all(|item| item.duty.as_str() != "keeper"), "who keeps an order stands with the order");
}

/// Who keeps order q1 of p1, who lives in h1 of b1 unit 1 and is under q2 too: `who/for what`.
fn kept(facts: &[Told], now: &str) -> Vec<String> {
    let (facts, now) = (in_order(facts.to_vec()), at(now));
    let posts: BTreeMap<_, _> = rows_of::<models::post::Post>(&facts).into_iter().chain(rows_of::<models::post::PersonalPost>(&facts)).collect();
    let staff = rows_of::<models::staff::Staff>(&facts);
    let (community, estate, grid) = (id("c1"), id("e1"), id("g1"));
    let place = Place { building: Some(id("b1")), unit: Some("1".to_owned()), household: Some(id("h1")), ..Place::default() };
    let of_place = nearest_of_place(&place, &LiesIn { community: &community, area: None, estate: Some(&estate), grid: Some(&grid), units: None });
    let path = nearest_of_person(["q1", "q2"].map(id::<QuarantineId>).into_iter(), Some(&id("p1")), of_place);
    let key = |scope: &Scope| models::post::Key { scope: scope.clone(), duty: id(KEEPER), level: KEEPER_LEVEL };
    let is_there = |who: &StaffId| staff.get(who).is_none_or(|row| row.presence.is_there(now));
    let keepers = keepers(&path, |scope| posts.get(&key(scope)).map(|row| &row.post), is_there, now);
    keepers.into_iter().map(|keeper| format!("{}/{}", keeper.staff, keeper.scope)).collect()
}

#[test]
fn an_order_is_kept_by_whoever_has_it_nearest() {
    let keeper = |kind: ScopeKind, of: &str, staff: &str| tell(given(kind, of, KEEPER, 1, staff, Standing::Main));
    let mut facts = place();
    assert_eq!(kept(&facts, NOW), Vec::<String>::new(), "nobody was given it");
    // from the farthest to the nearest
    for (kind, of) in [
        (ScopeKind::Community, "c1"),
        (ScopeKind::Estate, "e1"),
        (ScopeKind::Grid, "g1"),
        (ScopeKind::Building, "b1"),
        (ScopeKind::Unit, "b1/1"),
        (ScopeKind::Household, "h1"),
        (ScopeKind::Person, "p1"),
        (ScopeKind::Quarantine, "q2"),
        (ScopeKind::Quarantine, "q1"),
    ] {
        let staff = format!("s-{kind}-{}", of.replace('/', "-"));
        facts.push(keeper(kind, of, &staff));
        assert_eq!(kept(&facts, NOW), [format!("{staff}/{kind}")]);
    }
    // of another order, at another level, of another duty: none of it
    facts.push(keeper(ScopeKind::Quarantine, "q9", "s9"));
    facts.push(tell(given(ScopeKind::Quarantine, "q1", KEEPER, 2, "s9", Standing::Main)));
    facts.push(tell(given(ScopeKind::Quarantine, "q1", "nurse", 1, "s9", Standing::Main)));
    assert_eq!(kept(&facts, NOW), ["s-quarantine-q1/quarantine"]);
}

#[test]
fn while_a_keeper_is_away_another_keeps_it_and_where_there_is_none_the_next_nearest() {
    let order = |staff, standing| tell(given(ScopeKind::Quarantine, "q1", KEEPER, 1, staff, standing));
    let mut facts = place();
    facts.extend([order("s1", Standing::Main), tell(given(ScopeKind::Household, "h1", KEEPER, 1, "s-home", Standing::Main))]);
    let (from, until) = (at("2020-02-06T08:00"), at("2020-02-07T08:00"));
    facts.push(tell(absence::Declared { staff: id("s1"), from, until, private: None }));
    assert_eq!(kept(&facts, NOW), ["s-home/household"]);
    assert_eq!(kept(&facts, "2020-02-07T08:00"), ["s1/quarantine"], "and back the next morning");
    facts.push(order("s2", Standing::Deputy));
    assert_eq!(kept(&facts, NOW), ["s2/quarantine"]);
    let scope = scope(ScopeKind::Quarantine, "q1");
    let gone = |staff| tell(Released { scope: scope.clone(), duty: id(KEEPER), level: 1, staff: id(staff), until: at("2020-02-05T08:00") });
    facts.extend(["s1", "s2"].map(gone));
    assert_eq!(kept(&facts, "2020-02-07T08:00"), ["s-home/household"]);
}
