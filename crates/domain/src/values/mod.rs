//! The words everything else is said in: ids, times, readings, places. Values only, no rules of the work.

mod coded;
mod id;
mod place;
mod private;
mod reading;
mod time;

pub(crate) use coded::coded;
pub use id::{
    BuildingId, CheckpointId, CommandId, CommunityId, EstateId, EventId, GridId, HouseholdId, InvalidSlug, PersonId, QuarantineId, RoundId, SLUG_CHARS_MAX,
    Slug, StaffId, TokenId, TownId,
};
pub use place::{Door, Place, PlaceNames, Subject, Unregistered};
pub(crate) use private::without_private;
pub use private::{DeploymentKey, KeyId, KeyOwner, Personal, Private, PrivateFields, SealError, SealedPart, SecretKey, field};
pub(crate) use reading::accept_all as accept_readings;
pub use reading::{READINGS_MAX, Reading, ReadingInput, Site, TENTHS_CELSIUS_MAX, TENTHS_CELSIUS_MIN, Unreadable};
pub use time::{DAY_MS, Day, HOUR_MS, InvalidTime, MINUTE_MS, Now, Precision, TimeOfDay, Timestamp, Zone};
