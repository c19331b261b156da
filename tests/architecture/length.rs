//! Files and functions that fit into a head.

use crate::tree::{Source, code_of, rust_files};

/// Longest file, in lines.
const FILE_LINES_MAX: usize = 500;
/// Longest function, in lines from its first to its last.
const FUNCTION_LINES_MAX: usize = 70;
/// The same below a `tests` folder: a test is a table, or a story that is told once from its beginning.
const TEST_FUNCTION_LINES_MAX: usize = 140;

/// What is longer, and why. This list only shrinks: an entry that is not needed is refused.
const EXCEPTIONS: &[(&str, &str, &str)] = &[];

/// A function and how many lines it has.
#[derive(Debug, PartialEq)]
struct Function {
    name: String,
    line: usize,
    lines: usize,
}

/// Every function with a body. A simple count of braces over code without comments and literals.
fn functions(text: &str) -> Vec<Function> {
    let code = code_of(text);
    let mut found = Vec::new();
    for (start, _) in code.match_indices("fn ") {
        if code[..start].chars().next_back().is_some_and(|before| before.is_alphanumeric() || before == '_') {
            continue;
        }
        let name: String = code[start + 3..].chars().take_while(|character| character.is_alphanumeric() || *character == '_').collect();
        let line = code[..start].matches('\n').count() + 1;
        if let Some(body) = body_end(&code[start..]).filter(|_| !name.is_empty()) {
            found.push(Function { name, line, lines: code[start..start + body].matches('\n').count() + 1 });
        }
    }
    found
}

/// Where the body of a function that starts here ends; nothing when it has none.
fn body_end(code: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut brackets = 0_usize;
    for (place, character) in code.char_indices() {
        match character {
            '(' | '[' => brackets += 1,
            ')' | ']' => brackets = brackets.saturating_sub(1),
            // an array type holds a `;` in brackets
            ';' if depth == 0 && brackets == 0 => return None,
            '{' => depth += 1,
            '}' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(place);
                }
            }
            _ => {}
        }
    }
    None
}

/// Everything that is too long, as path, what, and a complaint. A file is named by `file`.
fn violations(source: &Source) -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    let lines = source.text.lines().count();
    if lines > FILE_LINES_MAX {
        found.push((source.path.clone(), "file".to_owned(), format!("{lines} lines, at most {FILE_LINES_MAX}")));
    }
    let is_test = source.path.split('/').any(|part| part == "tests");
    let lines_max = if is_test { TEST_FUNCTION_LINES_MAX } else { FUNCTION_LINES_MAX };
    for function in functions(&source.text).into_iter().filter(|function| function.lines > lines_max) {
        found.push((source.path.clone(), function.name, format!("{} lines from line {}, at most {lines_max}", function.lines, function.line)));
    }
    found
}

#[test]
fn files_and_functions_are_short() {
    let sources: Vec<Source> = ["crates", "tests"].into_iter().flat_map(rust_files).collect();
    assert!(sources.len() > 150, "only {} files: are these the folders?", sources.len());
    let found: Vec<_> = sources.iter().flat_map(violations).collect();
    let excused = |(path, what, _): &(String, String, String)| EXCEPTIONS.iter().any(|(file, name, _)| path == file && what == name);
    let open: Vec<_> = found.iter().filter(|violation| !excused(violation)).collect();
    assert!(open.is_empty(), "{open:#?}");
    let unneeded: Vec<_> = EXCEPTIONS.iter().filter(|(file, name, _)| !found.iter().any(|(path, what, _)| path == file && what == name)).collect();
    assert!(unneeded.is_empty(), "not needed any more, delete it: {unneeded:#?}");
}

#[test]
fn what_is_too_long_is_seen_to_the_line() {
    let source = |text: String| Source { path: "crates/planted/src/lib.rs".to_owned(), text };
    let function = |lines: usize| source(format!("/// text\npub fn long(a: [u8; 2]) -> u8 {{\n{}}}\n", "    a();\n".repeat(lines - 2)));
    assert!(violations(&function(FUNCTION_LINES_MAX)).is_empty());
    assert_eq!(violations(&function(FUNCTION_LINES_MAX + 1)).len(), 1);
    let in_tests = |lines: usize| Source { path: "crates/planted/tests/a.rs".to_owned(), ..function(lines) };
    assert!(violations(&in_tests(TEST_FUNCTION_LINES_MAX)).is_empty());
    assert_eq!(violations(&in_tests(TEST_FUNCTION_LINES_MAX + 1)).len(), 1);
    let file = |lines: usize| source("//! text\n".repeat(lines));
    assert!(violations(&file(FILE_LINES_MAX)).is_empty());
    assert_eq!(violations(&file(FILE_LINES_MAX + 1)).len(), 1);
}

#[test]
fn functions_are_found_with_their_lines() {
    let text = "trait T { fn declared(&self) -> [u8; 3]; }\nfn one() {}\nfn two() {\n    let f: fn(u8) = |_| {};\n    if true { \"}\" } else { '{' };\n}\n// fn three() {}\n";
    let found: Vec<_> = functions(text).into_iter().map(|function| (function.name, function.line, function.lines)).collect();
    assert_eq!(found, [("one".to_owned(), 2, 1), ("two".to_owned(), 3, 4)]);
}
