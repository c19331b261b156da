//! `gridward up`: everything in one process, with a nats-server of our own unless another is named.

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use anyhow::Context as _;
use bus::preflight::Unsynced;
use domain::{commit::Role, values::DeploymentKey};
use intake::TokenError;
use tokio::sync::{Mutex, watch};

use super::{
    checks::{self, Checks},
    consumers::{self, Consumers},
    demo, health,
    nats::{self, Connections, Nats, OwnServer},
    services::{Common, Services, start_alerting, start_deliveries, start_intake, start_projection},
    told_to_stop,
};
use crate::{
    cli::{DemoScale, one_liner},
    clock::{Clock, Drill},
    config::Http,
    data::{DataFolder, Pids, RunFile, kept_listener},
    deliveries::Deliveries,
    exit::{Done, data as data_line, talk},
    pinned,
};

/// How everything runs.
#[derive(Clone, Debug)]
pub(crate) struct UpOptions {
    pub(crate) data: PathBuf,
    pub(crate) http: Http,
    pub(crate) nats: Option<String>,
    pub(crate) nats_monitor: Option<String>,
    pub(crate) nats_listen: SocketAddr,
    pub(crate) clock: Option<Drill>,
    pub(crate) deliveries: Option<PathBuf>,
    pub(crate) names_on_topics: bool,
    pub(crate) demo: Option<(DemoScale, u64)>,
}

/// Runs until told to stop.
pub(crate) async fn up(options: UpOptions) -> Done {
    let data = Arc::new(DataFolder::open(&options.data)?);
    // what is wrong in a file is said before anything runs
    let deliveries = Deliveries::find(options.deliveries.as_deref(), data.path())?;
    let clock = Clock::open(data.path(), options.clock, options.demo.map(|_| demo::default_clock()))?;
    let common = Common {
        secrets: DeploymentKey::new(&data.deployment_secret()?),
        now: clock.as_now(),
        exercise: clock.is_exercise(),
        names_on_topics: options.names_on_topics,
        cache_mib: None,
        feed: bus::Feed::default(),
    };
    health::recorder();
    let nats = Arc::new(match options.nats.clone() {
        Some(url) => Nats::External { url, monitor_url: options.nats_monitor.clone() },
        None => {
            talk("gridward: starting nats-server");
            Nats::Own(OwnServer::start(&data, options.nats_listen).await?)
        }
    });
    let connections = nats.connect().await?;
    nats::prepare(&connections.provision, nats.monitor_url().as_deref(), Unsynced::Refuse, &nats::streams(None, options.names_on_topics)).await?;
    let system = System::start(&data, &nats, connections, deliveries, &common).await?;
    let keeping = tokio::spawn(clock.clone().keep());
    let stopped = system.run(&data, &nats, &options, &clock).await;
    keeping.abort();
    data.withdraw();
    match Arc::try_unwrap(nats) {
        Ok(Nats::Own(own)) => own.server.stop().await.context("nats-server did not stop by itself")?,
        Ok(Nats::External { .. }) => {}
        Err(_) => tracing::warn!("NATS is still in use; a server of ours ends with this process"),
    }
    stopped
}

/// All services of one process.
struct System {
    services: Arc<Services>,
    consumers: Arc<Consumers>,
    checks: Arc<Checks>,
    common: Common,
}

impl System {
    async fn start(data: &Arc<DataFolder>, nats: &Arc<Nats>, connections: Connections, deliveries: Deliveries, common: &Common) -> anyhow::Result<Self> {
        let intake = start_intake(&connections.intake, &data.join("stores/intake"), common).await?;
        match intake.ensure_token("admin", Role::Admin, &data.admin_token()?).await {
            Ok(()) => {}
            // somebody ended it: whoever holds the data folder gets another
            Err(error @ TokenError::Refused { .. }) => {
                tracing::warn!(%error, "admin.token is not in force any more; making a new one");
                data.forget_admin_token()?;
                intake.ensure_token("admin", Role::Admin, &data.admin_token()?).await?;
            }
            // it said why; what is there can be read all the same, and alerts are told
            Err(TokenError::Stopped) => {}
            Err(error) => return Err(error.into()),
        }
        let projection = start_projection(&connections.projection, &data.join("stores/projection"), common)?;
        let alerting = start_alerting(&connections.alerting, &data.join("stores/alerting"), common)?;
        let deliveries = start_deliveries(&connections.alerting, deliveries, alerting.silences(), common)?;
        let consumers = Arc::new(Consumers {
            gate: intake.gate(),
            data: Arc::clone(data),
            connection: connections.provision,
            nats: Arc::clone(nats),
            names_on_topics: common.names_on_topics,
            changing: Mutex::default(),
        });
        let gate = intake.gate();
        let services = Arc::new(Services { intake: Some(intake), projection: Some(projection), alerting: Some(alerting), deliveries, forward: None });
        let checks = Arc::new(Checks { gate, services: Arc::clone(&services), scratch: Mutex::new(data.join("stores/scratch")) });
        Ok(Self { services, consumers, checks, common: common.clone() })
    }

    fn router(&self, secure: bool) -> axum::Router {
        let router =
            self.services.router(&self.common, secure).merge(consumers::router(Arc::clone(&self.consumers))).merge(checks::router(Arc::clone(&self.checks)));
        let router = router.merge(health::router(self.services.checks(), self.services.delivery_report())).merge(web::contracts());
        web::protect(router)
    }

    async fn stop(self) {
        // the routes are gone, and with them all other owners
        drop((self.consumers, self.checks));
        match Arc::try_unwrap(self.services) {
            Ok(services) => services.stop().await,
            Err(_) => tracing::warn!("a request still uses the services; what it reads is folded again where needed"),
        }
    }

    async fn run(self, data: &DataFolder, nats: &Nats, options: &UpOptions, clock: &Clock) -> Done {
        let listener = kept_listener(&data.join("http-address"), options.http.listen)?;
        let (address, tls) = (listener.local_addr()?, options.http.tls_files());
        let scheme = if tls.is_some() { "https" } else { "http" };
        let certificate = tls.as_ref().map(|tls| std::path::absolute(&tls.certificate)).transpose()?;
        let local = certificate.as_deref().map_or_else(|| Ok(reqwest::Client::new()), pinned::client)?;
        let (stop, stopped) = watch::channel(false);
        let mut serve_stop = stopped.clone();
        let serving = tokio::spawn(web::serve(listener, self.router(tls.is_some()), tls, async move {
            // a closed channel means that everything is over
            let _closed = serve_stop.wait_for(|stop| *stop).await;
        }));
        let pids = Pids { gridward: std::process::id(), nats: nats.pid() };
        let run = RunFile { http: format!("{scheme}://{address}"), nats: nats.url(), pids, certificate };
        data.announce(&run)?;
        announce(&run, data, clock, self.services.intake.as_ref().and_then(|intake| intake.readiness().why_not()));
        let player = match options.demo {
            Some((scale, seed)) => {
                self.announce_demo(data).await?;
                Some(tokio::spawn(demo::play(local, run.http.clone(), data.admin_token()?, clock.clone(), scale, seed)))
            }
            None => None,
        };
        told_to_stop().await;
        talk("gridward: stopping");
        if let Some(player) = player {
            player.abort();
        }
        // nobody listens any more when serving has failed already
        let _failed = stop.send(true);
        serving.await.context("the HTTP server ended badly")??;
        self.stop().await;
        Ok(())
    }
}

impl System {
    /// A token to look with, and a line to subscribe with.
    async fn announce_demo(&self, data: &DataFolder) -> anyhow::Result<()> {
        let token = data.office_token()?;
        if let Some(intake) = &self.services.intake {
            intake.ensure_token("office", Role::Office, &token).await?;
        }
        let watcher = self.consumers.watcher().await?;
        talk("  the towns and the people in them are invented");
        talk("\nsign in on the pages with this token (role office):\n");
        data_line(&token);
        talk("\nsubscribe to every alert with nats-py (pip install nats-py):\n");
        data_line(one_liner(&watcher));
        talk("");
        Ok(())
    }
}

fn announce(run: &RunFile, data: &DataFolder, clock: &Clock, why_not: Option<String>) {
    match why_not {
        None => talk(format_args!("gridward: ready")),
        Some(why) => talk(format_args!("gridward: nothing can be recorded: {why}")),
    }
    talk(format_args!("  pages and API   {}", run.http));
    talk(format_args!("  operator token  {}", data.join("admin.token").display()));
    talk(format_args!("  NATS            {}", run.nats));
    if clock.is_exercise() {
        talk(format_args!("  演练 exercise: a drill clock at {}, {} times real time", clock.now(), clock.rate()));
    }
}
