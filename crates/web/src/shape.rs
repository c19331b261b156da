//! From the bytes of a body to one of our shapes, or to the path of what is wrong and what would be right. What was sent is never repeated.

use axum::{
    body::{Body, Bytes, to_bytes},
    http::StatusCode,
};
use serde::Deserialize;

use crate::Problem;

/// Codes that a value can carry in its error text: what is well-formed JSON and cannot be, is 422 rather than 400.
const VALUE_CODES: &[&str] = &["slug_personal"];

/// A body as a whole; `what` it is stands in the refusal of one that is too large.
///
/// # Errors
/// 413 beyond `bytes_max`.
pub async fn whole(body: Body, bytes_max: usize, what: &str) -> Result<Bytes, Problem> {
    to_bytes(body, bytes_max).await.map_err(|_| too_large(bytes_max, what))
}

/// What is told of a body, or a part of one, that is too large.
pub fn too_large(bytes_max: usize, what: &str) -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large").with_detail(format!("{what} has at most {bytes_max} bytes"))
}

/// A JSON object of one of our shapes.
///
/// # Errors
/// 400 with the path of what has another shape, 422 for a value that cannot be.
pub fn object<'de, T: Deserialize<'de>>(json: &'de [u8]) -> Result<T, Problem> {
    if let Ok(value) = serde_json::from_slice(json) {
        return Ok(value);
    }
    // what has another shape is parsed a second time, by a parser that remembers where it is
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let parsed: Result<T, _> = serde_path_to_error::deserialize(&mut deserializer);
    let value = parsed.map_err(|error| problem_at(&pointer(error.path()), error.inner()))?;
    deserializer.end().map_err(|error| problem_at("", &error))?;
    Ok(value)
}

/// A path as a JSON pointer.
pub fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } => pointer.push_str(&format!("/{}", key.replace('~', "~0").replace('/', "~1"))),
            Segment::Enum { variant } => pointer.push_str(&format!("/{variant}")),
            Segment::Unknown => pointer.push_str("/?"),
        }
    }
    pointer
}

/// The problem of a parse error at a path. serde's words repeat the value that was wrong: they are cut to what would be right, from the end,
/// because the value may hold any words.
pub fn problem_at(path: &str, error: &serde_json::Error) -> Problem {
    if error.is_syntax() || error.is_eof() {
        return Problem::bad_request(path, "malformed_json", format!("not JSON at line {}, column {}", error.line(), error.column()));
    }
    let text = error.to_string();
    let reason = text.rsplit_once(" at line ").map_or(text.as_str(), |(reason, _)| reason);
    if let Some((code, reason)) = reason.split_once(": ").filter(|(code, _)| VALUE_CODES.contains(code)) {
        return Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code).with_param(path, code, reason);
    }
    // `invalid type: string "…", expected …` and `unknown variant …, expected …`: say what was expected, not what was there
    let repeats_value = reason.starts_with("invalid ") || reason.starts_with("unknown ");
    let reason = match reason.rsplit_once(", expected ") {
        Some((_, expected)) if repeats_value => format!("expected {expected}"),
        None if repeats_value => "not a field here".to_owned(),
        _ => reason.to_owned(),
    };
    Problem::bad_request(path, "wrong_shape", reason)
}
