use std::{collections::BTreeSet, fs, path::Path};

use domain::{
    alert::{KINDS, Kind, Situation},
    responsibility::ASKED,
    values::{DAY_MS, Timestamp, Zone},
};

use super::*;

fn is_han(character: char) -> bool {
    matches!(character, '\u{3000}'..='\u{303f}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{ff00}'..='\u{ffef}')
}

fn keys(words: &[(&'static str, &'static str)]) -> BTreeSet<&'static str> {
    let keys: BTreeSet<&str> = words.iter().map(|(key, _)| *key).collect();
    assert_eq!(keys.len(), words.len(), "a key stands twice");
    keys
}

#[test]
fn both_languages_have_the_same_keys() {
    let both: Vec<(&str, &str)> = BOTH.into_iter().flatten().map(|(key, chinese, _)| (*key, *chinese)).collect();
    let (chinese, english, both) = (keys(chinese::WORDS), keys(english::WORDS), keys(&both));
    assert!(chinese.is_disjoint(&both) && english.is_disjoint(&both), "a key stands twice");
    assert_eq!(chinese.difference(&english).collect::<Vec<_>>(), Vec::<&&str>::new(), "missing in English");
    assert_eq!(english.difference(&chinese).collect::<Vec<_>>(), Vec::<&&str>::new(), "missing in Chinese");
}

/// What alerts are called and what is to be done about them, whatever the situation, which the domain says, by slug.
fn of_alerts() -> impl Iterator<Item = (&'static str, (String, String))> {
    let now: Timestamp = "2020-02-06T07:04:00Z".parse().unwrap();
    let yesterday = now.plus_ms(-DAY_MS);
    let (usual, zone) = (Situation::default(), Zone::default());
    let first_turn = Situation { first_turn: true, ..usual };
    let other = [
        Situation { unconfirmed: true, ..usual },
        Situation { stopped: true, ..usual },
        Situation { vacant: true, ..usual },
        Situation { above: true, ..usual },
        Situation { due_at: Some(yesterday), ..usual },
    ];
    let situations = [usual, first_turn, Situation { due_at: Some(yesterday), ..first_turn }].into_iter().chain(other);
    let next = move |kind: &'static Kind| situations.clone().map(|situation| kind.next_in(situation, &zone, now)).collect::<Vec<_>>();
    let called = |(chinese, english): (&str, &str)| (chinese.to_owned(), english.to_owned());
    KINDS.iter().flat_map(move |kind| std::iter::once(called(kind.called)).chain(next(kind)).map(|words| (kind.slug, words)))
}

#[test]
fn no_language_leaks_into_the_other() {
    let alerts = of_alerts().map(|(slug, (_, english))| (slug, english));
    for (key, value) in ENGLISH.iter().map(|(key, value)| (*key, (*value).to_owned())).chain(alerts) {
        assert!(!value.is_empty() && !value.chars().any(is_han), "{key}: {value}");
    }
    // signs, digits and units need no translation; words do
    let alerts = of_alerts().map(|(slug, (chinese, _))| (slug, chinese));
    for (key, value) in CHINESE.iter().map(|(key, value)| (*key, (*value).to_owned())).chain(alerts) {
        assert!(!value.is_empty(), "{key}");
        let latin = value
            .split(|character: char| !character.is_ascii_alphabetic())
            .filter(|word| word.len() > 1 && !matches!(*word, "gridward" | "admin" | "token" | "data"));
        assert_eq!(latin.collect::<Vec<_>>(), Vec::<&str>::new(), "{key}: {value}");
    }
}

#[test]
fn a_value_has_its_place_in_both_languages_or_in_none() {
    for (key, value) in CHINESE.iter() {
        let other = Words::new(Language::English).of(key);
        assert_eq!(value.matches("{}").count(), other.matches("{}").count(), "{key}");
    }
}

/// Every text between `start` and the next quotation mark.
fn quoted_after<'a>(text: &'a str, start: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(start).skip(1).filter_map(|rest| rest.split('"').next())
}

fn read_all(folder: &Path, texts: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_all(&path, texts);
        } else {
            texts.push(fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn no_page_asks_for_words_that_are_not_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut texts = Vec::new();
    read_all(&root.join("templates"), &mut texts);
    read_all(&root.join("src"), &mut texts);
    let mut asked = 0;
    for text in &texts {
        for start in [".t(\"", ".n(\"", ".of(\"", ".with(\""] {
            for key in quoted_after(text, start).filter(|key| key.contains('.') && !key.contains(' ')) {
                assert!(Words::new(Language::Chinese).get(key).is_some(), "no words for {key}");
                asked += 1;
            }
        }
    }
    assert!(asked > 60, "the test looks at the templates: {asked}");
}

#[test]
fn no_template_says_anything_by_itself() {
    let mut texts = Vec::new();
    read_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("templates"), &mut texts);
    for text in &texts {
        assert!(!text.chars().any(is_han), "Chinese in a template: {}", text.lines().find(|line| line.chars().any(is_han)).unwrap_or_default());
        assert!(!text.contains("style=\"") && !text.contains(" onclick"), "the content security policy forbids it");
        assert!(!text.contains("|safe"), "nothing is put on a page unescaped");
    }
}

#[test]
fn words_of_the_domain_have_words_of_ours() {
    let mut wanted: Vec<String> = Vec::new();
    let mut add = |group: &str, words: &mut dyn Iterator<Item = &'static str>| wanted.extend(words.map(|word| format!("{group}.{word}")));
    add("outcome", &mut domain::visit::Outcome::ALL.iter().map(|word| word.word()));
    add("outcome", &mut domain::quarantine::CheckOutcome::ALL.iter().map(|word| word.word()));
    add("mode", &mut domain::visit::Mode::ALL.iter().map(|word| word.word()));
    add("presence", &mut domain::visit::Presence::ALL.iter().map(|word| word.word()));
    add("site", &mut domain::values::Site::ALL.iter().map(|word| word.word()));
    add("slot", &mut domain::obligation::SlotState::ALL.iter().map(|word| word.word()));
    add("quarantine", &mut domain::quarantine::Kind::ALL.iter().map(|word| word.word()));
    add("basis", &mut domain::quarantine::CountBasis::ALL.iter().map(|word| word.word()));
    add("released", &mut domain::quarantine::ReleaseReason::ALL.iter().map(|word| word.word()));
    add("finding", &mut domain::medical::Finding::ALL.iter().map(|word| word.word()));
    add("residence", &mut domain::person::ResidenceKind::ALL.iter().map(|word| word.word()));
    add("checkpoint", &mut domain::checkpoint::Kind::ALL.iter().map(|word| word.word()));
    add("direction", &mut domain::checkpoint::Direction::ALL.iter().map(|word| word.word()));
    add("entry", &mut domain::checkpoint::EntryResult::ALL.iter().map(|word| word.word()));
    add("reason", &mut domain::alert::CloseReason::ALL.iter().map(|word| word.word()));
    add("severity", &mut domain::alert::Severity::ALL.iter().map(|word| word.word()));
    add("because", &mut domain::alert::Why::ALL.iter().map(|word| word.word()));
    add("share", &mut domain::alert::Share::ALL.iter().map(|word| word.word()));
    for word in wanted {
        assert!(Words::new(Language::Chinese).get(&word).is_some(), "no words for {word}");
    }
}

#[test]
fn pages_and_messages_call_a_post_the_same() {
    for asked in ASKED {
        let called = [Language::Chinese, Language::English].map(|language| Words::new(language).api_word("duty", asked.duty));
        assert_eq!(called, [asked.called.0, asked.called.1], "{}", asked.duty);
    }
}

#[test]
fn every_event_has_a_name_for_people() {
    for name in domain::Event::NAMES {
        for language in [Language::Chinese, Language::English] {
            let words = Words::new(language);
            let (event, _) = name.rsplit_once(".v").unwrap();
            assert!(words.get(&format!("event.{event}")).is_some(), "no words for {name}");
        }
    }
}
