//! The example as a person runs it: the numbers of its table, and its pictures.

use example_support::cli_test::{PrintedTable, Run};

#[test]
fn class_weights_find_more_of_the_rare_class() {
    let binary = env!("CARGO_BIN_EXE_segmentation");
    let run = Run::new(binary, env!("CARGO_TARGET_TMPDIR"), "table");
    let table = PrintedTable::last(&run.stdout("--limit 200"));

    assert!(table.number("spot", "pixels") < 1.0);
    let [plain, weighted] =
        ["recall", "recall, weighted"].map(|column| table.number("spot", column));
    assert!(weighted > plain + 25.0, "recall {plain}% and {weighted}%");
    for class in ["background", "disc", "square"] {
        for column in ["IoU", "IoU, weighted"] {
            let overlap = table.number(class, column);
            assert!(overlap > 70.0, "{class}, {column}: {overlap}%");
        }
    }
    let classes = ["background", "disc", "square", "spot"];
    let sum: f64 = classes.iter().map(|class| table.number(class, "IoU")).sum();
    assert!((table.number("mean", "IoU") - sum / 4.0).abs() < 0.1);

    for picture in ["masks-unweighted.png", "masks-weighted.png"] {
        let picture = run.file(&format!("artifacts/segmentation/{picture}"));
        assert!(picture.starts_with(b"\x89PNG"));
    }
}
