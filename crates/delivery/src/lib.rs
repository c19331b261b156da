//! What is told to whom, and when: from the messages of the alert stream to calls of a receiver. Values in, values out.
//!
//! | room | what is in it |
//! |---|---|
//! | `message` | a message of the stream, as far as it is told onwards |
//! | `nudge` | nudges: a text a leader, of what is missing still and in time |
//! | `plan` | a subscription: which receiver, which messages, how much of them |
//! | `machine` | `(state, message or time) -> (state, sends)`: grouping, budget, digest, storm lane, flapping, reminders |
//! | `open` | what is open and nobody has, told again until somebody has it |
//! | `avoided` | doors that a neighbour is not to go up to: what they believe beside what holds |
//! | `clusters` | clusters that stand for the fevers in them: of those nobody is reminded |
//! | `silences` | what is silenced by now: asked before people are told, for no message tells of it |
//! | `pile` | what waits to be told in one go: counted by community, kind, severity and how far it has come |
//! | `notice` | what people are told in one call: counts, and the first of it listed |
//! | `outbox` | sends that were decided and are not done: criticals first, back-off, given up at last |
//! | `pace` | how often a receiver may be called |
//! | `next` | what is to be done, as a text ends with it |
//! | `render` | a notice as text for people, by a template |
//!
//! There are two clocks. People's time — waits, budgets, repeats — is the clock of the system, so that an exercise runs fast as a whole.
//! The receiver's time — calls in a minute, retries, giving up — is real, for a receiver knows no other (contracts.md).

mod avoided;
mod clusters;
mod machine;
mod message;
mod next;
mod notice;
mod nudge;
mod open;
mod outbox;
mod pace;
mod pile;
mod plan;
mod render;
mod silences;

pub use machine::{BUDGET_SENDS, BUDGET_WINDOW_MS, DIGEST_EVERY_MS, GROUP_WAIT_MS, GROWTH_WAIT_MS, Machine, Report, State};
pub use message::{Action, Gap, Heard, Holding, Message, Owner, Reason, Title, Told};
pub use notice::{Item, Line, Notice, Progress, Sort};
pub use nudge::Nudge;
pub use open::REPEAT_EVERY_MS;
pub use outbox::{Content, GIVE_UP_AFTER_MS, Outcome, Send, Settled};
pub use pace::Pace;
pub use plan::{Channel, Class, Doors, Filter, Plan, Quiet, Source};
pub use render::{Names, Template, TemplateError, severity_words};
pub use silences::Silences;

use domain::values::Timestamp;

/// What time it is, by both clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The clock of the system: real, or that of an exercise.
    pub clock: Timestamp,
    /// Real time.
    pub real: Timestamp,
}

#[cfg(test)]
mod tests;
