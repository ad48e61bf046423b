//! Mean absolute error.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

use crate::display::display_fields;
use crate::elementwise::elementwise_forwards;
use crate::{Reduction, check};

/// Configuration of [`L1Loss`].
///
/// # Example
///
/// ```
/// use burn_loss::{L1LossConfig, Reduction};
///
/// let loss = L1LossConfig::new().with_reduction(Reduction::Sum).init();
/// assert_eq!(loss.reduction, Reduction::Sum);
/// ```
#[derive(Config, Debug, PartialEq)]
pub struct L1LossConfig {
    /// How the losses become one number. Default: mean.
    #[config(default = "Reduction::Mean")]
    pub reduction: Reduction,
}

impl L1LossConfig {
    /// Makes the loss.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::Tensor;
    /// use burn_loss::{L1LossConfig, Reduction};
    ///
    /// let device = Default::default();
    /// let loss = L1LossConfig::new().with_reduction(Reduction::Sum).init();
    /// let prediction = Tensor::<NdArray, 1>::from_floats([3.0, 1.0], &device);
    /// let target = Tensor::from_floats([0.0, 0.0], &device);
    /// // 3 + 1
    /// assert_eq!(loss.forward(prediction, target).into_scalar(), 4.0);
    /// ```
    pub fn init(&self) -> L1Loss {
        L1Loss {
            reduction: self.reduction,
        }
    }
}

/// The absolute error, `|x - y|`; its mean is the mean absolute error, MAE.
///
/// For regression with outliers: every error pulls with the same force, and the fit is the median. The gradient at an
/// error of 0 is 0.
///
/// - `prediction`, `target`: any real numbers, of one shape
/// - PyTorch: [`nn.L1Loss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.L1Loss.html)
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::Tensor;
/// use burn_loss::L1LossConfig;
///
/// let device = Default::default();
/// let prediction = Tensor::<NdArray, 1>::from_floats([1.0, 2.0, 5.0], &device);
/// let target = Tensor::from_floats([1.0, 3.0, 2.0], &device);
///
/// // (0 + 1 + 3) / 3
/// let mean: f32 = L1LossConfig::new().init().forward(prediction, target).into_scalar();
/// assert!((mean - 4.0 / 3.0).abs() < 1e-6);
/// ```
#[derive(Module, Debug, Clone)]
#[module(custom_display)]
pub struct L1Loss {
    /// How the losses become one number.
    #[module(skip)]
    pub reduction: Reduction,
}

display_fields!([] L1Loss: {} reduction);
elementwise_forwards!(<> L1Loss, <B>, "L1LossConfig::new().init()", "0.5");

impl L1Loss {
    const NAME: &str = "L1Loss";

    /// Computes one loss an element.
    ///
    /// # Shapes
    ///
    /// - `prediction`, `target`, output: the same, of any rank
    ///
    /// # Panics
    ///
    /// If the shapes or element types differ.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::Tensor;
    ///
    /// let prediction = Tensor::<NdArray, 2>::from_floats([[0.5, 1.0]], &Default::default());
    /// let each = burn_loss::L1LossConfig::new().init().forward_no_reduction(prediction.clone(), prediction.ones_like());
    /// assert_eq!(each.into_data().to_vec::<f32>().unwrap(), [0.5, 0.0]);
    /// ```
    #[track_caller]
    pub fn forward_no_reduction<B: Backend, const D: usize>(
        &self,
        prediction: Tensor<B, D>,
        target: Tensor<B, D>,
    ) -> Tensor<B, D> {
        check::prediction_and_target(Self::NAME, &prediction, &target);
        (prediction - target).abs()
    }
}
