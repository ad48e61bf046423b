//! Distillation of a teacher's logits into a student's.

use std::borrow::Cow;

use burn::config::Config;
use burn::module::Module;
use burn::tensor::{Bool, DType, Int, Tensor};
use burn_loss_kernels::composed::{
    at_least_f32, column, distillation_of_parts, softened_teacher, sum_of_parts, times,
};
use burn_loss_kernels::{
    Columns, Distillation, LossBackend, RowTargets, SMOOTH_LOSS, SmoothWeights,
};

use crate::display::display_fields;
use crate::forms::linear::{as_rows, check_beside, checked_weights, product};
use crate::forms::{
    ClassOptions, LinearHead, Rows, SampleLoss, Samples, fill_samples, primitive, sample_forwards,
    tensor, wide,
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
#[non_exhaustive]
pub struct DistillationLossConfig {
    /// What both models' logits are divided by before they are compared, more than 0 and at most 1000: above 1, the teacher's
    /// second and third choices count more. Default: 2.
    #[config(default = 2.0)]
    pub temperature: f64,
    /// The share of the teacher, in `[0, 1]`; the rest is that of the classes. Default: 0.5.
    #[config(default = 0.5)]
    pub alpha: f64,
    /// Rows with this target do not count, not in the teacher's part either. Default: none.
    pub ignore_index: Option<i64>,
    /// Rows with one of these targets do not count either. Default: none.
    #[config(default = "Vec::new()")]
    pub ignore_indices: Vec<i64>,
    /// How the losses become one number. Default: mean.
    #[config(default = "Reduction::Mean")]
    pub reduction: Reduction,
}

impl DistillationLossConfig {
    /// Makes the loss.
    ///
    /// # Panics
    ///
    /// If `temperature` is not more than 0 and at most 1000 (beyond, f32 has no digits left of a divergence of which all
    /// probabilities are alike), or `alpha` is outside `[0, 1]`, or if `reduction` is [`BatchMean`](Reduction::BatchMean).
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
        check::config_above_zero(name, "temperature", self.temperature);
        let valid = self.temperature <= 1000.0;
        check::config(valid, name, "temperature", "at most 1000", self.temperature);
        let valid = (0.0..=1.0).contains(&self.alpha);
        check::config_number(valid, name, "alpha", "in [0, 1]", self.alpha);
        check::reduction("DistillationLossConfig", self.reduction);
        DistillationLoss {
            temperature: self.temperature,
            alpha: self.alpha,
            ignore_index: self.ignore_index,
            ignore_indices: self.ignore_indices.clone(),
            reduction: self.reduction,
        }
    }
}

/// The divergence of a student from a teacher beside the cross entropy with the classes,
/// `alpha T^2 KL(softmax(z / T) || softmax(x / T)) + (1 - alpha) (lse(x) - x_t)`, of the student's logits `x`, the teacher's `z`
/// and the temperature `T`, with the row's class `t`, `lse(x) = log sum_c exp(x_c)` and `KL(P || Q) = sum_c P_c log(P_c / Q_c)`.
///
/// For training a small model on what a large one says of each class, beside the labels; `T^2` keeps the teacher's share of the
/// gradient as it is at every temperature. Where there is no other model, take
/// [`CrossEntropyLoss`](crate::CrossEntropyLoss) with label smoothing; where the teacher gives probabilities,
/// [`CrossEntropyLoss::forward_probabilities`](crate::CrossEntropyLoss::forward_probabilities).
///
/// - `student`, `teacher`: logits, any real numbers, `[N, C]`; the teacher gets no gradient
/// - `targets`: classes in `[0, C)`, `[N]`; on NdArray and Flex another number that is not ignored panics, elsewhere its row's loss
///   is NaN
/// - mean: divided by the number of rows that are not ignored
/// - there are no class weights, because it would be unclear whether they count for the teacher's part: a weight per row, which
///   [`forward_weighted`](Self::forward_weighted) takes, counts for both parts
/// - on NdArray and Flex the reduced loss is one pass over both models' logits in f32 and f64. Elsewhere, unreduced and in the
///   linear form it is put together from its parts: a copy of both models' logits over the temperature and one of the teacher's
///   probabilities. Logits of 16 bits are copied to 32 first, and so are hidden states and the head of `forward_linear`
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
#[non_exhaustive]
pub struct DistillationLoss {
    /// What both models' logits are divided by, more than 0 and at most 1000.
    pub temperature: f64,
    /// The share of the teacher, in `[0, 1]`.
    pub alpha: f64,
    /// Rows with this target do not count.
    #[module(skip)]
    pub ignore_index: Option<i64>,
    /// Rows with one of these targets do not count either.
    #[module(skip)]
    pub ignore_indices: Vec<i64>,
    /// How the losses become one number.
    #[module(skip)]
    pub reduction: Reduction,
}

display_fields!([] DistillationLoss: {} temperature, alpha, ignore_index, ignore_indices, reduction);
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
        let rows = self.rows(targets, student.dims()[1]);
        self.counted_losses(Student::Logits(student), teacher, &rows)
    }

    #[track_caller]
    fn reduced(
        &self,
        (student, teacher, targets): Self::Inputs,
        weights: Option<Tensor<B, 1>>,
    ) -> Tensor<B, 1> {
        let mut rows = self.rows(targets, student.dims()[1]);
        if let Some(weights) = weights {
            rows = rows.weigh(weights);
        }
        self.reduced_rows(Student::Logits(student), teacher, rows)
    }
}

/// Of a head's logits, which are not held: see [`ClassLoss::forward_linear`](crate::ClassLoss::forward_linear). They are
/// computed twice, with the temperature and without.
impl DistillationLoss {
    /// Computes the loss of the student whose logits a head makes of hidden states, reduced as configured.
    ///
    /// # Shapes
    ///
    /// - `hidden`: `[N, H]`, `[N, T, H]`, .., of rank `D`
    /// - `teacher`: logits, `[N, C]`, `[N, T, C]`, .., of rank `D`
    /// - `targets`: `[N]`, `[N, T]`, .., of rank `T = D - 1`, classes in `[0, C)` or an ignored index
    /// - output: `[1]`
    ///
    /// # Panics
    ///
    /// If the shapes, element types or devices do not fit, or, on NdArray and Flex, if a target is neither a class nor
    /// ignored.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::{Int, Tensor};
    /// use burn_loss::{DistillationLossConfig, LinearHead};
    ///
    /// let device = Default::default();
    /// let hidden = Tensor::<NdArray, 2>::from_floats([[1.0, 2.0]], &device);
    /// let head = LinearHead::new(Tensor::from_floats([[0.0, 1.0], [0.0, 0.5]], &device), None);
    /// let teacher = Tensor::<NdArray, 2>::from_floats([[1.0, -1.0]], &device);
    /// let targets = Tensor::<NdArray, 1, Int>::from_ints([0], &device);
    /// let loss = DistillationLossConfig::new().init();
    ///
    /// let found = loss.forward_linear(hidden, &head, teacher.clone(), targets.clone());
    /// let logits = Tensor::from_floats([[0.0, 2.0]], &device);
    /// let expected = loss.forward(logits, teacher, targets).into_scalar();
    /// assert!((found.into_scalar() - expected).abs() < 1e-6);
    /// ```
    #[track_caller]
    pub fn forward_linear<B: LossBackend, const D: usize, const T: usize>(
        &self,
        hidden: Tensor<B, D>,
        head: &LinearHead<B>,
        teacher: Tensor<B, D>,
        targets: Tensor<B, T, Int>,
    ) -> Tensor<B, 1> {
        let (student, teacher, rows) = self.checked_linear(hidden, head, teacher, targets);
        self.reduced_rows(student, teacher, rows)
    }

    /// Computes one loss per row of hidden states; 0 for ignored rows.
    ///
    /// # Shapes
    ///
    /// As [`forward_linear`](Self::forward_linear); the output has the shape of the targets.
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
    /// use burn_loss::{DistillationLossConfig, LinearHead};
    ///
    /// let device = Default::default();
    /// let hidden = Tensor::<NdArray, 2>::ones([3, 2], &device);
    /// let head = LinearHead::new(Tensor::zeros([2, 4], &device), None);
    /// let teacher = Tensor::zeros([3, 4], &device);
    /// let targets = Tensor::<NdArray, 1, Int>::zeros([3], &device);
    /// let loss = DistillationLossConfig::new().with_alpha(0.25).init();
    ///
    /// // Student and teacher agree.
    /// let each = loss.forward_linear_no_reduction(hidden, &head, teacher, targets);
    /// assert!((each - 0.75 * 4f32.ln()).abs().max().into_scalar() < 1e-6);
    /// ```
    #[track_caller]
    pub fn forward_linear_no_reduction<B: LossBackend, const D: usize, const T: usize>(
        &self,
        hidden: Tensor<B, D>,
        head: &LinearHead<B>,
        teacher: Tensor<B, D>,
        targets: Tensor<B, T, Int>,
    ) -> Tensor<B, T> {
        let shape = targets.dims();
        let (student, teacher, rows) = self.checked_linear(hidden, head, teacher, targets);
        self.counted_losses(student, teacher, &rows).reshape(shape)
    }

    /// Computes the loss with one weight, or one 0 or 1 of a mask, per row, as `forward_weighted` does of logits.
    ///
    /// # Shapes
    ///
    /// As [`forward_linear`](Self::forward_linear); the weights have the shape of the targets.
    ///
    /// # Panics
    ///
    /// As [`forward_linear`](Self::forward_linear), and if the shape, the element type or the device of the weights does not
    /// fit.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::{Int, Tensor};
    /// use burn_loss::{DistillationLossConfig, LinearHead};
    ///
    /// let device = Default::default();
    /// let hidden = Tensor::<NdArray, 2>::from_floats([[0.0], [f32::NAN]], &device);
    /// let head = LinearHead::new(Tensor::zeros([1, 4], &device), None);
    /// let teacher = Tensor::zeros([2, 4], &device);
    /// let targets = Tensor::<NdArray, 1, Int>::zeros([2], &device);
    /// let mask = Tensor::from_floats([1.0, 0.0], &device);
    /// let loss = DistillationLossConfig::new().with_alpha(0.0).init();
    ///
    /// let mean = loss.forward_linear_weighted(hidden, &head, teacher, targets, mask);
    /// assert!((mean.into_scalar() - 4f32.ln()).abs() < 1e-6);
    /// ```
    #[track_caller]
    pub fn forward_linear_weighted<B: LossBackend, const D: usize, const T: usize>(
        &self,
        hidden: Tensor<B, D>,
        head: &LinearHead<B>,
        teacher: Tensor<B, D>,
        targets: Tensor<B, T, Int>,
        weights: Tensor<B, T>,
    ) -> Tensor<B, 1> {
        let weights = checked_weights(NAME, &hidden, ("targets", targets.dims()), weights);
        let (student, teacher, rows) = self.checked_linear(hidden, head, teacher, targets);
        self.reduced_rows(student, teacher, rows.weigh(weights))
    }

    #[track_caller]
    fn checked_linear<'a, B: LossBackend, const D: usize, const T: usize>(
        &self,
        hidden: Tensor<B, D>,
        head: &'a LinearHead<B>,
        teacher: Tensor<B, D>,
        targets: Tensor<B, T, Int>,
    ) -> (Student<'a, B>, Tensor<B, 2>, Rows<B>) {
        let weight = head.weight.dims();
        check::reduction(NAME, self.reduction);
        check::hidden_shapes(NAME, hidden.dims(), weight, targets.dims());
        let devices = [hidden.device(), targets.device()];
        check::same_device::<B>(NAME, ("hidden", &devices[0]), ("targets", &devices[1]));
        check_beside(NAME, &hidden, head, ("teacher", &teacher));
        let student = Student::Hidden(as_rows(hidden), Cow::Borrowed(head));
        (student, as_rows(teacher), self.rows(targets, weight[1]))
    }
}

/// What the student's logits are, or are made of.
#[derive(Clone)]
enum Student<'a, B: LossBackend> {
    /// `[M, C]`.
    Logits(Tensor<B, 2>),
    /// `[M, H]`, and what makes logits of them.
    Hidden(Tensor<B, 2>, Cow<'a, LinearHead<B>>),
}

impl<B: LossBackend> Student<'_, B> {
    fn dtype(&self) -> DType {
        match self {
            Self::Logits(rows) | Self::Hidden(rows, _) => rows.dtype(),
        }
    }

    /// In at least 32 bits: the divergence is the difference of two terms, of which 16 bits would leave nothing where the student
    /// is near its teacher.
    fn widened(self) -> Self {
        match self {
            Self::Logits(logits) => Self::Logits(wide(logits)),
            Self::Hidden(hidden, head) if hidden.dtype() == at_least_f32(hidden.dtype()) => {
                Self::Hidden(hidden, head)
            }
            Self::Hidden(hidden, head) => {
                let mut head = head.into_owned();
                head.weight = wide(head.weight);
                head.bias = head.bias.map(wide);
                Self::Hidden(wide(hidden), Cow::Owned(head))
            }
        }
    }

    /// Student and teacher with something harmless in the rows that do not count.
    fn without(
        self,
        teacher: Tensor<B, 2>,
        dropped: Option<&Tensor<B, 1, Bool>>,
    ) -> (Self, Tensor<B, 2>) {
        let Some(dropped) = dropped else {
            return (self, teacher);
        };
        let fill = |rows| fill_samples(rows, dropped);
        let student = match self {
            Self::Logits(logits) => Self::Logits(fill(logits)),
            Self::Hidden(hidden, head) => Self::Hidden(fill(hidden), head),
        };
        (student, fill(teacher))
    }

    /// With the logits over the temperature.
    fn softened(self, temperature: f64) -> Self {
        match self {
            Self::Logits(logits) => {
                Self::Logits(tensor(times::<B>(primitive(logits), temperature.recip())))
            }
            Self::Hidden(hidden, head) => {
                let mut head = head.into_owned();
                head.logit_scale /= temperature;
                head.softcap = head.softcap.map(|cap| cap / temperature);
                Self::Hidden(hidden, Cow::Owned(head))
            }
        }
    }

    /// One loss per row, of its target or of all its classes.
    fn terms(self, targets: RowTargets<B>, columns: Columns) -> Tensor<B, 1> {
        let found = match self {
            Self::Logits(logits) => B::softmax_terms(primitive(logits), targets, columns),
            Self::Hidden(hidden, head) => B::linear_terms(product(hidden, &head), targets, columns),
        };
        match columns {
            Columns::TargetLoss => tensor(found.terms),
            _ => column(tensor::<B, 2>(found.terms), SMOOTH_LOSS),
        }
    }
}

impl DistillationLoss {
    fn rows<B: LossBackend, const T: usize>(
        &self,
        targets: Tensor<B, T, Int>,
        num_classes: usize,
    ) -> Rows<B> {
        let options = ClassOptions {
            ignore_index: self.ignore_index,
            ignore_indices: &self.ignore_indices,
            ..ClassOptions::none()
        };
        Rows::new(&options, targets, num_classes)
    }

    /// One loss per row, 0 where it is ignored.
    #[track_caller]
    fn counted_losses<B: LossBackend>(
        &self,
        student: Student<B>,
        teacher: Tensor<B, 2>,
        rows: &Rows<B>,
    ) -> Tensor<B, 1> {
        if B::ON_HOST {
            check::first_invalid::<B>(NAME, rows);
        }
        let dropped = rows.dropped();
        let (student, teacher) = student.without(teacher, dropped.as_ref());
        let dtype = student.dtype();
        let student = student.widened();
        let (teacher, of_all) = softened_teacher::<B>(self.kernel(), primitive(teacher.detach()));
        let smooth_loss = |of: Student<B>| of.terms(of_all.clone(), Columns::All);
        let divergence = smooth_loss(student.clone().softened(self.temperature))
            - smooth_loss(Student::Logits(tensor(teacher)));
        let hard = student.terms(rows.targets(SmoothWeights::Zero), Columns::TargetLoss);
        let parts = sum_of_parts::<B>(self.kernel(), primitive(divergence), primitive(hard));
        let losses = rows.counted(tensor(parts));
        let losses = match dropped {
            Some(dropped) => losses.mask_fill(dropped, 0.0),
            None => losses,
        };
        losses.cast(dtype)
    }

    /// As the operations take it.
    fn kernel(&self) -> Distillation {
        Distillation {
            temperature: self.temperature,
            alpha: self.alpha,
        }
    }

    /// The reduced loss of rows.
    #[track_caller]
    fn reduced_rows<B: LossBackend>(
        &self,
        student: Student<B>,
        teacher: Tensor<B, 2>,
        rows: Rows<B>,
    ) -> Tensor<B, 1> {
        let (loss, reduction, dtype) = (self.kernel(), self.reduction, student.dtype());
        let (targets, weights) = (rows.targets(SmoothWeights::Zero), rows.weights(dtype));
        let found = match student {
            Student::Logits(student) => B::distillation_reduced(
                loss,
                primitive(student),
                primitive(teacher.detach()),
                targets,
                weights,
                reduction,
                false,
            ),
            hidden => {
                let (student, teacher) = hidden.without(teacher, rows.dropped().as_ref());
                distillation_of_parts(
                    loss,
                    student.widened(),
                    primitive(teacher.detach()),
                    (targets, weights),
                    reduction,
                    |student, temperature, formula, targets, weights| {
                        let Student::Hidden(hidden, head) = student.softened(temperature) else {
                            unreachable!("logits go to the operation")
                        };
                        // On a backend that differentiates, what is tracked decides.
                        let (product, wanted) = (product(hidden, &head), [false; 3]);
                        let found = B::linear_reduced(
                            formula, product, targets, weights, reduction, wanted, false,
                        );
                        found.reduced
                    },
                )
            }
        };
        check::no_class::<B>(NAME, &rows, found.fault);
        tensor::<B, 1>(found.loss).cast(dtype)
    }
}
