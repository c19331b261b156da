//! The one sequence by which anything gets onto the log: gather, recall what is taken back, decide, seal, encode, append, settle, answer, write.
//!
//! While one append is in flight the next commands gather; together they travel as one append. Its guard is the head that everything
//! in the batch was decided on. That one guard is fence, idempotent retry and serialisability in one: after
//! an unknown outcome the same append goes out again under it; on a conflict we read on to the head, look for our own commits, and decide what is
//! left again, in order.
//! A caller is answered only after its commit is on disk.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use bus::{
    AppendError, EventLog, Message, Stored,
    event_log::{BATCH_BYTES_MAX as APPEND_BYTES_MAX, BATCH_MESSAGES_MAX},
};
use domain::{
    Command, Commit, Context, Header, Known,
    commit::CommitError,
    decide,
    decide::{clock_offset_ms, corrected_at},
    log::{CommitHash, LogPosition},
    quarantine::fillings,
    record,
    values::{CommandId, CommunityId, DeploymentKey, Now, Timestamp, Zone},
};
use store::{StoreError, Unit};
use tokio::sync::{mpsc, watch};
use web::Gate;

use crate::{
    ask::{Ask, Outcome, Waiting, Work},
    batch::{Answer, Appended, Batch, Decided, Encoded, answer, decide_again, split_decided},
    catch_up::{CatchUpError, catch_up, position_after},
    readiness::Readiness,
    sealing::{Sealing, SealingError},
    subject,
    world::World,
};

/// Most commands decided for one batch, refusals and repeats counted.
const GATHER_MAX: usize = BATCH_MESSAGES_MAX;
/// Most bytes of JSON behind one batch. A commit is mostly smaller than its command; where it is not, the batch is halved.
const JSON_BYTES_MAX: usize = 8 * 1024 * 1024;
/// What becomes of what is well formed and too large to be recorded, however often it is sent.
const TOO_LARGE: Outcome = Outcome::Refused("too_large");
const LOG_FULL: &str = "the log is full: make room; see docs/errors/log-full.md";
/// First pause before something that is away is tried again; it doubles.
const PAUSE_MIN: Duration = Duration::from_millis(20);
/// Longest pause before something that is away is tried again.
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// The writer: owns what is known, appends what is decided.
pub(crate) struct Writer {
    pub(crate) log: EventLog,
    pub(crate) world: World,
    pub(crate) sealing: Sealing,
    pub(crate) secrets: DeploymentKey,
    pub(crate) gate: Gate,
    pub(crate) now: Now,
    pub(crate) exercise: bool,
    pub(crate) position: LogPosition,
    /// Most messages of the next batch: [`BATCH_MESSAGES_MAX`], less after one that had too many bytes.
    pub(crate) batch_max: usize,
    /// Conflicts in a row behind which nothing was found on the log.
    pub(crate) denied: u32,
    pub(crate) readiness: Readiness,
    /// Turns true when it is to stop.
    pub(crate) stop: watch::Receiver<bool>,
}

/// What was read of commits that the commands at the front of the queue take back.
struct Recalled {
    /// Of so many commands at the front.
    commands: usize,
    /// Commits that cannot be read, with their sequences: to refuse such a retraction as one of something unknown would be untrue.
    unreadable: HashMap<(CommunityId, CommandId), u64>,
}

/// What ends the writer: an operator must look, unless it was told to stop.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WriterError {
    #[error("told to stop")]
    Stopped,
    #[error(transparent)]
    CatchUp(#[from] CatchUpError),
    #[error(transparent)]
    Sealing(SealingError),
    #[error("the store failed")]
    Store(#[from] StoreError),
    #[error("the log refuses to append: {0}")]
    Refused(bus::Refusal),
    #[error(
        "the log refuses what comes after {0} and has nothing after it: nats-server does not know the end of its own stream, see docs/errors/gap-in-the-log.md"
    )]
    Denied(u64),
    #[error("a decision cannot be written down")]
    Encode(#[source] domain::commit::CommitError),
}

impl Writer {
    /// Works until the queue is closed, or `stop` says so: what waits then is dropped unanswered. Of a batch whose outcome is not known yet
    /// all, some of the first or nothing may be on the log.
    pub(crate) async fn run(mut self, queue: &mut mpsc::UnboundedReceiver<Work>) -> Result<(), WriterError> {
        let mut waiting: VecDeque<Waiting> = VecDeque::new();
        loop {
            if waiting.is_empty() {
                let work = tokio::select! {
                    work = queue.recv() => work,
                    _ = self.stop.wait_for(|stop| *stop) => None,
                };
                let Some(work) = work else { return Ok(()) };
                self.take(work, &mut waiting)?;
            }
            // everything that came in while the last append was in flight
            while waiting.len() < GATHER_MAX
                && let Ok(work) = queue.try_recv()
            {
                self.take(work, &mut waiting)?;
            }
            match self.commit_some(&mut waiting).await {
                Err(WriterError::Stopped) => return Ok(()),
                done => done?,
            }
            self.readiness.goes_on();
        }
    }

    /// Waits before something is tried again.
    pub(crate) async fn pause(&mut self, pause: Duration) -> Result<(), WriterError> {
        tokio::select! {
            () = tokio::time::sleep(pause) => Ok(()),
            _ = self.stop.wait_for(|stop| *stop) => Err(WriterError::Stopped),
        }
    }

    /// Says what is away, and waits before it is tried again. Returns how long to wait the next time.
    async fn warn_and_pause(&mut self, sentence: &'static str, why: impl std::fmt::Display, pause: Duration) -> Result<Duration, WriterError> {
        tracing::warn!(%why, "{sentence}");
        self.readiness.held_up(sentence, (self.now)());
        self.pause(pause).await?;
        Ok((pause * 2).min(PAUSE_MAX))
    }

    fn take(&mut self, work: Work, waiting: &mut VecDeque<Waiting>) -> Result<(), WriterError> {
        match work {
            Work::Record(asks) => waiting.extend(asks),
            // whoever asked has gone away
            Work::Rehearse(rehearsal) if rehearsal.reply.is_closed() => {}
            Work::Rehearse(rehearsal) => {
                // a whole file: other tasks of this thread go on meanwhile
                let outcomes = tokio::task::block_in_place(|| self.rehearse(&rehearsal.asks))?;
                let _gone = rehearsal.reply.send(outcomes);
            }
        }
        Ok(())
    }

    /// Decides as many of the waiting commands as fit, appends what they came to, and answers.
    async fn commit_some(&mut self, waiting: &mut VecDeque<Waiting>) -> Result<(), WriterError> {
        let recalled = self.recall_retracted(waiting).await?;
        let batch = self.decide_some(waiting, &recalled)?;
        if batch.commits.is_empty() {
            answer(batch.answers, self.position.sequence);
            return Ok(());
        }
        let Batch { answers, commits } = batch;
        let (before, count) = (self.position.sequence, commits.len());
        let started = tokio::time::Instant::now();
        match self.append(commits).await? {
            Appended::Done(rows) => {
                self.denied = 0;
                self.batch_max = (self.batch_max * 2).min(BATCH_MESSAGES_MAX);
                metrics::histogram!("gridward_append_ms").record(started.elapsed().as_secs_f64() * 1e3);
                metrics::histogram!("gridward_append_commits").record(count as f64);
                self.tell_recorded(count);
                answer(answers, before);
                self.write(rows)?;
            }
            // all else is decided again, over what is there now
            Appended::InPart(stored) => {
                self.tell_recorded(stored);
                let (decided, others) = split_decided(answers, stored);
                answer(decided, before);
                self.moved_since(before).await?;
                decide_again(others, waiting);
            }
            Appended::TooMuch => {
                self.world.forget_pending();
                self.batch_max = (count / 2).max(1);
                decide_again(answers, waiting);
            }
            Appended::TooLarge(place) => {
                self.world.forget_pending();
                let is_refused = |answer: &Answer| matches!(answer, Answer::Recorded(recorded) if *recorded == place);
                let (refused, others): (Vec<_>, Vec<_>) = answers.into_iter().partition(|(_, answer)| is_refused(answer));
                decide_again(others, waiting);
                answer(refused.into_iter().map(|(asked, _)| (asked, Answer::Outcome(TOO_LARGE))).collect(), before);
            }
        }
        Ok(())
    }

    /// Tells the metrics how many commits came, and where the log ends.
    fn tell_recorded(&self, count: usize) {
        metrics::counter!("gridward_commits_total").increment(count as u64);
        metrics::gauge!("gridward_intake_sequence").set(self.position.sequence as f64);
    }

    /// Decides from the front of the queue until a batch is full.
    fn decide_some(&mut self, waiting: &mut VecDeque<Waiting>, recalled: &Recalled) -> Result<Batch, WriterError> {
        let mut batch = Batch::default();
        let recorded_at = (self.now)();
        let mut bytes = 0;
        while batch.commits.len() < self.batch_max
            && batch.answers.len() < recalled.commands
            && bytes < JSON_BYTES_MAX
            && let Some(mut asked) = waiting.pop_front()
        {
            let target = retracted(&asked.ask);
            if target.as_ref().is_some_and(|(community, command)| self.world.is_pending(community, *command)) {
                // a retraction repeats what stands on the log: first let it stand there
                waiting.push_front(asked);
                break;
            }
            if let Some(sequence) = target.and_then(|target| recalled.unreadable.get(&target)) {
                batch.answers.push((asked, Answer::Outcome(Outcome::Unreadable { sequence: *sequence })));
                continue;
            }
            bytes += asked.ask.bytes;
            let head = self.position.sequence + batch.commits.len() as u64;
            let answer = match self.decide_one(&asked.ask, recorded_at, head)? {
                Decided::Outcome(outcome) => Answer::Outcome(outcome),
                Decided::Commit(commit, fillings) => {
                    asked.fillings = fillings;
                    let commit: Arc<Commit> = Arc::from(commit);
                    if self.world.anticipate(Arc::clone(&commit), head + 1)? {
                        batch.commits.push(commit);
                        Answer::Recorded(batch.commits.len() - 1)
                    } else {
                        Answer::Outcome(TOO_LARGE)
                    }
                }
            };
            batch.answers.push((asked, answer));
        }
        Ok(batch)
    }

    /// Decides over everything up to `head`, what is pending included.
    fn decide_one(&self, ask: &Ask, recorded_at: Timestamp, head: u64) -> Result<Decided, StoreError> {
        let decided = self.decide_as_read(ask, recorded_at, head)?;
        // where the store failed, something was taken for unknown that is not
        self.world.trouble()?;
        Ok(decided)
    }

    fn decide_as_read(&self, ask: &Ask, recorded_at: Timestamp, head: u64) -> Result<Decided, StoreError> {
        let here = self.world.of(&ask.community);
        let known: &dyn Known = &here;
        if let Some(record) = known.record(&ask.envelope.id) {
            let same = record.content == ask.content;
            return Ok(Decided::Outcome(if same { Outcome::Duplicate { sequence: record.sequence } } else { Outcome::IdReused }));
        }
        let community = known.community();
        let at = corrected_at(&ask.envelope, recorded_at);
        let context = Context {
            community: &ask.community,
            command: ask.envelope.id,
            actor: &ask.actor,
            role: ask.role,
            at,
            clock_offset_ms: clock_offset_ms(&ask.envelope, recorded_at),
            recorded_at,
            secret: &self.secrets.fingerprints,
            zone: community.as_ref().map_or_else(Zone::default, |community| community.zone()),
        };
        let events = match decide(&ask.envelope, known, &context) {
            Err(rejection) => return Ok(Decided::Outcome(Outcome::Rejected(rejection))),
            Ok(events) if events.is_empty() => return Ok(Decided::Outcome(Outcome::Unchanged { sequence: head })),
            Ok(events) => events,
        };
        let epoch = community.map_or_else(|| self.world.epoch(), |community| Ok(community.epoch))?;
        let header = self.header(ask, at, recorded_at, epoch);
        let version = self.world.version(&header, &events)?;
        let fillings = fillings(&events, known, &context);
        Ok(Decided::Commit(Box::new(Commit { header: Header { version, ..header }, events }), fillings))
    }

    fn header(&self, ask: &Ask, at: Timestamp, recorded_at: Timestamp, epoch: u32) -> Header {
        let envelope = &ask.envelope;
        let by = if envelope.by.is_empty() { ask.staff.iter().cloned().collect() } else { envelope.by.clone() };
        Header {
            epoch,
            community: ask.community.clone(),
            command: envelope.id,
            content: ask.content,
            actor: ask.actor.clone(),
            role: ask.role,
            by,
            via: envelope.via,
            paper: envelope.paper.clone(),
            at,
            precision: envelope.at_precision,
            recorded_at,
            correlation: None,
            cause: envelope.cause,
            replaces: envelope.replaces,
            exercise: self.exercise,
            version: 0,
            previous: CommitHash::default(),
        }
    }

    /// Appends a batch, however long it takes to know.
    async fn append(&mut self, commits: Vec<Arc<Commit>>) -> Result<Appended, WriterError> {
        self.world.close_batch();
        let mut commits: Vec<Commit> = commits.into_iter().map(Arc::unwrap_or_clone).collect();
        self.seal(&mut commits).await?;
        let (messages, hashes) = match self.encode(&mut commits)? {
            Encoded::Fits(messages, hashes) => (messages, hashes),
            Encoded::TooLarge(place) => return Ok(Appended::TooLarge(place)),
        };
        // one commit always fits: it is far smaller than what an append may carry
        if messages.len() > 1 && messages.iter().map(|message| message.payload.len()).sum::<usize>() > APPEND_BYTES_MAX {
            return Ok(Appended::TooMuch);
        }
        let mut pause = PAUSE_MIN;
        loop {
            match self.log.append(self.position.sequence, messages.clone()).await {
                Ok(last) => return Ok(Appended::Done(self.settle(&commits, &hashes, last)?)),
                // an operator makes room, or not; meanwhile callers are told that nothing is known, and may send again
                Err(AppendError::Refused(bus::Refusal::Full(why))) => {
                    // not a warning: this does not pass by itself
                    tracing::error!(%why, "{LOG_FULL}");
                    self.readiness.held_up(LOG_FULL, (self.now)());
                    metrics::counter!("gridward_appends_refused_full_total").increment(1);
                    self.pause(PAUSE_MAX).await?;
                }
                Err(AppendError::Refused(refusal)) => return Err(WriterError::Refused(refusal)),
                // something was appended, by us or by somebody else: only the log can tell (`conflict`)
                Err(AppendError::Conflict | AppendError::Torn) => return self.find_out(&commits, &hashes).await,
                // perhaps appended, perhaps not: the same guard makes a second try harmless, and tells
                Err(AppendError::Unknown(unknown)) => {
                    metrics::counter!("gridward_appends_unknown_total").increment(1);
                    pause = self.warn_and_pause("the outcome of an append is unknown; trying again with the same guard", unknown, pause).await?;
                }
            }
        }
    }

    /// Takes for known what is on the log now. Returns the rows that say so.
    pub(crate) fn settle(&mut self, commits: &[Commit], hashes: &[CommitHash], last: u64) -> Result<Vec<Unit>, WriterError> {
        let first = last + 1 - commits.len() as u64;
        let settled: Vec<(u64, &Commit, CommitHash)> = (first..).zip(commits).zip(hashes).map(|((sequence, commit), hash)| (sequence, commit, *hash)).collect();
        let hash = hashes.last().copied().unwrap_or_default();
        self.position = position_after(&self.position, last, hash);
        for (sequence, commit, _) in &settled {
            for (index, event) in (0..).zip(&commit.events) {
                self.gate.apply(&domain::Fact { sequence: *sequence, index, header: &commit.header, event });
            }
        }
        Ok(self.world.settle(&settled)?)
    }

    /// Has rows written. After the answers: the log holds what they say.
    fn write(&mut self, rows: Vec<Unit>) -> Result<(), WriterError> {
        let position = self.position.clone();
        if self.world.store().has_room()? {
            return Ok(self.world.write(rows, position)?);
        }
        // it waits for the disk: other tasks of this thread go on meanwhile
        Ok(tokio::task::block_in_place(|| self.world.write(rows, position))?)
    }

    /// Seals, patiently: without its keys nothing can be recorded, and reading goes on meanwhile.
    async fn seal(&mut self, commits: &mut [Commit]) -> Result<(), WriterError> {
        let mut pause = PAUSE_MIN;
        loop {
            match self.sealing.seal(commits).await {
                Ok(()) => return Ok(()),
                Err(error @ SealingError::Away) => pause = self.warn_and_pause("the key store does not answer; sealing later", error, pause).await?,
                Err(error) => return Err(WriterError::Sealing(error)),
            }
        }
    }

    /// Chains the decisions, each to the one before it in its community, and writes them down.
    fn encode(&self, commits: &mut [Commit]) -> Result<Encoded, WriterError> {
        let mut chains = HashMap::new();
        let mut messages = Vec::with_capacity(commits.len());
        let mut hashes = Vec::with_capacity(commits.len());
        for (place, commit) in commits.iter_mut().enumerate() {
            let community = commit.header.community.clone();
            commit.header.previous = match chains.get(&community) {
                Some(hash) => *hash,
                None => self.world.chain(&community)?,
            };
            let payload = match commit.encode() {
                Ok(payload) => payload,
                Err(CommitError::TooLarge { .. }) => return Ok(Encoded::TooLarge(place)),
                Err(error) => return Err(WriterError::Encode(error)),
            };
            let hash = CommitHash::of(&payload);
            chains.insert(community, hash);
            messages.push(Message { subject: subject::of(commit), payload: payload.into() });
            hashes.push(hash);
        }
        Ok(Encoded::Fits(messages, hashes))
    }

    pub(crate) async fn catch_up(&mut self) -> Result<LogPosition, WriterError> {
        loop {
            match catch_up(&self.log, &mut self.world, &self.gate).await {
                Ok(position) => return Ok(position),
                Err(CatchUpError::Away(error)) => {
                    self.warn_and_pause("the log does not answer; reading on later", error, PAUSE_MAX).await?;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Reads from the log what the retractions at the front of the queue will repeat, as much of it as one batch may carry.
    async fn recall_retracted(&mut self, waiting: &VecDeque<Waiting>) -> Result<Recalled, WriterError> {
        self.world.forget_recalled();
        let (mut recalled, mut bytes) = (Recalled { commands: GATHER_MAX, unreadable: HashMap::new() }, 0);
        for (place, ask) in waiting.iter().take(GATHER_MAX).map(|asked| &asked.ask).enumerate() {
            let Some(target) = retracted(ask) else { continue };
            let Some(sequence) = self.to_be_repeated(ask, &target)? else { continue };
            if bytes >= JSON_BYTES_MAX {
                recalled.commands = place;
                break;
            }
            let stored = self.read(sequence).await?;
            bytes += stored.as_ref().map_or(0, |stored| stored.payload.len());
            match stored.map(|stored| Commit::decode(&stored.payload)) {
                Some(Ok(commit)) => self.world.recall(commit),
                damaged => {
                    let why = damaged.and_then(Result::err).map_or_else(|| "it is missing or damaged".to_owned(), |error| error.to_string());
                    tracing::error!(sequence, %why, "a commit that is to be taken back cannot be read");
                    recalled.unreadable.insert(target, sequence);
                }
            }
        }
        Ok(recalled)
    }

    /// Sequence of the commit that a retraction will repeat. What is taken back already, or asked a second time, needs none.
    fn to_be_repeated(&self, ask: &Ask, (community, command): &(CommunityId, CommandId)) -> Result<Option<u64>, StoreError> {
        let here = self.world.of(community);
        let known: &dyn Known = &here;
        let (target, asked_before) = (known.record(command), known.record(&ask.envelope.id).is_some());
        self.world.trouble()?;
        Ok(target.filter(|target| !target.retracted && !asked_before).map(|target| target.sequence))
    }

    /// A message of the log, however long it takes to read it.
    pub(crate) async fn read(&mut self, sequence: u64) -> Result<Option<Stored>, WriterError> {
        loop {
            match self.log.read(sequence).await {
                Ok(stored) => return Ok(stored),
                Err(error) => {
                    self.warn_and_pause("the log does not answer; looking again", error, PAUSE_MAX).await?;
                }
            }
        }
    }

    /// Decides commands over what is known, and forgets all of it.
    fn rehearse(&mut self, asks: &[Ask]) -> Result<Vec<Outcome>, WriterError> {
        let recorded_at = (self.now)();
        let mut outcomes = Vec::with_capacity(asks.len());
        let mut sequence = self.position.sequence;
        for ask in asks {
            let outcome = match self.decide_one(ask, recorded_at, sequence)? {
                Decided::Outcome(outcome) => outcome,
                Decided::Commit(commit, fillings) => {
                    let fits = self.world.anticipate(Arc::from(commit), sequence + 1)?;
                    if fits { Outcome::Recorded { sequence: sequence + 1, fillings } } else { TOO_LARGE }
                }
            };
            sequence += u64::from(matches!(outcome, Outcome::Recorded { .. }));
            outcomes.push(outcome);
        }
        self.world.forget_pending();
        Ok(outcomes)
    }
}

/// What a command asks to take back.
fn retracted(ask: &Ask) -> Option<(CommunityId, CommandId)> {
    match &ask.envelope.command {
        Command::Record(record::Command::Retract(retract)) => Some((ask.community.clone(), retract.command)),
        _ => None,
    }
}
