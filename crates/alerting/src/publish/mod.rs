//! Telling outsiders. Messages are built while the log is folded and wait in the outbox; the publisher appends them behind the
//! guard of the stream's own last message, which says from which commit of which log it comes. So there is no window and no memory
//! of what was told: two publishers are safe, and a rebuild finds that everything was told already. All of that holds for each class by
//! itself.
//!
//! | the last message | what is published |
//! |---|---|
//! | comes from a commit that the log holds | what comes after it |
//! | comes from one that the log does not hold | nothing, until an operator has decided |
//! | is gone, or never was | what the stream would still hold: everything that was recorded within its age, under the same ids |

mod class;
pub(crate) mod counts;
mod full;
mod heartbeat;
pub(crate) mod message;
pub(crate) mod nudge;
mod publisher;
mod title;

#[cfg(test)]
mod tests;

pub(crate) use class::{Class, Happened};
pub(crate) use full::Named;
pub use heartbeat::HEARTBEAT_EVERY;
pub(crate) use heartbeat::beat;
pub use publisher::PublishError;
pub(crate) use publisher::{Progress, Publisher};
