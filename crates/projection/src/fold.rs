//! From commits to rows: every read model, one batch at a time, each row once per batch.

use std::sync::Arc;

use bus::Stored;
use domain::{
    Commit, Fact,
    commit::CommitError,
    event::DecodeError,
    log::LogPosition,
    values::{BuildingId, CommunityId},
};
use readmodel::{Mark, ReadModel, TakenBack, for_each_model, models, taken_back};
use serde::de::DeserializeOwned;
use store::{Parked, Store, StoreError, Unit};

use crate::{
    recent::Recent,
    tables::{key_of, mark_key, table_of},
    timelines::Timelines,
};

/// Why folding stopped. Nothing of the batch was applied, and nothing was skipped.
#[derive(Debug, thiserror::Error)]
pub enum FoldError {
    /// A newer program wrote this commit: this one must be upgraded before it reads on.
    #[error("upgrade needed: commit {sequence} was written by a newer version")]
    UpgradeNeeded {
        /// Its sequence.
        sequence: u64,
        /// What was not known.
        #[source]
        source: CommitError,
    },
    /// The store failed.
    #[error("the projection's store failed")]
    Store(#[from] StoreError),
}

/// A row that a batch changed, as far as others must know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) community: CommunityId,
    pub(crate) model: &'static str,
    pub(crate) building: Option<BuildingId>,
    pub(crate) sequence: u64,
    /// Only those see it who may see findings.
    pub(crate) of_findings: bool,
}

/// A commit that was read.
pub(crate) struct Decoded<'a> {
    pub(crate) sequence: u64,
    pub(crate) commit: Arc<Commit>,
    /// As it stands on the log.
    pub(crate) stored: &'a Stored,
    /// What its retractions take back, by their place among its events.
    taken_back: Vec<(u16, TakenBack)>,
}

/// Commits that are folded before their rows are written, where nobody waits for them: a row that many of them change is encoded once. After a
/// crash so many are folded again, which takes some seconds.
const COMMITS_HELD_MAX: usize = 256 * 1024;

/// What was read of a batch.
#[derive(Default)]
pub(crate) struct Batch<'a> {
    pub(crate) decoded: Vec<Decoded<'a>>,
    pub(crate) parked: Vec<Parked>,
}

/// What the store shows since rows were written the last time.
#[derive(Default)]
pub(crate) struct Written {
    pub(crate) changes: Vec<Change>,
    /// How far it came.
    pub(crate) position: LogPosition,
}

/// Who waits for rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waits {
    /// Readers do: what is folded is written.
    Readers,
    /// Nobody does before the head of the log is reached: rows are held back until there is much of them.
    Nobody,
}

/// All read models over one store.
pub(crate) struct Folder {
    store: Store,
    models: Vec<Box<dyn Fold>>,
    held: Held,
}

/// What was folded into the models, and is not in the store yet.
#[derive(Default)]
struct Held {
    commits: usize,
    parked: Vec<Unit>,
    /// The last message of it; nothing when there is none.
    position: Option<LogPosition>,
}

impl Folder {
    pub(crate) fn new(store: Store) -> Self {
        Self { store, models: all_models(), held: Held::default() }
    }

    /// Folds what was read, in order. With what is written, which is nothing while nobody waits and there is little, the store answers reads with the
    /// new rows when this returns.
    pub(crate) fn fold<'a>(&mut self, stored: &'a [Stored], waits: Waits) -> Result<(Batch<'a>, Option<Written>), FoldError> {
        let folded = self.try_fold(stored, waits);
        if folded.is_err() {
            // rows of a batch that failed are half folded
            self.forget();
        }
        folded
    }

    /// Forgets what is kept decoded between batches; the store has it.
    pub(crate) fn rest(&mut self) -> Result<Option<Written>, FoldError> {
        let written = self.write()?;
        self.forget();
        Ok(written)
    }

    fn forget(&mut self) {
        (self.models, self.held) = (all_models(), Held::default());
    }

    fn try_fold<'a>(&mut self, stored: &'a [Stored], waits: Waits) -> Result<(Batch<'a>, Option<Written>), FoldError> {
        let batch = decode(stored)?;
        for decoded in &batch.decoded {
            for model in &mut self.models {
                model.fold(&self.store, decoded)?;
            }
        }
        self.held.commits += stored.len();
        self.held.parked.extend(batch.parked.iter().map(Parked::unit));
        self.held.position = stored.last().map(Stored::position).or(self.held.position.take());
        let written = match waits {
            Waits::Nobody if self.models.iter().any(|model| model.is_full()) => self.rest()?,
            Waits::Nobody if self.held.commits < COMMITS_HELD_MAX => {
                let mut done = Vec::new();
                self.models.iter_mut().for_each(|model| model.drain_done(&mut done));
                self.store.apply(done)?;
                None
            }
            Waits::Nobody | Waits::Readers => self.write()?,
        };
        Ok((batch, written))
    }

    /// Writes what is held back; nothing when nothing is.
    pub(crate) fn write(&mut self) -> Result<Option<Written>, FoldError> {
        let Held { parked, position: Some(position), .. } = std::mem::take(&mut self.held) else { return Ok(None) };
        let (mut units, mut changes) = (Vec::new(), Vec::new());
        for model in &mut self.models {
            model.drain(&mut units, &mut changes);
        }
        units.extend(parked);
        self.store.apply(units)?;
        self.store.advance(position.clone())?;
        Ok(Some(Written { changes, position }))
    }

    pub(crate) fn position(&self) -> Result<LogPosition, StoreError> {
        self.store.position()
    }
}

impl Decoded<'_> {
    /// Its facts in order.
    pub(crate) fn facts(&self) -> impl Iterator<Item = Fact<'_>> {
        let Self { sequence, commit, .. } = self;
        commit.events.iter().zip(0..).map(|(event, index)| Fact { sequence: *sequence, index, header: &commit.header, event })
    }

    /// The facts that one of its facts takes back.
    pub(crate) fn taken_back_by(&self, fact: &Fact<'_>) -> impl Iterator<Item = Fact<'_>> {
        self.taken_back.iter().filter(move |(index, _)| *index == fact.index).flat_map(|(_, taken_back)| taken_back.facts())
    }
}

/// Reads a batch. A commit of a newer program stops it, one that is damaged is set aside.
fn decode(stored: &[Stored]) -> Result<Batch<'_>, FoldError> {
    let mut batch = Batch::default();
    for message in stored {
        let sequence = message.sequence;
        match decode_one(message) {
            Ok(decoded) => batch.decoded.push(decoded),
            Err(source) if source.needs_upgrade() => return Err(FoldError::UpgradeNeeded { sequence, source }),
            Err(source) => {
                tracing::error!(sequence, error = %source, "a commit cannot be read and is set aside");
                batch.parked.push(Parked { sequence, reason: source.to_string() });
            }
        }
    }
    Ok(batch)
}

fn decode_one(stored: &Stored) -> Result<Decoded<'_>, CommitError> {
    let commit = stored.commit()?;
    let mut decoded = Decoded { sequence: stored.sequence, commit, stored, taken_back: Vec::new() };
    let retractions = decoded.facts().filter_map(|fact| Some((fact.index, taken_back(&fact).transpose()?)));
    let retractions: Result<Vec<_>, DecodeError> = retractions.map(|(index, taken_back)| Ok((index, taken_back?))).collect();
    decoded.taken_back = retractions.map_err(CommitError::Event)?;
    Ok(decoded)
}

/// A read model without its types.
pub(crate) trait Fold: Send {
    /// Takes a commit into the rows in memory.
    fn fold(&mut self, store: &Store, decoded: &Decoded<'_>) -> Result<(), StoreError>;
    /// The rows that changed since the last call, encoded once however often they changed.
    fn drain(&mut self, units: &mut Vec<Unit>, changes: &mut Vec<Change>);
    /// Of these, those that nothing changes any more.
    fn drain_done(&mut self, _units: &mut Vec<Unit>) {}
    /// Whether so many rows are kept decoded that they are to be drained and forgotten.
    fn is_full(&self) -> bool;
}

fn all_models() -> Vec<Box<dyn Fold>> {
    macro_rules! boxes {
        ($($model:ty),+ $(,)?) => { vec![Box::new(Timelines::default()), $(Box::new(Rows::<$model>::default()) as Box<dyn Fold>),+] };
    }
    for_each_model!(boxes)
}

/// Rows of one model, decoded.
struct Rows<M: ReadModel> {
    rows: Recent<(CommunityId, M::Key), Hot<M::Row>>,
    changed: Vec<(CommunityId, M::Key)>,
}

/// A row, and how far it was folded.
struct Hot<R> {
    row: Option<R>,
    /// Sequence of the last commit in it.
    folded_to: u64,
    /// The commit that is being folded: all its events go into the row, although the row already carries its sequence.
    folding: u64,
    /// What follows from the row as the store has it.
    stored: Follows,
    changed: bool,
}

/// What follows from a row for others: its index entries, the building it bears on, and who sees it.
#[derive(Default)]
struct Follows {
    marks: Vec<Mark>,
    building: Option<BuildingId>,
    of_findings: bool,
}

impl Follows {
    fn of<M: ReadModel>(key: &M::Key, row: Option<&M::Row>) -> Self {
        row.map(|row| Self { marks: M::marks(key, row), building: M::building(key, row), of_findings: M::is_of_findings(row) }).unwrap_or_default()
    }
}

impl<R> Hot<R> {
    /// The row under a key as the store has it.
    fn read<M: ReadModel<Row = R>>(store: &Store, (community, key): &(CommunityId, M::Key)) -> Result<Self, StoreError>
    where
        R: DeserializeOwned,
    {
        let folded = store.folded::<R>(table_of::<M>(), &key_of(community, key))?;
        let stored = Follows::of::<M>(key, folded.value.as_ref());
        Ok(Self { row: folded.value, folded_to: folded.sequence, folding: 0, stored, changed: false })
    }
}

impl<M: ReadModel> Default for Rows<M> {
    fn default() -> Self {
        Self { rows: Recent::default(), changed: Vec::new() }
    }
}

impl<M: ReadModel> Rows<M> {
    /// Changes the row under a key, unless it holds this commit already: after a crash some rows are ahead of the checkpoint.
    fn change(
        &mut self,
        store: &Store,
        at: (CommunityId, M::Key),
        sequence: u64,
        change: impl FnOnce(Option<M::Row>, &M::Key) -> Option<M::Row>,
    ) -> Result<(), StoreError> {
        let hot = self.rows.get_or_read(at.clone(), |at| Hot::read::<M>(store, at))?;
        if hot.folded_to >= sequence && hot.folding != sequence {
            return Ok(());
        }
        hot.row = change(hot.row.take(), &at.1);
        (hot.folded_to, hot.folding) = (sequence, sequence);
        if !std::mem::replace(&mut hot.changed, true) {
            self.changed.push(at);
        }
        Ok(())
    }
}

impl<M: ReadModel> Fold for Rows<M> {
    fn fold(&mut self, store: &Store, decoded: &Decoded<'_>) -> Result<(), StoreError> {
        let community = &decoded.commit.header.community;
        for original in decoded.taken_back.iter().flat_map(|(_, taken_back)| taken_back.facts()) {
            for key in M::keys(&original) {
                self.change(store, (community.clone(), key), decoded.sequence, |row, key| row.and_then(|row| M::take_back(row, key, &original)))?;
            }
        }
        for fact in decoded.facts() {
            for key in M::keys(&fact) {
                self.change(store, (community.clone(), key), decoded.sequence, |row, key| M::evolve(row, key, &fact))?;
            }
        }
        Ok(())
    }

    fn drain(&mut self, units: &mut Vec<Unit>, changes: &mut Vec<Change>) {
        for at in self.changed.drain(..) {
            self.rows.settle(&at, |hot| {
                let (community, key) = &at;
                let before = std::mem::replace(&mut hot.stored, Follows::of::<M>(key, hot.row.as_ref()));
                hot.changed = false;
                let of_findings = hot.stored.of_findings || before.of_findings;
                let change = |building| Change { community: community.clone(), model: M::NAME, building, sequence: hot.folded_to, of_findings };
                let building = hot.stored.building.clone();
                if building.is_none() && before.building.is_none() && (concerns_all_buildings(M::NAME) || stands_elsewhere(M::NAME)) {
                    changes.push(change(None));
                }
                // a row that moved matters to the building that it left, too
                let left = before.building.filter(|left| building.as_ref() != Some(left));
                changes.extend(building.into_iter().chain(left).map(|building| change(Some(building))));
                let unit = unit_of::<M>(community, key, hot, &before.marks);
                let bytes = unit.bytes();
                units.push(unit);
                bytes
            });
        }
        self.rows.age();
    }

    fn is_full(&self) -> bool {
        self.rows.is_full()
    }
}

/// A row with its index entries: they become visible, and reach the disk, together.
fn unit_of<M: ReadModel>(community: &CommunityId, key: &M::Key, hot: &Hot<M::Row>, before: &[Mark]) -> Unit {
    let (table, row_key) = (table_of::<M>(), key_of(community, key));
    let unit = Unit::new(hot.folded_to);
    let unit = match &hot.row {
        Some(row) => unit.put(table, row_key, row),
        None => unit.delete(table, row_key),
    };
    let after = &hot.stored.marks;
    let gone = before.iter().filter(|mark| !after.contains(mark)).cloned().map(|mark| mark_key(community, mark));
    let unit = gone.fold(unit, |unit, (table, key)| unit.unmark(table, key));
    let fresh = after.iter().filter(|mark| !before.contains(mark)).cloned().map(|mark| mark_key(community, mark));
    fresh.fold(unit, |unit, (table, key)| unit.mark(table, key))
}

/// Whether a change of this model's rows changes every building of the community: parameters, names of estates, rounds.
pub(crate) fn concerns_all_buildings(model: &str) -> bool {
    [models::community::Community::NAME, models::estate::Estate::NAME, models::round::Round::NAME].contains(&model)
}

/// Whether a row of this model can matter without a building: people in facilities, alerts of the community.
fn stands_elsewhere(model: &str) -> bool {
    [models::alert::Alert::NAME, models::quarantine::Quarantine::NAME].contains(&model)
}
