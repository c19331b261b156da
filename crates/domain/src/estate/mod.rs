//! A housing estate (小区), or an open neighbourhood: the name that tells one building 7 from another.

mod command;
mod decide;
mod event;
mod evolve;
mod state;

pub use command::{Command, Register};
pub use event::{Governance, GovernanceChanged, Registered, Renamed};
pub use state::State;

/// The aggregate.
#[derive(Debug)]
pub struct Estate;
