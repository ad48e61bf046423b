//! Cross entropy of cosines with a margin: ArcFace and CosFace.
//!
//! Only the score of a row's class changes, so both are formulas of the row's terms: with the target loss `l` of the scaled
//! cosines and the gap `g` by which the margin lowers the score of the class, the loss is `log(1 + (exp(l) - 1) exp(g))`.
//! No tensor of changed scores is made, and in the linear form no tensor of scores.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::backend::Backend;
use burn::tensor::{Int, Tensor};
use burn_loss_kernels::{Adjustment, Formula, Input, LossBackend, Number, RowPredictions};

use crate::display::display_fields;
use crate::forms::probabilities::normalized;
use crate::forms::{
    ClassFormula, ClassOptions, LinearHead, Rows, class_forwards, class_rows, fill_samples, linear,
};
use crate::weights::weights_tensor;
use crate::{Reduction, check};

/// The loss of a row of target loss `l` whose class has its score lowered by `gap`, of at least 0.
#[inline(always)]
fn lowered<N: Number>(l: N, gap: N) -> N {
    let (others, kept) = others_and_kept(l, gap);
    // Of large losses the quotient would overflow.
    let small = (others / kept).ln_1p();
    let large = l + gap + (others + kept).ln();
    N::select((l + gap).is_below(60.0), small, large)
}

/// The slopes of [`lowered`] with respect to `l` and `gap`.
#[inline(always)]
fn lowered_slopes<N: Number>(l: N, gap: N) -> [N; 2] {
    let (others, kept) = others_and_kept(l, gap);
    let all = others + kept;
    [l.constant(1.0) / all, others / all]
}

/// The probability of the other classes, and that of the class times what the gap leaves of it.
#[inline(always)]
fn others_and_kept<N: Number>(l: N, gap: N) -> (N, N) {
    (-(-l).exp_m1(), (-(l + gap)).exp())
}

/// A cosine lowered by a constant, of a row's target loss.
#[derive(Clone, Copy, Debug)]
pub struct CosFace {
    /// The margin times the scale.
    gap: f64,
}

impl Formula for CosFace {
    #[inline(always)]
    fn loss<N: Number>(&self, [l, ..]: [N; 3]) -> N {
        lowered(l, l.constant(self.gap))
    }

    #[inline(always)]
    fn slope<N: Number>(&self, of: Input, [l, ..]: [N; 3]) -> N {
        match of {
            Input::Prediction => lowered_slopes(l, l.constant(self.gap))[0],
            _ => l.constant(0.0),
        }
    }
}

/// The cosine of an angle made larger by a margin, of a row's target loss and log-sum-exp.
#[derive(Clone, Copy, Debug)]
pub struct ArcFace {
    scale: f64,
    margin: f64,
}

impl ArcFace {
    /// The cosine of the class, its squared sine, and whether the angle and the margin together are more than half a turn.
    #[inline(always)]
    fn cosine<N: Number>(&self, l: N, lse: N) -> (N, N, N::Mask) {
        let cosine = (lse - l) * self.scale.recip();
        let cosine = cosine.at_least(-1.0).at_most(1.0);
        let squared_sine = (cosine + 1.0) * cosine.complement();
        (cosine, squared_sine, cosine.is_below(-self.margin.cos()))
    }

    /// By how much the margin lowers the score of the class.
    #[inline(always)]
    fn gap<N: Number>(&self, l: N, lse: N) -> N {
        let (cosine, squared_sine, is_far) = self.cosine(l, lse);
        // cos x - cos(x + m), by what the cosine of a sum is.
        let near = cosine * (1.0 - self.margin.cos()) + squared_sine.sqrt() * self.margin.sin();
        let far = l.constant(self.margin * self.margin.sin());
        N::select(is_far, far, near) * self.scale
    }

    /// The slope of the gap with respect to the score of the class.
    #[inline(always)]
    fn gap_slope<N: Number>(&self, l: N, lse: N) -> N {
        let (cosine, squared_sine, is_far) = self.cosine(l, lse);
        let zero = l.constant(0.0);
        let steep = cosine / squared_sine.sqrt() * -self.margin.sin();
        // At an angle of 0 it would be infinite.
        let steep = N::select(squared_sine.is_below(1e-10), zero, steep);
        N::select(is_far, zero, steep + (1.0 - self.margin.cos()))
    }
}

impl Formula for ArcFace {
    #[inline(always)]
    fn loss<N: Number>(&self, [l, lse, _]: [N; 3]) -> N {
        lowered(l, self.gap(l, lse))
    }

    #[inline(always)]
    fn slope<N: Number>(&self, of: Input, [l, lse, _]: [N; 3]) -> N {
        let [by_l, by_gap] = lowered_slopes(l, self.gap(l, lse));
        // The score of the class is the log-sum-exp minus the target loss.
        let by_score = by_gap * self.gap_slope(l, lse);
        match of {
            Input::Prediction => by_l - by_score,
            Input::Target => by_score,
            Input::Third => l.constant(0.0),
        }
    }
}

/// Configuration of [`ArcFaceLoss`].
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn_loss::ArcFaceLossConfig;
///
/// let loss = ArcFaceLossConfig::new().with_scale(30.0).init::<NdArray>(&Default::default());
/// assert_eq!((loss.margin, loss.scale), (0.5, 30.0));
/// ```
#[derive(Config, Debug, PartialEq)]
#[non_exhaustive]
pub struct ArcFaceLossConfig {
    /// What is added to the angle of the class, in radians, in `[0, pi / 2]`. Default: 0.5.
    #[config(default = 0.5)]
    pub margin: f64,
    /// What the cosines are multiplied by, finite and above 0. Default: 64.
    #[config(default = 64.0)]
    pub scale: f64,
    /// One weight per class, finite and at least 0. Default: every class counts 1.
    pub class_weights: Option<Vec<f32>>,
    /// Rows with this target do not count. Default: none.
    pub ignore_index: Option<i64>,
    /// Rows with one of these targets do not count either. Default: none.
    #[config(default = "Vec::new()")]
    pub ignore_indices: Vec<i64>,
    /// How the losses become one number. Default: mean.
    #[config(default = "Reduction::Mean")]
    pub reduction: Reduction,
}

impl ArcFaceLossConfig {
    /// Makes the loss.
    ///
    /// # Panics
    ///
    /// If the margin is outside `[0, pi / 2]`, the scale is not above 0, the two lower a score by more than 80, a class weight is
    /// negative or not finite, or `reduction` is [`BatchMean`](Reduction::BatchMean).
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::{Int, Tensor};
    /// use burn_loss::ArcFaceLossConfig;
    ///
    /// let device = Default::default();
    /// let loss = ArcFaceLossConfig::new().with_margin(0.0).with_scale(1.0).init(&device);
    /// let cosines = Tensor::<NdArray, 2>::zeros([1, 4], &device);
    /// let targets = Tensor::<NdArray, 1, Int>::zeros([1], &device);
    /// // Without a margin it is cross entropy.
    /// assert!((loss.forward(cosines, targets).into_scalar() - 4f32.ln()).abs() < 1e-6);
    /// ```
    #[track_caller]
    pub fn init<B: Backend>(&self, device: &B::Device) -> ArcFaceLoss<B> {
        let name = "ArcFaceLossConfig";
        check::reduction(name, self.reduction);
        let valid = (0.0..=std::f64::consts::FRAC_PI_2).contains(&self.margin);
        check::config_number(valid, name, "margin", "in [0, pi / 2]", self.margin);
        check_scale(name, self.scale, 2.0 * (self.margin / 2.0).sin());
        check::config_weights(name, "class_weights", self.class_weights.as_ref());
        ArcFaceLoss {
            margin: self.margin,
            scale: self.scale,
            class_weights: weights_tensor(self.class_weights.as_ref(), device),
            ignore_index: self.ignore_index,
            ignore_indices: self.ignore_indices.clone(),
            reduction: self.reduction,
        }
    }
}

/// Panics unless a scale is usable with what the margin takes from a cosine at most.
#[track_caller]
fn check_scale(name: &str, scale: f64, most: f64) {
    check::config_above_zero(name, "scale", scale);
    let valid = scale * most <= 80.0;
    let expected = "small enough that the margin lowers a score by 80 at most";
    check::config(valid, name, "scale", expected, scale);
}

/// Cross entropy of cosines in which the angle of the class counts as larger by a margin:
/// `w_t log(1 + sum_(c != t) exp(s x_c) / exp(s cos(acos(x_t) + m)))`, with the cosines `x`, the row's class `t`, the class weights
/// `w`, the scale `s` and the margin `m`.
///
/// For embeddings that are to tell apart faces, products or speakers that were not in the training: the margin draws those of one
/// class together more than classification needs. Take it only where embeddings and class vectors are brought to length 1; if all
/// classes are known, [`CrossEntropyLoss`](crate::CrossEntropyLoss) of raw logits is easier to train.
///
/// - cosines: `[N, C]` in `[-1, 1]` (not checked), of embeddings and class vectors of length 1, not yet scaled
/// - `targets`: classes in `[0, C)`; on NdArray and Flex another number that is not ignored panics, elsewhere its row's loss is
///   NaN
/// - where the angle and the margin together are more than half a turn, the cosine is lowered by `m sin m` instead, so that the
///   loss keeps growing; at an angle of 0 the infinite part of the margin's slope is left out, at half a turn it has the slope 0
/// - without cosines: `forward_linear` and its relatives take embeddings `[N, H]` and class vectors `[H, C]` of any length, bring
///   both to length 1, and hold no `[N, C]`; a head with a bias, a scale or a cap panics. Log-probabilities that are asked
///   for are those of the scaled cosines, without the margin
/// - mean: divided by the sum of the class weights of the rows that are not ignored
/// - pytorch-metric-learning:
///   [`ArcFaceLoss`](https://kevinmusgrave.github.io/pytorch-metric-learning/losses/#arcfaceloss), whose margin is in degrees, 28.6
///   by default, and which holds the class vectors
/// - [ArcFace](https://arxiv.org/abs/1801.07698)
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::{Int, Tensor};
/// use burn_loss::{ArcFaceLossConfig, LinearHead};
///
/// let device = Default::default();
/// let cosines = Tensor::<NdArray, 2>::from_floats([[0.5, 0.0]], &device);
/// let targets = Tensor::<NdArray, 1, Int>::zeros([1], &device);
/// let loss = ArcFaceLossConfig::new().with_scale(2.0).init(&device);
///
/// let mean = loss.forward(cosines, targets.clone()).into_scalar();
/// let with_margin = (0.5f32.acos() + 0.5).cos();
/// assert!((mean - (1.0 + (-2.0 * with_margin).exp()).ln()).abs() < 1e-6);
///
/// // The same of an embedding and class vectors, of any length.
/// let embeddings = Tensor::<NdArray, 2>::from_floats([[3.0, 0.0]], &device);
/// let vectors = Tensor::from_floats([[1.0, 0.0], [3f32.sqrt(), 0.5]], &device);
/// let head = LinearHead::new(vectors, None);
/// assert!((loss.forward_linear(embeddings, &head, targets).into_scalar() - mean).abs() < 1e-6);
/// ```
#[derive(Module, Debug)]
#[module(custom_display)]
#[non_exhaustive]
pub struct ArcFaceLoss<B: Backend> {
    /// What is added to the angle of the class, in radians, in `[0, pi / 2]`.
    pub margin: f64,
    /// What the cosines are multiplied by, finite and above 0.
    pub scale: f64,
    /// One weight per class, `[C]`, each finite and at least 0; none counts every class as 1.
    pub class_weights: Option<Tensor<B, 1>>,
    /// Rows with this target do not count.
    #[module(skip)]
    pub ignore_index: Option<i64>,
    /// Rows with one of these targets do not count either.
    #[module(skip)]
    pub ignore_indices: Vec<i64>,
    /// How the losses become one number.
    #[module(skip)]
    pub reduction: Reduction,
}

display_fields!([<B: Backend>] ArcFaceLoss<B>: {class_weights} margin, scale, ignore_index, ignore_indices, reduction);

/// Configuration of [`CosFaceLoss`].
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn_loss::CosFaceLossConfig;
///
/// let loss = CosFaceLossConfig::new().with_scale(30.0).init::<NdArray>(&Default::default());
/// assert_eq!((loss.margin, loss.scale), (0.35, 30.0));
/// ```
#[derive(Config, Debug, PartialEq)]
#[non_exhaustive]
pub struct CosFaceLossConfig {
    /// What is taken from the cosine of the class, finite and at least 0. Default: 0.35.
    #[config(default = 0.35)]
    pub margin: f64,
    /// What the cosines are multiplied by, finite and above 0. Default: 64.
    #[config(default = 64.0)]
    pub scale: f64,
    /// One weight per class, finite and at least 0. Default: every class counts 1.
    pub class_weights: Option<Vec<f32>>,
    /// Rows with this target do not count. Default: none.
    pub ignore_index: Option<i64>,
    /// Rows with one of these targets do not count either. Default: none.
    #[config(default = "Vec::new()")]
    pub ignore_indices: Vec<i64>,
    /// How the losses become one number. Default: mean.
    #[config(default = "Reduction::Mean")]
    pub reduction: Reduction,
}

impl CosFaceLossConfig {
    /// Makes the loss.
    ///
    /// # Panics
    ///
    /// If the margin is negative or not finite, the scale is not above 0, the two lower a score by more than 80, a class weight is
    /// negative or not finite, or `reduction` is [`BatchMean`](Reduction::BatchMean).
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::{Int, Tensor};
    /// use burn_loss::CosFaceLossConfig;
    ///
    /// let device = Default::default();
    /// let loss = CosFaceLossConfig::new().with_margin(0.0).with_scale(1.0).init(&device);
    /// let cosines = Tensor::<NdArray, 2>::zeros([1, 4], &device);
    /// let targets = Tensor::<NdArray, 1, Int>::zeros([1], &device);
    /// // Without a margin it is cross entropy.
    /// assert!((loss.forward(cosines, targets).into_scalar() - 4f32.ln()).abs() < 1e-6);
    /// ```
    #[track_caller]
    pub fn init<B: Backend>(&self, device: &B::Device) -> CosFaceLoss<B> {
        let name = "CosFaceLossConfig";
        check::reduction(name, self.reduction);
        check::config_at_least_zero(name, "margin", self.margin);
        check_scale(name, self.scale, self.margin);
        check::config_weights(name, "class_weights", self.class_weights.as_ref());
        CosFaceLoss {
            margin: self.margin,
            scale: self.scale,
            class_weights: weights_tensor(self.class_weights.as_ref(), device),
            ignore_index: self.ignore_index,
            ignore_indices: self.ignore_indices.clone(),
            reduction: self.reduction,
        }
    }
}

/// Cross entropy of cosines in which the cosine of the class counts as smaller by a margin:
/// `w_t log(1 + sum_(c != t) exp(s x_c) / exp(s (x_t - m)))`, with the cosines `x`, the row's class `t`, the class weights `w`, the
/// scale `s` and the margin `m`.
///
/// For the same tasks as [`ArcFaceLoss`](crate::ArcFaceLoss): embeddings that are to tell apart what was not in the training. Its
/// margin has the same strength at all angles, which is easier to train; ArcFace's usually ends a little better.
///
/// - cosines: `[N, C]` in `[-1, 1]` (not checked), of embeddings and class vectors of length 1, not yet scaled
/// - `targets`: classes in `[0, C)`; on NdArray and Flex another number that is not ignored panics, elsewhere its row's loss is
///   NaN
/// - without cosines: `forward_linear` and its relatives take embeddings `[N, H]` and class vectors `[H, C]` of any length, bring
///   both to length 1, and hold no `[N, C]`; a head with a bias, a scale or a cap panics. Log-probabilities that are asked
///   for are those of the scaled cosines, without the margin
/// - mean: divided by the sum of the class weights of the rows that are not ignored
/// - pytorch-metric-learning:
///   [`CosFaceLoss`](https://kevinmusgrave.github.io/pytorch-metric-learning/losses/#cosfaceloss), which holds the class vectors
/// - [CosFace](https://arxiv.org/abs/1801.09414)
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::{Int, Tensor};
/// use burn_loss::{CosFaceLossConfig, LinearHead};
///
/// let device = Default::default();
/// let cosines = Tensor::<NdArray, 2>::from_floats([[0.5, 0.0]], &device);
/// let targets = Tensor::<NdArray, 1, Int>::zeros([1], &device);
/// let loss = CosFaceLossConfig::new().with_scale(2.0).init(&device);
///
/// let mean = loss.forward(cosines, targets.clone()).into_scalar();
/// assert!((mean - (1.0 + (-2.0 * (0.5f32 - 0.35)).exp()).ln()).abs() < 1e-6);
///
/// // The same of an embedding and class vectors, of any length.
/// let embeddings = Tensor::<NdArray, 2>::from_floats([[3.0, 0.0]], &device);
/// let vectors = Tensor::from_floats([[1.0, 0.0], [3f32.sqrt(), 0.5]], &device);
/// let head = LinearHead::new(vectors, None);
/// assert!((loss.forward_linear(embeddings, &head, targets).into_scalar() - mean).abs() < 1e-6);
/// ```
#[derive(Module, Debug)]
#[module(custom_display)]
#[non_exhaustive]
pub struct CosFaceLoss<B: Backend> {
    /// What is taken from the cosine of the class, finite and at least 0.
    pub margin: f64,
    /// What the cosines are multiplied by, finite and above 0.
    pub scale: f64,
    /// One weight per class, `[C]`, each finite and at least 0; none counts every class as 1.
    pub class_weights: Option<Tensor<B, 1>>,
    /// Rows with this target do not count.
    #[module(skip)]
    pub ignore_index: Option<i64>,
    /// Rows with one of these targets do not count either.
    #[module(skip)]
    pub ignore_indices: Vec<i64>,
    /// How the losses become one number.
    #[module(skip)]
    pub reduction: Reduction,
}

display_fields!([<B: Backend>] CosFaceLoss<B>: {class_weights} margin, scale, ignore_index, ignore_indices, reduction);

/// Embeddings and class vectors of length 1, and the scale of their cosines as the head's.
#[track_caller]
fn scaled_cosines<B: LossBackend>(
    name: &str,
    scale: f64,
    embeddings: Tensor<B, 2>,
    head: &LinearHead<B>,
    rows: &Rows<B>,
) -> (Tensor<B, 2>, LinearHead<B>) {
    check::plain_head(name, head);
    let embeddings = match rows.dropped() {
        // The gradient of 0 of a row that does not count, times its length, may be NaN.
        Some(dropped) => fill_samples(embeddings, &dropped),
        None => embeddings,
    };
    let head = LinearHead {
        weight: normalized(head.weight.clone(), 0),
        logit_scale: scale,
        ..head.clone()
    };
    (normalized(embeddings, 1), head)
}

class_forwards!(ArcFaceLoss, cosines);
class_forwards!(CosFaceLoss, cosines);

/// The methods of a loss that is a formula of scaled cosines.
macro_rules! of_scaled_cosines {
    ($loss:ident, $formula:ty, $name:literal, $needs_lse:literal, |$self:ident| $make:expr) => {
        impl<B: LossBackend> ClassFormula<B> for $loss<B> {
            type Formula = $formula;

            fn name(&self) -> &'static str {
                $name
            }

            fn formula(&self) -> $formula {
                let $self = self;
                $make
            }

            fn options(&self) -> ClassOptions<'_, B> {
                ClassOptions {
                    class_weights: self.class_weights.as_ref(),
                    ignore_index: self.ignore_index,
                    ignore_indices: &self.ignore_indices,
                    reduction: self.reduction,
                }
            }

            fn needs_log_sum_exp(&self) -> bool {
                $needs_lse
            }
        }

        impl<B: LossBackend> crate::ClassLoss<B> for $loss<B> {
            fn name(&self) -> &'static str {
                $name
            }

            fn options(&self) -> ClassOptions<'_, B> {
                ClassFormula::options(self)
            }

            fn scores_name(&self) -> &'static str {
                "cosines"
            }

            fn losses<const D: usize>(
                &self,
                cosines: Tensor<B, D>,
                classes: Tensor<B, 1, Int>,
            ) -> Tensor<B, 1> {
                let (rows, dtype) = (Rows::all(classes, cosines.dims()[1]), cosines.dtype());
                class_rows::counted_losses(self, cosines * self.scale, &rows).cast(dtype)
            }

            fn counted_losses<const D: usize>(
                &self,
                cosines: Tensor<B, D>,
                rows: &Rows<B>,
            ) -> Tensor<B, 1> {
                class_rows::counted_losses(self, cosines * self.scale, rows)
            }

            #[track_caller]
            fn reduced_rows<const D: usize>(
                &self,
                cosines: Tensor<B, D>,
                rows: Rows<B>,
            ) -> Tensor<B, 1> {
                let by = Adjustment {
                    factor: self.scale,
                    per_class: None,
                };
                class_rows::adjusted_rows(self, cosines, by, rows)
            }

            #[track_caller]
            fn reduced_linear(
                &self,
                embeddings: Tensor<B, 2>,
                head: &LinearHead<B>,
                rows: Rows<B>,
                describe: bool,
            ) -> (Tensor<B, 1>, Option<RowPredictions<B>>) {
                let (embeddings, head) = scaled_cosines($name, self.scale, embeddings, head, &rows);
                linear::reduced_linear(self, embeddings, &head, rows, describe)
            }

            #[track_caller]
            fn counted_linear(
                &self,
                embeddings: Tensor<B, 2>,
                head: &LinearHead<B>,
                rows: &Rows<B>,
            ) -> Tensor<B, 1> {
                let (embeddings, head) = scaled_cosines($name, self.scale, embeddings, head, rows);
                linear::counted_linear(self, embeddings, &head, rows)
            }
        }
    };
}
of_scaled_cosines!(ArcFaceLoss, ArcFace, "ArcFaceLoss", true, |loss| ArcFace {
    scale: loss.scale,
    margin: loss.margin,
});
of_scaled_cosines!(CosFaceLoss, CosFace, "CosFaceLoss", false, |loss| CosFace {
    gap: loss.margin * loss.scale,
});
