//! What is known when a command is decided: the state of every entity the log has told of so far.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    Commit, Event, Evolve, Fact, Header, absence, access, alert, building, checkpoint, community, estate, household, nudge, person, quarantine, record,
    responsibility, roster, round, silence, staff,
    values::{BuildingId, CheckpointId, CommandId, EstateId, HouseholdId, PersonId, QuarantineId, RoundId, Slug, StaffId, TokenId},
};

/// A look at the states of one community, committed and decided-but-not-yet-committed alike.
pub trait Known {
    /// The state of an entity, if there is one.
    fn entity(&self, key: &EntityKey) -> Option<Entity>;

    /// The decision of a command, if it was recorded: a retraction repeats the facts that it takes back.
    fn decision(&self, command: CommandId) -> Option<Arc<Commit>>;
}

macro_rules! entities {
    ($($(#[$meta:meta])* $variant:ident / $getter:ident ($aggregate:ty, $id:ty, $state:ty) = $code:literal),+ $(,)?) => {
        /// Names one entity of a community.
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum EntityKey { $($(#[$meta])* $variant($id)),+ }

        /// What is known of one entity. Kept in intake's store, never on the log.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        pub enum Entity { $($(#[$meta])* $variant(Arc<$state>)),+ }

        impl EntityKey {
            /// A number per kind, for store keys.
            pub const fn kind(&self) -> u8 {
                match self { $(Self::$variant(_) => $code),+ }
            }

            /// The id within its kind, for store keys.
            pub fn id(&self) -> String {
                match self { $(Self::$variant(id) => id.to_string()),+ }
            }
        }

        impl dyn Known + '_ {
            $(/// The state of this kind of entity.
            pub fn $getter(&self, id: &$id) -> Option<Arc<$state>> {
                match self.entity(&EntityKey::$variant(id.clone())) {
                    Some(Entity::$variant(state)) => Some(state),
                    _ => None,
                }
            })+
        }

        /// Every entity that an event changes.
        pub fn touched(event: &Event, header: &Header) -> Vec<EntityKey> {
            let mut keys = Vec::new();
            $(keys.extend(<$aggregate as Evolve>::touched(event, header).into_iter().map(EntityKey::$variant));)+
            keys
        }

        /// The state of an entity after one more fact.
        pub fn evolve(entity: Option<Entity>, key: &EntityKey, fact: &Fact<'_>) -> Option<Entity> {
            match key {
                $(EntityKey::$variant(id) => {
                    let state = match entity {
                        Some(Entity::$variant(state)) => Some(Arc::unwrap_or_clone(state)),
                        _ => None,
                    };
                    <$aggregate as Evolve>::evolve(state, id, fact).map(|state| Entity::$variant(Arc::new(state)))
                })+
            }
        }
    };
}

entities! {
    /// The community itself; the id is always `self`.
    Community / community_state (community::Community, Slug, community::State) = 1,
    /// An estate.
    Estate / estate (estate::Estate, EstateId, estate::State) = 2,
    /// A building.
    Building / building (building::Building, BuildingId, building::State) = 3,
    /// The file of a door.
    Household / household (household::Household, HouseholdId, household::State) = 4,
    /// A person.
    Person / person (person::Person, PersonId, person::State) = 5,
    /// Somebody who works here.
    Staff / staff (staff::Staff, StaffId, staff::State) = 6,
    /// A named responsibility.
    Responsibility / responsibility (responsibility::Responsibility, responsibility::Id, responsibility::State) = 7,
    /// A checkpoint.
    Checkpoint / checkpoint (checkpoint::Checkpoint, CheckpointId, checkpoint::State) = 8,
    /// An entry that waits to be settled.
    Entry / entry (checkpoint::Entry, CommandId, checkpoint::EntryState) = 9,
    /// A round.
    Round / round (round::Round, RoundId, round::State) = 10,
    /// A quarantine order.
    Quarantine / quarantine (quarantine::Quarantine, QuarantineId, quarantine::State) = 11,
    /// An alert, by the hash of its key.
    Alert / alert (alert::Alert, alert::KeyHash, alert::State) = 12,
    /// A command that was recorded.
    Record / record (record::Record, CommandId, record::State) = 13,
    /// A token.
    Token / token (access::Access, TokenId, access::State) = 14,
    /// Who is on duty when.
    Roster / roster (roster::Roster, roster::Id, roster::State) = 15,
    /// A time for which somebody is away.
    Absence / absence (absence::Absence, absence::Id, absence::State) = 16,
    /// A silence, by the command that began it.
    Silence / silence (silence::Silence, CommandId, silence::State) = 20,
    /// The nudges of a building.
    Nudge / nudge (nudge::Nudge, BuildingId, nudge::State) = 21,
    /// The people of a household.
    Residents / residents (household::Residents, HouseholdId, household::ResidentsState) = 22,
    /// What checks of an order found of where they are.
    Sightings / sightings (quarantine::Sightings, QuarantineId, quarantine::SightingsState) = 23,
}

impl dyn Known + '_ {
    /// The community's own state.
    pub fn community(&self) -> Option<Arc<community::State>> {
        self.community_state(&community::own_id())
    }
}
