//! Losses of scores against classes: one row per prediction, one class per row.

use burn::tensor::ops::FloatTensor;
use burn::tensor::{Bool, DType, Int, Tensor};
use burn_loss_kernels::composed::{at_least_f32, column};
use burn_loss_kernels::{
    Adjustment, Columns, Elements, Formula, LOG_SUM_EXP, LossBackend, Reduced, Reduction,
    RowPredictions, RowTargets, RowWeights, SMOOTH_LOSS, SmoothWeights, SoftmaxTerms, TARGET_LOSS,
};

use super::linear::{self, checked_rows};
use super::{
    ClassOptions, LinearHead, LinearOutput, Rows, class_formula, expanded, primitive, tensor, wide,
};
use crate::check;

/// A loss of scores `[N, C, d1, ..]` against classes `[N, d1, ..]`: one row per prediction, one class per row.
///
/// A loss of your own implements [`losses`](Self::losses) in plain Burn operations, and has the other methods, with their
/// checks, class weights, ignored rows, masks and reductions, for nothing. One that is a formula of a row's target loss
/// `-log p_t` goes into a [`ClassFormulaLoss`] instead, and is one pass over the logits where there are kernels.
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::{Int, Tensor};
/// use burn_loss::{ClassLoss, ClassOptions, LossBackend};
///
/// /// Of a row of probabilities, what is missing at the class: `1 - p_t`.
/// struct MissingProbability;
///
/// impl<B: LossBackend> ClassLoss<B> for MissingProbability {
///     fn name(&self) -> &'static str {
///         "MissingProbability"
///     }
///
///     fn options(&self) -> ClassOptions<'_, B> {
///         ClassOptions {
///             ignore_index: Some(-1),
///             ..ClassOptions::none()
///         }
///     }
///
///     fn losses<const D: usize>(&self, scores: Tensor<B, D>, classes: Tensor<B, 1, Int>) -> Tensor<B, 1> {
///         let mut shape = scores.dims();
///         let [rows] = classes.dims();
///         shape[1] = 1;
///         scores.gather(1, classes.reshape(shape)).reshape([rows]).neg() + 1.0
///     }
/// }
///
/// let device = Default::default();
/// let scores = Tensor::<NdArray, 2>::from_floats([[0.25, 0.75], [f32::NAN, 0.5]], &device);
/// let targets = Tensor::<NdArray, 1, Int>::from_ints([1, -1], &device);
/// // The second row is ignored: NaN reaches nothing.
/// assert_eq!(MissingProbability.forward(scores, targets).into_scalar(), 0.25);
/// ```
pub trait ClassLoss<B: LossBackend> {
    /// The name of the loss in messages.
    fn name(&self) -> &'static str;

    /// Class weights, what is ignored, and the reduction.
    fn options(&self) -> ClassOptions<'_, B>;

    /// The name of the scores in messages.
    fn scores_name(&self) -> &'static str {
        "scores"
    }

    /// One loss per row, `[M]`, of scores `[N, C, d1, ..]`: rows are counted through `[N, d1, ..]`. Every class is in `[0, C)`.
    fn losses<const D: usize>(
        &self,
        scores: Tensor<B, D>,
        classes: Tensor<B, 1, Int>,
    ) -> Tensor<B, 1>;

    /// One loss per row, `[M]`, each times what it counts, in at least 32 bits.
    #[doc(hidden)]
    #[track_caller]
    fn counted_losses<const D: usize>(
        &self,
        mut scores: Tensor<B, D>,
        rows: &Rows<B>,
    ) -> Tensor<B, 1> {
        let dropped = rows.dropped();
        if let Some(dropped) = &dropped {
            scores = fill_rows(scores, dropped);
        }
        let losses = rows.counted(self.losses(scores, rows.valid_classes()));
        match dropped {
            Some(dropped) => losses.mask_fill(dropped, 0.0),
            None => losses,
        }
    }

    /// The reduced loss of rows.
    #[doc(hidden)]
    #[track_caller]
    fn reduced_rows<const D: usize>(&self, scores: Tensor<B, D>, rows: Rows<B>) -> Tensor<B, 1> {
        let reduction = self.options().reduction;
        let dtype = scores.dtype();
        let losses = self.counted_losses(scores, &rows);
        let counts = (!rows.count_alike()).then(|| rows.counts(at_least_f32(dtype)));
        reduction.reduce_counted(losses, counts).cast(dtype)
    }

    /// The reduced loss of rows of hidden states `[M, H]`, and what the logits said of each row if that is asked for.
    #[doc(hidden)]
    #[track_caller]
    fn reduced_linear(
        &self,
        hidden: Tensor<B, 2>,
        head: &LinearHead<B>,
        rows: Rows<B>,
        describe: bool,
    ) -> (Tensor<B, 1>, Option<RowPredictions<B>>) {
        linear::reduced_held(self, hidden, head, rows, describe)
    }

    /// One loss per row of hidden states `[M, H]`, each times what it counts, in at least 32 bits.
    #[doc(hidden)]
    #[track_caller]
    fn counted_linear(
        &self,
        hidden: Tensor<B, 2>,
        head: &LinearHead<B>,
        rows: &Rows<B>,
    ) -> Tensor<B, 1> {
        self.counted_losses(head.logits(hidden), rows)
    }

    /// Computes the loss as one number, reduced as configured.
    ///
    /// # Shapes
    ///
    /// - scores: `[N, C]`
    /// - `targets`: `[N]`, classes in `[0, C)` or an ignored index
    /// - output: `[1]`
    ///
    /// # Panics
    ///
    /// If the shapes or devices do not fit, if there is no class, if the class weights do not have the length of the class
    /// axis, or, on NdArray and Flex, if a target is neither a class nor ignored. Elsewhere its row's loss is NaN, and so is
    /// its gradient (of `NllLoss`, which reads one number per row, the gradient of the row's first score).
    #[track_caller]
    fn forward(&self, scores: Tensor<B, 2>, targets: Tensor<B, 1, Int>) -> Tensor<B, 1> {
        self.forward_nd(scores, targets)
    }

    /// Computes one loss per row; 0 for ignored rows.
    ///
    /// # Shapes
    ///
    /// - scores: `[N, C]`
    /// - `targets`, output: `[N]`
    ///
    /// # Panics
    ///
    /// As [`forward`](Self::forward).
    #[track_caller]
    fn forward_no_reduction(
        &self,
        scores: Tensor<B, 2>,
        targets: Tensor<B, 1, Int>,
    ) -> Tensor<B, 1> {
        self.forward_nd_no_reduction(scores, targets)
    }

    /// Computes the loss with one weight, or one 0 or 1 of a mask, per row: `sum_i r_i l_i`, for the mean divided by
    /// `sum_i r_i w_i`, with the row losses `l`, the weights `r` and the class weights `w` of the targets (0 for ignored
    /// rows).
    ///
    /// A row of weight 0 is dropped, whatever its scores and its target: its gradient is 0.
    ///
    /// # Shapes
    ///
    /// - scores: `[N, C]`
    /// - `targets`, `weights`: `[N]`
    /// - output: `[1]`
    ///
    /// # Panics
    ///
    /// As [`forward`](Self::forward), and if the shape, the element type or the device of the weights does not fit.
    #[track_caller]
    fn forward_weighted(
        &self,
        scores: Tensor<B, 2>,
        targets: Tensor<B, 1, Int>,
        weights: Tensor<B, 1>,
    ) -> Tensor<B, 1> {
        self.forward_nd_weighted(scores, targets, weights)
    }

    /// Computes the loss of a dense prediction (segmentation, sequences) as one number, reduced as configured.
    ///
    /// # Shapes
    ///
    /// - scores: `[N, C, d1, ..]`, of rank `D`
    /// - `targets`: `[N, d1, ..]`, of rank `T = D - 1`
    /// - output: `[1]`
    ///
    /// # Panics
    ///
    /// As [`forward`](Self::forward), and if `T` is not `D - 1`.
    #[track_caller]
    fn forward_nd<const D: usize, const T: usize>(
        &self,
        scores: Tensor<B, D>,
        targets: Tensor<B, T, Int>,
    ) -> Tensor<B, 1> {
        let num_classes = check_rows(self, &scores, &targets);
        let rows = Rows::new(&self.options(), targets, num_classes);
        self.reduced_rows(scores, rows)
    }

    /// Computes one loss per prediction; 0 for ignored ones.
    ///
    /// # Shapes
    ///
    /// - scores: `[N, C, d1, ..]`, of rank `D`
    /// - `targets`, output: `[N, d1, ..]`, of rank `T = D - 1`
    ///
    /// # Panics
    ///
    /// As [`forward_nd`](Self::forward_nd).
    #[track_caller]
    fn forward_nd_no_reduction<const D: usize, const T: usize>(
        &self,
        scores: Tensor<B, D>,
        targets: Tensor<B, T, Int>,
    ) -> Tensor<B, T> {
        let num_classes = check_rows(self, &scores, &targets);
        let shape = targets.dims();
        let rows = Rows::new(&self.options(), targets, num_classes);
        if B::ON_HOST {
            check::first_invalid::<B>(self.name(), &rows);
        }
        let dtype = scores.dtype();
        let losses = self.counted_losses(scores, &rows).cast(dtype);
        if T == 1 {
            return tensor(primitive(losses));
        }
        losses.reshape(shape)
    }

    /// Computes the loss of a dense prediction with one weight, or one 0 or 1 of a mask, per prediction, as
    /// [`forward_weighted`](Self::forward_weighted) does.
    ///
    /// # Shapes
    ///
    /// - scores: `[N, C, d1, ..]`, of rank `D`
    /// - `targets`, `weights`: `[N, d1, ..]`, of rank `T = D - 1`
    /// - output: `[1]`
    ///
    /// # Panics
    ///
    /// As [`forward_nd`](Self::forward_nd), and if the shape, the element type or the device of the weights does not fit.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::{Int, Tensor};
    /// use burn_loss::CrossEntropyLossConfig;
    ///
    /// let device = Default::default();
    /// // One example of two classes and three positions, of which the last is a border and does not count.
    /// let logits = Tensor::<NdArray, 3>::from_floats([[[0.0, 1.0, f32::NAN], [0.0, 1.0, 9.0]]], &device);
    /// let targets = Tensor::<NdArray, 2, Int>::from_ints([[0, 1, 1]], &device);
    /// let weights = Tensor::from_floats([[0.5, 2.0, 0.0]], &device);
    /// let loss = CrossEntropyLossConfig::new().init(&device);
    ///
    /// let mean = loss.forward_nd_weighted(logits, targets, weights);
    /// assert!((mean.into_scalar() - 2f32.ln()).abs() < 1e-6);
    /// ```
    #[track_caller]
    fn forward_nd_weighted<const D: usize, const T: usize>(
        &self,
        scores: Tensor<B, D>,
        targets: Tensor<B, T, Int>,
        weights: Tensor<B, T>,
    ) -> Tensor<B, 1> {
        let name = self.name();
        check::same_shape(
            name,
            ("targets", targets.dims()),
            ("weights", weights.dims()),
        );
        check::same_dtype(
            name,
            (self.scores_name(), scores.dtype()),
            ("weights", weights.dtype()),
        );
        check::same_device::<B>(
            name,
            (self.scores_name(), &scores.device()),
            ("weights", &weights.device()),
        );
        let num_classes = check_rows(self, &scores, &targets);
        let rows = Rows::new(&self.options(), targets, num_classes).weigh(flat_weights(weights));
        self.reduced_rows(scores, rows)
    }

    /// Computes the loss of the head's logits as one number, reduced as configured, without holding the logits: they are made a
    /// few rows at a time, within the head's memory budget, and their gradients found in the same pass.
    ///
    /// That is for the library's losses of logits and for a [`ClassFormulaLoss`]. A loss in plain Burn operations and
    /// [`NllLoss`](crate::NllLoss) hold their scores, and take them as they come out of the head. So does
    /// [`LogitAdjustedLoss`](crate::LogitAdjustedLoss) where the head has a cap, 16 bits, or a scale of 0. A head or hidden states
    /// that no gradient is wanted of cost no product for it, and on NdArray and Flex rows that do not count cost nothing.
    ///
    /// # Shapes
    ///
    /// - `hidden`: `[N, H]`, `[N, T, H]`, .., of rank `D`: classes are not on axis 1 here, hidden states are last
    /// - `targets`: `[N]`, `[N, T]`, .., of rank `T = D - 1`, classes in `[0, C)` or an ignored index
    /// - output: `[1]`
    ///
    /// # Panics
    ///
    /// As [`forward`](Self::forward), and if hidden states and head differ in `H`, element type or device.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::{Autodiff, NdArray};
    /// use burn::nn::LinearConfig;
    /// use burn::tensor::{Distribution, Int, Tensor};
    /// use burn_loss::{FocalLossConfig, LinearHead};
    ///
    /// type B = Autodiff<NdArray>;
    ///
    /// let device = Default::default();
    /// let layer = LinearConfig::new(8, 100).init::<B>(&device);
    /// // Two sequences of three tokens.
    /// let hidden = Tensor::<B, 3>::random([2, 3, 8], Distribution::Default, &device);
    /// let targets = Tensor::<B, 2, Int>::from_ints([[1, 2, 3], [4, 5, 6]], &device);
    /// let loss = FocalLossConfig::new().init(&device);
    /// let found = loss.forward_linear(hidden.clone(), &LinearHead::of(&layer), targets.clone());
    ///
    /// let gradients = found.backward();
    /// assert_eq!(layer.weight.val().grad(&gradients).unwrap().dims(), [8, 100]);
    /// let logits = layer.forward(hidden).reshape([6, 100]);
    /// let expected: f32 = loss.forward(logits, targets.reshape([6])).into_scalar();
    /// assert!((found.into_scalar() - expected).abs() < 1e-5);
    /// ```
    #[track_caller]
    fn forward_linear<const D: usize, const T: usize>(
        &self,
        hidden: Tensor<B, D>,
        head: &LinearHead<B>,
        targets: Tensor<B, T, Int>,
    ) -> Tensor<B, 1> {
        let hidden = checked_rows(self, hidden, head, &targets);
        let rows = Rows::new(&self.options(), targets, head.weight.dims()[1]);
        self.reduced_linear(hidden, head, rows, false).0
    }

    /// Computes what [`forward_linear`](Self::forward_linear) does, and in the same pass each row's log-probability of the
    /// target, the class of its highest logit, and whether that was the target: enough for accuracy and perplexity.
    ///
    /// # Panics
    ///
    /// As [`forward_linear`](Self::forward_linear).
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::{Int, Tensor};
    /// use burn_loss::{CrossEntropyLossConfig, LinearHead};
    ///
    /// type B = NdArray;
    ///
    /// let device = Default::default();
    /// let hidden = Tensor::<B, 2>::from_floats([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], &device);
    /// let head = LinearHead::new(Tensor::<B, 2>::eye(2, &device) * 3f32.ln(), None);
    /// let targets = Tensor::<B, 1, Int>::from_ints([0, 0, -1], &device);
    /// let loss = CrossEntropyLossConfig::new().with_ignore_index(Some(-1)).init(&device);
    /// let found = loss.forward_linear_with_predictions(hidden, &head, targets);
    ///
    /// let correct = found.correct.int().into_data().to_vec::<i64>().unwrap();
    /// assert_eq!(correct, [1, 0, 0]);
    /// let predicted = found.predicted.into_data().to_vec::<i64>().unwrap();
    /// assert_eq!(predicted, [0, 1, -1]);
    /// // The targets have the probabilities 3/4 and 1/4.
    /// let perplexity: f32 = (found.log_probs.sum() / 2.0).neg().exp().into_scalar();
    /// assert!((perplexity - (16f32 / 3.0).sqrt()).abs() < 1e-5);
    /// ```
    #[track_caller]
    fn forward_linear_with_predictions<const D: usize, const T: usize>(
        &self,
        hidden: Tensor<B, D>,
        head: &LinearHead<B>,
        targets: Tensor<B, T, Int>,
    ) -> LinearOutput<B, T> {
        let hidden = checked_rows(self, hidden, head, &targets);
        let shape = targets.dims();
        let rows = Rows::new(&self.options(), targets, head.weight.dims()[1]);
        let (classes, ignored) = (rows.classes.clone(), rows.ignored());
        let (loss, found) = self.reduced_linear(hidden, head, rows, true);
        let found = found.expect("it was asked for");
        linear::output(loss, found, classes, ignored, shape)
    }

    /// Computes one loss per row of hidden states; 0 for ignored rows. The backward pass computes the logits again.
    ///
    /// # Shapes
    ///
    /// - `hidden`: `[N, H]`, `[N, T, H]`, .., of rank `D`
    /// - `targets`, output: `[N]`, `[N, T]`, .., of rank `T = D - 1`
    ///
    /// # Panics
    ///
    /// As [`forward_linear`](Self::forward_linear).
    #[track_caller]
    fn forward_linear_no_reduction<const D: usize, const T: usize>(
        &self,
        hidden: Tensor<B, D>,
        head: &LinearHead<B>,
        targets: Tensor<B, T, Int>,
    ) -> Tensor<B, T> {
        let hidden = checked_rows(self, hidden, head, &targets);
        let shape = targets.dims();
        let rows = Rows::new(&self.options(), targets, head.weight.dims()[1]);
        if B::ON_HOST {
            check::first_invalid::<B>(self.name(), &rows);
        }
        let dtype = hidden.dtype();
        let losses = self.counted_linear(hidden, head, &rows);
        losses.cast(dtype).reshape(shape)
    }

    /// Computes the loss of the head's logits with one weight, or one 0 or 1 of a mask, per row, as
    /// [`forward_weighted`](Self::forward_weighted) does of logits.
    ///
    /// # Shapes
    ///
    /// - `hidden`: `[N, H]`, `[N, T, H]`, .., of rank `D`
    /// - `targets`, `weights`: `[N]`, `[N, T]`, .., of rank `T = D - 1`
    /// - output: `[1]`
    ///
    /// # Panics
    ///
    /// As [`forward_linear`](Self::forward_linear), and if the shape, the element type or the device of the weights does not
    /// fit.
    #[track_caller]
    fn forward_linear_weighted<const D: usize, const T: usize>(
        &self,
        hidden: Tensor<B, D>,
        head: &LinearHead<B>,
        targets: Tensor<B, T, Int>,
        weights: Tensor<B, T>,
    ) -> Tensor<B, 1> {
        let name = self.name();
        let hidden = checked_rows(self, hidden, head, &targets);
        let reference = ("targets", targets.dims());
        let weights = linear::checked_weights(name, &hidden, reference, weights);
        let rows = Rows::new(&self.options(), targets, head.weight.dims()[1]).weigh(weights);
        self.reduced_linear(hidden, head, rows, false).0
    }

    /// What the mean over these targets divides by: `sum_i w_i`, with the class weights `w` of the targets (1 without), 0 for
    /// ignored rows.
    ///
    /// The exact mean over micro-batches or devices is the sum of their losses (with [`Reduction::Sum`]) divided by the sum
    /// of their normalizers; a mean of their means weights each token by the size of the others in its batch.
    ///
    /// # Shapes
    ///
    /// - `targets`: any
    /// - output: `[1]`
    ///
    /// # Panics
    ///
    /// On NdArray and Flex, if there are class weights and a target is neither a class nor ignored; elsewhere the result is
    /// NaN then.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::{Int, Tensor};
    /// use burn_loss::CrossEntropyLossConfig;
    ///
    /// let device = Default::default();
    /// let loss = CrossEntropyLossConfig::new()
    ///     .with_class_weights(Some(vec![0.5, 2.0]))
    ///     .with_ignore_index(Some(-1))
    ///     .init::<NdArray>(&device);
    /// let targets = Tensor::<NdArray, 1, Int>::from_ints([0, 1, -1], &device);
    /// assert_eq!(loss.normalizer(&targets).into_scalar(), 2.5);
    /// ```
    #[track_caller]
    fn normalizer<const T: usize>(&self, targets: &Tensor<B, T, Int>) -> Tensor<B, 1> {
        let options = self.options();
        let num_classes = match options.class_weights {
            Some(weights) => weights.dims()[0],
            None => i32::MAX as usize,
        };
        let rows = Rows::new(&options, targets.clone(), num_classes);
        if B::ON_HOST {
            check::first_invalid::<B>(self.name(), &rows);
        }
        let device = targets.device();
        let dtype = match options.class_weights {
            Some(weights) => at_least_f32(weights.dtype()),
            None => at_least_f32(Tensor::<B, 1>::zeros([1], &device).dtype()),
        };
        tensor(B::sum(primitive(rows.counts(dtype))))
    }
}

/// Scores `[N, C, d1, ..]` with 1/2 in the rows that are dropped, `[M]`: what stands there reaches neither the loss nor its
/// gradient.
pub(crate) fn fill_rows<B: LossBackend, const D: usize>(
    scores: Tensor<B, D>,
    dropped: &Tensor<B, 1, Bool>,
) -> Tensor<B, D> {
    let mut shape = scores.dims();
    shape[1] = 1;
    let dropped = expanded(dropped.clone().reshape(shape), scores.dims());
    scores.mask_fill(dropped, 0.5)
}

/// Weights of rows `[N, d1, ..]` one after the other, `[M]`.
pub(crate) fn flat_weights<B: LossBackend, const T: usize>(weights: Tensor<B, T>) -> Tensor<B, 1> {
    match T {
        // To reshape what is flat would copy it on some backends.
        1 => tensor(primitive(weights)),
        _ => weights.flatten(0, T - 1),
    }
}

/// Checks shapes, devices and class weights, and gives `C`.
#[track_caller]
fn check_rows<B: LossBackend, L: ClassLoss<B> + ?Sized, const D: usize, const T: usize>(
    loss: &L,
    scores: &Tensor<B, D>,
    targets: &Tensor<B, T, Int>,
) -> usize {
    let (name, scores_name) = (loss.name(), loss.scores_name());
    let num_classes = check::class_shapes(name, scores_name, scores.dims(), targets.dims());
    check::same_device::<B>(
        name,
        (scores_name, &scores.device()),
        ("targets", &targets.device()),
    );
    let (options, device) = (loss.options(), scores.device());
    check::reduction(name, options.reduction);
    let weights = options.class_weights;
    check::class_weights(name, weights, num_classes, (scores_name, &device));
    num_classes
}

/// A [`ClassLoss`] of logits made of a [`Formula`] of each row's target loss `-log p_t` and log-sum-exp: on the host one pass
/// over the logits, with the gradient in the same pass.
///
/// For a loss of your own that is such a formula; where it is not, implement the trait [`ClassLoss`].
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::{Int, Tensor};
/// use burn_loss::{ClassFormulaLoss, ClassLoss, Formula, Input, Number};
///
/// /// The square of the cross entropy.
/// #[derive(Clone, Copy, Debug)]
/// struct SquaredCrossEntropy;
///
/// impl Formula for SquaredCrossEntropy {
///     fn loss<N: Number>(&self, [l, ..]: [N; 3]) -> N {
///         l * l
///     }
///
///     fn slope<N: Number>(&self, of: Input, [l, ..]: [N; 3]) -> N {
///         if of == Input::Prediction { l * 2.0 } else { l.constant(0.0) }
///     }
/// }
///
/// let device = Default::default();
/// let logits = Tensor::<NdArray, 2>::zeros([1, 4], &device);
/// let loss = ClassFormulaLoss::new("SquaredCrossEntropy", SquaredCrossEntropy);
/// let loss = loss.forward(logits, Tensor::<_, 1, Int>::zeros([1], &device));
/// assert!((loss.into_scalar() - 4f32.ln().powi(2)).abs() < 1e-6);
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ClassFormulaLoss<L> {
    /// The name of the loss in messages.
    pub name: &'static str,
    /// The loss of one row, of its target loss and its log-sum-exp.
    pub formula: L,
    /// Rows with this target do not count.
    pub ignore_index: Option<i64>,
    /// How the losses become one number.
    pub reduction: Reduction,
}

impl<L: Formula> ClassFormulaLoss<L> {
    /// A loss that counts every row, and whose reduction is the mean.
    pub fn new(name: &'static str, formula: L) -> Self {
        Self {
            name,
            formula,
            ignore_index: None,
            reduction: Reduction::Mean,
        }
    }
}

impl<B: LossBackend, L: Formula> ClassFormula<B> for ClassFormulaLoss<L> {
    type Formula = L;

    fn name(&self) -> &'static str {
        self.name
    }

    fn formula(&self) -> L {
        self.formula.clone()
    }

    fn options(&self) -> ClassOptions<'_, B> {
        ClassOptions {
            ignore_index: self.ignore_index,
            reduction: self.reduction,
            ..ClassOptions::none()
        }
    }

    fn needs_log_sum_exp(&self) -> bool {
        true
    }
}
class_formula!([B, L: Formula] ClassFormulaLoss<L>);

/// What a loss of the library says of itself, if it is a formula of a row's terms.
pub(crate) trait ClassFormula<B: LossBackend> {
    /// The formula.
    type Formula: Formula;

    /// The name of the loss in messages.
    fn name(&self) -> &'static str;

    /// The formula of one row: of its target loss and its log-sum-exp.
    fn formula(&self) -> Self::Formula;

    /// Class weights, what is ignored, and the reduction.
    fn options(&self) -> ClassOptions<'_, B>;

    /// The weights of the losses of all classes that are added to the formula's.
    fn smooth(&self, num_classes: usize, dtype: DType) -> SmoothWeights<FloatTensor<B>> {
        let _ = (num_classes, dtype);
        SmoothWeights::Zero
    }

    /// Whether the formula looks at the log-sum-exp.
    fn needs_log_sum_exp(&self) -> bool {
        false
    }
}

/// The logits as the operation takes them beside these weights. Weights of classes may make a loss that 16 bits do not hold, and
/// the operation's terms have the type of its logits.
fn beside<B: LossBackend, const D: usize>(
    smooth: &SmoothWeights<FloatTensor<B>>,
    logits: Tensor<B, D>,
) -> Tensor<B, D> {
    match smooth {
        SmoothWeights::PerClass(_) => wide(logits),
        _ => logits,
    }
}

/// One loss per row times what it counts, by the operation, in at least 32 bits.
pub(crate) fn counted_losses<B: LossBackend, L: ClassFormula<B>, const D: usize>(
    loss: &L,
    logits: Tensor<B, D>,
    rows: &Rows<B>,
) -> Tensor<B, 1> {
    counted_terms(loss, logits.dtype(), rows, |targets, columns| {
        let logits = beside(&targets.smooth, logits);
        B::softmax_terms(primitive(logits), targets, columns)
    })
}

/// One loss per row times what it counts, of terms that an operation finds, in at least 32 bits.
pub(crate) fn counted_terms<B: LossBackend, L: ClassFormula<B>>(
    loss: &L,
    dtype: DType,
    rows: &Rows<B>,
    find: impl FnOnce(RowTargets<B>, Columns) -> SoftmaxTerms<B>,
) -> Tensor<B, 1> {
    let smooth = loss.smooth(rows.num_classes, dtype);
    let is_smooth = !matches!(smooth, SmoothWeights::Zero);
    let dtype = at_least_f32(dtype);
    let counts = (!rows.count_alike()).then(|| rows.counts(dtype));
    let targets = rows.targets(smooth);
    let formula = loss.formula();
    let of_formula = |target: Tensor<B, 1>, lse: Tensor<B, 1>| {
        let inputs = Elements {
            prediction: primitive(target),
            target: primitive(lse),
            third: None,
        };
        let losses: Tensor<B, 1> = tensor(B::elementwise(&formula, inputs).losses);
        let losses = losses.cast(dtype);
        match &counts {
            Some(counts) => losses * counts.clone(),
            None => losses,
        }
    };
    if !is_smooth && !loss.needs_log_sum_exp() {
        let found = find(targets, Columns::TargetLoss);
        let target: Tensor<B, 1> = tensor(found.terms);
        let lse = target.clone().detach();
        return of_formula(target, lse);
    }
    let found = find(targets, Columns::All);
    let terms: Tensor<B, 2> = tensor(found.terms);
    let column = |index| column(terms.clone(), index);
    let losses = of_formula(column(TARGET_LOSS), column(LOG_SUM_EXP));
    if is_smooth {
        // Weighted by the classes already.
        losses + column(SMOOTH_LOSS).cast(dtype)
    } else {
        losses
    }
}

/// The reduced loss of rows, by the operation.
#[track_caller]
pub(crate) fn reduced_rows<B: LossBackend, L: ClassFormula<B>, const D: usize>(
    loss: &L,
    logits: Tensor<B, D>,
    rows: Rows<B>,
) -> Tensor<B, 1> {
    reduced_by(
        loss,
        logits,
        rows,
        |formula, logits, targets, weights, reduction| {
            B::softmax_terms_reduced(formula, logits, targets, weights, reduction, WANTED)
        },
    )
}

/// The reduced loss of rows of adjusted logits, by the operation.
#[track_caller]
pub(crate) fn adjusted_rows<B: LossBackend, L: ClassFormula<B>, const D: usize>(
    loss: &L,
    logits: Tensor<B, D>,
    by: Adjustment<FloatTensor<B>>,
    rows: Rows<B>,
) -> Tensor<B, 1> {
    reduced_by(
        loss,
        logits,
        rows,
        |formula, logits, targets, weights, reduction| {
            B::adjusted_reduced(formula, logits, by, targets, weights, reduction, WANTED)
        },
    )
}

/// On a backend that differentiates, what is tracked decides.
const WANTED: bool = false;

#[track_caller]
fn reduced_by<B: LossBackend, L: ClassFormula<B>, const D: usize>(
    loss: &L,
    logits: Tensor<B, D>,
    rows: Rows<B>,
    reduce: impl FnOnce(
        &L::Formula,
        FloatTensor<B>,
        RowTargets<B>,
        RowWeights<B>,
        Reduction,
    ) -> Reduced<B>,
) -> Tensor<B, 1> {
    let dtype = logits.dtype();
    let smooth = loss.smooth(rows.num_classes, dtype);
    let logits = primitive(beside(&smooth, logits));
    let reduction = loss.options().reduction;
    let found = reduce(
        &loss.formula(),
        logits,
        rows.targets(smooth),
        rows.weights(dtype),
        reduction,
    );
    check::no_class::<B>(loss.name(), &rows, found.fault);
    tensor::<B, 1>(found.loss).cast(dtype)
}
