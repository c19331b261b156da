//! Acknowledging over NATS: the account opens the way to the door of a community, the token says who comes in.

use serde_json::{Value, json};
use system_tests::{Foreign, Subscriber, System};

use crate::{COMMUNITY, NEIGHBOUR, consumer, fever, token};

/// A client of a consumer, which asks and reads the answers.
pub(crate) struct Asking {
    client: Foreign,
    asked: usize,
}

/// What came of a question.
#[derive(Debug)]
pub(crate) struct Came {
    pub(crate) refused: String,
    pub(crate) status: String,
    pub(crate) headers: Value,
    pub(crate) json: Value,
    pub(crate) inbox: String,
}

impl Asking {
    pub(crate) async fn as_consumer(credentials: &Value) -> Self {
        let mut client = Foreign::python("attempt.py").unwrap();
        client.tell(credentials).unwrap();
        assert_eq!(client.line(0).await.json, json!({"connected":true}));
        Self { client, asked: 0 }
    }

    pub(crate) async fn attempt(&mut self, attempt: Value) -> Came {
        self.client.tell(&attempt).unwrap();
        self.asked += 1;
        let came = self.client.line(self.asked).await.json;
        let (inbox, body) = came["answer"].as_str().and_then(|answer| answer.split_once(' ')).unwrap_or_default();
        Came {
            refused: came["refused"].as_str().unwrap_or_default().to_lowercase(),
            status: came["headers"]["Gridward-Status"].as_str().unwrap_or_default().to_owned(),
            headers: came["headers"].clone(),
            json: serde_json::from_str(body).unwrap_or_default(),
            inbox: inbox.to_owned(),
        }
    }

    /// Sends a command to a community, with a token or without.
    pub(crate) async fn command(&mut self, community: &str, token: Option<&str>, command: &Value) -> Came {
        let headers = token.map_or_else(|| json!({}), |token| json!({"Authorization":format!("Bearer {token}")}));
        self.attempt(json!({"do":"request","subject":subject(community),"headers":headers,"payload":command.to_string()})).await
    }
}

pub(crate) fn subject(community: &str) -> String {
    format!("gw.v1.dianbu.{community}.command")
}

pub(crate) fn acknowledge(alert: &str, n: u64) -> Value {
    json!({"id":uuid::Uuid::now_v7(),"type":"alert.acknowledge","data":{"alert":alert,"n":n}})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_consumer_acknowledges_what_it_was_told_and_reaches_no_other_door() {
    let mut system = System::start(&[]).await.unwrap();
    for community in [COMMUNITY, NEIGHBOUR] {
        system.settle("dianbu", community).await.unwrap();
    }
    let clinic = consumer(&system, "clinic", "gw.v1.dianbu.*.alert.fever.>", &["--command", "dianbu.u07"]);
    assert_eq!(clinic["commands"], json!(["gw.v1.dianbu.u07.command"]));
    let police = consumer(&system, "police", "gw.v1.dianbu.u07.alert.>", &[]);
    assert_eq!(police["commands"], json!([]));
    let (nurse, viewer, foreign) =
        (token(&system, COMMUNITY, "nurse").await, token(&system, COMMUNITY, "viewer").await, token(&system, NEIGHBOUR, "nurse").await);
    let told = Subscriber::start(&clinic).await.unwrap();
    fever(&system, COMMUNITY, 0).await;
    let raised = told.message(0).await;
    let (alert, n) = (raised.alert().to_owned(), raised.json["data"]["n"].as_u64().unwrap());
    let mut asking = Asking::as_consumer(&clinic).await;

    let wrong = asking.command(COMMUNITY, Some(&nurse), &acknowledge(&alert, n + 1)).await;
    assert_eq!((wrong.status.as_str(), &wrong.json["code"]), ("409", &json!("alert_changed")), "{wrong:?}");
    assert_eq!(wrong.json["current"], json!({"alert":alert,"n":n,"state":"open"}));
    for (token, status) in [(None, "401"), (Some("gw-nobody"), "401"), (Some(viewer.as_str()), "403"), (Some(foreign.as_str()), "404")] {
        let refused = asking.command(COMMUNITY, token, &acknowledge(&alert, n)).await;
        assert_eq!(refused.status, status, "the way to the door is no right: {refused:?}");
    }
    let command = acknowledge(&alert, n);
    let taken = asking.command(COMMUNITY, Some(&nurse), &command).await;
    assert_eq!((taken.status.as_str(), &taken.json["status"]), ("201", &json!("recorded")), "{taken:?}");
    assert!(taken.inbox.starts_with(clinic["inbox_prefix"].as_str().unwrap()), "{taken:?}");
    let acknowledged = told.message(1).await;
    assert_eq!((acknowledged.action(), acknowledged.alert()), ("acknowledged", alert.as_str()));
    assert_eq!((&acknowledged.json["data"]["n"], &acknowledged.json["data"]["state"]), (&json!(n + 1), &json!("acknowledged")));
    let again = asking.command(COMMUNITY, Some(&nurse), &command).await;
    assert_eq!((again.status.as_str(), &again.json["status"]), ("200", &json!("duplicate")), "{again:?}");

    no_other_door(&system, &mut asking, (&police, &clinic), (&nurse, &foreign)).await;
    answers_go_nowhere_else(&system, &mut asking, &police, &nurse).await;
    drop((told, asking));
    system.stop().unwrap();
}

/// Neither another community's, with whatever token, nor any without `--command`; nor through ours what only our own services say.
async fn no_other_door(system: &System, asking: &mut Asking, (police, clinic): (&Value, &Value), (nurse, foreign): (&str, &str)) {
    let before = system.get("/verify").await.unwrap().text;
    let away = asking.command(NEIGHBOUR, Some(foreign), &acknowledge("aaaaaaaaaaaaaaaa-1", 1)).await;
    assert!(away.refused.contains("permissions violation"), "another community is reached: {away:?}");
    let mut curious = Asking::as_consumer(police).await;
    let none = curious.command(COMMUNITY, Some(nurse), &acknowledge("aaaaaaaaaaaaaaaa-1", 1)).await;
    assert!(none.refused.contains("permissions violation"), "whoever was not let to asks all the same: {none:?}");
    for (what, subject) in [
        ("request", "svc.intake.observe".to_owned()),
        ("subscribe", subject(COMMUNITY)),
        ("subscribe", format!("{}.>", clinic["inbox_prefix"].as_str().unwrap())),
        ("subscribe", "_R_.>".to_owned()),
    ] {
        let came = curious.attempt(json!({"do":what,"subject":subject})).await;
        assert!(came.refused.contains("permissions violation"), "police {what} {subject}: {came:?}");
    }
    let overheard = asking.attempt(json!({"do":"subscribe","subject":subject(COMMUNITY)})).await;
    assert!(overheard.refused.contains("permissions violation"), "who asks hears what others ask: {overheard:?}");
    assert_eq!(system.get("/verify").await.unwrap().text, before, "the log is as it was");
}

/// An answer that is steered elsewhere reaches nobody: not the log, not another consumer.
async fn answers_go_nowhere_else(system: &System, asking: &mut Asking, police: &Value, nurse: &str) {
    let inbox = format!("{}.mine", police["inbox_prefix"].as_str().unwrap());
    let mut listening = Foreign::python("attempt.py").unwrap();
    listening.tell(police).unwrap();
    listening.line(0).await;
    // it listens as long as anybody tries to steer something there
    listening.tell(&json!({"do":"subscribe","subject":inbox})).unwrap();
    let before = system.get("/verify").await.unwrap().text;
    let headers = json!({"Authorization":format!("Bearer {nurse}")});
    let payload = acknowledge("aaaaaaaaaaaaaaaa-1", 1).to_string();
    for reply in [inbox.as_str(), "ev.0.u07.forged", "$JS.API.STREAM.PURGE.ALERTS", "gw.v1.dianbu.u08.command"] {
        asking.attempt(json!({"do":"request","subject":subject(COMMUNITY),"headers":headers,"payload":payload,"reply":reply})).await;
    }
    assert_eq!(listening.line(1).await.json, json!({"refused":null,"answer":null}), "an answer came to another consumer");
    assert_eq!(system.get("/verify").await.unwrap().text, before, "the log is as it was");
}
