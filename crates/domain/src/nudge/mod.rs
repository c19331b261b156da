//! A nudge: before the daily report of a building is due, its leaders are reminded of it, kindly and once a day. There is no alert yet, so it
//! is no part of one.

mod command;
mod decide;
mod event;
mod evolve;
mod state;

pub use command::{Command, Give};
pub use event::Nudged;
pub use state::State;

/// The aggregate. The nudges of a building are named by it.
#[derive(Debug)]
pub struct Nudge;
