//! What is written is read for ever: golden bytes of every event, of the frame around them, and of everything that is derived from content.
//!
//! A file that is missing is written and the test fails once, so that it gets committed; with `GRIDWARD_GOLDEN=accept` it does not fail.
//! A file that is there is never changed: another shape is another name.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where it stopped")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use domain::{
    Commit, Event,
    access::SecretHash,
    alert::Key,
    commit::content_hash,
    log::CommitHash,
    values::{CommandId, KeyId, KeyOwner, Private, PrivateFields, SealedPart, SecretKey},
};
use serde_json::{Value, json};
use testkit::{Sample, Source, event_of, payload};

/// What the samples of golden bytes are made from. Another seed would only matter for files that do not exist yet.
const SEED: u64 = 20_200_206;
/// Hex digits in a line of a file.
const LINE: usize = 96;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("contract/golden")
}

fn to_hex(bytes: &[u8]) -> String {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.as_bytes().chunks(LINE).fold(String::new(), |text, line| text + &String::from_utf8_lossy(line) + "\n")
}

fn from_hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// The text of a golden file, or nothing after writing it with what it should be.
fn golden(name: &str, fresh: impl FnOnce() -> String) -> Option<String> {
    let path = folder().join(name);
    if let Ok(text) = fs::read_to_string(&path) {
        return Some(text);
    }
    fs::create_dir_all(folder()).unwrap();
    fs::write(path, fresh()).unwrap();
    None
}

/// Whether somebody asked for new files, and looks at them.
fn accepting() -> bool {
    std::env::var("GRIDWARD_GOLDEN").is_ok_and(|word| word == "accept")
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

/// The golden files of a kind that existed before this run, and a note of those that were missing.
fn require(files: &[(String, String)]) {
    let missing: Vec<&String> = files.iter().filter(|(name, fresh)| golden(name, || fresh.clone()).is_none()).map(|(name, _)| name).collect();
    assert!(missing.is_empty() || accepting(), "these files were missing and have been written: look at them and commit them: {missing:?}");
}

#[test]
fn every_event_has_golden_bytes() {
    let files = Event::NAMES.iter().flat_map(|name| {
        let event = event_of(name, &mut Source::full(SEED)).unwrap_or_else(|| panic!("there is no sample of {name}"));
        assert_eq!(event.name(), *name, "a sample under another event's name");
        [(format!("{name}.hex"), to_hex(&event.encode().unwrap())), (format!("{name}.json"), pretty(&payload(&event)))]
    });
    require(&files.collect::<Vec<_>>());
}

#[test]
fn every_golden_event_decodes_to_what_it_said_and_encodes_to_itself() {
    let mut read = BTreeSet::new();
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        let Some(name) = file.strip_suffix(".hex").filter(|name| name.contains(".v")) else { continue };
        let bytes = from_hex(&fs::read_to_string(&path).unwrap());
        let event = Event::decode(name, &bytes).unwrap_or_else(|error| panic!("{name} was written once and is not read any more: {error}"));
        assert_eq!(event.encode().unwrap(), bytes, "{name} does not encode to itself");
        let said: Value = serde_json::from_str(&fs::read_to_string(path.with_extension("json")).unwrap()).unwrap();
        assert_eq!(payload(&event), said, "{name} does not say what it said");
        read.insert(name.to_owned());
    }
    let known: BTreeSet<String> = Event::NAMES.iter().map(|name| (*name).to_owned()).collect();
    assert!(known.is_subset(&read), "no golden bytes of {:?}", known.difference(&read));
}

#[test]
fn golden_bytes_have_no_option_absent_and_no_list_empty() {
    for name in Event::NAMES {
        let event = event_of(name, &mut Source::full(SEED)).unwrap();
        // a reading has one of two measures, but its bytes show both; nothing may hide in an empty list
        let text = payload(&event).to_string();
        assert!(!text.contains("null") && !text.contains("[]") && !text.contains("{}"), "{name}: {text}");
    }
}

fn sample_commit() -> Commit {
    let source = &mut Source::full(SEED);
    let events = ["visit.recorded.v1", "quarantine.checked.v1"].iter().filter_map(|name| event_of(name, source)).collect();
    Commit { header: Sample::sample(source), events }
}

fn commit_json(commit: &Commit) -> Value {
    let events: Vec<Value> = commit.events.iter().map(|event| json!({"name": event.name(), "data": payload(event)})).collect();
    json!({"header": serde_json::to_value(&commit.header).unwrap(), "events": events})
}

#[test]
fn the_frame_has_golden_bytes() {
    let commit = sample_commit();
    require(&[("frame-1.hex".to_owned(), to_hex(&commit.encode().unwrap())), ("frame-1.json".to_owned(), pretty(&commit_json(&commit)))]);
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "hex") || !path.file_name().unwrap().to_string_lossy().starts_with("frame-") {
            continue;
        }
        let bytes = from_hex(&fs::read_to_string(&path).unwrap());
        let commit = Commit::decode(&bytes).unwrap_or_else(|error| panic!("{path:?} was written once and is not read any more: {error}"));
        assert_eq!(commit.encode().unwrap(), bytes, "{path:?}");
        let said: Value = serde_json::from_str(&fs::read_to_string(path.with_extension("json")).unwrap()).unwrap();
        assert_eq!(commit_json(&commit), said, "{path:?}");
    }
}

#[test]
fn a_sealed_part_of_long_ago_still_opens() {
    let fields = PrivateFields::default().with("name", Some("杨桂英")).with_all("phone", &["0551-1".to_owned(), "0551-2".to_owned()]);
    let (secret, community) = (SecretKey([7; 32]), "u07".parse().unwrap());
    let place = (CommandId("01922f0c-7b1e-7c3a-9f00-5b1d2c3e4f50".parse().unwrap()), 1);
    let sealed = SealedPart::seal(&fields, (KeyId([1; 16]), &secret), [3; 24], &community, place).unwrap();
    let command = json!({"command": place.0, "ordinal": place.1, "opened": fields});
    // an event that is little more than its sealed part
    let event = Event::AlertResolved(domain::alert::Resolved { private: Some(Private::Sealed(sealed)), ..resolved() });
    require(&[("sealed-1.hex".to_owned(), to_hex(&event.encode().unwrap())), ("sealed-1.json".to_owned(), pretty(&command))]);
    let bytes = from_hex(&golden("sealed-1.hex", String::new).unwrap());
    let Ok(Event::AlertResolved(resolved)) = Event::decode("alert.resolved.v1", &bytes) else { panic!("not what was written") };
    let Some(Private::Sealed(part)) = resolved.private else { panic!("nothing sealed") };
    assert_eq!(part.open(&secret, &community), Ok(fields));
    assert!(part.open(&SecretKey([8; 32]), &community).is_err());
}

fn resolved() -> domain::alert::Resolved {
    match event_of("alert.resolved.v1", &mut Source::full(SEED)) {
        Some(Event::AlertResolved(resolved)) => resolved,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_derived_from_content_is_the_same_for_ever() {
    let secret = SecretKey([42; 32]);
    let community = "u07".parse().unwrap();
    let key = Key { rule: "fever".parse().unwrap(), subject_kind: "person".parse().unwrap(), subject_id: "p1".parse().unwrap() };
    let command: CommandId = "01922f0c-7b1e-7c3a-9f00-5b1d2c3e4f50".parse().unwrap();
    let owners = [
        KeyOwner::Person("p1".parse().unwrap()),
        KeyOwner::Household("h502".parse().unwrap()),
        KeyOwner::Building("b07".parse().unwrap()),
        KeyOwner::Staff("s-yang".parse().unwrap()),
        KeyOwner::Command(command),
    ];
    let derived = json!({
        "alert key": key.hash(&community).to_string(),
        "commit hash": CommitHash::of(b"bytes as stored").0,
        "content hash": content_hash(b"{}", &secret),
        "fingerprint": secret.fingerprint("杨桂英").to_string(),
        "key ids": owners.iter().map(|owner| owner.key_id(&secret, &community).to_string()).collect::<Vec<_>>(),
        "secret hash": SecretHash::of("a bearer token"),
    });
    require(&[("derived.json".to_owned(), pretty(&derived))]);
    let said: Value = serde_json::from_str(&golden("derived.json", String::new).unwrap()).unwrap();
    assert_eq!(derived, said, "every id, key and hash on the log depends on this");
}

#[test]
fn every_word_keeps_its_number() {
    let mut lists = serde_json::Map::new();
    for (list, word, code) in testkit::words() {
        let list: String = list.split_whitespace().collect();
        let entry = lists.entry(list).or_insert_with(|| json!({}));
        assert!(entry.get(code.to_string()).is_none(), "two words with the number {code}");
        entry[code.to_string()] = json!(word);
    }
    require(&[("words.json".to_owned(), pretty(&Value::Object(lists.clone())))]);
    let said: serde_json::Map<String, Value> = serde_json::from_str(&golden("words.json", String::new).unwrap()).unwrap();
    for (list, numbers) in &said {
        for (code, word) in numbers.as_object().unwrap() {
            let now = lists.get(list).and_then(|numbers| numbers.get(code));
            assert_eq!(now, Some(word), "{list}: number {code} meant {word} once");
        }
    }
    let added: Vec<String> = lists.iter().filter(|(list, numbers)| said.get(*list) != Some(numbers)).map(|(list, _)| list.clone()).collect();
    if accepting() {
        fs::write(folder().join("words.json"), pretty(&Value::Object(lists))).unwrap();
    } else {
        assert!(added.is_empty(), "new words, to be accepted with `just golden-accept`: {added:?}");
    }
}

#[test]
fn a_changed_shape_is_noticed() {
    // what this folder is for: the same bytes under a shape with a field more, a field less, another number
    let bytes = event_of("round.closed.v1", &mut Source::full(SEED)).unwrap().encode().unwrap();
    assert!(Event::decode("round.closed.v1", &[&bytes[..], &[0]].concat()).is_err(), "a byte more");
    assert!(Event::decode("round.closed.v1", &bytes[..bytes.len() - 1]).is_err(), "a byte less");
    assert!(Event::decode("round.closed.v2", &bytes).is_err(), "a name of later");
    let visit = event_of("visit.recorded.v1", &mut Source::full(SEED)).unwrap().encode().unwrap();
    assert!(Event::decode("entry.recorded.v1", &visit).is_err(), "another event's bytes");
}
