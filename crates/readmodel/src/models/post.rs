//! A post, a duty for a place at a level: who holds it, and who is on duty by its roster.
//!
//! Posts for a person, a household or an order lie apart from those of places: there may be one of each order, and whoever asks for the
//! duties of a community does not ask for them. Who keeps an order stands with the order.

use domain::{
    Event, Fact,
    responsibility::{Post as Kept, Scope, ScopeKind},
    values::Slug,
};
use serde::{Deserialize, Serialize};

use crate::{Part, ReadModel, RowKey};

/// What tells one post from another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key {
    /// What it is for.
    pub scope: Scope,
    /// Which duty.
    pub duty: Slug,
    /// 1 nearest to the door, 3 the town.
    pub level: u8,
}

/// A post.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Which.
    pub key: Key,
    /// Who holds it, and its roster: what escalation goes by too.
    pub post: Kept,
}

/// The read model of posts for places.
#[derive(Debug)]
pub struct Post;

/// The read model of posts for people, households and orders.
#[derive(Debug)]
pub struct PersonalPost;

impl RowKey for Key {
    fn parts(&self) -> Vec<Part> {
        vec![Part::U8(self.scope.kind.code()), Part::Text(self.scope.id.to_string()), Part::Text(self.duty.to_string()), Part::U8(self.level)]
    }
}

impl ReadModel for Post {
    const NAME: &'static str = "post";
    const VERSION: u32 = 1;
    type Key = Key;
    type Row = Row;

    fn keys(fact: &Fact<'_>) -> Vec<Key> {
        key_of(fact.event).into_iter().filter(|key| is_of_place(key.scope.kind)).collect()
    }

    fn evolve(row: Option<Row>, key: &Key, fact: &Fact<'_>) -> Option<Row> {
        Some(evolve(row, key, fact))
    }
}

impl ReadModel for PersonalPost {
    const NAME: &'static str = "post_personal";
    const VERSION: u32 = 1;
    type Key = Key;
    type Row = Row;

    fn keys(fact: &Fact<'_>) -> Vec<Key> {
        key_of(fact.event).into_iter().filter(|key| !is_of_place(key.scope.kind)).collect()
    }

    fn evolve(row: Option<Row>, key: &Key, fact: &Fact<'_>) -> Option<Row> {
        Some(evolve(row, key, fact))
    }
}

/// The post that an event is about.
fn key_of(event: &Event) -> Option<Key> {
    let (scope, duty, level) = match event {
        Event::ResponsibilityAssigned(event) => (&event.scope, &event.duty, event.level),
        Event::ResponsibilityReleased(event) => (&event.scope, &event.duty, event.level),
        Event::RosterPlanned(event) => (&event.scope, &event.duty, event.level),
        _ => return None,
    };
    Some(Key { scope: scope.clone(), duty: duty.clone(), level })
}

fn evolve(row: Option<Row>, key: &Key, fact: &Fact<'_>) -> Row {
    let mut row = row.unwrap_or_else(|| Row { key: key.clone(), post: Kept::default() });
    let said = (fact.sequence, fact.index);
    match fact.event {
        Event::ResponsibilityAssigned(event) => row.post.assigned(said, &event.staff, event.standing, (event.from, event.until)),
        Event::ResponsibilityReleased(event) => row.post.released(said, &event.staff, event.until),
        Event::RosterPlanned(event) => row.post.planned(said, &event.shifts),
        _ => {}
    }
    row
}

/// Whether a post for this kind of thing is one of a place.
pub const fn is_of_place(kind: ScopeKind) -> bool {
    match kind {
        ScopeKind::Community
        | ScopeKind::Area
        | ScopeKind::Estate
        | ScopeKind::Grid
        | ScopeKind::Building
        | ScopeKind::Unit
        | ScopeKind::Checkpoint
        | ScopeKind::Facility => true,
        ScopeKind::Household | ScopeKind::Person | ScopeKind::Quarantine => false,
    }
}
