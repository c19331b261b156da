//! What holds of every rule, over random histories of one person, one order and one building.

use std::collections::BTreeSet;

use domain::values::Slug;
use proptest::prelude::*;

use super::*;
use crate::Fever;

const BEGIN: &str = "2020-02-01T00:00";
const MINUTES: i64 = 12 * 24 * 60;

fn site() -> impl Strategy<Value = Site> {
    prop::sample::select(Site::ALL)
}

fn readings(at: Timestamp) -> impl Strategy<Value = Vec<Reading>> {
    let one = (site(), prop::sample::select(vec![350, 354, 355, 365, 372, 373, 374, 379, 380, 391]), 0..40_i64);
    prop::collection::vec(one.prop_map(move |(site, tenths, later)| reading(site, tenths, at.plus_minutes(later))), 0..3)
}

fn symptoms() -> impl Strategy<Value = Option<Vec<Slug>>> {
    prop::sample::select(vec![None, Some(Vec::new()), Some(Vec::new()), Some(vec![word("cough")])])
}

fn event(at: Timestamp) -> impl Strategy<Value = Event> {
    let direction = prop::sample::select(Direction::ALL);
    let result = prop::sample::select(EntryResult::ALL);
    let outcome = prop::sample::select(CheckOutcome::ALL);
    let today = Zone::default().day_of(at);
    let slot = prop::option::of((prop::sample::select(vec!["am", "pm"]), -1..=0_i32));
    let unit = prop::sample::select(vec![None, Some("1"), Some("2")]);
    prop_oneof![
        3 => (readings(at), any::<bool>(), symptoms(), prop::sample::select(Outcome::ALL), round()).prop_map(|(readings, risky, symptoms, outcome, round)| {
            let orders = if risky { vec!["q1".parse().unwrap()] } else { Vec::new() };
            let found = PersonFound { orders, exposure: risky.then_some(Exposure { left_on: None, arrived_on: None }), symptoms, ..found(readings) };
            Recorded { outcome, round, ..visit(found) }.into()
        }),
        3 => (outcome, readings(at), slot, symptoms(), any::<bool>()).prop_map(move |(outcome, readings, slot, symptoms, at_home)| {
            let mut checked = checked(outcome, readings);
            if !at_home {
                checked.checks[0].place = Place::default();
            }
            checked.checks[0].symptoms = symptoms;
            checked.checks[0].slot = slot.map(|(name, days)| SlotId { date: today.plus_days(days), name: name.parse().unwrap() });
            checked.into()
        }),
        2 => (direction, result, readings(at)).prop_map(|(direction, result, readings)| EntryRecorded { readings, ..entry(direction, result) }.into()),
        1 => (1..24_u64, result_of_settlement()).prop_map(|(entry, result)| settled(entry, result).into()),
        2 => prop::sample::select(Finding::ALL).prop_map(|found| finding(found).into()),
        // of p1, and of somebody they live with
        1 => prop::sample::select(Finding::ALL).prop_map(|found| FindingRecorded { who: Subject::person("p2".parse().unwrap()), housemates: vec!["p1".parse().unwrap()], ..finding(found) }.into()),
        1 => Just(exposure_undecided::taken_from_home().into()),
        1 => prop::sample::select(vec![None, Some("p1"), Some("p9")]).prop_map(move |person| arrival::arrived(person, today)),
        1 => prop::sample::select(vec!["p1", "p9"]).prop_map(move |person| arrival::declared(person, today).into()),
        1 => prop::sample::select(vec!["p1", "p9"]).prop_map(move |person| arrival::moved_in(person, at).into()),
        2 => (unit, -2..=0_i32).prop_map(move |(unit, days)| report(today.plus_days(days), unit).into()),
        1 => (0..8_i32).prop_map(move |days| extended(today.plus_days(days)).into()),
        2 => (prop::sample::select(vec!["am", "pm"]), -1..=1_i32).prop_map(move |(name, days)| waived(&[(today.plus_days(days), name)]).into()),
        1 => prop::sample::select(Kind::ALL).prop_map(|kind| moved(kind).into()),
        1 => prop::sample::select(ReleaseReason::ALL).prop_map(|reason| Released { reason, ..released() }.into()),
        1 => (prop::sample::select(vec!["r1", "r2"]), prop::option::of(1..72_i64))
            .prop_map(move |(round, hours)| door_missed::opened(round, hours.map(|hours| at.plus_minutes(60 * hours))).into()),
        1 => prop::sample::select(vec!["r1", "r2"]).prop_map(|round| door_missed::closed(round).into()),
        1 => prop::sample::select(vec!["502", "601"]).prop_map(|door| door_missed::household("h1", door).into()),
        2 => (2..9_u32, 1..4_u8, prop::sample::subsequence(vec![1, 2, 3], 0..3))
            .prop_map(|(n, level, vacant)| responsibility_gap::escalated("fever", "p1", n, level, &vacant).into()),
        1 => (2..9_u32).prop_map(|n| responsibility_gap::over("fever", "p1", n).into()),
        1 => (2..9_u32, prop::sample::select(vec![("b07", "b08"), ("b08", "b07")])).prop_map(|(n, between)| responsibility_gap::moved("fever", "p1", n, between)),
    ]
}

fn round() -> impl Strategy<Value = Option<domain::values::RoundId>> {
    prop::sample::select(vec![None, Some("r1"), Some("r2")]).prop_map(|round| round.map(|round| round.parse().unwrap()))
}

fn result_of_settlement() -> impl Strategy<Value = EntryResult> {
    prop::sample::select(EntryResult::ALL)
}

fn minutes(minutes: i64) -> Timestamp {
    at(BEGIN).plus_minutes(minutes)
}

/// An order and a building, then some facts; each was recorded at once or much later.
fn history(facts_max: usize) -> impl Strategy<Value = Vec<Commit>> {
    let fact = (0..MINUTES, prop::sample::select(vec![0, 5, 61, 2 * 24 * 60])).prop_flat_map(|(when, delay)| {
        let when = minutes(when);
        event(when).prop_map(move |event| (when, when.plus_minutes(delay), event))
    });
    // few days, so that an order runs out among the facts, or the regime's fourteen
    let days = prop::option::of(0..10_u16);
    let begun = (0..MINUTES / 2, prop::sample::select(Kind::ALL), days);
    (begun, prop::collection::vec(fact, 0..=facts_max)).prop_map(|((ordered_after, kind, days), facts)| {
        let from = minutes(ordered_after);
        let order = Ordered { days, ..ordered(kind, Zone::default().day_of(from)) };
        let begin = [commit(1, minutes(0), minutes(0), building(&["1", "2"])), commit(2, from, from, order)];
        let facts = facts.into_iter().zip(3..).map(|((at, recorded_at, event), number)| commit(number, at, recorded_at, event));
        begin.into_iter().chain(facts).collect()
    })
}

/// One thing to be checked of every rule there is, for every scope that a history touches.
trait Check: Sized {
    fn history(&self) -> &[Commit];

    fn check<R: Rule>(&self, scope: &Scope) -> Result<(), TestCaseError>;

    fn of_every_rule(&self) -> Result<(), TestCaseError> {
        let mut each = EachRule { check: self, outcome: Ok(()) };
        crate::register(&mut each);
        each.outcome
    }
}

struct EachRule<'a, C> {
    check: &'a C,
    outcome: Result<(), TestCaseError>,
}

impl<C: Check> Visitor for EachRule<'_, C> {
    fn visit<R: Rule>(&mut self) {
        let history = self.check.history();
        let touched = history.iter().flat_map(|commit| commit.events.iter().flat_map(|event| crate::scopes::<R>(event, &commit.header).unwrap()));
        for scope in touched.collect::<BTreeSet<_>>() {
            assert!(R::KINDS.contains(&scope.kind), "{} looks at {scope:?}", R::NAME);
            if self.outcome.is_ok() {
                self.outcome = self.check.check::<R>(&scope);
            }
        }
    }
}

struct SameMemory(Vec<Commit>, Vec<Commit>);

impl Check for SameMemory {
    fn history(&self) -> &[Commit] {
        &self.0
    }

    fn check<R: Rule>(&self, scope: &Scope) -> Result<(), TestCaseError> {
        let (one, other) = (memory::<R>(&self.0, scope), memory::<R>(&self.1, scope));
        prop_assert_eq!(&one, &other, "{}", R::NAME);
        prop_assert_eq!(rounds(&self.0), rounds(&self.1));
        let judged = |memory| in_the_end::<R>(memory, scope, &rounds(&self.0));
        prop_assert_eq!(judged(&one), judged(&other), "{}", R::NAME);
        let bytes = postcard::to_stdvec(&one).map_err(|error| TestCaseError::fail(error.to_string()))?;
        let read: R::Memory = postcard::from_bytes(&bytes).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(read, one, "{} as bytes", R::NAME);
        Ok(())
    }
}

/// What a rule says when all is known: in between, at the end, and when all is due.
fn in_the_end<R: Rule>(memory: &R::Memory, scope: &Scope, rounds: &Rounds) -> [Judgement; 3] {
    [MINUTES / 2, MINUTES, 2 * MINUTES].map(|now| judge_with::<R>(memory, scope, rounds, minutes(now)))
}

/// Memories may differ in what no longer matters, where less of it is kept than was told.
struct SameJudgement(Vec<Commit>, Vec<Commit>);

impl Check for SameJudgement {
    fn history(&self) -> &[Commit] {
        &self.0
    }

    fn check<R: Rule>(&self, scope: &Scope) -> Result<(), TestCaseError> {
        let judged = |commits| in_the_end::<R>(&memory::<R>(commits, scope), scope, &rounds(&self.0));
        prop_assert_eq!(judged(&self.0), judged(&self.1), "{}", R::NAME);
        Ok(())
    }
}

struct HonestUntilNextChange(Vec<Commit>, i64, f64);

impl Check for HonestUntilNextChange {
    fn history(&self) -> &[Commit] {
        &self.0
    }

    fn check<R: Rule>(&self, scope: &Scope) -> Result<(), TestCaseError> {
        let Self(commits, now, part) = self;
        let memory = memory::<R>(commits, scope);
        let rounds = rounds(commits);
        let judge = |now| judge_with::<R>(&memory, scope, &rounds, now);
        let now = minutes(*now);
        let judged = judge(now);
        let until = judged.next_change.unwrap_or(minutes(3 * MINUTES));
        prop_assert!(until > now, "{}: {until} is not after {now}", R::NAME);
        #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "some instant in between")]
        let between = now.plus_ms(((until.0 - now.0 - 1) as f64 * part) as i64);
        for instant in [between, until.plus_ms(-1)] {
            prop_assert_eq!(judge(instant), judged.clone(), "{} between {} and {}", R::NAME, now, until);
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn any_order_and_duplicates_make_no_difference((commits, shuffled) in history(20).prop_flat_map(|commits| {
        let twice: Vec<Commit> = commits.iter().chain(commits.iter().step_by(3)).cloned().collect();
        (Just(commits), Just(twice).prop_shuffle())
    })) {
        SameMemory(commits, shuffled).of_every_rule()?;
    }

    #[test]
    fn nothing_changes_before_next_change(commits in history(20), now in 0..2 * MINUTES, part in 0.0..1.0_f64) {
        HonestUntilNextChange(commits, now, part).of_every_rule()?;
    }

    #[test]
    // few enough that none was forgotten for a newer one, which would not come back
    fn a_retraction_is_as_if_it_had_never_happened(commits in history(8), place in any::<prop::sample::Index>()) {
        let field_fact = |commit: &&Commit| {
            use Event::{ArrivalDeclared, BuildingReported, EntryRecorded, EntrySettled, FindingRecorded, HouseholdExposed, QuarantineChecked, VisitRecorded};
            matches!(commit.events[0], VisitRecorded(_) | ArrivalDeclared(_) | BuildingReported(_) | EntryRecorded(_) | EntrySettled(_) | FindingRecorded(_) | HouseholdExposed(_) | QuarantineChecked(_))
        };
        let facts: Vec<&Commit> = commits.iter().filter(field_fact).collect();
        prop_assume!(!facts.is_empty());
        let original = (*place.get(&facts)).clone();
        let without: Vec<Commit> = commits.iter().filter(|commit| **commit != original).cloned().collect();
        let retraction = commit(99, minutes(MINUTES), minutes(MINUTES), retracted(&original));
        let with: Vec<Commit> = commits.into_iter().chain([retraction]).collect();
        SameJudgement(with, without).of_every_rule()?;
    }

    #[test]
    fn what_is_kept_of_too_many_facts_does_not_depend_on_their_order(seed in Just((1..=300_u64).collect::<Vec<_>>()).prop_shuffle()) {
        let measured = |number: &u64| {
            let when = minutes(i64::try_from(*number).unwrap() * 7 % 1009);
            commit(*number, when, when, visit(found(vec![reading(Site::Axilla, 360 + i16::try_from(number % 20).unwrap(), when)])))
        };
        let sorted: Vec<Commit> = (1..=300).map(|number| measured(&number)).collect();
        let shuffled: Vec<Commit> = seed.iter().map(measured).collect();
        prop_assert_eq!(memory::<Fever>(&sorted, &person()), memory::<Fever>(&shuffled, &person()));
    }
}
