//! The long ledger: what every round by hand came to, as [`crate::tell`] wrote it down, and what the page of reliability says of it.

use std::{collections::BTreeMap, fs, path::Path};

/// What is counted, by the words of the ledger.
const COUNTED: &[(&str, &[&str])] = &[
    ("kills of the program or its nats-server", &["kills"]),
    ("kills of a service by itself", &["intake", "projection", "alerting"]),
    ("kills of nats-server by itself", &["nats-server"]),
    ("crash points that struck", &["struck"]),
    ("acknowledgements lost on the wire to nats-server", &["LoseAcks"]),
    ("wires cut", &["Cut"]),
    ("wires slow or held", &["Slow", "Hold"]),
    ("the program or nats-server frozen", &["FreezeProgram", "FreezeNats"]),
    ("either killed beside such faults", &["KillProgram", "KillNats"]),
    ("files of nats-server that may not grow", &["FullDisk"]),
    ("disks filled below nats-server", &["disks filled"]),
    ("times failing calls", &["times failing calls"]),
    ("of these, calls that failed, as far as they were counted", &["calls failed"]),
    ("power cuts", &["power cuts"]),
    ("jumps of the clock", &["jumps of the clock"]),
    ("fevers typed at a wrong time and over before they were told, in no alert", &["fevers over before they were told"]),
    ("restores, each noticed by all three services", &["logs from a backup"]),
    ("flipped bits, each found", &["flipped bits"]),
    ("commands acknowledged, none lost, none doubled", &["commands acknowledged"]),
    ("of these, answered the same when they were sent again later", &["answered again"]),
    ("commands refused, none on the log", &["refused"]),
    ("commands given up without an answer, none doubled", &["given up"]),
    ("of those acknowledged and the alerts beside them, appended in atomic batches", &["appended in batches"]),
    ("messages told, none missed, no id for two of them", &["messages told"]),
];

/// Sums of lines of a ledger, by its words: `seed 7 at 8cd1847: 30 kills, 3416 commands acknowledged`, or `seed 7: {Cut: 3, Hold: 8}, …`.
fn sums<'l>(lines: impl Iterator<Item = &'l str>) -> BTreeMap<&'l str, u64> {
    let mut sums = BTreeMap::new();
    for line in lines {
        let (_, came_to) = line.split_once(": ").unwrap_or_else(|| panic!("{line}"));
        for part in came_to.trim_start_matches("killed by themselves ").split([',', '{', '}']).map(str::trim) {
            let counted = match part.split_once(": ") {
                Some((word, count)) => count.parse::<u64>().ok().map(|count| (word.trim_matches('"'), count)),
                None => part.split_once(' ').and_then(|(count, words)| Some((words, count.parse::<u64>().ok()?))),
            };
            if let Some((words, count)) = counted {
                *sums.entry(words).or_default() += count;
            }
        }
    }
    sums
}

/// `12,345`, as the page writes it.
fn grouped(count: u64) -> String {
    if count < 1000 { count.to_string() } else { format!("{},{:03}", grouped(count / 1000), count % 1000) }
}

#[test]
fn the_page_says_what_the_ledger_adds_up_to() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let ledger = fs::read_to_string(here.join("chaos/ledger.txt")).unwrap();
    let page = fs::read_to_string(here.join("../docs/RELIABILITY.md")).unwrap();
    // lines without a commit were judged less strictly, and are told apart
    let (today, ever) = (sums(ledger.lines().filter(|line| line.split(": ").next().is_some_and(|of| of.contains(" at ")))), sums(ledger.lines()));
    for (what, words) in COUNTED {
        let sum_of =
            |sums: &BTreeMap<&str, u64>| -> u64 { words.iter().map(|word| sums.get(word).unwrap_or_else(|| panic!("the ledger has no {word}"))).sum() };
        let row = format!("| {what} | {} | {} |", grouped(sum_of(&today)), grouped(sum_of(&ever)));
        assert!(page.contains(&row), "docs/RELIABILITY.md does not say: {row}");
    }
}
