//! `/c/{community}/duties`: who has which duty where, vacant posts first, and who is on duty now by the roster.

use askama::Template;
use axum::{extract::Path, response::Response};
use domain::responsibility::ScopeKind;
use readmodel::views::{DutyItem, OnPost};

use super::natural;
use crate::{
    api::Failure,
    colleagues::Colleagues,
    moments::Clock,
    palette::Mark,
    telling,
    visitor::{Community, Frame, Visitor},
};

#[derive(Template)]
#[template(path = "duties.html")]
struct DutiesPage {
    f: Frame,
    vacant: Vec<Post>,
    /// The sign of a vacant post.
    mark: Mark,
    on_shift: Vec<Post>,
    /// What kind of place, and its posts.
    groups: Vec<(String, Vec<Post>)>,
}

/// A post in words.
struct Post {
    place: String,
    href: Option<String>,
    duty: String,
    level: String,
    vacant: bool,
    people: Vec<Person>,
}

struct Person {
    name: String,
    standing: String,
    since: String,
    until: Option<String>,
    on_duty: bool,
    away: bool,
}

/// `GET /c/{community}/duties`
pub(crate) async fn show(visitor: Visitor, Path(id): Path<String>) -> Response {
    visitor.show(page(&visitor, &id).await)
}

async fn page(visitor: &Visitor, id: &str) -> Result<DutiesPage, Failure> {
    let community = visitor.community(id).await?;
    let mut items = visitor.api.list::<DutyItem>(&community.path("/duties"), "").await?.items;
    // a unit follows its building, the town comes before the office
    items.sort_by_cached_key(|item| {
        let name = natural(item.name.as_deref().unwrap_or(&item.id));
        (group_of(item.scope), item.estate_name.clone(), name, item.scope, item.id.clone(), std::cmp::Reverse(item.level))
    });
    let colleagues = Colleagues::of(visitor, &community).await?;
    let post = |item: &DutyItem, people: &dyn Fn(&OnPost) -> bool| post(item, people, &community, &colleagues);
    let by_roster = |person: &OnPost| person.standing.is_none() && person.on_duty;
    let mut groups: Vec<(String, Vec<Post>)> = Vec::new();
    for item in &items {
        let group = visitor.words.api_word("scope", group_of(item.scope).word());
        match groups.last_mut().filter(|(last, _)| *last == group) {
            Some((_, posts)) => posts.push(post(item, &|_| true)),
            None => groups.push((group, vec![post(item, &|_| true)])),
        }
    }
    Ok(DutiesPage {
        f: visitor.community_frame(&community, "duties", visitor.words.of("duties.title")),
        vacant: items.iter().filter(|item| item.vacant).map(|item| post(item, &|_| true)).collect(),
        mark: Mark::of(readmodel::views::Status::Serious, visitor.words),
        on_shift: items.iter().filter(|item| item.people.iter().any(by_roster)).map(|item| post(item, &by_roster)).collect(),
        groups,
    })
}

/// Units stand with the buildings that they belong to.
fn group_of(scope: ScopeKind) -> ScopeKind {
    if scope == ScopeKind::Unit { ScopeKind::Building } else { scope }
}

fn post(item: &DutyItem, shown: &dyn Fn(&OnPost) -> bool, community: &Community, colleagues: &Colleagues) -> Post {
    let (words, clock) = (community.clock.words, &community.clock);
    Post {
        place: place(item, clock),
        href: item.building.as_ref().map(|building| format!("{}/b/{building}", community.base())),
        duty: words.api_word("duty", item.duty.as_str()),
        level: words.of(&format!("turn.level_{}", item.level)).to_owned(),
        vacant: item.vacant,
        people: item.people.iter().filter(|person| shown(person)).map(|on_post| person(on_post, clock, colleagues)).collect(),
    }
}

fn person(person: &OnPost, clock: &Clock, colleagues: &Colleagues) -> Person {
    let words = clock.words;
    let standing = person.standing.map_or("roster", |standing| standing.word());
    Person {
        name: colleagues.name(&person.staff),
        standing: words.of(&format!("standing.{standing}")).to_owned(),
        since: words.with("alert.since", clock.short(person.since)),
        until: person.until.map(|until| words.with("household.until", clock.short(until))),
        on_duty: person.on_duty,
        away: person.away,
    }
}

/// `阳光小区 7号楼 2单元`; the whole community by that word, what has no name by its id.
fn place(item: &DutyItem, clock: &Clock) -> String {
    let words = clock.words;
    if item.scope == ScopeKind::Community {
        return words.of("place.community").to_owned();
    }
    let unit = item.building.as_ref().filter(|_| item.scope == ScopeKind::Unit).and_then(|building| item.id.strip_prefix(building.as_str())?.strip_prefix('-'));
    let name = item.name.clone().unwrap_or_else(|| item.id.clone());
    let kind = item.name.is_none().then(|| words.api_word("scope", item.scope.word()));
    let parts = [kind, item.estate_name.clone(), Some(name), telling::door(unit, None, words)];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}
