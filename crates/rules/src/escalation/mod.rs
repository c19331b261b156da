//! Whose turn an alert is: a fold of who has which duty, and what that says of an alert at a `now`.
//!
//! [`Duties`] is everything that is known of the duties of a community; equal facts give equal duties, in whatever order they come.
//! [`turn`] lays the chain of the alert's rule over it (`chain`: data, with what the policy says in place of its minutes) and finds
//! the first level that is to be told and was not. No IO, no clock; like a rule it says until when its answer holds.

mod chain;
mod duties;
mod nudged;
mod turn;

pub use duties::{Duties, Part, PartKey};
pub use nudged::{Nudged, nudged};
pub use turn::{Around, Judged, turn};
