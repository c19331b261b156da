//! From a file to commands: a row is whole or not at all, and good rows apply beside bad ones.
//!
//! | room | what is in it |
//! |---|---|
//! | `read` | bytes to text to numbered rows; a file that cannot be read is refused before any row |
//! | `columns` | per kind: field path, other names, kind of value |
//! | `cells` | one cell to JSON |
//! | `draft` | rows to commands as JSON, with their ids |
//! | `report` | what became of every row |

mod cells;
mod columns;
mod draft;
mod read;
mod report;

pub(crate) use columns::Kind;
pub(crate) use draft::{Draft, Drafts, drafts};
pub(crate) use report::{Fate, Report};

#[cfg(test)]
mod tests;
