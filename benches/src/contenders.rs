//! Who is compared, on which inputs.

use burn::backend::Autodiff;
use burn::nn::loss as nn;
use burn::tensor::activation::{log_softmax, softmax};
use burn::tensor::backend::{AutodiffBackend, Backend};
use burn::tensor::loss::cross_entropy_with_logits;
use burn::tensor::{Distribution, Int, Tensor, TensorPrimitive};
use burn_loss::{
    BceLossConfig, BceWithLogitsLossConfig, CrossEntropyLossConfig, FocalLossConfig,
    GeneralizedCrossEntropyLossConfig, HuberLossConfig, L1LossConfig, LogCoshLossConfig,
    LossBackend, MseLossConfig, NllLossConfig, PolyLossConfig, SigmoidFocalLossConfig,
};

use crate::{Row, composed};

/// burn-nn's loss.
pub const BURN: &str = "burn-nn";
/// The loss in Burn's operations, where burn-nn has none.
pub const COMPOSED: &str = "composed";
/// Ours.
pub const OURS: &str = "burn-loss";

// The options of the losses, the same in peers/work.py; where they are our defaults, the configs say nothing of them.
pub(crate) const DELTA: f32 = 1.0;
pub(crate) const ALPHA: f64 = 0.25;
pub(crate) const GAMMA: f64 = 2.0;
pub(crate) const EPSILON: f64 = 1.0;
pub(crate) const Q: f64 = 0.7;
pub(crate) const SMOOTHING: f64 = 0.1;
/// A class, because burn-nn cannot ignore anything else.
pub(crate) const IGNORED: usize = 0;

/// A prediction of any rank, not tracked.
pub type Prediction<B> = TensorPrimitive<B>;
/// The loss and the gradients.
pub type Output<B> = (
    Tensor<Autodiff<B>, 1>,
    <Autodiff<B> as AutodiffBackend>::Gradients,
);
/// Forward and backward.
pub type Step<B> = Box<dyn Fn(Prediction<B>) -> Output<B>>;

/// The class of each row.
type Classes<B> = Tensor<Autodiff<B>, 1, Int>;

/// A row's inputs and contenders.
pub struct Case<B: LossBackend> {
    held: Prediction<B>,
    fresh: Box<dyn Fn() -> Prediction<B>>,
    /// burn-nn's loss or the composed one, and ours.
    pub contenders: [(&'static str, Step<B>); 2],
}

impl<B: LossBackend> Case<B> {
    /// Random inputs with a fixed seed, and the losses of them.
    ///
    /// # Panics
    ///
    /// If there is no loss of the row's name.
    pub fn new(row: &Row, device: &B::Device) -> Self {
        B::seed(device, 7);
        match row.shape.len() {
            2 if row.is_elementwise() => elementwise(row, device),
            2 if row.loss == "cross-entropy" => cross_entropy(row, device),
            2 => classes(row, device),
            _ => dense(row, device),
        }
    }

    /// The prediction, with a clone of it held.
    pub fn kept(&self) -> Prediction<B> {
        self.held.clone()
    }

    /// The prediction as a network makes it: computed, in a buffer of the backend's own that nothing else holds.
    pub fn fresh(&self) -> Prediction<B> {
        (self.fresh)()
    }

    /// With the target as losses take it, `theirs` and `ours` being losses of prediction and target.
    fn of<const D: usize, T: Clone + 'static>(
        prediction: Tensor<B, D>,
        target: T,
        who: &'static str,
        theirs: impl Fn(Tensor<Autodiff<B>, D>, T) -> Tensor<Autodiff<B>, 1> + 'static,
        ours: impl Fn(Tensor<Autodiff<B>, D>, T) -> Tensor<Autodiff<B>, 1> + 'static,
    ) -> Self {
        let of_target = target.clone();
        let theirs = step(move |prediction| theirs(prediction, of_target.clone()));
        let ours = step(move |prediction| ours(prediction, target.clone()));
        Self {
            held: prediction.clone().into_primitive(),
            fresh: Box::new(move || (prediction.clone() * 1.0).into_primitive()),
            contenders: [(who, theirs), (OURS, ours)],
        }
    }
}

fn step<B: LossBackend, const D: usize>(
    loss: impl Fn(Tensor<Autodiff<B>, D>) -> Tensor<Autodiff<B>, 1> + 'static,
) -> Step<B> {
    Box::new(move |prediction| {
        let prediction = Tensor::<B, D>::from_primitive(prediction);
        let prediction = Tensor::<Autodiff<B>, D>::from_inner(prediction);
        let loss = loss(prediction.require_grad());
        let grads = loss.backward();
        (loss, grads)
    })
}

fn elementwise<B: LossBackend>(row: &Row, device: &B::Device) -> Case<B> {
    let random = |distribution| Tensor::<B, 2>::random(row.dims::<2>(), distribution, device);
    let normal = || random(Distribution::Normal(0.0, 2.0));
    let target = || Tensor::<Autodiff<B>, 2>::from_inner(normal());
    // What burn-nn compares with are integers.
    let bits = || {
        let bits = random(Distribution::Bernoulli(0.5));
        (
            Tensor::<Autodiff<B>, 2>::from_inner(bits.clone()),
            Tensor::<Autodiff<B>, 2, Int>::from_inner(bits.int()),
        )
    };
    match row.loss {
        "mse" => {
            let (burn, ours) = (nn::MseLoss::new(), MseLossConfig::new().init());
            Case::of(
                normal(),
                target(),
                BURN,
                move |x, y| burn.forward(x, y, nn::Reduction::Mean),
                move |x, y| ours.forward(x, y),
            )
        }
        "l1" => {
            let (burn, ours) = (nn::LpLossConfig::l1(), L1LossConfig::new().init());
            Case::of(
                normal(),
                target(),
                BURN,
                move |x, y| burn.forward(x, y, nn::Reduction::Mean),
                move |x, y| ours.forward(x, y),
            )
        }
        "huber" => {
            let burn = nn::HuberLossConfig::new(DELTA).init();
            let ours = HuberLossConfig::new().init();
            Case::of(
                normal(),
                target(),
                BURN,
                move |x, y| burn.forward(x, y, nn::Reduction::Mean),
                move |x, y| ours.forward(x, y),
            )
        }
        "log-cosh" => {
            let ours = LogCoshLossConfig::new().init();
            Case::of(
                normal(),
                target(),
                COMPOSED,
                composed::log_cosh,
                move |x, y| ours.forward(x, y),
            )
        }
        "bce" => {
            let burn = nn::BinaryCrossEntropyLossConfig::new().init::<Autodiff<B>>(device);
            let ours = BceLossConfig::new().init();
            let (y, classes) = bits();
            Case::of(
                random(Distribution::Uniform(0.001, 0.999)),
                y,
                BURN,
                move |x, _| burn.forward(x, classes.clone()),
                move |x, y| ours.forward(x, y),
            )
        }
        "bce-with-logits" => {
            let burn = nn::BinaryCrossEntropyLossConfig::new().with_logits(true);
            let burn = burn.init::<Autodiff<B>>(device);
            let ours = BceWithLogitsLossConfig::new().init::<Autodiff<B>>(device);
            let (y, classes) = bits();
            Case::of(
                normal(),
                y,
                BURN,
                move |x, _| burn.forward(x, classes.clone()),
                move |x, y| ours.forward(x, y),
            )
        }
        "sigmoid-focal" => {
            let ours = SigmoidFocalLossConfig::new().init();
            let (y, _) = bits();
            Case::of(
                normal(),
                y,
                COMPOSED,
                composed::sigmoid_focal,
                move |x, y| ours.forward(x, y),
            )
        }
        loss => panic!("work.txt: no loss {loss}"),
    }
}

fn cross_entropy<B: LossBackend>(row: &Row, device: &B::Device) -> Case<B> {
    let (logits, targets) = inputs::<B>(row, device);
    if row.how == "soft-targets" {
        let ours = CrossEntropyLossConfig::new().init::<Autodiff<B>>(device);
        let probabilities = softmax(self::logits::<B, 2>(row.dims(), device), 1);
        return Case::of(
            logits,
            Tensor::<Autodiff<B>, 2>::from_inner(probabilities),
            COMPOSED,
            cross_entropy_with_logits,
            move |x, y| ours.forward_probabilities(x, y),
        );
    }
    let [_, classes] = row.dims::<2>();
    let smoothing = (row.how == "smoothing").then_some(SMOOTHING);
    let ignored = (row.how == "ignored-rows").then_some(IGNORED);
    let weights = (row.how == "class-weights").then(|| class_weights(classes));
    let burn = nn::CrossEntropyLossConfig::new()
        .with_smoothing(smoothing.map(|smoothing| smoothing as f32))
        .with_pad_tokens(ignored.map(|class| vec![class]))
        .with_weights(weights.clone())
        .init::<Autodiff<B>>(device);
    let ours = CrossEntropyLossConfig::new()
        .with_label_smoothing(smoothing.unwrap_or(0.0))
        .with_ignore_index(ignored.map(|class| class as i64))
        .with_class_weights(weights)
        .init::<Autodiff<B>>(device);
    Case::of(
        logits,
        targets,
        BURN,
        move |x, y| burn.forward(x, y),
        move |x, y| ours.forward(x, y),
    )
}

fn classes<B: LossBackend>(row: &Row, device: &B::Device) -> Case<B> {
    let (logits, targets) = inputs::<B>(row, device);
    match row.loss {
        "nll" => {
            let ours = NllLossConfig::new().init::<Autodiff<B>>(device);
            let log_probs = log_softmax(logits, 1);
            Case::of(log_probs, targets, COMPOSED, composed::nll, move |x, y| {
                ours.forward(x, y)
            })
        }
        "focal" => {
            let ours = FocalLossConfig::new().init::<Autodiff<B>>(device);
            Case::of(logits, targets, COMPOSED, composed::focal, move |x, y| {
                ours.forward(x, y)
            })
        }
        "poly" => {
            let ours = PolyLossConfig::new().init::<Autodiff<B>>(device);
            Case::of(logits, targets, COMPOSED, composed::poly, move |x, y| {
                ours.forward(x, y)
            })
        }
        "generalized-cross-entropy" => {
            let ours = GeneralizedCrossEntropyLossConfig::new().init::<Autodiff<B>>(device);
            Case::of(
                logits,
                targets,
                COMPOSED,
                composed::generalized_cross_entropy,
                move |x, y| ours.forward(x, y),
            )
        }
        loss => panic!("work.txt: no loss {loss}"),
    }
}

/// Cross entropy of `[N, C, H, W]`.
fn dense<B: LossBackend>(row: &Row, device: &B::Device) -> Case<B> {
    assert_eq!(row.loss, "cross-entropy", "work.txt: no dense rows of it");
    let [n, classes, height, width] = row.dims::<4>();
    let logits = logits::<B, 4>([n, classes, height, width], device);
    let targets = random_classes::<B>(n * height * width, classes, device);
    let targets = Tensor::<Autodiff<B>, 1, Int>::from_inner(targets).reshape([n, height, width]);
    let burn = nn::CrossEntropyLossConfig::new().init::<Autodiff<B>>(device);
    let ours = CrossEntropyLossConfig::new().init::<Autodiff<B>>(device);
    Case::of(
        logits,
        targets,
        BURN,
        move |logits: Tensor<Autodiff<B>, 4>, targets: Tensor<Autodiff<B>, 3, Int>| {
            // burn-nn takes rows only.
            let rows = n * height * width;
            let logits = logits.permute([0, 2, 3, 1]).reshape([rows, classes]);
            burn.forward(logits, targets.reshape([rows]))
        },
        move |x, y| ours.forward_nd(x, y),
    )
}

/// Logits `[N, C]` and the classes `[N]`.
fn inputs<B: LossBackend>(row: &Row, device: &B::Device) -> (Tensor<B, 2>, Classes<B>) {
    let [rows, classes] = row.dims::<2>();
    let logits = logits([rows, classes], device);
    let mut targets = random_classes::<B>(rows, classes, device);
    if row.how == "ignored-rows" {
        let share = Tensor::<B, 1>::random([rows], Distribution::Uniform(0.0, 1.0), device);
        targets = targets
            .clamp_min(IGNORED as i64 + 1)
            .mask_fill(share.lower_elem(0.1), IGNORED as i64);
    }
    (logits, Tensor::from_inner(targets))
}

fn logits<B: Backend, const D: usize>(shape: [usize; D], device: &B::Device) -> Tensor<B, D> {
    Tensor::random(shape, Distribution::Normal(0.0, 2.0), device)
}

fn random_classes<B: Backend>(
    rows: usize,
    classes: usize,
    device: &B::Device,
) -> Tensor<B, 1, Int> {
    let uniform = Distribution::Uniform(0.0, classes as f64);
    let targets = Tensor::<B, 1>::random([rows], uniform, device).int();
    targets.clamp(0, classes as i64 - 1)
}

/// From 1/2 to 3/2.
fn class_weights(classes: usize) -> Vec<f32> {
    let last = (classes - 1) as f32;
    (0..classes)
        .map(|class| 0.5 + class as f32 / last)
        .collect()
}
