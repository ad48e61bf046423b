//! Losses whose inputs all have the shape of the prediction: one arm per loss.

use burn::backend::Autodiff;
use burn::nn::loss as nn;
use burn::tensor::Tensor;
use burn::tensor::loss::cross_entropy_with_logits;
use burn_loss::{
    AsymmetricLossConfig, BceLossConfig, BceWithLogitsLossConfig, CharbonnierLossConfig,
    CrossEntropyLossConfig, ElementwiseLoss, GammaNllLossConfig, GaussianCrpsLossConfig,
    GaussianNllLossConfig, HingeEmbeddingLossConfig, HuberLossConfig, JsDivLossConfig,
    KlDivLossConfig, L1LossConfig, LogCoshLossConfig, LossBackend, MarginRankingLossConfig,
    MseLossConfig, MsleLossConfig, MultiLabelSoftMarginLossConfig, PoissonNllLossConfig,
    QuantileLossConfig, SigmoidFocalLossConfig, SmoothL1LossConfig, SoftMarginLossConfig,
    SpreadLoss, TweedieLossConfig,
};

use crate::contenders::{Case, DELTA, Inputs, LEVEL};
use crate::{Row, composed, inputs};

const MEAN: nn::Reduction = nn::Reduction::Mean;

/// An input on the backend that differentiates.
type Numbers<B> = Tensor<Autodiff<B>, 2>;
/// A loss as one number.
type Loss<B> = Tensor<Autodiff<B>, 1>;

/// Losses of a prediction and a target.
pub(crate) fn of_two<B: LossBackend>(row: &Row, device: &B::Device) -> Case<B> {
    let [prediction, target] = all(row, device);
    let target = Tensor::<Autodiff<B>, 2>::from_inner(target);
    let inputs = Inputs { prediction, target };
    match row.loss {
        "mse" => inputs.burn(
            |x, y| nn::MseLoss::new().forward(x, y, MEAN),
            ours::<B>(MseLossConfig::new().init()),
        ),
        "l1" => inputs.burn(
            |x, y| nn::LpLossConfig::l1().forward(x, y, MEAN),
            ours::<B>(L1LossConfig::new().init()),
        ),
        "huber" => inputs.burn(
            |x, y| nn::HuberLossConfig::new(DELTA).init().forward(x, y, MEAN),
            ours::<B>(HuberLossConfig::new().init()),
        ),
        "smooth-l1" => inputs.burn(
            |x, y| {
                let loss = nn::SmoothL1LossConfig::new().init();
                loss.forward_with_reduction(x, y, MEAN)
            },
            ours::<B>(SmoothL1LossConfig::new().init()),
        ),
        "kl-div" => inputs.burn(
            |x, y| nn::KLDivLossConfig::new().init().forward(x, y, MEAN),
            ours::<B>(KlDivLossConfig::new().init()),
        ),
        "js-div" => {
            let loss = JsDivLossConfig::new().init();
            inputs.composed(composed::js_div, move |x, y| loss.forward(x, y))
        }
        "poisson-nll" => inputs.burn(
            |x, y| nn::PoissonNllLossConfig::new().init().forward(x, y, MEAN),
            ours::<B>(PoissonNllLossConfig::new().init()),
        ),
        "bce" => binary(
            inputs,
            false,
            device,
            ours::<B>(BceLossConfig::new().init()),
        ),
        "bce-with-logits" => {
            let loss = BceWithLogitsLossConfig::new().init::<Autodiff<B>>(device);
            binary(inputs, true, device, ours::<B>(loss))
        }
        "multi-label-soft-margin" => {
            let loss = MultiLabelSoftMarginLossConfig::new().init::<Autodiff<B>>(device);
            inputs.composed(composed::bce_with_logits, move |x, y| loss.forward(x, y))
        }
        // The targets are probabilities.
        "cross-entropy" => {
            let loss = CrossEntropyLossConfig::new().init::<Autodiff<B>>(device);
            inputs.composed(cross_entropy_with_logits, move |x, y| {
                loss.forward_probabilities(x, y)
            })
        }
        "sigmoid-focal" => inputs.composed(
            composed::sigmoid_focal,
            ours::<B>(SigmoidFocalLossConfig::new().init()),
        ),
        "log-cosh" => inputs.composed(
            composed::log_cosh,
            ours::<B>(LogCoshLossConfig::new().init()),
        ),
        "quantile" => {
            let config = QuantileLossConfig::new().with_levels(vec![LEVEL]);
            let loss = config.init::<Autodiff<B>>(device);
            inputs.composed(composed::quantile, ours::<B>(loss))
        }
        "charbonnier" => inputs.composed(
            composed::charbonnier,
            ours::<B>(CharbonnierLossConfig::new().init()),
        ),
        "msle" => inputs.composed(composed::msle, ours::<B>(MsleLossConfig::new().init())),
        "tweedie" => inputs.composed(
            composed::tweedie,
            ours::<B>(TweedieLossConfig::new().init()),
        ),
        "gamma-nll" => inputs.composed(
            composed::gamma_nll,
            ours::<B>(GammaNllLossConfig::new().init()),
        ),
        "hinge-embedding" => inputs.composed(
            composed::hinge_embedding,
            ours::<B>(HingeEmbeddingLossConfig::new().init()),
        ),
        "soft-margin" => inputs.composed(
            composed::soft_margin,
            ours::<B>(SoftMarginLossConfig::new().init()),
        ),
        "asymmetric" => inputs.composed(
            composed::asymmetric,
            ours::<B>(AsymmetricLossConfig::new().init()),
        ),
        loss => panic!("work.txt: no loss {loss} of two inputs"),
    }
}

/// Losses that take a third input.
pub(crate) fn of_three<B: LossBackend>(row: &Row, device: &B::Device) -> Case<B> {
    let [prediction, second, third] = all(row, device);
    let target = [second, third].map(Tensor::<Autodiff<B>, 2>::from_inner);
    let inputs = Inputs { prediction, target };
    match row.loss {
        "gaussian-nll" => inputs.composed(
            composed::gaussian_nll,
            ours_of_spread::<B>(GaussianNllLossConfig::new().init()),
        ),
        "gaussian-crps" => inputs.composed(
            composed::gaussian_crps,
            ours_of_spread::<B>(GaussianCrpsLossConfig::new().init()),
        ),
        "margin-ranking" => {
            let loss = MarginRankingLossConfig::new().init();
            inputs.composed(composed::margin_ranking, move |x, [second, y]| {
                loss.forward(x, second, y)
            })
        }
        loss => panic!("work.txt: no loss {loss} of three inputs"),
    }
}

/// All inputs of a row.
fn all<B: LossBackend, const N: usize>(row: &Row, device: &B::Device) -> [Tensor<B, 2>; N] {
    std::array::from_fn(|index| inputs::large(row.inputs[index], row.dims(), device))
}

/// Binary cross entropy, whose targets are integers in burn-nn.
fn binary<B: LossBackend>(
    inputs: Inputs<B, 2, Numbers<B>>,
    logits: bool,
    device: &B::Device,
    ours: impl Fn(Numbers<B>, Numbers<B>) -> Loss<B> + 'static,
) -> Case<B> {
    let burn = nn::BinaryCrossEntropyLossConfig::new().with_logits(logits);
    let burn = burn.init::<Autodiff<B>>(device);
    let bits = inputs.target.clone().int();
    inputs.burn(move |x, _| burn.forward(x, bits.clone()), ours)
}

fn ours<B: LossBackend>(
    loss: impl ElementwiseLoss<Autodiff<B>> + 'static,
) -> impl Fn(Numbers<B>, Numbers<B>) -> Loss<B> + 'static {
    move |x, y| loss.forward(x, y)
}

fn ours_of_spread<B: LossBackend>(
    loss: impl SpreadLoss<Autodiff<B>> + 'static,
) -> impl Fn(Numbers<B>, [Numbers<B>; 2]) -> Loss<B> + 'static {
    move |x, [y, spread]| loss.forward(x, y, spread)
}
