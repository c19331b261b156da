//! What people do about an alert, and when it can be done: asked by those who decide, and by those who show what may be done.

use super::{Alert, LEVEL_MAX, State};
use crate::{Rejection, access::Right, commit::Role};

/// Something that people do about an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is a command, which says it")]
pub enum Act {
    Acknowledge,
    Escalate,
    Assign,
    Note,
    Resolve,
    Close,
}

impl Act {
    /// All there are.
    pub const ALL: [Self; 6] = [Self::Acknowledge, Self::Escalate, Self::Assign, Self::Note, Self::Resolve, Self::Close];

    /// The type of its command.
    pub const fn command(self) -> &'static str {
        match self {
            Self::Acknowledge => "alert.acknowledge",
            Self::Escalate => "alert.escalate",
            Self::Assign => "alert.assign",
            Self::Note => "alert.note",
            Self::Resolve => "alert.resolve",
            Self::Close => "alert.close",
        }
    }
}

impl Alert {
    /// What a role can do about an alert as it stands, for somebody who may see it.
    pub fn acts(state: &State, role: Role) -> impl Iterator<Item = Act> {
        Act::ALL.into_iter().filter(move |act| role.may(Right::Send(act.command())) && state.allows(*act).is_ok())
    }
}

impl State {
    /// Whether something can be done about it as it stands, whoever asks. A note can be written about an alert that is over, too.
    pub(super) fn allows(&self, act: Act) -> Result<(), Rejection> {
        match act {
            Act::Note => Ok(()),
            _ if !self.is_active() => Err(self.conflict("alert_ended", "this alert has ended")),
            Act::Acknowledge | Act::Resolve | Act::Close => Ok(()),
            _ if self.recovering.is_some() => Err(self.conflict("alert_recovering", "this alert is recovering: it is nobody's turn")),
            Act::Escalate => self.goes_up_to().map(drop),
            Act::Assign => Ok(()),
        }
    }

    /// The level to which it goes up by hand.
    pub(super) fn goes_up_to(&self) -> Result<u8, Rejection> {
        self.turn.level_above().ok_or_else(|| {
            let current = vec![("n", self.n.to_string()), ("level", LEVEL_MAX.to_string())];
            Rejection::Conflict { code: "alert_at_top", reason: "this alert is with the highest level already".to_owned(), current }
        })
    }

    fn conflict(&self, code: &'static str, reason: &str) -> Rejection {
        Rejection::Conflict { code, reason: reason.to_owned(), current: vec![("n", self.n.to_string()), ("state", self.status_word().to_owned())] }
    }
}
