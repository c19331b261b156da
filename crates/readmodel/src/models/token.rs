//! A token: kept as a row so that a restart knows who may enter without reading history.

use domain::{
    Evolve, Fact,
    access::{Access, State},
    values::TokenId,
};

use crate::ReadModel;

/// The read model.
#[derive(Debug)]
pub struct Token;

impl ReadModel for Token {
    const NAME: &'static str = "token";
    const VERSION: u32 = 1;
    type Key = TokenId;
    type Row = State;

    fn keys(fact: &Fact<'_>) -> Vec<TokenId> {
        Access::touched(fact.event, fact.header)
    }

    fn evolve(row: Option<State>, key: &TokenId, fact: &Fact<'_>) -> Option<State> {
        Access::evolve(row, key, fact)
    }
}
