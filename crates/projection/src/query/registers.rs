//! Households, people, orders, alerts, timelines.

use std::collections::BTreeSet;

use axum::{
    extract::{Path, RawQuery, State},
    http::HeaderMap,
    response::Response,
};
use domain::{
    Event,
    access::{Right, Scope},
    alert::AlertId,
    values::{HouseholdId, PersonId, QuarantineId, Slug},
};
use readmodel::{
    models::timeline::Of,
    views::{PersonItem, TimelineItem, Veils},
};
use serde::Serialize;
use serde_json::Value;
use web::{PEOPLE_AT_ONCE_MAX, Params, Problem};

use super::{
    Query,
    answer::{list, mask, one},
    params::{LIST, page as page_of},
};
use crate::page::Page;
use crate::reader::{Alerts, ReadError, Reader};

type Of2 = (String, String);

/// What is not seen without a right, besides what is sealed.
pub(super) trait Masked {
    /// Without the right to personal data.
    fn mask(&mut self);

    /// Without the right to what medicine found, for the holder of a token, as read up to a commit: when a finding was made says of whom, so this
    /// stands for when there was a change.
    fn mask_findings(&mut self, _reader: &Slug, _read_up_to: u64) {}
}

impl Masked for readmodel::views::PersonView {
    fn mask(&mut self) {
        readmodel::views::PersonView::mask(self);
    }

    fn mask_findings(&mut self, _: &Slug, read_up_to: u64) {
        readmodel::views::PersonView::mask_findings(self);
        self.sequence = read_up_to;
    }
}

impl Masked for readmodel::views::HouseholdView {
    fn mask(&mut self) {
        readmodel::views::HouseholdView::mask(self);
    }
}

impl Masked for readmodel::views::QuarantineItem {
    fn mask(&mut self) {
        readmodel::views::QuarantineItem::mask(self);
    }
}

impl Masked for readmodel::views::AlertItem {
    fn mask(&mut self) {}

    fn mask_findings(&mut self, reader: &Slug, _: u64) {
        self.mask_notes(reader);
    }
}

/// One thing with private parts, opened for those who may see them and masked for the others.
async fn one_of<T>(
    query: &Query,
    scope: Scope,
    asked: (&'static str, &str),
    read: impl FnOnce(&Reader, &Scope) -> Result<T, ReadError> + Send + 'static,
) -> Result<Response, Problem>
where
    T: Veils + Masked + Serialize + Send + 'static,
{
    let inside = scope.clone();
    let (mut view, sequence) = query.read(move |reader| Ok((read(reader, &inside)?, reader.sequence(&inside)?))).await?;
    if !scope.may(Right::SeeFindings) {
        view.mask_findings(&scope.principal().actor(), sequence);
    }
    query.opener.open_view(&scope, asked, &mut view).await?;
    if !scope.may(Right::SeePersonal) {
        view.mask();
    }
    one(&view, sequence)
}

/// `GET …/households/{household}`.
pub(super) async fn household(State(query): State<Query>, Path((community, id)): Path<Of2>, headers: HeaderMap, raw: RawQuery) -> Result<Response, Problem> {
    let asked = query.ask(&headers, &community, Right::See, &raw, &[]).await?;
    let household: HouseholdId = id.parse().map_err(|_| Problem::not_found())?;
    one_of(&query, asked.scope, ("household", &id), move |reader, scope| reader.household(scope, &household)).await
}

/// `GET …/people/{person}`.
pub(super) async fn person(State(query): State<Query>, Path((community, id)): Path<Of2>, headers: HeaderMap, raw: RawQuery) -> Result<Response, Problem> {
    let asked = query.ask(&headers, &community, Right::See, &raw, &[]).await?;
    let person: PersonId = id.parse().map_err(|_| Problem::not_found())?;
    one_of(&query, asked.scope, ("person", &id), move |reader, scope| reader.person(scope, &person)).await
}

/// `GET …/people?ids=`: what some people are called. It is nothing but names, so it is for those who may read them: of the others nothing is
/// looked up.
pub(super) async fn people(State(query): State<Query>, Path(community): Path<String>, headers: HeaderMap, raw: RawQuery) -> Result<Response, Problem> {
    let asked = query.ask(&headers, &community, Right::SeePersonal, &raw, &["ids"]).await?;
    let people = ids(&asked.params)?;
    let scope = asked.scope.clone();
    let mut page = query.read(move |reader| reader.people(&scope, &people)).await?;
    let named = page.items.iter().map(|item| item.person.as_str()).collect::<Vec<_>>().join(",");
    query.opener.open_view(&asked.scope, ("people", &named), &mut page.items).await?;
    page.items.iter_mut().for_each(PersonItem::only_name);
    if !asked.scope.may(Right::SeeFindings) {
        page.items.iter_mut().for_each(|item| item.sequence = page.sequence);
    }
    list(&page)
}

/// `GET …/quarantines`: orders that nobody has released.
pub(super) async fn quarantines(State(query): State<Query>, Path(community): Path<String>, headers: HeaderMap, raw: RawQuery) -> Result<Response, Problem> {
    let asked = query.ask(&headers, &community, Right::See, &raw, LIST).await?;
    let page = page_of(&asked.params)?;
    let personal = asked.scope.may(Right::SeePersonal);
    let mut page = query.read(move |reader| reader.quarantines(&asked.scope, &page)).await?;
    if !personal {
        page.items.iter_mut().for_each(Masked::mask);
    }
    list(&page)
}

/// `GET …/quarantines/{quarantine}`: with all its slots.
pub(super) async fn quarantine(State(query): State<Query>, Path((community, id)): Path<Of2>, headers: HeaderMap, raw: RawQuery) -> Result<Response, Problem> {
    let asked = query.ask(&headers, &community, Right::See, &raw, &[]).await?;
    let quarantine: QuarantineId = id.parse().map_err(|_| Problem::not_found())?;
    one_of(&query, asked.scope, ("quarantine", &id), move |reader, scope| reader.quarantine(scope, &quarantine)).await
}

/// `GET …/alerts?state=active|ended`.
pub(super) async fn alerts(State(query): State<Query>, Path(community): Path<String>, headers: HeaderMap, raw: RawQuery) -> Result<Response, Problem> {
    let asked = query.ask(&headers, &community, Right::See, &raw, &["state", "limit", "cursor"]).await?;
    let page = page_of(&asked.params)?;
    let which = match asked.params.text("state") {
        None | Some("active") => Alerts::Active,
        Some("ended") => Alerts::Ended,
        Some(_) => return Err(Problem::bad_request("?state", "wrong_shape", "active or ended")),
    };
    list(&query.read(move |reader| reader.alerts(&asked.scope, which, &page)).await?)
}

/// `GET …/alerts/{alert}`: with its causes and its history.
pub(super) async fn alert(State(query): State<Query>, Path((community, id)): Path<Of2>, headers: HeaderMap, raw: RawQuery) -> Result<Response, Problem> {
    let asked = query.ask(&headers, &community, Right::See, &raw, &[]).await?;
    let alert: AlertId = id.parse().map_err(|_| Problem::not_found())?;
    one_of(&query, asked.scope, ("alert", &id), move |reader, scope| reader.alert(scope, &alert)).await
}

/// `GET …/silences`: those that hold now, with who said so and why.
pub(super) async fn silences(State(query): State<Query>, Path(community): Path<String>, headers: HeaderMap, raw: RawQuery) -> Result<Response, Problem> {
    let asked = query.ask(&headers, &community, Right::See, &raw, LIST).await?;
    let page = page_of(&asked.params)?;
    let scope = asked.scope.clone();
    let mut page = query.read(move |reader| reader.silences(&scope, &page)).await?;
    query.opener.open_view(&asked.scope, ("silence", ""), &mut page.items).await?;
    list(&page)
}

/// `GET …/staff`: who works here, by name for those who may read names.
pub(super) async fn staff(State(query): State<Query>, Path(community): Path<String>, headers: HeaderMap, raw: RawQuery) -> Result<Response, Problem> {
    let asked = query.ask(&headers, &community, Right::See, &raw, LIST).await?;
    let page = page_of(&asked.params)?;
    let scope = asked.scope.clone();
    let mut page = query.read(move |reader| reader.staff(&scope, &page)).await?;
    query.opener.open_view(&asked.scope, ("staff", ""), &mut page.items).await?;
    list(&page)
}

/// `GET …/duties`: who has which duty for which place, and where nobody has one.
pub(super) async fn duties(State(query): State<Query>, Path(community): Path<String>, headers: HeaderMap, raw: RawQuery) -> Result<Response, Problem> {
    let asked = query.ask(&headers, &community, Right::See, &raw, LIST).await?;
    let page = page_of(&asked.params)?;
    list(&query.read(move |reader| reader.duties(&asked.scope, &page)).await?)
}

/// An entry of a timeline with its event.
#[derive(Serialize)]
struct TimelineAnswer {
    #[serde(flatten)]
    item: TimelineItem,
    /// The event's payload; `null` for those who may not see personal data.
    data: Value,
}

/// `GET …/timeline?building=|household=|person=|quarantine=`, newest first.
pub(super) async fn timeline(State(query): State<Query>, Path(community): Path<String>, headers: HeaderMap, raw: RawQuery) -> Result<Response, Problem> {
    let allowed = ["building", "household", "person", "quarantine", "limit", "cursor"];
    let asked = query.ask(&headers, &community, Right::See, &raw, &allowed).await?;
    let (page, (of, what, id)) = (page_of(&asked.params)?, whose(&asked.params)?);
    let scope = asked.scope.clone();
    let page = query.read(move |reader| reader.timeline(&scope, &of, &page)).await?;
    let (items, mut events): (Vec<TimelineItem>, Vec<Event>) = page.items.into_iter().unzip();
    query.opener.open_events(&asked.scope, (what, &id), &mut events).await?;
    let personal = asked.scope.may(Right::SeePersonal);
    let items = items.into_iter().zip(&events).map(|(item, event)| TimelineAnswer { item, data: if personal { payload(event) } else { Value::Null } });
    list(&Page { items: items.collect(), next: page.next, sequence: page.sequence })
}

/// The payload of an event with what is still sealed masked.
pub(super) fn payload(event: &Event) -> Value {
    let mut value = event.serialize_payload(serde_json::value::Serializer).unwrap_or_default();
    mask(&mut value);
    value
}

/// The people of `?ids=`, each once.
fn ids(params: &Params) -> Result<BTreeSet<PersonId>, Problem> {
    let all = params.text("ids").filter(|ids| !ids.is_empty()).map(|ids| ids.split(',').collect::<Vec<_>>());
    let all = all.ok_or_else(|| Problem::bad_request("?ids", "wrong_shape", format!("1 to {PEOPLE_AT_ONCE_MAX} ids of people, separated by commas")))?;
    if all.len() > PEOPLE_AT_ONCE_MAX {
        return Err(Problem::bad_request("?ids", "too_many", format!("at most {PEOPLE_AT_ONCE_MAX} ids at once")));
    }
    let none = |place: usize| Problem::bad_request(format!("?ids/{place}"), "wrong_shape", "the id of a person");
    all.into_iter().enumerate().map(|(place, id)| id.parse().map_err(|_| none(place))).collect()
}

/// Whose timeline: exactly one of the four.
fn whose(params: &Params) -> Result<(Of, &'static str, String), Problem> {
    let building = params.value("building", "the id of a building")?.map(Of::Building);
    let household = params.value("household", "the id of a household")?.map(Of::Household);
    let person = params.value("person", "the id of a person")?.map(Of::Person);
    let quarantine = params.value("quarantine", "the id of an order")?.map(Of::Quarantine);
    let words = ["building", "household", "person", "quarantine"];
    let mut named = [building, household, person, quarantine].into_iter().zip(words).filter_map(|(of, word)| of.map(|of| (of, word)));
    match (named.next(), named.next()) {
        (Some((of, word)), None) => Ok((of, word, params.text(word).unwrap_or_default().to_owned())),
        _ => Err(Problem::bad_request("?", "whose_timeline", "name exactly one of building, household, person, quarantine")),
    }
}
