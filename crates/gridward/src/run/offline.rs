//! Checks of a system that is stopped: its NATS is started for as long as they take, its services are not.

use std::{net::SocketAddr, path::Path};

use anyhow::Context as _;
use bus::{EventLog, EventLogOptions};
use projection::check::VerifyReport;
use store::Comparison;

use super::{checks::SERVICES, nats::OwnServer, services::open_store};
use crate::{
    data::DataFolder,
    exit::{Exit, Failure},
};

/// Cache of a store that is only looked through, in MiB.
const CACHE_MIB: u64 = 64;

/// The log of a stopped system, for as long as some work takes. No service runs, and no consumer can connect.
async fn with_log<T>(data: &DataFolder, work: impl AsyncFnOnce(&EventLog) -> anyhow::Result<T>) -> Result<T, Exit> {
    if !data.join("nats").exists() {
        return Err(Exit::new(Failure::NotFound, format!("{} holds no log yet", data.path().display())));
    }
    let own = OwnServer::start_alone(data, SocketAddr::from(([127, 0, 0, 1], 0))).await?;
    let connections = own.connect().await?;
    let log = EventLog::new(&connections.projection, &EventLogOptions::default());
    let done = work(&log).await;
    connections.close().await?;
    own.server.stop().await.context("nats-server did not stop by itself")?;
    Ok(done?)
}

/// Compares every store with a fresh fold of the log, and changes nothing.
pub(crate) async fn check_stores(folder: &Path) -> Result<Vec<(&'static str, Comparison)>, Exit> {
    let data = DataFolder::open(folder)?;
    with_log(&data, async |log| {
        let scratch = data.join("stores/scratch");
        let mut found = Vec::new();
        for service in SERVICES {
            let (live, fresh) = (data.join("stores").join(service), scratch.join(service));
            if fresh.exists() {
                std::fs::remove_dir_all(&fresh)?;
            }
            let compared = match service {
                "projection" => projection::check::check_stopped(log, &open_store(&live, &projection::tables(), CACHE_MIB)?, &fresh).await?,
                "intake" => intake::check(log, &open_store(&live, intake::TABLES, CACHE_MIB)?, &fresh).await?,
                _ => alerting::check(log, &open_store(&live, &alerting::tables(), CACHE_MIB)?, &fresh).await?,
            };
            std::fs::remove_dir_all(&fresh)?;
            found.push((service, compared));
        }
        Ok(found)
    })
    .await
}

/// Reads the whole log.
pub(crate) async fn verify_log(folder: &Path) -> Result<VerifyReport, Exit> {
    let data = DataFolder::open(folder)?;
    with_log(&data, async |log| Ok(projection::check::verify(log).await?)).await
}
