//! Over HTTP: every route and every kind of command, with every kind of token.

use std::{collections::BTreeSet, time::Duration};

use domain::Command;
use reqwest::{Method, Response};
use serde_json::{Value, json};
use system_tests::{System, until};

use crate::{ABSENT, ELSEWHERE, NEIGHBOUR, OWN, days_from_now, fever, three_communities};

/// Longest wait for anything that is expected.
pub(crate) const WAIT: Duration = Duration::from_secs(20);
/// Every role that a token can have.
pub(crate) const ROLES: [&str; 8] = ["admin", "command", "office", "grid", "leader", "nurse", "gate", "viewer"];
/// What each answer has to itself, whatever it is about.
const HEADERS_OF_THE_MOMENT: [&str; 1] = ["date"];

/// Every route of a community that is read, with ids that the others have; `{alert}` stands for an alert of theirs.
pub(crate) const READ: [&str; 23] = [
    "",
    "/buildings",
    "/buildings/b-other",
    "/buildings/b07",
    "/households/h-other",
    "/people?ids=p-other",
    "/people/p-other",
    "/quarantines",
    "/quarantines/q-other",
    "/alerts",
    "/alerts?state=ended",
    "/alerts/{alert}",
    "/checkpoints",
    "/silences",
    "/staff",
    "/duties",
    "/coverage?round=r1",
    "/timeline?building=b-other",
    "/timeline?household=h-other",
    "/timeline?person=p-other",
    "/timeline?quarantine=q-other",
    "/stream",
    "/events",
];

fn shift(staff: &str) -> Value {
    json!({"staff":staff,"from":"2020-02-06T08:00:00+08:00","until":"2020-02-06T20:00:00+08:00"})
}

/// A good command of every kind that is sent from the field or the office.
fn commands(alert: &str) -> Vec<(&'static str, Value)> {
    vec![
        ("community.found", json!({"town":"dianbu","community":"u08","name":"七里"})),
        ("policy.set", json!({"grace_minutes":5})),
        ("estate.register", json!({"estate":"e2","name":"月光小区","governance":"none"})),
        ("building.register", json!({"building":"b10","name":"10号楼"})),
        ("household.register", json!({"household":"h-new","building":"b-other","door":"2"})),
        ("person.register", json!({"person":"p-new","name":"李新","household":"h-other"})),
        ("residence.start", json!({"person":"p-other","household":"h-other","kind":"works","from":"2020-02-06T08:00:00+08:00"})),
        ("residence.end", json!({"person":"p-other","household":"h-other","kind":"works","until":"2020-02-06T09:00:00+08:00","reason":"moved"})),
        ("staff.register", json!({"staff":"s1","name":"赵一","roles":["leader"]})),
        ("responsibility.assign", json!({"scope":{"building":"b-other"},"duty":"report","level":1,"staff":"s1"})),
        ("responsibility.release", json!({"scope":{"building":"b-other"},"duty":"report","level":1,"staff":"s1"})),
        ("roster.set", json!({"scope":{"building":"b-other"},"duty":"report","level":1,"shifts":[shift("s1")]})),
        ("staff.absent", json!({"staff":"s1","until":"2020-02-07T08:00:00+08:00","from":"2020-02-06T08:00:00+08:00","reason":"病假"})),
        ("checkpoint.open", json!({"checkpoint":"c-new","name":"北门","kind":"gate"})),
        ("round.open", json!({"round":"r-new"})),
        ("visit.record", json!({"household":"h-other","outcome":"absent","mode":"door"})),
        ("building.report", json!({"scopes":[{"building":"b-other"}],"basis":"seen"})),
        ("entry.record", json!({"checkpoint":"c1","direction":"in","person":"p-other","id_checked":true,"pass_checked":false,"result":"admitted"})),
        ("entry.settle", json!({"entry":uuid::Uuid::now_v7(),"result":"admitted"})),
        ("arrival.declare", json!({"unregistered":{"ref":"v2"},"household":"h-other","arrived_on":days_from_now(-1)})),
        ("medical.record", json!({"unregistered":{"ref":"v1"},"finding":"not_infected","facility":"f1","document":"n1"})),
        ("quarantine.order", json!({"quarantine":"q-other","person":"p-other","kind":"home","count_from":{"date":days_from_now(-1),"basis":"exposure"}})),
        ("quarantine.move", json!({"quarantine":"q-other","household":"h-new"})),
        ("quarantine.extend", json!({"quarantine":"q-other","until":days_from_now(20)})),
        ("quarantine.waive", json!({"quarantine":"q-other","slots":[{"date":days_from_now(1),"name":"am"}],"reason":"ill"})),
        ("quarantine.check", json!({"checks":[{"quarantine":"q-other","outcome":"no_answer"}],"mode":"phone"})),
        ("quarantine.release", json!({"quarantine":"q-other","reason":"mistake"})),
        ("alert.acknowledge", json!({"alert":alert,"n":1})),
        ("alert.silence", json!({"kind":"fever","until":"2020-02-06T09:00:00+08:00","reason":"停电"})),
        ("alert.unsilence", json!({"silence":"01922f0c-7b1e-7c3a-9f00-5b1d2c3e4f50"})),
        ("alert.note", json!({"alert":alert,"n":2,"note":"已电话联系"})),
        ("alert.assign", json!({"alert":alert,"n":3,"staff":"s1"})),
        ("alert.escalate", json!({"alert":alert,"n":4})),
        ("alert.resolve", json!({"alert":alert,"n":5,"evidence":"ok"})),
        ("alert.close", json!({"alert":alert,"n":6,"reason":"handed_over"})),
        ("checkpoint.close", json!({"checkpoint":"c1"})),
        ("round.close", json!({"round":"r1"})),
        ("record.retract", json!({"command":uuid::Uuid::now_v7(),"reason":"typo"})),
    ]
}

/// Commands that need more than is there to be taken: what they name stands in the log only after another one.
const NOT_TAKEN: [&str; 8] =
    ["community.found", "record.retract", "entry.settle", "quarantine.order", "quarantine.waive", "alert.close", "alert.silence", "alert.unsilence"];

/// Nothing is forgotten above: neither a route nor a kind of command.
#[test]
fn every_route_and_every_command_is_tried() {
    let contract: Value = serde_json::from_str(web::OPENAPI).unwrap();
    let below = contract["paths"].as_object().unwrap().iter().filter(|(_, methods)| methods.get("get").is_some());
    let below: BTreeSet<String> = below.filter_map(|(path, _)| path.strip_prefix("/api/v1/communities/{community}")).map(segments).collect();
    let read: BTreeSet<String> = READ.iter().map(|route| segments(route.split('?').next().unwrap_or_default())).collect();
    assert_eq!(read, below, "routes of a community");
    let tried: BTreeSet<&str> = commands("aaaaaaaaaaaaaaaa-1").into_iter().map(|(kind, _)| kind).collect();
    let kinds = Command::TYPES.iter().copied().filter(|kind| !Command::INTERNAL_TYPES.contains(kind));
    assert_eq!(tried, kinds.collect::<BTreeSet<_>>(), "commands");
}

/// A route without the ids in it.
fn segments(route: &str) -> String {
    route.split('/').enumerate().map(|(place, part)| if place == 2 { "{}" } else { part }).collect::<Vec<_>>().join("/")
}

/// Every page of a community.
pub(crate) const PAGES: [&str; 10] =
    ["", "/duties", "/unreported", "/coverage", "/quarantines", "/checkpoints", "/b/b-other", "/h/h-other", "/alerts", "/alerts/{alert}"];

/// An answer as far as it may tell anything: status, headers, bytes.
async fn told(response: Response) -> (u16, Vec<(String, String)>, Vec<u8>) {
    let mut headers: Vec<(String, String)> = response
        .headers()
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .filter(|(name, _)| !HEADERS_OF_THE_MOMENT.contains(&name.as_str()))
        .collect();
    headers.sort();
    (response.status().as_u16(), headers, response.bytes().await.unwrap().to_vec())
}

async fn read(system: &System, token: &str, community: &str, route: &str) -> Response {
    system.open(token, Method::GET, &format!("/communities/{community}{route}"), &[], None).await.unwrap()
}

/// An alert of a community, once it is there.
async fn alert_of(system: &System, community: &str) -> String {
    let path = format!("/communities/{community}/alerts");
    let look = async || system.get(&path).await.unwrap().json["items"][0]["alert"].as_str().map(str::to_owned);
    until(&format!("an alert of {community}"), WAIT, look).await
}

/// A token that every service knows already.
pub(crate) async fn token(system: &System, name: &str, scope: &[&str], role: &str) -> String {
    let token = system.token(name, scope, role).unwrap();
    until("the token", WAIT, async || (system.request_as(&token, Method::GET, "/communities", None).await.unwrap().status == 200).then_some(())).await;
    token
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_belongs_to_others_looks_like_what_does_not_exist() {
    let mut system = three_communities().await;
    for community in [NEIGHBOUR, ELSEWHERE] {
        fever(&system, community, "h-other", "p-other").await;
    }
    let alerts = [(NEIGHBOUR, alert_of(&system, NEIGHBOUR).await), (ELSEWHERE, alert_of(&system, ELSEWHERE).await)];
    let before = system.get("/verify").await.unwrap().json["sequence"].clone();
    let mut callers = Vec::new();
    for role in ROLES {
        callers.push((role.to_owned(), token(&system, &format!("own-{role}"), &["--community", OWN], role).await, vec![NEIGHBOUR, ELSEWHERE]));
        callers.push((format!("town {role}"), token(&system, &format!("town-{role}"), &["--town", "dianbu"], role).await, vec![ELSEWHERE]));
    }
    let tokens = u64::try_from(callers.len()).unwrap();
    for (who, token, others) in &callers {
        for other in others {
            let alert = &alerts.iter().find(|(community, _)| community == other).unwrap().1;
            nothing_is_read(&system, (who, token), other, alert).await;
            nothing_is_written(&system, (who, token), other, alert).await;
            nothing_is_imported(&system, (who, token), other).await;
            nothing_is_inside(&system, (who, token), alert).await;
        }
        nothing_is_operated(&system, (who, token)).await;
        only_theirs_is_listed(&system, (who, token), others).await;
    }
    let after = system.get("/verify").await.unwrap().json["sequence"].clone();
    assert_eq!(after.as_u64(), before.as_u64().map(|before| before + tokens), "the tokens are all that was recorded");
    the_routes_exist(&system, &alerts[0].1).await;
    system.stop().unwrap();
}

/// A page without the time of day at its foot: two looks may fall into two seconds.
fn without_clock(page: &str) -> String {
    let mut parts = page.split("截至 ");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |page, rest| page + "截至 ‹now›" + rest.get("00:00:00".len()..).unwrap_or_default())
}

async fn nothing_is_read(system: &System, (who, token): (&str, &str), other: &str, alert: &str) {
    for route in READ {
        let route = route.replace("{alert}", alert);
        let of_another = told(read(system, token, other, &route).await).await;
        let of_nobody = told(read(system, token, ABSENT, &route).await).await;
        assert_eq!(of_another.0, 404, "{who} reads {route} of {other}");
        assert_eq!(of_another, of_nobody, "{who} can tell {other}{route} from what does not exist");
    }
    for page in PAGES {
        let page = page.replace("{alert}", alert);
        let show = async |community: &str| system.page(token, &format!("/c/{community}{page}")).await.unwrap();
        let (of_another, of_nobody) = (show(other).await, show(ABSENT).await);
        assert_eq!(of_another.status, 404, "{who} is shown the page {page} of {other}");
        // a page repeats the address that was asked for
        let (of_another, of_nobody) = (without_clock(&of_another.text.replace(other, "‹asked›")), without_clock(&of_nobody.text.replace(ABSENT, "‹asked›")));
        assert_eq!(of_another, of_nobody, "{who} can tell the page {page} of {other} from one that does not exist");
    }
}

/// Files are for nobody else either.
async fn nothing_is_imported(system: &System, (who, token): (&str, &str), other: &str) {
    for (kind, rows) in [("people", "person,name,household\np-new,李新,h-other\n"), ("buildings", "building,name\nb-new,11号楼\n"), ("nothing", "a\n")] {
        let send = async |community: &str| {
            let path = format!("/communities/{community}/imports?kind={kind}");
            told(system.open(token, Method::POST, &path, &[("content-type", "text/csv")], Some(rows.to_owned())).await.unwrap()).await
        };
        let (to_another, to_nobody) = (send(other).await, send(ABSENT).await);
        assert_eq!(to_another.0, 404, "{who} imports {kind} to {other}");
        assert_eq!(to_another, to_nobody, "{who} can tell {other} from what does not exist by importing {kind}");
    }
}

async fn nothing_is_written(system: &System, (who, token): (&str, &str), other: &str, alert: &str) {
    for (kind, data) in commands(alert) {
        let command = json!({"id":uuid::Uuid::now_v7(),"type":kind,"data":data}).to_string();
        for content_type in ["application/json", "application/x-ndjson"] {
            let send = async |community: &str| {
                let path = format!("/communities/{community}/commands");
                told(system.open(token, Method::POST, &path, &[("content-type", content_type)], Some(command.clone())).await.unwrap()).await
            };
            let (to_another, to_nobody) = (send(other).await, send(ABSENT).await);
            assert_eq!(to_another.0, 404, "{who} sends {kind} to {other}");
            assert_eq!(to_another, to_nobody, "{who} can tell {other} from what does not exist by sending {kind}");
        }
    }
}

/// Through the door of one's own community nothing of another is reached either.
async fn nothing_is_inside(system: &System, (who, token): (&str, &str), alert: &str) {
    for (route, absent) in [
        ("/buildings/b-other".to_owned(), "/buildings/b-absent"),
        ("/households/h-other".to_owned(), "/households/h-absent"),
        ("/people?ids=p-other".to_owned(), "/people?ids=p-absent"),
        ("/people/p-other".to_owned(), "/people/p-absent"),
        ("/quarantines/q-other".to_owned(), "/quarantines/q-absent"),
        (format!("/alerts/{alert}"), "/alerts/aaaaaaaaaaaaaaaa-1"),
        ("/timeline?household=h-other".to_owned(), "/timeline?household=h-absent"),
        ("/timeline?person=p-other".to_owned(), "/timeline?person=p-absent"),
    ] {
        let (of_another, of_nobody) = (told(read(system, token, OWN, &route).await).await, told(read(system, token, OWN, absent).await).await);
        assert_eq!(of_another, of_nobody, "{who} can tell {route} from {absent}");
        assert!(!String::from_utf8_lossy(&of_another.2).contains("other"), "{who} is told of {route}");
    }
}

/// What belongs to the whole deployment is only for whoever has all of it.
async fn nothing_is_operated(system: &System, (who, token): (&str, &str)) {
    for (method, path) in [
        (Method::GET, "/tokens"),
        (Method::GET, "/consumers"),
        (Method::GET, "/status"),
        (Method::GET, "/verify"),
        (Method::POST, "/checks/projection"),
        (Method::POST, "/checks/intake"),
        (Method::POST, "/checks/alerting"),
        (Method::POST, "/tokens"),
        (Method::POST, "/consumers"),
        (Method::DELETE, "/tokens/t-aaaaaaaaaaaaaaaa"),
        (Method::DELETE, "/consumers/police"),
    ] {
        let answer =
            system.request_as(token, method.clone(), path, Some(json!({"name":"mine","role":"admin","community":NEIGHBOUR}).to_string())).await.unwrap();
        assert_eq!(answer.status, 403, "{who}: {method} {path}: {}", answer.text);
        assert!(![NEIGHBOUR, ELSEWHERE, OWN].iter().any(|community| answer.text.contains(community)), "{who}: {}", answer.text);
    }
}

async fn only_theirs_is_listed(system: &System, (who, token): (&str, &str), others: &[&str]) {
    let list = system.request_as(token, Method::GET, "/communities", None).await.unwrap();
    let listed: Vec<&str> = list.json["items"].as_array().unwrap().iter().map(|item| item["community"].as_str().unwrap()).collect();
    assert!(listed.contains(&OWN) && !others.iter().any(|other| listed.contains(other)), "{who} is shown {listed:?}");
    assert!(!others.iter().any(|other| list.text.contains(other)), "{who}: {}", list.text);
}

/// The same routes, asked by those who may: so that a route that is misspelt here does not pass for one that is closed.
async fn the_routes_exist(system: &System, alert: &str) {
    let office = token(system, "office-of-the-neighbour", &["--community", NEIGHBOUR], "office").await;
    for route in READ {
        let route = route.replace("{alert}", alert);
        assert_eq!(read(system, &office, NEIGHBOUR, &route).await.status().as_u16(), 200, "{route}");
    }
    for page in PAGES {
        let page = format!("/c/{NEIGHBOUR}{}", page.replace("{alert}", alert));
        assert_eq!(system.page(&office, &page).await.unwrap().status, 200, "{page}");
    }
    let path = format!("/communities/{NEIGHBOUR}/imports?kind=buildings&dry_run=true");
    let imported = system.open(&office, Method::POST, &path, &[("content-type", "text/csv")], Some("building,name\nb-new,11号楼\n".to_owned())).await.unwrap();
    assert_eq!(imported.status().as_u16(), 200);
    for (kind, data) in commands(alert).into_iter().filter(|(kind, _)| !NOT_TAKEN.contains(kind)) {
        let command = json!({"id":uuid::Uuid::now_v7(),"type":kind,"data":data}).to_string();
        let answer = system.request_as(&office, Method::POST, &format!("/communities/{NEIGHBOUR}/commands"), Some(command)).await.unwrap();
        assert!(answer.status < 300, "{kind}: {}", answer.text);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn live_pages_hear_of_their_own_community_only() {
    let mut system = three_communities().await;
    let office = token(&system, "office", &["--community", OWN], "office").await;
    let mut live = Live::open(&system, &office, None).await;
    let theirs = fever(&system, NEIGHBOUR, "h-other", "p-other").await["sequence"].as_u64().unwrap();
    let ours = fever(&system, OWN, "h0", "p0").await["sequence"].as_u64().unwrap();
    let first = live.changed().await;
    assert_eq!(first["building"], "b07");
    assert!(first["sequence"].as_u64().unwrap() >= ours, "{first} is heard in {OWN}, {theirs} was told in {NEIGHBOUR}");
    // a page that was away, and claims to have seen what it never could: the neighbour's, or everything from the start
    for seen in [theirs - 1, 1] {
        let mut resumed = Live::open(&system, &office, Some(seen)).await;
        let again = fever(&system, OWN, "h1", "p1").await["sequence"].as_u64().unwrap();
        until("the change after coming back", WAIT, async || {
            let changed = resumed.changed().await;
            assert_eq!(changed["building"], "b07", "Last-Event-ID {seen}: {}", resumed.text);
            (changed["sequence"].as_u64().unwrap() >= again).then_some(())
        })
        .await;
        assert!(!resumed.text.contains("other"), "{}", resumed.text);
    }
    // nobody listens when the system stops
    drop(live);
    system.stop().unwrap();
}

/// A page that listens.
struct Live {
    response: Response,
    text: String,
    heard: usize,
}

impl Live {
    async fn open(system: &System, token: &str, seen: Option<u64>) -> Self {
        let seen = seen.map(|seen| seen.to_string()).unwrap_or_default();
        let response = system.open(token, Method::GET, &format!("/communities/{OWN}/stream"), &[("last-event-id", &seen)], None).await.unwrap();
        assert_eq!(response.status().as_u16(), 200);
        Self { response, text: String::new(), heard: 0 }
    }

    /// The next change; a reset is passed over.
    async fn changed(&mut self) -> Value {
        loop {
            let whole = self.text.rfind("\n\n").map_or("", |end| &self.text[..end]);
            let mut changes = whole.split("\n\n").filter(|event| event.contains("event: changed"));
            if let Some(event) = changes.nth(self.heard) {
                self.heard += 1;
                let data = event.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
                return serde_json::from_str(data).unwrap();
            }
            let chunk = self.response.chunk().await.unwrap().expect("the stream goes on");
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }
}
