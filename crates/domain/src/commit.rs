//! A decision as bytes: who, when and why, then what happened. One decision is one message on the log.
//!
//! Layout: `"GW"`, frame version, CRC-32 of the rest (little endian), then postcard: the header and a list of (name, payload).

use serde::{Deserialize, Serialize};

use crate::{
    canonical,
    event::{DecodeError, Event},
    log::CommitHash,
    values::{CommandId, CommunityId, EventId, Precision, Slug, StaffId, Timestamp, coded},
};

const MAGIC: [u8; 2] = *b"GW";
const FRAME_VERSION: u8 = 1;
const PREFIX_BYTES: usize = MAGIC.len() + 1 + 4;
/// Largest commit, in bytes: far above the largest allowed command, far below what NATS carries.
pub const COMMIT_BYTES_MAX: usize = 512 * 1024;

coded! {
    /// What somebody may do (contracts.md; [`crate::access`] says what each may).
    Role {
        /// Operates the deployment.
        Admin = 1 "admin",
        /// Town command: many communities, mostly to see.
        Command = 2 "command",
        /// Community office.
        Office = 3 "office",
        /// Grid worker.
        Grid = 4 "grid",
        /// Building or unit leader.
        Leader = 5 "leader",
        /// Nurse or doctor.
        Nurse = 6 "nurse",
        /// Gate guard.
        Gate = 7 "gate",
        /// Sees counts and status, no personal data.
        Viewer = 8 "viewer",
        /// One of our own services.
        Service = 9 "service",
    }
}

coded! {
    /// By what means a record reached us.
    Via {
        /// The phone application.
        App = 1 "app",
        /// Typed from paper.
        Paper = 2 "paper",
        /// Typed from a chat.
        Wechat = 3 "wechat",
        /// Told by telephone.
        Phone = 4 "phone",
        /// A file.
        Import = 5 "import",
    }
}

/// What is true of a whole decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Counts restores of the log: a new epoch begins with `history.restored`.
    pub epoch: u32,
    /// The community; nothing crosses it.
    pub community: CommunityId,
    /// Id of the command.
    pub command: CommandId,
    /// Keyed hash of the command's canonical JSON: tells a repeat from another command under the same id.
    pub content: [u8; 16],
    /// The token that asked, or `service`.
    pub actor: Slug,
    /// The role it asked in.
    pub role: Role,
    /// The staff who did it.
    pub by: Vec<StaffId>,
    /// By what means it reached us.
    pub via: Option<Via>,
    /// Number of the paper sheet.
    pub paper: Option<Slug>,
    /// When it happened, after correction by the phone's clock.
    pub at: Timestamp,
    /// How exactly that is known.
    pub precision: Precision,
    /// When it was decided.
    pub recorded_at: Timestamp,
    /// The command that began this conversation.
    pub correlation: Option<CommandId>,
    /// The event that caused this decision.
    pub cause: Option<EventId>,
    /// The retracted command that this one stands for.
    pub replaces: Option<CommandId>,
    /// Part of an exercise.
    pub exercise: bool,
    /// How many decisions changed the first entity of this one, this one included.
    pub version: u64,
    /// Hash of the community's commit before this one: a chain.
    pub previous: CommitHash,
}

impl Header {
    /// Id of an event of this decision.
    pub fn event_id(&self, index: u16) -> EventId {
        EventId { command: self.command, index }
    }
}

/// One decision.
#[derive(Clone, Debug, PartialEq)]
pub struct Commit {
    /// What is true of all of it.
    pub header: Header,
    /// What happened, in order; never empty on the log.
    pub events: Vec<Event>,
}

/// An event inside a frame: its name and its payload.
type NamedBytes<'a> = (&'a str, &'a [u8]);

/// Why bytes of the log are not a commit.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Written by a newer program: stop before it and upgrade.
    #[error("commit frame version {version} is not known: upgrade needed")]
    FrameVersion {
        /// The version as written.
        version: u8,
    },
    /// A value in the header is none of ours, such as a word with a new number: a newer program wrote it.
    #[error("commit header holds a value that is not known: upgrade needed")]
    HeaderValue,
    /// Bytes changed since they were written, or were never a commit.
    #[error("commit is damaged: {what}")]
    Damaged {
        /// What does not fit.
        what: &'static str,
    },
    /// An event inside does not decode.
    #[error("commit holds an event that does not decode")]
    Event(#[source] DecodeError),
    /// It cannot be written: a private part is not sealed.
    #[error("commit cannot be encoded")]
    Encode(#[source] postcard::Error),
    /// It is larger than [`COMMIT_BYTES_MAX`].
    #[error("commit has {bytes} bytes, more than {COMMIT_BYTES_MAX}")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
}

impl CommitError {
    /// True when a newer program wrote it, so that skipping or parking it would be wrong.
    pub fn needs_upgrade(&self) -> bool {
        match self {
            Self::FrameVersion { .. } | Self::HeaderValue => true,
            Self::Event(error) => error.needs_upgrade(),
            Self::Damaged { .. } | Self::Encode(_) | Self::TooLarge { .. } => false,
        }
    }
}

impl Commit {
    /// The bytes of this decision on the log.
    ///
    /// # Errors
    /// [`CommitError::Encode`] when a private part is not sealed, [`CommitError::TooLarge`].
    pub fn encode(&self) -> Result<Vec<u8>, CommitError> {
        let events = self.events.iter().map(|event| event.encode().map(|payload| (event.name(), payload))).collect::<Result<Vec<_>, _>>();
        let mut bytes = vec![0; PREFIX_BYTES];
        bytes[..2].copy_from_slice(&MAGIC);
        bytes[2] = FRAME_VERSION;
        let body = postcard::to_extend(&(&self.header, events.map_err(CommitError::Encode)?), Vec::with_capacity(256)).map_err(CommitError::Encode)?;
        bytes[3..PREFIX_BYTES].copy_from_slice(&crc32fast::hash(&body).to_le_bytes());
        bytes.extend_from_slice(&body);
        if bytes.len() > COMMIT_BYTES_MAX {
            return Err(CommitError::TooLarge { bytes: bytes.len() });
        }
        Ok(bytes)
    }

    /// The decision of stored bytes.
    ///
    /// # Errors
    /// [`CommitError`]: changed, left-over or unknown bytes. Nothing is skipped.
    pub fn decode(bytes: &[u8]) -> Result<Self, CommitError> {
        let damaged = |what| CommitError::Damaged { what };
        let (prefix, body) = bytes.split_at_checked(PREFIX_BYTES).ok_or(damaged("too short"))?;
        if prefix[..2] != MAGIC {
            return Err(damaged("not a commit"));
        }
        if prefix[2] != FRAME_VERSION {
            return Err(CommitError::FrameVersion { version: prefix[2] });
        }
        if prefix[3..] != crc32fast::hash(body).to_le_bytes() {
            return Err(damaged("checksum"));
        }
        let ((header, named), rest) = postcard::take_from_bytes::<(Header, Vec<NamedBytes<'_>>)>(body).map_err(|error| match error {
            // the checksum holds, so this is what was written: only our own value types refuse in this way
            postcard::Error::SerdeDeCustom => CommitError::HeaderValue,
            _ => damaged("header"),
        })?;
        if !rest.is_empty() {
            return Err(damaged("left-over bytes"));
        }
        // each event is held against its bytes as it is decoded, so that the frame around them is all that is left to compare
        let events = named.iter().map(|(name, payload)| Event::decode(name, payload).map_err(CommitError::Event)).collect::<Result<_, _>>()?;
        if !canonical::encodes_to(&(&header, &named), body) {
            return Err(damaged("not canonical"));
        }
        Ok(Self { header, events })
    }
}

/// Keyed hash of a command's canonical JSON (RFC 8785), as it stands in a header.
pub fn content_hash(canonical_json: &[u8], key: &crate::values::SecretKey) -> [u8; 16] {
    let mut hash = [0; 16];
    hash.copy_from_slice(&blake3::keyed_hash(&key.0, canonical_json).as_bytes()[..16]);
    hash
}
