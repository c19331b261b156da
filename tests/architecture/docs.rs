//! Documents match the code: what exists is named.

use std::collections::BTreeSet;

use domain::Event;

use crate::tree::{crates, files, rust_files, text_of};

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

/// The rooms of a crate that its table does not name. A folder of `domain` is an aggregate, and has one line with all the others.
fn rooms_without_a_line(name: &str, root: &str) -> Vec<String> {
    let table: String = root.lines().filter(|line| line.starts_with("//! |")).collect();
    let mut for_tests = false;
    let mut missing = Vec::new();
    for line in root.lines() {
        let room = line.trim_start_matches("pub ").strip_prefix("mod ").and_then(|room| room.strip_suffix(';'));
        let is_aggregate = |room: &str| name == "domain" && text_of(&format!("crates/domain/src/{room}/mod.rs")).is_some();
        missing.extend(room.filter(|room| !for_tests && !table.contains(&format!("`{room}`")) && !is_aggregate(room)).map(str::to_owned));
        for_tests = line == "#[cfg(test)]";
    }
    if table.is_empty() { Vec::new() } else { missing }
}

#[test]
fn a_table_of_rooms_names_every_room() {
    for name in crates() {
        let root = text_of(&format!("crates/{name}/src/lib.rs")).unwrap_or_default();
        assert_eq!(rooms_without_a_line(&name, &root), Vec::<String>::new(), "crates/{name}/src/lib.rs");
    }
    let planted = "//! | room | what |\n//! | `one` | x |\nmod one;\npub mod two;\n#[cfg(test)]\nmod tests;\n";
    assert_eq!(rooms_without_a_line("planted", planted), ["two"]);
}

#[test]
fn every_crate_takes_the_lints_of_the_workspace() {
    let without: Vec<_> =
        crates().into_iter().filter(|name| !text_of(&format!("crates/{name}/Cargo.toml")).unwrap_or_default().contains("[lints]\nworkspace = true")).collect();
    assert!(without.is_empty(), "{without:?}");
}

#[test]
fn the_architecture_names_every_crate() {
    let document = text_of("docs/ARCHITECTURE.md").unwrap();
    let crates = crates();
    let names: Vec<&str> = crates.iter().map(String::as_str).collect();
    assert_eq!(unnamed(&document, &names), Vec::<&str>::new(), "docs/ARCHITECTURE.md does not name these crates");
}

#[test]
fn every_event_is_documented() {
    let glossary = text_of("docs/GLOSSARY.md").unwrap();
    assert_eq!(unnamed(&glossary, Event::NAMES), Vec::<&str>::new(), "docs/GLOSSARY.md does not name these events");
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
fn every_metric_is_documented_and_every_one_that_is_shown_exists() {
    let document = text_of("docs/LOGGING.md").unwrap();
    let sources: String = rust_files("crates").into_iter().map(|source| source.text).collect();
    let metrics = metrics_of(&sources);
    assert!(metrics.len() > 15, "the test looks at the sources: {metrics:?}");
    let names: Vec<&str> = metrics.iter().copied().collect();
    assert_eq!(unnamed(&document, &names), Vec::<&str>::new(), "docs/LOGGING.md does not name these metrics");
    let board = text_of("deploy/grafana/gridward.json").unwrap();
    for text in [&document, &board] {
        let shown = text.split(|character: char| !character.is_ascii_lowercase() && character != '_').filter(|word| word.starts_with("gridward_"));
        let invented: Vec<&str> = shown.filter(|word| !metrics.contains(word)).collect();
        assert_eq!(invented, Vec::<&str>::new(), "no source counts these");
    }
}

/// The names of the metrics that a text counts.
fn metrics_of(text: &str) -> BTreeSet<&str> {
    ["counter!(\"", "gauge!(\"", "histogram!(\""].into_iter().flat_map(|kind| text.split(kind).skip(1)).filter_map(|rest| rest.split('"').next()).collect()
}

/// The design documents, kept beside the repository: `docs/STYLE.md` says so.
const DESIGN: [&str; 6] = ["mission.md", "architecture.md", "contracts.md", "alerting.md", "screens.md", "quality.md"];

/// The names of documents that a text speaks of.
fn documents_named(text: &str) -> impl Iterator<Item = String> {
    text.match_indices(".md").filter(|(end, _)| !text[end + 3..].starts_with(|next: char| next.is_ascii_alphanumeric())).map(|(end, _)| {
        let part_of_name = |character: &char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_');
        let name: Vec<char> = text[..end].chars().rev().take_while(part_of_name).collect();
        name.into_iter().rev().chain(".md".chars()).collect()
    })
}

#[test]
fn every_document_that_is_named_is_there() {
    let documents = files(".", &["md"]);
    let there: BTreeSet<&str> = documents.iter().filter_map(|source| source.path.rsplit('/').next()).collect();
    let texts = ["crates", "tests", "deploy", "docs"].into_iter().flat_map(|folder| files(folder, &["rs", "md", "toml", "json", "yaml", "html", "mjs", "py"]));
    let mut missing = Vec::new();
    for source in texts.filter(|source| source.path != file!()) {
        let named = documents_named(&source.text).filter(|name| name != ".md" && !there.contains(name.as_str()) && !DESIGN.contains(&name.as_str()));
        missing.extend(named.map(|name| (source.path.clone(), name)));
    }
    assert!(missing.is_empty(), "no such document: {missing:#?}");
    let style = text_of("docs/STYLE.md").unwrap();
    assert_eq!(unnamed(&style, &DESIGN), Vec::<&str>::new(), "docs/STYLE.md says what these are");
}

#[test]
fn what_is_missing_in_a_document_is_seen() {
    assert_eq!(unnamed("| `domain` | decide |\n`store` too", &["domain", "store", "bus"]), ["bus"]);
    assert_eq!(unnamed("domain without ticks", &["domain"]), ["domain"]);
    assert_eq!(documents_named("see [it](../a-b.md), B_C.md. and x.mdx").collect::<Vec<_>>(), ["a-b.md", "B_C.md"]);
    assert!(!has_sentence("//! short\nuse a;\nuse b;\n"));
    assert!(!has_sentence("use a;\nuse b;\nuse c;\n"));
    assert!(has_sentence("//! A cache of folded rows.\nuse a;\nuse b;\n"));
}
