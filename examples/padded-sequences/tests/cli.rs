//! The example as a person runs it: the numbers of its table, its picture and its sentences.

use example_support::cli_test::{PrintedTable, Run};

fn run(name: &str) -> Run {
    let binary = env!("CARGO_BIN_EXE_padded-sequences");
    Run::new(binary, env!("CARGO_TARGET_TMPDIR"), name)
}

#[test]
fn the_padded_loss_is_the_loss_of_the_tokens() {
    let run = run("means");
    let text = run.stdout("--limit 48 --epochs 3 --samples 2");
    let table = PrintedTable::last(&text);
    let padded = "padded, `ignore_index`";
    let alone = "one by one, no padding";
    let all_rows = "padded, over all rows";

    let loss = |row| table.number(row, "loss");
    assert!((loss(padded) - loss(alone)).abs() <= 2e-5);
    let tokens = table.number(padded, "divided by");
    let rows = table.number(all_rows, "divided by");
    assert!(tokens < 0.8 * rows, "{tokens} tokens in {rows} rows");
    assert!((loss(all_rows) - loss(alone) * tokens / rows).abs() < 1e-4);
    // Guessing one of about 70 letters has a perplexity of about 70.
    assert!(table.number(padded, "perplexity") < 45.0);

    let sentences = text.lines().filter(|line| line.starts_with("  "));
    assert_eq!(sentences.count(), 2, "{text}");
    let picture = run.file("artifacts/padded-sequences/padding.png");
    assert!(picture.starts_with(b"\x89PNG"));
}

#[test]
fn the_seed_decides_the_run() {
    let run = run("seed");
    let text = |seed| {
        let args = format!("--limit 16 --epochs 1 --backend ndarray --seed {seed}");
        run.stdout(&args)
    };
    assert_eq!(text(1), text(1));
    assert_ne!(text(1), text(2));
}

#[test]
fn mistakes_are_explained() {
    let error = run("mistakes").error("--temperature 0");
    let expected = "expected a finite number above 0";
    assert!(error.contains(expected), "{error}");
}
