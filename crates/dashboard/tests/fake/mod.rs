//! An API that answers as the real one does, over an invented community: what it sends has passed through the real view types.

mod answers;
mod place;

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use axum::{
    Json, Router,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response, Sse, sse::Event},
    routing::{get, post},
};
use domain::{Role, access::Right, alert::Act, values::Now};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio_stream::StreamExt as _;

pub(crate) use place::{COMMUNITY, alert_id};

/// A token that may do everything in the invented community.
pub(crate) const OFFICE: &str = "office-token";
/// A token that may look and not touch, and sees no personal data. Those of other roles are called alike.
pub(crate) const VIEWER: &str = "viewer-token";

/// The invented community, and what was done to its alerts since.
#[derive(Clone)]
pub(crate) struct Fake {
    pub(crate) now: Now,
    alerts: Arc<Mutex<Vec<Value>>>,
    /// Commands as they arrived.
    pub(crate) commands: Arc<Mutex<Vec<Value>>>,
    /// What is sealed cannot be opened now.
    pub(crate) keys_away: Arc<AtomicBool>,
    /// Whose files were looked up for their names, a question each.
    pub(crate) looked_up: Arc<Mutex<Vec<String>>>,
}

impl Fake {
    pub(crate) fn new(now: Now) -> Self {
        let alerts = place::alerts(&*now);
        Self { now, alerts: Arc::new(Mutex::new(alerts)), commands: Arc::default(), keys_away: Arc::default(), looked_up: Arc::default() }
    }

    /// Whether what is sealed can be opened.
    fn open(&self) -> Result<(), Response> {
        if self.keys_away.load(Ordering::Relaxed) { Err(problem(StatusCode::SERVICE_UNAVAILABLE, "keys_away", json!({}))) } else { Ok(()) }
    }

    /// Somebody else has taken an alert.
    pub(crate) fn taken_by_another(&self, alert: &str) {
        self.take(alert, "t-night", None);
    }

    /// Somebody had an alert until a time that has passed.
    pub(crate) fn taken_until(&self, alert: &str, until: &str) {
        self.take(alert, "t-night", Some(json!(until)));
        let mut alerts = self.alerts.lock().unwrap();
        let found = alerts.iter_mut().find(|item| item["alert"] == alert).unwrap();
        (found["state"], found["free_since"]) = (json!("open"), json!(until));
    }

    /// Whoever asks is told not to go up.
    pub(crate) fn not_to_go_up(&self, alert: &str) {
        self.alerts.lock().unwrap().iter_mut().find(|item| item["alert"] == alert).unwrap()["for_you"] = json!("do_not_go_up");
    }

    /// Somebody wrote something about an alert.
    pub(crate) fn noted(&self, alert: &str, text: &str) {
        let item = json!({ "n": 3, "action": "noted", "event": "01922f0c-7b1e-7c3a-9f00-5b1d2c3e4fff-0", "recorded_at": (self.now)(), "severity": null, "actor": "t-night",
            "by": [], "reason": null, "caused_by": [], "level": null, "owners": [], "gaps": [], "why": null, "private": { "note": [text] } });
        let mut alerts = self.alerts.lock().unwrap();
        alerts.iter_mut().find(|item| item["alert"] == alert).unwrap()["history"].as_array_mut().unwrap().push(item);
    }

    /// What an alert tells happened days ago; it was recorded a minute ago.
    pub(crate) fn recorded_late(&self, alert: &str) {
        let mut alerts = self.alerts.lock().unwrap();
        let found = alerts.iter_mut().find(|item| item["alert"] == alert).unwrap();
        (found["late"], found["first_at"], found["free_since"]) = (json!(true), json!(place::ago(&*self.now, 3 * 24 * 60)), json!(place::ago(&*self.now, 1)));
    }

    /// People are not told of an alert.
    pub(crate) fn suppressed(&self, alert: &str, why: &Value) {
        let mut alerts = self.alerts.lock().unwrap();
        alerts.iter_mut().find(|item| item["alert"] == alert).unwrap()["suppressed"] = why.clone();
    }

    /// It is, or was, the turn of whoever asks.
    pub(crate) fn turn_of_who_asks(&self, alert: &str, level: u8) {
        self.alerts.lock().unwrap().iter_mut().find(|item| item["alert"] == alert).unwrap()["your_turn"] = json!(level);
    }

    /// Some of an alert is other than it was.
    pub(crate) fn alert_says(&self, alert: &str, more: Value) {
        let mut alerts = self.alerts.lock().unwrap();
        let found = alerts.iter_mut().find(|item| item["alert"] == alert).unwrap();
        found.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    }

    fn take(&self, alert: &str, actor: &str, until: Option<Value>) {
        let mut alerts = self.alerts.lock().unwrap();
        let found = alerts.iter_mut().find(|item| item["alert"] == alert).unwrap();
        let n = found["n"].as_u64().unwrap() + 1;
        found["n"] = json!(n);
        (found["state"], found["free_since"]) = (json!("acknowledged"), Value::Null);
        found["acknowledged"] = json!({ "actor": actor, "by": [], "at": (self.now)(), "until": until });
        let event = format!("01922f0c-7b1e-7c3a-9f00-5b1d2c3e4f{n:02x}-0");
        let item = json!({ "n": n, "action": "acknowledged", "event": event, "recorded_at": (self.now)(), "severity": null,
            "actor": actor, "by": [], "reason": null, "caused_by": [], "level": null, "owners": [], "gaps": [], "why": null, "private": null });
        found["history"].as_array_mut().unwrap().push(item);
    }

    /// The router of the API.
    pub(crate) fn router(&self) -> Router {
        let under = "/api/v1/communities/{community}";
        Router::new()
            .route("/api/v1/communities", get(communities))
            .route(under, get(community))
            .route(&format!("{under}/buildings"), get(buildings))
            .route(&format!("{under}/buildings/{{building}}"), get(building))
            .route(&format!("{under}/households/{{household}}"), get(household))
            .route(&format!("{under}/people"), get(people))
            .route(&format!("{under}/people/{{person}}"), get(person))
            .route(&format!("{under}/quarantines"), get(quarantines))
            .route(&format!("{under}/quarantines/{{quarantine}}"), get(quarantine))
            .route(&format!("{under}/alerts"), get(alerts))
            .route(&format!("{under}/alerts/{{alert}}"), get(alert))
            .route(&format!("{under}/checkpoints"), get(checkpoints))
            .route(&format!("{under}/silences"), get(silences))
            .route(&format!("{under}/staff"), get(staff))
            .route(&format!("{under}/duties"), get(duties))
            .route(&format!("{under}/coverage"), get(coverage))
            .route(&format!("{under}/timeline"), get(timeline))
            .route(&format!("{under}/stream"), get(stream))
            .route(&format!("{under}/commands"), post(command))
            .with_state(self.clone())
    }
}

fn problem(status: StatusCode, code: &str, current: Value) -> Response {
    let body = json!({ "type": format!("urn:gridward:problem:{code}"), "title": format!("请再看一眼 ({code})"), "status": status.as_u16(), "code": code, "current": current });
    (status, [(header::CONTENT_TYPE, "application/problem+json")], body.to_string()).into_response()
}

fn role(headers: &HeaderMap) -> Result<Role, Response> {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|text| text.strip_prefix("Bearer "));
    let cookie = || headers.get(header::COOKIE)?.to_str().ok()?.split("; ").find_map(|cookie| cookie.strip_prefix("gridward="));
    let word = bearer.or_else(cookie).and_then(|token| token.strip_suffix("-token"));
    word.and_then(Role::from_word).ok_or_else(|| problem(StatusCode::UNAUTHORIZED, "unauthenticated", json!({})))
}

fn enter(headers: &HeaderMap, community: &str) -> Result<Role, Response> {
    let role = role(headers)?;
    if community == COMMUNITY { Ok(role) } else { Err(not_found()) }
}

fn not_found() -> Response {
    problem(StatusCode::NOT_FOUND, "not_found", json!({}))
}

#[derive(Deserialize)]
struct Page {
    limit: Option<usize>,
    cursor: Option<usize>,
    state: Option<String>,
    household: Option<String>,
    ids: Option<String>,
}

fn list(items: Vec<Value>, page: &Page) -> Response {
    let (from, limit) = (page.cursor.unwrap_or(0), page.limit.unwrap_or(100));
    assert!((1..=web::PAGE_ITEMS_MAX).contains(&limit), "the API refuses a limit of {limit}");
    let next = (items.len() > from + limit).then(|| (from + limit).to_string());
    let items: Vec<Value> = items.into_iter().skip(from).take(limit).collect();
    Json(json!({ "items": items, "next": next, "sequence": place::SEQUENCE })).into_response()
}

fn one(found: Option<Value>) -> Response {
    found.map_or_else(not_found, |found| Json(found).into_response())
}

async fn communities(State(fake): State<Fake>, headers: HeaderMap, Query(page): Query<Page>) -> Result<Response, Response> {
    role(&headers)?;
    Ok(list(place::communities(&*fake.now), &page))
}

async fn community(State(fake): State<Fake>, Path(id): Path<String>, headers: HeaderMap) -> Result<Response, Response> {
    enter(&headers, &id)?;
    Ok(one(place::communities(&*fake.now).into_iter().find(|item| item["community"] == id)))
}

async fn buildings(State(fake): State<Fake>, Path(id): Path<String>, headers: HeaderMap, Query(page): Query<Page>) -> Result<Response, Response> {
    enter(&headers, &id)?;
    Ok(list(place::buildings(&*fake.now), &page))
}

async fn building(State(fake): State<Fake>, Path((id, building)): Path<(String, String)>, headers: HeaderMap) -> Result<Response, Response> {
    enter(&headers, &id)?;
    Ok(one(answers::building(&*fake.now, &building)))
}

async fn household(State(fake): State<Fake>, Path((id, household)): Path<(String, String)>, headers: HeaderMap) -> Result<Response, Response> {
    let role = enter(&headers, &id)?;
    Ok(one(answers::household(&*fake.now, &household, role == Role::Office)))
}

async fn person(State(fake): State<Fake>, Path((id, person)): Path<(String, String)>, headers: HeaderMap) -> Result<Response, Response> {
    let role = enter(&headers, &id)?;
    fake.open()?;
    fake.looked_up.lock().unwrap().push(person.clone());
    Ok(one(answers::person(&*fake.now, &person, role == Role::Office)))
}

async fn people(State(fake): State<Fake>, Path(id): Path<String>, headers: HeaderMap, Query(page): Query<Page>) -> Result<Response, Response> {
    if enter(&headers, &id)? != Role::Office {
        return Err(problem(StatusCode::FORBIDDEN, "forbidden", json!({})));
    }
    fake.open()?;
    let ids = page.ids.clone().unwrap_or_default();
    assert!((1..=web::PEOPLE_AT_ONCE_MAX).contains(&ids.split(',').count()), "the API refuses {ids}");
    fake.looked_up.lock().unwrap().push(ids.clone());
    Ok(list(ids.split(',').filter_map(answers::named).collect(), &page))
}

async fn quarantines(State(fake): State<Fake>, Path(id): Path<String>, headers: HeaderMap, Query(page): Query<Page>) -> Result<Response, Response> {
    enter(&headers, &id)?;
    Ok(list(answers::quarantines(&*fake.now), &page))
}

async fn quarantine(State(fake): State<Fake>, Path((id, order)): Path<(String, String)>, headers: HeaderMap) -> Result<Response, Response> {
    enter(&headers, &id)?;
    Ok(one(answers::quarantines(&*fake.now).into_iter().find(|item| item["quarantine"] == order)))
}

/// What a role may do about an alert as it stands: by the table of the domain.
fn may(role: Role, item: &Value) -> Vec<&'static str> {
    let (ended, at_top) = (is_ended(item), item["turn"]["level"] == 3);
    let stands = |act: &Act| *act == Act::Note || (!ended && (*act != Act::Escalate || !at_top));
    Act::ALL.iter().filter(|act| stands(act)).map(|act| act.command()).filter(|command| role.may(Right::Send(command))).collect()
}

fn is_ended(item: &Value) -> bool {
    matches!(item["state"].as_str(), Some("resolved" | "closed"))
}

async fn alerts(State(fake): State<Fake>, Path(id): Path<String>, headers: HeaderMap, Query(page): Query<Page>) -> Result<Response, Response> {
    let role = enter(&headers, &id)?;
    let ended = page.state.as_deref() == Some("ended");
    let mut items = fake.alerts.lock().unwrap().clone();
    items.retain(|item| is_ended(item) == ended);
    items.iter_mut().for_each(|item| {
        item["caused_by"] = json!([]);
        item["history"] = json!([]);
        item["you_may"] = json!(may(role, item));
    });
    Ok(list(items, &page))
}

async fn alert(State(fake): State<Fake>, Path((id, alert)): Path<(String, String)>, headers: HeaderMap) -> Result<Response, Response> {
    let role = enter(&headers, &id)?;
    let mut found = fake.alerts.lock().unwrap().iter().find(|item| item["alert"] == alert).cloned();
    found.iter_mut().for_each(|item| item["you_may"] = json!(may(role, item)));
    // notes are for those who may see findings
    for item in found.iter_mut().filter(|_| role != Role::Office) {
        item["without"] = json!(["notes"]);
        item["history"].as_array_mut().unwrap().iter_mut().for_each(|happened| happened["private"] = Value::Null);
    }
    Ok(one(found))
}

async fn checkpoints(State(fake): State<Fake>, Path(id): Path<String>, headers: HeaderMap, Query(page): Query<Page>) -> Result<Response, Response> {
    enter(&headers, &id)?;
    Ok(list(answers::checkpoints(&*fake.now), &page))
}

async fn silences(State(fake): State<Fake>, Path(id): Path<String>, headers: HeaderMap, Query(page): Query<Page>) -> Result<Response, Response> {
    let role = enter(&headers, &id)?;
    Ok(list(answers::silences(&*fake.now, role == Role::Office), &page))
}

async fn staff(State(fake): State<Fake>, Path(id): Path<String>, headers: HeaderMap, Query(page): Query<Page>) -> Result<Response, Response> {
    let role = enter(&headers, &id)?;
    fake.open()?;
    Ok(list(answers::staff(role == Role::Office), &page))
}

async fn duties(State(fake): State<Fake>, Path(id): Path<String>, headers: HeaderMap, Query(page): Query<Page>) -> Result<Response, Response> {
    enter(&headers, &id)?;
    Ok(list(answers::duties(&*fake.now), &page))
}

async fn coverage(State(fake): State<Fake>, Path(id): Path<String>, headers: HeaderMap, Query(page): Query<Page>) -> Result<Response, Response> {
    enter(&headers, &id)?;
    Ok(list(answers::coverage(&*fake.now), &page))
}

async fn timeline(State(fake): State<Fake>, Path(id): Path<String>, headers: HeaderMap, Query(page): Query<Page>) -> Result<Response, Response> {
    let role = enter(&headers, &id)?;
    fake.open()?;
    let household = page.household.clone().unwrap_or_default();
    Ok(list(answers::timeline(&*fake.now, &household, role == Role::Office), &page))
}

async fn stream(Path(id): Path<String>, headers: HeaderMap) -> Result<Response, Response> {
    enter(&headers, &id)?;
    let beats = tokio_stream::iter(0_u64..).throttle(std::time::Duration::from_secs(5));
    let events = beats.map(|beat| {
        let sequence = place::SEQUENCE + beat;
        Ok::<_, std::convert::Infallible>(
            Event::default().event("changed").id(sequence.to_string()).data(json!({ "building": "y07", "sequence": sequence }).to_string()),
        )
    });
    Ok(Sse::new(events).into_response())
}

/// Takes what the page of an alert sends as intake does: the cookie is believed from our own pages only, `n` is compared.
async fn command(State(fake): State<Fake>, Path(id): Path<String>, headers: HeaderMap, Json(command): Json<Value>) -> Result<Response, Response> {
    if headers.get(header::AUTHORIZATION).is_none() && !web::same_site(&headers) {
        return Err(problem(StatusCode::FORBIDDEN, "cross_site", json!({})));
    }
    let role = enter(&headers, &id)?;
    if !Act::ALL.iter().any(|act| command["type"] == act.command() && role.may(Right::Send(act.command()))) {
        return Err(problem(StatusCode::FORBIDDEN, "forbidden", json!({})));
    }
    fake.commands.lock().unwrap().push(command.clone());
    let known = ["alert.acknowledge", "alert.escalate", "alert.assign", "alert.note"];
    assert!(known.iter().any(|kind| command["type"] == *kind), "{command}");
    let alert = command["data"]["alert"].as_str().unwrap().to_owned();
    let found = fake.alerts.lock().unwrap().iter().find(|item| item["alert"] == alert).cloned();
    let Some(found) = found else { return Err(problem(StatusCode::UNPROCESSABLE_ENTITY, "unknown_reference", json!({}))) };
    if found["n"] != command["data"]["n"] {
        return Err(problem(StatusCode::CONFLICT, "alert_changed", json!({ "alert": alert, "n": found["n"], "state": found["state"] })));
    }
    if command["type"] == "alert.assign" && command["data"]["staff"] != "s-wan" {
        return Err(problem(StatusCode::UNPROCESSABLE_ENTITY, "unknown_reference", json!({})));
    }
    if command["type"] == "alert.note" && command["data"]["note"] == "" {
        return Err(problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid", json!({})));
    }
    if command["type"] == "alert.acknowledge" {
        fake.take(&alert, "t-office", Some(command["data"]["until"].clone()));
    }
    Ok((StatusCode::CREATED, Json(json!({ "id": command["id"], "status": "recorded", "sequence": place::SEQUENCE }))).into_response())
}
