//! What an alert says of why: now, and step by step.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on may say so by panicking")]
#![allow(dead_code, reason = "the small world holds more than this test looks at")]

mod world;

use domain::{
    Event,
    alert::{AlertId, Basis, Detail, Escalated, Key, Occurrence, Owner, Raised, Reopened, ResolvedV2, Severity, Share, Updated, Why},
    values::{Place, PlaceNames, Timestamp},
};
use readmodel::{
    models::alert::{Alert, CAUSES_PER_EVENT_MAX},
    views::{self, AlertItem},
};
use world::{id, rows_of, told};

fn occurrence(causes: &[String]) -> Occurrence {
    Occurrence {
        severity: Severity::Serious,
        unconfirmed: false,
        place: Place::default(),
        names: PlaceNames::default(),
        person: None,
        observed: None,
        detail: Detail::default(),
        causes: causes.to_vec(),
        first_at: Timestamp(0),
        last_at: Timestamp(0),
        occurrences: 1,
        late: false,
        rule_version: 1,
        basis: Basis::default(),
    }
}

/// The alert after raised, updated, resolved and opened again for these causes.
fn life([raised, updated, quieted_by, reopened]: [&[String]; 4]) -> AlertItem {
    let key = Key { rule: id("fever"), subject_kind: id("person"), subject_id: id("p1") };
    let alert = AlertId::new(key.hash(&id("c1")), 1);
    let (place, quieted_by) = (Place::default(), quieted_by.to_vec());
    let resolved =
        ResolvedV2 { alert: alert.clone(), key: key.clone(), n: 3, place, person: None, by_hand: false, late: false, quieted_by, basis: None, private: None };
    let events: [Event; 4] = [
        Raised { alert: alert.clone(), key: key.clone(), n: 1, episode: 1, occurrence: occurrence(raised) }.into(),
        Updated { alert: alert.clone(), key: key.clone(), n: 2, episode: 1, occurrence: occurrence(updated) }.into(),
        resolved.into(),
        Reopened { alert: alert.clone(), key, n: 4, episode: 2, occurrence: occurrence(reopened) }.into(),
    ];
    let facts: Vec<_> = (1..).zip(events).map(|(sequence, event)| told(sequence, Timestamp(0), Timestamp(0), event)).collect();
    views::alert_item(&rows_of::<Alert>(&facts)[&alert], &id("c1"), 4, true, Timestamp(0))
}

#[test]
fn whoever_asks_is_told_how_much_they_were_told() {
    let key = Key { rule: id("fever"), subject_kind: id("person"), subject_id: id("p1") };
    let alert = AlertId::new(key.hash(&id("c1")), 1);
    let owner = |staff: &str, share| Owner { staff: id(staff), duty: None, standing: None, share };
    let escalated = Escalated {
        alert: alert.clone(),
        key: key.clone(),
        n: 2,
        level: 1,
        owners: vec![owner("s-nurse", Share::Everything), owner("s-both", Share::Everything)],
        informed: vec![owner("s-leader", Share::DoNotGoUp), owner("s-both", Share::DoNotGoUp)],
        gaps: Vec::new(),
        why: Why::AtOnce,
        since: Timestamp(0),
        due_at: None,
        basis: Basis::default(),
        place: Place::default(),
        person: None,
    };
    let raised = Raised { alert: alert.clone(), key, n: 1, episode: 1, occurrence: occurrence(&causes(&["a"])) };
    let facts: Vec<_> = (1..).zip([Event::from(raised), escalated.into()]).map(|(sequence, event)| told(sequence, Timestamp(0), Timestamp(0), event)).collect();
    let item = || views::alert_item(&rows_of::<Alert>(&facts)[&alert], &id("c1"), 2, false, Timestamp(0));
    let for_staff = |staff: &str| item().read_by(Some(&id(staff))).for_you;
    assert_eq!(["s-nurse", "s-leader", "s-both", "s-other"].map(for_staff), [Some(Share::Everything), Some(Share::DoNotGoUp), Some(Share::Everything), None]);
    assert_eq!(item().read_by(None).for_you, None, "a token without a person");
}

fn causes(causes: &[&str]) -> Vec<String> {
    causes.iter().map(ToString::to_string).collect()
}

#[test]
fn an_alert_says_what_it_rests_on_now_and_its_history_what_each_step_brought() {
    let [a, b, c] = ["a", "b", "c"].map(|cause| causes(&[cause]));
    let item = life([&a, &causes(&["a", "b"]), &c, &b]);
    assert_eq!(item.caused_by, b, "and not what was over when it was resolved");
    let brought: Vec<_> = item.history.iter().map(|happened| happened.caused_by.clone()).collect();
    assert_eq!(brought, [a.clone(), b.clone(), c.clone(), b], "in the first episode and in the second");
    let more: Vec<String> = (0..100).map(|number| format!("many-{number}")).collect();
    assert_eq!(life([&a, &more, &c, &a]).history[1].caused_by, more[100 - CAUSES_PER_EVENT_MAX..], "the latest, and not all of them");
}
