//! The example as a person runs it: the numbers of its table, its picture, and mistakes.

use example_support::cli_test::{PrintedTable, Run};

fn run(name: &str) -> Run {
    Run::new(
        env!("CARGO_BIN_EXE_outliers"),
        env!("CARGO_TARGET_TMPDIR"),
        name,
    )
}

#[test]
fn robust_losses_are_closer_to_the_truth() {
    let run = run("fits");
    let table = PrintedTable::last(&run.stdout("--limit 200"));
    let error = |row| table.number(row, "RMSE to the true line");
    assert_eq!(error("(the true line)"), 0.0);
    assert!(error("MseLoss") > 1.0, "{}", error("MseLoss"));
    for robust in ["L1Loss", "HuberLoss"] {
        assert!(
            error(robust) < 0.3 * error("MseLoss"),
            "{robust}: {}",
            error(robust)
        );
        assert!((table.number(robust, "slope") - 1.5).abs() < 0.2);
    }
    assert!(
        run.file("artifacts/outliers/fits.png")
            .starts_with(b"\x89PNG")
    );
    assert!(run.file("artifacts/outliers/fits.svg").starts_with(b"<svg"));
}

#[test]
fn a_large_delta_is_half_the_squared_error() {
    let table = PrintedTable::last(&run("delta").stdout("--limit 100 --delta 1000"));
    let slope = |row| table.number(row, "slope");
    assert!((slope("HuberLoss") - slope("MseLoss")).abs() < 0.05);
}

#[test]
fn every_cpu_backend_gives_the_same_fits() {
    let run = run("backends");
    let table = |backend: &str| {
        PrintedTable::last(&run.stdout(&format!("--limit 100 --backend {backend}")))
    };
    let (flex, ndarray) = (table("flex"), table("ndarray"));
    for row in ["MseLoss", "L1Loss", "HuberLoss"] {
        let difference = flex.number(row, "slope") - ndarray.number(row, "slope");
        assert!(difference.abs() < 0.02, "{row}: {difference}");
    }
}

#[test]
fn mistakes_are_explained() {
    let run = run("mistakes");
    assert!(
        run.error("--delta 0")
            .contains("expected a finite number above 0")
    );
    assert!(run.error("--epochs 0").contains("--epochs"));
    assert!(run.error("--limit 0").contains("--limit"));
    assert!(run.error("--backend abacus").contains("--backend"));
    let error = run.error("--output /dev/null/no");
    assert!(error.contains("cannot write to /dev/null/no"), "{error}");
}

#[cfg(not(feature = "wgpu"))]
#[test]
fn wgpu_says_how_it_is_built_in() {
    let error = run("wgpu").error("--backend wgpu");
    assert!(error.contains("-p outliers --features wgpu"), "{error}");
}
