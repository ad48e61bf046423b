//! Pinball loss, whose minimum is a quantile.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::backend::Backend;
use burn::tensor::{Element, Tensor, TensorData};
use burn_loss_kernels::{LossBackend, formulas};

use crate::display::display_fields;
use crate::forms::{ElementwiseFormula, elementwise_formula, elementwise_forwards, expanded};
use crate::{ElementwiseLoss, Reduction, check};

/// Configuration of [`QuantileLoss`].
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn_loss::QuantileLossConfig;
///
/// // The median, and what nine of ten values lie between.
/// let config = QuantileLossConfig::new().with_levels(vec![0.05, 0.5, 0.95]);
/// let loss = config.init::<NdArray>(&Default::default());
/// assert_eq!(loss.levels.dims(), [3]);
/// ```
#[derive(Config, Debug, PartialEq)]
#[non_exhaustive]
pub struct QuantileLossConfig {
    /// The share of targets that should lie below the prediction: one for all elements, or one per element of the last axis; each
    /// between 0 and 1. Default: 0.5, the median.
    #[config(default = "vec![0.5]")]
    pub levels: Vec<f64>,
    /// How the losses become one number. Default: mean.
    #[config(default = "Reduction::Mean")]
    pub reduction: Reduction,
}

impl QuantileLossConfig {
    /// Makes the loss.
    ///
    /// # Panics
    ///
    /// If there is no level or one that is not between 0 and 1, or `reduction` is [`BatchMean`](Reduction::BatchMean).
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::Tensor;
    /// use burn_loss::QuantileLossConfig;
    ///
    /// let device = Default::default();
    /// let loss = QuantileLossConfig::new().with_levels(vec![0.75]).init(&device);
    /// let prediction = Tensor::<NdArray, 1>::from_floats([2.0], &device);
    /// // Too low by 4.
    /// assert_eq!(loss.forward(prediction, Tensor::from_floats([6.0], &device)).into_scalar(), 3.0);
    /// ```
    #[track_caller]
    pub fn init<B: Backend>(&self, device: &B::Device) -> QuantileLoss<B> {
        let name = "QuantileLossConfig";
        check::config(
            !self.levels.is_empty(),
            name,
            "levels",
            "of one level or more",
            &self.levels,
        );
        for (index, &level) in self.levels.iter().enumerate() {
            let field = format!("levels[{index}]");
            check::config_number(
                level > 0.0 && level < 1.0,
                name,
                &field,
                "between 0 and 1",
                level,
            );
        }
        check::reduction(name, self.reduction);
        let levels = TensorData::from(self.levels.as_slice());
        QuantileLoss {
            levels: Tensor::from_data(levels, (device, B::FloatElem::dtype())),
            reduction: self.reduction,
        }
    }
}

/// The pinball loss, whose minimum is a quantile: with `e = y - x` and the level `q`, `q e` where `e > 0` and `(q - 1) e` elsewhere.
///
/// For predictions of which a known share of the targets should lie below: bounds of an interval, stocks that may not run out. Where
/// the mean is asked for, take [`MseLoss`](crate::MseLoss); where the whole distribution is of one known shape, the likelihoods of
/// [`distributions`](crate::distributions) need fewer outputs.
///
/// - `prediction`, `target`: any real numbers, of one shape. Several levels are those of the last axis; [`forward_levels`] takes a
///   prediction `[N, Q]` of `Q` levels against one target `[N]`, [`forward_levels_weighted`] a weight `[N]`, too
/// - gradient: `-q` where the prediction is too low, `1 - q` where it is too high, 0 at an error of 0
/// - With the level 0.5 it is half of [`L1Loss`](crate::L1Loss)
/// - Source: R. Koenker, G. Bassett, [Regression Quantiles](https://doi.org/10.2307/1913643), 1978; scikit-learn:
///   [`mean_pinball_loss`](https://scikit-learn.org/stable/modules/generated/sklearn.metrics.mean_pinball_loss.html)
///
/// [`forward_levels`]: Self::forward_levels
/// [`forward_levels_weighted`]: Self::forward_levels_weighted
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::Tensor;
/// use burn_loss::QuantileLossConfig;
///
/// let device = Default::default();
/// let loss = QuantileLossConfig::new().with_levels(vec![0.25, 0.75]).init(&device);
/// // One example; both levels are predicted too low by 2.
/// let prediction = Tensor::<NdArray, 2>::from_floats([[1.0, 1.0]], &device);
/// let mean = loss.forward_levels(prediction, Tensor::from_floats([3.0], &device));
/// // (0.25 2 + 0.75 2) / 2
/// assert_eq!(mean.into_scalar(), 1.0);
/// ```
#[derive(Module, Debug)]
#[module(custom_display)]
#[non_exhaustive]
pub struct QuantileLoss<B: Backend> {
    /// The share of targets that should lie below: `[1]`, or as long as the last axis; each between 0 and 1.
    pub levels: Tensor<B, 1>,
    /// How the losses become one number.
    #[module(skip)]
    pub reduction: Reduction,
}

display_fields!([<B: Backend>] QuantileLoss<B>: {levels} reduction);
elementwise_formula!([B] QuantileLoss<B>);
elementwise_forwards!(<B> QuantileLoss<B>, <>);

impl<B: LossBackend> QuantileLoss<B> {
    /// The loss of all levels against one target each, as one number: the sum over levels and examples, for the mean divided by the
    /// number of both.
    ///
    /// # Shapes
    ///
    /// - `prediction`: `[N, Q]`
    /// - `target`: `[N]`
    /// - output: `[1]`
    ///
    /// # Panics
    ///
    /// If the shapes do not fit, or the element types or devices differ.
    #[track_caller]
    pub fn forward_levels(&self, prediction: Tensor<B, 2>, target: Tensor<B, 1>) -> Tensor<B, 1> {
        let target = Self::repeated(&prediction, ("target", target));
        ElementwiseLoss::forward(self, prediction, target)
    }

    /// One loss per example and level.
    ///
    /// # Shapes
    ///
    /// - `prediction`, output: `[N, Q]`
    /// - `target`: `[N]`
    ///
    /// # Panics
    ///
    /// As [`forward_levels`](Self::forward_levels).
    #[track_caller]
    pub fn forward_levels_no_reduction(
        &self,
        prediction: Tensor<B, 2>,
        target: Tensor<B, 1>,
    ) -> Tensor<B, 2> {
        let target = Self::repeated(&prediction, ("target", target));
        ElementwiseLoss::forward_no_reduction(self, prediction, target)
    }

    /// The loss of all levels against one target each with one weight, or one 0 or 1 of a mask, per example: `sum_i r_i sum_q l_iq`,
    /// for the mean divided by `Q sum_i r_i`, with the losses `l`, the weights `r` and the number `Q` of levels.
    ///
    /// An example of weight 0 is dropped, whatever its predictions and its target: its gradient is 0. For a weight per example and
    /// level take `forward_weighted`.
    ///
    /// # Shapes
    ///
    /// - `prediction`: `[N, Q]`
    /// - `target`, `weights`: `[N]`
    /// - output: `[1]`
    ///
    /// # Panics
    ///
    /// As [`forward_levels`](Self::forward_levels), also for the weights.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::Tensor;
    /// use burn_loss::QuantileLossConfig;
    ///
    /// let device = Default::default();
    /// let loss = QuantileLossConfig::new().with_levels(vec![0.25, 0.75]).init(&device);
    /// let prediction = Tensor::<NdArray, 2>::from_floats([[1.0, 1.0], [2.0, 4.0]], &device);
    /// // Of the second example nothing was measured.
    /// let target = Tensor::from_floats([3.0, f32::NAN], &device);
    /// let mask = Tensor::from_floats([1.0, 0.0], &device);
    /// let mean = loss.forward_levels_weighted(prediction, target, mask);
    /// assert_eq!(mean.into_scalar(), 1.0);
    /// ```
    #[track_caller]
    pub fn forward_levels_weighted(
        &self,
        prediction: Tensor<B, 2>,
        target: Tensor<B, 1>,
        weights: Tensor<B, 1>,
    ) -> Tensor<B, 1> {
        let target = Self::repeated(&prediction, ("target", target));
        let weights = Self::repeated(&prediction, ("weights", weights));
        ElementwiseLoss::forward_weighted(self, prediction, target, weights)
    }

    /// The number of each example for all its levels.
    #[track_caller]
    fn repeated(prediction: &Tensor<B, 2>, (name, numbers): (&str, Tensor<B, 1>)) -> Tensor<B, 2> {
        let [n, levels] = prediction.dims();
        let expected = ("prediction's examples", [n]);
        check::same_shape("QuantileLoss", expected, (name, numbers.dims()));
        expanded(numbers.unsqueeze_dim(1), [n, levels])
    }
}

impl<B: LossBackend> ElementwiseFormula<B> for QuantileLoss<B> {
    type Formula = formulas::Quantile;

    fn name(&self) -> &'static str {
        "QuantileLoss"
    }

    fn formula(&self) -> Self::Formula {
        formulas::Quantile { level: 1.0 }
    }

    fn reduction(&self) -> Reduction {
        self.reduction
    }

    #[track_caller]
    fn third(&self, prediction: &[usize]) -> Option<Tensor<B, 1>> {
        let last = *prediction.last().expect("a tensor has an axis");
        match self.levels.dims() {
            [1] => Some(self.levels.clone().expand([last])),
            [length] => {
                check::weights_length("QuantileLoss", "levels", "last axis", last, length);
                Some(self.levels.clone())
            }
        }
    }
}
