//! An estate: the name that tells one building 7 from another.

use domain::{Evolve, Fact, estate, values::EstateId};

use crate::ReadModel;

/// The read model.
#[derive(Debug)]
pub struct Estate;

impl ReadModel for Estate {
    const NAME: &'static str = "estate";
    const VERSION: u32 = 1;
    type Key = EstateId;
    type Row = estate::State;

    fn keys(fact: &Fact<'_>) -> Vec<EstateId> {
        estate::Estate::touched(fact.event, fact.header)
    }

    fn evolve(row: Option<Self::Row>, key: &EstateId, fact: &Fact<'_>) -> Option<Self::Row> {
        estate::Estate::evolve(row, key, fact)
    }
}
