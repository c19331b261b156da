//! A silence: who is not told of what, until when, and who said so.

use domain::{
    Event, Evolve, Fact,
    alert::Kind,
    silence::{self, State},
    values::{CommandId, Private, Slug, StaffId},
};
use serde::{Deserialize, Serialize};

use crate::{Mark, Part, ReadModel};

/// The index of silences that nobody has ended, by when they end.
pub const UNTIL: &str = "silence_until";

/// A silence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The command that began it.
    pub silence: CommandId,
    /// What it is about, and how long it holds.
    pub state: State,
    /// The token that asked.
    pub actor: Slug,
    /// Who did it.
    pub by: Vec<StaffId>,
    /// Why.
    pub private: Option<Private>,
}

/// The read model.
#[derive(Debug)]
pub struct Silence;

impl ReadModel for Silence {
    const NAME: &'static str = "silence";
    const VERSION: u32 = 2;
    type Key = CommandId;
    type Row = Row;

    fn keys(fact: &Fact<'_>) -> Vec<CommandId> {
        silence::Silence::touched(fact.event, fact.header)
    }

    fn evolve(row: Option<Row>, id: &CommandId, fact: &Fact<'_>) -> Option<Row> {
        let state = silence::Silence::evolve(row.as_ref().map(|row| row.state.clone()), id, fact)?;
        match fact.event {
            Event::SilenceStarted(event) => {
                let (actor, by) = (fact.header.actor.clone(), fact.header.by.clone());
                Some(Row { silence: event.silence, state, actor, by, private: event.private.clone() })
            }
            _ => row.map(|row| Row { state, ..row }),
        }
    }

    fn marks(key: &CommandId, row: &Row) -> Vec<Mark> {
        if row.state.ended_at.is_some() {
            return Vec::new();
        }
        vec![Mark { index: UNTIL, parts: vec![Part::I64(row.state.until.0), Part::Text(key.to_string())] }]
    }

    fn is_of_findings(row: &Row) -> bool {
        row.state.kind.as_ref().is_some_and(|kind| Kind::tells_a_finding(kind.as_str()))
    }
}
