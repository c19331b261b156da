//! The projection over a log in memory and a store in a temporary folder.

#![allow(clippy::unwrap_used, reason = "all of this is tests, also what is not marked so")]

mod alerts_of_findings;
mod api;
mod faults;
mod findings;
mod harness;
mod isolation;
mod live_pages;
mod measured;
mod people;
mod staff;
#[path = "../../../readmodel/tests/world/mod.rs"]
mod world;
