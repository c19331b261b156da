//! What is known of a community.

use serde::{Deserialize, Serialize};

use super::policy::Policy;
use crate::values::{Slug, TownId, Zone};

/// What is known of a community.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// The town it belongs to.
    pub town: TownId,
    /// What the town is called.
    pub town_name: String,
    /// What it is called.
    pub name: String,
    /// IANA name of its zone.
    pub time_zone: String,
    /// Its parameters.
    pub policy: Policy,
    /// Counts restores of the log.
    pub epoch: u32,
}

impl State {
    /// Its zone. A founded community has a zone that exists.
    pub fn zone(&self) -> Zone {
        Zone::named(&self.time_zone).unwrap_or_default()
    }
}

/// The id of a community's own state among its entities.
pub fn own_id() -> Slug {
    static OWN: std::sync::LazyLock<Option<Slug>> = std::sync::LazyLock::new(|| "self".parse().ok());
    #[expect(clippy::expect_used, reason = "`self` is a slug")]
    OWN.clone().expect("`self` is a slug")
}
