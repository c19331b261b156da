//! Cells with their places, and the words in them.

use super::{Location, TableError};

/// What stands between two bars, and where it begins.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    text: String,
    place: Location,
}

/// A word of a cell with its place.
#[derive(Clone, Debug)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) place: Location,
}

/// Full-width marks as they stand on an English keyboard, letter for letter, so that columns stay.
pub(super) fn plain(text: &str) -> String {
    let letter = |letter| match letter {
        '：' => ':',
        '，' | '、' => ',',
        '；' => ';',
        '（' => '(',
        '）' => ')',
        '　' | '\t' => ' ',
        '－' | '—' | '–' => '-',
        letter => letter,
    };
    text.chars().map(letter).collect()
}

/// The cells of a line that begins with a bar.
pub(super) fn cells(line: usize, text: &str) -> Vec<Cell> {
    let text = plain(text);
    let mut cells = Vec::new();
    let mut column = 1;
    for part in text.split('|') {
        cells.push(Cell { text: part.to_owned(), place: Location { line, column } });
        column += part.chars().count() + 1;
    }
    // what stands before the first bar and after the last
    cells.remove(0);
    if cells.last().is_some_and(|last| last.text.trim().is_empty()) {
        cells.pop();
    }
    cells
}

impl Cell {
    /// What stands in it.
    pub(super) fn plain(&self) -> &str {
        self.text.trim()
    }

    /// Where that begins.
    pub(super) fn place(&self) -> Location {
        let before = self.text.chars().take_while(|letter| *letter == ' ').count();
        Location { column: self.place.column + before, ..self.place }
    }

    /// An error of the whole cell.
    pub(super) fn wrong(&self, what: impl Into<String>) -> TableError {
        TableError { place: self.place(), what: what.into() }
    }

    /// Its parts between some marks, each with its place; those without words left out.
    pub(super) fn parts(&self, marks: &[char]) -> Vec<Self> {
        let mut parts = Vec::new();
        let mut column = self.place.column;
        for text in self.text.split(marks) {
            if !text.trim().is_empty() {
                parts.push(Self { text: text.to_owned(), place: Location { column, ..self.place } });
            }
            column += text.chars().count() + 1;
        }
        parts
    }

    /// What stands before a mark, and after it.
    pub(super) fn split_once(&self, mark: char) -> (Self, Option<Self>) {
        let Some((before, after)) = self.text.split_once(mark) else { return (self.clone(), None) };
        let column = self.place.column + before.chars().count() + 1;
        (Self { text: before.to_owned(), ..self.clone() }, Some(Self { text: after.to_owned(), place: Location { column, ..self.place } }))
    }

    /// Its words.
    pub(super) fn words(&self) -> Vec<Word> {
        self.parts(&[' ']).into_iter().map(|part| Word { text: part.text, place: part.place }).collect()
    }
}

impl Word {
    /// An error of this word.
    pub(super) fn wrong(&self, what: impl Into<String>) -> TableError {
        TableError { place: self.place, what: what.into() }
    }
}
