//! Tables and keys of the service's own store. All of it is a fold of the log and can be deleted.

use domain::{
    alert::{Key as AlertKey, KeyHash},
    log::LogPosition,
    values::{CommunityId, Slug, Timestamp},
};
use rules::{Scope, ScopeKind, escalation::PartKey};
use serde::{Deserialize, Serialize};
use store::{Key, KeyMismatch, PARKED, Prefix, Table};

use crate::{memories, publish::Named, runner::Runners};

/// Name, zone and policy of every community.
pub(crate) const COMMUNITIES: Table = Table::new("communities", 3);
/// Every alert key as the log tells it.
pub(crate) const ALERTS: Table = Table::new("alerts", 4);
/// Alert keys that are open or acknowledged.
pub(crate) const ACTIVE: Table = Table::new("active", 2);
/// Likewise, of alerts that say what medicine found: heartbeats do not count them.
pub(crate) const ACTIVE_OF_FINDINGS: Table = Table::new("active_of_findings", 1);
/// Who has which duty, by what they are for.
pub(crate) const DUTIES: Table = Table::new("duties", 1);
/// When each scope is to be judged next, by that time, over all communities.
pub(crate) const DUE: Table = Table::new("due", 1);
/// The rounds of every community.
pub(crate) const ROUNDS: Table = Table::new("rounds", 1);
/// Rules of communities by which every scope of a kind is to be judged anew, and how far that came.
pub(crate) const JOBS: Table = Table::new("jobs", 3);
/// Messages for outsiders, by the place in the log that they come from.
pub(crate) const OUTBOX: Table = Table::new("outbox", 5);
/// Messages for the public, likewise.
pub(crate) const OUTBOX_PUBLIC: Table = Table::new("outbox_public", 2);
/// Messages that are to name people, likewise: the names are sealed.
pub(crate) const OUTBOX_FULL: Table = Table::new("outbox_full", 1);
/// Messages about nudges, likewise.
pub(crate) const OUTBOX_NUDGES: Table = Table::new("outbox_nudges", 1);
/// The sealed files of people.
pub(crate) const NAMES: Table = Table::new("names", 1);
/// Open alerts of every community by kind and severity, as the public is told of them.
pub(crate) const COUNTS: Table = Table::new("counts", 2);
/// Silences that are not over yet, by the command that began each.
pub(crate) const SILENCES: Table = Table::new("silences", 1);
/// The last message that was taken out of the outbox because it was told: one row.
pub(crate) const DROPPED: Table = Table::new("dropped", 1);
/// The last message that names people, likewise: one row.
pub(crate) const DROPPED_FULL: Table = Table::new("dropped_full", 1);
/// The last message for the public, likewise: one row.
pub(crate) const DROPPED_PUBLIC: Table = Table::new("dropped_public", 1);
/// The last message about a nudge, likewise: one row.
pub(crate) const DROPPED_NUDGES: Table = Table::new("dropped_nudges", 1);

/// The tables of the service's store. With a rule of another version everything starts empty: the log is folded anew.
pub fn tables() -> Vec<Table> {
    let outboxes = [OUTBOX, OUTBOX_FULL, OUTBOX_PUBLIC, OUTBOX_NUDGES, DROPPED, DROPPED_FULL, DROPPED_PUBLIC, DROPPED_NUDGES];
    let own = [COMMUNITIES, ROUNDS, ALERTS, ACTIVE, ACTIVE_OF_FINDINGS, NAMES, COUNTS, DUTIES, DUE, JOBS, SILENCES, PARKED].into_iter().chain(outboxes);
    own.chain([memories::table(&Runners::all())]).collect()
}

/// One scope of one rule in one community: what is judged.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Target {
    pub(crate) community: CommunityId,
    pub(crate) rule: Slug,
    pub(crate) scope: Scope,
}

impl Target {
    /// Its entry in the index by time.
    pub(crate) fn due_key(&self, at: Timestamp) -> Key {
        scope_parts(Key::deployment().i64(at.0).text(self.community.as_str()).text(self.rule.as_str()), &self.scope)
    }

    /// The entry of an index key.
    pub(crate) fn of_due_key(key: &Key) -> Result<(Timestamp, Self), KeyMismatch> {
        let mut parts = key.read();
        parts.deployment()?;
        let at = Timestamp(parts.i64()?);
        let community = parts.text()?.parse().map_err(|_| KeyMismatch)?;
        let rule = parts.text()?.parse().map_err(|_| KeyMismatch)?;
        let scope = read_scope(&parts.text()?, &parts.text()?)?;
        parts.end()?;
        Ok((at, Self { community, rule, scope }))
    }
}

/// Where the memory of a scope lies.
pub(crate) fn memory_key(community: &CommunityId, scope: &Scope) -> Key {
    scope_parts(Key::community(community.as_str()), scope)
}

/// Where the memories of all scopes of a kind lie.
pub(crate) fn memories_of(community: &CommunityId, kind: ScopeKind) -> Prefix {
    Key::community(community.as_str()).text(kind.word()).prefix()
}

/// The scope of a memory's key.
pub(crate) fn scope_of_memory_key(key: &Key) -> Result<Scope, KeyMismatch> {
    let mut parts = key.read();
    parts.community()?;
    let scope = read_scope(&parts.text()?, &parts.text()?)?;
    parts.end()?;
    Ok(scope)
}

/// Where the job of judging the scopes of a kind anew by a rule lies.
pub(crate) fn job_key(community: &CommunityId, rule: &Slug, kind: ScopeKind) -> Key {
    Key::community(community.as_str()).text(rule.as_str()).text(kind.word())
}

/// The community, the rule and the kind of a job.
pub(crate) fn of_job_key(key: &Key) -> Result<(CommunityId, Slug, ScopeKind), KeyMismatch> {
    let mut parts = key.read();
    let community = parts.community()?.parse().map_err(|_| KeyMismatch)?;
    let rule = parts.text()?.parse().map_err(|_| KeyMismatch)?;
    let kind = ScopeKind::from_word(&parts.text()?).ok_or(KeyMismatch)?;
    parts.end()?;
    Ok((community, rule, kind))
}

/// Where it stands that an alert of a key is open or acknowledged.
pub(crate) fn active_of(key: &AlertKey) -> Table {
    if key.tells_a_finding() { ACTIVE_OF_FINDINGS } else { ACTIVE }
}

/// Where the state of an alert key lies.
pub(crate) fn alert_key(community: &CommunityId, hash: &KeyHash) -> Key {
    Key::community(community.as_str()).text(&hash.to_string())
}

/// The alert of a key, as it is judged; nothing for a kind of scope that this program does not know.
pub(crate) fn target_of(community: &CommunityId, key: &AlertKey) -> Option<Target> {
    let kind = ScopeKind::from_word(key.subject_kind.as_str())?;
    Some(Target { community: community.clone(), rule: key.rule.clone(), scope: Scope { kind, id: key.subject_id.clone() } })
}

/// Where a part of the duties of a community lies.
pub(crate) fn duties_key(community: &CommunityId, part: &PartKey) -> Key {
    let key = Key::community(community.as_str());
    match part {
        PartKey::Post { scope, level, duty } => key.text("post").text(scope.kind.word()).text(scope.id.as_str()).u64(u64::from(*level)).text(duty.as_str()),
        PartKey::Staff(staff) => key.text("staff").text(staff.as_str()),
        PartKey::Building(building) => key.text("building").text(building.as_str()),
        PartKey::Estate(estate) => key.text("estate").text(estate.as_str()),
        PartKey::Person(person) => key.text("person").text(person.as_str()),
    }
}

/// Where a message lies: the sequence of its commit, and its place in that commit.
pub(crate) fn outbox_key(sequence: u64, index: u16) -> Key {
    Key::deployment().u64(sequence).u64(u64::from(index))
}

/// Where the one row of [`DROPPED`] and its like lies.
pub(crate) fn dropped_key() -> Key {
    Key::deployment()
}

fn scope_parts(key: Key, scope: &Scope) -> Key {
    key.text(scope.kind.word()).text(scope.id.as_str())
}

fn read_scope(kind: &str, id: &str) -> Result<Scope, KeyMismatch> {
    let kind = ScopeKind::from_word(kind).ok_or(KeyMismatch)?;
    Scope::of(kind, id).ok_or(KeyMismatch)
}

/// How far judging the scopes of a kind anew by one rule has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Job {
    /// Id of the last scope that was woken.
    pub(crate) after: Option<String>,
}

/// A message for outsiders, built and waiting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Waiting {
    pub(crate) subject: String,
    pub(crate) payload: Vec<u8>,
    /// The commit that it comes from.
    pub(crate) source: LogPosition,
    /// When that was recorded.
    pub(crate) recorded_at: Timestamp,
    /// Whose name is to be in it, of a class that names people.
    pub(crate) named: Option<Named>,
}

/// What is no longer in the outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Dropped {
    /// Sequence of the log that the last of it comes from.
    pub(crate) sequence: u64,
    /// When the youngest of it was recorded.
    pub(crate) recorded_at: Timestamp,
}
