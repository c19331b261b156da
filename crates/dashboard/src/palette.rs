//! States and severities as people see them: a sign, a character and a colour, never a colour alone (screens.md).

use domain::alert::Severity;
use readmodel::views::Status;

use crate::words::Words;

/// How a state or a severity is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    /// Class of the style sheet.
    pub(crate) class: &'static str,
    /// The sign.
    pub(crate) glyph: &'static str,
    /// One character, or a short word.
    pub(crate) character: String,
    /// The word in full.
    pub(crate) word: String,
}

/// The word of a state, as in the API.
pub(crate) const fn status_word(status: Status) -> &'static str {
    match status {
        Status::Critical => "critical",
        Status::Serious => "serious",
        Status::Unknown => "unknown",
        Status::Duty => "duty",
        Status::Normal => "normal",
        Status::Vacant => "vacant",
    }
}

/// Every state, the worst first.
pub(crate) const STATES: [Status; 6] = [Status::Critical, Status::Serious, Status::Unknown, Status::Duty, Status::Normal, Status::Vacant];

impl Mark {
    /// Of a state.
    pub(crate) fn of(status: Status, words: Words) -> Self {
        let (class, glyph) = match status {
            Status::Critical => ("s-critical", "▲"),
            Status::Serious => ("s-serious", "◆"),
            Status::Unknown => ("s-unknown", "?"),
            Status::Duty => ("s-duty", "■"),
            Status::Normal => ("s-normal", "✓"),
            Status::Vacant => ("s-vacant", "○"),
        };
        let word = status_word(status);
        Self { class, glyph, character: words.of(&format!("char.{word}")).to_owned(), word: words.of(&format!("status.{word}")).to_owned() }
    }

    /// Of a severity.
    pub(crate) fn of_severity(severity: Severity, words: Words) -> Self {
        match severity {
            Severity::Critical => Self::of(Status::Critical, words),
            Severity::Serious => Self::of(Status::Serious, words),
            Severity::Caution => {
                Self { class: "s-caution", glyph: "●", character: words.of("char.caution").to_owned(), word: words.of("severity.caution").to_owned() }
            }
        }
    }
}

#[cfg(test)]
mod tests;
