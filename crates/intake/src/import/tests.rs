//! Files as offices send them.

use domain::values::{CommunityId, DeploymentKey};
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use web::Problem;

use super::{
    columns::Value,
    read::{Sheet, Unreadable, letters},
    *,
};
use crate::parse::parse_command;

fn secrets() -> DeploymentKey {
    DeploymentKey::new(&[1; 32])
}

fn community() -> CommunityId {
    "u07".parse().unwrap()
}

fn read(kind: Kind, bytes: &[u8]) -> Result<Drafts, Unreadable> {
    drafts(bytes, kind, &community(), &secrets())
}

/// The commands of a file that is right.
fn commands(kind: Kind, text: &str) -> Vec<Json> {
    let drafts = read(kind, text.as_bytes()).unwrap();
    drafts.list.iter().map(|draft| serde_json::from_slice(draft.command.as_ref().unwrap()).unwrap()).collect()
}

/// Line and column of every error of a file, before anything is sent.
fn errors(kind: Kind, text: &str) -> Vec<(u64, Option<String>, String)> {
    let drafts = read(kind, text.as_bytes()).unwrap();
    let errors = drafts.list.iter().filter_map(|draft| draft.command.as_ref().err()).flatten();
    errors.map(|error| (error.line, error.column.clone(), error.code.clone())).collect()
}

fn refused(result: Result<Drafts, Unreadable>) -> Unreadable {
    match result {
        Ok(drafts) => panic!("{} rows were read", drafts.list.len()),
        Err(error) => error,
    }
}

/// A cell that is right for a column.
fn sample(path: &str, value: Value) -> String {
    let text = match path {
        "id" | "replaces" => "01922f0c-7b1e-7c3a-9f00-5b1d2c3e4f50",
        "at" | "until" | "call_back_at" => "2020-02-06T15:04:00+08:00",
        path if path.ends_with("_on") || path.ends_with("date") => "2020-02-06",
        _ => match value {
            Value::Text => "a1",
            Value::Digits => "13800000000",
            Value::DigitsList => "13800000000;13800000001",
            Value::List | Value::ListOrNone => "a1;a2",
            Value::Integer => "7",
            Value::Decimal => "37.3",
            Value::Word(words) => words[0].0,
        },
    };
    text.to_owned()
}

#[test]
fn every_column_is_a_field_of_its_command_by_each_of_its_names() {
    for kind in Kind::ALL {
        for naming in 0..3 {
            let name = |column: &columns::Column| [column.path, column.short, column.chinese][naming].to_owned();
            let heading: Vec<String> = kind.columns().map(name).collect();
            let row: Vec<String> = kind.columns().map(|column| sample(column.path, column.value)).collect();
            let text = format!("{}\n{}\n", heading.join("\t"), row.join("\t"));
            let drafts = read(kind, text.as_bytes()).unwrap_or_else(|error| panic!("{kind:?} {error}"));
            let json = drafts.list[0].command.as_ref().unwrap();
            parse_command(json, &secrets()).unwrap_or_else(|problem| panic!("{kind:?} {problem:?}"));
        }
    }
}

#[test]
fn every_word_of_a_column_is_a_word_of_its_field() {
    for kind in Kind::ALL {
        for column in kind.columns() {
            let Value::Word(words) = column.value else { continue };
            for (chinese, word) in words {
                for cell in [chinese, word] {
                    let others = kind.columns().filter(|other| other.required && other.path != column.path);
                    let (mut heading, mut row) = (vec![column.path], vec![(*cell).to_owned()]);
                    for other in others {
                        heading.push(other.path);
                        row.push(sample(other.path, other.value));
                    }
                    let companion = match column.path {
                        path if path.starts_with("people.0.readings") || path.starts_with("checks.0.readings") => Some(path.replace("unreadable", "site")),
                        path if path.starts_with("people.0.unregistered") => Some("people.0.unregistered.ref".to_owned()),
                        _ => None,
                    };
                    if let Some(companion) = companion.as_deref().filter(|path| *path != column.path) {
                        heading.push(companion);
                        row.push(if companion.ends_with("ref") { "r1".to_owned() } else { "ear".to_owned() });
                    }
                    if column.path.contains("readings.1") {
                        heading.push(if kind == Kind::Visits { "people.0.readings.0.site" } else { "checks.0.readings.0.site" });
                        row.push("ear".to_owned());
                    }
                    let text = format!("{}\n{}\n", heading.join(","), row.join(","));
                    let drafts = read(kind, text.as_bytes()).unwrap_or_else(|error| panic!("{text} {error}"));
                    parse_command(drafts.list[0].command.as_ref().unwrap(), &secrets()).unwrap_or_else(|problem| panic!("{text} {problem:?}"));
                }
            }
        }
    }
}

#[test]
fn the_guide_names_every_column_and_every_word() {
    let guide = include_str!("../../../../docs/howto/import.md");
    for kind in Kind::ALL {
        let section = guide.split("\n## ").find(|section| section.starts_with(&format!("`{}`", kind.word()))).unwrap_or_default();
        let common = guide.split("\n## ").find(|section| section.starts_with("Columns of every kind")).unwrap_or_default();
        for column in kind.columns() {
            let place = if column.in_data { section } else { common };
            for name in [column.path, column.short, column.chinese] {
                assert!(place.contains(name), "{kind:?}: the guide does not name {name}");
            }
            if let Value::Word(words) = column.value {
                for (chinese, word) in words {
                    assert!(place.contains(chinese) && place.contains(word), "{kind:?}: the guide does not name {chinese} {word}");
                }
            }
        }
    }
}

#[test]
fn a_file_says_the_same_in_every_encoding_and_with_every_separator() {
    let text = "人员编号,姓名,电话,性别\np1,杨桂英,13800000000、13800000001,女\n";
    let expected = commands(Kind::People, text);
    assert_eq!(expected[0]["data"], json!({"person": "p1", "name": "杨桂英", "phones": ["13800000000", "13800000001"], "sex": "f"}));
    assert_eq!(expected[0]["via"], "import");
    let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let forms: [Vec<u8>; 6] = [
        format!("\u{feff}{text}").into_bytes(),
        encoding_rs::GB18030.encode(text).0.into_owned(),
        utf16,
        text.replace(',', ";").into_bytes(),
        text.replace(',', "\t").replace('\n', "\r\n").into_bytes(),
        "性别,person,name,phones\n女,p1,\"杨桂英 \",\"13800000000; 13800000001\"\n\n".as_bytes().to_vec(),
    ];
    for form in forms {
        let found = read(Kind::People, &form).unwrap();
        let found: Vec<Json> = found.list.iter().map(|draft| serde_json::from_slice(draft.command.as_ref().unwrap()).unwrap()).collect();
        assert_eq!(found, expected, "{}", String::from_utf8_lossy(&form));
    }
}

#[test]
fn what_cannot_be_read_is_refused_before_any_row() {
    for (bytes, code, expected) in [
        (&b""[..], "header_missing", "empty"),
        (b"\n\n \n", "header_missing", "empty"),
        (b"PK\x03\x04\x14\x00", "unreadable_file", "XLSX"),
        (b"person,name\np1,\xff\xff\xff", "unreadable_file", "GB18030"),
        (b"person,name\np1,\"Wang", "unreadable_file", "row 2"),
        (b"person,name\np0,x\n\np1,\"Wang\" Li\n", "unreadable_file", "row 4"),
        (b"person,name,person\np1,x,p2\n", "column_twice", "A and C"),
        (b"person,phones\np1,1\n", "column_missing", "name"),
        ("person,name,备注\n".as_bytes(), "column_unknown", "column C"),
        ("p1,杨桂英,13812345678\np2,x,1\n".as_bytes(), "column_unknown", "column A"),
        (&[&b"person,name"[..], &b",phones".repeat(300)].concat(), "unreadable_file", "256 cells"),
        (&[&b"person,name\n"[..], &b"p,x\n".repeat(100_001)].concat(), "unreadable_file", "100000 rows"),
    ] {
        let error = refused(read(Kind::People, bytes));
        assert!(error.code() == code && error.to_string().contains(expected), "{code} {expected}: {error}");
        assert!(!error.to_string().contains("杨桂英") && !error.to_string().contains("13812345678"), "{error}");
    }
}

#[test]
fn rows_are_numbered_as_a_spreadsheet_numbers_them() {
    let text = "person,name,birth_year\n\np1,\"Wang\nLi\",x\n,,\np2,Li,1944\np3,Li,y\n";
    let expected = |line| (line, Some("birth_year".to_owned()), "wrong_shape".to_owned());
    assert_eq!(errors(Kind::People, text), [expected(3), expected(6)]);
}

#[test]
fn a_row_is_told_everything_that_is_wrong_with_it() {
    let text = "person,name,,sex,phones,birth_year\np1,Li,stray,x,1.38E+10,born\np2,Li,,男,1,1944,more\n";
    let found = errors(Kind::People, text);
    let expected = [
        (2, Some("C"), "column_unnamed"),
        (2, Some("phones"), "number_spoilt"),
        (2, Some("birth_year"), "wrong_shape"),
        (2, Some("sex"), "wrong_shape"),
        (3, Some("G"), "column_unnamed"),
    ];
    assert_eq!(found, expected.map(|(line, column, code)| (line, column.map(str::to_owned), code.to_owned())));
}

#[test]
fn asked_and_none_is_not_the_same_as_not_asked() {
    let text = "household,outcome,mode,person,celsius,site,症状\nh1,met,door,p1,36.5,ear,无\nh1,met,door,p1,36.5,ear,\nh1,met,door,p1,36.5,ear,cough fever\n";
    let symptoms: Vec<Json> = commands(Kind::Visits, text).into_iter().map(|command| command["data"]["people"][0]["symptoms"].clone()).collect();
    assert_eq!(symptoms, [json!([]), Json::Null, json!(["cough", "fever"])]);
}

#[test]
fn a_second_reading_needs_a_first() {
    let text = "household,outcome,mode,person,celsius_again,site_again,celsius,site\nh1,met,door,p1,36.5,ear,37.4,额头\nh1,met,door,p1,36.5,ear,,\n";
    let drafts = read(Kind::Visits, text.as_bytes()).unwrap();
    let first: Json = serde_json::from_slice(drafts.list[0].command.as_ref().unwrap()).unwrap();
    assert_eq!(first["data"]["people"][0]["readings"], json!([{"celsius": 37.4, "site": "forehead"}, {"celsius": 36.5, "site": "ear"}]));
    let error = &drafts.list[1].command.as_ref().unwrap_err()[0];
    assert_eq!((error.line, error.column.as_deref(), error.code.as_str()), (3, Some("celsius_again"), "first_missing"));
}

#[test]
fn rows_of_one_building_become_one_command() {
    let text = "building,name,estate,unit,floors,doors\nb1,7号楼,e1,1,6,101 102\nb2,8号楼,e1,,,\nb1,7号楼,,2,6,201、202\n";
    let found = commands(Kind::Buildings, text);
    assert_eq!(found.len(), 2);
    let units = json!([{"unit": "1", "floors": 6, "doors": ["101", "102"]}, {"unit": "2", "floors": 6, "doors": ["201", "202"]}]);
    assert_eq!(found[0]["data"], json!({"building": "b1", "name": "7号楼", "estate": "e1", "units": units}));
    assert_eq!(found[1]["data"], json!({"building": "b2", "name": "8号楼", "estate": "e1"}));
}

#[test]
fn rows_of_one_building_fall_together_and_each_is_told_why() {
    let text = "building,name,unit,floors\nb1,7号楼,1,6\nb1,8号楼,2,six\nb2,9号楼,1,6\nb1,7号楼,3,6\n";
    let expected = [(3, Some("floors"), "wrong_shape"), (3, Some("name"), "contradiction"), (2, None, "same_building"), (5, None, "same_building")];
    let mut found = errors(Kind::Buildings, text);
    found.sort_by_key(|(line, column, _)| (*line, column.clone()));
    let mut expected = expected.map(|(line, column, code)| (line, column.map(str::to_owned), code.to_owned()));
    expected.sort_by_key(|(line, column, _)| (*line, column.clone()));
    assert_eq!(found, expected);
}

#[test]
fn a_refusal_is_told_of_the_row_and_the_column_it_came_from() {
    let text = "楼栋编号,楼栋名称,单元,楼层数,小区编号\nb1,7号楼,1,6,\nb1,7号楼,1,6,e1\n";
    let drafts = read(Kind::Buildings, text.as_bytes()).unwrap();
    let told = |pointer: &str| {
        let problem = Problem::bad_request(pointer, "code", "reason");
        let errors = drafts.refusal(&drafts.list[0], &problem);
        assert_eq!(errors.len(), 2, "every row is told: {errors:?}");
        (errors[0].line, errors[0].column.clone())
    };
    assert_eq!(told("/data/units/1/unit"), (3, Some("单元".to_owned())));
    assert_eq!(told("/data/units/1"), (3, Some("单元".to_owned())));
    assert_eq!(told("/data/estate"), (2, Some("小区编号".to_owned())));
    assert_eq!(told("/at"), (2, None));
    let people = read(Kind::People, b"phones,person,name\n1 2,p1,Li\n").unwrap();
    let told = people.refusal(&people.list[0], &Problem::bad_request("/data/phones/1", "code", "reason"));
    assert_eq!(told[0].column.as_deref(), Some("phones"));
}

#[test]
fn columns_have_the_letters_of_a_spreadsheet() {
    for (place, expected) in [(0, "A"), (25, "Z"), (26, "AA"), (51, "AZ"), (52, "BA"), (701, "ZZ"), (702, "AAA")] {
        assert_eq!(letters(place), expected);
    }
}

#[test]
fn ids_belong_to_a_community_a_kind_and_a_deployment() {
    let id = |community: &str, secret: u8| {
        let drafts = drafts(b"person,name\np1,Li\n", Kind::People, &community.parse().unwrap(), &DeploymentKey::new(&[secret; 32])).unwrap();
        let command: Json = serde_json::from_slice(drafts.list[0].command.as_ref().unwrap()).unwrap();
        command["id"].clone()
    };
    assert_eq!(id("u07", 1), id("u07", 1));
    assert_ne!(id("u07", 1), id("u08", 1));
    assert_ne!(id("u07", 1), id("u07", 2), "an id that anybody can compute lets anybody test a guess about a row");
}

fn cell() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[ a-z0-9,;\"\t\r\n'、杨桂英号楼-]{0,8}", 1 => any::<String>().prop_map(|text| text.chars().filter(|c| *c != '\0').take(8).collect())]
}

/// As a spreadsheet writes it: quoted where needed.
fn quoted(cell: &str, separator: char) -> String {
    let needed = cell.contains([separator, '"', '\r', '\n']) || cell.starts_with('"');
    if needed { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.to_owned() }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_written_is_read(rows in prop::collection::vec((cell(), cell()), 0..12), separator in prop::sample::select(vec![',', ';', '\t']), end in prop::sample::select(vec!["\n", "\r\n", "\r"])) {
        let mut text = format!("name{separator}person{end}");
        for (name, person) in &rows {
            text += &format!("{}{separator}{}{end}", quoted(name, separator), quoted(person, separator));
        }
        let sheet = Sheet::read(text.as_bytes(), Kind::People).unwrap();
        let trimmed = |(line, (name, person)): (u64, &(String, String))| {
            let mut cells = vec![name.trim().to_owned(), person.trim().to_owned()];
            while cells.last().is_some_and(String::is_empty) { cells.pop(); }
            (line, cells)
        };
        let expected: Vec<_> = (2..).zip(&rows).map(trimmed).filter(|(_, cells)| !cells.is_empty()).collect();
        let found: Vec<_> = sheet.rows().map(|row| (row.line, row.cells)).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn the_same_rows_have_the_same_ids_whatever_is_added(rows in prop::collection::vec("[ab]", 1..20), added in prop::collection::vec((any::<prop::sample::Index>(), "[cd]"), 0..5)) {
        let ids = |names: &[String]| -> std::collections::BTreeMap<String, Vec<String>> {
            let text = names.iter().fold("person,name\n".to_owned(), |text, name| text + &format!("p1,{name}\n"));
            let mut ids = std::collections::BTreeMap::<String, Vec<String>>::new();
            for command in commands(Kind::People, &text) {
                ids.entry(command["data"]["name"].as_str().unwrap().to_owned()).or_default().push(command["id"].as_str().unwrap().to_owned());
            }
            ids
        };
        let before = ids(&rows);
        let all: std::collections::BTreeSet<&String> = before.values().flatten().collect();
        prop_assert_eq!(all.len(), rows.len(), "two rows have one id");
        let mut more = rows.clone();
        for (place, name) in added {
            more.insert(place.index(more.len() + 1), name);
        }
        let after = ids(&more);
        for (name, ids) in &before {
            prop_assert_eq!(Some(ids), after.get(name));
        }
    }

    #[test]
    fn no_bytes_make_it_panic_or_repeat_what_they_say(bytes in prop::collection::vec(any::<u8>(), 0..200), kind in prop::sample::select(Kind::ALL.to_vec())) {
        // "zq" stands in none of our own words
        let bytes: Vec<u8> = bytes.iter().copied().chain(*b"zq").collect();
        match read(kind, &bytes) {
            Ok(drafts) => drop(drafts),
            Err(error) => prop_assert!(!error.to_string().contains("zq")),
        }
    }
}
