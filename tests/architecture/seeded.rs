//! The bugs of `tests/seeded` fit the sources: a bug that does not would never be planted, and nobody would see that its check is asleep.

use std::{fs, process::Command};

use crate::tree::root;

/// How many there are.
const BUGS: usize = 10;

#[test]
fn every_seeded_bug_fits_and_names_its_check() {
    let folder = root().join("tests/seeded");
    let patches = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_some_and(|kind| kind == "patch"));
    let mut seen = 0;
    for patch in patches {
        let text = fs::read_to_string(&patch).unwrap();
        assert!(text.lines().nth(1).is_some_and(|line| line.starts_with("Caught-by: --test ")), "{patch:?} does not say what catches it");
        let output = Command::new("git").args(["apply", "--check"]).arg(&patch).current_dir(root()).output().unwrap();
        assert!(output.status.success(), "{patch:?}: {}", String::from_utf8_lossy(&output.stderr));
        seen += 1;
    }
    assert_eq!(seen, BUGS);
}
