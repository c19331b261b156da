//! Somebody who works here is away for a time (请假): whoever stands in for them has their duties meanwhile.

mod command;
mod decide;
mod event;
mod evolve;
mod presence;
mod state;

pub use command::{Command, Declare};
pub use event::Declared;
pub use presence::Presence;
pub use state::{Id, State};

/// The aggregate.
#[derive(Debug)]
pub struct Absence;
