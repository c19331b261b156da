//! Whose turn an alert is, as its own events tell it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Change, Escalated, Gap, LEVEL_MAX, Owner, Severity, Share, Why};
use crate::{
    Header,
    commit::Role,
    values::{Slug, StaffId, Timestamp},
};

/// What a level was told last in this episode.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// Whose turn it is there.
    pub owners: Vec<Owner>,
    /// Who else was told something.
    pub informed: Vec<Owner>,
    /// Posts that nobody holds.
    pub gaps: Vec<Gap>,
    /// Why it is their turn.
    pub why: Why,
    /// Since when it is their turn.
    pub since: Timestamp,
}

/// Somebody asked that it go up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requested {
    /// To which level.
    pub level: u8,
    /// When.
    pub at: Timestamp,
}

/// It was given to somebody by hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GivenTo {
    /// At which level.
    pub level: u8,
    /// To whom.
    pub staff: StaffId,
    /// When.
    pub at: Timestamp,
}

/// Somebody of level 1 has seen a critical alert. That stops nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// The token.
    pub actor: Slug,
    /// When.
    pub at: Timestamp,
}

/// Whose turn an alert is, in its present episode.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Turn {
    /// Since when the episode is open.
    pub opened_at: Timestamp,
    /// Since when it is critical, if it ever was.
    pub critical_since: Option<Timestamp>,
    /// What was told, by level.
    pub told: BTreeMap<u8, Told>,
    /// A level that somebody asked for and that was not told yet.
    pub requested: Option<Requested>,
    /// Who was given it by hand last.
    pub given_to: Option<GivenTo>,
    /// Who has seen it last, where seeing is all they can do.
    pub seen: Option<Seen>,
    /// When the time was over until which somebody had it: it could not go up before.
    pub freed_at: Option<Timestamp>,
    /// When it goes up next, as the last escalation said.
    pub due_at: Option<Timestamp>,
}

/// The level that somebody acts for, by the role of their token: their acknowledgement stops that level and those above.
pub const fn level_of(role: Role) -> u8 {
    match role {
        Role::Command => 3,
        Role::Admin | Role::Office => 2,
        Role::Grid | Role::Leader | Role::Nurse | Role::Gate | Role::Viewer | Role::Service => 1,
    }
}

/// Whether an acknowledgement says no more than *seen*: level 1 cannot stop the chain of a critical alert, except for the nurse
/// (alerting.md).
pub fn is_only_seen(role: Role, severity_peak: Severity) -> bool {
    severity_peak == Severity::Critical && level_of(role) == 1 && role != Role::Nurse
}

impl Turn {
    /// The turn of an episode that begins.
    pub fn begun(severity: Severity, header: &Header) -> Self {
        Self { opened_at: header.recorded_at, ..Self::default() }.worsened(severity, header)
    }

    /// After a judgement of this severity.
    #[must_use]
    pub fn worsened(self, severity: Severity, header: &Header) -> Self {
        let critical_since = self.critical_since.or((severity == Severity::Critical).then_some(header.recorded_at));
        Self { critical_since, ..self }
    }

    /// In another building: what was vacant where it was says nothing of where it is, and is told anew.
    #[must_use]
    pub(super) fn moved(mut self) -> Self {
        self.told.values_mut().for_each(|told| told.gaps.clear());
        self
    }

    /// The highest level that was told; none at the beginning.
    pub fn level(&self) -> Option<u8> {
        self.told.keys().next_back().copied()
    }

    /// What the highest level was told.
    pub fn latest(&self) -> Option<(u8, &Told)> {
        self.told.last_key_value().map(|(level, told)| (*level, told))
    }

    /// Posts of the chain that nobody holds, as far as it has come.
    pub fn gaps(&self) -> Vec<Gap> {
        let gaps: BTreeSet<&Gap> = self.told.values().flat_map(|told| &told.gaps).collect();
        gaps.into_iter().cloned().collect()
    }

    /// The level above the one it is at, or was asked to go to; none at the top.
    pub fn level_above(&self) -> Option<u8> {
        let at = self.level().into_iter().chain(self.requested.map(|requested| requested.level)).max().unwrap_or(1);
        (at < LEVEL_MAX).then_some(at + 1)
    }

    /// After one more thing that is about whose turn it is.
    pub(super) fn after(mut self, change: Change<'_>, header: &Header) -> Self {
        match change {
            Change::Escalated(escalated) => self.escalated(escalated),
            Change::EscalationRequested { level } => self.requested = Some(Requested { level, at: header.recorded_at }),
            Change::Assigned { level, staff } => {
                let owner = Owner { staff: staff.clone(), duty: None, standing: None, share: Share::Everything };
                let before = self.told.remove(&level);
                let (informed, gaps) = before.map_or_else(Default::default, |told| (told.informed, told.gaps));
                self.told.insert(level, Told { owners: vec![owner], informed, gaps, why: Why::ByHand, since: header.recorded_at });
                self.given_to = Some(GivenTo { level, staff: staff.clone(), at: header.recorded_at });
            }
            Change::Raised { .. }
            | Change::Updated(_)
            | Change::Upgraded(_)
            | Change::Reopened { .. }
            | Change::Acknowledged { .. }
            | Change::Noted(_)
            | Change::RecoveryStarted(_)
            | Change::Resolved(_)
            | Change::Closed { .. } => {}
        }
        self
    }

    fn escalated(&mut self, escalated: &Escalated) {
        let Escalated { level, owners, informed, gaps, why, since, due_at, .. } = escalated;
        // whoever was told at a level that is vacant now does not have it any more
        self.told.retain(|told, _| told == level || !gaps.iter().any(|gap| gap.level == *told));
        // and what was vacant here is not so any more
        for told in self.told.values_mut() {
            told.gaps.retain(|gap| gap.level != *level || gaps.contains(gap));
        }
        self.requested = self.requested.filter(|requested| requested.level > *level);
        self.told.insert(*level, Told { owners: owners.clone(), informed: informed.clone(), gaps: gaps.clone(), why: *why, since: *since });
        self.due_at = *due_at;
    }
}
