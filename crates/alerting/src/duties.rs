//! Who has which duty, community by community: the fold of [`rules::escalation`] with the rows that it is kept in.
//!
//! A community's duties are at hand as a whole once they are needed: what an alert goes by lies in a dozen of its parts.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::{Commit, Fact, values::CommunityId};
use rules::escalation::{Duties, Part, PartKey};
use serde::{Deserialize, Serialize};
use store::{Key, Store, StoreError, Unit};

use crate::rows::{DUTIES, duties_key};

/// Rows read at once when the duties of a community are needed first.
const PAGE_ROWS: usize = 1_000;

/// A part as it is kept: its key in the store tells nothing that is not in here.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    key: PartKey,
    part: Part,
}

/// The duties of one community.
#[derive(Default)]
struct AtHand {
    duties: Duties,
    /// The last commit that is in them.
    sequence: u64,
    /// The last commit that is in each part, and which call of [`Rolls::fold`] it came with; none, when it came from the store.
    folded: HashMap<PartKey, (u64, u64)>,
}

/// The duties of every community. What the store holds is the same up to the last call of [`Rolls::written`].
#[derive(Default)]
pub(crate) struct Rolls {
    at_hand: HashMap<CommunityId, AtHand>,
    /// Parts that are not in the store yet, with the commit that changed them last.
    changed: BTreeMap<CommunityId, BTreeMap<PartKey, u64>>,
    /// Counts the commits that were begun.
    commits: u64,
}

impl Rolls {
    /// Remembers what a commit says of duties.
    pub(crate) fn fold(&mut self, store: &Store, commit: &Commit, sequence: u64) -> Result<(), StoreError> {
        let header = &commit.header;
        self.commits += 1;
        let this = self.commits;
        for (index, event) in (0..).zip(&commit.events) {
            let keys = Duties::concerned(event);
            if keys.is_empty() {
                continue;
            }
            let at_hand = self.at_hand(store, &header.community)?;
            // rows may be ahead of the position after a crash; of one commit, several events may be about the same part
            if keys.iter().any(|key| at_hand.folded.get(key).is_some_and(|(last, with)| sequence <= *last && *with != this)) {
                continue;
            }
            at_hand.duties.fold(&Fact { sequence, index, header, event });
            at_hand.folded.extend(keys.iter().cloned().map(|key| (key, (sequence, this))));
            at_hand.sequence = at_hand.sequence.max(sequence);
            self.changed.entry(header.community.clone()).or_default().extend(keys.into_iter().map(|key| (key, sequence)));
        }
        Ok(())
    }

    /// The duties of a community, and the last commit that is in them.
    pub(crate) fn of(&mut self, store: &Store, community: &CommunityId) -> Result<(u64, &Duties), StoreError> {
        let at_hand = self.at_hand(store, community)?;
        Ok((at_hand.sequence, &at_hand.duties))
    }

    /// The rows of what has changed since the last time, and which parts that was, by community.
    pub(crate) fn written(&mut self) -> (Vec<Unit>, Vec<(CommunityId, BTreeSet<PartKey>)>) {
        let (mut units, mut parts) = (Vec::new(), Vec::new());
        for (community, changed) in std::mem::take(&mut self.changed) {
            let Some(at_hand) = self.at_hand.get(&community) else { continue };
            for (key, sequence) in &changed {
                if let Some(part) = at_hand.duties.part(key) {
                    let kept = Kept { key: key.clone(), part: part.clone() };
                    units.push(Unit::new(*sequence).put(DUTIES, duties_key(&community, key), &kept));
                }
            }
            parts.push((community, changed.into_keys().collect()));
        }
        (units, parts)
    }

    fn at_hand(&mut self, store: &Store, community: &CommunityId) -> Result<&mut AtHand, StoreError> {
        use std::collections::hash_map::Entry;
        match self.at_hand.entry(community.clone()) {
            Entry::Occupied(at_hand) => Ok(at_hand.into_mut()),
            Entry::Vacant(missing) => Ok(missing.insert(read(store, community)?)),
        }
    }
}

fn read(store: &Store, community: &CommunityId) -> Result<AtHand, StoreError> {
    let mut at_hand = AtHand::default();
    let mut after: Option<Key> = None;
    loop {
        let rows = store.scan::<Kept>(DUTIES, &Key::community(community.as_str()).prefix(), after.as_ref(), PAGE_ROWS)?;
        let Some((last, _)) = rows.last() else { return Ok(at_hand) };
        after = Some(last.clone());
        for (_, row) in rows {
            let Kept { key, part } = row.value;
            at_hand.sequence = at_hand.sequence.max(row.sequence);
            at_hand.folded.insert(key.clone(), (row.sequence, 0));
            at_hand.duties.put(key, part);
        }
    }
}
