//! A command on its way to the writer, and what became of it.

use std::{sync::Arc, time::Duration};

use domain::{
    Envelope, Rejection,
    commit::Role,
    values::{CommunityId, Slug, StaffId},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

/// A command, with who asks and where.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The community, entered by somebody who may.
    pub community: CommunityId,
    /// The command.
    pub envelope: Envelope,
    /// Keyed hash of its canonical JSON.
    pub content: [u8; 16],
    /// The token that asks, or `service`.
    pub actor: Slug,
    /// In which role.
    pub role: Role,
    /// Whose token it is: the default of `by`.
    pub staff: Option<StaffId>,
    /// Size of its JSON, by which batches are kept small enough to travel.
    pub bytes: usize,
}

/// What became of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is on the log, on disk.
    Recorded {
        /// Sequence of its commit.
        sequence: u64,
    },
    /// It was recorded before, with the same content.
    Duplicate {
        /// Sequence of its commit.
        sequence: u64,
    },
    /// Things are already as it asks.
    Unchanged {
        /// Sequence of the log at which that is so.
        sequence: u64,
    },
    /// Its id stands for a command with other content.
    IdReused,
    /// It was refused.
    Rejected(Rejection),
    /// It cannot be recorded, and trying again will not help.
    Refused(&'static str),
    /// It rests on a commit that stands on the log and cannot be read: an operator must look.
    Unreadable {
        /// Sequence of that commit.
        sequence: u64,
    },
}

/// A command that waits for its outcome.
pub(crate) struct Waiting {
    pub(crate) ask: Ask,
    pub(crate) reply: oneshot::Sender<Outcome>,
    /// Held until it is answered.
    pub(crate) permit: OwnedSemaphorePermit,
}

/// Work for the writer.
pub(crate) enum Work {
    /// Commands to decide and record, in this order.
    Record(Vec<Waiting>),
    /// Commands to decide and forget: a dry run.
    Rehearse(Vec<Ask>, oneshot::Sender<Vec<Outcome>>),
}

/// There is no room for more commands now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy;

/// Hands commands to the writer. A clone hands to the same one.
#[derive(Clone)]
pub struct Submitter {
    work: mpsc::UnboundedSender<Work>,
    room: Arc<Semaphore>,
    room_max: usize,
}

impl Submitter {
    /// With room for so many commands that wait.
    pub(crate) fn new(room_max: usize) -> (Self, mpsc::UnboundedReceiver<Work>) {
        // unbounded as a channel, bounded by the permits that every command holds
        let (work, queue) = mpsc::unbounded_channel();
        (Self { work, room: Arc::new(Semaphore::new(room_max)), room_max }, queue)
    }

    /// How many commands may be handed over at once without ever finding room for all of them impossible.
    pub(crate) fn at_once_max(&self, wanted: usize) -> usize {
        wanted.min(self.room_max).max(1)
    }

    /// Hands over commands, to be decided in this order, each over what the ones before it did. The receivers answer in any order;
    /// one that is dropped unanswered means that the writer has stopped.
    ///
    /// # Errors
    /// [`Busy`] when too many commands wait already: none of these was taken.
    pub fn submit(&self, asks: Vec<Ask>) -> Result<Vec<oneshot::Receiver<Outcome>>, Busy> {
        let count = u32::try_from(asks.len()).map_err(|_| Busy)?;
        let permits = Arc::clone(&self.room).try_acquire_many_owned(count).map_err(|_| Busy)?;
        Ok(self.hand_over(asks, permits))
    }

    /// As [`Submitter::submit`], waiting up to `wait` for room: for bodies that are read only as fast as they can be recorded.
    ///
    /// # Errors
    /// [`Busy`] when there was no room in that time: none of these was taken.
    pub(crate) async fn submit_patiently(&self, asks: Vec<Ask>, wait: Duration) -> Result<Vec<oneshot::Receiver<Outcome>>, Busy> {
        let count = u32::try_from(asks.len()).map_err(|_| Busy)?;
        let room = tokio::time::timeout(wait, Arc::clone(&self.room).acquire_many_owned(count)).await;
        let permits = room.map_err(|_| Busy)?.map_err(|_| Busy)?;
        Ok(self.hand_over(asks, permits))
    }

    /// `permits` holds one for each of `asks`.
    fn hand_over(&self, asks: Vec<Ask>, mut permits: OwnedSemaphorePermit) -> Vec<oneshot::Receiver<Outcome>> {
        let (waiting, receivers): (Vec<_>, Vec<_>) = asks
            .into_iter()
            .filter_map(|ask| {
                let (reply, receiver) = oneshot::channel();
                permits.split(1).map(|permit| (Waiting { ask, reply, permit }, receiver))
            })
            .unzip();
        // when the writer has stopped, the commands are dropped here, which their receivers tell as no answer
        let _stopped = self.work.send(Work::Record(waiting));
        receivers
    }

    /// Decides commands over what is known now and forgets what they would have done.
    ///
    /// # Errors
    /// [`Busy`] when the writer has stopped.
    pub async fn rehearse(&self, asks: Vec<Ask>) -> Result<Vec<Outcome>, Busy> {
        let (reply, outcomes) = oneshot::channel();
        self.work.send(Work::Rehearse(asks, reply)).map_err(|_| Busy)?;
        outcomes.await.map_err(|_| Busy)
    }
}
