//! Triplet margin loss of embeddings.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::{Bool, Tensor};
use burn_loss_kernels::LossBackend;
use burn_loss_kernels::composed::at_least_f32;

use crate::display::display_fields;
use crate::forms::choice::smaller;
use crate::forms::samples::{hinge, sum_of_rows};
use crate::forms::{SampleLoss, Samples, fill_samples, sample_forwards};
use crate::{Reduction, check};

/// Configuration of [`TripletMarginLoss`].
///
/// # Example
///
/// ```
/// use burn_loss::TripletMarginLossConfig;
///
/// assert!(TripletMarginLossConfig::new().with_swap(true).init().swap);
/// ```
#[derive(Config, Debug, PartialEq)]
#[non_exhaustive]
pub struct TripletMarginLossConfig {
    /// How much nearer than the negative the positive has to be, finite and more than 0. Default: 1.
    #[config(default = 1.0)]
    pub margin: f64,
    /// The exponent of the distance, finite and at least 1: 1 adds absolute differences, 2 is the length. Default: 2.
    #[config(default = 2.0)]
    pub p: f64,
    /// Added to each difference, so that a distance has a slope everywhere, finite and at least 0. Default: 1e-6.
    #[config(default = 1e-6)]
    pub eps: f64,
    /// Whether the negative's distance is that to the nearer one of anchor and positive. Default: false.
    #[config(default = false)]
    pub swap: bool,
    /// How the losses become one number. Default: mean.
    #[config(default = "Reduction::Mean")]
    pub reduction: Reduction,
}

impl TripletMarginLossConfig {
    /// Makes the loss.
    ///
    /// # Panics
    ///
    /// If `margin` is not finite and more than 0, `p` is not finite and at least 1, or `eps` is negative or not finite, or if `reduction` is [`BatchMean`](Reduction::BatchMean).
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::Tensor;
    /// use burn_loss::TripletMarginLossConfig;
    ///
    /// let device = Default::default();
    /// let row = |x: f32| Tensor::<NdArray, 2>::from_floats([[x, 0.0]], &device);
    /// let loss = TripletMarginLossConfig::new().with_p(1.0).with_eps(0.0).init();
    /// // The positive is 2 away, the negative 2.5: half of the margin is missing.
    /// assert_eq!(loss.forward(row(0.0), row(2.0), row(-2.5)).into_scalar(), 0.5);
    /// ```
    #[track_caller]
    pub fn init(&self) -> TripletMarginLoss {
        let name = "TripletMarginLossConfig";
        check::config_above_zero(name, "margin", self.margin);
        let expected = "finite and at least 1";
        check::config_number(self.p >= 1.0, name, "p", expected, self.p);
        check::config_at_least_zero(name, "eps", self.eps);
        check::reduction("TripletMarginLossConfig", self.reduction);
        TripletMarginLoss {
            margin: self.margin,
            p: self.p,
            eps: self.eps,
            swap: self.swap,
            reduction: self.reduction,
        }
    }
}

/// How much of a margin is missing between the distance of an anchor to what belongs to it and to what does not,
/// `max(0, d(a, p) - d(a, n) + margin)`, with `d(x, y) = (sum_i |x_i - y_i + eps|^p)^(1 / p)`.
///
/// For embeddings that are learned from triplets, of faces or of products, where only relative nearness is known. Most triplets
/// of a trained model cost nothing: choose hard ones, or take a loss that compares all of a batch, [`SupConLoss`](crate::SupConLoss)
/// of classes or [`InfoNceLoss`](crate::InfoNceLoss) of pairs.
///
/// - `anchor`, `positive`, `negative`: embeddings, `[N, D]`, any real numbers
/// - with `swap`, `d(a, n)` is the smaller one of it and `d(p, n)`
/// - gradient at a distance of 0: 0
/// - PyTorch: [`nn.TripletMarginLoss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.TripletMarginLoss.html), but that
///   `p` is finite and at least 1; swap: [Learning local feature descriptors with triplets and shallow convolutional neural
///   networks](https://bmva-archive.org.uk/bmvc/2016/papers/paper119/index.html)
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::Tensor;
/// use burn_loss::TripletMarginLossConfig;
///
/// let device = Default::default();
/// let anchor = Tensor::<NdArray, 2>::from_floats([[0.0, 0.0], [0.0, 0.0]], &device);
/// let positive = Tensor::from_floats([[3.0, 4.0], [3.0, 4.0]], &device);
/// let negative = Tensor::from_floats([[0.0, 9.0], [0.0, 5.5]], &device);
/// let each = TripletMarginLossConfig::new().init().forward_no_reduction(anchor, positive, negative);
/// // The positive is 5 away, the negatives 9 and 5.5.
/// let each = each.into_data().to_vec::<f32>().unwrap();
/// assert!(each[0] == 0.0 && (each[1] - 0.5).abs() < 1e-5);
/// ```
#[derive(Module, Debug, Clone)]
#[module(custom_display)]
#[non_exhaustive]
pub struct TripletMarginLoss {
    /// How much nearer than the negative the positive has to be, finite and more than 0.
    pub margin: f64,
    /// The exponent of the distance, finite and at least 1.
    pub p: f64,
    /// Added to each difference, finite and at least 0.
    pub eps: f64,
    /// Whether the negative's distance is that to the nearer one of anchor and positive.
    pub swap: bool,
    /// How the losses become one number.
    #[module(skip)]
    pub reduction: Reduction,
}

display_fields!([] TripletMarginLoss: {} margin, p, eps, swap, reduction);
sample_forwards!(<> TripletMarginLoss, <B>, anchor: Tensor<B, 2>, positive: Tensor<B, 2>, negative: Tensor<B, 2>);

const NAME: &str = "TripletMarginLoss";

/// Panics unless the three fit one another.
#[track_caller]
fn check_parts<B: LossBackend, const D: usize>(
    anchor: &Tensor<B, D>,
    positive: &Tensor<B, D>,
    negative: &Tensor<B, D>,
) -> Samples<B> {
    check::alike(NAME, ("anchor", anchor), ("positive", positive));
    check::alike(NAME, ("anchor", anchor), ("negative", negative));
    Samples::of("anchor", anchor)
}

impl<B: LossBackend> SampleLoss<B> for TripletMarginLoss {
    type Inputs = (Tensor<B, 2>, Tensor<B, 2>, Tensor<B, 2>);

    fn name(&self) -> &'static str {
        NAME
    }

    fn reduction(&self) -> Reduction {
        self.reduction
    }

    #[track_caller]
    fn check(&self, (anchor, positive, negative): &Self::Inputs) -> Samples<B> {
        check_parts(anchor, positive, negative)
    }

    fn without(
        &self,
        (anchor, positive, negative): Self::Inputs,
        dropped: Tensor<B, 1, Bool>,
    ) -> Self::Inputs {
        (
            fill_samples(anchor, &dropped),
            fill_samples(positive, &dropped),
            fill_samples(negative, &dropped),
        )
    }

    fn losses(&self, (anchor, positive, negative): Self::Inputs) -> Tensor<B, 1> {
        let dtype = anchor.dtype();
        let [anchor, positive, negative] =
            [anchor, positive, negative].map(|rows| rows.cast(at_least_f32(dtype)));
        self.losses_with(anchor, positive, negative, |x, y| self.distance(x, y))
            .cast(dtype)
    }
}

impl TripletMarginLoss {
    /// Computes the loss as one number with a distance of your own, in place of `p` and `eps`.
    ///
    /// PyTorch: [`nn.TripletMarginWithDistanceLoss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.TripletMarginWithDistanceLoss.html).
    ///
    /// # Shapes
    ///
    /// - `anchor`, `positive`, `negative`: the same, of any rank from 1; samples are counted along the first axis
    /// - `distance`: from two of them to one number per sample, `[N]`, at least 0
    /// - output: `[1]`
    ///
    /// # Panics
    ///
    /// If the shapes, element types or devices differ, or `distance` does not give one number per sample.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::Tensor;
    /// use burn_loss::TripletMarginLossConfig;
    ///
    /// let device = Default::default();
    /// let row = |x: f32| Tensor::<NdArray, 2>::from_floats([[x, 1.0]], &device);
    /// // The largest difference.
    /// let distance = |x: Tensor<NdArray, 2>, y: Tensor<NdArray, 2>| (x - y).abs().max_dim(1).squeeze_dim(1);
    /// let loss = TripletMarginLossConfig::new().init();
    /// let mean = loss.forward_with_distance(row(0.0), row(2.0), row(2.5), distance);
    /// assert_eq!(mean.into_scalar(), 0.5);
    /// ```
    #[track_caller]
    pub fn forward_with_distance<B: LossBackend, const D: usize>(
        &self,
        anchor: Tensor<B, D>,
        positive: Tensor<B, D>,
        negative: Tensor<B, D>,
        distance: impl Fn(Tensor<B, D>, Tensor<B, D>) -> Tensor<B, 1>,
    ) -> Tensor<B, 1> {
        let each = self.forward_with_distance_no_reduction(anchor, positive, negative, distance);
        self.reduction.reduce(each)
    }

    /// Computes one loss per sample, `[N]`, with a distance of your own.
    ///
    /// # Panics
    ///
    /// As [`forward_with_distance`](Self::forward_with_distance), whose shapes and example hold here, too.
    #[track_caller]
    pub fn forward_with_distance_no_reduction<B: LossBackend, const D: usize>(
        &self,
        anchor: Tensor<B, D>,
        positive: Tensor<B, D>,
        negative: Tensor<B, D>,
        distance: impl Fn(Tensor<B, D>, Tensor<B, D>) -> Tensor<B, 1>,
    ) -> Tensor<B, 1> {
        check::reduction(NAME, self.reduction);
        check_parts(&anchor, &positive, &negative);
        self.losses_with(anchor, positive, negative, distance)
    }

    /// Computes the loss as one number with a distance of your own and one weight, or one 0 or 1 of a mask, per sample.
    ///
    /// A sample of weight 0 is dropped, whatever stands in it.
    ///
    /// # Shapes
    ///
    /// - `weights`: `[N]`; the others as in [`forward_with_distance`](Self::forward_with_distance)
    ///
    /// # Panics
    ///
    /// As [`forward_with_distance`](Self::forward_with_distance), and if the shape, the element type or the device of the weights
    /// does not fit.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::Tensor;
    /// use burn_loss::TripletMarginLossConfig;
    ///
    /// let device = Default::default();
    /// let rows = |first: f32| Tensor::<NdArray, 2>::from_floats([[first], [f32::NAN]], &device);
    /// let distance = |x: Tensor<NdArray, 2>, y: Tensor<NdArray, 2>| (x - y).abs().squeeze_dim(1);
    /// let loss = TripletMarginLossConfig::new().init();
    /// // The second sample is masked.
    /// let mask = Tensor::from_floats([1.0, 0.0], &device);
    /// let mean = loss.forward_with_distance_weighted(rows(0.0), rows(2.0), rows(2.5), distance, mask);
    /// assert_eq!(mean.into_scalar(), 0.5);
    /// ```
    #[track_caller]
    pub fn forward_with_distance_weighted<B: LossBackend, const D: usize>(
        &self,
        anchor: Tensor<B, D>,
        positive: Tensor<B, D>,
        negative: Tensor<B, D>,
        distance: impl Fn(Tensor<B, D>, Tensor<B, D>) -> Tensor<B, 1>,
        weights: Tensor<B, 1>,
    ) -> Tensor<B, 1> {
        check::reduction(NAME, self.reduction);
        check_parts(&anchor, &positive, &negative).check_weights(NAME, &weights);
        let dropped = weights.clone().equal_elem(0.0);
        let [anchor, positive, negative] =
            [anchor, positive, negative].map(|part| fill_samples(part, &dropped));
        let each = self.losses_with(anchor, positive, negative, distance);
        self.reduction.reduce_weighted(each, weights)
    }

    /// One loss per sample.
    #[track_caller]
    fn losses_with<B: LossBackend, const D: usize>(
        &self,
        anchor: Tensor<B, D>,
        positive: Tensor<B, D>,
        negative: Tensor<B, D>,
        distance: impl Fn(Tensor<B, D>, Tensor<B, D>) -> Tensor<B, 1>,
    ) -> Tensor<B, 1> {
        let samples = anchor.dims()[0];
        let to_positive = distance(anchor.clone(), positive.clone());
        let mut to_negative = distance(anchor, negative.clone());
        if self.swap {
            to_negative = smaller(&to_negative, &distance(positive, negative));
        }
        let each = hinge(to_positive - to_negative + self.margin);
        let expected = ("one distance per sample", [samples]);
        check::same_shape(NAME, expected, ("distance", each.dims()));
        each
    }

    /// The distance of the rows of two matrices, `[N]`.
    fn distance<B: LossBackend>(&self, x: Tensor<B, 2>, y: Tensor<B, 2>) -> Tensor<B, 1> {
        let difference = x - y + self.eps;
        match self.p {
            1.0 => sum_of_rows(difference.abs()),
            2.0 => {
                let squares = difference.clone() * difference;
                root(sum_of_rows(squares), |sum| sum.sqrt())
            }
            p => power_distance(difference.abs(), p),
        }
    }
}

/// `(sum d^p)^(1/p)` of each row, as the largest number times what the others make of it: 32 bits hold no high power of a small
/// difference, nor of a large one.
fn power_distance<B: LossBackend>(sizes: Tensor<B, 2>, p: f64) -> Tensor<B, 1> {
    let [rows, _] = sizes.dims();
    let largest = sizes.clone().detach().max_dim(1);
    let none = largest.clone().equal_elem(0.0);
    let largest = largest.mask_fill(none, 1.0);
    // The distance grows as its numbers do: for its slope the largest may be a constant.
    let shares = sizes * (largest.ones_like() / largest.clone());
    let sum = sum_of_rows(shares.powf_scalar(p));
    // As a tensor: a number would be rounded to f32.
    let distance = root(sum, |sum| sum.clone().powf(sum.full_like(p.recip())));
    distance * largest.reshape([rows])
}

/// A root of sums; where there is nothing, its slope has no bound, and it is a constant.
fn root<B: LossBackend>(
    sum: Tensor<B, 1>,
    of: impl FnOnce(Tensor<B, 1>) -> Tensor<B, 1>,
) -> Tensor<B, 1> {
    let none = sum.clone().lower_elem(least_normal(&sum));
    of(sum.mask_fill(none.clone(), 1.0)).mask_fill(none, 0.0)
}

/// The least number that the element type has with all its digits.
fn least_normal<B: LossBackend>(tensor: &Tensor<B, 1>) -> f64 {
    match tensor.dtype().finfo() {
        Some(info) => info.min_positive,
        None => 0.0,
    }
}
