//! Documents match the code: what exists is named.

use domain::Event;

use crate::tree::{crates, rust_files, text_of};

/// Lines up to which the root file of a crate is a placeholder: nothing is built there yet.
const PLACEHOLDER_LINES: usize = 2;
/// Fewest words of the sentence that says what a crate is for.
const SENTENCE_WORDS_MIN: usize = 4;

/// What of a list a document does not name.
fn unnamed<'a>(document: &str, names: &[&'a str]) -> Vec<&'a str> {
    names.iter().copied().filter(|name| !document.contains(&format!("`{name}`"))).collect()
}

/// Whether the root file of a crate says in a sentence what it is for.
fn has_sentence(text: &str) -> bool {
    let first = text.lines().next().and_then(|line| line.strip_prefix("//! ")).unwrap_or_default();
    text.lines().count() <= PLACEHOLDER_LINES || first.split_whitespace().count() >= SENTENCE_WORDS_MIN
}

#[test]
fn every_crate_says_what_it_is_for() {
    let silent: Vec<_> = crates()
        .into_iter()
        .filter(|name| {
            let root = ["lib.rs", "main.rs"].iter().find_map(|file| text_of(&format!("crates/{name}/src/{file}")));
            !has_sentence(&root.unwrap_or_else(|| panic!("{name} has neither lib.rs nor main.rs")))
        })
        .collect();
    assert!(silent.is_empty(), "begin with a `//!` sentence: {silent:?}");
}

#[test]
fn every_crate_takes_the_lints_of_the_workspace() {
    let without: Vec<_> =
        crates().into_iter().filter(|name| !text_of(&format!("crates/{name}/Cargo.toml")).unwrap_or_default().contains("[lints]\nworkspace = true")).collect();
    assert!(without.is_empty(), "{without:?}");
}

#[test]
fn the_architecture_names_every_crate() {
    // checked from the day on which the document is there
    let Some(document) = text_of("docs/ARCHITECTURE.md") else { return };
    let crates = crates();
    let names: Vec<&str> = crates.iter().map(String::as_str).collect();
    assert_eq!(unnamed(&document, &names), Vec::<&str>::new(), "docs/ARCHITECTURE.md does not name these crates");
}

#[test]
fn every_event_is_documented() {
    let documents: Vec<String> = ["docs/EVENTS.md", "docs/GLOSSARY.md"].iter().filter_map(|path| text_of(path)).collect();
    if documents.is_empty() {
        return;
    }
    assert_eq!(unnamed(&documents.join("\n"), Event::NAMES), Vec::<&str>::new(), "neither docs/EVENTS.md nor docs/GLOSSARY.md names these events");
}

#[test]
fn every_event_of_the_code_is_in_the_list_once() {
    let events = rust_files("crates/domain/src").into_iter().find(|source| source.path.ends_with("domain/src/event.rs")).unwrap();
    for name in Event::NAMES {
        assert_eq!(events.text.matches(&format!("\"{name}\"")).count(), 1, "{name}");
        let (words, version) = name.rsplit_once(".v").unwrap_or_else(|| panic!("{name} has no version"));
        assert!(version.parse::<u32>().is_ok_and(|version| version > 0), "{name}");
        assert!(words.split_once('.').is_some_and(|(entity, past)| !entity.is_empty() && past.ends_with("ed")), "{name} does not say what happened");
    }
}

#[test]
fn what_is_missing_in_a_document_is_seen() {
    assert_eq!(unnamed("| `domain` | decide |\n`store` too", &["domain", "store", "bus"]), ["bus"]);
    assert_eq!(unnamed("domain without ticks", &["domain"]), ["domain"]);
    assert!(!has_sentence("//! short\nuse a;\nuse b;\n"));
    assert!(!has_sentence("use a;\nuse b;\nuse c;\n"));
    assert!(has_sentence("//! A cache of folded rows.\nuse a;\nuse b;\n"));
}
