//! The ceilings: what this machine does without us.

mod appends;
mod handler;
mod postgres;
mod sketch;

pub(crate) use appends::{RAW_BATCH_MESSAGES, Raw};
pub(crate) use handler::handler_rate;
pub(crate) use postgres::{POSTGRES, transactions_per_second};
pub(crate) use sketch::{SKETCH, sketch};
