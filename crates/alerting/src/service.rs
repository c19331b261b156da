//! The loop: follow the log, judge what is due, send what differs, until told to stop.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::Ordering},
    time::{Duration, Instant},
};

use bus::{Announcer, Calm, EventLog, Keyring, Publication, Requests, ResumeError, Tail, TailError};
use domain::values::Now;
use store::{ParkedList, Store};
use tokio::{
    sync::watch,
    task::{JoinHandle, JoinSet},
};

use crate::{
    engine::{Engine, Pass},
    error::{AlertingError, chain},
    nearness::Nearness,
    publish::{Class, HEARTBEAT_EVERY, Progress, Publisher, beat},
    readiness::{JUDGING, Readiness},
    rows::Target,
    send,
    silences::Silences,
};

/// Observations on their way to intake at once: many fit into one append, and a storm of them must not crowd out what people enter.
const IN_FLIGHT_MAX: usize = 256;
/// How often the clock is looked at while nothing happens: a drill clock may run at any rate.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Pause before a log that is away is asked again.
const PAUSE: Duration = Duration::from_millis(500);

/// Where outsiders are told. A further class of messages is one more publication here.
pub struct Outlets {
    /// The stream of alerts for work: doors, no names.
    pub alerts: Publication,
    /// The stream of alerts for the public: counts of communities.
    pub public: Publication,
    /// The stream of alerts with the names of people; nothing where nobody is to be named on topics.
    pub full: Option<Named>,
    /// The stream of nudges, for deliveries only.
    pub nudges: Publication,
    /// Words that nobody keeps: heartbeats.
    pub announcer: Announcer,
}

/// Where people are named, and what opens their names.
pub struct Named {
    /// The stream.
    pub publication: Publication,
    /// The keys of people.
    pub keyring: Keyring,
}

/// What the service needs; everything outside reaches it through here.
pub struct Parts {
    /// The log. The service never appends to it.
    pub log: EventLog,
    /// The way to intake.
    pub requests: Requests,
    /// The service's own store, opened with [`crate::tables`].
    pub store: Store,
    /// The clock.
    pub now: Now,
    /// Where outsiders are told.
    pub outlets: Outlets,
}

/// The service, running.
pub struct Alerting {
    log: EventLog,
    store: Store,
    readiness: Readiness,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Alerting {
    /// Starts it. Nothing is judged before the head of the log is reached.
    pub fn start(parts: Parts) -> Self {
        let readiness = Readiness::default();
        readiness.waiting(JUDGING, "reading the log");
        let full = parts.outlets.full.as_ref().map(|_| Class::Full);
        for class in [Class::Work, Class::Public, Class::Nudges].into_iter().chain(full) {
            readiness.waiting(class.publishing(), "reading the stream of alerts");
        }
        let (stop, stopped) = watch::channel(false);
        let (log, store) = (parts.log.clone(), parts.store.clone());
        // beside all else: who has stopped is behind all the same
        let (folded, told) = (Arc::clone(&readiness.folded), readiness.clone());
        let folded = move || folded.load(Ordering::Relaxed);
        tokio::spawn(bus::watch_lag(parts.log.clone(), parts.now.clone(), folded, move |lag| told.set_lag(lag), stopped.clone()));
        let task = tokio::spawn(run(parts, readiness.clone(), stopped));
        Self { log, store, readiness, stop, task }
    }

    /// Folds the whole log anew in `folder` and compares it with what the service remembers.
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

    /// Who can be asked which alerts are silenced now: deliveries, before they tell people.
    pub fn silences(&self) -> Silences {
        Silences::new(self.store.clone(), self.readiness())
    }

    /// Stops, and closes the store. What was on its way to intake is judged again at the next start.
    pub async fn stop(self) {
        // nobody listens any more when the task has ended already
        let _ended = self.stop.send(true);
        if let Err(error) = self.task.await {
            tracing::error!(%error, "alerting did not end well");
        }
    }
}

async fn run(parts: Parts, readiness: Readiness, stopped: watch::Receiver<bool>) {
    let Parts { log, requests, store, now, outlets } = parts;
    let (folded, folded_seen) = watch::channel(0);
    let (told, told_seen) = watch::channel(Progress::default());
    let (refold, refold_seen) = watch::channel(None);
    let mut background = JoinSet::new();
    let names = outlets.full.is_some();
    let full = outlets.full.map(|Named { publication, keyring }| (Class::Full, publication, Some(keyring)));
    let always = [(Class::Work, outlets.alerts, None), (Class::Public, outlets.public, None), (Class::Nudges, outlets.nudges, None)];
    for (class, publication, keyring) in always.into_iter().chain(full) {
        background.spawn(publish(Publisher {
            class,
            publication,
            keyring,
            log: log.clone(),
            store: store.clone(),
            now: now.clone(),
            readiness: readiness.clone(),
            folded: folded_seen.clone(),
            told: told.clone(),
            refold: refold.clone(),
        }));
    }
    background.spawn(beats(log.clone(), store.clone(), readiness.clone(), outlets.announcer));
    let engine = Arc::new(Mutex::new(Engine::new(store.clone()).with_full(names)));
    let (sending, calm) = (JoinSet::new(), Calm::default());
    let mut follower =
        Follower { log, requests, now, engine, readiness: readiness.clone(), folded, told: told_seen, refold: refold_seen, stopped, sending, calm };
    if let Err(error) = follower.follow().await {
        let why = chain(&error);
        tracing::error!(error = %why, "alerting stopped: an operator must look");
        readiness.waiting(JUDGING, why);
    }
    background.shutdown().await;
    drop(follower);
    let closed = tokio::task::spawn_blocking(move || store.close()).await;
    if let Ok(Err(error)) = closed {
        tracing::warn!(%error, "alerting's store did not close; it will be folded again where needed");
    }
}

async fn publish(publisher: Publisher) {
    let (class, readiness) = (publisher.class, publisher.readiness.clone());
    if let Err(error) = publisher.run().await {
        let why = chain(&error);
        tracing::error!(class = class.word(), error = %why, "publishing stopped: an operator must look");
        readiness.waiting(class.publishing(), why);
    }
}

async fn beats(log: EventLog, store: Store, readiness: Readiness, announcer: Announcer) {
    let mut every = tokio::time::interval(HEARTBEAT_EVERY);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    loop {
        every.tick().await;
        if let Err(error) = beat(&log, &store, readiness.parked().parked, &announcer).await {
            tracing::warn!(error = %chain(&error), "no heartbeat");
        }
    }
}

struct Follower {
    log: EventLog,
    requests: Requests,
    now: Now,
    /// Used by one task at a time, on a thread that may wait for the disk.
    engine: Arc<Mutex<Engine>>,
    readiness: Readiness,
    /// How often the log was folded from its start; sent again when something was folded.
    folded: watch::Sender<u64>,
    told: watch::Receiver<Progress>,
    /// The fold whose outbox lacks what the stream of alerts lacks.
    refold: watch::Receiver<Option<u64>>,
    stopped: watch::Receiver<bool>,
    sending: JoinSet<Target>,
    calm: Calm,
}

/// What woke the follower.
enum Woken {
    Messages(Result<Vec<bus::Stored>, TailError>),
    Answered(Vec<Target>),
    Told,
    Refold,
    Looked,
    /// Few commits came in the last minute.
    Calm,
    Stopped,
}

/// What is done with what messages tell something of.
#[derive(Clone, Copy, Debug)]
enum Then {
    /// It is judged at once: the fold is near the head of the log.
    Judge,
    /// It is put on the agenda.
    PutOff,
    /// The head was not reached yet: it is put on the agenda when there is much of it.
    Hold,
}

/// Why one tail ended.
enum TailEnd {
    Stopped,
    /// The log is another one than was folded.
    OtherHistory(String),
    /// The log is not there now. What was folded stays: if it comes back as another one, its identity tells.
    Missing(String),
    /// What was folded is whole, but messages that are needed again have been dropped.
    Refold,
}

impl Follower {
    /// Follows one tail after another until told to stop.
    async fn follow(&mut self) -> Result<(), AlertingError> {
        self.readiness.take_up(self.with_engine(|engine| engine.parked()).await?);
        loop {
            let Some(tail) = self.tail().await? else { return Ok(()) };
            match self.follow_tail(tail).await? {
                TailEnd::Stopped => return Ok(()),
                TailEnd::OtherHistory(why) => self.fold_another_history(&why).await?,
                TailEnd::Refold => self.fold_anew("folding the log anew: the stream of alerts lacks messages that were published").await?,
                TailEnd::Missing(why) => {
                    if self.away(&why).await {
                        return Ok(());
                    }
                }
            }
        }
    }

    async fn fold_another_history(&mut self, why: &str) -> Result<(), AlertingError> {
        metrics::counter!("gridward_log_diverged_total", "service" => "alerting").increment(1);
        tracing::warn!(why, "alerting's rows are of another history: folding the log anew");
        self.fold_anew("folding the log anew: it was replaced or rolled back").await
    }

    async fn fold_anew(&mut self, why: &str) -> Result<(), AlertingError> {
        self.readiness.waiting(JUDGING, why);
        self.sending.shutdown().await;
        self.with_engine(Engine::clear).await?;
        self.readiness.take_up(ParkedList::default());
        self.folded.send_modify(|fold| *fold += 1);
        Ok(())
    }

    /// Waits before the log is asked again; true when told to stop.
    async fn away(&mut self, why: &str) -> bool {
        self.readiness.waiting(JUDGING, format!("the log does not answer: {why}"));
        stopped_within(&mut self.stopped, PAUSE).await
    }

    /// A tail from where the fold stopped; nothing when told to stop first.
    async fn tail(&mut self) -> Result<Option<Tail>, AlertingError> {
        loop {
            let position = self.with_engine(|engine| engine.position()).await?;
            match self.log.tail(&position).await {
                Ok(tail) => return Ok(Some(tail)),
                Err(ResumeError::Diverged { why }) => self.fold_another_history(&why).await?,
                Err(ResumeError::Read(error)) => {
                    if self.away(&error.to_string()).await {
                        return Ok(None);
                    }
                }
            }
        }
    }

    async fn follow_tail(&mut self, mut tail: Tail) -> Result<TailEnd, AlertingError> {
        self.readiness.set_folded(tail.sequence());
        let (mut caught_up, mut nearness) = (false, Nearness::default());
        let mut pass = Pass { more: true, ..Pass::default() };
        loop {
            if !caught_up && tail.caught_up() {
                caught_up = true;
                pass.more = true;
                self.readiness.ready(JUDGING);
                tracing::info!(sequence = tail.head(), "alerting has reached the head of the log");
            }
            let is_due = pass.more || pass.next_due.is_some_and(|due| due <= (self.now)());
            let judges = caught_up && is_due && nearness.now((&self.log, tail.sequence()), (self.now)()).await;
            if judges {
                let by_clock = !pass.more;
                pass = self.judge(by_clock).await?;
            }
            let pause = if judges && pass.more { Duration::ZERO } else { LOOK_EVERY };
            match self.wait(&mut tail, pause).await? {
                Woken::Messages(Ok(messages)) => {
                    let recorded_at = messages.last().and_then(|last| last.commit().ok()).map(|commit| commit.header.recorded_at);
                    // behind the head everything would be judged on half of what is known
                    let is_near = tail.caught_up() && nearness.after(recorded_at, (&self.log, tail.sequence()), (self.now)()).await;
                    let then = if is_near {
                        Then::Judge
                    } else if tail.caught_up() {
                        Then::PutOff
                    } else {
                        Then::Hold
                    };
                    pass = self.fold(messages, then).await?;
                }
                Woken::Messages(Err(TailError::Gap { expected, found })) => {
                    metrics::counter!("gridward_log_gaps_total", "service" => "alerting").increment(1);
                    return Err(AlertingError::Gap { expected, found });
                }
                Woken::Messages(Err(TailError::Damaged { sequence })) => {
                    metrics::counter!("gridward_log_gaps_total", "service" => "alerting").increment(1);
                    return Err(AlertingError::Damaged { sequence });
                }
                Woken::Messages(Err(TailError::Diverged { why })) => return Ok(TailEnd::OtherHistory(why)),
                Woken::Messages(Err(TailError::Missing(why))) => return Ok(TailEnd::Missing(why)),
                Woken::Answered(targets) => {
                    self.with_engine(move |engine| targets.iter().try_for_each(|target| engine.answered(target))).await?;
                    pass.more = true;
                }
                Woken::Told => self.drop_told().await?,
                Woken::Refold if *self.refold.borrow_and_update() == Some(*self.folded.borrow()) => return Ok(TailEnd::Refold),
                // asked for before the last time
                Woken::Refold => {}
                Woken::Looked => {}
                Woken::Calm => {
                    self.log.rest();
                    self.with_engine(Engine::rest).await?;
                }
                Woken::Stopped => return Ok(TailEnd::Stopped),
            }
        }
    }

    async fn wait(&mut self, tail: &mut Tail, pause: Duration) -> Result<Woken, AlertingError> {
        tokio::select! {
            _ = self.stopped.wait_for(|stopped| *stopped) => Ok(Woken::Stopped),
            messages = tail.next() => Ok(Woken::Messages(messages)),
            Some(answered) = self.sending.join_next() => {
                // one append answers many: taken together, they cost one look at what is due
                let others = std::iter::from_fn(|| self.sending.try_join_next());
                let targets = std::iter::once(answered).chain(others).collect::<Result<Vec<_>, _>>();
                Ok(Woken::Answered(targets.map_err(|_| AlertingError::Task)?))
            }
            Ok(()) = self.told.changed() => Ok(Woken::Told),
            Ok(()) = self.refold.changed() => Ok(Woken::Refold),
            is_calm = self.calm.minute() => Ok(if is_calm { Woken::Calm } else { Woken::Looked }),
            () = tokio::time::sleep(pause) => Ok(Woken::Looked),
        }
    }

    /// Folds messages, and near the head judges at once what they tell something of; else that is due as soon as it is near.
    async fn fold(&mut self, messages: Vec<bus::Stored>, then: Then) -> Result<Pass, AlertingError> {
        metrics::counter!("gridward_alerting_commits_total").increment(messages.len() as u64);
        self.calm.heard(messages.len());
        let last = messages.last().map(|message| message.sequence);
        let (now, room) = ((self.now)(), self.room());
        let folded = self.with_engine(move |engine| {
            let parked = engine.fold(&messages)?;
            let later = Pass { more: true, ..Pass::default() };
            let pass = match then {
                Then::Judge => engine.judge(now, room)?,
                Then::Hold if !engine.is_full() => later,
                Then::PutOff | Then::Hold => engine.put_off(now).map(|()| later)?,
            };
            Ok((parked, pass))
        });
        let (parked, pass) = folded.await?;
        self.readiness.set_aside(parked);
        last.inspect(|sequence| self.readiness.set_folded(*sequence));
        self.folded.send_modify(|_same_fold| {});
        self.send(pass)
    }

    async fn drop_told(&mut self) -> Result<(), AlertingError> {
        let (mut told, fold) = (self.told.borrow_and_update().clone(), *self.folded.borrow());
        told.retain(|_, told| told.fold == fold);
        self.with_engine(move |engine| told.into_iter().try_for_each(|(class, told)| engine.told(class, told.sequence))).await
    }

    /// Judges what is due, be it `by_clock` alone or because of what was told.
    async fn judge(&mut self, by_clock: bool) -> Result<Pass, AlertingError> {
        let (now, room, began) = ((self.now)(), self.room(), Instant::now());
        let pass = self.with_engine(move |engine| engine.judge(now, room)).await?;
        let took_ms = began.elapsed().as_secs_f64() * 1e3;
        metrics::histogram!("gridward_alerting_judging_ms").record(took_ms);
        if by_clock {
            metrics::histogram!("gridward_alerting_due_ms").record(took_ms);
        }
        self.send(pass)
    }

    /// How many more observations may be on their way.
    fn room(&self) -> usize {
        IN_FLIGHT_MAX.saturating_sub(self.sending.len())
    }

    /// Sends the observations of a pass.
    fn send(&mut self, mut pass: Pass) -> Result<Pass, AlertingError> {
        for (target, observation) in std::mem::take(&mut pass.observations) {
            let payload = serde_json::to_vec(&observation)?;
            let requests = self.requests.clone();
            metrics::counter!("gridward_observations_total").increment(1);
            self.sending.spawn(async move {
                send::send(requests, payload.into()).await;
                target
            });
        }
        Ok(pass)
    }

    /// Works with the engine on a thread that may wait for the disk.
    async fn with_engine<T: Send + 'static>(&self, work: impl FnOnce(&mut Engine) -> Result<T, AlertingError> + Send + 'static) -> Result<T, AlertingError> {
        let engine = Arc::clone(&self.engine);
        let worked = tokio::task::spawn_blocking(move || work(&mut lock(&engine)));
        worked.await.map_err(|_| AlertingError::Task)?
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn stopped_within(stopped: &mut watch::Receiver<bool>, pause: Duration) -> bool {
    tokio::time::timeout(pause, stopped.wait_for(|stopped| *stopped)).await.is_ok()
}
