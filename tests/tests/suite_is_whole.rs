//! No test of the suite is left out of the list that makes tests of them, and no config of a loss out of those that go through
//! JSON.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

/// Words and single signs, without comments.
fn tokens(text: &str) -> Vec<&str> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut found = Vec::new();
    for line in text.lines() {
        let mut rest = line.split("//").next().unwrap_or("").trim_start();
        while let Some(first) = rest.chars().next() {
            let length = match is_word(first) {
                true => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
                false => first.len_utf8(),
            };
            found.push(&rest[..length]);
            rest = rest[length..].trim_start();
        }
    }
    found
}

fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Module and name of each test that the suite's macro is given: `module { name name }`.
fn listed(text: &str) -> HashSet<(String, String)> {
    let tokens = tokens(text);
    let mut found = HashSet::new();
    for (index, pair) in tokens.windows(2).enumerate() {
        let [module, "{"] = pair else { continue };
        let names = tokens[index + 2..]
            .iter()
            .take_while(|token| is_name(token));
        let names: Vec<_> = names.collect();
        if is_name(module) && tokens.get(index + 2 + names.len()) == Some(&"}") {
            found.extend(
                names
                    .iter()
                    .map(|name| (module.to_string(), name.to_string())),
            );
        }
    }
    found
}

/// Module and name of each test that is called by its path, `suite::module::name::<..>`.
fn called(text: &str) -> HashSet<(String, String)> {
    let tokens = tokens(text);
    let calls = tokens.windows(10).filter_map(|window| match window {
        ["suite", ":", ":", module, ":", ":", name, ":", ":", "<"] => {
            Some((module.to_string(), name.to_string()))
        }
        _ => None,
    });
    calls.collect()
}

/// The public functions that have a type to run on, no arguments and no result: a module's tests. Those that a macro makes
/// are named first where it is called.
fn tests_of(text: &str) -> Vec<String> {
    let tokens = tokens(text);
    let (mut found, mut makers, mut last_macro) = (Vec::new(), Vec::new(), "");
    for (index, start) in tokens.windows(4).enumerate() {
        match start {
            ["macro_rules", "!", name, _] => last_macro = name,
            ["pub", "fn", "$", _] => makers.push(last_macro),
            [name, "!", "(", test] if makers.contains(name) => found.push(test.to_string()),
            _ => {}
        }
        let ["pub", "fn", name, "<"] = start else {
            continue;
        };
        let rest = &tokens[index + 3..];
        // Up to the body, or the bounds of the type.
        let end = rest.iter().position(|token| ["{", "where"].contains(token));
        let signature = &rest[..end.expect("a function has a body")];
        if signature.ends_with(&[">", "(", ")"]) {
            found.push(name.to_string());
        }
    }
    found
}

#[test]
fn every_function_of_the_suite_is_run() {
    let suite = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/suite");
    let list = fs::read_to_string(suite.join("mod.rs")).expect("the list is there");
    let mut run = listed(&list);
    // What is run on one backend alone.
    run.extend(called(include_str!("ndarray_f32.rs")));
    let mut found = HashSet::new();
    for file in fs::read_dir(&suite).expect("the suite is there") {
        let path = file.expect("it can be read").path();
        let module = path.file_stem().expect("a name").to_string_lossy();
        let text = fs::read_to_string(&path).expect("it can be read");
        for name in tests_of(&text) {
            found.insert((module.to_string(), name));
        }
    }
    let missing: Vec<_> = found.difference(&run).collect();
    assert!(missing.is_empty(), "in no list, and never run: {missing:?}");
    // The compiler knows those that are run: this search has to find them all.
    let unseen: Vec<_> = run.difference(&found).collect();
    assert!(unseen.is_empty(), "not found as tests: {unseen:?}");
}

/// The Rust files of a folder and of those in it.
fn sources(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the folder is there");
    let paths = entries.map(|entry| entry.expect("it can be read").path());
    let texts = paths.flat_map(|path| match path.extension() {
        Some(extension) if extension == "rs" => {
            vec![fs::read_to_string(&path).expect("it can be read")]
        }
        _ if path.is_dir() => sources(&path),
        _ => Vec::new(),
    });
    texts.collect()
}

#[test]
fn every_config_goes_through_json() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let of_losses = sources(&tests.join("../crates/burn-loss/src"));
    let mut configs = HashSet::new();
    for text in &of_losses {
        for window in tokens(text).windows(3) {
            if let ["pub", "struct", name] = window
                && name.ends_with("Config")
            {
                configs.insert(*name);
            }
        }
    }
    assert!(configs.contains("MseLossConfig"), "the search finds them");
    let of_suite = sources(&tests.join("src"));
    for text in &of_suite {
        for window in tokens(text).windows(3) {
            if let ["stored", "(", name] = window {
                configs.remove(name);
            }
        }
    }
    assert!(configs.is_empty(), "not stored by any test: {configs:?}");
}

#[test]
fn what_is_a_test_and_what_is_listed() {
    let text = "
        /// pub fn in_a_comment<B: TestBackend>() {
        pub fn in_one_line<B: TestBackend>() {}
        pub fn in_several<
            B: TestBackend,
        >()
        where
            A<B>: Clone,
        {
        }
        pub fn with_arguments<B: TestBackend>(shape: [usize; 2]) {}
        pub fn with_a_result<B: TestBackend>() -> Vec<f64> {}
        pub(super) fn for_other_modules<B: TestBackend>() {}
        macro_rules! fixtures {
            ($name:ident) => { pub fn $name<B: TestBackend>() {} };
        }
        fixtures!(of_a_macro, Config);
    ";
    assert_eq!(tests_of(text), ["in_one_line", "in_several", "of_a_macro"]);
    let list =
        listed("mod gaps { $crate::suite! { cfg(all()) => boxes { one two } samples { one } } }");
    let pair = |module: &str, name: &str| (module.to_owned(), name.to_owned());
    let expected = [
        pair("boxes", "one"),
        pair("boxes", "two"),
        pair("samples", "one"),
    ];
    assert_eq!(list, HashSet::from(expected));
    let call = called("burn_loss_tests::suite::boxes::one::<\n NdArray>();");
    assert_eq!(call, HashSet::from([pair("boxes", "one")]));
}

/// Tests of wgpu alone are called by hand, in one file.
#[test]
fn what_only_wgpu_has_is_run() {
    let there = tokens(include_str!("../src/wgpu.rs"));
    let run = tokens(include_str!("wgpu_plain.rs"));
    let tests = there.windows(6).filter_map(|window| match window {
        ["pub", "fn", name, "(", ")", "{"] => Some(*name),
        _ => None,
    });
    let tests: Vec<_> = tests.collect();
    assert!(tests.len() >= 2, "not found as tests: {tests:?}");
    let missing: Vec<_> = tests.iter().filter(|name| !run.contains(*name)).collect();
    assert!(missing.is_empty(), "never run: {missing:?}");
}
