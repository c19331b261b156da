//! Tables at every edge, and properties over random histories.

mod absent_n_times;
mod arrival;
mod building_silent;
mod check_overdue;
mod cluster;
mod door_missed;
mod escalation;
mod exposure_undecided;
mod fever;
mod properties;
mod quarantine_breach;
mod refused;
mod release_due;
mod responsibility_gap;
mod symptom;

use domain::{
    Commit, Event, Fact, Header, Role,
    alert::{Firing, Severity},
    building::{Registered, ReportBasis, ReportScope, Reported, Unit},
    checkpoint::{Direction, EntryRecorded, EntryResult, EntrySettled},
    community::{Change, Policy, RuleChange},
    log::CommitHash,
    medical::{Finding, FindingRecorded},
    obligation::SlotId,
    quarantine::{CheckFound, CheckOutcome, Checked, CountBasis, Extended, Kind, Moved, Ordered, ReleaseReason, Released, SlotsWaived},
    record::{Retracted, StoredEvent},
    values::{CommandId, Day, Place, Precision, Reading, Site, Subject, Timestamp, Unreadable, Zone},
    visit::{Basis, Exposure, Mode, Outcome, PersonFound, Presence, Recorded},
};

use crate::{Judgement, Rounds, Rule, Scope, ScopeKind, Shared, Verdict, Visitor, word};

/// `2020-02-06T15:04` in Shanghai.
fn at(text: &str) -> Timestamp {
    format!("{text}:00+08:00").parse().unwrap()
}

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn command(number: u64) -> CommandId {
    CommandId(uuid::Uuid::from_u128(u128::from(number)))
}

/// The first event of a command.
fn event_id(number: u64) -> String {
    format!("{}-0", command(number))
}

fn commit(number: u64, at: Timestamp, recorded_at: Timestamp, event: impl Into<Event>) -> Commit {
    let header = Header {
        epoch: 1,
        community: "u07".parse().unwrap(),
        command: command(number),
        content: [0; 16],
        actor: "t".parse().unwrap(),
        role: Role::Leader,
        by: Vec::new(),
        via: None,
        paper: None,
        at,
        precision: Precision::Minute,
        recorded_at,
        correlation: None,
        cause: None,
        replaces: None,
        exercise: false,
        version: 1,
        previous: CommitHash::default(),
    };
    Commit { header, events: vec![event.into()] }
}

fn person() -> Scope {
    Scope::of(ScopeKind::Person, "p1").unwrap()
}

fn subject() -> Subject {
    Subject::person("p1".parse().unwrap())
}

fn home() -> Place {
    Place { building: Some("b07".parse().unwrap()), household: Some("h1".parse().unwrap()), ..Place::default() }
}

fn reading(site: Site, tenths: i16, at: Timestamp) -> Reading {
    Reading { site, tenths_celsius: Some(tenths), unreadable: None, at }
}

fn unreadable(word: Unreadable, at: Timestamp) -> Reading {
    Reading { site: Site::Forehead, tenths_celsius: None, unreadable: Some(word), at }
}

fn found(readings: Vec<Reading>) -> PersonFound {
    PersonFound {
        who: subject(),
        basis: Basis::Seen,
        presence: Presence::Here,
        readings,
        not_measured: None,
        symptoms: Some(Vec::new()),
        exposure: None,
        orders: Vec::new(),
        private: None,
    }
}

fn exposed() -> PersonFound {
    PersonFound { exposure: Some(Exposure { left_on: None, arrived_on: None }), ..found(Vec::new()) }
}

fn visit(person: PersonFound) -> Recorded {
    Recorded { place: home(), round: None, outcome: Outcome::Met, mode: Mode::Door, people: vec![person], call_back_at: None, private: None }
}

fn ordered(kind: Kind, day_0: Day) -> Ordered {
    Ordered {
        quarantine: "q1".parse().unwrap(),
        person: "p1".parse().unwrap(),
        kind,
        place: home(),
        facility: None,
        room: None,
        regime: None,
        day_0,
        basis: CountBasis::Order,
        days: None,
    }
}

fn released() -> Released {
    Released { quarantine: "q1".parse().unwrap(), person: "p1".parse().unwrap(), place: home(), reason: ReleaseReason::Moved, private: None }
}

fn extended(until: Day) -> Extended {
    Extended { quarantine: "q1".parse().unwrap(), person: "p1".parse().unwrap(), place: home(), until }
}

/// Of these slots nothing is owed, by the day and the name of each.
fn waived(slots: &[(Day, &str)]) -> SlotsWaived {
    let slots = slots.iter().map(|(date, name)| SlotId { date: *date, name: name.parse().unwrap() }).collect();
    SlotsWaived { quarantine: "q1".parse().unwrap(), person: "p1".parse().unwrap(), place: home(), slots, private: None }
}

/// From home to a place without a door.
fn moved(kind: Kind) -> Moved {
    Moved { quarantine: "q1".parse().unwrap(), person: "p1".parse().unwrap(), kind, from: home(), to: Place::default(), facility: None, room: None }
}

fn checked(outcome: CheckOutcome, readings: Vec<Reading>) -> Checked {
    let check = CheckFound {
        quarantine: "q1".parse().unwrap(),
        person: "p1".parse().unwrap(),
        place: home(),
        outcome,
        readings,
        not_measured: Some(domain::visit::NotMeasured::Other),
        symptoms: Some(Vec::new()),
        slot: None,
    };
    Checked { checks: vec![check], mode: Mode::Door }
}

fn finding(finding: Finding) -> FindingRecorded {
    FindingRecorded { who: subject(), finding, home: Some(home()), housemates: vec!["p2".parse().unwrap()], facility: None, private: None }
}

fn entry(direction: Direction, result: EntryResult) -> EntryRecorded {
    EntryRecorded {
        checkpoint: "gate-1".parse().unwrap(),
        direction,
        who: subject(),
        home: Some(home()),
        orders: Vec::new(),
        trip: None,
        occupants: None,
        readings: Vec::new(),
        id_checked: true,
        pass_checked: false,
        id_match: None,
        result,
        private: None,
    }
}

fn settled(entry_number: u64, result: EntryResult) -> EntrySettled {
    EntrySettled {
        entry: command(entry_number),
        checkpoint: "gate-1".parse().unwrap(),
        direction: Direction::Out,
        who: subject(),
        home: Some(home()),
        orders: Vec::new(),
        readings: Vec::new(),
        result,
    }
}

fn building(units: &[&str]) -> Registered {
    let unit = |unit: &&str| Unit { unit: (*unit).to_owned(), name: None, floors: 6, doors: Vec::new() };
    Registered {
        building: "b07".parse().unwrap(),
        name: "7号楼".to_owned(),
        kind: domain::building::Kind::Block,
        estate: None,
        grid: None,
        units: units.iter().map(unit).collect(),
        private: None,
        address_fingerprint: None,
    }
}

fn report(for_date: Day, unit: Option<&str>) -> Reported {
    let scope = ReportScope { building: "b07".parse().unwrap(), unit: unit.map(str::to_owned) };
    Reported { scopes: vec![scope], for_date, basis: ReportBasis::Seen, exceptions: Vec::new() }
}

fn retracted(original: &Commit) -> Retracted {
    let stored = |event: &Event| StoredEvent { name: event.name().to_owned(), payload: event.encode().unwrap() };
    Retracted { command: original.header.command, at: original.header.at, events: original.events.iter().map(stored).collect(), private: None }
}

/// What a rule remembers of a scope after some commits, in the order given; the number of a command is its place in the log.
fn memory<R: Rule>(commits: &[Commit], scope: &Scope) -> R::Memory {
    let mut memory = R::Memory::default();
    for commit in commits {
        let sequence = u64::try_from(commit.header.command.0.as_u128()).unwrap();
        for (event, index) in commit.events.iter().zip(0..) {
            if crate::scopes::<R>(event, &commit.header).unwrap().contains(scope) {
                crate::evolve::<R>(&mut memory, scope, &Fact { sequence, index, header: &commit.header, event });
            }
        }
    }
    memory
}

/// What all scopes share, judged by: the usual policy, and the rounds of some commits.
fn judge_with<R: Rule>(memory: &R::Memory, scope: &Scope, rounds: &Rounds, now: Timestamp) -> Judgement {
    crate::judge::<R>(memory, scope, &Shared { policy: &Policy::default(), zone: &Zone::default(), rounds }, now)
}

/// The rounds of some commits.
fn rounds(commits: &[Commit]) -> Rounds {
    let mut rounds = Rounds::default();
    for commit in commits {
        for (event, index) in commit.events.iter().zip(0..) {
            rounds.evolve(&Fact { sequence: 1, index, header: &commit.header, event });
        }
    }
    rounds
}

/// What a rule says of a memory under a policy, without rounds.
fn judge_by<R: Rule>(memory: &R::Memory, scope: &Scope, policy: &Policy, now: Timestamp) -> Judgement {
    crate::judge::<R>(memory, scope, &Shared { policy, zone: &Zone::default(), rounds: &Rounds::default() }, now)
}

fn judge<R: Rule>(commits: &[Commit], scope: &Scope, now: Timestamp) -> Judgement {
    judge_with::<R>(&memory::<R>(commits, scope), scope, &rounds(commits), now)
}

fn firing<R: Rule>(commits: &[Commit], scope: &Scope, now: Timestamp) -> Option<Firing> {
    match judge::<R>(commits, scope, now).verdict {
        Verdict::Firing(firing) => Some(firing),
        Verdict::Recovering { .. } | Verdict::Quiet { .. } => None,
    }
}

fn severity<R: Rule>(commits: &[Commit], scope: &Scope, now: Timestamp) -> Option<Severity> {
    firing::<R>(commits, scope, now).map(|firing| firing.severity)
}

#[test]
fn names_and_kinds_are_slugs_and_names_are_used_once() {
    struct Names(Vec<&'static str>);
    impl Visitor for Names {
        fn visit<R: Rule>(&mut self) {
            self.0.push(R::NAME);
        }
    }
    let mut names = Names(Vec::new());
    crate::register(&mut names);
    for text in names.0.iter().copied().chain(ScopeKind::ALL.iter().map(|kind| kind.word())) {
        assert_eq!(word(text).as_str(), text);
    }
    for kind in ScopeKind::ALL {
        assert_eq!(ScopeKind::from_word(kind.word()), Some(*kind));
    }
    let mut unique = names.0.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), names.0.len(), "{:?}", names.0);
}

#[test]
fn a_rule_that_is_not_enabled_is_quiet_from_the_date_on_and_says_when_that_changes() {
    let commits = [commit(1, at("2020-02-06T08:00"), at("2020-02-06T08:00"), visit(found(vec![reading(Site::Axilla, 385, at("2020-02-06T08:00"))])))];
    let rules = |enabled| [(word("fever"), RuleChange { enabled: Some(enabled), ..RuleChange::default() })].into_iter().collect();
    let off = Change { rules: rules(false), ..Change::default() };
    let on = Change { rules: rules(true), ..Change::default() };
    let policy = Policy::default().changed(at("2020-02-06T09:00"), off).changed(at("2020-02-06T10:00"), on);
    let memory = memory::<crate::Fever>(&commits, &person());
    let judge = |now| judge_by::<crate::Fever>(&memory, &person(), &policy, at(now));
    let before = judge("2020-02-06T08:59");
    assert!(matches!(before.verdict, Verdict::Firing(_)));
    assert_eq!(before.next_change, Some(at("2020-02-06T09:00")));
    let during = judge("2020-02-06T09:00");
    assert_eq!((during.verdict, during.next_change), (Verdict::quiet(), Some(at("2020-02-06T10:00"))));
    assert!(matches!(judge("2020-02-06T10:00").verdict, Verdict::Firing(_)));
}
