//! The example as a person runs it: the numbers of its table, and its pictures.

use example_support::cli_test::{PrintedTable, Run};

#[test]
fn weights_and_overlap_find_more_of_the_rare_class() {
    let binary = env!("CARGO_BIN_EXE_segmentation");
    let run = Run::new(binary, env!("CARGO_TARGET_TMPDIR"), "table");
    let table = PrintedTable::last(&run.stdout("--limit 200"));

    assert!(table.number("pixels", "spot") < 1.0);
    let recall = |loss| table.number(loss, "spot recall");
    let plain = recall("cross entropy");
    let weighted = recall("class weights");
    assert!(weighted > plain + 25.0, "recall {plain}% and {weighted}%");
    let both = recall("cross entropy + Dice");
    assert!(both > plain + 5.0, "recall {plain}% and {both}%");
    for loss in ["cross entropy", "class weights", "cross entropy + Dice"] {
        let overlaps =
            ["background", "disc", "square", "spot"].map(|class| table.number(loss, class));
        for overlap in &overlaps[..3] {
            assert!(*overlap > 70.0, "{loss}: {overlaps:?}");
        }
        let mean = overlaps.iter().sum::<f64>() / 4.0;
        assert!((table.number(loss, "mean") - mean).abs() < 0.1);
    }

    for loss in [
        "cross-entropy",
        "class-weights",
        "dice",
        "cross-entropy-dice",
    ] {
        let picture = run.file(&format!("artifacts/segmentation/masks-{loss}.png"));
        assert!(picture.starts_with(b"\x89PNG"));
    }
}
