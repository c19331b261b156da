//! One file per read model.

pub mod alert;
pub mod building;
pub mod checkpoint;
pub mod community;
pub mod coverage;
pub mod door;
pub mod estate;
pub mod head;
pub mod household;
mod observation;
pub mod person;
pub mod post;
pub mod quarantine;
pub mod retracted;
pub mod round;
pub mod silence;
pub mod staff;
pub mod timeline;
pub mod token;
pub mod watch;

pub(crate) use observation::distinct;
pub use observation::{Found, Observation, Observed};
