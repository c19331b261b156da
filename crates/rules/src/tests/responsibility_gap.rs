//! Posts at level 1 that nobody holds while something is open, told by the escalations of a building's alerts.

use domain::alert::{AlertId, Basis, Escalated, Gap, Key, Occurrence, Owner, ReopenedV2, ResolvedV2, Share, UpdatedV2, UpgradedV2, Why};

use super::*;
use crate::ResponsibilityGap;

const NOON: &str = "2020-02-06T12:00";

fn here() -> Scope {
    Scope::of(ScopeKind::Building, "b07").unwrap()
}

fn key(rule: &'static str, person: &str) -> Key {
    Key { rule: word(rule), subject_kind: word("person"), subject_id: person.parse().unwrap() }
}

/// An alert of a person is told to a level; posts at these levels are vacant.
pub(super) fn escalated(rule: &'static str, person: &str, n: u32, level: u8, vacant: &[u8]) -> Escalated {
    let key = key(rule, person);
    let owner = Owner { staff: "s-1".parse().unwrap(), duty: Some(word("office")), standing: None, share: Share::Everything };
    Escalated {
        alert: AlertId::new(key.hash(&"u07".parse().unwrap()), 1),
        key,
        n,
        place: home(),
        person: Some(subject()),
        level,
        owners: vec![owner],
        informed: Vec::new(),
        gaps: vacant.iter().map(|level| Gap { level: *level, duty: word("keeper") }).collect(),
        why: Why::Vacant,
        since: at(NOON),
        due_at: None,
        basis: Basis::default(),
    }
}

pub(super) fn over(rule: &'static str, person: &str, n: u32) -> ResolvedV2 {
    let Escalated { alert, key, place, person, .. } = escalated(rule, person, n, 1, &[]);
    ResolvedV2 { alert, key, n, place, person, by_hand: false, late: false, quieted_by: Vec::new(), basis: None, private: None }
}

fn place(building: &str) -> Place {
    Place { building: Some(building.parse().unwrap()), ..home() }
}

fn updated(rule: &'static str, person: &str, n: u32, building: &str, moved_from: Option<&str>) -> Event {
    let Escalated { alert, key, .. } = escalated(rule, person, n, 1, &[]);
    let occurrence = Occurrence { place: place(building), ..super::cluster::occurrence(person, NOON, false) };
    UpdatedV2 { alert, key, n, episode: 1, occurrence, moved_from: moved_from.map(|building| building.parse().unwrap()) }.into()
}

/// An alert of a person is about another building from now on.
pub(super) fn moved(rule: &'static str, person: &str, n: u32, (from, to): (&str, &str)) -> Event {
    updated(rule, person, n, to, Some(from))
}

fn upgraded(rule: &'static str, person: &str, n: u32, between: (&str, &str)) -> Event {
    let Event::AlertUpdatedV2(UpdatedV2 { alert, key, occurrence, moved_from, .. }) = moved(rule, person, n, between) else { panic!("an update") };
    UpgradedV2 { alert, key, n, episode: 1, occurrence, moved_from }.into()
}

fn reopened(rule: &'static str, person: &str, n: u32, between: (&str, &str)) -> Event {
    let Event::AlertUpdatedV2(UpdatedV2 { alert, key, occurrence, moved_from, .. }) = moved(rule, person, n, between) else { panic!("an update") };
    ReopenedV2 { alert, key, n, episode: 2, occurrence, moved_from }.into()
}

fn told(number: u64, event: impl Into<Event>) -> Commit {
    commit(number, at(NOON), at(NOON), event)
}

/// What an event with that number says that nobody keeps.
fn keeper(number: u64) -> String {
    format!("{}/keeper", event_id(number))
}

#[test]
fn it_names_the_posts_of_level_1_that_nobody_holds() {
    let gap = |level, duty| Gap { level, duty: word(duty) };
    let both = Escalated { gaps: vec![gap(1, "nurse"), gap(2, "office"), gap(1, "leader")], ..escalated("fever", "p2", 2, 3, &[]) };
    let log = [told(1, escalated("check_overdue", "p1", 2, 2, &[1])), told(2, both)];
    let causes = firing::<ResponsibilityGap>(&log, &here(), at(NOON)).unwrap().causes;
    assert_eq!(causes, [keeper(1), format!("{}/leader", event_id(2)), format!("{}/nurse", event_id(2))]);
    assert_eq!(domain::alert::vacant_posts(&causes).0, ["包保人", "楼长", "护士"]);
}

#[test]
fn it_fires_while_something_is_open_whose_post_is_vacant() {
    let vacant = || told(1, escalated("check_overdue", "p1", 2, 2, &[1]));
    let other = || told(2, escalated("fever", "p2", 2, 2, &[1]));
    let causes = |commits: &[Commit], now: &str| firing::<ResponsibilityGap>(commits, &here(), at(now)).map(|firing| firing.causes);
    for (why, commits, expected) in [
        ("nobody holds it", vec![vacant()], Some(vec![keeper(1)])),
        ("of what medicine found there is none for all to see", vec![told(1, escalated("exposure_undecided", "p1", 2, 2, &[1]))], None),
        ("two of them", vec![vacant(), other()], Some(vec![keeper(1), keeper(2)])),
        ("somebody holds it and was told", vec![vacant(), told(3, escalated("check_overdue", "p1", 3, 1, &[]))], None),
        ("another level was told", vec![vacant(), told(3, escalated("check_overdue", "p1", 3, 3, &[]))], Some(vec![keeper(1)])),
        ("it is over", vec![vacant(), told(3, over("check_overdue", "p1", 3))], None),
        ("another is over", vec![vacant(), told(3, over("fever", "p2", 3))], Some(vec![keeper(1)])),
        ("vacant again", vec![vacant(), told(3, over("check_overdue", "p1", 3)), told(4, escalated("check_overdue", "p1", 5, 2, &[1]))], Some(vec![keeper(4)])),
        ("a level above is vacant", vec![told(1, escalated("check_overdue", "p1", 2, 1, &[2, 3]))], None),
        ("a gap of its own", vec![told(1, escalated("responsibility_gap", "p1", 2, 2, &[1]))], None),
    ] {
        assert_eq!(causes(&commits, NOON), expected, "{why}");
    }
    let firing = firing::<ResponsibilityGap>(&[vacant()], &here(), at(NOON)).unwrap();
    assert_eq!((firing.severity, firing.place.building.unwrap().as_str(), firing.person), (Severity::Caution, "b07", None));
}

#[test]
fn it_stands_for_as_long_as_the_post_is_vacant_and_the_alert_open_and_says_what_made_it_quiet() {
    let vacant = told(1, escalated("check_overdue", "p1", 2, 2, &[1]));
    for later in ["2020-02-09T12:00", "2020-02-16T12:00", "2021-02-06T12:00"] {
        let judged = judge::<ResponsibilityGap>(std::slice::from_ref(&vacant), &here(), at(later));
        assert!(!judged.is_quiet() && judged.next_change.is_none(), "at {later}");
    }
    let ends = [over("check_overdue", "p1", 3).into(), escalated("check_overdue", "p1", 3, 1, &[]).into(), moved("check_overdue", "p1", 3, ("b07", "b08"))];
    for end in ends {
        let ten_days_later = commit(2, at("2020-02-16T12:00"), at("2020-02-16T12:00"), end);
        let quiet = judge::<ResponsibilityGap>(&[vacant.clone(), ten_days_later], &here(), at("2020-02-16T12:00"));
        assert_eq!(quiet.verdict, Verdict::Quiet { late: false, quieted_by: vec![event_id(2)] });
    }
}

#[test]
fn an_alert_that_moved_is_open_in_the_building_that_it_moved_to() {
    let there = Scope::of(ScopeKind::Building, "b08").unwrap();
    let causes = |commits: &[Commit], scope: &Scope| firing::<ResponsibilityGap>(commits, scope, at(NOON)).map(|firing| firing.causes);
    let in_b08 = |n, level, vacant: &[u8]| Escalated { place: place("b08"), ..escalated("fever", "p1", n, level, vacant) };
    let gap = |number: u64| Some(vec![keeper(number)]);
    let mut log = vec![told(1, escalated("fever", "p1", 2, 2, &[1]))];
    for (why, event, expected) in [
        ("it is somewhere else now", moved("fever", "p1", 3, ("b07", "b08")), (None, None)),
        ("where the post is vacant too", in_b08(4, 2, &[1]).into(), (None, gap(3))),
        ("worse, and somewhere else again", upgraded("fever", "p1", 5, ("b08", "b09")), (None, None)),
        ("back", moved("fever", "p1", 6, ("b09", "b07")), (None, None)),
        ("where the post is vacant still", escalated("fever", "p1", 7, 2, &[1]).into(), (gap(6), None)),
        ("what is told of no move moves nothing", updated("fever", "p1", 8, "b07", None), (gap(6), None)),
        ("over, and open again somewhere else", reopened("fever", "p1", 9, ("b07", "b08")), (None, None)),
    ] {
        log.push(told(u64::try_from(log.len()).unwrap() + 1, event));
        let mut backwards = log.clone();
        backwards.reverse();
        for log in [&log, &backwards] {
            assert_eq!((causes(log, &here()), causes(log, &there)), expected, "{why}");
        }
    }
}

#[test]
fn what_is_over_is_forgotten_before_a_gap_that_came_back() {
    let came_back =
        [escalated("check_overdue", "p0", 2, 2, &[1]).into(), Event::from(over("check_overdue", "p0", 3)), escalated("check_overdue", "p0", 5, 2, &[1]).into()];
    // as many as are remembered, told of later, and over
    let others = (1..=256).flat_map(|person| {
        let person = format!("p{person}");
        [escalated("fever", &person, 2, 2, &[1]).into(), Event::from(over("fever", &person, 3))]
    });
    let commits: Vec<Commit> = (1..)
        .zip(came_back.into_iter().chain(others))
        .map(|(number, event)| {
            let recorded_at = at(NOON).plus_ms(i64::try_from(number).unwrap());
            commit(number, recorded_at, recorded_at, event)
        })
        .collect();
    let firing = firing::<ResponsibilityGap>(&commits, &here(), at("2020-02-06T13:00")).map(|firing| firing.causes);
    assert_eq!(firing, Some(vec![keeper(3)]));
}
