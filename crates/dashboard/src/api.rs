//! Asking the API, in this process, in the visitor's name.

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use tower::ServiceExt as _;

/// Largest answer of the API that a page is made from, in bytes.
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Most pages of one list that are read for one page of ours: 200 items each.
const LIST_PAGES_MAX: usize = 25;
/// What the browser says of where a request comes from; the API judges it.
const ORIGIN_HEADERS: [HeaderName; 3] = [HeaderName::from_static("sec-fetch-site"), header::ORIGIN, header::HOST];

/// Why there is no answer to show.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Failure {
    /// No token, or none in force.
    SignIn,
    /// Not there, or none of the visitor's business.
    NotFound,
    /// The visitor may not do this.
    Forbidden,
    /// It has changed since the visitor saw it: `code` and the current state.
    Changed(Refusal),
    /// Refused for another reason.
    Refused(Refusal),
    /// The same may succeed in a moment.
    Busy,
    /// The API answered what cannot be understood.
    Broken,
}

/// What a problem says.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct Refusal {
    /// Stable word.
    pub(crate) code: String,
    /// Chinese and English.
    pub(crate) title: String,
    /// The current state, where that is why.
    pub(crate) current: Map<String, Value>,
}

/// A page of a list.
#[derive(Debug, Deserialize)]
struct ListPage<T> {
    items: Vec<T>,
    #[serde(default)]
    next: Option<String>,
}

/// A list, read to its end.
#[derive(Debug)]
pub(crate) struct List<T> {
    /// What stands in it.
    pub(crate) items: Vec<T>,
    /// There is more than was read.
    pub(crate) more: bool,
}

/// The API, for one visitor.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    router: Router,
    token: String,
    origin: HeaderMap,
}

impl Api {
    /// The API for the owner of a token; `headers` are those of the browser's request.
    pub(crate) fn new(router: Router, token: String, headers: &HeaderMap) -> Self {
        let told = ORIGIN_HEADERS.into_iter().filter_map(|name| headers.get(&name).map(|value| (name, value.clone())));
        Self { router, token, origin: told.collect() }
    }

    /// Reads one thing; `path` follows `/api/v1`.
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        let authorization = HeaderValue::try_from(format!("Bearer {}", self.token)).map_err(|_| Failure::SignIn)?;
        let request = Request::get(format!("/api/v1{path}")).header(header::AUTHORIZATION, authorization).body(Body::empty());
        self.send(request.map_err(|_| Failure::NotFound)?, path).await
    }

    /// Reads a list to its end, or to as many pages as are reasonable. `path` has no query yet.
    pub(crate) async fn list<T: DeserializeOwned>(&self, path: &str, query: &str) -> Result<List<T>, Failure> {
        let mut items = Vec::new();
        let mut cursor: Option<String> = None;
        for _ in 0..LIST_PAGES_MAX {
            let parameters = [
                Some(format!("limit={}", web::PAGE_ITEMS_MAX)),
                (!query.is_empty()).then(|| query.to_owned()),
                cursor.map(|cursor| format!("cursor={}", encode(&cursor))),
            ];
            let parameters = parameters.into_iter().flatten().collect::<Vec<_>>().join("&");
            let page: ListPage<T> = self.get(&format!("{path}?{parameters}")).await?;
            items.extend(page.items);
            cursor = page.next;
            if cursor.is_none() {
                return Ok(List { items, more: false });
            }
        }
        Ok(List { items, more: true })
    }

    /// Sends a command. The token goes as the browser sent it, in a cookie: so the API looks where the form came from.
    pub(crate) async fn command(&self, community: &str, command: &Value) -> Result<Value, Failure> {
        let cookie = HeaderValue::try_from(format!("{}={}", web::COOKIE, self.token)).map_err(|_| Failure::SignIn)?;
        let path = format!("/communities/{community}/commands");
        let request = Request::builder().method(Method::POST).uri(format!("/api/v1{path}"));
        let request = request.header(header::COOKIE, cookie).header(header::CONTENT_TYPE, "application/json");
        let mut request = request.body(Body::from(command.to_string())).map_err(|_| Failure::NotFound)?;
        request.headers_mut().extend(self.origin.clone());
        self.send(request, &path).await
    }

    async fn send<T: DeserializeOwned>(&self, request: Request<Body>, path: &str) -> Result<T, Failure> {
        let Ok(response) = self.router.clone().oneshot(request).await;
        let status = response.status();
        let body = to_bytes(response.into_body(), ANSWER_BYTES_MAX).await.map_err(|_| Failure::Broken)?;
        if status.is_success() {
            return serde_json::from_slice(&body).map_err(|error| {
                // the path names no person: ids are meaningless by contract
                tracing::error!(path, line = error.line(), column = error.column(), "the api's answer has another shape than expected");
                Failure::Broken
            });
        }
        Err(failure(status, &body))
    }
}

fn failure(status: StatusCode, body: &[u8]) -> Failure {
    let refusal = || serde_json::from_slice::<Refusal>(body).unwrap_or_default();
    match status {
        StatusCode::UNAUTHORIZED => Failure::SignIn,
        StatusCode::NOT_FOUND => Failure::NotFound,
        StatusCode::FORBIDDEN => Failure::Forbidden,
        StatusCode::CONFLICT => Failure::Changed(refusal()),
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => Failure::Busy,
        status if status.is_client_error() => Failure::Refused(refusal()),
        _ => Failure::Broken,
    }
}

/// Percent-encodes a text for a query or a path segment.
pub(crate) fn encode(text: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
    text.bytes().map(|byte| if plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_change_the_meaning_of_a_path_is_encoded() {
        assert_eq!(encode("a-b_c.~9"), "a-b_c.~9");
        assert_eq!(encode("a/b?c&d=é"), "a%2Fb%3Fc%26d%3D%C3%A9");
    }

    #[test]
    fn each_refusal_of_the_api_is_told_apart() {
        let of = |status: u16, body: &str| failure(StatusCode::from_u16(status).unwrap(), body.as_bytes());
        assert_eq!(of(401, ""), Failure::SignIn);
        assert_eq!(of(404, ""), Failure::NotFound);
        assert_eq!(of(403, ""), Failure::Forbidden);
        assert_eq!(of(503, "{}"), Failure::Busy);
        assert_eq!(of(500, ""), Failure::Broken);
        let Failure::Changed(refusal) = of(409, r#"{"code":"alert_changed","current":{"n":4,"state":"acknowledged"}}"#) else { panic!("409 is a change") };
        assert_eq!((refusal.code.as_str(), refusal.current["n"].as_u64()), ("alert_changed", Some(4)));
    }
}
