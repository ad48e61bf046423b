//! The losses as Burn modules and their configs as data.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::{Int, Tensor};
use burn_loss::*;

use crate::backend::TestBackend;
use crate::compare::{assert_close, numbers};
use crate::fixture::tensor;

pub fn configs_survive_json<B: TestBackend>() {
    fn round_trip<C: Config + PartialEq>(config: C) {
        let json = serde_json::to_string(&config).expect("a config is data");
        let back: C = serde_json::from_str(&json).expect("and comes back");
        assert!(back == config, "{json}");
    }
    round_trip(MseLossConfig::new().with_reduction(Reduction::Sum));
    round_trip(L1LossConfig::new().with_reduction(Reduction::Sum));
    round_trip(HuberLossConfig::new().with_delta(2.5));
    round_trip(BceLossConfig::new().with_reduction(Reduction::Sum));
    round_trip(
        BceWithLogitsLossConfig::new()
            .with_pos_weight(Some(vec![1.0, 2.0]))
            .with_label_smoothing(0.25),
    );
    round_trip(
        NllLossConfig::new()
            .with_class_weights(Some(vec![1.0, 2.0]))
            .with_ignore_index(Some(-100)),
    );
    round_trip(
        CrossEntropyLossConfig::new()
            .with_class_weights(Some(vec![1.0, 2.0]))
            .with_ignore_index(Some(-100))
            .with_label_smoothing(0.25)
            .with_z_loss(1e-4)
            .with_reduction(Reduction::Sum),
    );
    round_trip(
        FocalLossConfig::new()
            .with_gamma(0.5)
            .with_ignore_index(Some(3)),
    );
    round_trip(PolyLossConfig::new().with_class_weights(Some(vec![1.0, 2.0])));
    round_trip(GeneralizedCrossEntropyLossConfig::new().with_q(0.5));
    round_trip(SigmoidFocalLossConfig::new().with_alpha(None));
    round_trip(SmoothL1LossConfig::new().with_beta(0.0));
    round_trip(CharbonnierLossConfig::new().with_eps(0.5));
    round_trip(QuantileLossConfig::new().with_levels(vec![0.1, 0.9]));
    round_trip(MsleLossConfig::new().with_reduction(Reduction::Sum));
    round_trip(
        KlDivLossConfig::new()
            .with_log_target(true)
            .with_reduction(Reduction::BatchMean),
    );
    round_trip(
        PoissonNllLossConfig::new()
            .with_log_input(false)
            .with_full(true),
    );
    round_trip(TweedieLossConfig::new().with_power(1.25));
    round_trip(GammaNllLossConfig::new().with_reduction(Reduction::Sum));
    round_trip(GaussianNllLossConfig::new().with_eps(0.5));
    round_trip(GaussianCrpsLossConfig::new().with_reduction(Reduction::MeanOrZero));
    round_trip(SoftMarginLossConfig::new().with_reduction(Reduction::Sum));
    round_trip(HingeEmbeddingLossConfig::new().with_margin(0.25));
    round_trip(AsymmetricLossConfig::new().with_clip(0.0));
    round_trip(LogCoshLossConfig::new().with_reduction(Reduction::Sum));
    let weights = Some(vec![1.0, 2.0]);
    round_trip(
        DiceLossConfig::new()
            .with_smooth(0.5)
            .with_class_weights(weights.clone())
            .with_absent_classes(AbsentClasses::Skip),
    );
    round_trip(
        JaccardLossConfig::new()
            .with_eps(0.25)
            .with_per_image(true)
            .with_ignore_index(Some(255)),
    );
    round_trip(
        LovaszSoftmaxLossConfig::new()
            .with_classes(Some(vec![2, 0]))
            .with_absent_classes(AbsentClasses::Count),
    );
    round_trip(
        LovaszHingeLossConfig::new()
            .with_per_image(true)
            .with_ignore_index(Some(-1)),
    );
    round_trip(
        BoxIouLossConfig::new()
            .with_kind(BoxIouKind::Ciou)
            .with_eps(0.5),
    );
    round_trip(
        InfoNceLossConfig::new()
            .with_temperature(0.5)
            .with_within_views(true)
            .with_normalize(false),
    );
    round_trip(
        SupConLossConfig::new()
            .with_temperature(0.5)
            .with_normalize(false),
    );
    round_trip(
        ArcFaceLossConfig::new()
            .with_margin(0.25)
            .with_scale(30.0)
            .with_class_weights(weights.clone()),
    );
    round_trip(
        CosFaceLossConfig::new()
            .with_margin(0.25)
            .with_ignore_index(Some(-100))
            .with_class_weights(weights),
    );
}

pub fn modules_print_themselves<B: TestBackend>() {
    let device = B::device();
    let has = |text: String, words: &[&str]| {
        for word in words {
            assert!(text.contains(word), "no {word:?} in {text}");
        }
    };
    let huber = HuberLossConfig::new().with_delta(2.5).init();
    has(
        huber.to_string(),
        &["HuberLoss", "delta: 2.5", "reduction: Mean"],
    );
    has(
        MseLossConfig::new().init().to_string(),
        &["MseLoss", "reduction: Mean"],
    );
    has(L1LossConfig::new().init().to_string(), &["L1Loss"]);
    has(BceLossConfig::new().init().to_string(), &["BceLoss"]);
    let bce = BceWithLogitsLossConfig::new().with_label_smoothing(0.25);
    has(
        bce.init::<B>(&device).to_string(),
        &[
            "BceWithLogitsLoss",
            "pos_weight: None",
            "label_smoothing: 0.25",
        ],
    );
    let nll = NllLossConfig::new().with_ignore_index(Some(-100));
    has(
        nll.init::<B>(&device).to_string(),
        &["NllLoss", "ignore_index: Some(-100)"],
    );
    let focal = FocalLossConfig::new().with_class_weights(Some(vec![1.0]));
    has(
        focal.init::<B>(&device).to_string(),
        &["FocalLoss", "gamma: 2", "class_weights: Tensor"],
    );
    let poly = PolyLossConfig::new().with_epsilon(-0.5);
    has(
        poly.init::<B>(&device).to_string(),
        &["PolyLoss", "epsilon: -0.5"],
    );
    has(
        GeneralizedCrossEntropyLossConfig::new()
            .init::<B>(&device)
            .to_string(),
        &["GeneralizedCrossEntropyLoss", "q: 0.7"],
    );
    has(
        SigmoidFocalLossConfig::new().init().to_string(),
        &["SigmoidFocalLoss", "alpha: Some(0.25)", "gamma: 2"],
    );
    has(
        QuantileLossConfig::new()
            .with_levels(vec![0.1, 0.9])
            .init::<B>(&device)
            .to_string(),
        &["QuantileLoss", "levels: Tensor {rank: 1, shape: [2]}"],
    );
    has(
        KlDivLossConfig::new().init().to_string(),
        &["KlDivLoss", "log_target: false", "reduction: Mean"],
    );
    has(
        GaussianNllLossConfig::new().init().to_string(),
        &["GaussianNllLoss", "full: false", "reduction: Mean"],
    );
    has(
        AsymmetricLossConfig::new().init().to_string(),
        &["AsymmetricLoss", "gamma_negative: 4", "clip: 0.05"],
    );
    let cross_entropy = CrossEntropyLossConfig::new()
        .with_class_weights(Some(vec![1.0, 2.0]))
        .with_z_loss(0.5)
        .with_reduction(Reduction::Sum);
    has(
        cross_entropy.init::<B>(&device).to_string(),
        &[
            "CrossEntropyLoss",
            "class_weights: Tensor {rank: 1, shape: [2]}",
            "z_loss: 0.5",
            "reduction: Sum",
        ],
    );
}

/// A loss is part of a model: it moves to a device and goes through a record with it.
pub fn modules_move_and_record<B: TestBackend>() {
    #[derive(Module, Debug)]
    struct Model<B: burn::tensor::backend::Backend> {
        layer: burn::nn::Linear<B>,
        loss: CrossEntropyLoss<B>,
        other: HuberLoss,
    }
    let device = B::device();
    let model = || Model::<B> {
        layer: burn::nn::LinearConfig::new(2, 2).init(&device),
        loss: CrossEntropyLossConfig::new()
            .with_class_weights(Some(vec![1.0, 3.0]))
            .with_ignore_index(Some(-1))
            .with_label_smoothing(0.1)
            .init(&device),
        other: HuberLossConfig::new().with_delta(2.0).init(),
    };
    let model = model().load_record(model().to_device(&device).into_record());
    assert_eq!(model.other.delta, 2.0);
    // Logits and weights that differ, so that each lost option changes the number.
    let targets = Tensor::<B, 1, Int>::from_ints([0, 1, -1], &device);
    let rows = [[0.5, -1.0], [2.0, 0.25], [1.0, 3.0]];
    let logits = tensor::<B, 2>(rows.as_flattened(), &[3, 2], &device);
    let loss_of_row = |[a, b]: [f64; 2], target: usize| {
        let lse = (a.exp() + b.exp()).ln();
        let away = [lse - a, 3.0 * (lse - b)];
        0.9 * away[target] + 0.1 / 2.0 * (away[0] + away[1])
    };
    let expected = (loss_of_row(rows[0], 0) + loss_of_row(rows[1], 1)) / (1.0 + 3.0);
    let loss = numbers(model.loss.forward(logits, targets));
    assert_close("loss", &loss, &[expected], B::TOLERANCE);
}
