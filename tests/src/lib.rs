//! What no single crate can prove: the real program, a real nats-server, real HTTP.

mod apart;
mod certificate;
mod chance;
mod fault;
mod foreign;
mod forgetful;
mod history;
mod neighbourhood;
mod poll;
mod system;
mod wire;

pub use apart::{NatsByHand, Service, Stopped, any_address};
pub use certificate::self_signed;
pub use chance::Chance;
pub use fault::{Attached, Fault};
pub use foreign::{Foreign, Line, Message, Subscriber};
pub use forgetful::{Forgetful, Remains};
pub use history::{Attempt, History, Sent};
pub use neighbourhood::DOORS;
pub use poll::until;
pub use system::{Answer, System, program};
pub use wire::Wire;
