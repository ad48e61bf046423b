//! Distillation of a teacher's logits into a student's.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::activation::softmax;
use burn::tensor::ops::FloatTensor;
use burn::tensor::{Bool, Int, Tensor};
use burn_loss_kernels::composed::{at_least_f32, column};
use burn_loss_kernels::{
    Columns, LossBackend, RowTargets, RowWeights, SMOOTH_LOSS, SmoothWeights, formulas,
};

use crate::display::display_fields;
use crate::forms::{
    ClassOptions, Rows, SampleLoss, Samples, fill_samples, primitive, sample_forwards, tensor,
};
use crate::{Reduction, check};

/// Configuration of [`DistillationLoss`].
///
/// # Example
///
/// ```
/// use burn_loss::DistillationLossConfig;
///
/// let loss = DistillationLossConfig::new().with_temperature(4.0).with_alpha(0.9).init();
/// assert_eq!((loss.temperature, loss.alpha), (4.0, 0.9));
/// ```
#[derive(Config, Debug, PartialEq)]
pub struct DistillationLossConfig {
    /// What both models' logits are divided by before they are compared, finite and more than 0: above 1, the teacher's second
    /// and third choices count more. Default: 2.
    #[config(default = 2.0)]
    pub temperature: f64,
    /// The share of the teacher, in `[0, 1]`; the rest is that of the classes. Default: 0.5.
    #[config(default = 0.5)]
    pub alpha: f64,
    /// Rows with this target do not count, for the teacher's part neither. Default: none.
    pub ignore_index: Option<i64>,
    /// How the losses become one number. Default: mean.
    #[config(default = "Reduction::Mean")]
    pub reduction: Reduction,
}

impl DistillationLossConfig {
    /// Makes the loss.
    ///
    /// # Panics
    ///
    /// If `temperature` is not finite and more than 0, or `alpha` is outside `[0, 1]`, or if `reduction` is [`BatchMean`](Reduction::BatchMean).
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::{Int, Tensor};
    /// use burn_loss::DistillationLossConfig;
    ///
    /// let device = Default::default();
    /// let student = Tensor::<NdArray, 2>::from_floats([[0.0, 0.0]], &device);
    /// let teacher = Tensor::<NdArray, 2>::from_floats([[2.0, -1.0]], &device);
    /// let targets = Tensor::<NdArray, 1, Int>::from_ints([0], &device);
    /// // Without the teacher it is the cross entropy.
    /// let loss = DistillationLossConfig::new().with_alpha(0.0).init();
    /// let mean = loss.forward(student, teacher, targets).into_scalar();
    /// assert!((mean - 2f32.ln()).abs() < 1e-6);
    /// ```
    #[track_caller]
    pub fn init(&self) -> DistillationLoss {
        let name = "DistillationLossConfig";
        let valid = self.temperature.is_finite() && self.temperature > 0.0;
        let expected = "finite and more than 0";
        check::config(valid, name, "temperature", expected, self.temperature);
        let valid = (0.0..=1.0).contains(&self.alpha);
        check::config(valid, name, "alpha", "in [0, 1]", self.alpha);
        check::config_reduction("DistillationLossConfig", self.reduction);
        DistillationLoss {
            temperature: self.temperature,
            alpha: self.alpha,
            ignore_index: self.ignore_index,
            reduction: self.reduction,
        }
    }
}

/// The divergence of a student from a teacher beside the cross entropy with the classes,
/// `alpha T^2 KL(softmax(z / T) || softmax(x / T)) + (1 - alpha) (lse(x) - x_t)`, of the student's logits `x`, the teacher's `z`
/// and the temperature `T`.
///
/// For training a small model on what a large one says of each class, beside the labels; `T^2` keeps the teacher's share of the
/// gradient as it is at every temperature. Where there is no other model, take
/// [`CrossEntropyLoss`](crate::CrossEntropyLoss) with label smoothing; where the teacher gives probabilities, its
/// `forward_probabilities`.
///
/// - `student`, `teacher`: logits, any real numbers, `[N, C]`; the teacher gets no gradient
/// - `targets`: classes in `[0, C)`, `[N]`
/// - mean: divided by the number of rows that are not ignored
/// - two passes over the student's logits, one over the teacher's, and one tensor of the teacher's probabilities
/// - Source: [Distilling the Knowledge in a Neural Network](https://arxiv.org/abs/1503.02531)
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::{Int, Tensor};
/// use burn_loss::DistillationLossConfig;
///
/// let device = Default::default();
/// let student = Tensor::<NdArray, 2>::from_floats([[0.0, 0.0]], &device);
/// let teacher = Tensor::<NdArray, 2>::from_floats([[2.0 * 3f32.ln(), 0.0]], &device);
/// let targets = Tensor::<NdArray, 1, Int>::from_ints([1], &device);
/// let loss = DistillationLossConfig::new().init();
/// // At a temperature of 2 the teacher says 3/4 and 1/4, the student 1/2 and 1/2.
/// let divergence = 0.75 * 1.5f32.ln() + 0.25 * 0.5f32.ln();
/// let mean = loss.forward(student, teacher, targets).into_scalar();
/// assert!((mean - (0.5 * 4.0 * divergence + 0.5 * 2f32.ln())).abs() < 1e-6);
/// ```
#[derive(Module, Debug, Clone)]
#[module(custom_display)]
pub struct DistillationLoss {
    /// What both models' logits are divided by, finite and more than 0.
    pub temperature: f64,
    /// The share of the teacher, in `[0, 1]`.
    pub alpha: f64,
    /// Rows with this target do not count.
    #[module(skip)]
    pub ignore_index: Option<i64>,
    /// How the losses become one number.
    #[module(skip)]
    pub reduction: Reduction,
}

display_fields!([] DistillationLoss: {} temperature, alpha, ignore_index, reduction);
sample_forwards!(<> DistillationLoss, <B>, student: Tensor<B, 2>, teacher: Tensor<B, 2>, targets: Tensor<B, 1, Int>);

const NAME: &str = "DistillationLoss";

impl<B: LossBackend> SampleLoss<B> for DistillationLoss {
    type Inputs = (Tensor<B, 2>, Tensor<B, 2>, Tensor<B, 1, Int>);

    fn name(&self) -> &'static str {
        NAME
    }

    fn reduction(&self) -> Reduction {
        self.reduction
    }

    #[track_caller]
    fn check(&self, (student, teacher, targets): &Self::Inputs) -> Samples<B> {
        check::alike(NAME, ("student", student), ("teacher", teacher));
        check::class_shapes(NAME, "student", student.dims(), targets.dims());
        let devices = [student.device(), targets.device()];
        check::same_device::<B>(NAME, ("student", &devices[0]), ("targets", &devices[1]));
        Samples::of("student", student)
    }

    fn without(
        &self,
        (student, teacher, targets): Self::Inputs,
        dropped: Tensor<B, 1, Bool>,
    ) -> Self::Inputs {
        (
            fill_samples(student, &dropped),
            fill_samples(teacher, &dropped),
            targets.mask_fill(dropped, 0),
        )
    }

    #[track_caller]
    fn losses(&self, (student, teacher, targets): Self::Inputs) -> Tensor<B, 1> {
        let dtype = student.dtype();
        let rows = self.rows(targets, student.dims()[1]);
        if B::ON_HOST {
            check::first_invalid::<B>(NAME, &rows);
        }
        let ([x, z], probabilities) = self.softened(student.clone(), teacher);
        let smooth_loss = |logits| {
            let targets = soft_targets(&probabilities);
            let terms = B::softmax_terms(primitive(logits), targets, Columns::All).terms;
            column(tensor::<B, 2>(terms), SMOOTH_LOSS)
        };
        let divergence = smooth_loss(x) - smooth_loss(z);
        let hard = B::softmax_terms(
            primitive(student),
            rows.targets(SmoothWeights::Zero),
            Columns::TargetLoss,
        );
        let losses = self.sum_of_parts(divergence, tensor(hard.terms));
        let losses = losses * rows.counts(at_least_f32(dtype)).cast(dtype);
        match rows.dropped() {
            Some(dropped) => losses.mask_fill(dropped, 0.0),
            None => losses,
        }
    }

    #[track_caller]
    fn reduced(&self, inputs: Self::Inputs, weights: Option<Tensor<B, 1>>) -> Tensor<B, 1> {
        let (dtype, [_, num_classes]) = (inputs.0.dtype(), inputs.0.dims());
        let mut rows = self.rows(inputs.2.clone(), num_classes);
        if let Some(weights) = weights {
            rows = rows.weigh(weights);
        }
        let (student, teacher, _) = match rows.dropped() {
            Some(dropped) => self.without(inputs, dropped),
            None => inputs,
        };
        let ([x, z], probabilities) = self.softened(student.clone(), teacher);
        let per_row = (!rows.count_alike()).then(|| primitive(rows.counts(dtype)));
        let smooth_loss = |logits| {
            let weights = RowWeights {
                per_class: None,
                per_row: per_row.clone(),
            };
            // There is no class, and so no target loss.
            self.reduced_rows(0.0, logits, soft_targets(&probabilities), weights)
        };
        let divergence = smooth_loss(x).0 - smooth_loss(z).0;
        let targets = rows.targets(SmoothWeights::Zero);
        let (hard, fault) = self.reduced_rows(1.0, student, targets, rows.weights(dtype));
        check::no_class::<B>(NAME, &rows, fault);
        self.sum_of_parts(divergence, hard)
    }
}

impl DistillationLoss {
    fn rows<B: LossBackend>(&self, targets: Tensor<B, 1, Int>, num_classes: usize) -> Rows<B> {
        let options = ClassOptions {
            ignore_index: self.ignore_index,
            ..ClassOptions::none()
        };
        Rows::new(&options, targets, num_classes)
    }

    /// The logits of student and teacher over the temperature, and the teacher's probabilities.
    fn softened<B: LossBackend>(
        &self,
        student: Tensor<B, 2>,
        teacher: Tensor<B, 2>,
    ) -> ([Tensor<B, 2>; 2], Tensor<B, 2>) {
        let soften = |logits: Tensor<B, 2>| match self.temperature {
            1.0 => logits,
            temperature => logits / temperature,
        };
        let teacher = soften(teacher.detach());
        let probabilities = softmax(teacher.clone(), 1);
        ([soften(student), teacher], probabilities)
    }

    /// The reduced loss of rows, of which `keep` of the target loss counts.
    fn reduced_rows<B: LossBackend>(
        &self,
        keep: f64,
        logits: Tensor<B, 2>,
        targets: RowTargets<B>,
        weights: RowWeights<B>,
    ) -> (Tensor<B, 1>, Option<burn_loss_kernels::Fault>) {
        let formula = formulas::CrossEntropy { keep, z_loss: 0.0 };
        let logits: FloatTensor<B> = primitive(logits);
        // On a backend that differentiates, what is tracked decides.
        let found =
            B::softmax_terms_reduced(&formula, logits, targets, weights, self.reduction, false);
        (tensor(found.loss), found.fault)
    }

    fn sum_of_parts<B: LossBackend>(
        &self,
        divergence: Tensor<B, 1>,
        hard: Tensor<B, 1>,
    ) -> Tensor<B, 1> {
        let soft_weight = self.alpha * self.temperature * self.temperature;
        match self.alpha {
            0.0 => hard,
            1.0 => divergence * soft_weight,
            alpha => divergence * soft_weight + hard * (1.0 - alpha),
        }
    }
}

/// Every class of a row, each as probable as this.
fn soft_targets<B: LossBackend>(probabilities: &Tensor<B, 2>) -> RowTargets<B> {
    RowTargets {
        classes: None,
        ignore_index: None,
        smooth: SmoothWeights::PerLogit(primitive(probabilities.clone())),
    }
}
