//! Tables in which an office writes down what it expects of rules: when what was entered, and which alerts there are after it.
//!
//! A document is Markdown. Every table whose first column is called `时间` or `time` is one story, in a community of its own:
//!
//! ```text
//! 规则 rules: fever                  only these are compared; every rule when it is absent
//! 日期 date: 2020-02-06              the day of the lines below
//! 参数 policy: {"grace_minutes":10}  as `policy.set` takes it
//!
//! | 时间 | 记录 | 警报 |
//! |---|---|---|
//! | 09:00 | 走访 h502 见到：p1 37.2 腋下 | 无 |
//! | 09:10 | visit h502 met: p1 37.3 axilla | 发热 p1 急 |
//! ```
//!
//! How a cell is written stands in `docs/howto/write-a-rule-table.md`.

mod cell;
mod entry;
mod neighbourhood;
mod play;
mod words;

use std::fmt;

use domain::{
    community::SetPolicy,
    values::{Day, Slug},
};

use cell::{Cell, plain};
pub use play::{Difference, check};
use words::rule;

/// Most bytes of a document.
pub const DOCUMENT_BYTES_MAX: usize = 1 << 20;

/// What is wrong where, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {what}")]
pub struct TableError {
    /// Where.
    pub place: Location,
    /// What is wrong, and what would be right.
    pub what: String,
}

/// A place in a document, both from 1; columns count letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    /// The line.
    pub line: usize,
    /// The letter in it.
    pub column: usize,
}

impl fmt::Display for Location {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.line, self.column)
    }
}

/// The tables of a document.
#[derive(Debug)]
pub struct Document {
    /// Each a story of its own.
    pub tables: Vec<Table>,
}

/// One table.
#[derive(Debug)]
pub struct Table {
    /// The heading above it.
    pub title: String,
    /// The rules that are compared; every rule when it is empty.
    rules: Vec<Slug>,
    date: Day,
    policy: Option<SetPolicy>,
    rows: Vec<Row>,
}

/// A row: when, what, and the alerts after it.
#[derive(Debug)]
struct Row {
    time: Cell,
    entry: Cell,
    alerts: Cell,
}

/// What stands above a table and holds for those below it.
#[derive(Clone, Default)]
struct Settings {
    title: String,
    rules: Vec<Slug>,
    date: Option<Day>,
    policy: Option<SetPolicy>,
}

impl Document {
    /// Reads a document.
    ///
    /// # Errors
    /// Everything that is wrong with its form; nothing of what stands in the cells, which [`check`] reads.
    pub fn read(text: &str) -> Result<Self, Vec<TableError>> {
        let (mut tables, mut errors) = (Vec::new(), Vec::new());
        let mut settings = Settings::default();
        let mut lines = (1..).zip(text.lines()).peekable();
        while let Some((line, text)) = lines.next() {
            if !text.trim_start().starts_with('|') {
                errors.extend(settings.read(line, text).err());
                continue;
            }
            let head = cell::cells(line, text);
            let mut rows = Vec::new();
            while let Some((line, text)) = lines.next_if(|(_, text)| text.trim_start().starts_with('|')) {
                rows.push((line, cell::cells(line, text)));
            }
            if head.first().is_some_and(|cell| words::TIME.contains(&cell.plain().to_lowercase().split(' ').next().unwrap_or_default())) {
                match settings.table(line, rows) {
                    Ok(table) => tables.push(table),
                    Err(wrong) => errors.extend(wrong),
                }
            }
        }
        if tables.is_empty() && errors.is_empty() {
            errors.push(TableError {
                place: Location { line: 1, column: 1 },
                what: "there is no table here: its first column is called 时间 or time".to_owned(),
            });
        }
        if errors.is_empty() { Ok(Self { tables }) } else { Err(errors) }
    }
}

impl Settings {
    /// A line above a table: a heading, a setting, or words for readers.
    fn read(&mut self, line: usize, text: &str) -> Result<(), TableError> {
        if let Some(title) = text.strip_prefix('#') {
            self.title = title.trim_start_matches('#').trim().to_owned();
            return Ok(());
        }
        let text = plain(text);
        let Some((name, value)) = text.split_once(':') else { return Ok(()) };
        let column = name.chars().count() + 2 + value.chars().take_while(|letter| *letter == ' ').count();
        let wrong = |what: String| TableError { place: Location { line, column }, what };
        let value = value.trim();
        // words for readers may hold a colon too
        let named = name.split(' ').filter(|word| !word.is_empty()).map(words::setting).collect::<Option<Vec<_>>>();
        match named.and_then(|settings| settings.first().copied()) {
            Some(words::Setting::Rules) => {
                let named = value.split(',').map(str::trim).filter(|name| !name.is_empty());
                self.rules = named.map(|name| rule(name).ok_or_else(|| wrong(words::no_rule(name)))).collect::<Result<_, _>>()?;
            }
            Some(words::Setting::Date) => {
                self.date = Some(value.parse().map_err(|_| wrong(format!("`{value}` is no date: write it as 2020-02-06")))?);
            }
            Some(words::Setting::Policy) => {
                self.policy = Some(serde_json::from_str(value).map_err(|error| wrong(format!("this is no policy as `policy.set` takes it: {error}")))?);
            }
            None => {}
        }
        Ok(())
    }

    fn table(&self, line: usize, rows: Vec<(usize, Vec<Cell>)>) -> Result<Table, Vec<TableError>> {
        let wrong = |line, column, what: &str| TableError { place: Location { line, column }, what: what.to_owned() };
        let date = self.date.ok_or_else(|| vec![wrong(line, 1, "of which day is it? write `date: 2020-02-06` above the table")])?;
        let (mut read, mut errors) = (Vec::new(), Vec::new());
        // the line under the head is a rule of dashes
        let is_rule = |cells: &[Cell]| cells.iter().all(|cell| !cell.plain().is_empty() && cell.plain().chars().all(|letter| "-:".contains(letter)));
        for (line, cells) in rows.into_iter().filter(|(_, cells)| !is_rule(cells)) {
            match <[Cell; 3]>::try_from(cells) {
                Ok([time, entry, alerts]) => read.push(Row { time, entry, alerts }),
                Err(cells) => {
                    errors.push(wrong(line, 1, &format!("a row has three cells, time, entry and alerts, and this one has {}", cells.len())));
                }
            }
        }
        if read.is_empty() && errors.is_empty() {
            errors.push(wrong(line, 1, "this table has no rows"));
        }
        let Self { title, rules, policy, .. } = self.clone();
        if errors.is_empty() { Ok(Table { title, rules, date, policy, rows: read }) } else { Err(errors) }
    }
}
