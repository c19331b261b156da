//! The smallest demo, sent at once.

use std::collections::BTreeMap;

use demo::{Community, Demo, Intensity, Scale, Sent};
use jiff::civil::{Date, date};
use reqwest::Method;
use serde_json::Value;
use system_tests::System;

/// Commands sent at once.
const GROUP_MAX: usize = 500;
/// Of so many commands one may be refused: what waits on a phone is sent with the phone's clock, and here all is sent in the evening.
const REFUSED_ONE_IN: usize = 50;

pub(crate) fn first_day() -> Date {
    date(2020, 2, 6)
}

/// The communities of the smallest demo.
pub(crate) fn towns(seed: u64) -> Vec<Community> {
    Demo::new(seed, Scale::Tiny, first_day()).communities().collect()
}

/// Founds them and sends their first day.
pub(crate) async fn play(system: &System, towns: &[Community]) {
    let (mut sent, mut refused) = (0, BTreeMap::new());
    for community in towns {
        let slug = &community.spec().slug;
        let mut commands: Vec<Sent> = community.founding().collect();
        commands.extend(community.day(first_day(), Intensity::FULL));
        // the lines after the founding need the community
        let (founding, rest) = commands.split_at(1);
        for group in std::iter::once(founding).chain(rest.chunks(GROUP_MAX)) {
            sent += group.len();
            for problem in post(system, slug, group).await {
                *refused.entry(problem).or_insert(0_usize) += 1;
            }
        }
    }
    assert!(sent > 3_000, "only {sent} commands");
    assert!(refused.values().sum::<usize>() * REFUSED_ONE_IN < sent, "of {sent} commands these were refused: {refused:#?}");
}

/// Sends a group; the codes of what was refused.
async fn post(system: &System, community: &str, group: &[Sent]) -> Vec<String> {
    let lines: Vec<String> = group
        .iter()
        .map(|sent| {
            let mut command = sent.command.to_json();
            // the phones' clocks are those of the day, which is over
            command.as_object_mut().unwrap().remove("sent_at");
            command.to_string()
        })
        .collect();
    let path = format!("/communities/{community}/commands");
    let token = system.admin_token().unwrap();
    let response = system.open(&token, Method::POST, &path, &[("content-type", "application/x-ndjson")], Some(lines.join("\n"))).await.unwrap();
    assert_eq!(response.status().as_u16(), 200);
    let answers = response.text().await.unwrap();
    assert_eq!(answers.lines().count(), group.len());
    let answers = answers.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    answers.filter(|answer| answer["problem"].is_object()).map(|answer| answer["problem"]["code"].as_str().unwrap_or_default().to_owned()).collect()
}

/// Ids that the commands of a community's founding and first day name, by kind; a few of each.
pub(crate) fn ids(community: &Community, most: usize) -> BTreeMap<&'static str, Vec<String>> {
    let mut ids: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
    for sent in community.founding().chain(community.day(first_day(), Intensity::FULL)) {
        let field = match sent.command.kind {
            "building.register" => "building",
            "household.register" => "household",
            "person.register" => "person",
            "quarantine.order" => "quarantine",
            _ => continue,
        };
        let of_kind = ids.entry(field).or_default();
        if let Some(id) = sent.command.data[field].as_str().filter(|_| of_kind.len() < most) {
            of_kind.push(id.to_owned());
        }
    }
    ids
}
