//! What all losses of scores against classes have in common: one row a prediction, one class a row.

use burn::tensor::backend::Backend;
use burn::tensor::{Bool, DType, Int, IntDType, Tensor, TensorData};

use crate::{Reduction, check};

/// One loss a row, `[M]`, and what each row weighs in the mean.
pub(crate) struct RowLosses<B: Backend> {
    /// Already multiplied by the weights; 0 where the row is ignored.
    pub(crate) losses: Tensor<B, 1>,
    /// Without weights, every row counts as 1.
    pub(crate) weights: Option<Tensor<B, 1>>,
    /// Whether the losses are still to be negated: of their sum that is one number, and not one a row.
    negative: bool,
}

impl<B: Backend> RowLosses<B> {
    /// The losses times the weights.
    pub(crate) fn weighed(losses: Tensor<B, 1>, weights: Option<Tensor<B, 1>>) -> Self {
        let losses = match &weights {
            Some(weights) => losses * weights.clone(),
            None => losses,
        };
        Self {
            losses,
            weights,
            negative: false,
        }
    }

    /// The losses negated.
    pub(crate) fn neg(self) -> Self {
        Self {
            negative: !self.negative,
            ..self
        }
    }

    /// One loss a row, as the shape says.
    pub(crate) fn each<const D: usize>(self, shape: [usize; D]) -> Tensor<B, D> {
        let losses = positive(self.negative, self.losses);
        if D == 1 {
            return Tensor::from_primitive(losses.into_primitive());
        }
        losses.reshape(shape)
    }

    pub(crate) fn reduce(self, reduction: Reduction) -> Tensor<B, 1> {
        let reduced = match self.weights {
            Some(weights) => reduction.reduce_weighted(self.losses, weights),
            None => reduction.reduce(self.losses),
        };
        positive(self.negative, reduced)
    }

    /// Weighs each row once more.
    pub(crate) fn weigh(self, by: Tensor<B, 1>) -> Self {
        Self {
            losses: self.losses * by.clone(),
            weights: Some(match self.weights {
                Some(weights) => weights * by,
                None => by,
            }),
            negative: self.negative,
        }
    }
}

/// Negates losses that are still to be. Adding 0 makes a loss of 0 positive, for people who read it.
fn positive<B: Backend>(negative: bool, losses: Tensor<B, 1>) -> Tensor<B, 1> {
    match negative {
        true => losses.neg() + 0.0,
        false => losses,
    }
}

/// What rows of weight 0 have for a target where no index is ignored: a number that no class has, and few mistakes.
const DROPPED: i64 = -(1 << 30);

/// The options that say how much a row counts.
#[derive(Clone, Copy)]
pub(crate) struct RowOptions<'a, B: Backend> {
    pub(crate) class_weights: Option<&'a Tensor<B, 1>>,
    pub(crate) ignore_index: Option<i64>,
}

/// The targets one after the other, of an integer type that holds every class and is one the kernels know.
pub(crate) fn flat_targets<B: Backend, const T: usize>(
    targets: Tensor<B, T, Int>,
) -> Tensor<B, 1, Int> {
    // To reshape them where they are flat would copy them on some backends.
    let targets = match T {
        1 => Tensor::from_primitive(targets.into_primitive()),
        _ => targets.flatten(0, T - 1),
    };
    match targets.dtype() {
        DType::I32 | DType::I64 => targets,
        DType::U32 | DType::U64 => targets.cast(IntDType::I64),
        _ => targets.cast(IntDType::I32),
    }
}

impl<B: Backend> RowOptions<'_, B> {
    /// Without an ignored index that these targets' type cannot hold: it matches none of them, but what it would be
    /// rounded to might.
    pub(crate) fn fit(mut self, targets: &Tensor<B, 1, Int>) -> Self {
        let fits = |index: &i64| targets.dtype() == DType::I64 || i32::try_from(*index).is_ok();
        self.ignore_index = self.ignore_index.filter(fits);
        self
    }

    /// Makes these rows ignored ones: their loss, their weight and their gradient are then 0, whatever their scores.
    /// Multiplying by 0 would let NaN through.
    pub(crate) fn ignore(
        mut self,
        rows: Tensor<B, 1, Bool>,
        targets: Tensor<B, 1, Int>,
    ) -> (Self, Tensor<B, 1, Int>) {
        let (index, targets) = match self.ignore_index {
            Some(index) => (index, targets),
            None => {
                // Where this number already stands it is a mistake, and stays one.
                let mistaken = targets.clone().equal_elem(DROPPED);
                (DROPPED, targets.mask_fill(mistaken, DROPPED + 1))
            }
        };
        self.ignore_index = Some(index);
        (self, targets.mask_fill(rows, index))
    }

    /// Which rows have a target that is neither a class nor ignored.
    pub(crate) fn invalid(
        &self,
        targets: &Tensor<B, 1, Int>,
        num_classes: usize,
    ) -> Tensor<B, 1, Bool> {
        let outside = check::outside_classes(targets, num_classes);
        match self.ignore_index {
            Some(index) => outside.bool_and(targets.clone().not_equal_elem(index)),
            None => outside,
        }
    }

    /// Checks the targets and the class weights against the number of classes.
    #[track_caller]
    pub(crate) fn check(&self, loss: &str, targets: &Tensor<B, 1, Int>, num_classes: usize) {
        self.check_class_weights(loss, num_classes);
        check::targets_on_host(loss, targets, num_classes, self.ignore_index);
    }

    #[track_caller]
    pub(crate) fn check_class_weights(&self, loss: &str, num_classes: usize) {
        if let Some(weights) = self.class_weights {
            let [length] = weights.dims();
            check::weights_length(loss, "class_weights", "class axis", num_classes, length);
        }
    }

    /// What each row counts: its class's weight, and 0 where it is ignored.
    pub(crate) fn row_weights<const D: usize>(
        &self,
        targets: &Tensor<B, 1, Int>,
        scores: &Tensor<B, D>,
    ) -> Option<Tensor<B, 1>> {
        let ignored = self
            .ignore_index
            .map(|index| targets.clone().equal_elem(index));
        let weights = match (self.class_weights, &ignored) {
            (None, None) => return None,
            (None, Some(ignored)) => ignored.clone().bool_not().float(),
            (Some(weights), _) => {
                let num_classes = scores.dims()[1];
                // NaN, so that the weight of another class, which may be 0, does not make a wrong target harmless.
                weights
                    .clone()
                    .gather(0, valid(targets, num_classes))
                    .mask_fill(self.invalid(targets, num_classes), f64::NAN)
            }
        };
        let weights = weights.cast(scores.dtype());
        Some(match ignored {
            Some(ignored) => weights.mask_fill(ignored, 0.0),
            None => weights,
        })
    }
}

/// The targets with 0 in place of what is not a class, so that they are safe to index with.
pub(crate) fn valid<B: Backend>(
    targets: &Tensor<B, 1, Int>,
    num_classes: usize,
) -> Tensor<B, 1, Int> {
    let outside = check::outside_classes(targets, num_classes);
    targets.clone().mask_fill(outside, 0)
}

/// A config's weights as a tensor.
pub(crate) fn weights_tensor<B: Backend>(
    weights: Option<&Vec<f32>>,
    device: &B::Device,
) -> Option<Tensor<B, 1>> {
    weights.map(|weights| Tensor::from_data(TensorData::from(weights.as_slice()), device))
}

/// Implements the `forward` methods of a loss with `rows` and the fields `class_weights`, `ignore_index` and `reduction`.
///
/// `$of` is the loss of the target's probability by default, for the examples; `$nan_gradient` is what a wrong target makes
/// NaN beside the loss.
macro_rules! class_forwards {
    ($loss:ident, $backend:ident, $scores:ident, $of:literal) => {
        class_forwards!($loss, $backend, $scores, $of, "its gradient");
    };
    ($loss:ident, $backend:ident, $scores:ident, $of:literal, $nan_gradient:literal) => {
        impl<B: $backend> $loss<B> {
            /// Computes the loss as one number, reduced as configured.
            ///
            /// # Shapes
            ///
            #[doc = concat!("- `", stringify!($scores), "`: `[N, C]`")]
            /// - `targets`: `[N]`, classes in `[0, C)` or the ignored index
            /// - output: `[1]`
            ///
            /// # Panics
            ///
            /// If the shapes do not fit, if there is no class, if the class weights do not have the length of the
            /// class axis, or, on NdArray and Flex, if a target is neither a class nor ignored. Elsewhere its row's loss
            #[doc = concat!("is NaN, and so is ", $nan_gradient, ".")]
            ///
            /// # Example
            ///
            /// ```
            /// # use burn::backend::NdArray;
            /// # use burn::tensor::{Int, Tensor};
            #[doc = concat!("use burn_loss::", stringify!($loss), "Config;")]
            ///
            /// let device = Default::default();
            /// let scores = Tensor::<NdArray, 2>::from_floats([[0.25, 0.75], [0.5, 0.5]], &device).log();
            /// let targets = Tensor::<NdArray, 1, Int>::from_ints([1, 0], &device);
            #[doc = concat!("let loss = ", stringify!($loss), "Config::new().init(&device);")]
            #[doc = concat!("let of = ", $of, ";")]
            ///
            /// let mean: f32 = loss.forward(scores, targets).into_scalar();
            /// assert!((mean - (of(0.75) + of(0.5)) / 2.0).abs() < 1e-6);
            /// ```
            #[track_caller]
            pub fn forward(
                &self,
                $scores: Tensor<B, 2>,
                targets: Tensor<B, 1, Int>,
            ) -> Tensor<B, 1> {
                self.forward_nd($scores, targets)
            }

            /// Computes one loss a row; 0 for ignored rows.
            ///
            /// # Shapes
            ///
            #[doc = concat!("- `", stringify!($scores), "`: `[N, C]`")]
            /// - `targets`, output: `[N]`
            ///
            /// # Panics
            ///
            /// As [`forward`](Self::forward).
            ///
            /// # Example
            ///
            /// ```
            /// # use burn::backend::NdArray;
            /// # use burn::tensor::{Int, Tensor};
            #[doc = concat!("use burn_loss::", stringify!($loss), "Config;")]
            ///
            /// let device = Default::default();
            /// let scores = Tensor::<NdArray, 2>::from_floats([[0.25, 0.75], [0.5, 0.5]], &device).log();
            /// let targets = Tensor::<NdArray, 1, Int>::from_ints([1, 0], &device);
            #[doc = concat!("let loss = ", stringify!($loss), "Config::new().init(&device);")]
            #[doc = concat!("let of = ", $of, ";")]
            ///
            /// let each = loss.forward_no_reduction(scores, targets).into_data().to_vec::<f32>().unwrap();
            /// assert!((each[0] - of(0.75)).abs() < 1e-6 && (each[1] - of(0.5)).abs() < 1e-6);
            /// ```
            #[track_caller]
            pub fn forward_no_reduction(
                &self,
                $scores: Tensor<B, 2>,
                targets: Tensor<B, 1, Int>,
            ) -> Tensor<B, 1> {
                self.forward_nd_no_reduction($scores, targets)
            }

            /// Computes the loss with one weight, or one 0 or 1 of a mask, a row: `sum_i r_i l_i`, for the mean divided
            /// by `sum_i r_i w_i`, with the row losses `l`, the weights `r` and the class weights `w` of the targets
            /// (0 for ignored rows).
            ///
            /// A row of weight 0 is dropped, whatever its scores and its target: its gradient is 0.
            ///
            /// # Shapes
            ///
            #[doc = concat!("- `", stringify!($scores), "`: `[N, C]`")]
            /// - `targets`, `weights`: `[N]`
            /// - output: `[1]`
            ///
            /// # Panics
            ///
            /// As [`forward`](Self::forward), and if the shape or the element type of the weights does not fit.
            ///
            /// # Example
            ///
            /// ```
            /// # use burn::backend::NdArray;
            /// # use burn::tensor::{Int, Tensor};
            #[doc = concat!("use burn_loss::", stringify!($loss), "Config;")]
            ///
            /// let device = Default::default();
            /// let scores = Tensor::<NdArray, 2>::from_floats([[0.25, 0.75], [0.5, 0.5]], &device).log();
            /// let targets = Tensor::<NdArray, 1, Int>::from_ints([1, 0], &device);
            #[doc = concat!("let loss = ", stringify!($loss), "Config::new().init(&device);")]
            #[doc = concat!("let of = ", $of, ";")]
            ///
            /// // Only the first row counts.
            /// let mask = Tensor::from_floats([1.0, 0.0], &device);
            /// let mean: f32 = loss.forward_weighted(scores, targets, mask).into_scalar();
            /// assert!((mean - of(0.75)).abs() < 1e-6);
            /// ```
            #[track_caller]
            pub fn forward_weighted(
                &self,
                $scores: Tensor<B, 2>,
                targets: Tensor<B, 1, Int>,
                weights: Tensor<B, 1>,
            ) -> Tensor<B, 1> {
                check::same_shape(
                    Self::NAME,
                    ("targets", targets.dims()),
                    ("weights", weights.dims()),
                );
                check::same_dtype(
                    Self::NAME,
                    (stringify!($scores), $scores.dtype()),
                    ("weights", weights.dtype()),
                );
                let dropped = weights.clone().equal_elem(0.0);
                self.checked_rows($scores, targets, Some(dropped))
                    .weigh(weights)
                    .reduce(self.reduction)
            }

            /// Computes the loss of a dense prediction (segmentation, sequences) as one number, reduced as configured.
            ///
            /// # Shapes
            ///
            #[doc = concat!("- `", stringify!($scores), "`: `[N, C, d1, ..]`, of rank `D`")]
            /// - `targets`: `[N, d1, ..]`, of rank `T = D - 1`
            /// - output: `[1]`
            ///
            /// # Panics
            ///
            /// As [`forward`](Self::forward), and if `T` is not `D - 1`.
            ///
            /// # Example
            ///
            /// ```
            /// # use burn::backend::NdArray;
            /// # use burn::tensor::{Int, Tensor};
            #[doc = concat!("use burn_loss::", stringify!($loss), "Config;")]
            ///
            /// let device = Default::default();
            /// let scores = Tensor::<NdArray, 2>::from_floats([[0.25, 0.75], [0.5, 0.5]], &device).log();
            /// let targets = Tensor::<NdArray, 1, Int>::from_ints([1, 0], &device);
            #[doc = concat!("let loss = ", stringify!($loss), "Config::new().init(&device);")]
            #[doc = concat!("let of = ", $of, ";")]
            ///
            /// // One example, two classes, two positions.
            /// let (scores, targets) = (scores.transpose().unsqueeze::<3>(), targets.unsqueeze::<2>());
            /// let mean: f32 = loss.forward_nd(scores, targets).into_scalar();
            /// assert!((mean - (of(0.75) + of(0.5)) / 2.0).abs() < 1e-6);
            /// ```
            #[track_caller]
            pub fn forward_nd<const D: usize, const T: usize>(
                &self,
                $scores: Tensor<B, D>,
                targets: Tensor<B, T, Int>,
            ) -> Tensor<B, 1> {
                self.checked_rows($scores, targets, None)
                    .reduce(self.reduction)
            }

            /// Computes one loss a prediction; 0 for ignored ones.
            ///
            /// # Shapes
            ///
            #[doc = concat!("- `", stringify!($scores), "`: `[N, C, d1, ..]`, of rank `D`")]
            /// - `targets`, output: `[N, d1, ..]`, of rank `T = D - 1`
            ///
            /// # Panics
            ///
            /// As [`forward_nd`](Self::forward_nd).
            ///
            /// # Example
            ///
            /// ```
            /// # use burn::backend::NdArray;
            /// # use burn::tensor::{Int, Tensor};
            #[doc = concat!("use burn_loss::", stringify!($loss), "Config;")]
            ///
            /// let device = Default::default();
            /// let scores = Tensor::<NdArray, 2>::from_floats([[0.25, 0.75], [0.5, 0.5]], &device).log();
            /// let targets = Tensor::<NdArray, 1, Int>::from_ints([1, 0], &device);
            #[doc = concat!("let loss = ", stringify!($loss), "Config::new().init(&device);")]
            #[doc = concat!("let of = ", $of, ";")]
            ///
            /// // One example, two classes, two positions.
            /// let (scores, targets) = (scores.transpose().unsqueeze::<3>(), targets.unsqueeze::<2>());
            /// let each = loss.forward_nd_no_reduction(scores, targets);
            /// assert_eq!(each.dims(), [1, 2]);
            /// assert!((each.into_data().to_vec::<f32>().unwrap()[1] - of(0.5)).abs() < 1e-6);
            /// ```
            #[track_caller]
            pub fn forward_nd_no_reduction<const D: usize, const T: usize>(
                &self,
                $scores: Tensor<B, D>,
                targets: Tensor<B, T, Int>,
            ) -> Tensor<B, T> {
                let shape = targets.dims();
                self.checked_rows($scores, targets, None).each(shape)
            }

            #[track_caller]
            fn checked_rows<const D: usize, const T: usize>(
                &self,
                $scores: Tensor<B, D>,
                targets: Tensor<B, T, Int>,
                dropped: Option<Tensor<B, 1, Bool>>,
            ) -> RowLosses<B> {
                let num_classes = check::class_shapes(
                    Self::NAME,
                    stringify!($scores),
                    $scores.dims(),
                    targets.dims(),
                );
                // Only the targets change their rank: of the scores that is a copy on some backends.
                let mut targets = flat_targets(targets);
                let mut options = self.options().fit(&targets);
                if let Some(dropped) = &dropped {
                    // A class, which passes the check.
                    targets = targets.mask_fill(dropped.clone(), 0);
                }
                options.check(Self::NAME, &targets, num_classes);
                if let Some(dropped) = dropped {
                    (options, targets) = options.ignore(dropped, targets);
                }
                self.rows($scores, targets, options)
            }

            fn options(&self) -> RowOptions<'_, B> {
                RowOptions {
                    class_weights: self.class_weights.as_ref(),
                    ignore_index: self.ignore_index,
                }
            }
        }
    };
}
pub(crate) use class_forwards;
