//! Every crate that is compiled in may be used by anyone for anything: its licence is permissive, or it is named here with
//! the reason.

use std::env;
use std::process::Command;

use serde_json::Value;

/// What asks for no more than its text and a name.
const PERMISSIVE: [&str; 15] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "NCSA",
    "Unicode-3.0",
    "Unicode-DFS-2016",
    "Unlicense",
    "Zlib",
];

/// Crates under another licence, all of which Burn brings along, and why they are no burden.
const NAMED: [(&str, &str); 3] = [
    // Asks for the source of the crate itself where it is changed, and it is not.
    ("colored", "MPL-2.0"),
    ("option-ext", "MPL-2.0"),
    // Permits everything, in plain words.
    ("terminfo", "WTFPL"),
];

/// Whether an SPDX expression leaves a permissive choice.
fn is_permissive(expression: &str) -> bool {
    let expression = expression.replace(" / ", "/").replace('/', " OR ");
    let one = |licence: &str| PERMISSIVE.contains(&licence.trim_matches(['(', ')', ' ']));
    let any = |part: &str| part.split(" OR ").any(one);
    match expression.contains('(') {
        true => expression.split(" AND ").all(any),
        // Without brackets, `AND` binds tighter.
        false => expression
            .split(" OR ")
            .any(|part| part.split(" AND ").all(one)),
    }
}

#[test]
fn expressions_are_read() {
    for good in [
        "MIT",
        "MIT/Apache-2.0",
        "MIT OR LGPL-2.1-or-later",
        "(MIT OR Apache-2.0) AND Unicode-3.0",
        "MIT AND BSD-3-Clause",
    ] {
        assert!(is_permissive(good), "{good}");
    }
    for bad in [
        "",
        "MPL-2.0",
        "GPL-3.0 OR AGPL-3.0",
        "MIT AND GPL-3.0",
        "(MIT OR Apache-2.0) AND GPL-3.0",
    ] {
        assert!(!is_permissive(bad), "{bad}");
    }
}

/// What runs here, as in `x86_64-unknown-linux-gnu`: `cargo` has downloaded no crates of other systems alone.
fn host() -> String {
    let rustc = Command::new(env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned()))
        .arg("-vV")
        .output()
        .expect("rustc runs");
    let text = String::from_utf8_lossy(&rustc.stdout);
    let mut lines = text.lines();
    let host = lines.find_map(|line| line.strip_prefix("host: "));
    host.expect("rustc names its host").to_owned()
}

#[test]
fn every_dependency_is_permissive() {
    let cargo = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--offline"])
        .args(["--filter-platform", &host()])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    let error = String::from_utf8_lossy(&cargo.stderr);
    assert!(cargo.status.success(), "{error}");
    let metadata: Value = serde_json::from_slice(&cargo.stdout).expect("cargo writes JSON");
    let packages = metadata["packages"].as_array().expect("there are packages");
    assert!(packages.len() > 300, "{} packages", packages.len());
    let text = |package: &Value, field: &str| package[field].as_str().unwrap_or("").to_owned();
    let other: Vec<_> = packages
        .iter()
        .map(|package| (text(package, "name"), text(package, "license")))
        .filter(|(name, licence)| {
            !is_permissive(licence) && !NAMED.contains(&(name.as_str(), licence.as_str()))
        })
        .collect();
    assert!(other.is_empty(), "not permissive: {other:?}");
}
