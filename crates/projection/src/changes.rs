//! Which buildings changed, for live pages: a bounded ring per community from which a reader resumes.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use domain::values::{BuildingId, CommunityId};
use tokio::sync::watch;

/// Most changes kept per community. Who missed more is told to read everything again.
pub const CHANGES_MAX: usize = 512;

/// A building changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Changed {
    /// The building.
    pub(crate) building: BuildingId,
    /// Sequence of the commit that changed it; the last one of the community when time alone changed it.
    pub(crate) sequence: u64,
    /// Only those see it who may see findings.
    pub(crate) of_findings: bool,
}

/// What a reader of changes gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Resumed {
    /// These changes, oldest first, and where to go on.
    Changes(Vec<Changed>, Place),
    /// More changed than is remembered: read everything again, and go on from there.
    Reset(Place),
}

/// Where a reader stands: the number of changes of its community that it has seen since this process began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place(u64);

/// Changes of all communities.
#[derive(Debug)]
pub(crate) struct Changes {
    rings: Mutex<HashMap<CommunityId, Ring>>,
    moved: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Ring {
    changes: VecDeque<Changed>,
    /// How many fell out at the old end.
    dropped: u64,
    /// The largest sequence of which something may be missing: of what fell out, or of before this ring began.
    forgotten: Option<u64>,
}

impl Changes {
    pub(crate) fn new() -> Self {
        Self { rings: Mutex::new(HashMap::new()), moved: watch::Sender::new(0) }
    }

    /// Remembers changes. What came before the first of a community is not known here.
    pub(crate) fn push(&self, changes: impl IntoIterator<Item = (CommunityId, Changed)>) {
        let mut any = false;
        let mut rings = self.rings();
        for (community, changed) in changes {
            any = true;
            let ring = rings.entry(community).or_default();
            ring.forgotten.get_or_insert(changed.sequence);
            ring.changes.push_back(changed);
            if ring.changes.len() > CHANGES_MAX {
                let gone = ring.changes.pop_front();
                ring.dropped += 1;
                ring.forgotten = ring.forgotten.max(gone.map(|gone| gone.sequence));
            }
        }
        drop(rings);
        if any {
            self.moved.send_modify(|moved| *moved += 1);
        }
    }

    /// Forgets everything: before a rebuild.
    pub(crate) fn reset(&self) {
        for ring in self.rings().values_mut() {
            // a place that somebody holds now lies before everything that comes
            *ring = Ring { dropped: ring.end() + 1, ..Ring::default() };
        }
        self.moved.send_modify(|moved| *moved += 1);
    }

    /// Something that moves whenever there may be new changes.
    pub(crate) fn watch(&self) -> watch::Receiver<u64> {
        self.moved.subscribe()
    }

    /// Where a reader begins that has just read everything.
    pub(crate) fn now(&self, community: &CommunityId) -> Place {
        Place(self.rings().get(community).map_or(0, Ring::end))
    }

    /// What a reader missed that had seen changes up to a sequence. Those of that sequence itself are repeated: it may not have seen all of them.
    pub(crate) fn since_sequence(&self, community: &CommunityId, sequence: u64, head: u64) -> Resumed {
        let rings = self.rings();
        let Some(ring) = rings.get(community) else {
            // nothing changed since this process began; what changed before, by time too, it cannot tell
            return Resumed::Reset(Place(0));
        };
        let end = Place(ring.end());
        if ring.forgotten.is_none_or(|forgotten| sequence <= forgotten) || sequence > head {
            return Resumed::Reset(end);
        }
        Resumed::Changes(ring.changes.iter().filter(|changed| changed.sequence >= sequence).cloned().collect(), end)
    }

    /// What changed after a place.
    pub(crate) fn since(&self, community: &CommunityId, place: Place) -> Resumed {
        let rings = self.rings();
        let Some(ring) = rings.get(community) else {
            return if place == Place(0) { Resumed::Changes(Vec::new(), place) } else { Resumed::Reset(Place(0)) };
        };
        let end = Place(ring.end());
        match place.0.checked_sub(ring.dropped) {
            Some(seen) if place <= end => {
                let skip = usize::try_from(seen).unwrap_or(usize::MAX);
                Resumed::Changes(ring.changes.iter().skip(skip).cloned().collect(), end)
            }
            _ => Resumed::Reset(end),
        }
    }

    fn rings(&self) -> MutexGuard<'_, HashMap<CommunityId, Ring>> {
        self.rings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ring {
    fn end(&self) -> u64 {
        self.dropped + self.changes.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn community() -> CommunityId {
        "c1".parse().unwrap()
    }

    fn push(changes: &Changes, sequences: impl Iterator<Item = u64>) {
        changes.push(sequences.map(|sequence| (community(), Changed { building: "b1".parse().unwrap(), sequence, of_findings: false })));
    }

    fn sequences(resumed: Resumed) -> Option<Vec<u64>> {
        match resumed {
            Resumed::Changes(changes, _) => Some(changes.into_iter().map(|changed| changed.sequence).collect()),
            Resumed::Reset(_) => None,
        }
    }

    #[test]
    fn a_reader_resumes_where_it_was_and_sees_its_last_sequence_again() {
        let changes = Changes::new();
        push(&changes, 10..15);
        assert_eq!(sequences(changes.since_sequence(&community(), 12, 14)), Some(vec![12, 13, 14]));
        assert_eq!(sequences(changes.since_sequence(&community(), 14, 14)), Some(vec![14]));
    }

    #[test]
    fn a_reader_from_before_what_is_remembered_or_from_another_history_is_reset() {
        let changes = Changes::new();
        assert_eq!(sequences(changes.since_sequence(&community(), 3, 3)), None);
        push(&changes, 10..(11 + CHANGES_MAX as u64));
        assert_eq!(sequences(changes.since_sequence(&community(), 9, 2000)), None);
        assert_eq!(sequences(changes.since_sequence(&community(), 10, 2000)), None, "one of sequence 10 fell out");
        assert_eq!(sequences(changes.since_sequence(&community(), 11, 2000)).map(|seen| seen.len()), Some(CHANGES_MAX));
        assert_eq!(sequences(changes.since_sequence(&community(), 3000, 2000)), None);
    }

    #[test]
    fn following_loses_nothing_and_a_slow_follower_is_reset() {
        let changes = Changes::new();
        let start = changes.now(&community());
        push(&changes, 1..4);
        let Resumed::Changes(seen, place) = changes.since(&community(), start) else { panic!("nothing fell out") };
        assert_eq!(seen.len(), 3);
        push(&changes, 4..(5 + CHANGES_MAX as u64));
        assert_eq!(sequences(changes.since(&community(), place)), None);
        let end = changes.now(&community());
        assert_eq!(sequences(changes.since(&community(), end)), Some(Vec::new()));
        changes.reset();
        assert_eq!(sequences(changes.since(&community(), end)), None, "a rebuild resets everybody");
        push(&changes, 1..(10 + CHANGES_MAX as u64));
        assert_eq!(sequences(changes.since(&community(), end)), None, "also those who look late");
    }
}
