//! What holds for every value, not only for those somebody thought of. A failure names the seed that made it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where it stopped")]

mod alerts;
mod frame;
mod slots;
