//! A round of door-to-door screening: what it is about, from when to when.

use domain::{
    Event, Fact,
    responsibility::Scope,
    values::{RoundId, Slug, Timestamp},
    visit::Mode,
};
use serde::{Deserialize, Serialize};

use crate::ReadModel;

/// A round.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The round.
    pub round: RoundId,
    /// What it is called.
    pub name: Option<String>,
    /// The part of the community it is about; all of it when absent.
    pub scope: Option<Scope>,
    /// When it began.
    pub opened_at: Timestamp,
    /// Until when every door is to be reached.
    pub closes_at: Option<Timestamp>,
    /// When it ended.
    pub closed_at: Option<Timestamp>,
    /// The ways in which a door counts as reached.
    pub reached_by: Vec<Mode>,
    /// Questions to ask.
    pub questions: Vec<Slug>,
}

/// The read model.
#[derive(Debug)]
pub struct Round;

impl ReadModel for Round {
    const NAME: &'static str = "round";
    const VERSION: u32 = 1;
    type Key = RoundId;
    type Row = Row;

    fn keys(fact: &Fact<'_>) -> Vec<RoundId> {
        match fact.event {
            Event::RoundOpened(event) => vec![event.round.clone()],
            Event::RoundClosed(event) => vec![event.round.clone()],
            _ => Vec::new(),
        }
    }

    fn evolve(row: Option<Row>, _: &RoundId, fact: &Fact<'_>) -> Option<Row> {
        match fact.event {
            Event::RoundOpened(event) => Some(Row {
                round: event.round.clone(),
                name: event.name.clone(),
                scope: event.scope.clone(),
                opened_at: fact.header.at,
                closes_at: event.closes_at,
                closed_at: None,
                reached_by: event.reached_by.clone(),
                questions: event.questions.clone(),
            }),
            Event::RoundClosed(_) => row.map(|row| Row { closed_at: Some(fact.header.at), ..row }),
            _ => row,
        }
    }
}
