//! Who was exposed and what decides; at the minute, in any order, taken back.

use super::*;
use crate::ExposureUndecided;
use domain::household::Exposed;

const NINE: &str = "2020-02-06T09:00";
const NEXT_NINE: &str = "2020-02-07T09:00";
const LATER: &str = "2020-02-10T00:00";

/// Somebody p1 lives with was taken to hospital.
pub(super) fn taken_from_home() -> Exposed {
    Exposed { person: "p2".parse().unwrap(), quarantine: "q2".parse().unwrap(), place: home(), housemates: vec!["p1".parse().unwrap()] }
}

fn told(number: u64, text: &str, event: impl Into<Event>) -> Commit {
    commit(number, at(text), at(text), event)
}

/// Of p2, who lives with p1.
fn housemate_found(word: Finding) -> FindingRecorded {
    FindingRecorded { who: Subject::person("p2".parse().unwrap()), housemates: vec!["p1".parse().unwrap()], ..finding(word) }
}

fn causes(commits: &[Commit], now: &str) -> Option<Vec<String>> {
    firing::<ExposureUndecided>(commits, &person(), at(now)).map(|firing| firing.causes)
}

#[test]
fn it_fires_a_day_after_every_kind_of_exposure_unless_the_policy_says_another_time() {
    let exposures: [(&str, Event, Option<Severity>); 7] = [
        ("told", visit(exposed()).into(), Some(Severity::Serious)),
        ("nothing told", visit(found(Vec::new())).into(), None),
        ("lives with a case", housemate_found(Finding::Confirmed).into(), Some(Severity::Serious)),
        ("lives with a suspected case", housemate_found(Finding::Suspected).into(), Some(Severity::Serious)),
        ("lives with somebody who is well", housemate_found(Finding::NotInfected).into(), None),
        ("lives with somebody in hospital", taken_from_home().into(), Some(Severity::Serious)),
        ("is none", finding(Finding::OtherIllness).into(), None),
    ];
    let sooner =
        |hours| Change { rules: [(word("exposure_undecided"), RuleChange { hours: Some(hours), ..RuleChange::default() })].into(), ..Change::default() };
    for (what, event, expected) in exposures {
        let commits = [told(1, NINE, event)];
        assert_eq!(severity::<ExposureUndecided>(&commits, &person(), at("2020-02-07T08:59")), None, "{what}");
        assert_eq!(severity::<ExposureUndecided>(&commits, &person(), at(NEXT_NINE)), expected, "{what}");
        let policy = Policy::default().changed(at("2020-02-01T00:00"), sooner(2));
        let memory = memory::<ExposureUndecided>(&commits, &person());
        let judged = |now| !judge_by::<ExposureUndecided>(&memory, &person(), &policy, at(now)).is_quiet();
        assert_eq!((judged("2020-02-06T10:59"), judged("2020-02-06T11:00")), (false, expected.is_some()), "{what}");
    }
}

#[test]
fn an_order_a_finding_or_the_housemates_finding_decides() {
    let exposure = told(1, NINE, housemate_found(Finding::Suspected));
    let order = |text: &str| told(2, text, ordered(Kind::Home, day("2020-02-06")));
    let ended = |text: &str, reason| told(3, text, Released { reason, ..released() });
    for (what, more, expected) in [
        ("an order after it", vec![order("2020-02-06T12:00")], None),
        ("an order that is in force", vec![order("2020-02-01T12:00")], None),
        ("an order that was over", vec![order("2020-02-01T12:00"), ended("2020-02-05T12:00", ReleaseReason::Completed)], Some(vec![event_id(1)])),
        ("an order that is over now", vec![order("2020-02-06T12:00"), ended("2020-02-08T12:00", ReleaseReason::Moved)], None),
        ("a mistaken order", vec![order("2020-02-06T12:00"), ended("2020-02-06T13:00", ReleaseReason::Mistake)], Some(vec![event_id(1)])),
        ("found well", vec![told(2, "2020-02-06T12:00", finding(Finding::NotInfected))], None),
        ("found well before", vec![told(2, "2020-02-06T08:59", finding(Finding::NotInfected))], Some(vec![event_id(1)])),
        ("the housemate is well", vec![told(2, "2020-02-06T12:00", housemate_found(Finding::OtherIllness))], None),
        ("the housemate was well before", vec![told(2, "2020-02-06T08:59", housemate_found(Finding::OtherIllness))], Some(vec![event_id(1)])),
        ("the housemate is well again", vec![told(2, "2020-02-06T12:00", housemate_found(Finding::Recovered))], Some(vec![event_id(1)])),
    ] {
        let commits: Vec<Commit> = std::iter::once(exposure.clone()).chain(more).collect();
        assert_eq!(causes(&commits, LATER), expected, "{what}");
    }
    let own = [told(1, NINE, visit(exposed())), told(2, "2020-02-06T12:00", housemate_found(Finding::NotInfected))];
    assert_eq!(causes(&own, LATER), Some(vec![event_id(1)]), "what they told themselves is another matter");
}

#[test]
fn for_a_case_only_a_site_or_a_hospital_decides_and_that_at_once() {
    let case = told(1, NINE, finding(Finding::Confirmed));
    assert_eq!(severity::<ExposureUndecided>(std::slice::from_ref(&case), &person(), at(NINE)), Some(Severity::Critical), "nobody is well in the meantime");
    let order = |text: &str, kind| told(2, text, ordered(kind, day("2020-02-06")));
    let move_to = |text: &str, kind| told(3, text, moved(kind));
    let release = |text: &str, reason| told(4, text, Released { reason, ..released() });
    let other_order = |text: &str, kind| told(5, text, Ordered { quarantine: "q2".parse().unwrap(), ..ordered(kind, day("2020-02-05")) });
    for (what, more, decided) in [
        ("at home", vec![order("2020-02-06T12:00", Kind::Home)], false),
        ("in hospital", vec![order("2020-02-06T12:00", Kind::Hospital)], true),
        ("in hospital before", vec![order("2020-02-05T12:00", Kind::Hospital)], true),
        ("at home again before", vec![order("2020-02-04T12:00", Kind::Hospital), move_to("2020-02-05T12:00", Kind::Home)], false),
        ("moved to hospital", vec![order("2020-02-05T12:00", Kind::Home), move_to("2020-02-06T12:00", Kind::Hospital)], true),
        ("recovered", vec![told(2, "2020-02-09T12:00", finding(Finding::Recovered))], true),
        ("died", vec![told(2, "2020-02-09T12:00", finding(Finding::Died))], true),
        ("died, as the end of an order says", vec![order("2020-02-06T12:00", Kind::Home), release("2020-02-09T12:00", ReleaseReason::Died)], true),
        ("in hospital, by mistake", vec![order("2020-02-06T12:00", Kind::Hospital), release("2020-02-06T13:00", ReleaseReason::Mistake)], false),
        (
            "released, and to hospital in the same minute",
            vec![release("2020-02-05T12:00", ReleaseReason::Moved), other_order("2020-02-05T12:00", Kind::Hospital)],
            true,
        ),
    ] {
        let commits: Vec<Commit> = std::iter::once(case.clone()).chain(more).collect();
        assert_eq!(judge::<ExposureUndecided>(&commits, &person(), at(LATER)).is_quiet(), decided, "{what}");
    }
    assert!(!judge::<ExposureUndecided>(&[case], &person(), at("2020-03-30T00:00")).is_quiet(), "it does not end by time");
}

#[test]
fn it_ends_after_fourteen_days_is_taken_back_and_a_late_entry_is_told_as_late() {
    let exposure = told(1, NINE, visit(exposed()));
    assert_eq!(causes(std::slice::from_ref(&exposure), "2020-02-20T08:59"), Some(vec![event_id(1)]));
    assert_eq!(causes(std::slice::from_ref(&exposure), "2020-02-20T09:00"), None);
    let taken_back = commit(9, at(LATER), at(LATER), retracted(&exposure));
    assert_eq!(causes(&[exposure.clone(), taken_back], LATER), None);
    let on_paper = commit(2, at("2020-02-06T12:00"), at("2020-02-07T10:00"), ordered(Kind::Home, day("2020-02-06")));
    let verdict = judge::<ExposureUndecided>(&[exposure.clone(), on_paper], &person(), at(LATER)).verdict;
    assert_eq!(verdict, Verdict::Quiet { late: true, quieted_by: vec![event_id(2)] });
    let too_late = told(2, "2020-02-07T10:00", ordered(Kind::Home, day("2020-02-06")));
    let verdict = judge::<ExposureUndecided>(&[exposure, too_late], &person(), at(LATER)).verdict;
    assert_eq!(verdict, Verdict::Quiet { late: false, quieted_by: vec![event_id(2)] });
}
