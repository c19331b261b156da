//! Every route of the program is in the contract, and the other way round. Pages are for people: they are not.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use crate::schema::Contract;

/// Where routers are written. The dashboard's are pages.
const FOLDERS: &[&str] = &["crates/gridward/src", "crates/intake/src", "crates/projection/src", "crates/alerting/src", "crates/web/src"];
const METHODS: &[&str] = &["get", "post", "put", "patch", "delete"];

/// A method and a path.
pub(crate) type Operation = (String, String);

/// Every operation of the contract.
pub(crate) fn described(contract: &Contract) -> BTreeSet<Operation> {
    let paths = contract.document["paths"].as_object().unwrap();
    let methods = |item: &serde_json::Value| item.as_object().unwrap().keys().filter(|word| METHODS.contains(&word.as_str())).cloned().collect::<Vec<_>>();
    paths.iter().flat_map(|(path, item)| methods(item).into_iter().map(move |method| (method, path.clone()))).collect()
}

/// Every operation of a source: `.route("path", get(…).post(…))`, below the path at which its router is nested, if it is.
fn routed(text: &str) -> BTreeSet<Operation> {
    let mut found = BTreeSet::new();
    for (start, _) in text.match_indices(".route(\"") {
        let call = call(&text[start + ".route".len()..]);
        let path = call[2..].split('"').next().unwrap_or_default();
        let prefix = prefix_of(text, start);
        for method in METHODS {
            let is_method = |(place, _): &(usize, &str)| !call[..*place].ends_with(|before: char| before.is_alphanumeric() || before == '_');
            if call.match_indices(&format!("{method}(")).any(|found| is_method(&found)) {
                found.insert(((*method).to_owned(), format!("{prefix}{path}")));
            }
        }
    }
    found
}

/// What stands between parentheses, with them.
fn call(text: &str) -> &str {
    let mut depth = 0_usize;
    for (place, character) in text.char_indices() {
        match character {
            '(' => depth += 1,
            ')' if depth == 1 => return &text[..=place],
            ')' => depth -= 1,
            _ => {}
        }
    }
    text
}

/// The path at which the router of a route is nested: that of `.nest("path", name)`, where the route stands in `let name = …;`.
fn prefix_of(text: &str, route: usize) -> String {
    let statement = text[..route].rfind(';').map_or(0, |end| end + 1);
    let Some(name) = text[statement..route].split("let ").nth(1).and_then(|rest| rest.split([' ', ':']).next()) else { return String::new() };
    let nests = text.match_indices(".nest(\"").map(|(start, _)| call(&text[start + ".nest".len()..]));
    let ours = nests.filter(|call| call.ends_with(&format!(", {name})")));
    ours.map(|call| call[2..].split('"').next().unwrap_or_default().to_owned()).next().unwrap_or_default()
}

fn sources() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut folders: Vec<PathBuf> = FOLDERS.iter().map(|folder| root.join(folder)).collect();
    let mut texts = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{folder:?}: {error}")) {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                texts.push(fs::read_to_string(path).unwrap());
            }
        }
    }
    texts
}

#[test]
fn every_route_is_described_and_everything_described_is_routed() {
    let routed: BTreeSet<Operation> = sources().iter().flat_map(|text| routed(text)).collect();
    assert!(routed.len() > 30, "only {} routes: are these the folders?", routed.len());
    assert_eq!(described(&Contract::ours()), routed, "left: in openapi.json; right: in the sources");
}

#[test]
fn routes_are_read_with_their_methods_and_their_prefix() {
    let text = r#"
        let inner = Router::new().route("/b", get(list).post(|| async { forget(1) })).route("/b/{id}", delete(remove));
        Router::new().route("/a", get(a)).nest("/a", inner).route("/c", post(c))
    "#;
    let found: Vec<String> = routed(text).into_iter().map(|(method, path)| format!("{method} {path}")).collect();
    assert_eq!(found, ["delete /a/b/{id}", "get /a", "get /a/b", "post /a/b", "post /c"]);
}
