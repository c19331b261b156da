//! Which commands were recorded: ids in runs, so that a command costs a part of a row and not a row of its own.
//!
//! The ids of a community lie in leaves, in their order, each leaf with a part of all ids there can be. Whoever knows an id knows
//! its leaf: the last one that begins at it or before. Ids made one after the other (UUID version 7) fill leaf after leaf, and the
//! last one is at hand. What it costs to find or to add one does not grow with what was recorded. A leaf depends on nothing but the
//! order of the log, so a fold from the start makes the same leaves.

use std::{
    collections::{BTreeMap, HashMap},
    mem,
};

use domain::{
    record,
    values::{CommandId, CommunityId},
};
use serde::{Deserialize, Serialize};
use store::{Key, Store, StoreError, Table, Unit};

/// Leaves, by community and first id.
pub(crate) const RECORDS: Table = Table::new("records", 1);

/// Most commands of a leaf: some 2 KiB.
const LEAF_COMMANDS_MAX: usize = 64;
/// Leaves kept decoded. When there are more, all are forgotten and read again as they are needed.
const AT_HAND_MAX: usize = 4096;

/// The commands of a part of all ids.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Leaf {
    /// The first id that lies here, if it was recorded.
    first: CommandId,
    /// Where the next leaf begins, if there is one.
    until: Option<CommandId>,
    /// In the order of their ids.
    commands: Vec<(CommandId, record::State)>,
}

/// A leaf, decoded.
struct AtHand {
    leaf: Leaf,
    /// The last commit that changed it, while the store does not know of it.
    changed: Option<u64>,
}

/// The commands of every community. One task owns it.
pub(crate) struct Records {
    store: Store,
    at_hand: HashMap<CommunityId, BTreeMap<CommandId, AtHand>>,
    leaves: usize,
    /// Where something changed since the last call of [`Records::units`].
    changed: Vec<(CommunityId, CommandId)>,
    /// Leaves that were divided since: both halves must reach the disk together, or what is in one of them is lost.
    divided: Vec<Unit>,
}

impl Records {
    pub(crate) fn new(store: Store) -> Self {
        Self { store, at_hand: HashMap::new(), leaves: 0, changed: Vec::new(), divided: Vec::new() }
    }

    /// What is known of a command, if it was recorded.
    pub(crate) fn get(&mut self, community: &CommunityId, command: &CommandId) -> Result<Option<record::State>, StoreError> {
        let commands = &self.leaf(community, command)?.leaf.commands;
        Ok(commands.binary_search_by_key(command, |(id, _)| *id).ok().map(|place| commands[place].1.clone()))
    }

    /// Keeps what the commit with this sequence says of a command.
    pub(crate) fn put(&mut self, community: &CommunityId, command: CommandId, state: record::State, sequence: u64) -> Result<(), StoreError> {
        let at_hand = self.leaf(community, &command)?;
        let (first, commands) = (at_hand.leaf.first, &mut at_hand.leaf.commands);
        let place = commands.binary_search_by_key(&command, |(id, _)| *id);
        match place {
            // a commit that was folded before a crash is folded again after it
            Ok(place) if commands[place].1 == state => return Ok(()),
            Ok(place) => commands[place].1 = state,
            Err(place) => commands.insert(place, (command, state)),
        }
        let too_full = commands.len() > LEAF_COMMANDS_MAX;
        if at_hand.changed.replace(sequence).is_none() {
            self.changed.push((community.clone(), first));
        }
        if too_full {
            // of ids that are made one after the other, full leaves are left behind
            let kept = if place == Err(LEAF_COMMANDS_MAX) { LEAF_COMMANDS_MAX } else { LEAF_COMMANDS_MAX / 2 };
            self.divide((community, first), kept, sequence);
        }
        Ok(())
    }

    /// Divides a leaf: so many commands stay, the others go into a new one after it.
    fn divide(&mut self, (community, first): (&CommunityId, CommandId), kept: usize, sequence: u64) {
        let Some(leaves) = self.at_hand.get_mut(community) else { return };
        let Some(AtHand { leaf: left, changed }) = leaves.get_mut(&first) else { return };
        let commands = left.commands.split_off(kept);
        let Some((middle, _)) = commands.first().cloned() else { return };
        let right = Leaf { first: middle, until: left.until.replace(middle), commands };
        *changed = None;
        self.divided.push(Unit::new(sequence).put(RECORDS, left.key(community), left).put(RECORDS, right.key(community), &right));
        leaves.insert(middle, AtHand { leaf: right, changed: None });
        self.leaves += 1;
    }

    /// The rows of what has changed since the last time: to be applied before anything else is asked of this.
    pub(crate) fn units(&mut self) -> Vec<Unit> {
        let mut units = mem::take(&mut self.divided);
        for (community, first) in mem::take(&mut self.changed) {
            let Some(at_hand) = self.at_hand.get_mut(&community).and_then(|leaves| leaves.get_mut(&first)) else { continue };
            if let Some(sequence) = at_hand.changed.take() {
                units.push(Unit::new(sequence).put(RECORDS, at_hand.leaf.key(&community), &at_hand.leaf));
            }
        }
        units
    }

    /// Forgets everything: the store was cleared.
    pub(crate) fn clear(&mut self) {
        *self = Self::new(self.store.clone());
    }

    /// The leaf of an id.
    fn leaf(&mut self, community: &CommunityId, command: &CommandId) -> Result<&mut AtHand, StoreError> {
        // what the store does not know of yet is kept: a batch is not larger than what fits beside it
        if self.leaves > AT_HAND_MAX && self.changed.is_empty() && self.divided.is_empty() {
            self.at_hand.clear();
            self.leaves = 0;
        }
        if !self.at_hand.contains_key(community) {
            self.at_hand.insert(community.clone(), BTreeMap::new());
        }
        let leaves = self.at_hand.entry(community.clone()).or_default();
        let before = leaves.range(..=command).next_back();
        let known = before.filter(|(_, at_hand)| at_hand.leaf.until.is_none_or(|until| *command < until)).map(|(first, _)| *first);
        match known {
            Some(first) => Ok(leaves.entry(first).or_insert_with(|| AtHand { leaf: Leaf::first(), changed: None })),
            None => {
                let leaf = stored_leaf(&self.store, community, command)?;
                self.leaves += 1;
                Ok(leaves.entry(leaf.first).or_insert(AtHand { leaf, changed: None }))
            }
        }
    }
}

impl Leaf {
    /// The only leaf of a community in which nothing was recorded: that of all ids.
    fn first() -> Self {
        Self { first: CommandId(uuid::Uuid::nil()), until: None, commands: Vec::new() }
    }

    fn key(&self, community: &CommunityId) -> Key {
        leaf_key(community, &self.first)
    }
}

fn leaf_key(community: &CommunityId, first: &CommandId) -> Key {
    Key::community(community.as_str()).bytes(first.0.as_bytes())
}

/// The leaf of an id as the store has it.
fn stored_leaf(store: &Store, community: &CommunityId, command: &CommandId) -> Result<Leaf, StoreError> {
    let next = command.0.as_u128().checked_add(1).map(uuid::Uuid::from_u128);
    let end = next.map(|next| leaf_key(community, &CommandId(next)));
    let rows = store.scan_back::<Leaf>(RECORDS, &Key::community(community.as_str()).prefix(), end.as_ref(), 1)?;
    Ok(rows.into_iter().next().map_or_else(Leaf::first, |(_, row)| row.value))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use tempfile::TempDir;

    use super::*;

    fn open(dir: &TempDir) -> Store {
        Store::open(dir.path(), store::Options { cache_bytes: 1 << 20, ..store::Options::new([RECORDS]) }).unwrap()
    }

    fn state(sequence: u64) -> record::State {
        record::State { content: [7; 16], sequence, retracted: false }
    }

    fn here() -> CommunityId {
        "u07".parse().unwrap()
    }

    /// Records commands one by one, the store asked anew for what is at hand whenever `forgets` says so.
    fn record(store: &Store, ids: &[u128], forgets: impl Fn(u64) -> bool) {
        let mut records = Records::new(store.clone());
        for (sequence, id) in (1..).zip(ids) {
            let id = CommandId(uuid::Uuid::from_u128(*id));
            if records.get(&here(), &id).unwrap().is_none() {
                records.put(&here(), id, state(sequence), sequence).unwrap();
            }
            if forgets(sequence) {
                store.apply(records.units()).unwrap();
                records.clear();
            }
        }
        store.apply(records.units()).unwrap();
    }

    fn rows(store: &Store) -> Vec<(Key, store::RawRow)> {
        store.scan_raw(RECORDS, &store::Prefix::all_communities_of_table(), None, 10_000).unwrap()
    }

    /// Ids as clients make them: one after the other, or of chance; some twice.
    fn ids() -> impl Strategy<Value = Vec<u128>> {
        prop::collection::vec(prop_oneof![3 => 1_000_000..1_000_600_u128, 1 => any::<u128>(), 1 => Just(u128::MAX), 1 => Just(0_u128)], 0..600)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

        #[test]
        fn every_command_is_found_again_and_no_other(ids in ids(), every in 1..90_u64) {
            let dir = TempDir::new().unwrap();
            let store = open(&dir);
            record(&store, &ids, |sequence| sequence % every == 0);
            let mut first: BTreeMap<u128, u64> = BTreeMap::new();
            for (sequence, id) in (1..).zip(&ids) {
                first.entry(*id).or_insert(sequence);
            }
            let mut records = Records::new(store.clone());
            for id in ids.iter().flat_map(|id| [*id, id.wrapping_add(1), id.wrapping_sub(1)]) {
                let found = records.get(&here(), &CommandId(uuid::Uuid::from_u128(id))).unwrap();
                prop_assert_eq!(found.map(|record| record.sequence), first.get(&id).copied(), "{}", id);
            }
        }

        #[test]
        fn the_leaves_are_the_same_however_they_were_written(ids in ids(), every in 1..90_u64) {
            let (one, other) = (TempDir::new().unwrap(), TempDir::new().unwrap());
            let (one, other) = (open(&one), open(&other));
            record(&one, &ids, |_| false);
            record(&other, &ids, |sequence| sequence % every == 0);
            // as after a crash: what the rows hold already comes again
            record(&other, &ids, |sequence| sequence % every == 0);
            prop_assert_eq!(rows(&one), rows(&other));
        }
    }

    #[test]
    fn ids_made_one_after_the_other_leave_full_leaves_behind() {
        let dir = TempDir::new().unwrap();
        let store = open(&dir);
        let ids: Vec<u128> = (1..=1000).chain([u128::MAX]).collect();
        record(&store, &ids, |_| false);
        assert_eq!(rows(&store).len(), 1001_usize.div_ceil(LEAF_COMMANDS_MAX));
    }

    #[test]
    fn communities_do_not_see_each_other_and_a_record_can_be_taken_back() {
        let dir = TempDir::new().unwrap();
        let store = open(&dir);
        let mut records = Records::new(store.clone());
        let (there, id) = ("u08".parse().unwrap(), CommandId(uuid::Uuid::from_u128(5)));
        records.put(&here(), id, state(1), 1).unwrap();
        assert_eq!(records.get(&there, &id).unwrap(), None);
        records.put(&here(), id, record::State { retracted: true, ..state(1) }, 2).unwrap();
        store.apply(records.units()).unwrap();
        records.clear();
        assert_eq!(records.get(&here(), &id).unwrap(), Some(record::State { retracted: true, ..state(1) }));
        assert_eq!(rows(&store)[0].1.sequence, 2);
    }
}
