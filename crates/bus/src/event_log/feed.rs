//! What this process appended lately: its own readers take it from here. The server need not deliver, and nobody parse, what is at hand.
//!
//! Only what the server acknowledged gets in, so no reader sees what is not on disk. A reader that is too far behind, or whose next
//! message came from somebody else, asks the server, as if there were no feed (docs/adr/0023).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::watch;

use super::together::Together;
use super::window::{Bounds, Window};
use super::{Chunk, Stored};

/// What is kept: some 30 MiB with what was decoded of it.
const BOUNDS: Bounds = Bounds { messages_max: 8 * 1024, bytes_max: 16 * 1024 * 1024 };

/// What one process appended lately to one log. A clone is the same feed.
#[derive(Clone, Debug)]
pub struct Feed(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// What its readers have just had from the server.
    together: Together,
    kept: Mutex<Window>,
    /// Sequence of the last message that got in.
    last: watch::Sender<u64>,
}

impl Default for Feed {
    fn default() -> Self {
        Self(Arc::new(Shared { together: Together::default(), kept: Mutex::default(), last: watch::channel(0).0 }))
    }
}

impl Feed {
    /// Says which stream the log is now. What is kept of another one goes.
    pub(super) fn learn(&self, stream: &Arc<str>) {
        let mut kept = self.kept();
        if kept.stream() != Some(stream) {
            *kept = Window::of(stream);
        }
    }

    /// Where the readers of the process read together.
    pub(super) fn together(&self) -> &Together {
        &self.0.together
    }

    /// Lets everything go: it may be of a history that is lost.
    pub(super) fn forget(&self) {
        *self.kept() = Window::default();
        self.0.together.forget();
    }

    /// Keeps the newest message only: it says where the log goes on.
    pub(super) fn rest(&self) {
        self.kept().keep_newest(1);
    }

    /// Takes in messages that the server has acknowledged, the last of them at `last_sequence`.
    pub(super) fn take(&self, last_sequence: u64, messages: Vec<(String, Bytes)>) {
        let mut kept = self.kept();
        let Some(stream) = kept.stream().cloned() else { return };
        let before = last_sequence - messages.len() as u64;
        if kept.range().is_some_and(|(_, last)| last != before) {
            // somebody else appended in between
            *kept = Window::of(&stream);
        }
        let messages = (before + 1..).zip(messages).map(|(sequence, (subject, payload))| Stored::new(sequence, subject, payload, &stream));
        kept.extend(messages, BOUNDS);
        drop(kept);
        self.0.last.send_replace(last_sequence);
    }

    /// The messages of a stream that follow this sequence; nothing when the first of them is not here.
    pub(super) fn after(&self, stream: &Arc<str>, sequence: u64) -> Option<Chunk> {
        let (messages, pending) = self.kept().after(stream, sequence)?;
        Some(Chunk { messages, pending })
    }

    /// Whether a reader at this sequence of a stream has read all that is here, so that what comes next may come here, too.
    pub(super) fn ends_at(&self, stream: &Arc<str>, sequence: u64) -> bool {
        self.kept().range_of(stream).is_some_and(|(_, last)| last == sequence)
    }

    /// Whether a reader at this sequence of a stream finds here what comes next, now or when it gets in.
    pub(super) fn goes_on_from(&self, stream: &Arc<str>, sequence: u64) -> bool {
        self.kept().range_of(stream).is_some_and(|(first, last)| (first..=last + 1).contains(&(sequence + 1)))
    }

    /// Tells whoever waits that something got in.
    pub(super) fn moved(&self) -> watch::Receiver<u64> {
        self.0.last.subscribe()
    }

    fn kept(&self) -> MutexGuard<'_, Window> {
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::super::TAIL_BATCH_MAX;
    use super::*;

    fn sent(count: usize, bytes: usize) -> Vec<(String, Bytes)> {
        (0..count).map(|number| (format!("ev.{number}"), Bytes::from(vec![0; bytes]))).collect()
    }

    fn sequences(chunk: Option<Chunk>) -> Vec<u64> {
        chunk.into_iter().flat_map(|chunk| chunk.messages).map(|stored| stored.sequence).collect()
    }

    #[test]
    fn after_a_rest_whoever_has_read_all_goes_on_and_whoever_is_behind_asks_the_server() {
        let (feed, stream) = (Feed::default(), Arc::from("s1"));
        feed.learn(&stream);
        feed.take(7, sent(7, 100));
        feed.rest();
        assert_eq!((feed.ends_at(&stream, 7), feed.after(&stream, 5).map(|_| ()), feed.kept().bytes()), (true, None, 100));
        feed.take(9, sent(2, 1));
        assert_eq!(sequences(feed.after(&stream, 7)), [8, 9]);
        feed.rest();
        feed.rest();
        assert_eq!(sequences(feed.after(&stream, 8)), [9], "the newest stays");
    }

    #[test]
    fn a_reader_gets_what_follows_without_a_gap_or_nothing() {
        let (feed, stream) = (Feed::default(), Arc::from("s1"));
        feed.take(2, sent(2, 1));
        assert!(feed.after(&stream, 0).is_none(), "nobody knows yet of which stream that was");
        feed.learn(&stream);
        feed.take(7, sent(3, 1));
        assert_eq!(sequences(feed.after(&stream, 4)), [5, 6, 7]);
        assert_eq!(sequences(feed.after(&stream, 6)), [7]);
        for beside in [0, 3, 7, 8] {
            assert_eq!(sequences(feed.after(&stream, beside)), [0; 0], "after {beside}");
        }
        assert!(feed.ends_at(&stream, 7) && !feed.ends_at(&stream, 6));
        assert_eq!([3, 4, 7, 8].map(|at| feed.goes_on_from(&stream, at)), [false, true, true, false]);
        // 8 is somebody else's
        feed.take(9, sent(1, 1));
        assert_eq!((sequences(feed.after(&stream, 7)), sequences(feed.after(&stream, 8))), (vec![], vec![9]));
        assert!(feed.after(&Arc::from("s2"), 8).is_none());
        feed.learn(&Arc::from("s2"));
        assert!(feed.after(&stream, 8).is_none() && !feed.ends_at(&stream, 9), "another stream has begun");
    }

    #[test]
    fn it_keeps_the_latest_within_its_bounds() {
        let (feed, stream) = (Feed::default(), Arc::from("s1"));
        feed.learn(&stream);
        feed.take(40_000, sent(40_000, 1));
        let oldest = 40_000 - BOUNDS.messages_max as u64;
        assert!(feed.after(&stream, oldest - 1).is_none());
        let chunk = feed.after(&stream, oldest).unwrap();
        assert_eq!((chunk.messages.len(), chunk.pending), (TAIL_BATCH_MAX, (BOUNDS.messages_max - TAIL_BATCH_MAX) as u64));
        feed.take(40_040, sent(40, 1024 * 1024));
        assert!(feed.after(&stream, 40_023).is_none());
        assert_eq!(feed.after(&stream, 40_024).map(|chunk| chunk.messages.len()), Some(16));
    }
}
