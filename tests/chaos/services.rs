//! One service per process, beside a nats-server: each of the four is killed by itself, while the others go on. `GRIDWARD_SERVICE_KILLS`
//! says how many.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use reqwest::{Method, RequestBuilder};
use system_tests::{Chance, NatsByHand, Service, System, any_address};

use crate::{
    checker::{Run, SETTLE_WAIT, check},
    count_of,
    load::{COMMUNITY, Load, Post, register},
    tell,
    told::Outsider,
    wait_for,
};

const ROLES: [&str; 3] = ["intake", "projection", "alerting"];

/// The intake of this deployment: its address stays, whoever serves it.
#[derive(Clone)]
struct Intake {
    url: Arc<str>,
    token: Arc<str>,
    http: reqwest::Client,
}

impl Post for Intake {
    async fn prepare(&self, commands: String) -> Option<RequestBuilder> {
        let url = format!("{}/api/v1/communities/{COMMUNITY}/commands", self.url);
        Some(self.http.request(Method::POST, url).bearer_auth(&self.token).header("content-type", "application/json").body(commands))
    }
}

/// A service over the folder of a whole system, so that the whole system can be asked afterwards what became of it.
fn service(data: &Path, folder: &Path, nats: &NatsByHand, role: &'static str) -> Service {
    let listen = any_address().unwrap();
    let password = folder.join("password");
    std::fs::write(&password, "p-admin").unwrap();
    let admin = if role == "intake" { format!("admin_token_file = '{}'", data.join("admin.token").display()) } else { String::new() };
    let config = format!(
        "[nats]\nurl = '{}'\nuser = 'admin'\npassword_file = '{}'\nmonitor_url = '{}'\n[http]\nlisten = '{listen}'\n[store]\nfolder = '{}'\ncache_mib = 16\n[deployment]\nkey_file = '{}'\n{admin}\n",
        nats.url(),
        password.display(),
        nats.monitor_url(),
        data.join("stores").join(role).display(),
        data.join("deployment.key").display(),
    );
    Service::new(folder, role, format!("http://{listen}"), &config, None).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_service_may_die_by_itself() {
    let Some(kills) = count_of("GRIDWARD_SERVICE_KILLS", 8) else { return };
    let mut chance = Chance::seeded(20_200_215);
    let seed = chance.seed();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut nats = Some(NatsByHand::start_plain(folder.path()).await.unwrap());
    let (url, monitor) = nats.as_ref().map(|nats| (format!("nats://admin:p-admin@{}", nats.address()), nats.monitor_url())).unwrap();
    let mut whole = System::start_in(data.clone(), &["--nats", &url, "--nats-monitor", &monitor]).await.unwrap();
    register(&whole).await;
    let outsider = Outsider::listening(&whole, nats.as_ref()).await;
    let token = whole.admin_token().unwrap();
    whole.stop().unwrap();
    let mut services = ROLES.map(|role| service(&data, folder.path(), nats.as_ref().unwrap(), role));
    for service in &mut services {
        service.begin().unwrap();
    }
    services[0].ready().await;
    let intake = Intake { url: services[0].url().into(), token: token.into(), http: reqwest::Client::new() };
    let load = Load::start(&mut chance, &intake);
    let mut struck: BTreeMap<&str, u64> = BTreeMap::new();
    for kill in 0..kills {
        let wanted = load.history.acknowledged() + 5 + usize::try_from(chance.below(60)).unwrap();
        wait_for(|| load.history.acknowledged() >= wanted, SETTLE_WAIT, &format!("seed {seed}: nothing is acknowledged before kill {kill}")).await;
        // each at least once in a short run
        let victim = usize::try_from(if kill < 4 { kill } else { chance.below(4) }).unwrap();
        if let Some(service) = services.get_mut(victim) {
            service.kill().unwrap();
            service.begin().unwrap();
        } else {
            nats = Some(nats.take().unwrap().stop_for_restart().start().await.unwrap());
        }
        *struck.entry(ROLES.get(victim).copied().unwrap_or("nats-server")).or_default() += 1;
    }
    let history = load.stop().await;
    for service in &mut services {
        service.ready().await;
        service.kill().unwrap();
    }
    whole.begin().await.unwrap();
    let came_to = check(Run { system: &whole, nats: nats.as_ref(), history: &history, outsider, seed }).await;
    tell(seed, &format!("killed by themselves {struck:?}, {came_to}"));
    whole.stop().unwrap();
}
