//! The smaller ports: one contract each, held by the real thing and by its twin in memory.

use std::time::Duration;

use bus::event_log::{BATCH_MESSAGES_MAX, NextAppend};
use bus::provision::StreamPlan;
use bus::{
    Announcer, AppendError, AskError, Connection, Headers, KeyStore, Last, LastValues, Mark, Marks, MemoryMarks, MemoryPublication, Notice, Publication,
    Reading, Refusal, Requests, Source, StoredKey,
};
use bytes::Bytes;
use domain::log::{CommitHash, LogPosition};
use futures_util::StreamExt;
use tokio::time::timeout;

use crate::common::{Bench, PATIENCE, hear, until};

/// Long enough for an answer that should not come.
const NO_ANSWER: Duration = Duration::from_millis(300);

async fn with_streams() -> Bench {
    let bench = Bench::start().await;
    bench.provision(&StreamPlan::all(None)).await;
    bench
}

fn notice(source_sequence: u64) -> Notice {
    // bytes at both ends that a careless way of writing them would lose
    let hash = CommitHash::of(&source_sequence.to_be_bytes()).0;
    let hash = std::array::from_fn(|place| if place == 0 || place == 15 { 0 } else { hash[place] });
    Notice {
        subject: "gw.v1.t.c1.alert.fever.critical.b07.raised".to_owned(),
        source: LogPosition { stream: "a-history".to_owned(), sequence: source_sequence, hash: CommitHash(hash) },
        content_type: "application/cloudevents+json",
        payload: Bytes::from(format!("{{\"n\":{source_sequence}}}")),
    }
}

#[tokio::test]
async fn a_publication_goes_on_where_it_stopped() {
    let bench = with_streams().await;
    let alerting = bench.connect("alerting").await;
    let memory = MemoryPublication::default();
    for make in [&(|| Publication::new(&alerting, "ALERTS")) as &dyn Fn() -> Publication, &|| Publication::in_memory(&memory)] {
        let publication = make();
        let last = publication.last().await.unwrap();
        assert_eq!(last.clone(), Last { sequence: 0, source: Source::Nothing, ..last });
        assert_eq!(publication.append(0, vec![notice(7)]).await, Ok(1));
        assert_eq!(publication.append(1, vec![notice(9), notice(9), notice(9)]).await, Ok(4));
        let last = publication.last().await.unwrap();
        assert_eq!(last.clone(), Last { source: Source::Commit(notice(9).source), sequence: 4, ..last });
        let other = make();
        assert_eq!(other.append(1, vec![notice(9), notice(9)]).await, Err(AppendError::Conflict), "a second publisher is refused");
        assert_eq!(other.append(4, vec![notice(12)]).await, Ok(5));
        assert_eq!(publication.append(4, vec![notice(12)]).await, Err(AppendError::Conflict));
        let last = publication.last().await.unwrap();
        assert_eq!(last.clone(), Last { source: Source::Commit(notice(12).source), sequence: 5, ..last });
        assert_eq!(publication.append(5, vec![]).await, Err(AppendError::Refused(Refusal::Empty)));
        let bad = Notice { subject: "gw.v1.*".to_owned(), ..notice(13) };
        assert_eq!(publication.append(5, vec![bad]).await, Err(AppendError::Refused(Refusal::BadSubject)));
    }
    assert_eq!(memory.notices().iter().map(|notice| notice.source.sequence).collect::<Vec<_>>(), [7, 9, 9, 9, 12]);
    let stored = async_nats::jetstream::new(bench.raw("vandal").await).get_stream("ALERTS").await.unwrap().direct_get(5).await.unwrap();
    assert_eq!((stored.payload, stored.headers.get("Content-Type").unwrap().as_str()), (notice(12).payload, "application/cloudevents+json"));
}

#[tokio::test]
async fn a_publication_in_memory_goes_wrong_when_told_to() {
    let memory = MemoryPublication::default();
    let publication = Publication::in_memory(&memory);
    memory.next_append(NextAppend::NotSent);
    memory.next_append(NextAppend::AckLost);
    memory.next_append(NextAppend::Overtaken(notice(2)));
    memory.next_append(NextAppend::Full);
    let unknown = |result: Result<u64, AppendError>| matches!(result, Err(AppendError::Unknown(_)));
    assert!(unknown(publication.append(0, vec![notice(1)]).await));
    assert!(memory.notices().is_empty());
    assert!(unknown(publication.append(0, vec![notice(1)]).await));
    assert_eq!(memory.notices().len(), 1);
    assert_eq!(publication.append(1, vec![notice(2)]).await, Err(AppendError::Conflict));
    assert!(matches!(publication.append(2, vec![notice(3)]).await, Err(AppendError::Refused(Refusal::Full(_)))));
    assert_eq!(publication.append(2, vec![notice(3)]).await, Ok(3));
}

#[tokio::test]
async fn last_values_keep_the_newest_of_each_subject() {
    let bench = with_streams().await;
    let projection = bench.connect("projection").await;
    for values in [LastValues::new(&projection, "STATUS"), LastValues::in_memory()] {
        let (b07, b08) = ("gw.v1.t.c1.status.b07", "gw.v1.t.c1.status.b08");
        assert_eq!(values.get(b07).await.unwrap(), None);
        for value in ["1", "2", "3"] {
            values.put(b07, value.into()).await.unwrap();
        }
        values.put(b08, "8".into()).await.unwrap();
        assert_eq!((values.get(b07).await.unwrap(), values.get(b08).await.unwrap()), (Some("3".into()), Some("8".into())));
        assert_eq!(values.put("gw.v1.t.c1.status.*", "x".into()).await, Err(AppendError::Refused(Refusal::BadSubject)));
    }
    let mut status = async_nats::jetstream::new(bench.raw("vandal").await).get_stream("STATUS").await.unwrap();
    assert_eq!(status.info().await.unwrap().state.messages, 2, "only the newest are kept");
}

#[tokio::test]
async fn of_two_who_go_on_from_one_mark_one_is_refused() {
    let bench = with_streams().await;
    let alerting = bench.connect("alerting").await;
    for marks in [Marks::new(&alerting), Marks::in_memory(&MemoryMarks::default())] {
        assert_eq!(marks.get("office").await.unwrap(), None);
        let first = marks.put("office", "1".into(), 0).await.unwrap();
        assert_eq!(marks.put("office", "1 again".into(), 0).await, Err(AppendError::Conflict));
        let other = marks.put("clinic", "c".into(), 0).await.unwrap();
        let second = marks.put("office", "2".into(), first).await.unwrap();
        assert!(first < other && other < second);
        assert_eq!(marks.put("office", "3".into(), first).await, Err(AppendError::Conflict));
        assert_eq!(marks.get("office").await.unwrap(), Some(Mark { sequence: second, payload: "2".into() }));
        for bad in ["*", "a.b", "", "a b"] {
            assert_eq!(marks.put(bad, "x".into(), 0).await, Err(AppendError::Refused(Refusal::BadSubject)), "{bad}");
        }
    }
}

#[tokio::test]
async fn a_reading_goes_from_message_to_message() {
    let bench = with_streams().await;
    let alerting = bench.connect("alerting").await;
    let memory = MemoryPublication::default();
    let pairs = [(Publication::new(&alerting, "ALERTS"), Reading::new(&alerting, "ALERTS")), (Publication::in_memory(&memory), Reading::in_memory(&memory))];
    for (publication, reading) in pairs {
        assert_eq!((reading.end().await.unwrap().sequence, reading.after(0).await.unwrap()), (0, None));
        publication.append(0, vec![notice(7), notice(8)]).await.unwrap();
        publication.append(2, vec![notice(9)]).await.unwrap();
        let end = reading.end().await.unwrap();
        assert!(end.sequence == 3 && !end.stream.is_empty(), "{end:?}");
        let mut read = Vec::new();
        while let Some(published) = reading.after(read.len() as u64).await.unwrap() {
            assert_eq!(published.sequence, read.len() as u64 + 1);
            assert_eq!(reading.at(published.sequence).await.unwrap(), Some(published.clone()));
            read.push(published.payload);
        }
        assert_eq!(read, [7, 8, 9].map(|sequence| notice(sequence).payload));
        assert_eq!((reading.at(4).await.unwrap(), reading.at(0).await.unwrap()), (None, None));
    }
    let real = Reading::new(&alerting, "ALERTS").at(1).await.unwrap().unwrap().at.0;
    assert!((1_700_000_000_000..10_000_000_000_000).contains(&real), "{real} is when the server took it, in ms");
}

#[tokio::test]
async fn an_announcement_is_heard_now_or_never() {
    let bench = with_streams().await;
    let connection = bench.connect("alerting").await;
    let announcer = Announcer::new(&connection);
    let mut heard = hear(&bench, "gw.v1.>").await;
    announcer.announce("gw.v1.t.c1.heartbeat", "1".into()).await.unwrap();
    assert_eq!(timeout(PATIENCE, heard.next()).await.unwrap().unwrap().payload, "1");
    bench.server.stop().await.unwrap();
    until("the loss of the connection is noticed", || !connection.state().connected).await;
    announcer.announce("gw.v1.t.c1.heartbeat", "2".into()).await.unwrap_err();
    let memory = Announcer::in_memory();
    memory.announce("a", "b".into()).await.unwrap();
    assert_eq!(memory.announced(), [("a".to_owned(), Bytes::from("b"))]);
}

fn key(name: &str, bytes: &str) -> StoredKey {
    StoredKey { name: name.to_owned(), bytes: Bytes::copy_from_slice(bytes.as_bytes()) }
}

#[tokio::test]
async fn keys_are_created_once_and_can_be_destroyed() {
    let bench = with_streams().await;
    let intake = bench.connect("intake").await;
    for keys in [KeyStore::new(&intake), KeyStore::in_memory()] {
        assert_eq!(keys.get("p1").await.unwrap(), None);
        keys.create(vec![key("p1", "one")]).await.unwrap();
        keys.create(vec![key("p2", "two"), key("c.3", "three")]).await.unwrap();
        assert_eq!(keys.create(vec![key("p1", "other")]).await, Err(AppendError::Conflict));
        assert_eq!(keys.create(vec![key("p9", "new"), key("p2", "other")]).await, Err(AppendError::Conflict));
        let names = ["p1", "p2", "c.3", "p9"].map(str::to_owned);
        let found = keys.get_many(&names).await.unwrap();
        assert_eq!(found, [Some("one".into()), Some("two".into()), Some("three".into()), None], "of a refused batch nothing is stored");
        keys.replace(vec![key("p1", "ONE"), key("p9", "nine")]).await.unwrap();
        assert_eq!((keys.get("p1").await.unwrap(), keys.get("p9").await.unwrap()), (Some("ONE".into()), Some("nine".into())));
        assert!(keys.destroy("p1").await.unwrap());
        assert!(!keys.destroy("p1").await.unwrap());
        assert_eq!(keys.get("p1").await.unwrap(), None);
        assert_eq!(keys.get("p2").await.unwrap(), Some("two".into()));
        keys.create(vec![key("p1", "again")]).await.unwrap();
        assert_eq!(keys.get("p1").await.unwrap(), Some("again".into()));
        for bad in ["", "a b", "a..b", "*", ">", ".", "é"] {
            assert_eq!(keys.create(vec![key(bad, "x")]).await, Err(AppendError::Refused(Refusal::BadSubject)), "{bad}");
            assert_eq!((keys.get(bad).await.unwrap(), keys.destroy(bad).await.unwrap()), (None, false), "{bad}");
        }
        let twice = keys.create(vec![key("q", "x"), key("q", "y")]).await;
        assert_eq!(twice, Err(AppendError::Refused(Refusal::BadSubject)), "one name twice in a batch");
        let many: Vec<StoredKey> = (0..BATCH_MESSAGES_MAX).map(|n| key(&format!("m{n}"), &n.to_string())).collect();
        keys.create(many).await.unwrap();
        assert_eq!(keys.get("m999").await.unwrap(), Some("999".into()));
    }
}

#[tokio::test]
async fn a_destroyed_key_is_gone_from_the_disk() {
    let bench = with_streams().await;
    let secret = "a-secret-that-is-easy-to-find-on-a-disk";
    let keys = KeyStore::new(&bench.connect("intake").await);
    keys.create(vec![key("p0", "before"), key("p1", secret), key("p2", "after")]).await.unwrap();
    let store = bench.folder.path().join("nats/store");
    assert!(holds(&store, secret.as_bytes()), "the search finds what is there");
    assert!(keys.destroy("p1").await.unwrap());
    assert!(!holds(&store, secret.as_bytes()), "at once");
    bench.server.stop().await.unwrap();
    assert!(!holds(&store, secret.as_bytes()), "and after the server has written everything");
}

fn holds(folder: &std::path::Path, bytes: &[u8]) -> bool {
    std::fs::read_dir(folder).unwrap().map(Result::unwrap).any(|entry| match entry.file_type().unwrap().is_dir() {
        true => holds(&entry.path(), bytes),
        // a file may be removed while the folder is read
        false => std::fs::read(entry.path()).unwrap_or_default().windows(bytes.len()).any(|window| window == bytes),
    })
}

async fn over_nats(bench: &Bench) -> (Requests, Requests) {
    let on = async |user| Requests::new(&bench.connect(user).await);
    (on("intake").await, on("alerting").await)
}

#[tokio::test]
async fn a_question_is_answered_by_one_of_a_queue() {
    let bench = Bench::start().await;
    let memory = Requests::in_memory();
    for (server, asker) in [over_nats(&bench).await, (memory.clone(), memory)] {
        let ask = async |subject: &str| asker.ask(subject, Headers::default().with("Authorization", "Bearer t"), "?".into(), PATIENCE).await;
        assert_eq!(ask("svc.intake.command").await, Err(AskError::NobodyListens));
        let mut tasks = Vec::new();
        for name in ["a", "b"] {
            let mut questions = server.serve("svc.intake.*", Some("intake")).await.unwrap();
            tasks.push(tokio::spawn(async move {
                while let Some(question) = questions.next().await {
                    assert_eq!(question.headers.get("AUTHORIZATION"), Some("Bearer t"));
                    assert!(!format!("{question:?}").contains("Bearer"), "a token is never shown");
                    let answer = format!("{name} {} {}", question.subject, question.payload.len());
                    question.respond(Headers::default().with("Gridward-Status", "200"), answer.into()).await.unwrap();
                }
            }));
        }
        let mut by = std::collections::BTreeSet::new();
        for _ in 0..40 {
            let answer = ask("svc.intake.command").await.unwrap();
            assert_eq!(answer.headers.get("gridward-status"), Some("200"));
            let text = String::from_utf8(answer.payload.to_vec()).unwrap();
            assert!(text.ends_with(" svc.intake.command 1"), "{text}");
            by.insert(text[..1].to_owned());
        }
        assert_eq!(by.len(), 2, "both take their turn");
        assert_eq!(ask("svc.intake.command.deeper").await, Err(AskError::NobodyListens));
        tasks.iter().for_each(tokio::task::JoinHandle::abort);
    }
}

#[tokio::test]
async fn a_question_without_an_answer_ends_in_time() {
    let bench = Bench::start().await;
    let memory = Requests::in_memory();
    for (server, asker) in [over_nats(&bench).await, (memory.clone(), memory)] {
        let mut questions = server.serve("svc.intake.slow", None).await.unwrap();
        let (asked, question) = tokio::join!(asker.ask("svc.intake.slow", Headers::default(), "?".into(), NO_ANSWER), questions.next());
        assert_eq!(asked, Err(AskError::NoAnswer(NO_ANSWER)));
        // too late, and nobody minds
        question.unwrap().respond(Headers::default(), "!".into()).await.unwrap();
        let line_break = Headers::default().with("Authorization", "a\r\nb");
        let refused = asker.ask("svc.intake.slow", line_break, "?".into(), NO_ANSWER).await;
        assert!(matches!(refused, Err(AskError::Unsendable(_))), "{refused:?}");
        let refused = asker.ask("svc.intake.slow", Headers::default().with("a b", "c"), "?".into(), NO_ANSWER).await;
        assert!(matches!(refused, Err(AskError::Unsendable(_))), "{refused:?}");
    }
}

#[tokio::test]
async fn a_connection_closes_in_order() {
    let bench = with_streams().await;
    let connection: Connection = bench.connect("alerting").await;
    let mut heard = hear(&bench, "gw.v1.>").await;
    for n in 0..100 {
        Announcer::new(&connection).announce("gw.v1.t.c1.heartbeat", n.to_string().into()).await.unwrap();
    }
    connection.close().await.unwrap();
    for n in 0..100 {
        assert_eq!(timeout(PATIENCE, heard.next()).await.unwrap().unwrap().payload, Bytes::from(n.to_string()));
    }
    assert!(!connection.state().connected);
}

#[tokio::test]
async fn a_wrong_password_is_said() {
    let bench = Bench::start().await;
    let options = bus::ConnectionOptions::new(bench.server.url(), "x").login("intake", "wrong", "_INBOX_intake");
    let connection = Connection::open(options).await.unwrap();
    let refused = connection.connected(Duration::from_secs(1)).await.unwrap_err();
    assert!(refused.why.to_lowercase().contains("authorization"), "{refused}");
    assert!(!format!("{connection:?}").contains("wrong"), "a password is never shown");
}
