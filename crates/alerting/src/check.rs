//! Checking: what the service remembers against a fresh fold of the log. Agenda and outbox are no folds: they say what is still to do.

use std::path::Path;

use bus::EventLog;
use domain::log::LogPosition;
use store::{Comparison, Options, PARKED, Store, compare};

use crate::{
    engine::Engine,
    error::AlertingError,
    memories,
    rows::{ALERTS, COMMUNITIES, COUNTS, DUTIES, NAMES, ROUNDS, SILENCES, tables},
    runner::Runners,
};

/// Folds the whole log into a fresh store in `folder`, which must be empty, and compares it with what the service remembers. The
/// service goes on meanwhile: what it folds later is left out.
///
/// # Errors
/// When the log or a store cannot be read.
pub async fn check(log: &EventLog, live: &Store, folder: &Path) -> anyhow::Result<Comparison> {
    let reached = live.position()?.sequence;
    let fresh = Store::open(folder, Options::new(tables()))?;
    let mut engine = Engine::new(fresh.clone());
    if reached > 0 {
        let mut tail = log.tail(&LogPosition::default()).await?;
        while fresh.position()?.sequence < reached {
            let mut messages = tail.next().await?;
            messages.retain(|message| message.sequence <= reached);
            // folding is sled's work, not the runtime's
            engine = tokio::task::spawn_blocking(move || engine.fold_to_compare(&messages).map(|()| engine)).await??;
        }
    }
    drop(engine);
    let live = live.clone();
    let compared = tokio::task::spawn_blocking(move || {
        let memories = memories::table(&Runners::all());
        let folded = [COMMUNITIES, ROUNDS, ALERTS, NAMES, COUNTS, DUTIES, SILENCES, PARKED, memories];
        let compared = compare(&live, &fresh, &folded, reached);
        fresh.close().and(compared)
    });
    Ok(compared.await?.map_err(AlertingError::from)?)
}
