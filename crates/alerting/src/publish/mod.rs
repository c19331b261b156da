//! Telling outsiders. Messages are built while the log is folded and wait in the outbox; the publisher appends them behind the
//! guard of the stream's own last message, which says from which place in the log it comes. So there is no window and no memory
//! of what was told: two publishers are safe, and a rebuild finds that everything was told already.

mod heartbeat;
pub(crate) mod message;
mod publisher;
mod title;

#[cfg(test)]
mod tests;

pub use heartbeat::HEARTBEAT_EVERY;
pub(crate) use heartbeat::beat;
pub use publisher::PublishError;
pub(crate) use publisher::Publisher;
