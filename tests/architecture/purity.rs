//! I1: pure crates name no clock, no file, no network, no thread, no randomness and nothing asynchronous.

use crate::tree::{Source, code_of, rust_files};

const PURE: &[&str] = &["domain", "readmodel", "rules", "trial", "delivery", "demo"];

/// Words that have no place in a pure crate. Words with `::` are found as they stand.
const FORBIDDEN: &[(&str, &str)] = &[
    ("SystemTime", "a clock"),
    ("Instant", "a clock"),
    ("Timestamp::now", "a clock"),
    ("Zoned::now", "a clock"),
    ("std::fs", "files"),
    ("std::net", "the network"),
    ("std::env", "the surroundings"),
    ("std::process", "processes"),
    ("std::thread", "threads"),
    ("std::io", "input and output"),
    ("async", "waiting"),
    ("await", "waiting"),
    ("tokio", "a runtime"),
    ("getrandom", "chance"),
    ("rand", "chance"),
    ("new_v4", "making ids"),
    ("now_v7", "making ids"),
    ("RandomState", "chance"),
    ("Mutex", "shared state"),
    ("RwLock", "shared state"),
    ("RefCell", "shared state"),
    ("println", "printing"),
    ("eprintln", "printing"),
    ("TimeZone::system", "the surroundings"),
];

/// Every line of code that names what a pure crate must not name.
fn violations(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    for (number, line) in (1..).zip(code_of(&source.text).lines()) {
        for (word, what) in FORBIDDEN {
            if names(line, word) {
                found.push(format!("{}:{number}: {word} ({what})", source.path));
            }
        }
    }
    found
}

/// Whether a word stands in a line, not as a part of another.
fn names(line: &str, word: &str) -> bool {
    let inside = |character: Option<char>| character.is_some_and(|character| character.is_alphanumeric() || character == '_');
    line.match_indices(word).any(|(start, _)| !inside(line[..start].chars().next_back()) && !inside(line[start + word.len()..].chars().next()))
}

#[test]
fn pure_crates_are_pure() {
    let sources: Vec<Source> = PURE.iter().flat_map(|name| rust_files(&format!("crates/{name}/src"))).collect();
    assert!(sources.len() > 100, "only {} files: are these the folders?", sources.len());
    let found: Vec<String> = sources.iter().flat_map(violations).collect();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn a_planted_clock_is_seen_and_a_comment_is_not() {
    let seen = |text: &str| violations(&Source { path: "planted.rs".to_owned(), text: text.to_owned() }).len();
    for (word, _) in FORBIDDEN {
        assert_eq!(seen(&format!("fn a() {{\n    let x = {word}(1);\n}}")), 1, "{word}");
    }
    assert_eq!(seen("use std::time::{Duration, SystemTime};"), 1);
    assert_eq!(seen("pub async fn decide() {}"), 1);
    assert_eq!(seen("// SystemTime::now() belongs to the services\nlet at = \"Instant\"; let brand = 1; struct InstantNoodles;"), 0);
}
