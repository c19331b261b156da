//! Talking to a running system over its own API, as anybody else does.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use reqwest::{Method, Response, StatusCode};
use serde::de::DeserializeOwned;

use crate::{
    data::find_running,
    exit::{Exit, Failure},
    pinned,
};

/// A running system and a token for it.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    server: String,
    token: String,
}

/// How a running system is found.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) data: PathBuf,
    pub(crate) server: Option<String>,
    pub(crate) token_file: Option<PathBuf>,
    pub(crate) ca_file: Option<PathBuf>,
}

impl Client {
    /// Finds the system.
    pub(crate) fn find(target: &Target) -> Result<Self, Exit> {
        let (server, pinned) = match &target.server {
            Some(server) => (server.trim_end_matches('/').to_owned(), None),
            None => {
                let run = find_running(&target.data)?;
                (run.http, run.certificate)
            }
        };
        let token_file = target.token_file.clone().unwrap_or_else(|| target.data.join("admin.token"));
        let token = read_token(&token_file)?;
        let http = match (&target.ca_file, pinned) {
            (Some(file), _) => {
                let pem = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
                reqwest::Client::builder().tls_certs_merge(reqwest::Certificate::from_pem_bundle(&pem)?).build()?
            }
            (None, Some(certificate)) => pinned::client(&certificate)?,
            (None, None) => reqwest::Client::new(),
        };
        Ok(Self { http, server, token })
    }

    /// A request to the API, authorised.
    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}/api/v1{path}", self.server)).bearer_auth(&self.token)
    }

    /// How ready it is, as it says to anybody.
    pub(crate) async fn ready(&self) -> Result<serde_json::Value, Exit> {
        Ok(self.http.get(format!("{}/readyz", self.server)).send().await?.json().await?)
    }

    /// Reads one thing.
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Exit> {
        Ok(accepted(self.request(Method::GET, path).send().await?).await?.json().await?)
    }
}

fn read_token(file: &Path) -> Result<String, Exit> {
    match std::fs::read_to_string(file) {
        Ok(text) => Ok(text.trim().to_owned()),
        Err(error) => Err(Exit::new(Failure::NotAllowed, format!("cannot read the token in {}: {error}; name one with --token-file", file.display()))),
    }
}

/// An answer that is not a problem; a problem becomes the exit it calls for.
pub(crate) async fn accepted(response: Response) -> Result<Response, Exit> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let failure = match status {
        StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY | StatusCode::PAYLOAD_TOO_LARGE => Failure::Usage,
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Failure::NotAllowed,
        StatusCode::NOT_FOUND => Failure::NotFound,
        StatusCode::CONFLICT => Failure::Conflict,
        _ => Failure::Failed,
    };
    let body = response.text().await.unwrap_or_default();
    Err(Exit::new(failure, problem_text(status, &body)))
}

/// A problem in one line: what, and where.
pub(crate) fn problem_text(status: StatusCode, body: &str) -> String {
    let Ok(problem) = serde_json::from_str::<serde_json::Value>(body) else { return format!("{status}: {body}") };
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let mut line = format!("{} ({})", text(&problem["title"]), text(&problem["code"]));
    if let Some(detail) = problem["detail"].as_str() {
        line.push_str(&format!(": {detail}"));
    }
    for param in problem["invalid_params"].as_array().into_iter().flatten() {
        line.push_str(&format!("\n  {} {}", text(&param["pointer"]), text(&param["reason"])));
    }
    if problem["current"].is_object() {
        line.push_str(&format!("\n  now: {}", problem["current"]));
    }
    line
}
