//! From the outbox to the stream, in the order of the log, each message at least once, and all of one history.
//!
//! The stream's last message names the commit that it comes from. Only while the log still holds that commit does what follows
//! in the log follow in the stream: sequences are used again after a restore, so the number alone proves nothing.

use std::{collections::BTreeMap, time::Duration};

use bus::{AppendError, EventLog, Keyring, Last, Notice, Publication, ReadError, Refusal, ResumeError, Source};
use domain::{
    log::LogPosition,
    values::{Now, Timestamp},
};
use store::Store;
use tokio::{sync::watch, time::Instant};

use super::{
    full::{self, OpenError},
    message::CONTENT_TYPE,
};
use crate::{
    error::{AlertingError, chain},
    publish::Class,
    readiness::Readiness,
    rows::{Dropped, Waiting, dropped_key, outbox_key},
};

/// Most messages in one append.
const BATCH_MAX: usize = 64;
/// Pause before something that is away is tried again.
const PAUSE: Duration = Duration::from_millis(500);
/// Pause before it is looked again whether an operator has put things right.
const PAUSE_STOPPED: Duration = Duration::from_secs(2);
/// How often stream and log are compared while nothing is to be told.
const COMPARE_EVERY: Duration = Duration::from_secs(10);

/// What ends the publisher: an operator must look. Alerts are raised and resolved meanwhile, but nobody outside is told.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The stream does not take messages as they are.
    #[error("the stream of alerts refuses: {0}")]
    Refused(Refusal),
    /// The service's own store, or the program.
    #[error(transparent)]
    Service(#[from] AlertingError),
}

/// Why nothing can be published now. It is looked again until that has changed.
#[derive(Debug, thiserror::Error)]
enum Hindrance {
    #[error("log or stream of alerts do not answer")]
    Away(#[from] ReadError),
    /// Consumers were told of things that never happened in the history that the log holds now.
    #[error(
        "the log was rolled back or replaced: messages up to {told} were published, and {why}; nothing more is published until an operator decides: \
         restore the stream of alerts from the same backup as the log, or remove it, and it is filled anew from the log"
    )]
    OtherHistory { told: u64, why: String },
    #[error(
        "the last message of the stream of alerts does not say which log it comes from; nothing more is published until an operator decides: \
         remove the stream, and it is filled anew from the log"
    )]
    Unsaid,
    /// It was restored from an older backup than the log, or made anew.
    #[error("the stream of alerts lacks messages that were published, up to {0}: folding the log anew to publish them again")]
    Lacking(u64),
    #[error(transparent)]
    Service(#[from] AlertingError),
}

/// Publishes one class of messages. A further class is one more of these, with a stream and an outbox of its own.
pub(crate) struct Publisher {
    pub(crate) class: Class,
    pub(crate) publication: Publication,
    /// What opens the names of a class that has them.
    pub(crate) keyring: Option<Keyring>,
    pub(crate) log: EventLog,
    pub(crate) store: Store,
    pub(crate) now: Now,
    pub(crate) readiness: Readiness,
    /// Number of the fold that the store holds, counted from the start of the service. Moves when something was folded, too.
    pub(crate) folded: watch::Receiver<u64>,
    pub(crate) told: watch::Sender<Progress>,
    /// The fold that is to be done anew, for its outbox lacks what the stream lacks.
    pub(crate) refold: watch::Sender<Option<u64>>,
}

/// How far each class was told.
pub(crate) type Progress = BTreeMap<Class, Told>;

/// How far everything of a class was told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    /// Of which fold: a sequence says nothing of another.
    pub(crate) fold: u64,
    /// Sequence of the log.
    pub(crate) sequence: u64,
}

/// Where the stream stands.
#[derive(Clone)]
struct Mark {
    fold: u64,
    /// What the next append expects.
    expected: u64,
    /// What the last message comes from; nothing when there is no message.
    last: LogPosition,
    /// Everything of the log up to here was told.
    told: u64,
    /// A stream without messages is filled with what it would still hold: with what was recorded since.
    since: Option<Timestamp>,
}

enum Ended {
    Stopped,
    Pause,
    Compare,
}

/// The next messages.
struct Page {
    rows: Vec<Waiting>,
    /// The commit that the last row comes from, told of or too old.
    last: LogPosition,
}

fn notice(row: Waiting) -> Notice {
    Notice { subject: row.subject, source: row.source, content_type: CONTENT_TYPE, payload: row.payload.into() }
}

impl Publisher {
    /// Publishes until the service stops folding, or an operator must look.
    pub(crate) async fn run(mut self) -> Result<(), PublishError> {
        while let Some(mark) = self.mark().await? {
            match self.publish_from(mark).await? {
                Ended::Stopped => break,
                // another instance was faster, or nobody knows: the stream itself tells
                Ended::Pause => tokio::time::sleep(PAUSE).await,
                Ended::Compare => {}
            }
        }
        Ok(())
    }

    /// Where the stream stands, once it fits the log; nothing when the service stops first.
    async fn mark(&mut self) -> Result<Option<Mark>, PublishError> {
        let mut said = String::new();
        loop {
            let hindrance = match self.look().await {
                Ok(mark) => {
                    self.readiness.ready(self.class.publishing());
                    return Ok(Some(mark));
                }
                Err(Hindrance::Service(error)) => return Err(error.into()),
                Err(hindrance) => hindrance,
            };
            let stopped = matches!(hindrance, Hindrance::OtherHistory { .. } | Hindrance::Unsaid);
            let why = chain(&hindrance);
            if why != said {
                if stopped {
                    tracing::error!(class = self.class.word(), error = %why, "publishing stopped: an operator must look");
                } else {
                    tracing::warn!(class = self.class.word(), %why, "cannot publish now");
                }
                self.readiness.waiting(self.class.publishing(), why.as_str());
                said = why;
            }
            tokio::time::sleep(if stopped { PAUSE_STOPPED } else { PAUSE }).await;
            if self.folded.has_changed().is_err() {
                return Ok(None);
            }
        }
    }

    /// What the stream's last message says, compared with the log and with what the outbox can still give.
    async fn look(&self) -> Result<Mark, Hindrance> {
        let fold = *self.folded.borrow();
        let Last { sequence: expected, age_max, source } = self.publication.last().await?;
        let mark = match source {
            Source::Unsaid => return Err(Hindrance::Unsaid),
            Source::Commit(last) => {
                let told = last.sequence;
                match self.log.verify(&last).await {
                    Ok(_head) => Mark { fold, expected, last, told, since: None },
                    Err(ResumeError::Diverged { why }) => return Err(Hindrance::OtherHistory { told, why }),
                    Err(ResumeError::Read(error)) => return Err(error.into()),
                }
            }
            Source::Nothing => {
                let age_ms = age_max.map(|age| i64::try_from(age.as_millis()).unwrap_or(i64::MAX));
                let since = age_ms.map(|age_ms| Timestamp((self.now)().0.saturating_sub(age_ms)));
                Mark { fold, expected, last: LogPosition::default(), told: 0, since }
            }
        };
        match self.dropped().await? {
            Some(dropped) if dropped.sequence > mark.told && mark.since.is_none_or(|since| dropped.recorded_at >= since) => {
                self.refold.send_replace(Some(fold));
                Err(Hindrance::Lacking(dropped.sequence))
            }
            _ => Ok(mark),
        }
    }

    async fn publish_from(&mut self, mut mark: Mark) -> Result<Ended, PublishError> {
        let compare_at = Instant::now() + COMPARE_EVERY;
        loop {
            let told = Told { fold: mark.fold, sequence: mark.told };
            self.told.send_if_modified(|progress| progress.insert(self.class, told) != Some(told));
            if *self.folded.borrow_and_update() != mark.fold || Instant::now() >= compare_at {
                return Ok(Ended::Compare);
            }
            let Some(Page { mut rows, last }) = self.page_after(&mark).await? else {
                match tokio::time::timeout_at(compare_at, self.folded.changed()).await {
                    Ok(Err(_)) => return Ok(Ended::Stopped),
                    Ok(Ok(())) | Err(_) => continue,
                }
            };
            let Some(newest) = rows.last().map(|row| row.source.clone()) else {
                mark.told = last.sequence;
                continue;
            };
            if let Some(keyring) = &self.keyring {
                match full::open(keyring, &mut rows).await {
                    Ok(()) => {}
                    Err(OpenError::Service(error)) => return Err(error.into()),
                    Err(error @ OpenError::Away(_)) => {
                        let why = chain(&error);
                        tracing::warn!(class = self.class.word(), %why, "not published now");
                        self.readiness.waiting(self.class.publishing(), why);
                        return Ok(Ended::Pause);
                    }
                }
            }
            if let Err(error) = self.both_in_the_log(&mark.last, &newest).await {
                tracing::warn!(class = self.class.word(), error = %chain(&error), "not published now");
                return Ok(Ended::Pause);
            }
            let (count, oldest) = (rows.len() as u64, rows.iter().map(|row| row.recorded_at).min());
            match self.publication.append(mark.expected, rows.into_iter().map(notice).collect()).await {
                Ok(sequence) => {
                    metrics::counter!("gridward_alert_messages_total", "class" => self.class.word()).increment(count);
                    oldest.inspect(|recorded_at| {
                        metrics::histogram!("gridward_alert_publish_ms", "class" => self.class.word()).record(((self.now)().0 - recorded_at.0).max(0) as f64);
                    });
                    mark = Mark { expected: sequence, told: newest.sequence, last: newest, since: None, ..mark };
                }
                // the stream is looked at again: it tells what became of this
                Err(AppendError::Conflict | AppendError::Torn | AppendError::Unknown(_)) => return Ok(Ended::Pause),
                Err(AppendError::Refused(Refusal::Full(why))) => {
                    tracing::error!(class = self.class.word(), why, "the stream of alerts is full");
                    self.readiness.waiting(self.class.publishing(), "the stream of alerts is full: make room");
                    return Ok(Ended::Pause);
                }
                Err(AppendError::Refused(refusal)) => return Err(PublishError::Refused(refusal)),
            }
        }
    }

    /// Whether the log holds what the stream's last message comes from, and what the next ones come from. The next ones were read
    /// before: had the log been rolled back in between, it could hold both only if both are older than that. So no message of one
    /// history ever follows one of another and hides it; one of a history that is lost a moment later is the last, and is noticed.
    async fn both_in_the_log(&self, told: &LogPosition, next: &LogPosition) -> Result<(), ResumeError> {
        tokio::try_join!(self.log.verify(told), self.log.verify(next)).map(|_heads| ())
    }

    /// The next messages; nothing when none wait. What comes from one commit stays together: the last message tells where to go on.
    async fn page_after(&self, mark: &Mark) -> Result<Option<Page>, AlertingError> {
        let (store, outbox, told, since) = (self.store.clone(), self.class.outbox(), mark.told, mark.since);
        let read = tokio::task::spawn_blocking(move || {
            let (from, to) = (outbox_key(told.saturating_add(1), 0), outbox_key(u64::MAX, 0));
            let rows = store.scan_range::<Waiting>(outbox, &from..&to, BATCH_MAX)?;
            let full = rows.len() == BATCH_MAX;
            let mut rows: Vec<Waiting> = rows.into_iter().map(|(_, row)| row.value).collect();
            let last = rows.last().map(|row| row.source.sequence);
            if full && rows.first().map(|row| row.source.sequence) != last {
                rows.retain(|row| Some(row.source.sequence) != last);
            }
            let Some(last) = rows.last().map(|row| row.source.clone()) else { return Ok(None) };
            rows.retain(|row| since.is_none_or(|since| row.recorded_at >= since));
            Ok(Some(Page { rows, last }))
        });
        read.await.map_err(|_| AlertingError::Task)?
    }

    /// The last message that is no longer in the outbox.
    async fn dropped(&self) -> Result<Option<Dropped>, AlertingError> {
        let (store, dropped) = (self.store.clone(), self.class.dropped());
        let read = tokio::task::spawn_blocking(move || store.get::<Dropped>(dropped, &dropped_key()));
        Ok(read.await.map_err(|_| AlertingError::Task)??.map(|row| row.value))
    }
}
