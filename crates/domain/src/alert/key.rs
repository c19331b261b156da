//! What an alert is about, and the ids that follow from it.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::Kind;
use crate::values::{CommunityId, InvalidSlug, QuarantineId, Slug};

/// What an alert is about: no date, no text, no severity.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// The rule, such as `fever`.
    pub rule: Slug,
    /// What kind of thing, such as `person`.
    pub subject_kind: Slug,
    /// Which.
    pub subject_id: Slug,
}

impl Key {
    /// As written outside: `{community}/{rule}/{subject kind}/{subject id}`.
    pub fn full(&self, community: &CommunityId) -> String {
        format!("{community}/{}/{}/{}", self.rule, self.subject_kind, self.subject_id)
    }

    /// Whether an alert about it says what medicine found of somebody: for those who may not see findings there is no such alert.
    pub fn tells_a_finding(&self) -> bool {
        Kind::tells_a_finding(self.rule.as_str())
    }

    /// The order it is about, where it is about one.
    pub fn quarantine(&self) -> Option<QuarantineId> {
        (self.subject_kind.as_str() == "quarantine").then(|| self.subject_id.as_str().parse().ok()).flatten()
    }

    /// The hash that names everything this key has gone through.
    pub fn hash(&self, community: &CommunityId) -> KeyHash {
        let hash = blake3::hash(self.full(community).as_bytes());
        // letters only: digits could look like somebody's number
        let letters = hash.as_bytes()[..8].iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|nibble| char::from(b'a' + nibble));
        KeyHash(letters.collect())
    }
}

/// 64 bits of the hash of a key, as 16 letters a-p.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct KeyHash(String);

impl fmt::Display for KeyHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for KeyHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Id of an alert: the hash of its key and the number of its episode group. It holds no full stop, so it can stand in message ids.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AlertId {
    hash: KeyHash,
    group: u32,
}

impl AlertId {
    /// The id of an episode group: 1 for the first, the next for a new cause more than 24 h after the one before was
    /// resolved.
    pub fn new(hash: KeyHash, group: u32) -> Self {
        Self { hash, group }
    }

    /// The hash of its key.
    pub fn key_hash(&self) -> &KeyHash {
        &self.hash
    }

    /// The number of its episode group.
    pub fn group(&self) -> u32 {
        self.group
    }
}

impl fmt::Display for AlertId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}-{}", self.hash, self.group)
    }
}

impl fmt::Debug for AlertId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl FromStr for AlertId {
    type Err = InvalidSlug;
    fn from_str(text: &str) -> Result<Self, InvalidSlug> {
        let (hash, group) = text.split_once('-').ok_or(InvalidSlug::Malformed)?;
        let letters = hash.len() == 16 && hash.bytes().all(|byte| (b'a'..=b'p').contains(&byte));
        let group = group.parse().ok().filter(|_| letters && !group.starts_with(['0', '+'])).ok_or(InvalidSlug::Malformed)?;
        Ok(Self { hash: KeyHash(hash.to_owned()), group })
    }
}

impl TryFrom<String> for AlertId {
    type Error = InvalidSlug;
    fn try_from(text: String) -> Result<Self, InvalidSlug> {
        text.parse()
    }
}

impl From<AlertId> for String {
    fn from(id: AlertId) -> Self {
        id.to_string()
    }
}
