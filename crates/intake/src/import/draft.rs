//! From rows to commands as JSON, each with its id.
//!
//! **Buildings.** A row tells of one unit of a building, so that a building with three units has three rows; rows of the same
//! building become one command, and stand or fall together. What they say of the building itself must agree; a cell may stay empty
//! in all rows but one. A row without a unit tells only of the building.
//!
//! **Ids.** A row without an `id` gets one that follows from community, kind and what the row says, and from how many rows above it
//! say the very same. So the same file again, with another encoding, order of columns or rows added, records nothing twice; and a
//! row that stands there twice counts twice. The hash is keyed: an id tells nobody what a row said.

use std::collections::{BTreeSet, HashMap};

use domain::values::{CommunityId, DeploymentKey};
use serde_json::{Map, Value as Json};
use uuid::Uuid;
use web::{COMMAND_BYTES_MAX, Problem};

use super::{
    cells::{self, CellError},
    columns::Kind,
    read::{Heading, Row, Sheet, Unreadable, letters},
    report::RowError,
};

/// What the field of an import's default origin holds.
const VIA: &str = "import";

/// Some rows that become one command: for buildings one or more, else one.
#[derive(Debug)]
pub(crate) struct Draft {
    /// The rows, as a spreadsheet numbers them.
    pub(crate) lines: Vec<u64>,
    /// The command, or what is wrong with the rows.
    pub(crate) command: Result<Vec<u8>, Vec<RowError>>,
    /// Of a building, the row of each unit.
    unit_lines: Vec<u64>,
}

/// The commands of a file, in the order of their first rows.
pub(crate) struct Drafts {
    pub(crate) list: Vec<Draft>,
    headings: Vec<Heading>,
}

/// The commands of a file.
///
/// # Errors
/// [`Unreadable`]: nothing of it can be used.
pub(crate) fn drafts(bytes: &[u8], kind: Kind, community: &CommunityId, secrets: &DeploymentKey) -> Result<Drafts, Unreadable> {
    let sheet = Sheet::read(bytes, kind)?;
    let mut pages = Vec::new();
    let mut by_building: HashMap<String, usize> = HashMap::new();
    for row in sheet.rows() {
        let page = Page::of(&row, &sheet.headings);
        let same = page.building(kind).and_then(|building| by_building.get(building).copied());
        match same.and_then(|place| pages.get_mut(place)) {
            Some(first) => Page::join(first, page, &sheet.headings),
            None => {
                if let Some(building) = page.building(kind) {
                    by_building.insert(building.to_owned(), pages.len());
                }
                pages.push(page);
            }
        }
    }
    let mut ids = Ids::new(kind, community, secrets);
    let list = pages.into_iter().map(|page| page.finish(kind, &sheet.headings, &mut ids)).collect();
    Ok(Drafts { list, headings: sheet.headings.into_iter().flatten().collect() })
}

impl Drafts {
    /// What a refusal of a draft means for its rows. Every row gets a reason.
    pub(crate) fn refusal(&self, draft: &Draft, problem: &Problem) -> Vec<RowError> {
        let first = draft.lines.first().copied().unwrap_or_default();
        let params = problem.invalid_params().iter().map(|param| {
            let path = param.pointer.trim_start_matches('/').replace('/', ".");
            let (line, path) = draft.unit_at(path);
            RowError { line: line.unwrap_or(first), column: self.column_at(&path), code: param.code.clone(), reason: param.reason.clone() }
        });
        let mut errors: Vec<RowError> = params.collect();
        if errors.is_empty() {
            let reason = problem.detail().unwrap_or("this row is refused").to_owned();
            errors.push(RowError { line: first, column: None, code: problem.code().to_owned(), reason });
        }
        companions(&draft.lines, &mut errors);
        errors
    }

    /// The heading of the column that a path of the command lies in, or that lies in that path.
    fn column_at(&self, path: &str) -> Option<String> {
        let within = |inner: &str, outer: &str| inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        let full = |heading: &Heading| if heading.column.in_data { format!("data.{}", heading.column.path) } else { heading.column.path.to_owned() };
        let exact = self.headings.iter().find(|heading| within(path, &full(heading)));
        let heading = exact.or_else(|| self.headings.iter().find(|heading| path.starts_with("data.") && within(&full(heading), path)));
        heading.map(|heading| heading.name.clone())
    }
}

impl Draft {
    /// The row that a path into `units` came from, and the path as if it were the only unit.
    fn unit_at(&self, path: String) -> (Option<u64>, String) {
        let Some((ordinal, rest)) = path.strip_prefix("data.units.").map(|rest| rest.split_once('.').unwrap_or((rest, ""))) else { return (None, path) };
        let line = ordinal.parse().ok().and_then(|ordinal: usize| self.unit_lines.get(ordinal).copied());
        (line, format!("data.units.0.{rest}").trim_end_matches('.').to_owned())
    }
}

/// Says of the rows without an error of their own that another one took them along.
fn companions(lines: &[u64], errors: &mut Vec<RowError>) {
    let wrong: BTreeSet<u64> = errors.iter().map(|error| error.line).collect();
    let Some(cause) = wrong.first() else { return };
    let reason = format!("row {cause} tells of the same building and is refused");
    errors.extend(lines.iter().filter(|line| !wrong.contains(line)).map(|line| RowError {
        line: *line,
        column: None,
        code: "same_building".to_owned(),
        reason: reason.clone(),
    }));
}

/// Rows on their way to a command.
struct Page {
    lines: Vec<u64>,
    command: Map<String, Json>,
    data: Json,
    units: Vec<Json>,
    unit_lines: Vec<u64>,
    errors: Vec<RowError>,
}

impl Page {
    fn of(row: &Row, headings: &[Option<Heading>]) -> Self {
        let mut page =
            Self { lines: vec![row.line], command: Map::new(), data: Json::Object(Map::new()), units: Vec::new(), unit_lines: Vec::new(), errors: Vec::new() };
        let mut filled = Vec::new();
        for (place, cell) in row.cells.iter().enumerate().filter(|(_, cell)| !cell.is_empty()) {
            match headings.get(place) {
                Some(Some(heading)) => filled.push((heading, cell)),
                _ => page.errors.push(RowError {
                    line: row.line,
                    column: Some(letters(place)),
                    code: "column_unnamed".to_owned(),
                    reason: "this column has no name in the first row".to_owned(),
                }),
            }
        }
        // by the table and not by the file, so that a list grows from its beginning
        filled.sort_by_key(|(heading, _)| heading.rank);
        for (heading, cell) in filled {
            if let Err(CellError { code, reason }) = page.fill(heading, cell) {
                page.errors.push(RowError { line: row.line, column: Some(heading.name.clone()), code: code.to_owned(), reason });
            }
        }
        page.lift_unit(row.line);
        page
    }

    fn fill(&mut self, heading: &Heading, cell: &str) -> Result<(), CellError> {
        let value = cells::to_json(heading.column.value, cell)?;
        if heading.column.in_data {
            return put(&mut self.data, heading.column.path, value);
        }
        self.command.insert(heading.column.path.to_owned(), value);
        Ok(())
    }

    /// Takes the unit of a row out of its data, so that the units of several rows can be put together.
    fn lift_unit(&mut self, line: u64) {
        let Some(Json::Array(units)) = self.data.as_object_mut().and_then(|data| data.remove("units")) else { return };
        for mut unit in units {
            if let Some(unit) = unit.as_object_mut() {
                // a unit of which nobody has listed the doors yet
                unit.entry("doors").or_insert_with(|| Json::Array(Vec::new()));
            }
            self.units.push(unit);
            self.unit_lines.push(line);
        }
    }

    /// What tells which rows belong together.
    fn building(&self, kind: Kind) -> Option<&str> {
        if kind == Kind::Buildings { self.data.get("building").and_then(Json::as_str) } else { None }
    }

    /// Adds a row of the same building.
    fn join(&mut self, other: Self, headings: &[Option<Heading>]) {
        let line = other.lines.first().copied().unwrap_or_default();
        let data = if let Json::Object(data) = other.data { data } else { Map::new() };
        let fields = other.command.into_iter().map(|field| (false, field)).chain(data.into_iter().map(|field| (true, field)));
        for (in_data, (name, value)) in fields {
            let own = if in_data { self.data.as_object_mut() } else { Some(&mut self.command) };
            let Some(own) = own else { continue };
            if *own.entry(name.as_str()).or_insert_with(|| value.clone()) != value {
                let heading = headings.iter().flatten().find(|heading| heading.column.in_data == in_data && heading.column.path == name);
                self.errors.push(RowError {
                    line,
                    column: heading.map(|heading| heading.name.clone()),
                    code: "contradiction".to_owned(),
                    reason: "rows of one building must say the same of it".to_owned(),
                });
            }
        }
        self.lines.extend(other.lines);
        self.units.extend(other.units);
        self.unit_lines.extend(other.unit_lines);
        self.errors.extend(other.errors);
    }

    /// Every field without which there is no command must have been filled in.
    fn require(&mut self, headings: &[Option<Heading>]) {
        let line = self.lines.first().copied().unwrap_or_default();
        for heading in headings.iter().flatten().filter(|heading| heading.column.required) {
            let told = self.errors.iter().any(|error| error.column.as_ref() == Some(&heading.name));
            if !told && self.data.pointer(&format!("/{}", heading.column.path.replace('.', "/"))).is_none() {
                let reason = "this cell must be filled in".to_owned();
                self.errors.push(RowError { line, column: Some(heading.name.clone()), code: "cell_missing".to_owned(), reason });
            }
        }
    }

    fn finish(mut self, kind: Kind, headings: &[Option<Heading>], ids: &mut Ids) -> Draft {
        self.require(headings);
        if !self.units.is_empty()
            && let Some(data) = self.data.as_object_mut()
        {
            data.insert("units".to_owned(), Json::Array(self.units));
        }
        self.command.entry("via").or_insert_with(|| VIA.into());
        self.command.insert("type".to_owned(), kind.command().into());
        self.command.insert("data".to_owned(), self.data);
        if !self.command.contains_key("id") {
            self.command.insert("id".to_owned(), ids.id_of(&self.command).to_string().into());
        }
        // a map of texts, numbers and lists always serializes
        let json = serde_json::to_vec(&self.command).unwrap_or_default();
        if json.len() > COMMAND_BYTES_MAX {
            let line = self.lines.first().copied().unwrap_or_default();
            let reason = format!("what is recorded at once has at most {COMMAND_BYTES_MAX} bytes");
            self.errors.push(RowError { line, column: None, code: "too_large".to_owned(), reason });
        }
        companions(&self.lines, &mut self.errors);
        let command = if self.errors.is_empty() { Ok(json) } else { Err(self.errors) };
        Draft { lines: self.lines, command, unit_lines: self.unit_lines }
    }
}

/// Puts a value under a path such as `people.0.readings.0.celsius`, making what lies on the way.
fn put(root: &mut Json, path: &str, value: Json) -> Result<(), CellError> {
    let mut place = root;
    for segment in path.split('.') {
        if let Ok(ordinal) = segment.parse::<usize>() {
            if !place.is_array() {
                *place = Json::Array(Vec::new());
            }
            let Json::Array(items) = place else { return Ok(()) };
            if ordinal > items.len() {
                return Err(CellError { code: "first_missing", reason: "fill in the first one before the second".to_owned() });
            }
            if ordinal == items.len() {
                items.push(Json::Null);
            }
            place = &mut items[ordinal];
        } else {
            if !place.is_object() {
                *place = Json::Object(Map::new());
            }
            let Json::Object(fields) = place else { return Ok(()) };
            place = fields.entry(segment).or_insert(Json::Null);
        }
    }
    *place = value;
    Ok(())
}

/// Makes the ids of rows that have none.
struct Ids {
    namespace: Uuid,
    /// How many rows said the very same so far, by the id of the first.
    seen: HashMap<Uuid, u32>,
}

impl Ids {
    fn new(kind: Kind, community: &CommunityId, secrets: &DeploymentKey) -> Self {
        let text = format!("import\0{community}\0{}", kind.word());
        Self { namespace: Uuid::from_bytes(domain::commit::content_hash(text.as_bytes(), &secrets.contents)), seen: HashMap::new() }
    }

    fn id_of(&mut self, command: &Map<String, Json>) -> Uuid {
        let canonical = serde_json_canonicalizer::to_vec(command).unwrap_or_default();
        let first = Uuid::new_v5(&self.namespace, &canonical);
        let before = self.seen.entry(first).or_default();
        let id = if *before == 0 { first } else { Uuid::new_v5(&first, &before.to_be_bytes()) };
        *before += 1;
        id
    }
}
