//! Who looks at a page, and the frame that every page stands in.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{FromRequestParts, State},
    http::{HeaderMap, StatusCode, Uri, header, request::Parts},
    response::{Html, IntoResponse, Redirect, Response},
};
use domain::values::{CommunityId, Timestamp, Zone};
use readmodel::views::CommunityHeadline;

use crate::{
    Shared,
    api::{Api, Failure, encode},
    assets,
    language::Language,
    login,
    moments::Clock,
    words::Words,
};

/// Somebody with a token, whatever it is worth.
#[derive(Clone, Debug)]
pub(crate) struct Visitor {
    pub(crate) api: Api,
    pub(crate) words: Words,
    pub(crate) now: Timestamp,
    exercise: bool,
    /// Path and query of this page, for coming back to it.
    here: String,
}

/// A link of the trail above a page.
#[derive(Clone, Debug)]
pub(crate) struct Crumb {
    pub(crate) href: String,
    pub(crate) text: String,
}

/// A community that the visitor may see.
#[derive(Clone, Debug)]
pub(crate) struct Community {
    pub(crate) headline: CommunityHeadline,
    pub(crate) clock: Clock,
}

/// What stands around every page.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) words: Words,
    pub(crate) title: String,
    pub(crate) crumbs: Vec<Crumb>,
    pub(crate) exercise: bool,
    pub(crate) signed_in: bool,
    /// Base of the community's pages, where there is a community.
    pub(crate) base: Option<String>,
    /// Which of the community's pages this is.
    pub(crate) section: &'static str,
    /// Path of the stream of changes.
    pub(crate) stream: Option<String>,
    pub(crate) as_of: Option<String>,
    pub(crate) sequence: Option<u64>,
    here: String,
}

impl Frame {
    pub(crate) fn t<'a>(&self, key: &'a str) -> &'a str {
        self.words.of(key)
    }

    pub(crate) fn n(&self, key: &str, value: impl std::fmt::Display) -> String {
        self.words.with(key, value)
    }

    pub(crate) fn style(&self) -> String {
        assets::style()
    }

    pub(crate) fn script(&self) -> String {
        assets::script()
    }

    pub(crate) fn mark(&self) -> String {
        assets::mark()
    }

    /// Path that changes the language and comes back here.
    pub(crate) fn switch(&self) -> String {
        format!("/language/{}?back={}", self.words.language().other().word(), encode(&self.here))
    }

    /// The class of a link of the navigation.
    pub(crate) fn current(&self, section: &str) -> bool {
        self.section == section
    }
}

impl Community {
    /// Base of its pages.
    pub(crate) fn base(&self) -> String {
        format!("/c/{}", self.headline.community)
    }

    /// Path in the API.
    pub(crate) fn path(&self, rest: &str) -> String {
        format!("/communities/{}{rest}", self.headline.community)
    }
}

impl Visitor {
    /// The community of a path.
    pub(crate) async fn community(&self, id: &str) -> Result<Community, Failure> {
        self.community_after(id, None).await
    }

    /// The community of a path, once its view holds a sequence.
    pub(crate) async fn community_after(&self, id: &str, after: Option<u64>) -> Result<Community, Failure> {
        let id: CommunityId = id.parse().map_err(|_| Failure::NotFound)?;
        let query = after.map(|sequence| format!("?after={sequence}")).unwrap_or_default();
        let headline: CommunityHeadline = self.api.get(&format!("/communities/{id}{query}")).await?;
        let zone = Zone::named(&headline.time_zone).unwrap_or_default();
        Ok(Community { headline, clock: Clock { zone, now: self.now, words: self.words } })
    }

    /// The frame of a page outside a community.
    pub(crate) fn frame(&self, title: &str) -> Frame {
        Frame {
            words: self.words,
            title: title.to_owned(),
            crumbs: Vec::new(),
            exercise: self.exercise,
            signed_in: true,
            base: None,
            section: "",
            stream: None,
            as_of: Some(self.clock().with_seconds()),
            sequence: None,
            here: self.here.clone(),
        }
    }

    /// The frame of a page of a community, true at a sequence.
    pub(crate) fn community_frame(&self, community: &Community, section: &'static str, title: &str) -> Frame {
        let headline = &community.headline;
        let crumb = |href: String, text: &str| Crumb { href, text: text.to_owned() };
        Frame {
            crumbs: vec![crumb("/".to_owned(), &headline.town_name), crumb(community.base(), &headline.name)],
            base: Some(community.base()),
            section,
            stream: Some(format!("/api/v1/communities/{}/stream", headline.community)),
            as_of: Some(community.clock.with_seconds()),
            sequence: Some(headline.sequence),
            ..self.frame(title)
        }
    }

    /// The clock where there is no community.
    pub(crate) fn clock(&self) -> Clock {
        Clock { zone: Zone::default(), now: self.now, words: self.words }
    }

    /// A page, or why there is none.
    pub(crate) fn show<T: Template>(&self, page: Result<T, Failure>) -> Response {
        match page {
            Ok(page) => html(StatusCode::OK, &page),
            Err(failure) => self.explain(&failure),
        }
    }

    /// Why there is no page, kindly.
    pub(crate) fn explain(&self, failure: &Failure) -> Response {
        let (status, word) = match failure {
            Failure::SignIn => return to_login(&self.here),
            Failure::NotFound => (StatusCode::NOT_FOUND, "not_found"),
            Failure::Forbidden => (StatusCode::FORBIDDEN, "forbidden"),
            Failure::Changed(_) => (StatusCode::CONFLICT, "changed"),
            Failure::Refused(_) => (StatusCode::UNPROCESSABLE_ENTITY, "refused"),
            Failure::Busy => (StatusCode::SERVICE_UNAVAILABLE, "busy"),
            Failure::Broken => (StatusCode::BAD_GATEWAY, "broken"),
        };
        let detail = match failure {
            Failure::Changed(refusal) | Failure::Refused(refusal) => refusal.title.clone(),
            _ => String::new(),
        };
        let title = self.words.of(&format!("failure.{word}")).to_owned();
        let hint = self.words.of(&format!("failure.{word}.hint")).to_owned();
        html(status, &FailurePage { f: self.frame(&title), hint, detail, retry: matches!(failure, Failure::Busy).then(|| self.here.clone()) })
    }
}

#[derive(Template)]
#[template(path = "failure.html")]
struct FailurePage {
    f: Frame,
    hint: String,
    detail: String,
    retry: Option<String>,
}

/// A template as an answer.
pub(crate) fn html(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(text) => (status, [(header::VARY, "Accept-Language, Cookie")], Html(text)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page did not render");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn to_login(here: &str) -> Response {
    let next = if here == "/" { String::new() } else { format!("?next={}", encode(here)) };
    Redirect::to(&format!("/login{next}")).into_response()
}

impl FromRequestParts<Arc<Shared>> for Visitor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Response> {
        let here = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        let Some(token) = login::token(&parts.headers) else { return Err(to_login(&here)) };
        Ok(Self {
            api: Api::new(shared.api.clone(), token.to_owned(), &parts.headers),
            words: Words::new(Language::of(&parts.headers)),
            now: (shared.options.now)(),
            exercise: shared.options.exercise,
            here,
        })
    }
}

/// Where there is no page: a page that says so, for whoever reads pages. Programs are told in the form that [`web::protect`] gives refusals.
pub(crate) async fn nowhere(State(shared): State<Arc<Shared>>, uri: Uri, headers: HeaderMap) -> Response {
    let reads_pages = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).is_some_and(|kinds| kinds.contains("text/html"));
    if uri.path().starts_with("/api/") || !reads_pages {
        return StatusCode::NOT_FOUND.into_response();
    }
    let f = frame_outside(&shared, Language::of(&headers), "failure.not_found");
    let hint = f.t("failure.not_found.hint").to_owned();
    html(StatusCode::NOT_FOUND, &FailurePage { f, hint, detail: String::new(), retry: None })
}

/// The frame of the page that asks for a token.
pub(crate) fn frame_outside(shared: &Shared, language: Language, title_key: &str) -> Frame {
    let words = Words::new(language);
    Frame {
        words,
        title: words.of(title_key).to_owned(),
        crumbs: Vec::new(),
        exercise: shared.options.exercise,
        signed_in: false,
        base: None,
        section: "",
        stream: None,
        as_of: None,
        sequence: None,
        here: "/login".to_owned(),
    }
}
