//! What clients saw, in the words of Jepsen: ok, failed, or unknown. An unknown outcome may be on the log once or not at all.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

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

/// Every command that was sent, by id, and the best that is known of it.
#[derive(Clone, Debug, Default)]
pub struct History(Arc<Mutex<BTreeMap<String, Attempt>>>);

impl History {
    /// Notes how a try ended. What was acknowledged once stays acknowledged, at the same sequence.
    ///
    /// # Panics
    /// When two answers to the same id contradict each other: that alone is a failure.
    pub fn note(&self, id: &str, attempt: Attempt) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match (all.get(id), attempt) {
            (Some(Attempt::Acknowledged(before)), Attempt::Acknowledged(now)) => assert_eq!(*before, now, "command {id} was acknowledged at two sequences"),
            (Some(Attempt::Acknowledged(_)), Attempt::Unknown) => {}
            (Some(Attempt::Acknowledged(_)), Attempt::Refused) => panic!("command {id} was acknowledged and later refused"),
            _ => {
                all.insert(id.to_owned(), attempt);
            }
        }
    }

    /// All of it.
    pub fn all(&self) -> BTreeMap<String, Attempt> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many were acknowledged.
    pub fn acknowledged(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).values().filter(|attempt| matches!(attempt, Attempt::Acknowledged(_))).count()
    }
}
