//! Cross entropy against one probability per class.

use burn::tensor::Tensor;
use burn_loss_kernels::composed::column;
use burn_loss_kernels::{
    Columns, LOG_SUM_EXP, LossBackend, RowTargets, RowWeights, SMOOTH_LOSS, SmoothWeights,
    SoftmaxTerms, formulas,
};

use super::CrossEntropyLoss;
use crate::check;
use crate::forms::linear::{as_rows, check_beside, product};
use crate::forms::{LinearHead, primitive, tensor, wide};

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
        let formula = self.formula_without_class();
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
        self.losses_of(B::softmax_terms(primitive(logits), targets, Columns::All))
    }

    /// Computes the loss of a head's logits against one probability per class, reduced as configured, without holding the
    /// logits: see [`ClassLoss::forward_linear`](crate::ClassLoss::forward_linear). If the probabilities are tracked, what
    /// their gradient needs is held, as large as the logits.
    ///
    /// The probabilities themselves are as large as the logits, and label smoothing or class weights make a changed copy of
    /// them. Where that is too much, take the rows in parts with `Reduction::Sum`, each part's probabilities made when it is
    /// its turn: the second example.
    ///
    /// # Shapes
    ///
    /// - `hidden`: `[N, H]`, `[N, T, H]`, ..: classes are not on axis 1 here, hidden states are last
    /// - `probabilities`: `[N, C]`, `[N, T, C]`, ..
    /// - output: `[1]`
    ///
    /// # Panics
    ///
    /// As [`forward_probabilities`](Self::forward_probabilities), and if hidden states and head differ in `H`, element type
    /// or device.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::Tensor;
    /// use burn_loss::{CrossEntropyLossConfig, LinearHead};
    ///
    /// let device = Default::default();
    /// let hidden = Tensor::<NdArray, 2>::from_floats([[1.0, 2.0]], &device);
    /// let head = LinearHead::new(Tensor::from_floats([[0.0, 1.0], [0.0, 0.5]], &device), None);
    /// let probabilities = Tensor::from_floats([[0.25, 0.75]], &device);
    /// let loss = CrossEntropyLossConfig::new().init(&device);
    ///
    /// let mean: f32 = loss.forward_linear_probabilities(hidden, &head, probabilities).into_scalar();
    /// // The logits are 0 and 2.
    /// let lse = (1.0 + 2f32.exp()).ln();
    /// assert!((mean - (lse - 0.75 * 2.0)).abs() < 1e-6);
    /// ```
    ///
    /// In parts of two rows, as the mean over all:
    ///
    /// ```
    /// use burn::backend::{Autodiff, NdArray};
    /// use burn::tensor::Tensor;
    /// use burn_loss::{CrossEntropyLossConfig, LinearHead, Reduction};
    ///
    /// type B = Autodiff<NdArray>;
    ///
    /// let device = Default::default();
    /// let hidden = Tensor::<B, 2>::ones([6, 2], &device);
    /// let weight = Tensor::<B, 2>::zeros([2, 4], &device).require_grad();
    /// let head = LinearHead::new(weight, None);
    /// let loss = CrossEntropyLossConfig::new()
    ///     .with_label_smoothing(0.1)
    ///     .with_reduction(Reduction::Sum)
    ///     .init(&device);
    ///
    /// let (mut mean, mut gradient) = (0.0, Tensor::<NdArray, 2>::zeros([2, 4], &device));
    /// for part in hidden.split(2, 0) {
    ///     // A teacher's, say.
    ///     let probabilities = Tensor::full([2, 4], 0.25, &device);
    ///     let sum = loss.forward_linear_probabilities(part, &head, probabilities) / 6.0;
    ///     mean += sum.clone().into_scalar();
    ///     gradient = gradient + head.weight.grad(&sum.backward()).unwrap();
    /// }
    /// assert!((mean - 4f32.ln()).abs() < 1e-6);
    /// assert!(gradient.abs().max().into_scalar() < 1e-6);
    /// ```
    #[track_caller]
    pub fn forward_linear_probabilities<const D: usize>(
        &self,
        hidden: Tensor<B, D>,
        head: &LinearHead<B>,
        probabilities: Tensor<B, D>,
    ) -> Tensor<B, 1> {
        self.check_linear(&hidden, head, &probabilities);
        let targets = self.soft_targets(as_rows(probabilities));
        let found = B::linear_reduced(
            &self.formula_without_class(),
            product(as_rows(hidden), head),
            targets,
            RowWeights::none(),
            self.reduction,
            // On a backend that differentiates, what is tracked decides.
            [false; 3],
            false,
        );
        tensor(found.reduced.loss)
    }

    /// Computes one loss per row of hidden states against one probability per class. The backward pass computes the logits
    /// again.
    ///
    /// # Shapes
    ///
    /// - `hidden`: `[N, H]`, `[N, T, H]`, .., of rank `D`
    /// - `probabilities`: `[N, C]`, `[N, T, C]`, .., of rank `D`
    /// - output: `[N]`, `[N, T]`, .., of rank `T = D - 1`
    ///
    /// # Panics
    ///
    /// As [`forward_linear_probabilities`](Self::forward_linear_probabilities), and if `T` is not `D - 1`.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::Tensor;
    /// use burn_loss::{CrossEntropyLossConfig, LinearHead};
    ///
    /// let device = Default::default();
    /// let hidden = Tensor::<NdArray, 2>::from_floats([[1.0, 2.0], [0.0, 0.0]], &device);
    /// let head = LinearHead::new(Tensor::zeros([2, 4], &device), None);
    /// let probabilities = Tensor::full([2, 4], 0.25, &device);
    /// let loss = CrossEntropyLossConfig::new().init(&device);
    ///
    /// let each: Tensor<_, 1> =
    ///     loss.forward_linear_probabilities_no_reduction(hidden, &head, probabilities);
    /// assert!((each - 4f32.ln()).abs().max().into_scalar() < 1e-6);
    /// ```
    #[track_caller]
    pub fn forward_linear_probabilities_no_reduction<const D: usize, const T: usize>(
        &self,
        hidden: Tensor<B, D>,
        head: &LinearHead<B>,
        probabilities: Tensor<B, D>,
    ) -> Tensor<B, T> {
        check::rank_without_last::<D, T>("CrossEntropyLoss", "hidden");
        self.check_linear(&hidden, head, &probabilities);
        let mut shape = [1; T];
        shape.copy_from_slice(&hidden.dims()[..T]);
        let targets = self.soft_targets(as_rows(probabilities));
        let product = product(as_rows(hidden), head);
        self.losses_of(B::linear_terms(product, targets, Columns::All))
            .reshape(shape)
    }

    /// There is no class, and so no target loss: what is left of the formula is `z lse^2`.
    fn formula_without_class(&self) -> formulas::CrossEntropy {
        formulas::CrossEntropy {
            keep: 0.0,
            z_loss: self.z_loss,
        }
    }

    /// One loss per row, of its terms.
    fn losses_of(&self, found: SoftmaxTerms<B>) -> Tensor<B, 1> {
        let terms: Tensor<B, 2> = tensor(found.terms);
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
        self.check_classes(num_classes, ("logits", &logits.device()));
    }

    #[track_caller]
    fn check_linear<const D: usize>(
        &self,
        hidden: &Tensor<B, D>,
        head: &LinearHead<B>,
        probabilities: &Tensor<B, D>,
    ) {
        let name = "CrossEntropyLoss";
        check_beside(name, hidden, head, ("probabilities", probabilities));
        self.check_classes(head.weight.dims()[1], ("hidden", &hidden.device()));
    }

    /// Checks what depends on the number of classes alone.
    #[track_caller]
    fn check_classes(&self, num_classes: usize, scores: (&str, &B::Device)) {
        let name = "CrossEntropyLoss";
        let weights = self.class_weights.as_ref();
        check::reduction(name, self.reduction);
        check::class_weights(name, weights, num_classes, scores);
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
            weights = wide(weights);
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
