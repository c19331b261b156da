//! Commands on their way to the log together, and what those who wait for them are told.

use std::{collections::VecDeque, sync::Arc};

use domain::Commit;

use crate::ask::{Outcome, Waiting};

/// What somebody is told once the batch is on the log.
pub(crate) enum Answer {
    /// This, whatever became of the others.
    Outcome(Outcome),
    /// That it is recorded: the commit at this place of the batch is its own.
    Recorded(usize),
}

/// A batch: who waits for what, and what is to be appended.
#[derive(Default)]
pub(crate) struct Batch {
    pub(crate) answers: Vec<(Waiting, Answer)>,
    pub(crate) commits: Vec<Arc<Commit>>,
}

/// Puts the commands of a batch back to the front of the queue, in their order.
pub(crate) fn decide_again(answers: Vec<(Waiting, Answer)>, waiting: &mut VecDeque<Waiting>) {
    answers.into_iter().rev().for_each(|(asked, _)| waiting.push_front(asked));
}

/// Answers everybody in a batch whose first commit has the sequence after `before`.
pub(crate) fn answer(answers: Vec<(Waiting, Answer)>, before: u64) {
    for (asked, answer) in answers {
        let outcome = match answer {
            Answer::Outcome(outcome) => outcome,
            Answer::Recorded(place) => Outcome::Recorded { sequence: before + 1 + place as u64 },
        };
        asked.reply.tell(outcome);
    }
}
