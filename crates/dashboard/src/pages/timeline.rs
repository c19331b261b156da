//! What happened, as pages read it.

use domain::values::CommandId;
use readmodel::views::TimelineItem;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    api::Failure,
    visitor::{Community, Visitor},
};

/// Most entries of a timeline that a page reads: the latest.
const ENTRIES_MAX: usize = 100;

/// The latest of a timeline.
#[derive(Deserialize)]
pub(super) struct Timeline {
    pub(super) items: Vec<Told>,
    /// Where older ones begin, where there are any.
    #[serde(default)]
    pub(super) next: Option<String>,
}

/// An event with what it says.
#[derive(Deserialize)]
pub(super) struct Told {
    #[serde(flatten)]
    pub(super) item: TimelineItem,
    #[serde(default)]
    pub(super) data: Value,
}

impl Timeline {
    /// The latest of `household=h1`, `person=p1` or `building=b1`.
    pub(super) async fn of(visitor: &Visitor, community: &Community, whose: &str) -> Result<Self, Failure> {
        visitor.api.get(&community.path(&format!("/timeline?{whose}&limit={ENTRIES_MAX}"))).await
    }
}

/// Whether a cause of an alert is an event, `<command>-<index>`, and not an owed check or a door.
pub(super) fn is_event(cause: &str) -> bool {
    cause.rsplit_once('-').is_some_and(|(command, index)| command.parse::<CommandId>().is_ok() && index.parse::<u16>().is_ok())
}
