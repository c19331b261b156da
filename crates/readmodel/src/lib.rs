//! What people look at, as folds over events: one file per read model, and what a row says at a given time as pure views.
//!
//! **Rows hold facts only.** What depends on the time or on the policy (overdue, unknown, stale, silent, day n of 14) is computed
//! by a view from rows, [`views::Moment`] and nothing else. So a rebuild gives equal rows whenever it is made.
//!
//! Facts arrive late, in any order and, after a crash, twice: rows keep them by [`domain::values::EventId`] ([`domain::Newest`]) or as a maximum.
//! A retracted command's facts leave every row ([`ReadModel::take_back`]).
//!
//! Adding a read model = one file in `models/` and one line in [`for_each_model`].

pub mod models;
mod retraction;
pub mod views;

use std::hash::Hash;

use domain::{
    Fact,
    values::{BuildingId, CommandId},
};
use serde::{Serialize, de::DeserializeOwned};

pub use retraction::{TakenBack, taken_back};

/// One part of a row's key. Parts sort in their own order, and a key sorts by its parts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// A small number: a kind, a rank.
    U8(u8),
    /// A number.
    U64(u64),
    /// A number that may be negative: a time in milliseconds.
    I64(i64),
    /// A text.
    Text(String),
    /// Bytes of any length.
    Bytes(Vec<u8>),
}

/// What a row is called within its community and its read model.
pub trait RowKey: Clone + Eq + Ord + Hash + Send + Sync + 'static {
    /// Its parts, in the order in which rows are to be listed.
    fn parts(&self) -> Vec<Part>;
}

/// An index entry that follows from a row: there while the row says so, gone otherwise.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    /// The index.
    pub index: &'static str,
    /// The parts of its key.
    pub parts: Vec<Part>,
}

/// A fold over events into rows of one shape.
pub trait ReadModel {
    /// Its name, unique among read models.
    const NAME: &'static str;
    /// Changes with the shape of the row *and* with what the fold puts into it: a store of another version is rebuilt.
    const VERSION: u32;
    /// What tells one row from another within a community.
    type Key: RowKey;
    /// The row.
    type Row: Serialize + DeserializeOwned + Clone + PartialEq + std::fmt::Debug + Send + Sync + 'static;

    /// The rows that a fact changes.
    fn keys(fact: &Fact<'_>) -> Vec<Self::Key>;

    /// The row after one more fact. Infallible: what happened, happened. The same fact twice is the same as once.
    fn evolve(row: Option<Self::Row>, key: &Self::Key, fact: &Fact<'_>) -> Option<Self::Row>;

    /// The row without a fact that was taken back; `fact` is that fact, as far as the retraction repeats it.
    fn take_back(row: Self::Row, key: &Self::Key, fact: &Fact<'_>) -> Option<Self::Row> {
        let _ = (key, fact);
        Some(row)
    }

    /// The index entries of a row.
    fn marks(key: &Self::Key, row: &Self::Row) -> Vec<Mark> {
        let _ = (key, row);
        Vec::new()
    }

    /// Whether the row says what medicine found of somebody: for those who may not see findings there is no such row. It does not change.
    fn is_of_findings(row: &Self::Row) -> bool {
        let _ = row;
        false
    }

    /// The building whose status the row bears on, if any.
    fn building(key: &Self::Key, row: &Self::Row) -> Option<BuildingId> {
        let _ = (key, row);
        None
    }
}

/// Hands every read model to a macro, in the order of their names.
#[macro_export]
macro_rules! for_each_model {
    ($with:ident) => {
        $with! {
            $crate::models::alert::Alert,
            $crate::models::building::Building,
            $crate::models::checkpoint::Checkpoint,
            $crate::models::community::Community,
            $crate::models::coverage::Coverage,
            $crate::models::door::Door,
            $crate::models::estate::Estate,
            $crate::models::head::Head,
            $crate::models::household::Household,
            $crate::models::person::Person,
            $crate::models::post::Post,
            $crate::models::post::PersonalPost,
            $crate::models::quarantine::Quarantine,
            $crate::models::retracted::Retracted,
            $crate::models::round::Round,
            $crate::models::silence::Silence,
            $crate::models::staff::Staff,
            $crate::models::token::Token,
            $crate::models::watch::Watch,
        }
    };
}

/// The only row of its kind in a community.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Only;

impl RowKey for Only {
    fn parts(&self) -> Vec<Part> {
        Vec::new()
    }
}

macro_rules! text_keys {
    ($($id:ty),+) => {$(
        impl RowKey for $id {
            fn parts(&self) -> Vec<Part> { vec![Part::Text(self.as_str().to_owned())] }
        }
    )+};
}
text_keys!(
    BuildingId,
    domain::values::EstateId,
    domain::values::HouseholdId,
    domain::values::PersonId,
    domain::values::CheckpointId,
    domain::values::RoundId,
    domain::values::QuarantineId,
    domain::values::StaffId,
    domain::values::TokenId
);

impl RowKey for domain::alert::AlertId {
    fn parts(&self) -> Vec<Part> {
        vec![Part::Text(self.key_hash().to_string()), Part::U64(u64::from(self.group()))]
    }
}

impl RowKey for CommandId {
    fn parts(&self) -> Vec<Part> {
        vec![Part::Bytes(self.0.into_bytes().to_vec())]
    }
}
