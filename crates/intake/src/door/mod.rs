//! The doors: HTTP and NATS. They authenticate, parse, hand over, wait, and say what became of it.

mod commands;
pub(crate) mod nats;
mod single;
mod tokens;

pub(crate) use tokens::deployment_ask;

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{delete, post},
};
use domain::values::DeploymentKey;
use web::Gate;

use crate::ask::Submitter;

/// What every door needs.
#[derive(Clone)]
pub(crate) struct Doors {
    pub(crate) gate: Gate,
    pub(crate) submitter: Submitter,
    pub(crate) secrets: Arc<DeploymentKey>,
}

/// The HTTP door.
pub(crate) fn router(doors: Doors) -> Router {
    Router::new()
        .route("/api/v1/communities/{community}/commands", post(commands::receive))
        .route("/api/v1/tokens", post(tokens::grant).get(tokens::list))
        .route("/api/v1/tokens/{token}", delete(tokens::revoke))
        // each handler has a limit of its own, in words of its own
        .layer(DefaultBodyLimit::disable())
        .with_state(doors)
}
