//! From bytes to numbered rows. Whatever makes a file unreadable is found before its first row is used.
//!
//! Rows are counted as a spreadsheet counts them: the heading is 1, an empty row counts, and a line break inside quotes does not.

use encoding_rs::{Encoding, GB18030, UTF_8};

use super::columns::{Column, Kind};

/// Most rows of a file, the heading and empty rows not counted. Ten times what the largest community has doors.
const ROWS_MAX: usize = 100_000;
/// Most cells of a row.
const CELLS_MAX: usize = 256;
/// What may separate the cells.
const SEPARATORS: [char; 3] = [',', ';', '\t'];

/// Why a file cannot be read at all. Nothing of it was used. None of these repeats what is in the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error("this is not text but perhaps a workbook (XLSX): save it as CSV")]
    NotText,
    #[error("neither UTF-8 nor GB18030: save it as CSV UTF-8")]
    Encoding,
    #[error("the quote that opens in row {0} is never closed")]
    OpenQuote(u64),
    #[error("in row {0} something follows a closing quote: write a quote inside a quoted cell twice")]
    AfterQuote(u64),
    #[error("row {0} has more than {CELLS_MAX} cells")]
    TooManyCells(u64),
    #[error("more than {ROWS_MAX} rows: send it in parts")]
    TooManyRows,
    #[error("the first row should name the columns, and the file is empty")]
    HeaderMissing,
    #[error("column {letter} has an unknown name; there are: {known}")]
    ColumnUnknown { letter: String, known: String },
    #[error("columns {first} and {second} mean the same")]
    ColumnTwice { first: String, second: String },
    #[error("there is no column {0}")]
    ColumnMissing(&'static str),
}

impl Unreadable {
    /// The stable word for programs.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::HeaderMissing => "header_missing",
            Self::ColumnUnknown { .. } => "column_unknown",
            Self::ColumnTwice { .. } => "column_twice",
            Self::ColumnMissing(_) => "column_missing",
            _ => "unreadable_file",
        }
    }
}

/// A column where it stands in the file.
#[derive(Clone, Debug)]
pub(crate) struct Heading {
    /// What it is called in the file: one of the names we know.
    pub(crate) name: String,
    pub(crate) column: &'static Column,
    /// Place in the table of columns, by which fields are put together.
    pub(crate) rank: usize,
}

/// A row with something in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// As a spreadsheet numbers it.
    pub(crate) line: u64,
    pub(crate) cells: Vec<String>,
}

/// A file that can be read: all of it was looked through once.
pub(crate) struct Sheet {
    text: String,
    separator: char,
    /// By place; nothing above a column without a name.
    pub(crate) headings: Vec<Option<Heading>>,
}

impl Sheet {
    /// Reads a file of a kind.
    pub(crate) fn read(bytes: &[u8], kind: Kind) -> Result<Self, Unreadable> {
        let text = decode(bytes)?;
        let separator = separator(&text, kind);
        let mut rows = Rows::new(&text, separator);
        let heading = rows.find(|row| row.as_ref().map_or(true, |row| !row.is_empty())).ok_or(Unreadable::HeaderMissing)??;
        let headings = headings(&heading, kind)?;
        let mut count = 0;
        for row in rows {
            count += usize::from(!row?.is_empty());
            if count > ROWS_MAX {
                return Err(Unreadable::TooManyRows);
            }
        }
        Ok(Self { text, separator, headings })
    }

    /// The rows below the heading that hold something.
    pub(crate) fn rows(&self) -> impl Iterator<Item = Row> {
        Rows::new(&self.text, self.separator).filter_map(Result::ok).filter(|row| !row.is_empty()).skip(1)
    }
}

impl Row {
    fn is_empty(&self) -> bool {
        self.cells.iter().all(|cell| cell.is_empty())
    }
}

/// The letters by which a spreadsheet names a column: `A`, `Z`, `AA`.
pub(crate) fn letters(place: usize) -> String {
    let (rest, last) = (place / 26, u8::try_from(place % 26).unwrap_or_default());
    let before = if rest == 0 { String::new() } else { letters(rest - 1) };
    before + &char::from(b'A' + last).to_string()
}

fn decode(bytes: &[u8]) -> Result<String, Unreadable> {
    let text = match Encoding::for_bom(bytes) {
        Some((encoding, bom_bytes)) => encoding.decode_without_bom_handling_and_without_replacement(&bytes[bom_bytes..]),
        // GB18030 makes something of almost any bytes, UTF-8 of almost none that are not UTF-8
        None => UTF_8.decode_without_bom_handling_and_without_replacement(bytes).or_else(|| GB18030.decode_without_bom_handling_and_without_replacement(bytes)),
    };
    let text = text.ok_or(if bytes.starts_with(b"PK") { Unreadable::NotText } else { Unreadable::Encoding })?;
    if text.contains('\0') || bytes.starts_with(b"PK\x03\x04") {
        return Err(Unreadable::NotText);
    }
    Ok(text.into_owned())
}

/// The separator with which most of the first row's cells are columns that we know.
fn separator(text: &str, kind: Kind) -> char {
    let known = |separator: char| {
        let heading = Rows::new(text, separator).filter_map(Result::ok).find(|row| !row.is_empty());
        heading.map_or(0, |row| row.cells.iter().filter(|cell| kind.columns().any(|column| column.is_called(cell))).count())
    };
    // of equals the first, so that a heading nobody knows is read as comma separated
    SEPARATORS.into_iter().rev().max_by_key(|separator| known(*separator)).unwrap_or(',')
}

fn headings(row: &Row, kind: Kind) -> Result<Vec<Option<Heading>>, Unreadable> {
    let mut headings: Vec<Option<Heading>> = Vec::with_capacity(row.cells.len());
    for (place, name) in row.cells.iter().enumerate() {
        if name.is_empty() {
            headings.push(None);
            continue;
        }
        let column = kind.columns().enumerate().find(|(_, column)| column.is_called(name));
        // what stands there is not repeated: in a file without a heading it is somebody's name
        let (rank, column) = column.ok_or_else(|| Unreadable::ColumnUnknown { letter: letters(place), known: known(kind) })?;
        let same = |heading: &Option<Heading>| heading.as_ref().is_some_and(|heading| heading.rank == rank);
        if let Some(first) = headings.iter().position(same) {
            return Err(Unreadable::ColumnTwice { first: letters(first), second: letters(place) });
        }
        headings.push(Some(Heading { name: name.clone(), column, rank }));
    }
    let present = |rank: usize| headings.iter().flatten().any(|heading| heading.rank == rank);
    match kind.columns().enumerate().find(|(rank, column)| column.required && !present(*rank)) {
        Some((_, missing)) => Err(Unreadable::ColumnMissing(missing.short)),
        None => Ok(headings),
    }
}

fn known(kind: Kind) -> String {
    let names: Vec<String> = kind.columns().map(|column| format!("{} ({})", column.short, column.chinese)).collect();
    names.join(", ")
}

/// Cuts a text into rows (RFC 4180), strictly about quotes. A row that ends the file badly is the last.
struct Rows<'a> {
    rest: &'a str,
    separator: char,
    line: u64,
}

impl<'a> Rows<'a> {
    fn new(text: &'a str, separator: char) -> Self {
        Self { rest: text, separator, line: 0 }
    }

    fn row(&mut self) -> Result<Row, Unreadable> {
        let mut cells = Vec::new();
        loop {
            if cells.len() == CELLS_MAX {
                return Err(Unreadable::TooManyCells(self.line));
            }
            let cell = if let Some(quoted) = self.rest.strip_prefix('"') { self.quoted(quoted)? } else { self.plain() };
            cells.push(cell.trim().to_owned());
            let Some(rest) = self.rest.strip_prefix(self.separator) else { break };
            self.rest = rest;
        }
        self.rest = self.rest.strip_prefix("\r\n").or_else(|| self.rest.strip_prefix(['\r', '\n'])).unwrap_or(self.rest);
        while cells.last().is_some_and(String::is_empty) {
            cells.pop();
        }
        Ok(Row { line: self.line, cells })
    }

    fn plain(&mut self) -> String {
        let end = self.rest.find([self.separator, '\r', '\n']).unwrap_or(self.rest.len());
        let (cell, rest) = self.rest.split_at(end);
        self.rest = rest;
        cell.to_owned()
    }

    /// The cell whose opening quote stands before `text`.
    fn quoted(&mut self, mut text: &'a str) -> Result<String, Unreadable> {
        let mut cell = String::new();
        loop {
            let (part, rest) = text.split_once('"').ok_or(Unreadable::OpenQuote(self.line))?;
            cell.push_str(part);
            match rest.strip_prefix('"') {
                Some(rest) => {
                    cell.push('"');
                    text = rest;
                }
                None if rest.is_empty() || rest.starts_with([self.separator, '\r', '\n']) => {
                    self.rest = rest;
                    return Ok(cell);
                }
                None => return Err(Unreadable::AfterQuote(self.line)),
            }
        }
    }
}

impl Iterator for Rows<'_> {
    type Item = Result<Row, Unreadable>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        self.line += 1;
        let row = self.row();
        if row.is_err() {
            self.rest = "";
        }
        Some(row)
    }
}
