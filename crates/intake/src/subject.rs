//! Where a decision lies on the log: `ev.{partition}.{community}.{building|_}.{aggregate}.{id}`.
//!
//! The number of subjects grows with what exists, never with what happens: a visit is an event of its household, an entry of its
//! checkpoint. The building stands only where it is fixed for life. A decision about several entities lies on the first one's. A
//! roster lies under its duty: what a duty is for may be written in any letters.

use domain::{
    Commit, Event, access,
    alert::Alert,
    building, estate, household, nudge, round, silence, staff,
    values::{Place, Subject},
};

/// The one partition to start with; the token leaves room for more.
const PARTITION: u32 = 0;

/// The subject of a decision.
pub(crate) fn of(commit: &Commit) -> String {
    let (building, aggregate, id) = commit.events.first().map_or_else(|| ("_".to_owned(), "community", "self".to_owned()), entity);
    format!("ev.{PARTITION}.{}.{building}.{aggregate}.{id}", commit.header.community)
}

fn entity(event: &Event) -> (String, &'static str, String) {
    match event {
        Event::CommunityFounded(_)
        | Event::CommunityRenamed(_)
        | Event::PolicyChanged(_)
        | Event::PolicyChangedV2(_)
        | Event::PolicyChangedV3(_)
        | Event::HistoryRestored(_) => community(),
        Event::EstateRegistered(estate::Registered { estate, .. }) | Event::EstateRenamed(estate::Renamed { estate, .. }) => elsewhere("estate", estate),
        Event::EstateGovernanceChanged(event) => elsewhere("estate", &event.estate),
        Event::BuildingRegistered(building::Registered { building, .. }) | Event::BuildingRenamed(building::Renamed { building, .. }) => of_building(building),
        Event::BuildingKindChanged(event) => of_building(&event.building),
        Event::BuildingRegrouped(building::Regrouped { building, .. }) | Event::ReportNudged(nudge::Nudged { building, .. }) => of_building(building),
        Event::BuildingUnitsChanged(event) => of_building(&event.building),
        Event::BuildingAddressCorrected(event) => of_building(&event.building),
        Event::BuildingReported(event) => event.scopes.first().map_or_else(community, |scope| of_building(&scope.building)),
        Event::HouseholdRegistered(household::Registered { place, .. }) | Event::HouseholdExposed(household::Exposed { place, .. }) => door(place),
        Event::HouseholdDoorCorrected(event) => door(&event.to),
        Event::HouseholdFileCorrected(event) => door(&event.place),
        Event::VisitRecorded(event) => door(&event.place),
        Event::PersonRegistered(event) => elsewhere("person", &event.person),
        Event::PersonIdentityCorrected(event) => elsewhere("person", &event.person),
        Event::PersonCategoriesChanged(event) => elsewhere("person", &event.person),
        Event::ResidenceStarted(event) => elsewhere("person", &event.person),
        Event::ResidenceEnded(event) => elsewhere("person", &event.person),
        Event::StaffRegistered(staff::Registered { staff, .. }) | Event::StaffFileCorrected(staff::FileCorrected { staff, .. }) => elsewhere("staff", staff),
        Event::StaffRolesChanged(event) => elsewhere("staff", &event.staff),
        Event::ResponsibilityAssigned(event) => elsewhere("staff", &event.staff),
        Event::ResponsibilityReleased(event) => elsewhere("staff", &event.staff),
        Event::RosterPlanned(event) => elsewhere("roster", &event.duty),
        Event::StaffAbsenceDeclared(event) => elsewhere("staff", &event.staff),
        Event::CheckpointOpened(event) => elsewhere("checkpoint", &event.checkpoint),
        Event::CheckpointRenamed(event) => elsewhere("checkpoint", &event.checkpoint),
        Event::CheckpointReassigned(event) => elsewhere("checkpoint", &event.checkpoint),
        Event::CheckpointClosed(event) => elsewhere("checkpoint", &event.checkpoint),
        Event::EntryRecorded(event) => elsewhere("checkpoint", &event.checkpoint),
        Event::EntrySettled(event) => elsewhere("checkpoint", &event.checkpoint),
        Event::RoundOpened(round::Opened { round, .. }) | Event::RoundClosed(round::Closed { round, .. }) => elsewhere("round", round),
        Event::ArrivalDeclared(event) => event.place.as_ref().map_or_else(|| somebody(&event.who), door),
        Event::FindingRecorded(event) => somebody(&event.who),
        Event::QuarantineOrdered(event) => elsewhere("quarantine", &event.quarantine),
        Event::QuarantineChecked(event) => event.checks.first().map_or_else(community, |check| elsewhere("quarantine", &check.quarantine)),
        Event::QuarantineMoved(event) => elsewhere("quarantine", &event.quarantine),
        Event::QuarantineExtended(event) => elsewhere("quarantine", &event.quarantine),
        Event::QuarantineSlotsWaived(event) => elsewhere("quarantine", &event.quarantine),
        Event::QuarantineReleased(event) => elsewhere("quarantine", &event.quarantine),
        Event::AlertRaised(_)
        | Event::AlertUpdated(_)
        | Event::AlertUpdatedV2(_)
        | Event::AlertUpgraded(_)
        | Event::AlertUpgradedV2(_)
        | Event::AlertReopened(_)
        | Event::AlertReopenedV2(_)
        | Event::AlertAcknowledged(_)
        | Event::AlertAcknowledgedV2(_)
        | Event::AlertResolved(_)
        | Event::AlertResolvedV2(_)
        | Event::AlertClosed(_)
        | Event::AlertClosedV2(_)
        | Event::AlertEscalated(_)
        | Event::AlertEscalationRequested(_)
        | Event::AlertAssigned(_)
        | Event::AlertNoted(_)
        | Event::AlertRecoveryStarted(_) => Alert::step(event).map_or_else(community, |step| elsewhere("alert", step.alert.key_hash())),
        Event::SilenceStarted(silence::Started { silence, .. }) | Event::SilenceEnded(silence::Ended { silence }) => elsewhere("silence", silence),
        // a retraction lies where the fact lies that it takes back
        Event::RecordRetracted(event) => event.facts().ok().and_then(|facts| facts.first().map(entity)).unwrap_or_else(community),
        Event::TokenGranted(access::Granted { token, .. }) | Event::TokenRevoked(access::Revoked { token }) => elsewhere("token", token),
    }
}

fn elsewhere(aggregate: &'static str, id: &dyn ToString) -> (String, &'static str, String) {
    ("_".to_owned(), aggregate, id.to_string())
}

fn community() -> (String, &'static str, String) {
    elsewhere("community", &"self")
}

fn of_building(building: &dyn ToString) -> (String, &'static str, String) {
    (building.to_string(), "building", building.to_string())
}

/// All who have no file share a subject: there may be any number of references to them.
fn somebody(who: &Subject) -> (String, &'static str, String) {
    who.person.as_ref().map_or_else(|| elsewhere("person", &"_"), |person| elsewhere("person", person))
}

fn door(place: &Place) -> (String, &'static str, String) {
    let building = place.building.as_ref().map_or("_", |building| building.as_str()).to_owned();
    match &place.household {
        Some(household) => (building, "household", household.to_string()),
        None => (building.clone(), "building", building),
    }
}
