//! What is said of every operation is complete: for people in two languages, for machines without loose ends.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{
    routes::described,
    schema::{Contract, Look, places, texts},
};

#[test]
fn every_operation_says_what_it_does_in_chinese_first_and_names_each_of_its_parameters() {
    let contract = Contract::ours();
    let mut ids = BTreeSet::new();
    for (method, path) in described(&contract) {
        let item = &contract.document["paths"][&path];
        let operation = &item[&method];
        let summary = operation["summary"].as_str().unwrap_or_default();
        let (chinese, english) = summary.split_once(" · ").unwrap_or_else(|| panic!("{method} {path}: {summary} is in one language"));
        assert!(!chinese.is_ascii() && english.is_ascii(), "{method} {path}: {summary}");
        assert!(ids.insert(operation["operationId"].as_str().unwrap().to_owned()), "{method} {path}: its id is taken");
        let tags: Vec<String> = texts(contract.document["tags"].pointer("").map(|_| &operation["tags"])).collect();
        assert!(contract.document["tags"].as_array().unwrap().iter().any(|tag| tags == [tag["name"].as_str().unwrap()]), "{method} {path}: {tags:?}");
        let parameters = [&item["parameters"], &operation["parameters"]].into_iter().filter_map(Value::as_array).flatten();
        let in_path: BTreeSet<String> = parameters
            .map(|parameter| contract.resolved(parameter))
            .filter(|parameter| parameter["in"] == "path")
            .map(|parameter| parameter["name"].as_str().unwrap().to_owned())
            .collect();
        let named: BTreeSet<String> = path.split(['{', '}']).skip(1).step_by(2).map(str::to_owned).collect();
        assert_eq!(in_path, named, "{method} {path}");
    }
}

#[test]
fn every_reference_leads_somewhere_and_every_shape_is_used() {
    let contract = Contract::ours();
    let mut used = BTreeSet::new();
    for place in places(&contract.document) {
        if let Some(reference) = contract.document.pointer(&place).unwrap()["$ref"].as_str() {
            let pointer = reference.strip_prefix('#').unwrap_or_else(|| panic!("{place}: {reference} is not in this file"));
            assert!(contract.document.pointer(pointer).is_some(), "{place}: {reference} leads nowhere");
            used.extend(reference.strip_prefix("#/components/schemas/").map(str::to_owned));
        }
    }
    // what is sent over NATS only is used in the other file
    let prefix = "./openapi.json#/components/schemas/";
    for line in web::ASYNCAPI.lines().filter_map(|line| line.split(prefix).nth(1)) {
        let name = line.trim_end_matches('\'');
        assert!(contract.schema(name).is_object());
        used.insert(name.to_owned());
    }
    let unused: Vec<&str> = contract.names().filter(|name| !used.contains(*name)).collect();
    assert!(unused.is_empty(), "shapes that nothing uses: {unused:?}");
}

#[test]
fn every_example_is_one() {
    let contract = Contract::ours();
    let mut count = 0;
    for place in places(&contract.document) {
        let schema = contract.document.pointer(&place).unwrap();
        for example in schema["examples"].as_array().into_iter().flatten() {
            assert_eq!(contract.complaints(schema, example, Look::Answer), Vec::<String>::new(), "{place}: {example}");
            count += 1;
        }
    }
    assert!(count > 60, "only {count} examples");
}
