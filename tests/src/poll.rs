//! Waiting for something without sleeping for it: looking again and again, for so long and no longer.

use std::time::{Duration, Instant};

/// Pause between two looks.
const LOOK_PAUSE: Duration = Duration::from_millis(10);

/// Looks until there is something to see.
///
/// # Panics
/// When there is nothing to see within `wait`.
pub async fn until<T>(what: &str, wait: Duration, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(seen) = look().await {
            return seen;
        }
        assert!(begun.elapsed() < wait, "not within {wait:?}: {what}");
        tokio::time::sleep(LOOK_PAUSE).await;
    }
}
