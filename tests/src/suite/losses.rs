//! The losses as Burn modules and their configs as data.

use burn::module::Module;
use burn::tensor::{Int, Tensor};
use burn_loss::*;

use crate::backend::TestBackend;
use crate::compare::{assert_close, numbers};
use crate::fixture::tensor;
use crate::losses::stored;

pub fn configs_survive_json<B: TestBackend>() {
    // Those of the registry are walked by every test; these are the others.
    stored(
        CrossEntropyLossConfig::new()
            .with_ignore_indices(vec![-1, 2])
            .with_reduction(Reduction::MeanOrZero),
    );
    stored(
        MultiMarginLossConfig::new()
            .with_p(2)
            .with_margin(0.5)
            .with_class_weights(Some(vec![1.0, 2.0])),
    );
    stored(MultiLabelMarginLossConfig::new().with_reduction(Reduction::Sum));
    stored(MultiLabelSoftMarginLossConfig::new().with_class_weights(Some(vec![1.0, 2.0])));
    stored(CtcLossConfig::new().with_blank(3).with_zero_infinity(true));
    stored(JsDivLossConfig::new().with_beta(0.25));
    stored(
        DistillationLossConfig::new()
            .with_temperature(3.0)
            .with_alpha(0.25)
            .with_ignore_index(Some(-100)),
    );
    stored(MarginRankingLossConfig::new().with_margin(0.5));
    stored(CosineEmbeddingLossConfig::new().with_margin(0.5));
    stored(TripletMarginLossConfig::new().with_p(1.0).with_swap(true));
    stored(
        UncertaintyWeightingConfig::new(vec![Likelihood::Gaussian, Likelihood::Categorical])
            .with_log_variance(0.5),
    );
    stored(
        TverskyLossConfig::new()
            .with_alpha(0.25)
            .with_classes(Some(vec![2, 0])),
    );
    stored(
        DiceLossConfig::new()
            .with_smooth(0.5)
            .with_class_weights(Some(vec![1.0, 2.0]))
            .with_absent_classes(AbsentClasses::Skip),
    );
    stored(
        JaccardLossConfig::new()
            .with_eps(0.25)
            .with_per_image(true)
            .with_ignore_index(Some(255)),
    );
    stored(
        LovaszSoftmaxLossConfig::new()
            .with_classes(Some(vec![2, 0]))
            .with_absent_classes(AbsentClasses::Count),
    );
    stored(
        LovaszHingeLossConfig::new()
            .with_per_image(true)
            .with_ignore_index(Some(-1)),
    );
    stored(
        BoxIouLossConfig::new()
            .with_kind(BoxIouKind::Ciou)
            .with_eps(0.5),
    );
    stored(
        InfoNceLossConfig::new()
            .with_temperature(0.5)
            .with_within_views(true)
            .with_normalize(false),
    );
    stored(
        SupConLossConfig::new()
            .with_temperature(0.5)
            .with_normalize(false),
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
