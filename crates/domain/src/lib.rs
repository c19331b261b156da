//! The rules of the work, and nothing else: commands become events here, events become states here.
//!
//! No IO, no `async`, no clock, no id making: times, ids and secrets arrive as values.
//!
//! | room | what is in it |
//! |---|---|
//! | `values` | ids, times, readings, places, sealed text |
//! | one folder per aggregate | what can be asked (`command`), what can have happened (`event`), what we know (`state`), `decide`, `evolve` |
//! | `obligation` | what is owed by a time |
//! | `coverage` | the doors of a building, which of them a round is about, and what reaches one |
//! | `newest` | as many facts as are worth keeping, as bytes: rows and memories are full of them |
//! | `command`, `event`, `known` | the lists of all commands, events and entities, and the envelope around a command |
//! | `access`, `rejection` | who may do what where; why a command is refused |
//! | `commit`, `log`, `canonical` | events as bytes, places in the log, and whether bytes are the one form of what they say |

pub mod absence;
pub mod access;
pub mod alert;
pub mod arrival;
pub mod building;
mod canonical;
pub mod checkpoint;
pub mod command;
pub mod commit;
pub mod community;
pub mod coverage;
pub mod decide;
pub mod estate;
pub mod event;
pub mod evolve;
pub mod household;
pub mod known;
pub mod log;
pub mod medical;
mod newest;
pub mod nudge;
pub mod obligation;
pub mod person;
pub mod quarantine;
pub mod record;
pub mod rejection;
pub mod responsibility;
pub mod roster;
pub mod round;
pub mod silence;
pub mod staff;
pub mod values;
pub mod visit;

pub use command::{Command, Envelope};
pub use commit::{Commit, Header, Role};
pub use decide::{Context, Decide, decide};
pub use event::Event;
pub use evolve::{Evolve, Fact};
pub use known::{Entity, EntityKey, Known};
pub use newest::{Dated, Newest};
pub use rejection::Rejection;
