//! The rounds of a community, as far as rules ask: a fold of a few facts per round, shared by all its buildings.

use domain::{
    Event, Fact,
    responsibility::Scope,
    values::{RoundId, Timestamp},
    visit::Mode,
};
use serde::{Deserialize, Serialize};

use crate::facts::{Facts, Ranked, keep_earliest};

/// Most rounds remembered per community: one for each of many buildings, for some days. Those that were opened first are forgotten first.
const ROUNDS_MAX: usize = 512;

/// The rounds of a community.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Rounds(Facts<Round, ROUNDS_MAX, RoundId>);

/// What is remembered of one round.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Round {
    opened: Option<Opened>,
    closed_at: Option<Timestamp>,
}

/// How a round was opened.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Opened {
    pub(crate) at: Timestamp,
    /// The part of the community it is about; all of it when absent.
    pub(crate) scope: Option<Scope>,
    /// Until when every door is to be reached.
    pub(crate) closes_at: Option<Timestamp>,
    /// The ways in which a door counts as reached.
    pub(crate) reached_by: Vec<Mode>,
}

impl Ranked for Round {
    type Rank = Option<Timestamp>;

    fn rank(&self) -> Self::Rank {
        self.opened.as_ref().map(|opened| opened.at)
    }
}

impl Round {
    /// How it was opened, and when it ends: as was planned, or earlier by hand. Nothing while there is no end to it.
    pub(crate) fn ends(&self) -> Option<(&Opened, Timestamp)> {
        let opened = self.opened.as_ref()?;
        let ends_at = opened.closes_at.into_iter().chain(self.closed_at).min()?;
        Some((opened, ends_at))
    }
}

impl Rounds {
    /// Whether an event says something of a round.
    pub fn tells(event: &Event) -> bool {
        matches!(event, Event::RoundOpened(_) | Event::RoundClosed(_))
    }

    /// Remembers what an event says of a round. Rounds cannot be taken back.
    pub fn evolve(&mut self, fact: &Fact<'_>) {
        let at = fact.header.at;
        match fact.event {
            Event::RoundOpened(event) => self.0.change(&event.round, |round| {
                let opened = Opened { at, scope: event.scope.clone(), closes_at: event.closes_at, reached_by: event.reached_by.clone() };
                keep_earliest(&mut round.opened, opened);
            }),
            Event::RoundClosed(event) => self.0.change(&event.round, |round| keep_earliest(&mut round.closed_at, at)),
            _ => {}
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&RoundId, &Round)> {
        self.0.iter()
    }
}
