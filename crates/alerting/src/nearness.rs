//! Whether what is folded is near enough to the log to be judged: behind it, a check would be called missed that stands on the log.
//!
//! A service that was cut off, or stood still for a while, has a past before it that it must read first. What was recorded within
//! [`BEHIND_MAX_MS`] is near, for under load something is always on its way. What is older is near only if the log goes no further,
//! and so is the clock alone, while nothing comes.

use std::time::{Duration, Instant};

use bus::EventLog;
use domain::values::Timestamp;

/// How far behind the clock a fold may be and still be judged: whatever is owed by a time is given minutes of grace.
const BEHIND_MAX_MS: i64 = 60_000;
/// How long it counts that the fold was near; and the longest wait for the log to say so.
const HOLDS: Duration = Duration::from_secs(1);

/// When the fold was near last, by both clocks: one stands still while the machine sleeps, the other may run at any rate.
#[derive(Debug, Default)]
pub(crate) struct Nearness {
    seen: Option<(Instant, Timestamp)>,
}

impl Nearness {
    /// Whether a fold is near that has just read up to `sequence`, where something recorded at `recorded_at` stands.
    pub(crate) async fn after(&mut self, recorded_at: Option<Timestamp>, (log, sequence): (&EventLog, u64), now: Timestamp) -> bool {
        self.seen = recorded_at.filter(|recorded_at| recorded_at.plus_ms(BEHIND_MAX_MS) > now).map(|_| (Instant::now(), now));
        self.now((log, sequence), now).await
    }

    /// Whether a fold is near to which nothing came since: it has read up to `sequence`.
    pub(crate) async fn now(&mut self, (log, sequence): (&EventLog, u64), now: Timestamp) -> bool {
        let holds = |(at, clock): (Instant, Timestamp)| at.elapsed() < HOLDS && now < clock.plus_ms(BEHIND_MAX_MS);
        if !self.seen.is_some_and(holds) {
            // a log that does not answer may have gone on
            let head = tokio::time::timeout(HOLDS, log.head()).await;
            let is_end = head.is_ok_and(|head| head.is_ok_and(|head| head.last_sequence <= sequence));
            self.seen = is_end.then(|| (Instant::now(), now));
        }
        self.seen.is_some()
    }
}

#[cfg(test)]
mod tests {
    use bus::{MemoryLog, Message};

    use super::*;

    const START: Timestamp = Timestamp(1_580_972_640_000);

    async fn append(log: &EventLog, head: u64) {
        let message = Message { subject: "ev.0.c1._.post.1".to_owned(), payload: bytes::Bytes::from_static(b"x") };
        log.append(head, vec![message]).await.unwrap();
    }

    #[tokio::test]
    async fn what_is_old_is_near_only_where_the_log_ends() {
        let memory = MemoryLog::new("a");
        let log = EventLog::in_memory(&memory);
        append(&log, 0).await;
        append(&log, 1).await;
        let (young, old) = (Some(START.plus_ms(-59_999)), Some(START.plus_ms(-60_000)));
        let mut nearness = Nearness::default();
        assert!(nearness.after(young, (&log, 1), START).await, "under load more is always to come");
        assert!(nearness.now((&log, 1), START.plus_ms(59_999)).await, "that holds for a moment");
        assert!(!nearness.now((&log, 1), START.plus_ms(60_000)).await, "and not when the clock went on by a minute");
        for unknown in [old, None] {
            assert!(!nearness.after(unknown, (&log, 1), START).await, "{unknown:?}: the log goes on");
            assert!(!nearness.now((&log, 1), START).await, "{unknown:?}: it still does");
        }
        assert!(nearness.after(old, (&log, 2), START).await, "that was all of it");
        memory.set_available(false);
        assert!(nearness.now((&log, 2), START).await, "it is not asked each time");
        assert!(!nearness.after(old, (&log, 2), START).await, "a log that does not answer may have gone on");
    }
}
