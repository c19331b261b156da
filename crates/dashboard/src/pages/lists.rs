//! The lists behind the numbers: buildings nobody has heard of, doors not reached, checkpoints.

use askama::Template;
use axum::{extract::Path, response::Response};
use readmodel::views::{CheckpointItem, CoverageDoors, Status};

use super::{BuildingNames, Share, board::is_unreported, buildings, natural};
use crate::{
    api::Failure,
    palette::Mark,
    visitor::{Frame, Visitor},
};

#[derive(Template)]
#[template(path = "unreported.html")]
struct UnreportedPage {
    f: Frame,
    rows: Vec<UnreportedRow>,
}

struct UnreportedRow {
    href: String,
    name: String,
    mark: Mark,
    unknown: bool,
    silent: bool,
    report: Option<(String, String)>,
    doors: u32,
    quarantined: u32,
}

#[derive(Template)]
#[template(path = "coverage.html")]
struct CoveragePage {
    f: Frame,
    total: Option<Share>,
    rows: Vec<CoverageRow>,
    complete: usize,
}

struct CoverageRow {
    href: String,
    name: String,
    reached: Share,
    /// A word for the kind of gap, and its doors.
    gaps: Vec<(&'static str, Vec<String>)>,
}

#[derive(Template)]
#[template(path = "checkpoints.html")]
struct CheckpointsPage {
    f: Frame,
    rows: Vec<CheckpointRow>,
}

struct CheckpointRow {
    name: String,
    kind: String,
    open: bool,
    today: u32,
    yesterday: u32,
    abnormal: u32,
    last: Option<(String, String)>,
}

/// `GET /c/{community}/unreported`
pub(crate) async fn unreported(visitor: Visitor, Path(id): Path<String>) -> Response {
    visitor.show(unreported_page(&visitor, &id).await)
}

async fn unreported_page(visitor: &Visitor, id: &str) -> Result<UnreportedPage, Failure> {
    let community = visitor.community(id).await?;
    let mut rows = buildings(visitor, &community).await?.items;
    rows.retain(is_unreported);
    // the longest silence first
    rows.sort_by_key(|row| (row.last_report_at, row.estate_name.clone(), natural(&row.name)));
    let clock = &community.clock;
    let row = |row: &readmodel::views::StatusRow| UnreportedRow {
        href: format!("{}/b/{}", community.base(), row.building),
        name: super::full_name(row),
        mark: Mark::of(row.status, visitor.words),
        unknown: row.status == Status::Unknown,
        silent: row.silent,
        report: row.last_report_at.map(|at| (clock.short(at), clock.age(at))),
        doors: row.doors,
        quarantined: row.quarantined,
    };
    let rows = rows.iter().map(row).collect();
    Ok(UnreportedPage { f: visitor.community_frame(&community, "board", visitor.words.of("unreported.title")), rows })
}

/// `GET /c/{community}/coverage`
pub(crate) async fn coverage(visitor: Visitor, Path(id): Path<String>) -> Response {
    visitor.show(coverage_page(&visitor, &id).await)
}

async fn coverage_page(visitor: &Visitor, id: &str) -> Result<CoveragePage, Failure> {
    let community = visitor.community(id).await?;
    let names = BuildingNames::of(&buildings(visitor, &community).await?.items);
    let doors = match visitor.api.list::<CoverageDoors>(&community.path("/coverage"), "").await {
        Ok(list) => list.items,
        // the community is there, so it is the round that is not
        Err(Failure::NotFound) => Vec::new(),
        Err(failure) => return Err(failure),
    };
    let words = visitor.words;
    let row = |doors: &CoverageDoors| {
        let gap = |key: &'static str, doors: &[String]| (!doors.is_empty()).then(|| (words.get(key).unwrap_or(key), doors.to_vec()));
        CoverageRow {
            href: format!("{}/b/{}", community.base(), doors.building),
            name: names.name(doors.building.as_str()).unwrap_or(&doors.name).to_owned(),
            reached: Share { part: doors.reached, whole: doors.total },
            gaps: [gap("coverage.missing", &doors.missing), gap("coverage.absent", &doors.absent), gap("coverage.refused", &doors.refused)]
                .into_iter()
                .flatten()
                .collect(),
        }
    };
    let mut rows: Vec<CoverageRow> = doors.iter().filter(|doors| doors.reached < doors.total).map(row).collect();
    // the widest gap first
    rows.sort_by_key(|row| (std::cmp::Reverse(row.reached.whole - row.reached.part), natural(&row.name)));
    let total = (!doors.is_empty()).then(|| Share { part: doors.iter().map(|doors| doors.reached).sum(), whole: doors.iter().map(|doors| doors.total).sum() });
    Ok(CoveragePage { f: visitor.community_frame(&community, "coverage", words.of("coverage.title")), total, complete: doors.len() - rows.len(), rows })
}

/// `GET /c/{community}/checkpoints`
pub(crate) async fn checkpoints(visitor: Visitor, Path(id): Path<String>) -> Response {
    visitor.show(checkpoints_page(&visitor, &id).await)
}

async fn checkpoints_page(visitor: &Visitor, id: &str) -> Result<CheckpointsPage, Failure> {
    let community = visitor.community(id).await?;
    let mut items = visitor.api.list::<CheckpointItem>(&community.path("/checkpoints"), "").await?.items;
    items.sort_by_key(|item| (!item.open, std::cmp::Reverse(item.abnormal_today), natural(&item.name)));
    let clock = &community.clock;
    let row = |item: &CheckpointItem| CheckpointRow {
        name: item.name.clone(),
        kind: visitor.words.api_word("checkpoint", &item.kind),
        open: item.open,
        today: item.entries_today,
        yesterday: item.entries_yesterday,
        abnormal: item.abnormal_today,
        last: item.last_seen_at.map(|at| (clock.short(at), clock.age(at))),
    };
    let rows = items.iter().map(row).collect();
    Ok(CheckpointsPage { f: visitor.community_frame(&community, "checkpoints", visitor.words.of("checkpoints.title")), rows })
}
