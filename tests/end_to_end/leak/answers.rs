//! What is answered, to whom.

use demo::Community;
use reqwest::Method;
use serde_json::json;
use system_tests::System;

use crate::{
    canaries::{Canaries, STRANGER},
    play::{first_day, ids},
};

/// Buildings, households, people, orders looked at in each community.
const EACH_MAX: usize = 25;

/// A token that is known already: the next read waits for what is recorded.
fn token(system: &System, name: &str, scope: &[&str], role: &str) -> String {
    system.token(name, scope, role).unwrap()
}

/// Every path that is read of a community, with some of its ids.
async fn paths(system: &System, community: &Community) -> Vec<String> {
    let slug = &community.spec().slug;
    let alerts = system.get(&format!("/communities/{slug}/alerts?limit=200")).await.unwrap();
    let ids = ids(community, EACH_MAX);
    let mut paths: Vec<String> = [
        "",
        "/buildings?limit=200",
        "/quarantines?limit=200",
        "/alerts?limit=200",
        "/alerts?state=ended&limit=200",
        "/checkpoints?limit=200",
        "/silences?limit=200",
        "/coverage?limit=200",
    ]
    .into_iter()
    .map(str::to_owned)
    .collect();
    for (kind, route) in [("building", "buildings"), ("household", "households"), ("person", "people"), ("quarantine", "quarantines")] {
        for id in ids.get(kind).into_iter().flatten() {
            paths.push(format!("/{route}/{id}"));
            paths.push(format!("/timeline?{kind}={id}&limit=200"));
        }
    }
    let alerts = alerts.json["items"].as_array().unwrap();
    assert!(!alerts.is_empty(), "nothing is open in {slug}");
    paths.extend(alerts.iter().take(EACH_MAX).map(|alert| format!("/alerts/{}", alert["alert"].as_str().unwrap())));
    paths.into_iter().map(|path| format!("/communities/{slug}{path}")).collect()
}

/// Pages of a community, with some of its ids.
async fn pages(system: &System, community: &Community) -> Vec<String> {
    let slug = &community.spec().slug;
    let ids = ids(community, EACH_MAX);
    let mut pages: Vec<String> = ["", "/unreported", "/coverage", "/quarantines", "/checkpoints", "/alerts"].into_iter().map(str::to_owned).collect();
    pages.extend(ids["building"].iter().map(|id| format!("/b/{id}")));
    pages.extend(ids["household"].iter().map(|id| format!("/h/{id}")));
    let alerts = system.get(&format!("/communities/{slug}/alerts")).await.unwrap();
    pages.extend(alerts.json["items"].as_array().unwrap().iter().take(3).map(|alert| format!("/alerts/{}", alert["alert"].as_str().unwrap())));
    pages.into_iter().map(|page| format!("/c/{slug}{page}")).collect()
}

/// Where it is told what some people are called.
fn names_of(slug: &str, people: &[String]) -> String {
    format!("/communities/{slug}/people?ids={}", people.join(","))
}

/// The office reads names where it may: the search finds what is there.
pub(crate) async fn those_who_may_see_do(system: &System, towns: &[Community], canaries: &Canaries) {
    let office = token(system, "the-office", &["--deployment"], "office");
    for community in towns {
        let slug = &community.spec().slug;
        let ids = ids(community, EACH_MAX);
        for person in &ids["person"] {
            let answer = system.request_as(&office, Method::GET, &format!("/communities/{slug}/people/{person}"), None).await.unwrap();
            assert_eq!(answer.status, 200, "{}", answer.text);
            assert!(canaries.count(answer.text.as_bytes()) >= 2, "the office is not told who {person} is: {}", answer.text);
        }
        let named = system.request_as(&office, Method::GET, &names_of(slug, &ids["person"]), None).await.unwrap();
        assert!(canaries.count(named.text.as_bytes()) >= 2, "the office is told what they are called: {}", named.text);
        let timeline = format!("/communities/{slug}/timeline?person={}", ids["person"][0]);
        let timeline = system.request_as(&office, Method::GET, &timeline, None).await.unwrap();
        assert!(canaries.find(timeline.text.as_bytes()).is_some(), "{}", timeline.text);
    }
    let export = system.request_as(&office, Method::GET, &format!("/communities/{}/events", towns[0].spec().slug), None).await.unwrap();
    let people = towns[0].people().filter(|person| canaries.is_one(&person.name)).count();
    assert!(canaries.count(export.text.as_bytes()) >= people, "the office's export names its {people} people");
}

/// Those who see counts, and the operator, are named nobody: not in any answer, on any page, or by the command line.
pub(crate) async fn others_do_not(system: &System, towns: &[Community], canaries: &Canaries) {
    let admin = system.admin_token().unwrap();
    let callers = [
        ("admin", admin.clone()),
        ("viewer", token(system, "the-viewer", &["--deployment"], "viewer")),
        ("command", token(system, "the-command", &["--deployment"], "command")),
    ];
    let mut answers = 0;
    for (who, token) in &callers {
        for community in towns {
            for path in paths(system, community).await {
                let answer = system.request_as(token, Method::GET, &path, None).await.unwrap();
                assert_eq!(answer.status, 200, "{who}: {path}: {}", answer.text);
                canaries.absent(&format!("{path}, as {who}"), answer.text.as_bytes());
                answers += 1;
            }
            // what is nothing but names is refused to them
            let slug = &community.spec().slug;
            let answer = system.request_as(token, Method::GET, &names_of(slug, &ids(community, EACH_MAX)["person"]), None).await.unwrap();
            assert_eq!(answer.status, 403, "{who}: {}", answer.text);
            canaries.absent(&format!("people of {slug}, as {who}"), answer.text.as_bytes());
            for page in pages(system, community).await {
                let answer = system.page(token, &page).await.unwrap();
                assert_eq!(answer.status, 200, "{who}: {page}: {}", answer.text);
                canaries.absent(&format!("{page}, as {who}"), answer.text.as_bytes());
                answers += 1;
            }
        }
        let list = system.request_as(token, Method::GET, "/communities", None).await.unwrap();
        canaries.absent(&format!("/communities, as {who}"), list.text.as_bytes());
    }
    assert!(answers > 1_000, "only {answers} answers");
    for path in ["/tokens", "/consumers", "/status", "/verify"] {
        canaries.absent(path, system.get(path).await.unwrap().text.as_bytes());
    }
    for (method, path) in [(Method::POST, "/checks/projection"), (Method::POST, "/checks/intake"), (Method::POST, "/checks/alerting")] {
        canaries.absent(path, system.request(method, path, None).await.unwrap().text.as_bytes());
    }
    for page in ["/metrics", "/readyz", "/livez", "/", "/login"] {
        canaries.absent(page, system.page(&admin, page).await.unwrap().text.as_bytes());
    }
    for community in towns {
        let slug = &community.spec().slug;
        for arguments in [&["events", "export"][..], &["alerts", "list"], &["status"]] {
            let output = system.command(&[&["--community", slug, "--json"], arguments].concat()).unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            canaries.absent(&format!("gridward {arguments:?}"), &[output.stdout, output.stderr].concat());
        }
    }
}

/// Whoever sends something that is refused is told where and what would be right, and not what they sent.
pub(crate) async fn problems_repeat_nothing(system: &System, community: &Community, canaries: &Canaries) {
    let slug = &community.spec().slug;
    let [name, phone, id_number] = STRANGER;
    let at = format!("{}T12:00:00+08:00", first_day());
    let commands = [
        json!({"type":"person.register","data":{"person":"p-x","name":{"first":name}}}),
        json!({"type":"person.register","data":{"person":"p-x","name":name,"sex":phone}}),
        json!({"type":"person.register","data":{"person":"p-x","name":name,"birth_year":phone}}),
        json!({"type":"person.register","data":{"person":"p-x","name":name,"phones":phone}}),
        json!({"type":"person.register","data":{"person":phone,"name":name}}),
        json!({"type":"person.register","data":{"person":id_number,"name":name}}),
        json!({"type":"person.register","data":{"person":name,"name":name}}),
        json!({"type":"person.register","data":{"person":"p-x","name":name,"household":phone}}),
        json!({"type":"person.register","data":{"person":"p-x","name":name,"categories":[name]}}),
        json!({"type":"household.register","data":{"household":"h-x","building":name}}),
        json!({"type":"household.register","data":{"household":"h-x","building":"b-none","label":name,"phones":[phone]}}),
        json!({"type":"visit.record","data":{"household":"h-x","outcome":name,"mode":"door"}}),
        json!({"type":"visit.record","data":{"household":"h-x","outcome":"met","mode":"door","people":[{"unregistered":{"ref":phone,"name":name}}]}}),
        json!({"type":"entry.record","data":{"checkpoint":"c-x","direction":"in","person":phone,"id_checked":true,"pass_checked":false,"result":"admitted"}}),
        json!({"type":"visit.record","at":name,"data":{"household":"h-x","outcome":"met","mode":"door"}}),
        json!({"type":name,"data":{}}),
        json!({"type":"visit.record","by":[phone],"data":{"household":"h-x","outcome":"met","mode":"door"}}),
        json!({"type":"visit.record","paper":phone,"data":{"household":"h-x","outcome":"met","mode":"door"}}),
    ];
    let mut repeated = Vec::new();
    for mut command in commands {
        command["id"] = json!(uuid::Uuid::now_v7());
        if command.get("at").is_none() {
            command["at"] = json!(at);
        }
        let answer = system.post(slug, &command).await.unwrap();
        assert!((400..500).contains(&answer.status), "{command}: {}", answer.text);
        repeated.extend(canaries.find(answer.text.as_bytes()).map(|found| format!("{found} in the answer to {command}: {}", answer.text)));
    }
    for path in [
        format!("/people/{phone}"),
        format!("/people/{name}"),
        format!("/households/{id_number}"),
        format!("/timeline?person={phone}"),
        format!("/buildings?limit={phone}"),
        format!("/buildings?cursor={phone}"),
    ] {
        let answer = system.get(&format!("/communities/{slug}{path}")).await.unwrap();
        assert!((400..500).contains(&answer.status), "{path}: {}", answer.text);
        repeated.extend(canaries.find(answer.text.as_bytes()).map(|found| format!("{found} in the answer to {path}: {}", answer.text)));
    }
    let rows = format!(
        "person,name,household,id_number,sex\np-y,{name},h-none,{id_number},f\n{phone},{name},h-none,{id_number},f\np-z,{name},,{id_number}9,{phone}\n"
    );
    for (kind, rows) in [("people", rows.as_str()), ("people", &format!("{name},{phone}\n1,2\n")), (name, "a\n1\n")] {
        let path = format!("/communities/{slug}/imports?kind={kind}");
        let response = system.open(&system.admin_token().unwrap(), Method::POST, &path, &[("content-type", "text/csv")], Some(rows.to_owned())).await.unwrap();
        let told = response.text().await.unwrap();
        repeated.extend(canaries.find(told.as_bytes()).map(|found| format!("{found} in the answer to an import of {kind}:\n{rows}{told}")));
    }
    assert!(repeated.is_empty(), "{}", repeated.join("\n"));
}
