//! From commits to rows: every read model, one batch at a time, each row once per batch.

use std::collections::{BTreeSet, HashMap, hash_map::Entry};

use bus::Stored;
use domain::{
    Commit, Fact,
    commit::CommitError,
    event::DecodeError,
    log::LogPosition,
    values::{BuildingId, CommunityId, Timestamp},
};
use readmodel::{Mark, ReadModel, TakenBack, for_each_model, models, taken_back};
use serde::de::DeserializeOwned;
use store::{Parked, Store, StoreError, Unit};

use crate::tables::{key_of, mark_key, table_of};

/// Rows of one model that are kept decoded between batches. When there are more, all are forgotten: the store has them.
const HOT_ROWS_MAX: usize = 4096;

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
}

/// A commit that was read.
pub(crate) struct Decoded {
    pub(crate) sequence: u64,
    pub(crate) commit: Commit,
    taken_back: Vec<TakenBack>,
}

/// What became of a batch.
#[derive(Default)]
pub(crate) struct Batch {
    pub(crate) decoded: Vec<Decoded>,
    pub(crate) parked: Vec<Parked>,
    pub(crate) changes: Vec<Change>,
}

/// All read models over one store.
pub(crate) struct Folder {
    store: Store,
    models: Vec<Box<dyn Fold>>,
}

impl Folder {
    pub(crate) fn new(store: Store) -> Self {
        Self { store, models: all_models() }
    }

    /// Folds what was read, in order, and says how far the store came. The store answers reads with the new rows when this returns.
    pub(crate) fn fold(&mut self, stored: &[Stored]) -> Result<Batch, FoldError> {
        let folded = self.try_fold(stored);
        if folded.is_err() {
            // rows of a batch that failed are half folded
            self.models = all_models();
        }
        folded
    }

    fn try_fold(&mut self, stored: &[Stored]) -> Result<Batch, FoldError> {
        let Some(last) = stored.last() else { return Ok(Batch::default()) };
        let mut batch = decode(stored)?;
        for decoded in &batch.decoded {
            for model in &mut self.models {
                model.fold(&self.store, decoded)?;
            }
        }
        let mut units = Vec::new();
        for model in &mut self.models {
            model.drain(&mut units, &mut batch.changes);
        }
        units.extend(batch.parked.iter().map(Parked::unit));
        self.store.apply(units)?;
        self.store.advance(last.position())?;
        Ok(batch)
    }

    pub(crate) fn position(&self) -> Result<LogPosition, StoreError> {
        self.store.position()
    }
}

impl Decoded {
    /// When it was recorded.
    pub(crate) fn recorded_at(&self) -> Timestamp {
        self.commit.header.recorded_at
    }

    /// Its facts in order.
    pub(crate) fn facts(&self) -> impl Iterator<Item = Fact<'_>> {
        let Self { sequence, commit, .. } = self;
        commit.events.iter().zip(0..).map(|(event, index)| Fact { sequence: *sequence, index, header: &commit.header, event })
    }
}

/// Reads a batch. A commit of a newer program stops it, one that is damaged is set aside.
fn decode(stored: &[Stored]) -> Result<Batch, FoldError> {
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

fn decode_one(message: &Stored) -> Result<Decoded, CommitError> {
    let commit = Commit::decode(&message.payload)?;
    let decoded = Decoded { sequence: message.sequence, commit, taken_back: Vec::new() };
    let retractions: Result<Vec<Option<TakenBack>>, DecodeError> = decoded.facts().map(|fact| taken_back(&fact)).collect();
    let taken_back = retractions.map_err(CommitError::Event)?.into_iter().flatten().collect();
    Ok(Decoded { taken_back, ..decoded })
}

/// A read model without its types.
trait Fold: Send {
    fn fold(&mut self, store: &Store, decoded: &Decoded) -> Result<(), StoreError>;
    fn drain(&mut self, units: &mut Vec<Unit>, changes: &mut Vec<Change>);
}

fn all_models() -> Vec<Box<dyn Fold>> {
    macro_rules! boxes {
        ($($model:ty),+ $(,)?) => { vec![$(Box::new(Rows::<$model>::default()) as Box<dyn Fold>),+] };
    }
    for_each_model!(boxes)
}

/// Rows of one model, decoded.
struct Rows<M: ReadModel> {
    rows: HashMap<(CommunityId, M::Key), Hot<M::Row>>,
    dirty: Vec<(CommunityId, M::Key)>,
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
    dirty: bool,
}

/// What follows from a row for others: its index entries, and the building it bears on.
#[derive(Default)]
struct Follows {
    marks: Vec<Mark>,
    building: Option<BuildingId>,
}

impl Follows {
    fn of<M: ReadModel>(key: &M::Key, row: Option<&M::Row>) -> Self {
        row.map(|row| Self { marks: M::marks(key, row), building: M::building(key, row) }).unwrap_or_default()
    }
}

impl<R> Hot<R> {
    /// The row under a key as the store has it. One that is new to the store is not looked for.
    fn read<M: ReadModel<Row = R>>(store: &Store, (community, key): &(CommunityId, M::Key), is_new: bool) -> Result<Self, StoreError>
    where
        R: DeserializeOwned,
    {
        if is_new {
            return Ok(Self { row: None, folded_to: 0, folding: 0, stored: Follows::default(), dirty: false });
        }
        let folded = store.folded::<R>(table_of::<M>(), &key_of(community, key))?;
        let stored = Follows::of::<M>(key, folded.value.as_ref());
        Ok(Self { row: folded.value, folded_to: folded.sequence, folding: 0, stored, dirty: false })
    }
}

impl<M: ReadModel> Default for Rows<M> {
    fn default() -> Self {
        Self { rows: HashMap::new(), dirty: Vec::new() }
    }
}

impl<M: ReadModel> Rows<M> {
    /// Changes the row under a key, unless it holds this commit already: after a crash some rows are ahead of the checkpoint.
    fn change(
        &mut self,
        store: &Store,
        at: (&CommunityId, M::Key),
        sequence: u64,
        is_new: bool,
        change: impl FnOnce(Option<M::Row>, &M::Key) -> Option<M::Row>,
    ) -> Result<(), StoreError> {
        let (community, key) = at;
        let place = (community.clone(), key);
        let hot = match self.rows.entry(place.clone()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => unknown.insert(Hot::read::<M>(store, &place, is_new)?),
        };
        if hot.folded_to >= sequence && hot.folding != sequence {
            return Ok(());
        }
        hot.row = change(hot.row.take(), &place.1);
        (hot.folded_to, hot.folding) = (sequence, sequence);
        if !std::mem::replace(&mut hot.dirty, true) {
            self.dirty.push(place);
        }
        Ok(())
    }
}

impl<M: ReadModel> Fold for Rows<M> {
    fn fold(&mut self, store: &Store, decoded: &Decoded) -> Result<(), StoreError> {
        let community = &decoded.commit.header.community;
        for original in decoded.taken_back.iter().flat_map(TakenBack::facts) {
            for key in M::keys(&original) {
                self.change(store, (community, key), decoded.sequence, false, |row, key| row.and_then(|row| M::take_back(row, key, &original)))?;
            }
        }
        for fact in decoded.facts() {
            for key in M::keys(&fact) {
                self.change(store, (community, key), decoded.sequence, M::KEYED_BY_EVENT, |row, key| M::evolve(row, key, &fact))?;
            }
        }
        Ok(())
    }

    fn drain(&mut self, units: &mut Vec<Unit>, changes: &mut Vec<Change>) {
        for place in std::mem::take(&mut self.dirty) {
            let Some(hot) = self.rows.get_mut(&place) else { continue };
            let (community, key) = &place;
            let before = std::mem::replace(&mut hot.stored, Follows::of::<M>(key, hot.row.as_ref()));
            // a row that moved matters to the building that it left, too
            let buildings: BTreeSet<&BuildingId> = [&before, &hot.stored].into_iter().filter_map(|follows| follows.building.as_ref()).collect();
            let change = |building| Change { community: community.clone(), model: M::NAME, building, sequence: hot.folded_to };
            if buildings.is_empty() && (concerns_all_buildings(M::NAME) || stands_elsewhere(M::NAME)) {
                changes.push(change(None));
            }
            changes.extend(buildings.into_iter().map(|building| change(Some(building.clone()))));
            units.push(unit_of::<M>(community, key, hot, &before.marks));
            hot.dirty = false;
        }
        if M::KEYED_BY_EVENT {
            // nothing more happens to them, but being taken back
            self.rows.clear();
        }
        if self.rows.len() > HOT_ROWS_MAX {
            self.rows.clear();
        }
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
