//! The topics of asyncapi.yaml against those of the program's sources. What is in a message is checked where it is made, in `alerting`.

use std::{collections::BTreeSet, fs, path::Path};

use domain::alert::{Kind, Severity};

use crate::schema::{Contract, texts};

/// The list of words in a line such as `      enum: [fever, check_overdue]`, of the parameter of that name.
fn parameter(name: &str) -> BTreeSet<String> {
    let (_, from) = web::ASYNCAPI.split_once("\n  parameters:\n").unwrap();
    let (_, parameter) = from.split_once(&format!("\n    {name}:\n")).unwrap_or_else(|| panic!("no parameter {name}"));
    let line = parameter.lines().find_map(|line| line.strip_prefix("      enum: [")).unwrap();
    line.trim_end_matches(']').split(", ").map(str::to_owned).collect()
}

fn source(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)).unwrap()
}

#[test]
fn the_words_in_topics_are_those_of_the_program() {
    let contract = Contract::ours();
    let message = contract.schema("AlertMessage");
    assert_eq!(parameter("severity"), Severity::ALL.iter().map(ToString::to_string).collect());
    let actions: BTreeSet<String> = texts(message.pointer("/properties/data/properties/action/enum")).collect();
    assert_eq!(parameter("action"), actions);
    let counted: BTreeSet<String> = texts(contract.schema("AlertCountsMessage").pointer("/properties/data/properties/action/enum")).collect();
    assert!(counted.is_subset(&actions) && !counted.is_empty(), "{counted:?}");
    let publisher = source("crates/alerting/src/publish/message.rs");
    for action in &actions {
        assert!(publisher.contains(&format!("\"{action}\"")), "{action} is never said");
    }
    assert_eq!(parameter("kind"), registered_rules());
    assert_eq!(registered_rules(), Kind::slugs().map(str::to_owned).collect(), "each rule has words, and each words a rule");
}

/// The slugs of all rules there are.
fn registered_rules() -> BTreeSet<String> {
    struct Slugs(BTreeSet<String>);
    impl rules::Visitor for Slugs {
        fn visit<R: rules::Rule>(&mut self) {
            self.0.insert(R::NAME.to_owned());
        }
    }
    let mut slugs = Slugs(BTreeSet::new());
    rules::register(&mut slugs);
    slugs.0
}

#[test]
fn every_address_is_one_that_the_program_uses() {
    let addresses: BTreeSet<&str> =
        web::ASYNCAPI.lines().filter_map(|line| line.strip_prefix("    address: '")).map(|address| address.trim_end_matches('\'')).collect();
    assert_eq!(addresses.len(), 6, "{addresses:?}");
    // every part in braces is a token of the subject
    let pattern = |address: &str| address.split('.').map(|token| if token.starts_with('{') { "*" } else { token }).collect::<Vec<_>>().join(".");
    let patterns: BTreeSet<String> = addresses.iter().map(|address| pattern(address)).collect();
    let below = |stream: &str| {
        let stem = stream.strip_suffix('>').unwrap_or(stream).to_owned();
        patterns.iter().filter(|pattern| pattern.starts_with(&stem)).count()
    };
    let provision = source("crates/bus/src/provision.rs");
    for stream in ["gw.v1.*.*.alert.>", "gw-full.v1.>", "gw-public.v1.>", "gw.v1.*.*.status.>"] {
        assert!(provision.contains(&format!("\"{stream}\"")), "{stream} is no stream any more");
        assert_eq!(below(stream), 1, "{stream}: {patterns:?}");
    }
    assert!(source("crates/intake/src/door/nats.rs").contains("\"gw.v1.*.*.command\"") && patterns.contains("gw.v1.*.*.command"));
    assert!(source("crates/projection/src/status.rs").contains("gw.v1.{town}.{community}.status.{building}"));
    assert!(source("crates/alerting/src/publish/heartbeat.rs").contains("gw.v1.{}.{community}.heartbeat") && patterns.contains("gw.v1.*.*.heartbeat"));
}
