//! A household (户): the file of one door, for life. Several may share a door; none ever changes its building.

mod command;
mod decide;
mod event;
mod evolve;
mod locate;
mod residents;
mod state;

pub use command::{Command, Register};
pub use event::{DoorCorrected, Exposed, FileCorrected, Registered};
pub(crate) use locate::{as_it_stands, place_of};
pub use residents::{Resident, Residents, ResidentsState};
pub(crate) use residents::{exposed, housemates};
pub use state::State;

/// The aggregate.
#[derive(Debug)]
pub struct Household;
