//! Every event: its name on the log, for ever, and the struct that carries it.
//!
//! The Rust enum is never serialized: postcard would write a variant's position. An event is a name and a struct; a change of a
//! struct's shape is a new name. Golden bytes in `tests/contract` hold every name ever written.

use crate::{
    absence, access, alert, arrival, building, canonical, checkpoint, community, estate, household, medical, nudge, person, quarantine, record, responsibility,
    roster, round, silence, staff,
    values::{Personal, Private},
    visit,
};

/// Room for a usual event, in bytes.
const USUAL_BYTES: usize = 192;

/// Why stored bytes are not an event of ours.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// A newer program wrote it: this one must be upgraded before it reads on.
    #[error("unknown event {name}: written by a newer version, upgrade needed")]
    Unknown {
        /// The name as written.
        name: String,
    },
    /// The bytes have the shape of the event, and a value in them is none of ours, such as a word with a new number. What is on the
    /// log was checked when it was written, so a newer program knew it: this one must be upgraded before it reads on.
    #[error("event {name} holds a value that is not known: written by a newer version, upgrade needed")]
    UnknownValue {
        /// The name as written.
        name: String,
    },
    /// The bytes are not what the name promises.
    #[error("event {name} does not decode")]
    Malformed {
        /// The name as written.
        name: String,
        /// What postcard said.
        #[source]
        source: postcard::Error,
    },
    /// The bytes hold more than the event, or another form of it.
    #[error("event {name} does not re-encode to itself")]
    NotCanonical {
        /// The name as written.
        name: String,
    },
}

impl DecodeError {
    /// True when a newer program wrote it, so that skipping or parking it would be wrong.
    pub fn needs_upgrade(&self) -> bool {
        matches!(self, Self::Unknown { .. } | Self::UnknownValue { .. })
    }
}

macro_rules! events {
    ($($variant:ident($payload:ty) = $name:literal),+ $(,)?) => {
        /// Something that happened.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Event { $(#[doc = $name] $variant($payload)),+ }

        $(impl From<$payload> for Event {
            fn from(payload: $payload) -> Self { Self::$variant(payload) }
        })+

        impl Event {
            /// Every name this program can write and read.
            pub const NAMES: &'static [&'static str] = &[$($name),+];

            /// Name and version on the log.
            pub const fn name(&self) -> &'static str {
                match self { $(Self::$variant(_) => $name),+ }
            }

            /// The struct as it is written.
            ///
            /// # Errors
            /// When a private part has not been sealed.
            pub fn encode(&self) -> Result<Vec<u8>, postcard::Error> {
                match self { $(Self::$variant(payload) => postcard::to_extend(payload, Vec::with_capacity(USUAL_BYTES))),+ }
            }

            /// The event of a name and its bytes.
            ///
            /// # Errors
            /// [`DecodeError`]: unknown name, undecodable, left-over or not canonical bytes.
            pub fn decode(name: &str, bytes: &[u8]) -> Result<Self, DecodeError> {
                let malformed = |source| match source {
                    // only our own value types refuse in this way; postcard names what is wrong with the bytes
                    postcard::Error::SerdeDeCustom => DecodeError::UnknownValue { name: name.to_owned() },
                    source => DecodeError::Malformed { name: name.to_owned(), source },
                };
                let (event, rest) = match name {
                    $($name => postcard::take_from_bytes::<$payload>(bytes).map(|(payload, rest)| (Self::$variant(payload), rest)).map_err(malformed)?,)+
                    _ => return Err(DecodeError::Unknown { name: name.to_owned() }),
                };
                let encodes_to = |bytes| match &event { $(Self::$variant(payload) => canonical::encodes_to(payload, bytes)),+ };
                if !rest.is_empty() || !encodes_to(bytes) {
                    return Err(DecodeError::NotCanonical { name: name.to_owned() });
                }
                Ok(event)
            }

            /// The payload for people and programs outside: sealed parts stay closed unless they were opened before.
            ///
            /// # Errors
            /// Those of the serializer.
            pub fn serialize_payload<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self { $(Self::$variant(payload) => serde::Serialize::serialize(payload, serializer)),+ }
            }
        }

        impl Event {
            /// The event of a name and its payload as [`Event::serialize_payload`] tells it to programs; nothing when the name is none of
            /// ours. Private parts do not come back: they are told closed, or opened.
            ///
            /// # Errors
            /// Those of the deserializer.
            pub fn deserialize_payload<'de, D: serde::Deserializer<'de>>(name: &str, payload: D) -> Result<Option<Self>, D::Error> {
                match name {
                    $($name => <$payload as serde::Deserialize>::deserialize(payload).map(|payload| Some(Self::$variant(payload))),)+
                    _ => Ok(None),
                }
            }
        }

        impl Personal for Event {
            fn each_private(&mut self, visit: &mut dyn FnMut(&mut Private)) {
                match self { $(Self::$variant(payload) => payload.each_private(visit)),+ }
            }
        }
    };
}

events! {
    CommunityFounded(community::Founded) = "community.founded.v1",
    CommunityRenamed(community::Renamed) = "community.renamed.v1",
    PolicyChanged(community::PolicyChanged) = "policy.changed.v1",
    PolicyChangedV2(community::PolicyChangedV2) = "policy.changed.v2",
    PolicyChangedV3(community::PolicyChangedV3) = "policy.changed.v3",
    HistoryRestored(community::HistoryRestored) = "history.restored.v1",
    EstateRegistered(estate::Registered) = "estate.registered.v1",
    EstateRenamed(estate::Renamed) = "estate.renamed.v1",
    EstateGovernanceChanged(estate::GovernanceChanged) = "estate.governance_changed.v1",
    BuildingRegistered(building::Registered) = "building.registered.v1",
    BuildingRenamed(building::Renamed) = "building.renamed.v1",
    BuildingKindChanged(building::KindChanged) = "building.kind_changed.v1",
    BuildingRegrouped(building::Regrouped) = "building.regrouped.v1",
    BuildingUnitsChanged(building::UnitsChanged) = "building.units_changed.v1",
    BuildingAddressCorrected(building::AddressCorrected) = "building.address_corrected.v1",
    BuildingReported(building::Reported) = "building.reported.v1",
    HouseholdRegistered(household::Registered) = "household.registered.v1",
    HouseholdDoorCorrected(household::DoorCorrected) = "household.door_corrected.v1",
    HouseholdFileCorrected(household::FileCorrected) = "household.file_corrected.v1",
    HouseholdExposed(household::Exposed) = "household.exposed.v1",
    PersonRegistered(person::Registered) = "person.registered.v1",
    PersonIdentityCorrected(person::IdentityCorrected) = "person.identity_corrected.v1",
    PersonCategoriesChanged(person::CategoriesChanged) = "person.categories_changed.v1",
    ResidenceStarted(person::ResidenceStarted) = "residence.started.v1",
    ResidenceEnded(person::ResidenceEnded) = "residence.ended.v1",
    StaffRegistered(staff::Registered) = "staff.registered.v1",
    StaffFileCorrected(staff::FileCorrected) = "staff.file_corrected.v1",
    StaffRolesChanged(staff::RolesChanged) = "staff.roles_changed.v1",
    ResponsibilityAssigned(responsibility::Assigned) = "responsibility.assigned.v1",
    ResponsibilityReleased(responsibility::Released) = "responsibility.released.v1",
    RosterPlanned(roster::Planned) = "roster.planned.v1",
    StaffAbsenceDeclared(absence::Declared) = "staff.absence_declared.v1",
    CheckpointOpened(checkpoint::Opened) = "checkpoint.opened.v1",
    CheckpointRenamed(checkpoint::Renamed) = "checkpoint.renamed.v1",
    CheckpointReassigned(checkpoint::Reassigned) = "checkpoint.reassigned.v1",
    CheckpointClosed(checkpoint::Closed) = "checkpoint.closed.v1",
    EntryRecorded(checkpoint::EntryRecorded) = "entry.recorded.v1",
    EntrySettled(checkpoint::EntrySettled) = "entry.settled.v1",
    RoundOpened(round::Opened) = "round.opened.v1",
    RoundClosed(round::Closed) = "round.closed.v1",
    VisitRecorded(visit::Recorded) = "visit.recorded.v1",
    ArrivalDeclared(arrival::Declared) = "arrival.declared.v1",
    FindingRecorded(medical::FindingRecorded) = "medical.finding_recorded.v1",
    QuarantineOrdered(quarantine::Ordered) = "quarantine.ordered.v1",
    QuarantineChecked(quarantine::Checked) = "quarantine.checked.v1",
    QuarantineMoved(quarantine::Moved) = "quarantine.moved.v1",
    QuarantineExtended(quarantine::Extended) = "quarantine.extended.v1",
    QuarantineSlotsWaived(quarantine::SlotsWaived) = "quarantine.slots_waived.v1",
    QuarantineReleased(quarantine::Released) = "quarantine.released.v1",
    AlertRaised(alert::Raised) = "alert.raised.v1",
    AlertUpdated(alert::Updated) = "alert.updated.v1",
    AlertUpdatedV2(alert::UpdatedV2) = "alert.updated.v2",
    AlertUpgraded(alert::Upgraded) = "alert.upgraded.v1",
    AlertUpgradedV2(alert::UpgradedV2) = "alert.upgraded.v2",
    AlertReopened(alert::Reopened) = "alert.reopened.v1",
    AlertReopenedV2(alert::ReopenedV2) = "alert.reopened.v2",
    AlertAcknowledged(alert::Acknowledged) = "alert.acknowledged.v1",
    AlertAcknowledgedV2(alert::AcknowledgedV2) = "alert.acknowledged.v2",
    AlertRecoveryStarted(alert::RecoveryStarted) = "alert.recovery_started.v1",
    AlertResolved(alert::Resolved) = "alert.resolved.v1",
    AlertResolvedV2(alert::ResolvedV2) = "alert.resolved.v2",
    AlertClosed(alert::Closed) = "alert.closed.v1",
    AlertClosedV2(alert::ClosedV2) = "alert.closed.v2",
    AlertEscalated(alert::Escalated) = "alert.escalated.v1",
    AlertEscalationRequested(alert::EscalationRequested) = "alert.escalation_requested.v1",
    AlertAssigned(alert::Assigned) = "alert.assigned.v1",
    AlertNoted(alert::Noted) = "alert.noted.v1",
    ReportNudged(nudge::Nudged) = "report.nudged.v1",
    SilenceStarted(silence::Started) = "silence.started.v1",
    SilenceEnded(silence::Ended) = "silence.ended.v1",
    RecordRetracted(record::Retracted) = "record.retracted.v1",
    TokenGranted(access::Granted) = "token.granted.v1",
    TokenRevoked(access::Revoked) = "token.revoked.v1",
}
