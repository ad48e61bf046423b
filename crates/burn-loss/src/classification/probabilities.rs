//! Cross entropy against one probability per class.

use burn::tensor::Tensor;
use burn_loss_kernels::composed::column;
use burn_loss_kernels::{
    Columns, LOG_SUM_EXP, LossBackend, RowTargets, RowWeights, SMOOTH_LOSS, SmoothWeights,
    SoftmaxTerms, formulas,
};

use super::CrossEntropyLoss;
use crate::check;
use crate::forms::class_rows::{fill_rows, flat_weights};
use crate::forms::linear::{as_rows, check_beside, checked_weights, product};
use crate::forms::{LinearHead, fill_samples, primitive, row_weights, tensor, wide};

const NAME: &str = "CrossEntropyLoss";

/// Against one probability per class.
///
/// With `q = (1 - a) probabilities + a / C`, a row's loss is `sum_c w_c q_c (lse - x_c) + z lse^2`, and the mean divides by the
/// number of rows, or by the sum of their weights. Gradients flow to the probabilities, too; if they are tracked, so is a tensor of
/// their size. With label smoothing or class weights `q` is another one.
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
        self.reduced_probabilities(logits, probabilities, RowWeights::none())
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
        self.forward_probabilities_nd_no_reduction(logits, probabilities)
    }

    /// Computes one loss per prediction against one probability per class.
    ///
    /// # Shapes
    ///
    /// - `logits`, `probabilities`: `[N, C, d1, ..]`, of rank `D`
    /// - output: `[N, d1, ..]`, of rank `T = D - 1`
    ///
    /// # Panics
    ///
    /// As [`forward_probabilities`](Self::forward_probabilities), and if `T` is not `D - 1`.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::Tensor;
    /// use burn_loss::CrossEntropyLossConfig;
    ///
    /// let device = Default::default();
    /// let logits = Tensor::<NdArray, 3>::zeros([1, 2, 3], &device);
    /// let probabilities = Tensor::full([1, 2, 3], 0.5, &device);
    /// let loss = CrossEntropyLossConfig::new().init(&device);
    ///
    /// let each: Tensor<_, 2> = loss.forward_probabilities_nd_no_reduction(logits, probabilities);
    /// assert!((each - 2f32.ln()).abs().max().into_scalar() < 1e-6);
    /// ```
    #[track_caller]
    pub fn forward_probabilities_nd_no_reduction<const D: usize, const T: usize>(
        &self,
        logits: Tensor<B, D>,
        probabilities: Tensor<B, D>,
    ) -> Tensor<B, T> {
        self.check_probabilities(&logits, &probabilities);
        check::one_rank_less::<D, T>(NAME, "a result", "logits");
        let dims = logits.dims();
        let mut shape = [dims[0]; T];
        shape[1..].copy_from_slice(&dims[2..]);
        let targets = self.soft_targets(probabilities);
        let losses = self.losses_of(B::softmax_terms(primitive(logits), targets, Columns::All));
        losses.reshape(shape)
    }

    /// Computes the loss of `[N, C]` against one probability per class with one weight, or one 0 or 1 of a mask, per row:
    /// `sum_i r_i l_i`, for the mean divided by `sum_i r_i`, with the row losses `l` and the weights `r`.
    ///
    /// A row of weight 0 is dropped, whatever its logits and its probabilities: its gradient is 0.
    ///
    /// # Shapes
    ///
    /// - `logits`, `probabilities`: `[N, C]`
    /// - `weights`: `[N]`
    /// - output: `[1]`
    ///
    /// # Panics
    ///
    /// As [`forward_probabilities`](Self::forward_probabilities), and if the shape, the element type or the device of the weights does
    /// not fit.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::Tensor;
    /// use burn_loss::CrossEntropyLossConfig;
    ///
    /// let device = Default::default();
    /// let logits = Tensor::<NdArray, 2>::from_floats([[0.0, 0.0], [f32::NAN, 9.0]], &device);
    /// let probabilities = Tensor::full([2, 2], 0.5, &device);
    /// let mask = Tensor::from_floats([1.0, 0.0], &device);
    /// let loss = CrossEntropyLossConfig::new().init(&device);
    ///
    /// let mean: f32 = loss.forward_probabilities_weighted(logits, probabilities, mask).into_scalar();
    /// assert!((mean - 2f32.ln()).abs() < 1e-6);
    /// ```
    #[track_caller]
    pub fn forward_probabilities_weighted(
        &self,
        logits: Tensor<B, 2>,
        probabilities: Tensor<B, 2>,
        weights: Tensor<B, 1>,
    ) -> Tensor<B, 1> {
        self.forward_probabilities_nd_weighted(logits, probabilities, weights)
    }

    /// Computes the loss of a dense prediction against one probability per class with one weight, or one 0 or 1 of a mask, per
    /// prediction, as [`forward_probabilities_weighted`](Self::forward_probabilities_weighted) does.
    ///
    /// # Shapes
    ///
    /// - `logits`, `probabilities`: `[N, C, d1, ..]`, of rank `D`
    /// - `weights`: `[N, d1, ..]`, of rank `T = D - 1`
    /// - output: `[1]`
    ///
    /// # Panics
    ///
    /// As [`forward_probabilities_weighted`](Self::forward_probabilities_weighted).
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::Tensor;
    /// use burn_loss::CrossEntropyLossConfig;
    ///
    /// let device = Default::default();
    /// // One example of two classes and three positions.
    /// let logits = Tensor::<NdArray, 3>::zeros([1, 2, 3], &device);
    /// let probabilities = Tensor::full([1, 2, 3], 0.5, &device);
    /// let weights = Tensor::<_, 2>::from_floats([[1.0, 0.0, 2.0]], &device);
    /// let loss = CrossEntropyLossConfig::new().init(&device);
    ///
    /// let mean = loss.forward_probabilities_nd_weighted(logits, probabilities, weights);
    /// assert!((mean.into_scalar() - 2f32.ln()).abs() < 1e-6);
    /// ```
    #[track_caller]
    pub fn forward_probabilities_nd_weighted<const D: usize, const T: usize>(
        &self,
        logits: Tensor<B, D>,
        probabilities: Tensor<B, D>,
        weights: Tensor<B, T>,
    ) -> Tensor<B, 1> {
        self.check_probabilities(&logits, &probabilities);
        check::per_row(NAME, ("logits", logits.dims()), ("weights", weights.dims()));
        let (dtype, device) = (logits.dtype(), logits.device());
        check::same_dtype(NAME, ("logits", dtype), ("weights", weights.dtype()));
        check::same_device::<B>(NAME, ("logits", &device), ("weights", &weights.device()));
        let weights = flat_weights(weights);
        let dropped = weights.clone().equal_elem(0.0);
        let [logits, probabilities] = [logits, probabilities].map(|of| fill_rows(of, &dropped));
        let weights = row_weights(None, Some(&weights), dtype);
        self.reduced_probabilities(logits, probabilities, weights)
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
        let (hidden, probabilities) = (as_rows(hidden), as_rows(probabilities));
        self.reduced_linear_probabilities(hidden, head, probabilities, RowWeights::none())
    }

    /// Computes the loss of a head's logits against one probability per class with one weight, or one 0 or 1 of a mask, per row of
    /// hidden states, as [`forward_probabilities_weighted`](Self::forward_probabilities_weighted) does of logits.
    ///
    /// # Shapes
    ///
    /// - `hidden`: `[N, H]`, `[N, T, H]`, .., of rank `D`
    /// - `probabilities`: `[N, C]`, `[N, T, C]`, .., of rank `D`
    /// - `weights`: `[N]`, `[N, T]`, .., of rank `T = D - 1`
    /// - output: `[1]`
    ///
    /// # Panics
    ///
    /// As [`forward_linear_probabilities`](Self::forward_linear_probabilities), and if the shape, the element type or the device of
    /// the weights does not fit.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::Tensor;
    /// use burn_loss::{CrossEntropyLossConfig, LinearHead};
    ///
    /// let device = Default::default();
    /// // A sequence of two steps, of which the second is padding.
    /// let hidden = Tensor::<NdArray, 3>::from_floats([[[1.0], [f32::NAN]]], &device);
    /// let head = LinearHead::new(Tensor::zeros([1, 4], &device), None);
    /// let probabilities = Tensor::full([1, 2, 4], 0.25, &device);
    /// let mask = Tensor::<_, 2>::from_floats([[1.0, 0.0]], &device);
    /// let loss = CrossEntropyLossConfig::new().init(&device);
    ///
    /// let mean = loss.forward_linear_probabilities_weighted(hidden, &head, probabilities, mask);
    /// assert!((mean.into_scalar() - 4f32.ln()).abs() < 1e-6);
    /// ```
    #[track_caller]
    pub fn forward_linear_probabilities_weighted<const D: usize, const T: usize>(
        &self,
        hidden: Tensor<B, D>,
        head: &LinearHead<B>,
        probabilities: Tensor<B, D>,
        weights: Tensor<B, T>,
    ) -> Tensor<B, 1> {
        self.check_linear(&hidden, head, &probabilities);
        check::one_rank_less::<D, T>(NAME, "`weights`", "hidden");
        let reference = ("hidden's rows", rows_of(&hidden));
        let weights = checked_weights(NAME, &hidden, reference, weights);
        let dropped = weights.clone().equal_elem(0.0);
        let rows = |of: Tensor<B, D>| fill_samples(as_rows(of), &dropped);
        let (hidden, probabilities) = (rows(hidden), rows(probabilities));
        let weights = row_weights(None, Some(&weights), hidden.dtype());
        self.reduced_linear_probabilities(hidden, head, probabilities, weights)
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
        self.check_linear(&hidden, head, &probabilities);
        check::one_rank_less::<D, T>(NAME, "a result", "hidden");
        let shape = rows_of(&hidden);
        let targets = self.soft_targets(as_rows(probabilities));
        let product = product(as_rows(hidden), head);
        self.losses_of(B::linear_terms(product, targets, Columns::All))
            .reshape(shape)
    }

    /// The reduced loss of what has been checked.
    fn reduced_probabilities<const D: usize>(
        &self,
        logits: Tensor<B, D>,
        probabilities: Tensor<B, D>,
        weights: RowWeights<B>,
    ) -> Tensor<B, 1> {
        let targets = self.soft_targets(probabilities);
        let formula = self.formula_without_class();
        let (logits, reduction) = (primitive(logits), self.reduction);
        let found = B::softmax_terms_reduced(&formula, logits, targets, weights, reduction, false);
        tensor(found.loss)
    }

    /// The reduced loss of rows that have been checked.
    fn reduced_linear_probabilities(
        &self,
        hidden: Tensor<B, 2>,
        head: &LinearHead<B>,
        probabilities: Tensor<B, 2>,
        weights: RowWeights<B>,
    ) -> Tensor<B, 1> {
        let found = B::linear_reduced(
            &self.formula_without_class(),
            product(hidden, head),
            self.soft_targets(probabilities),
            weights,
            self.reduction,
            // On a backend that differentiates, what is tracked decides.
            [false; 3],
            false,
        );
        tensor(found.reduced.loss)
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
        check::alike(NAME, ("logits", logits), ("probabilities", probabilities));
        let num_classes = check::class_axis(NAME, "logits", logits.dims());
        self.check_classes(num_classes, ("logits", &logits.device()));
    }

    #[track_caller]
    fn check_linear<const D: usize>(
        &self,
        hidden: &Tensor<B, D>,
        head: &LinearHead<B>,
        probabilities: &Tensor<B, D>,
    ) {
        check_beside(NAME, hidden, head, ("probabilities", probabilities));
        self.check_classes(head.weight.dims()[1], ("hidden", &hidden.device()));
    }

    /// Checks what depends on the number of classes alone.
    #[track_caller]
    fn check_classes(&self, num_classes: usize, scores: (&str, &B::Device)) {
        let weights = self.class_weights.as_ref();
        check::reduction(NAME, self.reduction);
        check::class_weights(NAME, weights, num_classes, scores);
        let ignored = self.ignore_index.into_iter();
        for index in ignored.chain(self.ignore_indices.iter().copied()) {
            check::no_ignored_class(NAME, Some(index));
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

/// The shape of the rows of `[.., H]`.
fn rows_of<B: LossBackend, const D: usize, const T: usize>(hidden: &Tensor<B, D>) -> [usize; T] {
    let mut shape = [1; T];
    shape.copy_from_slice(&hidden.dims()[..T]);
    shape
}
