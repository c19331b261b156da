//! A round of door-to-door screening (地毯式排查): which doors, until when.

mod command;
mod decide;
mod event;
mod evolve;
mod state;

pub use command::{Close, Command, Open};
pub use event::{Closed, Opened};
pub use state::State;

/// The aggregate.
#[derive(Debug)]
pub struct Round;
