//! Each service from its parts: one function per role.

use std::path::Path;

use bus::{Connection, EventLog, EventLogOptions, KeyStore, Requests};
use domain::values::{DeploymentKey, Now};
use intake::Intake;
use store::{Options, Store};

/// What every service is given.
#[derive(Clone)]
pub(crate) struct Common {
    pub(crate) secrets: DeploymentKey,
    pub(crate) now: Now,
    pub(crate) exercise: bool,
    pub(crate) cache_mib: u64,
}

/// Opens a service's store. It can be deleted while the service is stopped.
fn open_store(folder: &Path, tables: &[store::Table], cache_mib: u64) -> anyhow::Result<Store> {
    let options = Options { cache_bytes: cache_mib * 1024 * 1024, ..Options::new(tables.to_vec()) };
    Ok(Store::open(folder, options)?)
}

/// The service that takes commands.
pub(crate) async fn start_intake(connection: &Connection, folder: &Path, common: &Common) -> anyhow::Result<Intake> {
    let parts = intake::Parts {
        log: EventLog::new(connection, &EventLogOptions::default()),
        keys: KeyStore::new(connection),
        requests: Requests::new(connection),
        store: open_store(folder, intake::TABLES, common.cache_mib)?,
        secrets: common.secrets.clone(),
        now: common.now.clone(),
        exercise: common.exercise,
    };
    Ok(Intake::start(parts).await?)
}
