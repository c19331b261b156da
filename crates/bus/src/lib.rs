//! The only crate that speaks to NATS: the log, the publications, the key store, questions and answers, and the server itself.
//!
//! Everything here deals in opaque bytes; what they mean is decided elsewhere. Only a commit is decoded here, once for all readers of the
//! process. Each port is a plain struct that is backed
//! by JetStream or by memory, and one contract suite holds both to the same behaviour.
//!
//! | room | what is in it |
//! |---|---|
//! | `event_log`, `jetstream` | the log: append behind a guard, read, follow; what streams have in common |
//! | `publication`, `durable`, `deliveries` | what outsiders are told; the place of each of them; the mark of a delivery |
//! | `keys`, `keyring` | wrapped keys of people; unwrapped for a while |
//! | `requests` | questions and answers between services |
//! | `connection`, `provision`, `preflight`, `monitor` | one connection; the streams as values; what must be true of a server |
//! | `server` | nats-server as a child |

pub mod connection;
pub mod deliveries;
pub mod durable;
pub mod event_log;
mod jetstream;
pub mod keyring;
pub mod keys;
mod monitor;
pub mod preflight;
pub mod provision;
pub mod publication;
pub mod requests;
pub mod server;

pub use connection::{Connection, ConnectionOptions, Login};
pub use deliveries::{End, Mark, Marks, MemoryMarks, Published, Reading};
pub use event_log::{
    AppendError, Calm, EventLog, EventLogOptions, Feed, Head, IN_TURN_MAX, Lag, MemoryLog, Message, ReadError, Refusal, ResumeError, Stored, Tail, TailError,
    UnknownOutcome, watch_lag,
};
pub use keyring::Keyring;
pub use keys::{KeyStore, StoredKey};
pub use publication::{Announcer, Last, LastValues, MemoryPublication, Notice, Publication, Source};
pub use requests::{Answer, AskError, Headers, Question, Questions, Requests};
