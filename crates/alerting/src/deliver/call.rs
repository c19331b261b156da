//! One call: the request of each channel, and what its answer means.

use std::time::Duration;

use delivery::{Channel, Content, Line, Names, Notice, Outcome, Send, Sort, Template};
use domain::{
    alert::Severity,
    values::{Slug, Timestamp},
};
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url, header, redirect::Policy};
use serde_json::{Value, json};

use super::{
    sign,
    subscription::{BadSubscription, Secret, Subscription},
};
use crate::publish::message::CONTENT_TYPE;

/// Longest wait for a connection.
const CONNECT_WAIT: Duration = Duration::from_secs(5);
/// Longest wait for an answer, in real time.
const ANSWER_WAIT: Duration = Duration::from_secs(15);
/// Most bytes of an answer that are read.
const ANSWER_BYTES_MAX: usize = 16 * 1024;
/// Most characters of an answer that are shown to an operator who tests.
const SAID_CHARS_MAX: usize = 200;
/// How long a receiver that calls us too frequent is left alone, in ms; DingTalk blocks a robot for so long that it gets its own.
const HOLD_MS: i64 = 60_000;
const DINGTALK_HOLD_MS: i64 = 10 * 60_000;
/// Longest that a receiver may ask us to wait, in ms.
const HOLD_MS_MAX: i64 = 3_600_000;

/// A receiver that can be called. A clone shares its connections.
#[derive(Clone)]
pub(super) struct Receiver {
    client: Client,
    name: Slug,
    channel: Channel,
    url: Url,
    secret: Secret,
    template: Template,
    names: Names,
}

/// What came of a call.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) outcome: Outcome,
    status: Option<StatusCode>,
    code: Option<i64>,
    /// What went wrong before there was an answer, without the address.
    error: Option<String>,
    /// The beginning of what the receiver said: for an operator's eyes only.
    pub(super) said: String,
}

impl Answer {
    fn unsent(error: String) -> Self {
        Self { outcome: Outcome::Failed, status: None, code: None, error: Some(error), said: String::new() }
    }

    /// Nobody was called: the stream does not answer.
    pub(super) fn unread(_: &bus::ReadError) -> Self {
        Self::unsent("the stream of alerts does not answer".to_owned())
    }

    /// The call broke off by a fault of this program; nobody knows whether the receiver has it.
    pub(super) fn broken_off() -> Self {
        Self::unsent("the call broke off: a fault of this program, see its log".to_owned())
    }

    /// In short, without anything that the receiver could have put there.
    pub(super) fn summary(&self) -> String {
        let status = self.status.map(|status| format!("HTTP {}", status.as_u16()));
        let code = self.code.map(|code| format!("code {code}"));
        let parts: Vec<String> = [status, code, self.error.clone()].into_iter().flatten().collect();
        parts.join(", ")
    }
}

impl Receiver {
    pub(super) fn new(subscription: &Subscription, names: Names) -> Result<Self, BadSubscription> {
        // a redirect would take what is told to somebody whom no operator has named
        let client = Client::builder().redirect(Policy::none()).connect_timeout(CONNECT_WAIT).timeout(ANSWER_WAIT).user_agent("gridward");
        let Subscription { plan, url, secret, template } = subscription.clone();
        let client = client.build().map_err(|error| BadSubscription::Client(error.without_url()))?;
        Ok(Self { client, name: plan.name, channel: plan.channel, url, secret, template, names })
    }

    /// Tries a send: a notice, or a message of the stream with its payload.
    pub(super) async fn call(&self, send: &Send, payload: Option<bytes::Bytes>, real: Timestamp) -> Answer {
        let request = match (&send.content, payload) {
            (Content::Message { .. }, Some(payload)) => self.webhook(&send.id, payload, real),
            (Content::Message { .. }, None) => return Answer { outcome: Outcome::Gone, ..Answer::unsent("the message is gone from the stream".to_owned()) },
            (Content::Notice(notice), _) => match self.notice(send, notice, real) {
                Ok(request) => request,
                Err(error) => return Answer::unsent(crate::error::chain(&error)),
            },
        };
        match request.send().await {
            Ok(response) => self.read(response).await,
            Err(error) => Answer::unsent(why_unsent(&error).to_owned()),
        }
    }

    fn webhook(&self, id: &str, body: bytes::Bytes, real: Timestamp) -> RequestBuilder {
        let seconds = real.0.div_euclid(1000);
        let request = self.client.post(self.url.clone()).header(header::CONTENT_TYPE, CONTENT_TYPE).header("webhook-id", id);
        let request = request.header("webhook-timestamp", seconds);
        match &self.secret {
            Secret::Key(key) => request.header("webhook-signature", sign::webhook(key, id, seconds, &body)).body(body),
            // no webhook comes into being without a key
            Secret::None | Secret::Text(_) => request.body(body),
        }
    }

    fn notice(&self, send: &Send, notice: &Notice, real: Timestamp) -> Result<RequestBuilder, delivery::TemplateError> {
        if self.channel == Channel::Webhook {
            return Ok(self.webhook(&send.id, counted(&self.name, &send.id, notice).to_string().into(), real));
        }
        let text = self.template.text(notice, &self.names, self.channel.text_bytes_max())?;
        let post = |url: Url, body: &Value| self.client.post(url).json(body);
        Ok(match (self.channel, &self.secret) {
            (Channel::Dingtalk, Secret::Text(secret)) => {
                let mut url = self.url.clone();
                url.query_pairs_mut().append_pair("timestamp", &real.0.to_string()).append_pair("sign", &sign::dingtalk(secret, real.0));
                post(url, &json!({"msgtype": "text", "text": {"content": text}}))
            }
            (Channel::Wecom | Channel::Dingtalk | Channel::Webhook, _) => post(self.url.clone(), &json!({"msgtype": "text", "text": {"content": text}})),
            (Channel::Feishu, Secret::Text(secret)) => {
                let seconds = real.0.div_euclid(1000);
                let signature = sign::feishu(secret, seconds);
                post(self.url.clone(), &json!({"timestamp": seconds.to_string(), "sign": signature, "msg_type": "text", "content": {"text": text}}))
            }
            (Channel::Feishu, _) => post(self.url.clone(), &json!({"msg_type": "text", "content": {"text": text}})),
            (Channel::Ntfy, secret) => {
                let request = self.client.post(self.url.clone()).header("Priority", priority(notice.severity())).body(text);
                if let Secret::Text(token) = secret { request.bearer_auth(token) } else { request }
            }
        })
    }

    /// What an answer means. Robots say 200 whatever they mean, and the truth in a code.
    async fn read(&self, response: Response) -> Answer {
        let status = response.status();
        let retry_after_ms = retry_after_ms(&response);
        let body = beginning(response).await;
        let fields: Value = serde_json::from_slice(&body).unwrap_or_default();
        let code = match self.channel {
            Channel::Webhook | Channel::Ntfy => None,
            Channel::Wecom | Channel::Dingtalk => fields["errcode"].as_i64(),
            // the first version of the interface says StatusCode
            Channel::Feishu => fields["code"].as_i64().or_else(|| fields["StatusCode"].as_i64()),
        };
        let by_code = matches!(self.channel, Channel::Wecom | Channel::Dingtalk | Channel::Feishu);
        let outcome = match (self.channel, status, code) {
            (_, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE, _) if retry_after_ms.is_some() => {
                Outcome::Limited { hold_ms: retry_after_ms.unwrap_or(HOLD_MS) }
            }
            (Channel::Dingtalk, _, Some(130_101)) => Outcome::Limited { hold_ms: DINGTALK_HOLD_MS },
            (_, StatusCode::TOO_MANY_REQUESTS, _) | (Channel::Wecom, _, Some(45_009)) | (Channel::Feishu, _, Some(9_499 | 11_232)) => {
                Outcome::Limited { hold_ms: HOLD_MS }
            }
            (_, status, code) if status.is_success() && (!by_code || code == Some(0)) => Outcome::Delivered,
            _ => Outcome::Failed,
        };
        let said = String::from_utf8_lossy(&body).chars().filter(|c| !c.is_control()).take(SAID_CHARS_MAX).collect();
        Answer { outcome, status: Some(status), code, error: None, said }
    }
}

/// A notice for programs: what was counted, as a CloudEvent.
fn counted(name: &Slug, id: &str, notice: &Notice) -> Value {
    let action = if notice.sort == Sort::Test { "gridward.delivery.tested.v1" } else { "gridward.alerts.counted.v1" };
    let line =
        |line: &Line| json!({"community": line.community, "kind": line.kind, "severity": line.severity, "progress": line.progress, "count": line.alerts});
    // of an alert only the last that is said of it counts
    let counts: Vec<Value> = notice.lines.iter().filter(|line| line.alerts > 0).map(line).collect();
    let data = json!({"sort": notice.sort, "exercise": notice.exercise, "count": notice.alerts(), "counts": counts});
    json!({
        "specversion": "1.0", "id": id, "source": format!("/deliveries/{name}"), "type": action, "time": notice.at,
        "datacontenttype": "application/json", "severity": notice.severity(), "data": data,
    })
}

/// How loud ntfy is.
fn priority(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "5",
        Severity::Serious => "4",
        Severity::Caution => "3",
    }
}

/// What went wrong, in words of ours: those of the library name the address.
fn why_unsent(error: &reqwest::Error) -> &'static str {
    if error.is_timeout() {
        "no answer in time"
    } else if error.is_connect() {
        "no connection"
    } else if error.is_builder() {
        "it cannot be asked"
    } else {
        "the connection broke"
    }
}

fn retry_after_ms(response: &Response) -> Option<i64> {
    let seconds: i64 = response.headers().get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(seconds.clamp(1, HOLD_MS_MAX / 1000) * 1000)
}

/// The beginning of an answer. A receiver that never ends is not listened to.
async fn beginning(mut response: Response) -> Vec<u8> {
    let mut body = Vec::new();
    while body.len() < ANSWER_BYTES_MAX
        && let Ok(Some(chunk)) = response.chunk().await
    {
        body.extend_from_slice(&chunk[..chunk.len().min(ANSWER_BYTES_MAX - body.len())]);
    }
    body
}
