//! The same random operations on a map and on the store: nobody can tell them apart.

use std::collections::BTreeMap;

use domain::log::{CommitHash, LogPosition};
use proptest::prelude::*;
use store::{Faults, Key, Options, Prefix, RawRow, Row, Store, Table, Unit, View};
use tempfile::TempDir;

const ROWS: Table = Table::new("rows", 1);
const MARKS: Table = Table::new("marks", 1);
const COMMUNITIES: [&str; 3] = ["u", "u0", "u07"];

type Model = BTreeMap<(&'static str, Key), RawRow>;

#[derive(Clone, Debug)]
enum Op {
    Put { name: Name, value: Vec<u8> },
    Delete { name: Name },
    Mark { name: Name },
    Unmark { name: Name },
}

/// A key of a small space, so that operations meet each other.
#[derive(Clone, Debug)]
struct Name {
    community: usize,
    text: String,
    number: u8,
}

impl Name {
    fn key(&self) -> Key {
        Key::community(COMMUNITIES[self.community]).text(&self.text).u8(self.number)
    }
}

#[derive(Clone, Debug)]
enum Step {
    Apply(Vec<Vec<Op>>),
    Advance,
    Flush,
    Reopen,
    Clear,
    OpenView,
    Look(Look),
}

/// A reading that is compared: of which community, from which key on, how many, which way.
#[derive(Clone, Debug)]
struct Look {
    community: Option<usize>,
    beyond: Option<Name>,
    until: Name,
    limit: usize,
}

fn name() -> impl Strategy<Value = Name> {
    (0..COMMUNITIES.len(), "[a\u{0}]{0,2}", prop_oneof![Just(0), Just(255), 0..40_u8]).prop_map(|(community, text, number)| Name { community, text, number })
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => (name(), prop::collection::vec(any::<u8>(), 0..12)).prop_map(|(name, value)| Op::Put { name, value }),
        2 => name().prop_map(|name| Op::Delete { name }),
        2 => name().prop_map(|name| Op::Mark { name }),
        1 => name().prop_map(|name| Op::Unmark { name }),
    ]
}

fn look() -> impl Strategy<Value = Look> {
    (prop::option::of(0..COMMUNITIES.len()), prop::option::of(name()), name(), 0..60_usize).prop_map(|(community, beyond, until, limit)| Look {
        community,
        beyond,
        until,
        limit,
    })
}

fn step() -> impl Strategy<Value = Step> {
    let unit = prop::collection::vec(op(), 1..6);
    prop_oneof![
        12 => prop::collection::vec(unit, 1..12).prop_map(Step::Apply),
        4 => Just(Step::Advance),
        3 => Just(Step::Flush),
        1 => Just(Step::Reopen),
        1 => Just(Step::Clear),
        4 => Just(Step::OpenView),
        8 => look().prop_map(Step::Look),
    ]
}

fn position(sequence: u64) -> LogPosition {
    LogPosition { stream: "s".into(), sequence, hash: CommitHash::of(&sequence.to_be_bytes()) }
}

struct Run {
    dir: TempDir,
    every_ms: u64,
    store: Store,
    model: Model,
    views: Vec<(View, Model)>,
    sequence: u64,
}

impl Run {
    fn open(dir: &TempDir, every_ms: u64) -> Store {
        let mut options = Options::new([MARKS, ROWS]);
        options.flush_every_ms = every_ms;
        options.cache_bytes = 1 << 20;
        options.faults = Faults { batch_ops_max: Some(7), view_wait_ms: Some(600_000), ..Faults::default() };
        Store::open(dir.path(), options).unwrap()
    }

    fn new(every_ms: u64) -> Self {
        let dir = TempDir::new().unwrap();
        let store = Self::open(&dir, every_ms);
        Self { dir, every_ms, store, model: Model::new(), views: Vec::new(), sequence: 0 }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Apply(units) => self.apply(units),
            Step::Advance => {
                self.store.advance(position(self.sequence)).unwrap();
                assert_eq!(self.store.position().unwrap(), position(self.sequence));
            }
            Step::Flush => {
                self.views.clear();
                self.store.flush().unwrap();
                assert_eq!(self.store.checkpoint().unwrap(), self.store.position().unwrap());
                assert_eq!(self.store.stats().unwrap().rows_dirty, 0);
            }
            Step::Reopen => self.reopen(),
            Step::Clear => {
                self.store.clear().unwrap();
                self.model.clear();
                self.sequence = 0;
                assert_eq!(self.store.position().unwrap(), LogPosition::default());
            }
            Step::OpenView => self.views.push((self.store.view().unwrap(), self.model.clone())),
            Step::Look(look) => {
                compare(&self.store.view().unwrap(), &self.model, &look);
                for (view, model) in &self.views {
                    compare(view, model, &look);
                }
                self.compare_gets(&look.until.key());
            }
        }
    }

    fn apply(&mut self, units: Vec<Vec<Op>>) {
        let mut resolved = Vec::new();
        for ops in units {
            self.sequence += 1;
            let mut unit = Unit::new(self.sequence);
            for op in ops {
                unit = match op {
                    Op::Put { name, value } => {
                        let raw = RawRow { sequence: self.sequence, value: with_length(&value) };
                        self.model.insert((ROWS.name, name.key()), raw);
                        unit.put(ROWS, name.key(), &value)
                    }
                    Op::Delete { name } => {
                        self.model.remove(&(ROWS.name, name.key()));
                        unit.delete(ROWS, name.key())
                    }
                    Op::Mark { name } => {
                        self.model.insert((MARKS.name, name.key()), RawRow { sequence: 0, value: Vec::new() });
                        unit.mark(MARKS, name.key())
                    }
                    Op::Unmark { name } => {
                        self.model.remove(&(MARKS.name, name.key()));
                        unit.unmark(MARKS, name.key())
                    }
                };
            }
            resolved.push(unit);
        }
        self.store.apply(resolved).unwrap();
    }

    fn reopen(&mut self) {
        self.views.clear();
        self.store.advance(position(self.sequence)).unwrap();
        self.store.close().unwrap();
        self.store = Self::open(&self.dir, self.every_ms);
        assert_eq!(self.store.position().unwrap(), position(self.sequence));
        assert_eq!(self.store.checkpoint().unwrap(), position(self.sequence));
    }

    fn compare_gets(&self, key: &Key) {
        let expected = self.model.get(&(ROWS.name, key.clone())).cloned();
        assert_eq!(self.store.get_raw(ROWS, key).unwrap(), expected, "get of {key:?}");
        let row: Option<Row<Vec<u8>>> = self.store.get(ROWS, key).unwrap();
        let row = row.map(|row| RawRow { sequence: row.sequence, value: with_length(&row.value) });
        assert_eq!(row, expected, "decoded get of {key:?}");
        let mark = self.store.get_raw(MARKS, key).unwrap();
        assert_eq!(mark, self.model.get(&(MARKS.name, key.clone())).cloned(), "mark {key:?}");
    }
}

/// How postcard writes a short list of bytes.
fn with_length(value: &[u8]) -> Vec<u8> {
    [&[u8::try_from(value.len()).unwrap()], value].concat()
}

fn compare(view: &View, model: &Model, look: &Look) {
    let prefix = match look.community {
        Some(community) => Key::community(COMMUNITIES[community]).prefix(),
        None => Prefix::all_communities_of_table(),
    };
    let beyond = look.beyond.as_ref().map(Name::key);
    for table in [ROWS, MARKS] {
        let of_table: Vec<(Key, RawRow)> =
            model.iter().filter(|((name, _), _)| *name == table.name).map(|((_, key), row)| (key.clone(), row.clone())).collect();
        let covered = of_table.iter().filter(|(key, _)| prefix.covers(key));
        let after = covered.clone().filter(|(key, _)| beyond.as_ref().is_none_or(|beyond| key > beyond));
        let expected: Vec<_> = after.take(look.limit).cloned().collect();
        let found = view.scan_raw(table, &prefix, beyond.as_ref(), look.limit).unwrap();
        assert_eq!(found, expected, "scan of {} with {look:?}", table.name);
        let expected: Vec<Key> = expected.into_iter().map(|(key, _)| key).collect();
        assert_eq!(view.scan_keys(table, &prefix, beyond.as_ref(), look.limit).unwrap(), expected);

        let (start, end) = (beyond.clone().unwrap_or(look.until.key()), look.until.key());
        let inside = of_table.iter().filter(|(key, _)| *key >= start && *key < end);
        let expected: Vec<Key> = inside.take(look.limit).map(|(key, _)| key.clone()).collect();
        assert_eq!(view.scan_keys_range(table, &start..&end, look.limit).unwrap(), expected);

        if table == ROWS {
            let before = covered.rev().filter(|(key, _)| beyond.as_ref().is_none_or(|beyond| key < beyond));
            let expected: Vec<_> = before.take(look.limit).cloned().collect();
            let found: Vec<(Key, Row<Vec<u8>>)> = view.scan_back(ROWS, &prefix, beyond.as_ref(), look.limit).unwrap();
            let found: Vec<_> = found.into_iter().map(|(key, row)| (key, RawRow { sequence: row.sequence, value: with_length(&row.value) })).collect();
            assert_eq!(found, expected, "scan back with {look:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_store_answers_as_a_map_does(every_ms in prop_oneof![Just(1), Just(600_000)], steps in prop::collection::vec(step(), 1..60)) {
        let mut run = Run::new(every_ms);
        for step in steps {
            run.step(step);
        }
    }
}

/// More dirty rows than one hold of the lock copies, in the layer that is being written and in the one after it, over rows on
/// disk, walked in both directions.
#[test]
fn long_scans_are_merged_piece_by_piece() {
    let mut run = Run::new(1);
    let name = |number: u32| Name { community: 1, text: format!("{number:04}"), number: 0 };
    let put = |number| vec![Op::Put { name: name(number), value: vec![1] }];
    let delete = |number| vec![Op::Delete { name: name(number) }];
    run.step(Step::Apply((0..2000).step_by(3).map(put).collect()));
    run.step(Step::Flush);
    // the view stands in the writer's way: it takes the next rows and waits
    run.step(Step::OpenView);
    run.step(Step::Apply((0..2000).step_by(2).map(put).collect()));
    while run.store.stats().unwrap().rows_writing == 0 {
        std::thread::yield_now();
    }
    run.step(Step::Apply((0..2000).step_by(5).map(delete).collect()));
    run.step(Step::Apply((300..2000).step_by(7).map(put).collect()));
    for limit in [0, 1, 255, 256, 257, 1000, 10_000] {
        for beyond in [None, Some(name(777))] {
            let look = Look { community: Some(1), beyond, until: name(1500), limit };
            run.step(Step::Look(look));
        }
    }
}
