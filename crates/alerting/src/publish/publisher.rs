//! From the outbox to the stream, in the order of the log, each message at least once.

use std::time::Duration;

use bus::{AppendError, EventLog, Notice, Publication, Refusal, publication::Last};
use store::Store;
use tokio::sync::watch;

use super::message::CONTENT_TYPE;
use crate::{
    error::AlertingError,
    rows::{OUTBOX, Waiting, outbox_key, outbox_sequence},
};

/// Most messages in one append.
const BATCH_MAX: usize = 64;
/// Pause before something that is away is tried again.
const PAUSE: Duration = Duration::from_millis(500);

/// What ends the publisher: an operator must look. Alerts are raised and resolved meanwhile, but nobody outside is told.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// What was told comes from a place that the log has not reached: the log was rolled back or replaced.
    #[error("the log was rolled back: it ends at {head}, and messages up to {told} were published; nothing more is published until an operator decides")]
    RolledBack {
        /// Sequence of the log that the last message comes from.
        told: u64,
        /// Last sequence of the log.
        head: u64,
    },
    /// The stream does not take messages as they are.
    #[error("the stream of alerts refuses: {0}")]
    Refused(Refusal),
    /// The service's own store, or the program.
    #[error(transparent)]
    Service(#[from] AlertingError),
}

/// Publishes one class of messages. A further class is one more of these, with a stream and an outbox of its own.
pub(crate) struct Publisher {
    pub(crate) publication: Publication,
    pub(crate) log: EventLog,
    pub(crate) store: Store,
    /// Moves when something was folded.
    pub(crate) folded: watch::Receiver<u64>,
    /// Up to which sequence of the log everything was told.
    pub(crate) told: watch::Sender<u64>,
}

/// Where the stream stands.
#[derive(Clone, Copy)]
struct Mark {
    /// What the next append expects.
    expected: u64,
    /// Everything of the log up to here was told.
    told: u64,
}

impl Publisher {
    /// Publishes until the service stops folding, or an operator must look.
    pub(crate) async fn run(mut self) -> Result<(), PublishError> {
        loop {
            let mark = self.mark().await?;
            match self.publish_from(mark).await? {
                Ended::Stopped => return Ok(()),
                // another instance was faster, or nobody knows: the stream itself tells
                Ended::LookAgain => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    /// What the stream's last message says, compared with the log.
    async fn mark(&mut self) -> Result<Mark, PublishError> {
        loop {
            match (self.publication.last().await, self.log.head().await) {
                (Ok(Last { sequence: expected, source_sequence: Some(told) }), Ok(head)) => {
                    if told > head.last_sequence {
                        return Err(PublishError::RolledBack { told, head: head.last_sequence });
                    }
                    return Ok(Mark { expected, told });
                }
                (Ok(Last { sequence: 0, source_sequence: None }), Ok(_)) => return Ok(Mark { expected: 0, told: 0 }),
                (Ok(Last { sequence: expected, source_sequence: None }), Ok(head)) => {
                    // the last message has passed its age: whatever is in the log now is history to everybody
                    tracing::warn!(sequence = head.last_sequence, "all published alerts have passed their age: publishing what comes from now on");
                    return Ok(Mark { expected, told: head.last_sequence });
                }
                (Err(error), _) | (_, Err(error)) => {
                    tracing::warn!(%error, "cannot publish now");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    async fn publish_from(&mut self, mut mark: Mark) -> Result<Ended, PublishError> {
        loop {
            // whoever listens is the service; it has ended when nobody does
            let _ended = self.told.send(mark.told);
            self.folded.borrow_and_update();
            let notices = self.waiting_after(mark.told).await?;
            let Some(last) = notices.last().map(|notice| notice.source_sequence) else {
                match self.folded.changed().await {
                    Ok(()) => continue,
                    Err(_) => return Ok(Ended::Stopped),
                }
            };
            let count = notices.len() as u64;
            match self.publication.append(mark.expected, notices).await {
                Ok(sequence) => {
                    metrics::counter!("gridward_alert_messages_total").increment(count);
                    mark = Mark { expected: sequence, told: last };
                }
                Err(AppendError::Conflict | AppendError::Unknown(_)) => return Ok(Ended::LookAgain),
                Err(AppendError::Refused(Refusal::Full(why))) => {
                    tracing::error!(why, "the stream of alerts is full");
                    return Ok(Ended::LookAgain);
                }
                Err(AppendError::Refused(refusal)) => return Err(PublishError::Refused(refusal)),
            }
        }
    }

    /// The next messages. What comes from one commit stays together: the last message tells where to go on.
    async fn waiting_after(&self, told: u64) -> Result<Vec<Notice>, AlertingError> {
        let store = self.store.clone();
        let read = tokio::task::spawn_blocking(move || {
            let (from, to) = (outbox_key(told.saturating_add(1), 0), outbox_key(u64::MAX, 0));
            let rows = store.scan_range::<Waiting>(OUTBOX, &from..&to, BATCH_MAX)?;
            let full = rows.len() == BATCH_MAX;
            let notice = |(key, row): (store::Key, store::Row<Waiting>)| {
                let source_sequence = outbox_sequence(&key)?;
                Ok(Notice { subject: row.value.subject, source_sequence, content_type: CONTENT_TYPE, payload: row.value.payload.into() })
            };
            let mut notices = rows.into_iter().map(notice).collect::<Result<Vec<_>, AlertingError>>()?;
            let last = notices.last().map(|notice| notice.source_sequence);
            if full && notices.first().map(|notice| notice.source_sequence) != last {
                notices.retain(|notice| Some(notice.source_sequence) != last);
            }
            Ok(notices)
        });
        read.await.map_err(|_| AlertingError::Task)?
    }
}

enum Ended {
    Stopped,
    LookAgain,
}
