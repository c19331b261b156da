//! What contracts.md promises of one command.

use domain::{Role, access::TokenScope};
use serde_json::json;
use web::{COMMAND_BYTES_MAX, IMPORT_BYTES_MAX};

use crate::harness::{ADMIN, HERE, House, building, fresh, household, visit};

#[tokio::test(flavor = "multi_thread")]
async fn one_command_is_recorded_once_and_every_answer_says_what_became_of_it() {
    let house = House::open().await;
    let register = building("b07", "7号楼");

    let recorded = house.send(&register).await;
    assert_eq!(recorded.status, 201);
    assert_eq!(recorded.json(), json!({"id": register["id"], "status": "recorded", "sequence": 3}));
    assert_eq!(recorded.headers["gridward-sequence"], "3");
    assert_eq!(recorded.headers["content-type"], "application/json");

    let again = house.send(&register).await;
    assert_eq!((again.status, again.json()), (200, json!({"id": register["id"], "status": "duplicate", "sequence": 3})));
    assert_eq!(again.headers["gridward-sequence"], "3");

    // the same id, however it is written
    let mut capitals = register.clone();
    capitals["id"] = json!(register["id"].as_str().unwrap().to_uppercase());
    assert_eq!(house.send(&capitals).await.told().0, 200);

    let mut other = register.clone();
    other["data"]["name"] = json!("8号楼");
    let reused = house.send(&other).await;
    assert_eq!(reused.told(), (409, "id_reused".to_owned()));
    assert_eq!(reused.json()["invalid_params"][0]["pointer"], "/id");
    assert_eq!(reused.headers["content-type"], "application/problem+json");

    let mut same = register.clone();
    same["id"] = json!(uuid::Uuid::now_v7());
    let unchanged = house.send(&same).await;
    assert_eq!((unchanged.status, unchanged.json()), (200, json!({"id": same["id"], "status": "unchanged", "sequence": 3})));
    assert_eq!(house.log().await.len(), 3, "only what was recorded stands on the log");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_names_the_place_and_tells_whether_to_try_again() {
    let house = House::open().await;
    house.record(&[building("b07", "7号楼"), household("h1", "b07")]).await;
    let unknown = house.send(&visit("h9")).await;
    assert_eq!(unknown.told(), (422, "unknown_reference".to_owned()));
    assert_eq!(unknown.json()["invalid_params"][0]["pointer"], "/data/household");
    assert_eq!(unknown.json()["retry"], true);

    let with = |field: &str, value: serde_json::Value| {
        let mut command = visit("h1");
        command[field] = value;
        command
    };
    let hot = |celsius: f64| {
        fresh(
            "visit.record",
            json!({"household": "h1", "outcome": "met", "mode": "door", "people": [{"unregistered": {"ref": "r1"}, "readings": [{"celsius": celsius, "site": "ear"}]}]}),
        )
    };
    for (command, status, code, pointer) in [
        (with("at", json!("2020-02-06T16:10:01+08:00")), 422, "at_in_future", "/at"),
        (with("at", json!("yesterday")), 400, "wrong_shape", "/at"),
        (with("colour", json!("red")), 400, "wrong_shape", "/colour"),
        (with("id", json!("1")), 400, "wrong_shape", "/id"),
        (with("type", json!("token.grant")), 400, "unknown_type", "/type"),
        (with("type", json!("alert.observe")), 400, "unknown_type", "/type"),
        (with("by", json!(["nobody"])), 422, "unknown_reference", "/by/0"),
        (hot(42.6), 422, "temperature_range", "/data/people/0/readings/0/celsius"),
        (hot(37.35), 422, "temperature_precision", "/data/people/0/readings/0/celsius"),
        (fresh("visit.record", json!({"household": "h13812345678", "outcome": "met", "mode": "door"})), 422, "slug_personal", "/data/household"),
        (fresh("visit.record", json!({"household": "h1", "outcome": "met"})), 400, "wrong_shape", "/data"),
    ] {
        let reply = house.send(&command).await;
        assert_eq!(reply.told(), (status, code.to_owned()), "{command}\n{}", reply.text());
        assert_eq!(reply.json()["invalid_params"][0]["pointer"], pointer, "{}", reply.text());
        assert_eq!(reply.headers["content-type"], "application/problem+json");
    }
    for (at, status) in [("2020-02-06T16:10:00+08:00", 201), ("2020-02-06T08:00:00Z", 201)] {
        assert_eq!(house.send(&with("at", json!(at))).await.status, status, "{at}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_clock_on_the_phone_is_corrected_and_does_not_make_another_command() {
    let house = House::open().await;
    house.record(&[building("b07", "7号楼"), household("h1", "b07")]).await;
    let mut command = visit("h1");
    command["at"] = json!("2020-02-07T15:00:00+08:00");
    assert_eq!(house.send(&command).await.told().1, "at_in_future");
    command["sent_at"] = json!("2020-02-07T16:00:00+08:00");
    assert_eq!(house.send(&command).await.status, 201);
    assert_eq!(house.commits_of(&command).await[0].commit.header.at, "2020-02-06T15:00:00+08:00".parse().unwrap());
    command["sent_at"] = json!("2020-02-07T16:05:00+08:00");
    assert_eq!(house.send(&command).await.told(), (200, "duplicate".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_token_in_force_nothing_is_told() {
    let house = House::open().await;
    for secret in ["", "gw_nobody"] {
        for community in [HERE, "u99"] {
            let reply = house.post(community, secret, &building("b07", "7号楼").to_string()).await;
            assert_eq!(reply.told(), (401, "unauthenticated".to_owned()));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_may_send_what_it_may_send() {
    let house = House::open().await;
    house.record(&[building("b07", "7号楼"), household("h1", "b07")]).await;
    let (viewer, leader) = (house.token(Role::Viewer).await, house.token(Role::Leader).await);
    assert_eq!(house.post(HERE, &viewer, &visit("h1").to_string()).await.told(), (403, "forbidden".to_owned()));
    assert_eq!(house.post(HERE, &leader, &visit("h1").to_string()).await.status, 201);
    assert_eq!(house.post(HERE, &leader, &building("b08", "8号楼").to_string()).await.told(), (403, "forbidden".to_owned()));
    let found = fresh("community.found", json!({"town": "x", "community": HERE, "name": "x"}));
    assert_eq!(house.post(HERE, &leader, &found.to_string()).await.told(), (403, "forbidden".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_community_looks_like_one_that_does_not_exist() {
    let house = House::open().await;
    house.found("u08", "dianbu").await;
    house.found("u09", "sanhe").await;
    let office = house.token(Role::Office).await;
    house.grant("gw_town", TokenScope { community: None, town: Some("sanhe".parse().unwrap()) }, Role::Office).await;
    let founding = fresh("community.found", json!({"town": "dianbu", "community": "u08", "name": "x"})).to_string();
    for body in [building("b07", "7号楼").to_string(), "{".to_owned(), founding] {
        for (secret, foreign) in [(office.as_str(), "u08"), (office.as_str(), "u09"), ("gw_town", "u08")] {
            for path in ["commands", "imports?kind=people", "imports?kind=nothing"] {
                let foreign = house.request("POST", &format!("/communities/{foreign}/{path}"), secret, "application/json", body.clone()).await;
                for absent in ["u99", "U-99", "deployment"] {
                    let absent = house.request("POST", &format!("/communities/{absent}/{path}"), secret, "application/json", body.clone()).await;
                    assert_eq!(foreign, absent, "{path} {body}");
                }
                assert_eq!(foreign.told(), (404, "not_found".to_owned()));
            }
        }
    }
    assert_eq!(house.post("u09", "gw_town", &building("b07", "7号楼").to_string()).await.status, 201);
    assert_eq!(house.post("u99", ADMIN, &building("b07", "7号楼").to_string()).await.told(), (404, "not_found".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_have_a_limit() {
    let house = House::open().await;
    let command = building("b07", "7号楼").to_string();
    let padded = |bytes: usize| command.clone() + &" ".repeat(bytes - command.len());
    assert_eq!(house.post(HERE, ADMIN, &padded(COMMAND_BYTES_MAX + 1)).await.told(), (413, "too_large".to_owned()));
    assert_eq!(house.post(HERE, ADMIN, &padded(COMMAND_BYTES_MAX)).await.status, 201);
    let import = |bytes: usize| "person,name\n".to_owned() + &" ".repeat(bytes - 12);
    let path = format!("/communities/{HERE}/imports?kind=people");
    assert_eq!(house.request("POST", &path, ADMIN, "text/csv", import(IMPORT_BYTES_MAX + 1)).await.told(), (413, "too_large".to_owned()));
    assert_eq!(house.request("POST", &path, ADMIN, "text/csv", import(IMPORT_BYTES_MAX)).await.status, 200);
    let token = json!({"name": "a", "role": "viewer"}).to_string() + &" ".repeat(COMMAND_BYTES_MAX);
    assert_eq!(house.request("POST", "/tokens", ADMIN, "application/json", token.clone()).await.told(), (413, "too_large".to_owned()));
    assert_eq!(house.request("POST", "/tokens", "gw_nobody", "application/json", token).await.told(), (401, "unauthenticated".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_site_cannot_act_with_the_cookie_of_a_page() {
    let house = House::open().await;
    for path in [format!("/api/v1/communities/{HERE}/commands"), format!("/api/v1/communities/{HERE}/imports?kind=people"), "/api/v1/tokens".to_owned()] {
        // an old browser names the site it comes from in another way
        for (header, value) in [("sec-fetch-site", "cross-site"), ("origin", "https://elsewhere.example")] {
            let request = axum::http::Request::post(&path).header("cookie", format!("gridward={ADMIN}")).header(header, value).header("host", "here:8080");
            let reply = house.call(request.body(building("b07", "7号楼").to_string().into()).unwrap()).await;
            assert_eq!(reply.told(), (403, "cross_site".to_owned()), "{path}, {header}");
        }
    }
    let request = axum::http::Request::post(format!("/api/v1/communities/{HERE}/commands")).header("cookie", format!("gridward={ADMIN}"));
    let request = request.header("sec-fetch-site", "same-origin").body(building("b07", "7号楼").to_string().into()).unwrap();
    assert_eq!(house.call(request).await.status, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parameter_that_is_not_known_is_refused_and_nothing_is_done() {
    let house = House::open().await;
    let before = house.log().await.len();
    let (command, token) = (building("b07", "7号楼").to_string(), json!({"name": "a", "role": "viewer"}).to_string());
    let commands = format!("/communities/{HERE}/commands");
    for (method, path, body) in
        [("POST", commands.as_str(), &command), ("POST", "/tokens", &token), ("GET", "/tokens", &command), ("DELETE", "/tokens/t-operator", &command)]
    {
        for query in ["dry_run=true", "after=3", "zhangsan"] {
            let reply = house.request(method, &format!("{path}?{query}"), ADMIN, "application/json", body.clone()).await;
            assert_eq!(reply.told(), (400, "unknown_parameter".to_owned()), "{method} {path} {query}");
            assert!(!reply.text().contains("zhangsan"), "{}", reply.text());
        }
    }
    assert_eq!(house.log().await.len(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn until_the_head_is_reached_everybody_is_asked_to_wait() {
    let mut house = House::open().await;
    house.stop().await;
    house.memory.set_available(false);
    house.begin().await;
    let waiting = house.send(&building("b07", "7号楼")).await;
    assert_eq!(waiting.told(), (503, "starting".to_owned()));
    assert_eq!(waiting.headers["retry-after"], "1");
    assert!(house.why_not().is_some());
    house.memory.set_available(true);
    assert!(house.submitter().rehearse(Vec::new()).await.is_ok_and(|outcomes| outcomes.is_some()));
    assert_eq!(house.why_not(), None);
    assert_eq!(house.send(&building("b07", "7号楼")).await.status, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_commit_is_chained_to_the_one_before_it_in_its_community_and_counted() {
    let mut house = House::open().await;
    house.found("u08", "dianbu").await;
    house.record(&[building("b07", "7号楼"), household("h1", "b07"), visit("h1"), building("b07", "七号楼")]).await;
    house.post("u08", ADMIN, &building("b07", "7号楼").to_string()).await;
    house.restart().await;
    house.record(&[building("b07", "幸福楼"), visit("h1")]).await;
    house.restart_from_the_log().await;
    house.record(&[building("b07", "7号楼"), visit("h1")]).await;
    assert_chained(&house).await;
    let versions = |subject: &'static str| {
        let house = &house;
        async move { house.log().await.iter().filter(|on_log| on_log.subject == subject).map(|on_log| on_log.commit.header.version).collect::<Vec<_>>() }
    };
    assert_eq!(versions("ev.0.u07.b07.building.b07").await, [1, 2, 3, 4]);
    assert_eq!(versions("ev.0.u08.b07.building.b07").await, [1]);
}

/// Every commit names the hash of the community's commit before it.
pub(crate) async fn assert_chained(house: &House) {
    let mut last = std::collections::HashMap::new();
    for on_log in house.log().await {
        let community = on_log.commit.header.community.clone();
        let before = last.insert(community, domain::log::CommitHash::of(&on_log.payload)).unwrap_or_default();
        assert_eq!(on_log.commit.header.previous, before, "commit {}", on_log.sequence);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_to_a_check_says_which_slot_it_is_for_or_why_none() {
    let house = House::open().await;
    let order = json!({"quarantine": "q1", "person": "p1", "kind": "home", "count_from": {"date": "2020-02-06", "basis": "order"}});
    let person = fresh("person.register", json!({"person": "p1", "name": "杨桂英", "household": "h1"}));
    house.record(&[building("b07", "7号楼"), household("h1", "b07"), person, fresh("quarantine.order", order)]).await;
    let check = |more: serde_json::Value| {
        let mut found = json!({"quarantine": "q1", "outcome": "reached", "readings": [{"celsius": 36.5, "site": "axilla"}], "symptoms": []});
        more.as_object().unwrap().iter().for_each(|(field, value)| found[field] = value.clone());
        fresh("quarantine.check", json!({"checks": [found], "mode": "door"}))
    };
    let told = |answer: &serde_json::Value| {
        let [check] = &answer["checks"].as_array().unwrap()[..] else { panic!("{answer}") };
        assert!(check["title"].as_str().is_some_and(|title| title.contains("检查") && title.contains("check")), "in both languages: {check}");
        (check["quarantine"].clone(), check["slot"].clone(), check["code"].as_str().unwrap().to_owned())
    };
    let whole = check(json!({}));
    let recorded = house.send(&whole).await;
    assert_eq!(recorded.status, 201);
    assert_eq!(told(&recorded.json()), (json!("q1"), json!({"date": "2020-02-06", "name": "pm"}), "check_for_slot".to_owned()));
    let again = house.send(&whole).await.json();
    assert_eq!((&again["status"], &again["checks"]), (&json!("duplicate"), &serde_json::Value::Null), "what stands by now, the order says");
    // a line each, beside a command that has no checks
    let lines =
        [check(json!({"outcome": "no_answer"})), check(json!({"symptoms": null})), check(json!({"slot": {"date": "2020-02-07", "name": "am"}})), visit("h1")];
    let lines = house.lines(&lines).await;
    let codes: Vec<_> = lines[..3].iter().map(|line| told(line).2).collect();
    assert_eq!(codes, ["check_attempt", "check_attempt", "check_none_open"]);
    assert_eq!((&lines[3]["status"], &lines[3]["checks"]), (&json!("recorded"), &serde_json::Value::Null));
}
