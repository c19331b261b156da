//! A quarantine order: who, where, from when, under which regime; its checks, its end.

mod check;
mod command;
mod decide;
mod event;
mod evolve;
mod filling;
mod sightings;
mod state;

pub use command::{Check, CheckInput, Command, CountFrom, Extend, Move, PlaceOrder, Release, Waive};
pub use event::{CheckFound, CheckOutcome, Checked, CountBasis, Extended, Kind, Moved, Ordered, ReleaseReason, Released, SlotsWaived};
pub use filling::{Filling, Fills, fillings};
pub use sightings::{Sightings, SightingsState};
pub use state::State;

/// The aggregate.
#[derive(Debug)]
pub struct Quarantine;
