//! The programs of docs/consumers, each against the real system: they show an alert, take it on, and are not misled by what comes twice.

use std::{fs, path::Path};

use serde_json::Value;
use system_tests::{Foreign, System, until};

use crate::{COMMUNITY, WAIT, consumer, fever, token};

/// One program per language.
const EXAMPLES: [&str; 3] = ["alerts.py", "alerts.mjs", "alerts.rs"];

/// The lines that a program has said.
fn said(program: &Foreign) -> Vec<String> {
    program.said().into_iter().map(|line| line.json.as_str().map_or_else(|| line.json.to_string(), str::to_owned)).collect()
}

async fn says(program: &Foreign, name: &str, lines: usize) -> Vec<String> {
    until(&format!("{lines} lines of {name}"), WAIT, async || Some(said(program)).filter(|said| said.len() >= lines)).await
}

/// What is said of the fever behind a door.
fn line(action: &str, door: usize) -> String {
    let door = format!("{}0{}", door / 4 + 1, door % 4 + 1);
    format!("{action} critical 阳光小区 7号楼2单元{door} 发热 38.2℃ | Fever 38.2 °C, 阳光小区, building 7, unit 2, door {door}")
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_programs_we_show_take_on_what_is_nobodys_and_do_it_once() {
    let mut system = System::start(&[]).await.unwrap();
    system.settle("dianbu", COMMUNITY).await.unwrap();
    let nurse = token(&system, COMMUNITY, "nurse").await;
    let consumers: Vec<Value> = EXAMPLES
        .iter()
        .map(|name| consumer(&system, name.replace('.', "-").as_str(), "gw.v1.dianbu.u07.alert.fever.>", &["--command", "dianbu.u07"]))
        .collect();
    // what the stream was before anything was told, with the places of its consumers
    system.stop().unwrap();
    let stream = system.data().join("nats/store/jetstream/CORE/streams/ALERTS");
    let before = tempfile::tempdir().unwrap();
    copy(&stream, before.path());
    system.begin().await.unwrap();

    let start = |number: usize, token: Option<&str>| {
        let place = tempfile::tempdir().unwrap();
        let program = Foreign::example(EXAMPLES[number], place.path(), &consumers[number], token).unwrap();
        (program, place)
    };
    // one after the other: of three that answer at once, two would be told that somebody has it
    for (number, name) in EXAMPLES.iter().enumerate() {
        let (program, _place) = start(number, Some(&nurse));
        fever(&system, COMMUNITY, number).await;
        let lines = says(&program, name, 3 * (number + 1)).await;
        assert!(lines.contains(&line("raised", number)) && lines.contains(&line("acknowledged", number)), "{name}: {lines:#?}");
        assert_eq!(lines.iter().filter(|line| *line == "taken on: 201").count(), 1, "{name}: {lines:#?}");
        assert_eq!(lines.iter().filter(|line| *line == "taken on: 409").count(), number, "{name} was told who was faster: {lines:#?}");
    }
    let programs: Vec<_> = (0..EXAMPLES.len()).map(|number| start(number, None)).collect();
    fever(&system, COMMUNITY, 3).await;
    for ((program, _), name) in programs.iter().zip(EXAMPLES) {
        until(&format!("{name} listens"), WAIT, async || said(program).contains(&line("raised", 3)).then_some(())).await;
    }

    // the stream comes from an older backup: everything is told again, under the same ids
    system.stop().unwrap();
    fs::remove_dir_all(&stream).unwrap();
    copy(before.path(), &stream);
    system.begin().await.unwrap();
    fever(&system, COMMUNITY, 4).await;
    for ((program, _), name) in programs.iter().zip(EXAMPLES) {
        let lines = until(&format!("{name} goes on"), WAIT, async || Some(said(program)).filter(|said| said.contains(&line("raised", 4)))).await;
        let heard = |door: usize| lines.iter().filter(|said| **said == line("raised", door)).count();
        assert_eq!((heard(0), heard(3), heard(4)), (1, 1, 1), "{name}: the first was new to this program, the one before was not: {lines:#?}");
    }
    drop(programs);
    system.stop().unwrap();
}
