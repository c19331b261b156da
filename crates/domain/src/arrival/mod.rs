//! Somebody came from elsewhere and told the residents' committee of it. An event of its door or its person; it has no state of its own.

mod command;
mod decide;
mod event;

pub use command::{Command, Declare};
pub use event::Declared;

/// The aggregate.
#[derive(Debug)]
pub struct Arrival;
