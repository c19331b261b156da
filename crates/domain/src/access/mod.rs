//! Who may do what, where. Tokens are facts on the log like everything else; their secrets are not.
//!
//! Everything is denied unless it is allowed here. A [`Scope`] is the only way to read or write a community's data, and only
//! [`Grants`] makes one.

mod command;
mod decide;
mod event;
mod evolve;
mod grants;
mod rights;

pub use command::{Command, Grant, Revoke};
pub use event::{Granted, Revoked, TokenScope};
pub use evolve::State;
pub use grants::{Grants, Principal, Scope, SecretHash};
pub use rights::Right;

/// The name under which what belongs to no community stands on the log: tokens.
pub const DEPLOYMENT: &str = "deployment";

/// The aggregate.
#[derive(Debug)]
pub struct Access;
