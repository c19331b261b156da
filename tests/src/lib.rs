//! What no single crate can prove: the real program, a real nats-server, real HTTP.

mod chance;
mod history;
mod system;

pub use chance::Chance;
pub use history::{Attempt, History};
pub use system::{Answer, System};
