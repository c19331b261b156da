//! Answers: JSON, with the sequence that they show in a header.

use axum::{
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use serde_json::{Map, Value};
use web::{Problem, SEQUENCE};

use crate::page::Page;

/// An answer of one thing.
pub(super) fn one<T: Serialize>(body: &T, sequence: u64) -> Result<Response, Problem> {
    let body = serde_json::to_vec(body).map_err(|error| {
        tracing::error!(%error, "an answer cannot be written");
        Problem::unavailable("starting", 1)
    })?;
    let headers = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json")), (SEQUENCE, HeaderValue::from(sequence))];
    Ok((headers, body).into_response())
}

/// An answer of a list.
pub(super) fn list<T: Serialize>(page: &Page<T>) -> Result<Response, Problem> {
    one(page, page.sequence)
}

/// What is still sealed becomes `null`: whoever may not open it is not told which key would.
pub(super) fn mask(value: &mut Value) {
    match value {
        Value::Object(fields) if is_sealed(fields) => *value = Value::Null,
        Value::Object(fields) => fields.values_mut().for_each(mask),
        Value::Array(items) => items.iter_mut().for_each(mask),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// As the domain writes a sealed part for people: `{"sealed": key}`.
fn is_sealed(fields: &Map<String, Value>) -> bool {
    fields.len() == 1 && fields.get("sealed").is_some_and(Value::is_string)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn only_sealed_parts_are_masked() {
        let mut value = json!({"private": {"sealed": "00ff"}, "list": [{"sealed": "x"}, {"sealed": "x", "more": 1}, {"sealed": 2}], "sealed": "word"});
        super::mask(&mut value);
        assert_eq!(value, json!({"private": null, "list": [null, {"sealed": "x", "more": 1}, {"sealed": 2}], "sealed": "word"}));
    }
}
