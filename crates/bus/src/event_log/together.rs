//! Reading the log together: what one reader of a process has just had from the server, the others take from here.
//!
//! Services that begin at the same place want the same messages at about the same time: the server delivers them once, and they are parsed and decoded
//! once. Whoever is at the end of what is kept asks the server; before it reads on it waits a moment for those who would fall behind what is kept.
//! Near the head nothing is kept: what a process appends itself comes from its [`super::Feed`] (docs/adr/0043).

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::watch;

use super::window::{Bounds, Window};
use super::{Chunk, TAIL_BATCH_MAX};

/// What is kept.
const BOUNDS: Bounds = Bounds { messages_max: 4 * 1024, bytes_max: 8 * 1024 * 1024 };
/// With so little kept nobody falls behind.
const HALF: Bounds = Bounds { messages_max: BOUNDS.messages_max / 2, bytes_max: BOUNDS.bytes_max / 2 };

/// What the readers of one process have just read of one log. A clone is the same.
#[derive(Clone, Debug)]
pub(super) struct Together(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    kept: Mutex<Kept>,
    /// Sequence of the last message that was put here.
    last: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Kept {
    window: Window,
    /// Messages behind the last one when it was delivered.
    pending: u64,
    /// Where each reader of the process is.
    readers: Vec<Weak<AtomicU64>>,
}

/// Where a reader is: the last message that it has read. Dropped, it reads no more.
#[derive(Debug)]
pub(super) struct Place(Arc<AtomicU64>);

impl Place {
    /// The reader has read up to here.
    pub(super) fn set(&self, sequence: u64) {
        self.0.store(sequence, Ordering::Relaxed);
    }
}

impl Default for Together {
    fn default() -> Self {
        Self(Arc::new(Shared { kept: Mutex::default(), last: watch::channel(0).0 }))
    }
}

impl Together {
    /// One more reader begins after a sequence.
    pub(super) fn join(&self, sequence: u64) -> Place {
        let place = Arc::new(AtomicU64::new(sequence));
        let mut kept = self.kept();
        kept.readers.retain(|reader| reader.strong_count() > 0);
        kept.readers.push(Arc::downgrade(&place));
        Place(place)
    }

    /// Lets everything go: it may be of a history that is lost.
    pub(super) fn forget(&self) {
        self.kept().window = Window::default();
    }

    /// Takes in what a reader had from the server. What others have put here already, or is near the head of the log, is left out.
    pub(super) fn put(&self, stream: &Arc<str>, chunk: &Chunk) {
        let mut kept = self.kept();
        let Some(first) = chunk.messages.first().map(|message| message.sequence) else { return };
        let goes_on = kept.window.range_of(stream).is_some_and(|(_, last)| first <= last + 1);
        if !goes_on {
            if chunk.pending < TAIL_BATCH_MAX as u64 {
                return;
            }
            kept.window = Window::of(stream);
        }
        let last = kept.window.range().map_or(first - 1, |(_, last)| last);
        let fresh = chunk.messages.iter().filter(|message| message.sequence > last).cloned();
        kept.window.extend(fresh, BOUNDS);
        let now = kept.window.range().map_or(last, |(_, last)| last);
        if now > last {
            kept.pending = chunk.pending;
        }
        kept.tidy();
        drop(kept);
        self.0.last.send_replace(now);
    }

    /// The messages of a stream that follow this sequence; nothing when the first of them is not here.
    pub(super) fn after(&self, stream: &Arc<str>, sequence: u64) -> Option<Chunk> {
        let kept = self.kept();
        let (messages, behind) = kept.window.after(stream, sequence)?;
        Some(Chunk { messages, pending: kept.pending + behind })
    }

    /// Whether a reader at this sequence of a stream finds here what comes next.
    pub(super) fn has_after(&self, stream: &Arc<str>, sequence: u64) -> bool {
        self.kept().window.range_of(stream).is_some_and(|(first, last)| (first..=last).contains(&(sequence + 1)))
    }

    /// Whether a reader at this sequence of a stream has read all that is here, so that what comes next may come here, too.
    pub(super) fn ends_at(&self, stream: &Arc<str>, sequence: u64) -> bool {
        self.kept().window.range_of(stream).is_some_and(|(_, last)| last == sequence)
    }

    /// Whether somebody reads in the older half of what is kept, and would have to ask the server were much more put here.
    pub(super) fn is_ahead_of_others(&self) -> bool {
        let kept = self.kept();
        let Some((first, last)) = kept.window.range() else { return false };
        let older = first - 1..first + (last - first) / 2;
        kept.window.is_beyond(HALF) && kept.places().any(|at| older.contains(&at))
    }

    /// Tells whoever waits that something was put here.
    pub(super) fn moved(&self) -> watch::Receiver<u64> {
        self.0.last.subscribe()
    }

    /// Lets go what was read near the head, once everybody has it.
    pub(super) fn tidy(&self) {
        self.kept().tidy();
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn places(&self) -> impl Iterator<Item = u64> {
        self.readers.iter().filter_map(Weak::upgrade).map(|place| place.load(Ordering::Relaxed))
    }

    fn tidy(&mut self) {
        let Some((first, last)) = self.window.range() else { return };
        let in_it = first - 1..last;
        if self.pending < TAIL_BATCH_MAX as u64 && !self.places().any(|at| in_it.contains(&at)) {
            self.window = Window::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::super::Stored;
    use super::*;

    fn chunk(stream: &Arc<str>, sequences: std::ops::RangeInclusive<u64>, pending: u64) -> Chunk {
        let messages = sequences.map(|sequence| Stored::new(sequence, format!("ev.{sequence}"), Bytes::from_static(b"commit"), stream)).collect();
        Chunk { messages, pending }
    }

    fn read(together: &Together, stream: &Arc<str>, sequence: u64) -> Option<(u64, u64, u64)> {
        let chunk = together.after(stream, sequence)?;
        Some((chunk.messages.first()?.sequence, chunk.messages.last()?.sequence, chunk.pending))
    }

    #[test]
    fn a_reader_finds_what_another_had_without_a_gap_or_nothing() {
        let (together, stream) = (Together::default(), Arc::from("s1"));
        let _behind = together.join(0);
        together.put(&stream, &chunk(&stream, 1..=10, 5_000));
        // two who ask the server at the same time
        together.put(&stream, &chunk(&stream, 1..=7, 5_003));
        together.put(&stream, &chunk(&stream, 8..=12, 4_998));
        assert_eq!((read(&together, &stream, 0), read(&together, &stream, 10)), (Some((1, 12, 4_998)), Some((11, 12, 4_998))));
        assert!(together.has_after(&stream, 11) && !together.has_after(&stream, 12) && together.ends_at(&stream, 12));
        assert!(read(&together, &Arc::from("s2"), 3).is_none(), "of another stream");
        // somebody who is further ahead, and somebody whose part is not the next one
        together.put(&stream, &chunk(&stream, 100..=110, 4_900));
        assert_eq!((read(&together, &stream, 10), read(&together, &stream, 99)), (None, Some((100, 110, 4_900))));
        together.forget();
        assert!(read(&together, &stream, 99).is_none());
    }

    #[test]
    fn it_keeps_the_latest_within_its_bounds_and_says_who_would_fall_behind() {
        let (together, stream) = (Together::default(), Arc::from("s1"));
        let (slow, fast) = (together.join(0), together.join(0));
        let half = BOUNDS.messages_max as u64 / 2;
        together.put(&stream, &chunk(&stream, 1..=half, 100_000));
        assert!(!together.is_ahead_of_others(), "there is room");
        together.put(&stream, &chunk(&stream, half + 1..=2 * half, 100_000));
        fast.set(2 * half);
        assert!(together.is_ahead_of_others());
        slow.set(half + 1);
        assert!(!together.is_ahead_of_others(), "it is near enough");
        together.put(&stream, &chunk(&stream, 2 * half + 1..=4 * half, 100_000));
        fast.set(4 * half);
        assert!(read(&together, &stream, half + 1).is_none(), "it asks the server");
        assert!(!together.is_ahead_of_others(), "nobody waits for whoever has fallen behind");
        slow.set(2 * half);
        assert!(together.is_ahead_of_others());
        drop(slow);
        assert!(!together.is_ahead_of_others(), "it reads no more");
    }

    #[test]
    fn near_the_head_nothing_is_kept() {
        let (together, stream) = (Together::default(), Arc::from("s1"));
        let (first, second) = (together.join(0), together.join(0));
        together.put(&stream, &chunk(&stream, 1..=10, 20));
        assert!(read(&together, &stream, 0).is_none());
        together.put(&stream, &chunk(&stream, 1..=1000, 1000));
        together.put(&stream, &chunk(&stream, 1001..=2000, 0));
        first.set(2000);
        together.tidy();
        assert_eq!(read(&together, &stream, 1500), Some((1501, 2000, 0)), "the second has not got it yet");
        second.set(2000);
        together.tidy();
        assert!(read(&together, &stream, 1500).is_none() && !together.ends_at(&stream, 2000));
    }
}
