//! On topics: a consumer has its own filter and nothing else.

use serde_json::{Value, json};
use system_tests::{Foreign, Subscriber};

use crate::{ELSEWHERE, NEIGHBOUR, OWN, fever, three_communities};

/// Everything that the police of one town have no business with, as `(what they do, subject)`.
const FORBIDDEN: [(&str, &str); 35] = [
    ("publish", "ev.0.u07.b07.visit.h0"),
    ("publish", "key.aaaa"),
    ("publish", "svc.intake.observe"),
    ("publish", "gw.v1.dianbu.u07.command"),
    ("publish", "gw.v1.dianbu.u07.heartbeat"),
    ("publish", "gw.v1.dianbu.u07.alert.fever.critical.b07.closed"),
    ("publish", "gw-full.v1.dianbu.u07.alert.fever.critical.b07.closed"),
    ("publish", "gw-public.v1.dianbu.u07.alert.fever.critical._.closed"),
    ("publish", "gw-nudge.v1.dianbu.u07.b07"),
    ("publish", "$JS.ACK.ALERTS.rescue.1.1.1.1.1"),
    ("publish", "$JS.ACK.ALERTS_PUBLIC.screen.1.1.1.1.1"),
    ("subscribe", ">"),
    ("subscribe", "ev.>"),
    ("subscribe", "key.>"),
    ("subscribe", "gw.v1.>"),
    ("subscribe", "gw.v1.beijipo.n01.alert.>"),
    ("subscribe", "gw-full.v1.>"),
    ("subscribe", "gw-public.v1.>"),
    ("subscribe", "gw-nudge.v1.>"),
    ("subscribe", "svc.>"),
    ("subscribe", "_INBOX_intake.>"),
    ("subscribe", "$SYS.>"),
    ("request", "$JS.API.INFO"),
    ("request", "$JS.API.STREAM.NAMES"),
    ("request", "$JS.API.STREAM.INFO.EVENTS"),
    ("request", "$JS.API.DIRECT.GET.KEYS"),
    ("request", "$JS.API.CONSUMER.CREATE.EVENTS"),
    ("request", "GRIDWARD.STREAM.INFO.EVENTS"),
    ("request", "GRIDWARD.DIRECT.GET.KEYS"),
    ("request", "GRIDWARD.CONSUMER.CREATE.ALERTS"),
    ("request", "GRIDWARD.DIRECT.GET.NUDGES"),
    ("request", "GRIDWARD.CONSUMER.INFO.ALERTS.rescue"),
    ("request", "GRIDWARD.CONSUMER.MSG.NEXT.ALERTS.rescue"),
    ("request", "GRIDWARD.CONSUMER.INFO.ALERTS_PUBLIC.screen"),
    ("request", "GRIDWARD.CONSUMER.MSG.NEXT.ALERTS_PUBLIC.screen"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_consumer_has_its_filter_and_nothing_else() {
    let mut system = three_communities().await;
    let police = system.add_consumer("police", &["gw.v1.dianbu.*.alert.>"]).unwrap();
    let rescue = system.add_consumer("rescue", &["gw.v1.beijipo.n01.alert.>"]).unwrap();
    let screen = system.json_of(&["consumer", "add", "screen", "--class", "public", "--from", "all", "--filter", "gw-public.v1.dianbu.*.alert.>"]).unwrap();
    let on_the_screen = Subscriber::start(&screen).await.unwrap();
    let (of_the_town, of_elsewhere) = (Subscriber::start(&police).await.unwrap(), Subscriber::start(&rescue).await.unwrap());
    // the one that is none of their business comes first: had it been let through, it would be here first
    fever(&system, ELSEWHERE, "h0", "p0").await;
    fever(&system, OWN, "h0", "p0").await;
    fever(&system, NEIGHBOUR, "h0", "p0").await;
    fever(&system, ELSEWHERE, "h1", "p1").await;
    // one alert is told in its order; of two nobody says which comes first
    let subjects = |subscriber: &Subscriber| {
        let mut subjects: Vec<String> = subscriber.messages().into_iter().map(|message| message.subject).collect();
        subjects.sort_unstable();
        subjects
    };
    let fever_in = |place: &str| format!("gw.v1.{place}.alert.fever.critical.b07.raised");
    of_the_town.message(1).await;
    of_elsewhere.message(2).await;
    assert_eq!(subjects(&of_the_town), [fever_in("dianbu.u07"), fever_in("dianbu.u08")]);
    let cluster = "gw.v1.beijipo.n01.alert.cluster.critical.b07.raised".to_owned();
    assert_eq!(subjects(&of_elsewhere), [cluster, fever_in("beijipo.n01"), fever_in("beijipo.n01")], "two of a building are a cluster");

    on_the_screen.message(1).await;
    let counted = |community: &str| format!("gw-public.v1.dianbu.{community}.alert.fever.critical._.raised");
    assert_eq!(subjects(&on_the_screen), [counted("u07"), counted("u08")], "a class is told of its own communities and in its own words");

    let before = system.get("/verify").await.unwrap().text;
    let mut outsider = Foreign::python("attempt.py").unwrap();
    outsider.tell(&police).unwrap();
    assert_eq!(outsider.line(0).await.json, json!({"connected":true}));
    for (number, (what, subject)) in FORBIDDEN.iter().enumerate() {
        outsider.tell(&json!({"do":what,"subject":subject,"payload":"{}"})).unwrap();
        let came = outsider.line(number + 1).await.json;
        let refused = came["refused"].as_str().unwrap_or_default().to_lowercase();
        assert!(refused.contains("permissions violation"), "police may {what} {subject}: {came}");
        assert_eq!(came["answer"], Value::Null, "police {what} {subject}");
    }
    // what they may do works, so that a refusal above means something
    outsider.tell(&json!({"do":"request","subject":"GRIDWARD.CONSUMER.INFO.ALERTS.police","payload":""})).unwrap();
    let own = outsider.line(FORBIDDEN.len() + 1).await.json;
    assert!(own["answer"].as_str().is_some_and(|answer| answer.contains("\"durable_name\":\"police\"")), "{own}");
    assert_eq!(system.get("/verify").await.unwrap().text, before, "the log is as it was");
    assert_eq!((of_the_town.messages().len(), of_elsewhere.messages().len()), (2, 3));
    drop((outsider, of_the_town, of_elsewhere, on_the_screen));
    the_public_reads_no_other_class(&screen).await;
    nobody_connects_as_another(&police, &rescue).await;
    filters_outside_are_refused(&system);
    system.stop().unwrap();
}

/// Fevers are the clinic's: police who are told who left quarantine are told of no fever, and read none by asking for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn police_who_are_told_who_left_quarantine_read_no_fever() {
    let mut system = three_communities().await;
    let police = system.add_consumer("police", &["gw.v1.dianbu.*.alert.quarantine_breach.>"]).unwrap();
    let clinic = system.add_consumer("clinic", &["gw.v1.dianbu.*.alert.fever.>"]).unwrap();
    let (of_police, of_clinic) = (Subscriber::start(&police).await.unwrap(), Subscriber::start(&clinic).await.unwrap());
    fever(&system, NEIGHBOUR, "h0", "p0").await;
    system.must(NEIGHBOUR, "checkpoint.open", None, json!({"checkpoint":"c1","name":"东门","kind":"gate"})).await.unwrap();
    let out = json!({"checkpoint":"c1","direction":"out","person":"p-other","id_checked":true,"pass_checked":false,"result":"admitted"});
    system.must(NEIGHBOUR, "entry.record", None, out).await.unwrap();
    fever(&system, NEIGHBOUR, "h1", "p1").await;
    of_police.message(0).await;
    of_clinic.message(1).await;
    let subjects = |subscriber: &Subscriber| subscriber.messages().into_iter().map(|message| message.subject).collect::<Vec<_>>();
    assert!(subjects(&of_clinic).iter().all(|subject| subject.contains(".alert.fever.")), "{:?}", subjects(&of_clinic));
    let of_fevers = [
        ("subscribe", "gw.v1.dianbu.u08.alert.fever.>"),
        ("subscribe", "gw.v1.dianbu.u08.alert.>"),
        ("subscribe", "gw.v1.dianbu.*.alert.*.critical.>"),
        ("subscribe", "_INBOX_consumer-clinic.>"),
        ("request", "GRIDWARD.CONSUMER.INFO.ALERTS.clinic"),
        ("request", "GRIDWARD.CONSUMER.MSG.NEXT.ALERTS.clinic"),
        ("request", "GRIDWARD.CONSUMER.CREATE.ALERTS.police"),
        ("request", "GRIDWARD.DIRECT.GET.ALERTS"),
        ("request", "GRIDWARD.DIRECT.GET.ALERTS.gw.v1.dianbu.u08.alert.fever.critical.b07.raised"),
        ("request", "$JS.API.CONSUMER.MSG.NEXT.ALERTS.police"),
        ("publish", "$JS.ACK.ALERTS.clinic.1.1.1.1.1"),
    ];
    let mut outsider = Foreign::python("attempt.py").unwrap();
    outsider.tell(&police).unwrap();
    assert_eq!(outsider.line(0).await.json, json!({"connected":true}));
    for (number, (what, subject)) in of_fevers.iter().enumerate() {
        outsider.tell(&json!({"do":what,"subject":subject,"payload":"{}"})).unwrap();
        let came = outsider.line(number + 1).await.json;
        assert!(came["refused"].as_str().unwrap_or_default().to_lowercase().contains("permissions violation"), "police may {what} {subject}: {came}");
    }
    // what they may ask for is answered, so that a refusal means something
    outsider.tell(&json!({"do":"request","subject":"GRIDWARD.CONSUMER.INFO.ALERTS.police","payload":""})).unwrap();
    assert!(outsider.line(of_fevers.len() + 1).await.json["answer"].as_str().is_some());
    let breach = "gw.v1.dianbu.u08.alert.quarantine_breach.critical.b-other.raised";
    assert_eq!(subjects(&of_police), [breach], "and nothing of the two fevers");
    drop((outsider, of_police, of_clinic));
    system.stop().unwrap();
}

/// Whoever is given counts gets no doors by asking for them.
async fn the_public_reads_no_other_class(screen: &Value) {
    let mut outsider = Foreign::python("attempt.py").unwrap();
    outsider.tell(screen).unwrap();
    assert_eq!(outsider.line(0).await.json, json!({"connected":true}));
    let subjects = [
        ("subscribe", "gw.v1.dianbu.u07.alert.>"),
        ("subscribe", "gw-full.v1.dianbu.u07.alert.>"),
        ("request", "GRIDWARD.CONSUMER.MSG.NEXT.ALERTS.police"),
        ("request", "GRIDWARD.CONSUMER.MSG.NEXT.ALERTS.screen"),
        ("request", "GRIDWARD.CONSUMER.CREATE.ALERTS"),
        ("request", "gw.v1.dianbu.u07.command"),
    ];
    for (number, (what, subject)) in subjects.iter().enumerate() {
        outsider.tell(&json!({"do":what,"subject":subject,"payload":"{}"})).unwrap();
        let came = outsider.line(number + 1).await.json;
        assert!(came["refused"].as_str().unwrap_or_default().to_lowercase().contains("permissions violation"), "the public may {what} {subject}: {came}");
    }
}

async fn nobody_connects_as_another(police: &Value, rescue: &Value) {
    for (user, password) in [(&rescue["user"], &police["password"]), (&json!("intake"), &police["password"]), (&json!("intake"), &json!(""))] {
        let mut credentials = police.clone();
        (credentials["user"], credentials["password"]) = (user.clone(), password.clone());
        let mut outsider = Foreign::python("attempt.py").unwrap();
        outsider.tell(&credentials).unwrap();
        assert_eq!(outsider.line(0).await.json["connected"], false, "{user}");
    }
}

/// A consumer is made for alert topics of its class only; a name is given once.
fn filters_outside_are_refused(system: &system_tests::System) {
    for filter in [
        "ev.>",
        "key.>",
        ">",
        "gw.v1.>",
        "gw.v1.dianbu.u07.>",
        "gw.v1.dianbu.u07.heartbeat",
        "gw.v1.dianbu.u07.command",
        "gw-full.v1.dianbu.u07.alert.>",
        "gw-public.v1.dianbu.u07.alert.>",
        "gw.v1.*.*.alert",
    ] {
        let output = system.command(&["consumer", "add", "curious", "--filter", filter]).unwrap();
        assert_eq!(output.status.code(), Some(2), "{filter}: {}", String::from_utf8_lossy(&output.stderr));
    }
    for filter in ["gw.v1.dianbu.u07.alert.>", "gw-public.v1.dianbu.u07.>", ">"] {
        let output = system.command(&["consumer", "add", "curious", "--class", "public", "--filter", filter]).unwrap();
        assert_eq!(output.status.code(), Some(2), "public {filter}: {}", String::from_utf8_lossy(&output.stderr));
    }
    let again = system.command(&["consumer", "add", "police", "--filter", "gw.v1.dianbu.u07.alert.>"]).unwrap();
    assert_eq!(again.status.code(), Some(5), "{}", String::from_utf8_lossy(&again.stderr));
}
