//! What medicine says of somebody. A finding is an event of its person; it has no state of its own.

mod command;
mod decide;
mod event;

pub use command::{Command, Record};
pub use event::{Finding, FindingRecorded};

/// The aggregate.
#[derive(Debug)]
pub struct Medical;
