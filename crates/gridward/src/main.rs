//! gridward (社区防线): one binary, a subcommand per role.
//!
//! | room | what is in it |
//! |---|---|
//! | `cli` | what can be typed, and what each command does to a running system |
//! | `run` | putting services together: `up`, and one service per process |
//! | `data` | the data folder: lock, format, secrets, where a running system is found |
//! | `clock` | the real clock and the drill clock: the only place that asks the machine for the time |
//! | `client`, `pinned` | talking to a running system as anybody else does; its own TLS certificate |
//! | `config`, `deliveries` | defaults < file < environment < flags; who is told of alerts |

mod cli;
mod client;
mod clock;
mod config;
mod data;
mod deliveries;
mod exit;
mod pinned;
mod run;
mod telemetry;

use std::process::ExitCode;

/// Rows of all sizes come and go on many threads: with the C library's allocator a third of the time went into it, and freed memory stayed
/// with the process (docs/PERFORMANCE.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Hidden subcommand under which this program becomes nats-server.
pub(crate) const NATS_SUBCOMMAND: &str = "__nats";

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1).peekable();
    if arguments.peek().is_some_and(|first| first == NATS_SUBCOMMAND) {
        return bus::server::child_main(arguments.skip(1));
    }
    if arguments.peek().is_some_and(|first| first == bench::LOAD_SUBCOMMAND) {
        return exit::code(bench::load_main().map_err(Into::into));
    }
    // one provider for TLS, chosen once; a second choice would be refused and change nothing
    let _already = rustls::crypto::ring::default_provider().install_default();
    cli::main()
}
