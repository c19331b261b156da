//! A silence that holds now.

use domain::{
    Role,
    alert::Kind,
    silence,
    values::{BuildingId, CommandId, Slug, StaffId, Timestamp},
};
use serde::{Deserialize, Serialize};

use super::{
    Veiled, Veils,
    alert::{REASONS, do_not_go_up},
};
use crate::models::silence::Row;

/// A silence that holds now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SilenceItem {
    /// The command that began it: what `alert.unsilence` names.
    pub silence: CommandId,
    /// The kind of alerts, [`DO_NOT_GO_UP`](domain::alert::DO_NOT_GO_UP) where why is left out; every kind when absent.
    pub kind: Option<Slug>,
    /// The building; every building when absent.
    pub building: Option<BuildingId>,
    /// What that building is called.
    pub building_name: Option<String>,
    /// Since when, by our clock.
    pub since: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// The token that asked.
    pub actor: Slug,
    /// Who did it.
    pub by: Vec<StaffId>,
    /// Why.
    pub private: Veiled,
    /// What is left out for this caller, whether there is any or not: `reasons`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub without: Vec<String>,
    /// Sequence of the last commit in it.
    pub sequence: u64,
}

impl Veils for SilenceItem {
    fn each_veiled(&mut self, visit: &mut dyn FnMut(&mut Veiled)) {
        visit(&mut self.private);
    }
}

impl SilenceItem {
    /// As somebody in a role may know of it: to whom alerts of whoever may be ill do not say why, their silences do not either.
    #[must_use]
    pub fn as_seen_by(self, role: Role) -> Self {
        if !is_without_reasons(self.kind.as_ref(), role) {
            return self;
        }
        Self { kind: self.kind.map(|_| do_not_go_up()), private: Veiled::Nothing, without: vec![REASONS.to_owned()], ..self }
    }
}

/// Whether somebody is not shown what a silence is of, nor its reason: a leader, where it is one of alerts of whoever may be ill. One of every kind is, too.
fn is_without_reasons(kind: Option<&Slug>, role: Role) -> bool {
    role == Role::Leader && kind.is_none_or(|kind| Kind::is_of_illness(kind.as_str()))
}

/// The beginning of a silence as somebody in a role may know of it.
pub fn silence_started_as_seen_by(started: silence::Started, role: Role) -> silence::Started {
    if !is_without_reasons(started.kind.as_ref(), role) {
        return started;
    }
    silence::Started { kind: started.kind.map(|_| do_not_go_up()), private: None, ..started }
}

/// A silence at `now`, of a building with this name; nothing when it does not hold then.
pub fn silence_item(row: &Row, building_name: Option<String>, sequence: u64, now: Timestamp) -> Option<SilenceItem> {
    let silence::State { kind, building, since, until, .. } = &row.state;
    row.state.holds_at(now).then(|| SilenceItem {
        silence: row.silence,
        kind: kind.clone(),
        building: building.clone(),
        building_name,
        since: *since,
        until: *until,
        actor: row.actor.clone(),
        by: row.by.clone(),
        private: row.private.as_ref().into(),
        without: Vec::new(),
        sequence,
    })
}
