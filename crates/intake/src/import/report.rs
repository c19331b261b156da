//! What became of every row.

use serde::Serialize;

/// Most errors that are listed; the rest are counted.
const ERRORS_MAX: usize = 1000;

/// Something that is wrong with a row. It never repeats what stands in a cell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct RowError {
    /// The row as a spreadsheet numbers it: 1 is the heading.
    pub(crate) line: u64,
    /// The column by its heading, or by its letter where it has none; absent when it is about the whole row.
    pub(crate) column: Option<String>,
    /// Stable word for programs.
    pub(crate) code: String,
    /// What would be right.
    pub(crate) reason: String,
}

/// What became of a row.
#[derive(Debug)]
pub(crate) enum Fate {
    /// It was recorded.
    Accepted,
    /// It was there already: under the same id, or nothing would change.
    Duplicate,
    /// It was not recorded.
    Rejected(Vec<RowError>),
}

/// What became of all rows: `rows` = `accepted` + `duplicate` + `rejected`.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    rows: u64,
    accepted: u64,
    duplicate: u64,
    rejected: u64,
    /// By row.
    errors: Vec<RowError>,
    /// Errors that are not listed because there are too many.
    #[serde(skip_serializing_if = "is_zero")]
    errors_left_out: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero(value: &u64) -> bool {
    *value == 0
}

impl Report {
    /// Adds the fate of some rows that stand or fall together.
    pub(crate) fn add(&mut self, rows: usize, fate: Fate) {
        let rows = rows as u64;
        self.rows += rows;
        match fate {
            Fate::Accepted => self.accepted += rows,
            Fate::Duplicate => self.duplicate += rows,
            Fate::Rejected(errors) => {
                self.rejected += rows;
                let room = ERRORS_MAX.saturating_sub(self.errors.len()).min(errors.len());
                self.errors_left_out += (errors.len() - room) as u64;
                self.errors.extend(errors.into_iter().take(room));
            }
        }
    }

    /// The report with its errors in the order of the rows.
    pub(crate) fn in_order(mut self) -> Self {
        self.errors.sort_by_key(|error| error.line);
        self
    }
}
