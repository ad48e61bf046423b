//! Supervised contrastive loss.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::{Bool, DType, Element, IndexingUpdateOp, Int, IntDType, Tensor};
use burn_loss_kernels::LossBackend;

use super::unit_rows;
use crate::display::display_fields;
use crate::forms::probabilities::log_sum_exp;
use crate::forms::wide;
use crate::{Reduction, check};

/// Configuration of [`SupConLoss`].
///
/// # Example
///
/// ```
/// use burn_loss::SupConLossConfig;
///
/// let loss = SupConLossConfig::new().with_temperature(0.5).init();
/// assert_eq!(loss.temperature, 0.5);
/// ```
#[derive(Config, Debug, PartialEq)]
#[non_exhaustive]
pub struct SupConLossConfig {
    /// What similarities are divided by, finite and above 0. Default: 0.1.
    #[config(default = 0.1)]
    pub temperature: f64,
    /// Whether embeddings are brought to length 1 first, so that similarities are cosines. Default: they are.
    #[config(default = true)]
    pub normalize: bool,
    /// How the losses become one number. Default: mean.
    #[config(default = "Reduction::Mean")]
    pub reduction: Reduction,
}

impl SupConLossConfig {
    /// Makes the loss.
    ///
    /// # Panics
    ///
    /// If the temperature is not above 0, or `reduction` is [`BatchMean`](Reduction::BatchMean).
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::{Int, Tensor};
    /// use burn_loss::SupConLossConfig;
    ///
    /// let device = Default::default();
    /// let embeddings = Tensor::<NdArray, 2>::ones([3, 2], &device);
    /// let classes = Tensor::<NdArray, 1, Int>::from_ints([7, 7, -2], &device);
    /// // The two of a class each have two candidates that are alike.
    /// let mean = SupConLossConfig::new().init().forward(embeddings, classes).into_scalar();
    /// assert!((mean - 2f32.ln()).abs() < 1e-5);
    /// ```
    #[track_caller]
    pub fn init(&self) -> SupConLoss {
        check::reduction("SupConLossConfig", self.reduction);
        check::config_above_zero("SupConLossConfig", "temperature", self.temperature);
        SupConLoss {
            temperature: self.temperature,
            normalize: self.normalize,
            reduction: self.reduction,
        }
    }
}

/// For each embedding, the mean cross entropy of finding the others of its class among all other embeddings: with the similarities
/// `s_ij = <z_i, z_j> / t` of embeddings of length 1 and the temperature `t`, and the others `P` of the class of `i`,
/// `log sum_(j != i) exp(s_ij) - 1 / |P| sum_(p in P) s_ip`.
///
/// For learning embeddings from classes in batches with several examples of each. It needs no vector per class, so classes may be
/// many and new ones may come; where each class has enough examples to have a vector of its own,
/// [`ArcFaceLoss`](crate::ArcFaceLoss) needs no large batches.
///
/// - `embeddings`: `[N, D]`; several views of one example are rows of the same class
/// - `classes`: `[N]`, any integers
/// - an embedding that is alone in its class has the loss 0 and does not count: the mean is over the others, and NaN where there
///   are none ([`Reduction::MeanOrZero`] makes it 0)
/// - one tensor `[N, N]` is made, and its gradient; the similarities with a class are computed from the sum of its embeddings
/// - pytorch-metric-learning:
///   [`SupConLoss`](https://kevinmusgrave.github.io/pytorch-metric-learning/losses/#supconloss), but that it gives 0 where all
///   embeddings are of one class; here the formula holds there, too
/// - [Supervised Contrastive Learning](https://arxiv.org/abs/2004.11362)
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::{Int, Tensor};
/// use burn_loss::SupConLossConfig;
///
/// let device = Default::default();
/// let embeddings = Tensor::<NdArray, 2>::from_floats([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]], &device);
/// let classes = Tensor::<NdArray, 1, Int>::from_ints([0, 0, 1], &device);
/// let loss = SupConLossConfig::new().with_temperature(1.0).init();
///
/// // The cosine 1 with the other of the class, 0 with the third, which is alone.
/// let each = loss.forward_no_reduction(embeddings, classes).into_data().to_vec::<f32>().unwrap();
/// assert!((each[0] - (1.0 + (-1f32).exp()).ln()).abs() < 1e-6);
/// assert_eq!(each[2], 0.0);
/// ```
#[derive(Module, Debug, Clone)]
#[module(custom_display)]
#[non_exhaustive]
pub struct SupConLoss {
    /// What similarities are divided by, finite and above 0.
    pub temperature: f64,
    /// Whether embeddings are brought to length 1 first.
    pub normalize: bool,
    /// How the losses become one number.
    #[module(skip)]
    pub reduction: Reduction,
}

display_fields!([] SupConLoss: {} temperature, normalize, reduction);

const NAME: &str = "SupConLoss";

impl SupConLoss {
    /// Computes the loss as one number, reduced as configured.
    ///
    /// # Shapes
    ///
    /// - `embeddings`: `[N, D]`
    /// - `classes`: `[N]`
    /// - output: `[1]`
    ///
    /// # Panics
    ///
    /// If the shapes or devices do not fit.
    #[track_caller]
    pub fn forward<B: LossBackend>(
        &self,
        embeddings: Tensor<B, 2>,
        classes: Tensor<B, 1, Int>,
    ) -> Tensor<B, 1> {
        let (losses, counts) = self.losses(embeddings, classes);
        self.reduction.reduce_counted(losses, Some(counts))
    }

    /// Computes one loss per embedding; 0 for one that is alone in its class.
    ///
    /// # Shapes
    ///
    /// - `embeddings`: `[N, D]`
    /// - `classes`, output: `[N]`
    ///
    /// # Panics
    ///
    /// As [`forward`](Self::forward).
    #[track_caller]
    pub fn forward_no_reduction<B: LossBackend>(
        &self,
        embeddings: Tensor<B, 2>,
        classes: Tensor<B, 1, Int>,
    ) -> Tensor<B, 1> {
        self.losses(embeddings, classes).0
    }

    /// Computes the loss with one weight, or one 0 or 1 of a mask, per embedding.
    ///
    /// An embedding of weight 0 has no loss of its own, but stays a candidate of the others.
    ///
    /// # Shapes
    ///
    /// - `embeddings`: `[N, D]`
    /// - `classes`, `weights`: `[N]`
    /// - output: `[1]`
    ///
    /// # Panics
    ///
    /// As [`forward`](Self::forward), and if the shape, the element type or the device of the weights does not fit.
    #[track_caller]
    pub fn forward_weighted<B: LossBackend>(
        &self,
        embeddings: Tensor<B, 2>,
        classes: Tensor<B, 1, Int>,
        weights: Tensor<B, 1>,
    ) -> Tensor<B, 1> {
        // Before anything is computed.
        let [n, _] = embeddings.dims();
        check::same_shape(NAME, ("the embeddings", [n]), ("weights", weights.dims()));
        let (losses, counts) = self.losses(embeddings, classes);
        check::alike(NAME, ("the losses", &losses), ("weights", &weights));
        self.reduction.reduce_weighted(losses, weights * counts)
    }

    /// One loss per embedding, and whether it counts.
    #[track_caller]
    fn losses<B: LossBackend>(
        &self,
        embeddings: Tensor<B, 2>,
        classes: Tensor<B, 1, Int>,
    ) -> (Tensor<B, 1>, Tensor<B, 1>) {
        let ([n, _], dtype) = (embeddings.dims(), embeddings.dtype());
        check::reduction(NAME, self.reduction);
        check::same_shape(NAME, ("the embeddings", [n]), ("classes", classes.dims()));
        let device = embeddings.device();
        let classes_device = ("classes", &classes.device());
        check::same_device::<B>(NAME, ("embeddings", &device), classes_device);
        if n == 0 {
            let nothing: Tensor<B, 1> = embeddings.sum_dim(1).reshape([0]);
            return (nothing.clone(), nothing.detach());
        }
        let rows = unit_rows(self.normalize, embeddings);
        let scaled = rows.clone() * self.temperature.recip();

        let itself = Tensor::<B, 2, Bool>::diag_mask([n, n], 0, &device).bool_not();
        let logits = scaled.clone().matmul(rows.clone().transpose());
        let logits = logits.mask_fill(itself, f64::NEG_INFINITY);
        let lse = log_sum_exp(logits.reshape([n, n, 1])).reshape([n]);

        // The sum of similarities is the similarity with the sum.
        let groups = groups(classes);
        let sum_of_group = |numbers: Tensor<B, 2>| {
            // In 16 bits one more is no more from 256 or 2048 on.
            let numbers = wide(numbers);
            let sums = numbers.zeros_like().detach();
            let sums = sums.select_assign(0, groups.clone(), numbers, IndexingUpdateOp::Add);
            sums.select(0, groups.clone())
        };
        let ones = Tensor::<B, 2>::ones([n, 1], (&device, rows.dtype()));
        let others: Tensor<B, 1> = (sum_of_group(ones) - 1.0).reshape([n]);
        let alone = others.clone().lower_elem(0.5);
        let of_others = wide(scaled) * (sum_of_group(rows.clone()) - wide(rows));
        let of_others: Tensor<B, 1> = of_others.sum_dim(1).reshape([n]);
        let others = others.mask_fill(alone.clone(), 1.0);
        let share = others.ones_like() / others;
        let losses = (wide(lse) - of_others * share.clone()).mask_fill(alone.clone(), 0.0);
        let counts = share.ones_like().mask_fill(alone, 0.0);
        (losses.cast(dtype), counts.cast(dtype))
    }
}

/// Numbers from 0 on in place of classes, the same for the same class.
fn groups<B: LossBackend>(classes: Tensor<B, 1, Int>) -> Tensor<B, 1, Int> {
    let [n] = classes.dims();
    if n == 1 {
        return classes.zeros_like();
    }
    // Candle sorts integers of its own type alone.
    let classes = match (B::IntElem::dtype(), classes.dtype()) {
        (DType::I64, DType::I32 | DType::U32) => classes.cast(IntDType::I64),
        _ => classes,
    };
    let (sorted, order) = classes.sort_with_indices(0);
    let before = sorted.clone().narrow(0, 0, n - 1);
    let is_new = sorted.narrow(0, 1, n - 1).not_equal(before).int();
    let first = is_new.clone().narrow(0, 0, 1).zeros_like();
    let numbers = Tensor::cat(vec![first, is_new], 0).cumsum(0);
    numbers.select(0, order.argsort(0))
}
