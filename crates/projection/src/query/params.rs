//! The parameters that reads have in common.

use web::{PAGE_ITEMS_MAX, Params, Problem};

use crate::page::PageOf;

/// Parameters of every list.
pub(super) const LIST: &[&str] = &["limit", "cursor"];
/// The parameter of every read of a community: the commit that the answer must hold.
pub(super) const AFTER: &str = "after";
/// Items of a page when nobody says how many.
const PAGE_ITEMS_DEFAULT: usize = 100;

/// The commit that the answer must hold, if one was named.
pub(super) fn after(params: &Params) -> Result<Option<u64>, Problem> {
    params.value(AFTER, "a sequence is a whole number")
}

/// Which part of a list.
pub(super) fn page(params: &Params) -> Result<PageOf, Problem> {
    let limit = params.value::<usize>("limit", "a whole number from 1 to 200")?.unwrap_or(PAGE_ITEMS_DEFAULT);
    if limit == 0 || limit > PAGE_ITEMS_MAX {
        return Err(Problem::bad_request("?limit", "limit_range", format!("a whole number from 1 to {PAGE_ITEMS_MAX}")));
    }
    Ok(PageOf { limit, cursor: params.text("cursor").map(str::to_owned) })
}
