//! One service per process, against an external NATS.

use std::{path::Path, sync::Arc};

use anyhow::Context as _;
use bus::{
    Connection, ConnectionOptions,
    preflight::{Unsynced, preflight_within},
};
use domain::values::DeploymentKey;
use tokio::sync::watch;

use super::{
    health,
    nats::{self, streams},
    services::{Common, Services, start_alerting, start_deliveries, start_intake, start_projection},
    told_to_stop,
};
use crate::{
    clock::real_now,
    config::Config,
    exit::{Done, talk},
    telemetry,
};

/// Which service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Intake,
    Projection,
    Alerting,
}

impl Role {
    const fn word(self) -> &'static str {
        match self {
            Self::Intake => "intake",
            Self::Projection => "projection",
            Self::Alerting => "alerting",
        }
    }
}

/// Longest wait for a first connection: a supervisor starts it again.
const CONNECT_WAIT: std::time::Duration = std::time::Duration::from_secs(60);

/// Runs one service until told to stop.
pub(crate) async fn run_one(role: Role, file: &Path) -> Done {
    let config = Config::load(file)?;
    telemetry::start(config.log.json, config.log.filter.as_deref());
    health::recorder();
    let connection = connect(&config, role).await?;
    let unsynced = if config.nats.accept_lost_records_after_power_cut { Unsynced::Accept } else { Unsynced::Refuse };
    if config.nats.provision {
        nats::prepare(&connection, config.nats.monitor_url.as_deref(), unsynced, &streams(config.nats.log_bytes_max, config.deployment.names_on_topics))
            .await?;
    } else {
        preflight_within(nats::PREFLIGHT_WAIT, &connection, config.nats.monitor_url.as_deref(), unsynced).await?;
    }
    let common = Common {
        secrets: DeploymentKey::new(&config.deployment_secret()?),
        now: Arc::new(real_now),
        exercise: config.deployment.exercise,
        names_on_topics: config.deployment.names_on_topics,
        cache_mib: config.store.cache_mib,
        feed: bus::Feed::default(),
    };
    let listener = std::net::TcpListener::bind(config.http.listen).with_context(|| format!("cannot listen on {}", config.http.listen))?;
    let services = start(role, &connection, &config, &common).await?;
    let mut checks = services.checks();
    // what was folded can be shown without NATS; nothing can be recorded or told without it
    if role != Role::Projection {
        let nats = connection.clone();
        checks.push(health::Check::new("nats", move || without_nats(&nats)));
    }
    let router = services.router(&common, config.http.tls.is_some()).merge(health::router(checks, services.delivery_report())).merge(web::contracts());
    let router = web::protect(router);
    let (stop, mut stopped) = watch::channel(false);
    let tls = config.http.tls_files();
    let serving = tokio::spawn(web::serve(listener, router, tls, async move {
        // a closed channel means that everything is over
        let _closed = stopped.wait_for(|stop| *stop).await;
    }));
    talk(format_args!("gridward {}: answering on {}", role.word(), config.http.listen));
    told_to_stop().await;
    // nobody listens any more when serving has failed already
    let _failed = stop.send(true);
    serving.await.context("the HTTP server ended badly")??;
    services.stop().await;
    connection.close().await?;
    Ok(())
}

/// Why nothing can be asked of NATS now, if nothing can.
fn without_nats(connection: &Connection) -> Option<String> {
    let state = connection.state();
    (!state.connected).then(|| format!("no connection to nats: {}", state.last_error.unwrap_or_else(|| "it ended".to_owned())))
}

async fn connect(config: &Config, role: Role) -> anyhow::Result<Connection> {
    let user = &config.nats.user;
    let mut options =
        ConnectionOptions::new(&config.nats.url, format!("gridward-{}", role.word())).login(user, config.nats_password()?, format!("_INBOX_{user}"));
    options.root_certificates.extend(config.nats.root_certificates.clone());
    let connection = Connection::open(options).await?;
    connection.connected(CONNECT_WAIT).await?;
    Ok(connection)
}

async fn start(role: Role, connection: &Connection, config: &Config, common: &Common) -> anyhow::Result<Services> {
    let folder = &config.store.folder;
    let mut services = Services::default();
    match role {
        Role::Intake => {
            let token = config.admin_token()?;
            let intake = start_intake(connection, folder, common).await?;
            if let Some(token) = token {
                intake
                    .ensure_token("admin", domain::commit::Role::Admin, &token)
                    .await
                    .context("the token of deployment.admin_token_file cannot be put in force")?;
            }
            services.intake = Some(intake);
        }
        Role::Alerting => {
            let alerting = start_alerting(connection, folder, common)?;
            services.deliveries = start_deliveries(connection, config.deliveries()?, alerting.silences(), common)?;
            services.alerting = Some(alerting);
        }
        Role::Projection => {
            services.projection = Some(start_projection(connection, folder, common)?);
            services.forward = Some(bus::Requests::new(connection));
        }
    }
    Ok(services)
}
