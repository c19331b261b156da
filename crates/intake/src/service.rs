//! Running intake: reach the head, open the gate, write until told to stop.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use bus::{EventLog, KeyStore, Requests, event_log::BATCH_MESSAGES_MAX};
use domain::{
    access::{self, Grant, SecretHash, TokenScope},
    commit::Role,
    values::{DeploymentKey, Now},
};
use store::Store;
use tokio::sync::{mpsc::UnboundedReceiver, watch};
use web::Gate;

use crate::{
    ask::{Ask, Outcome, Submitter, Work},
    catch_up::{CatchUpError, catch_up},
    door::{self, Doors},
    readiness::Readiness,
    restore,
    sealing::{Sealing, SealingError},
    world::World,
    writer::{Writer, WriterError},
};

/// Longest wait for the outcome of a command (contracts.md). After it the outcome is unknown: the same id may be sent again.
const OUTCOME_WAIT: Duration = Duration::from_secs(5);
/// Most commands that wait for the writer. More are refused with 429, so that memory stays bounded whatever comes in.
const WAITING_MAX: usize = 16_384;
/// How often something that is away at the start is tried again.
const START_PAUSE: Duration = Duration::from_millis(200);

/// How patient intake is, and how much it takes on. The default is what contracts.md says.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Longest wait for the outcome of a command; then 503 `outcome_unknown`.
    pub outcome_wait: Duration,
    /// Most commands that wait for the writer; then 429.
    pub waiting_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { outcome_wait: OUTCOME_WAIT, waiting_max: WAITING_MAX }
    }
}

/// What intake needs; everything outside reaches it through here.
pub struct Parts {
    /// The log, with the right to append.
    pub log: EventLog,
    /// The keys of people.
    pub keys: KeyStore,
    /// Questions from other services and from outside.
    pub requests: Requests,
    /// Intake's own store, opened with [`crate::TABLES`].
    pub store: Store,
    /// The deployment's secret.
    pub secrets: DeploymentKey,
    /// The clock.
    pub now: Now,
    /// Every record is part of an exercise.
    pub exercise: bool,
    /// How patient it is.
    pub limits: Limits,
}

/// Why intake did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A subject cannot be served.
    #[error("intake cannot listen on NATS")]
    Listen(#[source] bus::requests::ServeError),
}

/// Why a token is not known to be in force.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// It was ended, or another one has its name.
    #[error("the token {name} was refused: {outcome:?}")]
    Refused {
        /// What it is called.
        name: String,
        /// What became of it.
        outcome: Outcome,
    },
    /// Nothing is known of the token: readiness says why intake has stopped.
    #[error("intake has stopped")]
    Stopped,
    /// It could not even be asked for.
    #[error("the token cannot be asked for")]
    Unasked(#[source] anyhow::Error),
}

/// Intake, running.
pub struct Intake {
    submitter: Submitter,
    doors: Doors,
    log: EventLog,
    store: Store,
    readiness: Readiness,
    stop: watch::Sender<bool>,
    task: tokio::task::JoinHandle<()>,
}

impl Intake {
    /// Starts it. The doors answer 503 until the head of the log is reached.
    ///
    /// # Errors
    /// [`StartError`]: it cannot listen.
    pub async fn start(parts: Parts) -> Result<Self, StartError> {
        let gate = Gate::default();
        let (submitter, queue) = Submitter::new(parts.limits.waiting_max);
        let readiness = Readiness::default();
        readiness.waiting("reading the log");
        let (stop, stopped) = watch::channel(false);
        let doors = Doors::new(gate.clone(), submitter.clone(), Arc::new(parts.secrets.clone()), parts.limits.outcome_wait);
        door::nats::serve(&parts.requests, doors.clone(), stopped.clone()).await.map_err(StartError::Listen)?;
        let (log, store) = (parts.log.clone(), parts.store.clone());
        let service = Service { parts, gate, readiness: readiness.clone(), submitter: submitter.clone() };
        let task = tokio::spawn(service.run(queue, stopped));
        Ok(Self { submitter, doors, log, store, readiness, stop, task })
    }

    /// The HTTP door: commands, imports and tokens.
    pub fn router(&self) -> axum::Router {
        door::router(self.doors.clone())
    }

    /// The way in for this process's own commands.
    pub fn submitter(&self) -> Submitter {
        self.submitter.clone()
    }

    /// Who may enter, as intake knows it.
    pub fn gate(&self) -> Gate {
        self.doors.gate.clone()
    }

    /// Makes sure that a token of this process's own is in force everywhere; its secret stays with the caller.
    ///
    /// # Errors
    /// [`TokenError`].
    pub async fn ensure_token(&self, name: &str, role: Role, secret: &str) -> Result<(), TokenError> {
        let ask = ask_for_token(name, role, secret).map_err(TokenError::Unasked)?;
        let outcomes = self.submitter.submit(vec![ask]).map_err(|_busy| TokenError::Stopped)?;
        for outcome in outcomes.all().await {
            match outcome.ok_or(TokenError::Stopped)? {
                Outcome::Recorded { .. } | Outcome::Unchanged { .. } | Outcome::Duplicate { .. } => {}
                outcome => return Err(TokenError::Refused { name: name.to_owned(), outcome }),
            }
        }
        Ok(())
    }

    /// Folds the whole log anew in `folder` and compares it with what intake knows.
    ///
    /// # Errors
    /// When the log or a store cannot be read.
    pub async fn check(&self, folder: &std::path::Path) -> anyhow::Result<store::Comparison> {
        crate::check::check(&self.log, &self.store, folder).await
    }

    /// How it is doing.
    pub fn readiness(&self) -> Readiness {
        self.readiness.clone()
    }

    /// Stops after the batch that is in flight; when the log does not answer, without knowing what became of that batch. Whoever
    /// waits is told that the outcome is unknown.
    pub async fn stop(self) {
        // nobody listens any more when the task has ended already
        let _ended = self.stop.send(true);
        if let Err(error) = self.task.await {
            tracing::error!(%error, "intake did not end well");
        }
    }
}

struct Service {
    parts: Parts,
    gate: Gate,
    readiness: Readiness,
    submitter: Submitter,
}

impl Service {
    async fn run(self, mut queue: UnboundedReceiver<Work>, stopped: watch::Receiver<bool>) {
        let readiness = self.readiness.clone();
        let store = self.parts.store.clone();
        match self.work(&mut queue, stopped).await {
            Ok(()) => {}
            Err(error) => {
                let why = chain(&error);
                tracing::error!(error = %why, "intake stopped: an operator must look");
                readiness.waiting(why);
            }
        }
        // whoever is told now that it has stopped finds out why
        drop(queue);
        let closed = tokio::task::spawn_blocking(move || store.close()).await;
        if let Ok(Err(error)) = closed {
            tracing::warn!(%error, "intake's store did not close; it will be folded again where needed");
        }
    }

    async fn work(self, queue: &mut UnboundedReceiver<Work>, mut stopped: watch::Receiver<bool>) -> Result<(), WriterError> {
        let mut world = World::new(self.parts.store.clone());
        let position = tokio::select! {
            position = reach_head(&self.parts.log, &mut world, &self.gate, &self.readiness) => position?,
            _ = stopped.wait_for(|stopped| *stopped) => return Ok(()),
        };
        let mut sealing = Sealing::new(self.parts.keys, self.parts.secrets.clone());
        tokio::select! {
            proved = prove_keys(&mut sealing, position.sequence == 0, &self.readiness) => proved?,
            _ = stopped.wait_for(|stopped| *stopped) => return Ok(()),
        }
        let (gate, readiness, submitter) = (self.gate.clone(), self.readiness, self.submitter);
        let (head, restored) = (position.sequence, restore::to_record(&world, position.sequence)?);
        let writer = Writer {
            log: self.parts.log,
            world,
            sealing,
            secrets: self.parts.secrets,
            gate: self.gate,
            now: self.parts.now,
            exercise: self.parts.exercise,
            position,
            batch_max: BATCH_MESSAGES_MAX,
            denied: 0,
            readiness: readiness.clone(),
            stop: stopped,
        };
        let opened = async {
            if let Some(restored) = restored {
                restored.record(&submitter).await?;
            }
            gate.open();
            readiness.ready();
            metrics::gauge!("gridward_intake_sequence").set(head as f64);
            tracing::info!(sequence = head, "intake is ready");
            Ok(())
        };
        let writing = writer.run(queue);
        tokio::pin!(writing);
        tokio::select! {
            biased;
            opened = opened => opened.map_err(WriterError::Store)?,
            // it ends before anybody entered
            ended = &mut writing => return ended,
        }
        writing.await
    }
}

fn ask_for_token(name: &str, role: Role, secret: &str) -> anyhow::Result<Ask> {
    let hash = SecretHash::of(secret);
    let token = format!("t-{}", hash.name()).parse()?;
    let grant = Grant { token, name: name.parse()?, secret_hash: hash, scope: TokenScope::default(), role, staff: None };
    door::deployment_ask("service".parse()?, Role::Service, access::Command::Grant(grant)).context("no random numbers")
}

/// Reads on until the head, patiently; starts over when the log is another one.
async fn reach_head(log: &EventLog, world: &mut World, gate: &Gate, readiness: &Readiness) -> Result<domain::log::LogPosition, WriterError> {
    world.each_admission(|fact| gate.apply(fact))?;
    loop {
        match catch_up(log, world, gate).await {
            Ok(position) => return Ok(position),
            Err(CatchUpError::Away(error)) => {
                readiness.waiting(format!("the log does not answer: {error}"));
                tokio::time::sleep(START_PAUSE).await;
            }
            Err(CatchUpError::Diverged(why)) => {
                metrics::counter!("gridward_log_diverged_total", "service" => "intake").increment(1);
                tracing::warn!(%why, "intake's snapshots are of another history: folding the log anew");
                readiness.waiting("folding the log anew: it was replaced or rolled back");
                gate.reset();
                restore::note_lost(world)?;
                world.clear()?;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Makes sure, patiently, that the keys at hand are those that this log was sealed with.
async fn prove_keys(sealing: &mut Sealing, log_is_empty: bool, readiness: &Readiness) -> Result<(), WriterError> {
    loop {
        match sealing.prove(log_is_empty).await {
            Err(SealingError::Away) => {
                readiness.waiting("the key store does not answer");
                tokio::time::sleep(START_PAUSE).await;
            }
            proved => return proved.map_err(WriterError::Sealing),
        }
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
