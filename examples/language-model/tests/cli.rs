//! The example as a person runs it: both ways and micro-batches learn the same, and the files are there.

use example_support::cli_test::{PrintedTable, Run};

fn run(name: &str) -> Run {
    let binary = env!("CARGO_BIN_EXE_language-model");
    Run::new(binary, env!("CARGO_TARGET_TMPDIR"), name)
}

#[test]
fn both_ways_and_micro_batches_learn_the_same() {
    let run = run("ways");
    let perplexity = |way: &str, options: &str| {
        let args = format!("--limit 32 --epochs 2 --vocabulary 700 --samples 1 {options}");
        let text = run.stdout(&args);
        assert!(
            text.contains("32 sequences of 700 different tokens, 700 classes"),
            "{text}"
        );
        let samples = text.lines().filter(|line| line.starts_with("  "));
        assert_eq!(samples.count(), 1, "{text}");
        let table = PrintedTable::last(&text);
        assert!(table.number(way, "peak MiB") > 1.0);
        assert!(table.number(way, "ms a step") > 0.0);
        let accuracy = table.number(way, "accuracy");
        assert!((0.0..100.0).contains(&accuracy), "{accuracy}");
        table.number(way, "validation")
    };
    let linear = perplexity("forward_linear", "");
    // Guessing one of 700 evenly has a perplexity of 700.
    assert!(linear < 650.0, "{linear}");
    for (way, options) in [
        ("logits held", "--logits"),
        ("forward_linear", "--accumulate 5"),
        ("forward_linear", "--memory-budget 1 --backend ndarray"),
    ] {
        let other = perplexity(way, options);
        assert!(
            (other - linear).abs() < 1e-3 * linear,
            "{options}: {other} instead of {linear}"
        );
    }
    let picture = run.file("artifacts/language-model/learning-curves.png");
    assert!(picture.starts_with(b"\x89PNG"));
    let report = String::from_utf8(run.file("artifacts/language-model/report.html")).unwrap();
    assert!(report.contains("validation perplexity"));
}

#[test]
fn classes_beyond_the_tokens_exist() {
    let text = run("classes").stdout("--limit 16 --epochs 1 --vocabulary 3000 --samples 1");
    assert!(
        text.contains("2048 different tokens, 3000 classes"),
        "{text}"
    );
}

#[test]
fn mistakes_are_explained() {
    let run = run("mistakes");
    let error = run.error("--vocabulary 100");
    assert!(error.contains("257..=50000"), "{error}");
    let error = run.error("--logits --memory-budget 8");
    assert!(error.contains("cannot be used with"), "{error}");
}
