//! Every view as it is written in Rust against its schema: each schema shows an example with everything in it, and the two agree on it.

use readmodel::views;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::schema::{Contract, Look, places, with};

/// Reads a value as a view and writes it again.
type Trip = fn(&Value) -> Result<Value, String>;

const VIEWS: &[(&str, Trip)] = &[
    ("AlertCounts", trip::<views::AlertCounts>),
    ("AlertItem", trip::<views::AlertItem>),
    ("BuildingDetail", trip::<views::BuildingDetail>),
    ("Cell", trip::<views::Cell>),
    ("CheckCounts", trip::<views::CheckCounts>),
    ("CheckpointItem", trip::<views::CheckpointItem>),
    ("CommunityHeadline", trip::<views::CommunityHeadline>),
    ("CoverageDoors", trip::<views::CoverageDoors>),
    ("DutyItem", trip::<views::DutyItem>),
    ("HouseholdView", trip::<views::HouseholdView>),
    ("Observation", trip::<views::ObservationView>),
    ("PersonItem", trip::<views::PersonItem>),
    ("PersonView", trip::<views::PersonView>),
    ("QuarantineItem", trip::<views::QuarantineItem>),
    ("ReadingView", trip::<views::ReadingView>),
    ("SilenceItem", trip::<views::SilenceItem>),
    ("SlotView", trip::<views::SlotView>),
    ("StaffItem", trip::<views::StaffItem>),
    ("StatusRow", trip::<views::StatusRow>),
    ("TimelineItem", trip::<views::TimelineItem>),
];

/// Fields of which one is absent when the other is there.
const EITHER: &[&str] = &["unregistered", "unreadable"];

fn trip<T: Serialize + DeserializeOwned>(value: &Value) -> Result<Value, String> {
    let view: T = serde_json::from_value(value.clone()).map_err(|error| error.to_string())?;
    Ok(serde_json::to_value(&view).unwrap())
}

fn example<'a>(contract: &'a Contract, name: &str) -> &'a Value {
    let example = &contract.schema(name)["examples"][0];
    assert!(example.is_object(), "{name} shows no example");
    example
}

#[test]
fn an_example_shows_everything_and_is_what_the_view_writes() {
    let contract = Contract::ours();
    for (name, trip) in VIEWS {
        let example = example(&contract, name);
        assert_eq!(trip(example).as_ref(), Ok(example), "{name}");
        assert_eq!(contract.complaints(contract.schema(name), example, Look::Answer), Vec::<String>::new(), "{name}");
        for place in places(example) {
            let value = example.pointer(&place).unwrap();
            let empty = value.is_null() || *value == json!([]) || *value == json!({});
            let field = place.rsplit('/').next().unwrap_or_default();
            assert!(!empty || EITHER.contains(&field), "{name}: nothing is shown at {place}, so nothing is checked there");
        }
    }
}

#[test]
fn schema_and_view_agree_on_what_may_be_absent() {
    let contract = Contract::ours();
    for (name, trip) in VIEWS {
        let example = example(&contract, name);
        for place in places(example) {
            let without = with(example, &place, Value::Null);
            let written = trip(&without).is_ok_and(|written| written == without);
            let described = contract.complaints(contract.schema(name), &without, Look::Answer).is_empty();
            assert_eq!(written, described, "{name}: null at {place}: the view writes it: {written}, the schema allows it: {described}");
        }
    }
}

#[test]
fn every_view_is_described() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/readmodel/src/views");
    let contract = Contract::ours();
    let mut fields = std::collections::BTreeSet::new();
    for (name, _) in VIEWS {
        let example = example(&contract, name);
        fields.extend(places(example).into_iter().filter_map(|place| place.rsplit('/').next().map(str::to_owned)));
    }
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        for view in text.split("Serialize, Deserialize)]").skip(1) {
            let body = view.split("\n}").next().unwrap_or_default();
            if !body.contains("pub struct ") {
                continue;
            }
            // flattened fields show as those of what they hold
            for line in body.replace("#[serde(flatten)]\n    pub ", "").lines().filter_map(|line| line.strip_prefix("    pub ")) {
                let field = line.split(':').next().unwrap_or_default();
                let field = if field == "kind" && body.contains("rename = \"type\"") { "type" } else { field };
                // the sum that a headline is made of is not an answer of its own
                assert!(fields.contains(field), "no example shows {field} of\n{body}");
                count += 1;
            }
        }
    }
    assert!(count > 120, "only {count} fields: are these the views?");
}
