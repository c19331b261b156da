//! How far a fold is behind the log. It is looked at from beside the fold: one that waits, or was stopped, cannot say so itself.

use std::time::Duration;

use domain::values::{Now, Timestamp};
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};

use super::EventLog;

/// How often the log is asked how far it goes.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Longest wait for an answer of the log; then what it said last counts.
const ANSWER_WAIT: Duration = Duration::from_secs(5);

/// How far a fold is behind the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lag {
    /// Commits that stand on the log and are not folded.
    pub commits: u64,
    /// Age of the first of these, in milliseconds: since it was recorded or, where it cannot be read, since the log was seen to go on there.
    pub age_ms: u64,
}

impl Lag {
    /// Its age in seconds, as metrics have it.
    pub fn seconds(self) -> f64 {
        Duration::from_millis(self.age_ms).as_secs_f64()
    }
}

/// Tells every second how far a fold is behind, until `stopped` says so. `folded` is the sequence of the last commit that was folded.
pub async fn watch_lag(log: EventLog, now: Now, folded: impl Fn() -> u64, tell: impl Fn(Lag), mut stopped: watch::Receiver<bool>) {
    let mut lookout = Lookout { log, head: 0, seen: None };
    // not at once: a fold that begins does not know yet how far it came
    let mut every = interval_at(Instant::now() + LOOK_EVERY, LOOK_EVERY);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let look = async {
            every.tick().await;
            lookout.look(&folded, &now).await
        };
        tokio::select! {
            lag = look => tell(lag),
            _ = stopped.wait_for(|stopped| *stopped) => return,
        }
    }
}

/// Looks from a fold to the end of the log.
struct Lookout {
    log: EventLog,
    /// Sequence of the last commit, as the log said last.
    head: u64,
    /// The first commit that was not folded at the last look, and when that was first seen.
    seen: Option<(u64, Timestamp)>,
}

impl Lookout {
    async fn look(&mut self, folded: impl Fn() -> u64, now: &Now) -> Lag {
        if let Ok(Ok(head)) = timeout(ANSWER_WAIT, self.log.head()).await {
            self.head = head.last_sequence;
        }
        // after the head: what was folded while the log was asked is not behind
        let folded = folded();
        let commits = self.head.saturating_sub(folded);
        if commits == 0 {
            self.seen = None;
            return Lag::default();
        }
        let first = folded + 1;
        let seen = self.seen.filter(|(sequence, _)| *sequence == first).map_or_else(|| now(), |(_, seen)| seen);
        self.seen = Some((first, seen));
        let since = self.recorded_at(first).await.unwrap_or(seen);
        Lag { commits, age_ms: u64::try_from(now().0 - since.0).unwrap_or(0) }
    }

    /// When a commit was recorded; nothing where it cannot be read.
    async fn recorded_at(&self, sequence: u64) -> Option<Timestamp> {
        let stored = timeout(ANSWER_WAIT, self.log.read(sequence)).await.ok()?.ok()??;
        Some(stored.commit().ok()?.header.recorded_at)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::event_log::{MemoryLog, Message};

    fn at(ms: i64) -> Now {
        Arc::new(move || Timestamp(ms))
    }

    #[tokio::test]
    async fn what_cannot_be_read_is_behind_since_the_log_was_seen_to_go_on_there() {
        let memory = MemoryLog::new("a");
        let log = EventLog::in_memory(&memory);
        let mut lookout = Lookout { log: log.clone(), head: 0, seen: None };
        assert_eq!(lookout.look(|| 0, &at(0)).await, Lag::default(), "an empty log");
        let message = Message { subject: "ev.0.c1._.post.1".to_owned(), payload: bytes::Bytes::from_static(b"no commit") };
        log.append(0, vec![message; 3]).await.unwrap();
        assert_eq!(lookout.look(|| 3, &at(1_000)).await, Lag::default(), "all is folded");
        assert_eq!(lookout.look(|| 1, &at(2_000)).await, Lag { commits: 2, age_ms: 0 });
        memory.lose(2);
        assert_eq!(lookout.look(|| 1, &at(9_000)).await, Lag { commits: 2, age_ms: 7_000 }, "a gap");
        memory.set_available(false);
        assert_eq!(lookout.look(|| 1, &at(10_000)).await, Lag { commits: 2, age_ms: 8_000 }, "a log that is away says no more than it did");
        assert_eq!(lookout.look(|| 2, &at(11_000)).await, Lag { commits: 1, age_ms: 0 }, "another commit is the first");
        assert_eq!(lookout.look(|| 3, &at(12_000)).await, Lag::default());
    }
}
