//! What a retraction takes back, as the facts they were.

use domain::{Event, Fact, Header, event::DecodeError};

/// The facts of a command that was taken back.
#[derive(Debug)]
pub struct TakenBack {
    sequence: u64,
    header: Header,
    events: Vec<Event>,
}

/// What a fact takes back, if it is a retraction.
///
/// # Errors
/// When the repeated events do not decode: a newer program wrote them, or they are damaged.
pub fn taken_back(fact: &Fact<'_>) -> Result<Option<TakenBack>, DecodeError> {
    let Event::RecordRetracted(retracted) = fact.event else { return Ok(None) };
    let events = retracted.facts()?;
    // what a retraction repeats of the original's header is what keys are made of: command and time
    let header = Header { command: retracted.command, at: retracted.at, cause: Some(fact.id()), ..fact.header.clone() };
    Ok(Some(TakenBack { sequence: fact.sequence, header, events }))
}

impl TakenBack {
    /// The facts, in their places under the command that told them. Of their header only `command`, `at` and `community` are the original's;
    /// `cause` is the retraction.
    pub fn facts(&self) -> impl Iterator<Item = Fact<'_>> {
        self.events.iter().zip(0..).map(|(event, index)| Fact { sequence: self.sequence, index, header: &self.header, event })
    }
}
