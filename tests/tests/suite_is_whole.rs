//! No test of the suite is left out of the list that makes tests of them.

use std::fs;
use std::path::Path;

#[test]
fn every_function_of_the_suite_is_run() {
    let suite = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/suite");
    let mut list = fs::read_to_string(suite.join("mod.rs")).expect("the list is there");
    // What is run on one backend alone.
    list += include_str!("ndarray_f32.rs");
    let words: Vec<&str> = list
        .split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .collect();
    let mut found = 0;
    for file in fs::read_dir(&suite).expect("the suite is there") {
        let path = file.expect("it can be read").path();
        let module = path
            .file_stem()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        let text = fs::read_to_string(&path).expect("it can be read");
        for line in text.lines() {
            let Some(rest) = line.strip_prefix("pub fn ") else {
                continue;
            };
            // A test has the backend as its parameter and no arguments.
            let Some((name, _)) = rest.split_once("<B: TestBackend>() {") else {
                continue;
            };
            found += 1;
            assert!(
                words.contains(&name),
                "{module}::{name} is in no list, and never runs"
            );
        }
    }
    assert!(
        found > 80,
        "only {found} tests were found: the search is broken"
    );
}
