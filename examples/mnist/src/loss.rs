//! The choice of the loss, and what each loss wants to be given.

use burn::prelude::*;
use burn::tensor::activation::{log_softmax, softmax};
use burn_loss::{
    AsymmetricLoss, AsymmetricLossConfig, BceLoss, BceLossConfig, BceWithLogitsLoss,
    BceWithLogitsLossConfig, CharbonnierLoss, CharbonnierLossConfig, CrossEntropyLoss,
    CrossEntropyLossConfig, FocalLoss, FocalLossConfig, GeneralizedCrossEntropyLoss,
    GeneralizedCrossEntropyLossConfig, HuberLoss, HuberLossConfig, L1Loss, L1LossConfig,
    LogCoshLoss, LogCoshLossConfig, LogitAdjustedLoss, LogitAdjustedLossConfig, LossBackend,
    MseLoss, MseLossConfig, MultiLabelSoftMarginLoss, MultiLabelSoftMarginLossConfig,
    MultiMarginLoss, MultiMarginLossConfig, NllLoss, NllLossConfig, PolyLoss, PolyLossConfig,
    SigmoidFocalLoss, SigmoidFocalLossConfig, SmoothL1Loss, SmoothL1LossConfig, class_weights,
};
use burn_loss_metrics::first_batch::{self, Findings, Meant};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::data::CLASSES;

/// The losses of the example.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LossKind {
    /// Of the logits and the digit: what one takes to tell classes apart
    CrossEntropy,
    /// Of the log-probabilities and the digit: the same number as cross-entropy
    Nll,
    /// Of the logits and the digit: what is already right counts little
    Focal,
    /// Of the logits and the digit: cross-entropy with more weight on what is not yet sure
    Poly,
    /// Of the logits and the digit: less sensitive to wrong labels
    GeneralizedCrossEntropy,
    /// Of the logits and the digit: a rare digit is found as well as a frequent one
    LogitAdjusted,
    /// Of the logits and the digit: a margin instead of probabilities, as a support vector machine has it
    MultiMargin,
    /// Of the probabilities and the one-hot digit
    Bce,
    /// Of the logits and the one-hot digit: ten separate yes-or-no questions
    BceWithLogits,
    /// Of the logits and the one-hot digit: bce-with-logits in which what is already right counts little
    SigmoidFocal,
    /// Of the logits and the one-hot digit: an easy no counts less than an easy yes
    Asymmetric,
    /// Of the logits and the one-hot digit: the same number as bce-with-logits
    MultiLabelSoftMargin,
    /// Of the probabilities and the one-hot digit
    Mse,
    /// Of the probabilities and the one-hot digit
    L1,
    /// Of the probabilities and the one-hot digit: about half of mse
    LogCosh,
    /// Of the probabilities and the one-hot digit; below an error of 1 it is half of mse
    Huber,
    /// Of the probabilities and the one-hot digit; as huber, but for the scale of large errors
    SmoothL1,
    /// Of the probabilities and the one-hot digit: l1, round at 0
    Charbonnier,
}

/// A loss and its options.
#[derive(Config, Debug)]
pub struct LossConfig {
    pub kind: LossKind,
    #[config(default = 0.0)]
    pub label_smoothing: f64,
    pub class_weights: Option<Vec<f32>>,
}

impl LossConfig {
    /// An option that the loss would not use is an error rather than ignored.
    pub fn validate(&self) -> crate::Result<()> {
        use LossKind::*;
        let smooths = matches!(self.kind, CrossEntropy | BceWithLogits);
        if self.label_smoothing != 0.0 && !smooths {
            return Err(self.refuses("--label-smoothing", "cross-entropy and bce-with-logits"));
        }
        let Some(weights) = &self.class_weights else {
            return Ok(());
        };
        let of_classes = [CrossEntropy, Nll, Focal, Poly, GeneralizedCrossEntropy];
        if !of_classes.contains(&self.kind) {
            let takers = "cross-entropy, nll, focal, poly and generalized-cross-entropy";
            return Err(self.refuses("--class-weights", takers));
        }
        if weights.len() != CLASSES {
            let found = weights.len();
            return Err(format!(
                "--class-weights: expected {CLASSES} numbers, one a digit, found {found}"
            )
            .into());
        }
        if weights.iter().all(|&weight| weight == 0.0) {
            return Err("--class-weights: expected at least one weight above 0".into());
        }
        Ok(())
    }

    /// The loss as the command line calls it.
    pub fn name(&self) -> String {
        let kind = self.kind.to_possible_value().expect("no loss is hidden");
        kind.get_name().to_owned()
    }

    fn refuses(&self, option: &str, takers: &str) -> Box<dyn std::error::Error> {
        let name = self.name();
        format!("{option} is for {takers}; --loss {name} does not take it").into()
    }

    /// Makes the loss; `counts`, how many there are of each digit, are asked for only where the loss takes them.
    pub fn init<B: LossBackend>(
        &self,
        counts: impl FnOnce() -> [u64; CLASSES],
        device: &B::Device,
    ) -> Loss<B> {
        match self.kind {
            LossKind::CrossEntropy => Loss::CrossEntropy(
                CrossEntropyLossConfig::new()
                    .with_class_weights(self.class_weights.clone())
                    .with_label_smoothing(self.label_smoothing)
                    .init(device),
            ),
            LossKind::Nll => Loss::Nll(
                NllLossConfig::new()
                    .with_class_weights(self.class_weights.clone())
                    .init(device),
            ),
            LossKind::Focal => Loss::Focal(
                FocalLossConfig::new()
                    .with_class_weights(self.class_weights.clone())
                    .init(device),
            ),
            LossKind::Poly => Loss::Poly(
                PolyLossConfig::new()
                    .with_class_weights(self.class_weights.clone())
                    .init(device),
            ),
            LossKind::GeneralizedCrossEntropy => Loss::GeneralizedCrossEntropy(
                GeneralizedCrossEntropyLossConfig::new()
                    .with_class_weights(self.class_weights.clone())
                    .init(device),
            ),
            LossKind::LogitAdjusted => {
                // A small part of the data may lack a digit, whose share cannot be 0.
                let priors = class_weights::priors(&counts().map(|count| count.max(1)));
                Loss::LogitAdjusted(LogitAdjustedLossConfig::new(priors).init(device))
            }
            LossKind::MultiMargin => Loss::MultiMargin(MultiMarginLossConfig::new().init(device)),
            LossKind::Bce => Loss::Bce(BceLossConfig::new().init()),
            LossKind::BceWithLogits => Loss::BceWithLogits(
                BceWithLogitsLossConfig::new()
                    .with_label_smoothing(self.label_smoothing)
                    .init(device),
            ),
            LossKind::SigmoidFocal => Loss::SigmoidFocal(SigmoidFocalLossConfig::new().init()),
            LossKind::Asymmetric => Loss::Asymmetric(AsymmetricLossConfig::new().init()),
            LossKind::MultiLabelSoftMargin => {
                Loss::MultiLabelSoftMargin(MultiLabelSoftMarginLossConfig::new().init(device))
            }
            LossKind::L1 => Loss::L1(L1LossConfig::new().init()),
            LossKind::LogCosh => Loss::LogCosh(LogCoshLossConfig::new().init()),
            LossKind::Mse => Loss::Mse(MseLossConfig::new().init()),
            LossKind::Huber => Loss::Huber(HuberLossConfig::new().init()),
            LossKind::SmoothL1 => Loss::SmoothL1(SmoothL1LossConfig::new().init()),
            LossKind::Charbonnier => Loss::Charbonnier(CharbonnierLossConfig::new().init()),
        }
    }
}

/// Any of the losses, as a function of logits and digits.
#[derive(Module, Debug)]
pub enum Loss<B: Backend> {
    CrossEntropy(CrossEntropyLoss<B>),
    Nll(NllLoss<B>),
    Focal(FocalLoss<B>),
    Poly(PolyLoss<B>),
    GeneralizedCrossEntropy(GeneralizedCrossEntropyLoss<B>),
    LogitAdjusted(LogitAdjustedLoss<B>),
    MultiMargin(MultiMarginLoss<B>),
    Bce(BceLoss),
    BceWithLogits(BceWithLogitsLoss<B>),
    SigmoidFocal(SigmoidFocalLoss),
    Asymmetric(AsymmetricLoss),
    MultiLabelSoftMargin(MultiLabelSoftMarginLoss<B>),
    Mse(MseLoss),
    L1(L1Loss),
    LogCosh(LogCoshLoss),
    Huber(HuberLoss),
    SmoothL1(SmoothL1Loss),
    Charbonnier(CharbonnierLoss),
}

impl<B: LossBackend> Loss<B> {
    /// Logits `[N, 10]` and digits `[N]` to their mean loss.
    pub fn forward(&self, logits: Tensor<B, 2>, digits: Tensor<B, 1, Int>) -> Tensor<B, 1> {
        match self {
            Loss::CrossEntropy(loss) => loss.forward(logits, digits),
            Loss::Nll(loss) => loss.forward(log_softmax(logits, 1), digits),
            Loss::Focal(loss) => loss.forward(logits, digits),
            Loss::Poly(loss) => loss.forward(logits, digits),
            Loss::GeneralizedCrossEntropy(loss) => loss.forward(logits, digits),
            Loss::LogitAdjusted(loss) => loss.forward(logits, digits),
            Loss::MultiMargin(loss) => loss.forward(logits, digits),
            Loss::SigmoidFocal(loss) => loss.forward(logits, one_hot(digits)),
            Loss::Asymmetric(loss) => loss.forward(logits, one_hot(digits)),
            Loss::MultiLabelSoftMargin(loss) => loss.forward(logits, one_hot(digits)),
            Loss::L1(loss) => loss.forward(softmax(logits, 1), one_hot(digits)),
            Loss::LogCosh(loss) => loss.forward(softmax(logits, 1), one_hot(digits)),
            Loss::Bce(loss) => loss.forward(softmax(logits, 1), one_hot(digits)),
            Loss::BceWithLogits(loss) => loss.forward(logits, one_hot(digits)),
            Loss::Mse(loss) => loss.forward(softmax(logits, 1), one_hot(digits)),
            Loss::Huber(loss) => loss.forward(softmax(logits, 1), one_hot(digits)),
            Loss::SmoothL1(loss) => loss.forward(softmax(logits, 1), one_hot(digits)),
            Loss::Charbonnier(loss) => loss.forward(softmax(logits, 1), one_hot(digits)),
        }
    }

    /// What the first batch tells of what the loss is given.
    pub fn first_batch(&self, logits: Tensor<B, 2>, digits: Tensor<B, 1, Int>) -> Findings {
        use first_batch::{class_scores, label_scores, regression};
        match self {
            Loss::CrossEntropy(_)
            | Loss::Focal(_)
            | Loss::Poly(_)
            | Loss::GeneralizedCrossEntropy(_)
            | Loss::LogitAdjusted(_)
            | Loss::MultiMargin(_) => class_scores(logits, digits, &Meant::logits()),
            Loss::Nll(_) => {
                class_scores(log_softmax(logits, 1), digits, &Meant::log_probabilities())
            }
            Loss::Bce(_) => {
                label_scores(softmax(logits, 1), one_hot(digits), &Meant::probabilities())
            }
            Loss::BceWithLogits(_)
            | Loss::SigmoidFocal(_)
            | Loss::Asymmetric(_)
            | Loss::MultiLabelSoftMargin(_) => {
                label_scores(logits, one_hot(digits), &Meant::logits())
            }
            Loss::Mse(_)
            | Loss::L1(_)
            | Loss::LogCosh(_)
            | Loss::Huber(_)
            | Loss::SmoothL1(_)
            | Loss::Charbonnier(_) => {
                regression(softmax(logits, 1), one_hot(digits), &Meant::numbers())
            }
        }
    }
}

fn one_hot<B: Backend>(digits: Tensor<B, 1, Int>) -> Tensor<B, 2> {
    digits.one_hot::<2>(CLASSES).float()
}

#[cfg(test)]
mod tests {
    use burn::backend::NdArray;
    use burn::tensor::Tolerance;

    use super::*;

    fn loss_of(config: &LossConfig) -> Tensor<NdArray, 1> {
        let device = Default::default();
        // The first digit is told with the logit 2 against nine logits of 0, the second not at all.
        let mut logits = [[0.0; CLASSES]; 2];
        logits[0][3] = 2.0;
        let logits = Tensor::from_data(logits, &device);
        config
            .init(|| [600; CLASSES], &device)
            .forward(logits, Tensor::from_data([3, 7], &device))
    }

    fn assert_loss(config: &LossConfig, expected: f64) {
        let expected = TensorData::from([expected as f32]);
        loss_of(config)
            .into_data()
            .assert_approx_eq::<f32>(&expected, Tolerance::relative(1e-5));
    }

    /// Probabilities of the two digits above, and of one of the other nine beside the first.
    fn probabilities() -> (f64, f64, f64) {
        let sum = 2f64.exp() + 9.0;
        (2f64.exp() / sum, 1.0 / sum, 0.1)
    }

    #[test]
    fn losses_are_given_what_they_want() {
        let (p, rest, q) = probabilities();
        let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
        let cross_entropy = -(p.ln() + q.ln()) / 2.0;
        assert_loss(&LossConfig::new(LossKind::CrossEntropy), cross_entropy);
        assert_loss(&LossConfig::new(LossKind::Nll), cross_entropy);
        // Of equal counts.
        assert_loss(&LossConfig::new(LossKind::LogitAdjusted), cross_entropy);
        // The second digit misses the margin to nine others.
        assert_loss(&LossConfig::new(LossKind::MultiMargin), 0.9 / 2.0);
        let bce = -(p.ln() + 9.0 * (1.0 - rest).ln() + q.ln() + 9.0 * (1.0 - q).ln()) / 20.0;
        assert_loss(&LossConfig::new(LossKind::Bce), bce);
        let with_logits = -(sigmoid(2.0).ln() + 19.0 * sigmoid(0.0).ln()) / 20.0;
        for kind in [LossKind::BceWithLogits, LossKind::MultiLabelSoftMargin] {
            assert_loss(&LossConfig::new(kind), with_logits);
        }
        // A probability of 1/2 is clipped to 0.45 for a no.
        let no = 0.45f64.powi(4) * -0.55f64.ln();
        let yes = |x: f64| (1.0 - sigmoid(x)) * -sigmoid(x).ln();
        let asymmetric = (yes(2.0) + yes(0.0) + 18.0 * no) / 20.0;
        assert_loss(&LossConfig::new(LossKind::Asymmetric), asymmetric);
        let squares = (1.0 - p).powi(2) + 9.0 * rest.powi(2) + (1.0 - q).powi(2) + 9.0 * q.powi(2);
        assert_loss(&LossConfig::new(LossKind::Mse), squares / 20.0);
        for kind in [LossKind::Huber, LossKind::SmoothL1] {
            assert_loss(&LossConfig::new(kind), squares / 40.0);
        }
        let round = |error: f64| (error.powi(2) + 1e-6).sqrt();
        let rounds = round(1.0 - p) + 9.0 * round(rest) + round(1.0 - q) + 9.0 * round(q);
        assert_loss(&LossConfig::new(LossKind::Charbonnier), rounds / 20.0);
    }

    #[test]
    fn a_digit_that_is_missing_has_a_share() {
        let counts = [0, 1, 1, 1, 1, 1, 1, 1, 1, 1];
        let config = LossConfig::new(LossKind::LogitAdjusted);
        let loss = config.init::<NdArray>(|| counts, &Default::default());
        let logits = Tensor::zeros([1, CLASSES], &Default::default());
        let loss = loss.forward(logits, Tensor::from_data([0], &Default::default()));
        assert!((loss.into_scalar() - 10f32.ln()).abs() < 1e-5);
    }

    #[test]
    fn options_reach_the_loss() {
        let (p, rest, q) = probabilities();
        let mut weights = vec![1.0; CLASSES];
        weights[3] = 3.0;
        let weighted = -(3.0 * p.ln() + q.ln()) / 4.0;
        for kind in [LossKind::CrossEntropy, LossKind::Nll] {
            assert_loss(
                &LossConfig::new(kind).with_class_weights(Some(weights.clone())),
                weighted,
            );
        }
        let spread = -((p.ln() + 9.0 * rest.ln()) / 10.0 + q.ln()) / 2.0;
        let smoothed = 0.8 * -(p.ln() + q.ln()) / 2.0 + 0.2 * spread;
        assert_loss(
            &LossConfig::new(LossKind::CrossEntropy).with_label_smoothing(0.2),
            smoothed,
        );
    }

    #[test]
    fn refuses_options_that_would_be_ignored() {
        let error = |config: LossConfig| config.validate().unwrap_err().to_string();
        let weights = Some(vec![1.0; CLASSES]);
        assert_eq!(
            error(LossConfig::new(LossKind::Mse).with_label_smoothing(0.1)),
            "--label-smoothing is for cross-entropy and bce-with-logits; --loss mse does not take it"
        );
        assert_eq!(
            error(LossConfig::new(LossKind::BceWithLogits).with_class_weights(weights.clone())),
            "--class-weights is for cross-entropy, nll, focal, poly and generalized-cross-entropy; --loss bce-with-logits does not \
             take it"
        );
        let nll = LossConfig::new(LossKind::Nll);
        assert!(nll.clone().with_class_weights(weights).validate().is_ok());
        assert_eq!(
            error(nll.clone().with_class_weights(Some(vec![1.0; 3]))),
            "--class-weights: expected 10 numbers, one a digit, found 3"
        );
        assert!(error(nll.with_class_weights(Some(vec![0.0; CLASSES]))).contains("above 0"));
    }
}
