//! Who is on duty when (值班表): shifts of a duty for a scope at a level. While somebody is on shift they go before whoever has the
//! duty for good.

mod command;
mod decide;
mod event;
mod evolve;
mod state;

pub use command::{Command, SHIFTS_MAX, Set};
pub use event::{Planned, Shift};
pub use state::{Id, State};

/// The aggregate.
#[derive(Debug)]
pub struct Roster;
