//! What no single crate can prove: the real program, a real nats-server, real HTTP.

mod apart;
mod chance;
mod foreign;
mod history;
mod neighbourhood;
mod poll;
mod system;
mod wire;

pub use apart::{NatsByHand, Service, Stopped, any_address};
pub use chance::Chance;
pub use foreign::{Foreign, Line, Message, Subscriber};
pub use history::{Attempt, History};
pub use neighbourhood::DOORS;
pub use poll::until;
pub use system::{Answer, System, program};
pub use wire::Wire;
