//! The log in memory: the same behaviour without a server, and a handle with which a test makes things go wrong.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use domain::log::{CommitHash, LogPosition};
use tokio::sync::watch;

use super::{AppendError, Chunk, Head, Message, ReadError, Refusal, ResumeError, Stored, TAIL_BATCH_MAX, TailError, UnknownOutcome, position};

/// What becomes of the next append, when a test says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NextAppend<T = Message> {
    /// It is stored, but the answer is lost.
    AckLost,
    /// It is not stored, and the answer is lost.
    NotSent,
    /// So many of its first messages are stored, and that is told, or the answer is lost.
    Torn {
        /// How many.
        first: usize,
        /// Whether it is told.
        told: bool,
    },
    /// Somebody else's message lands first, so that the guard refuses it. The message is stored.
    Overtaken(T),
    /// It is refused because the stream is full.
    Full,
    /// It is refused as if somebody had been faster, and nobody was.
    Denied,
}

/// The state of a log in memory, and the levers to break it. A clone is the same log.
#[derive(Clone, Debug)]
pub struct MemoryLog {
    state: Arc<Mutex<State>>,
    /// Moves whenever something changed, so that followers look.
    changed: watch::Sender<u64>,
}

#[derive(Debug)]
struct State {
    identity: Arc<str>,
    /// Message `n` at index `n - 1`; `None` where it was lost.
    messages: Vec<Option<(String, Bytes)>>,
    next: VecDeque<NextAppend>,
    available: bool,
    /// There is no stream now: it is being made, or was removed.
    missing: bool,
    /// Moves when followers have to compare again, as after a reconnect.
    incarnation: u64,
    /// Most messages that a follower is handed at once.
    at_once_max: usize,
}

impl MemoryLog {
    /// An empty log with that identity.
    pub fn new(identity: &str) -> Self {
        let state = State {
            identity: identity.into(),
            messages: Vec::new(),
            next: VecDeque::new(),
            available: true,
            missing: false,
            incarnation: 0,
            at_once_max: TAIL_BATCH_MAX,
        };
        Self { state: Arc::new(Mutex::new(state)), changed: watch::Sender::new(0) }
    }

    /// Says what becomes of the next append that nothing was said about yet.
    pub fn next_append(&self, outcome: NextAppend) {
        self.state().next.push_back(outcome);
    }

    /// Forgets everything after `last_sequence`, as restoring an old copy of the files does: numbers will be used again.
    pub fn roll_back(&self, last_sequence: u64) {
        self.change(|state| {
            state.messages.truncate(usize::try_from(last_sequence).unwrap_or(usize::MAX));
            state.incarnation += 1;
        });
    }

    /// Exchanges the log for an empty one with another identity.
    pub fn replace(&self, identity: &str) {
        self.change(|state| {
            state.identity = identity.into();
            state.messages.clear();
            state.incarnation += 1;
        });
    }

    /// Loses the message at `sequence`: a gap.
    pub fn lose(&self, sequence: u64) {
        self.change(|state| {
            if let Some(message) = index(sequence).and_then(|index| state.messages.get_mut(index)) {
                *message = None;
            }
        });
    }

    /// Changes a byte of the message at `sequence`, as a bad disk does.
    pub fn damage(&self, sequence: u64) {
        self.change(|state| {
            if let Some(Some((_, payload))) = index(sequence).and_then(|index| state.messages.get_mut(index)) {
                let mut bytes = payload.to_vec();
                bytes.iter_mut().rev().take(1).for_each(|byte| *byte ^= 0xFF);
                *payload = bytes.into();
            }
        });
    }

    /// Makes the log answer, or not. While it does not, followers wait, reads fail and appends end unknown.
    pub fn set_available(&self, available: bool) {
        self.change(|state| {
            state.available = available;
            state.incarnation += 1;
        });
    }

    /// Hands followers so many messages at once: none, as to one that is cut off, and one by one, as they come over a slow wire. Everybody else
    /// is answered meanwhile.
    pub fn hand_out(&self, at_once_max: usize) {
        self.change(|state| state.at_once_max = at_once_max);
    }

    /// Makes the stream missing, or be there again with what it held. While it is missing, followers end and reads say so.
    pub fn set_missing(&self, missing: bool) {
        self.change(|state| {
            state.missing = missing;
            state.incarnation += 1;
        });
    }

    pub(super) fn append(&self, expected_last_sequence: u64, messages: Vec<Message>) -> Result<u64, AppendError> {
        let mut result = Err(AppendError::Unknown(UnknownOutcome::NotConnected("memory".to_owned())));
        self.change(|state| {
            if state.available && !state.missing {
                result = state.append(expected_last_sequence, messages);
            }
        });
        result
    }

    pub(super) fn head(&self) -> Result<Head, ReadError> {
        self.state().head()
    }

    pub(super) fn read(&self, sequence: u64) -> Result<Option<Stored>, ReadError> {
        let state = self.state();
        state.answers()?;
        Ok(state.stored(sequence))
    }

    pub(super) fn follow(&self, after: &LogPosition) -> Follower {
        let state = self.state();
        Follower { log: self.clone(), position: LogPosition { stream: state.identity.to_string(), ..after.clone() }, incarnation: state.incarnation }
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
        self.changed.send_modify(|version| *version += 1);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn append(&mut self, expected_last_sequence: u64, messages: Vec<Message>) -> Result<u64, AppendError> {
        let next = self.next.pop_front();
        match &next {
            Some(NextAppend::NotSent) => return Err(lost()),
            Some(NextAppend::Full) => {
                return Err(AppendError::Refused(Refusal::Full("maximum bytes exceeded".to_owned())));
            }
            Some(NextAppend::Denied) => return Err(AppendError::Conflict),
            Some(NextAppend::Overtaken(other)) => self.push(other.clone()),
            Some(NextAppend::AckLost | NextAppend::Torn { .. }) | None => {}
        }
        if self.last_sequence() != expected_last_sequence {
            return Err(AppendError::Conflict);
        }
        let count = messages.len();
        let stored = if let Some(NextAppend::Torn { first, .. }) = next { first } else { count };
        for message in messages.into_iter().take(stored) {
            self.push(message);
        }
        match next {
            // where nothing or all is stored, nothing is torn
            Some(NextAppend::Torn { told: true, .. }) if (1..count).contains(&stored) => Err(AppendError::Torn),
            Some(NextAppend::AckLost | NextAppend::Torn { .. }) => Err(lost()),
            _ => Ok(self.last_sequence()),
        }
    }

    fn push(&mut self, message: Message) {
        self.messages.push(Some((message.subject, message.payload)));
    }

    fn last_sequence(&self) -> u64 {
        self.messages.len() as u64
    }

    fn stored(&self, sequence: u64) -> Option<Stored> {
        let (subject, payload) = self.messages.get(index(sequence)?)?.clone()?;
        Some(Stored::new(sequence, subject, payload, &self.identity))
    }

    fn answers(&self) -> Result<(), ReadError> {
        match (self.available, self.missing) {
            (false, _) => Err(ReadError::Unavailable("memory".to_owned())),
            (true, true) => Err(ReadError::Missing("the log in memory does not exist".to_owned())),
            (true, false) => Ok(()),
        }
    }

    fn head(&self) -> Result<Head, ReadError> {
        self.answers()?;
        let kept = self.messages.iter().flatten();
        let messages = kept.clone().count() as u64;
        let first = self.messages.iter().position(Option::is_some).map_or(self.last_sequence(), |index| index as u64);
        Ok(Head {
            stream: self.identity.to_string(),
            first_sequence: if self.messages.is_empty() { 0 } else { first + 1 },
            last_sequence: self.last_sequence(),
            messages,
            deleted: self.last_sequence() - first - messages,
            bytes: kept.map(|(subject, payload)| (subject.len() + payload.len()) as u64).sum(),
            bytes_max: None,
        })
    }

    fn compare(&self, position: &LogPosition) -> Result<(), TailError> {
        let diverged = |error| match error {
            ResumeError::Diverged { why } => TailError::Diverged { why },
            ResumeError::Read(error) => TailError::Missing(error.to_string()),
        };
        position::compare_head(position, &self.head().map_err(|error| diverged(error.into()))?).map_err(diverged)?;
        if position.sequence > 0 {
            let found = self.stored(position.sequence).map(|stored| CommitHash::of(&stored.payload));
            position::compare_hash(position, found).map_err(diverged)?;
        }
        Ok(())
    }
}

/// A reader of a log in memory.
#[derive(Debug)]
pub(super) struct Follower {
    log: MemoryLog,
    position: LogPosition,
    incarnation: u64,
}

impl Follower {
    /// As [`super::Tail::next`]. Cancel-safe: it moves only when it returns.
    pub(super) async fn next(&mut self) -> Result<Chunk, TailError> {
        let mut changed = self.log.changed.subscribe();
        loop {
            changed.mark_unchanged();
            if let Some(chunk) = self.take()? {
                return Ok(chunk);
            }
            // the sender lives in this follower's own log, so it cannot be gone
            if changed.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    fn take(&mut self) -> Result<Option<Chunk>, TailError> {
        let state = self.log.state();
        if !state.available || state.at_once_max == 0 {
            return Ok(None);
        }
        if state.incarnation != self.incarnation {
            state.compare(&self.position)?;
            self.incarnation = state.incarnation;
        }
        let first = self.position.sequence + 1;
        let rest = first..=state.last_sequence();
        let messages: Vec<Stored> = rest.clone().map_while(|sequence| state.stored(sequence)).take(state.at_once_max).collect();
        let Some(last) = messages.last() else {
            // as with a real consumer: a gap shows when a message after it arrives
            return match rest.clone().find(|&sequence| state.stored(sequence).is_some()) {
                Some(found) => Err(TailError::Gap { expected: first, found }),
                None => Ok(None),
            };
        };
        self.position = last.position();
        let pending = rest.skip_while(|&sequence| sequence <= last.sequence).filter(|&sequence| state.stored(sequence).is_some()).count() as u64;
        Ok(Some(Chunk { messages, pending }))
    }
}

fn index(sequence: u64) -> Option<usize> {
    usize::try_from(sequence).ok()?.checked_sub(1)
}

fn lost() -> AppendError {
    AppendError::Unknown(UnknownOutcome::NoAck(Duration::ZERO))
}
