//! Cosine embedding loss of pairs.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::{Bool, Tensor};
use burn_loss_kernels::LossBackend;
use burn_loss_kernels::composed::at_least_f32;

use crate::display::display_fields;
use crate::forms::samples::{hinge, sum_of_rows};
use crate::forms::{SampleLoss, Samples, fill_samples, sample_forwards};
use crate::{Reduction, check};

/// Added to each squared length, as by PyTorch: a vector of zeros is at a right angle to everything.
const LEAST_SQUARE: f64 = 1e-12f32 as f64;

/// Configuration of [`CosineEmbeddingLoss`].
///
/// # Example
///
/// ```
/// use burn_loss::CosineEmbeddingLossConfig;
///
/// assert_eq!(CosineEmbeddingLossConfig::new().with_margin(0.2).init().margin, 0.2);
/// ```
#[derive(Config, Debug, PartialEq)]
#[non_exhaustive]
pub struct CosineEmbeddingLossConfig {
    /// The cosine below which a pair that does not belong together is far enough apart, in `[-1, 1]`. Default: 0.
    #[config(default = 0.0)]
    pub margin: f64,
    /// How the losses become one number. Default: mean.
    #[config(default = "Reduction::Mean")]
    pub reduction: Reduction,
}

impl CosineEmbeddingLossConfig {
    /// Makes the loss.
    ///
    /// # Panics
    ///
    /// If `margin` is outside `[-1, 1]`, or if `reduction` is [`BatchMean`](Reduction::BatchMean).
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::Tensor;
    /// use burn_loss::CosineEmbeddingLossConfig;
    ///
    /// let device = Default::default();
    /// let first = Tensor::<NdArray, 2>::from_floats([[1.0, 0.0]], &device);
    /// let loss = CosineEmbeddingLossConfig::new().with_margin(0.25).init();
    /// // The same vector twice, which is not to be alike: a cosine of 1, of which 0.25 would be allowed.
    /// let mean = loss.forward(first.clone(), first, Tensor::from_floats([-1.0], &device));
    /// assert!((mean.into_scalar() - 0.75).abs() < 1e-6);
    /// ```
    #[track_caller]
    pub fn init(&self) -> CosineEmbeddingLoss {
        check::config_number(
            (-1.0..=1.0).contains(&self.margin),
            "CosineEmbeddingLossConfig",
            "margin",
            "in [-1, 1]",
            self.margin,
        );
        check::reduction("CosineEmbeddingLossConfig", self.reduction);
        CosineEmbeddingLoss {
            margin: self.margin,
            reduction: self.reduction,
        }
    }
}

/// The distance in angle of pairs that belong together, and the nearness of pairs that do not: `1 - cos(a, b)` where the target
/// is 1, `max(0, cos(a, b) - margin)` where it is -1.
///
/// For embeddings of which only the direction counts, given pairs that are alike or not. Where triplets are known, or lengths
/// matter, take [`TripletMarginLoss`](crate::TripletMarginLoss).
///
/// - `first`, `second`: embeddings, `[N, D]`, any real numbers
/// - `target`: 1 or -1 for each pair, `[N]`
/// - `cos(a, b) = a·b / sqrt((a·a + 1e-12) (b·b + 1e-12))`
/// - panics, beside shapes: on NdArray and Flex if a target is neither 1 nor -1; elsewhere the loss is NaN then (PyTorch counts
///   such a pair 0)
/// - PyTorch: [`nn.CosineEmbeddingLoss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.CosineEmbeddingLoss.html)
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::Tensor;
/// use burn_loss::CosineEmbeddingLossConfig;
///
/// let device = Default::default();
/// let first = Tensor::<NdArray, 2>::from_floats([[3.0, 4.0], [3.0, 4.0]], &device);
/// let second = Tensor::from_floats([[2.0, 0.0], [2.0, 0.0]], &device);
/// let target = Tensor::from_floats([1.0, -1.0], &device);
/// let each = CosineEmbeddingLossConfig::new().init().forward_no_reduction(first, second, target);
/// // The cosine is 3/5.
/// let each = each.into_data().to_vec::<f32>().unwrap();
/// assert!((each[0] - 0.4).abs() < 1e-6 && (each[1] - 0.6).abs() < 1e-6);
/// ```
#[derive(Module, Debug, Clone)]
#[module(custom_display)]
#[non_exhaustive]
pub struct CosineEmbeddingLoss {
    /// The cosine below which a pair that does not belong together is far enough apart, in `[-1, 1]`.
    pub margin: f64,
    /// How the losses become one number.
    #[module(skip)]
    pub reduction: Reduction,
}

display_fields!([] CosineEmbeddingLoss: {} margin, reduction);
sample_forwards!(<> CosineEmbeddingLoss, <B>, first: Tensor<B, 2>, second: Tensor<B, 2>, target: Tensor<B, 1>);

impl<B: LossBackend> SampleLoss<B> for CosineEmbeddingLoss {
    type Inputs = (Tensor<B, 2>, Tensor<B, 2>, Tensor<B, 1>);

    fn name(&self) -> &'static str {
        "CosineEmbeddingLoss"
    }

    fn reduction(&self) -> Reduction {
        self.reduction
    }

    #[track_caller]
    fn check(&self, (first, second, target): &Self::Inputs) -> Samples<B> {
        let name = "CosineEmbeddingLoss";
        check::alike(name, ("first", first), ("second", second));
        check::per_sample(name, ("first", first), ("target", target));
        Samples::of("first", first)
    }

    fn without(
        &self,
        (first, second, target): Self::Inputs,
        dropped: Tensor<B, 1, Bool>,
    ) -> Self::Inputs {
        (
            fill_samples(first, &dropped),
            fill_samples(second, &dropped),
            target.mask_fill(dropped, 1.0),
        )
    }

    #[track_caller]
    fn losses(&self, (first, second, target): Self::Inputs) -> Tensor<B, 1> {
        let wrong = check::signs("CosineEmbeddingLoss", &target);
        let dtype = first.dtype();
        let wide = at_least_f32(dtype);
        let cosine = cosine(first.cast(wide), second.cast(wide));
        let apart = hinge(cosine.clone() - self.margin);
        let together = cosine.neg() + 1.0;
        let is_pair = target.greater_elem(0.0);
        let losses = apart.mask_where(is_pair, together);
        let losses = losses.cast(dtype);
        match wrong {
            Some(wrong) => losses.mask_fill(wrong, f64::NAN),
            None => losses,
        }
    }
}

/// The cosine of the angle between the rows of two matrices, `[N]`.
fn cosine<B: LossBackend>(first: Tensor<B, 2>, second: Tensor<B, 2>) -> Tensor<B, 1> {
    let product = sum_of_rows(first.clone() * second.clone());
    // One over the length as a power: a quotient's derivative goes through a reciprocal, which some processors round roughly.
    let over_length = |rows: Tensor<B, 2>| {
        let square = sum_of_rows(rows.clone() * rows) + LEAST_SQUARE;
        square.powf_scalar(-0.5)
    };
    product * over_length(first) * over_length(second)
}
