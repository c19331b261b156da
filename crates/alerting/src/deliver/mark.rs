//! How far a delivery came, as it is kept on the server.

use bus::{End, Published};
use delivery::{Heard, Machine, Moment, Plan, State};
use domain::values::Timestamp;
use serde::{Deserialize, Serialize};

/// Version of what is kept. A mark of another is left alone: going on without it would tell everything again, or nothing.
const VERSION: u32 = 1;

/// A mark: everything that a delivery remembers.
#[derive(Debug, Serialize, Deserialize)]
struct Kept<S> {
    version: u32,
    /// Who set it.
    instance: String,
    /// Identity of the stream that was read.
    stream: String,
    /// Everything up to here was heard.
    after: u64,
    /// When the newest of it was recorded, by the clock of the system.
    newest: Timestamp,
    /// What was recorded before then was heard, in a stream that is gone.
    heard_before: Option<Timestamp>,
    /// Channel and class may be changed under a name; what was kept for another may not be told to it.
    class: String,
    channel: String,
    /// What it was about and who was called, as a hash; not in marks of before there was one.
    #[serde(default)]
    aim: Option<String>,
    state: S,
}

/// Why a mark is not gone on from.
#[derive(Debug, thiserror::Error)]
pub(super) enum BadMark {
    /// It cannot be read.
    #[error("its mark cannot be read: it is damaged, or was set by another version of this program")]
    Unreadable,
}

/// Who set a mark.
pub(super) fn instance_of(mark: &[u8]) -> Option<String> {
    serde_json::from_slice::<Kept<serde::de::IgnoredAny>>(mark).ok().map(|kept| kept.instance)
}

/// Where a delivery stands.
#[derive(Debug)]
pub(super) struct Standing {
    pub(super) machine: Machine,
    pub(super) stream: String,
    pub(super) after: u64,
    aim: String,
    newest: Timestamp,
    heard_before: Option<Timestamp>,
}

impl Standing {
    /// One that begins with what is published from now on.
    pub(super) fn begin(plan: Plan, aim: String, end: End, instance: &str) -> Self {
        let machine = Machine::new(plan, instance.to_owned());
        Self { machine, stream: end.stream, after: end.sequence, aim, newest: Timestamp::default(), heard_before: None }
    }

    /// One that goes on from a mark. Of what was kept for another channel, class, filter or address nothing is told: it begins where that
    /// stopped, with the first message that still waited to be told as it stands.
    pub(super) fn read(plan: Plan, aim: String, mark: &[u8], instance: &str) -> Result<Self, BadMark> {
        let kept: Kept<State> = serde_json::from_slice(mark).map_err(|_| BadMark::Unreadable)?;
        if kept.version != VERSION {
            return Err(BadMark::Unreadable);
        }
        let same_receiver = kept.aim.is_none_or(|before| before == aim) && kept.channel == plan.channel.word();
        let (machine, after) = if same_receiver && kept.class == plan.told() {
            (Machine::resume(plan, kept.state), kept.after)
        } else {
            let first = kept.state.first_waiting();
            (Machine::new(plan, instance.to_owned()), first.map_or(kept.after, |first| first.saturating_sub(1).min(kept.after)))
        };
        Ok(Self { machine, stream: kept.stream, after, aim, newest: kept.newest, heard_before: kept.heard_before })
    }

    /// The mark that says so.
    pub(super) fn write(&self, instance: &str) -> Result<Vec<u8>, serde_json::Error> {
        let plan = self.machine.plan();
        serde_json::to_vec(&Kept {
            version: VERSION,
            instance: instance.to_owned(),
            stream: self.stream.clone(),
            after: self.after,
            newest: self.newest,
            heard_before: self.heard_before,
            class: plan.told().to_owned(),
            channel: plan.channel.word().to_owned(),
            aim: Some(self.aim.clone()),
            state: self.machine.state(),
        })
    }

    /// Fits it to the stream as it is now. One that was made anew, or restored from an older backup, is read from its start; what was
    /// heard of it before is passed over then.
    pub(super) fn fit(&mut self, end: &End) {
        if self.stream != end.stream || self.after > end.sequence {
            self.stream.clone_from(&end.stream);
            self.after = 0;
            self.heard_before = Some(self.newest);
        }
    }

    /// Takes the next message of the stream.
    pub(super) fn hear(&mut self, published: &Published, moment: Moment) {
        self.after = published.sequence;
        let heard = Heard::read(published.sequence, published.at, &published.payload);
        if let Some(at) = heard.at() {
            // a stream has the order of the log: what follows the first that is new is new. What was recorded in the same millisecond as
            // the newest that was heard may be told twice, and is never left out.
            if self.heard_before.is_some_and(|newest| at < newest) {
                return;
            }
            self.heard_before = None;
            self.newest = self.newest.max(at);
        }
        self.machine.hear(&heard, moment);
    }
}
