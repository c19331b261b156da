//! What is known of a quarantine order, as far as decisions need it. Checks are not among it: see [`super::Sightings`].

use serde::{Deserialize, Serialize};

use super::Kind;
use crate::{
    obligation::Order,
    values::{PersonId, Place, Slug},
};

/// What is known of a quarantine order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Who.
    pub person: PersonId,
    /// What kind.
    pub kind: Kind,
    /// Where.
    pub place: Place,
    /// Where, elsewhere.
    pub facility: Option<Slug>,
    /// Which room there.
    pub room: Option<String>,
    /// What it owes.
    pub order: Order,
}
