//! Which alerts people are not to be told of now: silences as the log tells them.

use domain::{
    Commit, Evolve, Fact,
    silence::{self, Silence},
    values::{BuildingId, CommandId, CommunityId, DAY_MS, Slug, Timestamp},
};
use store::{Key, Row, Store, Unit};

use crate::{error::AlertingError, rows::SILENCES};

/// Silences read at once.
const PAGE_ROWS: usize = 1000;
/// How long a silence is kept after its end. A fold that begins again behind it asks what held then, and must be told the same.
const KEPT_MS: i64 = 7 * DAY_MS;

/// Folds what a commit says of silences, and lets go of those that had been over for long when it was recorded.
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
        for (key, row) in all(store, &header.community)? {
            if row.value.over_at().plus_ms(KEPT_MS) <= header.recorded_at {
                units.push(Unit::new(sequence).delete(SILENCES, key));
            }
        }
    }
    Ok(units)
}

/// Until when alerts of a kind about a building are silenced, if they were when something was recorded: by that time, so that a fold from
/// the start says the same.
pub(crate) fn until(
    store: &Store,
    community: &CommunityId,
    (kind, building): (&Slug, Option<&BuildingId>),
    recorded_at: Timestamp,
) -> Result<Option<Timestamp>, AlertingError> {
    let silences = all(store, community)?;
    let holding = silences.iter().map(|(_, row)| &row.value).filter(|silence| silence.holds_at(recorded_at) && silence.is_about(kind, building));
    Ok(holding.map(|silence| silence.until).max())
}

/// All silences of a community that are kept.
fn all(store: &Store, community: &CommunityId) -> Result<Vec<(Key, Row<silence::State>)>, AlertingError> {
    let (view, prefix) = (store.view()?, Key::community(community.as_str()).prefix());
    let mut silences: Vec<(Key, Row<silence::State>)> = Vec::new();
    loop {
        let page = view.scan(SILENCES, &prefix, silences.last().map(|(key, _)| key), PAGE_ROWS)?;
        let is_last = page.len() < PAGE_ROWS;
        silences.extend(page);
        if is_last {
            return Ok(silences);
        }
    }
}

fn key(community: &CommunityId, id: CommandId) -> Key {
    Key::community(community.as_str()).text(&id.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tempfile::TempDir;
    use testkit::World;

    use super::*;
    use crate::simulation::open;

    fn apply(store: &Store, world: &World, from: usize) {
        for (sequence, commit) in (1..).zip(world.commits()).skip(from) {
            store.apply(fold(store, commit, sequence).unwrap()).unwrap();
        }
    }

    #[test]
    fn what_is_silenced_follows_from_the_log_and_what_is_over_is_let_go_of() {
        let mut world = World::settled();
        let silence = |change: serde_json::Value| {
            let mut data = json!({"until": "2020-02-06T20:00:00+08:00", "reason": "停电"});
            data.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            data
        };
        let kind = world.record("alert.silence", silence(json!({"kind": "building_silent"})), "2020-02-06T10:00");
        world.record("alert.silence", silence(json!({"kind": "fever", "building": "b07"})), "2020-02-06T10:00");
        let dir = TempDir::new().unwrap();
        let store = open(&dir);
        apply(&store, &world, 0);
        let community = world.community_id().clone();
        let slug = |rule: &str| rule.parse().unwrap();
        let silenced = |store: &Store, rule, building: &str, at| {
            until(store, &community, (&slug(rule), Some(&building.parse().unwrap())), World::time(at)).unwrap().is_some()
        };
        for (rule, building, at, expected) in [
            ("building_silent", "b07", "2020-02-06T12:00", true),
            ("building_silent", "b08", "2020-02-06T12:00", true),
            ("fever", "b07", "2020-02-06T12:00", true),
            ("fever", "b08", "2020-02-06T12:00", false),
            ("symptom", "b07", "2020-02-06T12:00", false),
            ("fever", "b07", "2020-02-06T09:59", false),
            ("fever", "b07", "2020-02-06T20:00", false),
        ] {
            assert_eq!(silenced(&store, rule, building, at), expected, "{rule} {building} {at}");
        }
        let folded = world.commits().len();
        world.record("alert.unsilence", json!({"silence": kind.to_string()}), "2020-02-06T13:00");
        apply(&store, &world, folded);
        assert!(!silenced(&store, "building_silent", "b07", "2020-02-06T14:00"), "ended by hand");
        assert!(silenced(&store, "building_silent", "b07", "2020-02-06T12:59"), "and not before");
        let rows = |store: &Store| all(store, &community).unwrap();
        for (day, kept) in [("07", 3), ("13", 3), ("20", 2)] {
            let folded = world.commits().len();
            let until = format!("2020-02-{day}T20:00:00+08:00");
            world.record("alert.silence", silence(json!({"kind": "symptom", "until": until})), &format!("2020-02-{day}T19:00"));
            apply(&store, &world, folded);
            assert_eq!(rows(&store).len(), kept, "on the {day}th");
        }
        // a fold from the start, and the same again, say the same
        let other = TempDir::new().unwrap();
        let fresh = open(&other);
        apply(&fresh, &world, 0);
        apply(&fresh, &world, 0);
        let states = |store: &Store| rows(store).into_iter().map(|(key, row)| (key, row.value)).collect::<Vec<_>>();
        assert_eq!(states(&fresh), states(&store));
    }
}
