//! Ids: slugs that clients choose and that mean nothing, and the ids of commands and events.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, Visitor},
};
use uuid::Uuid;

/// Longest slug, in characters.
pub const SLUG_CHARS_MAX: usize = 64;

/// Why a text is not a slug.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSlug {
    /// Wrong characters or length.
    #[error("slug_malformed: use 1 to 64 of a-z 0-9 _ -, starting with a letter or a digit")]
    Malformed,
    /// Looks like a resident ID number or a mobile number: such a thing must never become an id, because ids are shown and logged.
    #[error("slug_personal: this looks like an ID number or a mobile number; choose an id that means nothing")]
    Personal,
}

/// A name chosen by a client: `[a-z0-9][a-z0-9_-]{0,63}`, meaningless (contracts.md).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slug(Arc<str>);

impl Slug {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Slug {
    type Err = InvalidSlug;
    fn from_str(text: &str) -> Result<Self, InvalidSlug> {
        let bytes = text.as_bytes();
        let letter_or_digit = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let well_formed = bytes.len() <= SLUG_CHARS_MAX
            && bytes.first().is_some_and(letter_or_digit)
            && bytes.iter().all(|byte| letter_or_digit(byte) || matches!(byte, b'_' | b'-'));
        if !well_formed {
            return Err(InvalidSlug::Malformed);
        }
        let may_be_personal = bytes.iter().filter(|byte| byte.is_ascii_digit()).count() >= PERSONAL_DIGITS_MIN;
        if may_be_personal
            && (text.split(|character: char| !character.is_ascii_digit() && character != 'x').any(looks_personal) || looks_personal_in_groups(text))
        {
            return Err(InvalidSlug::Personal);
        }
        Ok(Self(text.into()))
    }
}

/// Fewer digits are neither a mobile number nor an ID number, and most ids have fewer.
const PERSONAL_DIGITS_MIN: usize = 11;

/// 11 digits from 13 to 19: a mobile number. 15 digits, or 17 and a check character: a resident ID number (GB 11643).
fn looks_personal(run: &str) -> bool {
    let run = run.trim_start_matches('x');
    let digits = run.bytes().take_while(u8::is_ascii_digit).count();
    match digits {
        11 => run.starts_with('1') && matches!(run.as_bytes()[1], b'3'..=b'9'),
        15 | 18 => true,
        17 => run.len() >= 18,
        _ => false,
    }
}

/// As [`looks_personal`], for digits that stand in groups: `138-1234-5678`.
fn looks_personal_in_groups(text: &str) -> bool {
    let groups: Vec<&str> = text.split(['-', '_']).collect();
    let is_inside = |character: char| character.is_ascii_digit() || character == 'x';
    (0..groups.len()).any(|first| {
        let begun = groups[first].rfind(|character: char| !character.is_ascii_digit()).map_or(0, |letter| letter + 1);
        let mut run = groups[first][begun..].to_owned();
        groups[first + 1..].iter().any(|group| {
            // what comes behind something else than digits belongs to no number
            if run.is_empty() || !run.ends_with(|character: char| character.is_ascii_digit()) {
                return false;
            }
            let end = group.find(|character| !is_inside(character));
            run.push_str(&group[..end.unwrap_or(group.len())]);
            let found = looks_personal(&run);
            if end.is_some() {
                run.clear();
            }
            found
        })
    })
}

impl fmt::Display for Slug {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for Slug {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Serialize for Slug {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Slug {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(SlugText)
    }
}

/// Takes a slug from where its text lies: a commit holds a dozen of them, and a copy of each would be thrown away at once.
struct SlugText;

impl Visitor<'_> for SlugText {
    type Value = Slug;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Slug, E> {
        text.parse().map_err(E::custom)
    }
}

macro_rules! ids {
    ($($(#[$meta:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Slug);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str { self.0.as_str() }
            /// The same, whatever it is an id of.
            pub fn slug(&self) -> &Slug { &self.0 }
        }
        impl FromStr for $name {
            type Err = InvalidSlug;
            fn from_str(text: &str) -> Result<Self, InvalidSlug> { text.parse().map(Self) }
        }
        impl From<Slug> for $name {
            fn from(slug: Slug) -> Self { Self(slug) }
        }
        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result { self.0.fmt(formatter) }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result { self.0.fmt(formatter) }
        }
    )+};
}

ids! {
    /// A town: a prefix of topics and a scope of tokens.
    TownId,
    /// A community (社区): the unit of isolation. Unique in the deployment.
    CommunityId,
    /// A housing estate (小区) or an open neighbourhood.
    EstateId,
    /// A building, a row of houses, a village group.
    BuildingId,
    /// A grid (网格): a part of a community with a grid worker.
    GridId,
    /// The file of one door, for life.
    HouseholdId,
    /// A registered person.
    PersonId,
    /// Somebody who works here.
    StaffId,
    /// A gate, a street post, a road block.
    CheckpointId,
    /// A round of door-to-door screening.
    RoundId,
    /// A quarantine order.
    QuarantineId,
    /// A bearer token; its secret is never stored.
    TokenId,
}

/// Id of a command, made by the client: the idempotency key, for ever, per community.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CommandId(pub Uuid);

impl CommandId {
    /// An id of random bytes that the caller made.
    pub fn random_from(bytes: [u8; 16]) -> Self {
        Self(uuid::Builder::from_random_bytes(bytes).into_uuid())
    }
}

impl FromStr for CommandId {
    type Err = uuid::Error;
    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        text.parse().map(Self)
    }
}

impl fmt::Display for CommandId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl fmt::Debug for CommandId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl Serialize for CommandId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() { serializer.collect_str(&self.0) } else { self.0.into_bytes().serialize(serializer) }
    }
}

impl<'de> Deserialize<'de> for CommandId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
            text.parse().map_err(|_| D::Error::custom("not a UUID, such as 01922f0c-7b1e-7c3a-9f00-5b1d2c3e4f50"))
        } else {
            <[u8; 16]>::deserialize(deserializer).map(|bytes| Self(Uuid::from_bytes(bytes)))
        }
    }
}

/// Id of an event: its command and its place among the events of that command, written `<command>-<index>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EventId {
    /// The command that caused it.
    pub command: CommandId,
    /// 0 for the first event of the command.
    pub index: u16,
}

impl EventId {
    /// As bytes that sort as ids do: for rows that hold many of them, and write them by a copy.
    pub fn to_bytes(self) -> [u8; 18] {
        let mut bytes = [0; 18];
        bytes[..16].copy_from_slice(self.command.0.as_bytes());
        bytes[16..].copy_from_slice(&self.index.to_be_bytes());
        bytes
    }

    /// The id of such bytes.
    pub fn from_bytes([command @ .., high, low]: [u8; 18]) -> Self {
        Self { command: CommandId(Uuid::from_bytes(command)), index: u16::from_be_bytes([high, low]) }
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}-{}", self.command, self.index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_at_the_edges() {
        for good in [
            "b07",
            "7",
            "a-b_c",
            &"a".repeat(64),
            "p0000123",
            "h13812345",
            "x1",
            "2020-02-06",
            "q-2020-02-06-0001",
            "r-20200206-am-12345678",
            "138-1234-567",
            "e2020-02-06a-138123-4567",
        ] {
            assert!(good.parse::<Slug>().is_ok(), "{good}");
        }
        for malformed in ["", "-a", "_a", "A", "楼", "a.b", "a b", "a*", "a>", &"a".repeat(65)] {
            assert_eq!(malformed.parse::<Slug>(), Err(InvalidSlug::Malformed), "{malformed}");
        }
        for personal in [
            "13812345678",
            "p13812345678",
            "11010519491231002x",
            "110105194912310021",
            "h-110105491231002",
            "a_19912345678-b",
            "p-138-1234-5678",
            "b07_138-1234-5678",
            "p138_1234_5678",
            "p-110105-19491231-0021",
            "110105-19491231-002x",
        ] {
            assert_eq!(personal.parse::<Slug>(), Err(InvalidSlug::Personal), "{personal}");
        }
    }

    #[test]
    fn an_event_id_is_its_bytes_and_they_sort_as_it_does() {
        let id = |command: u128, index| EventId { command: CommandId(Uuid::from_u128(command)), index };
        let ids = [id(1, 0), id(1, 255), id(1, 256), id(2, 0), id(u128::MAX, u16::MAX)];
        assert!(ids.iter().all(|id| EventId::from_bytes(id.to_bytes()) == *id));
        assert!(ids.is_sorted_by_key(|id| id.to_bytes()));
    }
}
