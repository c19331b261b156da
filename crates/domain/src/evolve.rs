//! What we know after one more thing happened.

use crate::{Event, Header, values::EventId};

/// An event in its place: with its decision and its position in the log.
#[derive(Clone, Copy, Debug)]
pub struct Fact<'a> {
    /// Sequence of its commit.
    pub sequence: u64,
    /// Its place in the commit, from 0.
    pub index: u16,
    /// Its decision.
    pub header: &'a Header,
    /// What happened.
    pub event: &'a Event,
}

impl Fact<'_> {
    /// `<command>-<index>`.
    pub fn id(&self) -> EventId {
        self.header.event_id(self.index)
    }
}

/// A kind of entity whose state is a fold over events.
pub trait Evolve {
    /// What tells one from another.
    type Id;
    /// What we know of one.
    type State;

    /// The entities that an event changes.
    fn touched(event: &Event, header: &Header) -> Vec<Self::Id>;

    /// What we know of one of them afterwards. Infallible: what happened, happened.
    fn evolve(state: Option<Self::State>, id: &Self::Id, fact: &Fact<'_>) -> Option<Self::State>;
}
