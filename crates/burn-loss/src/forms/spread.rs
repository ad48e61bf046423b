//! Losses of a prediction that says how sure it is: a mean and its spread, against a target.

use burn::tensor::Tensor;
use burn_loss_kernels::{Elements, Formula, LossBackend, Reduction};

use super::{primitive, tensor};
use crate::check;

/// A loss of a mean and its spread, a variance or a standard deviation, against a target, element by element.
///
/// The spread has the shape of the prediction, or one axis of length 1 where that has more: one spread per row, or one per output.
/// Its gradient is then the sum along that axis.
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::Tensor;
/// use burn_loss::{GaussianCrpsLossConfig, GaussianNllLossConfig, LossBackend, SpreadLoss};
///
/// /// Two forecasts of which neither was wrong.
/// fn of_a_hit<B: LossBackend>(loss: &impl SpreadLoss<B>, device: &B::Device) -> Tensor<B, 1> {
///     let mean = Tensor::<B, 1>::from_floats([1.0, 2.0], device);
///     let spread = Tensor::ones([1], device);
///     SpreadLoss::forward(loss, mean.clone(), mean, spread)
/// }
///
/// let device = Default::default();
/// let nll = of_a_hit::<NdArray>(&GaussianNllLossConfig::new().init(), &device);
/// assert_eq!(nll.into_scalar(), 0.0);
/// let crps = of_a_hit::<NdArray>(&GaussianCrpsLossConfig::new().init(), &device);
/// assert!((crps.into_scalar() - 0.233_695).abs() < 1e-6);
/// ```
pub trait SpreadLoss<B: LossBackend> {
    /// The formula of one element, whose third input is the spread.
    type Formula: Formula;

    /// The name of the loss in messages.
    fn name(&self) -> &'static str;

    /// What the spread is in messages.
    fn spread_name(&self) -> &'static str;

    /// The formula of one element.
    fn formula(&self) -> Self::Formula;

    /// How the losses become one number. Default: mean.
    fn reduction(&self) -> Reduction {
        Reduction::Mean
    }

    /// Computes the loss as one number, reduced as configured.
    ///
    /// # Shapes
    ///
    /// - `prediction`, `target`: the same, of any rank
    /// - `spread`: the same, or with one axis of length 1
    /// - output: `[1]`
    ///
    /// # Panics
    ///
    /// If the shapes do not fit, the element types or devices differ, and, on NdArray and Flex, if a spread is negative (elsewhere its
    /// loss is NaN).
    #[track_caller]
    fn forward<const D: usize>(
        &self,
        prediction: Tensor<B, D>,
        target: Tensor<B, D>,
        spread: Tensor<B, D>,
    ) -> Tensor<B, 1> {
        reduced(self, prediction, target, spread, None)
    }

    /// Computes one loss per element.
    ///
    /// # Shapes
    ///
    /// - `prediction`, `target`, output: the same, of any rank
    /// - `spread`: the same, or with one axis of length 1
    ///
    /// # Panics
    ///
    /// As [`forward`](Self::forward).
    #[track_caller]
    fn forward_no_reduction<const D: usize>(
        &self,
        prediction: Tensor<B, D>,
        target: Tensor<B, D>,
        spread: Tensor<B, D>,
    ) -> Tensor<B, D> {
        let formula = self.formula();
        let found = B::elementwise(&formula, elements(self, prediction, target, spread));
        let names = ["prediction", "target", self.spread_name()];
        check::fault_of(self.name(), &formula, names, found.fault);
        tensor(found.losses)
    }

    /// Computes the loss with one weight, or one 0 or 1 of a mask, per element: `sum_i r_i l_i`, for the mean divided by
    /// `sum_i r_i`, with the losses `l` and the weights `r`.
    ///
    /// An element of weight 0 is dropped, whatever its prediction, target and spread: its gradient is 0.
    ///
    /// # Shapes
    ///
    /// - `prediction`, `target`, `weights`: the same, of any rank
    /// - `spread`: the same, or with one axis of length 1
    /// - output: `[1]`
    ///
    /// # Panics
    ///
    /// As [`forward`](Self::forward), also for the weights.
    #[track_caller]
    fn forward_weighted<const D: usize>(
        &self,
        prediction: Tensor<B, D>,
        target: Tensor<B, D>,
        spread: Tensor<B, D>,
        weights: Tensor<B, D>,
    ) -> Tensor<B, 1> {
        check::alike(
            self.name(),
            ("prediction", &prediction),
            ("weights", &weights),
        );
        reduced(self, prediction, target, spread, Some(weights))
    }
}

/// The inputs of the formula, the spread of every element among them.
#[track_caller]
fn elements<B: LossBackend, L: SpreadLoss<B> + ?Sized, const D: usize>(
    loss: &L,
    prediction: Tensor<B, D>,
    target: Tensor<B, D>,
    spread: Tensor<B, D>,
) -> Elements<B> {
    check::prediction_and_target(loss.name(), &prediction, &target);
    check::spread(loss.name(), &prediction, (loss.spread_name(), &spread));
    let spread = match spread.dims() == prediction.dims() {
        true => spread,
        false => spread.expand(prediction.dims()),
    };
    Elements {
        prediction: primitive(prediction),
        target: primitive(target),
        third: Some(primitive(spread)),
    }
}

#[track_caller]
fn reduced<B: LossBackend, L: SpreadLoss<B> + ?Sized, const D: usize>(
    loss: &L,
    prediction: Tensor<B, D>,
    target: Tensor<B, D>,
    spread: Tensor<B, D>,
    weights: Option<Tensor<B, D>>,
) -> Tensor<B, 1> {
    check::reduction(loss.name(), loss.reduction());
    let formula = loss.formula();
    let found = B::elementwise_reduced(
        &formula,
        elements(loss, prediction, target, spread),
        weights.map(primitive),
        loss.reduction(),
        // On a backend that differentiates, what is tracked decides.
        [false; 3],
    );
    let names = ["prediction", "target", loss.spread_name()];
    check::fault_of(loss.name(), &formula, names, found.fault);
    tensor(found.loss)
}
