//! Fevers close to one another: what was measured, and what the alerts of the fevers say of it.

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

pub(super) fn occurrence(person: &str, first_at: &str, unconfirmed: bool) -> Occurrence {
    Occurrence {
        severity: Severity::Critical,
        unconfirmed,
        place: home(),
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

/// What somebody measured, and the alert of it.
fn measured(number: u64, person: &str, time: &str, site: Site, tenths: i16) -> Commit {
    let found = PersonFound { who: Subject::person(person.parse().unwrap()), ..found(vec![reading(site, tenths, at(time))]) };
    commit(number, at(time), at(NOON), visit(found))
}

fn raised(number: u64, person: &str, first_at: &str, unconfirmed: bool) -> Commit {
    let raised = Raised { alert: alert(person), key: key(person), n: 1, episode: 1, occurrence: occurrence(person, first_at, unconfirmed) };
    commit(1000 + number, at(NOON), at(NOON), raised)
}

fn fever(number: u64, person: &str, time: &str) -> Vec<Commit> {
    vec![measured(number, person, time, Site::Axilla, 385), raised(number, person, time, false)]
}

/// A forehead that nobody measured again.
fn unconfirmed(number: u64, person: &str, time: &str) -> Vec<Commit> {
    vec![measured(number, person, time, Site::Forehead, 375), raised(number, person, time, true)]
}

fn resolved(number: u64, person: &str) -> Vec<Commit> {
    let (alert, key, place) = (alert(person), key(person), home());
    let over = ResolvedV2 { alert, key, n: 2, place, person: None, by_hand: false, late: false, quieted_by: Vec::new(), basis: None, private: None };
    vec![commit(number, at(NOON), at(NOON), over)]
}

fn closed(number: u64, person: &str, reason: CloseReason) -> Vec<Commit> {
    vec![commit(number, at(NOON), at(NOON), ClosedV2 { alert: alert(person), key: key(person), n: 2, place: home(), person: None, reason })]
}

fn reopened(number: u64, person: &str, time: &str) -> Vec<Commit> {
    let reopened = Reopened { alert: alert(person), key: key(person), n: 3, episode: 2, occurrence: occurrence(person, time, false) };
    vec![measured(number, person, time, Site::Axilla, 385), commit(1000 + number, at(NOON), at(NOON), reopened)]
}

#[test]
fn two_people_of_a_building_within_three_days_are_a_cluster() {
    let one = || fever(1, "p1", "2020-02-03T09:00");
    let other = || fever(2, "p2", "2020-02-04T09:00");
    let weak = |number, time| vec![measured(number, "p2", time, Site::Forehead, 375)];
    let both = Some(vec![event_id(1), event_id(2)]);
    for (why, commits, expected) in [
        ("one alone", vec![one()], None),
        ("two of them", vec![one(), other()], both.clone()),
        ("72 hours apart", vec![one(), fever(2, "p2", "2020-02-06T09:00")], both.clone()),
        ("a minute more", vec![one(), fever(2, "p2", "2020-02-06T09:01")], None),
        ("measured again, within three days of it", vec![one(), fever(3, "p1", "2020-02-04T09:00"), fever(2, "p2", "2020-02-06T09:01")], both.clone()),
        ("the second is not confirmed", vec![one(), unconfirmed(2, "p2", "2020-02-04T09:00")], None),
        ("measured again in time", vec![one(), weak(2, "2020-02-04T09:00"), weak(3, "2020-02-04T09:30")], both.clone()),
        ("measured again a minute too late", vec![one(), weak(2, "2020-02-04T09:00"), weak(3, "2020-02-04T09:31")], None),
        ("the same, told the other way round", vec![one(), weak(2, "2020-02-04T09:31"), weak(3, "2020-02-04T09:00")], None),
        (
            "confirmed by its alert only, which another order of facts may not have made",
            vec![one(), weak(2, "2020-02-04T09:00"), vec![raised(2, "p2", "2020-02-04T09:00", false)]],
            None,
        ),
        ("a certain one of theirs three days later", vec![one(), weak(2, "2020-02-04T09:00"), fever(3, "p2", "2020-02-07T09:00")], both.clone()),
        ("a minute later still, and by itself", vec![one(), weak(2, "2020-02-04T09:00"), fever(3, "p2", "2020-02-07T09:01")], None),
        (
            "certain, and over while the other is ill",
            vec![one(), other(), weak(3, "2020-02-04T08:00"), resolved(4, "p2")],
            Some(vec![event_id(1), event_id(3)]),
        ),
        (
            "of a certain one that was none, neither counts",
            vec![one(), other(), weak(3, "2020-02-04T11:00"), closed(4, "p2", CloseReason::MeasuredWrong)],
            None,
        ),
        ("certain, and none", vec![one(), other(), closed(3, "p2", CloseReason::FalseAlarm)], None),
        ("warm, and no fever", vec![one(), vec![measured(2, "p2", "2020-02-04T09:00", Site::Axilla, 372)]], None),
        ("over before anybody knew of it", vec![one(), vec![measured(2, "p2", "2020-02-04T09:00", Site::Axilla, 385)]], both.clone()),
        ("one of them is over", vec![one(), other(), resolved(3, "p1")], both.clone()),
        ("both are over", vec![one(), other(), resolved(3, "p1"), resolved(4, "p2")], None),
        ("one was none", vec![one(), other(), closed(3, "p1", CloseReason::MeasuredWrong)], None),
        ("one was taken to hospital", vec![one(), other(), closed(3, "p1", CloseReason::HandedOver)], both.clone()),
        ("over, and back again", vec![one(), other(), resolved(3, "p1"), resolved(4, "p2"), reopened(5, "p1", "2020-02-05T09:00")], both.clone()),
        ("what was long before is another matter", vec![one(), other(), fever(3, "p3", "2020-01-20T09:00"), resolved(3, "p3")], both),
    ] {
        let causes = firing::<Cluster>(&commits.concat(), &here(), at(NOON)).map(|firing| firing.causes);
        assert_eq!(causes, expected, "{why}");
    }
}

#[test]
fn it_says_how_many_where_and_what_ended_it() {
    let commits = [fever(1, "p1", "2020-02-03T09:00"), fever(2, "p2", "2020-02-04T09:00"), fever(3, "p3", "2020-02-06T08:00")].concat();
    let cluster = firing::<Cluster>(&commits, &here(), at(NOON)).unwrap();
    assert_eq!((cluster.severity, cluster.occurrences, cluster.person), (Severity::Critical, 3, None));
    assert_eq!((cluster.first_at, cluster.last_at), (at("2020-02-03T09:00"), at("2020-02-06T08:00")));
    assert_eq!((cluster.place.building.unwrap().as_str(), cluster.place.household), ("b07", None));
    let over = [commits, resolved(4, "p1"), resolved(5, "p2"), resolved(6, "p3")].concat();
    assert_eq!(judge::<Cluster>(&over, &here(), at(NOON)).verdict, Verdict::Quiet { late: false, quieted_by: vec![event_id(6)] });
}

#[test]
fn it_says_whether_what_was_told_of_it_last_was_entered_late() {
    let told = |number, person: &str, time: &str, recorded_at: &str| Commit {
        header: Header { recorded_at: at(recorded_at), ..measured(number, person, time, Site::Axilla, 385).header },
        ..measured(number, person, time, Site::Axilla, 385)
    };
    let first = || vec![told(1, "p1", "2020-02-06T09:00", "2020-02-06T09:00"), raised(1, "p1", "2020-02-06T09:00", false)];
    for (why, others, late) in [
        ("at once", vec![told(2, "p2", "2020-02-06T10:00", "2020-02-06T10:00")], false),
        ("within the hour", vec![told(2, "p2", "2020-02-06T10:00", "2020-02-06T11:00")], false),
        ("a minute later", vec![told(2, "p2", "2020-02-06T10:00", "2020-02-06T11:01")], true),
        ("measured before the other", vec![told(2, "p2", "2020-02-06T08:00", "2020-02-06T11:00")], true),
        ("and a third, in time", vec![told(2, "p2", "2020-02-06T08:00", "2020-02-06T11:00"), told(3, "p3", "2020-02-06T11:30", "2020-02-06T11:30")], false),
        ("of two at once, one late", vec![told(2, "p2", "2020-02-06T11:00", "2020-02-06T11:00"), told(3, "p3", "2020-02-06T08:00", "2020-02-06T11:00")], true),
        ("told again, late", vec![told(2, "p2", "2020-02-06T10:00", "2020-02-06T10:00"), told(3, "p1", "2020-02-06T09:30", "2020-02-06T12:00")], false),
    ] {
        assert_eq!(firing::<Cluster>(&[first(), others].concat(), &here(), at(NOON)).unwrap().late, late, "{why}");
    }
}

#[test]
fn a_fortnight_of_checks_makes_nobody_forget_who_was_ill_first() {
    let everybody = 1..=10_u64;
    let checks = |day: u64| ["09:00", "15:00"].map(|hour| format!("2020-02-{:02}T{hour}", 3 + day));
    let times: Vec<String> = (0..14).flat_map(checks).collect();
    let mut commits: Vec<Commit> = everybody.clone().map(|person| raised(person, &format!("p{person}"), &times[0], false)).collect();
    for (check, time) in (0..).zip(&times) {
        commits.extend(everybody.clone().map(|person| measured(1 + check * 10 + person, &format!("p{person}"), time, Site::Axilla, 385)));
    }
    let cluster = firing::<Cluster>(&commits, &here(), at("2020-02-16T16:00")).unwrap();
    assert_eq!(cluster.causes, everybody.map(|person| event_id(1 + person)).collect::<Vec<_>>(), "the first reading of each");
    assert_eq!((cluster.occurrences, cluster.first_at), (10, at(&times[0])));
}

#[test]
fn what_was_taken_back_counts_for_nobody() {
    let two = [fever(1, "p1", "2020-02-03T09:00"), fever(2, "p2", "2020-02-04T09:00")].concat();
    let taken_back = commit(9, at(NOON), at(NOON), retracted(&two[2]));
    assert!(firing::<Cluster>(&two, &here(), at(NOON)).is_some());
    assert_eq!(firing::<Cluster>(&[two, vec![taken_back]].concat(), &here(), at(NOON)), None);
}

#[test]
fn a_healthy_person_is_no_matter_of_a_building_and_neither_is_any_other_alert() {
    let scopes = |commit: &Commit| crate::scopes::<Cluster>(&commit.events[0], &commit.header).unwrap();
    let mut other = raised(1, "p1", NOON, false);
    let Event::AlertRaised(event) = &mut other.events[0] else { unreachable!("a fever was raised") };
    event.key.rule = word("symptom");
    assert!(scopes(&other).is_empty());
    assert!(scopes(&measured(1, "p1", NOON, Site::Axilla, 369)).is_empty());
    assert_eq!(scopes(&measured(1, "p1", NOON, Site::Axilla, 370)), [here()]);
}

proptest! {
    #[test]
    fn any_order_and_duplicates_come_to_the_same_cluster((commits, shuffled) in told().prop_flat_map(|commits| {
        let twice: Vec<Commit> = commits.iter().chain(commits.iter().step_by(3)).cloned().collect();
        (Just(commits), Just(twice).prop_shuffle())
    })) {
        prop_assert_eq!(memory::<Cluster>(&commits, &here()), memory::<Cluster>(&shuffled, &here()));
        prop_assert_eq!(judge::<Cluster>(&commits, &here(), at(NOON)), judge::<Cluster>(&shuffled, &here(), at(NOON)));
    }

    #[test]
    fn of_more_fevers_than_are_kept_the_open_ones_stay(over in subsequence((0..80_u64).collect::<Vec<_>>(), 20..=40)) {
        let fevers = (0..80_u64).flat_map(|number| fever(number + 1, &format!("p{number}"), NOON));
        let ends = over.iter().flat_map(|number| resolved(2100 + number, &format!("p{number}")));
        let cluster = firing::<Cluster>(&fevers.chain(ends).collect::<Vec<_>>(), &here(), at(NOON)).unwrap();
        // whoever is over counts as well: what was measured of them is remembered
        prop_assert_eq!((cluster.occurrences, cluster.causes.len()), (80, 80));
    }
}

/// What was measured of three people, and what the alert of each says, where there is one.
fn told() -> impl Strategy<Value = Vec<Commit>> {
    let from = at("2020-02-01T12:00");
    let person = || prop::sample::select(vec!["p1", "p2", "p3"]);
    let site = prop::sample::select(vec![Site::Axilla, Site::Forehead]);
    let readings = prop::collection::vec((person(), 0..7200_i64, site, prop::sample::select(vec![365, 370, 374, 385])), 2..16);
    (readings, prop::collection::vec(0..6_u8, 3)).prop_map(move |(readings, alerts)| {
        let measured = (1..).zip(readings).map(|(number, (person, minutes, site, tenths))| {
            let when = from.plus_minutes(minutes);
            let found = PersonFound { who: Subject::person(person.parse().unwrap()), ..found(vec![reading(site, tenths, when)]) };
            commit(number, when, at(NOON), visit(found))
        });
        let alerts = (100..).zip(["p1", "p2", "p3"]).zip(alerts).flat_map(|((number, person), course)| {
            let raised = |unconfirmed| vec![raised(number, person, "2020-02-03T09:00", unconfirmed)];
            match course {
                0 => Vec::new(),
                1 => raised(true),
                2 => [raised(false), resolved(2000 + number, person)].concat(),
                3 => [raised(false), closed(2000 + number, person, CloseReason::FalseAlarm)].concat(),
                _ => raised(false),
            }
        });
        measured.chain(alerts).collect()
    })
}
