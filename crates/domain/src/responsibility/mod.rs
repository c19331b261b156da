//! Named responsibility without gaps (责任到人不能有断区): who has which duty for what, at which of three levels.

mod asked;
mod command;
mod decide;
mod event;
mod evolve;
mod nearest;
mod post;
mod state;

pub use asked::{ASKED, Asked, called};
pub use command::{Assign, Command, Release, ScopeInput};
pub(crate) use decide::{check_level, scope};
pub use event::{Assigned, Released, Scope, ScopeId, ScopeKind, Standing};
pub use nearest::{LiesIn, Near, nearest_of_person, nearest_of_place};
pub use post::{Held, LogPlace, Post};
pub use state::{Id, State};

/// The aggregate.
#[derive(Debug)]
pub struct Responsibility;
