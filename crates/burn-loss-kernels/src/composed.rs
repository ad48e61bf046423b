//! The operations in plain Burn operations: what every backend gets by default, and the reference of the kernels.
//!
//! Numbers of 16 bits are computed in 32, as by the kernels; losses, terms and gradients are of the type of what they came
//! from. Shapes and panics are those of the methods of [`LossBackend`](crate::LossBackend) with the same names.
//!
//! # Example
//!
//! ```
//! use burn::backend::NdArray;
//! use burn::tensor::{Int, Tensor, TensorPrimitive};
//! use burn_loss_kernels::{Columns, LossBackend, RowTargets, SmoothWeights, composed};
//!
//! type B = NdArray;
//!
//! let device = Default::default();
//! let logits = || Tensor::<B, 2>::from_floats([[1.0, 3.0]], &device).log().into_primitive().tensor();
//! let targets = RowTargets::<B> {
//!     classes: Some(Tensor::<B, 1, Int>::from_ints([1], &device).into_primitive()),
//!     ignore_index: None,
//!     smooth: SmoothWeights::Zero,
//! };
//! let numbers = |tensor| Tensor::<B, 2>::from_primitive(TensorPrimitive::Float(tensor));
//! let close = |a: Tensor<B, 2>, b: Tensor<B, 2>| (a - b).abs().max().into_scalar() < 1e-6;
//!
//! // The reference, and the kernels of the backend.
//! let reference = composed::softmax_terms::<B>(logits(), targets.clone(), Columns::All);
//! let kernel = B::softmax_terms(logits(), targets.clone(), Columns::All);
//! assert!(close(numbers(reference.terms.clone()), numbers(kernel.terms.clone())));
//!
//! let one = || Tensor::<B, 2>::from_floats([[1.0, 0.0, 0.0]], &device).into_primitive().tensor();
//! let reference = composed::softmax_terms_backward::<B>(
//!     logits(), targets.clone(), reference.normalizer, one(),
//! );
//! let kernel = B::softmax_terms_backward(logits(), targets, kernel.normalizer, one());
//! assert!(close(numbers(reference), numbers(kernel.clone())));
//! // p - 1 at the class, p elsewhere.
//! assert!(close(numbers(kernel), Tensor::from_floats([[0.25, -0.25]], &device)));
//! ```

pub use crate::ops::ctc::composed::ctc;
pub use crate::ops::distillation::composed::{
    distillation_of_parts, distillation_reduced, softened_teacher, sum_of_parts,
};
pub use crate::ops::elementwise::composed::{
    elementwise, elementwise_backward, elementwise_reduced,
};
pub use crate::ops::linear::composed::{
    linear_reduced, linear_terms, linear_terms_backward, scaled_and_capped,
};
pub use crate::ops::multi_label_margin::composed::multi_label_margin;
pub use crate::ops::multi_margin::composed::{multi_margin_losses, multi_margin_reduced};
pub use crate::ops::per_class::composed::{add_per_class, scale_along};
pub use crate::ops::softmax_terms::composed::{
    adjusted_reduced, smooth_weights_grad, softmax_rows, softmax_terms, softmax_terms_backward,
    softmax_terms_reduced, weights_of,
};
pub use crate::ops::sum::composed::sum;
pub use crate::ops::target_scores::composed::target_scores_reduced;
pub use crate::ops::tensors::{
    at_least_f32, column, log_of_one_plus, log1p, one_minus_exp_neg, times,
};
