//! A checkpoint as it stands.

use domain::values::{CheckpointId, Slug, Timestamp};
use serde::{Deserialize, Serialize};

use super::Moment;
use crate::models::checkpoint;

/// A checkpoint as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckpointItem {
    /// The checkpoint.
    pub checkpoint: CheckpointId,
    /// What it is called.
    pub name: String,
    /// What kind.
    pub kind: String,
    /// The estates or buildings behind it.
    pub serves: Vec<Slug>,
    /// Whether it is open.
    pub open: bool,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
    /// Entries of this civil day.
    pub entries_today: u32,
    /// Of these, not admitted at once, with a card that was not theirs, or under an order.
    pub abnormal_today: u32,
    /// Entries of the civil day before.
    pub entries_yesterday: u32,
    /// When somebody last came through.
    pub last_seen_at: Option<Timestamp>,
    /// Sequence of the last commit in it.
    pub sequence: u64,
}

/// A checkpoint at a moment; nothing before it was opened.
pub fn checkpoint_item(row: &checkpoint::Row, sequence: u64, moment: &Moment<'_>) -> Option<CheckpointItem> {
    let state = row.state.as_ref()?;
    let today = moment.zone.day_of(moment.now);
    let entries = |day| row.entries_between(moment.zone.start_of(day), moment.zone.end_of(day));
    let open = state.closed_at.is_none_or(|closed_at| moment.now < closed_at);
    Some(CheckpointItem {
        checkpoint: row.checkpoint.clone(),
        name: state.name.clone(),
        kind: state.kind.word().to_owned(),
        serves: state.serves.clone(),
        open,
        closed_at: state.closed_at,
        entries_today: entries(today).entries,
        abnormal_today: entries(today).abnormal,
        entries_yesterday: entries(today.plus_days(-1)).entries,
        last_seen_at: row.signs.latest(),
        sequence,
    })
}
