//! What tests of several crates share: a world in memory, and a sample of every event.

mod sample;
mod world;

pub use sample::{Sample, Source, event_of, private_parts};
pub use world::{World, field, payload, said};
