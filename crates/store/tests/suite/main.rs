//! What every build of the store must keep, whatever lies below it.

mod conformance;
mod crash;
mod folder;
mod keys;
mod kill;
mod ledger;
mod limits;
mod views;
