//! `gridward up`: everything in one process, with a nats-server of our own unless another is named.

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use anyhow::Context as _;
use bus::preflight::Unsynced;
use domain::values::DeploymentKey;
use tokio::sync::{Mutex, watch};

use super::{
    consumers::{self, Consumers},
    demo, health,
    nats::{self, Connections, OwnServer},
    services::{Common, Services, start_alerting, start_intake},
    told_to_stop,
};
use crate::{
    cli::DemoScale,
    clock::{Clock, Drill},
    data::{DataFolder, Pids, RunFile, kept_listener},
    exit::{Done, Exit, Failure, talk},
};

/// How everything runs.
#[derive(Clone, Debug)]
pub(crate) struct UpOptions {
    pub(crate) data: PathBuf,
    pub(crate) listen: SocketAddr,
    pub(crate) nats: Option<String>,
    pub(crate) nats_listen: SocketAddr,
    pub(crate) clock: Option<Drill>,
    pub(crate) demo: Option<(DemoScale, u64)>,
}

/// Runs until told to stop.
pub(crate) async fn up(options: UpOptions) -> Done {
    if options.nats.is_some() {
        return Err(Exit::new(Failure::Usage, "with an external NATS run one service per process: gridward intake --config deploy/config/intake.toml, and so on"));
    }
    let data = Arc::new(DataFolder::open(&options.data)?);
    let clock = Clock::open(data.path(), options.clock.or_else(|| options.demo.map(|_| demo::default_clock())))?;
    let common = Common { secrets: DeploymentKey::new(&data.deployment_secret()?), now: clock.as_now(), exercise: clock.is_exercise(), cache_mib: 128 };
    talk("gridward: starting nats-server");
    let own = Arc::new(OwnServer::start(&data, options.nats_listen).await?);
    let connections = own.connect().await?;
    nats::prepare(&connections.provision, Some(&own.server.monitor_url()), Unsynced::Refuse, None).await?;
    let system = System::start(&data, &own, connections, &common, &options).await?;
    let keeping = tokio::spawn(clock.clone().keep());
    let stopped = system.run(&data, &own, &options, &clock).await;
    keeping.abort();
    data.withdraw();
    match Arc::try_unwrap(own) {
        Ok(own) => own.server.stop().await.context("nats-server did not stop by itself")?,
        Err(_) => tracing::warn!("nats-server is still in use; it ends with this process"),
    }
    stopped
}

/// All services of one process.
struct System {
    services: Services,
    consumers: Arc<Consumers>,
}

impl System {
    async fn start(data: &Arc<DataFolder>, own: &Arc<OwnServer>, connections: Connections, common: &Common, _options: &UpOptions) -> anyhow::Result<Self> {
        let intake = start_intake(&connections.intake, &data.join("stores/intake"), common).await?;
        intake.grant_admin(&data.admin_token()?).await?;
        let alerting = start_alerting(&connections.alerting, &data.join("stores/alerting"), common)?;
        let consumers = Arc::new(Consumers {
            gate: intake.gate(),
            data: Arc::clone(data),
            connection: connections.provision,
            server: Some(Arc::clone(own)),
            nats_url: own.server.url(),
            changing: Mutex::default(),
        });
        Ok(Self { services: Services { intake: Some(intake), alerting: Some(alerting) }, consumers })
    }

    fn router(&self) -> axum::Router {
        let router = self.services.router().merge(consumers::router(Arc::clone(&self.consumers))).merge(health::router(self.services.checks()));
        web::protect(router)
    }

    async fn run(self, data: &DataFolder, own: &OwnServer, options: &UpOptions, clock: &Clock) -> Done {
        let listener = kept_listener(&data.join("http-address"), options.listen)?;
        let address = listener.local_addr()?;
        let (stop, stopped) = watch::channel(false);
        let mut serve_stop = stopped.clone();
        let serving = tokio::spawn(web::serve(listener, self.router(), None, async move {
            // a closed channel means that everything is over
            let _closed = serve_stop.wait_for(|stop| *stop).await;
        }));
        let run = RunFile { http: format!("http://{address}"), nats: own.server.url(), pids: Pids { gridward: std::process::id(), nats: own.server.pid() } };
        data.announce(&run)?;
        announce(&run, data, clock);
        let player = options.demo.map(|(scale, seed)| tokio::spawn(demo::play(run.http.clone(), data.join("admin.token"), clock.clone(), scale, seed)));
        told_to_stop().await;
        talk("gridward: stopping");
        if let Some(player) = player {
            player.abort();
        }
        // nobody listens any more when serving has failed already
        let _failed = stop.send(true);
        serving.await.context("the HTTP server ended badly")??;
        self.services.stop().await;
        Ok(())
    }
}

fn announce(run: &RunFile, data: &DataFolder, clock: &Clock) {
    talk(format_args!("gridward: ready"));
    talk(format_args!("  pages and API   {}", run.http));
    talk(format_args!("  operator token  {}", data.join("admin.token").display()));
    talk(format_args!("  NATS            {}", run.nats));
    if clock.is_exercise() {
        talk(format_args!("  演练 exercise: a drill clock at {}, {} times real time", clock.now(), clock.rate()));
    }
}
