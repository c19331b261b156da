//! A community: its name, its town, its zone and its parameters with their dates.

use domain::{
    Evolve, Fact,
    community::{self, own_id},
};

use crate::{Only, ReadModel};

/// The read model.
#[derive(Debug)]
pub struct Community;

impl ReadModel for Community {
    const NAME: &'static str = "community";
    const VERSION: u32 = 3;
    type Key = Only;
    type Row = community::State;

    fn keys(fact: &Fact<'_>) -> Vec<Only> {
        community::Community::touched(fact.event, fact.header).into_iter().map(|_| Only).take(1).collect()
    }

    fn evolve(row: Option<Self::Row>, _: &Only, fact: &Fact<'_>) -> Option<Self::Row> {
        community::Community::evolve(row, &own_id(), fact)
    }
}
