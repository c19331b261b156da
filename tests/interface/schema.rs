//! JSON against the schemas of openapi.json. Only the words of JSON Schema that our contracts use are known; any other is a complaint,
//! so that nothing in a contract goes unchecked.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use domain::values::{CommandId, Day, Timestamp};
use regex::Regex;
use serde_json::{Map, Value};

/// Words that say something to people only.
const TOLD: &[&str] = &["description", "title", "examples", "default"];
/// Words that are checked.
const CHECKED: &[&str] = &[
    "$ref",
    "type",
    "const",
    "enum",
    "format",
    "pattern",
    "minimum",
    "maximum",
    "items",
    "minItems",
    "maxItems",
    "required",
    "properties",
    "additionalProperties",
    "propertyNames",
    "minProperties",
    "maxProperties",
    "oneOf",
    "anyOf",
    "allOf",
];

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// Everything, and fields that are not described are complaints: for what we answer.
    Answer,
    /// Everything: for what is sent to us.
    Request,
    /// Fields and their types, but no bounds and no alternatives: what a parser can see.
    Shape,
}

/// The words and fields that a value was looked at with, by JSON pointer.
#[derive(Debug, Default)]
pub(crate) struct Visited {
    /// Fields of closed objects, and which of them must be there.
    pub(crate) objects: BTreeMap<String, (BTreeSet<String>, BTreeSet<String>)>,
    /// Lists of words.
    pub(crate) words: BTreeMap<String, BTreeSet<String>>,
    /// Lists of words that are the names of a map.
    pub(crate) names: BTreeMap<String, BTreeSet<String>>,
}

/// The contract, ready to check values.
pub(crate) struct Contract {
    pub(crate) document: Value,
    patterns: RefCell<BTreeMap<String, Regex>>,
}

/// One look at one value.
struct Visit<'a> {
    contract: &'a Contract,
    look: Look,
    found: Vec<String>,
    visited: Visited,
}

impl Contract {
    pub(crate) fn ours() -> Self {
        Self::of(serde_json::from_str(web::OPENAPI).unwrap())
    }

    pub(crate) fn of(document: Value) -> Self {
        Self { document, patterns: RefCell::default() }
    }

    /// A schema by its name.
    pub(crate) fn schema(&self, name: &str) -> &Value {
        let found = &self.document["components"]["schemas"][name];
        assert!(found.is_object(), "there is no schema {name}");
        found
    }

    /// The names of all schemas.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.document["components"]["schemas"].as_object().into_iter().flatten().map(|(name, _)| name.as_str())
    }

    /// What a `$ref` of the contract stands for; what has none stands for itself.
    pub(crate) fn resolved<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str() {
            Some(reference) => {
                reference.strip_prefix('#').and_then(|pointer| self.document.pointer(pointer)).unwrap_or_else(|| panic!("{reference} leads nowhere"))
            }
            None => value,
        }
    }

    /// What is wrong with a value.
    pub(crate) fn complaints(&self, schema: &Value, value: &Value, look: Look) -> Vec<String> {
        self.visit(schema, value, look).0
    }

    /// What is wrong with a value, and what it was looked at with.
    pub(crate) fn visit(&self, schema: &Value, value: &Value, look: Look) -> (Vec<String>, Visited) {
        let mut visit = Visit { contract: self, look, found: Vec::new(), visited: Visited::default() };
        visit.whole(schema, value, "");
        (visit.found, visit.visited)
    }

    fn matches(&self, pattern: &str, text: &str) -> bool {
        let mut patterns = self.patterns.borrow_mut();
        patterns.entry(pattern.to_owned()).or_insert_with(|| Regex::new(pattern).unwrap()).is_match(text)
    }
}

impl Visit<'_> {
    /// A value with all that is said of it: in an answer, no field is left that nothing was said of.
    fn whole(&mut self, schema: &Value, value: &Value, at: &str) {
        let told = self.said(schema, value, at);
        if let (Look::Answer, Value::Object(fields)) = (self.look, value) {
            self.found.extend(fields.keys().filter(|name| !told.contains(*name)).map(|name| format!("{at}/{name} is not described")));
        }
    }

    /// What one schema says; the fields that it tells of.
    fn said(&mut self, schema: &Value, value: &Value, at: &str) -> BTreeSet<String> {
        let Value::Object(said) = schema else {
            self.found.push(format!("{at}: {schema} is no schema"));
            return BTreeSet::new();
        };
        let unknown = said.keys().filter(|word| !CHECKED.contains(&word.as_str()) && !TOLD.contains(&word.as_str()));
        self.found.extend(unknown.map(|word| format!("{at}: nobody checks {word}")));
        let mut told = BTreeSet::new();
        if said.contains_key("$ref") {
            let target = self.contract.resolved(schema).clone();
            told.extend(self.said(&target, value, at));
        }
        self.plain(said, value, at);
        match value {
            Value::String(text) => self.text(said, text, at),
            Value::Number(_) => self.bounds(said, value, at),
            Value::Array(items) => self.list(said, items, at),
            Value::Object(fields) => told.extend(self.object(said, fields, at)),
            Value::Null | Value::Bool(_) => {}
        }
        told.extend(self.alternatives(said, value, at));
        told
    }

    fn plain(&mut self, said: &Map<String, Value>, value: &Value, at: &str) {
        let of_type = |kind: &Value| match kind.as_str() {
            Some("null") => value.is_null(),
            Some("boolean") => value.is_boolean(),
            Some("integer") => value.is_i64() || value.is_u64(),
            Some("number") => value.is_number(),
            Some("string") => value.is_string(),
            Some("array") => value.is_array(),
            Some("object") => value.is_object(),
            _ => false,
        };
        let fits = match said.get("type") {
            None => true,
            Some(Value::Array(kinds)) => kinds.iter().any(of_type),
            Some(kind) => of_type(kind),
        };
        if !fits {
            self.found.push(format!("{at} is not of type {}", said["type"]));
        }
        if said.get("const").is_some_and(|only| only != value) {
            self.found.push(format!("{at} is not {}", said["const"]));
        }
        if let Some(Value::Array(words)) = said.get("enum") {
            self.visited.words.insert(at.to_owned(), words.iter().filter_map(Value::as_str).map(str::to_owned).collect());
            if !words.contains(value) {
                self.found.push(format!("{at} is none of {words:?}"));
            }
        }
    }

    fn text(&mut self, said: &Map<String, Value>, text: &str, at: &str) {
        let is_format = |format: &str| match format {
            "date-time" => text.parse::<Timestamp>().is_ok(),
            "date" => text.parse::<Day>().is_ok(),
            "uuid" => text.parse::<CommandId>().is_ok(),
            _ => false,
        };
        if let Some(format) = said.get("format").and_then(Value::as_str).filter(|format| !is_format(format)) {
            self.found.push(format!("{at} is not a {format}"));
        }
        if let Some(pattern) = said.get("pattern").and_then(Value::as_str).filter(|pattern| !self.contract.matches(pattern, text)) {
            self.found.push(format!("{at} is not like {pattern}"));
        }
    }

    fn bounds(&mut self, said: &Map<String, Value>, value: &Value, at: &str) {
        let number = |word: &str| said.get(word).and_then(Value::as_f64);
        let value = value.as_f64().unwrap_or(f64::NAN);
        if self.look != Look::Shape && (number("minimum").is_some_and(|least| value < least) || number("maximum").is_some_and(|most| value > most)) {
            self.found.push(format!("{at} is out of bounds"));
        }
    }

    fn count(&mut self, said: &Map<String, Value>, words: [&str; 2], count: usize, at: &str) {
        let bound = |word: &str| said.get(word).and_then(Value::as_u64);
        let (least, most) = (bound(words[0]).unwrap_or(0), bound(words[1]).unwrap_or(u64::MAX));
        if self.look != Look::Shape && !(least..=most).contains(&(count as u64)) {
            self.found.push(format!("{at} holds {count}"));
        }
    }

    fn list(&mut self, said: &Map<String, Value>, items: &[Value], at: &str) {
        self.count(said, ["minItems", "maxItems"], items.len(), at);
        if let Some(schema) = said.get("items") {
            for (index, item) in items.iter().enumerate() {
                self.whole(schema, item, &format!("{at}/{index}"));
            }
        }
    }

    fn object(&mut self, said: &Map<String, Value>, fields: &Map<String, Value>, at: &str) -> BTreeSet<String> {
        self.count(said, ["minProperties", "maxProperties"], fields.len(), at);
        let required: BTreeSet<String> = texts(said.get("required")).collect();
        self.found.extend(required.iter().filter(|name| !fields.contains_key(*name)).map(|name| format!("{at}/{name} is missing")));
        let properties = said.get("properties").and_then(Value::as_object);
        let mut told: BTreeSet<String> = properties.into_iter().flatten().map(|(name, _)| name.clone()).collect();
        let rest = said.get("additionalProperties");
        if rest == Some(&Value::Bool(false)) {
            self.visited.objects.insert(at.to_owned(), (told.clone(), required));
        }
        if let Some(words) = said.get("propertyNames").map(|names| self.contract.resolved(names)).filter(|names| names["enum"].is_array()) {
            self.visited.names.insert(at.to_owned(), texts(words.get("enum")).collect());
        }
        for (name, value) in fields {
            if let Some(names) = said.get("propertyNames") {
                // no pointer leads to a name
                self.whole(names, &Value::String(name.clone()), &format!("{at}#{name}"));
            }
            let at = format!("{at}/{name}");
            match (properties.and_then(|properties| properties.get(name)), rest) {
                (Some(schema), _) => self.whole(schema, value, &at),
                (None, Some(Value::Bool(false))) => self.found.push(format!("{at} is not allowed")),
                (None, Some(Value::Bool(true))) => drop(told.insert(name.clone())),
                (None, Some(schema)) => {
                    self.whole(schema, value, &at);
                    told.insert(name.clone());
                }
                (None, None) => {}
            }
        }
        told
    }

    fn alternatives(&mut self, said: &Map<String, Value>, value: &Value, at: &str) -> BTreeSet<String> {
        let mut told = BTreeSet::new();
        for schema in said.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            told.extend(self.said(schema, value, at));
        }
        for (word, most) in [("oneOf", 1), ("anyOf", usize::MAX)] {
            let Some(choices) = said.get(word).and_then(Value::as_array) else { continue };
            if self.look == Look::Shape && choices.iter().all(is_rule) {
                continue;
            }
            let mut fitting = 0;
            let mut nearest: Option<Vec<String>> = None;
            for choice in choices {
                let mut visit = Visit { contract: self.contract, look: self.look, found: Vec::new(), visited: Visited::default() };
                let seen = visit.said(choice, value, at);
                if visit.found.is_empty() {
                    fitting += 1;
                    told.extend(seen);
                    self.visited.objects.append(&mut visit.visited.objects);
                    self.visited.words.append(&mut visit.visited.words);
                    self.visited.names.append(&mut visit.visited.names);
                } else if nearest.as_ref().is_none_or(|best| visit.found.len() < best.len()) {
                    nearest = Some(visit.found);
                }
            }
            if fitting == 0 {
                self.found.push(format!("{at} fits none of {word}"));
                self.found.extend(nearest.unwrap_or_default());
            } else if fitting > most {
                self.found.push(format!("{at} fits {fitting} of {word}"));
            }
        }
        told
    }
}

/// An alternative that only says which fields go together: a decision's rule, not a shape.
fn is_rule(schema: &Value) -> bool {
    schema.as_object().is_some_and(|said| said.keys().all(|word| word == "required"))
}

/// The texts of a list.
pub(crate) fn texts(list: Option<&Value>) -> impl Iterator<Item = String> {
    list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).map(str::to_owned)
}

/// Every place in a value, with its JSON pointer; the value itself is `""`.
pub(crate) fn places(value: &Value) -> Vec<String> {
    fn walk(value: &Value, at: &str, found: &mut Vec<String>) {
        found.push(at.to_owned());
        match value {
            Value::Object(fields) => {
                fields.iter().for_each(|(name, value)| walk(value, &format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), found))
            }
            Value::Array(items) => items.iter().enumerate().for_each(|(index, value)| walk(value, &format!("{at}/{index}"), found)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let mut found = Vec::new();
    walk(value, "", &mut found);
    found
}

/// A value with something else in one place.
pub(crate) fn with(value: &Value, at: &str, other: Value) -> Value {
    let mut value = value.clone();
    *value.pointer_mut(at).unwrap() = other;
    value
}

mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_word_is_checked() {
        let contract = Contract::of(json!({"components": {"schemas": {"Slug": {"type": "string", "pattern": "^[a-z]+$"}}}}));
        let slug = json!({"$ref": "#/components/schemas/Slug"});
        for (schema, good, bad) in [
            (slug.clone(), json!("abc"), json!("7")),
            (json!({"type": ["string", "null"]}), json!(null), json!(7)),
            (json!({"type": "integer"}), json!(7), json!(7.5)),
            (json!({"const": 1}), json!(1), json!(2)),
            (json!({"enum": ["a", null]}), json!(null), json!("b")),
            (json!({"format": "date-time"}), json!("2020-02-06T15:04:00+08:00"), json!("2020-02-06T15:04:00")),
            (json!({"format": "date"}), json!("2020-02-06"), json!("2020-02-30")),
            (json!({"format": "uuid"}), json!("01922f0c-7b1e-7c3a-9f00-5b1d2c3e4f50"), json!("1")),
            (json!({"minimum": 1, "maximum": 3}), json!(3), json!(4)),
            (json!({"items": slug, "minItems": 1, "maxItems": 2}), json!(["a"]), json!([])),
            (json!({"items": slug}), json!(["a"]), json!(["7"])),
            (json!({"required": ["a"], "additionalProperties": true}), json!({"a": 1}), json!({})),
            (json!({"properties": {"a": slug}}), json!({"a": "a"}), json!({"a": 1})),
            (json!({"properties": {"a": {}}, "additionalProperties": false}), json!({"a": 1}), json!({"b": 1})),
            (json!({"additionalProperties": slug}), json!({"b": "b"}), json!({"b": 1})),
            (json!({"propertyNames": slug, "additionalProperties": true}), json!({"b": 1}), json!({"7": 1})),
            (json!({"minProperties": 1, "maxProperties": 1, "additionalProperties": true}), json!({"b": 1}), json!({"b": 1, "c": 1})),
            (json!({"oneOf": [{"required": ["a"]}, {"required": ["b"]}], "additionalProperties": true}), json!({"a": 1}), json!({"a": 1, "b": 1})),
            (json!({"anyOf": [{"type": "null"}, {"type": "string"}]}), json!("a"), json!(1)),
            (json!({"allOf": [{"minimum": 1}, {"maximum": 2}]}), json!(2), json!(3)),
        ] {
            assert_eq!(contract.complaints(&schema, &good, Look::Answer), Vec::<String>::new(), "{schema} {good}");
            assert!(!contract.complaints(&schema, &bad, Look::Request).is_empty(), "{schema} {bad}");
        }
        assert!(!contract.complaints(&json!({"uniqueItems": true}), &json!([]), Look::Request).is_empty(), "a word that nobody checks");
    }

    #[test]
    fn an_answer_holds_nothing_that_is_not_described_however_its_schema_is_composed() {
        let contract = Contract::of(json!({}));
        let schema = json!({"allOf": [{"properties": {"a": {}}}, {"oneOf": [{"required": ["b"], "properties": {"b": {"properties": {}}}}]}]});
        assert_eq!(contract.complaints(&schema, &json!({"a": 1, "b": 1}), Look::Answer), Vec::<String>::new());
        assert_eq!(contract.complaints(&schema, &json!({"a": 1, "b": 1, "c": 1}), Look::Answer), ["/c is not described"]);
        assert!(!contract.complaints(&schema, &json!({"a": 1, "b": {"c": 1}}), Look::Answer).is_empty());
        assert!(contract.complaints(&schema, &json!({"a": 1, "b": 1, "c": 1}), Look::Request).is_empty());
    }
}
