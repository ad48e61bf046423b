//! Cross entropy against one probability per class.

use burn::tensor::Tensor;
use burn_loss_kernels::composed::{at_least_f32, column};
use burn_loss_kernels::{
    Columns, LOG_SUM_EXP, LossBackend, RowTargets, RowWeights, SMOOTH_LOSS, SmoothWeights, formulas,
};

use super::CrossEntropyLoss;
use crate::check;
use crate::forms::{primitive, tensor};

/// Against one probability per class.
///
/// With `q = (1 - a) probabilities + a / C`, a row's loss is `sum_c w_c q_c (lse - x_c) + z lse^2`, and the mean divides by the
/// number of rows. Gradients flow to the probabilities, too; if they are tracked, so is a tensor of their size. With label
/// smoothing or class weights `q` is another one.
impl<B: LossBackend> CrossEntropyLoss<B> {
    /// Computes the loss of `[N, C]` against one probability per class, reduced as configured.
    ///
    /// # Shapes
    ///
    /// - `logits`, `probabilities`: `[N, C]`; probabilities in `[0, 1]` with the sum 1 in each row (not checked, as in
    ///   PyTorch)
    /// - output: `[1]`
    ///
    /// # Panics
    ///
    /// If the shapes, element types or devices differ, if there is no class, if the class weights do not have the length of
    /// the class axis, or if there is an ignored index of 0 or more (no class can be ignored where every row has some of
    /// all).
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::Tensor;
    /// use burn_loss::CrossEntropyLossConfig;
    ///
    /// let device = Default::default();
    /// let logits = Tensor::<NdArray, 2>::zeros([1, 4], &device);
    /// let probabilities = Tensor::from_floats([[0.5, 0.5, 0.0, 0.0]], &device);
    /// let loss = CrossEntropyLossConfig::new().init(&device);
    ///
    /// let mean: f32 = loss.forward_probabilities(logits, probabilities).into_scalar();
    /// assert!((mean - 4f32.ln()).abs() < 1e-6);
    /// ```
    #[track_caller]
    pub fn forward_probabilities(
        &self,
        logits: Tensor<B, 2>,
        probabilities: Tensor<B, 2>,
    ) -> Tensor<B, 1> {
        self.forward_probabilities_nd(logits, probabilities)
    }

    /// Computes the loss of a dense prediction against one probability per class, reduced as configured.
    ///
    /// # Shapes
    ///
    /// - `logits`, `probabilities`: `[N, C, d1, ..]`
    /// - output: `[1]`
    ///
    /// # Panics
    ///
    /// As [`forward_probabilities`](Self::forward_probabilities).
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::Tensor;
    /// use burn_loss::CrossEntropyLossConfig;
    ///
    /// let device = Default::default();
    /// // One example, two classes, three positions.
    /// let logits = Tensor::<NdArray, 3>::zeros([1, 2, 3], &device);
    /// let probabilities = Tensor::full([1, 2, 3], 0.5, &device);
    /// let loss = CrossEntropyLossConfig::new().init(&device);
    ///
    /// let mean: f32 = loss.forward_probabilities_nd(logits, probabilities).into_scalar();
    /// assert!((mean - 2f32.ln()).abs() < 1e-6);
    /// ```
    #[track_caller]
    pub fn forward_probabilities_nd<const D: usize>(
        &self,
        logits: Tensor<B, D>,
        probabilities: Tensor<B, D>,
    ) -> Tensor<B, 1> {
        self.check_probabilities(&logits, &probabilities);
        let targets = self.soft_targets(probabilities);
        // There is no class, and so no target loss: what is left of the formula is z lse^2.
        let formula = formulas::CrossEntropy {
            keep: 0.0,
            z_loss: self.z_loss,
        };
        let (logits, weights) = (primitive(logits), RowWeights::none());
        let found =
            B::softmax_terms_reduced(&formula, logits, targets, weights, self.reduction, false);
        tensor(found.loss)
    }

    /// Computes one loss per row against one probability per class.
    ///
    /// # Shapes
    ///
    /// - `logits`, `probabilities`: `[N, C]`
    /// - output: `[N]`
    ///
    /// # Panics
    ///
    /// As [`forward_probabilities`](Self::forward_probabilities).
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::Tensor;
    /// use burn_loss::CrossEntropyLossConfig;
    ///
    /// let device = Default::default();
    /// let logits = Tensor::<NdArray, 2>::zeros([1, 4], &device);
    /// let probabilities = Tensor::from_floats([[0.5, 0.5, 0.0, 0.0]], &device);
    /// let loss = CrossEntropyLossConfig::new().init(&device);
    ///
    /// let each = loss.forward_probabilities_no_reduction(logits, probabilities);
    /// assert!((each.into_scalar() - 4f32.ln()).abs() < 1e-6);
    /// ```
    #[track_caller]
    pub fn forward_probabilities_no_reduction(
        &self,
        logits: Tensor<B, 2>,
        probabilities: Tensor<B, 2>,
    ) -> Tensor<B, 1> {
        self.check_probabilities(&logits, &probabilities);
        let targets = self.soft_targets(probabilities);
        let terms = B::softmax_terms(primitive(logits), targets, Columns::All).terms;
        let terms: Tensor<B, 2> = tensor(terms);
        let losses = column(terms.clone(), SMOOTH_LOSS);
        if self.z_loss == 0.0 {
            return losses;
        }
        let lse = column(terms, LOG_SUM_EXP);
        losses + lse.clone() * lse * self.z_loss
    }

    #[track_caller]
    fn check_probabilities<const D: usize>(
        &self,
        logits: &Tensor<B, D>,
        probabilities: &Tensor<B, D>,
    ) {
        let name = "CrossEntropyLoss";
        check::alike(name, ("logits", logits), ("probabilities", probabilities));
        let num_classes = check::class_axis(name, "logits", logits.dims());
        let weights = self.class_weights.as_ref();
        check::class_weights(name, weights, num_classes, &logits.device());
        let ignored = self.ignore_index.into_iter();
        for index in ignored.chain(self.ignore_indices.iter().copied()) {
            check::no_ignored_class(name, Some(index));
        }
    }

    /// The weights of all classes' losses, smoothed and times the class weights.
    fn soft_targets<const D: usize>(&self, probabilities: Tensor<B, D>) -> RowTargets<B> {
        let num_classes = probabilities.dims()[1];
        let mut weights = probabilities;
        if self.label_smoothing > 0.0 || self.class_weights.is_some() {
            // A class's share of the smoothing may be too small for 16 bits.
            let dtype = at_least_f32(weights.dtype());
            weights = weights.cast(dtype);
        }
        if self.label_smoothing > 0.0 {
            weights =
                weights * (1.0 - self.label_smoothing) + self.label_smoothing / num_classes as f64;
        }
        if let Some(class_weights) = &self.class_weights {
            let class_weights = class_weights.clone().cast(weights.dtype());
            let mut shape = [1; D];
            shape[1] = num_classes;
            weights = weights * class_weights.reshape(shape);
        }
        RowTargets {
            classes: None,
            ignore_index: None,
            smooth: SmoothWeights::PerLogit(primitive(weights)),
        }
    }
}
