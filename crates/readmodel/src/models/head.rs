//! How far a community's history goes.

use domain::{
    Fact,
    values::{CommandId, Timestamp},
};
use serde::{Deserialize, Serialize};

use crate::{Only, ReadModel};

/// The last commit of a community; the sequence of the row is its sequence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Sequence of the last commit.
    pub sequence: u64,
    /// Its command.
    pub command: CommandId,
    /// When it was recorded.
    pub recorded_at: Timestamp,
}

/// The read model.
#[derive(Debug)]
pub struct Head;

impl ReadModel for Head {
    const NAME: &'static str = "head";
    const VERSION: u32 = 1;
    type Key = Only;
    type Row = Row;

    fn keys(fact: &Fact<'_>) -> Vec<Only> {
        // once per commit
        if fact.index == 0 { vec![Only] } else { Vec::new() }
    }

    fn evolve(row: Option<Row>, _: &Only, fact: &Fact<'_>) -> Option<Row> {
        let this = Row { sequence: fact.sequence, command: fact.header.command, recorded_at: fact.header.recorded_at };
        Some(row.filter(|row| row.sequence > this.sequence).unwrap_or(this))
    }
}
