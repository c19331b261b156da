//! What tests of several crates share: a world in memory, an intake over it, and a sample of every event.

mod memory_intake;
mod sample;
mod world;

pub use memory_intake::{MemoryIntake, Trouble};
pub use sample::{Sample, Source, event_of, private_parts, words};
pub use world::{World, field, payload, said};
