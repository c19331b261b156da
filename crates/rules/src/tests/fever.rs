//! Fever at 37.2 / 37.3 / 37.4, at the minute of the re-measure, and at what ends it.

use domain::community::Change;
use std::collections::BTreeMap;

use super::*;
use crate::Fever;

const MORNING: &str = "2020-02-06T08:00";

fn measured(number: u64, text: &str, site: Site, tenths: i16) -> Commit {
    commit(number, at(text), at(text), visit(found(vec![reading(site, tenths, at(text))])))
}

#[test]
fn a_contact_reading_is_a_fever_from_the_threshold_on() {
    for (tenths, expected) in [(372, None), (373, Some(Severity::Critical)), (374, Some(Severity::Critical))] {
        for site in [Site::Axilla, Site::Ear, Site::Oral] {
            assert_eq!(severity::<Fever>(&[measured(1, MORNING, site, tenths)], &person(), at(MORNING)), expected, "{site} {tenths}");
        }
    }
}

#[test]
fn a_contactless_reading_below_38_0_is_pending_and_one_from_there_on_is_certain() {
    for site in [Site::Forehead, Site::Thermal] {
        for (tenths, now, expected) in [
            (372, "2020-02-06T09:00", None),
            (373, MORNING, None),
            (373, "2020-02-06T08:30", None),
            (373, "2020-02-06T08:31", Some((Severity::Serious, true))),
            (379, "2020-02-06T08:30", None),
            (379, "2020-02-06T08:31", Some((Severity::Serious, true))),
            (380, MORNING, Some((Severity::Critical, false))),
        ] {
            let firing = firing::<Fever>(&[measured(1, MORNING, site, tenths)], &person(), at(now));
            assert_eq!(firing.map(|firing| (firing.severity, firing.unconfirmed)), expected, "{site} {tenths} at {now}");
        }
    }
}

#[test]
fn the_second_reading_decides_up_to_the_minute_of_the_re_measure() {
    let first = || measured(1, MORNING, Site::Forehead, 375);
    for (second_at, site, tenths, expected) in [
        ("2020-02-06T08:30", Site::Axilla, 365, None),
        // too late for the second measurement: only the first of the two that end a fever
        ("2020-02-06T08:31", Site::Axilla, 365, Some((Severity::Serious, true))),
        ("2020-02-06T08:30", Site::Axilla, 374, Some((Severity::Critical, false))),
        ("2020-02-06T08:30", Site::Forehead, 374, Some((Severity::Critical, false))),
        ("2020-02-06T11:00", Site::Forehead, 374, Some((Severity::Critical, false))),
        // contactless never proves the absence of a fever
        ("2020-02-06T08:30", Site::Forehead, 362, Some((Severity::Serious, true))),
        ("2020-02-06T08:30", Site::Thermal, 362, Some((Severity::Serious, true))),
        ("2020-02-06T08:30", Site::Forehead, 350, Some((Severity::Serious, true))),
    ] {
        let firing = firing::<Fever>(&[first(), measured(2, second_at, site, tenths)], &person(), at("2020-02-06T12:00"));
        assert_eq!(firing.map(|firing| (firing.severity, firing.unconfirmed)), expected, "{site} {tenths} at {second_at}");
    }
}

#[test]
fn within_one_record_the_second_reading_is_the_re_measure_and_between_records_the_worse_decides() {
    let both = |first: Reading, second: Reading| [commit(1, at(MORNING), at(MORNING), visit(found(vec![first, second])))];
    let forehead = reading(Site::Forehead, 375, at(MORNING));
    let axilla = reading(Site::Axilla, 365, at(MORNING));
    let later = at("2020-02-06T09:00");
    assert_eq!(severity::<Fever>(&both(forehead.clone(), axilla.clone()), &person(), later), None);
    assert_eq!(severity::<Fever>(&both(axilla, forehead), &person(), later), Some(Severity::Serious));
    let two_records = [measured(1, MORNING, Site::Forehead, 375), measured(2, MORNING, Site::Axilla, 365)];
    assert_eq!(severity::<Fever>(&two_records, &person(), later), Some(Severity::Serious));
}

#[test]
fn what_could_not_be_read_neither_raises_nor_clears() {
    let low =
        |number, text| commit(number, at(text), at(text), visit(found(vec![unreadable(Unreadable::Low, at(text)), unreadable(Unreadable::High, at(text))])));
    assert_eq!(severity::<Fever>(&[low(1, MORNING)], &person(), at("2020-02-07T08:00")), None);
    let fever_then_unreadable = [measured(1, MORNING, Site::Axilla, 385), low(2, "2020-02-06T12:00"), low(3, "2020-02-06T20:00")];
    assert_eq!(severity::<Fever>(&fever_then_unreadable, &person(), at("2020-02-07T08:00")), Some(Severity::Critical));
}

#[test]
fn what_gates_measure_afterwards_does_not_bring_a_fever_back() {
    let over = [
        measured(1, "2020-02-06T09:00", Site::Axilla, 385),
        measured(2, "2020-02-07T08:00", Site::Axilla, 365),
        measured(3, "2020-02-07T20:00", Site::Ear, 366),
    ];
    let gates = (4..600_u64).map(|number| {
        let when = at("2020-02-08T08:00").plus_minutes(i64::try_from(number).unwrap() * 60);
        let readings = vec![reading(Site::Forehead, 360 + i16::try_from(number % 10).unwrap(), when)];
        commit(number, when, when, EntryRecorded { readings, ..entry(Direction::In, EntryResult::Admitted) })
    });
    let verdict = judge::<Fever>(&over.into_iter().chain(gates).collect::<Vec<_>>(), &person(), at("2020-03-20T08:00")).verdict;
    assert_eq!(verdict, Verdict::Quiet { late: false, quieted_by: vec![event_id(2), event_id(3)] });
}

#[test]
fn two_clear_contact_readings_four_hours_apart_let_it_recover_and_a_day_after_them_it_is_over() {
    let over = [measured(1, MORNING, Site::Axilla, 385), measured(2, "2020-02-06T12:00", Site::Axilla, 372), measured(3, "2020-02-06T16:00", Site::Ear, 372)];
    let quieted_by = vec![event_id(2), event_id(3)];
    let until = at("2020-02-07T16:00");
    for before in ["2020-02-06T16:00", "2020-02-07T15:59"] {
        let recovering = Judgement { verdict: Verdict::Recovering { late: false, quieted_by: quieted_by.clone(), until }, next_change: Some(until) };
        assert_eq!(judge::<Fever>(&over, &person(), at(before)), recovering, "{before}");
    }
    assert_eq!(
        judge::<Fever>(&over, &person(), until),
        Judgement { verdict: Verdict::Quiet { late: false, quieted_by: quieted_by.clone() }, next_change: None }
    );
    // a gate that may have found another fever ends nothing, whether that is confirmed or not
    let gate = [over.as_slice(), &[measured(4, "2020-02-06T20:00", Site::Forehead, 374)]].concat();
    let pending = judge::<Fever>(&gate, &person(), at("2020-02-06T20:10"));
    assert_eq!(pending.verdict, Verdict::Recovering { late: false, quieted_by: quieted_by.clone(), until });
    assert_eq!(pending.next_change, Some(at("2020-02-06T20:30").plus_ms(1)), "a second reading is waited for");
    let normal = [gate.as_slice(), &[measured(5, "2020-02-06T20:20", Site::Axilla, 366)]].concat();
    let recovering = Judgement { verdict: Verdict::Recovering { late: false, quieted_by: quieted_by.clone(), until }, next_change: Some(until) };
    assert_eq!(judge::<Fever>(&normal, &person(), at("2020-02-06T20:20")), recovering, "not confirmed");
    assert!(matches!(judge::<Fever>(&gate, &person(), at("2020-02-06T20:31")).verdict, Verdict::Firing(_)), "nobody measured again");
    let again = [over.as_slice(), &[measured(4, "2020-02-07T15:00", Site::Ear, 374)]].concat();
    assert_eq!(firing::<Fever>(&again, &person(), at("2020-02-07T15:00")).unwrap().causes, vec![event_id(4)], "it came back");
}

#[test]
fn two_clear_contact_readings_four_hours_apart_end_it() {
    let judged = |first: (&str, Site, i16), second: (&str, Site, i16)| {
        let commits = [measured(1, MORNING, Site::Axilla, 385), measured(2, first.0, first.1, first.2), measured(3, second.0, second.1, second.2)];
        judge::<Fever>(&commits, &person(), at("2020-02-08T08:00")).verdict
    };
    for (first, second, ends) in [
        (("2020-02-06T12:00", Site::Axilla, 372), ("2020-02-06T16:00", Site::Ear, 372), true),
        (("2020-02-06T12:00", Site::Axilla, 372), ("2020-02-06T15:59", Site::Ear, 372), false),
        (("2020-02-06T12:00", Site::Axilla, 373), ("2020-02-06T16:00", Site::Ear, 372), false),
        (("2020-02-06T12:00", Site::Axilla, 365), ("2020-02-06T16:00", Site::Forehead, 365), false),
        (("2020-02-06T12:00", Site::Forehead, 350), ("2020-02-06T16:00", Site::Forehead, 350), false),
    ] {
        let verdict = judged(first, second);
        if ends {
            assert_eq!(verdict, Verdict::Quiet { late: false, quieted_by: vec![event_id(2), event_id(3)] }, "{first:?} {second:?}");
        } else {
            assert!(matches!(verdict, Verdict::Firing(_)), "{first:?} {second:?}");
        }
    }
    let again = [
        measured(1, MORNING, Site::Axilla, 385),
        measured(2, "2020-02-06T12:00", Site::Axilla, 365),
        measured(3, "2020-02-06T14:00", Site::Axilla, 376),
        measured(4, "2020-02-06T16:00", Site::Axilla, 365),
    ];
    let firing = firing::<Fever>(&again, &person(), at("2020-02-06T17:00")).unwrap();
    assert_eq!((firing.occurrences, firing.causes), (2, vec![event_id(1), event_id(3)]), "a fever between them begins the count anew");
}

#[test]
fn a_fever_after_the_end_of_one_is_its_own_episode_with_its_own_causes() {
    let commits = [
        measured(1, MORNING, Site::Axilla, 391),
        measured(2, "2020-02-06T12:00", Site::Axilla, 365),
        measured(3, "2020-02-06T16:00", Site::Axilla, 365),
        measured(4, "2020-02-07T08:00", Site::Ear, 378),
    ];
    let firing = firing::<Fever>(&commits, &person(), at("2020-02-07T08:00")).unwrap();
    assert_eq!(firing.causes, vec![event_id(4)]);
    assert_eq!(firing.observed.map(|observed| observed.tenths_celsius), Some(378));
    assert_eq!(firing.first_at, at("2020-02-07T08:00"));
}

#[test]
fn an_order_or_an_exposure_makes_an_unconfirmed_one_critical() {
    let feverish = || measured(1, "2020-02-20T08:00", Site::Forehead, 375);
    let now = at("2020-02-20T09:00");
    let order = |text: &str| commit(2, at(text), at(text), ordered(Kind::Home, day("2020-02-06")));
    let release = |text: &str| commit(3, at(text), at(text), released());
    let exposure = |text: &str| commit(4, at(text), at(text), visit(exposed()));
    for (what, facts, expected) in [
        ("nothing", vec![], Severity::Serious),
        ("ordered", vec![order("2020-02-10T08:00")], Severity::Critical),
        ("ordered after the fever", vec![order("2020-02-20T08:30")], Severity::Critical),
        ("released before", vec![order("2020-02-10T08:00"), release("2020-02-20T08:00")], Severity::Serious),
        ("released after", vec![order("2020-02-10T08:00"), release("2020-02-20T08:01")], Severity::Critical),
        ("exposed 14 days before", vec![exposure("2020-02-06T08:00")], Severity::Critical),
        ("exposed longer before", vec![exposure("2020-02-06T07:59")], Severity::Serious),
    ] {
        let commits: Vec<Commit> = facts.into_iter().chain([feverish()]).collect();
        assert_eq!(severity::<Fever>(&commits, &person(), now), Some(expected), "{what}");
    }
}

#[test]
fn a_second_measurement_made_in_time_and_recorded_late_takes_it_back_as_late() {
    let first = measured(1, MORNING, Site::Forehead, 375);
    let in_time_but_recorded =
        |recorded: &str| commit(2, at("2020-02-06T08:20"), at(recorded), visit(found(vec![reading(Site::Ear, 366, at("2020-02-06T08:20"))])));
    for (recorded, late) in [("2020-02-06T08:30", false), ("2020-02-06T08:31", true), ("2020-02-07T20:00", true)] {
        let verdict = judge::<Fever>(&[first.clone(), in_time_but_recorded(recorded)], &person(), at("2020-02-08T00:00")).verdict;
        assert_eq!(verdict, Verdict::Quiet { late, quieted_by: vec![event_id(2)] }, "{recorded}");
    }
}

#[test]
fn thresholds_are_those_of_the_site_and_of_the_time_of_the_reading() {
    let sites: BTreeMap<Site, i16> = [(Site::Ear, 376)].into_iter().collect();
    let fever = domain::community::Fever { by_site: sites, ..Policy::default().at(Timestamp(0)).fever.clone() };
    let policy = Policy::default().changed(at("2020-02-06T08:00"), Change { fever: Some(fever), ..Change::default() });
    for (text, site, tenths, expected) in [
        ("2020-02-06T07:59", Site::Ear, 375, true),
        ("2020-02-06T08:00", Site::Ear, 375, false),
        ("2020-02-06T08:00", Site::Ear, 376, true),
        ("2020-02-06T08:00", Site::Axilla, 373, true),
    ] {
        let memory = memory::<Fever>(&[measured(1, text, site, tenths)], &person());
        let verdict = judge_by::<Fever>(&memory, &person(), &policy, at("2020-02-09T00:00")).verdict;
        assert_eq!(matches!(verdict, Verdict::Firing(_)), expected, "{site} {tenths} at {text}");
    }
}

#[test]
fn readings_come_from_checks_entries_and_settlements_and_of_people_without_a_file() {
    let reading = || vec![reading(Site::Axilla, 390, at(MORNING))];
    let who = Subject { person: None, unregistered: Some("u1".parse().unwrap()) };
    let stranger = Scope::subject(&who).unwrap();
    let events: Vec<(Event, Scope)> = vec![
        (checked(CheckOutcome::Reached, reading()).into(), person()),
        (EntryRecorded { readings: reading(), ..entry(Direction::In, EntryResult::Waiting) }.into(), person()),
        (EntrySettled { readings: reading(), ..settled(9, EntryResult::TurnedBack) }.into(), person()),
        (visit(PersonFound { who: who.clone(), ..found(reading()) }).into(), stranger),
    ];
    for (event, scope) in events {
        let commits = [commit(1, at(MORNING), at(MORNING), event)];
        let firing = firing::<Fever>(&commits, &scope, at(MORNING)).unwrap();
        assert_eq!((firing.severity, firing.place.building.map(|building| building.to_string())), (Severity::Critical, Some("b07".to_owned())));
        assert_eq!(firing.person, scope.to_subject());
    }
}

#[test]
fn a_retracted_reading_never_was_and_an_old_one_recorded_now_is_late() {
    let fever = measured(1, MORNING, Site::Axilla, 385);
    let retraction = commit(2, at("2020-02-06T09:00"), at("2020-02-06T09:00"), retracted(&fever));
    assert_eq!(judge::<Fever>(&[fever, retraction], &person(), at("2020-02-06T10:00")).verdict, Verdict::quiet());
    for (recorded, late) in [("2020-02-06T09:00", false), ("2020-02-06T09:01", true)] {
        let old = commit(1, at(MORNING), at(recorded), visit(found(vec![reading(Site::Axilla, 385, at(MORNING))])));
        assert_eq!(firing::<Fever>(&[old], &person(), at("2020-02-07T00:00")).map(|firing| firing.late), Some(late));
    }
}

fn found_to_be(number: u64, text: &str, word: Finding) -> Commit {
    commit(number, at(text), at(text), finding(word))
}

#[test]
fn a_finding_ends_it_at_or_after_the_last_reading_and_a_suspicion_never() {
    for (word, ends) in [
        (Finding::NotInfected, true),
        (Finding::OtherIllness, true),
        (Finding::Recovered, true),
        (Finding::Died, true),
        (Finding::Suspected, false),
        (Finding::Confirmed, false),
    ] {
        for (text, in_time) in [("2020-02-06T07:59", false), (MORNING, true), ("2020-02-08T10:00", true)] {
            let commits = [measured(1, MORNING, Site::Axilla, 385), found_to_be(2, text, word)];
            let judged = judge::<Fever>(&commits, &person(), at("2020-02-09T00:00"));
            assert_eq!(judged.is_quiet(), ends && in_time, "{word} at {text}");
            if judged.is_quiet() {
                assert_eq!(judged.verdict, Verdict::Quiet { late: false, quieted_by: vec![event_id(2)] }, "over at once, not recovering");
            }
        }
    }
}

#[test]
fn a_fever_after_the_finding_is_another_one_and_the_worse_of_two_findings_at_once_holds() {
    let after = [
        measured(1, MORNING, Site::Axilla, 385),
        found_to_be(2, "2020-02-06T10:00", Finding::OtherIllness),
        measured(3, "2020-02-06T10:01", Site::Axilla, 378),
    ];
    let causes = |commits: &[Commit]| firing::<Fever>(commits, &person(), at("2020-02-07T00:00")).map(|firing| firing.causes);
    assert_eq!(causes(&after), Some(vec![event_id(3)]));
    let at_once = [&after[..2], &[found_to_be(4, "2020-02-06T10:00", Finding::Suspected)]].concat();
    assert_eq!(causes(&at_once), Some(vec![event_id(1)]));
    let overtaken = [&after[..2], &[found_to_be(4, "2020-02-06T10:01", Finding::Suspected)]].concat();
    assert_eq!(causes(&overtaken), None, "that finding was about that fever");
    let late = [after[0].clone(), commit(2, at("2020-02-06T10:00"), at("2020-02-06T11:01"), finding(Finding::NotInfected))];
    assert_eq!(judge::<Fever>(&late, &person(), at("2020-02-07T00:00")).verdict, Verdict::Quiet { late: true, quieted_by: vec![event_id(2)] });
    let taken_back = commit(5, at("2020-02-07T00:00"), at("2020-02-07T00:00"), retracted(&after[1]));
    assert_eq!(causes(&[after[0].clone(), after[1].clone(), taken_back]), Some(vec![event_id(1)]));
}

#[test]
fn a_fever_of_somebody_who_may_be_infected_is_critical_until_there_is_another_finding() {
    let unconfirmed = measured(1, MORNING, Site::Forehead, 375);
    for (findings, expected) in [
        (vec![], Severity::Serious),
        (vec![found_to_be(2, "2020-02-05T10:00", Finding::Suspected)], Severity::Critical),
        (vec![found_to_be(2, "2020-02-06T12:00", Finding::Confirmed)], Severity::Critical),
        (vec![found_to_be(2, "2020-02-04T10:00", Finding::Confirmed), found_to_be(3, "2020-02-05T10:00", Finding::Recovered)], Severity::Serious),
    ] {
        let commits: Vec<Commit> = std::iter::once(unconfirmed.clone()).chain(findings).collect();
        assert_eq!(severity::<Fever>(&commits, &person(), at("2020-02-07T00:00")), Some(expected), "{}", commits.len());
    }
}

#[test]
fn the_way_to_hospital_ends_it_however_it_is_told() {
    let ways: [(&str, Event); 4] = [
        ("an order", ordered(Kind::Hospital, day("2020-02-06")).into()),
        ("a move", moved(Kind::Hospital).into()),
        ("a release", Released { reason: ReleaseReason::Hospital, ..released() }.into()),
        ("a check", checked(CheckOutcome::Hospital, Vec::new()).into()),
    ];
    for (way, event) in ways {
        for (text, ends) in [("2020-02-06T07:59", false), (MORNING, true), ("2020-02-06T12:00", true)] {
            let commits = [measured(1, MORNING, Site::Axilla, 385), commit(2, at(text), at(text), event.clone())];
            let judged = judge::<Fever>(&commits, &person(), at("2020-02-09T00:00"));
            assert_eq!(judged.is_quiet(), ends, "{way} at {text}");
        }
    }
    for event in [Event::from(moved(Kind::Facility)), ordered(Kind::Home, day("2020-02-06")).into(), released().into()] {
        let commits = [measured(1, MORNING, Site::Axilla, 385), commit(2, at("2020-02-06T12:00"), at("2020-02-06T12:00"), event)];
        assert!(!judge::<Fever>(&commits, &person(), at("2020-02-09T00:00")).is_quiet(), "not in hospital");
    }
}

#[test]
fn an_order_to_hospital_that_was_a_mistake_ends_nothing() {
    let fever = measured(1, MORNING, Site::Axilla, 385);
    let order = commit(2, at("2020-02-07T09:00"), at("2020-02-07T09:00"), ordered(Kind::Hospital, day("2020-02-07")));
    let released = |reason| commit(3, at("2020-02-07T10:00"), at("2020-02-07T10:00"), Released { reason, ..released() });
    let quiet = |commits: &[Commit]| judge::<Fever>(commits, &person(), at("2020-02-08T09:00")).is_quiet();
    assert!(quiet(&[fever.clone(), order.clone(), released(ReleaseReason::Moved)]), "they were there");
    assert!(!quiet(&[fever, order, released(ReleaseReason::Mistake)]), "they never were");
}

#[test]
fn what_a_check_measures_in_hospital_is_the_hospitals_and_what_a_door_or_a_gate_measures_is_ours() {
    let to_hospital = commit(1, at(MORNING), at(MORNING), moved(Kind::Hospital));
    let back = commit(2, at("2020-02-08T08:00"), at("2020-02-08T08:00"), moved(Kind::Home));
    let check_at = |number, text: &str, place: Place| {
        let mut check = checked(CheckOutcome::Reached, vec![reading(Site::Axilla, 385, at(text))]);
        check.checks[0].place = place;
        commit(number, at(text), at(text), check)
    };
    let fires = |commits: &[Commit]| !judge::<Fever>(commits, &person(), at("2020-02-20T00:00")).is_quiet();
    assert!(!fires(&[to_hospital.clone(), check_at(3, "2020-02-07T09:00", Place::default())]), "in hospital");
    assert!(fires(&[to_hospital.clone(), back.clone(), check_at(3, "2020-02-08T09:00", home())]), "back at home");
    assert!(fires(&[to_hospital.clone(), back.clone(), check_at(3, "2020-02-08T09:00", Place::default())]), "moved to a site");
    let let_go = commit(4, at("2020-02-07T08:00"), at("2020-02-07T08:00"), released());
    assert!(fires(&[to_hospital.clone(), let_go, check_at(3, "2020-02-07T09:00", Place::default())]), "released from there");
    assert!(fires(&[to_hospital.clone(), measured(3, "2020-02-07T09:00", Site::Axilla, 385)]), "somebody stood at their door and measured");
    let mut gate = entry(Direction::In, EntryResult::Admitted);
    gate.readings = vec![reading(Site::Ear, 385, at("2020-02-07T09:00"))];
    assert!(fires(&[to_hospital, commit(3, at("2020-02-07T09:00"), at("2020-02-07T09:00"), gate)]));
}
