//! What machines read about us: the HTTP API as OpenAPI, the topics as AsyncAPI, and a page that lists the operations for people.
//!
//! Both are written by hand and kept true by tests (`tests/contract`). They hold nothing about any deployment, so no token is asked for.

use std::{fmt::Write as _, sync::LazyLock};

use axum::{
    Router,
    http::{HeaderValue, header},
    response::IntoResponse,
    routing::get,
};
use serde_json::Value;

/// The HTTP API, OpenAPI 3.1.
pub const OPENAPI: &str = include_str!("../contracts/openapi.json");
/// The topics, AsyncAPI 3.1. It points at shapes in [`OPENAPI`], which is served beside it.
pub const ASYNCAPI: &str = include_str!("../contracts/asyncapi.yaml");
/// Looks of the page: a file, because pages run no inline style.
const STYLE: &str = include_str!("../contracts/docs.css");
/// How long what is served here may be kept: it changes with the program only.
const CACHE: &str = "public, max-age=300";

static PAGE: LazyLock<String> = LazyLock::new(|| page(OPENAPI));

/// `/openapi.json`, `/asyncapi.yaml` and `/docs`, for whoever asks.
pub fn contracts() -> Router {
    Router::new()
        .route("/openapi.json", get(|| async { text("application/json", OPENAPI) }))
        .route("/asyncapi.yaml", get(|| async { text("application/yaml", ASYNCAPI) }))
        .route("/docs", get(|| async { text("text/html; charset=utf-8", &PAGE) }))
        .route("/docs.css", get(|| async { text("text/css; charset=utf-8", STYLE) }))
}

fn text(kind: &'static str, body: &'static str) -> impl IntoResponse + use<> {
    ([(header::CONTENT_TYPE, HeaderValue::from_static(kind)), (header::CACHE_CONTROL, HeaderValue::from_static(CACHE))], body)
}

/// A page that lists every operation of a description, by tag, and every command.
fn page(openapi: &str) -> String {
    // a description that does not parse cannot be built: its test fails
    let document: Value = serde_json::from_str(openapi).unwrap_or_default();
    let mut html =
        String::from("<!doctype html>\n<html lang=\"zh-CN\">\n<head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">");
    let title = escaped(&document["info"]["title"]);
    // writing into a String does not fail
    let _infallible = write!(html, "<title>{title}</title><link rel=\"stylesheet\" href=\"/docs.css\"></head>\n<body><h1>{title}</h1>");
    for paragraph in document["info"]["description"].as_str().unwrap_or_default().split("\n\n") {
        let _infallible = write!(html, "<p>{}</p>", escape(paragraph));
    }
    html.push_str("<p><a href=\"/openapi.json\">openapi.json</a> · <a href=\"/asyncapi.yaml\">asyncapi.yaml</a></p>\n");
    for tag in document["tags"].as_array().into_iter().flatten() {
        let _infallible = write!(html, "<h2>{}</h2><p>{}</p>\n<table>", escaped(&tag["name"]), escaped(&tag["description"]));
        for (path, method, operation) in operations(&document).filter(|(_, _, operation)| operation["tags"][0] == tag["name"]) {
            let (path, method, summary) = (escape(path), escape(&method.to_uppercase()), escaped(&operation["summary"]));
            let _infallible = writeln!(html, "<tr><th scope=\"row\">{method}</th><td><code>{path}</code></td><td>{summary}</td></tr>");
        }
        html.push_str("</table>\n");
    }
    html.push_str("<h2>命令 · Commands</h2>\n<table>");
    for (kind, description) in commands(&document) {
        let _infallible = writeln!(html, "<tr><th scope=\"row\"><code>{}</code></th><td>{}</td></tr>", escape(kind), escaped(description));
    }
    html.push_str("</table>\n</body>\n</html>\n");
    html
}

/// Every operation: its path, its method, and what is said of it.
fn operations(document: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    let paths = document["paths"].as_object().into_iter().flatten();
    paths.flat_map(|(path, item)| {
        let methods = item.as_object().into_iter().flatten().filter(|(method, _)| *method != "parameters");
        methods.map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
    })
}

/// Every type of command, and what is said of its data.
fn commands(document: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let schemas = &document["components"]["schemas"];
    let types = schemas["Command"]["properties"]["type"]["enum"].as_array().into_iter().flatten();
    types.filter_map(Value::as_str).map(|kind| (kind, &schemas[kind]["description"]))
}

fn escaped(value: &Value) -> String {
    escape(value.as_str().unwrap_or_default())
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use axum::{body::to_bytes, extract::Request, response::Response};
    use tower::ServiceExt as _;

    use super::*;

    async fn ask(path: &str) -> Response {
        let router = crate::protect(contracts());
        router.oneshot(Request::get(path).body(axum::body::Body::empty()).unwrap()).await.unwrap()
    }

    #[tokio::test]
    async fn everything_is_served_to_whoever_asks_in_its_own_type() {
        for (path, kind) in [("/openapi.json", "application/json"), ("/asyncapi.yaml", "application/yaml"), ("/docs", "text/html"), ("/docs.css", "text/css")] {
            let response = ask(path).await;
            let found = response.headers()[header::CONTENT_TYPE].to_str().unwrap().to_owned();
            assert!(response.status().is_success() && found.starts_with(kind), "{path}: {found}");
            assert_eq!(response.headers()[header::CACHE_CONTROL], CACHE, "{path}");
            assert!(!to_bytes(response.into_body(), usize::MAX).await.unwrap().is_empty(), "{path}");
        }
    }

    #[test]
    fn the_page_lists_every_operation_and_every_command() {
        let document: Value = serde_json::from_str(OPENAPI).unwrap();
        let count = operations(&document).count();
        assert!(count > 30, "only {count} operations");
        for (path, method, operation) in operations(&document) {
            let row = format!("<tr><th scope=\"row\">{}</th><td><code>{path}</code></td>", method.to_uppercase());
            assert_eq!(PAGE.matches(&row).count(), 1, "{row}");
            assert!(PAGE.contains(&escaped(&operation["summary"])), "{path}");
        }
        assert_eq!(commands(&document).count(), domain::Command::TYPES.len() - domain::Command::INTERNAL_TYPES.len());
        assert!(commands(&document).all(|(kind, description)| description.is_string() && PAGE.contains(&format!("<code>{kind}</code>"))));
    }

    #[test]
    fn the_page_needs_nothing_that_its_policy_forbids() {
        for forbidden in ["<script", "<style", "style=", "onclick", "http://", "https://"] {
            assert!(!PAGE.contains(forbidden), "{forbidden}");
        }
    }

    #[test]
    fn text_of_a_description_is_no_markup() {
        let page = page(r#"{"info":{"title":"<b>&\"","description":""}}"#);
        assert!(page.contains("<h1>&lt;b&gt;&amp;&quot;</h1>"), "{page}");
    }
}
