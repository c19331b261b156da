//! What the framework refuses by itself is told as every other refusal.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on may say so by panicking")]

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::Path,
    http::{Method, Request, StatusCode, header},
    routing::get,
};
use serde_json::Value;
use tower::ServiceExt as _;

async fn panics() {
    panic!("planted");
}

fn router() -> Router {
    let number = |Path(_): Path<(String, u8)>| async { "a number" };
    let own = || async { (StatusCode::SERVICE_UNAVAILABLE, [(header::CONTENT_TYPE, "application/json")], r#"{"ready":false}"#) };
    let inner = Router::new().route("/number/{number}", get(number));
    let router = Router::new().route("/thing", get(|| async { "a thing" }).post(|| async {})).route("/panics", get(panics));
    web::protect(router.route("/own", get(own)).nest("/in/{community}", inner))
}

async fn ask(method: Method, path: &str) -> (StatusCode, axum::http::HeaderMap, String) {
    let response = router().oneshot(Request::builder().method(method).uri(path).body(Body::empty()).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    (parts.status, parts.headers, String::from_utf8(to_bytes(body, usize::MAX).await.unwrap().to_vec()).unwrap())
}

#[tokio::test]
async fn what_the_framework_refuses_is_told_as_a_problem_with_our_codes() {
    for (method, path, status, code) in [
        (Method::GET, "/nowhere", 404, "not_found"),
        (Method::GET, "/in/u07/nowhere", 404, "not_found"),
        (Method::DELETE, "/thing", 405, "method_not_allowed"),
        (Method::PUT, "/in/u07/number/1", 405, "method_not_allowed"),
        (Method::GET, "/in/u07/number/13812345678", 400, "wrong_shape"),
        (Method::GET, "/panics", 500, "internal"),
    ] {
        let (found, headers, body) = ask(method, path).await;
        assert_eq!((found.as_u16(), headers[header::CONTENT_TYPE].to_str().unwrap()), (status, "application/problem+json"), "{path}: {body}");
        let problem: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((&problem["code"], &problem["status"]), (&code.into(), &status.into()), "{path}");
        assert_ne!(problem["title"], Value::from("请检查输入 Please check what was sent"), "{code} has words of its own");
        assert!(!body.contains("138") && !body.contains("planted"), "{path}: {body}");
        assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
    }
}

#[tokio::test]
async fn a_wrong_method_is_told_which_are_right() {
    let (_, headers, _) = ask(Method::DELETE, "/thing").await;
    assert_eq!(headers[header::ALLOW], "GET,HEAD,POST");
}

#[tokio::test]
async fn what_a_handler_said_itself_stays() {
    assert_eq!(ask(Method::GET, "/own").await.2, r#"{"ready":false}"#);
    assert_eq!(ask(Method::GET, "/thing").await.2, "a thing");
}
