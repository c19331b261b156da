//! Posts at level 1 that nobody holds while something is open, told by the escalations of a building's alerts.

use domain::alert::{AlertId, Basis, Escalated, Gap, Key, Owner, ResolvedV2, Share, Why};

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

fn told(number: u64, event: impl Into<Event>) -> Commit {
    commit(number, at(NOON), at(NOON), event)
}

#[test]
fn it_fires_while_something_is_open_whose_post_is_vacant() {
    let vacant = || told(1, escalated("check_overdue", "p1", 2, 2, &[1]));
    let other = || told(2, escalated("fever", "p2", 2, 2, &[1]));
    let causes = |commits: &[Commit], now: &str| firing::<ResponsibilityGap>(commits, &here(), at(now)).map(|firing| firing.causes);
    for (why, commits, expected) in [
        ("nobody holds it", vec![vacant()], Some(vec![event_id(1)])),
        ("of what medicine found there is none for all to see", vec![told(1, escalated("exposure_undecided", "p1", 2, 2, &[1]))], None),
        ("two of them", vec![vacant(), other()], Some(vec![event_id(1), event_id(2)])),
        ("somebody holds it and was told", vec![vacant(), told(3, escalated("check_overdue", "p1", 3, 1, &[]))], None),
        ("another level was told", vec![vacant(), told(3, escalated("check_overdue", "p1", 3, 3, &[]))], Some(vec![event_id(1)])),
        ("it is over", vec![vacant(), told(3, over("check_overdue", "p1", 3))], None),
        ("another is over", vec![vacant(), told(3, over("fever", "p2", 3))], Some(vec![event_id(1)])),
        (
            "vacant again",
            vec![vacant(), told(3, over("check_overdue", "p1", 3)), told(4, escalated("check_overdue", "p1", 5, 2, &[1]))],
            Some(vec![event_id(4)]),
        ),
        ("a level above is vacant", vec![told(1, escalated("check_overdue", "p1", 2, 1, &[2, 3]))], None),
        ("a gap of its own", vec![told(1, escalated("responsibility_gap", "p1", 2, 2, &[1]))], None),
    ] {
        assert_eq!(causes(&commits, NOON), expected, "{why}");
    }
    let firing = firing::<ResponsibilityGap>(&[vacant()], &here(), at(NOON)).unwrap();
    assert_eq!((firing.severity, firing.place.building.unwrap().as_str(), firing.person), (Severity::Caution, "b07", None));
}

#[test]
fn it_is_remembered_for_three_days_and_says_what_made_it_quiet() {
    let vacant = [told(1, escalated("check_overdue", "p1", 2, 2, &[1]))];
    let judged = judge::<ResponsibilityGap>(&vacant, &here(), at(NOON));
    assert_eq!(judged.next_change, Some(at("2020-02-09T12:00")));
    assert!(firing::<ResponsibilityGap>(&vacant, &here(), at("2020-02-09T11:59")).is_some());
    assert!(firing::<ResponsibilityGap>(&vacant, &here(), at("2020-02-09T12:00")).is_none());
    let [first] = vacant;
    let quiet = judge::<ResponsibilityGap>(&[first, told(2, over("check_overdue", "p1", 3))], &here(), at(NOON));
    assert_eq!(quiet.verdict, Verdict::Quiet { late: false, quieted_by: vec![event_id(2)] });
}
