//! What was used lately, kept decoded between batches: reading it from the store and decoding it costs more than changing it.

use std::{
    collections::{HashMap, hash_map::Entry},
    hash::Hash,
};

/// Memory, roughly, of what is used until the older half is forgotten; at most twice as much is kept. Three models have many rows
/// (households, people, timelines), so this bounds most of what a projection takes beside its store.
const HALF_BYTES: usize = 8 * 1024 * 1024;
/// Memory, roughly, of what is used while rows are held back until they are to be written: the more there is, the more of them have changed again.
const HELD_BYTES: usize = 128 * 1024 * 1024;
/// What a decoded row takes however little is in it: nodes of maps are as large with one entry as with eleven.
const ROW_BYTES: usize = 1536;
/// What a decoded row takes for each of its bytes: most of them are facts as they are written, in a list with room for more.
const MEMORY_PER_BYTE: usize = 2;
/// What a change adds to a row, until it is settled and its bytes are counted.
const CHANGE_BYTES: usize = 160;

/// Values by key, in two halves: what is used moves to the young one; when that is full, it becomes the old one, and what nobody
/// used since the last time is forgotten. The store has it.
pub(crate) struct Recent<K, V> {
    young: HashMap<K, Kept<V>>,
    old: HashMap<K, Kept<V>>,
    young_bytes: usize,
}

struct Kept<V> {
    value: V,
    bytes: usize,
}

impl<K, V> Default for Recent<K, V> {
    fn default() -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), young_bytes: 0 }
    }
}

impl<K: Eq + Hash, V> Recent<K, V> {
    /// The value under a key; `read` brings what is not here.
    pub(crate) fn get_or_read<E>(&mut self, key: K, read: impl FnOnce(&K) -> Result<V, E>) -> Result<&mut V, E> {
        match self.young.entry(key) {
            Entry::Occupied(known) => {
                let kept = known.into_mut();
                kept.bytes += CHANGE_BYTES;
                self.young_bytes += CHANGE_BYTES;
                Ok(&mut kept.value)
            }
            Entry::Vacant(unknown) => {
                let kept = match self.old.remove(unknown.key()) {
                    Some(kept) => kept,
                    None => Kept { value: read(unknown.key())?, bytes: ROW_BYTES },
                };
                self.young_bytes += kept.bytes;
                Ok(&mut unknown.insert(kept).value)
            }
        }
    }

    /// Settles what was used since the last [`Recent::age`]: `settle` says how many bytes the value has encoded.
    pub(crate) fn settle(&mut self, key: &K, settle: impl FnOnce(&mut V) -> usize) {
        if let Some(kept) = self.young.get_mut(key) {
            let bytes = ROW_BYTES + MEMORY_PER_BYTE * settle(&mut kept.value);
            self.young_bytes = self.young_bytes + bytes - kept.bytes;
            kept.bytes = bytes;
        }
    }

    /// Whether there is so much that it is to be settled and forgotten.
    pub(crate) fn is_full(&self) -> bool {
        self.young_bytes > HELD_BYTES
    }

    /// Forgets what was not used for long, if there is too much. Whatever is kept must be settled.
    pub(crate) fn age(&mut self) {
        if self.young_bytes > HALF_BYTES {
            std::mem::swap(&mut self.young, &mut self.old);
            self.young.clear();
            self.young_bytes = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(recent: &mut Recent<usize, usize>, key: usize) -> bool {
        let mut was_read = false;
        let value = recent.get_or_read::<()>(key, |key| {
            was_read = true;
            Ok(*key)
        });
        assert_eq!(value, Ok(&mut { key }));
        recent.settle(&key, |_| (HALF_BYTES / 100 - ROW_BYTES) / MEMORY_PER_BYTE);
        recent.age();
        was_read
    }

    #[test]
    fn what_is_used_stays_and_what_is_not_goes() {
        let mut recent = Recent::default();
        for key in 1..1000 {
            assert!(used(&mut recent, key), "{key} is new");
            assert_eq!(used(&mut recent, 0), key == 1, "0 is used all the time");
            assert!(recent.young.len() + recent.old.len() <= 204, "{} are kept", recent.young.len() + recent.old.len());
        }
        assert!(used(&mut recent, 1), "1 was not used for long");
        assert!(!used(&mut recent, 999), "999 was used just now");
    }
}
