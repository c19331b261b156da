//! Somebody who works here: leaders, grid workers, nurses, guards, the office.

mod command;
mod decide;
mod event;
mod evolve;
mod state;

pub use command::{Command, Register};
pub use event::{FileCorrected, Registered, RolesChanged};
pub use state::State;

/// The aggregate.
#[derive(Debug)]
pub struct Staff;
