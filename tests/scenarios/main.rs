//! Stories from the field as scripts that a nurse could check: what was done when, and what the system then says, word by word.
//!
//! A script `name.txt` is played in memory; what comes of it is compared with `name.out`. `GRIDWARD_GOLDEN=accept` writes the outcome
//! instead: read the difference before committing it. In every story there is a bystander, a community of which the script says nothing:
//! the harness fails when it is any different from how it would have been without the story.
//!
//! How a line is written stands at the head of `script.rs`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on may say so by panicking")]

mod again;
mod script;
mod show;
mod town;

use std::{
    fs,
    path::{Path, PathBuf},
};

use script::play;

/// Fewest stories: a folder that was moved away must not pass.
const SCRIPTS_MIN: usize = 10;

fn scripts() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut scripts: Vec<PathBuf> = paths.filter(|path| path.extension().is_some_and(|extension| extension == "txt")).collect();
    scripts.sort();
    scripts
}

#[test]
fn every_story_comes_out_as_written() {
    let accept = std::env::var("GRIDWARD_GOLDEN").is_ok_and(|word| word == "accept");
    let scripts = scripts();
    assert!(scripts.len() >= SCRIPTS_MIN, "only {} stories", scripts.len());
    let mut differing = Vec::new();
    for path in scripts {
        let outcome = play(&fs::read_to_string(&path).unwrap());
        let golden = path.with_extension("out");
        let known = fs::read_to_string(&golden).unwrap_or_default();
        if outcome == known {
            continue;
        }
        if accept {
            fs::write(&golden, &outcome).unwrap();
        } else {
            let line = outcome.lines().zip(known.lines()).take_while(|(now, then)| now == then).count() + 1;
            differing.push(format!("{} from line {line} on; now it says:\n{outcome}", golden.display()));
        }
    }
    assert!(differing.is_empty(), "GRIDWARD_GOLDEN=accept writes what is said now\n{}", differing.join("\n"));
}

#[test]
fn a_line_that_is_not_understood_is_not_passed_over() {
    for line in ["08:00  visti h502 absent", "8 o'clock  wait", "08:00  visit h502 met: p1 hot", "show weather", "07:00  wait\n06:00  wait"] {
        let script = format!("on 2020-02-06\n{line}\n");
        assert!(std::panic::catch_unwind(|| play(&script)).is_err(), "{line}");
    }
}
