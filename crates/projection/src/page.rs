//! A page of a list: as much of it as is asked for, and where it goes on.

use domain::values::CommunityId;
use readmodel::Part;
use serde::Serialize;
use store::{Key, StoreError};

use crate::{cursor::Cursor, reader::ReadError, rows::CommunityRows, tables::with_parts};

/// A part of a list.
#[derive(Clone, Debug, Serialize)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Where the next part begins; nothing after the last.
    pub next: Option<String>,
    /// Sequence of the last commit of the community that is in them.
    pub sequence: u64,
}

/// How much of a list is asked for.
#[derive(Clone, Debug)]
pub struct PageOf {
    /// Most items.
    pub limit: usize,
    /// Where to begin: what was handed out as `next`.
    pub cursor: Option<String>,
}

/// A page of what the entries of an index lead to, after one of them. What is left out must not show as a page that is shorter than it could be, so
/// it is read on until the page is full.
pub(crate) fn read_on<T>(
    rows: &CommunityRows<'_>,
    (index, mut after): (&str, Option<Key>),
    limit: usize,
    item: impl Fn(&Key) -> Result<Option<(String, T)>, StoreError>,
) -> Result<Page<T>, ReadError> {
    let mut items = Vec::new();
    while items.len() <= limit {
        let keys = rows.marks(index, Vec::new(), after.as_ref(), limit + 1)?;
        let Some(last) = keys.last() else { break };
        after = Some(last.clone());
        for key in &keys {
            items.extend(item(key)?);
        }
    }
    items.truncate(limit + 1);
    Ok(cut_pairs(items, limit, rows.head()?))
}

/// A page of what was read with one item more than asked for.
pub(crate) fn cut<T>(items: Vec<T>, limit: usize, sequence: u64, cursor: impl Fn(&T) -> String) -> Page<T> {
    cut_pairs(items.into_iter().map(|item| (cursor(&item), item)).collect(), limit, sequence)
}

/// As [`cut`], of items with their cursors.
pub(crate) fn cut_pairs<T>(mut items: Vec<(String, T)>, limit: usize, sequence: u64) -> Page<T> {
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| more).map(|(cursor, _)| cursor.clone());
    Page { items: items.into_iter().map(|(_, item)| item).collect(), next, sequence }
}

impl Cursor<'_> {
    /// The key that a page begins after.
    pub(crate) fn key(page: &PageOf, parts: impl FnOnce(&mut Cursor<'_>) -> Option<Vec<Part>>, community: &CommunityId) -> Result<Option<Key>, ReadError> {
        let Some(text) = &page.cursor else { return Ok(None) };
        let parts = Cursor::read(text, parts).ok_or(ReadError::Cursor)?;
        Ok(Some(with_parts(community, parts)))
    }
}
