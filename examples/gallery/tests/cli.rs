//! The example as a person runs it.

use example_support::cli_test::Run;

fn run(name: &str) -> Run {
    Run::new(
        env!("CARGO_BIN_EXE_gallery"),
        env!("CARGO_TARGET_TMPDIR"),
        name,
    )
}

#[test]
fn draws_every_figure() {
    let run = run("figures");
    let text = run.stdout("--output here --png");
    assert_eq!(text.lines().count(), 6, "{text}");
    let svg = |name: &str| String::from_utf8(run.file(&format!("here/{name}.svg"))).unwrap();
    let figures = [
        (
            "elementwise_losses",
            ["MseLoss", "L1Loss", "HuberLoss, delta 0.5"],
        ),
        (
            "binary_losses",
            [
                "BceWithLogitsLoss",
                "pos_weight 3",
                "SigmoidFocalLoss, gamma 2",
            ],
        ),
        (
            "class_losses",
            [
                "CrossEntropyLoss",
                "PolyLoss, epsilon 1",
                "FocalLoss, gamma 2",
            ],
        ),
    ];
    for (name, names) in figures {
        let svg = svg(name);
        for text in names.into_iter().chain(["Gradient"]) {
            assert!(
                svg.contains(&format!(">{text}</text>")),
                "{name} has no {text}"
            );
        }
        assert!(
            run.file(&format!("here/{name}.png"))
                .starts_with(b"\x89PNG")
        );
    }
}

#[test]
fn backends_draw_the_same() {
    let run = run("backends");
    run.stdout("--output flex --backend flex");
    run.stdout("--output ndarray --backend ndarray");
    // The loss as text has points at whole quarters of a pixel: rounding may move one by a quarter.
    let numbers = |folder: &str| -> Vec<f64> {
        let svg = String::from_utf8(run.file(&format!("{folder}/class_losses.svg"))).unwrap();
        let parts = svg.split(|character: char| !character.is_ascii_digit());
        parts.filter_map(|part| part.parse().ok()).collect()
    };
    let (flex, ndarray) = (numbers("flex"), numbers("ndarray"));
    assert_eq!(flex.len(), ndarray.len());
    assert!(flex.iter().zip(&ndarray).all(|(a, b)| (a - b).abs() <= 1.0));
}

#[test]
fn mistakes_are_explained() {
    let run = run("mistakes");
    assert!(
        run.error("--output /dev/null/no")
            .contains("cannot write to /dev/null/no")
    );
}
