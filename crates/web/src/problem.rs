//! Errors as `application/problem+json` (RFC 9457), with a stable `code` and the paths of what is wrong.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::{Rejection, values::Slug};
use serde::Serialize;

use crate::words;

/// One thing that is wrong in a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InvalidParam {
    /// JSON pointer, or `?name` of a query parameter.
    pub pointer: String,
    /// Stable word for programs.
    pub code: String,
    /// What would be right.
    pub reason: String,
}

/// Why a request was not answered as asked.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Problem {
    /// A stable name for this kind of problem.
    #[serde(rename = "type")]
    kind: String,
    /// In Chinese, then in English, for people.
    title: String,
    /// HTTP status.
    #[serde(serialize_with = "status_number")]
    status: StatusCode,
    /// What would be right.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// Stable word for programs.
    code: String,
    /// Whether the same request may succeed later: the phone keeps it.
    #[serde(skip_serializing_if = "is_false")]
    retry: bool,
    /// What is wrong, each with its path.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    invalid_params: Vec<InvalidParam>,
    /// The current state, for those who must decide again.
    #[serde(skip_serializing_if = "serde_json::Map::is_empty")]
    current: serde_json::Map<String, serde_json::Value>,
    #[serde(skip)]
    retry_after_s: Option<u32>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_false(value: &bool) -> bool {
    !*value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn status_number<S: serde::Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}

impl Problem {
    /// A problem of a status and a code; its title is in the list of words.
    pub fn new(status: StatusCode, code: &str) -> Self {
        let (chinese, english) = words::of(code).unwrap_or_else(|| words::of_status(status));
        Self {
            kind: format!("urn:gridward:problem:{code}"),
            title: format!("{chinese} {english}"),
            status,
            detail: None,
            code: code.to_owned(),
            retry: false,
            invalid_params: Vec::new(),
            current: serde_json::Map::new(),
            retry_after_s: None,
        }
    }

    /// 400: something about the request has the wrong shape.
    pub fn bad_request(pointer: impl Into<String>, code: &str, reason: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code).with_param(pointer, code, reason)
    }

    /// 404, the same for what is not there and for what is none of the caller's business.
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found")
    }

    /// 503: the same request may succeed later.
    pub fn unavailable(code: &str, retry_after_s: u32) -> Self {
        Self { retry: true, retry_after_s: Some(retry_after_s), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, code) }
    }

    /// 429: too much at once; the same request may succeed later.
    pub fn too_many(retry_after_s: u32) -> Self {
        Self { retry: true, retry_after_s: Some(retry_after_s), ..Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests") }
    }

    /// Adds what would be right.
    #[must_use]
    pub fn with_detail(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }

    /// Adds a path.
    #[must_use]
    pub fn with_param(mut self, pointer: impl Into<String>, code: &str, reason: impl Into<String>) -> Self {
        self.invalid_params.push(InvalidParam { pointer: pointer.into(), code: code.to_owned(), reason: reason.into() });
        self
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The stable word for programs.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// What would be right, where that is not said of a single path.
    pub fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }

    /// What is wrong, each with its path.
    pub fn invalid_params(&self) -> &[InvalidParam] {
        &self.invalid_params
    }
}

impl From<Rejection> for Problem {
    fn from(rejection: Rejection) -> Self {
        match rejection {
            Rejection::UnknownReference { pointer, kind, id } => {
                // an id means nothing and may be shown; what is none, such as the name of a unit, may hold anything
                let reason =
                    if id.parse::<Slug>().is_ok() { format!("there is no {kind} {id} here (yet)") } else { format!("there is no such {kind} here (yet)") };
                Self { retry: true, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "unknown_reference").with_param(pointer, "unknown_reference", reason) }
            }
            Rejection::Invalid { pointer, code, reason } => Self::new(StatusCode::UNPROCESSABLE_ENTITY, code).with_param(pointer, code, reason),
            Rejection::Conflict { code, reason, current } => {
                let current = current.into_iter().map(|(name, value)| (name.to_owned(), value.parse::<u64>().map_or(value.into(), Into::into))).collect();
                Self { current, ..Self::new(StatusCode::CONFLICT, code).with_detail(reason) }
            }
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (self.status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response();
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
