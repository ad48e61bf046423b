//! Which of all second views belongs to a first one: InfoNCE, and NT-Xent.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::{Bool, Int, Tensor};
use burn_loss_kernels::LossBackend;

use super::{same_width, unit_rows};
use crate::display::display_fields;
use crate::{CrossEntropyLoss, CrossEntropyLossConfig, Reduction, check};

/// Configuration of [`InfoNceLoss`].
///
/// # Example
///
/// ```
/// use burn_loss::InfoNceLossConfig;
///
/// let loss = InfoNceLossConfig::new().with_temperature(0.5).init();
/// assert_eq!(loss.temperature, 0.5);
/// ```
#[derive(Config, Debug, PartialEq)]
#[non_exhaustive]
pub struct InfoNceLossConfig {
    /// What similarities are divided by, finite and above 0. Default: 0.07.
    #[config(default = 0.07)]
    pub temperature: f64,
    /// Whether the second views look for their first ones, too. Default: they do.
    #[config(default = true)]
    pub symmetric: bool,
    /// Whether the other embeddings of its own view are candidates of an embedding, too: NT-Xent. Default: they are not.
    #[config(default = false)]
    pub within_views: bool,
    /// Whether embeddings are brought to length 1 first, so that similarities are cosines. Default: they are.
    #[config(default = true)]
    pub normalize: bool,
    /// How the losses become one number. Default: mean.
    #[config(default = "Reduction::Mean")]
    pub reduction: Reduction,
}

impl InfoNceLossConfig {
    /// Makes the loss.
    ///
    /// # Panics
    ///
    /// If the temperature is not above 0, if it is to look within views and not to be symmetric, or if `reduction` is
    /// [`BatchMean`](Reduction::BatchMean).
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::Tensor;
    /// use burn_loss::InfoNceLossConfig;
    ///
    /// let device = Default::default();
    /// let first = Tensor::<NdArray, 2>::from_floats([[1.0, 0.0], [0.0, 1.0]], &device);
    /// let loss = InfoNceLossConfig::new().with_temperature(1.0).init();
    /// // Each has the cosine 1 with its own, and 0 with the other.
    /// let mean = loss.forward(first.clone(), first).into_scalar();
    /// assert!((mean - (1.0 + (-1f32).exp()).ln()).abs() < 1e-6);
    /// ```
    #[track_caller]
    pub fn init(&self) -> InfoNceLoss {
        let name = "InfoNceLossConfig";
        check::reduction(name, self.reduction);
        check::config_above_zero(name, "temperature", self.temperature);
        check::config(
            self.symmetric || !self.within_views,
            name,
            "symmetric",
            "to hold where `within_views` does",
            self.symmetric,
        );
        InfoNceLoss {
            temperature: self.temperature,
            symmetric: self.symmetric,
            within_views: self.within_views,
            normalize: self.normalize,
            reduction: self.reduction,
        }
    }
}

/// The cross entropy of finding each embedding's partner among all candidates: with the similarities `s_ij = <a_i, b_j> / t` of
/// the first views `a` and the second views `b`, each of length 1, and the temperature `t`, `log sum_j exp(s_ij) - s_ii`.
///
/// For learning embeddings from pairs alone: two crops of an image (SimCLR), an image and its caption (CLIP), a query and its
/// document. Every other pair of the batch is a negative, so batches must be large, and no two pairs of one batch should mean the
/// same; where classes are known, take [`SupConLoss`](crate::SupConLoss).
///
/// - `first`, `second`: `[N, D]`, row `i` of one belongs to row `i` of the other
/// - symmetric: half of the loss of the first views among the second, and half of that the other way round
/// - within views (NT-Xent): each of the `2 N` embeddings looks among the `2 N - 1` others, and a pair's loss is the mean of its
///   two
/// - `forward_with_negatives` takes further candidates `[K, D]`: for the first views only, with `within_views` for all embeddings
/// - one tensor of the size of the similarities is made, and its gradient; the second direction reads its columns as rows (NdArray
///   copies it for that)
/// - [InfoNCE](https://arxiv.org/abs/1807.03748), [SimCLR](https://arxiv.org/abs/2002.05709),
///   [CLIP](https://arxiv.org/abs/2103.00020); pytorch-metric-learning:
///   [`NTXentLoss`](https://kevinmusgrave.github.io/pytorch-metric-learning/losses/#ntxentloss) with `ref_emb` is
///   `symmetric: false`, and with the labels `0..N` twice it is `within_views`, one positive per anchor in both
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::Tensor;
/// use burn_loss::InfoNceLossConfig;
///
/// let device = Default::default();
/// let first = Tensor::<NdArray, 2>::from_floats([[1.0, 0.0], [0.0, 1.0]], &device);
/// let loss = InfoNceLossConfig::new().with_within_views(true).with_temperature(1.0).init();
/// // Of three others, one has the cosine 1 and two have 0.
/// let mean = loss.forward(first.clone(), first).into_scalar();
/// assert!((mean - (1.0 + 2.0 * (-1f32).exp()).ln()).abs() < 1e-6);
/// ```
#[derive(Module, Debug, Clone)]
#[module(custom_display)]
#[non_exhaustive]
pub struct InfoNceLoss {
    /// What similarities are divided by, finite and above 0.
    pub temperature: f64,
    /// Whether the second views look for their first ones, too.
    pub symmetric: bool,
    /// Whether the other embeddings of its own view are candidates of an embedding, too.
    pub within_views: bool,
    /// Whether embeddings are brought to length 1 first.
    pub normalize: bool,
    /// How the losses become one number.
    #[module(skip)]
    pub reduction: Reduction,
}

display_fields!([] InfoNceLoss: {} temperature, symmetric, within_views, normalize, reduction);

const NAME: &str = "InfoNceLoss";

/// Similarities of anchors with their candidates, and who belongs to whom.
struct Similarities<B: LossBackend> {
    /// `[N, candidates]`, or `[2 N, candidates]` within views.
    logits: Tensor<B, 2>,
    targets: Tensor<B, 1, Int>,
    pairs: usize,
}

impl InfoNceLoss {
    /// Computes the loss as one number, reduced as configured.
    ///
    /// # Shapes
    ///
    /// - `first`, `second`: `[N, D]`
    /// - output: `[1]`
    ///
    /// # Panics
    ///
    /// If the shapes, element types or devices differ.
    #[track_caller]
    pub fn forward<B: LossBackend>(
        &self,
        first: Tensor<B, 2>,
        second: Tensor<B, 2>,
    ) -> Tensor<B, 1> {
        self.reduced(self.similarities(first, second, None))
    }

    /// Computes one loss per pair.
    ///
    /// # Shapes
    ///
    /// - `first`, `second`: `[N, D]`
    /// - output: `[N]`
    ///
    /// # Panics
    ///
    /// As [`forward`](Self::forward).
    #[track_caller]
    pub fn forward_no_reduction<B: LossBackend>(
        &self,
        first: Tensor<B, 2>,
        second: Tensor<B, 2>,
    ) -> Tensor<B, 1> {
        self.unreduced(self.similarities(first, second, None))
    }

    /// Computes the loss with one weight, or one 0 or 1 of a mask, per pair: `sum_i r_i l_i`, for the mean divided by
    /// `sum_i r_i`.
    ///
    /// A pair of weight 0 has no loss of its own, but its embeddings stay candidates of the others.
    ///
    /// # Shapes
    ///
    /// - `first`, `second`: `[N, D]`
    /// - `weights`: `[N]`
    /// - output: `[1]`
    ///
    /// # Panics
    ///
    /// As [`forward`](Self::forward), and if the shape, the element type or the device of the weights does not fit.
    #[track_caller]
    pub fn forward_weighted<B: LossBackend>(
        &self,
        first: Tensor<B, 2>,
        second: Tensor<B, 2>,
        weights: Tensor<B, 1>,
    ) -> Tensor<B, 1> {
        self.weighted(self.similarities(first, second, None), weights)
    }

    /// Computes the loss as one number, with further candidates that belong to no one.
    ///
    /// # Shapes
    ///
    /// - `first`, `second`: `[N, D]`
    /// - `negatives`: `[K, D]`
    /// - output: `[1]`
    ///
    /// # Panics
    ///
    /// As [`forward`](Self::forward), and if the width, the element type or the device of the negatives differs.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::Tensor;
    /// use burn_loss::InfoNceLossConfig;
    ///
    /// let device = Default::default();
    /// let row = |numbers| Tensor::<NdArray, 2>::from_floats([numbers], &device);
    /// let loss = InfoNceLossConfig::new().with_temperature(1.0).with_symmetric(false).init();
    /// // The cosine 1 with its own, and 0 with the negative.
    /// let mean = loss.forward_with_negatives(row([2.0, 0.0]), row([3.0, 0.0]), row([0.0, 5.0]));
    /// assert!((mean.into_scalar() - (1.0 + (-1f32).exp()).ln()).abs() < 1e-6);
    /// ```
    #[track_caller]
    pub fn forward_with_negatives<B: LossBackend>(
        &self,
        first: Tensor<B, 2>,
        second: Tensor<B, 2>,
        negatives: Tensor<B, 2>,
    ) -> Tensor<B, 1> {
        self.reduced(self.similarities(first, second, Some(negatives)))
    }

    /// Computes one loss per pair, with further candidates that belong to no one.
    ///
    /// # Shapes
    ///
    /// - `first`, `second`: `[N, D]`
    /// - `negatives`: `[K, D]`
    /// - output: `[N]`
    ///
    /// # Panics
    ///
    /// As [`forward_with_negatives`](Self::forward_with_negatives).
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::Tensor;
    /// use burn_loss::InfoNceLossConfig;
    ///
    /// let device = Default::default();
    /// let first = Tensor::<NdArray, 2>::from_floats([[1.0, 0.0], [0.0, 1.0]], &device);
    /// let negatives = Tensor::from_floats([[0.0, 1.0]], &device);
    /// let loss = InfoNceLossConfig::new().with_temperature(1.0).with_symmetric(false).init();
    /// let each = loss.forward_with_negatives_no_reduction(first.clone(), first, negatives);
    /// // The negative is nothing to the first, and the same as the second.
    /// let one = (1.0 + 2.0 * (-1f32).exp()).ln();
    /// let two = (2.0 + (-1f32).exp()).ln();
    /// assert!((each - Tensor::from_floats([one, two], &device)).abs().max().into_scalar() < 1e-6);
    /// ```
    #[track_caller]
    pub fn forward_with_negatives_no_reduction<B: LossBackend>(
        &self,
        first: Tensor<B, 2>,
        second: Tensor<B, 2>,
        negatives: Tensor<B, 2>,
    ) -> Tensor<B, 1> {
        self.unreduced(self.similarities(first, second, Some(negatives)))
    }

    /// Computes the loss with further candidates that belong to no one, and with one weight, or one 0 or 1 of a mask, per pair, as
    /// [`forward_weighted`](Self::forward_weighted) does.
    ///
    /// # Shapes
    ///
    /// - `first`, `second`: `[N, D]`
    /// - `negatives`: `[K, D]`
    /// - `weights`: `[N]`
    /// - output: `[1]`
    ///
    /// # Panics
    ///
    /// As [`forward_with_negatives`](Self::forward_with_negatives), and if the shape, the element type or the device of the weights
    /// does not fit.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::Tensor;
    /// use burn_loss::InfoNceLossConfig;
    ///
    /// let device = Default::default();
    /// let first = Tensor::<NdArray, 2>::from_floats([[1.0, 0.0], [0.0, 1.0]], &device);
    /// let negatives = Tensor::from_floats([[0.0, 1.0]], &device);
    /// let loss = InfoNceLossConfig::new().with_temperature(1.0).with_symmetric(false).init();
    /// // The first pair alone; what the second is made of stays a candidate.
    /// let mask = Tensor::from_floats([1.0, 0.0], &device);
    /// let mean = loss.forward_with_negatives_weighted(first.clone(), first, negatives, mask);
    /// assert!((mean.into_scalar() - (1.0 + 2.0 * (-1f32).exp()).ln()).abs() < 1e-6);
    /// ```
    #[track_caller]
    pub fn forward_with_negatives_weighted<B: LossBackend>(
        &self,
        first: Tensor<B, 2>,
        second: Tensor<B, 2>,
        negatives: Tensor<B, 2>,
        weights: Tensor<B, 1>,
    ) -> Tensor<B, 1> {
        self.weighted(self.similarities(first, second, Some(negatives)), weights)
    }

    #[track_caller]
    fn similarities<B: LossBackend>(
        &self,
        first: Tensor<B, 2>,
        second: Tensor<B, 2>,
        negatives: Option<Tensor<B, 2>>,
    ) -> Similarities<B> {
        check::reduction(NAME, self.reduction);
        check::alike(NAME, ("first", &first), ("second", &second));
        if let Some(negatives) = &negatives {
            same_width(NAME, ("first", &first), ("negatives", negatives));
        }
        let ([pairs, _], device) = (first.dims(), first.device());
        let unit = |rows| unit_rows(self.normalize, rows);
        let (mut anchors, mut candidates) = (unit(first), unit(second));
        let numbers = |range| Tensor::<B, 1, Int>::arange(range, &device);
        let mut targets = numbers(0..pairs as i64);
        if self.within_views {
            anchors = Tensor::cat(vec![anchors, candidates], 0);
            candidates = anchors.clone();
            targets = Tensor::cat(vec![targets.clone() + pairs as i64, targets], 0);
        }
        if let Some(negatives) = negatives {
            candidates = Tensor::cat(vec![candidates, unit(negatives)], 0);
        }
        if pairs == 0 {
            // Rows of any width, for Burn multiplies no matrix without rows.
            return Similarities {
                logits: anchors,
                targets,
                pairs,
            };
        }
        let mut logits = (anchors * self.temperature.recip()).matmul(candidates.transpose());
        if self.within_views {
            // Nothing is its own partner.
            let itself = Tensor::<B, 2, Bool>::diag_mask(logits.dims(), 0, &device).bool_not();
            logits = logits.mask_fill(itself, f64::NEG_INFINITY);
        }
        Similarities {
            logits,
            targets,
            pairs,
        }
    }

    /// The similarities of the second views with the first ones, as `[1, N, N]`: what are rows of one are columns of the other.
    fn turned<B: LossBackend>(of: &Similarities<B>) -> (Tensor<B, 3>, Tensor<B, 2, Int>) {
        let n = of.pairs;
        let [_, candidates] = of.logits.dims();
        let logits = match candidates > n {
            true => of.logits.clone().narrow(1, 0, n),
            false => of.logits.clone(),
        };
        let targets = of.targets.clone().reshape([1, n]);
        (logits.reshape([1, n, n]), targets)
    }

    fn reduced<B: LossBackend>(&self, of: Similarities<B>) -> Tensor<B, 1> {
        let loss = cross_entropy(self.reduction, &of);
        let half = |loss: Tensor<B, 1>| match self.reduction {
            // There are two anchors per pair.
            Reduction::Sum => loss * 0.5,
            _ => loss,
        };
        if self.within_views {
            return half(loss.forward(of.logits, of.targets));
        }
        if !self.symmetric || of.pairs == 0 {
            return loss.forward(of.logits, of.targets);
        }
        let (turned, targets) = Self::turned(&of);
        let second = loss.forward_nd(turned, targets);
        (loss.forward(of.logits, of.targets) + second) * 0.5
    }

    fn unreduced<B: LossBackend>(&self, of: Similarities<B>) -> Tensor<B, 1> {
        let loss = cross_entropy(self.reduction, &of);
        if self.within_views && of.pairs > 0 {
            let losses = loss.forward_no_reduction(of.logits, of.targets);
            return losses
                .reshape([2, of.pairs])
                .mean_dim(0)
                .reshape([of.pairs]);
        }
        if !self.symmetric || of.pairs == 0 {
            return loss.forward_no_reduction(of.logits, of.targets);
        }
        let (turned, targets) = Self::turned(&of);
        let second = loss.forward_nd_no_reduction(turned, targets);
        let first = loss.forward_no_reduction(of.logits, of.targets);
        (first + second.reshape([of.pairs])) * 0.5
    }

    #[track_caller]
    fn weighted<B: LossBackend>(&self, of: Similarities<B>, weights: Tensor<B, 1>) -> Tensor<B, 1> {
        let losses = self.unreduced(of);
        check::alike(NAME, ("the losses", &losses), ("weights", &weights));
        self.reduction.reduce_weighted(losses, weights)
    }
}

fn cross_entropy<B: LossBackend>(
    reduction: Reduction,
    of: &Similarities<B>,
) -> CrossEntropyLoss<B> {
    let config = CrossEntropyLossConfig::new().with_reduction(reduction);
    config.init(&of.logits.device())
}
