//! Every command as the parser takes it against its schema: the same fields, the same words, the same types; and a living day of them.

use std::collections::BTreeSet;

use demo::{Demo, Intensity, Scale};
use domain::Command;
use jiff::civil::date;
use serde_json::{Value, json};
use testkit::World;

use crate::schema::{Contract, Look, places, texts, with};

/// A field and a word that nothing is called.
const NOTHING: &str = "zzz";

/// Types that callers may send.
fn types() -> BTreeSet<String> {
    Command::TYPES.iter().filter(|kind| !Command::INTERNAL_TYPES.contains(kind)).map(|kind| (*kind).to_owned()).collect()
}

/// Why the parser refuses data, if it does.
fn refused(kind: &str, data: &Value) -> Option<String> {
    thread_local!(static WORLD: World = World::founded());
    WORLD.with(|world| world.shape_error(kind, data.clone()))
}

/// The names between backticks after "expected" in a parser's error.
fn expected(error: &str) -> BTreeSet<String> {
    error.split("expected").nth(1).unwrap_or_default().split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// What the parser takes as data of a type: its examples, each with its own.
fn examples(contract: &Contract) -> Vec<(String, Value)> {
    let all = types().into_iter().flat_map(|kind| {
        let examples = contract.schema(&kind)["examples"].as_array().cloned().unwrap_or_default();
        assert!(!examples.is_empty(), "{kind} shows no example");
        examples.into_iter().map(move |example| (kind.clone(), example))
    });
    all.collect()
}

#[test]
fn every_type_is_described() {
    let contract = Contract::ours();
    let command = contract.schema("Command");
    assert_eq!(texts(command.pointer("/properties/type/enum")).collect::<BTreeSet<_>>(), types());
    let choices = command["oneOf"].as_array().unwrap();
    let described: BTreeSet<String> = choices.iter().filter_map(|choice| choice.pointer("/properties/type/const")?.as_str().map(str::to_owned)).collect();
    assert_eq!(described, types());
    for choice in choices {
        let kind = choice.pointer("/properties/type/const").unwrap().as_str().unwrap();
        assert_eq!(choice.pointer("/properties/data/$ref").unwrap(), &json!(format!("#/components/schemas/{kind}")));
    }
}

#[test]
fn the_envelope_has_the_fields_that_are_parsed() {
    let contract = Contract::ours();
    let envelope = json!({"id": "01922f0c-7b1e-7c3a-9f00-5b1d2c3e4f50", "type": "round.close", "data": {"round": "r1"}, NOTHING: 1});
    let problem = intake_problem(&envelope);
    let described: BTreeSet<String> = contract.schema("Command")["properties"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(expected(&problem), described, "{problem}");
}

/// What is said of an envelope that holds too much, by the same list of fields as intake's.
fn intake_problem(envelope: &Value) -> String {
    let source = std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/intake/src/parse.rs")).unwrap();
    assert!(envelope.get(NOTHING).is_some());
    let (_, form) = source.split_once("struct Form<'a> {\n").unwrap();
    let lines: Vec<&str> = form.split("\n}").next().unwrap().lines().map(str::trim).collect();
    let field = |(index, line): (usize, &&str)| {
        let name = line.split(": ").next().unwrap_or_default();
        let renamed = index.checked_sub(1).and_then(|before| lines[before].strip_prefix("#[serde(rename = \"")).and_then(|rest| rest.split('"').next());
        (!line.starts_with('#')).then(|| format!("`{}`", renamed.unwrap_or(name)))
    };
    format!("expected one of {}", lines.iter().enumerate().filter_map(field).collect::<Vec<_>>().join(", "))
}

#[test]
fn the_fields_and_the_words_are_those_of_the_parser() {
    let contract = Contract::ours();
    let (mut objects, mut lists) = (0, 0);
    for (kind, example) in examples(&contract) {
        assert_eq!(refused(&kind, &example), None, "{kind}: the parser does not take its example");
        let (complaints, visited) = contract.visit(contract.schema(&kind), &example, Look::Shape);
        assert_eq!(complaints, Vec::<String>::new(), "{kind}");
        for (at, (fields, _)) in &visited.objects {
            let mut with_more = example.clone();
            with_more.pointer_mut(at).unwrap()[NOTHING] = json!(1);
            let error = refused(&kind, &with_more).unwrap_or_else(|| panic!("{kind}{at}: the parser takes a field that nobody described"));
            assert_eq!(&expected(&error), fields, "{kind}{at}: {error}");
            objects += 1;
        }
        for (at, words) in &visited.words {
            // a word that is the name of a field is looked at below
            if !example.pointer(at).is_some_and(Value::is_string) {
                continue;
            }
            let error = refused(&kind, &with(&example, at, json!(NOTHING))).unwrap_or_else(|| panic!("{kind}{at}: the parser takes any word"));
            assert_eq!(&expected(&error), words, "{kind}{at}: {error}");
            lists += 1;
        }
        for (at, names) in &visited.names {
            let mut with_more = example.clone();
            let map = with_more.pointer_mut(at).unwrap().as_object_mut().unwrap();
            let value = map.values().next().unwrap().clone();
            map.insert(NOTHING.to_owned(), value);
            // one of two ways to say a threshold: the parser does not tell which names it knows
            match refused(&kind, &with_more) {
                Some(error) if error.contains("untagged") => {}
                Some(error) => assert_eq!(&expected(&error), names, "{kind}{at}: {error}"),
                None => panic!("{kind}{at}: the parser takes any name"),
            }
        }
    }
    assert!(objects > 50 && lists > 30, "only {objects} objects and {lists} lists of words");
}

#[test]
fn examples_show_every_field() {
    let contract = Contract::ours();
    for kind in types() {
        let mut open = BTreeSet::new();
        let mut shown = BTreeSet::new();
        for (_, example) in examples(&contract).into_iter().filter(|(of, _)| *of == kind) {
            let (_, visited) = contract.visit(contract.schema(&kind), &example, Look::Shape);
            for (at, (fields, _)) in visited.objects {
                // places in lists are one and the same
                let place = |field: &str| {
                    format!("{at}/{field}").split('/').map(|part| if part.parse::<u8>().is_ok() { "*" } else { part }).collect::<Vec<_>>().join("/")
                };
                open.extend(fields.iter().map(|field| place(field)));
                shown.extend(example.pointer(&at).unwrap().as_object().unwrap().keys().map(|field| place(field)));
            }
        }
        let missing: Vec<_> = open.difference(&shown).filter(|place| !EITHER.iter().any(|either| place.ends_with(either))).collect();
        assert!(missing.is_empty(), "{kind}: no example shows {missing:?}, so nothing is checked there");
    }
}

/// Of these an example shows one: a registered person, or somebody without a file; of the settings of a rule those that it has.
const EITHER: &[&str] = &["/person", "/unregistered", "/times", "/hours", "/nudge_at"];

#[test]
fn schema_and_parser_take_and_refuse_the_same_shapes() {
    let contract = Contract::ours();
    let others = [json!(true), json!(7), json!(7.5), json!(-1), json!(70_000), json!(NOTHING), json!([]), json!({})];
    let mut count = 0;
    for (kind, example) in examples(&contract) {
        let schema = contract.schema(&kind);
        let mut compare = |data: &Value, what: &str| {
            let parsed = refused(&kind, data);
            let shaped = contract.complaints(schema, data, Look::Shape);
            let allowed = contract.complaints(schema, data, Look::Request).is_empty();
            assert!(!allowed || parsed.is_none(), "{kind} {what}: the schema allows it, the parser says {parsed:?}");
            assert!(parsed.is_some() || shaped.is_empty(), "{kind} {what}: the parser takes it, the schema says {shaped:?}");
            count += 1;
        };
        let (_, visited) = contract.visit(schema, &example, Look::Shape);
        for (at, (fields, _)) in &visited.objects {
            for field in fields {
                let mut without = example.clone();
                if without.pointer_mut(at).unwrap().as_object_mut().unwrap().remove(field).is_some() {
                    compare(&without, &format!("without {at}/{field}"));
                }
            }
        }
        for at in places(&example).iter().filter(|at| !at.is_empty()) {
            for other in &others {
                compare(&with(&example, at, other.clone()), &format!("with {other} at {at}"));
            }
        }
    }
    assert!(count > 2000, "only {count} comparisons");
}

#[test]
fn a_living_day_is_as_described() {
    let contract = Contract::ours();
    let demo = Demo::new(7, Scale::Tiny, date(2020, 2, 6));
    let (mut count, mut kinds) = (0, BTreeSet::new());
    for community in demo.communities() {
        for sent in community.founding().chain(community.day(date(2020, 2, 6), Intensity::FULL)) {
            let command = sent.command.to_json();
            // the same shape again tells nothing new
            if count < 2000 || kinds.insert(sent.command.kind) {
                assert_eq!(contract.complaints(contract.schema("Command"), &command, Look::Request), Vec::<String>::new(), "{command}");
            }
            kinds.insert(sent.command.kind);
            count += 1;
        }
    }
    assert!(count > 2000 && kinds.len() > 12, "{count} commands of {kinds:?}");
}
