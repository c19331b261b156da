//! What each role is offered to do about an alert, and what the door takes from it: the same table.

use domain::alert::Act;
use reqwest::Method;
use serde_json::{Value, json};
use system_tests::{System, until};

use crate::{
    OWN,
    doors::{ROLES, WAIT, token},
    fever,
};

/// What the page of an alert has a form for.
const FORMS: [(Act, &str); 4] = [(Act::Acknowledge, "acknowledge"), (Act::Escalate, "escalate"), (Act::Assign, "assign"), (Act::Note, "note")];
/// A number that the alert does not have: who may send a command is told that it changed, and nothing is recorded.
const STALE: u32 = 999;

fn data(act: Act, alert: &str) -> Value {
    let mut data = match act {
        Act::Acknowledge | Act::Escalate | Act::Resolve => json!({}),
        Act::Assign => json!({"staff":"s-office"}),
        Act::Note => json!({"note":"已电话联系"}),
        Act::Close => json!({"reason":"duplicate"}),
    };
    (data["alert"], data["n"]) = (json!(alert), json!(STALE));
    data
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_page_offers_to_a_role_is_what_the_door_takes_from_it() {
    let mut system = System::start(&[]).await.unwrap();
    system.settle("dianbu", OWN).await.unwrap();
    system.must(OWN, "staff.register", None, json!({"staff":"s-office","name":"李红","roles":[]})).await.unwrap();
    let duty = json!({"scope":{"community":OWN},"duty":"office","level":2,"staff":"s-office","from":"2020-02-01T00:00:00+08:00"});
    system.must(OWN, "responsibility.assign", None, duty).await.unwrap();
    fever(&system, OWN, "h0", "p0").await;
    // it can go up once it is the turn of the office
    let alert = until("it is the turn of the office", WAIT, async || {
        let alerts = system.get(&format!("/communities/{OWN}/alerts")).await.unwrap();
        let alert = alerts.json["items"].as_array()?.iter().find(|item| item["kind"] == "fever" && item["turn"]["level"] == 2)?.clone();
        Some(alert["alert"].as_str()?.to_owned())
    })
    .await;
    for role in ROLES {
        let token = token(&system, &format!("own-{role}"), &["--community", OWN], role).await;
        let path = format!("/communities/{OWN}/alerts/{alert}");
        let told: Vec<String> = serde_json::from_value(system.request_as(&token, Method::GET, &path, None).await.unwrap().json["you_may"].clone()).unwrap();
        let mut taken = Vec::new();
        for act in Act::ALL {
            let command = json!({"id":uuid::Uuid::now_v7(),"type":act.command(),"data":data(act, &alert)}).to_string();
            let answer = system.request_as(&token, Method::POST, &format!("/communities/{OWN}/commands"), Some(command)).await.unwrap();
            assert!([409, 403].contains(&answer.status), "{role} {act:?}: {}", answer.text);
            taken.extend((answer.status == 409).then_some(act));
        }
        // that a neighbour, who is not to go up, has seen it is taken from them and not asked of them
        taken.retain(|act| role != "leader" || *act != Act::Acknowledge);
        assert_eq!(told, taken.iter().map(|act| act.command()).collect::<Vec<_>>(), "{role}");
        let page = system.page(&token, &format!("/c/{OWN}/alerts/{alert}")).await.unwrap().text;
        for (act, form) in FORMS {
            let offered = page.contains(&format!("action=\"/c/{OWN}/alerts/{alert}/{form}\""));
            assert_eq!(offered, taken.contains(&act), "{role} is offered {act:?}: {page}");
        }
    }
    system.stop().unwrap();
}
