//! A small community for tests: a building with two units, three households, four people, an order, a round, a gate.
#![allow(dead_code, reason = "every test file takes its part of it")]

use std::collections::BTreeMap;

use domain::{
    Event, Fact, Header,
    building::{Kind, Registered, ReportBasis, ReportScope, Reported, Unit},
    checkpoint::{self, Direction, EntryRecorded, EntryResult},
    commit::Role,
    community::Founded,
    household,
    medical::{Finding, FindingRecorded},
    person,
    quarantine::{CheckFound, CheckOutcome, Checked, CountBasis, Ordered},
    record::{Retracted, StoredEvent},
    round,
    values::{CommandId, CommunityId, Day, Place, Precision, Reading, Site, Slug, Subject, Timestamp},
    visit::{self, Mode, Outcome, PersonFound},
};
use readmodel::{Part, ReadModel, RowKey, for_each_model, taken_back};

/// A decision of one event.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) sequence: u64,
    pub(crate) header: Header,
    pub(crate) event: Event,
}

/// Rows of all models as bytes, by model and key.
pub(crate) type Rows = BTreeMap<(&'static str, Vec<Part>), Vec<u8>>;

pub(crate) fn id<T: std::str::FromStr>(text: &str) -> T
where
    T::Err: std::fmt::Debug,
{
    text.parse().unwrap()
}

pub(crate) fn at(text: &str) -> Timestamp {
    id(&format!("{text}:00+08:00"))
}

pub(crate) fn day(text: &str) -> Day {
    id(text)
}

pub(crate) fn told(sequence: u64, happened: Timestamp, recorded: Timestamp, event: impl Into<Event>) -> Told {
    let header = Header {
        epoch: 1,
        community: id::<CommunityId>("c1"),
        command: CommandId(uuid::Uuid::from_u128(u128::from(sequence))),
        content: [0; 16],
        actor: id("office"),
        role: Role::Office,
        by: Vec::new(),
        via: None,
        paper: None,
        at: happened,
        precision: Precision::Minute,
        recorded_at: recorded,
        correlation: None,
        cause: None,
        replaces: None,
        exercise: false,
        version: 1,
        previous: domain::log::CommitHash::default(),
    };
    Told { sequence, header, event: event.into() }
}

impl Told {
    pub(crate) fn fact(&self) -> Fact<'_> {
        Fact { sequence: self.sequence, index: 0, header: &self.header, event: &self.event }
    }

    pub(crate) fn retracted(&self, sequence: u64) -> Self {
        let stored = StoredEvent { name: self.event.name().to_owned(), payload: self.event.encode().unwrap() };
        let retracted = Retracted { command: self.header.command, at: self.header.at, events: vec![stored], private: None };
        told(sequence, self.header.at, self.header.recorded_at, retracted)
    }
}

pub(crate) fn place(household: &str) -> Place {
    let (unit, door) = match household {
        "h1" => ("1", "101"),
        "h2" => ("1", "201"),
        _ => ("2", "101"),
    };
    Place {
        estate: None,
        building: Some(id("b07")),
        unit: Some(unit.to_owned()),
        floor: door[..1].parse().ok(),
        door: Some(door.to_owned()),
        household: Some(id(household)),
    }
}

/// A door of the building that has no household's file.
pub(crate) fn bare_place() -> Place {
    Place { household: None, unit: Some("2".to_owned()), floor: Some(2), door: Some("201".to_owned()), ..place("h3") }
}

/// Registrations, in their order.
pub(crate) fn registrations() -> Vec<Told> {
    let start = at("2020-02-01T09:00");
    let unit = |name: &str| Unit { unit: name.to_owned(), name: None, floors: 2, doors: vec!["101".to_owned(), "201".to_owned()] };
    let founded = Founded { town: id("t1"), town_name: "镇".to_owned(), name: "社区".to_owned(), time_zone: "Asia/Shanghai".to_owned() };
    let building = Registered {
        building: id("b07"),
        name: "7号楼".to_owned(),
        kind: Kind::Block,
        estate: None,
        grid: None,
        units: vec![unit("1"), unit("2")],
        private: None,
        address_fingerprint: None,
    };
    let mut events: Vec<Event> = vec![founded.into(), building.into()];
    for household in ["h1", "h2", "h3"] {
        events.push(household::Registered { household: id(household), place: place(household), private: None, file_fingerprint: 0 }.into());
    }
    for (person, household) in [("p1", "h1"), ("p2", "h1"), ("p3", "h2"), ("p4", "h3")] {
        let registered = person::Registered { person: id(person), birth_year: None, sex: None, categories: Vec::new(), private: None, identity_fingerprint: 0 };
        events.push(registered.into());
        let kind = person::ResidenceKind::Lives;
        events.push(person::ResidenceStarted { person: id(person), place: place(household), kind, from: start, private: None }.into());
    }
    let opened = checkpoint::Opened { checkpoint: id("gate"), name: "东门".to_owned(), kind: checkpoint::Kind::Gate, serves: Vec::new() };
    let reached_by = vec![Mode::Door, Mode::Phone];
    let round = round::Opened { round: id("r1"), name: None, scope: None, closes_at: None, reached_by, questions: Vec::new() };
    let ordered = Ordered {
        quarantine: id("q1"),
        person: id("p1"),
        kind: domain::quarantine::Kind::Home,
        place: place("h1"),
        facility: None,
        room: None,
        regime: None,
        day_0: day("2020-02-01"),
        basis: CountBasis::Exposure,
        days: None,
    };
    events.extend([opened.into(), round.into(), ordered.into()]);
    events.into_iter().zip(1..).map(|(event, sequence)| told(sequence, start, start, event)).collect()
}

pub(crate) fn reading(tenths: i16, at: Timestamp) -> Reading {
    Reading { site: Site::Axilla, tenths_celsius: Some(tenths), unreadable: None, at }
}

pub(crate) fn visit(place: Place, outcome: Outcome, round: Option<&str>, people: Vec<PersonFound>) -> visit::Recorded {
    visit::Recorded { place, round: round.map(id), outcome, mode: Mode::Door, people, call_back_at: None, private: None }
}

pub(crate) fn found(person: &str, tenths: i16, at: Timestamp) -> PersonFound {
    PersonFound {
        who: Subject::person(id(person)),
        basis: visit::Basis::Seen,
        presence: visit::Presence::Here,
        readings: vec![reading(tenths, at)],
        not_measured: None,
        symptoms: Some(Vec::new()),
        exposure: None,
        orders: if person == "p1" { vec![id("q1")] } else { Vec::new() },
        private: None,
    }
}

pub(crate) fn finding(person: &str, finding: Finding) -> FindingRecorded {
    FindingRecorded { who: Subject::person(id(person)), finding, home: Some(place("h1")), housemates: Vec::new(), facility: None, private: None }
}

pub(crate) fn report(units: &[&str], for_date: Day, absent: Option<Place>) -> Reported {
    let scope = |unit: Option<&str>| ReportScope { building: id("b07"), unit: unit.map(str::to_owned) };
    let scopes = if units.is_empty() { vec![scope(None)] } else { units.iter().map(|unit| scope(Some(unit))).collect() };
    let exception = |place| domain::building::Exception { place, kind: domain::building::ExceptionKind::Absent, private: None };
    Reported { scopes, for_date, basis: ReportBasis::Seen, exceptions: absent.into_iter().map(exception).collect() }
}

pub(crate) fn check(outcome: CheckOutcome, tenths: i16, at: Timestamp) -> Checked {
    let found = CheckFound {
        quarantine: id("q1"),
        person: id("p1"),
        place: place("h1"),
        outcome,
        readings: if outcome == CheckOutcome::Reached { vec![reading(tenths, at)] } else { Vec::new() },
        not_measured: None,
        symptoms: (outcome == CheckOutcome::Reached).then(Vec::new),
        slot: None,
    };
    Checked { checks: vec![found], mode: Mode::Phone }
}

pub(crate) fn entry(person: &str, result: EntryResult) -> EntryRecorded {
    EntryRecorded {
        checkpoint: id("gate"),
        direction: Direction::In,
        who: Subject::person(id(person)),
        home: Some(place("h1")),
        orders: Vec::new(),
        trip: None::<Slug>,
        occupants: None,
        readings: Vec::new(),
        id_checked: true,
        pass_checked: true,
        id_match: Some(true),
        result,
        private: None,
    }
}

/// Folds a fact into the rows of one model.
pub(crate) fn fold_one<M: ReadModel>(rows: &mut BTreeMap<M::Key, M::Row>, told: &Told) {
    let fact = told.fact();
    if let Some(taken_back) = taken_back(&fact).unwrap() {
        for original in taken_back.facts() {
            for key in M::keys(&original) {
                let row = rows.remove(&key).and_then(|row| M::take_back(row, &key, &original));
                rows.extend(row.map(|row| (key, row)));
            }
        }
    }
    for key in M::keys(&fact) {
        let row = M::evolve(rows.remove(&key), &key, &fact);
        rows.extend(row.map(|row| (key, row)));
    }
}

/// The rows of one model after some facts.
pub(crate) fn rows_of<M: ReadModel>(facts: &[Told]) -> BTreeMap<M::Key, M::Row> {
    let mut rows = BTreeMap::new();
    facts.iter().for_each(|told| fold_one::<M>(&mut rows, told));
    rows
}

/// The rows of all models but those named, after some facts.
pub(crate) fn fold(facts: &[Told], without: &[&str]) -> Rows {
    let mut all = Rows::new();
    macro_rules! fold_all {
        ($($model:ty),+ $(,)?) => {$(
            if !without.contains(&<$model>::NAME) {
                let rows = rows_of::<$model>(facts);
                all.extend(rows.iter().map(|(key, row)| ((<$model>::NAME, key.parts()), postcard::to_stdvec(row).unwrap())));
            }
        )+};
    }
    for_each_model!(fold_all);
    all
}
