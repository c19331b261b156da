//! Headers that every answer carries.

use axum::{
    Router,
    extract::Request,
    http::{HeaderName, HeaderValue, header},
    middleware::{Next, from_fn},
    response::Response,
};

use crate::refusals::told_as_problems;

/// Pages load nothing from elsewhere, run no inline script, and cannot be framed (OWASP ASVS 5.0, 3.4).
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; font-src 'self'; \
     manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// Reply header: the last commit of the community in an answer. A read with `after` of that sequence shows it.
pub const SEQUENCE: HeaderName = HeaderName::from_static("gridward-sequence");

const FIXED: [(HeaderName, &str); 5] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Puts the protecting headers on every answer of a router, and keeps personal data out of caches unless a handler says otherwise.
/// What is refused before a handler was asked, or by one that panicked, is told as a problem.
pub fn protect<S: Clone + Send + Sync + 'static>(router: Router<S>) -> Router<S> {
    // the last is the outermost: a panic becomes a problem, and that has the headers, too
    router.layer(tower_http::catch_panic::CatchPanicLayer::new()).layer(from_fn(told_as_problems)).layer(from_fn(add_headers))
}

async fn add_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in FIXED {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}
