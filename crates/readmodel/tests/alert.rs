//! What an alert says of why: now, and step by step.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on may say so by panicking")]
#![allow(dead_code, reason = "the small world holds more than this test looks at")]

mod world;

use std::collections::BTreeMap;

use domain::{
    Event, Role,
    alert::{
        Act, AlertId, Basis, CloseReason, ClosedV2, Detail, Escalated, Key, Observed, Occurrence, Owner, Raised, RecoveryStarted, Reopened, ResolvedV2,
        Severity, Share, Updated, Why,
    },
    silence,
    values::{CommandId, Place, PlaceNames, Site, Subject, Timestamp},
};
use readmodel::{
    models::{
        alert::{Alert, CAUSES_PER_EVENT_MAX, Row as AlertRow},
        silence::Row as SilenceRow,
    },
    views::{self, AlertItem, AlertReader, HistoryItem},
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
    let community = id("c1");
    views::alert_item(&rows_of::<Alert>(&facts)[&alert], 4, true, AlertReader { community: &community, staff: None, role: Role::Office, now: Timestamp(0) })
}

#[test]
fn whoever_asks_is_told_how_much_they_were_told_at_whatever_level_until_it_is_over() {
    let key = Key { rule: id("fever"), subject_kind: id("person"), subject_id: id("p1") };
    let alert = AlertId::new(key.hash(&id("c1")), 1);
    let owner = |staff: &str, share| Owner { staff: id(staff), duty: None, standing: None, share };
    let told_to = |n: u32, level: u8, owners: Vec<Owner>, informed: Vec<Owner>| Escalated {
        alert: alert.clone(),
        key: key.clone(),
        n,
        place: Place::default(),
        person: None,
        level,
        owners,
        informed,
        gaps: Vec::new(),
        why: Why::AtOnce,
        since: Timestamp(0),
        due_at: None,
        basis: Basis::default(),
    };
    let first = vec![owner("s-nurse", Share::Everything), owner("s-both", Share::Everything)];
    let besides = vec![owner("s-leader", Share::DoNotGoUp), owner("s-both", Share::DoNotGoUp)];
    let (place, quieted_by) = (Place::default(), Vec::new());
    let until = Timestamp(1);
    let recovering = RecoveryStarted {
        alert: alert.clone(),
        key: key.clone(),
        n: 4,
        place: Place::default(),
        person: None,
        late: false,
        quieted_by: Vec::new(),
        until,
        basis: Basis::default(),
    };
    let resolved =
        ResolvedV2 { alert: alert.clone(), key: key.clone(), n: 5, place, person: None, by_hand: false, late: false, quieted_by, basis: None, private: None };
    let events: [Event; 5] = [
        Raised { alert: alert.clone(), key: key.clone(), n: 1, episode: 1, occurrence: occurrence(&causes(&["a"])) }.into(),
        told_to(2, 1, first, besides).into(),
        told_to(3, 2, vec![owner("s-office", Share::Everything)], Vec::new()).into(),
        recovering.into(),
        resolved.into(),
    ];
    let facts: Vec<_> = (1..).zip(events).map(|(sequence, event)| told(sequence, Timestamp(0), Timestamp(0), event)).collect();
    let item_as = |role: Role, events: usize, staff: Option<&str>| {
        let (community, staff) = (id("c1"), staff.map(id));
        let reader = AlertReader { community: &community, staff: staff.as_ref(), role, now: Timestamp(0) };
        views::alert_item(&rows_of::<Alert>(&facts[..events])[&alert], 1, false, reader)
    };
    let turn = |events: usize| ["s-nurse", "s-office", "s-leader", "s-both"].map(|staff| item_as(Role::Office, events, Some(staff)).your_turn);
    assert_eq!(turn(3), [Some(1), Some(2), None, Some(1)], "at the level where it was theirs first, and of who is only told none");
    assert_eq!((turn(4), turn(5)), ([None; 4], [None; 4]), "while it recovers it is nobody's turn");
    let after_as = |role: Role, events: usize, staff: Option<&str>| item_as(role, events, staff).for_you;
    let after = |events: usize, staff: Option<&str>| after_as(Role::Office, events, staff);
    // a neighbour goes up to nobody who may be ill, told or not; to whom is not ill any more, there is nothing to say
    let neighbour = [1, 3, 4, 5].map(|events| after_as(Role::Leader, events, Some("s-other")));
    assert_eq!(neighbour, [Some(Share::DoNotGoUp), Some(Share::DoNotGoUp), Some(Share::DoNotGoUp), None]);
    assert_eq!(after_as(Role::Leader, 3, Some("s-nurse")), Some(Share::Everything), "whose turn it is");
    for events in 3..=4 {
        let told = ["s-nurse", "s-office", "s-leader", "s-both", "s-other"].map(|staff| after(events, Some(staff)));
        let everything = Some(Share::Everything);
        assert_eq!(told, [everything, everything, Some(Share::DoNotGoUp), everything, None], "after {events}");
    }
    assert_eq!((after(3, None), after(5, Some("s-leader"))), (None, None), "a token without a person; and when it is over");
    // why it is: not for who is only not to go up, by their role or as they were told, over or not; nor is it kept from the office, whoever they are besides
    let says_why = |role: Role, staff: &str| [3, 4, 5].map(|events| item_as(role, events, Some(staff)).says_why());
    for (role, staff) in [(Role::Leader, "s-other"), (Role::Leader, "s-leader"), (Role::Grid, "s-leader")] {
        assert_eq!(says_why(role, staff), [false; 3], "{role} {staff}");
    }
    for (role, staff) in [(Role::Leader, "s-nurse"), (Role::Leader, "s-both"), (Role::Grid, "s-other"), (Role::Office, "s-leader"), (Role::Nurse, "s-leader")] {
        assert_eq!(says_why(role, staff), [true; 3], "{role} {staff}");
    }
    // what was measured came to whoever's turn it is; a guard besides is told what it is, and no more
    let without = |role: Role, staff: &str| item_as(role, 3, Some(staff)).without;
    assert_eq!([without(Role::Leader, "s-nurse"), without(Role::Gate, "s-both")], [causes(&[]), causes(&[])]);
    assert_eq!(without(Role::Gate, "s-other"), ["measured"]);
}

#[test]
fn who_is_only_not_to_go_up_reads_where_how_it_stands_and_since_when_and_nothing_of_why() {
    let key = Key { rule: id("fever"), subject_kind: id("person"), subject_id: id("p1") };
    let alert = AlertId::new(key.hash(&id("c1")), 1);
    let seen = Observed { tenths_celsius: 382, site: Site::Axilla, at: Timestamp(0), recorded_at: Timestamp(0) };
    let occurred = Occurrence {
        unconfirmed: true,
        place: Place { door: Some("502".to_owned()), ..Place::default() },
        person: Some(Subject::person(id("p1"))),
        observed: Some(seen),
        detail: Detail { missed: 3, ..Detail::default() },
        occurrences: 7,
        rule_version: 9,
        ..occurrence(&causes(&["a"]))
    };
    let (person, place) = (occurred.person.clone(), occurred.place.clone());
    let events: [Event; 2] = [
        Raised { alert: alert.clone(), key: key.clone(), n: 1, episode: 1, occurrence: occurred }.into(),
        ClosedV2 { alert: alert.clone(), key, n: 2, place, person, reason: CloseReason::MeasuredWrong }.into(),
    ];
    let facts: Vec<_> = (1..).zip(events).map(|(sequence, event)| told(sequence, Timestamp(0), Timestamp(0), event)).collect();
    let (row, community) = (rows_of::<Alert>(&facts).remove(&alert).unwrap(), id("c1"));
    let as_role = |role: Role| views::alert_item(&row, 2, true, AlertReader { community: &community, staff: None, role, now: Timestamp(0) });
    let (whole, item) = (as_role(Role::Office), as_role(Role::Leader));
    let history = whole.history.iter().map(|happened| HistoryItem { reason: None, caused_by: Vec::new(), ..happened.clone() }).collect();
    let expected = AlertItem {
        key: format!("c1/do_not_go_up/alert/{alert}"),
        kind: id("do_not_go_up"),
        person: None,
        unconfirmed: false,
        observed: None,
        detail: Detail::default(),
        occurrences: 0,
        you_may: causes(&["alert.note"]),
        rule_version: 0,
        caused_by: Vec::new(),
        history,
        without: causes(&["reasons"]),
        ..whole.clone()
    };
    assert_eq!(item, expected);
    assert_eq!((whole.without.clone(), whole.history[1].reason.as_deref(), whole.kind.as_str()), (Vec::new(), Some("measured_wrong"), "fever"));
    for role in [Role::Admin, Role::Command, Role::Grid, Role::Nurse] {
        assert_eq!((as_role(role).observed, as_role(role).without), (whole.observed.clone(), Vec::new()), "{role}");
    }
    for role in [Role::Gate, Role::Viewer, Role::Service] {
        let expected = AlertItem { observed: None, without: causes(&["measured"]), you_may: as_role(role).you_may, ..whole.clone() };
        assert_eq!(as_role(role), expected, "{role}");
    }
    let mut masked = item;
    masked.mask_notes(&id("t-leader"));
    assert_eq!(masked.without, ["reasons", "notes"]);
}

#[test]
fn whoever_asks_is_told_what_they_may_do_about_it_and_since_when_nobody_has_it() {
    let key = Key { rule: id("fever"), subject_kind: id("person"), subject_id: id("p1") };
    let alert = AlertId::new(key.hash(&id("c1")), 1);
    // it began at 0, and was told at 7
    let raised: Event = Raised { alert: alert.clone(), key, n: 1, episode: 1, occurrence: occurrence(&causes(&["a"])) }.into();
    let facts = [told(1, Timestamp(0), Timestamp(7), raised)];
    let item = |role: Role| {
        let community = id("c1");
        let reader = AlertReader { community: &community, staff: None, role, now: Timestamp(9) };
        views::alert_item(&rows_of::<Alert>(&facts)[&alert], 1, false, reader)
    };
    assert_eq!((item(Role::Viewer).first_at, item(Role::Viewer).free_since), (Timestamp(0), Some(Timestamp(7))));
    assert_eq!(item(Role::Viewer).you_may, Vec::<String>::new());
    assert_eq!(item(Role::Leader).you_may, ["alert.escalate", "alert.note"], "who is not to go up has nothing to take over");
    assert_eq!(item(Role::Gate).you_may, ["alert.acknowledge", "alert.escalate", "alert.note"]);
    assert_eq!(item(Role::Command).you_may, ["alert.acknowledge", "alert.escalate", "alert.assign", "alert.note"]);
    assert!(item(Role::Nurse).you_may.len() == 6 && item(Role::Nurse).you_may(Act::Close) && !item(Role::Leader).you_may(Act::Assign));
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

/// An alert about a building, or about somebody in it, as it stands after these events.
fn row_of(rule: &str, subject: (&str, &str), occurrence: Occurrence, ends: bool) -> domain::alert::State {
    let key = Key { rule: id(rule), subject_kind: id(subject.0), subject_id: id(subject.1) };
    let alert = AlertId::new(key.hash(&id("c1")), 1);
    let place = occurrence.place.clone();
    let mut events: Vec<Event> = vec![Raised { alert: alert.clone(), key: key.clone(), n: 1, episode: 1, occurrence }.into()];
    if ends {
        events.push(ClosedV2 { alert: alert.clone(), key, n: 2, place, person: None, reason: CloseReason::MeasuredWrong }.into());
    }
    let facts: Vec<_> = (1..).zip(events).map(|(sequence, event)| told(sequence, Timestamp(0), Timestamp(0), event)).collect();
    rows_of::<Alert>(&facts).remove(&alert).unwrap().state
}

#[test]
fn why_people_are_not_told_of_an_alert_is_said_as_long_as_it_holds() {
    let at = |building: &str, why: &[&str]| Occurrence { place: Place { building: Some(id(building)), ..Place::default() }, ..occurrence(&causes(why)) };
    let fever = row_of("fever", ("person", "p1"), at("b07", &["a", "b"]), false);
    let row = |state| AlertRow { state, history: BTreeMap::new() };
    let cluster = |building: &str, why: &[&str], ends| row(row_of("cluster", ("building", building), at(building, why), ends));
    let silence = |number: u128, kind: Option<&str>, building: Option<&str>, until: i64| SilenceRow {
        silence: CommandId(uuid::Uuid::from_u128(number)),
        state: silence::State { kind: kind.map(id), building: building.map(id), since: Timestamp(0), until: Timestamp(until), ended_at: None },
        actor: id("office"),
        by: vec![id("s-yang")],
        private: None,
    };
    let said = |alert: &domain::alert::State, silences: &[SilenceRow], of_building: &[AlertRow]| {
        let said = views::suppressed(alert, silences, of_building, Timestamp(10))?;
        Some((said.silenced.map(|by| (by.until.0, by.by)), said.inhibited_by))
    };
    let open = cluster("b07", &["b", "c"], false);
    let stands = Some((None, Some(open.state.alert.clone())));
    let until = |until: i64| Some((Some((until, vec![id("s-yang")])), None));

    // a cluster that counts one of its causes stands for a fever that is confirmed and not over
    assert_eq!(said(&fever, &[], std::slice::from_ref(&open)), stands);
    let without_it = [cluster("b07", &["c", "d"], false), cluster("b07", &["b"], true), cluster("b08", &["b"], false)];
    assert_eq!(said(&fever, &[], &without_it), None, "one that does not count it, one that is over, one elsewhere");
    let unconfirmed = row_of("fever", ("person", "p1"), Occurrence { unconfirmed: true, ..at("b07", &["b"]) }, false);
    let (over, other) = (row_of("fever", ("person", "p1"), at("b07", &["b"]), true), row_of("symptom", ("person", "p1"), at("b07", &["b"]), false));
    for alert in [&unconfirmed, &over, &other, &open.state] {
        assert_eq!(said(alert, &[], std::slice::from_ref(&open)), None, "{}", alert.key.rule);
    }

    // of silences that hold now and are about it, the longest
    let (kind, place) = (silence(1, Some("fever"), None, 20), silence(2, None, Some("b07"), 30));
    assert_eq!(said(&fever, &[kind.clone(), place.clone(), silence(3, Some("symptom"), None, 40), silence(4, None, Some("b08"), 40)], &[]), until(30));
    assert_eq!(said(&fever, &[silence(5, Some("fever"), None, 10)], &[]), None, "until then, and not then");
    let mut ended = kind.clone();
    ended.state.ended_at = Some(Timestamp(5));
    assert_eq!(said(&fever, &[ended], &[]), None, "ended by hand");
    assert_eq!(said(&over, std::slice::from_ref(&kind), &[]), None, "what is over is told to nobody anyway");

    // both at once; and a cluster that is silenced stands for nothing
    let open = std::slice::from_ref(&open);
    assert_eq!(said(&fever, &[kind], open), Some((until(20).unwrap().0, stands.clone().unwrap().1)));
    assert_eq!(said(&fever, &[silence(6, Some("cluster"), None, 20)], open), None);
    assert_eq!(said(&fever, &[place], open), until(30));

    // who is not to go up is not told which kind stands for it
    let item = life([&causes(&["a"]), &causes(&["a"]), &causes(&["a"]), &causes(&["a"])]);
    let why = views::suppressed(&fever, &[], open, Timestamp(10));
    assert!(why.is_some() && item.clone().with_suppressed(why.clone()).suppressed == why);
    let neighbours = AlertItem { without: causes(&["reasons"]), ..item };
    assert_eq!(neighbours.with_suppressed(why).suppressed, None);
}
