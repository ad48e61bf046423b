//! What all losses of scores against classes have in common: one row a prediction, one class a row.

use burn::tensor::backend::Backend;
use burn::tensor::{Int, Tensor, TensorData};

use crate::{Reduction, check};

/// One loss a row, `[M]`, and what each row weighs in the mean.
pub(crate) struct RowLosses<B: Backend> {
    /// Already multiplied by the weights; 0 where the row is ignored.
    pub(crate) losses: Tensor<B, 1>,
    /// Without weights, every row counts as 1.
    pub(crate) weights: Option<Tensor<B, 1>>,
}

impl<B: Backend> RowLosses<B> {
    pub(crate) fn reduce(self, reduction: Reduction) -> Tensor<B, 1> {
        match self.weights {
            Some(weights) => reduction.reduce_weighted(self.losses, weights),
            None => reduction.reduce(self.losses),
        }
    }

    /// Weighs each row once more. A row of weight 0 is dropped, whatever its loss.
    pub(crate) fn weigh(self, by: Tensor<B, 1>) -> Self {
        let dropped = by.clone().equal_elem(0.0);
        let losses = self.losses * by.clone();
        Self {
            losses: losses.mask_fill(dropped, 0.0),
            weights: Some(match self.weights {
                Some(weights) => weights * by,
                None => by,
            }),
        }
    }
}

/// The options that say how much a row counts.
#[derive(Clone, Copy)]
pub(crate) struct RowOptions<'a, B: Backend> {
    pub(crate) class_weights: Option<&'a Tensor<B, 1>>,
    pub(crate) ignore_index: Option<i64>,
}

impl<B: Backend> RowOptions<'_, B> {
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
    pub(crate) fn row_weights(
        &self,
        targets: &Tensor<B, 1, Int>,
        scores: &Tensor<B, 3>,
    ) -> Option<Tensor<B, 1>> {
        let ignored = self
            .ignore_index
            .map(|index| targets.clone().equal_elem(index));
        let weights = match (self.class_weights, &ignored) {
            (None, None) => return None,
            (None, Some(ignored)) => ignored.clone().bool_not().float(),
            (Some(weights), _) => {
                let num_classes = scores.dims()[1];
                weights.clone().gather(0, valid(targets, num_classes))
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
    let outside = targets
        .clone()
        .lower_elem(0)
        .bool_or(targets.clone().greater_equal_elem(num_classes as i64));
    targets.clone().mask_fill(outside, 0)
}

/// A config's weights as a tensor.
pub(crate) fn weights_tensor<B: Backend>(
    weights: Option<&Vec<f32>>,
    device: &B::Device,
) -> Option<Tensor<B, 1>> {
    weights.map(|weights| Tensor::from_data(TensorData::from(weights.as_slice()), device))
}

/// Implements the `forward` methods of a loss with `rows`, `options` and a `reduction`.
macro_rules! class_forwards {
    ($loss:ident, $backend:ident, $scores:ident) => {
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
            /// If the shapes do not fit, or, on CPU backends, if a target is not a class (on GPU backends its row's
            /// loss is NaN).
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
            #[track_caller]
            pub fn forward_no_reduction(
                &self,
                $scores: Tensor<B, 2>,
                targets: Tensor<B, 1, Int>,
            ) -> Tensor<B, 1> {
                self.forward_nd_no_reduction($scores, targets)
            }

            /// Computes the loss with one weight, or one 0 or 1 of a mask, a row; the mean divides by the sum of the
            /// weights (times the class weights, and without the ignored rows).
            ///
            /// A row of weight 0 is dropped, whatever its scores: its gradient is 0.
            ///
            /// # Shapes
            ///
            #[doc = concat!("- `", stringify!($scores), "`: `[N, C]`")]
            /// - `targets`, `weights`: `[N]`
            /// - output: `[1]`
            ///
            /// # Panics
            ///
            /// As [`forward`](Self::forward), and if the shape of the weights does not fit.
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
                self.checked_rows($scores, targets)
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
            #[track_caller]
            pub fn forward_nd<const D: usize, const T: usize>(
                &self,
                $scores: Tensor<B, D>,
                targets: Tensor<B, T, Int>,
            ) -> Tensor<B, 1> {
                self.checked_rows($scores, targets).reduce(self.reduction)
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
            #[track_caller]
            pub fn forward_nd_no_reduction<const D: usize, const T: usize>(
                &self,
                $scores: Tensor<B, D>,
                targets: Tensor<B, T, Int>,
            ) -> Tensor<B, T> {
                let shape = targets.dims();
                self.checked_rows($scores, targets).losses.reshape(shape)
            }

            #[track_caller]
            fn checked_rows<const D: usize, const T: usize>(
                &self,
                $scores: Tensor<B, D>,
                targets: Tensor<B, T, Int>,
            ) -> RowLosses<B> {
                let [n, num_classes, s] = check::class_shapes(
                    Self::NAME,
                    stringify!($scores),
                    $scores.dims(),
                    targets.dims(),
                );
                let targets = targets.reshape([n * s]);
                self.options().check(Self::NAME, &targets, num_classes);
                self.rows($scores.reshape([n, num_classes, s]), targets)
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
