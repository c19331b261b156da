//! Checking: what intake knows against a fresh fold of the log.

use std::path::Path;

use bus::EventLog;
use store::{Comparison, Options, Store, compare};
use web::Gate;

use crate::{TABLES, catch_up::catch_up, world::World};

/// Folds the whole log into a fresh store in `folder`, which must be empty, and compares it with what intake knows. Intake goes on
/// meanwhile: what it learns later is left out.
///
/// # Errors
/// When the log or a store cannot be read.
pub async fn check(log: &EventLog, live: &Store, folder: &Path) -> anyhow::Result<Comparison> {
    let fresh = Store::open(folder, Options::new(TABLES.to_vec()))?;
    let mut world = World::new(fresh.clone());
    let reached = catch_up(log, &mut world, &Gate::default()).await?;
    let live = live.clone();
    let compared = tokio::task::spawn_blocking(move || {
        let compared = compare(&live, &fresh, TABLES, reached.sequence);
        fresh.close().and(compared)
    });
    Ok(compared.await??)
}
