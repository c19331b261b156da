//! Any order of arrival, and any repetition, gives equal rows; what is taken back never happened.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on may say so by panicking")]

mod world;

use domain::{
    checkpoint::EntryResult,
    medical::Finding,
    quarantine::CheckOutcome,
    values::{DAY_MS, MINUTE_MS, Timestamp},
    visit::Outcome,
};
use proptest::{prelude::*, sample::subsequence};
use world::{Told, at, bare_place, check, day, entry, finding, fold, found, place, registrations, report, told, visit};

const OUTCOMES: [Outcome; 6] = [Outcome::Met, Outcome::Absent, Outcome::Refused, Outcome::Vacant, Outcome::Away, Outcome::NoAnswer];
const CHECKS: [CheckOutcome; 3] = [CheckOutcome::Reached, CheckOutcome::NoAnswer, CheckOutcome::NotHome];

/// A field fact of some kind, at one of few instants so that ties happen.
fn field_fact(kind: u8, choice: usize, slot: i64, tenths: i16, sequence: u64) -> Told {
    let happened = at("2020-02-02T08:00").plus_ms(slot * 45 * MINUTE_MS);
    let recorded = happened.plus_ms(i64::try_from(choice % 3).unwrap() * 5 * 3_600_000);
    let places = [place("h1"), place("h2"), place("h3"), bare_place()];
    let door = places[choice % places.len()].clone();
    let round = (choice.is_multiple_of(2)).then_some("r1");
    match kind {
        0 => told(sequence, happened, recorded, visit(door, OUTCOMES[choice % OUTCOMES.len()], round, Vec::new())),
        1 => {
            let people = vec![found("p1", tenths, happened), found("p2", tenths + 1, happened)];
            told(sequence, happened, recorded, visit(place("h1"), Outcome::Met, round, people))
        }
        2 => told(sequence, happened, recorded, check(CHECKS[choice % CHECKS.len()], tenths, happened)),
        3 => {
            let units: &[&str] = [&[][..], &["1"], &["2"], &["1", "2"]][choice % 4];
            let date = day("2020-02-02").plus_days(i32::try_from(slot / 8).unwrap());
            told(sequence, happened, recorded, report(units, date, (choice.is_multiple_of(3)).then(|| place("h2"))))
        }
        4 => told(sequence, happened, recorded, finding("p1", Finding::ALL[choice % Finding::ALL.len()])),
        _ => told(sequence, happened, recorded, entry("p2", if choice.is_multiple_of(2) { EntryResult::Admitted } else { EntryResult::TurnedBack })),
    }
}

fn field_facts() -> impl Strategy<Value = Vec<Told>> {
    prop::collection::vec((0..6u8, 0..64usize, 0..24i64, 360..400i16), 1..40).prop_map(|choices| {
        let sequences = 100..;
        choices.into_iter().zip(sequences).map(|((kind, choice, slot, tenths), sequence)| field_fact(kind, choice, slot, tenths, sequence)).collect()
    })
}

fn after_registrations(facts: &[Told]) -> Vec<Told> {
    registrations().into_iter().chain(facts.iter().cloned()).collect()
}

proptest! {
    #[test]
    fn any_order_gives_equal_rows((facts, shuffled) in field_facts().prop_flat_map(|facts| (Just(facts.clone()), Just(facts).prop_shuffle()))) {
        prop_assert_eq!(fold(&after_registrations(&facts), &[]), fold(&after_registrations(&shuffled), &[]));
    }

    /// Counters of entries are the exception: they rely on a row taking in each commit once, which the projection guarantees by sequence.
    #[test]
    fn repetition_gives_equal_rows(facts in field_facts(), again in any::<u64>()) {
        let repeats: Vec<Told> = facts.iter().enumerate().filter(|(index, _)| again >> (index % 64) & 1 == 1).map(|(_, told)| told.clone()).collect();
        let once = after_registrations(&facts);
        let twice: Vec<Told> = once.iter().cloned().chain(repeats).collect();
        prop_assert_eq!(fold(&once, &["checkpoint"]), fold(&twice, &["checkpoint"]));
    }

    #[test]
    fn what_is_taken_back_never_happened(
        (facts, gone) in field_facts().prop_flat_map(|facts| { let indices: Vec<usize> = (0..facts.len()).collect(); let most = indices.len().min(3); (Just(facts), subsequence(indices, 0..=most)) })
    ) {
        // few enough facts that no bound is reached: what fell out for a newer one does not come back
        let facts = &facts[..facts.len().min(8)];
        let kept: Vec<Told> = facts.iter().enumerate().filter(|(index, _)| !gone.contains(index)).map(|(_, told)| told.clone()).collect();
        let retractions = gone.iter().filter_map(|index| facts.get(*index)).zip(1000..).map(|(told, sequence)| told.retracted(sequence));
        let all: Vec<Told> = after_registrations(facts).into_iter().chain(retractions).collect();
        // what was taken back is known to be; the head moves on
        let without = ["retracted", "head"];
        prop_assert_eq!(fold(&all, &without), fold(&after_registrations(&kept), &without));
    }
}

#[test]
fn what_was_taken_back_is_known_under_its_command() {
    let fact = told(100, at("2020-02-02T08:00"), at("2020-02-02T20:00"), visit(place("h1"), Outcome::Met, None, Vec::new()));
    let retraction = fact.retracted(101);
    let rows = world::rows_of::<readmodel::models::retracted::Retracted>(&after_registrations(&[fact.clone(), retraction.clone()]));
    assert_eq!(rows.into_iter().collect::<Vec<_>>(), [(fact.header.command, retraction.header.command)]);
    let commit = domain::Commit { header: fact.header.clone(), events: vec![fact.event.clone()] };
    let (item, _) = readmodel::views::timeline_item(&commit, 100, 0, Some(retraction.header.command)).unwrap();
    assert_eq!((item.kind.as_str(), item.retracted_by), ("visit.recorded.v1", Some(retraction.header.command)));
    assert!(item.late, "recorded twelve hours after it happened");
    assert!(readmodel::views::timeline_item(&commit, 100, 1, None).is_none(), "there is no such event");
}

/// A visit touches no file of staff: names on pages cost the field nothing.
#[test]
fn what_happens_in_the_field_touches_no_file_of_staff() {
    for kind in 0..6 {
        let fact = field_fact(kind, 0, 1, 366, 100);
        assert_eq!(<readmodel::models::staff::Staff as readmodel::ReadModel>::keys(&fact.fact()), [], "{:?}", fact.event);
    }
}

#[test]
fn rows_stay_small_however_much_happens() {
    let mut facts = registrations();
    for number in 0..2_000u32 {
        let happened = Timestamp(at("2020-02-02T00:00").0 + i64::from(number) * DAY_MS / 100);
        let tenths = 365;
        facts.push(told(1_000 + u64::from(number) * 2, happened, happened, visit(place("h1"), Outcome::Met, Some("r1"), vec![found("p1", tenths, happened)])));
        facts.push(told(1_001 + u64::from(number) * 2, happened, happened, entry("p2", EntryResult::Admitted)));
    }
    let largest = fold(&facts, &[]).into_iter().max_by_key(|(_, row)| row.len()).unwrap();
    assert!(largest.1.len() < 24 * 1024, "{:?} has {} bytes", largest.0, largest.1.len());
}
