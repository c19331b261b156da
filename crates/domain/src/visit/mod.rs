//! A visit: somebody stood at a door, or called, and this is what they found. An event of its household; it has no state of its own.

mod command;
mod decide;
mod event;

pub use command::{Command, ExposureInput, PersonInput, Record};
pub(crate) use decide::SYMPTOMS_MAX;
pub use event::{Basis, Exposure, Mode, NotMeasured, Outcome, PersonFound, Presence, Recorded};

/// The aggregate.
#[derive(Debug)]
pub struct Visit;
