//! Which alerts people are not to be told of now: silences as the log tells them.

use std::{collections::HashMap, time::Duration};

use domain::{
    Commit, Evolve, Fact,
    alert::{self, AlertId},
    silence::{self, Silence},
    values::{BuildingId, CommandId, CommunityId, DAY_MS, Slug, Timestamp},
};
use store::{Key, Row, Store, Unit};

use crate::{
    error::{AlertingError, chain},
    readiness::Readiness,
    rows::{ALERTS, SILENCES, alert_key},
};

/// Silences read at once.
const PAGE_ROWS: usize = 1000;
/// How long a silence is kept after its end. A fold that begins again behind it asks what held then, and must be told the same.
const KEPT_MS: i64 = 7 * DAY_MS;
/// Longest that a delivery waits for an answer, in real time; then it goes by what it knows.
const ANSWER_WAIT: Duration = Duration::from_secs(2);

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
    Ok(until_of(&all(store, community)?, (kind, building), recorded_at))
}

fn until_of(silences: &[(Key, Row<silence::State>)], (kind, building): (&Slug, Option<&BuildingId>), at: Timestamp) -> Option<Timestamp> {
    let holding = silences.iter().map(|(_, row)| &row.value).filter(|silence| silence.holds_at(at) && silence.is_about(kind, building));
    holding.map(|silence| silence.until).max()
}

/// Who can be asked whether an alert is silenced now: alerting's store, while it has folded all that the log tells.
#[derive(Clone)]
pub struct Silences {
    store: Store,
    readiness: Readiness,
}

impl Silences {
    pub(crate) fn new(store: Store, readiness: Readiness) -> Self {
        Self { store, readiness }
    }

    /// Until when each of these alerts is silenced at `now`. Of one that is not known here nothing is said, nor of any while the log is not
    /// folded to its head or the store does not answer: people are told too much rather than too little.
    pub(crate) async fn of(&self, alerts: Vec<(CommunityId, String)>, now: Timestamp) -> delivery::Silences {
        if alerts.is_empty() || !self.readiness.is_judging() {
            return delivery::Silences::new();
        }
        let store = self.store.clone();
        let looked = tokio::task::spawn_blocking(move || answers(&store, alerts, now));
        let why = match tokio::time::timeout(ANSWER_WAIT, looked).await {
            Ok(Ok(Ok(answers))) => return answers,
            Ok(Ok(Err(error))) => chain(&error),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer in time".to_owned(),
        };
        tracing::warn!(%why, "silences cannot be looked up: people are told by what was last known of them");
        delivery::Silences::new()
    }
}

fn answers(store: &Store, alerts: Vec<(CommunityId, String)>, now: Timestamp) -> Result<delivery::Silences, AlertingError> {
    let mut of_community = HashMap::new();
    let mut answers = delivery::Silences::new();
    for (community, alert) in alerts {
        let Ok(id) = alert.parse::<AlertId>() else { continue };
        let Some(state) = store.get::<alert::State>(ALERTS, &alert_key(&community, id.key_hash()))?.map(|row| row.value) else { continue };
        let silences = match of_community.get(&community) {
            Some(silences) => silences,
            None => of_community.entry(community.clone()).or_insert(all(store, &community)?),
        };
        answers.insert(alert, until_of(silences, (&state.key.rule, state.occurrence.place.building.as_ref()), now));
    }
    Ok(answers)
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
