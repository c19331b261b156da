//! Facts by the event that told them, as many as are worth keeping.

use std::{collections::BTreeMap, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{DeserializeOwned, Unexpected, Visitor},
    ser::Error as _,
};

use crate::values::{CommandId, EventId, Timestamp};

/// A fact that can be older or newer, better or worse than another.
pub trait Dated {
    /// When it happened.
    fn at(&self) -> Timestamp;
    /// How bad it is: of two facts at one instant the worse one holds (contracts.md).
    fn badness(&self) -> i32 {
        0
    }
}

/// The newest `MAX` facts. Whatever the order in which they arrive, and however often, the same ones stay.
///
/// A fact that fell out is gone: taking back a newer one does not bring it back. That is the bound of "as if it never happened".
///
/// A row is folded at every fact of its subject and hardly ever looked at, so facts stay as the bytes that are written: reading and
/// writing a row is a copy, however many it holds, and only what is looked at is decoded.
#[derive(Clone, PartialEq, Eq)]
pub struct Newest<T, const MAX: usize> {
    /// One record after the other, ascending by id.
    written: Vec<u8>,
    /// Facts that nothing may write, because their private text is not sealed: what comes over the log always is.
    unsealed: BTreeMap<EventId, T>,
}

/// Bytes of a record before those of its fact: id, time, badness, length.
const HEAD_BYTES: usize = ID_BYTES + 8 + 4 + 4;
const ID_BYTES: usize = 18;

/// When and how bad; then the id decides which of two equals falls out, the same one in every order of arrival.
type Rank = (Timestamp, i32, EventId);

/// A fact as it is written.
struct Record<'a> {
    rank: Rank,
    fact: &'a [u8],
    /// Where it begins, and where the next one does.
    from: usize,
    to: usize,
}

/// The records in some bytes, up to the first that is none.
struct Records<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Iterator for Records<'a> {
    type Item = Record<'a>;

    fn next(&mut self) -> Option<Record<'a>> {
        let from = self.at;
        let (id, rest) = self.bytes.get(from..)?.split_first_chunk::<ID_BYTES>()?;
        let (at, rest) = rest.split_first_chunk()?;
        let (badness, rest) = rest.split_first_chunk()?;
        let (length, rest) = rest.split_first_chunk()?;
        let fact = rest.get(..u32::from_be_bytes(*length) as usize)?;
        self.at = from + HEAD_BYTES + fact.len();
        let rank = (Timestamp(i64::from_be_bytes(*at)), i32::from_be_bytes(*badness), EventId::from_bytes(*id));
        Some(Record { rank, fact, from, to: self.at })
    }
}

impl<T, const MAX: usize> Default for Newest<T, MAX> {
    fn default() -> Self {
        Self { written: Vec::new(), unsealed: BTreeMap::new() }
    }
}

impl<T, const MAX: usize> Newest<T, MAX> {
    /// Bytes that the facts take.
    pub fn bytes(&self) -> usize {
        self.written.len() + self.unsealed.len() * size_of::<T>()
    }

    /// True when nothing was told.
    pub fn is_empty(&self) -> bool {
        self.written.is_empty() && self.unsealed.is_empty()
    }

    /// Lets go of what a command told.
    pub fn take_back(&mut self, command: CommandId) {
        self.let_go(|id| id.command == command);
    }

    fn let_go(&mut self, goes: impl Fn(&EventId) -> bool) {
        self.unsealed.retain(|id, _| !goes(id));
        while let Some(Record { from, to, .. }) = self.records().find(|record| goes(&record.rank.2)) {
            self.written.drain(from..to);
        }
    }

    fn records(&self) -> Records<'_> {
        Records { bytes: &self.written, at: 0 }
    }

    fn write(&mut self, (at, badness, id): Rank, fact: &[u8]) {
        let place = self.records().find(|record| record.rank.2 > id).map_or(self.written.len(), |record| record.from);
        #[expect(clippy::cast_possible_truncation, reason = "a fact is a part of a commit, which is bounded far below 4 GiB")]
        let length = fact.len() as u32;
        let record = [&id.to_bytes()[..], &at.0.to_be_bytes(), &badness.to_be_bytes(), &length.to_be_bytes(), fact].concat();
        self.written.splice(place..place, record);
    }
}

impl<T: Dated, const MAX: usize> Newest<T, MAX> {
    /// How bad the worst fact is. Nothing is decoded for it.
    pub fn worst(&self) -> Option<i32> {
        self.ranks().map(|(_, badness, _)| badness).max()
    }

    fn ranks(&self) -> impl Iterator<Item = Rank> {
        self.records().map(|record| record.rank).chain(self.unsealed.iter().map(|(id, fact)| rank(*id, fact)))
    }
}

impl<T: Dated + Serialize, const MAX: usize> Newest<T, MAX> {
    /// Takes in a fact.
    pub fn keep(&mut self, id: EventId, fact: T) {
        self.let_go(|known| *known == id);
        match postcard::to_allocvec(&fact) {
            Ok(bytes) => self.write(rank(id, &fact), &bytes),
            Err(_) => drop(self.unsealed.insert(id, fact)),
        }
        while self.records().count() + self.unsealed.len() > MAX
            && let Some((.., oldest)) = self.ranks().min()
        {
            self.let_go(|id| *id == oldest);
        }
    }
}

impl<T: Dated + Clone + DeserializeOwned, const MAX: usize> Newest<T, MAX> {
    /// The newest fact; of several at one instant the worst.
    pub fn latest(&self) -> Option<T> {
        self.latest_of(|_| true)
    }

    /// The newest fact that fits; of several at one instant the worst.
    pub fn latest_of(&self, fits: impl Fn(&T) -> bool) -> Option<T> {
        let mut facts = self.undecoded();
        facts.sort_unstable_by_key(|(rank, _)| std::cmp::Reverse(*rank));
        facts.into_iter().map(|(_, fact)| fact.decode()).find(fits)
    }

    /// All facts, newest first.
    pub fn newest_first(&self) -> Vec<(EventId, T)> {
        let mut facts = self.undecoded();
        facts.sort_unstable_by_key(|((at, badness, id), _)| (std::cmp::Reverse((*at, *badness)), *id));
        facts.into_iter().map(|((.., id), fact)| (id, fact.decode())).collect()
    }

    /// All facts, in no order that means anything.
    pub fn iter(&self) -> impl Iterator<Item = T> {
        self.undecoded().into_iter().map(|(_, fact)| fact.decode())
    }

    fn undecoded(&self) -> Vec<(Rank, Undecoded<'_, T>)> {
        let written = self.records().map(|record| (record.rank, Undecoded::Written(record.fact)));
        written.chain(self.unsealed.iter().map(|(id, fact)| (rank(*id, fact), Undecoded::Unsealed(fact)))).collect()
    }
}

/// A fact that nobody looked at yet.
enum Undecoded<'a, T> {
    Written(&'a [u8]),
    Unsealed(&'a T),
}

impl<T: Clone + DeserializeOwned> Undecoded<'_, T> {
    fn decode(&self) -> T {
        match self {
            #[expect(clippy::expect_used, reason = "`keep` wrote it; the store checks its bytes, and begins anew when the shape of a row changes")]
            Self::Written(bytes) => postcard::from_bytes(bytes).expect("a fact in a row is as it was written"),
            Self::Unsealed(fact) => (*fact).clone(),
        }
    }
}

fn rank<T: Dated>(id: EventId, fact: &T) -> Rank {
    (fact.at(), fact.badness(), id)
}

impl<T: Dated + Clone + DeserializeOwned + fmt::Debug, const MAX: usize> fmt::Debug for Newest<T, MAX> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_map().entries(self.newest_first()).finish()
    }
}

impl<T, const MAX: usize> Serialize for Newest<T, MAX> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !self.unsealed.is_empty() {
            return Err(S::Error::custom("private text that is not sealed is never written"));
        }
        serializer.serialize_bytes(&self.written)
    }
}

impl<'de, T, const MAX: usize> Deserialize<'de> for Newest<T, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_bytes(WholeRecords(PhantomData))
    }
}

struct WholeRecords<T, const MAX: usize>(PhantomData<T>);

impl<T, const MAX: usize> Visitor<'_> for WholeRecords<T, MAX> {
    type Value = Newest<T, MAX>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("facts with their ids, one after the other")
    }

    fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<Newest<T, MAX>, E> {
        let end = Records { bytes, at: 0 }.last().map_or(0, |record| record.to);
        if end != bytes.len() {
            return Err(E::invalid_value(Unexpected::Bytes(bytes.get(end..).unwrap_or_default()), &self));
        }
        Ok(Newest { written: bytes.to_vec(), unsealed: BTreeMap::new() })
    }
}

impl Dated for Timestamp {
    fn at(&self) -> Timestamp {
        *self
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::values::{KeyOwner, Private, PrivateFields, field};

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Seen {
        at: i64,
        badness: i32,
        words: String,
        private: Option<Private>,
    }

    impl Dated for Seen {
        fn at(&self) -> Timestamp {
            Timestamp(self.at)
        }

        fn badness(&self) -> i32 {
            self.badness
        }
    }

    fn id(command: u8, index: u16) -> EventId {
        EventId { command: CommandId(Uuid::from_bytes([command; 16])), index }
    }

    fn seen() -> impl Strategy<Value = (EventId, Seen)> {
        (0..12u8, 0..3u16, -3..3i64, 0..3i32, any::<bool>()).prop_map(|(command, index, at, badness, is_plain)| {
            // what one event told is one fact, however often it comes
            let words = format!("{command} {index}").repeat(usize::from(command));
            let (at, badness) = (at * i64::from(command % 3), badness * i32::from(index));
            let plain = PrivateFields::default().with(field::NOTE, Some("x")).owned_by(KeyOwner::Command(id(command, 0).command));
            (id(command, index), Seen { at, badness, words, private: plain.filter(|_| is_plain && command == 7) })
        })
    }

    proptest! {
        /// The same as a map that sorts itself at every look.
        #[test]
        fn the_newest_stay_and_can_be_looked_at(told in prop::collection::vec(seen(), 0..40), gone in 0..12u8) {
            let mut newest = Newest::<Seen, 5>::default();
            let mut model: Vec<(EventId, Seen)> = Vec::new();
            for (id, fact) in told {
                newest.keep(id, fact.clone());
                model.retain(|(known, _)| *known != id);
                model.push((id, fact));
                model.sort_by_key(|(id, fact)| std::cmp::Reverse((fact.at, fact.badness, *id)));
                model.truncate(5);
            }
            prop_assert_eq!(newest.latest(), model.first().map(|(_, fact)| fact.clone()));
            let bad = |fact: &Seen| fact.badness == 2;
            prop_assert_eq!(newest.latest_of(bad), model.iter().map(|(_, fact)| fact.clone()).find(bad));
            let command = id(gone, 0).command;
            newest.take_back(command);
            model.retain(|(id, _)| id.command != command);
            model.sort_by_key(|(id, fact)| (std::cmp::Reverse((fact.at, fact.badness)), *id));
            prop_assert_eq!(newest.newest_first(), model.clone());
            prop_assert_eq!((newest.is_empty(), newest.iter().count()), (model.is_empty(), model.len()));
            prop_assert_eq!(newest.worst(), model.iter().map(|(_, fact)| fact.badness).max());
            match postcard::to_allocvec(&newest) {
                Ok(bytes) => prop_assert_eq!(postcard::from_bytes::<Newest<Seen, 5>>(&bytes).unwrap(), newest),
                Err(_) => prop_assert!(model.iter().any(|(_, fact)| fact.private.is_some()), "only plain text is refused"),
            }
        }

        #[test]
        fn bytes_that_are_no_facts_are_refused(cut in 1..60usize) {
            let mut newest = Newest::<Seen, 5>::default();
            newest.keep(id(1, 0), Seen { at: 1, badness: 0, words: "twenty-odd bytes of a fact".to_owned(), private: None });
            let bytes = &newest.written[..newest.written.len().saturating_sub(cut).max(1)];
            prop_assert!(WholeRecords::<Seen, 5>(PhantomData).visit_bytes::<serde::de::value::Error>(bytes).is_err());
        }
    }
}
