//! `/`: the communities of the visitor by town, the worst first.

use askama::Template;
use axum::response::{IntoResponse, Redirect, Response};
use readmodel::views::CommunityHeadline;

use crate::{
    api::Failure,
    pages::Share,
    palette::Mark,
    visitor::{Frame, Visitor},
    words::{Words, thousands},
};

#[derive(Template)]
#[template(path = "towns.html")]
struct TownsPage {
    f: Frame,
    towns: Vec<Town>,
    count: usize,
}

struct Town {
    name: String,
    cards: Vec<Card>,
}

struct Card {
    href: String,
    name: String,
    mark: Mark,
    critical: u32,
    serious: u32,
    silent: u32,
    quarantined: String,
    checks: String,
    overdue: u32,
    coverage: Option<Share>,
    totals: String,
}

/// `GET /`
pub(crate) async fn show(visitor: Visitor) -> Response {
    let headlines = match visitor.api.list::<CommunityHeadline>("/communities", "").await {
        Ok(list) => list.items,
        Err(failure) => return visitor.explain(&failure),
    };
    if let [only] = headlines.as_slice() {
        return Redirect::to(&format!("/c/{}", only.community)).into_response();
    }
    visitor.show(Ok::<_, Failure>(page(&visitor, &headlines)))
}

fn page(visitor: &Visitor, headlines: &[CommunityHeadline]) -> TownsPage {
    let mut towns: Vec<(&str, Town)> = Vec::new();
    // the API gives the worst first; towns keep the order of their worst community
    for headline in headlines {
        let card = card(headline, visitor.words);
        match towns.iter_mut().find(|(id, _)| *id == headline.town.as_str()) {
            Some((_, town)) => town.cards.push(card),
            None => towns.push((headline.town.as_str(), Town { name: headline.town_name.clone(), cards: vec![card] })),
        }
    }
    TownsPage { f: visitor.frame(visitor.words.of("towns.title")), towns: towns.into_iter().map(|(_, town)| town).collect(), count: headlines.len() }
}

fn card(headline: &CommunityHeadline, words: Words) -> Card {
    Card {
        href: format!("/c/{}", headline.community),
        name: headline.name.clone(),
        mark: Mark::of(headline.status, words),
        critical: headline.alerts.critical,
        serious: headline.alerts.serious,
        silent: headline.silent,
        quarantined: thousands(headline.quarantined),
        checks: format!("{}/{}", headline.checks.done, headline.checks.due),
        overdue: headline.checks.overdue,
        coverage: headline.coverage.as_ref().map(|coverage| Share { part: coverage.reached, whole: coverage.total }),
        totals: [words.with("board.totals.buildings", thousands(headline.buildings)), words.with("board.totals.people", thousands(headline.people))]
            .join(" · "),
    }
}
