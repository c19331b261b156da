//! `/c/{community}`: the board (作战图): five numbers, a tile per building, what is to be done.

use askama::Template;
use axum::{
    extract::{Path, Query},
    response::Response,
};
use readmodel::views::{CheckpointItem, CommunityHeadline, Status, StatusRow};
use serde::Deserialize;

use super::{Share, active_alerts, buildings, natural, todo};
use crate::{
    api::Failure,
    colleagues::Colleagues,
    moments::Clock,
    palette::{Mark, STATES},
    visitor::{Community, Frame, Visitor},
    words::{Words, thousands},
};

/// Most matters of the to-do list; the inbox has them all.
const TODO_MAX: usize = 12;

#[derive(Template)]
#[template(path = "board.html")]
struct BoardPage {
    f: Frame,
    base: String,
    live: Live,
    estates: Vec<Estate>,
    legend: Vec<Mark>,
    more: bool,
}

/// What changes most: fetched by itself.
#[derive(Template)]
#[template(path = "board_live.html")]
struct LivePart {
    f: Frame,
    base: String,
    live: Live,
    /// The tiles that were asked for.
    tiles: Vec<Tile>,
}

struct Live {
    figures: Vec<Figure>,
    critical: u32,
    coverage: Option<Share>,
    totals: Vec<String>,
    todo: Vec<todo::Line>,
    todo_all: usize,
}

/// A number of the headline, with the list behind it.
struct Figure {
    href: String,
    value: String,
    label: &'static str,
    notes: Vec<String>,
    mark: Option<Mark>,
}

struct Estate {
    name: String,
    counts: Vec<(Mark, usize)>,
    tiles: Vec<Tile>,
}

pub(super) struct Tile {
    id: String,
    href: String,
    building: String,
    name: String,
    mark: Mark,
    covered: Share,
    alerts: Vec<(Mark, u32)>,
    notes: Vec<String>,
    report: Option<String>,
    label: String,
}

/// Which part of the board is wanted: all of it, or what changes most and some tiles.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Part {
    part: Option<String>,
    /// Buildings, separated by commas.
    tiles: Option<String>,
}

/// `GET /c/{community}`, and with `?part=live&tiles=b07,b08` what changes most and these tiles.
pub(crate) async fn show(visitor: Visitor, Path(id): Path<String>, Query(query): Query<Part>) -> Response {
    match query.part {
        Some(_) => visitor.show(live_part(&visitor, &id, &query.tiles.unwrap_or_default()).await),
        None => visitor.show(page(&visitor, &id).await),
    }
}

async fn page(visitor: &Visitor, id: &str) -> Result<BoardPage, Failure> {
    let community = visitor.community(id).await?;
    let rows = buildings(visitor, &community).await?;
    let live = live(visitor, &community, &rows.items).await?;
    let name = community.headline.name.clone();
    Ok(BoardPage {
        f: visitor.community_frame(&community, "board", &name),
        base: community.base(),
        live,
        estates: estates(&rows.items, &community),
        legend: STATES.iter().map(|status| Mark::of(*status, visitor.words)).collect(),
        more: rows.more,
    })
}

async fn live_part(visitor: &Visitor, id: &str, wanted: &str) -> Result<LivePart, Failure> {
    let community = visitor.community(id).await?;
    // rows of the list hold nothing private: a live board leaves no trail of looking at files
    let rows = buildings(visitor, &community).await?;
    let wanted: Vec<&str> = wanted.split(',').collect();
    let tiles = rows.items.iter().filter(|row| wanted.contains(&row.building.as_str()));
    Ok(LivePart {
        f: visitor.community_frame(&community, "board", ""),
        base: community.base(),
        live: live(visitor, &community, &rows.items).await?,
        tiles: tiles.map(|row| Tile::of(row, &community.base(), &community.clock)).collect(),
    })
}

async fn live(visitor: &Visitor, community: &Community, rows: &[StatusRow]) -> Result<Live, Failure> {
    let alerts = active_alerts(visitor, community).await?;
    let checkpoints = visitor.api.list::<CheckpointItem>(&community.path("/checkpoints"), "").await?;
    let abnormal = checkpoints.items.iter().map(|checkpoint| checkpoint.abnormal_today).sum();
    let headline = &community.headline;
    let words = visitor.words;
    let colleagues = Colleagues::of(visitor, community).await?;
    let mut todo = todo::lines(alerts.items.iter(), &community.base(), &community.clock, &colleagues);
    let todo_all = todo.len();
    todo.truncate(TODO_MAX);
    todo::tell_apart(&mut todo, visitor, community).await?;
    let total = |key: &str, count: u32| words.with(key, thousands(count));
    Ok(Live {
        figures: figures(headline, rows, abnormal, &community.base(), words),
        critical: headline.alerts.critical,
        coverage: headline.coverage.as_ref().map(|coverage| Share { part: coverage.reached, whole: coverage.total }),
        totals: vec![
            total("board.totals.buildings", headline.buildings),
            total("board.totals.households", headline.households),
            total("board.totals.people", headline.people),
        ],
        todo,
        todo_all,
    })
}

/// Whether nobody has looked at a building in time, or its report is owed.
pub(super) fn is_unreported(row: &StatusRow) -> bool {
    row.silent || row.status == Status::Unknown
}

fn figures(headline: &CommunityHeadline, rows: &[StatusRow], abnormal: u32, base: &str, words: Words) -> Vec<Figure> {
    let unreported = u32::try_from(rows.iter().filter(|row| is_unreported(row)).count()).unwrap_or(u32::MAX);
    let checks = &headline.checks;
    let note = |key: &str, count: u32| (count > 0).then(|| words.with(key, thousands(count)));
    let mark = |status: Status, count: u32| (count > 0).then(|| Mark::of(status, words));
    let figure = |path: &str, count: u32, key: &'static str, mark: Option<Mark>, notes: Vec<Option<String>>| Figure {
        href: format!("{base}/{path}"),
        value: thousands(count),
        label: words.get(key).unwrap_or(key),
        notes: notes.into_iter().flatten().collect(),
        mark,
    };
    let alerts = &headline.alerts;
    vec![
        figure("alerts?severity=critical", alerts.critical, "figure.critical", mark(Status::Critical, alerts.critical), vec![]),
        figure(
            "alerts?severity=serious",
            alerts.serious,
            "figure.serious",
            mark(Status::Serious, alerts.serious),
            vec![note("figure.caution", alerts.caution)],
        ),
        figure(
            "unreported",
            unreported,
            "figure.unreported",
            mark(Status::Unknown, unreported),
            vec![Some(words.with("figure.of_buildings", thousands(headline.buildings)))],
        ),
        figure(
            "quarantines",
            headline.quarantined,
            "figure.quarantined",
            mark(Status::Duty, headline.quarantined),
            vec![
                Some(words.with("figure.checks", Share { part: checks.done, whole: checks.due }.text())),
                note("figure.overdue", checks.overdue),
                note("figure.missed", checks.missed),
            ],
        ),
        figure("checkpoints", headline.entries_today, "figure.entries", None, vec![Some(words.with("figure.abnormal", thousands(abnormal)))]),
    ]
}

fn estates(rows: &[StatusRow], community: &Community) -> Vec<Estate> {
    let words = community.clock.words;
    let mut sorted: Vec<&StatusRow> = rows.iter().collect();
    sorted.sort_by_key(|row| (row.estate_name.is_none(), row.estate_name.clone(), row.estate.clone(), natural(&row.name)));
    let groups = sorted.chunk_by(|one, other| one.estate == other.estate);
    let estate = |rows: &[&StatusRow]| Estate {
        name: rows.first().and_then(|row| row.estate_name.clone()).unwrap_or_else(|| words.of("board.no_estate").to_owned()),
        counts: exceptions(rows, words),
        tiles: rows.iter().map(|row| Tile::of(row, &community.base(), &community.clock)).collect(),
    };
    groups.map(estate).collect()
}

/// How many buildings stand in each state that is not as usual.
fn exceptions(rows: &[&StatusRow], words: Words) -> Vec<(Mark, usize)> {
    let counted = STATES[..3].iter().map(|status| (Mark::of(*status, words), rows.iter().filter(|row| row.status == *status).count()));
    counted.filter(|(_, count)| *count > 0).collect()
}

impl Tile {
    fn of(row: &StatusRow, base: &str, clock: &Clock) -> Self {
        let words = clock.words;
        let mark = Mark::of(row.status, words);
        let count = |key: &str, count: u32| (count > 0).then(|| words.with(key, count));
        let release = row.badges.iter().any(|badge| badge == "release_due");
        let notes = [
            count("board.tile_overdue", row.checks.overdue),
            count("board.tile_quarantined", row.quarantined),
            release.then(|| words.of("board.tile_release").to_owned()),
            row.silent.then(|| words.of("board.tile_silent").to_owned()),
        ];
        let covered = Share { part: row.covered, whole: row.doors };
        let notes: Vec<String> = notes.into_iter().flatten().collect();
        let label = [super::full_name(row), mark.word.clone(), words.with("board.tile_covered", covered.text())].into_iter().chain(notes.iter().cloned());
        Self {
            id: format!("tile-{}", row.building),
            href: format!("{base}/b/{}", row.building),
            building: row.building.to_string(),
            name: row.name.clone(),
            alerts: open_counts(row, words),
            report: row.last_report_at.map(|at| clock.short(at)),
            label: label.collect::<Vec<_>>().join(words.of("list.comma")),
            mark,
            covered,
            notes,
        }
    }
}

fn open_counts(row: &StatusRow, words: Words) -> Vec<(Mark, u32)> {
    use domain::alert::Severity::{Caution, Critical, Serious};
    let counts = [(Critical, row.alerts.critical), (Serious, row.alerts.serious), (Caution, row.alerts.caution)];
    counts.into_iter().filter(|(_, count)| *count > 0).map(|(severity, count)| (Mark::of_severity(severity, words), count)).collect()
}
