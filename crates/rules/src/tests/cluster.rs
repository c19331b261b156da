//! Fevers close to one another, told by their alerts.

use domain::alert::{AlertId, Basis, CloseReason, ClosedV2, Detail, Key, Occurrence, Raised, Reopened, ResolvedV2};
use proptest::{prelude::*, sample::subsequence};

use super::*;
use crate::Cluster;

const NOON: &str = "2020-02-06T12:00";

fn here() -> Scope {
    Scope::of(ScopeKind::Building, "b07").unwrap()
}

fn key(person: &str) -> Key {
    Key { rule: word("fever"), subject_kind: word("person"), subject_id: person.parse().unwrap() }
}

fn alert(person: &str) -> AlertId {
    AlertId::new(key(person).hash(&"u07".parse().unwrap()), 1)
}

fn occurrence(person: &str, household: &str, first_at: &str, unconfirmed: bool) -> Occurrence {
    Occurrence {
        severity: Severity::Critical,
        unconfirmed,
        place: Place { household: Some(household.parse().unwrap()), ..home() },
        names: domain::values::PlaceNames::default(),
        person: Some(Subject::person(person.parse().unwrap())),
        observed: None,
        detail: Detail::default(),
        causes: vec![format!("reading-of-{person}")],
        first_at: at(first_at),
        last_at: at(first_at),
        occurrences: 1,
        late: false,
        rule_version: 1,
        basis: Basis::default(),
    }
}

fn raised(number: u64, person: &str, household: &str, first_at: &str) -> Commit {
    let raised = Raised { alert: alert(person), key: key(person), n: 1, episode: 1, occurrence: occurrence(person, household, first_at, false) };
    commit(number, at(NOON), at(NOON), raised)
}

fn unconfirmed(number: u64, person: &str, first_at: &str) -> Commit {
    let raised = Raised { alert: alert(person), key: key(person), n: 1, episode: 1, occurrence: occurrence(person, "h9", first_at, true) };
    commit(number, at(NOON), at(NOON), raised)
}

fn resolved(number: u64, person: &str) -> Commit {
    let (alert, key, place) = (alert(person), key(person), home());
    let over = ResolvedV2 { alert, key, n: 2, place, person: None, by_hand: false, late: false, quieted_by: Vec::new(), basis: None, private: None };
    commit(number, at(NOON), at(NOON), over)
}

fn closed(number: u64, person: &str, reason: CloseReason) -> Commit {
    commit(number, at(NOON), at(NOON), ClosedV2 { alert: alert(person), key: key(person), n: 2, place: home(), person: None, reason })
}

fn reopened(number: u64, person: &str, first_at: &str) -> Commit {
    let occurrence = occurrence(person, "h1", first_at, false);
    commit(number, at(NOON), at(NOON), Reopened { alert: alert(person), key: key(person), n: 3, episode: 2, occurrence })
}

#[test]
fn two_people_of_a_building_within_three_days_are_a_cluster() {
    let one = || raised(1, "p1", "h1", "2020-02-03T09:00");
    let both = Some(vec![event_id(1), event_id(2)]);
    for (why, commits, expected) in [
        ("one alone", vec![one()], None),
        ("two households", vec![one(), raised(2, "p2", "h2", "2020-02-04T09:00")], both.clone()),
        ("two of one household", vec![one(), raised(2, "p2", "h1", "2020-02-03T21:00")], both.clone()),
        ("72 hours apart", vec![one(), raised(2, "p2", "h2", "2020-02-06T09:00")], both.clone()),
        ("a minute more", vec![one(), raised(2, "p2", "h2", "2020-02-06T09:01")], None),
        ("the second is not confirmed", vec![one(), unconfirmed(2, "p2", "2020-02-04T09:00")], None),
        ("one of them is over", vec![one(), raised(2, "p2", "h2", "2020-02-04T09:00"), resolved(3, "p1")], both.clone()),
        ("both are over", vec![one(), raised(2, "p2", "h2", "2020-02-04T09:00"), resolved(3, "p1"), resolved(4, "p2")], None),
        ("one was none", vec![one(), raised(2, "p2", "h2", "2020-02-04T09:00"), closed(3, "p1", CloseReason::MeasuredWrong)], None),
        ("one was taken to hospital", vec![one(), raised(2, "p2", "h2", "2020-02-04T09:00"), closed(3, "p1", CloseReason::HandedOver)], both),
        (
            "over, and back again",
            vec![one(), raised(2, "p2", "h2", "2020-02-04T09:00"), resolved(3, "p1"), resolved(4, "p2"), reopened(5, "p1", "2020-02-05T09:00")],
            Some(vec![event_id(2), event_id(5)]),
        ),
    ] {
        let causes = firing::<Cluster>(&commits, &here(), at(NOON)).map(|firing| firing.causes);
        assert_eq!(causes, expected, "{why}");
    }
}

#[test]
fn it_says_how_many_where_and_what_ended_it() {
    let commits = [raised(1, "p1", "h1", "2020-02-03T09:00"), raised(2, "p2", "h1", "2020-02-04T09:00"), raised(3, "p3", "h2", "2020-02-06T08:00")];
    let cluster = firing::<Cluster>(&commits, &here(), at(NOON)).unwrap();
    assert_eq!((cluster.severity, cluster.occurrences, cluster.person), (Severity::Critical, 3, None));
    assert_eq!((cluster.first_at, cluster.last_at), (at("2020-02-03T09:00"), at("2020-02-06T08:00")));
    assert_eq!((cluster.place.building.unwrap().as_str(), cluster.place.household), ("b07", None));
    let over = commits.into_iter().chain([resolved(4, "p1"), resolved(5, "p2"), resolved(6, "p3")]).collect::<Vec<_>>();
    assert_eq!(judge::<Cluster>(&over, &here(), at(NOON)).verdict, Verdict::Quiet { late: false, quieted_by: vec![event_id(6)] });
}

#[test]
fn other_alerts_are_no_fevers() {
    let mut other = raised(1, "p1", "h1", NOON);
    let Event::AlertRaised(event) = &mut other.events[0] else { unreachable!("a fever was raised") };
    event.key.rule = word("symptom");
    assert!(crate::scopes::<Cluster>(&other.events[0], &other.header).unwrap().is_empty());
}

proptest! {
    #[test]
    fn of_more_fevers_than_are_kept_the_open_ones_stay(over in subsequence((0..80_u64).collect::<Vec<_>>(), 20..=40)) {
        let fevers = (0..80_u64).map(|number| raised(number + 1, &format!("p{number}"), &format!("h{number}"), NOON));
        let ends = over.iter().map(|number| resolved(100 + number, &format!("p{number}")));
        let cluster = firing::<Cluster>(&fevers.chain(ends).collect::<Vec<_>>(), &here(), at(NOON)).unwrap();
        let open = (0..80).filter(|number| !over.contains(number)).map(|number| event_id(number + 1));
        let missing: Vec<String> = open.filter(|id| !cluster.causes.contains(id)).collect();
        // while all are open the first ones make room for the last
        prop_assert!(missing.len() <= 16 && cluster.causes.len() == 64, "{} of {} are missing", missing.len(), cluster.causes.len());
    }
}
