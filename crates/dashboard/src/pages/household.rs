//! `/c/{community}/h/{household}`: a household's file: what happened on the left, how it stands and why on the right.

use askama::Template;
use axum::{extract::Path, response::Response};
use domain::values::{HouseholdId, PersonId, field};
use readmodel::views::{AlertItem, BuildingDetail, Cell, HouseholdView, PersonView, QuarantineItem, Resident, Status};
use serde_json::Value;

use super::{
    BuildingNames, active_alerts, buildings, names_of, person_name, quarantines,
    timeline::{Timeline, Told, is_event},
    todo::{self, Line},
};
use crate::{
    api::Failure,
    colleagues::Colleagues,
    moments::Clock,
    palette::Mark,
    telling::{self, Names},
    visitor::{Community, Crumb, Frame, Visitor},
};

/// Most people of a household whose files are looked at for its page.
const PEOPLE_MAX: usize = 24;
/// Most causes that are listed of one alert: the latest. Its own page has all.
const CAUSES_MAX: usize = 3;

#[derive(Template)]
#[template(path = "household.html")]
struct HouseholdPage {
    f: Frame,
    household: String,
    place: String,
    label: Option<String>,
    mark: Option<Mark>,
    reasons: Vec<Reason>,
    people: Vec<Person>,
    duties: Vec<quarantines::Row>,
    entries: Vec<Entry>,
    more: bool,
    /// Who has what was measured, where that is left out for the visitor.
    measured_elsewhere: Option<&'static str>,
}

/// Why the door is as it is.
struct Reason {
    mark: Option<Mark>,
    text: String,
    href: Option<String>,
    detail: Option<String>,
    causes: Vec<CauseLink>,
}

struct CauseLink {
    event: String,
    /// The event without a link: the beginning of its id, or the check or door that it is.
    short: String,
    /// What its entry says, where that is on this page.
    here: Option<String>,
}

struct Person {
    id: PersonId,
    /// Their name, where the visitor may read it.
    known_as: Option<String>,
    name: String,
    /// Since when they are in hospital, for those who may know.
    in_hospital: Option<String>,
    facts: Vec<String>,
}

struct Entry {
    id: String,
    /// The beginning of the id: enough to tell entries apart, and short enough to be read out.
    short_id: String,
    kind: String,
    details: Vec<String>,
    at: String,
    by: String,
    via: Option<String>,
    late: Option<String>,
    retracted: bool,
    is_alert: bool,
    /// What an alert was raised for.
    causes: Vec<CauseLink>,
}

/// `GET /c/{community}/h/{household}`
pub(crate) async fn show(visitor: Visitor, Path((id, household)): Path<(String, String)>) -> Response {
    visitor.show(page(&visitor, &id, &household).await)
}

async fn page(visitor: &Visitor, id: &str, household: &str) -> Result<HouseholdPage, Failure> {
    let household: HouseholdId = household.parse().map_err(|_| Failure::NotFound)?;
    let community = visitor.community(id).await?;
    let view: HouseholdView = visitor.api.get(&community.path(&format!("/households/{household}"))).await?;
    let timeline = Timeline::of(visitor, &community, &format!("household={household}")).await?;
    let names = BuildingNames::of(&buildings(visitor, &community).await?.items);
    let words = visitor.words;
    let building = view.place.building.as_ref().and_then(|building| names.name(building.as_str()));
    let door = telling::door(view.place.unit.as_deref(), view.place.door.as_deref(), words);
    let place = [building.map(str::to_owned), door].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let cell = cell(visitor, &community, &view).await?;
    let orders = orders(visitor, &community, &view).await?;
    let mut f = visitor.community_frame(&community, "board", &place);
    if let (Some(id), Some(name)) = (&view.place.building, building) {
        f.crumbs.push(Crumb { href: format!("{}/b/{id}", community.base()), text: name.to_owned() });
    }
    let people = people(visitor, &community, &view.people).await?;
    let others = telling::mentioned(timeline.items.iter().map(|answer| &answer.data));
    let others = names_of(visitor, &community, others.into_iter().filter(|other| people.iter().all(|person| person.id != *other)).collect()).await?;
    let known = people.iter().filter_map(|person| Some((person.id.as_str(), person.known_as.as_deref()?)));
    let known: Names = known.chain(others.iter().map(|(id, name)| (id.as_str(), name.as_str()))).collect();
    let colleagues = Colleagues::of(visitor, &community).await?;
    let entries = entries(&timeline.items, &known, &community.clock, &colleagues);
    let alerts = alerts_here(visitor, &community, &household).await?;
    let mut lines: Vec<Line> = alerts.iter().map(|alert| Line::of(alert, &community.base(), &community.clock, &colleagues)).collect();
    todo::tell_apart(&mut lines, visitor, &community).await?;
    Ok(HouseholdPage {
        f,
        label: view.private.first(field::LABEL).map(str::to_owned),
        mark: cell.as_ref().map(|cell| Mark::of(cell.state, words)),
        reasons: reasons(alerts.iter().zip(lines), cell.as_ref(), &entries, &community.clock),
        people,
        duties: orders.iter().map(|order| quarantines::Row::of(order, &names, &community, &colleagues)).collect(),
        entries,
        more: timeline.next.is_some(),
        measured_elsewhere: telling::measured_elsewhere(&view.without, words),
        household: household.to_string(),
        place,
    })
}

/// The door of the household as its building shows it: one state, told once.
async fn cell(visitor: &Visitor, community: &Community, view: &HouseholdView) -> Result<Option<Cell>, Failure> {
    let Some(building) = &view.place.building else { return Ok(None) };
    let detail: BuildingDetail = visitor.api.get(&community.path(&format!("/buildings/{building}"))).await?;
    let mut cells = detail.units.into_iter().flat_map(|unit| unit.floors).flat_map(|floor| floor.doors);
    Ok(cells.find(|cell| cell.households.contains(&view.household)))
}

async fn orders(visitor: &Visitor, community: &Community, view: &HouseholdView) -> Result<Vec<QuarantineItem>, Failure> {
    let mut orders = Vec::new();
    for order in view.orders.iter().take(PEOPLE_MAX) {
        orders.push(visitor.api.get(&community.path(&format!("/quarantines/{order}"))).await?);
    }
    Ok(orders)
}

/// The active alerts of a household, with their causes.
async fn alerts_here(visitor: &Visitor, community: &Community, household: &HouseholdId) -> Result<Vec<AlertItem>, Failure> {
    let mut alerts = Vec::new();
    for alert in active_alerts(visitor, community).await?.items.iter().filter(|alert| alert.place.household.as_ref() == Some(household)) {
        alerts.push(visitor.api.get(&community.path(&format!("/alerts/{}", alert.alert))).await?);
    }
    Ok(alerts)
}

async fn people(visitor: &Visitor, community: &Community, residents: &[Resident]) -> Result<Vec<Person>, Failure> {
    let (words, clock) = (visitor.words, &community.clock);
    let mut people = Vec::new();
    for resident in residents.iter().take(PEOPLE_MAX) {
        let view: PersonView = visitor.api.get(&community.path(&format!("/people/{}", resident.person))).await?;
        let last = view.measured.first().and_then(|measured| Some((measured.at, measured.readings.last()?)));
        let found = view.findings.first().map(|found| format!("{} {}", words.api_word("finding", &found.finding), clock.short(found.at)));
        let facts = [
            view.sex.as_ref().map(|sex| words.api_word("sex", sex)),
            view.birth_year.map(|year| words.with("household.birth", year)),
            Some(words.api_word("residence", &resident.kind)),
            view.private.first(field::PHONE).map(str::to_owned),
            last.map(|(at, reading)| format!("{} {}", telling::measured(reading, words), clock.short(at))),
            found,
        ];
        let categories = view.categories.iter().map(|category| words.api_word("category", category.as_str()));
        let known_as = view.private.first(field::NAME).map(str::to_owned);
        let name = person_name(known_as.as_deref(), words);
        let in_hospital = view.in_hospital.as_ref().map(|stay| clock.short(stay.since));
        people.push(Person { id: resident.person.clone(), known_as, name, in_hospital, facts: facts.into_iter().flatten().chain(categories).collect() });
    }
    Ok(people)
}

fn reasons<'a>(alerts: impl Iterator<Item = (&'a AlertItem, Line)>, cell: Option<&Cell>, entries: &[Entry], clock: &Clock) -> Vec<Reason> {
    let words = clock.words;
    let of_alert = |(alert, line): (&AlertItem, Line)| {
        let rule = || format!("{} {}", words.with("alert.rule", words.kind(alert.kind.as_str())), words.with("alert.version", alert.rule_version));
        Reason {
            mark: Some(line.mark),
            text: line.matter,
            href: Some(line.href),
            detail: Some(std::iter::once(line.owner).chain(alert.says_why().then(rule)).collect::<Vec<_>>().join(" · ")),
            causes: alert.caused_by.iter().rev().take(CAUSES_MAX).map(|event| cause_link(event, entries)).collect(),
        }
    };
    let mut reasons: Vec<Reason> = alerts.map(of_alert).collect();
    if let Some(cell) = cell {
        if cell.overdue > 0 {
            let mark = Some(Mark::of(Status::Serious, words));
            reasons.push(Reason { mark, text: words.with("household.overdue", cell.overdue), href: None, detail: None, causes: Vec::new() });
        }
        // what was seen is no comfort beside an alert: the sign of normal stands only where nothing is open
        let state = if cell.known_by.is_none() { Some(Status::Unknown) } else { reasons.is_empty().then_some(cell.state) };
        reasons.push(Reason {
            mark: state.map(|state| Mark::of(state, words)),
            text: telling::known(cell, clock),
            href: None,
            detail: None,
            causes: Vec::new(),
        });
    }
    reasons
}

fn cause_link(event: &str, entries: &[Entry]) -> CauseLink {
    let entry = entries.iter().find(|entry| entry.id == event);
    let short = if is_event(event) { telling::short_id(event) } else { event.to_owned() };
    CauseLink { event: event.to_owned(), short, here: entry.map(|entry| format!("{} {}", entry.kind, entry.at)) }
}

/// Where the events of alerts say what they were raised for, and what ended them.
const CAUSES: [&str; 2] = ["/occurrence/causes", "/quieted_by"];

/// The entries of a timeline; those of alerts lead to what they were raised for, and to what ended them.
fn entries(items: &[Told], names: &Names<'_>, clock: &Clock, colleagues: &Colleagues) -> Vec<Entry> {
    let mut entries: Vec<Entry> = items.iter().map(|answer| entry(answer, names, clock, colleagues)).collect();
    for (place, answer) in items.iter().enumerate() {
        let causes = CAUSES.iter().filter_map(|at| answer.data.pointer(at)?.as_array()).flatten().filter_map(Value::as_str);
        let links: Vec<CauseLink> = causes.rev().take(CAUSES_MAX).map(|event| cause_link(event, &entries)).collect();
        entries[place].causes = links;
    }
    entries
}

fn entry(answer: &Told, names: &Names<'_>, clock: &Clock, colleagues: &Colleagues) -> Entry {
    let (item, words) = (&answer.item, clock.words);
    Entry {
        id: item.id.clone(),
        short_id: telling::short_id(&item.id),
        kind: telling::event(&item.kind, words),
        details: telling::details(&answer.data, names, clock, colleagues),
        at: clock.long(item.at),
        by: colleagues.who(&item.by, &item.actor),
        via: item.via.as_ref().map(|via| words.api_word("via", via)),
        late: item.late.then(|| words.with("household.recorded", clock.long(item.recorded_at))),
        retracted: item.retracted_by.is_some(),
        is_alert: item.kind.starts_with("alert."),
        causes: Vec::new(),
    }
}
