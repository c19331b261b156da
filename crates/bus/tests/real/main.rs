//! Everything that needs a real nats-server. Without one these tests fail; they are never skipped.

#![expect(clippy::unwrap_used, reason = "a test stops where something is not as expected")]

mod accounts;
mod appends;
mod common;
mod isolation;
mod log_contract;
mod ports;
mod server;
mod tail;

/// Not a test of its own: the entry through which the tests start nats-server, see `Launcher::TestEntry`.
#[test]
fn nats_child() {
    bus::server::child_main_if_asked();
}
