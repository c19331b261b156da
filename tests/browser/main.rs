//! The pages of a real system in a real browser: accessibility, tap targets, keyboard, live parts, life without script.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on may say so by panicking")]

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use system_tests::{System, until};

const COMMUNITY: &str = "u07";
/// Doors of the building that is looked at.
const FLOORS: u32 = 6;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_hold_in_a_browser() {
    let system = System::start(&[]).await.unwrap();
    furnish(&system).await;
    let made = system.request(Method::POST, "/tokens", Some(json!({"name":"office","role":"office","community":COMMUNITY}).to_string())).await.unwrap();
    let token = made.json["secret"].as_str().unwrap().to_owned();
    until("the fever is alerted", Duration::from_secs(20), async || {
        let alerts = system.get(&format!("/communities/{COMMUNITY}/alerts")).await.ok()?;
        alerts.json["items"].as_array().filter(|items| !items.is_empty()).map(|_| ())
    })
    .await;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/browser/pages.mjs");
    let looked = tokio::process::Command::new("node").args([script, &system.url().unwrap(), &token, "--community", COMMUNITY]).output().await.unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&looked.stdout), String::from_utf8_lossy(&looked.stderr));
    assert!(looked.status.success(), "{said}");
    assert!(said.matches("ok  ").count() > 30, "the browser looked at too little:\n{said}");
}

async fn furnish(system: &System) {
    system.must(COMMUNITY, "community.found", None, json!({"town":"dianbu","town_name":"店埠镇","community":COMMUNITY,"name":"七里社区"})).await.unwrap();
    system.must(COMMUNITY, "estate.register", None, json!({"estate":"e1","name":"阳光小区","governance":"property"})).await.unwrap();
    for building in ["b07", "b08"] {
        let doors: Vec<String> = (1..=FLOORS).flat_map(|floor| [format!("{floor}01"), format!("{floor}02")]).collect();
        let units = json!([{"unit":"1","floors":FLOORS,"doors":doors},{"unit":"2","floors":FLOORS,"doors":doors}]);
        system
            .must(COMMUNITY, "building.register", None, json!({"building":building,"name":format!("{}号楼", &building[2..]),"estate":"e1","units":units}))
            .await
            .unwrap();
    }
    for floor in 1..=FLOORS {
        let household = json!({"household":format!("h{floor}"),"building":"b07","unit":"2","floor":floor,"door":format!("{floor}02")});
        system.must(COMMUNITY, "household.register", None, household).await.unwrap();
        system.must(COMMUNITY, "person.register", None, json!({"person":format!("p{floor}"),"name":"杨桂英","household":format!("h{floor}")})).await.unwrap();
    }
    system.must(COMMUNITY, "checkpoint.open", None, json!({"checkpoint":"g1","name":"北门","kind":"gate"})).await.unwrap();
    system.must(COMMUNITY, "round.open", None, json!({"round":"r1","name":"第一轮"})).await.unwrap();
    let order = json!({"quarantine":"q1","person":"p1","kind":"home","count_from":{"date":"2020-02-01","basis":"exposure"},"days":400});
    system.must(COMMUNITY, "quarantine.order", Some("2020-02-02T10:00:00+08:00"), order).await.unwrap();
    let people = json!([{"person":"p5","readings":[{"celsius":38.2,"site":"axilla"}],"symptoms":["cough"]}]);
    system.must(COMMUNITY, "visit.record", None, json!({"household":"h5","round":"r1","outcome":"met","mode":"door","people":people})).await.unwrap();
}
