//! Private text leaves intake only sealed, under a key that is kept.

use std::{fs, path::Path};

use bus::KeyStore;
use domain::{
    Event,
    values::{DeploymentKey, KeyOwner, Personal, Private, SealedPart, field},
};
use serde_json::{Value as Json, json};

use crate::harness::{ADMIN, HERE, House, building, command, fresh, household, impatient, until};

/// Texts that stand in no word of ours.
const NAME: &str = "欧阳翡翠";
const PHONE: &str = "13987650123";
const ID_NUMBER: &str = "420104194403051230";
const STREET: &str = "琵琶巷九号";
const NOTE: &str = "昨夜梦见大海";
const CODE: &str = "QXJZ-777";
const PLATE: &str = "鄂A9K8J7";
const CANARIES: [&str; 7] = [NAME, PHONE, ID_NUMBER, STREET, NOTE, CODE, PLATE];

/// Commands that hold private text wherever a command can.
fn commands() -> Vec<Json> {
    let stranger = json!({"ref": "r1", "name": NAME, "phone": PHONE, "id_number": ID_NUMBER, "from": STREET});
    vec![
        fresh("building.register", json!({"building": "b07", "name": "7号楼", "address": STREET, "units": [{"unit": "1", "floors": 6, "doors": ["101"]}]})),
        fresh("household.register", json!({"household": "h1", "building": "b07", "unit": "1", "label": NAME, "part": NOTE, "code": CODE, "phones": [PHONE]})),
        fresh("person.register", json!({"person": "p1", "name": NAME, "household": "h1", "id_number": ID_NUMBER, "phones": [PHONE]})),
        fresh("person.register", json!({"person": "p2", "name": NAME, "household": "h1"})),
        fresh("staff.register", json!({"staff": "s1", "name": NAME, "roles": ["leader"], "phones": [PHONE]})),
        fresh("residence.end", json!({"person": "p2", "household": "h1", "reason": NOTE})),
        fresh(
            "visit.record",
            json!({"building": "b07", "label": NAME, "outcome": "met", "mode": "door", "answers": {"q1": NOTE}, "people": [
            {"person": "p1", "note": NOTE, "exposure": {"place": STREET, "contact": NAME}}, {"unregistered": stranger.clone()}]}),
        ),
        fresh("checkpoint.open", json!({"checkpoint": "c1", "name": "东门", "kind": "gate"})),
        fresh(
            "entry.record",
            json!({"checkpoint": "c1", "direction": "in", "unregistered": stranger, "vehicle": {"plate": PLATE, "occupants": 2}, "id_checked": true, "pass": CODE,
            "pass_checked": true, "host": NAME, "purpose": NOTE, "from": STREET, "result": "turned_back", "reason": NOTE}),
        ),
        fresh(
            "building.report",
            json!({"scopes": [{"building": "b07"}], "basis": "seen", "exceptions": [{"building": "b07", "kind": "other", "from": STREET, "note": NOTE}]}),
        ),
        fresh("policy.set", json!({"effective_from": "2020-02-01T00:00:00+08:00", "reason": NOTE, "grace_minutes": 45})),
        fresh("quarantine.order", json!({"quarantine": "q1", "person": "p1", "kind": "home", "count_from": {"date": "2020-02-05", "basis": "exposure"}})),
        fresh("quarantine.release", json!({"quarantine": "q1", "reason": "mistake", "document": NOTE})),
    ]
}

fn canary_in(bytes: &[u8]) -> Option<&'static str> {
    CANARIES.into_iter().find(|canary| bytes.windows(canary.len()).any(|window| window == canary.as_bytes()))
}

fn each_file(folder: &Path, see: &mut dyn FnMut(&Path, &[u8])) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { each_file(&path, see) } else { see(&path, &fs::read(&path).unwrap()) }
    }
}

fn sealed_parts(event: &mut Event) -> Vec<SealedPart> {
    let mut parts = Vec::new();
    event.each_private(&mut |private| match private {
        Private::Sealed(part) => parts.push(part.clone()),
        Private::Plain { .. } => panic!("plain text on the log"),
    });
    parts
}

#[tokio::test(flavor = "multi_thread")]
async fn no_private_text_is_in_the_log_in_the_store_or_in_an_answer() {
    let mut house = House::open().await;
    let commands = commands();
    let visit = commands[6].clone();
    house.record(&commands).await;
    house.record(&[fresh("record.retract", json!({"command": visit["id"], "reason": NOTE}))]).await;
    let office = "person,name,phones,id_number\np3,欧阳翡翠,13987650123,420104194403051230\n";
    let told = house.request("POST", &format!("/communities/{HERE}/imports?kind=people"), ADMIN, "text/csv", office).await;
    assert_eq!(told.json()["accepted"], 1, "{}", told.text());
    for on_log in house.log().await {
        assert_eq!(canary_in(&on_log.payload), None, "commit {} holds it", on_log.sequence);
        assert_eq!(canary_in(on_log.subject.as_bytes()), None, "{}", on_log.subject);
    }
    house.stop().await;
    let mut bytes_seen = 0;
    each_file(house.folder.path(), &mut |path, bytes| {
        bytes_seen += bytes.len();
        assert_eq!(canary_in(bytes), None, "{} holds it", path.display());
    });
    assert!(bytes_seen > 1000, "the store was written");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_does_not_repeat_private_text_wherever_it_was_put() {
    let house = House::open().await;
    house.record(&[building("b07", "7号楼")]).await;
    // every text of every command, in its own place and where it does not belong
    let mut bodies: Vec<String> = Vec::new();
    for command in commands() {
        bodies.push(command.to_string());
        let mut places = Vec::new();
        leaves(&command, String::new(), &mut places);
        for place in places.iter().filter(|place| **place != "/data/name") {
            for canary in [json!(NAME), json!(PHONE), json!([NAME]), json!({"a": NOTE}), json!(format!("{NAME}, expected {NAME} at line {NAME}"))] {
                let mut changed = command.clone();
                changed["id"] = json!(uuid::Uuid::now_v7());
                *changed.pointer_mut(place).unwrap() = canary;
                bodies.push(changed.to_string());
            }
        }
    }
    bodies.push(format!("{{\"id\":\"{NAME}"));
    for body in bodies {
        let reply = house.post(HERE, ADMIN, &body).await;
        assert_eq!(canary_in(&reply.body), None, "{body}\n{}", reply.text());
    }
    for file in [
        format!("{NAME},{PHONE}\n"),
        format!("person,name\n{NAME},{NAME}\n"),
        format!("person,name,birth_year,sex\np1,,{NAME},{PHONE}\n"),
        format!("person,name\np1,\"{NAME}\" {NOTE}"),
    ] {
        let reply = house.request("POST", &format!("/communities/{HERE}/imports?kind=people"), ADMIN, "text/csv", file.clone()).await;
        assert_eq!(canary_in(&reply.body), None, "{file}\n{}", reply.text());
    }
}

/// Pointers of everything that is neither object nor list.
fn leaves(json: &Json, pointer: String, found: &mut Vec<String>) {
    match json {
        Json::Object(fields) => fields.iter().for_each(|(name, value)| leaves(value, format!("{pointer}/{name}"), found)),
        Json::Array(items) => items.iter().enumerate().for_each(|(index, value)| leaves(value, format!("{pointer}/{index}"), found)),
        _ => found.push(pointer),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sealed_opens_with_the_key_of_whom_it_is_about_and_no_other() {
    let house = House::open().await;
    house.record(&commands()).await;
    let here = HERE.parse().unwrap();
    let person = KeyOwner::Person("p1".parse().unwrap()).key_id(&house.secrets.key_ids, &here);
    let (mut of_person, mut of_others) = (0, 0);
    for on_log in house.log().await {
        for mut event in on_log.commit.events {
            for part in sealed_parts(&mut event) {
                let fields = house.opened(&here, &Private::Sealed(part.clone())).await;
                assert!(!fields.is_empty());
                let wrapped = house.keys.get(&person.to_string()).await.unwrap().unwrap();
                let key = house.secrets.unwrap_key(&wrapped, person).unwrap();
                if part.key == person {
                    of_person += 1;
                    assert_eq!(part.open(&key, &here), Ok(fields));
                    assert!(part.open(&key, &"u08".parse().unwrap()).is_err(), "a part opens in its own community only");
                } else {
                    of_others += 1;
                    assert!(part.open(&key, &here).is_err());
                }
                assert!(DeploymentKey::new(&[8; 32]).unwrap_key(&wrapped, person).is_err(), "the stored key is wrapped");
            }
        }
    }
    // registration, visit, release; and the rest
    assert!(of_person >= 3 && of_others >= 8, "{of_person} {of_others}");
    let registered = house.log().await.into_iter().find_map(|on_log| match on_log.commit.events.into_iter().next() {
        Some(Event::PersonRegistered(event)) => event.private,
        _ => None,
    });
    let fields = house.opened(&here, &registered.unwrap()).await;
    assert_eq!((fields.first(field::NAME), fields.all(field::PHONE), fields.first(field::ID_NUMBER)), (Some(NAME), &[PHONE.to_owned()][..], Some(ID_NUMBER)));
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_has_one_key_for_ever_and_every_seal_is_new() {
    let mut house = House::open().await;
    let person = |name: &str| fresh("person.register", json!({"person": "p1", "name": name}));
    house.record(&[person("甲"), person("乙")]).await;
    house.restart().await;
    house.record(&[person("甲")]).await;
    house.restart_from_the_log().await;
    house.record(&[person("乙")]).await;
    let mut parts = Vec::new();
    for on_log in house.log().await {
        for mut event in on_log.commit.events {
            parts.extend(sealed_parts(&mut event));
        }
    }
    assert_eq!(parts.len(), 4);
    assert!(parts.iter().all(|part| part.key == parts[0].key));
    let mut nonces: Vec<_> = parts.iter().map(|part| part.nonce).collect();
    nonces.sort();
    nonces.dedup();
    assert_eq!(nonces.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_commands_parts_are_told_apart_so_that_none_takes_the_place_of_another() {
    let house = House::open().await;
    let people = json!([{"unregistered": {"ref": "r1", "name": "甲"}}, {"unregistered": {"ref": "r2", "name": "乙"}}]);
    let visit = command(uuid::Uuid::now_v7(), "visit.record", json!({"building": "b07", "outcome": "met", "mode": "door", "people": people}));
    house.record(&[building("b07", "7号楼"), visit.clone()]).await;
    let mut event = house.commits_of(&visit).await[0].commit.events[0].clone();
    let parts = sealed_parts(&mut event);
    assert_eq!(parts.iter().map(|part| part.ordinal).collect::<Vec<_>>(), [0, 1]);
    assert_eq!(parts[0].key, parts[1].key, "people without a file share the key of the command");
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_keys_are_noticed_at_the_start_and_nothing_is_sealed_with_new_ones() {
    let mut house = House::with(impatient()).await;
    house.record(&[building("b07", "7号楼"), household("h1", "b07")]).await;
    let (keys, secrets) = (house.keys.clone(), house.secrets.clone());
    for (new_keys, new_secrets, expected) in
        [(KeyStore::in_memory(), secrets.clone(), "restore the stream KEYS"), (keys.clone(), DeploymentKey::new(&[8; 32]), "deployment.key")]
    {
        house.stop().await;
        (house.keys, house.secrets) = (new_keys, new_secrets);
        house.begin().await;
        until("the reason is told", async || house.why_not().is_some_and(|why| why.contains(expected))).await;
        let reply = house.send(&fresh("person.register", json!({"person": "p1", "name": NAME}))).await;
        assert_eq!(reply.told(), (503, "starting".to_owned()));
    }
    house.stop().await;
    (house.keys, house.secrets) = (keys, secrets);
    house.start().await;
    house.record(&[fresh("person.register", json!({"person": "p1", "name": NAME}))]).await;
}
