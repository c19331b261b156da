//! The founding: totals of the mission's table, shapes of the contract, order of dependencies, invented people.

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::{Registry, check_shape};
use demo::{Canary, CanaryKind, Demo, Scale, catalogue, id_check_character};
use jiff::civil::{Date, date};

const START: Date = date(2020, 2, 6);

fn demo(seed: u64, scale: Scale) -> Demo {
    Demo::new(seed, scale, START)
}

/// Counts what the founding of the whole deployment registers, by town, against the table.
#[test]
fn the_full_founding_registers_the_whole_table() {
    let mut counts: BTreeMap<(&str, String), u32> = BTreeMap::new();
    let mut stairs = 0;
    let mut people_of_the_oldest_leader = 0;
    for community in demo(1, Scale::Full).communities() {
        let town = community.spec().town.slug;
        let mut count = |what: &str| *counts.entry((town, what.to_owned())).or_default() += 1;
        for sent in community.founding() {
            let data = &sent.command.data;
            match sent.command.kind {
                "building.register" => {
                    count(data["kind"].as_str().expect("a kind"));
                    for unit in data["units"].as_array().into_iter().flatten() {
                        stairs += u32::from(town == "dongqu");
                        unit["doors"].as_array().expect("doors").iter().for_each(|_| count("door"));
                    }
                }
                "staff.register" => count(data["roles"][0].as_str().expect("a role")),
                "estate.register" => count(data["governance"].as_str().expect("a governance")),
                "person.register" if data.get("categories").is_some() => {
                    count("listed");
                    count("person.register");
                }
                kind => count(kind),
            }
            if sent.command.kind == "household.register" && sent.community == "fuqiang" && data["building"] == "b007" {
                people_of_the_oldest_leader += 1;
            }
        }
    }
    let of = |town: &str, what: &str| counts.iter().filter(|((t, w), _)| *t == town && w == what).map(|(_, n)| *n).sum::<u32>();
    for (town, doors, people, posts) in [
        ("pailou", 4_400, 11_300, 8),
        ("beijipo", 3_900, 10_000, 8),
        ("dongqu", 7_500, 15_000, 6),
        ("dianbu", 152_000, 400_000, 257),
        ("jixian", 16_000, 50_000, 60),
    ] {
        assert_eq!(of(town, "door"), doors, "doors of {town}");
        assert_eq!(of(town, "household.register"), doors, "households of {town}");
        assert_eq!(of(town, "person.register"), people, "people of {town}");
        assert_eq!(of(town, "checkpoint.open"), posts, "posts of {town}");
    }
    let blocks = |town| of(town, "block") + of(town, "row");
    assert_eq!(["pailou", "beijipo", "dongqu", "dianbu", "jixian"].map(blocks), [80, 60, 140, 3_000, 700]);
    assert_eq!((of("dianbu", "property"), of("dianbu", "none"), of("dianbu", "open")), (61, 26, 110));
    assert_eq!((of("dianbu", "site"), of("dianbu", "facility")), (2, 8), "hotels and their staff");
    assert!(of("dianbu", "village_group") > 300);
    assert_eq!(of("dianbu", "listed"), 7_756);
    assert_eq!(of("dianbu", "quarantine.order"), demo::DIANBU_ORDERS);
    assert_eq!(of("pailou", "leader"), 100);
    assert_eq!(of("beijipo", "grid_worker"), 243);
    assert_eq!(of("dongqu", "volunteer"), 60);
    assert_eq!(stairs, 430);
    assert_eq!(of("jixian", "office") + of("jixian", "grid_worker") + of("jixian", "nurse"), 70);
    assert_eq!(people_of_the_oldest_leader, 42, "households of 7号楼");
    let all: u32 = counts.iter().filter(|((_, what), _)| what == "person.register").map(|(_, n)| *n).sum();
    assert_eq!(all, 486_300);
}

#[test]
fn commands_follow_the_contract_and_refer_only_to_what_was_registered() {
    for (seed, scale) in [(1, Scale::Tiny), (2, Scale::Tiny), (3, Scale::Tenth)] {
        let mut registry = Registry::default();
        let (mut last, mut count) = (None, 0);
        for sent in demo(seed, scale).founding() {
            check_shape(&sent);
            registry.take(&sent);
            assert_eq!(sent.send, sent.command.at, "seed {seed}");
            assert_eq!(sent.send.date, date(2020, 2, 5), "seed {seed}");
            if last.as_ref().is_some_and(|(community, _)| *community == sent.community) {
                assert!(last.is_some_and(|(_, send)| send <= sent.send), "seed {seed}: out of order");
            }
            last = Some((sent.community, sent.send));
            count += 1;
        }
        let specs = catalogue(scale);
        let sum = |figure: fn(&demo::CommunitySpec) -> u32| specs.iter().map(figure).sum::<u32>() as usize;
        assert_eq!(registry.count("person"), sum(|spec| spec.people), "seed {seed}");
        assert_eq!(registry.count("household"), sum(|spec| spec.doors), "seed {seed}");
        assert_eq!(registry.count("building"), sum(demo::CommunitySpec::buildings), "seed {seed}");
        assert_eq!(count, demo(seed, scale).communities().map(|c| c.founding().len()).sum::<usize>(), "seed {seed}");
    }
}

/// Doors are unique within their unit, buildings within their estate; numbers of buildings repeat between estates.
#[test]
fn places_have_names_that_can_be_told_apart() {
    let mut repeated = 0;
    for community in demo(4, Scale::Full).communities().filter(|community| community.spec().people < 14_000) {
        let (mut buildings, mut numbers, mut estates, mut doors) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let slug = community.spec().slug.clone();
        for sent in community.founding() {
            let data = &sent.command.data;
            match sent.command.kind {
                "estate.register" => assert!(estates.insert(data["name"].clone().to_string()), "{slug}: {data}"),
                "building.register" => {
                    let place = (data["estate"].to_string(), data["name"].to_string());
                    assert!(buildings.insert(place), "{slug}: {data}");
                    repeated += u32::from(!numbers.insert(data["name"].to_string()));
                    for unit in data["units"].as_array().into_iter().flatten() {
                        for door in unit["doors"].as_array().expect("doors") {
                            let place = (data["building"].to_string(), unit["unit"].to_string(), door.to_string());
                            assert!(doors.insert(place), "{slug}: {data}");
                        }
                    }
                }
                "household.register" => {
                    let place = (data["building"].to_string(), data["unit"].to_string(), data["door"].to_string());
                    assert!(doors.remove(&place), "{slug}: {data} has no such door, or two households have it");
                    let floor = data["floor"].as_u64().expect("a floor");
                    let door = data["door"].as_str().expect("a door");
                    let village = slug.starts_with('r');
                    assert!(village || door.starts_with(&floor.to_string()), "{slug}: {data}");
                }
                "person.register" => break,
                _ => {}
            }
        }
        assert!(doors.is_empty(), "{slug}: doors without a household: {doors:?}");
    }
    assert!(repeated > 100, "numbers of buildings repeat between estates: {repeated}");
}

#[test]
fn people_are_invented_and_their_papers_agree() {
    for community in demo(5, Scale::Tenth).communities() {
        let slug = &community.spec().slug;
        for person in community.people() {
            let id = &person.id_number;
            assert!(id.starts_with("99") && id.len() == 18, "{slug}: {person:?}");
            assert_eq!(id.chars().last(), Some(id_check_character(&id[..17])), "{slug}: {person:?}");
            assert_eq!(id[6..10], person.birth_year.to_string(), "{slug}: {person:?}");
            let odd = (id.as_bytes()[16] - b'0') % 2 == 1;
            assert_eq!(odd, person.sex == demo::Sex::Male, "{slug}: {person:?}");
            assert!(person.name.chars().count() >= 3, "{slug}: {person:?}");
            assert!(person.phone.is_none_or(|phone| phone.starts_with("100") && phone.len() == 11), "{slug}");
            assert!(i32::from(person.birth_year) + person.age_years as i32 == 2020, "{slug}");
        }
    }
}

#[test]
fn the_oldest_leader_is_76_and_has_42_households() {
    for seed in 0..20 {
        let fuqiang = demo(seed, Scale::Full).community("fuqiang").expect("fuqiang");
        let leader = fuqiang
            .founding()
            .find(|sent| {
                sent.command.kind == "responsibility.assign"
                    && sent.command.data["scope"] == serde_json::json!({"building": "b007"})
                    && sent.command.data["duty"] == "leader"
            })
            .map(|sent| sent.command.data["staff"].clone());
        let staff = fuqiang
            .founding()
            .find(|sent| sent.command.kind == "staff.register" && Some(&sent.command.data["staff"]) == leader.as_ref())
            .expect("the leader of 7号楼");
        let person = staff.command.data["person"].as_str().expect("she lives there").to_owned();
        let person = fuqiang.people().find(|one| one.slug() == person).expect("a resident");
        assert_eq!((person.age_years, person.birth_year), (76, 1944), "seed {seed}");
        assert!(person.name.starts_with('杨'), "seed {seed}: {}", person.name);
        assert_eq!(staff.command.data["name"], person.name.as_str(), "seed {seed}");
    }
}

/// Communities are made alone, in any order, with the same result.
#[test]
fn a_community_does_not_depend_on_the_others() {
    let whole: Vec<_> = demo(6, Scale::Tiny).founding().collect();
    for slug in ["zushimiao", "u01", "fuqiang", "huayuan", "longquan"] {
        let alone: Vec<_> = demo(6, Scale::Tiny).community(slug).expect(slug).founding().collect();
        let part: Vec<_> = whole.iter().filter(|sent| sent.community == slug).cloned().collect();
        assert_eq!(alone, part, "{slug}");
    }
    assert!(demo(6, Scale::Tiny).community("r01").is_none());
}

#[test]
fn everything_personal_is_a_canary_and_numbers_are_unique_in_the_deployment() {
    let mut numbers = BTreeSet::new();
    for community in demo(7, Scale::Tiny).communities() {
        let slug = &community.spec().slug;
        let canaries: BTreeSet<Canary> = community.canaries().collect();
        for canary in canaries.iter().filter(|canary| canary.kind != CanaryKind::Name) {
            assert!(numbers.insert(canary.text.clone()), "{slug}: {canary:?} is in two communities");
        }
        let has = |kind, text: &serde_json::Value| {
            let text = text.as_str().expect("a text").to_owned();
            assert!(canaries.contains(&Canary { kind, text: text.clone() }), "{slug}: {text} is no canary");
        };
        let day = community.day(START, demo::Intensity::FULL);
        let mut plates = 0;
        for sent in community.founding().chain(day) {
            let data = &sent.command.data;
            if matches!(sent.command.kind, "person.register" | "staff.register") {
                has(CanaryKind::Name, &data["name"]);
            }
            data.get("id_number").into_iter().for_each(|id| has(CanaryKind::IdNumber, id));
            data["phones"].as_array().into_iter().flatten().for_each(|phone| has(CanaryKind::Phone, phone));
            if let Some(who) = data.get("unregistered") {
                has(CanaryKind::Name, &who["name"]);
                has(CanaryKind::Phone, &who["phone"]);
                who.get("id_number").into_iter().for_each(|id| has(CanaryKind::IdNumber, id));
            }
            if let Some(vehicle) = data.get("vehicle") {
                has(CanaryKind::Plate, &vehicle["plate"]);
                plates += 1;
            }
        }
        assert!(plates > 0, "{slug}");
    }
}
