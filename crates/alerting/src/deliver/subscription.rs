//! A receiver with its plan: what is checked of it before anything is sent.

use std::fmt;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use delivery::{Channel, Plan, Template};
use domain::values::Slug;
use reqwest::Url;

/// Shortest and longest secret of a webhook, in bytes (Standard Webhooks).
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;
/// What the secret of a webhook begins with.
const SECRET_PREFIX: &str = "whsec_";

/// Who is told what, where, and in which words. It comes from the operator's files and from nowhere else.
#[derive(Clone)]
pub struct Subscription {
    /// What is told.
    pub plan: Plan,
    pub(super) url: Url,
    pub(super) secret: Secret,
    pub(super) template: Template,
}

/// What a receiver is convinced with.
#[derive(Clone)]
pub(super) enum Secret {
    None,
    /// The key of a webhook's signatures.
    Key(Vec<u8>),
    /// The secret of a robot, or a token.
    Text(String),
}

/// Why a subscription will not do. It never holds an address or a secret.
#[derive(Debug, thiserror::Error)]
pub enum BadSubscription {
    /// The address cannot be used.
    #[error("its address will not do: {0}")]
    Address(&'static str),
    /// The secret cannot be used.
    #[error("its secret will not do: {0}")]
    Secret(&'static str),
    /// No client for it can be made.
    #[error("no HTTP client can be made")]
    Client(#[source] reqwest::Error),
    /// It is of class full, and there is no stream with names.
    #[error(
        "delivery {0} has class full, and nobody is named on topics: start with --names-on-topics (`names_on_topics = true` of [deployment]), \
         or give it class = \"work\", which tells the door"
    )]
    Unnamed(Slug),
    /// Its filter cannot be written down.
    #[error("its filter cannot be written down")]
    Form(#[from] serde_json::Error),
}

impl fmt::Debug for Subscription {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Subscription").field("plan", &self.plan).finish_non_exhaustive()
    }
}

impl Subscription {
    /// A subscription, from what stands in its files.
    ///
    /// # Errors
    /// When the address is none, or would send messages in the clear; when a webhook has no secret or one of another form.
    pub fn new(plan: Plan, url: &str, secret: Option<&str>, template: Template) -> Result<Self, BadSubscription> {
        let url: Url = url.trim().parse().map_err(|_| BadSubscription::Address("not an address such as https://host/path"))?;
        let here = match url.host_str() {
            None => return Err(BadSubscription::Address("it names no host")),
            Some(host) => host == "localhost" || host.trim_matches(['[', ']']).parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback()),
        };
        if url.scheme() != "https" && !(here && url.scheme() == "http") {
            return Err(BadSubscription::Address("https:// is needed; http:// only to this machine"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(BadSubscription::Address("user and password do not belong into it: use a secret file"));
        }
        let secret = secret_of(plan.channel, secret.map(str::trim))?;
        Ok(Self { plan, url, secret, template })
    }

    /// What it is about and who is called, as a hash: the address may hold a secret, and what was remembered for another aim is not told to
    /// this one.
    pub(super) fn aim(&self) -> Result<String, BadSubscription> {
        let Plan { filter, leaders, staff, .. } = &self.plan;
        let url = self.url.as_str();
        // as it was before there were such receivers, where it is none: deliveries go on
        let said = match (leaders.is_empty(), staff.is_empty()) {
            (true, true) => serde_json::to_vec(&(filter, url)),
            (false, true) => serde_json::to_vec(&(filter, url, leaders)),
            (_, false) => serde_json::to_vec(&(filter, url, leaders, staff)),
        }?;
        Ok(BASE64_STANDARD.encode(ring::digest::digest(&ring::digest::SHA256, &said)))
    }

    /// Whether both would call the same receiver, whose limits then hold for both together.
    pub fn same_receiver(&self, other: &Self) -> bool {
        self.url == other.url
    }
}

fn secret_of(channel: Channel, secret: Option<&str>) -> Result<Secret, BadSubscription> {
    match (channel, secret) {
        (_, Some("")) => Err(BadSubscription::Secret("its file is empty")),
        (Channel::Webhook, None) => Err(BadSubscription::Secret("a webhook needs one: whsec_ and the base64 of 24 to 64 random bytes")),
        (Channel::Webhook, Some(secret)) => {
            let key = secret.strip_prefix(SECRET_PREFIX).and_then(|key| BASE64_STANDARD.decode(key).ok());
            let key = key.filter(|key| SECRET_BYTES.contains(&key.len()));
            key.map(Secret::Key).ok_or(BadSubscription::Secret("not whsec_ and the base64 of 24 to 64 random bytes"))
        }
        (Channel::Wecom, Some(_)) => Err(BadSubscription::Secret("a robot of WeCom has none: its key stands in its address")),
        (Channel::Wecom | Channel::Dingtalk | Channel::Feishu | Channel::Ntfy, None) => Ok(Secret::None),
        (Channel::Dingtalk | Channel::Feishu | Channel::Ntfy, Some(secret)) => {
            let plain = secret.chars().all(|c| c.is_ascii_graphic());
            if plain { Ok(Secret::Text(secret.to_owned())) } else { Err(BadSubscription::Secret("it takes letters, digits and signs without spaces")) }
        }
    }
}
