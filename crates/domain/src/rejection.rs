//! Why a command is refused: codes and paths here, words for people at the edge.

/// A refusal. It changes nothing, and a refused command id is not remembered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// The command points at something that is not known (yet): the sender keeps it and tries again.
    #[error("unknown {kind} {id} at {pointer}")]
    UnknownReference {
        /// JSON pointer into the command.
        pointer: String,
        /// What kind of thing.
        kind: &'static str,
        /// The id as it was sent.
        id: String,
    },
    /// The command says something that cannot be.
    #[error("{code} at {pointer}: {reason}")]
    Invalid {
        /// JSON pointer into the command.
        pointer: String,
        /// Stable word for programs.
        code: &'static str,
        /// What would be right.
        reason: String,
    },
    /// The command is well formed, and the state of things forbids it.
    #[error("{code}: {reason}")]
    Conflict {
        /// Stable word for programs.
        code: &'static str,
        /// What is in the way.
        reason: String,
        /// The current state, for those who must decide again.
        current: Vec<(&'static str, String)>,
    },
}

impl Rejection {
    /// A refusal of what was said.
    pub fn invalid(pointer: &str, code: &'static str, reason: impl Into<String>) -> Self {
        Self::Invalid { pointer: pointer.to_owned(), code, reason: reason.into() }
    }

    /// A refusal because of the state of things.
    pub fn conflict(code: &'static str, reason: impl Into<String>) -> Self {
        Self::Conflict { code, reason: reason.into(), current: Vec::new() }
    }

    /// A refusal because something is not known.
    pub fn unknown(pointer: &str, kind: &'static str, id: impl ToString) -> Self {
        Self::UnknownReference { pointer: pointer.to_owned(), kind, id: id.to_string() }
    }

    /// The stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownReference { .. } => "unknown_reference",
            Self::Invalid { code, .. } | Self::Conflict { code, .. } => code,
        }
    }
}
