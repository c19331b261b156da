//! The contract's table as code, and a reader that follows the commands and remembers what was registered.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::collections::{BTreeMap, BTreeSet};

use demo::Sent;
use serde_json::Value;

/// Fields of a record: needed ones, then optional ones.
pub(crate) type Fields = (&'static [&'static str], &'static [&'static str]);

/// The table of commands in the contract, for the types the demo uses.
pub(crate) fn fields_of(kind: &str) -> Option<Fields> {
    Some(match kind {
        "community.found" => (&["town", "community", "name"], &["town_name", "time_zone"]),
        "policy.set" => (
            &[],
            &[
                "effective_from",
                "fever",
                "regimes",
                "grace_minutes",
                "remeasure_minutes",
                "report_due",
                "stale_after_hours",
                "escalation",
                "quiet_hours",
                "rules",
            ],
        ),
        "estate.register" => (&["estate", "name", "governance"], &["zone"]),
        "building.register" => (&["building", "name"], &["kind", "estate", "grid", "address", "units"]),
        "household.register" => (&["household", "building"], &["unit", "floor", "door", "label", "part", "code", "phones"]),
        "person.register" => (&["person", "name"], &["household", "id_number", "phones", "birth_year", "sex", "categories"]),
        "staff.register" => (&["staff", "name", "roles"], &["phones", "org", "person", "until"]),
        "responsibility.assign" => (&["scope", "duty", "level", "staff"], &["standing", "from", "until"]),
        "checkpoint.open" => (&["checkpoint", "name", "kind"], &["serves"]),
        "round.open" => (&["round"], &["name", "scope", "closes_at", "reached_by", "questions"]),
        "round.close" => (&["round"], &[]),
        "visit.record" => (&["outcome", "mode"], &["household", "building", "unit", "floor", "door", "label", "round", "people", "answers", "call_back_at"]),
        "building.report" => (&["scopes", "basis"], &["for_date", "exceptions"]),
        "entry.record" => (
            &["checkpoint", "direction", "id_checked", "pass_checked", "result"],
            &["person", "unregistered", "trip", "vehicle", "readings", "pass", "id_match", "host", "purpose", "from", "reason"],
        ),
        "entry.settle" => (&["entry", "result"], &["readings"]),
        "quarantine.order" => (&["quarantine", "person", "kind", "count_from"], &["household", "facility", "room", "regime", "days"]),
        "quarantine.check" => (&["checks", "mode"], &[]),
        "quarantine.release" => (&["quarantine", "reason"], &["document"]),
        _ => return None,
    })
}

/// Shapes inside records, by the key they stand under.
fn inner_fields(key: &str) -> Option<Fields> {
    Some(match key {
        "units" => (&["unit", "floors", "doors"], &["name"]),
        "people" => (&[], &["person", "unregistered", "basis", "presence", "readings", "not_measured", "symptoms", "exposure", "note"]),
        "readings" => (&["site"], &["celsius", "unreadable", "at", "device"]),
        "unregistered" => (&["ref"], &["name", "sex", "birth_year", "phone", "id_number", "from"]),
        "exposure" => (&["place"], &["left_on", "arrived_on", "contact"]),
        "vehicle" => (&["plate", "occupants"], &[]),
        "scopes" => (&["building"], &["unit"]),
        "exceptions" => (&["kind"], &["household", "building", "unit", "floor", "door", "label", "from", "note"]),
        "checks" => (&["quarantine", "outcome"], &["readings", "symptoms", "slot"]),
        "slot" => (&["date", "name"], &[]),
        "count_from" => (&["date", "basis"], &[]),
        "fever" => (&[], &["threshold", "comparator", "clear_below"]),
        "scope" => (&[], &["community", "area", "estate", "grid", "building", "unit", "household", "person", "quarantine", "checkpoint", "facility"]),
        _ => return None,
    })
}

/// The words a field may hold, by type (or shape) and field.
fn words(shape: &str, field: &str) -> Option<&'static [&'static str]> {
    Some(match (shape, field) {
        ("estate.register", "governance") => &["property", "none", "open", "village", "workplace"],
        ("building.register", "kind") => &["block", "row", "village_group", "dormitory", "workplace", "site"],
        ("checkpoint.open", "kind") => &["gate", "street", "village", "road", "facility", "workplace", "health_point", "plaza"],
        ("responsibility.assign", "standing") => &["main", "deputy", "acting"],
        ("person.register" | "unregistered", "sex") => &["f", "m"],
        ("visit.record", "outcome") => &["met", "absent", "away", "refused", "vacant", "moved_out", "no_such_door", "no_answer", "wrong_number"],
        ("visit.record", "mode") => &["door", "phone", "video", "message"],
        ("people", "basis") => &["seen", "told"],
        ("people", "presence") => &["here", "away", "left", "new"],
        ("readings", "site") => &["forehead", "ear", "axilla", "oral", "thermal"],
        ("readings", "unreadable") => &["low", "high"],
        ("building.report", "basis") => &["seen", "phoned", "heard"],
        ("exceptions", "kind") => &["arrived", "left", "stranger", "ill", "absent", "other"],
        ("entry.record", "direction") => &["in", "out"],
        ("entry.record" | "entry.settle", "result") => &["admitted", "turned_back", "waiting", "sent_to_clinic"],
        ("quarantine.order", "kind") => &["home", "facility", "hospital", "watch"],
        ("count_from", "basis") => &["exposure", "arrival", "order"],
        ("checks", "outcome") => &["reached", "no_answer", "not_home", "refused", "hospital"],
        ("quarantine.check", "mode") => &["door", "phone", "video", "message", "self"],
        ("quarantine.release", "reason") => &["completed", "hospital", "died", "moved", "mistake"],
        _ => return None,
    })
}

fn check_record(shape: &str, (needed, optional): Fields, record: &Value) {
    let record = record.as_object().unwrap_or_else(|| panic!("{shape} is no object: {record}"));
    for field in needed {
        assert!(record.contains_key(*field), "{shape} lacks {field}: {record:?}");
    }
    for (field, value) in record {
        assert!(needed.contains(&field.as_str()) || optional.contains(&field.as_str()), "{shape} has {field}: {record:?}");
        assert!(!value.is_null(), "{shape}.{field} is null");
        if let Some(words) = words(shape, field) {
            assert!(words.contains(&value.as_str().unwrap_or("")), "{shape}.{field} is {value}");
        }
        if let Some(inner) = inner_fields(field) {
            match value {
                Value::Array(items) => items.iter().for_each(|item| check_record(field, inner, item)),
                _ => check_record(field, inner, value),
            }
        }
    }
    match shape {
        "people" | "entry.record" => exactly_one(shape, record, &["person", "unregistered"]),
        "visit.record" | "exceptions" => exactly_one(shape, record, &["household", "building"]),
        "readings" => exactly_one(shape, record, &["celsius", "unreadable"]),
        _ => {}
    }
    if shape == "readings"
        && let Some(celsius) = record.get("celsius")
    {
        check_temperature(celsius);
    }
}

fn exactly_one(shape: &str, record: &serde_json::Map<String, Value>, fields: &[&str]) {
    let given = fields.iter().filter(|field| record.contains_key(**field)).count();
    assert_eq!(given, 1, "{shape} must have exactly one of {fields:?}: {record:?}");
}

/// 34.0 to 42.5 with at most one decimal, as written in the JSON text.
fn check_temperature(celsius: &Value) {
    let value = celsius.as_f64().unwrap_or_else(|| panic!("{celsius} is no number"));
    assert!((34.0..=42.5).contains(&value), "{celsius} is out of range");
    let text = celsius.to_string();
    let decimals = text.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    assert!(decimals <= 1, "{text} has {decimals} decimals");
}

/// Checks the shape of a command against the contract's table.
pub(crate) fn check_shape(sent: &Sent) {
    let command = sent.command.to_json();
    let envelope = (&["id", "type", "at", "data"][..], &["at_precision", "by", "via", "paper", "sent_at", "replaces"][..]);
    let kind = sent.command.kind;
    let fields = fields_of(kind).unwrap_or_else(|| panic!("{kind} is not in the contract"));
    check_record("command", envelope, &command);
    check_record(kind, fields, &sent.command.data);
}

/// `[a-z0-9][a-z0-9_-]{0,63}`, and no run of digits as long as an ID number or a mobile number.
pub(crate) fn check_slug(slug: &str) {
    let bytes = slug.as_bytes();
    let plain = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    assert!((1..=64).contains(&bytes.len()) && plain(&bytes[0]), "{slug} is no slug");
    assert!(bytes.iter().all(|byte| plain(byte) || b"_-".contains(byte)), "{slug} is no slug");
    let longest = slug.split(|c: char| !c.is_ascii_digit()).map(str::len).max().unwrap_or(0);
    assert!(longest < 11, "{slug} looks like a number of a person");
}

/// Remembers what was registered, per community, and refuses what refers to something else.
#[derive(Default)]
pub(crate) struct Registry {
    known: BTreeMap<String, BTreeSet<(&'static str, String)>>,
    ids: BTreeSet<uuid::Uuid>,
}

/// What each type brings into being.
fn registers(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "community.found" => "community",
        "estate.register" => "estate",
        "building.register" => "building",
        "household.register" => "household",
        "person.register" => "person",
        "staff.register" => "staff",
        "checkpoint.open" => "checkpoint",
        "round.open" => "round",
        "quarantine.order" => "quarantine",
        _ => return None,
    })
}

const REFERENCES: [&str; 10] = ["community", "estate", "building", "household", "person", "staff", "checkpoint", "round", "quarantine", "grid"];

impl Registry {
    /// Takes the next command: its id must be new, everything it refers to known.
    pub(crate) fn take(&mut self, sent: &Sent) {
        let command = &sent.command;
        assert!(self.ids.insert(command.id), "{} comes twice: {}", command.id, command.to_json());
        let known = self.known.entry(sent.community.clone()).or_default();
        if let Some(thing) = registers(command.kind) {
            let slug = command.data[thing].as_str().expect("a slug").to_owned();
            check_slug(&slug);
            assert!(known.insert((thing, slug.clone())), "{thing} {slug} is registered twice in {}", sent.community);
        }
        // grids have no command of their own yet: a building brings its grid
        if command.kind == "building.register"
            && let Some(grid) = command.data["grid"].as_str()
        {
            known.insert(("grid", grid.to_owned()));
        }
        for staff in &command.by {
            assert!(known.contains(&("staff", staff.clone())), "unknown staff {staff} in {}", command.to_json());
        }
        if command.kind == "entry.settle" {
            let entry = command.data["entry"].as_str().expect("an entry").parse().expect("a uuid");
            assert!(self.ids.contains(&entry), "settles an unknown entry: {}", command.to_json());
        }
        check_references(known, &command.data);
    }

    /// How many things of a kind are known in all communities together.
    pub(crate) fn count(&self, thing: &str) -> usize {
        self.known.values().map(|known| known.iter().filter(|(kind, _)| *kind == thing).count()).sum()
    }
}

fn check_references(known: &BTreeSet<(&'static str, String)>, value: &Value) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| check_references(known, item)),
        Value::Object(fields) => {
            for (field, value) in fields {
                let field = if field == "host" { "household" } else { field.as_str() };
                let thing = REFERENCES.into_iter().find(|thing| *thing == field);
                if let (Some(thing), Some(slug)) = (thing, value.as_str()) {
                    assert!(known.contains(&(thing, slug.to_owned())), "unknown {thing} {slug} in {fields:?}");
                }
                if matches!(field, "ref" | "trip") {
                    check_slug(value.as_str().expect("a slug"));
                }
                check_references(known, value);
            }
        }
        _ => {}
    }
}
