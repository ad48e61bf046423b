//! The losses of one of C classes, against the probability of the true one.

use burn::prelude::*;
use burn_loss::{
    AutodiffLossBackend, CrossEntropyLossConfig, FocalLossConfig,
    GeneralizedCrossEntropyLossConfig, LogitAdjustedLossConfig, NllLossConfig, PolyLossConfig,
};
use burn_loss_plots::{Picture, Result};

use crate::figure::{Curve, Figure, grid};

const CLASSES: usize = 10;

pub fn figure<B: AutodiffLossBackend>(device: &B::Device) -> Result<Picture> {
    let p = grid(0.005, 0.995);
    let rows = p.len();
    let logits = logits::<B>(&p, device);
    let targets = Tensor::<B, 1, Int>::zeros([rows], device);
    let curve = |name: &str, loss: &dyn Fn(Tensor<B, 2>, Tensor<B, 1, Int>) -> Tensor<B, 1>| {
        // The true class is the first of each row.
        let slopes = |all: Vec<f64>| all.into_iter().step_by(CLASSES).collect();
        Curve::of(name, logits.clone(), |x| loss(x, targets.clone()), slopes)
    };
    let plain = CrossEntropyLossConfig::new().init(device);
    let smooth = CrossEntropyLossConfig::new()
        .with_label_smoothing(0.1)
        .init(device);
    let focal = FocalLossConfig::new().with_gamma(2.0).init(device);
    let poly = PolyLossConfig::new().with_epsilon(1.0).init(device);
    let generalized = GeneralizedCrossEntropyLossConfig::new()
        .with_q(0.7)
        .init(device);
    // The true class is a tenth as frequent as each of the others.
    let mut priors = vec![1.0; CLASSES];
    priors[0] = 0.1;
    let adjusted = LogitAdjustedLossConfig::new(priors).init(device);
    let curves = vec![
        curve("CrossEntropyLoss, and NllLoss of log-softmax", &|x, t| {
            plain.forward_no_reduction(x, t)
        }),
        curve("label_smoothing 0.1", &|x, t| {
            smooth.forward_no_reduction(x, t)
        }),
        curve("FocalLoss, gamma 2", &|x, t| {
            focal.forward_no_reduction(x, t)
        }),
        curve("PolyLoss, epsilon 1", &|x, t| {
            poly.forward_no_reduction(x, t)
        }),
        curve("GeneralizedCrossEntropyLoss, q 0.7", &|x, t| {
            generalized.forward_no_reduction(x, t)
        }),
        curve("LogitAdjustedLoss, a class of 1 in 91", &|x, t| {
            adjusted.forward_no_reduction(x, t)
        }),
    ];
    // One line for two losses, so it had better be one.
    let of_log_probabilities = curve("NllLoss", &|x, t| {
        let loss = NllLossConfig::new().init(device);
        // The log-softmax of logits whose exponentials add up to 1, to first order: the derivative of Burn's logarithm is a
        // reciprocal, which its NdArray knows to 12 bits on processors with AVX2.
        let log_p = x.clone() - (x.exp().sum_dim(1) - 1.0);
        loss.forward_no_reduction(log_p, t)
    });
    curves[0].assert_same(&of_log_probabilities);
    let figure = Figure {
        title: "Losses of one of ten classes",
        x_label: "probability of the true class",
        slope_label: "d loss / d logit of the true class",
        x: p,
        ranges: [(0.0, 5.5), (-1.25, 0.2)],
        curves,
    };
    figure.draw()
}

/// Logits whose softmax gives the first class a probability, and the other classes equal parts of the rest.
fn logits<B: Backend>(p: &[f64], device: &B::Device) -> Tensor<B, 2> {
    let row = |&p: &f64| {
        let other = ((1.0 - p) / (CLASSES - 1) as f64).ln();
        let mut row = [other; CLASSES];
        row[0] = p.ln();
        row
    };
    let values: Vec<f64> = p.iter().flat_map(row).collect();
    Tensor::from_data(TensorData::new(values, [p.len(), CLASSES]), device)
}

#[cfg(test)]
mod tests {
    use burn::tensor::activation::softmax;
    use example_support::backend::NdArray;

    use super::*;

    #[test]
    fn logits_give_the_probability() {
        let logits = logits::<NdArray>(&[0.1, 0.7], &Default::default());
        let p = softmax(logits, 1)
            .into_data()
            .iter::<f32>()
            .collect::<Vec<_>>();
        let expected = [vec![0.1; 10], vec![0.7], vec![0.3 / 9.0; 9]].concat();
        for (found, expected) in p.iter().zip(&expected) {
            assert!((found - expected).abs() < 1e-6, "{p:?}");
        }
    }
}
