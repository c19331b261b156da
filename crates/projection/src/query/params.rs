//! Query parameters: what is not known is refused, never ignored.

use std::collections::BTreeMap;

use axum::extract::RawQuery;
use web::{PAGE_ITEMS_MAX, Problem};

use crate::reader::PageOf;

/// Parameters of every list.
pub(super) const LIST: &[&str] = &["limit", "cursor"];
/// Items of a page when nobody says how many.
const PAGE_ITEMS_DEFAULT: usize = 100;
/// Longest query, in bytes.
const QUERY_BYTES_MAX: usize = 4096;

/// The parameters of a request, each at most once.
#[derive(Debug, Default)]
pub(super) struct Params {
    values: BTreeMap<String, String>,
    after: Option<u64>,
}

impl Params {
    /// Reads a query. `after` is allowed everywhere.
    pub(super) fn parse(query: Option<&str>, allowed: &[&str]) -> Result<Self, Problem> {
        let query = query.unwrap_or_default();
        if query.len() > QUERY_BYTES_MAX {
            return Err(Problem::bad_request("?", "too_large", "the query is too long"));
        }
        let pairs: Vec<(String, String)> = axum::extract::Query::try_from_uri(&uri_of(query)?)
            .map_err(|_| Problem::bad_request("?", "wrong_shape", "the query is not of the form name=value&name=value"))?
            .0;
        let mut params = Self::default();
        for (name, value) in pairs {
            let pointer = format!("?{name}");
            if matches!(name.as_str(), "as_of" | "known_at") {
                return Err(Problem::bad_request(pointer, "unsupported_parameter", "looking back in time is not supported yet"));
            }
            if name == "after" {
                params.after = Some(value.parse().map_err(|_| Problem::bad_request("?after", "wrong_shape", "a sequence is a whole number"))?);
            } else if !allowed.contains(&name.as_str()) {
                let known = allowed.iter().chain(&["after"]).copied().collect::<Vec<_>>().join(", ");
                return Err(Problem::bad_request(pointer, "unknown_parameter", format!("known here: {known}")));
            }
            if params.values.insert(name, value).is_some() {
                return Err(Problem::bad_request(pointer, "parameter_twice", "give each parameter once"));
            }
        }
        Ok(params)
    }

    /// The commit that the answer must hold.
    pub(super) fn after(&self) -> Option<u64> {
        self.after
    }

    /// A parameter as it was sent.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// A parameter as a value of some type, if it was sent.
    pub(super) fn value<T: std::str::FromStr>(&self, name: &str, wanted: &str) -> Result<Option<T>, Problem> {
        let parsed = self.text(name).map(|text| text.parse().map_err(|_| Problem::bad_request(format!("?{name}"), "wrong_shape", wanted.to_owned())));
        parsed.transpose()
    }

    /// Which part of a list.
    pub(super) fn page(&self) -> Result<PageOf, Problem> {
        let limit = self.value::<usize>("limit", "a whole number from 1 to 200")?.unwrap_or(PAGE_ITEMS_DEFAULT);
        if limit == 0 || limit > PAGE_ITEMS_MAX {
            return Err(Problem::bad_request("?limit", "limit_range", format!("a whole number from 1 to {PAGE_ITEMS_MAX}")));
        }
        Ok(PageOf { limit, cursor: self.text("cursor").map(str::to_owned) })
    }
}

/// The query of a request, as a handler takes it.
pub(super) fn text_of(query: &RawQuery) -> Option<&str> {
    query.0.as_deref()
}

fn uri_of(query: &str) -> Result<axum::http::Uri, Problem> {
    format!("/?{query}").parse().map_err(|_| Problem::bad_request("?", "wrong_shape", "the query holds characters that it may not hold"))
}
