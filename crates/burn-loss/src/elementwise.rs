//! What all losses of one prediction against one target have in common.

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

use crate::check;

/// Prediction and target without the elements of weight 0, so that nothing in them, NaN included, reaches the loss or
/// its gradient.
#[track_caller]
pub(crate) fn drop_weightless<B: Backend, const D: usize>(
    loss: &str,
    prediction: Tensor<B, D>,
    target: Tensor<B, D>,
    weights: &Tensor<B, D>,
) -> (Tensor<B, D>, Tensor<B, D>) {
    check::prediction_and_target(loss, &prediction, &target);
    check::alike(loss, ("prediction", &prediction), ("weights", weights));
    let dropped = weights.clone().equal_elem(0.0);
    // One half is a good prediction and a good target for every loss, probabilities among them.
    (
        prediction.mask_fill(dropped.clone(), 0.5),
        target.mask_fill(dropped, 0.5),
    )
}

/// Implements `forward` and `forward_weighted` for a loss with `forward_no_reduction` and a `reduction`.
macro_rules! elementwise_forwards {
    (<$($on_type:ident)?> $loss:ty, <$($on_method:ident)?>, $init:literal, $of_half:literal) => {
        impl$(<$on_type: Backend>)? $loss {
            /// Computes the loss as one number, reduced as configured.
            ///
            /// # Shapes
            ///
            /// - `prediction`, `target`: the same, of any rank
            /// - output: `[1]`
            ///
            /// # Panics
            ///
            /// As [`forward_no_reduction`](Self::forward_no_reduction).
            ///
            /// # Example
            ///
            /// ```
            /// use burn::backend::NdArray;
            /// use burn::tensor::Tensor;
            ///
            /// let device = Default::default();
            #[doc = concat!("let loss = burn_loss::", $init, ";")]
            /// let prediction = Tensor::<NdArray, 1>::from_floats([0.5, 0.5], &device);
            /// let target = Tensor::from_floats([1.0, 1.0], &device);
            /// let mean: f32 = loss.forward(prediction, target).into_scalar();
            #[doc = concat!("assert!((mean - ", $of_half, ").abs() < 1e-6);")]
            /// ```
            #[track_caller]
            pub fn forward<$($on_method: Backend,)? const D: usize>(
                &self,
                prediction: Tensor<B, D>,
                target: Tensor<B, D>,
            ) -> Tensor<B, 1> {
                self.reduction
                    .reduce(self.forward_no_reduction(prediction, target))
            }

            /// Computes the loss with one weight, or one 0 or 1 of a mask, an element: `sum_i r_i l_i`, for the mean
            /// divided by `sum_i r_i`, with the losses `l` and the weights `r`.
            ///
            /// An element of weight 0 is dropped, whatever its prediction and target: its gradient is 0.
            ///
            /// # Shapes
            ///
            /// - `prediction`, `target`, `weights`: the same, of any rank
            /// - output: `[1]`
            ///
            /// # Panics
            ///
            /// As [`forward_no_reduction`](Self::forward_no_reduction), and if the shape or the element type of the weights
            /// differs.
            ///
            /// # Example
            ///
            /// ```
            /// use burn::backend::NdArray;
            /// use burn::tensor::Tensor;
            ///
            /// let device = Default::default();
            #[doc = concat!("let loss = burn_loss::", $init, ";")]
            /// let prediction = Tensor::<NdArray, 1>::from_floats([0.5, 0.5], &device);
            /// let target = Tensor::from_floats([1.0, 1.0], &device);
            /// let mask = Tensor::from_floats([1.0, 0.0], &device);
            /// let mean: f32 = loss.forward_weighted(prediction, target, mask).into_scalar();
            #[doc = concat!("assert!((mean - ", $of_half, ").abs() < 1e-6);")]
            /// ```
            #[track_caller]
            pub fn forward_weighted<$($on_method: Backend,)? const D: usize>(
                &self,
                prediction: Tensor<B, D>,
                target: Tensor<B, D>,
                weights: Tensor<B, D>,
            ) -> Tensor<B, 1> {
                let (prediction, target) = $crate::elementwise::drop_weightless(
                    Self::NAME, prediction, target, &weights,
                );
                let losses = self.forward_no_reduction(prediction, target);
                self.reduction
                    .reduce_weighted(losses * weights.clone(), weights)
            }
        }
    };
}
pub(crate) use elementwise_forwards;
