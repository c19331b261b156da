//! After a restore: a new epoch begins. Sequences are used again then, and so would ids be that consumers were told in the lost history; the
//! epoch that stands in every id keeps them apart (architecture.md, durability).
//!
//! Intake notices a restore when its store knows another history than the log. It notes the lost epoch beside its rows before it lets
//! go of them, so that a crash forgets nothing; and when the log is folded, before anybody may enter, it records `history.restored`
//! in every community. A store that was deleted knows of no other history: then nobody notices, and the epoch stays.

use std::time::Duration;

use domain::{Command, commit::Role, community, values::CommunityId};
use serde::{Deserialize, Serialize};
use store::{Store, StoreError};
use tokio::time::sleep;

use crate::{
    ask::{Ask, Outcome, Submitter},
    world::World,
};

/// Pause before what was not recorded is tried again.
const PAUSE: Duration = Duration::from_millis(200);

/// What is known of the last history that was lost. It stays beside the rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Lost {
    /// The epoch that it was in.
    epoch: u32,
    /// Every community of the history that came in its place says so.
    recorded: bool,
}

/// A restore that is to be recorded.
#[derive(Clone, Debug)]
pub(crate) struct Restored {
    store: Store,
    lost: Lost,
    epoch: u32,
    restored_to_sequence: u64,
    communities: Vec<CommunityId>,
}

/// Notes that the history which the rows know is lost.
pub(crate) fn note_lost(world: &World) -> Result<(), StoreError> {
    let before = noted(world.store())?.map_or(0, |lost| lost.epoch);
    note(world.store(), Lost { epoch: world.epoch()?.max(before), recorded: false })
}

fn note(store: &Store, lost: Lost) -> Result<(), StoreError> {
    store.set_note(&serde_json::to_vec(&lost).unwrap_or_default())
}

fn noted(store: &Store) -> Result<Option<Lost>, StoreError> {
    // what does not decode is not ours: that something was lost is all that is known
    Ok(store.note()?.map(|note| serde_json::from_slice(&note).unwrap_or_default()))
}

/// The restore that is to be recorded, if one is noted. `head` is the last sequence of the log as it was found.
pub(crate) fn to_record(world: &World, head: u64) -> Result<Option<Restored>, StoreError> {
    let (lost, now) = (noted(world.store())?, world.epoch()?);
    // what was recorded may be lost again, unnoticed by rows that were younger
    let Some(lost) = lost.filter(|lost| !lost.recorded || lost.epoch >= now) else { return Ok(None) };
    let epoch = lost.epoch.max(now).saturating_add(1);
    Ok(Some(Restored { store: world.store().clone(), lost, epoch, restored_to_sequence: head, communities: world.communities()? }))
}

impl Restored {
    /// Records it in every community, however long that takes, while the writer works.
    pub(crate) async fn record(&self, submitter: &Submitter) -> Result<(), StoreError> {
        tracing::warn!(epoch = self.epoch, sequence = self.restored_to_sequence, "the log was restored: a new epoch begins");
        for community in &self.communities {
            while !self.recorded_in(community, submitter).await {
                sleep(PAUSE).await;
            }
        }
        note(&self.store, Lost { recorded: true, ..self.lost })
    }

    async fn recorded_in(&self, community: &CommunityId, submitter: &Submitter) -> bool {
        let Some(asked) = self.ask(community).and_then(|ask| submitter.submit(vec![ask]).ok()) else { return false };
        let outcomes = asked.all().await;
        outcomes.iter().all(|outcome| matches!(outcome, Some(Outcome::Recorded { .. } | Outcome::Unchanged { .. })))
    }

    fn ask(&self, community: &CommunityId) -> Option<Ask> {
        let restore = community::RecordRestore { epoch: self.epoch, restored_to_sequence: self.restored_to_sequence };
        let command = Command::Community(community::Command::RecordRestore(restore));
        Ask::made_here(community.clone(), ("service".parse().ok()?, Role::Service), command)
    }
}
