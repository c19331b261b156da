//! Running a projection: follow the log from the checkpoint, fold, tell, until told to stop.

use std::{path::Path, sync::Arc, time::Duration};

use bus::{Calm, EventLog, KeyStore, Lag, LastValues, ResumeError, Tail, TailError};
use domain::values::{DeploymentKey, Now};
use store::{Comparison, ParkedList, Store, StoreError};
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
};

use crate::{
    check::CheckError,
    fold::{FoldError, Folder, Waits, Written},
    live::{Live, Phase, Work},
    opener::{Audit, Opener},
    query::{self, Query},
    reader::Reader,
    status::StatusTeller,
};

/// Batches that wait for the thread that folds. One is folded while the next is read.
const WORK_WAITING_MAX: usize = 2;
/// Pause before the log is asked again after it could not be reached.
const RETRY_AFTER: Duration = Duration::from_millis(500);
/// How often boards are looked through for what time alone has changed. Asking costs what is due, not what exists.
const TICK_EVERY: Duration = Duration::from_secs(1);

/// What a projection needs; everything outside reaches it through here.
pub struct Parts {
    /// The log, to read.
    pub log: EventLog,
    /// The keys of people, to read.
    pub keys: KeyStore,
    /// The projection's own store, opened with [`crate::tables`].
    pub store: Store,
    /// The deployment's secret.
    pub secrets: DeploymentKey,
    /// The clock.
    pub now: Now,
    /// Is told before personal data is shown.
    pub audit: Option<Audit>,
    /// Where outsiders are told how buildings stand.
    pub status: Option<LastValues>,
}

/// A projection, running.
pub struct Projection {
    live: Arc<Live>,
    query: Query,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// How a projection is doing, for readiness and for the operator.
#[derive(Clone)]
pub struct Readiness(Arc<Live>);

impl Readiness {
    /// Why it is not ready; nothing when it is.
    pub fn why_not(&self) -> Option<String> {
        match self.0.phase() {
            // who has been at the head stays ready while it reads on
            Phase::CatchingUp | Phase::Following if self.0.gate.is_open() => None,
            Phase::CatchingUp | Phase::Following => Some("reading the log".to_owned()),
            Phase::Waiting(why) | Phase::UpgradeNeeded(why) | Phase::Stopped(why) => Some(why),
        }
    }

    /// What it is doing.
    pub fn phase(&self) -> Phase {
        self.0.phase()
    }

    /// What was set aside so far: rows lack it.
    pub fn parked(&self) -> ParkedList {
        self.0.parked()
    }

    /// Sequence of the last commit that reads show.
    pub fn sequence(&self) -> u64 {
        self.0.sequence()
    }

    /// How far reads are behind the log.
    pub fn lag(&self) -> Lag {
        self.0.lag()
    }
}

impl Projection {
    /// Starts it. Reads answer 503 until the head of the log is reached.
    pub fn start(parts: Parts) -> Self {
        let live = Arc::new(Live::new());
        let reader = Reader::new(parts.store.clone(), Arc::clone(&live.boards), Arc::clone(&live.changes), Arc::clone(&parts.now));
        let opener = Opener::new(parts.keys, parts.secrets, parts.audit);
        let query = Query::new(Arc::clone(&live), reader.clone(), opener, parts.log.clone(), parts.store.clone());
        let (stop, stopped) = watch::channel(false);
        if let Some(values) = parts.status {
            let teller = StatusTeller { live: Arc::clone(&live), reader: reader.clone(), values };
            tokio::spawn(teller.run(stopped.clone()));
        }
        let (folded, told) = (Arc::clone(&live), Arc::clone(&live));
        tokio::spawn(bus::watch_lag(parts.log.clone(), parts.now, move || folded.sequence(), move |lag| told.set_lag(lag), stopped.clone()));
        let service = Service { log: parts.log, store: parts.store, live: Arc::clone(&live), reader };
        let task = tokio::spawn(service.run(stopped));
        Self { live, query, stop, task }
    }

    /// The HTTP door: everything that is read.
    pub fn router(&self) -> axum::Router {
        self.patient(query::router(self.query.clone()))
    }

    /// Another door that asks this projection's gate, as patient with new tokens as its own.
    pub fn patient(&self, router: axum::Router) -> axum::Router {
        let query = self.query.clone();
        web::patient(router, &self.live.gate, move || query.clone().reach_head())
    }

    /// The typed way to the same answers, for whoever holds a scope.
    pub fn reader(&self) -> Reader {
        self.query.reader()
    }

    /// Who may enter, as far as this projection has read.
    pub fn gate(&self) -> web::Gate {
        self.live.gate.clone()
    }

    /// Folds the whole log anew into a fresh store in `folder`, which must be empty, and compares it with the rows. Most of the log is
    /// folded beside the projection; for the comparison it stands still.
    ///
    /// # Errors
    /// [`CheckError`].
    pub async fn check(&self, folder: &Path) -> Result<Comparison, CheckError> {
        self.query.check(folder).await
    }

    /// How it is doing.
    pub fn readiness(&self) -> Readiness {
        Readiness(Arc::clone(&self.live))
    }

    /// Stops after the batch that is being folded, and closes the store.
    pub async fn stop(self) {
        // nobody listens any more when the task has ended already
        let _ended = self.stop.send(true);
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the projection did not end well");
        }
    }
}

struct Service {
    log: EventLog,
    store: Store,
    live: Arc<Live>,
    reader: Reader,
}

/// Why following the log ended.
enum Ended {
    /// Told to stop.
    Told,
    /// The log is another one than the rows know: fold it from the start.
    Diverged(String),
    /// Try again after a while.
    Again(String),
    /// Nothing will change by trying again.
    For(Phase),
}

impl Service {
    async fn run(self, mut stopped: watch::Receiver<bool>) {
        let ticker = tokio::spawn(tick(self.reader.clone(), stopped.clone()));
        // what the store holds is taken up once, and again after it was cleared: a lost connection takes nothing away from readers
        let mut taken_up = false;
        loop {
            let ended = self.follow(taken_up, &mut stopped).await;
            taken_up = !matches!(ended, Ended::Diverged(_));
            match ended {
                Ended::Told => break,
                Ended::Diverged(why) => {
                    metrics::counter!("gridward_log_diverged_total", "service" => "projection").increment(1);
                    tracing::warn!(%why, "the log is another one than this projection knows: folding it from the start");
                    self.live.gate.reset();
                    self.live.set_phase(Phase::CatchingUp);
                    if let Err(error) = self.blocking(Store::clear).await {
                        self.end(Phase::Stopped(chain(&error)), &mut stopped).await;
                        break;
                    }
                }
                Ended::Again(why) => {
                    self.live.set_phase(Phase::Waiting(why));
                    tokio::select! {
                        () = tokio::time::sleep(RETRY_AFTER) => {}
                        _ = stopped.wait_for(|stopped| *stopped) => break,
                    }
                }
                Ended::For(phase) => {
                    self.end(phase, &mut stopped).await;
                    break;
                }
            }
        }
        if let Err(error) = ticker.await {
            tracing::error!(%error, "the ticker of the boards did not end well");
        }
        if let Err(error) = self.blocking(Store::close).await {
            tracing::warn!(%error, "the projection's store did not close; it will be folded again where needed");
        }
    }

    /// Says why, and waits to be told to stop: rows that are there stay readable, and readiness says that they do not move.
    async fn end(&self, phase: Phase, stopped: &mut watch::Receiver<bool>) {
        tracing::error!(?phase, "the projection stopped: an operator must look");
        self.live.set_phase(phase);
        // an error means that nobody can tell us to stop any more
        let _told = stopped.wait_for(|stopped| *stopped).await;
    }

    async fn follow(&self, taken_up: bool, stopped: &mut watch::Receiver<bool>) -> Ended {
        let live = Arc::clone(&self.live);
        let position = match self.blocking(move |store| if taken_up { store.position() } else { live.take_up(store) }).await {
            Ok(position) => position,
            Err(error) => return Ended::For(Phase::Stopped(chain(&error))),
        };
        let tail = match self.log.tail(&position).await {
            Ok(tail) => tail,
            Err(ResumeError::Diverged { why }) => return Ended::Diverged(why),
            Err(ResumeError::Read(error)) => return Ended::Again(error.to_string()),
        };
        self.live.set_phase(Phase::CatchingUp);
        if tail.caught_up() {
            at_head(&self.live);
        }
        let (work, waiting) = mpsc::channel(WORK_WAITING_MAX);
        let (live, folder) = (Arc::clone(&self.live), Folder::new(self.store.clone()));
        let folding = tokio::task::spawn_blocking(move || fold_all(folder, &live, waiting));
        self.live.set_work(Some(work.downgrade()));
        let ended = self.feed(tail, work, stopped).await;
        self.live.set_work(None);
        match (folding.await, ended) {
            (Ok(Err(FoldError::UpgradeNeeded { sequence, source })), _) => {
                Ended::For(Phase::UpgradeNeeded(format!("commit {sequence} was written by a newer version: {}", chain(&source))))
            }
            (Ok(Err(FoldError::Store(error))), _) => Ended::For(Phase::Stopped(chain(&error))),
            (Ok(Ok(())), ended) => ended,
            (Err(error), _) => Ended::For(Phase::Stopped(format!("folding failed: {error}"))),
        }
    }

    /// Hands over what the log has until one of the sides ends.
    async fn feed(&self, mut tail: Tail, work: mpsc::Sender<Work>, stopped: &mut watch::Receiver<bool>) -> Ended {
        let mut calm = Calm::default();
        loop {
            let messages = tokio::select! {
                messages = tail.next() => messages,
                is_calm = calm.minute() => {
                    if is_calm {
                        // while as much waits as may wait it is not calm, and what has ended is seen below
                        let _full = work.try_send(Work::Rest);
                    }
                    continue;
                }
                () = work.closed() => return Ended::Again("folding ended".to_owned()),
                _ = stopped.wait_for(|stopped| *stopped) => return Ended::Told,
            };
            let messages = match messages {
                Ok(messages) => messages,
                Err(TailError::Diverged { why }) => return Ended::Diverged(why),
                Err(TailError::Missing(why)) => return Ended::Again(why),
                Err(error @ (TailError::Gap { .. } | TailError::Damaged { .. })) => {
                    metrics::counter!("gridward_log_gaps_total", "service" => "projection").increment(1);
                    return Ended::For(Phase::Stopped(error.to_string()));
                }
            };
            calm.heard(messages.len());
            if work.send(Work::Fold { messages, head: tail.caught_up() }).await.is_err() {
                return Ended::Again("folding ended".to_owned());
            }
        }
    }

    async fn blocking<T: Send + 'static>(&self, work: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static) -> Result<T, StoreError> {
        let store = self.store.clone();
        tokio::task::spawn_blocking(move || work(&store)).await.unwrap_or(Err(StoreError::Closed))
    }
}

/// The thread that folds: the only one that writes the store. Before the head is reached rows are written now and then.
fn fold_all(mut folder: Folder, live: &Live, mut waiting: mpsc::Receiver<Work>) -> Result<(), FoldError> {
    let publish = |written: Option<Written>| written.iter().for_each(|written| live.publish(written));
    let mut reached_head = false;
    while let Some(work) = waiting.blocking_recv() {
        match work {
            Work::Fold { messages, head } => {
                let (batch, written) = folder.fold(&messages, if head { Waits::Readers } else { Waits::Nobody })?;
                live.take(&batch);
                publish(written);
                if head {
                    at_head(live);
                }
                if head && !std::mem::replace(&mut reached_head, true) {
                    // what was kept on the way here is more than is kept from now on
                    publish(folder.rest()?);
                }
            }
            Work::Rest => publish(folder.rest()?),
            Work::Pause { paused, resume } => {
                publish(folder.write()?);
                // whoever waits for us and goes away lets us go on
                if paused.send(folder.position()?).is_ok() {
                    let _resumed = resume.blocking_recv();
                }
            }
        }
    }
    publish(folder.write()?);
    Ok(())
}

fn at_head(live: &Live) {
    if !live.gate.is_open() {
        tracing::info!(sequence = live.sequence(), "the projection is ready");
        live.gate.open();
    }
    live.set_phase(Phase::Following);
}

async fn tick(reader: Reader, mut stopped: watch::Receiver<bool>) {
    let mut every = tokio::time::interval(TICK_EVERY);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = every.tick() => {}
            _ = stopped.wait_for(|stopped| *stopped) => return,
        }
        let reader = reader.clone();
        if let Ok(Err(error)) = tokio::task::spawn_blocking(move || reader.tick()).await {
            tracing::debug!(%error, "boards cannot be looked through now");
        }
    }
}

/// An error with all its causes, for an operator.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
