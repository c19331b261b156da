//! A command in the shape of the contract, and when it is sent.

use serde_json::{Map, Value};
use uuid::Uuid;

use crate::moment::Moment;

/// How a command reached the office.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Via {
    /// The phone app.
    App,
    /// A paper sheet typed later.
    Paper,
    /// A message in the group chat, typed by the office.
    Wechat,
    /// A telephone call, typed by the office.
    Phone,
    /// A file.
    Import,
}

impl Via {
    /// The word in the command.
    pub fn word(self) -> &'static str {
        match self {
            Self::App => "app",
            Self::Paper => "paper",
            Self::Wechat => "wechat",
            Self::Phone => "phone",
            Self::Import => "import",
        }
    }
}

/// One command as a client would send it.
#[derive(Clone, Debug, PartialEq)]
pub struct Command {
    /// The idempotency key: version 5, from the demo's parameters, the community and what the command is about.
    pub id: Uuid,
    /// The type, such as `visit.record`.
    pub kind: &'static str,
    /// When it happened in the field.
    pub at: Moment,
    /// Slugs of the staff who did it; empty = whoever holds the token.
    pub by: Vec<String>,
    /// How it reached the office.
    pub via: Via,
    /// The number of the paper sheet.
    pub paper: Option<String>,
    /// The phone's clock when sending, only on commands that waited on a phone.
    pub sent_at: Option<Moment>,
    /// The fields of the type.
    pub data: Value,
}

impl Command {
    /// The JSON object of the contract. Absent options are left out, not null.
    pub fn to_json(&self) -> Value {
        let mut object = Map::new();
        object.insert("id".into(), self.id.to_string().into());
        object.insert("type".into(), self.kind.into());
        object.insert("at".into(), self.at.to_string().into());
        object.insert("via".into(), self.via.word().into());
        if !self.by.is_empty() {
            object.insert("by".into(), self.by.clone().into());
        }
        if let Some(paper) = &self.paper {
            object.insert("paper".into(), paper.clone().into());
        }
        if let Some(sent_at) = self.sent_at {
            object.insert("sent_at".into(), sent_at.to_string().into());
        }
        object.insert("data".into(), self.data.clone());
        Value::Object(object)
    }
}

/// A command with its community and the time it is sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Sent {
    /// When it leaves the phone or the office; never before `command.at` (after clock correction).
    pub send: Moment,
    /// Slug of the community it goes to.
    pub community: String,
    /// What is sent.
    pub command: Command,
}

/// A command without its id, as the generators make it.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) kind: &'static str,
    pub(crate) at: Moment,
    pub(crate) by: Vec<String>,
    pub(crate) via: Via,
    pub(crate) paper: Option<String>,
    pub(crate) sent_at: Option<Moment>,
    pub(crate) data: Value,
}

impl Draft {
    /// A draft without staff, sheet or phone clock.
    pub(crate) fn new(kind: &'static str, at: Moment, via: Via, data: Value) -> Self {
        Self { kind, at, by: Vec::new(), via, paper: None, sent_at: None, data }
    }

    /// Gives it the staff who did it.
    pub(crate) fn by(self, by: impl IntoIterator<Item = String>) -> Self {
        Self { by: by.into_iter().collect(), ..self }
    }

    /// Gives it its id.
    pub(crate) fn with_id(self, id: Uuid) -> Command {
        let Self { kind, at, by, via, paper, sent_at, data } = self;
        Command { id, kind, at, by, via, paper, sent_at, data }
    }
}
