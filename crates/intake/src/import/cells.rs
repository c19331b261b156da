//! From one cell to JSON.

use serde_json::{Number, Value as Json};

use super::columns::Value;

/// What separates the texts of a list, besides spaces.
const LIST_SEPARATORS: [char; 5] = [';', '\u{ff1b}', '、', ',', '\u{ff0c}'];
/// What says that there are none.
const NONE: [&str; 4] = ["无", "没有", "none", "-"];

/// Why a cell is not what its column holds: a code and what would be right, never what stood there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CellError {
    pub(crate) code: &'static str,
    pub(crate) reason: String,
}

fn wrong(reason: impl Into<String>) -> CellError {
    CellError { code: "wrong_shape", reason: reason.into() }
}

/// The JSON of a cell that is not empty.
pub(crate) fn to_json(value: Value, cell: &str) -> Result<Json, CellError> {
    match value {
        Value::Text => Ok(cell.into()),
        Value::Digits => digits(cell).map(Json::from),
        Value::List => Ok(list(cell).map(Json::from).collect()),
        Value::DigitsList => list(cell).map(|item| digits(item).map(Json::from)).collect::<Result<Vec<_>, _>>().map(Json::from),
        Value::ListOrNone if NONE.contains(&cell) => Ok(Json::Array(Vec::new())),
        Value::ListOrNone => Ok(list(cell).map(Json::from).collect()),
        Value::Integer => cell.parse::<i64>().map(Json::from).map_err(|_| wrong("a whole number, such as 7")),
        Value::Decimal => {
            let number = cell.parse::<f64>().ok().and_then(Number::from_f64);
            number.map(Json::Number).ok_or_else(|| wrong("a number, such as 37.3"))
        }
        Value::Word(words) => {
            let word = words.iter().find(|(chinese, word)| *chinese == cell || word.eq_ignore_ascii_case(cell));
            let allowed = || words.iter().map(|(chinese, word)| format!("{word} ({chinese})")).collect::<Vec<_>>().join(", ");
            word.map(|(_, word)| Json::from(*word)).ok_or_else(|| wrong(format!("one of {}", allowed())))
        }
    }
}

fn list(cell: &str) -> impl Iterator<Item = &str> {
    cell.split(|character: char| LIST_SEPARATORS.contains(&character) || character.is_whitespace()).filter(|item| !item.is_empty())
}

/// A spreadsheet that takes a long number for a quantity writes `1.38E+10`: its last digits are gone.
fn digits(cell: &str) -> Result<&str, CellError> {
    let spoilt = cell.contains(['E', 'e']) && cell.contains('+') && cell.parse::<f64>().is_ok();
    if spoilt {
        return Err(CellError {
            code: "number_spoilt",
            reason: "the spreadsheet has rounded this number: format the column as text and type it again".to_owned(),
        });
    }
    Ok(cell)
}
