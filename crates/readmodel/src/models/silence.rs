//! A silence: who is not told of what, until when, and who said so.

use domain::{
    Event, Fact,
    alert::Kind,
    values::{BuildingId, CommandId, Private, Slug, StaffId, Timestamp},
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
    /// The kind of alerts; every kind when absent.
    pub kind: Option<Slug>,
    /// The building; every building when absent.
    pub building: Option<BuildingId>,
    /// Since when, by our clock.
    pub since: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// The token that asked.
    pub actor: Slug,
    /// Who did it.
    pub by: Vec<StaffId>,
    /// Why.
    pub private: Option<Private>,
    /// When somebody ended it.
    pub ended_at: Option<Timestamp>,
}

/// The read model.
#[derive(Debug)]
pub struct Silence;

impl ReadModel for Silence {
    const NAME: &'static str = "silence";
    const VERSION: u32 = 1;
    type Key = CommandId;
    type Row = Row;

    fn keys(fact: &Fact<'_>) -> Vec<CommandId> {
        match fact.event {
            Event::SilenceStarted(event) => vec![event.silence],
            Event::SilenceEnded(event) => vec![event.silence],
            _ => Vec::new(),
        }
    }

    fn evolve(row: Option<Row>, _: &CommandId, fact: &Fact<'_>) -> Option<Row> {
        match fact.event {
            Event::SilenceStarted(event) => Some(Row {
                silence: event.silence,
                kind: event.kind.clone(),
                building: event.building.clone(),
                since: fact.header.recorded_at,
                until: event.until,
                actor: fact.header.actor.clone(),
                by: fact.header.by.clone(),
                private: event.private.clone(),
                ended_at: None,
            }),
            Event::SilenceEnded(_) => row.map(|row| Row { ended_at: Some(fact.header.recorded_at), ..row }),
            _ => row,
        }
    }

    fn marks(key: &CommandId, row: &Row) -> Vec<Mark> {
        if row.ended_at.is_some() {
            return Vec::new();
        }
        vec![Mark { index: UNTIL, parts: vec![Part::I64(row.until.0), Part::Text(key.to_string())] }]
    }

    fn is_of_findings(row: &Row) -> bool {
        row.kind.as_ref().is_some_and(|kind| Kind::tells_a_finding(kind.as_str()))
    }
}
