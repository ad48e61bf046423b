//! Bad input panics at the call, with a message that says what was expected and what came.

use std::panic::{AssertUnwindSafe, catch_unwind};

use burn::backend::{Autodiff, NdArray};
use burn::tensor::{DType, Int, IntDType, Tensor, TensorData};
use burn_loss::*;

use crate::backend::{TestBackend, Tolerance};
use crate::compare::{assert_close, numbers};
use crate::fixture::{Config, tensor};
use crate::losses::{
    Domain, Row, VisitClass, VisitElementwise, VisitSpread, each_class, each_elementwise,
    each_spread,
};
use crate::samples::{self, Arguments, VisitSample, each_sample};

/// Runs what has to panic and looks for all of these words in its message.
#[track_caller]
pub fn panics<R>(words: &[&str], call: impl FnOnce() -> R) {
    let Err(payload) = catch_unwind(AssertUnwindSafe(call)) else {
        panic!("expected a panic that says {words:?}");
    };
    let message = payload
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| payload.downcast_ref::<&str>().map(|text| text.to_string()))
        .expect("the payload is a message");
    for word in words {
        assert!(message.contains(word), "no {word:?} in {message:?}");
    }
}

fn floats<B: TestBackend, const D: usize>(shape: [usize; D]) -> Tensor<B, D> {
    Tensor::full(shape, 0.5, &B::device())
}

fn classes<B: TestBackend, const D: usize>(shape: [usize; D]) -> Tensor<B, D, Int> {
    Tensor::zeros(shape, &B::device())
}

/// An element type beside the backend's own, if there is one.
pub(super) fn another_float<B: TestBackend>() -> Option<DType> {
    let own = floats::<B, 1>([1]).dtype();
    [DType::F64, DType::F32, DType::F16]
        .into_iter()
        .find(|dtype| *dtype != own && B::supports_dtype(&B::device(), *dtype))
}

/// Every element-wise loss refuses `b` beside `a`, and says what each of them is.
fn elementwise_losses_refuse<B: TestBackend>(
    a: impl Fn() -> Tensor<B, 2>,
    b: impl Fn() -> Tensor<B, 2>,
    [of_a, of_b]: [&str; 2],
) {
    struct Refuse<'a, B: TestBackend> {
        a: &'a dyn Fn() -> Tensor<B, 2>,
        b: &'a dyn Fn() -> Tensor<B, 2>,
        words: [&'a str; 2],
    }
    impl<B: TestBackend> VisitElementwise<B> for Refuse<'_, B> {
        fn visit<L: ElementwiseLoss<B>>(
            &mut self,
            row: &Row,
            loss: impl Fn(&Config, Reduction) -> L,
        ) {
            let (a, b, [of_a, of_b]) = (self.a, self.b, self.words);
            let loss = loss(&Config::default(), Reduction::Mean);
            let words = [row.name, "`target`", of_a, of_b];
            panics(&words, || loss.forward(a(), b()));
            panics(&words, || loss.forward_no_reduction(a(), b()));
            panics(&words, || loss.forward_weighted(a(), b(), a()));
            let words = [row.name, "`weights`", of_a, of_b];
            panics(&words, || loss.forward_weighted(a(), a(), b()));
        }
    }
    let words = [of_a, of_b];
    let (a, b) = (&a, &b);
    each_elementwise::<B, B>(&B::device(), &mut Refuse { a, b, words });
}

pub fn shapes_that_differ<B: TestBackend>() {
    let device = B::device();
    let a = || floats::<B, 2>([2, 3]);
    let b = || floats::<B, 2>([2, 1]);
    elementwise_losses_refuse(a, b, ["[2, 3]", "[2, 1]"]);

    macro_rules! class_loss {
        ($name:literal, $scores:literal, $loss:expr) => {
            let loss = $loss;
            let words = [$name, concat!("`", $scores, "`"), "[2, 3]", "[3]", "[2]"];
            panics(&words, || loss.forward(a(), classes([3])));
            panics(&words, || loss.forward_no_reduction(a(), classes([3])));
            let words = [$name, "`weights`", "[2]", "[3]"];
            panics(&words, || {
                loss.forward_weighted(a(), classes([2]), floats([3]))
            });
            let words = [$name, "`weights`", "[2, 4]", "[2, 5]"];
            panics(&words, || {
                loss.forward_nd_weighted(floats([2, 3, 4]), classes([2, 4]), floats([2, 5]))
            });
            let words = [$name, "[2, 4, 5]", "[2, 3, 4, 5]", "[2, 5, 4]"];
            panics(&words, || {
                loss.forward_nd::<4, 3>(floats([2, 3, 4, 5]), classes([2, 5, 4]))
            });
        };
    }
    class_loss!(
        "NllLoss",
        "log_probs",
        NllLossConfig::new().init::<B>(&device)
    );
    let cross_entropy = CrossEntropyLossConfig::new().init::<B>(&device);
    class_loss!("CrossEntropyLoss", "logits", cross_entropy.clone());
    class_loss!(
        "FocalLoss",
        "logits",
        FocalLossConfig::new().init::<B>(&device)
    );
    class_loss!(
        "PolyLoss",
        "logits",
        PolyLossConfig::new().init::<B>(&device)
    );
    class_loss!(
        "GeneralizedCrossEntropyLoss",
        "logits",
        GeneralizedCrossEntropyLossConfig::new().init::<B>(&device)
    );
    panics(&["CrossEntropyLoss", "`weights`", "[2]", "[3]"], || {
        cross_entropy.forward_probabilities_weighted(a(), a(), floats([3]))
    });
    panics(
        &["CrossEntropyLoss", "`weights`", "[2, 4]", "[2, 5]"],
        || {
            let x = || floats::<B, 3>([2, 3, 4]);
            cross_entropy.forward_probabilities_nd_weighted(x(), x(), floats([2, 5]))
        },
    );
    panics(&["CrossEntropyLoss", "a result of rank 1", "got 2"], || {
        let each: Tensor<B, 2> = cross_entropy.forward_probabilities_nd_no_reduction(a(), a());
        each
    });
    panics(
        &["CrossEntropyLoss", "`probabilities`", "[2, 3]", "[2, 1]"],
        || cross_entropy.forward_probabilities(a(), b()),
    );
}

pub fn element_types_that_differ<B: TestBackend>() {
    let device = B::device();
    let a = || floats::<B, 2>([2, 3]);
    let own = a().dtype();
    let Some(other) = another_float::<B>() else {
        assert!(!B::HAS_HALVES, "a backend of one type has nothing to mix");
        return;
    };
    let b = || a().cast(other);
    let names = [own, other].map(|dtype| format!("{dtype:?}"));
    let [of_a, of_b] = names.each_ref().map(String::as_str);
    elementwise_losses_refuse(a, b, [of_a, of_b]);

    let said = |loss, argument| [loss, argument, of_a, of_b];
    let weights = || floats::<B, 1>([2]).cast(other);
    let nll = NllLossConfig::new().init::<B>(&device);
    let words = said("NllLoss", "`weights`");
    panics(&words, || {
        nll.forward_weighted(a(), classes([2]), weights())
    });
    let loss = CrossEntropyLossConfig::new().init::<B>(&device);
    let words = said("CrossEntropyLoss", "`weights`");
    panics(&words, || {
        loss.forward_weighted(a(), classes([2]), weights())
    });
    let words = said("CrossEntropyLoss", "`probabilities`");
    panics(&words, || loss.forward_probabilities(a(), b()));
}

/// Where a backend has two devices, tensors of both are refused beside each other.
pub fn devices_that_differ<B: TestBackend>() {
    let (device, other) = (B::device(), B::other_device());
    let Some((here, there)) = other.as_ref().map(|other| (&device, other)) else {
        return;
    };
    let names = [here, there].map(|device| format!("{device:?}"));
    let [of_here, of_there] = names.each_ref().map(String::as_str);
    let float = |device: &B::Device, shape: [usize; 2]| Tensor::<B, 2>::full(shape, 0.5, device);
    let line = |device: &B::Device, length: usize| Tensor::<B, 1>::full([length], 0.5, device);
    let ints = |device: &B::Device, length: usize| Tensor::<B, 1, Int>::zeros([length], device);
    let (a, b) = (|| float(here, [2, 3]), || float(there, [2, 3]));
    let targets = || ints(here, 2);
    elementwise_losses_refuse(a, b, [of_here, of_there]);

    macro_rules! refuse {
        ($loss:literal, $argument:literal, $call:expr) => {
            let words = [
                concat!($loss, ":"),
                $argument,
                "the device of",
                of_here,
                of_there,
            ];
            panics(&words, || $call);
        };
    }
    let gaussian = GaussianNllLossConfig::new().init();
    refuse!(
        "GaussianNllLoss",
        "`variance`",
        gaussian.forward(a(), a(), b())
    );
    let loss = CrossEntropyLossConfig::new();
    let weighted = loss.clone().with_class_weights(Some(vec![1.0; 3]));
    let weighted = weighted.init::<B>(there);
    let loss = loss.init::<B>(here);
    refuse!(
        "CrossEntropyLoss",
        "`targets`",
        loss.forward(a(), ints(there, 2))
    );
    refuse!(
        "CrossEntropyLoss",
        "`class_weights`",
        weighted.forward(a(), targets())
    );
    refuse!(
        "CrossEntropyLoss",
        "`weights`",
        loss.forward_weighted(a(), targets(), line(there, 2))
    );
    refuse!(
        "CrossEntropyLoss",
        "`probabilities`",
        loss.forward_probabilities(a(), b())
    );

    let hidden = || float(here, [2, 4]);
    let head = |weight: &B::Device, bias| LinearHead::new(float(weight, [4, 3]), bias);
    let good = head(here, None);
    refuse!(
        "CrossEntropyLoss",
        "`targets`",
        loss.forward_linear(hidden(), &good, ints(there, 2))
    );
    refuse!(
        "CrossEntropyLoss",
        "`head.weight`",
        loss.forward_linear(hidden(), &head(there, None), targets())
    );
    refuse!(
        "CrossEntropyLoss",
        "`head.bias`",
        loss.forward_linear(hidden(), &head(here, Some(line(there, 3))), targets())
    );
    refuse!(
        "CrossEntropyLoss",
        "`weights`",
        loss.forward_linear_weighted(hidden(), &good, targets(), line(there, 2))
    );
    refuse!(
        "CrossEntropyLoss",
        "`probabilities`",
        loss.forward_linear_probabilities(hidden(), &good, b())
    );
    let distillation = DistillationLossConfig::new().init();
    refuse!(
        "DistillationLoss",
        "`teacher`",
        distillation.forward(a(), b(), targets())
    );
    refuse!(
        "DistillationLoss",
        "`targets`",
        distillation.forward(a(), a(), ints(there, 2))
    );
    refuse!(
        "DistillationLoss",
        "`targets`",
        distillation.forward_linear(hidden(), &good, a(), ints(there, 2))
    );

    let margin = MultiMarginLossConfig::new().init::<B>(here);
    refuse!(
        "MultiMarginLoss",
        "`targets`",
        margin.forward(a(), ints(there, 2))
    );
    let labels = MultiLabelMarginLossConfig::new().init();
    let of_labels = Tensor::<B, 2, Int>::zeros([2, 3], there);
    refuse!(
        "MultiLabelMarginLoss",
        "`targets`",
        labels.forward(a(), of_labels)
    );
    let labels = MultiLabelSoftMarginLossConfig::new().init::<B>(here);
    refuse!(
        "MultiLabelSoftMarginLoss",
        "`targets`",
        labels.forward(a(), b())
    );
    let adjusted = LogitAdjustedLossConfig::new(vec![0.5; 3]).init::<B>(there);
    refuse!(
        "LogitAdjustedLoss",
        "`class_priors`",
        adjusted.forward(a(), targets())
    );

    let cosine = CosineEmbeddingLossConfig::new().init();
    refuse!(
        "CosineEmbeddingLoss",
        "`second`",
        cosine.forward(a(), b(), line(here, 2))
    );
    refuse!(
        "CosineEmbeddingLoss",
        "`target`",
        cosine.forward(a(), a(), line(there, 2))
    );
    refuse!(
        "CosineEmbeddingLoss",
        "`weights`",
        cosine.forward_weighted(a(), a(), line(here, 2), line(there, 2))
    );
    let info_nce = InfoNceLossConfig::new().init();
    refuse!(
        "InfoNceLoss",
        "`negatives`",
        info_nce.forward_with_negatives(a(), a(), b())
    );
    let sup_con = SupConLossConfig::new().init();
    refuse!(
        "SupConLoss",
        "`classes`",
        sup_con.forward(a(), ints(there, 2))
    );
    let boxes = |device: &B::Device| float(device, [2, 4]);
    let box_iou = BoxIouLossConfig::new().init();
    refuse!(
        "BoxIouLoss",
        "`target`",
        box_iou.forward(boxes(here), boxes(there))
    );
    refuse!(
        "BoxIouLoss",
        "`weights`",
        box_iou.forward_weighted(boxes(here), boxes(here), line(there, 2))
    );

    let dice = DiceLossConfig::new().init::<B>(here);
    refuse!("DiceLoss", "`targets`", dice.forward(a(), ints(there, 2)));
    refuse!("DiceLoss", "`targets`", dice.forward_binary(a(), b()));
    refuse!(
        "DiceLoss",
        "`weights`",
        dice.forward_weighted(a(), targets(), line(there, 2))
    );
    let ctc = CtcLossConfig::new().init();
    let log_probs = || a().reshape([1, 2, 3]);
    let classes = |device: &B::Device| Tensor::<B, 2, Int>::ones([2, 1], device);
    let lengths = targets;
    refuse!(
        "CtcLoss",
        "`targets`",
        ctc.forward(log_probs(), classes(there), lengths(), lengths())
    );
    refuse!(
        "CtcLoss",
        "`target_lengths`",
        ctc.forward(log_probs(), classes(here), lengths(), ints(there, 2))
    );
}

pub fn ranks_that_do_not_fit<B: TestBackend>() {
    let device = B::device();
    let cross_entropy = CrossEntropyLossConfig::new().init::<B>(&device);
    let nll = NllLossConfig::new().init::<B>(&device);
    let words = ["rank 2", "rank 3", "got rank 1", "[2]"];
    panics(&words, || {
        cross_entropy.forward_nd(floats([2, 3, 4]), classes([2]))
    });
    panics(&words, || nll.forward_nd(floats([2, 3, 4]), classes([2])));
    panics(&["rank 1", "got rank 2"], || {
        cross_entropy.forward_nd(floats([2, 3]), classes([2, 3]))
    });
    panics(&["rank 2 or more", "got rank 1"], || {
        cross_entropy.forward_nd(floats([2]), classes([2]))
    });
    panics(&["rank 2 or more", "got rank 1"], || {
        cross_entropy.forward_probabilities_nd(floats::<B, 1>([2]), floats([2]))
    });
}

pub fn no_class<B: TestBackend>() {
    let device = B::device();
    // A tensor without elements may not exist on a device; the check comes before anything is computed.
    let words = ["at least one class", "[2, 0]"];
    let cross_entropy = CrossEntropyLossConfig::new().init::<B>(&device);
    let nll = NllLossConfig::new().init::<B>(&device);
    panics(&words, || {
        cross_entropy.forward(floats([2, 0]), classes([2]))
    });
    panics(&words, || nll.forward(floats([2, 0]), classes([2])));
    panics(&words, || {
        cross_entropy.forward_probabilities(floats([2, 0]), floats([2, 0]))
    });
}

pub fn weights_of_the_wrong_length<B: TestBackend>() {
    let device = B::device();
    let three = Some(vec![1.0; 3]);
    macro_rules! class_loss {
        ($name:literal, $config:expr) => {
            let loss = $config.with_class_weights(three.clone());
            let loss = loss.init::<B>(&device);
            let words = [$name, "`class_weights`", "length 4", "class axis", "got 3"];
            panics(&words, || loss.forward(floats([2, 4]), classes([2])));
        };
    }
    class_loss!("NllLoss:", NllLossConfig::new());
    class_loss!("CrossEntropyLoss:", CrossEntropyLossConfig::new());
    class_loss!("FocalLoss:", FocalLossConfig::new());
    class_loss!("PolyLoss:", PolyLossConfig::new());
    let gce = GeneralizedCrossEntropyLossConfig::new();
    class_loss!("GeneralizedCrossEntropyLoss:", gce);
    let adjusted = LogitAdjustedLossConfig::new(vec![1.0; 4]);
    class_loss!("LogitAdjustedLoss:", adjusted);
    let cross_entropy = CrossEntropyLossConfig::new().with_class_weights(three.clone());
    let cross_entropy = cross_entropy.init::<B>(&device);
    panics(&["`class_weights`", "length 4", "got 3"], || {
        cross_entropy.forward_probabilities(floats([2, 4]), floats([2, 4]))
    });
    let bce = BceWithLogitsLossConfig::new().with_pos_weight(three);
    let bce = bce.init::<B>(&device);
    panics(&["`pos_weight`", "length 4", "last axis", "got 3"], || {
        bce.forward(floats([2, 4]), floats([2, 4]))
    });
}

pub fn configs<B: TestBackend>() {
    let device = B::device();
    for delta in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        panics(&["HuberLossConfig", "`delta`", "above 0"], || {
            HuberLossConfig::new().with_delta(delta).init()
        });
    }
    for smoothing in [-0.1, 1.1, f64::NAN] {
        panics(
            &["CrossEntropyLossConfig", "`label_smoothing`", "[0, 1]"],
            || {
                CrossEntropyLossConfig::new()
                    .with_label_smoothing(smoothing)
                    .init::<B>(&device)
            },
        );
        panics(
            &["BceWithLogitsLossConfig", "`label_smoothing`", "[0, 1]"],
            || {
                BceWithLogitsLossConfig::new()
                    .with_label_smoothing(smoothing)
                    .init::<B>(&device)
            },
        );
    }
    for wrong in [-0.5, f64::NAN, f64::INFINITY] {
        panics(
            &["CrossEntropyLossConfig", "`z_loss`", "at least 0"],
            || {
                let config = CrossEntropyLossConfig::new().with_z_loss(wrong);
                config.init::<B>(&device)
            },
        );
        panics(&["FocalLossConfig", "`gamma`", "at least 0"], || {
            FocalLossConfig::new().with_gamma(wrong).init::<B>(&device)
        });
        panics(&["SigmoidFocalLossConfig", "`gamma`", "at least 0"], || {
            SigmoidFocalLossConfig::new().with_gamma(wrong).init()
        });
        panics(&["SigmoidFocalLossConfig", "`alpha`", "[0, 1]"], || {
            let config = SigmoidFocalLossConfig::new().with_alpha(Some(wrong));
            config.init()
        });
        panics(&["PolyLossConfig", "`epsilon`", "at least -1"], || {
            let config = PolyLossConfig::new().with_epsilon(wrong - 1.0);
            config.init::<B>(&device)
        });
    }
    for wrong in [0.0, 1.5, f64::NAN] {
        let words = ["GeneralizedCrossEntropyLossConfig", "`q`", "(0, 1]"];
        panics(&words, || {
            let config = GeneralizedCrossEntropyLossConfig::new().with_q(wrong);
            config.init::<B>(&device)
        });
    }
    for weight in [-1.0, f32::NAN, f32::INFINITY] {
        let weights = Some(vec![1.0, weight]);
        macro_rules! class_loss {
            ($name:literal, $config:expr) => {
                let config = $config.with_class_weights(weights.clone());
                let words = [concat!($name, ":"), "`class_weights[1]`", "at least 0"];
                panics(&words, || config.init::<B>(&device));
            };
        }
        class_loss!("NllLossConfig", NllLossConfig::new());
        class_loss!("CrossEntropyLossConfig", CrossEntropyLossConfig::new());
        class_loss!("FocalLossConfig", FocalLossConfig::new());
        class_loss!("PolyLossConfig", PolyLossConfig::new());
        let gce = GeneralizedCrossEntropyLossConfig::new();
        class_loss!("GeneralizedCrossEntropyLossConfig", gce);
        let adjusted = LogitAdjustedLossConfig::new(vec![1.0; 2]);
        class_loss!("LogitAdjustedLossConfig", adjusted);
        panics(&["BceWithLogitsLossConfig", "`pos_weight[1]`"], || {
            BceWithLogitsLossConfig::new()
                .with_pos_weight(weights.clone())
                .init::<B>(&device)
        });
    }
}

pub fn configs_of_formulas<B: TestBackend>() {
    let device = B::device();
    for wrong in [-1.0, f64::NAN, f64::INFINITY] {
        panics(&["SmoothL1LossConfig", "`beta`", "at least 0"], || {
            SmoothL1LossConfig::new().with_beta(wrong).init()
        });
        panics(&["CharbonnierLossConfig", "`eps`", "above 0"], || {
            CharbonnierLossConfig::new().with_eps(wrong).init()
        });
        panics(&["GaussianNllLossConfig", "`eps`", "above 0"], || {
            GaussianNllLossConfig::new().with_eps(wrong).init()
        });
        panics(&["PoissonNllLossConfig", "`eps`", "at least 0"], || {
            PoissonNllLossConfig::new().with_eps(wrong).init()
        });
        panics(&["TweedieLossConfig", "`power`", "between 1 and 2"], || {
            TweedieLossConfig::new().with_power(wrong).init()
        });
        panics(&["AsymmetricLossConfig", "`clip`", "[0, 1)"], || {
            AsymmetricLossConfig::new().with_clip(wrong).init()
        });
        panics(&["AsymmetricLossConfig", "`gamma_negative`"], || {
            AsymmetricLossConfig::new()
                .with_gamma_negative(wrong)
                .init()
        });
        panics(&["AsymmetricLossConfig", "`gamma_positive`"], || {
            AsymmetricLossConfig::new()
                .with_gamma_positive(wrong)
                .init()
        });
        panics(
            &["QuantileLossConfig", "`levels[1]`", "between 0 and 1"],
            || {
                let config = QuantileLossConfig::new().with_levels(vec![0.5, wrong]);
                config.init::<B>(&device)
            },
        );
    }
    for wrong in [f64::NAN, f64::INFINITY] {
        panics(&["HingeEmbeddingLossConfig", "`margin`", "finite"], || {
            HingeEmbeddingLossConfig::new().with_margin(wrong).init()
        });
    }
    panics(
        &["QuantileLossConfig", "`levels`", "one level or more"],
        || {
            let config = QuantileLossConfig::new().with_levels(vec![]);
            config.init::<B>(&device)
        },
    );
    let loss = QuantileLossConfig::new().with_levels(vec![0.1, 0.9]);
    let loss = loss.init::<B>(&device);
    panics(&["QuantileLoss", "`levels`", "length 3", "got 2"], || {
        loss.forward(floats([2, 3]), floats([2, 3]))
    });
    panics(&["QuantileLoss", "`target`", "[2]", "[3]"], || {
        loss.forward_levels(floats([2, 2]), floats([3]))
    });
    panics(&["QuantileLoss", "`weights`", "[2]", "[3]"], || {
        loss.forward_levels_weighted(floats([2, 2]), floats([2]), floats([3]))
    });
}

/// A mean over the batch is for sums over what an example is made of.
pub fn reductions_without_a_use<B: TestBackend>() {
    struct Refuse;
    fn refuse<L>(row: &Row, loss: impl Fn(&Config, Reduction) -> L) {
        if row.name != "KlDivLoss" {
            let words = [row.name, "`reduction`", "KlDivLoss", "BatchMean"];
            panics(&words, || loss(&row.variants[0], Reduction::BatchMean));
        }
    }
    impl<B: TestBackend> VisitElementwise<B> for Refuse {
        fn visit<L: ElementwiseLoss<B>>(
            &mut self,
            row: &Row,
            loss: impl Fn(&Config, Reduction) -> L,
        ) {
            refuse(row, loss);
        }
    }
    impl<B: TestBackend> VisitSpread<B> for Refuse {
        fn visit<L: SpreadLoss<B>>(&mut self, row: &Row, loss: impl Fn(&Config, Reduction) -> L) {
            refuse(row, loss);
        }
    }
    impl<B: TestBackend> VisitClass<B> for Refuse {
        fn visit<L: ClassLoss<B>>(&mut self, row: &Row, loss: impl Fn(&Config, Reduction) -> L) {
            refuse(row, loss);
        }
    }
    each_elementwise::<B, B>(&B::device(), &mut Refuse);
    each_spread::<B>(&mut Refuse);
    impl<B: TestBackend> VisitSample<B> for Refuse {
        fn visit<L: SampleLoss<B, Inputs: Arguments<B>>>(
            &mut self,
            file: &str,
            loss: impl Fn(&samples::Config, Reduction) -> L,
        ) {
            let words = ["`reduction`", "KlDivLoss", "BatchMean"];
            assert!(!file.is_empty());
            panics(&words, || {
                loss(&samples::Config::default(), Reduction::BatchMean)
            });
        }
    }
    let device = B::device();
    each_class::<B>(&device, &mut Refuse);
    each_sample::<B>(&device, &mut Refuse);
    macro_rules! refuse {
        ($config:ident) => {
            let words = [
                concat!(stringify!($config), ":"),
                "`reduction`",
                "BatchMean",
            ];
            let config = $config::new().with_reduction(Reduction::BatchMean);
            panics(&words, || config.init());
        };
        ($config:ident of $device:expr) => {
            let words = [
                concat!(stringify!($config), ":"),
                "`reduction`",
                "BatchMean",
            ];
            let config = $config::new().with_reduction(Reduction::BatchMean);
            panics(&words, || config.init::<B>($device));
        };
    }
    refuse!(MarginRankingLossConfig);
    refuse!(BoxIouLossConfig);
    refuse!(InfoNceLossConfig);
    refuse!(SupConLossConfig);
    refuse!(LovaszHingeLossConfig);
    refuse!(LovaszSoftmaxLossConfig of &device);
    refuse!(DiceLossConfig of &device);
    refuse!(JaccardLossConfig of &device);
    refuse!(TverskyLossConfig of &device);
}

pub fn spreads_that_do_not_fit<B: TestBackend>() {
    struct Refuse;
    impl<B: TestBackend> VisitSpread<B> for Refuse {
        fn visit<L: SpreadLoss<B>>(&mut self, row: &Row, loss: impl Fn(&Config, Reduction) -> L) {
            let loss = loss(&Config::default(), Reduction::Mean);
            let good = || floats::<B, 2>([2, 3]);
            let spread = format!("`{}`", loss.spread_name());
            for wrong in [[1, 1], [2, 2], [3, 3]] {
                let words = [row.name, &spread, "[2, 3]", &format!("{wrong:?}")];
                panics(&words, || loss.forward(good(), good(), floats(wrong)));
                panics(&words, || {
                    loss.forward_no_reduction(good(), good(), floats(wrong))
                });
            }
            let words = [row.name, "`target`", "[2, 1]"];
            panics(&words, || loss.forward(good(), floats([2, 1]), good()));
            let words = [row.name, "`weights`", "[2, 1]"];
            panics(&words, || {
                loss.forward_weighted(good(), good(), good(), floats([2, 1]))
            });
            let negative = || good() - 1.0;
            if B::CHECKS_TARGETS {
                let words = [row.name, &spread, "-0.5", "element 0"];
                panics(&words, || loss.forward(good(), good(), negative()));
            } else {
                let found = loss.forward(good(), good(), negative());
                assert!(numbers(found)[0].is_nan());
            }
        }
    }
    each_spread::<B>(&mut Refuse);
}

pub fn amounts_out_of_bounds<B: TestBackend>() {
    fn refuse<B: TestBackend, L: ElementwiseLoss<B>>(
        loss: &L,
        [prediction, target]: [f64; 2],
        word: &str,
    ) {
        let of = |number: f64| Tensor::<B, 1>::full([2], number, &B::device());
        if B::CHECKS_TARGETS {
            let words = [loss.name(), word, "element 0"];
            panics(&words, || loss.forward(of(prediction), of(target)));
        } else {
            let found = loss.forward(of(prediction), of(target));
            assert!(numbers(found)[0].is_nan(), "{}", loss.name());
        }
    }
    let msle = MsleLossConfig::new().init();
    refuse::<B, _>(&msle, [-1.5, 0.0], "`prediction`");
    refuse::<B, _>(&msle, [0.0, -1.5], "`target`");
    let kl_div = KlDivLossConfig::new().init();
    refuse::<B, _>(&kl_div, [-1.0, -0.5], "`target`");
    let tweedie = TweedieLossConfig::new().init();
    refuse::<B, _>(&tweedie, [0.0, -0.5], "`target`");
    refuse::<B, _>(&GammaNllLossConfig::new().init(), [0.0, -0.5], "`target`");
    let of_means = PoissonNllLossConfig::new().with_log_input(false).init();
    refuse::<B, _>(&of_means, [-0.5, 1.0], "`prediction`");
}

pub fn scores_that_are_no_log_probabilities<B: TestBackend>() {
    /// Above 0 by no more than rounding may leave, and exact in every type.
    const SMALL: f64 = 1.0 / 128.0;
    let device = B::device();
    let loss = NllLossConfig::new()
        .with_ignore_index(Some(-7))
        .init::<B>(&device);
    let scores =
        || Tensor::<B, 2>::from_floats([[-1.0, 4.0], [0.5, 0.25], [SMALL as f32, -1.0]], &device);
    let targets = |classes: [i64; 3]| Tensor::<B, 1, Int>::from_ints(classes, &device);
    if B::CHECKS_TARGETS {
        let words = [
            "NllLoss",
            "`log_probs`",
            "at most 0",
            "0.25",
            "CrossEntropyLoss",
        ];
        let wrong = || targets([0, 1, 0]);
        let of_element = [&words[..], &["element 3"]].concat();
        panics(&of_element, || loss.forward(scores(), wrong()));
        panics(&of_element, || {
            let weights = Tensor::from_floats([1.0, 0.5, 1.0], &device);
            loss.forward_weighted(scores(), wrong(), weights)
        });
        panics(&[&words[..], &["row 1"]].concat(), || {
            loss.forward_no_reduction(scores(), wrong())
        });
    } else {
        let found = loss.forward(scores(), targets([0, 1, 0]));
        assert_close(
            "elsewhere a number like any other",
            &numbers(found),
            &[(0.75 - SMALL) / 3.0],
            B::TOLERANCE,
        );
    }
    // What no row's class has, what is ignored or weighs 0, and what rounding leaves.
    let found = loss.forward(scores(), targets([0, -7, 0]));
    assert_close(
        "the rows that count",
        &numbers(found),
        &[(1.0 - SMALL) / 2.0],
        B::TOLERANCE,
    );
    let found = loss.forward_no_reduction(scores(), targets([0, -7, 0]));
    assert_close(
        "not reduced",
        &numbers(found),
        &[1.0, 0.0, -SMALL],
        B::TOLERANCE,
    );
    let weights = Tensor::from_floats([1.0, 0.0, 1.0], &device);
    let found = loss.forward_weighted(scores(), targets([0, 1, 0]), weights);
    assert_close(
        "the rows that count",
        &numbers(found),
        &[(1.0 - SMALL) / 2.0],
        B::TOLERANCE,
    );
}

pub fn target_outside_the_classes<B: TestBackend>() {
    let device = B::device();
    for wrong in [3i64, -1, 1_000_000, i32::MIN.into()] {
        let targets = Tensor::<B, 1, Int>::from_ints([0, -7, wrong, 2], &device);
        let error = check_targets(&targets, 3, Some(-7)).unwrap_err();
        assert_eq!((error.row, error.target, error.num_classes), (2, wrong, 3));
        assert!(check_targets(&targets, 3, Some(wrong)).is_err());
        let cross_entropy = CrossEntropyLossConfig::new().with_ignore_index(Some(-7));
        let nll = NllLossConfig::new().with_ignore_index(Some(-7));
        if B::CHECKS_TARGETS {
            let words = [
                "row 2",
                &wrong.to_string(),
                "[0, 3)",
                "C = 3",
                "ignore_index = -7",
            ];
            panics(&words, || {
                let loss = cross_entropy.init::<B>(&device);
                loss.forward(floats([4, 3]), targets.clone())
            });
            panics(&words, || {
                let loss = nll.init::<B>(&device);
                loss.forward(floats([4, 3]), targets.clone())
            });
            continue;
        }
        // On a device: NaN for that row, and only for that row, in the loss and in the gradient.
        let tracked = |targets: &Tensor<B, 1, Int>| {
            Tensor::<Autodiff<B>, 1, Int>::from_inner(targets.clone())
        };
        let logits = || Tensor::<Autodiff<B>, 2>::zeros([4, 3], &device).require_grad();
        let nan_rows = |losses: Tensor<Autodiff<B>, 1>, logits: Tensor<Autodiff<B>, 2>| {
            let grad = logits.grad(&losses.clone().sum().backward()).unwrap();
            let nan =
                |numbers: Vec<f64>| -> Vec<bool> { numbers.into_iter().map(f64::is_nan).collect() };
            (nan(numbers(losses)), nan(numbers(grad)))
        };
        // A weight of 0 for the class that stands in for the wrong one must not make it harmless.
        for weights in [None, Some(vec![0.0, 1.0, 1.0])] {
            let logits_in = logits();
            let loss = cross_entropy.clone().with_class_weights(weights);
            let loss = loss.init::<Autodiff<B>>(&device);
            let losses = loss.forward_no_reduction(logits_in.clone(), tracked(&targets));
            let (of_losses, of_grad) = nan_rows(losses, logits_in);
            assert_eq!(of_losses, [false, false, true, false]);
            assert_eq!(of_grad[..6], [false; 6]);
            assert_eq!(of_grad[6..9], [true; 3]);
            assert_eq!(of_grad[9..], [false; 3]);
        }

        let logits_in = logits();
        let loss = nll.init::<Autodiff<B>>(&device);
        let losses = loss.forward_no_reduction(logits_in.clone(), tracked(&targets));
        let (of_losses, of_grad) = nan_rows(losses, logits_in);
        assert_eq!(of_losses, [false, false, true, false]);
        // Only the picked log-probability has a gradient; a wrong target picks that of class 0.
        let mut expected = [false; 12];
        expected[6] = true;
        assert_eq!(of_grad, expected);
    }
    let fine = Tensor::<B, 2, Int>::from_ints([[0, 2], [1, -7]], &device);
    assert_eq!(check_targets(&fine, 3, Some(-7)), Ok(()));
    let error = check_targets(&fine, 3, None).unwrap_err();
    assert_eq!(error.row, 3);
    let text = error.to_string();
    assert!(
        text.ends_with("[0, 3) (C = 3; there is no ignore_index)"),
        "{text}"
    );
}

/// The mean with these weights, and the gradient of the scores.
macro_rules! weighted_mean {
    ($loss:expr, $scores:expr, $targets:expr, $weights:expr) => {{
        let scores = Tensor::<Autodiff<B>, 2>::from_inner($scores).require_grad();
        let mean = $loss.forward_weighted(scores.clone(), $targets, $weights);
        let grad = scores
            .grad(&mean.backward())
            .expect("the scores are tracked");
        (numbers(mean), numbers(grad))
    }};
}

pub fn rows_of_weight_zero<B: TestBackend>() {
    let device = B::device();
    let inf = f64::INFINITY;
    // The second row is bad in every way: its scores, its target, which is not ignored.
    let scores = [-0.5, -1.0, -2.0, f64::NAN, inf, -inf, -0.25, 0.0, -3.0];
    let scores = || tensor::<B, 2>(&scores, &[3, 3], &device);
    let good = [-0.5, -1.0, -2.0, -0.25, 0.0, -3.0];
    let good = || tensor::<B, 2>(&good, &[2, 3], &device);
    let weights = |weights: &[f64]| tensor::<Autodiff<B>, 1>(weights, &[weights.len()], &device);
    let classes = |classes: &[i64]| Tensor::<Autodiff<B>, 1, Int>::from_ints(classes, &device);
    macro_rules! check {
        ($config:expr) => {
            for ignore_index in [None, Some(-7), Some(1)] {
                let config = $config
                    .with_ignore_index(ignore_index)
                    .with_class_weights(Some(vec![0.5, 2.0, 3.0]));
                let loss = config.init::<Autodiff<B>>(&device);
                let (expected, expected_grad) =
                    weighted_mean!(loss, good(), classes(&[0, 2]), weights(&[1.0, 4.0]));
                for wrong in [7, -1, -(1 << 30), 0] {
                    let (mean, grad) = weighted_mean!(
                        loss,
                        scores(),
                        classes(&[0, wrong, 2]),
                        weights(&[1.0, 0.0, 4.0])
                    );
                    let what = format!("{loss}, {ignore_index:?}, {wrong}");
                    assert_close(&what, &mean, &expected, B::TOLERANCE);
                    assert_close(&what, &grad[..3], &expected_grad[..3], B::TOLERANCE);
                    assert_eq!(grad[3..6], [0.0; 3], "{what}");
                    assert_close(&what, &grad[6..], &expected_grad[3..], B::TOLERANCE);
                }
                // What stands in for the target of a dropped row is no excuse for another row.
                for wrong in [7, -1, -(1 << 30)] {
                    let mean = || {
                        let (targets, weights) = (classes(&[0, wrong]), weights(&[0.0, 4.0]));
                        weighted_mean!(loss, good(), targets, weights).0
                    };
                    if B::CHECKS_TARGETS {
                        panics(&["row 1", &wrong.to_string(), "[0, 3)"], mean);
                    } else {
                        assert!(mean()[0].is_nan(), "{loss}, {ignore_index:?}, {wrong}");
                    }
                }
            }
        };
    }
    check!(NllLossConfig::new());
    check!(CrossEntropyLossConfig::new());
    check!(
        CrossEntropyLossConfig::new()
            .with_label_smoothing(0.1)
            .with_z_loss(0.5)
    );
    check!(FocalLossConfig::new());
    check!(PolyLossConfig::new());
    check!(GeneralizedCrossEntropyLossConfig::new());
}

pub fn targets_of_other_integer_types<B: TestBackend>() {
    let device = B::device();
    let loss = CrossEntropyLossConfig::new().init::<B>(&device);
    let logits = || Tensor::<B, 2>::from_floats([[1.0, 2.0, 3.0], [0.0, 5.0, 1.0]], &device);
    let targets = Tensor::<B, 1, Int>::from_ints([2, 1], &device);
    let expected = numbers(loss.forward_no_reduction(logits(), targets.clone()));
    for dtype in integers::<B>() {
        let targets = targets.clone().cast(dtype);
        let losses = numbers(loss.forward_no_reduction(logits(), targets));
        assert_eq!(losses, expected, "{dtype:?}");
    }
    // An ignored index that the targets' type cannot hold matches none of them.
    let loss = CrossEntropyLossConfig::new().with_ignore_index(Some((1 << 32) + 2));
    let losses = loss.init(&device).forward_no_reduction(logits(), targets);
    assert_eq!(numbers(losses), expected);
}

/// The integer types that the backend computes with.
pub(super) fn integers<B: TestBackend>() -> Vec<IntDType> {
    use IntDType::*;
    let device = B::device();
    // Burn 0.21: the shading language of wgpu has no integers of 8 and 16 bits, nor of 64 where the device has none.
    let all = if B::ON_HOST {
        vec![I8, I16, I32, I64, U8, U16, U32, U64]
    } else {
        vec![I32, I64, U32, U64]
    };
    let supported = |dtype: &IntDType| B::supports_dtype(&device, (*dtype).into());
    all.into_iter().filter(supported).collect()
}

/// A target that 32 bits do not hold is no class, and not another one.
pub fn targets_that_32_bits_do_not_hold<B: TestBackend>() {
    let device = B::device();
    for dtype in integers::<B>() {
        let large: i64 = match dtype {
            IntDType::U32 => 1 << 31,
            IntDType::I64 | IntDType::U64 => (1 << 32) + 1,
            _ => continue,
        };
        let data = TensorData::new(vec![1i64, large], [2]);
        let targets =
            || Tensor::<B, 1, Int>::from_data(data.clone(), (&device, DType::from(dtype)));
        let logits = || floats::<B, 2>([2, 3]);
        let loss = CrossEntropyLossConfig::new();
        if B::CHECKS_TARGETS {
            panics(&["CrossEntropyLoss", "row 1"], || {
                loss.init::<B>(&device).forward(logits(), targets())
            });
        } else {
            let losses = loss
                .init::<B>(&device)
                .forward_no_reduction(logits(), targets());
            let losses = numbers(losses);
            assert!(
                losses[1].is_nan() && !losses[0].is_nan(),
                "{dtype:?}: {losses:?}"
            );
        }
        let loss = loss.with_ignore_index(Some(large)).init::<B>(&device);
        let mean = numbers(loss.forward(logits(), targets()))[0];
        assert!((mean - 3f64.ln()).abs() < 1e-6, "{dtype:?}: {mean}");
    }
}

pub fn probabilities_outside_the_unit_interval<B: TestBackend>() {
    let device = B::device();
    let loss = BceLossConfig::new().init();
    let good = || Tensor::<B, 1>::from_floats([0.0, 1.0, 0.5], &device);
    for wrong in [-0.25, 1.5] {
        let bad = || Tensor::<B, 1>::from_floats([0.0, 1.0, wrong], &device);
        if B::CHECKS_TARGETS {
            let words = ["BceLoss", "[0, 1]", &wrong.to_string(), "element 2"];
            panics(&words, || loss.forward(bad(), good()));
            panics(&words, || loss.forward(good(), bad()));
        } else {
            let losses = numbers(loss.forward_no_reduction(bad(), good()));
            assert!(losses[2].is_nan() && !losses[0].is_nan() && !losses[1].is_nan());
        }
    }
    let diverged = Tensor::<B, 1>::from_floats([0.0, 1.0, f32::NAN], &device);
    assert!(numbers(loss.forward(diverged, good()))[0].is_nan());
}

/// A target of 2 would make the loss fall without end.
pub fn binary_targets_outside_the_unit_interval<B: TestBackend>() {
    let device = B::device();
    let logits = || Tensor::<B, 1>::from_floats([-3.0, 0.5, 7.0], &device);
    let targets = |last: f32| Tensor::<B, 1>::from_floats([0.0, 1.0, last], &device);
    let binary = BceWithLogitsLossConfig::new().init::<B>(&device);
    let smoothed = BceWithLogitsLossConfig::new().with_label_smoothing(0.5);
    let smoothed = smoothed.init::<B>(&device);
    let focal = SigmoidFocalLossConfig::new().init();
    let asymmetric = AsymmetricLossConfig::new().init();
    let labels = MultiLabelSoftMarginLossConfig::new().init::<B>(&device);
    type Forward<'a, B> = &'a dyn Fn(Tensor<B, 1>, Tensor<B, 1>) -> Tensor<B, 1>;
    let losses: [(&str, Forward<'_, B>); 7] = [
        ("BceWithLogitsLoss", &|x, y| binary.forward(x, y)),
        ("BceWithLogitsLoss", &|x, y| smoothed.forward(x, y)),
        ("BceWithLogitsLoss", &|x, y| {
            binary.forward_no_reduction(x, y)
        }),
        ("SigmoidFocalLoss", &|x, y| focal.forward(x, y)),
        ("AsymmetricLoss", &|x, y| asymmetric.forward(x, y)),
        ("MultiLabelSoftMarginLoss", &|x, y| {
            labels.forward(x.unsqueeze(), y.unsqueeze())
        }),
        ("MultiLabelSoftMarginLoss", &|x, y| {
            labels.forward_no_reduction(x.unsqueeze(), y.unsqueeze())
        }),
    ];
    for (name, loss) in losses {
        for wrong in [2.0, -0.25] {
            if B::CHECKS_TARGETS {
                let argument = match name {
                    "MultiLabelSoftMarginLoss" => "`targets`",
                    _ => "`target`",
                };
                let words = [name, argument, "[0, 1]", &wrong.to_string(), "element 2"];
                panics(&words, || loss(logits(), targets(wrong)));
            } else {
                assert!(
                    numbers(loss(logits(), targets(wrong)))
                        .iter()
                        .any(|loss| loss.is_nan())
                );
            }
        }
        assert!(
            numbers(loss(logits(), targets(0.25)))
                .iter()
                .all(|loss| loss.is_finite())
        );
    }
}

pub fn ignore_index_with_probabilities<B: TestBackend>() {
    let device = B::device();
    let loss = CrossEntropyLossConfig::new().with_ignore_index(Some(1));
    panics(&["CrossEntropyLoss", "`ignore_index`", "Some(1)"], || {
        let loss = loss.init::<B>(&device);
        loss.forward_probabilities(floats([2, 4]), floats([2, 4]))
    });
}

/// The public fields of a loss are held to what its config is held to.
pub fn reductions_set_beside_the_config<B: TestBackend>() {
    let device = B::device();
    let floats = |shape: [usize; 2]| floats::<B, 2>(shape);
    let words = |loss| [loss, "`reduction`", "KlDivLoss", "BatchMean"];
    let batch_mean = Reduction::BatchMean;

    let mut loss =
        ClassFormulaLoss::new("OwnLoss", burn_loss_kernels::formulas::Focal { gamma: 1.0 });
    loss.reduction = batch_mean;
    let head = LinearHead::new(floats([4, 3]), None);
    panics(&words("OwnLoss:"), || {
        loss.forward(floats([2, 3]), classes([2]))
    });
    panics(&words("OwnLoss:"), || {
        let weights = Tensor::<B, 1>::ones([2], &device).cast(floats([1, 1]).dtype());
        loss.forward_weighted(floats([2, 3]), classes([2]), weights)
    });
    panics(&words("OwnLoss:"), || {
        loss.forward_linear(floats([2, 4]), &head, classes([2]))
    });
    let mut loss = CrossEntropyLossConfig::new().init::<B>(&device);
    loss.reduction = batch_mean;
    panics(&words("CrossEntropyLoss:"), || {
        loss.forward(floats([2, 3]), classes([2]))
    });
    panics(&words("CrossEntropyLoss:"), || {
        loss.forward_probabilities(floats([2, 3]), floats([2, 3]))
    });
    let mut loss = MultiMarginLossConfig::new().init::<B>(&device);
    loss.reduction = batch_mean;
    panics(&words("MultiMarginLoss:"), || {
        loss.forward(floats([2, 3]), classes([2]))
    });
    let mut loss = GaussianNllLossConfig::new().init();
    loss.reduction = batch_mean;
    panics(&words("GaussianNllLoss:"), || {
        loss.forward(floats([2, 3]), floats([2, 3]), floats([2, 3]))
    });
    let mut loss = DiceLossConfig::new().init::<B>(&device);
    loss.reduction = batch_mean;
    panics(&words("DiceLoss:"), || {
        loss.forward_binary(floats([2, 3]), floats([2, 3]))
    });
    let mut loss = LovaszHingeLossConfig::new().init();
    loss.reduction = batch_mean;
    panics(&words("LovaszHingeLoss:"), || {
        loss.forward(floats([2, 3]), floats([2, 3]) * 2.0)
    });
    let mut loss = BoxIouLossConfig::new().init();
    loss.reduction = batch_mean;
    panics(&words("BoxIouLoss:"), || {
        loss.forward(floats([2, 4]), floats([2, 4]))
    });
    let mut loss = InfoNceLossConfig::new().init();
    loss.reduction = batch_mean;
    panics(&words("InfoNceLoss:"), || {
        loss.forward(floats([2, 4]), floats([2, 4]))
    });
    let mut loss = SupConLossConfig::new().init();
    loss.reduction = batch_mean;
    panics(&words("SupConLoss:"), || {
        loss.forward(floats([2, 4]), classes([2]))
    });
    let mut loss = MarginRankingLossConfig::new().init();
    loss.reduction = batch_mean;
    panics(&words("MarginRankingLoss:"), || {
        loss.forward(floats([2, 4]), floats([2, 4]), floats([2, 4]))
    });
}

/// A message has the number that came, and what the argument is called.
pub fn messages_have_what_came<B: TestBackend>() {
    let device = B::device();
    let logits = || floats::<B, 2>([2, 3]);
    let config = CrossEntropyLossConfig::new().with_ignore_indices(vec![-5, -6]);
    let loss = config.init::<B>(&device);
    if B::CHECKS_TARGETS {
        for dtype in integers::<B>() {
            let large: i64 = match dtype {
                IntDType::U32 => 3_000_000_000,
                IntDType::I64 | IntDType::U64 => 1 << 40,
                _ => 100,
            };
            let data = TensorData::new(vec![1i64, large], [2]);
            let targets =
                || Tensor::<B, 1, Int>::from_data(data.clone(), (&device, DType::from(dtype)));
            let words = [
                &format!("row 1 is {large},"),
                "[0, 3)",
                "or one of ignore_indices = [-5, -6]",
            ];
            panics(&words, || loss.forward(logits(), targets()));
            panics(&words, || loss.forward_no_reduction(logits(), targets()));
        }
    }
    let data = TensorData::new(vec![1u64, (1 << 63) + 5], [2]);
    if B::supports_dtype(&device, DType::U64) {
        let targets = Tensor::<B, 1, Int>::from_data(data, (&device, DType::U64));
        let error = check_targets(&targets, 3, None).expect_err("it is no class");
        assert_eq!((error.row, error.target), (1, i64::MAX));
        assert!(check_targets(&targets, 3, Some(i64::MAX)).is_err());
    }
}

/// What a test sets of a config, by the field's name.
type SetOption = (&'static str, fn(&mut Config, f64));

/// Options that are numbers; a config without the field stays as it is.
const OPTIONS: [SetOption; 15] = [
    ("delta", |config, x| config.delta = Some(x)),
    ("label_smoothing", |config, x| config.label_smoothing = x),
    ("z_loss", |config, x| config.z_loss = x),
    ("gamma", |config, x| config.gamma = Some(x)),
    ("alpha", |config, x| config.alpha = Some(x)),
    ("epsilon", |config, x| config.epsilon = Some(x)),
    ("q", |config, x| config.q = Some(x)),
    ("beta", |config, x| config.beta = Some(x)),
    ("eps", |config, x| config.eps = Some(x)),
    ("levels", |config, x| config.levels = Some(vec![x])),
    ("power", |config, x| config.power = Some(x)),
    ("margin", |config, x| config.margin = Some(x)),
    ("gamma_negative", |config, x| {
        config.gamma_negative = Some(x)
    }),
    ("gamma_positive", |config, x| {
        config.gamma_positive = Some(x)
    }),
    ("clip", |config, x| config.clip = Some(x)),
];

/// The ends of f64, of f32, and of what a config takes.
const EXTREMES: [f64; 14] = [
    5e-324,
    1e-300,
    1e-50,
    1e-40,
    1e-38,
    1e-20,
    1e-17,
    1.0 - 1e-16,
    1.0 + 1e-15,
    2.0 - 1e-15,
    1e17,
    1e20,
    1e40,
    1e300,
];

/// Whether a config refuses an option, and if not, the losses and the slopes.
type Outcomes = Vec<(String, Option<Vec<f64>>)>;

/// The numbers of a loss for each option, of the losses of one registry.
struct Extremes(Outcomes);

impl Extremes {
    fn try_each<L>(
        &mut self,
        row: &Row,
        loss: impl Fn(&Config) -> L,
        values: impl Fn(L) -> Vec<f64>,
    ) {
        let base = row.variants.first().cloned().unwrap_or_default();
        for (field, set) in OPTIONS {
            for extreme in EXTREMES {
                let mut config = base.clone();
                set(&mut config, extreme);
                let made = catch_unwind(AssertUnwindSafe(|| loss(&config)));
                let what = format!("{}, {field}: {extreme:e}", row.name);
                match made {
                    Ok(loss) => self.0.push((what, Some(values(loss)))),
                    Err(message) => {
                        let message = message.downcast_ref::<String>().expect("a message");
                        assert!(message.contains(&format!("`{field}")), "{what}: {message}");
                        self.0.push((what, None));
                    }
                }
            }
        }
    }
}

/// The losses, and the slopes by the prediction.
fn with_slopes<B: LossBackend, const D: usize>(
    of: impl FnOnce(Tensor<Autodiff<B>, D>) -> Tensor<Autodiff<B>, 1>,
    prediction: Tensor<Autodiff<B>, D>,
) -> Vec<f64> {
    let prediction = prediction.require_grad();
    let losses = of(prediction.clone());
    let gradients = losses.clone().sum().backward();
    let slopes = prediction.grad(&gradients).map_or(vec![], numbers);
    [numbers(losses), slopes].concat()
}

impl<B: LossBackend> VisitElementwise<Autodiff<B>> for Extremes {
    fn visit<L: ElementwiseLoss<Autodiff<B>>>(
        &mut self,
        row: &Row,
        loss: impl Fn(&Config, Reduction) -> L,
    ) {
        let device = Default::default();
        // All of them are 0 or 1 of what labels may be, and errors of 0 and of several sizes.
        let (x, y) = match row.domain {
            Domain::UnitInterval => ([0.25, 0.5, 0.75, 0.125], [0.0, 0.5, 1.0, 0.125]),
            Domain::LogProbabilities => ([-0.25, -0.5, -2.0, -1.0], [0.0, 0.5, 1.0, 0.125]),
            _ => ([0.25, 1.5, -2.0, 1.0], [0.0, 0.0, 1.0, 1.0]),
        };
        let y = match row.name {
            "HingeEmbeddingLoss" | "SoftMarginLoss" => [1.0, -1.0, 1.0, 1.0],
            _ => y,
        };
        let y = || tensor::<Autodiff<B>, 1>(&y, &[4], &device);
        let x = || tensor::<Autodiff<B>, 1>(&x, &[4], &device);
        let make = |config: &Config| loss(config, Reduction::Mean);
        self.try_each(row, make, |loss| {
            let each = with_slopes::<B, 1>(|x| loss.forward_no_reduction(x, y()), x());
            let mean = with_slopes::<B, 1>(|x| loss.forward(x, y()), x());
            [each, mean].concat()
        });
    }
}

impl<B: LossBackend> VisitSpread<Autodiff<B>> for Extremes {
    fn visit<L: SpreadLoss<Autodiff<B>>>(
        &mut self,
        row: &Row,
        loss: impl Fn(&Config, Reduction) -> L,
    ) {
        let device = Default::default();
        let row_of = |numbers: [f64; 3]| tensor::<Autodiff<B>, 1>(&numbers, &[3], &device);
        let make = |config: &Config| loss(config, Reduction::Mean);
        self.try_each(row, make, |loss| {
            let of = |x| loss.forward(x, row_of([0.0, 1.0, -1.0]), row_of([0.5, 1.0, 2.0]));
            with_slopes::<B, 1>(of, row_of([0.0, 0.5, 2.0]))
        });
    }
}

impl<B: LossBackend> VisitClass<Autodiff<B>> for Extremes {
    fn visit<L: ClassLoss<Autodiff<B>>>(
        &mut self,
        row: &Row,
        loss: impl Fn(&Config, Reduction) -> L,
    ) {
        let device = Default::default();
        let x = [-0.25, -0.5, -0.75, -0.125, -1.0, -0.5];
        let x = || tensor::<Autodiff<B>, 2>(&x, &[2, 3], &device);
        let classes = || Tensor::<Autodiff<B>, 1, Int>::from_ints([0, 2], &device);
        let make = |config: &Config| loss(config, Reduction::Mean);
        self.try_each(row, make, |loss| {
            with_slopes::<B, 2>(|x| loss.forward(x, classes()), x())
        });
    }
}

/// Whatever number an option is, the config refuses it, or the loss and its slope are right.
pub fn options_at_the_ends_of_the_numbers<B: TestBackend>() {
    if B::ONE_OF > 1 {
        return;
    }
    fn outcomes<T: TestBackend, B: LossBackend>(device: &B::Device) -> Outcomes {
        let mut found = Extremes(Vec::new());
        each_elementwise::<T, Autodiff<B>>(device, &mut found);
        each_spread::<Autodiff<B>>(&mut found);
        each_class::<Autodiff<B>>(device, &mut found);
        found.0
    }
    let found = outcomes::<B, B>(&B::device());
    let expected = outcomes::<B, NdArray<f64>>(&Default::default());
    assert_eq!(found.len(), expected.len());
    let tolerance = Tolerance {
        relative: B::TOLERANCE.relative.max(1e-7) * 10.0,
        absolute: B::TOLERANCE.absolute,
    };
    let refused = found.iter().filter(|(_, numbers)| numbers.is_none());
    assert!(refused.count() > 100);
    for ((what, found), (_, expected)) in found.iter().zip(&expected) {
        assert_eq!(found.is_none(), expected.is_none(), "{what}");
        if let (Some(found), Some(expected)) = (found, expected) {
            assert!(
                expected.iter().all(|x| x.is_finite()),
                "{what}: {expected:?}"
            );
            assert_close(what, found, expected, tolerance);
        }
    }
}

/// The other configs, whose losses are in other registries.
pub fn numbers_that_configs_refuse<B: TestBackend>() {
    let device = B::device();
    macro_rules! refuse {
        ($config:expr, $with:ident) => {
            for wrong in [5e-324, 1e-50, 1e-40, 1e20, 1e40, 1e300] {
                let config = $config.$with(wrong);
                let field = stringify!($with).trim_start_matches("with_");
                let words = [
                    format!("`{field}`"),
                    "[1e-18, 1e18]".into(),
                    format!("{wrong:?}"),
                ];
                let words = words.each_ref().map(String::as_str);
                panics(&words, || config.init());
            }
        };
    }
    refuse!(DistillationLossConfig::new(), with_temperature);
    panics(&["`temperature`", "at most 1000", "1001"], || {
        DistillationLossConfig::new()
            .with_temperature(1001.0)
            .init()
    });
    refuse!(InfoNceLossConfig::new(), with_temperature);
    refuse!(SupConLossConfig::new(), with_temperature);
    refuse!(BoxIouLossConfig::new(), with_eps);
    refuse!(TripletMarginLossConfig::new(), with_margin);
    refuse!(TripletMarginLossConfig::new(), with_eps);
    refuse!(MarginRankingLossConfig::new(), with_margin);
    macro_rules! refuse_on_device {
        ($config:ty, $with:ident) => {
            for wrong in [5e-324, 1e-50, 1e-40, 1e20, 1e40, 1e300] {
                let config = <$config>::new().$with(wrong);
                let field = stringify!($with).trim_start_matches("with_");
                let words = [format!("`{field}`"), format!("{wrong:?}")];
                let words = words.each_ref().map(String::as_str);
                panics(&words, || config.init::<B>(&device));
            }
        };
    }
    refuse_on_device!(DiceLossConfig, with_smooth);
    refuse_on_device!(DiceLossConfig, with_eps);
    refuse_on_device!(JaccardLossConfig, with_smooth);
    refuse_on_device!(JaccardLossConfig, with_eps);
    refuse_on_device!(TverskyLossConfig, with_alpha);
    refuse_on_device!(TverskyLossConfig, with_beta);
    refuse_on_device!(TverskyLossConfig, with_gamma);
    refuse_on_device!(TverskyLossConfig, with_smooth);
    refuse_on_device!(TverskyLossConfig, with_eps);
    refuse_on_device!(MultiMarginLossConfig, with_margin);
    refuse_on_device!(ArcFaceLossConfig, with_scale);
    refuse_on_device!(CosFaceLossConfig, with_margin);
    panics(&["LogitAdjustedLossConfig", "`tau`", "1e40"], || {
        LogitAdjustedLossConfig::new(vec![1.0])
            .with_tau(1e40)
            .init::<B>(&device)
    });
    // What f32 computes with is taken, and the number right.
    let loss = SmoothL1LossConfig::new().with_beta(1e-18).init();
    let one = || Tensor::<B, 1>::ones([1], &device);
    let mean = numbers(loss.forward(one(), one() * 2.0));
    assert_close("smooth L1", &mean, &[1.0], B::TOLERANCE);
}
