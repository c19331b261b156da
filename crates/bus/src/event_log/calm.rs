//! Whether the log is calm: then what a reader keeps at hand, for those who come again soon, may go.

use std::time::Duration;

use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

const MINUTE: Duration = Duration::from_secs(60);
/// A minute with fewer commits is a calm one: what they need is read again, and nobody notices. A town of 400,000 has some 180 a minute, and a
/// flood that fills memory as many in a few milliseconds.
const COMMITS_MAX: usize = 3_000;

/// Counts what a reader hears, minute by minute.
#[derive(Debug)]
pub struct Calm {
    minutes: Interval,
    heard: usize,
}

impl Default for Calm {
    fn default() -> Self {
        let mut minutes = interval_at(Instant::now() + MINUTE, MINUTE);
        minutes.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { minutes, heard: 0 }
    }
}

impl Calm {
    /// So many commits came.
    pub fn heard(&mut self, commits: usize) {
        self.heard += commits;
    }

    /// Waits for a minute to end; true when it was a calm one. Nothing is lost when this is dropped before.
    pub async fn minute(&mut self) -> bool {
        self.minutes.tick().await;
        std::mem::take(&mut self.heard) < COMMITS_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_minute_of_a_flood_is_none_and_the_next_one_is() {
        let (mut calm, began) = (Calm::default(), Instant::now());
        for _ in 0..3 {
            calm.heard(COMMITS_MAX / 3);
        }
        assert!(!calm.minute().await);
        assert_eq!(began.elapsed(), MINUTE);
        calm.heard(COMMITS_MAX - 1);
        assert!(calm.minute().await, "each minute counts by itself");
        assert!(calm.minute().await);
        assert_eq!(began.elapsed(), MINUTE * 3);
    }
}
