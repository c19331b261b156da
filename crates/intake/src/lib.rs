//! Commands in, events out: the only writer of the log.
//!
//! | room | what is in it |
//! |---|---|
//! | `parse` | from JSON to a command, once, at the edge |
//! | `canonical` | the bytes that a command is known again by, in one pass where that is certain |
//! | `ask` | a command on its way to the writer, and what became of it |
//! | `batch` | commands on their way to the log together, and what those who wait are told |
//! | `writer` | the one imperative sequence of the product: gather, decide, seal, append, settle |
//! | `conflict` | after a refused append: what of it stands on the log all the same |
//! | `world` | what is known: snapshots, and what is decided but not yet committed |
//! | `subject` | where a decision lies on the log |
//! | `records` | which commands were recorded: ids in runs |
//! | `sealing` | keys of people, and the seal |
//! | `catch_up` | reading on in the log: at the start, and after a conflict |
//! | `readiness` | how intake is doing, in words |
//! | `service`, `restore` | from the start until told to stop; a log from a backup begins a new epoch |
//! | `check` | what is known against a fresh fold |
//! | `import` | from a file to commands, and the report about it |
//! | `door` | HTTP and NATS |

mod ask;
mod batch;
mod canonical;
mod catch_up;
mod check;
mod conflict;
mod door;
mod import;
mod parse;
mod readiness;
mod records;
mod restore;
mod sealing;
mod service;
mod subject;
mod world;
mod writer;

pub use ask::{Ask, Busy, Outcome, Outcomes, Submitter};
pub use check::check;
pub use parse::{ParsedCommand, parse_command};
pub use readiness::Readiness;
pub use service::{Intake, Limits, Parts, StartError, TokenError};
pub use world::TABLES;
