//! What an outside consumer may do, tried out against the configuration that is generated for the real system.

use std::time::Duration;

use async_nats::jetstream::consumer::PullConsumer;
use async_nats::jetstream::context::ContextBuilder;
use async_nats::{Client, ConnectOptions, Event};
use bus::durable::{DurablePlan, StartAt, ensure_durable, remove_durable};
use bus::provision::StreamPlan;
use bus::server::config::CONSUMER_API_PREFIX;
use bus::server::{ConsumerAccount, ReloadError, ServerConfig};
use bus::{Announcer, EventLog, EventLogOptions, Headers, Message, Notice, Publication, Requests};
use bytes::Bytes;
use domain::log::{CommitHash, LogPosition};
use futures_util::StreamExt;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::common::{Bench, PATIENCE};

/// Long enough for the server to say no, or to have stored what it should not.
pub(crate) const NO_ANSWER: Duration = Duration::from_millis(300);

pub(crate) fn account(name: &str) -> ConsumerAccount {
    ConsumerAccount {
        name: name.to_owned(),
        password: format!("p-{name}"),
        stream: "ALERTS".to_owned(),
        durable: name.to_owned(),
        live: vec![format!("gw.v1.t.{name}.heartbeat")],
        asks: vec![format!("gw.v1.t.{name}.command")],
    }
}

pub(crate) fn notice(community: &str, source_sequence: u64) -> Notice {
    Notice {
        subject: format!("gw.v1.t.{community}.alert.fever.critical.b07.raised"),
        source: LogPosition { stream: "a-history".to_owned(), sequence: source_sequence, hash: CommitHash::default() },
        content_type: "application/cloudevents+json",
        payload: Bytes::from(community.to_owned()),
    }
}

/// A system with two consumers, each with one alert of its own community.
pub(crate) async fn system() -> Bench {
    let mut bench = Bench::start().await;
    let mut streams = StreamPlan::all(None);
    streams.push(StreamPlan::alerts_full());
    bench.provision(&streams).await;
    let provision = bench.connect("provision").await;
    for name in ["c1", "c2"] {
        let plan = DurablePlan { stream: "ALERTS".to_owned(), name: name.to_owned(), filters: vec![format!("gw.v1.t.{name}.alert.>")], from: StartAt::All };
        assert!(ensure_durable(&provision, &plan).await.unwrap());
        assert!(!ensure_durable(&provision, &plan).await.unwrap(), "a second time changes nothing");
    }
    bench.config.consumers = vec![account("c1"), account("c2")];
    bench.server.reload(&bench.config).await.unwrap();
    let log = EventLog::new(&bench.connect("intake").await, &EventLogOptions::default());
    log.append(0, vec![Message { subject: "ev.0.c1._.post.1".to_owned(), payload: "x".into() }]).await.unwrap();
    let publication = Publication::new(&bench.connect("alerting").await, "ALERTS");
    publication.append(0, vec![notice("c1", 1), notice("c2", 1)]).await.unwrap();
    bench
}

/// A consumer as an outsider writes it, and what the server forbade it.
pub(crate) async fn outsider(bench: &Bench, name: &str) -> (Client, mpsc::UnboundedReceiver<Event>) {
    let account = account(name);
    let (sender, events) = mpsc::unbounded_channel();
    let options = ConnectOptions::new().user_and_password(account.user(), account.password.clone()).custom_inbox_prefix(account.inbox_prefix()).event_callback(
        move |event| {
            sender.send(event).unwrap();
            std::future::ready(())
        },
    );
    (options.connect(bench.server.url()).await.unwrap(), events)
}

#[tokio::test]
async fn a_consumer_reads_its_alerts_and_acknowledges_them() {
    let bench = system().await;
    let (client, _events) = outsider(&bench, "c1").await;
    let context = ContextBuilder::new().api_prefix(CONSUMER_API_PREFIX).timeout(PATIENCE).build(client);
    let mut consumer: PullConsumer = context.get_consumer_from_stream("c1", "ALERTS").await.unwrap();
    let mut messages = consumer.messages().await.unwrap();
    let message = timeout(PATIENCE, messages.next()).await.unwrap().unwrap().unwrap();
    assert_eq!(message.payload, "c1");
    assert_eq!(message.headers.as_ref().unwrap().get("Gridward-Sequence").unwrap().as_str(), "1");
    message.double_ack().await.unwrap();
    let info = consumer.info().await.unwrap();
    assert_eq!((info.num_pending, info.num_ack_pending, info.ack_floor.consumer_sequence), (0, 0, 1));
    assert!(timeout(NO_ANSWER, messages.next()).await.is_err(), "the alert of c2 does not come");
    // what is published while the pull waits arrives as well
    Publication::new(&bench.connect("alerting").await, "ALERTS").append(2, vec![notice("c2", 2), notice("c1", 2)]).await.unwrap();
    let message = timeout(PATIENCE, messages.next()).await.unwrap().unwrap().unwrap();
    assert_eq!((message.payload.clone(), message.info().unwrap().stream_sequence), ("c1".into(), 4));
}

#[tokio::test]
async fn a_consumer_hears_its_live_subjects_and_asks_only_on_its_own() {
    let bench = system().await;
    let (client, _events) = outsider(&bench, "c1").await;
    let mut own = client.subscribe("gw.v1.t.c1.heartbeat").await.unwrap();
    let mut all = client.subscribe("gw.v1.>").await.unwrap();
    client.flush().await.unwrap();
    let mut questions = Requests::new(&bench.connect("intake").await).serve("gw.v1.*.*.command", Some("intake")).await.unwrap();
    let announcer = Announcer::new(&bench.connect("alerting").await);
    announcer.announce("gw.v1.t.c2.heartbeat", "no".into()).await.unwrap();
    announcer.announce("gw.v1.t.c1.heartbeat", "yes".into()).await.unwrap();
    assert_eq!(timeout(PATIENCE, own.next()).await.unwrap().unwrap().payload, "yes");
    assert!(timeout(NO_ANSWER, all.next()).await.is_err(), "a wildcard shows nothing that is not its own");
    let answering = tokio::spawn(async move {
        let question = questions.next().await.unwrap();
        assert_eq!((question.subject.as_str(), question.headers.get("authorization")), ("gw.v1.t.c1.command", Some("t")));
        question.respond(Headers::default().with("Gridward-Status", "200"), "done".into()).await.unwrap();
        questions
    });
    let mut headers = async_nats::HeaderMap::new();
    headers.insert("Authorization", "t");
    let answer = timeout(PATIENCE, client.request_with_headers("gw.v1.t.c1.command", headers, "?".into())).await.unwrap().unwrap();
    assert_eq!((answer.payload, answer.headers.unwrap().get("Gridward-Status").unwrap().as_str()), ("done".into(), "200"));
    let mut questions = answering.await.unwrap();
    let other = timeout(NO_ANSWER, client.request("gw.v1.t.c2.command", "?".into())).await;
    assert!(!matches!(other, Ok(Ok(_))), "{other:?}");
    assert!(timeout(NO_ANSWER, questions.next()).await.is_err());
}

#[tokio::test]
async fn a_consumer_is_added_and_removed_while_the_services_stay_connected() {
    let mut bench = system().await;
    let intake = bench.connect("intake").await;
    let (stays, mut events) = outsider(&bench, "c1").await;
    let context = ContextBuilder::new().api_prefix(CONSUMER_API_PREFIX).timeout(PATIENCE).build(stays.clone());
    let first: PullConsumer = context.get_consumer_from_stream("c1", "ALERTS").await.unwrap();
    let mut messages = first.messages().await.unwrap();
    timeout(PATIENCE, messages.next()).await.unwrap().unwrap().unwrap().double_ack().await.unwrap();
    let provision = bench.connect("provision").await;
    let plan = DurablePlan { stream: "ALERTS".into(), name: "c3".into(), filters: vec!["gw.v1.t.c1.alert.>".into()], from: StartAt::New };
    ensure_durable(&provision, &plan).await.unwrap();
    let other = ensure_durable(&provision, &DurablePlan { filters: vec!["gw.v1.t.c2.alert.>".into()], ..plan.clone() }).await;
    assert!(other.is_err(), "the name is taken by another plan");
    bench.config.consumers.push(account("c3"));
    bench.server.reload(&bench.config).await.unwrap();
    let (third, _) = outsider(&bench, "c3").await;
    assert_eq!((intake.state().connects, stays.statistics().connects.load(std::sync::atomic::Ordering::Relaxed)), (1, 1));
    assert_eq!(events.try_recv(), Ok(Event::Connected));
    assert!(events.try_recv().is_err(), "nothing happened to the consumer that stays");
    Publication::new(&bench.connect("alerting").await, "ALERTS").append(2, vec![notice("c1", 2)]).await.unwrap();
    let message = timeout(PATIENCE, messages.next()).await.expect("a pull that waited over the reload is answered");
    message.unwrap().unwrap().double_ack().await.unwrap();
    bench.config.consumers.retain(|consumer| consumer.name != "c3");
    bench.server.reload(&bench.config).await.unwrap();
    let asked = timeout(NO_ANSWER, third.request(format!("{CONSUMER_API_PREFIX}.CONSUMER.INFO.ALERTS.c3"), "".into())).await;
    assert!(!matches!(asked, Ok(Ok(_))), "{asked:?}");
    assert!(remove_durable(&provision, "ALERTS", "c3").await.unwrap());
    assert!(!remove_durable(&provision, "ALERTS", "c3").await.unwrap());
    assert_eq!(intake.state().connects, 1);
    // a configuration the server will not have changes nothing
    let broken = ServerConfig { tls: Some(bus::server::TlsFiles { certificate: "none".into(), key: "none".into() }), ..bench.config.clone() };
    assert!(matches!(bench.server.reload(&broken).await, Err(ReloadError::Refused(_))));
    assert_eq!(intake.state().connects, 1);
    // and neither does one that cannot be written down
    for (name, live) in [("c 4", "gw.v1.x"), ("c1", "gw.v1.x"), ("c4", "gw.v1.\" }")] {
        let mut config = bench.config.clone();
        config.consumers.push(ConsumerAccount { live: vec![live.to_owned()], ..account(name) });
        assert!(matches!(bench.server.reload(&config).await, Err(ReloadError::Config(_))), "{name} {live}");
    }
}
