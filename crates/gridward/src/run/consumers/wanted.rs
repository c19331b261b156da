//! What is asked for when a consumer is added, and whether it can be given: alert topics of one class, and commands to the communities named.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use domain::{
    alert::{Kind, Severity},
    values::{CommunityId, Slug, TownId},
};
use serde::Deserialize;
use web::{Problem, shape};

/// Longest name: it becomes part of a user, an account and an inbox.
const NAME_CHARS_MAX: usize = 48;
/// Most subjects of one consumer.
const FILTERS_MAX: usize = 64;
/// Most communities that one consumer may send commands to.
const COMMANDS_MAX: usize = 64;

/// What a consumer is to be.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    pub(super) name: Slug,
    pub(super) filters: Vec<String>,
    #[serde(default)]
    pub(super) class: Class,
    #[serde(default)]
    pub(super) from: From,
    /// Communities it may send commands to, each as `town.community`.
    #[serde(default)]
    pub(super) commands: Vec<String>,
}

/// Which payload a consumer is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Class {
    Full,
    #[default]
    Work,
    Public,
}

/// Where a consumer begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum From {
    #[default]
    New,
    All,
    Sequence(u64),
}

impl Class {
    pub(super) const fn stream(self) -> &'static str {
        match self {
            Self::Full => "ALERTS_FULL",
            Self::Work => "ALERTS",
            Self::Public => "ALERTS_PUBLIC",
        }
    }

    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Work => "work",
            Self::Public => "public",
        }
    }

    pub(super) const fn subject_prefix(self) -> &'static str {
        match self {
            Self::Full => "gw-full.v1.",
            Self::Work => "gw.v1.",
            Self::Public => "gw-public.v1.",
        }
    }
}

// by hand: what is derived for such a list tells neither what was right nor where
impl<'de> Deserialize<'de> for From {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = From;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("new, all, or a sequence")
            }

            fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<From, E> {
                match word {
                    "new" => Ok(From::New),
                    "all" => Ok(From::All),
                    _ => Err(E::invalid_value(serde::de::Unexpected::Str(word), &self)),
                }
            }

            fn visit_u64<E: serde::de::Error>(self, sequence: u64) -> Result<From, E> {
                Ok(From::Sequence(sequence))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

/// What is asked for, when it can be; whether anybody is named on topics is the operator's to say.
pub(super) fn wanted(names_on_topics: bool, json: &[u8]) -> Result<Wanted, Problem> {
    let wanted: Wanted = shape::object(json)?;
    check_wanted(names_on_topics, &wanted)?;
    Ok(wanted)
}

/// The subject on which commands to a community are asked, given as `town.community`. No wildcard stands for a community: the door is opened to
/// those that are named.
fn command_subject(place: &str) -> Option<String> {
    let (town, community) = place.split_once('.')?;
    let (town, community) = (town.parse::<TownId>().ok()?, community.parse::<CommunityId>().ok()?);
    Some(format!("gw.v1.{town}.{community}.command"))
}

impl Wanted {
    /// The subjects on which it may ask, each once.
    pub(super) fn asks(&self) -> Vec<String> {
        self.commands.iter().filter_map(|place| command_subject(place)).collect::<BTreeSet<_>>().into_iter().collect()
    }
}

/// A consumer follows alert topics of its class, sends commands to communities by name, and nothing else.
fn check_wanted(names_on_topics: bool, wanted: &Wanted) -> Result<(), Problem> {
    if wanted.name.as_str().len() > NAME_CHARS_MAX {
        return Err(Problem::bad_request("/name", "name_long", format!("at most {NAME_CHARS_MAX} characters")));
    }
    if wanted.class == Class::Full && !names_on_topics {
        let reason = "work (doors, no names) or public (counts): names are published only where the system runs with --names-on-topics";
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "class_unpublished").with_param("/class", "class_unpublished", reason));
    }
    if wanted.filters.is_empty() || wanted.filters.len() > FILTERS_MAX {
        return Err(Problem::bad_request("/filters", "filters_count", format!("name 1 to {FILTERS_MAX} subjects")));
    }
    for (index, filter) in wanted.filters.iter().enumerate() {
        let tokens: Vec<&str> = filter.split('.').collect();
        let plain =
            |token: &str| !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-'));
        let well_formed = tokens.iter().enumerate().all(|(place, token)| plain(token) || *token == "*" || (*token == ">" && place + 1 == tokens.len()));
        // a filter that ends before the kind would never be told anything
        let alert = filter.starts_with(wanted.class.subject_prefix()) && tokens.get(4).is_some_and(|kind| *kind == "alert") && tokens.len() > 5;
        if !well_formed || !alert {
            let reason = format!("an alert topic of this class, such as {}dianbu.*.alert.fever.>", wanted.class.subject_prefix());
            return Err(Problem::bad_request(format!("/filters/{index}"), "filter_outside", reason));
        }
        // whoever asks for a word that is never told would hear nothing, for ever
        let never_told = |place: usize, known: &[&str]| tokens.get(place).is_some_and(|token| plain(token) && !known.contains(token));
        let kinds: Vec<_> = Kind::slugs().collect();
        let severities: Vec<_> = Severity::ALL.iter().map(|severity| severity.word()).collect();
        for (place, what, known) in [(5, "kind", kinds), (6, "severity", severities)] {
            if never_told(place, &known) {
                let reason = format!("no {what} is called {}; there are: {}", tokens[place], known.join(", "));
                return Err(Problem::bad_request(format!("/filters/{index}"), "filter_outside", reason));
            }
        }
    }
    if wanted.commands.len() > COMMANDS_MAX {
        return Err(Problem::bad_request("/commands", "commands_count", format!("name at most {COMMANDS_MAX} communities")));
    }
    if let Some(index) = wanted.commands.iter().position(|place| command_subject(place).is_none()) {
        let reason = "a town and a community of it, such as dianbu.u07; wildcards open no door";
        return Err(Problem::bad_request(format!("/commands/{index}"), "command_place", reason));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(json: &str) -> (u16, String, String) {
        let problem = wanted(false, json.as_bytes()).unwrap_err();
        let pointer = problem.invalid_params().first().map(|param| param.pointer.clone()).unwrap_or_default();
        (problem.status().as_u16(), pointer, serde_json::to_string(&problem).unwrap())
    }

    #[test]
    fn a_refusal_names_the_path_and_what_would_be_right_and_not_what_was_sent() {
        let filters = r#""filters":["gw.v1.*.*.alert.>"]"#;
        for (json, status, pointer, right) in [
            (format!(r#"{{"name":"张三 13812345678",{filters}}}"#), 400, "/name", "a-z 0-9"),
            (format!(r#"{{"name":"p13812345678",{filters}}}"#), 422, "/name", "choose an id that means nothing"),
            (format!(r#"{{"name":"police","class":"张三",{filters}}}"#), 400, "/class", "`full`, `work`"),
            (format!(r#"{{"name":"police","from":"13812345678",{filters}}}"#), 400, "/from", "new, all, or a sequence"),
            (format!(r#"{{"name":"police","from":-13812345678,{filters}}}"#), 400, "/from", "new, all, or a sequence"),
            (r#"{"name":"police","filters":["gw.v1.dianbu.*.alert.fevre.>"]}"#.to_owned(), 400, "/filters/0", "no kind is called fevre; there are: "),
            (r#"{"name":"police","filters":["gw.v1.dianbu.*.alert.fever.bad.>"]}"#.to_owned(), 400, "/filters/0", "no severity is called bad; there are: "),
            (r#"{"name":"police","filters":"张三"}"#.to_owned(), 400, "/filters", "a sequence"),
            (r#"{"name":"police","filters":["张三"]}"#.to_owned(), 400, "/filters/0", "an alert topic"),
            (format!(r#"{{"name":"police",{filters},"commands":["dianbu.u07","张三"]}}"#), 400, "/commands/1", "such as dianbu.u07"),
            (format!(r#"{{"name":"police",{filters},"commands":["dianbu.*"]}}"#), 400, "/commands/0", "wildcards open no door"),
            (format!(r#"{{"name":"police",{filters},"commands":["dianbu.u07.command"]}}"#), 400, "/commands/0", "such as dianbu.u07"),
            (format!(r#"{{"name":"police",{filters},"commands":["dianbu.p13812345678"]}}"#), 400, "/commands/0", "such as dianbu.u07"),
            (r#"{"name":"police"}"#.to_owned(), 400, "", "filters"),
            ("张三".to_owned(), 400, "", "not JSON at line 1"),
        ] {
            let (found, at, text) = refused(&json);
            assert_eq!((found, at.as_str()), (status, pointer), "{json}: {text}");
            assert!(text.contains(right) && !text.contains("张三") && !text.contains("13812345678"), "{json}: {text}");
        }
    }

    #[test]
    fn a_consumer_begins_with_what_is_new_with_all_or_at_a_sequence() {
        for (from, expected) in [("", From::New), (r#","from":"new""#, From::New), (r#","from":"all""#, From::All), (r#","from":7"#, From::Sequence(7))] {
            let json = format!(r#"{{"name":"police","filters":["gw.v1.*.*.alert.>"]{from}}}"#);
            assert_eq!(wanted(false, json.as_bytes()).unwrap().from, expected, "{json}");
        }
    }

    #[test]
    fn a_consumer_asks_where_it_is_let_to_and_each_community_once() {
        let json = r#"{"name":"police","filters":["gw.v1.*.*.alert.>"],"commands":["dianbu.u08","dianbu.u07","dianbu.u08"]}"#;
        assert_eq!(wanted(false, json.as_bytes()).unwrap().asks(), ["gw.v1.dianbu.u07.command", "gw.v1.dianbu.u08.command"]);
        let silent = r#"{"name":"police","filters":["gw.v1.*.*.alert.>"]}"#;
        assert_eq!(wanted(false, silent.as_bytes()).unwrap().asks(), Vec::<String>::new());
    }

    #[test]
    fn names_are_given_only_where_the_operator_wants_them_on_topics() {
        let json = r#"{"name":"clinic","class":"full","filters":["gw-full.v1.dianbu.u07.alert.>"]}"#;
        assert_eq!(wanted(false, json.as_bytes()).unwrap_err().code(), "class_unpublished");
        assert_eq!(wanted(true, json.as_bytes()).unwrap().class.stream(), "ALERTS_FULL");
        // the filter must be of the class even so
        let work = r#"{"name":"clinic","class":"full","filters":["gw.v1.dianbu.u07.alert.>"]}"#;
        assert_eq!(wanted(true, work.as_bytes()).unwrap_err().code(), "filter_outside");
    }
}
