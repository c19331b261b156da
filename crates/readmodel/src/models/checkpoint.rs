//! A checkpoint: what it is, how many came through it when, and when it was last heard of.

use std::collections::BTreeMap;

use domain::{
    Event, Evolve, Fact, Newest,
    checkpoint::{self, EntryResult},
    values::{CheckpointId, MINUTE_MS, Timestamp},
};
use serde::{Deserialize, Serialize};

use crate::ReadModel;

/// Length of a span of counting, in milliseconds: every civil day of every zone in use begins at a quarter of an hour.
pub const SPAN_MS: i64 = 15 * MINUTE_MS;
/// Most spans kept: more than the longest civil day, and its yesterday.
pub const SPANS_MAX: usize = 200;
/// Most last signs of life kept.
pub const SIGNS_MAX: usize = 8;

/// Entries within one span.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// All.
    pub entries: u32,
    /// Not admitted at once, or with a card that was not theirs, or under an order.
    pub abnormal: u32,
}

/// A checkpoint.
///
/// Entries are counted, not kept: a thousand a day would be too many. An entry is counted once because a row takes in each
/// commit once; the log holds each command once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The checkpoint.
    pub checkpoint: CheckpointId,
    /// What decisions know of it too; nothing before it was opened.
    pub state: Option<checkpoint::State>,
    /// Entries by the number of their span since 1970.
    pub counts: BTreeMap<i64, Count>,
    /// When somebody last came through.
    pub signs: Newest<Timestamp, SIGNS_MAX>,
}

/// The read model.
#[derive(Debug)]
pub struct Checkpoint;

impl ReadModel for Checkpoint {
    const NAME: &'static str = "checkpoint";
    const VERSION: u32 = 3;
    type Key = CheckpointId;
    type Row = Row;

    fn keys(fact: &Fact<'_>) -> Vec<CheckpointId> {
        match fact.event {
            Event::EntryRecorded(event) => vec![event.checkpoint.clone()],
            Event::EntrySettled(event) => vec![event.checkpoint.clone()],
            _ => checkpoint::Checkpoint::touched(fact.event, fact.header),
        }
    }

    fn evolve(row: Option<Row>, key: &CheckpointId, fact: &Fact<'_>) -> Option<Row> {
        let empty = || Row { checkpoint: key.clone(), state: None, counts: BTreeMap::new(), signs: Newest::default() };
        let mut row = row.unwrap_or_else(empty);
        match fact.event {
            Event::EntryRecorded(entry) => {
                let count = row.counts.entry(span_of(fact.header.at)).or_default();
                count.entries = count.entries.saturating_add(1);
                count.abnormal = count.abnormal.saturating_add(u32::from(is_abnormal(entry)));
                while row.counts.len() > SPANS_MAX {
                    row.counts.pop_first();
                }
                row.signs.keep(fact.id(), fact.header.at);
            }
            Event::EntrySettled(_) => row.signs.keep(fact.id(), fact.header.at),
            _ => row.state = checkpoint::Checkpoint::evolve(row.state, key, fact),
        }
        Some(row)
    }

    fn take_back(mut row: Row, _: &CheckpointId, fact: &Fact<'_>) -> Option<Row> {
        row.signs.take_back(fact.header.command);
        if let Event::EntryRecorded(entry) = fact.event {
            let span = span_of(fact.header.at);
            if let Some(count) = row.counts.get_mut(&span) {
                count.entries = count.entries.saturating_sub(1);
                count.abnormal = count.abnormal.saturating_sub(u32::from(is_abnormal(entry)));
                if *count == Count::default() {
                    row.counts.remove(&span);
                }
            }
        }
        Some(row)
    }
}

fn span_of(at: Timestamp) -> i64 {
    at.0.div_euclid(SPAN_MS)
}

fn is_abnormal(entry: &checkpoint::EntryRecorded) -> bool {
    entry.result != EntryResult::Admitted || entry.id_match == Some(false) || !entry.orders.is_empty()
}

impl Row {
    /// Entries from one instant up to but without another, to the span.
    pub fn entries_between(&self, from: Timestamp, to: Timestamp) -> Count {
        let spans = self.counts.range(span_of(from)..span_of(to));
        spans.fold(Count::default(), |sum, (_, count)| Count {
            entries: sum.entries.saturating_add(count.entries),
            abnormal: sum.abnormal.saturating_add(count.abnormal),
        })
    }
}
