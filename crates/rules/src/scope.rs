//! What a rule looks at: one person, one household, one order, one building.

use std::fmt;

use domain::values::{BuildingId, HouseholdId, PersonId, QuarantineId, Slug, Subject};

/// What kind of thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ScopeKind {
    /// A registered person.
    Person,
    /// Somebody without a file, by the reference a client chose.
    Unregistered,
    /// A household.
    Household,
    /// A quarantine order.
    Quarantine,
    /// A building.
    Building,
}

impl ScopeKind {
    /// Every kind.
    pub const ALL: &'static [Self] = &[Self::Person, Self::Unregistered, Self::Household, Self::Quarantine, Self::Building];

    /// The word in alert keys.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Unregistered => "unregistered",
            Self::Household => "household",
            Self::Quarantine => "quarantine",
            Self::Building => "building",
        }
    }

    /// The kind of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.word() == word)
    }
}

/// One thing a rule looks at: the subject of its alert.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Scope {
    /// What kind of thing.
    pub kind: ScopeKind,
    /// Which.
    pub id: Slug,
}

impl Scope {
    /// A thing by the text of its id; nothing when that is not a slug, which ids of ours always are.
    pub fn of(kind: ScopeKind, id: &str) -> Option<Self> {
        id.parse().ok().map(|id| Self { kind, id })
    }

    /// A person or somebody without a file; nothing when a record names nobody.
    pub fn subject(who: &Subject) -> Option<Self> {
        match (&who.person, &who.unregistered) {
            (Some(person), _) => Some(Self::person(person)),
            (None, Some(reference)) => Some(Self { kind: ScopeKind::Unregistered, id: reference.clone() }),
            (None, None) => None,
        }
    }

    /// A registered person.
    pub fn person(person: &PersonId) -> Self {
        Self { kind: ScopeKind::Person, id: person.slug().clone() }
    }

    /// A household.
    pub fn household(household: &HouseholdId) -> Self {
        Self { kind: ScopeKind::Household, id: household.slug().clone() }
    }

    /// A quarantine order.
    pub fn quarantine(quarantine: &QuarantineId) -> Self {
        Self { kind: ScopeKind::Quarantine, id: quarantine.slug().clone() }
    }

    /// A building.
    pub fn building(building: &BuildingId) -> Self {
        Self { kind: ScopeKind::Building, id: building.slug().clone() }
    }

    /// The subject of an alert about a person; nothing for other kinds.
    pub fn to_subject(&self) -> Option<Subject> {
        match self.kind {
            ScopeKind::Person => Some(Subject::person(PersonId::from(self.id.clone()))),
            ScopeKind::Unregistered => Some(Subject { person: None, unregistered: Some(self.id.clone()) }),
            ScopeKind::Household | ScopeKind::Quarantine | ScopeKind::Building => None,
        }
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.kind.word(), self.id)
    }
}
