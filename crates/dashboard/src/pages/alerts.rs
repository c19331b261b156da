//! `/c/{community}/alerts`: the inbox, one alert with its reasons, and taking it.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use axum::{
    Form,
    extract::{Path, Query},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use domain::{
    alert::{Act, AlertId, Owner, RESPONSIBILITY_GAP, Severity, Share, read_vacancy},
    community::BUILDING_SILENT,
    values::{Day, StaffId},
};
use readmodel::{
    models::alert::Action,
    views::{AlertItem, HistoryItem, SilenceItem, TimelineItem, TurnView},
};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    timeline::{Timeline, is_event},
    todo::{self, Line},
};
use crate::{
    api::{Failure, List},
    colleagues::{Choice, Colleagues},
    moments::Clock,
    telling,
    visitor::{Community, Crumb, Frame, Visitor, html},
    words::Words,
};

/// Most causes shown with one step of an alert's history.
const STEP_CAUSES_MAX: usize = 5;
/// The list of what people are not told of now, whatever its state.
const SUPPRESSED: &str = "suppressed";
/// How long somebody may have an alert before it is nobody's again, in minutes.
const MINUTES_CHOICES: [(u32, &str); 3] = [(30, "alert.half_hour"), (60, "alert.one_hour"), (120, "alert.two_hours")];

#[derive(Template)]
#[template(path = "alerts.html")]
struct AlertsPage {
    f: Frame,
    tabs: Vec<Tab>,
    only: Option<String>,
    all_href: String,
    lines: Vec<Line>,
    silences: Vec<String>,
    more: bool,
}

struct Tab {
    href: String,
    word: &'static str,
    count: Option<usize>,
    current: bool,
}

#[derive(Template)]
#[template(path = "alert.html")]
struct AlertPage {
    f: Frame,
    line: Line,
    state: String,
    /// Its rule and the version of that, where the visitor is shown why it is.
    rule: Option<(String, u16)>,
    /// Nobody has it.
    free: bool,
    turn: Option<Turn>,
    escalate: Option<String>,
    /// Where a person is named who is to have it; nothing once it is over or recovering, nor for who may not do that.
    assign: Option<String>,
    /// Those who work here, whoever has to do with it first.
    staff: Vec<Choice>,
    note: Option<String>,
    /// Who has which duty, for whoever sees that a post is vacant.
    duties: String,
    draft: Draft,
    last: String,
    occurrences: u32,
    causes: Vec<Cause>,
    history: Vec<Step>,
    /// Who has what was measured, where that is left out for the visitor.
    measured_elsewhere: Option<&'static str>,
    building: Option<String>,
    household: Option<String>,
    choices: Vec<(u32, &'static str)>,
    said: Option<&'static str>,
    changed: Option<&'static str>,
}

/// What somebody filled in, and what was not recorded: they need not write it again.
#[derive(Default)]
struct Draft {
    staff: String,
    note: String,
}

/// Whose turn it is, in words.
struct Turn {
    level: String,
    owners: Vec<String>,
    informed: Vec<String>,
    why: String,
    since: String,
    goes_up: String,
    gaps: Vec<String>,
}

struct Cause {
    id: String,
    text: String,
    href: Option<String>,
}

struct Step {
    at: String,
    action: String,
    severity: Option<String>,
    by: String,
    why: Option<String>,
    /// What it brought, the latest.
    causes: Vec<Cause>,
    event: String,
    short_event: String,
}

/// Which alerts.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Filter {
    state: Option<String>,
    severity: Option<String>,
}

/// What the page was told about a click.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Told {
    after: Option<u64>,
    taken: Option<u8>,
    sent_up: Option<u8>,
    assigned: Option<u8>,
    noted: Option<u8>,
}

/// What the form sends.
#[derive(Debug, Deserialize)]
pub(crate) struct Take {
    n: u32,
    minutes: Option<u32>,
}

/// What the form sends that gives an alert to somebody.
#[derive(Debug, Deserialize)]
pub(crate) struct Assign {
    n: u32,
    staff: String,
}

/// What the form sends that keeps a note.
#[derive(Debug, Deserialize)]
pub(crate) struct Note {
    n: u32,
    note: String,
}

/// `GET /c/{community}/alerts?state=open|acknowledged|suppressed|ended&severity=`
pub(crate) async fn list(visitor: Visitor, Path(id): Path<String>, Query(filter): Query<Filter>) -> Response {
    visitor.show(inbox(&visitor, &id, &filter).await)
}

async fn inbox(visitor: &Visitor, id: &str, filter: &Filter) -> Result<AlertsPage, Failure> {
    let community = visitor.community(id).await?;
    let words = visitor.words;
    let state = filter.state.as_deref().filter(|state| matches!(*state, "open" | "acknowledged" | SUPPRESSED | "ended"));
    let severity = filter.severity.as_deref().and_then(Severity::from_word);
    let active = super::active_alerts(visitor, &community).await?;
    let wanted = |alert: &&AlertItem| severity.is_none_or(|severity| todo::weight(alert) == severity);
    let in_state = |state: &str| active.items.iter().filter(wanted).filter(|alert| alert.state == state).count();
    let (open, taken) = (in_state("open"), in_state("acknowledged"));
    let is_suppressed = |alert: &AlertItem| alert.suppressed.is_some();
    let suppressed = active.items.iter().filter(wanted).filter(|alert| is_suppressed(alert)).count();
    // a number of the board counts whatever is not over: its list shows all of that
    let all = state.is_none();
    let ended: List<AlertItem> = match state {
        Some("ended") => visitor.api.list(&community.path("/alerts"), "state=ended").await?,
        _ => List { items: Vec::new(), more: false },
    };
    let is_in = |alert: &AlertItem| all || state == Some(alert.state.as_str()) || (state == Some(SUPPRESSED) && is_suppressed(alert));
    let shown = active.items.iter().filter(|alert| state != Some("ended") && is_in(alert)).chain(&ended.items);
    let silences: List<SilenceItem> = visitor.api.list(&community.path("/silences"), "").await?;
    let colleagues = Colleagues::of(visitor, &community).await?;
    let mut lines = todo::lines(shown.filter(wanted), &community.base(), &community.clock, &colleagues);
    todo::tell_apart(&mut lines, visitor, &community).await?;
    let base = format!("{}/alerts", community.base());
    let suffix = severity.map(|severity| format!("&severity={severity}")).unwrap_or_default();
    let tab = |word: &'static str, key: &'static str, count: Option<usize>| Tab {
        href: format!("{base}?state={word}{suffix}"),
        word: words.get(key).unwrap_or(key),
        count,
        current: state == Some(word),
    };
    Ok(AlertsPage {
        f: visitor.community_frame(&community, "alerts", words.of("alerts.title")),
        tabs: [
            Tab {
                href: format!("{base}?{}", suffix.trim_start_matches('&')),
                word: words.get("alerts.all").unwrap_or_default(),
                count: Some(active.items.iter().filter(wanted).count()),
                current: all,
            },
            tab("open", "alerts.open", Some(open)),
            tab("acknowledged", "alerts.acknowledged", Some(taken)),
        ]
        .into_iter()
        .chain((suppressed > 0 || state == Some(SUPPRESSED)).then(|| tab(SUPPRESSED, "alerts.suppressed", Some(suppressed))))
        .chain([tab("ended", "alerts.ended", None)])
        .collect(),
        only: severity.map(|severity| words.with("alerts.only", words.of(&format!("severity.{severity}")))),
        all_href: state.map_or_else(|| base.clone(), |state| format!("{base}?state={state}")),
        lines,
        silences: silences.items.iter().map(|silence| silence_line(silence, &community.clock, &colleagues)).collect(),
        more: active.more || ended.more,
    })
}

/// What is silenced, until when, by whom and why.
fn silence_line(silence: &SilenceItem, clock: &Clock, colleagues: &Colleagues) -> String {
    let words = clock.words;
    let parts = [
        silence.kind.as_ref().map_or_else(|| words.of("silences.every_kind").to_owned(), |kind| words.kind(kind.as_str())),
        match (&silence.building_name, &silence.building) {
            (Some(name), _) => name.clone(),
            (None, Some(building)) => building.to_string(),
            (None, None) => words.of("silences.every_building").to_owned(),
        },
        words.with("silences.until", clock.short(silence.until)),
        colleagues.who(&silence.by, &silence.actor),
        match silence.private.first("reason") {
            Some(reason) => words.with("quote", reason),
            None if silence.without.is_empty() => String::new(),
            None => words.of("silences.reason_elsewhere").to_owned(),
        },
    ];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}

/// `GET /c/{community}/alerts/{alert}`
pub(crate) async fn one(visitor: Visitor, Path((id, alert)): Path<(String, String)>, Query(told): Query<Told>) -> Response {
    visitor.show(page(&visitor, &id, &alert, &told, None).await)
}

async fn page(visitor: &Visitor, id: &str, alert: &str, told: &Told, changed: Option<&'static str>) -> Result<AlertPage, Failure> {
    let alert: AlertId = alert.parse().map_err(|_| Failure::NotFound)?;
    let community = visitor.community_after(id, told.after).await?;
    let item: AlertItem = visitor.api.get(&community.path(&format!("/alerts/{alert}"))).await?;
    let (words, clock, base) = (visitor.words, &community.clock, community.base());
    let colleagues = Colleagues::of(visitor, &community).await?;
    let line = Line::of(&item, &base, clock, &colleagues);
    let mut f = visitor.community_frame(&community, "alerts", &line.matter);
    f.crumbs.push(Crumb { href: format!("{base}/alerts"), text: words.of("alerts.title").to_owned() });
    let household = item.place.household.as_ref().map(|household| format!("{base}/h/{household}"));
    let told_of = told_of(visitor, &community, &item).await?;
    // what the visitor may do is said by the answer, and not known here
    let act = |act: Act, word: &str| item.you_may(act).then(|| format!("{base}/alerts/{alert}/{word}"));
    let assign = act(Act::Assign, "assign");
    let cause = |cause: &String| cause_of(cause, &item, &told_of, household.as_deref(), &community);
    let brought = |happened: &HistoryItem| happened.caused_by.iter().rev().take(STEP_CAUSES_MAX).map(cause).collect();
    let step = |happened: &HistoryItem| step(happened, brought(happened), &item, clock, &colleagues);
    Ok(AlertPage {
        f,
        state: words.api_word("state", &item.state),
        rule: item.says_why().then(|| (words.kind(item.kind.as_str()), item.rule_version)),
        free: item.free_since.is_some(),
        turn: item.turn.as_ref().map(|turn| turn_in_words(turn, clock, &colleagues)),
        last: clock.short(item.last_at),
        occurrences: item.occurrences,
        causes: item.caused_by.iter().map(cause).collect(),
        history: item.history.iter().rev().map(step).collect(),
        measured_elsewhere: telling::measured_elsewhere(&item.without, words),
        building: item.place.building.as_ref().map(|building| format!("{base}/b/{building}")),
        household: household.clone(),
        choices: MINUTES_CHOICES.iter().map(|(minutes, key)| (*minutes, words.get(key).unwrap_or(key))).collect(),
        said: said(told, &item.state).map(|key| words.get(key).unwrap_or_default()),
        // where nobody was ever given a duty for it there is nobody to send it up to
        escalate: act(Act::Escalate, "escalate").filter(|_| item.turn.is_some()),
        staff: if assign.is_some() { colleagues.choices(&staff_of(&item), clock.now) } else { Vec::new() },
        assign,
        duties: format!("{base}/duties"),
        note: act(Act::Note, "note"),
        draft: Draft::default(),
        changed,
        line,
    })
}

/// What a click has done. Of a critical alert level 1 has only seen it, and it stays open.
fn said(told: &Told, state: &str) -> Option<&'static str> {
    let taken = told.taken.map(|_| if state == "open" { "alert.only_seen" } else { "alert.taken" });
    taken.or(told.sent_up.map(|_| "alert.sent_up")).or(told.assigned.map(|_| "alert.assigned")).or(told.noted.map(|_| "alert.noted"))
}

/// Whom an alert was with, who was told of it and who did something about it: each once.
fn staff_of(item: &AlertItem) -> Vec<StaffId> {
    let turn = item.turn.iter().flat_map(|turn| turn.owners.iter().chain(&turn.informed)).map(|owner| &owner.staff);
    let past = item.history.iter().flat_map(|happened| happened.owners.iter().chain(&happened.by));
    let staff: BTreeSet<StaffId> = turn.chain(past).cloned().collect();
    staff.into_iter().collect()
}

fn turn_in_words(turn: &TurnView, clock: &Clock, colleagues: &Colleagues) -> Turn {
    let words = clock.words;
    let named = |owner: &Owner| {
        let duty = owner.duty.as_ref().map_or_else(|| words.of("because.by_hand").to_owned(), |duty| words.api_word("duty", duty.as_str()));
        let share = (owner.share != Share::Everything).then(|| words.of(&format!("share.{}", owner.share)).to_owned());
        [Some(colleagues.name(&owner.staff)), Some(duty), share].into_iter().flatten().collect::<Vec<_>>().join(" ")
    };
    Turn {
        level: words.of(&format!("turn.level_{}", turn.level)).to_owned(),
        owners: turn.owners.iter().map(named).collect(),
        informed: turn.informed.iter().map(named).collect(),
        why: words.api_word("because", &turn.why),
        since: clock.short(turn.since),
        goes_up: turn.due_at.map_or_else(|| words.of("turn.stays").to_owned(), |due_at| clock.short(due_at)),
        gaps: telling::gaps(&turn.gaps, words),
    }
}

/// What the latest events were that an alert may be caused by: what, and when. Those of the household's timeline, else of the person's, else
/// of the building's.
async fn told_of(visitor: &Visitor, community: &Community, alert: &AlertItem) -> Result<BTreeMap<String, String>, Failure> {
    let person = alert.person.as_ref().and_then(|who| who.person.as_ref()).map(|person| format!("person={person}"));
    let building = alert.place.building.as_ref().map(|building| format!("building={building}"));
    let whose = alert.place.household.as_ref().map(|household| format!("household={household}")).or(person).or(building);
    let Some(whose) = whose.filter(|_| alert.caused_by.iter().any(|cause| is_event(cause))) else { return Ok(BTreeMap::new()) };
    let timeline = match Timeline::of(visitor, community, &whose).await {
        Ok(timeline) => timeline,
        // the alert is shown all the same
        Err(Failure::NotFound | Failure::Busy | Failure::Broken) => return Ok(BTreeMap::new()),
        Err(failure) => return Err(failure),
    };
    let told = |item: &TimelineItem| format!("{} {}", telling::event(&item.kind, visitor.words), community.clock.short(item.at));
    Ok(timeline.items.iter().map(|answer| (answer.item.id.clone(), told(&answer.item))).collect())
}

/// An event leads to the timeline and says what it was and when, where that is known here; anything else is owed: a report, a release, a check.
fn cause_of(cause: &str, alert: &AlertItem, told_of: &BTreeMap<String, String>, household: Option<&str>, community: &Community) -> Cause {
    let id = cause.to_owned();
    let words = community.clock.words;
    let building = || alert.place.building.as_ref().map(|building| format!("{}/b/{building}", community.base()));
    if alert.kind.as_str() == "door_missed"
        && let Some(door) = cause.splitn(3, '/').nth(2)
    {
        return Cause { id, text: words.with("alert.door_cause", door), href: building() };
    }
    // `{building}/{day}` of a report, `{order}/{day}` of a release
    let owed = match alert.kind.as_str() {
        BUILDING_SILENT => Some(("alert.report_cause", building())),
        "release_due" => Some(("alert.release_cause", household.map(str::to_owned))),
        _ => None,
    };
    let day = || cause.split('/').nth(1)?.parse::<Day>().ok();
    if let Some(((what, href), day)) = owed.zip(day()) {
        return Cause { id, text: words.with(what, community.clock.day(day)), href };
    }
    // which post is vacant stands behind the event that told of it
    let (cause, post) = match read_vacancy(cause).filter(|_| alert.kind.as_str() == RESPONSIBILITY_GAP) {
        Some((event, duty)) => (event, Some(words.api_word("duty", duty))),
        None => (cause, None),
    };
    if is_event(cause) {
        let text = told_of.get(cause).cloned().unwrap_or_else(|| words.with("household.event", telling::short_id(cause)));
        let text = post.into_iter().chain([text]).collect::<Vec<_>>().join(words.of("list.comma"));
        return Cause { id, text, href: household.map(|household| format!("{household}#e-{cause}")) };
    }
    Cause { id, text: words.with("alert.slot_cause", cause), href: household.map(str::to_owned) }
}

fn step(happened: &HistoryItem, causes: Vec<Cause>, alert: &AlertItem, clock: &Clock, colleagues: &Colleagues) -> Step {
    let words = clock.words;
    let action = serde_json::to_value(happened.action).ok().and_then(|word| word.as_str().map(str::to_lowercase)).unwrap_or_default();
    Step {
        at: clock.short(happened.recorded_at),
        action: words.api_word("action", &action),
        severity: happened.severity.map(|severity| words.of(&format!("severity.{severity}")).to_owned()),
        by: colleagues.who(&happened.by, &happened.actor),
        why: why(happened, alert, words, colleagues),
        causes,
        short_event: telling::short_id(&happened.event),
        event: happened.event.clone(),
    }
}

/// Why, and to whom it went: `二级 王芳，没人接手`. Of a note that is not for this visitor it says that.
fn why(happened: &HistoryItem, alert: &AlertItem, words: Words, colleagues: &Colleagues) -> Option<String> {
    let staff: Vec<String> = happened.owners.iter().map(|owner| colleagues.name(owner)).collect();
    let to = happened.level.map(|level| telling::turn_of(level, &staff, words));
    let because = happened.why.as_ref().map(|why| words.api_word("because", why));
    let gaps = (!happened.gaps.is_empty()).then(|| format!("{}: {}", words.of("turn.gaps"), telling::gaps(&happened.gaps, words).join(words.of("list.comma"))));
    let reason = happened.reason.as_ref().map(|reason| words.api_word("reason", reason));
    let hidden = happened.action == Action::Noted && alert.without.iter().any(|left_out| left_out == "notes");
    let note = happened.private.first("note").map(|note| words.with("quote", note)).or(hidden.then(|| words.of("alert.note_hidden").to_owned()));
    let said: Vec<String> = [to, because, gaps, reason, note].into_iter().flatten().collect();
    (!said.is_empty()).then(|| said.join(words.of("list.comma")))
}

/// `POST /c/{community}/alerts/{alert}/acknowledge`
pub(crate) async fn acknowledge(visitor: Visitor, Path((id, alert)): Path<(String, String)>, Form(take): Form<Take>) -> Response {
    let minutes = take.minutes.filter(|minutes| MINUTES_CHOICES.iter().any(|(choice, _)| choice == minutes)).unwrap_or(MINUTES_CHOICES[0].0);
    let until = visitor.now.plus_minutes(minutes.into());
    act(visitor, (&id, &alert), "alert.acknowledge", json!({ "n": take.n, "until": until }), "taken").await
}

/// `POST /c/{community}/alerts/{alert}/escalate`: it goes up now, with one tap.
pub(crate) async fn escalate(visitor: Visitor, Path((id, alert)): Path<(String, String)>, Form(take): Form<Take>) -> Response {
    act(visitor, (&id, &alert), "alert.escalate", json!({ "n": take.n }), "sent_up").await
}

/// `POST /c/{community}/alerts/{alert}/assign`: somebody named is to have it.
pub(crate) async fn assign(visitor: Visitor, Path((id, alert)): Path<(String, String)>, Form(assign): Form<Assign>) -> Response {
    act(visitor, (&id, &alert), "alert.assign", json!({ "n": assign.n, "staff": assign.staff.trim() }), "assigned").await
}

/// `POST /c/{community}/alerts/{alert}/note`: something is to be kept about it.
pub(crate) async fn note(visitor: Visitor, Path((id, alert)): Path<(String, String)>, Form(note): Form<Note>) -> Response {
    act(visitor, (&id, &alert), "alert.note", json!({ "n": note.n, "note": note.note.trim() }), "noted").await
}

/// Sends a command about an alert, and shows the alert after it.
async fn act(visitor: Visitor, (id, alert): (&str, &str), kind: &str, mut data: Value, done: &str) -> Response {
    let (Ok(community), Ok(alert)) = (id.parse::<domain::values::CommunityId>(), alert.parse::<AlertId>()) else {
        return visitor.explain(&Failure::NotFound);
    };
    data["alert"] = json!(alert.to_string());
    let command = json!({ "id": Uuid::now_v7(), "type": kind, "at": visitor.now, "data": data });
    match visitor.api.command(community.as_str(), &command).await {
        Ok(answer) => {
            let after = answer.get("sequence").and_then(Value::as_u64).map(|sequence| format!("after={sequence}&")).unwrap_or_default();
            Redirect::to(&format!("/c/{community}/alerts/{alert}?{after}{done}=1")).into_response()
        }
        Err(Failure::Changed(refusal)) => {
            let key = match refusal.code.as_str() {
                "alert_ended" => "alert.ended",
                "alert_at_top" => "alert.at_top",
                "alert_recovering" => "alert.recovering",
                _ => "alert.changed",
            };
            // the alert may go on under another id: then that one is shown
            let current = refusal.current.get("alert").and_then(Value::as_str).map_or_else(|| alert.to_string(), str::to_owned);
            not_recorded(&visitor, (community.as_str(), &current), StatusCode::CONFLICT, key, &command["data"]).await
        }
        Err(failure) => {
            // what somebody filled in stays with the form
            let key = match (&failure, kind) {
                (Failure::Refused(_), "alert.assign") => "alert.no_such_staff",
                (Failure::Refused(_), "alert.note") => "alert.note_refused",
                _ => return visitor.explain(&failure),
            };
            not_recorded(&visitor, (community.as_str(), &alert.to_string()), StatusCode::UNPROCESSABLE_ENTITY, key, &command["data"]).await
        }
    }
}

/// The alert as it stands now, and why the click was not recorded; with what was filled in.
async fn not_recorded(visitor: &Visitor, (community, alert): (&str, &str), status: StatusCode, key: &str, data: &Value) -> Response {
    let filled = |field: &str| data.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    match page(visitor, community, alert, &Told::default(), visitor.words.get(key)).await {
        Ok(page) => html(status, &AlertPage { draft: Draft { staff: filled("staff"), note: filled("note") }, ..page }),
        Err(failure) => visitor.explain(&failure),
    }
}
