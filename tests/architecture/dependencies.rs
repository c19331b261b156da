//! Who may depend on whom: I1, I2 and I3 of architecture.md.

use std::process::Command;

use serde_json::{Value, json};

use crate::tree::root;

/// Which crates of ours each crate may build on. What is not listed is refused; a crate that is not listed too.
const OURS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("readmodel", &["domain"]),
    ("rules", &["domain"]),
    ("trial", &["domain", "rules"]),
    ("delivery", &["domain"]),
    ("demo", &[]),
    ("bus", &["domain"]),
    ("store", &["domain"]),
    ("web", &["domain"]),
    ("dashboard", &["domain", "readmodel", "web"]),
    ("intake", &["domain", "bus", "store", "web"]),
    ("projection", &["domain", "readmodel", "bus", "store", "web"]),
    ("alerting", &["domain", "rules", "delivery", "bus", "store", "web"]),
    ("bench", &["domain", "bus"]),
    ("gridward", &["domain", "trial", "delivery", "demo", "bench", "bus", "store", "web", "dashboard", "intake", "projection", "alerting"]),
    ("testkit", &["domain", "readmodel", "rules", "bus", "store"]),
    ("system-tests", &["domain", "readmodel", "rules", "trial", "demo", "bus", "web", "testkit"]),
];

/// What every crate may use for its tests, besides what it may build on.
const FOR_TESTS: &[&str] = &["testkit", "demo"];

/// Pure crates, and all that they may take from outside (I1): values in, values out.
const PURE: &[(&str, &[&str])] = &[
    ("domain", &["serde", "postcard", "thiserror", "jiff", "uuid", "blake3", "crc32fast", "chacha20poly1305"]),
    ("readmodel", &["serde"]),
    ("rules", &["serde"]),
    ("trial", &["serde", "serde_json", "thiserror"]),
    ("delivery", &["serde", "serde_json", "minijinja", "thiserror"]),
    ("demo", &["serde", "serde_json", "jiff", "uuid"]),
];

/// Outside dependencies that only these crates name (I3): to exchange one is to change one crate.
const OWNED: &[(&str, &[&str])] = &[
    ("async-nats", &["bus", "bench"]),
    ("sled", &["store"]),
    ("axum", &["web", "intake", "projection", "dashboard", "bench"]),
    ("axum-server", &["web"]),
    ("tower-http", &["web"]),
    ("askama", &["dashboard"]),
    ("csv", &["intake"]),
    ("encoding_rs", &["intake"]),
    ("chacha20poly1305", &["domain"]),
    ("blake3", &["domain"]),
    ("base64", &["alerting", "bus"]),
    ("ring", &["alerting"]),
    ("crc32fast", &["domain"]),
    ("clap", &["gridward"]),
    ("clap_complete", &["gridward"]),
    ("config", &["gridward"]),
    ("indicatif", &["gridward"]),
    ("metrics-exporter-prometheus", &["gridward"]),
    ("minijinja", &["delivery"]),
    ("tracing-subscriber", &["gridward"]),
];

/// What is not as it should be yet, and why. This list only shrinks: an entry that is not needed is refused.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    ("gridward", "axum", "puts the routers of the services together and answers for health and consumers"),
    ("alerting", "crc32fast", "one number for the versions of all rules: with another one their rows are folded anew"),
    ("dashboard", "blake3", "names each asset by what is in it, so that browsers keep it for good"),
];

/// What `cargo metadata` says of the packages of this workspace.
fn metadata() -> Value {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo).args(["metadata", "--format-version", "1", "--no-deps", "--offline"]).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn names<'a>(list: &'a [(&'a str, &'a [&'a str])], name: &str) -> Option<&'a [&'a str]> {
    list.iter().find(|(listed, _)| *listed == name).map(|(_, names)| *names)
}

/// Every dependency that should not be, as `crate`, `dependency`, why.
fn violations(metadata: &Value) -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let name = package["name"].as_str().unwrap_or_default();
        let Some(allowed) = names(OURS, name) else {
            found.push((name.to_owned(), String::new(), "this crate is not in the list of crates".to_owned()));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let on = dependency["name"].as_str().unwrap_or_default();
            let for_tests = dependency["kind"] == "dev";
            found.extend(complaint(name, allowed, on, for_tests).map(|why| (name.to_owned(), on.to_owned(), why)));
        }
    }
    found
}

fn complaint(name: &str, allowed: &[&str], on: &str, for_tests: bool) -> Option<String> {
    if names(OURS, on).is_some() {
        let fine = allowed.contains(&on) || (for_tests && FOR_TESTS.contains(&on));
        return (!fine).then(|| format!("{name} may build on {allowed:?} only"));
    }
    if !for_tests && names(PURE, name).is_some_and(|outside| !outside.contains(&on)) {
        return Some(format!("{name} is pure: values in, values out"));
    }
    let owners = names(OWNED, on).unwrap_or_default();
    (!owners.is_empty() && !owners.contains(&name)).then(|| format!("only {owners:?} may name {on}"))
}

#[test]
fn crates_depend_on_what_they_may() {
    let excused = |(name, on, _): &(String, String, String)| EXCEPTIONS.iter().any(|(crate_name, dependency, _)| name == crate_name && on == dependency);
    let found = violations(&metadata());
    let open: Vec<_> = found.iter().filter(|violation| !excused(violation)).collect();
    assert!(open.is_empty(), "{open:#?}");
    let unneeded: Vec<_> =
        EXCEPTIONS.iter().filter(|(name, on, _)| !found.iter().any(|(crate_name, dependency, _)| crate_name == name && dependency == on)).collect();
    assert!(unneeded.is_empty(), "not needed any more, delete it: {unneeded:#?}");
}

/// What a crate may build on and does not, tests included.
fn unused(metadata: &Value) -> Vec<(String, String)> {
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let used: Vec<(&str, &str)> = packages
        .flat_map(|package| package["dependencies"].as_array().into_iter().flatten().filter_map(|on| Some((package["name"].as_str()?, on["name"].as_str()?))))
        .collect();
    OURS.iter()
        .flat_map(|(name, allowed)| allowed.iter().map(move |on| (*name, *on)))
        .filter(|edge| !used.contains(edge))
        .map(|(name, on)| (name.to_owned(), on.to_owned()))
        .collect()
}

#[test]
fn nothing_is_allowed_that_is_not_needed() {
    assert_eq!(unused(&metadata()), Vec::new(), "not needed any more, delete it");
    let mut without = metadata();
    without["packages"].as_array_mut().unwrap().retain(|package| package["name"] != "readmodel");
    assert_eq!(unused(&without), [("readmodel".to_owned(), "domain".to_owned())]);
}

#[test]
fn what_is_allowed_has_no_circle_and_no_service_builds_on_another() {
    for (place, (name, allowed)) in OURS.iter().enumerate() {
        for on in *allowed {
            let earlier = OURS[..place].iter().any(|(listed, _)| listed == on);
            assert!(earlier, "{name} may build on {on}, which is not further inside");
        }
        let services = ["intake", "projection", "alerting"];
        let is_service = services.contains(name);
        assert!(!is_service || !allowed.iter().any(|on| services.contains(on)), "{name} is a service and may build on another");
    }
}

#[test]
fn a_planted_dependency_is_seen() {
    for (name, on, kind) in [
        ("domain", "tokio", Value::Null),
        ("domain", "readmodel", Value::Null),
        ("domain", "bus", json!("dev")),
        ("readmodel", "sled", Value::Null),
        ("rules", "rand", Value::Null),
        ("demo", "reqwest", Value::Null),
        ("intake", "projection", Value::Null),
        ("projection", "intake", json!("dev")),
        ("alerting", "sled", Value::Null),
        ("alerting", "async-nats", json!("dev")),
        ("store", "async-nats", Value::Null),
        ("bus", "axum", Value::Null),
        ("bus", "clap", json!("build")),
        ("a-new-crate", "serde", Value::Null),
    ] {
        let mut planted = metadata();
        let before = violations(&planted).len();
        let packages = planted["packages"].as_array_mut().unwrap();
        let dependency = json!({"name": on, "kind": kind});
        match packages.iter_mut().find(|package| package["name"] == name) {
            Some(package) => package["dependencies"].as_array_mut().unwrap().push(dependency),
            None => packages.push(json!({"name": name, "dependencies": [dependency]})),
        }
        assert_eq!(violations(&planted).len(), before + 1, "{name} -> {on} was not seen");
    }
}
