//! The trait: a backend with the fused operations.

use burn::tensor::backend::{AutodiffBackend, Backend};
use burn::tensor::ops::{FloatTensor, IntTensor};

use crate::{
    Adjustment, Columns, CtcTargets, Distillation, Elements, Formula, Linear, LinearReduced,
    Losses, MultiMargin, Reduced, Reduction, RowTargets, RowWeights, SampleLosses, SoftmaxTerms,
    composed,
};

/// A backend with the fused loss operations.
///
/// Write `B: LossBackend` where generic code says `B: Backend`. A backend of your own joins with an empty `impl`, and computes
/// the operations in plain Burn operations until it overrides them.
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::{Int, Tensor, TensorPrimitive};
/// use burn_loss_kernels::{Columns, LossBackend, RowTargets, SmoothWeights};
///
/// /// The losses of the classes, on any backend.
/// fn losses<B: LossBackend>(logits: Tensor<B, 2>, classes: Tensor<B, 1, Int>) -> Tensor<B, 1> {
///     let targets = RowTargets {
///         classes: Some(classes.into_primitive()),
///         ignore_index: None,
///         smooth: SmoothWeights::Zero,
///     };
///     let logits = logits.into_primitive().tensor();
///     let found = B::softmax_terms(logits, targets, Columns::TargetLoss);
///     Tensor::from_primitive(TensorPrimitive::Float(found.terms))
/// }
///
/// let device = Default::default();
/// let logits = Tensor::<NdArray, 2>::from_floats([[1.0, 3.0]], &device).log();
/// let found = losses(logits, Tensor::from_ints([1], &device)).into_scalar();
/// assert!((found + 0.75f32.ln()).abs() < 1e-6);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no loss operations",
    label = "not a `LossBackend`",
    note = "in a function that is generic over its backend, ask for `B: LossBackend` in place of `B: Backend`",
    note = "turn on the feature of burn-loss for this backend (`ndarray`, `flex`, `wgpu`, `cuda`, `candle`, ..), and `autodiff` and `fusion` \
            if `Autodiff<..>` or `Fusion<..>` is part of it",
    note = "a backend of your own joins with `impl burn_loss::LossBackend for MyBackend {{}}`"
)]
pub trait LossBackend: Backend {
    /// Whether tensors live in this process's memory, so that reading one does not wait for a device.
    const ON_HOST: bool = false;

    /// Sums the tensor to `[1]`, right to 1e-6 relative in `f32` at any length, and to the same bits every time.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::{Tensor, TensorPrimitive};
    /// use burn_loss_kernels::LossBackend;
    ///
    /// let numbers = Tensor::<NdArray, 1>::full([1 << 20], 0.1, &Default::default());
    /// let sum = NdArray::<f32>::sum(numbers.into_primitive().tensor());
    /// let sum = Tensor::<NdArray, 1>::from_primitive(TensorPrimitive::Float(sum)).into_scalar();
    /// assert!((sum / 104857.6 - 1.0).abs() < 1e-6);
    /// ```
    fn sum(tensor: FloatTensor<Self>) -> FloatTensor<Self> {
        composed::sum::<Self>(tensor)
    }

    /// Multiplies a tensor, most of the time a gradient, by a number, `[1]`, which is almost always 1: then there is nothing to do.
    ///
    /// On the host the product takes the tensor's place if nothing else holds it.
    ///
    /// # Panics
    ///
    /// If `by` is not one number, on the tensor's device.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::{Tensor, TensorPrimitive};
    /// use burn_loss_kernels::LossBackend;
    ///
    /// let device = Default::default();
    /// let primitive = |number| Tensor::<NdArray, 1>::full([1], number, &device).into_primitive().tensor();
    /// let product = NdArray::<f32>::scale(primitive(3.0), primitive(0.5));
    /// let product = Tensor::<NdArray, 1>::from_primitive(TensorPrimitive::Float(product));
    /// assert_eq!(product.into_scalar(), 1.5);
    /// ```
    fn scale(gradient: FloatTensor<Self>, by: FloatTensor<Self>) -> FloatTensor<Self> {
        crate::ops::sum::composed::scale::<Self>(gradient, by)
    }

    /// Adds an offset per class, `[C]`, to scores `[N, C, d1, ..]`.
    ///
    /// On the host the sum takes the scores' place if nothing else holds them.
    ///
    /// # Panics
    ///
    /// If there is not one offset per class, of the scores' element type and on their device.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::{Tensor, TensorPrimitive};
    /// use burn_loss_kernels::LossBackend;
    ///
    /// type B = NdArray<f32>;
    ///
    /// let device = Default::default();
    /// let scores = Tensor::<B, 2>::from_floats([[1.0, 2.0], [3.0, 4.0]], &device);
    /// let offsets = Tensor::<B, 1>::from_floats([10.0, 20.0], &device);
    /// let sum = B::add_per_class(scores.into_primitive().tensor(), offsets.into_primitive().tensor());
    /// let sum = Tensor::<B, 2>::from_primitive(TensorPrimitive::Float(sum));
    /// assert_eq!(sum.into_data().to_vec::<f32>().unwrap(), [11.0, 22.0, 13.0, 24.0]);
    /// ```
    fn add_per_class(scores: FloatTensor<Self>, offsets: FloatTensor<Self>) -> FloatTensor<Self> {
        composed::add_per_class::<Self>(scores, offsets)
    }

    /// Multiplies numbers by one factor for each place along an axis; a factor of 0 makes 0 of any number, NaN among them.
    ///
    /// On the host the product takes the numbers' place if nothing else holds them.
    ///
    /// # Panics
    ///
    /// If there is no such axis, or if there are not as many factors, of the numbers' element type and on their device.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::{Tensor, TensorPrimitive};
    /// use burn_loss_kernels::LossBackend;
    ///
    /// type B = NdArray<f32>;
    ///
    /// let device = Default::default();
    /// let numbers = Tensor::<B, 2>::from_floats([[1.0, f32::NAN], [3.0, 4.0]], &device);
    /// let factors = Tensor::<B, 1>::from_floats([10.0, 0.0], &device);
    /// let product = B::scale_along(numbers.into_primitive().tensor(), 1, factors.into_primitive().tensor());
    /// let product = Tensor::<B, 2>::from_primitive(TensorPrimitive::Float(product));
    /// assert_eq!(product.into_data().to_vec::<f32>().unwrap(), [10.0, 0.0, 30.0, 0.0]);
    /// ```
    fn scale_along(
        numbers: FloatTensor<Self>,
        axis: usize,
        factors: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        composed::scale_along::<Self>(numbers, axis, factors)
    }

    /// Computes the probabilities of rows of logits `[M, C]`.
    ///
    /// On the host they take the logits' place if nothing else holds them and they are not tracked.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::{Tensor, TensorPrimitive};
    /// use burn_loss_kernels::LossBackend;
    ///
    /// type B = NdArray<f32>;
    ///
    /// let logits = Tensor::<B, 2>::from_floats([[1.0, 3.0]], &Default::default()).log();
    /// let probabilities = B::softmax_rows(logits.into_primitive().tensor());
    /// let probabilities = Tensor::<B, 2>::from_primitive(TensorPrimitive::Float(probabilities));
    /// let [p, q]: [f32; 2] = probabilities.into_data().to_vec().unwrap().try_into().unwrap();
    /// assert!((p - 0.25).abs() < 1e-6 && (q - 0.75).abs() < 1e-6);
    /// ```
    fn softmax_rows(logits: FloatTensor<Self>) -> FloatTensor<Self> {
        composed::softmax_rows::<Self>(logits)
    }

    /// Computes a formula of each element; the example of [`Elements`] calls it.
    ///
    /// The result has the shape of the prediction, and may take its place if nothing else holds that. On a device a number outside the formula's bounds gives NaN; on the host
    /// the fault says where it is.
    ///
    /// # Panics
    ///
    /// If the shapes, element types or devices of the inputs differ.
    fn elementwise<L: Formula>(formula: &L, inputs: Elements<Self>) -> Losses<Self> {
        composed::elementwise(formula, inputs)
    }

    /// Turns the gradient of each loss into that of the inputs that are `wanted`; the example of [`Elements`] calls it.
    ///
    /// Where the gradient of a loss is 0, so are those of its inputs, whatever they are. An implementation may write a result
    /// into its input's buffer if nothing else holds that.
    ///
    /// # Panics
    ///
    /// As [`Self::elementwise`], and under `Autodiff`: formulas have first derivatives only.
    fn elementwise_backward<L: Formula>(
        formula: &L,
        inputs: Elements<Self>,
        grad: FloatTensor<Self>,
        wanted: [bool; 3],
    ) -> [Option<FloatTensor<Self>>; 3] {
        composed::elementwise_backward(formula, inputs, grad, wanted)
    }

    /// Computes the reduced loss, each element times its weight if there are weights, and in the same pass its gradient with
    /// respect to the inputs that are `wanted`; the example of [`Elements`] calls it.
    ///
    /// An element of weight 0 is dropped, whatever its inputs. A mean divides by the sum of the weights. An implementation
    /// may write a gradient into its input's buffer if nothing else holds that.
    ///
    /// # Panics
    ///
    /// As [`Self::elementwise`].
    fn elementwise_reduced<L: Formula>(
        formula: &L,
        inputs: Elements<Self>,
        weights: Option<FloatTensor<Self>>,
        reduction: Reduction,
        wanted: [bool; 3],
    ) -> Reduced<Self> {
        composed::elementwise_reduced(formula, inputs, weights, reduction, wanted)
    }

    /// Computes the terms of every row of the logits `[N, C, d1, ..]`; the example at the crate's root calls it.
    ///
    /// The values are computed relative to the row's largest logit, so that neither a confident row nor a common offset
    /// loses digits. A row that holds NaN or `+inf`, or only `-inf`, gives NaN, as in PyTorch.
    ///
    /// # Panics
    ///
    /// If the logits have fewer than two dimensions or no class, if the classes or weights do not have the shapes that
    /// [`RowTargets`] says, if tensors are on different devices, or if a device cannot index them.
    fn softmax_terms(
        logits: FloatTensor<Self>,
        targets: RowTargets<Self>,
        columns: Columns,
    ) -> SoftmaxTerms<Self> {
        composed::softmax_terms(logits, targets, columns)
    }

    /// Turns the gradient of the terms, `[M, 3]` or of the first alone `[M]`, into the gradient of the logits,
    /// `[N, C, d1, ..]`; the example of [`composed`] calls it.
    ///
    /// `logits` and `targets` are those of the forward pass and `normalizer` is what it returned. A row whose gradients are
    /// all 0 has the gradient 0, whatever its logits. An implementation may write the result into the logits' buffer if
    /// nothing else holds it.
    ///
    /// # Panics
    ///
    /// As [`Self::softmax_terms`], and under `Autodiff`: the losses have first derivatives only.
    fn softmax_terms_backward(
        logits: FloatTensor<Self>,
        targets: RowTargets<Self>,
        normalizer: FloatTensor<Self>,
        grad: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        composed::softmax_terms_backward(logits, targets, normalizer, grad)
    }

    /// Computes the reduced loss of rows, each `c L(target loss, lse) + r smooth loss` with the formula `L`, the weight `r` of
    /// the row and `c = r w_t` with the weight of its class, and its gradient in the same pass if it is `wanted`; the example
    /// of [`RowWeights`] calls it.
    ///
    /// A row of weight 0 is ignored, whatever its logits and its class. A mean divides by the sum of `c` over the rows that
    /// are not ignored. The gradient is the first of [`Reduced::gradients`]; an implementation may write it into the logits'
    /// buffer if nothing else holds it.
    ///
    /// # Panics
    ///
    /// As [`Self::softmax_terms`].
    fn softmax_terms_reduced<L: Formula>(
        formula: &L,
        logits: FloatTensor<Self>,
        targets: RowTargets<Self>,
        weights: RowWeights<Self>,
        reduction: Reduction,
        wanted: bool,
    ) -> Reduced<Self> {
        composed::softmax_terms_reduced(formula, logits, targets, weights, reduction, wanted)
    }

    /// Computes what [`Self::softmax_terms_reduced`] does of adjusted logits, `factor x` and an offset per class, and its gradient
    /// with respect to what they were before; no gradient reaches the offsets but by plain operations.
    ///
    /// On the host, with a gradient, in `f32` and `f64` and where there is one position, rows are adjusted where their gradient will be:
    /// those that fit into the cache are read from memory once.
    ///
    /// # Panics
    ///
    /// As [`Self::softmax_terms_reduced`] and [`Self::add_per_class`].
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::{Int, Tensor, TensorPrimitive};
    /// use burn_loss_kernels::formulas::Focal;
    /// use burn_loss_kernels::{Adjustment, LossBackend, Reduction, RowTargets, RowWeights, SmoothWeights};
    ///
    /// type B = NdArray<f32>;
    ///
    /// let device = Default::default();
    /// let cosines = Tensor::<B, 2>::from_floats([[1.0, -1.0]], &device).into_primitive().tensor();
    /// let targets = RowTargets::<B> {
    ///     classes: Some(Tensor::<B, 1, Int>::from_ints([0], &device).into_primitive()),
    ///     ignore_index: None,
    ///     smooth: SmoothWeights::Zero,
    /// };
    /// let by = Adjustment { factor: 2.0, per_class: None };
    /// let (formula, weights) = (Focal { gamma: 0.0 }, RowWeights::none());
    /// let sum = B::adjusted_reduced(&formula, cosines, by, targets, weights, Reduction::Sum, true);
    /// let [slopes, ..] = sum.gradients.map(|slopes| slopes.map(|slopes| {
    ///     Tensor::<B, 2>::from_primitive(TensorPrimitive::Float(slopes)).into_data().to_vec::<f32>().unwrap()
    /// }));
    /// let loss = Tensor::<B, 1>::from_primitive(TensorPrimitive::Float(sum.loss)).into_scalar();
    /// // Logits of 2 and -2.
    /// assert!((loss - (-4f32).exp().ln_1p()).abs() < 1e-6);
    /// assert!((slopes.unwrap()[1] - 2.0 / (4f32.exp() + 1.0)).abs() < 1e-6);
    /// ```
    fn adjusted_reduced<L: Formula>(
        formula: &L,
        logits: FloatTensor<Self>,
        by: Adjustment<FloatTensor<Self>>,
        targets: RowTargets<Self>,
        weights: RowWeights<Self>,
        reduction: Reduction,
        wanted: bool,
    ) -> Reduced<Self> {
        composed::adjusted_reduced(formula, logits, by, targets, weights, reduction, wanted)
    }

    /// Computes what [`Self::softmax_terms_reduced`] does of logits that are a product of hidden states and a weight, without
    /// ever holding all of them, and the gradients of hidden states, weight and bias that are `wanted`; the example of
    /// [`Linear`] calls it.
    ///
    /// Rows go through in chunks, each of whose logits lie within the memory budget of the options. On the host rows that do
    /// not count are taken out before the products. With `describe` it also says what the logits say of each row.
    ///
    /// # Panics
    ///
    /// As [`Self::softmax_terms`], and if hidden states, weight and bias do not fit each other.
    fn linear_reduced<L: Formula>(
        formula: &L,
        linear: Linear<Self>,
        targets: RowTargets<Self>,
        weights: RowWeights<Self>,
        reduction: Reduction,
        wanted: [bool; 3],
        describe: bool,
    ) -> LinearReduced<Self> {
        composed::linear_reduced(
            formula, linear, targets, weights, reduction, wanted, describe,
        )
    }

    /// Computes the terms of every row, as [`Self::softmax_terms`] does, of logits that are a product of hidden states and a
    /// weight, chunk by chunk.
    ///
    /// # Panics
    ///
    /// As [`Self::linear_reduced`].
    fn linear_terms(
        linear: Linear<Self>,
        targets: RowTargets<Self>,
        columns: Columns,
    ) -> SoftmaxTerms<Self> {
        composed::linear_terms(linear, targets, columns)
    }

    /// Turns the gradient of the terms into those of hidden states, weight and bias that are `wanted`; the logits are computed
    /// again, chunk by chunk.
    ///
    /// `linear` and `targets` are those of the forward pass and `normalizer` is what it returned. A row whose gradients are
    /// all 0 adds nothing, whatever its logits.
    ///
    /// # Panics
    ///
    /// As [`Self::linear_reduced`], and under `Autodiff`: the losses have first derivatives only.
    fn linear_terms_backward(
        linear: Linear<Self>,
        targets: RowTargets<Self>,
        normalizer: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        wanted: [bool; 3],
    ) -> [Option<FloatTensor<Self>>; 3] {
        composed::linear_terms_backward(linear, targets, normalizer, grad, wanted)
    }

    /// Computes the reduced sum of the negated scores of the rows' classes, each times `c` as in
    /// [`Self::softmax_terms_reduced`]: the negative log-likelihood of log-probabilities `[N, C, d1, ..]`. Its gradient is not
    /// 0 at one score per row.
    ///
    /// # Panics
    ///
    /// As [`Self::softmax_terms`], and if there are no classes.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::{Int, Tensor, TensorPrimitive};
    /// use burn_loss_kernels::{LossBackend, Reduction, RowTargets, RowWeights, SmoothWeights};
    ///
    /// type B = NdArray;
    ///
    /// let device = Default::default();
    /// let scores = Tensor::<B, 2>::from_floats([[-1.0, -2.0]], &device).into_primitive().tensor();
    /// let targets = RowTargets::<B> {
    ///     classes: Some(Tensor::<B, 1, Int>::from_ints([1], &device).into_primitive()),
    ///     ignore_index: None,
    ///     smooth: SmoothWeights::Zero,
    /// };
    /// let found = B::target_scores_reduced(scores, targets, RowWeights::none(), Reduction::Sum, true);
    /// let numbers = |tensor| Tensor::<B, 1>::from_primitive(TensorPrimitive::Float(tensor)).into_data();
    /// assert_eq!(numbers(found.loss).to_vec::<f32>().unwrap(), [2.0]);
    /// let [gradient, ..] = found.gradients;
    /// assert_eq!(numbers(gradient.unwrap()).to_vec::<f32>().unwrap(), [0.0, -1.0]);
    /// ```
    fn target_scores_reduced(
        scores: FloatTensor<Self>,
        targets: RowTargets<Self>,
        weights: RowWeights<Self>,
        reduction: Reduction,
        wanted: bool,
    ) -> Reduced<Self> {
        composed::target_scores_reduced(scores, targets, weights, reduction, wanted)
    }

    /// Computes the reduced sum of what the rows' classes are short of a margin in scores `[N, C]`, each row's divided by `C` and
    /// times `c` as in [`Self::softmax_terms_reduced`], and its gradient in the same pass if it is `wanted`. A mean divides by the
    /// sum of the rows' weights alone.
    ///
    /// # Panics
    ///
    /// As [`Self::softmax_terms`], if the scores have more than two dimensions, and if there are no classes.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::{Int, Tensor, TensorPrimitive};
    /// use burn_loss_kernels::{LossBackend, MultiMargin, Reduction, RowTargets, RowWeights, SmoothWeights};
    ///
    /// type B = NdArray;
    ///
    /// let device = Default::default();
    /// let scores = Tensor::<B, 2>::from_floats([[0.5, 0.0]], &device).into_primitive().tensor();
    /// let targets = RowTargets::<B> {
    ///     classes: Some(Tensor::<B, 1, Int>::from_ints([0], &device).into_primitive()),
    ///     ignore_index: None,
    ///     smooth: SmoothWeights::Zero,
    /// };
    /// let loss = MultiMargin { margin: 1.0, squared: false };
    /// let found = B::multi_margin_reduced(loss, scores, targets, RowWeights::none(), Reduction::Sum, true);
    /// let numbers = |tensor| Tensor::<B, 1>::from_primitive(TensorPrimitive::Float(tensor)).into_data();
    /// assert_eq!(numbers(found.loss).to_vec::<f32>().unwrap(), [0.25]);
    /// let [gradient, ..] = found.gradients;
    /// assert_eq!(numbers(gradient.unwrap()).to_vec::<f32>().unwrap(), [-0.5, 0.5]);
    /// ```
    fn multi_margin_reduced(
        loss: MultiMargin,
        scores: FloatTensor<Self>,
        targets: RowTargets<Self>,
        weights: RowWeights<Self>,
        reduction: Reduction,
        wanted: bool,
    ) -> Reduced<Self> {
        composed::multi_margin_reduced(loss, scores, targets, weights, reduction, wanted)
    }

    /// Computes what the labels of each row are short of a margin of 1, `1 / C * sum_{l, c} max(0, 1 - x_l + x_c)` with `l` its labels
    /// and `c` all other classes, and in the same pass the gradient with respect to the scores `[N, C]` if it is wanted.
    ///
    /// `labels` are those of each row from the left, `[N, C]`, of 32 or 64 bits with a sign, ended by the first negative number; one
    /// that is named twice counts twice. The loss of a row with one of `C` or more is NaN, its gradient 0.
    ///
    /// # Panics
    ///
    /// If the shapes are not the same, if there are no classes, or if tensors are on different devices.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::{Int, Tensor, TensorPrimitive};
    /// use burn_loss_kernels::LossBackend;
    ///
    /// type B = NdArray;
    ///
    /// let device = Default::default();
    /// let scores = Tensor::<B, 2>::from_floats([[1.0, 0.5]], &device).into_primitive().tensor();
    /// let labels = Tensor::<B, 2, Int>::from_ints([[0, -1]], &device).into_primitive();
    /// let found = B::multi_label_margin(scores, labels, true);
    /// let numbers = |tensor| Tensor::<B, 1>::from_primitive(TensorPrimitive::Float(tensor)).into_data();
    /// // Half of the margin is missing, divided by two classes.
    /// assert_eq!(numbers(found.losses).to_vec::<f32>().unwrap(), [0.25]);
    /// assert_eq!(numbers(found.gradient.unwrap()).to_vec::<f32>().unwrap(), [-0.5, 0.5]);
    /// ```
    fn multi_label_margin(
        scores: FloatTensor<Self>,
        labels: IntTensor<Self>,
        wanted: bool,
    ) -> SampleLosses<Self> {
        composed::multi_label_margin(scores, labels, wanted)
    }

    /// Computes the reduced [`Distillation`] loss of rows of a student's and a teacher's logits `[N, C]` and of the rows' classes,
    /// each times its row's weight. If it is `wanted`, the gradient with respect to the student's logits comes from the same pass;
    /// the teacher gets none.
    ///
    /// # Panics
    ///
    /// As [`Self::multi_margin_reduced`], if the teacher's logits have another shape, type or device than the student's, and if
    /// classes are weighted.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::{Int, Tensor, TensorPrimitive};
    /// use burn_loss_kernels::{Distillation, LossBackend, Reduction, RowTargets, RowWeights, SmoothWeights};
    ///
    /// type B = NdArray;
    ///
    /// let device = Default::default();
    /// let logits = |row: [f32; 2]| Tensor::<B, 2>::from_floats([row], &device).into_primitive().tensor();
    /// let targets = RowTargets::<B> {
    ///     classes: Some(Tensor::<B, 1, Int>::from_ints([0], &device).into_primitive()),
    ///     ignore_index: None,
    ///     smooth: SmoothWeights::Zero,
    /// };
    /// // The teacher says 3/4 and 1/4, the student 1/2 and 1/2.
    /// let (student, teacher) = (logits([0.0, 0.0]), logits([3f32.ln(), 0.0]));
    /// let loss = Distillation { temperature: 1.0, alpha: 1.0 };
    /// let weights = RowWeights::none();
    /// let found = B::distillation_reduced(loss, student, teacher, targets, weights, Reduction::Sum, true);
    /// let numbers = |tensor| Tensor::<B, 1>::from_primitive(TensorPrimitive::Float(tensor)).into_data();
    /// let divergence = 0.75 * 1.5f32.ln() + 0.25 * 0.5f32.ln();
    /// assert!((numbers(found.loss).to_vec::<f32>().unwrap()[0] - divergence).abs() < 1e-6);
    /// let [gradient, ..] = found.gradients;
    /// let gradient = numbers(gradient.unwrap()).to_vec::<f32>().unwrap();
    /// assert!((gradient[0] + 0.25).abs() < 1e-6 && (gradient[1] - 0.25).abs() < 1e-6);
    /// ```
    fn distillation_reduced(
        loss: Distillation,
        student: FloatTensor<Self>,
        teacher: FloatTensor<Self>,
        targets: RowTargets<Self>,
        weights: RowWeights<Self>,
        reduction: Reduction,
        wanted: bool,
    ) -> Reduced<Self> {
        composed::distillation_reduced(loss, student, teacher, targets, weights, reduction, wanted)
    }

    /// Computes the loss of each sample's target, spread in all ways over the steps of its log-probabilities `[T, N, C]`, and in the
    /// same pass the gradient with respect to these if it is wanted; the example of [`CtcTargets`] calls it.
    ///
    /// The gradient is that of the log-probabilities as they are: PyTorch's adds `exp` of them, which a `log_softmax` before it
    /// takes away again: NaN where the loss is no finite number, 0 beyond the input's length. A loss is infinite where its target
    /// does not fit into its input. Where a length or a class is out of its range, the loss is NaN, or on the host the call panics.
    ///
    /// # Panics
    ///
    /// If the shapes do not fit, or tensors are on different devices.
    fn ctc(
        log_probs: FloatTensor<Self>,
        targets: CtcTargets<Self>,
        wanted: bool,
    ) -> SampleLosses<Self> {
        composed::ctc(log_probs, targets, wanted)
    }

    /// The first class that is neither in `[0, num_classes)` nor ignored, where looking does not wait for a device.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::{Int, Tensor};
    /// use burn_loss_kernels::LossBackend;
    ///
    /// let classes = Tensor::<NdArray, 1, Int>::from_ints([0, 7, -1], &Default::default());
    /// let classes = classes.into_primitive();
    /// assert_eq!(NdArray::<f32>::first_invalid_class(&classes, 3, Some(-1)), Some(1));
    /// assert_eq!(NdArray::<f32>::first_invalid_class(&classes, 8, Some(-1)), None);
    /// ```
    fn first_invalid_class(
        _classes: &IntTensor<Self>,
        _num_classes: usize,
        _ignore_index: Option<i64>,
    ) -> Option<usize> {
        None
    }
}

/// A [`LossBackend`] that differentiates, and whose inner backend is a [`LossBackend`] too.
///
/// Write it where generic training code says `B: AutodiffBackend`.
///
/// # Example
///
/// ```
/// use burn::backend::{Autodiff, NdArray};
/// use burn_loss_kernels::{AutodiffLossBackend, LossBackend};
///
/// /// What trains on `B` and validates on its inner backend.
/// fn backends<B: AutodiffLossBackend>(device: &B::Device) -> [String; 2] {
///     fn name<B: LossBackend>(device: &B::Device) -> String {
///         B::name(device)
///     }
///     [name::<B>(device), name::<B::InnerBackend>(device)]
/// }
///
/// let names = backends::<Autodiff<NdArray>>(&Default::default());
/// assert_eq!(names, ["autodiff<ndarray>", "ndarray"]);
/// ```
pub trait AutodiffLossBackend: AutodiffBackend<InnerBackend: LossBackend> + LossBackend {}

impl<B> AutodiffLossBackend for B where B: AutodiffBackend<InnerBackend: LossBackend> + LossBackend {}
