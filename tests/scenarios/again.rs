//! The stories once more: tables that an office can write, and every story's log played again under the policy that it had.

use std::{fs, path::Path};

use serde_json::json;
use trial::{
    Line,
    simulate::{Question, simulate},
    table::{Document, check},
};

use crate::{script::played, scripts};

/// Fewest documents with tables: a folder that was moved away must not pass.
const DOCUMENTS_MIN: usize = 9;

#[test]
fn rules_say_what_the_tables_expect() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/rules");
    let (mut documents, mut differing) = (0, Vec::new());
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        documents += 1;
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let document = Document::read(&fs::read_to_string(&path).unwrap()).unwrap_or_else(|errors| panic!("{name}: {errors:#?}"));
        for table in &document.tables {
            match check(table, None) {
                Ok(differences) => {
                    differing.extend(differences.into_iter().map(|difference| format!("{name}:{} {}: {difference:?}", difference.place, table.title)))
                }
                Err(error) => differing.push(format!("{name}:{error}")),
            }
        }
    }
    assert!(documents >= DOCUMENTS_MIN, "only {documents} documents");
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}

#[test]
fn the_log_of_a_story_played_again_under_its_own_policy_has_the_same_alerts() {
    let mut opened = 0;
    for path in scripts() {
        let town = played(&fs::read_to_string(&path).unwrap());
        let log: Vec<Line> = (1..).zip(town.world("u07").commits()).map(|(sequence, commit)| line(sequence, commit)).collect();
        let question = Question { from: log[0].commit.header.recorded_at, to: town.now().plus_ms(1), policy: None };
        let answer = simulate(&log, &question).unwrap();
        for (rule, of) in answer.rules {
            assert_eq!(of.then, of.would_be, "{}: {rule}", path.display());
            assert!(of.new.is_empty() && of.missing.is_empty() && of.changed.is_empty(), "{}: {rule}: {of:#?}", path.display());
            opened += of.then;
        }
        assert_eq!(answer.done_about_nothing, 0, "{}", path.display());
    }
    assert!(opened > 20, "only {opened} alerts were compared");
}

/// A commit as an export writes it, read again.
fn line(sequence: u64, commit: &domain::Commit) -> Line {
    let header = &commit.header;
    let events = commit
        .events
        .iter()
        .zip(0..)
        .map(|(event, index)| json!({"id": header.event_id(index), "type": event.name(), "subject": "ev", "data": testkit::payload(event)}));
    let line = json!({"sequence": sequence, "community": header.community, "command": header.command, "at": header.at, "recorded_at": header.recorded_at,
        "actor": header.actor, "events": events.collect::<Vec<_>>()});
    Line::read(&line.to_string()).unwrap()
}
