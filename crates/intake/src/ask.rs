//! A command on its way to the writer, and what became of it.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::{
    Command, Envelope, Rejection,
    commit::Role,
    quarantine::Filling,
    values::{CommandId, CommunityId, Slug, StaffId},
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot},
    time::{Instant, timeout_at},
};

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

/// Size of a command that this program makes itself, roughly.
const MADE_HERE_BYTES: usize = 256;

impl Ask {
    /// A command that this program makes itself, under an id that nobody has; nothing without random numbers.
    pub(crate) fn made_here(community: CommunityId, (actor, role): (Slug, Role), command: Command) -> Option<Self> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).ok()?;
        let envelope = Envelope::of_service(CommandId::random_from(bytes), command);
        Some(Self { community, envelope, content: [0; 16], actor, role, staff: None, bytes: MADE_HERE_BYTES })
    }
}

/// What became of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is on the log, on disk.
    Recorded {
        /// Sequence of its commit.
        sequence: u64,
        /// What its checks are for.
        fillings: Vec<Filling>,
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
    /// What its checks are for, as it was decided last.
    pub(crate) fillings: Vec<Filling>,
    pub(crate) reply: Reply,
}

/// Where the outcome of one command is told.
pub(crate) struct Reply {
    place: usize,
    group: Arc<Group>,
}

impl Reply {
    /// Tells it. Whoever asked may have gone away; the record stands.
    pub(crate) fn tell(self, outcome: Outcome) {
        if let Some(told) = lock(&self.group.told).get_mut(self.place) {
            *told = Some(outcome);
        }
    }
}

/// Commands that were handed over together: they hold their room together, and whoever waits for them is woken once.
struct Group {
    told: Arc<Mutex<Vec<Option<Outcome>>>>,
    /// Given back with the last of them, and before that is heard: whoever was answered may send again, and finds the room.
    _room: [OwnedSemaphorePermit; 2],
    /// Dropped with the last of them, which is what wakes whoever waits.
    _last: oneshot::Sender<()>,
}

/// What becomes of commands that were handed over together.
pub struct Outcomes {
    told: Arc<Mutex<Vec<Option<Outcome>>>>,
    last: oneshot::Receiver<()>,
}

impl Outcomes {
    /// What became of each, in their order, once all are answered. Nothing where the writer stopped before.
    pub async fn all(self) -> Vec<Option<Outcome>> {
        // nothing is ever sent: it is dropped
        let _dropped = self.last.await;
        std::mem::take(&mut lock(&self.told))
    }

    /// As [`Outcomes::all`], but not for longer than this: nothing where nobody knew by then.
    pub(crate) async fn until(mut self, deadline: Instant) -> Vec<Option<Outcome>> {
        // dropped, or too late: either way what was told by now counts
        let _either = timeout_at(deadline, &mut self.last).await;
        std::mem::take(&mut lock(&self.told))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Work for the writer.
pub(crate) enum Work {
    /// Commands to decide and record, in this order.
    Record(Vec<Waiting>),
    /// Commands to decide and forget: a dry run.
    Rehearse(Rehearsal),
}

/// A dry run that waits for its outcomes. It has its room until it is done, however long whoever asked has waited for it.
pub(crate) struct Rehearsal {
    pub(crate) asks: Vec<Ask>,
    pub(crate) reply: oneshot::Sender<Vec<Outcome>>,
    _room: OwnedSemaphorePermit,
}

/// Most JSON of all commands that wait for the writer, in KiB. Usual commands reach their number first.
const ROOM_KIB_MAX: usize = 64 * 1024;
/// Most dry runs that wait or are under way: each is a whole file.
const REHEARSALS_MAX: usize = 2;

/// There is no room for more commands now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy;

/// Hands commands to the writer. A clone hands to the same one.
#[derive(Clone)]
pub struct Submitter {
    work: mpsc::UnboundedSender<Work>,
    room: Arc<Semaphore>,
    room_max: usize,
    /// Room by size, in KiB.
    room_kib: Arc<Semaphore>,
    rehearsals: Arc<Semaphore>,
}

impl Submitter {
    /// With room for so many commands that wait.
    pub(crate) fn new(room_max: usize) -> (Self, mpsc::UnboundedReceiver<Work>) {
        // unbounded as a channel, bounded by the permits that every command and every rehearsal holds
        let (work, queue) = mpsc::unbounded_channel();
        let [room, room_kib, rehearsals] = [room_max, ROOM_KIB_MAX, REHEARSALS_MAX].map(|max| Arc::new(Semaphore::new(max)));
        (Self { work, room, room_max, room_kib, rehearsals }, queue)
    }

    /// How many commands may be handed over at once without ever finding room for all of them impossible.
    pub(crate) fn at_once_max(&self, wanted: usize) -> usize {
        wanted.min(self.room_max).max(1)
    }

    /// Hands over commands, to be decided in this order, each over what the ones before it did.
    ///
    /// # Errors
    /// [`Busy`] when too many commands wait already: none of these was taken.
    pub fn submit(&self, asks: Vec<Ask>) -> Result<Outcomes, Busy> {
        let (count, kib) = size_of(&asks)?;
        let room = Arc::clone(&self.room).try_acquire_many_owned(count).map_err(|_| Busy)?;
        let room_kib = Arc::clone(&self.room_kib).try_acquire_many_owned(kib).map_err(|_| Busy)?;
        Ok(self.hand_over(asks, [room, room_kib]))
    }

    /// As [`Submitter::submit`], waiting up to `wait` for room: for bodies that are read only as fast as they can be recorded.
    ///
    /// # Errors
    /// [`Busy`] when there was no room in that time: none of these was taken.
    pub(crate) async fn submit_patiently(&self, asks: Vec<Ask>, wait: Duration) -> Result<Outcomes, Busy> {
        let (count, kib) = size_of(&asks)?;
        let room = async {
            let room = Arc::clone(&self.room).acquire_many_owned(count).await.map_err(|_| Busy)?;
            let room_kib = Arc::clone(&self.room_kib).acquire_many_owned(kib).await.map_err(|_| Busy)?;
            Ok([room, room_kib])
        };
        let room = tokio::time::timeout(wait, room).await.map_err(|_| Busy)??;
        Ok(self.hand_over(asks, room))
    }

    /// `room` is for all of `asks`.
    fn hand_over(&self, asks: Vec<Ask>, room: [OwnedSemaphorePermit; 2]) -> Outcomes {
        let told = Arc::new(Mutex::new(vec![None; asks.len()]));
        let (sender, last) = oneshot::channel();
        let group = Arc::new(Group { told: Arc::clone(&told), _room: room, _last: sender });
        let waits = |(place, ask)| Waiting { ask, fillings: Vec::new(), reply: Reply { place, group: Arc::clone(&group) } };
        let waiting = asks.into_iter().enumerate().map(waits).collect();
        drop(group);
        // when the writer has stopped, the commands are dropped here, and their outcomes stay unknown
        let _stopped = self.work.send(Work::Record(waiting));
        Outcomes { told, last }
    }

    /// Decides commands over what is known now and forgets what they would have done; nothing where the writer has stopped.
    ///
    /// # Errors
    /// [`Busy`] when too many files wait already.
    pub async fn rehearse(&self, asks: Vec<Ask>) -> Result<Option<Vec<Outcome>>, Busy> {
        let room = Arc::clone(&self.rehearsals).try_acquire_owned().map_err(|_| Busy)?;
        let (reply, outcomes) = oneshot::channel();
        if self.work.send(Work::Rehearse(Rehearsal { asks, reply, _room: room })).is_err() {
            return Ok(None);
        }
        Ok(outcomes.await.ok())
    }
}

/// How much room commands take: how many they are, and their size in KiB.
fn size_of(asks: &[Ask]) -> Result<(u32, u32), Busy> {
    let kib = asks.iter().map(|ask| ask.bytes).sum::<usize>().div_ceil(1024);
    Ok((u32::try_from(asks.len()).map_err(|_| Busy)?, u32::try_from(kib).map_err(|_| Busy)?))
}

#[cfg(test)]
mod tests {
    use domain::community;

    use super::*;

    /// Commands of so many KiB each.
    fn asks(count: usize, kib: usize) -> Vec<Ask> {
        let command = Command::Community(community::Command::RecordRestore(community::RecordRestore { epoch: 1, restored_to_sequence: 1 }));
        let ask = Ask::made_here("u07".parse().unwrap(), ("service".parse().unwrap(), Role::Service), command).unwrap();
        vec![Ask { bytes: kib * 1024, ..ask }; count]
    }

    #[tokio::test]
    async fn what_waits_is_bounded_by_number_and_by_size() {
        for (asks, most) in [(asks(100, 1), 100), (asks(100, 64), 10), (asks(500, 64), 2)] {
            let (submitter, mut queue) = Submitter::new(10_000);
            let mut waiting = 0;
            while submitter.submit(asks.clone()).is_ok() {
                waiting += 1;
            }
            assert_eq!(waiting, most, "{} of {} bytes", asks.len(), asks[0].bytes);
            assert!(submitter.submit_patiently(asks.clone(), Duration::from_millis(1)).await.is_err());
            // what is done gives its room back
            drop(queue.recv().await);
            assert!(submitter.submit_patiently(asks.clone(), Duration::from_millis(1)).await.is_ok());
        }
    }

    #[tokio::test]
    async fn a_dry_run_has_its_room_until_it_is_done_whoever_waits_for_it() {
        let (submitter, mut queue) = Submitter::new(1000);
        for _ in 0..REHEARSALS_MAX {
            assert!(tokio::time::timeout(Duration::from_millis(1), submitter.rehearse(asks(1, 1))).await.is_err(), "nobody waits any longer");
        }
        assert_eq!(submitter.rehearse(asks(1, 1)).await, Err(Busy));
        drop(queue.recv().await);
        drop(queue);
        assert_eq!(submitter.rehearse(asks(1, 1)).await, Ok(None), "there is room, and the writer has stopped");
    }
}
