//! The example as a person runs it: the numbers of its table, and its picture.

use example_support::cli_test::{PrintedTable, Run};

const LABELS: [&str; 5] = ["do", "re", "mi", "fa", "sol"];

fn run(name: &str) -> Run {
    let binary = env!("CARGO_BIN_EXE_multi-label");
    Run::new(binary, env!("CARGO_TARGET_TMPDIR"), name)
}

#[test]
fn every_label_is_learned_and_has_its_threshold() {
    let run = run("table");
    let table = PrintedTable::last(&run.stdout("--limit 3000 --epochs 6"));
    for label in LABELS {
        let area = table.number(label, "ROC-AUC");
        assert!((0.8..1.0).contains(&area), "{label}: {area}");
        let [precision, recall, f1] =
            ["precision", "recall", "F1"].map(|column| table.number(label, column));
        let harmonic = 2.0 * precision * recall / (precision + recall);
        assert!((f1 - harmonic).abs() < 2e-3, "{label}: {f1}");
    }
    let rare = "sol";
    assert!(table.number(rare, "threshold") < 0.45);
    let gain = table.number(rare, "F1") - table.number(rare, "F1 at 0.5");
    assert!(gain > 0.02, "{gain}");

    let mean = table.number("mean", "F1");
    let labels = LABELS.iter().map(|label| table.number(label, "F1"));
    assert!((mean - labels.sum::<f64>() / 5.0).abs() < 2e-3);
    assert!(mean > table.number("mean", "F1 at 0.5"));
    assert!(
        run.file("artifacts/multi-label/roc.png")
            .starts_with(b"\x89PNG")
    );
}
