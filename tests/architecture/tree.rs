//! The workspace as these checks read it.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// A source file: its path from the root of the workspace, and its text.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) text: String,
}

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default()
}

/// Folders that hold what was built, brought or begun elsewhere.
const NOT_OURS: [&str; 4] = ["target", "node_modules", ".venv", ".git"];

/// Every Rust file below a folder of the workspace, in the order of their paths.
pub(crate) fn rust_files(folder: &str) -> Vec<Source> {
    files(folder, &["rs"])
}

/// Every file below a folder of the workspace whose name has one of these endings, in the order of their paths.
pub(crate) fn files(folder: &str, endings: &[&str]) -> Vec<Source> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{folder:?}: {error}")) {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                folders.extend((!NOT_OURS.contains(&name.as_str())).then_some(path));
            } else if path.extension().is_some_and(|extension| endings.iter().any(|ending| extension == *ending)) {
                let relative = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
                found.push(Source { path: relative, text: fs::read_to_string(&path).unwrap() });
            }
        }
    }
    found.sort_by(|left, right| left.path.cmp(&right.path));
    found
}

/// The names of the crates in `crates/`.
pub(crate) fn crates() -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(root().join("crates")).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// A text of the workspace, if it is there.
pub(crate) fn text_of(path: &str) -> Option<String> {
    fs::read_to_string(root().join(path)).ok()
}

/// The code of a text: comments, and what stands between quotes, are blanked out; lines stay where they are.
pub(crate) fn code_of(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let mut code = String::with_capacity(text.len());
    let mut place = 0;
    while place < characters.len() {
        let end = end_of_token(&characters, place);
        let blank = end > place + 1;
        for character in &characters[place..end] {
            code.push(if blank && *character != '\n' { ' ' } else { *character });
        }
        place = end;
    }
    code
}

/// Where a comment or a literal that begins here ends; the next character for anything else.
fn end_of_token(text: &[char], start: usize) -> usize {
    let at = |offset: usize| text.get(start + offset).copied().unwrap_or('\0');
    match (at(0), at(1)) {
        ('/', '/') => find(text, start, |place| text[place] == '\n'),
        ('/', '*') => find(text, start + 2, |place| text[place] == '*' && text.get(place + 1) == Some(&'/')) + 2,
        ('r', '"' | '#') if !follows_word(text, start) => end_of_raw(text, start),
        ('"', _) => end_of_quoted(text, start, '"'),
        // a character, not a lifetime
        ('\'', '\\') => end_of_quoted(text, start, '\''),
        ('\'', _) if at(2) == '\'' => start + 3,
        _ => start + 1,
    }
    .min(text.len())
}

fn follows_word(text: &[char], place: usize) -> bool {
    place.checked_sub(1).is_some_and(|before| text[before].is_alphanumeric() || text[before] == '_')
}

fn find(text: &[char], start: usize, is_there: impl Fn(usize) -> bool) -> usize {
    (start..text.len()).find(|place| is_there(*place)).unwrap_or(text.len())
}

fn end_of_quoted(text: &[char], start: usize, quote: char) -> usize {
    let mut place = start + 1;
    while place < text.len() && text[place] != quote {
        place += if text[place] == '\\' { 2 } else { 1 };
    }
    place + 1
}

fn end_of_raw(text: &[char], start: usize) -> usize {
    let hashes = text[start + 1..].iter().take_while(|character| **character == '#').count();
    if text.get(start + 1 + hashes) != Some(&'"') {
        return start + 1;
    }
    let closes = |place: usize| text[place] == '"' && text[place + 1..].iter().take_while(|character| **character == '#').count() >= hashes;
    find(text, start + 2 + hashes, closes) + 1 + hashes
}

#[test]
fn code_is_what_is_left_without_comments_and_literals() {
    let text = "fn a() { // fn b() {\n  let s = \"fn c() { \\\" }\"; /* fn d */ let r = r#\"fn \"e\"\"#; let q = '{'; let l: &'static str; }";
    let code = code_of(text);
    assert_eq!(code.matches("fn ").count(), 1, "{code}");
    assert_eq!((code.matches('{').count(), code.matches('}').count(), code.lines().count()), (1, 1, 2), "{code}");
    assert!(code.contains("'static"), "{code}");
}
