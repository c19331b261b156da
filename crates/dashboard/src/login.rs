//! Coming in with a token, going out again, and choosing a language.

use std::sync::Arc;

use askama::Template;
use axum::{
    Form,
    extract::{Path, Query, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    Shared,
    api::{Api, Failure},
    language::{self, Language},
    visitor::{Frame, frame_outside, html},
};

/// How long a browser keeps the token, in seconds: one shift.
const SESSION_S: u32 = 12 * 60 * 60;
/// How long a browser keeps the language, in seconds: a year.
const LANGUAGE_S: u32 = 365 * 24 * 60 * 60;
/// Longest token, in characters.
const TOKEN_CHARS_MAX: usize = 512;

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    f: Frame,
    next: String,
    problem: Option<&'static str>,
}

/// Where to go afterwards.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Next {
    next: Option<String>,
}

/// What the form sends.
#[derive(Deserialize)]
pub(crate) struct Entrance {
    token: String,
    next: Option<String>,
}

/// Where the language was changed.
#[derive(Debug, Deserialize)]
pub(crate) struct Back {
    back: Option<String>,
}

/// `GET /login`
pub(crate) async fn form(State(shared): State<Arc<Shared>>, headers: HeaderMap, Query(query): Query<Next>) -> Response {
    login(&shared, &headers, StatusCode::OK, local(query.next.as_deref()), None)
}

/// `POST /login`: a token that the API knows becomes a cookie.
pub(crate) async fn enter(State(shared): State<Arc<Shared>>, headers: HeaderMap, Form(entrance): Form<Entrance>) -> Response {
    let next = local(entrance.next.as_deref());
    // a form of another site must not sign somebody in as somebody else
    if !web::same_site(&headers) {
        return login(&shared, &headers, StatusCode::FORBIDDEN, next, Some("login.cross_site"));
    }
    let token = entrance.token.trim();
    if !is_token(token) {
        return login(&shared, &headers, StatusCode::UNAUTHORIZED, next, Some("login.refused"));
    }
    let api = Api::new(shared.api.clone(), token.to_owned(), &headers);
    match api.get::<Value>("/communities?limit=1").await {
        Ok(_) => with_cookie(Redirect::to(next), &session(&shared, token, SESSION_S)),
        Err(Failure::Busy) => login(&shared, &headers, StatusCode::SERVICE_UNAVAILABLE, next, Some("login.busy")),
        Err(_) => login(&shared, &headers, StatusCode::UNAUTHORIZED, next, Some("login.refused")),
    }
}

/// `POST /logout`
pub(crate) async fn leave(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    if !web::same_site(&headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    with_cookie(Redirect::to("/login"), &session(&shared, "", 0))
}

/// `GET /language/{language}?back=`: remembers the language and goes back.
pub(crate) async fn speak(State(shared): State<Arc<Shared>>, Path(word): Path<String>, Query(query): Query<Back>) -> Response {
    let Some(language) = Language::from_word(&word) else { return StatusCode::NOT_FOUND.into_response() };
    let secure = if shared.options.secure { "; Secure" } else { "" };
    let cookie = format!("{}={}; Path=/; Max-Age={LANGUAGE_S}; SameSite=Lax; HttpOnly{secure}", language::COOKIE, language.word());
    with_cookie(Redirect::to(local(query.back.as_deref())), &cookie)
}

/// The token that the browser keeps.
pub(crate) fn token(headers: &HeaderMap) -> Option<&str> {
    web::cookie_token(headers).filter(|token| is_token(token))
}

/// Visible characters that may stand in a cookie as they are.
fn is_token(token: &str) -> bool {
    !token.is_empty() && token.len() <= TOKEN_CHARS_MAX && token.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b',' | b';' | b'\\'))
}

/// A path of ours, or the start page: nobody is sent elsewhere.
fn local(path: Option<&str>) -> &str {
    path.filter(|path| path.starts_with('/') && !path.starts_with("//") && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')).unwrap_or("/")
}

fn session(shared: &Shared, token: &str, age_s: u32) -> String {
    let (name, secure) = if shared.options.secure { (web::COOKIE_SECURE, "; Secure") } else { (web::COOKIE, "") };
    format!("{name}={token}; Path=/; Max-Age={age_s}; HttpOnly; SameSite=Strict{secure}")
}

fn with_cookie(redirect: Redirect, cookie: &str) -> Response {
    let mut response = redirect.into_response();
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    response
}

fn login(shared: &Shared, headers: &HeaderMap, status: StatusCode, next: &str, problem: Option<&'static str>) -> Response {
    let frame = frame_outside(shared, Language::of(headers), "login.title");
    html(status, &LoginPage { f: frame, next: next.to_owned(), problem })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_elsewhere() {
        for foreign in ["https://evil.example/", "//evil.example", "/\\evil.example", "evil", "", "/a\r\nset-cookie: x"] {
            assert_eq!(local(Some(foreign)), "/", "{foreign}");
        }
        assert_eq!(local(Some("/c/u07/alerts?state=open")), "/c/u07/alerts?state=open");
        assert_eq!(local(None), "/");
    }

    #[test]
    fn a_token_cannot_break_out_of_its_cookie() {
        for bad in ["", "a b", "a;b", "a,b", "a\"b", "a\r\nb", "令牌"] {
            assert!(!is_token(bad), "{bad:?}");
        }
        assert!(is_token("gw_3fA-._~9=="));
        assert!(!is_token(&"a".repeat(TOKEN_CHARS_MAX + 1)));
    }
}
