//! Serves the pages over an invented community, to look at them: `cargo run -p dashboard --example invented -- 127.0.0.1:8099`.
//!
//! Sign in with `office-token`, or as another role: `leader-token`, `viewer-token`.
#![expect(clippy::unwrap_used, reason = "a tool for those who work on the pages")]

#[path = "../tests/fake/mod.rs"]
#[allow(dead_code, unused_imports, reason = "tests use more of it")]
mod fake;

use std::{sync::Arc, time::Instant};

use dashboard::Options;
use domain::values::{Now, Timestamp};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8099".to_owned());
    let start: Timestamp = "2020-02-06T20:14:05+08:00".parse().unwrap();
    let began = Instant::now();
    let now: Now = Arc::new(move || start.plus_ms(i64::try_from(began.elapsed().as_millis()).unwrap()));
    let api = fake::Fake::new(now.clone()).router();
    let pages = dashboard::router(api.clone(), Options { now, exercise: true, secure: false });
    let listener = tokio::net::TcpListener::bind(&address).await?;
    axum::serve(listener, pages.merge(web::protect(api))).await
}
