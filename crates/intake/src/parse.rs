//! From JSON to a command, once, at the edge: everything behind this works on domain types.

use std::borrow::Cow;

use domain::{
    Command, Envelope,
    command::ParseError,
    commit::Via,
    values::{CommandId, DeploymentKey, EventId, Precision, Slug, StaffId, Timestamp},
};
use serde::Deserialize;
use serde_json::value::RawValue;
use web::{Problem, shape};

use crate::canonical::canonical;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form<'a> {
    id: CommandId,
    #[serde(borrow)]
    #[serde(rename = "type")]
    kind: Cow<'a, str>,
    at: Option<Timestamp>,
    at_precision: Option<Precision>,
    #[serde(default)]
    by: Vec<StaffId>,
    via: Option<Via>,
    paper: Option<Slug>,
    sent_at: Option<Timestamp>,
    replaces: Option<CommandId>,
    #[serde(borrow)]
    data: &'a RawValue,
}

/// A command as it was sent, parsed.
#[derive(Clone, Debug)]
pub struct ParsedCommand {
    /// The command.
    pub envelope: Envelope,
    /// Keyed hash of its canonical JSON (RFC 8785): the same for every way of writing the same content.
    pub content: [u8; 16],
}

/// The command of a JSON object.
///
/// # Errors
/// 400 with the path of what has another shape, 422 for a value that cannot be.
pub fn parse_command(json: &[u8], secrets: &DeploymentKey) -> Result<ParsedCommand, Problem> {
    let form: Form<'_> = shape::object(json)?;
    if Command::INTERNAL_TYPES.contains(&&*form.kind) {
        return Err(Problem::bad_request("/type", "unknown_type", "not a command for callers"));
    }
    let command = data_of(&form)?;
    let content = content_hash(json, form.id, secrets)?;
    let envelope = Envelope {
        id: form.id,
        at: form.at,
        at_precision: form.at_precision.unwrap_or(Precision::Minute),
        by: form.by,
        via: form.via,
        paper: form.paper,
        sent_at: form.sent_at,
        replaces: form.replaces,
        cause: None::<EventId>,
        command,
    };
    Ok(ParsedCommand { envelope, content })
}

fn unknown_type() -> Problem {
    let known = Command::TYPES.iter().filter(|kind| !Command::INTERNAL_TYPES.contains(kind));
    Problem::bad_request("/type", "unknown_type", format!("one of {}", known.copied().collect::<Vec<_>>().join(", ")))
}

/// The command itself. What has another shape is parsed a second time, by a parser that remembers where it is.
fn data_of(form: &Form<'_>) -> Result<Command, Problem> {
    if let Ok(command) = Command::parse(&form.kind, &mut serde_json::Deserializer::from_str(form.data.get())) {
        return Ok(command);
    }
    let mut data = serde_json::Deserializer::from_str(form.data.get());
    let mut track = serde_path_to_error::Track::new();
    Command::parse(&form.kind, serde_path_to_error::Deserializer::new(&mut data, &mut track)).map_err(|error| match error {
        ParseError::UnknownType => unknown_type(),
        ParseError::Data(error) => shape::problem_at(&format!("/data{}", shape::pointer(&track.path())), &error),
    })
}

/// `sent_at` is when a try was made, not what is said: leaving it out lets a phone send the same command again. So does leaving out
/// what is `null`: no command tells it from a field that is not there. What holds no `null` has the hash it always had.
fn content_hash(json: &[u8], id: CommandId, secrets: &DeploymentKey) -> Result<[u8; 16], Problem> {
    let id = id.to_string();
    // an id in capitals, or in braces, is the same id
    let written_as_usual = json.windows(id.len()).any(|part| part == id.as_bytes());
    let canonical = match canonical(json, b"sent_at").filter(|_| written_as_usual) {
        Some(canonical) => canonical,
        None => canonical_by_tree(json, id)?,
    };
    Ok(domain::commit::content_hash(&canonical, &secrets.contents))
}

/// What the canonical bytes are, however something is written.
fn canonical_by_tree(json: &[u8], id: String) -> Result<Vec<u8>, Problem> {
    let malformed = |_| Problem::bad_request("", "malformed_json", "the body is not one JSON object");
    let mut value: serde_json::Value = serde_json::from_slice(json).map_err(malformed)?;
    if let Some(object) = value.as_object_mut() {
        object.remove("sent_at");
        object.insert("id".to_owned(), id.into());
    }
    without_nulls(&mut value);
    serde_json_canonicalizer::to_vec(&value).map_err(malformed)
}

fn without_nulls(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::Object(fields) => {
            fields.retain(|_, field| !field.is_null());
            fields.values_mut().for_each(without_nulls);
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(without_nulls),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str) -> Result<ParsedCommand, (u16, String)> {
        parse_command(json.as_bytes(), &DeploymentKey::new(&[1; 32])).map_err(|problem| (problem.status().as_u16(), serde_json::to_string(&problem).unwrap()))
    }

    fn visit(data: &str) -> String {
        format!(r#"{{"id":"01922f0c-7b1e-7c3a-9f00-5b1d2c3e4f50","type":"visit.record","at":"2020-02-06T15:04:00+08:00","data":{data}}}"#)
    }

    #[test]
    fn the_path_of_what_is_wrong_is_named() {
        for (json, status, expected) in [
            (visit(r#"{"household":"h1","outcome":"met","mode":"door","colour":"red"}"#), 400, "\"pointer\":\"/data/colour\""),
            (visit(r#"{"household":"h1","outcome":"sleeping","mode":"door"}"#), 400, "\"pointer\":\"/data/outcome\""),
            (
                visit(r#"{"household":"h1","outcome":"met","mode":"door","people":[{"person":"p1","readings":[{"celsius":"37","site":"ear"}]}]}"#),
                400,
                "/data/people/0/readings/0/celsius",
            ),
            (visit(r#"{"household":"p13812345678","outcome":"met","mode":"door"}"#), 422, "slug_personal"),
            (visit("{}").replace("visit.record", "visit.dance"), 400, "unknown_type"),
            (visit("{}").replace("visit.record", "alert.observe"), 400, "unknown_type"),
            (visit("{}").replace("\"at\"", "\"when\""), 400, "/when"),
            ("{".to_owned(), 400, "malformed_json"),
            (visit(r#"{"household":"h1","outcome":"met","mode":"door"}"#) + " x", 400, "malformed_json"),
        ] {
            let (found, body) = parse(&json).unwrap_err();
            assert!(found == status && body.contains(expected), "{json}\n{found} {body}");
        }
    }

    #[test]
    fn a_refusal_does_not_repeat_what_was_sent() {
        let (_, body) = parse(&visit(r#"{"household":"h1","outcome":"杨桂英","mode":"door"}"#)).unwrap_err();
        assert!(!body.contains("杨桂英"), "{body}");
        let (_, body) = parse(&visit(r#"{"household":{"name":"杨桂英"},"outcome":"met","mode":"door"}"#)).unwrap_err();
        assert!(!body.contains("杨桂英"), "{body}");
        for tricky in ["杨桂英, expected 1", "杨桂英 at line 3", "杨桂英: 1", "杨桂英, expected u8 at line 1", "slug_personal: 杨桂英"] {
            for data in
                [r#"{"household":"h1","outcome":"met","mode":"door","floor":"X"}"#, r#"{"household":"h1","outcome":"X","mode":"door"}"#, r#"{"household":"X"}"#]
            {
                let (_, body) = parse(&visit(&data.replace('X', tricky))).unwrap_err();
                assert!(!body.contains("杨桂英"), "{tricky}: {body}");
            }
        }
    }

    #[test]
    fn the_same_content_has_the_same_hash_however_it_is_written() {
        let content = |json: &str| parse(json).unwrap().content;
        let plain = visit(r#"{"household":"h1","outcome":"met","mode":"door","floor":3}"#);
        assert_eq!(content(&plain), content(&visit(r#"{ "mode":"door", "outcome":"met","household":"h1","floor":3 }"#)));
        assert_eq!(content(&plain), content(&plain.replace("\"at\"", "\"sent_at\":\"2020-02-06T15:05:00+08:00\",\"at\"")));
        assert_ne!(content(&plain), content(&plain.replace("met", "absent")));
    }

    #[test]
    fn what_stands_on_a_log_is_known_again() {
        let plain = visit(r#"{"household":"h1","outcome":"met","mode":"door","floor":3}"#);
        assert_eq!(parse(&plain).unwrap().content[..4], [171, 163, 151, 46], "the hash of content without null as it always was");
    }

    #[test]
    fn null_is_the_same_content_as_a_field_that_is_not_there() {
        let content = |json: &str| parse(json).unwrap().content;
        let plain = visit(r#"{"household":"h1","outcome":"met","mode":"door","people":[{"person":"p1"}]}"#);
        for same in [
            plain.replace("\"at\"", "\"paper\":null,\"via\":null,\"at\""),
            plain.replace("\"mode\"", "\"round\":null,\"floor\":null,\"mode\""),
            plain.replace("\"person\"", "\"note\":null,\"symptoms\":null,\"person\""),
        ] {
            assert_eq!(content(&plain), content(&same), "{same}");
        }
        let asked = plain.replace("\"person\"", "\"symptoms\":[],\"person\"");
        assert_ne!(content(&plain), content(&asked), "asked, none: that says something");
    }
}
