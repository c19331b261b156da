//! A silence that begins after people were told, over a real nats-server: alerting folds it, and the delivery beside it asks before it reminds.

use std::{net::SocketAddr, path::Path};

use bus::{
    Announcer, Connection, ConnectionOptions, EventLog, EventLogOptions, MemoryLog, Message, Requests,
    provision::{StreamPlan, ensure},
    server::{Launcher, NatsServer, START_WAIT, ServerConfig, ServerOptions, ServiceUser, find_binary},
};
use domain::{
    alert::Alert,
    values::{CommandId, CommunityId},
};
use store::Store;
use testkit::{MemoryIntake, World};

use super::{
    receiver::{FakeReceiver, ok},
    *,
};
use crate::{
    Alerting, Outlets, Parts, silences,
    simulation::{Clock, open},
};

const COMMUNITY: &str = "u07";
const NOON: &str = "2020-02-06T12:00";

/// Not a test of its own: the entry through which a test starts nats-server.
#[test]
fn nats_child() {
    bus::server::child_main_if_asked();
}

/// A server with the users and the streams of the real system.
async fn server(folder: &Path) -> NatsServer {
    let services = vec![ServiceUser::intake("p-intake"), ServiceUser::alerting("p-alerting"), ServiceUser::provision("p-provision")];
    let config = ServerConfig::new(SocketAddr::from(([127, 0, 0, 1], 0)), "p-system", services);
    let options = ServerOptions {
        folder: folder.join("nats"),
        binary: find_binary().expect("this test needs nats-server"),
        launcher: Launcher::TestEntry { test: "deliver::tests::silenced::nats_child".to_owned() },
        start_wait: START_WAIT,
    };
    let server = NatsServer::start(&options, &config).await.unwrap();
    let plans = [StreamPlan::events(None), StreamPlan::alerts(None), StreamPlan::alerts_public(None), StreamPlan::nudges(), StreamPlan::deliveries()];
    let mut made = 0;
    let identity = || {
        made += 1;
        format!("stream-{made}")
    };
    ensure(&connect(&server, "provision").await, &plans, identity).await.unwrap();
    server
}

async fn connect(server: &NatsServer, user: &str) -> Connection {
    let options = ConnectionOptions::new(server.url(), user).login(user, format!("p-{user}"), format!("_INBOX_{user}"));
    let connection = Connection::open(options).await.unwrap();
    connection.connected(PATIENCE).await.unwrap();
    connection
}

/// What the intake in memory records goes onto the log of the server, in order and for ever.
async fn carry(recorded: EventLog, log: EventLog) {
    loop {
        let (from, to) = (log.head().await.unwrap().last_sequence, recorded.head().await.unwrap().last_sequence);
        let stored = recorded.read_many(&(from + 1..=to).collect::<Vec<_>>()).await.unwrap();
        if !stored.is_empty() {
            let messages = stored.into_iter().map(|stored| Message { subject: stored.subject, payload: stored.payload });
            log.append(from, messages.collect()).await.unwrap();
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn start_alerting(connection: &Connection, requests: &Requests, store: &Store, clock: &Clock) -> Alerting {
    let publication = |stream: &str| Publication::new(connection, stream);
    Alerting::start(Parts {
        log: EventLog::new(connection, &EventLogOptions::default()),
        requests: requests.clone(),
        store: store.clone(),
        now: clock.now(),
        outlets: Outlets {
            alerts: publication("ALERTS"),
            public: publication("ALERTS_PUBLIC"),
            full: None,
            nudges: publication("NUDGES"),
            announcer: Announcer::new(connection),
        },
    })
}

/// A group that is told of fevers, with their doors.
fn start_deliveries(connection: &Connection, silences: Silences, clock: &Clock, url: &str) -> Deliveries {
    let filter = Filter { kinds: vec!["fever".parse().unwrap()], ..Filter::default() };
    let plan = Plan { filter, ..subscription("group", Channel::Wecom, Class::Work, url).plan };
    let began = tokio::time::Instant::now();
    Deliveries::start(DeliveryParts {
        alerts: Reading::new(connection, "ALERTS"),
        full: None,
        nudges: Reading::new(connection, "NUDGES"),
        marks: Marks::new(connection),
        silences,
        subscriptions: vec![Subscription::new(plan, url, None, Template::default()).unwrap()],
        names: Names::new(),
        now: clock.now(),
        real: Arc::new(move || Timestamp(START_MS).plus_ms(i64::try_from(began.elapsed().as_millis()).unwrap())),
        instance: "one".to_owned(),
    })
    .unwrap()
}

async fn fever(intake: &MemoryIntake, person: &str, household: &str) {
    let people = json!([{"person": person, "readings": [{"celsius": 38.5, "site": "axilla"}], "symptoms": []}]);
    intake.record(COMMUNITY, "visit.record", json!({"household": household, "outcome": "met", "mode": "door", "people": people}), NOON).await;
}

async fn silence_building_7(intake: &MemoryIntake) -> CommandId {
    let data = json!({"kind": "fever", "building": "b07", "until": "2020-02-06T20:00:00+08:00", "reason": "已全楼通知"});
    intake.record(COMMUNITY, "alert.silence", data, NOON).await
}

/// Until alerting has folded whether fevers of building 7 are silenced.
async fn until_silenced(store: &Store, clock: &Clock, expected: bool) {
    let (community, kind, building) = (COMMUNITY.parse().unwrap(), "fever".parse().unwrap(), "b07".parse().unwrap());
    let is_silenced = || silences::until(store, &community, (&kind, Some(&building)), (clock.now())()).unwrap().is_some();
    until("it is folded", || is_silenced() == expected).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silence_after_the_first_telling_stops_the_reminder_and_its_end_by_hand_brings_it_back() {
    choose_provider();
    let folder = TempDir::new().unwrap();
    let (server, recorded, clock, requests) = (server(folder.path()).await, MemoryLog::new("town"), Clock::at(NOON), Requests::in_memory());
    let intake = MemoryIntake::new(&recorded, clock.now());
    intake.adopt(World::settled()).await;
    let log = EventLog::new(&connect(&server, "intake").await, &EventLogOptions::default());
    let (serving, carrying) = (intake.serve(&requests).await, tokio::spawn(carry(EventLog::in_memory(&recorded), log)));
    let (connection, stores) = (connect(&server, "alerting").await, TempDir::new().unwrap());
    let store = open(&stores);
    let alerting = start_alerting(&connection, &requests, &store, &clock);
    let receiver = FakeReceiver::start(ok).await;
    let deliveries = start_deliveries(&connection, alerting.silences(), &clock, &receiver.url());
    until("it has begun", || status(&deliveries, "group").state == "telling").await;
    fever(&intake, "p1", "h502").await;
    fever(&intake, "p3", "h101").await;
    until("both are told", || status(&deliveries, "group").delivered == 2).await;
    let told = receiver.calls().len();

    // nothing is said of either alert: no message of theirs tells of the silence
    let silence = silence_building_7(&intake).await;
    until_silenced(&store, &clock, true).await;
    clock.forward_minutes(31);
    until("people are reminded of the other", || receiver.calls().len() == told + 1).await;
    let text = |call: usize| receiver.calls()[call].json()["text"]["content"].as_str().unwrap().to_owned();
    assert!(text(told).contains("目前无人接手：1 件") && text(told).contains("8号楼") && !text(told).contains("7号楼"), "{}", text(told));

    intake.record(COMMUNITY, "alert.unsilence", json!({"silence": silence.to_string()}), "2020-02-06T12:31").await;
    until_silenced(&store, &clock, false).await;
    clock.forward_minutes(31);
    until("people are reminded of both", || receiver.calls().len() == told + 2).await;
    let last = text(told + 1);
    assert!(last.contains("目前无人接手：2 件") && last.contains("8号楼") && last.contains("7号楼"), "{last}");
    deliveries.stop().await;

    // who cannot say says nothing, and people are reminded
    let silences = alerting.silences();
    let community: CommunityId = COMMUNITY.parse().unwrap();
    let world = intake.world(COMMUNITY).await;
    let steps = world.commits().iter().flat_map(|commit| &commit.events).filter_map(Alert::step).filter(|step| step.key.rule.as_str() == "fever");
    let alerts: Vec<(CommunityId, String)> = steps.map(|step| (community.clone(), step.alert.to_string())).collect();
    let now = (clock.now())();
    let answers = silences.of(alerts.clone(), now).await;
    assert!(answers.len() == 2 && answers.values().all(Option::is_none), "{answers:?}");
    assert!(silences.of(vec![(community, "aaaaaaaaaaaaaaaa-1".to_owned())], now).await.is_empty(), "nothing is known of it here");
    let behind = Readiness::default();
    behind.waiting("judging", "reading the log");
    assert!(Silences::new(store.clone(), behind).of(alerts.clone(), now).await.is_empty(), "not all of the log is folded");
    alerting.stop().await;
    assert!(silences.of(alerts, now).await.is_empty(), "the store is closed");
    serving.abort();
    carrying.abort();
    server.stop().await.unwrap();
}
