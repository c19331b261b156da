//! Symptoms told at doors and by those under an order; what a fever says already, and what only looks as if it did.

use super::*;
use crate::Symptom;

const NINE: &str = "2020-02-06T09:00";

fn told(symptoms: &[&str], readings: Vec<Reading>) -> PersonFound {
    PersonFound { symptoms: Some(symptoms.iter().map(|symptom| symptom.parse().unwrap()).collect()), ..found(readings) }
}

/// Somebody told of a cough; it was typed at once.
fn cough(number: u64, text: &str) -> Commit {
    commit(number, at(text), at(text), visit(told(&["cough"], Vec::new())))
}

fn measured(number: u64, site: Site, tenths: i16, text: &str) -> Commit {
    commit(number, at(text), at(text), visit(found(vec![reading(site, tenths, at(text))])))
}

fn later(commits: &[Commit]) -> Option<Vec<String>> {
    firing::<Symptom>(commits, &person(), at("2020-02-20T00:00")).map(|firing| firing.causes)
}

fn causes(numbers: &[u64]) -> Option<Vec<String>> {
    Some(numbers.iter().map(|number| event_id(*number)).collect())
}

#[test]
fn a_symptom_is_serious_and_no_answer_and_no_symptom_are_nothing() {
    let firing = firing::<Symptom>(&[cough(1, NINE)], &person(), at(NINE)).unwrap();
    assert_eq!((firing.severity, firing.unconfirmed, firing.occurrences, firing.late), (Severity::Serious, false, 1, false));
    assert_eq!((firing.place, firing.person, firing.first_at, firing.last_at), (home(), Some(subject()), at(NINE), at(NINE)));
    for (what, symptoms, expected) in [
        ("not asked", None, None),
        ("asked, none", Some(vec![]), None),
        ("the word none", Some(vec!["none"]), None),
        ("none and something", Some(vec!["none", "cough"]), causes(&[1])),
        ("a word that nobody listed", Some(vec!["toothache"]), causes(&[1])),
    ] {
        let symptoms = symptoms.map(|symptoms| symptoms.into_iter().map(|symptom| symptom.parse().unwrap()).collect());
        assert_eq!(later(&[commit(1, at(NINE), at(NINE), visit(PersonFound { symptoms, ..found(Vec::new()) }))]), expected, "{what}");
    }
}

#[test]
fn checks_tell_of_symptoms_too_and_people_without_a_file_have_them_too() {
    let mut check = checked(CheckOutcome::Reached, Vec::new());
    check.checks[0].symptoms = Some(vec!["fatigue".parse().unwrap()]);
    assert_eq!(later(&[commit(1, at(NINE), at(NINE), check.clone())]), causes(&[1]));
    check.checks[0].person = "p2".parse().unwrap();
    assert_eq!(later(&[commit(1, at(NINE), at(NINE), check)]), None, "somebody else");
    let scope = Scope::of(ScopeKind::Unregistered, "visitor").unwrap();
    let stranger = PersonFound { who: scope.to_subject().unwrap(), ..told(&["cough"], Vec::new()) };
    let visit = [commit(1, at(NINE), at(NINE), visit(stranger))];
    assert_eq!(firing::<Symptom>(&visit, &scope, at(NINE)).and_then(|firing| firing.person), scope.to_subject());
    assert_eq!(later(&visit), None);
}

#[test]
fn only_somebody_ends_it_and_reports_within_a_day_are_one_matter() {
    let well = |number, text: &str| commit(number, at(text), at(text), visit(told(&[], vec![reading(Site::Axilla, 364, at(text))])));
    let days_without = [cough(1, NINE), well(2, "2020-02-07T09:00"), well(3, "2020-02-08T09:00"), well(4, "2020-02-09T09:00")];
    assert_eq!(later(&days_without), causes(&[1]), "a day without symptoms ends nothing");
    assert_eq!(judge::<Symptom>(&days_without, &person(), at(NINE)).next_change, None);
    for (next, expected) in [("2020-02-07T09:00", causes(&[1, 2])), ("2020-02-07T09:01", causes(&[2]))] {
        assert_eq!(later(&[cough(1, NINE), cough(2, next)]), expected, "{next}");
    }
    let twice = firing::<Symptom>(&[cough(1, NINE), cough(2, "2020-02-06T20:00")], &person(), at("2020-02-20T00:00")).unwrap();
    assert_eq!((twice.first_at, twice.last_at, twice.occurrences), (at(NINE), at("2020-02-06T20:00"), 2));
}

#[test]
fn a_fever_that_is_alarmed_about_speaks_for_what_is_told_with_it_and_after_it() {
    let with = |readings| later(&[commit(1, at(NINE), at(NINE), visit(told(&["cough"], readings)))]);
    for (site, tenths, expected) in [
        (Site::Axilla, 372, causes(&[1])),
        (Site::Axilla, 373, None),
        (Site::Forehead, 379, causes(&[1])),
        (Site::Forehead, 380, None),
        (Site::Forehead, 354, causes(&[1])),
    ] {
        assert_eq!(with(vec![reading(site, tenths, at(NINE))]), expected, "{site} {tenths}");
    }
    let measured_again = |tenths| vec![reading(Site::Forehead, 375, at(NINE)), reading(Site::Axilla, tenths, at("2020-02-06T09:10"))];
    assert_eq!(with(measured_again(374)), None, "the second reading of the record confirmed it");
    assert_eq!(with(measured_again(365)), causes(&[1]), "the second reading of the record ended it");
    for (text, expected) in [("2020-02-06T08:59", causes(&[2])), (NINE, None), ("2020-02-07T09:00", None), ("2020-02-07T09:01", causes(&[2]))] {
        assert_eq!(later(&[measured(1, Site::Axilla, 385, NINE), cough(2, text)]), expected, "told at {text}");
    }
    let pending = |text| later(&[measured(1, Site::Forehead, 375, NINE), cough(2, text)]);
    assert_eq!(pending("2020-02-06T09:30"), causes(&[2]), "nobody has been told of that fever yet");
    assert_eq!(pending("2020-02-06T09:31"), None, "raised, unconfirmed");
}

#[test]
fn a_fever_that_is_over_or_that_comes_later_does_not_silence_it() {
    let over = [
        measured(1, Site::Axilla, 385, "2020-02-05T20:00"),
        measured(2, Site::Axilla, 365, "2020-02-06T02:00"),
        measured(3, Site::Axilla, 365, "2020-02-06T06:00"),
        cough(4, NINE),
    ];
    assert_eq!(later(&over), causes(&[4]));
    assert_eq!(later(&[over[0].clone(), over[1].clone(), over[3].clone()]), None, "one clear reading ends no fever");
    assert_eq!(later(&[cough(1, NINE), measured(2, Site::Axilla, 385, "2020-02-06T10:00")]), causes(&[1]));
    let with_and_without = [measured(1, Site::Axilla, 385, NINE), cough(2, "2020-02-06T10:00"), cough(3, "2020-02-07T12:00")];
    assert_eq!(later(&with_and_without), causes(&[3]), "what the fever spoke for is in no other alert");
    let rules = [(word("fever"), RuleChange { enabled: Some(false), ..RuleChange::default() })].into_iter().collect();
    let no_fever_rule = Policy::default().changed(at("2020-02-01T00:00"), Change { rules, ..Change::default() });
    let memory = memory::<Symptom>(&with_and_without[..2], &person());
    assert!(!judge_by::<Symptom>(&memory, &person(), &no_fever_rule, at(NINE)).is_quiet(), "nobody is told of fevers");
}

#[test]
fn a_fever_typed_later_takes_it_back_and_a_retracted_one_gives_it_back() {
    let fever = |recorded: &str| commit(1, at("2020-02-06T08:00"), at(recorded), visit(found(vec![reading(Site::Axilla, 385, at("2020-02-06T08:00"))])));
    let verdict = |commits: &[Commit]| judge::<Symptom>(commits, &person(), at("2020-02-06T12:00")).verdict;
    assert_eq!(verdict(&[fever(NINE), cough(2, NINE)]), Verdict::quiet(), "known in time");
    assert_eq!(verdict(&[fever("2020-02-06T11:00"), cough(2, NINE)]), Verdict::Quiet { late: true, quieted_by: vec![event_id(1)] });
    let take_back = |number, original: &Commit| commit(number, at("2020-02-06T11:30"), at("2020-02-06T11:30"), retracted(original));
    assert_eq!(later(&[fever(NINE), cough(2, NINE), take_back(3, &fever(NINE))]), causes(&[2]));
    assert_eq!(verdict(&[cough(2, NINE), take_back(3, &cough(2, NINE))]), Verdict::quiet());
    for (recorded, late) in [("2020-02-06T10:00", false), ("2020-02-06T10:01", true)] {
        let paper = commit(1, at(NINE), at(recorded), visit(told(&["cough"], Vec::new())));
        assert_eq!(firing::<Symptom>(&[paper], &person(), at(recorded)).map(|firing| firing.late), Some(late), "{recorded}");
    }
}

#[test]
fn what_a_gate_measures_of_the_healthy_is_not_remembered() {
    let passing = |site, tenths| EntryRecorded { readings: vec![reading(site, tenths, at(NINE))], ..entry(Direction::In, EntryResult::Admitted) };
    let scopes = |event: Event| crate::scopes::<Symptom>(&event, &commit(1, at(NINE), at(NINE), passing(Site::Forehead, 364)).header).unwrap();
    for (site, tenths, expected) in [(Site::Forehead, 364, vec![]), (Site::Forehead, 365, vec![person()]), (Site::Ear, 365, vec![person()])] {
        assert_eq!(scopes(passing(site, tenths).into()), expected, "{site} {tenths}");
    }
    assert_eq!(scopes(visit(told(&["cough"], Vec::new())).into()), vec![person()]);
    assert_eq!(scopes(visit(found(Vec::new())).into()), Vec::new());
    assert_eq!(later(&[commit(1, at(NINE), at(NINE), passing(Site::Thermal, 385)), cough(2, "2020-02-06T10:00")]), None, "a fever at the gate counts");
}

#[test]
fn a_finding_ends_what_was_told_up_to_it_and_a_suspicion_ends_nothing() {
    let found = |text: &str, word| commit(2, at(text), at(text), finding(word));
    let told_at_nine = |text, word| later(&[cough(1, NINE), found(text, word)]);
    for (text, word, expected) in [
        ("2020-02-06T08:59", Finding::NotInfected, causes(&[1])),
        (NINE, Finding::NotInfected, None),
        ("2020-02-09T09:00", Finding::OtherIllness, None),
        ("2020-02-09T09:00", Finding::Suspected, causes(&[1])),
        ("2020-02-09T09:00", Finding::Confirmed, causes(&[1])),
    ] {
        assert_eq!(told_at_nine(text, word), expected, "{word} at {text}");
    }
    let ended = [cough(1, NINE), found("2020-02-06T10:00", Finding::OtherIllness)];
    assert_eq!(judge::<Symptom>(&ended, &person(), at("2020-02-07T00:00")).verdict, Verdict::Quiet { late: false, quieted_by: vec![event_id(2)] });
    assert_eq!(later(&[ended[0].clone(), ended[1].clone(), cough(3, "2020-02-06T12:00")]), causes(&[3]), "a new matter");
    let fever_before = [measured(1, Site::Axilla, 385, NINE), found("2020-02-06T10:00", Finding::OtherIllness), cough(3, "2020-02-06T12:00")];
    assert_eq!(later(&fever_before), causes(&[3]), "a fever that a finding ended speaks for nothing");
}

#[test]
fn the_way_to_hospital_ends_it_and_what_is_told_there_is_the_hospitals() {
    let to_hospital = commit(2, at("2020-02-06T10:00"), at("2020-02-06T10:00"), moved(Kind::Hospital));
    assert_eq!(later(&[cough(1, NINE), to_hospital.clone()]), None);
    let told_there = |place| {
        let mut check = checked(CheckOutcome::Reached, Vec::new());
        (check.checks[0].symptoms, check.checks[0].place) = (Some(vec!["cough".parse().unwrap()]), place);
        commit(3, at("2020-02-07T09:00"), at("2020-02-07T09:00"), check)
    };
    assert_eq!(later(&[to_hospital.clone(), told_there(Place::default())]), None);
    assert_eq!(later(&[to_hospital.clone(), cough(3, "2020-02-07T09:00")]), causes(&[3]), "at the door");
    let back = commit(4, at("2020-02-07T08:00"), at("2020-02-07T08:00"), moved(Kind::Home));
    assert_eq!(later(&[to_hospital, back, told_there(home())]), causes(&[3]));
}
