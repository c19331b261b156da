//! What clients saw, in the words of Jepsen: ok, failed, or unknown. An unknown outcome may be on the log once or not at all.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde_json::Value;

/// How a try to record a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// 201 or a duplicate: it must be on the log, exactly once, at this sequence.
    Acknowledged(u64),
    /// 4xx: it must not be on the log.
    Refused,
    /// No answer, or 503: it may be on the log once.
    Unknown,
}

/// A command that was sent.
#[derive(Clone, Debug)]
pub struct Sent {
    /// What it says, in the words of whoever compares it with the log.
    pub what: Value,
    /// The best that is known of it.
    pub attempt: Attempt,
}

#[derive(Debug, Default)]
struct Seen {
    commands: BTreeMap<String, Sent>,
    answered_again: u64,
}

/// Every command that was sent, by id, with what it said and the best that is known of it.
#[derive(Clone, Debug, Default)]
pub struct History(Arc<Mutex<Seen>>);

impl History {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a command before its first try: from now on it may be on the log.
    pub fn begin(&self, id: &str, what: &Value) {
        self.seen().commands.insert(id.to_owned(), Sent { what: what.clone(), attempt: Attempt::Unknown });
    }

    /// Notes how a try ended. What was acknowledged once stays acknowledged, at the same sequence.
    ///
    /// # Panics
    /// When two answers to the same id contradict each other, or it was never begun: that alone is a failure.
    pub fn note(&self, id: &str, attempt: Attempt) {
        let mut seen = self.seen();
        let sent = seen.commands.get_mut(id).unwrap_or_else(|| panic!("command {id} was never sent"));
        match (sent.attempt, attempt) {
            (_, Attempt::Unknown) => {}
            (Attempt::Unknown, known) => sent.attempt = known,
            (before, now) => assert_eq!(before, now, "command {id} was answered in two ways"),
        }
    }

    /// Notes that a command that had its answer long ago was answered the same again.
    pub fn note_again(&self) {
        self.seen().answered_again += 1;
    }

    /// All of it.
    pub fn all(&self) -> BTreeMap<String, Sent> {
        self.seen().commands.clone()
    }

    /// How many were acknowledged.
    pub fn acknowledged(&self) -> usize {
        self.count(|attempt| matches!(attempt, Attempt::Acknowledged(_)))
    }

    /// How many were refused.
    pub fn refused(&self) -> usize {
        self.count(|attempt| attempt == Attempt::Refused)
    }

    /// How many were answered the same again.
    pub fn answered_again(&self) -> u64 {
        self.seen().answered_again
    }

    /// All of it in numbers, as the ledger has them.
    pub fn summary(&self) -> String {
        let unknown = self.count(|attempt| attempt == Attempt::Unknown);
        let (acknowledged, again, refused) = (self.acknowledged(), self.answered_again(), self.refused());
        format!("{acknowledged} commands acknowledged, {again} answered again, {refused} refused, {unknown} given up")
    }

    fn count(&self, which: impl Fn(Attempt) -> bool) -> usize {
        self.seen().commands.values().filter(|sent| which(sent.attempt)).count()
    }
}
