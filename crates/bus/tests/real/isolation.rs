//! What nobody may do, tried out against the configuration that is generated for the real system.

use async_nats::Event;
use bus::server::config::CONSUMER_API_PREFIX;
use bus::{EventLog, EventLogOptions, Message, Publication};
use futures_util::StreamExt;
use futures_util::future::join_all;
use tokio::time::timeout;

use crate::accounts::{NO_ANSWER, notice, outsider, system};
use crate::common::{Bench, PATIENCE};

/// Everything an outsider might try, each with a reply subject that would forge an event if the server delivered to it.
#[tokio::test]
async fn a_consumer_can_do_nothing_else() {
    let bench = system().await;
    let before = counts(&bench).await;
    let (client, mut events) = outsider(&bench, "c1").await;
    let api = CONSUMER_API_PREFIX;
    let mut tries =
        vec!["ev.0.c1._.post.1".to_owned(), "key.k".to_owned(), "gw.v1.t.c1.alert.fever.critical.b07.raised".to_owned(), "delivery.office".to_owned()];
    for prefix in [api, "$JS.API"] {
        for (call, own) in [("CONSUMER.INFO", false), ("CONSUMER.MSG.NEXT", false), ("CONSUMER.DELETE", true), ("CONSUMER.CREATE", true), ("DIRECT.GET", true)]
        {
            for durable in ["ALERTS.c1", "ALERTS.c2", "ALERTS.*", "EVENTS.c1", "*.*"] {
                if prefix == api && durable == "ALERTS.c1" && !own {
                    continue;
                }
                tries.push(format!("{prefix}.{call}.{durable}"));
            }
        }
        for call in ["INFO", "STREAM.NAMES", "STREAM.INFO.EVENTS", "STREAM.DELETE.EVENTS", "STREAM.PURGE.EVENTS", "STREAM.CREATE.MINE", "DIRECT.GET.EVENTS"] {
            tries.push(format!("{prefix}.{call}"));
        }
    }
    tries.extend(["$JS.ACK.ALERTS.c2.1.2.1.0.0", "svc.intake.command", "gw.v1.t.c2.command", "$SYS.REQ.SERVER.PING"].map(str::to_owned));
    let asked = tries.iter().map(|subject| timeout(NO_ANSWER, client.request(subject.clone(), "{}".into())));
    for (subject, answer) in tries.iter().zip(join_all(asked).await) {
        assert!(!matches!(answer, Ok(Ok(_))), "{subject} was answered: {answer:?}");
        let forged = "ev.0.c1._.forged.1";
        client.publish_with_reply(subject.clone(), forged, "{}".into()).await.unwrap();
    }
    // what it may ask, with the answer steered into the log
    for call in ["CONSUMER.INFO", "CONSUMER.MSG.NEXT"] {
        client.publish_with_reply(format!("{api}.{call}.ALERTS.c1"), "ev.0.c1._.forged.2", "{\"batch\":10}".into()).await.unwrap();
        client.publish_with_reply(format!("{api}.{call}.ALERTS.c1"), "$JS.API.STREAM.PURGE.ALERTS", "{\"batch\":10}".into()).await.unwrap();
    }
    let spied = ["_INBOX_intake.>", "_INBOX.>", "_INBOX_consumer-c2.>", ">", "ev.>", "$JS.>", "gw.v1.t.c2.>", "gw.v1.t.c1.alert.>"];
    let mut heard = Vec::new();
    for subject in spied {
        heard.push(client.subscribe(subject).await.unwrap());
    }
    client.flush().await.unwrap();
    let log = EventLog::new(&bench.connect("intake").await, &EventLogOptions::default());
    log.append(1, vec![Message { subject: "ev.0.c2._.post.1".to_owned(), payload: "x".into() }]).await.unwrap();
    Publication::new(&bench.connect("alerting").await, "ALERTS").append(2, vec![notice("c2", 2)]).await.unwrap();
    for (subject, heard) in spied.iter().zip(&mut heard) {
        let message = timeout(NO_ANSWER, heard.next()).await;
        assert!(!matches!(message, Ok(Some(_))), "{subject} let it hear {message:?}");
    }
    let after = counts(&bench).await;
    assert_eq!((after.0 - 1, after.1 - 1, after.2), (before.0, before.1, before.2), "only what the services stored is there");
    let mut denied = 0;
    while let Ok(event) = events.try_recv() {
        denied += usize::from(matches!(event, Event::ServerError(_)));
    }
    assert!(denied >= tries.len() / 2, "the server said no {denied} times to {} tries", tries.len());
}

/// Messages in the log, the alerts and the keys.
async fn counts(bench: &Bench) -> (u64, u64, u64) {
    let context = async_nats::jetstream::new(bench.raw("vandal").await);
    let count = async |stream: &str| context.get_stream(stream).await.unwrap().cached_info().state.messages;
    (count("EVENTS").await, count("ALERTS").await, count("KEYS").await)
}

#[tokio::test]
async fn each_service_may_write_only_what_is_its_own() {
    let bench = system().await;
    let alert = notice("c1", 1).subject;
    let subjects = ["ev.0.c1._.post.1", "key.k", &alert, "gw-full.v1.t.c1.alert.x", "gw-public.v1.t.c1.alert.x", "gw.v1.t.c1.status.b07", "delivery.office"];
    let allowed: [(&str, &[usize]); 4] = [("intake", &[0, 1]), ("projection", &[5]), ("alerting", &[2, 3, 4, 6]), ("provision", &[])];
    for (user, may) in allowed {
        let client = bench.raw(user).await;
        for (index, subject) in subjects.iter().enumerate() {
            // what may be stored is on the disk when it is answered, and that may take its time
            let wait = if may.contains(&index) { PATIENCE } else { NO_ANSWER };
            let stored = matches!(timeout(wait, client.request((*subject).to_owned(), "x".into())).await, Ok(Ok(_)));
            assert_eq!(stored, may.contains(&index), "{user} {subject}");
        }
        for admin in ["STREAM.DELETE.EVENTS", "STREAM.PURGE.EVENTS", "STREAM.UPDATE.EVENTS", "STREAM.MSG.DELETE.EVENTS", "STREAM.RESTORE.EVENTS"] {
            let answer = timeout(NO_ANSWER, client.request(format!("$JS.API.{admin}"), "{\"seq\":1}".into())).await;
            assert!(!matches!(answer, Ok(Ok(_))), "{user} {admin} {answer:?}");
        }
    }
    // only alerting says how things are with alerts
    let mut asked = bench.raw("intake").await.subscribe("svc.intake.observe").await.unwrap();
    for user in ["projection", "provision", "intake", "alerting"] {
        let client = bench.raw(user).await;
        client.publish("svc.intake.observe", user.into()).await.unwrap();
        client.flush().await.unwrap();
    }
    assert_eq!(timeout(PATIENCE, asked.next()).await.unwrap().unwrap().payload, "alerting");
    let mut spy = bench.raw("projection").await.subscribe("_INBOX_intake.>").await.unwrap();
    let log = EventLog::new(&bench.connect("intake").await, &EventLogOptions::default());
    log.head().await.unwrap();
    assert!(!matches!(timeout(NO_ANSWER, spy.next()).await, Ok(Some(_))), "another's answers cannot be heard");
}
