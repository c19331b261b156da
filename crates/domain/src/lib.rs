//! The rules of the work, and nothing else: commands become events here, events become states here.
//!
//! No IO, no `async`, no clock, no id making: times, ids and secrets arrive as values.

pub mod log;
