//! The operators' pages: a client of the API that happens to live in the same process.
//!
//! Every page is made from answers of the API, asked with the visitor's own token: scope, masking, rights and audit are those of the
//! API, and nothing stands on a page that the API does not give. Pages work without script; a small script of our own refreshes the
//! parts that changed (`assets/live.js`).

mod api;
mod assets;
mod colleagues;
mod language;
mod login;
mod moments;
mod pages;
mod palette;
mod telling;
mod visitor;
mod words;

use std::{fmt, sync::Arc};

use axum::{
    Router,
    routing::{get, post},
};
use domain::values::Now;

/// What the pages need to know besides the API.
#[derive(Clone)]
pub struct Options {
    /// What time it is: ages and "as of" follow this clock, a drill clock too.
    pub now: Now,
    /// Whether this system runs on a drill clock: every page says 演练 / exercise.
    pub exercise: bool,
    /// Whether visitors come over TLS: the cookie is then `__Host-gridward`, sent over TLS only.
    pub secure: bool,
}

impl fmt::Debug for Options {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Options").field("exercise", &self.exercise).field("secure", &self.secure).finish_non_exhaustive()
    }
}

/// What every handler shares.
#[derive(Clone, Debug)]
pub(crate) struct Shared {
    api: Router,
    options: Options,
}

/// The pages as a router of their own, to be merged with the API's.
///
/// `api` is the router of the whole API with its paths under `/api/v1`: the queries and `POST …/commands`. It is called in this
/// process, with the visitor's token.
pub fn router(api: Router, options: Options) -> Router {
    let router = Router::new()
        .route("/", get(pages::towns::show))
        .route("/login", get(login::form).post(login::enter))
        .route("/logout", post(login::leave))
        .route("/language/{language}", get(login::speak))
        .route("/assets/{file}", get(assets::serve))
        .route("/c/{community}", get(pages::board::show))
        .route("/c/{community}/unreported", get(pages::lists::unreported))
        .route("/c/{community}/coverage", get(pages::lists::coverage))
        .route("/c/{community}/quarantines", get(pages::quarantines::show))
        .route("/c/{community}/checkpoints", get(pages::lists::checkpoints))
        .route("/c/{community}/duties", get(pages::duties::show))
        .route("/c/{community}/b/{building}", get(pages::building::show))
        .route("/c/{community}/h/{household}", get(pages::household::show))
        .route("/c/{community}/alerts", get(pages::alerts::list))
        .route("/c/{community}/alerts/{alert}", get(pages::alerts::one))
        .route("/c/{community}/alerts/{alert}/acknowledge", post(pages::alerts::acknowledge))
        .route("/c/{community}/alerts/{alert}/escalate", post(pages::alerts::escalate))
        .route("/c/{community}/alerts/{alert}/assign", post(pages::alerts::assign))
        .route("/c/{community}/alerts/{alert}/note", post(pages::alerts::note))
        .fallback(visitor::nowhere)
        .with_state(Arc::new(Shared { api, options }));
    web::protect(router)
}
