//! Hinge loss of distances.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::Tensor;
use burn_loss_kernels::{LossBackend, formulas};

use crate::forms::elementwise_loss;
use crate::{Reduction, check};

/// Configuration of [`HingeEmbeddingLoss`].
///
/// # Example
///
/// ```
/// use burn_loss::HingeEmbeddingLossConfig;
///
/// assert_eq!(HingeEmbeddingLossConfig::new().init().margin, 1.0);
/// ```
#[derive(Config, Debug, PartialEq)]
#[non_exhaustive]
pub struct HingeEmbeddingLossConfig {
    /// How far apart things that are not alike should be, finite. Default: 1.
    #[config(default = "1.0")]
    pub margin: f64,
    /// How the losses become one number. Default: mean.
    #[config(default = "Reduction::Mean")]
    pub reduction: Reduction,
}

impl HingeEmbeddingLossConfig {
    /// Makes the loss.
    ///
    /// # Panics
    ///
    /// If `margin` is not finite, or `reduction` is [`BatchMean`](Reduction::BatchMean).
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::Tensor;
    /// use burn_loss::HingeEmbeddingLossConfig;
    ///
    /// let device = Default::default();
    /// let loss = HingeEmbeddingLossConfig::new().with_margin(0.5).init();
    /// let distance = Tensor::<NdArray, 1>::from_floats([0.25], &device);
    /// // Not alike, and a quarter too near.
    /// assert_eq!(loss.forward(distance, -Tensor::ones([1], &device)).into_scalar(), 0.25);
    /// ```
    #[track_caller]
    pub fn init(&self) -> HingeEmbeddingLoss {
        let name = "HingeEmbeddingLossConfig";
        check::config_finite(name, "margin", self.margin);
        check::reduction(name, self.reduction);
        HingeEmbeddingLoss {
            margin: self.margin,
            reduction: self.reduction,
        }
    }
}

/// The distance `x` of a pair that is alike; of a pair that is not, how much its distance falls short of a margin: `x` where the
/// target is 1, and `max(0, margin - x)` where it is -1.
///
/// For pairs that are known to belong together or not, once you have computed their distance. Where the embeddings themselves are
/// at hand, [`CosineEmbeddingLoss`](crate::CosineEmbeddingLoss) and [`TripletMarginLoss`](crate::TripletMarginLoss) compute it.
///
/// - `prediction`: distances, at least 0 (not checked)
/// - `target`: 1 or -1, as floats, of the same shape (any other number gives `x + max(0, margin - x)`, as in
///   PyTorch)
/// - PyTorch: [`nn.HingeEmbeddingLoss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.HingeEmbeddingLoss.html)
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::Tensor;
/// use burn_loss::HingeEmbeddingLossConfig;
///
/// let device = Default::default();
/// let distances = Tensor::<NdArray, 1>::from_floats([0.5, 0.25, 3.0], &device);
/// let target = Tensor::from_floats([1.0, -1.0, -1.0], &device);
///
/// let each = HingeEmbeddingLossConfig::new().init().forward_no_reduction(distances, target);
/// assert_eq!(each.into_data().to_vec::<f32>().unwrap(), [0.5, 0.75, 0.0]);
/// ```
#[derive(Module, Debug, Clone)]
#[module(custom_display)]
#[non_exhaustive]
pub struct HingeEmbeddingLoss {
    /// How far apart things that are not alike should be, finite.
    pub margin: f64,
    /// How the losses become one number.
    #[module(skip)]
    pub reduction: Reduction,
}

elementwise_loss!(
    HingeEmbeddingLoss { margin },
    formulas::HingeEmbedding,
    |loss| formulas::HingeEmbedding {
        margin: loss.margin
    }
);
