//! A checkpoint (卡点): a gate, a street post, a road block. And every entry through it.

mod command;
mod decide;
mod entry;
mod event;
mod evolve;
mod state;

pub use command::{Close, Command, Open, RecordEntry, SettleEntry, VehicleInput};
pub use event::{Closed, Direction, EntryRecorded, EntryResult, EntrySettled, Kind, Opened, Reassigned, Renamed};
pub use state::{EntryState, State};

/// The aggregate.
#[derive(Debug)]
pub struct Checkpoint;

/// An entry that waits to be settled.
#[derive(Debug)]
pub struct Entry;
