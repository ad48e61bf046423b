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
    assert_eq!(text.lines().count(), 24, "{text}");
    let svg = |name: &str| String::from_utf8(run.file(&format!("here/{name}.svg"))).unwrap();
    let figures = [
        (
            "elementwise_losses",
            ["MseLoss", "L1Loss", "HuberLoss, delta 0.5"],
        ),
        (
            "smooth_losses",
            [
                "LogCoshLoss",
                "SmoothL1Loss, beta 0.5",
                "QuantileLoss, level 0.9",
            ],
        ),
        (
            "amount_losses",
            [
                "PoissonNllLoss",
                "GammaNllLoss",
                "MsleLoss of the exponential",
            ],
        ),
        (
            "sign_losses",
            [
                "SoftMarginLoss",
                "MarginRankingLoss, margin 0.5, of a lead",
                "HingeEmbeddingLoss, target −1",
            ],
        ),
        (
            "binary_losses",
            [
                "BceWithLogitsLoss, also BceLoss and MultiLabelSoftMarginLoss",
                "pos_weight 3",
                "SigmoidFocalLoss, gamma 2",
            ],
        ),
        (
            "class_losses",
            [
                "CrossEntropyLoss, and NllLoss of log-softmax",
                "PolyLoss, epsilon 1",
                "FocalLoss, gamma 2",
            ],
        ),
        (
            "forecast_losses",
            [
                "GaussianNllLoss, variance 1",
                "GaussianNllLoss, variance 0.25",
                "GaussianCrpsLoss, deviation 1",
            ],
        ),
        (
            "divergence_losses",
            [
                "KlDivLoss of both classes, and JsDivLoss, beta 0",
                "JsDivLoss, beta 0.5",
                "DistillationLoss, of the first class",
            ],
        ),
        (
            "margin_losses",
            [
                "TripletMarginLoss",
                "MultiMarginLoss, two classes, and MultiLabelMarginLoss",
                "MultiMarginLoss, two classes, p 2",
            ],
        ),
        (
            "cosine_losses",
            [
                "CosineEmbeddingLoss, target 1",
                "CosineEmbeddingLoss, target −1, margin 0.5",
                "ArcFaceLoss, scale 2, two classes",
            ],
        ),
        (
            "region_losses",
            [
                "DiceLoss",
                "TverskyLoss, alpha 0.3, beta 0.7",
                "LovaszHingeLoss",
            ],
        ),
        ("box_losses", ["BoxIouLoss, IoU", "GIoU", "CIoU"]),
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

/// Panics where two drawings differ by more than rounding: their points are at whole quarters of a pixel, and another
/// machine's arithmetic may move one by a quarter.
#[track_caller]
fn assert_same(what: &str, a: &str, b: &str) {
    let words = |svg: &str| svg.replace(|character: char| character.is_ascii_digit(), "");
    assert_eq!(words(a), words(b), "{what}");
    let numbers = |svg: &str| -> Vec<f64> {
        let parts = svg.split(|character: char| !character.is_ascii_digit());
        parts.filter_map(|part| part.parse().ok()).collect()
    };
    let (a, b) = (numbers(a), numbers(b));
    assert_eq!(a.len(), b.len(), "{what}");
    assert!(
        a.iter().zip(&b).all(|(a, b)| (a - b).abs() <= 1.0),
        "{what}"
    );
}

#[test]
fn backends_draw_the_same() {
    let run = run("backends");
    run.stdout("--output flex --backend flex");
    run.stdout("--output ndarray --backend ndarray");
    let svg =
        |folder: &str| String::from_utf8(run.file(&format!("{folder}/class_losses.svg"))).unwrap();
    assert_same("class_losses", &svg("flex"), &svg("ndarray"));
}

#[test]
fn without_a_folder_it_draws_below_where_it_runs() {
    let run = run("default");
    let text = run.stdout("");
    assert!(
        text.contains("artifacts/gallery/class_losses.svg"),
        "{text}"
    );
    assert!(
        run.file("artifacts/gallery/class_losses.svg")
            .starts_with(b"<svg")
    );
}

/// The pictures of the README are those of today's losses; `scripts/pictures.sh` draws them again.
#[test]
fn the_docs_have_what_is_drawn() {
    let run = run("docs");
    run.stdout("--output here");
    for name in [
        "elementwise_losses",
        "smooth_losses",
        "amount_losses",
        "sign_losses",
        "binary_losses",
        "class_losses",
        "forecast_losses",
        "divergence_losses",
        "margin_losses",
        "cosine_losses",
        "region_losses",
        "box_losses",
    ] {
        let drawn = String::from_utf8(run.file(&format!("here/{name}.svg"))).unwrap();
        let path = format!(
            "{}/../../docs/images/{name}.svg",
            env!("CARGO_MANIFEST_DIR")
        );
        let kept = std::fs::read_to_string(&path).unwrap();
        assert_same(&path, &drawn, &kept);
    }
}

#[test]
fn mistakes_are_explained() {
    let run = run("mistakes");
    assert!(
        run.error("--output /dev/null/no")
            .contains("cannot write to /dev/null/no")
    );
}
