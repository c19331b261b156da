//! A real system: every operation of the contract is asked, and what comes back is as described, problems too.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Mutex,
    time::{Duration, Instant},
};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use system_tests::System;
use uuid::Uuid;

use crate::{
    routes::{Operation, described},
    schema::{Contract, Look},
};

/// Longest wait for what other services do.
const SETTLE_WAIT: Duration = Duration::from_secs(30);
/// Pause between two looks.
const LOOK_PAUSE: Duration = Duration::from_millis(50);
/// When it is: a day on which nothing is due while the test runs.
const CLOCK: &str = "2020-02-06T15:00:00+08:00@1";
const COMMAND_JSON: &str = "application/json";
const LINES: &str = "application/x-ndjson";

/// Ids that stand in paths.
const IDS: [(&str, &str); 7] =
    [("community", "u07"), ("building", "b07"), ("household", "h502"), ("person", "p1"), ("quarantine", "q1"), ("service", "intake"), ("name", "screen")];

/// A client that believes nothing: every answer is compared with what the contract says of it.
struct Client {
    contract: Contract,
    http: reqwest::Client,
    url: String,
    token: String,
    ids: Mutex<BTreeMap<String, String>>,
    /// Operations that answered as asked.
    answered: Mutex<BTreeSet<Operation>>,
}

/// A request.
#[derive(Default)]
struct Ask<'a> {
    query: &'a str,
    body: Option<(&'a str, String)>,
    token: Option<&'a str>,
}

/// An answer that is as described.
#[derive(Debug)]
struct Reply {
    status: StatusCode,
    text: String,
    json: Value,
}

impl Client {
    fn new(system: &System) -> Self {
        let ids = IDS.iter().map(|(name, id)| ((*name).to_owned(), (*id).to_owned())).collect();
        Self {
            contract: Contract::ours(),
            http: reqwest::Client::builder().timeout(SETTLE_WAIT).build().unwrap(),
            url: system.url().unwrap(),
            token: system.admin_token().unwrap(),
            ids: Mutex::new(ids),
            answered: Mutex::default(),
        }
    }

    fn remember(&self, name: &str, id: &Value) {
        self.ids.lock().unwrap().insert(name.to_owned(), id.as_str().unwrap().to_owned());
    }

    async fn send(&self, method: &str, path: &str, ask: &Ask<'_>) -> reqwest::Response {
        let filled = self.ids.lock().unwrap().iter().fold(path.to_owned(), |path, (name, id)| path.replace(&format!("{{{name}}}"), id));
        let method: Method = method.to_uppercase().parse().unwrap();
        let mut request = self.http.request(method, format!("{}{filled}{}", self.url, ask.query)).bearer_auth(ask.token.unwrap_or(&self.token));
        if let Some((kind, body)) = &ask.body {
            request = request.header("content-type", *kind).body(body.clone());
        }
        request.send().await.unwrap()
    }

    /// Asks, and compares the answer with the contract.
    async fn ask(&self, method: &str, path: &str, ask: Ask<'_>) -> Reply {
        let operation = &self.contract.document["paths"][path][method];
        assert!(operation.is_object(), "{method} {path} is not described");
        let response = self.send(method, path, &ask).await;
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.unwrap();
        let told = format!("{method} {path}{}: {status} {text}", ask.query);
        let described = self.contract.resolved(&operation["responses"][status.as_str()]);
        assert!(described.is_object(), "this status is not described: {told}");
        let json = serde_json::from_str(&text).unwrap_or_default();
        if let Some(media) = described["content"].as_object() {
            let kind = headers["content-type"].to_str().unwrap().split(';').next().unwrap().to_owned();
            let content = media.get(&kind).unwrap_or_else(|| panic!("{kind} is not described: {told}"));
            self.compare(content, &kind, &text, &told);
        } else {
            assert!(text.is_empty(), "a body is not described: {told}");
        }
        let sequence = headers.get("gridward-sequence").is_some();
        let may = described["headers"]["Gridward-Sequence"].is_object();
        assert!(!sequence || may, "a header is not described: {told}");
        assert!(sequence || !may || method != "get", "the sequence is missing: {told}");
        let retry = described["headers"]["Retry-After"].is_object();
        assert_eq!(headers.get("retry-after").is_some(), retry, "Retry-After: {told}");
        if status.is_success() {
            self.answered.lock().unwrap().insert((method.to_owned(), path.to_owned()));
        }
        Reply { status, text, json }
    }

    fn compare(&self, content: &Value, kind: &str, text: &str, told: &str) {
        let check = |schema: &Value, text: &str| {
            let value: Value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {told}"));
            assert_eq!(self.contract.complaints(schema, &value, Look::Answer), Vec::<String>::new(), "{told}");
        };
        match kind {
            LINES => text.lines().for_each(|line| check(&content["x-line-schema"], line)),
            _ if kind.ends_with("json") => check(&content["schema"], text),
            // nothing has been counted yet by a system that has just begun
            "text/plain" => {}
            _ => assert!(!text.is_empty(), "{told}"),
        }
    }

    /// Sends a command, which is as described too.
    async fn command(&self, command: &Value) -> Reply {
        let found = self.contract.complaints(self.contract.schema("Command"), command, Look::Request);
        assert_eq!(found, Vec::<String>::new(), "{command}");
        self.ask("post", COMMANDS, Ask { body: Some((COMMAND_JSON, command.to_string())), ..Ask::default() }).await
    }

    async fn must(&self, kind: &str, data: Value) -> Reply {
        let reply = self.command(&json!({"id": Uuid::now_v7(), "type": kind, "data": data})).await;
        assert!(reply.status.is_success(), "{kind}: {}", reply.text);
        reply
    }

    async fn get(&self, path: &str, query: &str) -> Reply {
        self.ask("get", path, Ask { query, ..Ask::default() }).await
    }

    /// A problem that is as described.
    async fn problem(&self, method: &str, path: &str, ask: Ask<'_>, status: u16, code: &str) -> Reply {
        let reply = self.ask(method, path, ask).await;
        assert_eq!((reply.status.as_u16(), &reply.json["code"]), (status, &json!(code)), "{method} {path}: {}", reply.text);
        reply
    }
}

const COMMUNITY: &str = "/api/v1/communities/{community}";
const COMMANDS: &str = "/api/v1/communities/{community}/commands";

fn of_community(rest: &str) -> String {
    format!("{COMMUNITY}{rest}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_of_a_real_system_is_as_described() {
    let mut system = System::start(&["--clock", CLOCK]).await.unwrap();
    let mut client = Client::new(&system);
    root(&client).await;
    tokens(&mut client).await;
    let sequence = a_day(&client).await;
    reads(&client, sequence).await;
    stream(&client).await;
    lines_and_files(&client).await;
    refusals(&client).await;
    unknown_parameters(&client, |path| path.starts_with(COMMUNITY)).await;
    nowhere(&client).await;
    client.token = system.admin_token().unwrap();
    unknown_parameters(&client, |path| !path.starts_with(COMMUNITY)).await;
    operator(&client).await;
    let left: Vec<Operation> = described(&client.contract).difference(&client.answered.lock().unwrap()).cloned().collect();
    assert!(left.is_empty(), "nobody asked {left:?}");
    system.stop().unwrap();
}

async fn root(client: &Client) {
    for path in ["/livez", "/readyz", "/startupz", "/metrics", "/openapi.json", "/asyncapi.yaml", "/docs", "/docs.css"] {
        let reply = client.get(path, "").await;
        assert_eq!(reply.status, 200, "{path}");
    }
}

/// Makes an office's token, and goes on with it: an operator sees no names.
async fn tokens(client: &mut Client) {
    let wanted = |name: &str, role: &str| Some((COMMAND_JSON, json!({"name": name, "role": role}).to_string()));
    let path = "/api/v1/tokens";
    let made = client.ask("post", path, Ask { body: wanted("short", "viewer"), ..Ask::default() }).await;
    client.problem("post", path, Ask { body: wanted("short", "viewer"), ..Ask::default() }, 409, "token_exists").await;
    client.problem("post", path, Ask { body: wanted("other", "king"), ..Ask::default() }, 400, "wrong_shape").await;
    client.remember("token", &made.json["token"]);
    let office = client.ask("post", path, Ask { body: wanted("office", "office"), ..Ask::default() }).await;
    let listed = client.get(path, "").await;
    assert_eq!(listed.json["items"].as_array().map(Vec::len), Some(3), "{}", listed.text);
    client.ask("delete", "/api/v1/tokens/{token}", Ask::default()).await;
    client.problem("delete", "/api/v1/tokens/{token}", Ask::default(), 404, "not_found").await;
    client.must("community.found", json!({"town": "dianbu", "community": "u07", "name": "阳光社区"})).await;
    client.token = office.json["secret"].as_str().unwrap().to_owned();
    client.problem("get", path, Ask::default(), 403, "forbidden").await;
}

/// What a community does in a day; the last sequence.
async fn a_day(client: &Client) -> u64 {
    let units = json!([{"unit": "2", "name": "二单元", "floors": 6, "doors": ["501", "502"]}]);
    let unregistered = json!({"ref": "v1", "name": "王芳"});
    let fever = json!([{"celsius": 38.6, "site": "axilla"}]);
    for (kind, data) in [
        ("estate.register", json!({"estate": "e1", "name": "阳光小区", "governance": "property"})),
        ("building.register", json!({"building": "b07", "name": "7号楼", "estate": "e1", "grid": "g1", "address": "人民路1号", "units": units})),
        ("building.register", json!({"building": "b08", "name": "8号楼"})),
        ("household.register", json!({"household": "h502", "building": "b07", "unit": "2", "floor": 5, "door": "502", "label": "杨家"})),
        ("person.register", json!({"person": "p1", "name": "杨桂英", "household": "h502", "birth_year": 1944, "sex": "f", "categories": ["contact"]})),
        ("person.register", json!({"person": "p2", "name": "杨小明", "household": "h502"})),
        ("staff.register", json!({"staff": "s-yang", "name": "杨立", "roles": ["leader"]})),
        ("responsibility.assign", json!({"scope": {"building": "b07", "unit": "2"}, "duty": "leader", "level": 1, "staff": "s-yang"})),
        ("policy.set", json!({"grace_minutes": 20, "fever": {"threshold": {"axilla": 37.3}}})),
        ("checkpoint.open", json!({"checkpoint": "c1", "name": "东门", "kind": "gate", "serves": ["e1"]})),
        ("round.open", json!({"round": "r1", "name": "第一轮", "reached_by": ["door", "phone"]})),
        ("quarantine.order", json!({"quarantine": "q1", "person": "p1", "kind": "home", "count_from": {"date": "2020-02-06", "basis": "arrival"}})),
        ("quarantine.check", json!({"checks": [{"quarantine": "q1", "outcome": "not_home"}], "mode": "door"})),
        (
            "visit.record",
            json!({"household": "h502", "round": "r1", "outcome": "met", "mode": "door", "answers": {"travel": "无"},
                "people": [{"person": "p2", "readings": fever, "symptoms": ["cough"], "note": "已劝导"}, {"unregistered": unregistered}]}),
        ),
        ("visit.record", json!({"building": "b07", "unit": "2", "door": "501", "round": "r1", "outcome": "refused", "mode": "door"})),
        ("building.report", json!({"scopes": [{"building": "b07"}], "basis": "seen", "exceptions": [{"household": "h502", "kind": "ill", "note": "发热"}]})),
        (
            "entry.record",
            json!({"checkpoint": "c1", "direction": "in", "unregistered": unregistered, "readings": [{"celsius": 36.5, "site": "forehead"}],
                "id_checked": true, "pass_checked": false, "result": "turned_back", "reason": "无证"}),
        ),
    ] {
        client.must(kind, data).await;
    }
    let same = json!({"id": Uuid::now_v7(), "type": "visit.record", "by": ["s-yang"], "via": "phone", "data": {"household": "h502", "outcome": "absent", "mode": "phone"}});
    let first = client.command(&same).await;
    assert_eq!((first.status.as_u16(), &first.json["status"]), (201, &json!("recorded")));
    let again = client.command(&same).await;
    assert_eq!((again.status.as_u16(), &again.json["status"]), (200, &json!("duplicate")));
    let retracted = client.command(&json!({"id": Uuid::now_v7(), "type": "record.retract", "data": {"command": same["id"], "reason": "录错"}})).await;
    retracted.json["sequence"].as_u64().unwrap_or_else(|| panic!("{}", retracted.text))
}

/// Waits until an alert of a kind is there.
async fn alert(client: &Client, kind: &str) -> Value {
    let begun = Instant::now();
    loop {
        let list = client.get(&of_community("/alerts"), "?state=active&limit=200").await;
        if let Some(item) = list.json["items"].as_array().unwrap().iter().find(|item| item["kind"] == kind) {
            return item.clone();
        }
        assert!(begun.elapsed() < SETTLE_WAIT, "no alert of {kind}: {}", list.text);
        tokio::time::sleep(LOOK_PAUSE).await;
    }
}

async fn reads(client: &Client, sequence: u64) {
    let breach = alert(client, "quarantine_breach").await;
    let fever = alert(client, "fever").await;
    client.remember("alert", &fever["alert"]);
    let (alert, n) = (&fever["alert"], &fever["n"]);
    client.must("alert.acknowledge", json!({"alert": alert, "n": n, "until": "2020-02-06T18:00:00+08:00"})).await;
    let stale = client.command(&json!({"id": Uuid::now_v7(), "type": "alert.acknowledge", "data": {"alert": alert, "n": n}})).await;
    assert_eq!((stale.status.as_u16(), stale.json["current"]["n"].as_u64()), (409, n.as_u64().map(|n| n + 1)), "{}", stale.text);
    let closed = client.must("alert.close", json!({"alert": breach["alert"], "n": breach["n"], "reason": "measured_wrong"})).await;
    let silence = json!({"kind": "fever", "building": "b07", "until": "2020-02-06T20:00:00+08:00", "reason": "已知，正在处理"});
    let silenced = client.must("alert.silence", silence).await;
    assert!(silenced.json["sequence"].as_u64() > closed.json["sequence"].as_u64());
    let after = format!("?after={}", silenced.json["sequence"].as_u64().unwrap().max(sequence));
    for path in ["", "/buildings", "/buildings/{building}", "/households/{household}", "/people/{person}", "/quarantines", "/quarantines/{quarantine}"] {
        let reply = client.get(&of_community(path), &after).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.text);
    }
    for (path, shown) in [
        ("/households/{household}", "杨家"),
        ("/people/{person}", "杨桂英"),
        ("/buildings/{building}", "人民路"),
        ("/alerts/{alert}", "acknowledged"),
        ("/checkpoints", "东门"),
        ("/silences", "正在处理"),
        ("/staff", "杨立"),
        ("/duties", "b07-2"),
        ("/coverage", "2-501"),
    ] {
        let reply = client.get(&of_community(path), &after).await;
        assert!(reply.text.contains(shown), "{path} does not show {shown}: {}", reply.text);
    }
    for query in ["?round=r1&limit=1", "?state=ended"] {
        let path = if query.contains("round") { "/coverage" } else { "/alerts" };
        assert_eq!(client.get(&of_community(path), query).await.status, 200, "{path}{query}");
    }
    let people = client.get(&of_community("/people"), "?ids=p2,p1,nobody").await;
    let named: Vec<&str> = people.json["items"].as_array().unwrap().iter().map(|item| item["private"]["name"][0].as_str().unwrap()).collect();
    assert_eq!(named, ["杨桂英", "杨小明"], "{}", people.text);
    for query in ["?building=b07&limit=2", "?household=h502", "?person=p2", "?quarantine=q1"] {
        let timeline = client.get(&of_community("/timeline"), query).await;
        assert!(!timeline.json["items"].as_array().unwrap().is_empty(), "{query}: {}", timeline.text);
    }
    let lines = client.get(&of_community("/events"), "?from=2").await;
    assert!(lines.text.lines().count() > 15, "{}", lines.text);
    assert_eq!(client.get("/api/v1/communities", "?limit=1").await.json["items"][0]["community"], "u07");
}

/// The next event of a stream: its name and its data.
async fn next_event(response: &mut reqwest::Response, text: &mut String) -> (String, String) {
    loop {
        if let Some(end) = text.find("\n\n") {
            let event: String = text.drain(..end + 2).collect();
            let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).map(str::trim).map(str::to_owned);
            if let (Some(name), Some(data)) = (field("event:"), field("data:")) {
                return (name, data);
            }
        } else {
            let chunk = response.chunk().await.unwrap().expect("the stream ended");
            text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }
}

async fn stream(client: &Client) {
    let path = of_community("/stream");
    let mut response = client.send("get", &path, &Ask::default()).await;
    let content = &client.contract.document["paths"][&path]["get"]["responses"]["200"]["content"];
    let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
    assert!(response.status().is_success() && content[&kind].is_object(), "{kind}");
    client.must("building.report", json!({"scopes": [{"building": "b07"}], "basis": "phoned"})).await;
    let (name, data) = next_event(&mut response, &mut String::new()).await;
    let schema = &content[&kind]["x-event-schemas"][&name];
    assert!(schema.is_object(), "event {name} is not described");
    let found = client.contract.complaints(schema, &serde_json::from_str(&data).unwrap(), Look::Answer);
    assert_eq!(found, Vec::<String>::new(), "{name} {data}");
    client.answered.lock().unwrap().insert(("get".to_owned(), path));
}

async fn lines_and_files(client: &Client) {
    let close = |round: &str| json!({"id": Uuid::now_v7(), "type": "round.close", "data": {"round": round}});
    let body = format!("{}\n{}\nnothing\n", close("r1"), close("r9"));
    let lines = client.ask("post", COMMANDS, Ask { body: Some((LINES, body)), ..Ask::default() }).await;
    let told: Vec<Value> = lines.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told: Vec<_> = told.iter().map(|line| (line["status"].as_str().unwrap(), line["id"].is_null())).collect();
    assert_eq!(told, [("recorded", false), ("rejected", false), ("rejected", true)], "{}", lines.text);
    let path = of_community("/imports");
    let file = "person,name,birth_year\np7,李强,1970\np8,王芳,old\n";
    for query in ["?kind=people&dry_run=true", "?kind=people"] {
        let report = client.ask("post", &path, Ask { query, body: Some(("text/csv", file.to_owned())), ..Ask::default() }).await;
        assert_eq!((&report.json["accepted"], &report.json["rejected"]), (&json!(1), &json!(1)), "{}", report.text);
    }
    client
        .problem("post", &path, Ask { query: "?kind=people", body: Some(("text/csv", "what\n1\n".to_owned())), ..Ask::default() }, 400, "column_unknown")
        .await;
    client.problem("post", &path, Ask { query: "?kind=clouds", ..Ask::default() }, 400, "unknown_kind").await;
}

async fn refusals(client: &Client) {
    let command = |kind: &str, data: Value| Some((COMMAND_JSON, json!({"id": Uuid::now_v7(), "type": kind, "data": data}).to_string()));
    for (body, status, code) in [
        (command("round.close", json!({"round": "r9"})), 422, "unknown_reference"),
        (command("round.close", json!({"round": "p13812345678"})), 422, "slug_personal"),
        (command("round.close", json!({"round": "r1", "colour": "red"})), 400, "wrong_shape"),
        (command("history.restore", json!({})), 400, "unknown_type"),
        (command("household.register", json!({"household": "h502", "building": "b08"})), 409, "building_fixed"),
        (Some((COMMAND_JSON, "{".to_owned())), 400, "malformed_json"),
        (Some((COMMAND_JSON, "x".repeat(web::COMMAND_BYTES_MAX + 1))), 413, "too_large"),
    ] {
        client.problem("post", COMMANDS, Ask { body, ..Ask::default() }, status, code).await;
    }
    let reused = json!({"id": Uuid::now_v7(), "type": "round.open", "data": {"round": "r2"}});
    client.command(&reused).await;
    let other = json!({"id": reused["id"], "type": "round.open", "data": {"round": "r3"}});
    client.problem("post", COMMANDS, Ask { body: Some((COMMAND_JSON, other.to_string())), ..Ask::default() }, 409, "id_reused").await;
    client.problem("get", COMMUNITY, Ask { token: Some("nobody"), ..Ask::default() }, 401, "unauthenticated").await;
    client.problem("get", COMMUNITY, Ask { query: "?after=999999", ..Ask::default() }, 503, "not_yet").await;
    client.problem("get", COMMUNITY, Ask { query: "?as_of=2020-02-06", ..Ask::default() }, 400, "unsupported_parameter").await;
    client.problem("get", &of_community("/timeline"), Ask::default(), 400, "whose_timeline").await;
    client.problem("get", &of_community("/people"), Ask { query: "?ids=", ..Ask::default() }, 400, "wrong_shape").await;
    client.remember("person", &json!("nobody"));
    client.problem("get", &of_community("/people/{person}"), Ask::default(), 404, "not_found").await;
    client.remember("person", &json!("p1"));
}

/// Whoever names a parameter that is not there is told which are: exactly those of the contract.
async fn unknown_parameters(client: &Client, which: impl Fn(&str) -> bool) {
    let mut count = 0;
    for (method, path) in described(&client.contract).into_iter().filter(|(_, path)| path.starts_with("/api/v1") && which(path)) {
        let reply = client.problem(&method, &path, Ask { query: "?zzz=1", ..Ask::default() }, 400, "unknown_parameter").await;
        assert!(!reply.text.contains("zzz"), "{}", reply.text);
        let reason = reply.json["invalid_params"][0]["reason"].as_str().unwrap().to_owned();
        let known: BTreeSet<String> = reason.strip_prefix("known here: ").map(|known| known.split(", ").map(str::to_owned).collect()).unwrap_or_default();
        let parameters = client.contract.document["paths"][&path][&method]["parameters"].as_array();
        let parameters = parameters.into_iter().flatten().map(|parameter| client.contract.resolved(parameter)).filter(|parameter| parameter["in"] == "query");
        let told: BTreeSet<String> = parameters.map(|parameter| parameter["name"].as_str().unwrap().to_owned()).collect();
        assert_eq!(told, known, "{path}");
        count += 1;
    }
    assert!(count > 9, "only {count} operations");
}

/// What the framework refuses by itself is told as everything else.
async fn nowhere(client: &Client) {
    let problem = client.contract.document["components"]["schemas"]["Problem"].clone();
    let commands = of_community("/commands");
    for (method, path, status, code) in [
        ("get", "/api/v1/nowhere", 404, "not_found"),
        ("get", &of_community("/nowhere"), 404, "not_found"),
        ("get", "/nowhere", 404, "not_found"),
        ("delete", &commands, 405, "method_not_allowed"),
        ("put", "/api/v1/consumers", 405, "method_not_allowed"),
        ("delete", "/livez", 405, "method_not_allowed"),
    ] {
        let response = client.send(method, path, &Ask::default()).await;
        let (found, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        assert_eq!((found, headers["content-type"].to_str().unwrap()), (status, "application/problem+json"), "{method} {path}: {text}");
        assert_eq!(headers.contains_key("allow"), status == 405, "{method} {path}");
        let json: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(client.contract.complaints(&problem, &json, Look::Answer), Vec::<String>::new(), "{method} {path}: {text}");
        assert_eq!(json["code"], code, "{method} {path}");
    }
}

async fn operator(client: &Client) {
    for (method, path) in [("get", "/api/v1/status"), ("get", "/api/v1/verify"), ("post", "/api/v1/checks/{service}")] {
        let reply = client.ask(method, path, Ask::default()).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.text);
    }
    let path = "/api/v1/consumers";
    let wanted = |filter: &str| Some((COMMAND_JSON, json!({"name": "screen", "filters": [filter], "class": "work", "from": "all"}).to_string()));
    client.problem("post", path, Ask { body: wanted("ev.>"), ..Ask::default() }, 400, "filter_outside").await;
    client.problem("post", path, Ask { body: wanted(&"x".repeat(web::COMMAND_BYTES_MAX)), ..Ask::default() }, 413, "too_large").await;
    let full = json!({"name": "full", "filters": ["gw-full.v1.dianbu.*.alert.>"], "class": "full"}).to_string();
    client.problem("post", path, Ask { body: Some((COMMAND_JSON, full)), ..Ask::default() }, 422, "class_unpublished").await;
    let added = client.ask("post", path, Ask { body: wanted("gw.v1.dianbu.*.alert.>"), ..Ask::default() }).await;
    assert_eq!((added.status.as_u16(), &added.json["applied"]), (201, &json!(true)), "{}", added.text);
    client.problem("post", path, Ask { body: wanted("gw.v1.dianbu.*.alert.>"), ..Ask::default() }, 409, "consumer_exists").await;
    assert_eq!(client.get(path, "").await.json["items"].as_array().map(Vec::len), Some(1));
    client.ask("delete", "/api/v1/consumers/{name}", Ask::default()).await;
    client.problem("delete", "/api/v1/consumers/{name}", Ask::default(), 404, "not_found").await;
}
