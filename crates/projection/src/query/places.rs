//! Communities, buildings, checkpoints, coverage.

use axum::{
    extract::{Path, RawQuery, State},
    http::HeaderMap,
    response::Response,
};
use domain::{
    access::{Right, Scope},
    values::{BuildingId, RoundId},
};
use readmodel::views::{CommunityHeadline, CoverageDoors};
use serde::Serialize;
use web::{Params, Problem};

use super::{
    Query,
    answer::{list, one},
    params::{AFTER, LIST, page as page_of},
};
use crate::page::Page;
use crate::reader::ReadError;

/// `GET /communities`: those the caller may see, worst first.
pub(super) async fn communities(State(query): State<Query>, headers: HeaderMap, raw: RawQuery) -> Result<Response, Problem> {
    let principal = query.live.gate.caller(&headers)?;
    if !principal.may(Right::See) {
        return Err(Problem::not_found());
    }
    let params = Params::parse(&raw, &[LIST, &[AFTER]].concat())?;
    query.wait_for(&params).await?;
    let page = page_of(&params)?;
    let scopes = query.live.gate.with_grants(|grants| grants.communities(&principal));
    let mut items = query.read(move |reader| headlines(&scopes, |scope| reader.headline(scope))).await?;
    items.sort_by_key(worse_first);
    // the place in a list sorted by what changes all the time means nothing: a page begins after a community
    let from = match &page.cursor {
        None => 0,
        Some(cursor) => items.iter().position(|item| item.community.as_str() == cursor).ok_or(ReadError::Cursor)? + 1,
    };
    let more = items.len() > from + page.limit;
    let items: Vec<CommunityHeadline> = items.into_iter().skip(from).take(page.limit).collect();
    let next = items.last().filter(|_| more).map(|item| item.community.to_string());
    // sequences compare within a community only, so a list of several has none but the greatest it shows
    let sequence = items.iter().map(|item| item.sequence).max().unwrap_or_default();
    list(&Page { items, next, sequence })
}

/// A community that was founded and not folded yet is not in the list yet.
fn headlines(scopes: &[Scope], headline: impl Fn(&Scope) -> Result<CommunityHeadline, ReadError>) -> Result<Vec<CommunityHeadline>, ReadError> {
    let found = scopes.iter().map(headline).filter(|headline| !matches!(headline, Err(ReadError::NotFound)));
    found.collect()
}

fn worse_first(item: &CommunityHeadline) -> impl Ord + use<> {
    let (alerts, checks) = (item.alerts, item.checks);
    (item.status, std::cmp::Reverse((alerts.critical, alerts.serious, checks.overdue, item.silent, alerts.caution)), item.community.clone())
}

/// `GET /communities/{community}`: the headline.
pub(super) async fn community(State(query): State<Query>, Path(community): Path<String>, headers: HeaderMap, raw: RawQuery) -> Result<Response, Problem> {
    let asked = query.ask(&headers, &community, Right::See, &raw, &[]).await?;
    let headline = query.read(move |reader| reader.headline(&asked.scope)).await?;
    one(&headline, headline.sequence)
}

/// `GET …/buildings`: status rows.
pub(super) async fn buildings(State(query): State<Query>, Path(community): Path<String>, headers: HeaderMap, raw: RawQuery) -> Result<Response, Problem> {
    let asked = query.ask(&headers, &community, Right::See, &raw, LIST).await?;
    let page = page_of(&asked.params)?;
    list(&query.read(move |reader| reader.buildings(&asked.scope, &page)).await?)
}

/// `GET …/buildings/{building}`: the status row, and its doors.
pub(super) async fn building(
    State(query): State<Query>,
    Path((community, building)): Path<(String, String)>,
    headers: HeaderMap,
    raw: RawQuery,
) -> Result<Response, Problem> {
    let asked = query.ask(&headers, &community, Right::See, &raw, &[]).await?;
    let id: BuildingId = building.parse().map_err(|_| Problem::not_found())?;
    let scope = asked.scope.clone();
    let (mut view, sequence) = query.read(move |reader| Ok((reader.building(&scope, &id)?, reader.sequence(&scope)?))).await?;
    query.opener.open_view(&asked.scope, ("building", &building), &mut view).await?;
    one(&view, sequence)
}

/// `GET …/checkpoints`.
pub(super) async fn checkpoints(State(query): State<Query>, Path(community): Path<String>, headers: HeaderMap, raw: RawQuery) -> Result<Response, Problem> {
    let asked = query.ask(&headers, &community, Right::See, &raw, LIST).await?;
    let page = page_of(&asked.params)?;
    list(&query.read(move |reader| reader.checkpoints(&asked.scope, &page)).await?)
}

/// Coverage, with the round it is of.
#[derive(Serialize)]
struct CoverageAnswer {
    round: RoundId,
    #[serde(flatten)]
    page: Page<CoverageDoors>,
}

/// `GET …/coverage?round=`: by building: reached, and the names of doors that were not.
pub(super) async fn coverage(State(query): State<Query>, Path(community): Path<String>, headers: HeaderMap, raw: RawQuery) -> Result<Response, Problem> {
    let asked = query.ask(&headers, &community, Right::See, &raw, &["round", "limit", "cursor"]).await?;
    let page = page_of(&asked.params)?;
    let round: Option<RoundId> = asked.params.value("round", "the id of a round")?;
    let (round, page) = query.read(move |reader| reader.coverage(&asked.scope, round.as_ref(), &page)).await?;
    let sequence = page.sequence;
    one(&CoverageAnswer { round, page }, sequence)
}
