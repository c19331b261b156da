//! The contracts that machines read say what the program does: its routes, every command, every answer, real ones among them.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where it stopped")]

mod codes;
mod commands;
mod live;
mod messages;
mod operations;
mod routes;
mod schema;
mod views;
