//! What every build of the store must keep, whatever lies below it.

#![allow(clippy::unwrap_used, reason = "all of this is tests, also what is not marked so")]

mod conformance;
mod crash;
mod disk_full;
mod folder;
mod keys;
mod kill;
mod ledger;
mod limits;
mod parked;
mod views;
