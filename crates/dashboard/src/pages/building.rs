//! `/c/{community}/b/{building}`: a building as it stands: units side by side, floors from the top, doors.

use std::collections::BTreeSet;

use askama::Template;
use axum::{extract::Path, response::Response};
use domain::values::{BuildingId, field};
use readmodel::views::{BuildingDetail, Cell, FloorView, Status, UnitView};

use super::{Share, active_alerts, todo};
use crate::{
    api::Failure,
    colleagues::Colleagues,
    moments::Clock,
    palette::{Mark, STATES},
    telling,
    visitor::{Crumb, Frame, Visitor},
    words::Words,
};

/// Most doors of a floor that stand side by side in a house; more are a row of houses or a corridor, and flow.
const SIDE_BY_SIDE_MAX: usize = 6;

#[derive(Template)]
#[template(path = "building.html")]
struct BuildingPage {
    f: Frame,
    building: String,
    name: String,
    mark: Mark,
    address: Option<String>,
    facts: Vec<String>,
    covered: Share,
    stack: Option<Stack>,
    flows: Vec<Flow>,
    counts: Vec<(Mark, usize)>,
    todo: Vec<todo::Line>,
}

/// A house: its units as columns, its floors as rows.
struct Stack {
    units: Vec<StackUnit>,
    rows: Vec<StackRow>,
}

struct StackUnit {
    name: String,
    span: usize,
}

struct StackRow {
    floor: String,
    /// A list per unit, with gaps where a unit has no door on this floor.
    units: Vec<Vec<Option<Door>>>,
}

/// Doors one after another: a village group, a row of houses, a long corridor.
struct Flow {
    name: String,
    /// Doors without a number: what stands for it is longer.
    unnamed: bool,
    doors: Vec<Door>,
}

struct Door {
    id: String,
    href: Option<String>,
    name: String,
    mark: Mark,
    exception: bool,
    small: String,
    label: String,
}

/// `GET /c/{community}/b/{building}`
pub(crate) async fn show(visitor: Visitor, Path((id, building)): Path<(String, String)>) -> Response {
    visitor.show(page(&visitor, &id, &building).await)
}

async fn page(visitor: &Visitor, id: &str, building: &str) -> Result<BuildingPage, Failure> {
    let community = visitor.community(id).await?;
    let building: BuildingId = building.parse().map_err(|_| Failure::NotFound)?;
    let detail: BuildingDetail = visitor.api.get(&community.path(&format!("/buildings/{building}"))).await?;
    let alerts = active_alerts(visitor, &community).await?;
    let here = alerts.items.iter().filter(|alert| alert.place.building.as_ref() == Some(&building));
    let colleagues = Colleagues::of(visitor, &community).await?;
    let mut todo = todo::lines(here, &community.base(), &community.clock, &colleagues);
    todo::tell_apart(&mut todo, visitor, &community).await?;
    let name = super::full_name(&detail.status);
    let mut f = visitor.community_frame(&community, "board", &name);
    f.crumbs.push(Crumb { href: format!("{}/b/{building}", community.base()), text: name.clone() });
    let words = visitor.words;
    let (stack, flows) = layout(&detail.units, &community.base(), &community.clock);
    let cells = || detail.units.iter().flat_map(|unit| &unit.floors).flat_map(|floor| &floor.doors);
    let count = |status: &Status| cells().filter(|cell| cell.state == *status).count();
    Ok(BuildingPage {
        f,
        building: building.to_string(),
        name,
        mark: Mark::of(detail.status.status, words),
        address: detail.private.first(field::ADDRESS).map(str::to_owned),
        facts: facts(&detail, &community.clock),
        covered: Share { part: detail.status.covered, whole: detail.status.doors },
        stack,
        flows,
        counts: STATES.iter().map(|status| (Mark::of(*status, words), count(status))).collect(),
        todo,
    })
}

fn facts(detail: &BuildingDetail, clock: &Clock) -> Vec<String> {
    let (row, words) = (&detail.status, clock.words);
    let some = |key: &str, count: u32| (count > 0).then(|| words.with(key, count));
    let report = row.last_report_at.map_or_else(|| words.of("board.no_report").to_owned(), |at| words.with("board.last_report", clock.short(at)));
    let checks = (row.checks.due > 0).then(|| words.with("figure.checks", Share { part: row.checks.done, whole: row.checks.due }.text()));
    let facts = [
        some("building.doors", row.doors),
        some("building.people", row.people),
        some("building.quarantined", row.quarantined),
        checks,
        some("figure.overdue", row.checks.overdue),
        some("figure.missed", row.checks.missed),
        Some(report),
        row.silent.then(|| words.of("unreported.silent").to_owned()),
    ];
    facts.into_iter().flatten().collect()
}

/// Units with several floors of a few doors stand side by side; all others flow.
fn layout(units: &[UnitView], base: &str, clock: &Clock) -> (Option<Stack>, Vec<Flow>) {
    let (standing, flowing): (Vec<&UnitView>, Vec<&UnitView>) = units.iter().filter(|unit| !unit.floors.is_empty()).partition(|unit| stands(unit));
    let stack = (!standing.is_empty()).then(|| stack(&standing, base, clock));
    // a flow alone in its building needs no name
    let alone = standing.is_empty() && flowing.len() == 1;
    let flows = flowing.into_iter().map(|unit| Flow {
        name: if alone && unit.unit.is_none() { String::new() } else { unit_name(unit, clock.words) },
        unnamed: unit.floors.iter().flat_map(|floor| &floor.doors).any(|cell| cell.door.is_none()),
        doors: unit.floors.iter().flat_map(|floor| &floor.doors).map(|cell| door(cell, base, clock)).collect(),
    });
    (stack, flows.collect())
}

fn stands(unit: &UnitView) -> bool {
    let known = unit.floors.iter().all(|floor| floor.floor.is_some());
    known && unit.floors.len() > 1 && unit.floors.iter().all(|floor| floor.doors.len() <= SIDE_BY_SIDE_MAX)
}

fn unit_name(unit: &UnitView, words: Words) -> String {
    match (&unit.name, &unit.unit) {
        (Some(name), _) => name.clone(),
        (None, Some(unit)) => words.with("place.unit", unit),
        (None, None) => words.of("building.no_unit").to_owned(),
    }
}

fn stack(units: &[&UnitView], base: &str, clock: &Clock) -> Stack {
    let spans: Vec<usize> = units.iter().map(|unit| unit.floors.iter().map(|floor| floor.doors.len()).max().unwrap_or(1).max(1)).collect();
    let floors: BTreeSet<i32> = units.iter().flat_map(|unit| &unit.floors).filter_map(|floor| floor.floor).collect();
    let row = |floor: i32| StackRow {
        floor: clock.words.with("building.floor_short", floor),
        units: units.iter().zip(&spans).map(|(unit, span)| doors_on(unit, floor, *span, base, clock)).collect(),
    };
    Stack {
        units: units.iter().zip(&spans).map(|(unit, span)| StackUnit { name: unit_name(unit, clock.words), span: *span }).collect(),
        rows: floors.into_iter().rev().map(row).collect(),
    }
}

fn doors_on(unit: &UnitView, floor: i32, span: usize, base: &str, clock: &Clock) -> Vec<Option<Door>> {
    let on = |view: &&FloorView| view.floor == Some(floor);
    let doors = unit.floors.iter().find(on).map(|view| view.doors.as_slice()).unwrap_or_default();
    (0..span).map(|index| doors.get(index).map(|cell| door(cell, base, clock))).collect()
}

fn door(cell: &Cell, base: &str, clock: &Clock) -> Door {
    let words = clock.words;
    let mark = Mark::of(cell.state, words);
    let household = cell.households.first();
    let name = cell.door.clone().or_else(|| household.map(ToString::to_string)).unwrap_or_default();
    let small = match (cell.day, cell.days) {
        (Some(day), Some(days)) => format!("{day}/{days}"),
        // age is part of not knowing
        _ if cell.state == Status::Unknown => cell.seen_at.map_or_else(|| words.of("building.never").to_owned(), |at| clock.age(at)),
        _ if cell.people > 0 && cell.state != Status::Vacant => words.with("building.people_short", cell.people),
        _ => String::new(),
    };
    let place = telling::door(cell.unit.as_deref(), Some(&name), words).unwrap_or_default();
    Door {
        id: format!("d-{}-{name}", cell.unit.as_deref().unwrap_or("")),
        href: household.map(|household| format!("{base}/h/{household}")),
        label: [place, mark.word.clone(), telling::known(cell, clock)].join(words.of("list.comma")),
        exception: matches!(cell.state, Status::Critical | Status::Serious | Status::Unknown),
        name,
        mark,
        small,
    }
}
