//! A silence: alerts of a kind or of a building are not told to people for a while. It has an author, a reason and an end, and it changes
//! nothing about the alerts: they are raised, shown and put on topics as ever.

mod command;
mod decide;
mod event;
mod evolve;
mod state;

pub use command::{Begin, Command, End};
pub use decide::SILENCE_HOURS_MAX;
pub use event::{Ended, Started};
pub use state::State;

/// The aggregate. A silence is named by the command that began it.
#[derive(Debug)]
pub struct Silence;
