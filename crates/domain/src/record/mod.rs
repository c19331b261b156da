//! That a command was recorded, for ever; and its retraction: its facts leave every fold.

mod command;
mod decide;
mod event;
mod evolve;
mod state;

pub use command::{Command, Retract};
pub use event::{Retracted, StoredEvent};
pub use state::State;

/// The aggregate.
#[derive(Debug)]
pub struct Record;
