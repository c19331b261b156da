//! What is known when a command is decided: snapshots in the store, and on top of them what is decided but not yet committed.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use domain::{
    Commit, Entity, EntityKey, Event, Evolve, Fact, Header, Known,
    known::{evolve, touched},
    log::{CommitHash, LogPosition},
    record::{self, Record},
    values::{CommandId, CommunityId},
};
use serde::{Deserialize, Serialize};
use store::{Key, Prefix, Store, StoreError, Table, Unit};

use crate::records::{RECORDS, Records};

/// State of every entity but commands, by community.
const SNAPSHOTS: Table = Table::new("snapshots", 8);
/// Hash of the last commit, by community.
const CHAINS: Table = Table::new("chains", 1);
/// Who may enter where: what the gate needs of tokens and towns, deployment-wide and few, so that a restart does not read history for them.
const ADMISSIONS: Table = Table::new("admissions", 1);

/// The epoch that the log is in, for the whole deployment: communities that are founded after a restore begin in it.
const EPOCH: Table = Table::new("epoch", 1);

/// The tables of intake's store.
pub const TABLES: &[Table] = &[SNAPSHOTS, RECORDS, CHAINS, ADMISSIONS, EPOCH];

/// States kept decoded. When there are more, all are forgotten and read again as they are needed.
const AT_HAND_MAX: usize = 40_000;
/// Rows read at once when the gate is filled.
const PAGE_ROWS: usize = 1000;

/// An entity and how many decisions have changed it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Snapshot {
    version: u64,
    entity: Option<Entity>,
}

/// An event that concerns the gate, as it is kept.
#[derive(Debug, Serialize, Deserialize)]
struct Admission {
    header: Header,
    name: String,
    payload: Vec<u8>,
}

type Place = (CommunityId, EntityKey);
type CommandPlace = (CommunityId, CommandId);

/// All that is known. One task owns it: the writer.
pub(crate) struct World {
    store: Store,
    at_hand: RefCell<HashMap<Place, Snapshot>>,
    records: RefCell<Records>,
    chains: HashMap<CommunityId, CommitHash>,
    pending: HashMap<Place, (Snapshot, Unit)>,
    pending_records: HashMap<CommandPlace, record::State>,
    pending_commits: HashMap<CommandPlace, Arc<Commit>>,
    recalled: HashMap<CommandPlace, Arc<Commit>>,
    /// As its row has it, once that was read.
    epoch: Cell<Option<u32>>,
    /// A store error met while deciding; `Known` cannot return one.
    failed: RefCell<Option<StoreError>>,
}

impl World {
    pub(crate) fn new(store: Store) -> Self {
        Self {
            records: RefCell::new(Records::new(store.clone())),
            store,
            at_hand: RefCell::default(),
            chains: HashMap::new(),
            pending: HashMap::new(),
            pending_records: HashMap::new(),
            pending_commits: HashMap::new(),
            recalled: HashMap::new(),
            epoch: Cell::default(),
            failed: RefCell::default(),
        }
    }

    /// What is known in one community.
    pub(crate) fn of<'a>(&'a self, community: &'a CommunityId) -> KnownHere<'a> {
        KnownHere { world: self, community }
    }

    /// The store's trouble, if there was any since the last call: what was decided meanwhile must not be used.
    pub(crate) fn trouble(&self) -> Result<(), StoreError> {
        self.failed.borrow_mut().take().map_or(Ok(()), Err)
    }

    fn snapshot(&self, place: &Place) -> Result<Snapshot, StoreError> {
        if let Some((snapshot, _)) = self.pending.get(place) {
            return Ok(snapshot.clone());
        }
        if let Some(snapshot) = self.at_hand.borrow().get(place) {
            return Ok(snapshot.clone());
        }
        let found = self.store.get::<Snapshot>(SNAPSHOTS, &snapshot_key(place))?;
        let snapshot = found.map_or(Snapshot { version: 0, entity: None }, |row| row.value);
        self.keep_at_hand(place.clone(), snapshot.clone());
        Ok(snapshot)
    }

    fn record(&self, place: &CommandPlace) -> Result<Option<record::State>, StoreError> {
        match self.pending_records.get(place) {
            Some(record) => Ok(Some(record.clone())),
            None => self.records.borrow_mut().get(&place.0, &place.1),
        }
    }

    fn keep_at_hand(&self, place: Place, snapshot: Snapshot) {
        let mut at_hand = self.at_hand.borrow_mut();
        if at_hand.len() >= AT_HAND_MAX {
            at_hand.clear();
        }
        at_hand.insert(place, snapshot);
    }

    /// How many decisions will have changed the first entity of these events, this decision included.
    pub(crate) fn version(&self, header: &Header, events: &[Event]) -> Result<u64, StoreError> {
        // the command's own record is touched by every event and tells nothing
        let keys = events.iter().flat_map(|event| touched(event, header));
        let first = keys.filter(is_no_record).map(|key| (header.community.clone(), key)).next();
        first.map_or(Ok(1), |place| Ok(self.snapshot(&place)?.version + 1))
    }

    /// Takes in a decision that is not committed yet, under the sequence it will have if it is. `false`: it was not taken in,
    /// because what would be known afterwards does not fit into the store. On the log it would stop every start from then on.
    pub(crate) fn anticipate(&mut self, commit: Arc<Commit>, sequence: u64) -> Result<bool, StoreError> {
        let folded = self.folded(&commit, sequence, |_| true)?;
        let rows: Vec<(Place, Snapshot, Unit)> = folded
            .into_iter()
            .map(|(place, snapshot)| {
                let unit = Unit::new(sequence).put(SNAPSHOTS, snapshot_key(&place), &snapshot);
                (place, snapshot, unit)
            })
            .collect();
        if rows.iter().any(|(_, _, unit)| unit.refusal().is_some()) {
            return Ok(false);
        }
        let records = self.recorded(&commit, sequence)?;
        self.pending.extend(rows.into_iter().map(|(place, snapshot, unit)| (place, (snapshot, unit))));
        self.pending_records.extend(records);
        self.pending_commits.insert((commit.header.community.clone(), commit.header.command), commit);
        Ok(true)
    }

    /// Whether a command is decided and not committed yet.
    pub(crate) fn is_pending(&self, community: &CommunityId, command: CommandId) -> bool {
        self.pending_commits.contains_key(&(community.clone(), command))
    }

    /// No more is decided before what is pending is on the log, or forgotten: nobody asks for its commits until then.
    pub(crate) fn close_batch(&mut self) {
        self.pending_commits.clear();
    }

    /// Forgets what was decided and did not come to be.
    pub(crate) fn forget_pending(&mut self) {
        self.pending.clear();
        self.pending_records.clear();
        self.pending_commits.clear();
        self.recalled.clear();
    }

    /// Keeps what was decided, now that it is on the log: `commits` in their order. Returns the rows of it, for [`World::write`].
    pub(crate) fn settle(&mut self, commits: &[(u64, &Commit, CommitHash)]) -> Result<Vec<Unit>, StoreError> {
        let mut units: Vec<Unit> = Vec::with_capacity(self.pending.len() + 1);
        for (place, (snapshot, unit)) in std::mem::take(&mut self.pending) {
            units.push(unit);
            self.keep_at_hand(place, snapshot);
        }
        self.pending_records.clear();
        let mut chained = BTreeMap::new();
        for (sequence, commit, hash) in commits {
            for ((community, command), record) in self.recorded(commit, *sequence)? {
                self.records.get_mut().put(&community, command, record, *sequence)?;
            }
            chained.insert(&commit.header.community, (*sequence, *hash));
            units.extend(admissions(commit, *sequence));
            units.extend(self.epoch_begun(commit, *sequence)?);
        }
        // one row a community, however many commits of it there are
        for (community, (sequence, hash)) in chained {
            self.chains.insert(community.clone(), hash);
            units.push(chain_unit(community, sequence, hash));
        }
        units.extend(self.records.get_mut().units());
        self.pending_commits.clear();
        self.recalled.clear();
        Ok(units)
    }

    /// Has the rows written of what was settled up to a position. Nothing that is told to anybody waits for this: the log holds it.
    pub(crate) fn write(&self, units: Vec<Unit>, position: LogPosition) -> Result<(), StoreError> {
        self.store.apply(units)?;
        self.store.advance(position)
    }

    /// Takes in a commit that was read from the log. Rows that hold it already, since a crash, are left as they are.
    pub(crate) fn absorb(&mut self, commit: &Commit, sequence: u64, hash: CommitHash) -> Result<(), StoreError> {
        let mut held = Vec::new();
        for key in commit.events.iter().flat_map(|event| touched(event, &commit.header)).filter(is_no_record) {
            let place = (commit.header.community.clone(), key);
            if !self.store.folded::<Snapshot>(SNAPSHOTS, &snapshot_key(&place))?.folds(sequence) {
                held.push(place);
            }
        }
        let folded = self.folded(commit, sequence, |place| !held.contains(place))?;
        let mut units: Vec<Unit> = Vec::with_capacity(folded.len() + 1);
        for (place, snapshot) in folded {
            units.push(Unit::new(sequence).put(SNAPSHOTS, snapshot_key(&place), &snapshot));
            self.keep_at_hand(place, snapshot);
        }
        for ((community, command), record) in self.recorded(commit, sequence)? {
            self.records.get_mut().put(&community, command, record, sequence)?;
        }
        units.extend(self.records.get_mut().units());
        self.chains.insert(commit.header.community.clone(), hash);
        units.push(chain_unit(&commit.header.community, sequence, hash));
        units.extend(admissions(commit, sequence));
        units.extend(self.epoch_begun(commit, sequence)?);
        self.store.apply(units)
    }

    /// What a commit says of commands, its own and one that it takes back.
    fn recorded(&self, commit: &Commit, sequence: u64) -> Result<Vec<(CommandPlace, record::State)>, StoreError> {
        let mut records: Vec<(CommandPlace, record::State)> = Vec::with_capacity(1);
        for (index, event) in (0..).zip(&commit.events) {
            let fact = Fact { sequence, index, header: &commit.header, event };
            for command in Record::touched(event, &commit.header) {
                let place = (commit.header.community.clone(), command);
                let before = match records.iter().position(|(known, _)| *known == place) {
                    Some(found) => Some(records.swap_remove(found).1),
                    None => self.record(&place)?,
                };
                records.extend(Record::evolve(before, &command, &fact).map(|record| (place, record)));
            }
        }
        Ok(records)
    }

    /// The states that a commit changes, after it.
    fn folded(&self, commit: &Commit, sequence: u64, wanted: impl Fn(&Place) -> bool) -> Result<HashMap<Place, Snapshot>, StoreError> {
        let mut states: HashMap<Place, Snapshot> = HashMap::new();
        for (index, event) in (0..).zip(&commit.events) {
            let fact = Fact { sequence, index, header: &commit.header, event };
            for key in touched(event, &commit.header).into_iter().filter(is_no_record) {
                let place = (commit.header.community.clone(), key);
                if !wanted(&place) {
                    continue;
                }
                // one decision counts once, however many of its events touch an entity
                let Snapshot { version, entity } = match states.remove(&place) {
                    Some(snapshot) => snapshot,
                    None => self.snapshot(&place).map(|snapshot| Snapshot { version: snapshot.version + 1, ..snapshot })?,
                };
                let entity = evolve(entity, &place.1, &fact);
                states.insert(place, Snapshot { version, entity });
            }
        }
        Ok(states)
    }

    /// Hash of a community's last commit, pending ones not included.
    pub(crate) fn chain(&self, community: &CommunityId) -> Result<CommitHash, StoreError> {
        if let Some(hash) = self.chains.get(community) {
            return Ok(*hash);
        }
        Ok(self.store.get::<CommitHash>(CHAINS, &Key::community(community.as_str()))?.map(|row| row.value).unwrap_or_default())
    }

    /// Forgets the decisions that were laid at hand before.
    pub(crate) fn forget_recalled(&mut self) {
        self.recalled.clear();
    }

    /// Lays a decision at hand that a command will repeat, read from the log beforehand.
    pub(crate) fn recall(&mut self, commit: Commit) {
        self.recalled.insert((commit.header.community.clone(), commit.header.command), Arc::new(commit));
    }

    /// The epoch that the log is in.
    pub(crate) fn epoch(&self) -> Result<u32, StoreError> {
        if let Some(epoch) = self.epoch.get() {
            return Ok(epoch);
        }
        let epoch = self.store.get::<u32>(EPOCH, &Key::deployment())?.map_or(0, |row| row.value);
        self.epoch.set(Some(epoch));
        Ok(epoch)
    }

    /// The row of an epoch that begins with a commit.
    fn epoch_begun(&self, commit: &Commit, sequence: u64) -> Result<Option<Unit>, StoreError> {
        let begun = commit.events.iter().find_map(|event| if let Event::HistoryRestored(restored) = event { Some(restored.epoch) } else { None });
        let before = self.epoch()?;
        let Some(epoch) = begun.filter(|begun| *begun > before) else { return Ok(None) };
        self.epoch.set(Some(epoch));
        Ok(Some(Unit::new(sequence).put(EPOCH, Key::deployment(), &epoch)))
    }

    /// Every community that was founded.
    pub(crate) fn communities(&self) -> Result<Vec<CommunityId>, StoreError> {
        let mut founded = Vec::new();
        self.each_admission(|fact| {
            if matches!(fact.event, Event::CommunityFounded(_)) {
                founded.push(fact.header.community.clone());
            }
        })?;
        Ok(founded)
    }

    /// Every fact that the gate needs.
    pub(crate) fn each_admission(&self, mut visit: impl FnMut(&Fact<'_>)) -> Result<(), StoreError> {
        let mut after: Option<Key> = None;
        loop {
            let rows = self.store.scan::<Admission>(ADMISSIONS, &Prefix::all_of_deployment_table(), after.as_ref(), PAGE_ROWS)?;
            for (_, row) in &rows {
                match Event::decode(&row.value.name, &row.value.payload) {
                    Ok(event) => visit(&Fact { sequence: row.sequence, index: 0, header: &row.value.header, event: &event }),
                    // whoever it let in stays outside: deny by default
                    Err(error) => tracing::error!(sequence = row.sequence, %error, "a grant cannot be read, and lets nobody in"),
                }
            }
            match rows.into_iter().next_back() {
                Some((key, _)) => after = Some(key),
                None => return Ok(()),
            }
        }
    }

    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// Starts over: the log is not the one that was read.
    pub(crate) fn clear(&mut self) -> Result<(), StoreError> {
        self.forget_pending();
        self.at_hand.borrow_mut().clear();
        self.records.get_mut().clear();
        self.chains.clear();
        self.epoch.set(None);
        self.store.clear()
    }
}

fn snapshot_key((community, key): &Place) -> Key {
    Key::community(community.as_str()).u8(key.kind()).text(&key.id())
}

/// Commands have rows of their own kind: [`RECORDS`].
fn is_no_record(key: &EntityKey) -> bool {
    !matches!(key, EntityKey::Record(_))
}

fn chain_unit(community: &CommunityId, sequence: u64, hash: CommitHash) -> Unit {
    Unit::new(sequence).put(CHAINS, Key::community(community.as_str()), &hash)
}

fn admissions(commit: &Commit, sequence: u64) -> Vec<Unit> {
    let units = commit.events.iter().filter_map(|event| {
        let key = match event {
            Event::CommunityFounded(_) => Key::deployment().text("community").text(commit.header.community.as_str()),
            Event::TokenGranted(event) => Key::deployment().text("token").text(event.token.as_str()),
            Event::TokenRevoked(event) => Key::deployment().text("token").text(event.token.as_str()),
            _ => return None,
        };
        let payload = event.encode().ok()?;
        let admission = Admission { header: commit.header.clone(), name: event.name().to_owned(), payload };
        Some(Unit::new(sequence).put(ADMISSIONS, key, &admission))
    });
    units.collect()
}

/// What is known in one community.
pub(crate) struct KnownHere<'a> {
    world: &'a World,
    community: &'a CommunityId,
}

impl Known for KnownHere<'_> {
    fn entity(&self, key: &EntityKey) -> Option<Entity> {
        let found = match key {
            EntityKey::Record(command) => {
                self.world.record(&(self.community.clone(), *command)).map(|record| record.map(|record| Entity::Record(Arc::new(record))))
            }
            key => self.world.snapshot(&(self.community.clone(), key.clone())).map(|snapshot| snapshot.entity),
        };
        match found {
            Ok(entity) => entity,
            Err(error) => {
                *self.world.failed.borrow_mut() = Some(error);
                None
            }
        }
    }

    fn decision(&self, command: CommandId) -> Option<Arc<Commit>> {
        let place = (self.community.clone(), command);
        self.world.recalled.get(&place).or_else(|| self.world.pending_commits.get(&place)).cloned()
    }
}

#[cfg(test)]
mod tests {
    use testkit::World as Sample;

    use super::*;

    #[test]
    fn a_store_that_cannot_be_read_is_told_by_whoever_needed_it() {
        let (dir, commit) = (tempfile::tempdir().unwrap(), Arc::new(Sample::settled().commits()[0].clone()));
        let store = Store::open(dir.path(), store::Options::new(TABLES)).unwrap();
        let mut world = World::new(store.clone());
        store.close().unwrap();
        assert!(world.version(&commit.header, &commit.events).is_err());
        assert!(world.anticipate(Arc::clone(&commit), 1).is_err());
        assert!(!world.is_pending(&commit.header.community, commit.header.command), "nothing is decided over what was not read");
        assert!(world.absorb(&commit, 1, CommitHash::default()).is_err());
        world.trouble().unwrap();
        // a decision cannot be told: it is told of it afterwards
        assert!(world.of(&commit.header.community).entity(&EntityKey::Record(commit.header.command)).is_none());
        assert!(world.trouble().is_err() && world.trouble().is_ok());
    }
}
