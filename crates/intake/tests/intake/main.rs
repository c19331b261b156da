//! Intake from outside: a log, keys and requests in memory, a store in a temporary folder, and the HTTP router.

#![allow(clippy::unwrap_used, reason = "a test stops where something is not as expected")]

mod contract;
mod faults;
mod harness;
mod imports;
mod lines;
mod nats;
mod property;
mod restore;
mod retraction;
mod sealing;
mod size;
mod tokens;
