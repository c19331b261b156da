//! The doors: HTTP and NATS. They authenticate, parse, hand over, wait, and say what became of it.

mod commands;
mod imports;
pub(crate) mod nats;
mod single;
mod tokens;

pub(crate) use tokens::deployment_ask;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{delete, post},
};
use domain::values::DeploymentKey;
use tokio::sync::Semaphore;
use web::Gate;

use crate::ask::Submitter;

/// What every door needs.
#[derive(Clone)]
pub(crate) struct Doors {
    pub(crate) gate: Gate,
    pub(crate) submitter: Submitter,
    pub(crate) secrets: Arc<DeploymentKey>,
    /// Longest wait for an outcome.
    pub(crate) outcome_wait: Duration,
    /// Room for imports.
    pub(crate) imports: Arc<Semaphore>,
}

impl Doors {
    pub(crate) fn new(gate: Gate, submitter: Submitter, secrets: Arc<DeploymentKey>, outcome_wait: Duration) -> Self {
        Self { gate, submitter, secrets, outcome_wait, imports: Arc::new(Semaphore::new(imports::AT_ONCE_MAX)) }
    }
}

/// The HTTP door.
pub(crate) fn router(doors: Doors) -> Router {
    Router::new()
        .route("/api/v1/communities/{community}/commands", post(commands::receive))
        .route("/api/v1/communities/{community}/imports", post(imports::receive))
        .route("/api/v1/tokens", post(tokens::grant).get(tokens::list))
        .route("/api/v1/tokens/{token}", delete(tokens::revoke))
        // each handler has a limit of its own, in words of its own
        .layer(DefaultBodyLimit::disable())
        .with_state(doors)
}
