//! Every code that a problem may have is said in words: nobody is told in general what could be said.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use regex::Regex;
use reqwest::StatusCode;
use web::Problem;

/// Where problems are made, with the code in parentheses. A pointer before it is a text, or a text that is formatted.
const MADE: [&str; 7] = [
    r#"Rejection::invalid\(\s*&?(?:format!\("[^"]*"[^)]*\)|[^,()]*),\s*"([a-z_]+)""#,
    r#"Rejection::conflict\(\s*"([a-z_]+)""#,
    r#"Rejection::(?:Conflict|Invalid) \{[^}]*?code: "([a-z_]+)""#,
    r#"Problem::new\(\s*StatusCode::[A-Z_]+,\s*"([a-z_]+)""#,
    r#"Problem::bad_request\(\s*(?:format!\("[^"]*"[^)]*\)|[^,()]*),\s*"([a-z_]+)""#,
    r#"(?:Problem|Self)::unavailable\(\s*"([a-z_]+)""#,
    r#"Outcome::Refused\(\s*"([a-z_]+)""#,
];

fn sources() -> Vec<String> {
    let mut folders = vec![PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../crates")];
    let mut texts = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let aside = path.ends_with("tests") || path.ends_with("testkit") || path.ends_with("tests.rs");
            if path.is_dir() && !aside {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") && !aside {
                texts.push(without_tests(&path));
            }
        }
    }
    texts
}

fn without_tests(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    text.split("#[cfg(test)]").next().unwrap_or_default().to_owned()
}

fn codes(text: &str) -> BTreeSet<String> {
    let made = MADE.map(|made| Regex::new(made).unwrap());
    made.iter().flat_map(|made| made.captures_iter(text).map(|found| found[1].to_owned())).collect()
}

fn title(code: &str) -> String {
    serde_json::to_value(Problem::new(StatusCode::BAD_REQUEST, code)).unwrap()["title"].as_str().unwrap().to_owned()
}

#[test]
fn every_code_is_said_in_words() {
    let codes: BTreeSet<String> = sources().iter().flat_map(|text| codes(text)).collect();
    assert!(codes.len() > 70, "only {} codes: {codes:?}", codes.len());
    let unsaid: Vec<_> = codes.iter().filter(|code| title(code) == title("no_such_code")).collect();
    assert!(unsaid.is_empty(), "no words in crates/web/src/words.rs: {unsaid:?}");
}

#[test]
fn codes_are_found_wherever_they_stand() {
    let text = r#"
        Rejection::invalid(&format!("{pointer}/unit"), "unit_twice", "x"); Rejection::conflict("town_fixed", "y");
        Problem::new(StatusCode::CONFLICT, "token_exists"); Problem::bad_request("?limit", "limit_range", format!("z"))
        Rejection::Conflict { code: "residence_exists", reason: r }; Self::unavailable("keys_away", 1)
    "#;
    let expected = ["keys_away", "limit_range", "residence_exists", "token_exists", "town_fixed", "unit_twice"];
    assert_eq!(codes(text).into_iter().collect::<Vec<_>>(), expected);
}
