//! Putting services together: all of them in one process, or one per process.

mod checks;
pub(crate) mod consumers;
mod demo;
mod forward;
mod health;
mod nats;
mod offline;
mod one;
mod services;
mod up;

pub(crate) use checks::SERVICES;
pub(crate) use offline::{check_stores, verify_log};
pub(crate) use one::{Role, run_one};
pub(crate) use up::{UpOptions, up};

/// Completes when the process is told to stop: Ctrl-C, or SIGTERM from a supervisor.
pub(crate) async fn told_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signals) => {
                signals.recv().await;
            }
            // no handler: only Ctrl-C stops
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated => {}
    }
}
