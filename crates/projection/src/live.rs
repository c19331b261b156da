//! What a running projection shares between the thread that folds and everything that reads.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bus::{Lag, Stored};
use domain::{
    Event, Fact, Header,
    access::{self, DEPLOYMENT},
    commit::Role,
    community::Founded,
    log::{CommitHash, LogPosition},
    values::{CommandId, CommunityId, Precision, Timestamp},
};
use readmodel::models;
use serde::Serialize;
use store::{Key, ParkedList, Prefix, SCAN_ROWS_MAX, Store, StoreError};
use tokio::sync::{mpsc, oneshot, watch};
use web::Gate;

use crate::{
    boards::Boards,
    changes::{Changed, Changes},
    fold::{Batch, Written},
    tables::table_of,
};

/// What a projection is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "phase", content = "why", rename_all = "snake_case")]
pub enum Phase {
    /// Reading what is in the log.
    CatchingUp,
    /// At the head of the log.
    Following,
    /// The log cannot be reached; trying again.
    Waiting(String),
    /// A newer program wrote to the log: upgrade this one.
    UpgradeNeeded(String),
    /// An operator must look.
    Stopped(String),
}

/// Work for the thread that folds.
pub(crate) enum Work {
    /// Folds messages; `head` when these reach what was the head when the reading began.
    Fold { messages: Vec<Stored>, head: bool },
    /// Forgets what is at hand: nobody comes again soon.
    Rest,
    /// Stands still between two batches: says where it stands, and goes on when told to, or when nobody waits any more.
    Pause { paused: oneshot::Sender<LogPosition>, resume: oneshot::Receiver<()> },
}

/// What is shared.
pub(crate) struct Live {
    pub(crate) gate: Gate,
    pub(crate) boards: Arc<Boards>,
    pub(crate) changes: Arc<Changes>,
    phase: watch::Sender<Phase>,
    /// Sequence of the last commit that reads show.
    sequence: watch::Sender<u64>,
    /// How far it is behind the log.
    lag: Mutex<Lag>,
    parked: Mutex<ParkedList>,
    /// Weak: the folding thread ends when whoever feeds it does, also when that is dropped and not stopped.
    work: Mutex<Option<mpsc::WeakSender<Work>>>,
}

impl Live {
    pub(crate) fn new() -> Self {
        Self {
            gate: Gate::default(),
            boards: Arc::default(),
            changes: Arc::new(Changes::new()),
            phase: watch::Sender::new(Phase::CatchingUp),
            sequence: watch::Sender::new(0),
            lag: Mutex::default(),
            parked: Mutex::default(),
            work: Mutex::default(),
        }
    }

    /// Takes up what the store already holds: who may enter, what was set aside, how far it came.
    pub(crate) fn take_up(&self, store: &Store) -> Result<LogPosition, StoreError> {
        let position = store.position()?;
        self.gate.reset();
        grants_of(store)?.iter().for_each(|(header, event)| self.gate.apply(&Fact { sequence: 0, index: 0, header, event }));
        *lock(&self.parked) = ParkedList::of(store)?;
        self.boards.reset();
        self.changes.reset();
        self.sequence.send_replace(position.sequence);
        Ok(position)
    }

    /// Takes note of what was read: who may enter, and what was set aside.
    pub(crate) fn take(&self, batch: &Batch<'_>) {
        for decoded in &batch.decoded {
            decoded.facts().for_each(|fact| self.gate.apply(&fact));
        }
        batch.parked.iter().cloned().for_each(|parked| lock(&self.parked).add(parked));
        metrics::counter!("gridward_projection_commits_total").increment(batch.decoded.len() as u64);
        metrics::counter!("gridward_projection_parked_total").increment(batch.parked.len() as u64);
    }

    /// Tells everybody what changed. The rows already show it.
    pub(crate) fn publish(&self, Written { changes, position }: &Written) {
        self.boards.mark(changes);
        let mut last = std::collections::BTreeMap::new();
        for change in changes {
            if let Some(building) = &change.building {
                let sequence = last.entry((change.community.clone(), building.clone(), change.of_findings)).or_insert(change.sequence);
                *sequence = change.sequence.max(*sequence);
            }
        }
        let changed = last.into_iter().map(|((community, building, of_findings), sequence)| (community, Changed { building, sequence, of_findings }));
        let mut changed: Vec<_> = changed.collect();
        changed.sort_by_key(|(_, changed)| changed.sequence);
        // first the sequence: who is told of a change asks for it at once
        self.sequence.send_replace(position.sequence);
        self.changes.push(changed);
        metrics::gauge!("gridward_projection_sequence").set(as_gauge(position.sequence));
    }

    pub(crate) fn set_phase(&self, phase: Phase) {
        self.phase.send_if_modified(|known| {
            let differs = *known != phase;
            if differs {
                *known = phase;
            }
            differs
        });
    }

    pub(crate) fn phase(&self) -> Phase {
        self.phase.borrow().clone()
    }

    /// Notes how far it is behind the log.
    pub(crate) fn set_lag(&self, lag: Lag) {
        metrics::gauge!("gridward_projection_pending").set(as_gauge(lag.commits));
        metrics::gauge!("gridward_projection_lag_seconds").set(lag.seconds());
        *lock(&self.lag) = lag;
    }

    /// How far it was behind the log, a second ago at most while the log answers.
    pub(crate) fn lag(&self) -> Lag {
        *lock(&self.lag)
    }

    pub(crate) fn sequence(&self) -> u64 {
        *self.sequence.borrow()
    }

    /// Waits until reads show a commit. False when they do not in time.
    pub(crate) async fn reached(&self, sequence: u64, wait_max: Duration) -> bool {
        let mut reached = self.sequence.subscribe();
        let reached = tokio::time::timeout(wait_max, reached.wait_for(|shown| *shown >= sequence)).await;
        reached.is_ok_and(|shown| shown.is_ok())
    }

    /// What was set aside so far.
    pub(crate) fn parked(&self) -> ParkedList {
        lock(&self.parked).clone()
    }

    /// Notes the way to the folding thread.
    pub(crate) fn set_work(&self, work: Option<mpsc::WeakSender<Work>>) {
        *lock(&self.work) = work;
    }

    /// Lets the fold stand still; nothing when it is not running. It goes on when the sender that is returned is dropped.
    pub(crate) async fn pause(&self) -> Option<(LogPosition, oneshot::Sender<()>)> {
        let work = lock(&self.work).as_ref()?.upgrade()?;
        let (paused, is_paused) = oneshot::channel();
        let (resume, resumed) = oneshot::channel();
        work.send(Work::Pause { paused, resume: resumed }).await.ok()?;
        Some((is_paused.await.ok()?, resume))
    }
}

#[expect(clippy::cast_precision_loss, reason = "a gauge for people: 2^53 commits are far")]
fn as_gauge(number: u64) -> f64 {
    number as f64
}

/// Every token and community that the store knows, as the facts that made them so.
fn grants_of(store: &Store) -> Result<Vec<(Header, Event)>, StoreError> {
    let tokens = all_of::<access::State>(store, table_of::<models::token::Token>())?;
    let tokens = tokens.into_iter().filter(|(_, state)| !state.revoked).map(|(_, state)| (DEPLOYMENT.to_owned(), Event::TokenGranted(state.granted)));
    let communities = all_of::<<models::community::Community as readmodel::ReadModel>::Row>(store, table_of::<models::community::Community>())?;
    let communities = communities.into_iter().map(|(community, state)| {
        let founded = Founded { town: state.town, town_name: state.town_name, name: state.name, time_zone: state.time_zone };
        (community, Event::CommunityFounded(founded))
    });
    Ok(tokens.chain(communities).filter_map(|(community, event)| Some((header_of(community.parse().ok()?)?, event))).collect())
}

/// All rows of a table with their community. For machinery: nobody is asked who they are yet.
fn all_of<T: serde::de::DeserializeOwned>(store: &Store, table: store::Table) -> Result<Vec<(String, T)>, StoreError> {
    let (mut rows, mut after): (Vec<(String, T)>, Option<Key>) = (Vec::new(), None);
    loop {
        let page = store.scan::<T>(table, &Prefix::all_communities_of_table(), after.as_ref(), SCAN_ROWS_MAX)?;
        let full = page.len() == SCAN_ROWS_MAX;
        after = page.last().map(|(key, _)| key.clone());
        rows.extend(page.into_iter().filter_map(|(key, row)| Some((key.read().community().ok()?, row.value))));
        if !full {
            return Ok(rows);
        }
    }
}

/// A header for facts that rows remember: only its community matters to those who take them.
fn header_of(community: CommunityId) -> Option<Header> {
    Some(Header {
        epoch: 0,
        community,
        command: CommandId::random_from([0; 16]),
        content: [0; 16],
        actor: "service".parse().ok()?,
        role: Role::Service,
        by: Vec::new(),
        via: None,
        paper: None,
        at: Timestamp(0),
        precision: Precision::Minute,
        recorded_at: Timestamp(0),
        correlation: None,
        cause: None,
        replaces: None,
        exercise: false,
        version: 0,
        previous: CommitHash::default(),
    })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
