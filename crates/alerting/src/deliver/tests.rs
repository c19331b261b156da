//! Deliveries over publications in memory and receivers on loopback; `silenced` over a real nats-server.

mod life;
mod receiver;
mod robots;
mod silenced;

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use bus::{Marks, MemoryMarks, MemoryPublication, Notice, Publication, Reading};
use delivery::{Channel, Class, Doors, Filter, Names, Plan, Template};
use domain::{
    log::{CommitHash, LogPosition},
    values::{Now, Timestamp},
};
use serde_json::json;

use tempfile::TempDir;

use super::{Deliveries, DeliveryParts, DeliveryStatus, Subscription};
use crate::{readiness::Readiness, silences::Silences, simulation};

/// Long enough for anything that should happen.
const PATIENCE: Duration = Duration::from_secs(20);
/// The example of the Standard Webhooks specification.
const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
/// When the tests begin: away from the full and the half hour.
const START_MS: i64 = 1_580_972_640_000;

/// What stays when a process ends: the stream and the marks on the server. And a clock that stands until it is moved, and a store in which
/// nothing is folded.
struct Town {
    memory: MemoryPublication,
    marks: MemoryMarks,
    clock_ms: Arc<AtomicI64>,
    silences: Silences,
    _folder: TempDir,
}

/// Says who makes secrets of TLS: clients want to know, although nothing here is encrypted.
fn choose_provider() {
    // whoever chose one before chose the same
    let _already = rustls::crypto::ring::default_provider().install_default();
}

impl Town {
    fn new() -> Self {
        choose_provider();
        let folder = TempDir::new().unwrap();
        let silences = Silences::new(simulation::open(&folder), Readiness::default());
        let clock_ms = Arc::new(AtomicI64::new(START_MS));
        Self { memory: MemoryPublication::default(), marks: MemoryMarks::default(), clock_ms, silences, _folder: folder }
    }

    fn now(&self) -> Now {
        let clock = Arc::clone(&self.clock_ms);
        Arc::new(move || Timestamp(clock.load(Ordering::SeqCst)))
    }

    fn pass(&self, ms: i64) {
        self.clock_ms.fetch_add(ms, Ordering::SeqCst);
    }

    fn deliver(&self, instance: &str, subscriptions: Vec<Subscription>) -> Deliveries {
        self.deliver_by(instance, subscriptions, self.now())
    }

    fn deliver_by(&self, instance: &str, subscriptions: Vec<Subscription>, real: Now) -> Deliveries {
        let names: Names = [("u07".parse().unwrap(), "阳光社区".to_owned())].into();
        let parts = DeliveryParts {
            alerts: Reading::in_memory(&self.memory),
            full: None,
            nudges: Reading::in_memory(&self.memory),
            marks: Marks::in_memory(&self.marks),
            silences: self.silences.clone(),
            subscriptions,
            names,
            now: self.now(),
            real,
            instance: instance.to_owned(),
        };
        Deliveries::start(parts).unwrap()
    }

    async fn publish(&self, payloads: Vec<Vec<u8>>) {
        let expected = self.memory.notices().len() as u64;
        let notice = |(place, payload): (u64, Vec<u8>)| Notice {
            subject: "gw.v1.dianbu.u07.alert.fever.critical.b07.raised".to_owned(),
            source: LogPosition { stream: "log".to_owned(), sequence: expected + place, hash: CommitHash([7; 16]) },
            content_type: "application/cloudevents+json",
            payload: payload.into(),
        };
        Publication::in_memory(&self.memory).append(expected, (1..).zip(payloads).map(notice).collect()).await.unwrap();
    }

    /// A message, recorded now.
    fn message(&self, alert: u32, severity: &str, building: &str) -> Vec<u8> {
        let time = (self.now())();
        let title =
            json!({"zh-CN": format!("阳光小区 {building}楼2单元502 发热 38.2℃"), "en": format!("Fever 38.2 °C, Yangguang, building {building}, door 502")});
        let body = json!({
            "specversion": "1.0", "id": format!("1-a{alert}-1"), "time": time, "severity": severity,
            "data": {"alert": format!("a{alert}"), "n": 1, "kind": "fever", "action": "raised", "severity": severity, "exercise": false, "title": title,
                "person": {"ref": "p7f3a"}, "acknowledged": null,
                "place": {"town": "dianbu", "community": "u07", "estate": "e1", "building": building, "unit": "2", "household": "h502"}}
        });
        serde_json::to_vec(&body).unwrap()
    }
}

fn subscription(name: &str, channel: Channel, class: Class, url: &str) -> Subscription {
    let plan = Plan {
        name: name.parse().unwrap(),
        channel,
        class,
        doors: Doors::All,
        filter: Filter::default(),
        leaders: Vec::new(),
        staff: Vec::new(),
        cluster_stands: false,
        quiet: None,
    };
    let secret = (channel == Channel::Webhook).then_some(KEY);
    Subscription::new(plan, url, secret, Template::default()).unwrap()
}

/// Waits for the thing.
async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while !holds() {
        assert!(tokio::time::Instant::now() < deadline, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn status(deliveries: &Deliveries, name: &str) -> DeliveryStatus {
    deliveries.report().statuses()[&name.parse().unwrap()].clone()
}

/// Until all that was published has been told or has a reason.
async fn until_done(deliveries: &Deliveries, name: &str, messages: u64) {
    until("all is told", || {
        let status = deliveries.report().statuses().get(&name.parse().unwrap()).cloned().unwrap_or_default();
        status.waiting == 0 && status.delivered + status.given_up + status.suppressed.values().sum::<u64>() == messages
    })
    .await;
}
