//! The power fails between any two batches; the fold goes on from the checkpoint; the rows come out equal.

use proptest::prelude::*;
use store::{Faults, Store};
use tempfile::TempDir;

use crate::ledger;

/// Far away: in these tests only a flush writes, so that a case is the same every time it runs.
const NEVER_MS: u64 = 3_600_000;

fn open(dir: &TempDir, faults: Faults) -> Store {
    let mut options = ledger::options();
    options.flush_every_ms = NEVER_MS;
    options.faults = faults;
    Store::open(dir.path(), options).unwrap()
}

/// Folds what the store does not hold yet, with a flush every so often; says whether the power failed.
fn fold_from_checkpoint(store: &Store, log: &[(u64, ledger::Event, u32)], flush_every: usize) -> bool {
    let from = usize::try_from(store.position().unwrap().sequence).unwrap();
    for (count, entry) in log[from..].iter().enumerate() {
        let folded = ledger::fold(store, *entry);
        let flushed = if (count + 1) % flush_every == 0 { store.flush() } else { Ok(()) };
        if folded.and(flushed).is_err() {
            return true;
        }
    }
    store.flush().is_err()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_crash_between_any_two_batches_loses_and_doubles_nothing(
        events in prop::collection::vec(ledger::event(40), 1..300),
        flush_every in 10..120_usize,
        batch_ops_max in 1..12_usize,
        crashes in prop::collection::vec(0..40_u32, 1..5),
    ) {
        let log: Vec<_> = ledger::log(events).collect();
        let calm_dir = TempDir::new().unwrap();
        let calm = open(&calm_dir, Faults::default());
        prop_assert!(!fold_from_checkpoint(&calm, &log, log.len() + 1));

        let dir = TempDir::new().unwrap();
        for batches in crashes {
            let faults = Faults { crash_after_batches: Some(batches), batch_ops_max: Some(batch_ops_max), ..Faults::default() };
            let store = open(&dir, faults);
            let when = format!("opened to crash after {batches} batches");
            ledger::assert_whole(&store, &when);
            ledger::assert_not_behind(&store, &log, &when);
            fold_from_checkpoint(&store, &log, flush_every);
        }
        let store = open(&dir, Faults::default());
        ledger::assert_whole(&store, "after the last crash");
        ledger::assert_not_behind(&store, &log, "after the last crash");
        prop_assert!(!fold_from_checkpoint(&store, &log, log.len() + 1));
        prop_assert_eq!(store.checkpoint().unwrap(), ledger::position(log.len() as u64));
        prop_assert_eq!(ledger::dump(&store), ledger::dump(&calm));
        ledger::assert_whole(&store, "at the end");
    }
}
