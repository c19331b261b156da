//! Query parameters: what is not known is refused, never ignored.

use std::collections::BTreeMap;

use axum::{
    extract::{Query, RawQuery},
    http::Uri,
};

use crate::Problem;

/// Longest query, in bytes.
const QUERY_BYTES_MAX: usize = 4096;
/// Parameters that will be known one day: what they ask for is not what would be answered.
const NOT_YET: &[&str] = &["as_of", "known_at"];

/// The parameters of a request, each at most once.
#[derive(Debug, Default)]
pub struct Params {
    values: BTreeMap<String, String>,
}

impl Params {
    /// Reads a query of which these parameters are known.
    ///
    /// # Errors
    /// 400 for any other: it tells which are known, and not what was sent, because a name may be anybody's.
    pub fn parse(query: &RawQuery, known: &[&str]) -> Result<Self, Problem> {
        let query = query.0.as_deref().unwrap_or_default();
        if query.len() > QUERY_BYTES_MAX {
            return Err(Problem::bad_request("?", "too_large", format!("a query has at most {QUERY_BYTES_MAX} bytes")));
        }
        let mut params = Self::default();
        for (name, value) in pairs(query)? {
            if let Some(name) = NOT_YET.iter().find(|not_yet| **not_yet == name) {
                return Err(Problem::bad_request(format!("?{name}"), "unsupported_parameter", "looking back in time is not supported yet"));
            }
            if !known.contains(&name.as_str()) {
                let reason = if known.is_empty() { "no parameters are known here".to_owned() } else { format!("known here: {}", known.join(", ")) };
                return Err(Problem::bad_request("?", "unknown_parameter", reason));
            }
            let pointer = format!("?{name}");
            if params.values.insert(name, value).is_some() {
                return Err(Problem::bad_request(pointer, "parameter_twice", "give each parameter once"));
            }
        }
        Ok(params)
    }

    /// A parameter as it was sent.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// A parameter as a value of some type, if it was sent; `wanted` says what would be right.
    ///
    /// # Errors
    /// 400 when it is not of that type.
    pub fn value<T: std::str::FromStr>(&self, name: &str, wanted: &str) -> Result<Option<T>, Problem> {
        let parsed = self.text(name).map(|text| text.parse().map_err(|_| Problem::bad_request(format!("?{name}"), "wrong_shape", wanted)));
        parsed.transpose()
    }
}

/// For requests that have no parameters.
///
/// # Errors
/// As [`Params::parse`].
pub fn no_parameters(query: &RawQuery) -> Result<(), Problem> {
    Params::parse(query, &[]).map(|_none| ())
}

fn pairs(query: &str) -> Result<Vec<(String, String)>, Problem> {
    let uri: Uri = format!("/?{query}").parse().map_err(|_| Problem::bad_request("?", "wrong_shape", "the query holds characters that it may not hold"))?;
    let pairs = Query::try_from_uri(&uri).map_err(|_| Problem::bad_request("?", "wrong_shape", "the query is not of the form name=value&name=value"))?;
    Ok(pairs.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(query: &str, known: &[&str]) -> (String, String) {
        let problem = Params::parse(&RawQuery(Some(query.to_owned())), known).unwrap_err();
        (problem.code().to_owned(), serde_json::to_string(&problem).unwrap())
    }

    #[test]
    fn what_is_known_is_told_and_what_was_sent_is_not() {
        for (query, known, expected) in [
            ("%E5%BC%A0%E4%B8%89=1", &["limit", "after"][..], "known here: limit, after"),
            ("zhangsan=13812345678", &[], "no parameters are known here"),
            ("limit=1&zhangsan", &["limit"], "known here: limit"),
        ] {
            let (code, text) = told(query, known);
            assert!(code == "unknown_parameter" && text.contains(expected), "{query}: {text}");
            assert!(!["张三", "zhangsan", "138"].iter().any(|sent| text.contains(sent)), "{text}");
        }
        assert_eq!(told("as_of=2020-02-02", &[]).0, "unsupported_parameter");
        assert_eq!(told("limit=1&limit=2", &["limit"]).0, "parameter_twice");
        assert_eq!(told(&"a".repeat(QUERY_BYTES_MAX + 1), &[]).0, "too_large");
    }

    #[test]
    fn no_query_is_right_everywhere() {
        for query in [None, Some(String::new())] {
            assert!(no_parameters(&RawQuery(query)).is_ok());
        }
        let params = Params::parse(&RawQuery(Some("round=r1&limit=x".to_owned())), &["round", "limit"]).unwrap();
        assert_eq!((params.text("round"), params.text("after")), (Some("r1"), None));
        assert_eq!(params.value::<u64>("limit", "a whole number").unwrap_err().invalid_params()[0].pointer, "?limit");
    }
}
