//! What the framework refuses by itself, said as every other refusal: an unknown path, a method that a path has not, a panic.

use axum::{
    extract::Request,
    http::{StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::Problem;

/// Puts a problem in the place of every refusal that says nothing, or that speaks in the framework's own words: those may repeat what was
/// sent. What a handler said itself, as a problem, as JSON or as a page, stays as it is.
pub(crate) async fn told_as_problems(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let refused = response.status().is_client_error() || response.status().is_server_error();
    if refused && speechless(&response) { problem(response.status()).into_response() } else { response }
}

/// Without a body of a type of ours: the framework answers with nothing, or in plain text.
fn speechless(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE);
    kind.is_none_or(|kind| kind.as_bytes().starts_with(b"text/plain"))
}

/// `Allow` is put on afterwards, by the framework.
fn problem(status: StatusCode) -> Problem {
    let code = match status {
        StatusCode::UNAUTHORIZED => "unauthenticated",
        StatusCode::FORBIDDEN => "forbidden",
        StatusCode::NOT_FOUND => "not_found",
        StatusCode::METHOD_NOT_ALLOWED => "method_not_allowed",
        StatusCode::PAYLOAD_TOO_LARGE => "too_large",
        status if status.is_client_error() => "wrong_shape",
        _ => "internal",
    };
    Problem::new(status, code)
}
