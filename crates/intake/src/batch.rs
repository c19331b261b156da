//! Commands on their way to the log together, and what those who wait for them are told.

use std::{collections::VecDeque, sync::Arc};

use bus::Message;
use domain::{Commit, log::CommitHash, quarantine::Filling};
use store::Unit;

use crate::ask::{Outcome, Waiting};

/// What one command came to, before the append.
pub(crate) enum Decided {
    /// A commit, and what the checks in it are for.
    Commit(Box<Commit>, Vec<Filling>),
    Outcome(Outcome),
}

/// Decisions as messages, each with the hash of its bytes; or the place of the one that is too large for the log.
pub(crate) enum Encoded {
    Fits(Vec<Message>, Vec<CommitHash>),
    TooLarge(usize),
}

/// What became of a batch.
pub(crate) enum Appended {
    /// It is on the log, and known; these rows say so.
    Done(Vec<Unit>),
    /// So many of its first commits are on the log, or none, and perhaps somebody else's after them. The world is caught up with all of it.
    InPart(usize),
    /// It was not tried: the commit at this place is larger than a commit may be.
    TooLarge(usize),
    /// It was not tried: together the commits are more than one append may carry.
    TooMuch,
}

/// What somebody is told once the batch is on the log.
pub(crate) enum Answer {
    /// This, whatever became of the others.
    Outcome(Outcome),
    /// That it is recorded: the commit at this place of the batch is its own.
    Recorded(usize),
}

/// Who waits, in order, and what they are told.
pub(crate) type Answers = Vec<(Waiting, Answer)>;

/// A batch: who waits for what, and what is to be appended.
#[derive(Default)]
pub(crate) struct Batch {
    pub(crate) answers: Answers,
    pub(crate) commits: Vec<Arc<Commit>>,
}

/// Splits a batch behind the last of its first commits that are on the log: whoever stands before that was decided over nothing that comes
/// later, also where they were refused; what others are told may rest on a later commit.
pub(crate) fn split_decided(mut answers: Answers, count: usize) -> (Answers, Answers) {
    let stands = |(_, answer): &(Waiting, Answer)| matches!(answer, Answer::Recorded(place) if *place < count);
    let end = answers.iter().rposition(stands).map_or(0, |last| last + 1);
    let others = answers.split_off(end);
    (answers, others)
}

/// Puts the commands of a batch back to the front of the queue, in their order.
pub(crate) fn decide_again(answers: Answers, waiting: &mut VecDeque<Waiting>) {
    answers.into_iter().rev().for_each(|(asked, _)| waiting.push_front(asked));
}

/// Answers everybody in a batch whose first commit has the sequence after `before`.
pub(crate) fn answer(answers: Answers, before: u64) {
    for (asked, answer) in answers {
        let outcome = match answer {
            Answer::Outcome(outcome) => outcome,
            Answer::Recorded(place) => Outcome::Recorded { sequence: before + 1 + place as u64, fillings: asked.fillings },
        };
        asked.reply.tell(outcome);
    }
}
