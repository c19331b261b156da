//! Within a community: what was measured of somebody is read by those who work for their health, and through no door by a neighbour or a guard who did
//! not record it themselves.

use reqwest::{Method, Response};
use serde_json::{Value, json};
use system_tests::{Answer, System, until};
use uuid::Uuid;

use crate::{
    OWN, days_from_now,
    doors::{PAGES, READ, WAIT, token},
};

/// What was found at a door and by a check, as JSON, on pages and in a terminal; what they said they had, and what was written beside it; and why
/// nobody is told of it.
const TENTHS: &str = "\"tenths_celsius\":387";
const SAID: [&str; 6] = [TENTHS, "38.7℃", "38.7 ℃", "loss-of-smell", "夜里咳得厉害", "已送定点医院"];
/// Of these, what stands on pages of whoever may read it.
const ON_PAGES: [&str; 4] = ["38.7℃", "loss-of-smell", "夜里咳得厉害", "已送定点医院"];
/// What a leader and a guard measured themselves.
const BY_THE_LEADER: &str = "\"tenths_celsius\":364";
const AT_THE_GATE: &str = "\"tenths_celsius\":363";
/// Where it says who has what is left out, in both languages.
const ELSEWHERE: [(&str, &str); 2] =
    [("zh", "测量结果只有护士、网格员和社区办公室可以查看"), ("en", "What was measured is with the nurse, the grid workers and the office")];

async fn send(system: &System, token: &str, kind: &str, data: Value) -> Answer {
    let command = json!({"id": Uuid::now_v7(), "type": kind, "data": data}).to_string();
    let answer = system.request_as(token, Method::POST, &format!("/communities/{OWN}/commands"), Some(command)).await.unwrap();
    assert_eq!(answer.status, 201, "{kind}: {}", answer.text);
    answer
}

/// Those of the other test, with ids of whom this one is about.
fn of_ours(path: &str, alert: &str) -> String {
    let ids = [("b-other", "b07"), ("h-other", "h0"), ("p-other", "p0"), ("q-other", "q0"), ("{alert}", alert)];
    ids.into_iter().fold(path.to_owned(), |path, (theirs, ours)| path.replace(theirs, ours))
}

/// All that somebody is told, by every route that answers them, every page and the command line.
async fn told_to(system: &System, name: &str, token: &str, alert: &str) -> Vec<(String, String)> {
    let mut told = Vec::new();
    for route in READ {
        let route = of_ours(route, alert);
        let mut answer: Response = system.open(token, Method::GET, &format!("/communities/{OWN}{route}"), &[], None).await.unwrap();
        // a live page goes on: what it says at first says what it may say
        let text = if route == "/stream" {
            String::from_utf8(answer.chunk().await.unwrap().unwrap_or_default().to_vec()).unwrap()
        } else {
            answer.text().await.unwrap()
        };
        told.push((route, text));
    }
    for page in PAGES {
        let page = format!("/c/{OWN}{}", of_ours(page, alert));
        let shown = system.page(token, &page).await.unwrap();
        assert_eq!(shown.status, 200, "{name}: {page}");
        told.push((format!("page {page}"), shown.text));
    }
    let file = system.data().with_file_name(format!("{name}.token"));
    std::fs::write(&file, token).unwrap();
    for command in [&["alerts", "list"][..], &["alerts", "show", alert], &["status"], &["events", "export"]] {
        let printed = system.command(&[&["--community", OWN, "--token-file", file.to_str().unwrap()], command].concat()).unwrap();
        told.push((command.join(" "), String::from_utf8(printed.stdout).unwrap()));
    }
    told
}

/// By which ways each of some texts is read.
fn read<'a>(told: &[(String, String)], texts: impl IntoIterator<Item = &'a str>) -> Vec<(&'a str, Vec<String>)> {
    let ways = |text: &str| told.iter().filter(|(_, told)| told.contains(text)).map(|(way, _)| way.clone()).collect::<Vec<_>>();
    texts.into_iter().map(|text| (text, ways(text))).filter(|(_, ways)| !ways.is_empty()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_measured_is_read_by_the_nurse_and_through_no_door_by_a_neighbour_or_a_guard() {
    let mut system = System::start(&[]).await.unwrap();
    system.settle("dianbu", OWN).await.unwrap();
    system.must(OWN, "round.open", None, json!({"round":"r1"})).await.unwrap();
    let mut tokens = Vec::new();
    for (staff, role) in [("s-nurse", "nurse"), ("s-office", "office"), ("s-seven", "leader"), ("s-eight", "leader"), ("s-gate", "gate")] {
        system.must(OWN, "staff.register", None, json!({"staff":staff,"name":"李红","roles":[]})).await.unwrap();
        tokens.push(token(&system, &format!("t-{staff}"), &["--community", OWN, "--staff", staff], role).await);
    }
    let [nurse, office, seven, eight, gate] = &tokens[..] else { panic!("five tokens") };

    let ill = json!([{"person":"p0","readings":[{"celsius":38.7,"site":"axilla"}],"symptoms":["loss-of-smell"],"note":"夜里咳得厉害"}]);
    send(&system, nurse, "visit.record", json!({"household":"h0","outcome":"met","mode":"door","people":ill})).await;
    send(&system, nurse, "quarantine.order", json!({"quarantine":"q0","person":"p0","kind":"home","count_from":{"date":days_from_now(0),"basis":"exposure"}}))
        .await;
    let check = json!({"quarantine":"q0","outcome":"reached","readings":[{"celsius":38.7,"site":"ear"}],"symptoms":["loss-of-smell"]});
    send(&system, nurse, "quarantine.check", json!({"checks":[check],"mode":"phone"})).await;
    let well = json!([{"person":"p0","readings":[{"celsius":36.4,"site":"axilla"}],"symptoms":[]}]);
    send(&system, seven, "visit.record", json!({"household":"h0","outcome":"met","mode":"door","people":well})).await;
    let entry = json!({"checkpoint":"c1","direction":"in","person":"p0","readings":[{"celsius":36.3,"site":"forehead"}],"id_checked":true,"pass_checked":false,
        "result":"turned_back"});
    send(&system, gate, "entry.record", entry).await;
    let alert = until("the fever", WAIT, async || {
        let alerts = system.request_as(office, Method::GET, &format!("/communities/{OWN}/alerts"), None).await.unwrap().json;
        alerts["items"].as_array()?.iter().find(|item| item["kind"] == "fever")?["alert"].as_str().map(str::to_owned)
    })
    .await;
    let begun: jiff::Timestamp = system.get(&format!("/communities/{OWN}/alerts/{alert}")).await.unwrap().json["first_at"].as_str().unwrap().parse().unwrap();
    let until_then = (begun + jiff::SignedDuration::from_hours(1)).to_string();
    let silence = send(&system, office, "alert.silence", json!({"kind":"fever","building":"b07","until":until_then,"reason":"已送定点医院"})).await;
    let after = silence.json["sequence"].clone();
    let caught_up = system.request_as(office, Method::GET, &format!("/communities/{OWN}?after={after}"), None).await.unwrap();
    assert_eq!(caught_up.status, 200, "{}", caught_up.text);

    let both = || SAID.into_iter().chain([BY_THE_LEADER, AT_THE_GATE]);
    for (name, token, reads_own) in [("eight", eight, None), ("seven", seven, Some(BY_THE_LEADER)), ("gate", gate, Some(AT_THE_GATE))] {
        let told = told_to(&system, name, token, &alert).await;
        // to a guard, who is nobody's neighbour, it is said why nobody is told of an alert
        let texts = both().filter(|text| name != "gate" || *text != "已送定点医院");
        let read: Vec<(&str, Vec<String>)> = read(&told, texts);
        let words: Vec<&str> = read.iter().map(|(text, _)| *text).collect();
        assert_eq!(words, reads_own.into_iter().collect::<Vec<_>>(), "{name} reads {read:?}");
    }
    for (name, token) in [("nurse", nurse), ("office", office)] {
        let told = told_to(&system, name, token, &alert).await;
        let expected = [TENTHS, "loss-of-smell", "夜里咳得厉害", "已送定点医院", BY_THE_LEADER, AT_THE_GATE];
        let found: Vec<&str> = read(&told, expected).into_iter().map(|(text, _)| text).collect();
        assert_eq!(found, expected, "{name}: what is looked for is there to be found");
        let pages: Vec<(String, String)> = told.into_iter().filter(|(way, _)| way.starts_with("page ")).collect();
        let found: Vec<&str> = read(&pages, ON_PAGES).into_iter().map(|(text, _)| text).collect();
        assert_eq!(found, ON_PAGES, "{name}");
    }
    // people are not told of it, which to a leader would say that it is a fever
    for (token, kind, says) in [(nurse, "fever", true), (eight, "do_not_go_up", false)] {
        let shown = system.request_as(token, Method::GET, &format!("/communities/{OWN}/alerts/{alert}"), None).await.unwrap().json;
        assert_eq!((shown["kind"].as_str(), shown["suppressed"]["silenced"]["by"] == json!(["s-office"])), (Some(kind), says), "{shown}");
    }
    reads_who_has_it(&system, eight, nurse).await;
    system.stop().unwrap();
}

/// On the pages of a neighbour no box is empty without a word, and what they need is there: who was met, and which checks are owed.
async fn reads_who_has_it(system: &System, leader: &str, nurse: &str) {
    for (language, elsewhere) in ELSEWHERE {
        for page in ["/h/h0", "/quarantines"] {
            // a browser sends the language beside the token
            let show = async |token: &str| system.page(&format!("{token}; lang={language}"), &format!("/c/{OWN}{page}")).await.unwrap().text;
            let (to_the_leader, to_the_nurse) = (show(leader).await, show(nurse).await);
            assert!(to_the_leader.contains(elsewhere) && !to_the_nurse.contains(elsewhere), "{page} {language}: {to_the_leader}");
        }
    }
    let household = system.page(leader, &format!("/c/{OWN}/h/h0")).await.unwrap().text;
    assert!(household.contains("见到") && household.contains("杨桂0") && household.contains("查到"), "{household}");
    let alerts = system.page(leader, &format!("/c/{OWN}/alerts")).await.unwrap().text;
    let (_, silences) = alerts.split_once("静默中").unwrap();
    assert!(silences.contains("请不要上楼 · 7号楼") && silences.contains("原因请向社区办公室了解"), "{silences}");
}
