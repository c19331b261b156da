//! Which alerts people are not to be told of now: silences as the log tells them.

use domain::{
    Commit, Evolve, Fact, alert,
    silence::{self, Silence},
    values::{CommandId, CommunityId, Timestamp},
};
use store::{Key, Store, Unit};

use crate::{error::AlertingError, rows::SILENCES};

/// Silences of a community read at once. Each lasts a day at most, so there are few that are not over.
const PAGE_ROWS: usize = 1000;

/// Folds what a commit says of silences, and lets go of those that were over when it was recorded.
pub(crate) fn fold(store: &Store, commit: &Commit, sequence: u64) -> Result<Vec<Unit>, AlertingError> {
    let header = &commit.header;
    let mut units = Vec::new();
    for (index, event) in (0..).zip(&commit.events) {
        for id in Silence::touched(event, header) {
            let key = key(&header.community, id);
            let row = store.folded::<silence::State>(SILENCES, &key)?;
            if !row.folds(sequence) {
                continue;
            }
            if let Some(state) = Silence::evolve(row.value, &id, &Fact { sequence, index, header, event }) {
                units.push(Unit::new(sequence).put(SILENCES, key, &state));
            }
        }
    }
    if !units.is_empty() {
        for (key, row) in store.scan::<silence::State>(SILENCES, &Key::community(header.community.as_str()).prefix(), None, PAGE_ROWS)? {
            if row.value.until <= header.recorded_at {
                units.push(Unit::new(sequence).delete(SILENCES, key));
            }
        }
    }
    Ok(units)
}

/// Whether an alert was silenced when something was recorded of it: by that time, so that a fold from the start says the same.
pub(crate) fn holds(store: &Store, community: &CommunityId, alert: &alert::State, recorded_at: Timestamp) -> Result<bool, AlertingError> {
    let silences = store.scan::<silence::State>(SILENCES, &Key::community(community.as_str()).prefix(), None, PAGE_ROWS)?;
    Ok(silences.iter().any(|(_, row)| row.value.holds_at(recorded_at) && row.value.is_about(alert)))
}

fn key(community: &CommunityId, id: CommandId) -> Key {
    Key::community(community.as_str()).text(&id.to_string())
}
