//! One service per process, each with its own configuration and its own NATS user, beside a nats-server that is not gridward's child.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on may say so by panicking")]

mod shipped;

use std::{fs, path::Path, time::Duration};

use bus::{
    Connection, ConnectionOptions,
    durable::{DurablePlan, StartAt, ensure_durable},
    provision::{StreamPlan, ensure},
    server::{CONSUMER_API_PREFIX, ConsumerAccount, ServerConfig, ServiceUser},
};
use reqwest::Method;
use serde_json::{Value, json};
use system_tests::{Foreign, NatsByHand, Service, Subscriber, any_address, self_signed, until};

const COMMUNITY: &str = "u07";
const ADMIN_TOKEN: &str = "gw_operatoroperatoroperatoroperatoroperator";
/// Longest wait for anything that is expected.
const WAIT: Duration = Duration::from_secs(20);

fn consumer() -> ConsumerAccount {
    let text = str::to_owned;
    ConsumerAccount { name: text("clinic"), password: text("p-clinic"), stream: text("ALERTS"), durable: text("clinic"), live: Vec::new(), asks: Vec::new() }
}

fn server_config() -> ServerConfig {
    let services = vec![
        ServiceUser::intake("p-intake"),
        ServiceUser::projection("p-projection"),
        ServiceUser::alerting("p-alerting"),
        ServiceUser::provision("p-provision"),
    ];
    let mut config = ServerConfig::new(any_address().unwrap(), "p-system", services);
    config.monitor = any_address().unwrap();
    config.consumers = vec![consumer()];
    config
}

/// Streams and the consumer's durable, as an operator sets them up.
async fn provision(nats: &NatsByHand) {
    let options = ConnectionOptions::new(nats.url(), "operator").login("provision", "p-provision", "_INBOX_provision");
    let connection = Connection::open(options).await.unwrap();
    connection.connected(WAIT).await.unwrap();
    let mut made = 0;
    let identity = || {
        made += 1;
        format!("by-hand-{made}")
    };
    ensure(&connection, &StreamPlan::all(None), identity).await.unwrap();
    let plan =
        DurablePlan { stream: "ALERTS".to_owned(), name: "clinic".to_owned(), filters: vec!["gw.v1.dianbu.*.alert.fever.>".to_owned()], from: StartAt::All };
    ensure_durable(&connection, &plan).await.unwrap();
    connection.close().await.unwrap();
}

/// A receiver of webhooks, and the file that says that it is told.
async fn receiver(folder: &Path) -> Foreign {
    let key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let mut foreign = Foreign::python("receive.py").unwrap();
    foreign.tell(&json!({"secret":key})).unwrap();
    let port = foreign.line(0).await.json["port"].clone();
    fs::write(folder.join("clinic.url"), format!("http://127.0.0.1:{port}/")).unwrap();
    fs::write(folder.join("clinic.key"), key).unwrap();
    let delivery = "[[delivery]]\nname = 'clinic'\nchannel = 'webhook'\nclass = 'work'\nurl_file = 'clinic.url'\nsecret_file = 'clinic.key'\n";
    fs::write(folder.join("deliveries.toml"), format!("{delivery}filter.towns = ['dianbu']\n")).unwrap();
    foreign
}

fn credentials(nats: &NatsByHand) -> Value {
    let consumer = consumer();
    json!({"nats":nats.url(),"user":consumer.user(),"password":consumer.password,"stream":"ALERTS","durable":"clinic","inbox_prefix":consumer.inbox_prefix(),"api_prefix":CONSUMER_API_PREFIX})
}

/// A service, configured as deploy/config/*.toml show it.
fn service(folder: &Path, nats: &NatsByHand, role: &'static str, tls: bool) -> Service {
    let listen = any_address().unwrap();
    let path = |name: &str| folder.join(name).display().to_string();
    fs::write(folder.join(format!("{role}.password")), format!("p-{role}\n")).unwrap();
    fs::write(folder.join("deployment.key"), "5e".repeat(32)).unwrap();
    fs::write(folder.join("admin.token"), ADMIN_TOKEN).unwrap();
    let certificate = if tls { format!("tls = {{ certificate = '{}', key = '{}' }}", path("tls.crt"), path("tls.key")) } else { String::new() };
    let deliveries = folder.join("deliveries.toml");
    let told = if role == "alerting" && deliveries.exists() { format!("[alerting]\ndeliveries = '{}'\n", deliveries.display()) } else { String::new() };
    let admin = if role == "intake" { format!("admin_token_file = '{}'", path("admin.token")) } else { String::new() };
    let config = format!(
        "[nats]\nurl = '{}'\nuser = '{role}'\npassword_file = '{}'\nmonitor_url = '{}'\n[http]\nlisten = '{listen}'\n{certificate}\n[store]\nfolder = '{}'\ncache_mib = 16\n[deployment]\nkey_file = '{}'\n{admin}\n{told}[log]\njson = true\n",
        nats.url(),
        path(&format!("{role}.password")),
        nats.monitor_url(),
        path(&format!("{role}-store")),
        path("deployment.key"),
    );
    let pem = tls.then(|| fs::read(folder.join("tls.crt")).unwrap());
    let url = if tls { format!("https://localhost:{}", listen.port()) } else { format!("http://{listen}") };
    Service::new(folder, role, url, &config, pem.as_deref()).unwrap()
}

async fn send(intake: &Service, kind: &str, data: Value) -> Value {
    let command = json!({"id":uuid::Uuid::now_v7(),"type":kind,"data":data});
    let (status, answer) = intake.request(ADMIN_TOKEN, Method::POST, &format!("/communities/{COMMUNITY}/commands"), Some(&command)).await.unwrap();
    assert!(status < 300, "{kind}: {answer}");
    json!({"command":command["id"],"sequence":answer["sequence"]})
}

async fn fever(intake: &Service, person: &str) -> Value {
    let people = json!([{"person":person,"readings":[{"celsius":38.6,"site":"axilla"}],"symptoms":[]}]);
    send(intake, "visit.record", json!({"household":"h1","outcome":"met","mode":"door","people":people})).await
}

fn cause_of(sent: &Value) -> Value {
    json!([format!("{}-0", sent["command"].as_str().unwrap())])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fever_goes_its_way_across_processes() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    self_signed(folder).unwrap();
    let nats = NatsByHand::start(&folder.join("nats"), &server_config(), |text| text).await.unwrap();
    provision(&nats).await;
    let clinic = receiver(folder).await;
    let (mut intake, mut projection, mut alerting) =
        (service(folder, &nats, "intake", true), service(folder, &nats, "projection", false), service(folder, &nats, "alerting", false));
    for service in [&mut intake, &mut projection, &mut alerting] {
        service.begin().unwrap();
    }
    for service in [&intake, &projection, &alerting] {
        service.ready().await;
    }
    assert_eq!(intake.readiness().await.1, json!({"ready":true,"services":{"intake":"ready","nats":"ready"},"lag":{},"parked":{}}));
    for (fold, name) in [(&projection, "projection"), (&alerting, "alerting")] {
        let told = fold.readiness().await.1;
        assert!(told["lag"][name]["commits"].is_u64() && told["lag"][name]["seconds"].is_f64(), "{told}");
    }
    send(&intake, "community.found", json!({"town":"dianbu","community":COMMUNITY,"name":"七里"})).await;
    send(&intake, "building.register", json!({"building":"b07","name":"7号楼"})).await;
    send(&intake, "household.register", json!({"household":"h1","building":"b07","door":"101"})).await;
    for person in ["p1", "p2", "p3"] {
        send(&intake, "person.register", json!({"person":person,"name":"杨桂英","household":"h1"})).await;
    }
    let subscriber = Subscriber::start(&credentials(&nats)).await.unwrap();
    let first = fever(&intake, "p1").await;
    let raised = subscriber.message(0).await;
    assert_eq!((raised.action(), &raised.json["data"]["caused_by"]), ("raised", &cause_of(&first)));
    let told = clinic.line(1).await.json;
    assert_eq!((&told["verified"], told["body"].as_str()), (&json!(true), Some(raised.body.as_str())), "a webhook is told the same");
    let look = format!("/communities/{COMMUNITY}/buildings/b07?after={}", raised.sequence());
    let (status, building) = projection.request(ADMIN_TOKEN, Method::GET, &look, None).await.unwrap();
    assert_eq!((status, &building["status"]), (200, &json!("critical")), "{building}");

    alerting_is_killed(&intake, &mut alerting, &subscriber).await;
    a_service_says_why_it_is_not_ready(nats, [&intake, &projection, &alerting]).await;
}

/// What happens while it is down is told afterwards; what was told before is not told again, not even without its store.
async fn alerting_is_killed(intake: &Service, alerting: &mut Service, subscriber: &Subscriber) {
    alerting.kill().unwrap();
    let meanwhile = fever(intake, "p2").await;
    alerting.begin().unwrap();
    alerting.ready().await;
    let second = subscriber.message(1).await;
    assert_eq!((second.action(), &second.json["data"]["caused_by"]), ("raised", &cause_of(&meanwhile)));
    alerting.kill().unwrap();
    alerting.forget_store().unwrap();
    alerting.begin().unwrap();
    alerting.ready().await;
    // the next message is that of the next fever: nothing came between
    let third = fever(intake, "p3").await;
    assert_eq!(subscriber.message(2).await.json["data"]["caused_by"], cause_of(&third));
    let people: Vec<_> = subscriber.messages().iter().map(|message| message.json["data"]["person"]["ref"].clone()).collect();
    assert_eq!(people, ["p1", "p2", "p3"]);
}

/// Without its NATS nothing can be recorded or told, and whoever cannot says so; what was folded is still shown. All go on when it is back.
async fn a_service_says_why_it_is_not_ready(nats: NatsByHand, [intake, projection, alerting]: [&Service; 3]) {
    let stopped = nats.stop_for_restart();
    for service in [intake, alerting] {
        let (_, why) = until("not ready without NATS", WAIT, async || Some(service.readiness().await).filter(|(status, _)| *status == 503)).await;
        assert_eq!(why["ready"], false);
        assert!(why["services"]["nats"].as_str().unwrap().starts_with("no connection to nats"), "{why}");
    }
    let look = format!("/communities/{COMMUNITY}/buildings/b07");
    let (status, building) = projection.request(ADMIN_TOKEN, Method::GET, &look, None).await.unwrap();
    assert_eq!((status, &building["status"]), (200, &json!("critical")), "{building}");
    let _nats = stopped.start().await.unwrap();
    for service in [intake, projection, alerting] {
        service.ready().await;
    }
    let again = fever(intake, "p1").await;
    let look = format!("/communities/{COMMUNITY}/households/h1?after={}", again["sequence"]);
    let (status, household) = until("the projection reads on", WAIT, async || {
        Some(projection.request(ADMIN_TOKEN, Method::GET, &look, None).await.unwrap()).filter(|(status, _)| *status == 200)
    })
    .await;
    assert_eq!((status, &household["observations"][0]["event"]), (200, &cause_of(&again)[0]));
}
