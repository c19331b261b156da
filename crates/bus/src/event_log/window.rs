//! Messages of one stream in memory: in order, without a gap, the latest within bounds.

use std::collections::VecDeque;
use std::sync::Arc;

use super::{Stored, TAIL_BATCH_MAX};

/// Most that a window keeps.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Messages.
    pub(super) messages_max: usize,
    /// Bytes of payload. They are shared with readers, not copied. A commit that a reader has decoded is kept beside its bytes and takes several times as
    /// much, so usual commits reach their number first.
    pub(super) bytes_max: usize,
}

/// Messages of one stream.
#[derive(Debug, Default)]
pub(super) struct Window {
    /// Identity of the stream, once it is known.
    stream: Option<Arc<str>>,
    messages: VecDeque<Stored>,
    bytes: usize,
}

impl Window {
    /// A window of a stream, with nothing in it.
    pub(super) fn of(stream: &Arc<str>) -> Self {
        Self { stream: Some(Arc::clone(stream)), ..Self::default() }
    }

    pub(super) fn stream(&self) -> Option<&Arc<str>> {
        self.stream.as_ref()
    }

    /// Adds what follows the last message, and lets the oldest go.
    pub(super) fn extend(&mut self, messages: impl IntoIterator<Item = Stored>, bounds: Bounds) {
        for message in messages {
            self.bytes += message.payload.len();
            self.messages.push_back(message);
        }
        while self.messages.len() > bounds.messages_max || self.bytes > bounds.bytes_max {
            let Some(oldest) = self.messages.pop_front() else { break };
            self.bytes -= oldest.payload.len();
        }
    }

    /// Keeps so many of the newest.
    pub(super) fn keep_newest(&mut self, count: usize) {
        let others = self.messages.len().saturating_sub(count);
        self.messages.drain(..others);
        self.messages.shrink_to_fit();
        self.bytes = self.messages.iter().map(|message| message.payload.len()).sum();
    }

    /// Sequences of the first message and of the last.
    pub(super) fn range(&self) -> Option<(u64, u64)> {
        Some((self.messages.front()?.sequence, self.messages.back()?.sequence))
    }

    /// The same, if it is of a stream.
    pub(super) fn range_of(&self, stream: &Arc<str>) -> Option<(u64, u64)> {
        self.range().filter(|_| self.stream.as_ref() == Some(stream))
    }

    /// The messages of a stream that follow this sequence, 1 to [`TAIL_BATCH_MAX`], and how many are here behind them; nothing when the first of them is
    /// not here.
    pub(super) fn after(&self, stream: &Arc<str>, sequence: u64) -> Option<(Vec<Stored>, u64)> {
        let (first, last) = self.range_of(stream)?;
        if sequence + 1 < first || sequence >= last {
            return None;
        }
        let skipped = usize::try_from(sequence + 1 - first).ok()?;
        let messages: Vec<Stored> = self.messages.iter().skip(skipped).take(TAIL_BATCH_MAX).cloned().collect();
        let behind = last - sequence - messages.len() as u64;
        Some((messages, behind))
    }

    /// Whether more than a part of its bounds is taken.
    pub(super) fn is_beyond(&self, bounds: Bounds) -> bool {
        self.messages.len() > bounds.messages_max || self.bytes > bounds.bytes_max
    }

    /// Bytes of payload.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}
