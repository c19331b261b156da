//! The pages, one module each, and the short lists in one: ask the API, put the answers in words, fill a template.

pub(crate) mod alerts;
pub(crate) mod board;
pub(crate) mod building;
pub(crate) mod duties;
pub(crate) mod household;
pub(crate) mod lists;
pub(crate) mod quarantines;
pub(crate) mod towns;

mod timeline;
mod todo;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::values::{PersonId, field};
use readmodel::views::{AlertItem, PersonItem, StatusRow};
use serde::Deserialize;

use crate::{
    api::{Failure, List},
    visitor::{Community, Visitor},
    words::Words,
};

/// A part of a whole, as a bar shows it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Share {
    pub(crate) part: u32,
    pub(crate) whole: u32,
}

impl Share {
    /// In hundredths, rounded down: 100 only when nothing is missing.
    pub(crate) fn percent(&self) -> u32 {
        if self.whole == 0 { 0 } else { u32::try_from(u64::from(self.part) * 100 / u64::from(self.whole)).unwrap_or(100).min(100) }
    }

    /// `41/42`
    pub(crate) fn text(&self) -> String {
        format!("{}/{}", self.part, self.whole)
    }
}

/// Names of buildings with their estates: numbers repeat between estates.
pub(crate) struct BuildingNames(HashMap<String, String>);

impl BuildingNames {
    fn of(rows: &[StatusRow]) -> Self {
        Self(rows.iter().map(|row| (row.building.to_string(), full_name(row))).collect())
    }

    fn name(&self, building: &str) -> Option<&str> {
        self.0.get(building).map(String::as_str)
    }
}

/// `阳光小区 7号楼`
fn full_name(row: &StatusRow) -> String {
    match &row.estate_name {
        Some(estate) => format!("{estate} {}", row.name),
        None => row.name.clone(),
    }
}

async fn buildings(visitor: &Visitor, community: &Community) -> Result<List<StatusRow>, Failure> {
    visitor.api.list(&community.path("/buildings"), "").await
}

/// Alerts that somebody must still act on, the worst first.
async fn active_alerts(visitor: &Visitor, community: &Community) -> Result<List<AlertItem>, Failure> {
    visitor.api.list(&community.path("/alerts"), "state=active").await
}

/// An answer of the API about some people.
#[derive(Deserialize)]
struct Named {
    items: Vec<PersonItem>,
}

/// What people are called, in one question, for those who may read it. Whoever has no file, or no name that may be read, is left out.
async fn names_of(visitor: &Visitor, community: &Community, people: BTreeSet<PersonId>) -> Result<BTreeMap<PersonId, String>, Failure> {
    if people.is_empty() {
        return Ok(BTreeMap::new());
    }
    let ids = people.iter().take(web::PEOPLE_AT_ONCE_MAX).map(PersonId::as_str).collect::<Vec<_>>().join(",");
    let named = match visitor.api.get::<Named>(&community.path(&format!("/people?ids={ids}"))).await {
        Ok(named) => named,
        // the visitor may not read names, or nobody can now: what they are about is shown without
        Err(Failure::Forbidden | Failure::Busy | Failure::Broken) => return Ok(BTreeMap::new()),
        Err(failure) => return Err(failure),
    };
    let name = |item: PersonItem| item.private.first(field::NAME).map(str::to_owned).map(|name| (item.person, name));
    Ok(named.items.into_iter().filter_map(name).collect())
}

/// Numbers inside names are compared as numbers: 2号楼 before 10号楼.
fn natural(text: &str) -> Vec<(u64, String)> {
    let mut parts = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let word_end = rest.find(|character: char| character.is_ascii_digit()).unwrap_or(rest.len());
        let (word, tail) = rest.split_at(word_end);
        let number_end = tail.find(|character: char| !character.is_ascii_digit()).unwrap_or(tail.len());
        let (number, tail) = tail.split_at(number_end);
        parts.push((0, word.to_owned()));
        parts.push((number.parse().unwrap_or(0), String::new()));
        rest = tail;
    }
    parts
}

/// What a person is called, for those who may see it.
fn person_name(name: Option<&str>, words: Words) -> String {
    name.map_or_else(|| words.of("household.private").to_owned(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_names_are_numbers() {
        let mut names = ["10号楼", "2号楼", "1号楼", "东区2号", "东区10号"];
        names.sort_by_key(|name| natural(name));
        assert_eq!(names, ["1号楼", "2号楼", "10号楼", "东区2号", "东区10号"]);
    }

    #[test]
    fn a_share_is_whole_only_when_nothing_is_missing() {
        let percent = |part, whole| Share { part, whole }.percent();
        assert_eq!([percent(0, 0), percent(0, 5), percent(4399, 4400), percent(4400, 4400)], [0, 0, 99, 100]);
    }
}
