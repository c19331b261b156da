//! What HTTP costs by itself: a handler that reads a body and says that it did.

use std::path::Path;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;
use tokio::net::TcpListener;

use crate::load::{Load, Told};

/// Puts a load on a handler that does nothing, and says how many requests a second it took.
pub(crate) async fn handler_rate(load: &Load, program: &Path) -> anyhow::Result<f64> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?.to_string();
    let router = Router::new().fallback(post(async |_body: bytes::Bytes| StatusCode::CREATED));
    let serving = tokio::spawn(axum::serve(listener, router).into_future());
    let told = Load { address, ..load.clone() }.run(program).await;
    serving.abort();
    let Told { done, took, .. } = told?;
    Ok(done as f64 / took.as_secs_f64())
}
