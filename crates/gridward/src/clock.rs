//! The real clock and the drill clock. Everything else gets the time as a value.

use std::{
    fs,
    path::{Path, PathBuf},
    str::FromStr,
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::Context as _;
use domain::values::{Now, Timestamp};
use serde::{Deserialize, Serialize};

use crate::data::write_private;

/// How often the drill time is written down.
const SAVE_EVERY: Duration = Duration::from_secs(1);
/// What is written down lies this far ahead in real time, so that a killed drill never goes back.
const SAVE_AHEAD: Duration = Duration::from_secs(3);
/// Fastest drill: an hour a second.
const RATE_MAX: f64 = 3600.0;

/// `START@RATE`: when a drill begins, and how many of its seconds pass in one real second.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Drill {
    /// When it begins, or goes on.
    pub(crate) start: Timestamp,
    /// Drill seconds per real second.
    pub(crate) rate: f64,
}

impl FromStr for Drill {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (start, rate) = text.rsplit_once('@').unwrap_or((text, "1"));
        let start = start.parse().map_err(|error| format!("{start}: {error}"))?;
        let rate: f64 = rate.parse().map_err(|_| format!("{rate} is not a rate such as 1 or 60"))?;
        if rate > 0.0 && rate <= RATE_MAX { Ok(Self { start, rate }) } else { Err(format!("a rate lies above 0 and is at most {RATE_MAX}")) }
    }
}

/// The clock of a data folder.
#[derive(Clone)]
pub(crate) struct Clock {
    drill: Option<(Drill, Instant)>,
    file: PathBuf,
}

impl Clock {
    /// The clock that a data folder has, or begins, as is wanted or else as is usual: an exercise for life, or real for life.
    pub(crate) fn open(folder: &Path, wanted: Option<Drill>, usual: Option<Drill>) -> anyhow::Result<Self> {
        let file = folder.join("clock.json");
        let kept = match fs::read(&file) {
            Ok(bytes) => Some(serde_json::from_slice::<Option<Drill>>(&bytes).with_context(|| format!("{} is damaged", file.display()))?),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", file.display())),
        };
        let drill = match (kept, wanted) {
            (None, wanted) => wanted.or(usual),
            (Some(None), None) => None,
            (Some(None), Some(_)) => anyhow::bail!("this data folder is real: a drill needs a folder of its own, such as --data drill"),
            // a restart goes on where the drill stopped, or later: nights are skipped so. Its speed may be chosen anew
            (Some(Some(kept)), wanted) => wanted.map(|wanted| Drill { start: wanted.start.max(kept.start), rate: wanted.rate }).or(Some(kept)),
        };
        let clock = Self { drill: drill.map(|drill| (drill, Instant::now())), file };
        clock.save(Duration::ZERO)?;
        Ok(clock)
    }

    /// Whether this is an exercise.
    pub(crate) fn is_exercise(&self) -> bool {
        self.drill.is_some()
    }

    /// Drill seconds per real second; 1 for the real clock.
    pub(crate) fn rate(&self) -> f64 {
        self.drill.map_or(1.0, |(drill, _)| drill.rate)
    }

    /// What time it is.
    pub(crate) fn now(&self) -> Timestamp {
        self.after(Duration::ZERO)
    }

    fn after(&self, ahead: Duration) -> Timestamp {
        match self.drill {
            None => real_now(),
            Some((drill, since)) => {
                #[expect(clippy::cast_possible_truncation, reason = "milliseconds of a drill fit by far")]
                let passed_ms = ((since.elapsed() + ahead).as_secs_f64() * 1000.0 * drill.rate) as i64;
                drill.start.plus_ms(passed_ms)
            }
        }
    }

    /// The clock as services take it.
    pub(crate) fn as_now(&self) -> Now {
        let clock = self.clone();
        Arc::new(move || clock.now())
    }

    fn save(&self, ahead: Duration) -> anyhow::Result<()> {
        let kept = self.drill.map(|(drill, _)| Drill { start: self.after(ahead), rate: drill.rate });
        write_private(&self.file, &serde_json::to_vec(&kept)?)
    }

    /// Writes the drill time down while the system runs, a little ahead, so that it never goes back.
    pub(crate) async fn keep(self) {
        if self.drill.is_none() {
            return;
        }
        loop {
            if let Err(error) = self.save(SAVE_AHEAD) {
                tracing::warn!(%error, "the drill time could not be written down");
            }
            tokio::time::sleep(SAVE_EVERY).await;
        }
    }
}

/// The machine's own time.
#[expect(clippy::disallowed_methods, reason = "this is the one place that asks")]
pub(crate) fn real_now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drill_goes_on_where_it_stopped_and_never_back() {
        let folder = tempfile::tempdir().unwrap();
        let drill: Drill = "2020-02-05T21:00:00+08:00@60".parse().unwrap();
        let first = Clock::open(folder.path(), Some(drill), None).unwrap();
        first.save(SAVE_AHEAD).unwrap();
        let stopped_at = first.now();
        let second = Clock::open(folder.path(), None, None).unwrap();
        assert!(second.is_exercise() && second.now() >= stopped_at);
        assert!(second.now() < stopped_at.plus_minutes(10));
        let earlier = Clock::open(folder.path(), Some(drill), None).unwrap();
        assert!(earlier.now() >= stopped_at, "it never goes back");
        let usual = Clock::open(folder.path(), None, Some(Drill { start: stopped_at.plus_minutes(9_000), rate: 1.0 })).unwrap();
        assert!(usual.now() < stopped_at.plus_minutes(20), "what is usual is for a folder that has none");
        let next_morning: Drill = "2020-02-06T08:00:00+08:00@1".parse().unwrap();
        let skipped = Clock::open(folder.path(), Some(next_morning), None).unwrap();
        assert!(skipped.now() >= next_morning.start && skipped.now() < next_morning.start.plus_minutes(1));
    }

    #[test]
    fn a_real_folder_is_never_a_drill() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!Clock::open(folder.path(), None, None).unwrap().is_exercise());
        assert!(Clock::open(folder.path(), Some(Drill { start: Timestamp(0), rate: 1.0 }), None).is_err());
    }

    #[test]
    fn what_is_not_a_drill_clock_is_refused_in_words() {
        assert!("yesterday@60".parse::<Drill>().unwrap_err().contains("not a time"));
        assert!("2020-02-05T21:00:00Z@fast".parse::<Drill>().unwrap_err().contains("not a rate"));
        assert!("2020-02-05T21:00:00Z@-1".parse::<Drill>().is_err());
    }
}
