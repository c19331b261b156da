//! The headline of a community: a sum over its buildings, checkpoints and alerts.

use domain::values::{CommunityId, RoundId, TownId};
use serde::{Deserialize, Serialize};

use super::{AlertCounts, CheckCounts, CoverageCount, Status, StatusRow, add_checks};

/// Coverage of the current round.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoundCoverage {
    /// The round.
    pub round: RoundId,
    /// Doors reached.
    pub reached: u32,
    /// Doors the round is about.
    pub total: u32,
}

/// The headline of a community.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommunityHeadline {
    /// The community.
    pub community: CommunityId,
    /// What it is called.
    pub name: String,
    /// Its town.
    pub town: TownId,
    /// What the town is called.
    pub town_name: String,
    /// IANA name of its zone.
    pub time_zone: String,
    /// The worst status of its buildings.
    pub status: Status,
    /// Buildings.
    pub buildings: u32,
    /// Doors.
    pub doors: u32,
    /// Households.
    pub households: u32,
    /// People who live or stay there now.
    pub people: u32,
    /// Coverage of the current round; nothing when there is none.
    pub coverage: Option<RoundCoverage>,
    /// People under an order.
    pub quarantined: u32,
    /// Owed checks.
    pub checks: CheckCounts,
    /// Open alerts.
    pub alerts: AlertCounts,
    /// Buildings whose report is missing.
    pub silent: u32,
    /// Entries at all checkpoints today.
    pub entries_today: u32,
    /// Sequence of the last commit of this community.
    pub sequence: u64,
}

/// What a headline sums, besides its buildings.
#[derive(Clone, Debug)]
pub struct HeadlineParts<'a> {
    /// The community.
    pub community: &'a CommunityId,
    /// What is known of it.
    pub state: &'a domain::community::State,
    /// The current round, and its coverage over the buildings it is about.
    pub round: Option<(RoundId, CoverageCount)>,
    /// Orders, checks and alerts that stand at no building of this community.
    pub elsewhere: Elsewhere,
    /// Entries today.
    pub entries_today: u32,
    /// Sequence of its last commit.
    pub sequence: u64,
}

/// What stands at no building: people in facilities and hospitals, alerts of checkpoints and of the community.
#[derive(Clone, Copy, Debug, Default)]
pub struct Elsewhere {
    /// People under an order.
    pub quarantined: u32,
    /// Their owed checks.
    pub checks: CheckCounts,
    /// Open alerts.
    pub alerts: AlertCounts,
}

/// The headline: a pure sum.
pub fn headline<'a>(parts: HeadlineParts<'_>, buildings: impl Iterator<Item = &'a StatusRow>) -> CommunityHeadline {
    let empty = CommunityHeadline {
        community: parts.community.clone(),
        name: parts.state.name.clone(),
        town: parts.state.town.clone(),
        town_name: parts.state.town_name.clone(),
        time_zone: parts.state.time_zone.clone(),
        status: elsewhere_status(&parts.elsewhere),
        buildings: 0,
        doors: 0,
        households: 0,
        people: 0,
        coverage: parts.round.map(|(round, count)| RoundCoverage { round, reached: count.reached, total: count.total }),
        quarantined: parts.elsewhere.quarantined,
        checks: parts.elsewhere.checks,
        alerts: parts.elsewhere.alerts,
        silent: 0,
        entries_today: parts.entries_today,
        sequence: parts.sequence,
    };
    let mut headline = buildings.fold(empty, |mut sum, row| {
        sum.status = sum.status.min(row.status);
        sum.buildings += 1;
        sum.doors += row.doors;
        sum.households += row.households;
        sum.people += row.people;
        sum.quarantined += row.quarantined;
        sum.checks = add_checks(sum.checks, row.checks);
        sum.alerts = sum.alerts.plus(row.alerts);
        sum.silent += u32::from(row.silent);
        sum
    });
    if headline.buildings == 0 {
        // nobody has said yet what there is: that nobody lives there is not known, nor that nothing else is the matter
        headline.status = headline.status.min(Status::Unknown);
    }
    headline
}

fn elsewhere_status(elsewhere: &Elsewhere) -> Status {
    if elsewhere.alerts.critical > 0 {
        Status::Critical
    } else if elsewhere.alerts.serious > 0 || elsewhere.checks.overdue > 0 {
        Status::Serious
    } else if elsewhere.quarantined > 0 {
        Status::Duty
    } else {
        Status::Vacant
    }
}
