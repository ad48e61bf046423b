//! Losses of class rows straight from hidden states: the classifier head and the loss in one step.

use burn::nn::{Embedding, Linear};
use burn::tensor::backend::Backend;
use burn::tensor::{Bool, Int, Tensor};
use burn_loss_kernels::composed::scaled_and_capped;
use burn_loss_kernels::{
    Columns, HeadOptions, Linear as Product, LossBackend, RowPredictions, SmoothWeights,
};

use super::class_rows::flat_weights;
use super::{ClassFormula, ClassLoss, Rows, primitive, tensor};
use crate::check;

/// The last layer of a classifier, `cap * tanh(scale * (h W + b) / cap)`, as
/// [`ClassLoss::forward_linear`](crate::ClassLoss::forward_linear) takes it: logits are made of hidden states a few rows at a
/// time, and never held all at once.
///
/// Take it where the logits are the largest tensor of the training step: a language model, or any model with thousands of
/// classes. Where they are small, or needed anyway, a layer and [`ClassLoss::forward`](crate::ClassLoss::forward) are as good.
///
/// - `weight`: `[H, C]`, as [`burn::nn::Linear`] has it; the transposed view of `[C, H]` is read where it lies
/// - `bias`: `[C]`, or none
/// - `logit_scale`: a number; default 1
/// - `softcap`: above 0; default none
/// - `memory_budget`: bytes that logits, their gradient and copies of rows may take at a time; default 128 MiB. Less is slower:
///   each chunk of rows reads and writes the whole gradient of the weight, and where NdArray and Flex have room for few whole rows,
///   they compute tiles of rows and classes, each twice. Beside it, a product of few rows takes 2 MiB (4 in f64) there; elsewhere
///   each chunk's part of that gradient is as large as the weight, and a weight of 16 bits is copied to 32 for each chunk
/// - rows that do not count are taken out before the products on NdArray and Flex; elsewhere they are multiplied as zeros, and a
///   batch of padding takes as long as a full one
/// - PyTorch: [`nn.LinearCrossEntropyLoss`](https://docs.pytorch.org/docs/main/generated/torch.nn.LinearCrossEntropyLoss.html)
///   holds the weight itself; softcap: [Gemma 2](https://arxiv.org/abs/2408.00118), section 2
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
/// let hidden = Tensor::<B, 2>::from_floats([[1.0, 2.0], [0.5, -1.0]], &device);
/// let weight = Tensor::<B, 2>::from_floats([[0.0, 1.0, -1.0], [0.5, 0.0, 2.0]], &device);
/// let targets = Tensor::<B, 1, Int>::from_ints([2, 0], &device);
/// let loss = CrossEntropyLossConfig::new().init(&device);
///
/// let head = LinearHead::new(weight.clone(), None).with_logit_scale(0.5);
/// let found = loss.forward_linear(hidden.clone(), &head, targets.clone()).into_scalar();
/// // The same number without the logits.
/// let expected: f32 = loss.forward(hidden.matmul(weight) * 0.5, targets).into_scalar();
/// assert!((found - expected).abs() < 1e-6);
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LinearHead<B: Backend> {
    /// `[H, C]`.
    pub weight: Tensor<B, 2>,
    /// `[C]`.
    pub bias: Option<Tensor<B, 1>>,
    /// What the logits are multiplied by, before the cap.
    pub logit_scale: f64,
    /// The bound of the logits.
    pub softcap: Option<f64>,
    /// Bytes that logits, their gradient and copies of rows may take at a time.
    pub memory_budget: usize,
}

impl<B: Backend> LinearHead<B> {
    /// A head of a weight `[H, C]` and a bias `[C]`.
    ///
    /// # Panics
    ///
    /// If the bias does not have the length `C`.
    #[track_caller]
    pub fn new(weight: Tensor<B, 2>, bias: Option<Tensor<B, 1>>) -> Self {
        let [_, num_classes] = weight.dims();
        if let Some(bias) = &bias {
            let [len] = bias.dims();
            check::weights_length("LinearHead", "bias", "class axis", num_classes, len);
        }
        let HeadOptions {
            logit_scale,
            softcap,
            memory_budget,
        } = HeadOptions::default();
        Self {
            weight,
            bias,
            logit_scale,
            softcap,
            memory_budget,
        }
    }

    /// The head that is a layer, whose parameters get the gradients.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::nn::LinearConfig;
    /// use burn_loss::LinearHead;
    ///
    /// let layer = LinearConfig::new(4, 10).init::<NdArray>(&Default::default());
    /// assert_eq!(LinearHead::of(&layer).weight.dims(), [4, 10]);
    /// ```
    pub fn of(layer: &Linear<B>) -> Self {
        Self::new(
            layer.weight.val(),
            layer.bias.as_ref().map(|bias| bias.val()),
        )
    }

    /// The head whose weight is that of an embedding, transposed: each class is scored by its own vector.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::nn::EmbeddingConfig;
    /// use burn_loss::LinearHead;
    ///
    /// let embedding = EmbeddingConfig::new(10, 4).init::<NdArray>(&Default::default());
    /// assert_eq!(LinearHead::tied(&embedding).weight.dims(), [4, 10]);
    /// ```
    pub fn tied(embedding: &Embedding<B>) -> Self {
        Self::new(embedding.weight.val().transpose(), None)
    }

    /// Multiplies the logits before the cap.
    ///
    /// # Panics
    ///
    /// If the scale is neither 0 nor of a size in `[1e-18, 1e18]`.
    #[track_caller]
    pub fn with_logit_scale(self, logit_scale: f64) -> Self {
        check::config_finite("LinearHead", "logit_scale", logit_scale);
        Self {
            logit_scale,
            ..self
        }
    }

    /// Bounds the logits by `cap * tanh(x / cap)`.
    ///
    /// # Panics
    ///
    /// If the cap is not in `[1e-18, 1e18]`.
    #[track_caller]
    pub fn with_softcap(self, softcap: Option<f64>) -> Self {
        if let Some(cap) = softcap {
            check::config_above_zero("LinearHead", "softcap", cap);
        }
        Self { softcap, ..self }
    }

    /// Bounds the memory of the logits, in bytes; one row of them is held in any case.
    pub fn with_memory_budget(self, memory_budget: usize) -> Self {
        Self {
            memory_budget,
            ..self
        }
    }

    /// The logits `[M, C]` of hidden states `[M, H]`, all of them: for prediction.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::Tensor;
    /// use burn_loss::LinearHead;
    ///
    /// let device = Default::default();
    /// let weight = Tensor::<NdArray, 2>::from_floats([[2.0]], &device);
    /// let head = LinearHead::new(weight, None).with_softcap(Some(5.0));
    /// let logits = head.logits(Tensor::from_floats([[3.0]], &device));
    /// assert!((logits.into_scalar() - 5.0 * 1.2f32.tanh()).abs() < 1e-6);
    /// ```
    pub fn logits(&self, hidden: Tensor<B, 2>) -> Tensor<B, 2> {
        let [_, num_classes] = self.weight.dims();
        let mut logits = match hidden.dims() {
            // Burn multiplies no matrix without rows.
            [0, _] => hidden.reshape([0, num_classes]),
            _ => hidden.matmul(self.weight.clone()),
        };
        if let Some(bias) = &self.bias {
            logits = logits + bias.clone().unsqueeze();
        }
        scaled_and_capped(logits, self.logit_scale, self.softcap)
    }
}

/// A loss, and what the same pass found out about each row: enough for accuracy and perplexity without logits. The example of
/// [`ClassLoss::forward_linear_with_predictions`](crate::ClassLoss::forward_linear_with_predictions) makes one.
///
/// Only the loss is differentiated.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LinearOutput<B: Backend, const T: usize> {
    /// `[1]`, reduced as configured.
    pub loss: Tensor<B, 1>,
    /// The log-probability of each row's target; 0 for ignored rows.
    pub log_probs: Tensor<B, T>,
    /// Whether the highest logit was the target's; false for ignored rows.
    pub correct: Tensor<B, T, Bool>,
    /// The class of the highest logit; -1 for ignored rows. Of 32 or 64 bits with a sign, whatever type the targets have: 8 bits do
    /// not hold all classes, and an unsigned type does not hold -1.
    pub predicted: Tensor<B, T, Int>,
}

/// Checks hidden states `[.., H]` against head and targets, and makes rows of them: `[M, H]`.
#[track_caller]
pub(crate) fn checked_rows<
    B: LossBackend,
    L: ClassLoss<B> + ?Sized,
    const D: usize,
    const T: usize,
>(
    loss: &L,
    hidden: Tensor<B, D>,
    head: &LinearHead<B>,
    targets: &Tensor<B, T, Int>,
) -> Tensor<B, 2> {
    let name = loss.name();
    check::hidden_shapes(name, hidden.dims(), head.weight.dims(), targets.dims());
    let [_, num_classes] = head.weight.dims();
    let device = hidden.device();
    check::same_device::<B>(name, ("hidden", &device), ("targets", &targets.device()));
    check_head(name, &hidden, head);
    let options = loss.options();
    check::reduction(name, options.reduction);
    let weights = options.class_weights;
    check::class_weights(name, weights, num_classes, ("hidden", &device));
    as_rows(hidden)
}

/// Tensors `[.., C]` as rows: `[M, C]`.
pub(crate) fn as_rows<B: LossBackend, const D: usize>(tensor: Tensor<B, D>) -> Tensor<B, 2> {
    if D == 2 {
        // Burn copies what came from data to reshape it, to the same shape, too.
        return Tensor::from_primitive(tensor.into_primitive());
    }
    let dims = tensor.dims();
    let rows = dims[..D - 1].iter().product();
    tensor.reshape([rows, dims[D - 1]])
}

/// Panics unless weight and bias go with hidden states whose shape does.
#[track_caller]
pub(crate) fn check_head<B: LossBackend, const D: usize>(
    name: &str,
    hidden: &Tensor<B, D>,
    head: &LinearHead<B>,
) {
    let [_, num_classes] = head.weight.dims();
    let (device, dtype) = (hidden.device(), hidden.dtype());
    let weight = (head.weight.device(), head.weight.dtype());
    check::same_device::<B>(name, ("hidden", &device), ("head.weight", &weight.0));
    check::same_dtype(name, ("hidden", dtype), ("head.weight", weight.1));
    if let Some(bias) = &head.bias {
        let [len] = bias.dims();
        check::weights_length(name, "head.bias", "class axis", num_classes, len);
        check::same_device::<B>(name, ("hidden", &device), ("head.bias", &bias.device()));
        check::same_dtype(name, ("hidden", dtype), ("head.bias", bias.dtype()));
    }
}

/// Checks hidden states `[.., H]` against a head and what has a number per class, `[.., C]`.
#[track_caller]
pub(crate) fn check_beside<B: LossBackend, const D: usize>(
    name: &str,
    hidden: &Tensor<B, D>,
    head: &LinearHead<B>,
    (other_name, other): (&str, &Tensor<B, D>),
) {
    let named = (other_name, other.dims());
    check::hidden_and_classes(name, hidden.dims(), head.weight.dims(), named);
    let (dtype, device) = (hidden.dtype(), hidden.device());
    check::same_dtype(name, ("hidden", dtype), (other_name, other.dtype()));
    check::same_device::<B>(name, ("hidden", &device), (other_name, &other.device()));
    check_head(name, hidden, head);
}

/// Checks the weights of rows of hidden states against the shape of what has one number per row, and gives them as `[M]`.
#[track_caller]
pub(crate) fn checked_weights<B: LossBackend, const D: usize, const T: usize>(
    name: &str,
    hidden: &Tensor<B, D>,
    reference: (&str, [usize; T]),
    weights: Tensor<B, T>,
) -> Tensor<B, 1> {
    check::same_shape(name, reference, ("weights", weights.dims()));
    let (device, dtype) = (hidden.device(), hidden.dtype());
    check::same_dtype(name, ("hidden", dtype), ("weights", weights.dtype()));
    check::same_device::<B>(name, ("hidden", &device), ("weights", &weights.device()));
    flat_weights(weights)
}

/// As the operation takes it.
pub(crate) fn product<B: LossBackend>(hidden: Tensor<B, 2>, head: &LinearHead<B>) -> Product<B> {
    Product {
        hidden: primitive(hidden),
        weight: primitive(head.weight.clone()),
        bias: head.bias.clone().map(primitive),
        options: HeadOptions {
            logit_scale: head.logit_scale,
            softcap: head.softcap,
            memory_budget: head.memory_budget,
        },
    }
}

/// The reduced loss of rows, by the operation, and what the logits said of each row if that is asked for.
#[track_caller]
pub(crate) fn reduced_linear<B: LossBackend, L: ClassFormula<B>>(
    loss: &L,
    hidden: Tensor<B, 2>,
    head: &LinearHead<B>,
    rows: Rows<B>,
    describe: bool,
) -> (Tensor<B, 1>, Option<RowPredictions<B>>) {
    let dtype = hidden.dtype();
    let found = B::linear_reduced(
        &loss.formula(),
        product(hidden, head),
        rows.targets(loss.smooth(rows.num_classes, dtype)),
        rows.weights(dtype),
        loss.options().reduction,
        // On a backend that differentiates, what is tracked decides.
        [false; 3],
        describe,
    );
    check::no_class::<B>(loss.name(), &rows, found.reduced.fault);
    (tensor(found.reduced.loss), found.rows)
}

/// One loss per row times what it counts, by the operation, in at least 32 bits.
pub(crate) fn counted_linear<B: LossBackend, L: ClassFormula<B>>(
    loss: &L,
    hidden: Tensor<B, 2>,
    head: &LinearHead<B>,
    rows: &Rows<B>,
) -> Tensor<B, 1> {
    let dtype = hidden.dtype();
    super::class_rows::counted_terms(loss, dtype, rows, |targets, columns| {
        B::linear_terms(product(hidden, head), targets, columns)
    })
}

/// The reduced loss of rows whose logits are held, and what they said of each row if that is asked for.
#[track_caller]
pub(crate) fn reduced_held<B: LossBackend, L: ClassLoss<B> + ?Sized>(
    loss: &L,
    hidden: Tensor<B, 2>,
    head: &LinearHead<B>,
    rows: Rows<B>,
    describe: bool,
) -> (Tensor<B, 1>, Option<RowPredictions<B>>) {
    let logits = head.logits(hidden);
    let found = describe.then(|| predictions(logits.clone(), &rows));
    (loss.reduced_rows(logits, rows), found)
}

/// What the logits said of each row, of logits that are held.
pub(crate) fn predictions<B: LossBackend>(
    logits: Tensor<B, 2>,
    rows: &Rows<B>,
) -> RowPredictions<B> {
    let [count, _] = logits.dims();
    let targets = rows.targets(SmoothWeights::Zero);
    let logits = logits.detach();
    let found = B::softmax_terms(primitive(logits.clone()), targets, Columns::TargetLoss);
    let predicted = logits.argmax(1).reshape([count]);
    RowPredictions {
        log_probs: primitive(tensor::<B, 1>(found.terms).neg()),
        predicted: predicted.into_primitive(),
    }
}

/// A loss with what the logits said of each row of these classes, in the shape of the targets.
pub(crate) fn output<B: LossBackend, const T: usize>(
    loss: Tensor<B, 1>,
    found: RowPredictions<B>,
    classes: Tensor<B, 1, Int>,
    ignored: Option<Tensor<B, 1, Bool>>,
    shape: [usize; T],
) -> LinearOutput<B, T> {
    let mut log_probs = tensor::<B, 1>(found.log_probs);
    let mut predicted = Tensor::<B, 1, Int>::from_primitive(found.predicted).cast(classes.dtype());
    let mut correct = predicted.clone().equal(classes);
    if let Some(ignored) = ignored {
        log_probs = log_probs.mask_fill(ignored.clone(), 0.0);
        predicted = predicted.mask_fill(ignored.clone(), -1);
        // The ignored index may be what stands for no prediction.
        correct = correct.bool_and(ignored.bool_not());
    }
    LinearOutput {
        loss,
        log_probs: log_probs.reshape(shape),
        correct: correct.reshape(shape),
        predicted: predicted.reshape(shape),
    }
}
