//! The example as a person runs it: the numbers of its table, and its pictures.

use example_support::cli_test::{PrintedTable, Run};

fn run(name: &str) -> Run {
    let binary = env!("CARGO_BIN_EXE_imbalance");
    Run::new(binary, env!("CARGO_TARGET_TMPDIR"), name)
}

#[test]
fn weighting_helps_recall_and_hurts_calibration_and_a_threshold_repairs_it() {
    let run = run("table");
    let table = PrintedTable::last(&run.stdout("--limit 4000 --epochs 8"));
    let number = |row, column| table.number(row, column);

    let plain = number("plain BCE, 0.5", "recall");
    let weighted = number("pos_weight, 0.5", "recall");
    assert!(weighted > plain + 0.2, "recall {plain} and {weighted}");
    let plain = number("plain BCE, 0.5", "precision");
    let weighted = number("pos_weight, 0.5", "precision");
    assert!(weighted < plain - 0.2, "precision {plain} and {weighted}");

    let calibration = number("plain BCE, 0.5", "ECE");
    assert!(calibration < 0.02, "{calibration}");
    for loss in ["pos_weight, 0.5", "focal, 0.5"] {
        let error = number(loss, "ECE");
        assert!(error > 3.0 * calibration, "{loss}: {error}");
    }

    let best = number("plain BCE, chosen", "F1");
    assert!(best > number("plain BCE, 0.5", "F1") - 0.02);
    let repaired = number("pos_weight, chosen", "F1");
    assert!(repaired > number("pos_weight, 0.5", "F1") + 0.1);
    assert!((repaired - best).abs() < 0.1, "{repaired} and {best}");
    assert!(number("plain BCE, chosen", "threshold") < 0.5);
    assert!(number("pos_weight, chosen", "threshold") > 0.6);

    for picture in ["calibration.png", "precision-recall.png"] {
        let picture = run.file(&format!("artifacts/imbalance/{picture}"));
        assert!(picture.starts_with(b"\x89PNG"));
    }
}

#[test]
fn runs_where_no_example_is_positive() {
    let run = run("tiny");
    let table = PrintedTable::last(&run.stdout("--limit 16 --epochs 1 --backend ndarray"));
    assert!((0.0..=1.0).contains(&table.number("focal, 0.5", "recall")));
}
