//! Each service from its parts: one function per role.

use std::{path::Path, sync::Arc};

use alerting::{Alerting, Deliveries, DeliveryParts, DeliveryReport, Named, Outlets, Silences};
use bus::{Announcer, Connection, EventLog, EventLogOptions, Feed, KeyStore, Keyring, LastValues, Marks, Publication, Reading, Requests};
use domain::values::{DeploymentKey, Now};
use intake::Intake;
use projection::Projection;
use store::{Options, Store};

use super::{forward, health::Check};
use crate::{
    clock::real_now,
    data::{letters, random},
};

// Memory that sled may use as a cache in each store, in MiB, where nobody says otherwise: intake is to stay within 250 MiB, projection
// within 450, alerting within 250 (quality.md B8).
const INTAKE_CACHE_MIB: u64 = 12;
const PROJECTION_CACHE_MIB: u64 = 64;
const ALERTING_CACHE_MIB: u64 = 20;

/// What every service is given.
#[derive(Clone)]
pub(crate) struct Common {
    pub(crate) secrets: DeploymentKey,
    pub(crate) now: Now,
    pub(crate) exercise: bool,
    /// Whether class full is published: alerts with the names of people.
    pub(crate) names_on_topics: bool,
    /// Memory that sled may use as a cache, in MiB, if not what is usual for the service.
    pub(crate) cache_mib: Option<u64>,
    /// What intake appends in this process, for the other services in it.
    pub(crate) feed: Feed,
}

impl Common {
    /// The log over a service's own connection.
    fn log(&self, connection: &Connection) -> EventLog {
        EventLog::new(connection, &EventLogOptions::default()).with_feed(&self.feed)
    }
}

/// Opens a service's store. It can be deleted while the service is stopped.
pub(crate) fn open_store(folder: &Path, tables: &[store::Table], cache_mib: u64) -> anyhow::Result<Store> {
    let options = Options { cache_bytes: cache_mib * 1024 * 1024, ..Options::new(tables.to_vec()) };
    Ok(Store::open(folder, options)?)
}

/// The service that takes commands.
pub(crate) async fn start_intake(connection: &Connection, folder: &Path, common: &Common) -> anyhow::Result<Intake> {
    let parts = intake::Parts {
        log: common.log(connection),
        keys: KeyStore::new(connection),
        requests: Requests::new(connection),
        store: open_store(folder, intake::TABLES, common.cache_mib.unwrap_or(INTAKE_CACHE_MIB))?,
        secrets: common.secrets.clone(),
        now: common.now.clone(),
        exercise: common.exercise,
        limits: intake::Limits::default(),
    };
    Ok(Intake::start(parts).await?)
}

/// The service that judges, and tells outsiders.
pub(crate) fn start_alerting(connection: &Connection, folder: &Path, common: &Common) -> anyhow::Result<Alerting> {
    let parts = alerting::Parts {
        log: common.log(connection),
        requests: Requests::new(connection),
        store: open_store(folder, &alerting::tables(), common.cache_mib.unwrap_or(ALERTING_CACHE_MIB))?,
        now: common.now.clone(),
        outlets: Outlets {
            alerts: Publication::new(connection, "ALERTS"),
            public: Publication::new(connection, "ALERTS_PUBLIC"),
            nudges: Publication::new(connection, "NUDGES"),
            full: common.names_on_topics.then(|| Named {
                publication: Publication::new(connection, "ALERTS_FULL"),
                keyring: Keyring::new(KeyStore::new(connection), common.secrets.clone()),
            }),
            announcer: Announcer::new(connection),
        },
    };
    Ok(Alerting::start(parts))
}

/// What tells people and programs of what was published. It runs beside alerting, which knows what is silenced by now.
pub(crate) fn start_deliveries(
    connection: &Connection,
    who: crate::deliveries::Deliveries,
    silences: Silences,
    common: &Common,
) -> anyhow::Result<Option<Deliveries>> {
    if who.subscriptions.is_empty() {
        return Ok(None);
    }
    let parts = DeliveryParts {
        alerts: Reading::new(connection, "ALERTS"),
        full: common.names_on_topics.then(|| Reading::new(connection, "ALERTS_FULL")),
        nudges: Reading::new(connection, "NUDGES"),
        marks: Marks::new(connection),
        silences,
        subscriptions: who.subscriptions,
        names: who.names,
        now: common.now.clone(),
        real: Arc::new(real_now),
        instance: letters(&random::<8>()?),
    };
    Ok(Some(Deliveries::start(parts)?))
}

/// The service that folds the log into rows and answers questions.
pub(crate) fn start_projection(connection: &Connection, folder: &Path, common: &Common) -> anyhow::Result<Projection> {
    let parts = projection::Parts {
        log: common.log(connection),
        keys: KeyStore::new(connection),
        store: open_store(folder, &projection::tables(), common.cache_mib.unwrap_or(PROJECTION_CACHE_MIB))?,
        secrets: common.secrets.clone(),
        now: common.now.clone(),
        audit: None,
        status: Some(LastValues::new(connection, "STATUS")),
    };
    Ok(Projection::start(parts))
}

/// The services of this process: all of them, or one.
#[derive(Default)]
pub(crate) struct Services {
    pub(crate) intake: Option<Intake>,
    pub(crate) projection: Option<Projection>,
    pub(crate) alerting: Option<Alerting>,
    /// What tells people and programs of alerts.
    pub(crate) deliveries: Option<Deliveries>,
    /// The way to an intake in another process, for the clicks on our pages.
    pub(crate) forward: Option<Requests>,
}

impl Services {
    /// What they answer over HTTP: the API, and with the projection its first client, the pages.
    pub(crate) fn router(&self, common: &Common, secure: bool) -> axum::Router {
        let mut router = axum::Router::new();
        if let Some(intake) = &self.intake {
            router = router.merge(intake.router());
        }
        if let Some(projection) = &self.projection {
            router = router.merge(projection.router());
            if let Some(requests) = self.forward.clone() {
                router = router.merge(projection.patient(forward::router(projection.gate(), requests)));
            }
            let options = dashboard::Options { now: common.now.clone(), exercise: common.exercise, secure };
            let pages = dashboard::router(router.clone(), options);
            router = router.merge(pages);
        }
        router
    }

    /// Why each is not ready, if it is not.
    pub(crate) fn checks(&self) -> Vec<Check> {
        let mut checks: Vec<Check> = Vec::new();
        if let Some(readiness) = self.intake.as_ref().map(Intake::readiness) {
            checks.push(Check::new("intake", move || readiness.why_not()));
        }
        if let Some(readiness) = self.projection.as_ref().map(Projection::readiness) {
            let (parked, lag) = (readiness.clone(), readiness.clone());
            checks.push(Check::new("projection", move || readiness.why_not()).with_parked(move || parked.parked()).with_lag(move || lag.lag()));
        }
        if let Some(readiness) = self.alerting.as_ref().map(Alerting::readiness) {
            let (parked, lag) = (readiness.clone(), readiness.clone());
            checks.push(Check::new("alerting", move || readiness.why_not()).with_parked(move || parked.parked()).with_lag(move || lag.lag()));
        }
        checks
    }

    /// How the deliveries of this process are doing.
    pub(crate) fn delivery_report(&self) -> Option<DeliveryReport> {
        self.deliveries.as_ref().map(Deliveries::report)
    }

    /// Stops them: those that send to others first.
    pub(crate) async fn stop(self) {
        if let Some(deliveries) = self.deliveries {
            deliveries.stop().await;
        }
        if let Some(alerting) = self.alerting {
            alerting.stop().await;
        }
        if let Some(projection) = self.projection {
            projection.stop().await;
        }
        if let Some(intake) = self.intake {
            intake.stop().await;
        }
    }
}
