//! The linear form's kernels on the tensors of a host.

use std::borrow::Cow;

use burn::tensor::ops::FloatTensor;
use burn::tensor::{DType, TensorMetadata};
use loss_kernels::cpu::linear::{self as kernels, Matrix, Order};
use loss_kernels::cpu::simd::Float;
use loss_kernels::cpu::softmax_terms::{Classes, HostRows, RowFormula, RowLoss};

use super::host::{HostBackend, HostTensor, rows_of, with_float};
use crate::ops::check;
use crate::{
    Columns, Fault, Formula, Linear, LinearReduced, Reduced, Reduction, RowPredictions, RowTargets,
    RowWeights, SoftmaxTerms, composed,
};

/// [`LossBackend::linear_reduced`](crate::LossBackend::linear_reduced).
pub(super) fn linear_reduced<B: HostBackend, L: Formula>(
    formula: &L,
    linear: Linear<B>,
    targets: RowTargets<B>,
    weights: RowWeights<B>,
    reduction: Reduction,
    wanted: [bool; 3],
    describe: bool,
) -> LinearReduced<B> {
    check::linear(&linear, &targets, Some(&weights));
    let done = with_float!(
        linear.hidden.dtype(),
        reduced_of::<F, B>(
            formula, &linear, &targets, &weights, reduction, wanted, describe
        ),
        None
    );
    done.unwrap_or_else(|| {
        composed::linear_reduced(
            formula, linear, targets, weights, reduction, wanted, describe,
        )
    })
}

/// `None` where the tensors are of types that the kernels do not have.
fn reduced_of<F: Float, B: HostBackend>(
    formula: &dyn RowFormula<F>,
    linear: &Linear<B>,
    targets: &RowTargets<B>,
    weights: &RowWeights<B>,
    reduction: Reduction,
    wanted: [bool; 3],
    describe: bool,
) -> Option<LinearReduced<B>>
where
    FloatTensor<B>: HostTensor<F>,
{
    let held = Held::<F>::new::<B>(linear)?;
    let read = |weights: &Option<FloatTensor<B>>| match weights {
        None => Some(None),
        Some(weights) => Some(Some(HostTensor::<F>::read(weights)?.into_owned())),
    };
    let per_row = read(&weights.per_row)?.map(Cow::Owned);
    let rows = held.rows::<B>(targets, per_row)?;
    let class_weights = read(&weights.per_class)?;
    let counted = rows.count(class_weights.as_deref());
    if let Some(row) = counted.invalid {
        let number = HostTensor::<F>::new(&[1], vec![F::NAN]);
        return Some(LinearReduced {
            reduced: Reduced::broken(number, Fault::NoClass { row }),
            rows: None,
        });
    }
    let divisor = reduction.divisor(counted.weight);
    let loss = RowLoss {
        formula,
        class_weights: class_weights.as_deref(),
        scale: 1.0 / divisor,
    };
    let found = kernels::reduced(&held.linear(linear), &rows, &loss, wanted, describe);
    let predictions = found.rows.map(|found| RowPredictions {
        log_probs: HostTensor::new(&[found.log_probs.len()], found.log_probs),
        predicted: classes_like::<F, B>(&rows, found.predicted),
    });
    Some(LinearReduced {
        reduced: Reduced {
            loss: HostTensor::new(&[1], vec![F::from_f64(found.sum / divisor)]),
            gradients: held.tensors::<B>(found.gradients),
            fault: None,
        },
        rows: predictions,
    })
}

/// Classes in the integer type of the targets.
fn classes_like<F: Float, B: HostBackend>(
    rows: &HostRows<F>,
    classes: Vec<i64>,
) -> B::IntTensorPrimitive {
    let shape = [classes.len()];
    match rows.classes {
        Some(Classes::I32(_)) => {
            // Classes are below the number of classes, which fits where the targets' type holds them.
            let classes: Vec<i32> = classes.into_iter().map(|class| class as i32).collect();
            HostTensor::<i32>::new(&shape, classes)
        }
        _ => HostTensor::<i64>::new(&shape, classes),
    }
}

/// [`LossBackend::linear_terms`](crate::LossBackend::linear_terms).
pub(super) fn linear_terms<B: HostBackend>(
    linear: Linear<B>,
    targets: RowTargets<B>,
    columns: Columns,
) -> SoftmaxTerms<B> {
    check::linear(&linear, &targets, None);
    let done = with_float!(
        linear.hidden.dtype(),
        terms_of::<F, B>(&linear, &targets, columns),
        None
    );
    done.unwrap_or_else(|| composed::linear_terms(linear, targets, columns))
}

fn terms_of<F: Float, B: HostBackend>(
    linear: &Linear<B>,
    targets: &RowTargets<B>,
    columns: Columns,
) -> Option<SoftmaxTerms<B>>
where
    FloatTensor<B>: HostTensor<F>,
{
    let held = Held::<F>::new::<B>(linear)?;
    let rows = held.rows::<B>(targets, None)?;
    let count = rows.shape[0];
    let found = kernels::forward(&held.linear(linear), &rows, columns);
    Some(SoftmaxTerms {
        terms: match columns {
            Columns::TargetLoss => HostTensor::new(&[count], found.terms),
            Columns::All => HostTensor::of_columns([count, 3], found.terms),
        },
        normalizer: HostTensor::of_columns([count, 2], found.normalizer),
    })
}

/// [`LossBackend::linear_terms_backward`](crate::LossBackend::linear_terms_backward).
pub(super) fn linear_terms_backward<B: HostBackend>(
    linear: Linear<B>,
    targets: RowTargets<B>,
    normalizer: FloatTensor<B>,
    grad: FloatTensor<B>,
    wanted: [bool; 3],
) -> [Option<FloatTensor<B>>; 3] {
    let columns = check::linear_backward(&linear, &targets, &normalizer, &grad);
    let done = with_float!(
        linear.hidden.dtype(),
        terms_backward_of::<F, B>(&linear, &targets, &normalizer, &grad, columns, wanted),
        None
    );
    done.unwrap_or_else(|| {
        composed::linear_terms_backward(linear, targets, normalizer, grad, wanted)
    })
}

fn terms_backward_of<F: Float, B: HostBackend>(
    linear: &Linear<B>,
    targets: &RowTargets<B>,
    normalizer: &FloatTensor<B>,
    grad: &FloatTensor<B>,
    columns: Columns,
    wanted: [bool; 3],
) -> Option<[Option<FloatTensor<B>>; 3]>
where
    FloatTensor<B>: HostTensor<F>,
{
    let held = Held::<F>::new::<B>(linear)?;
    let rows = held.rows::<B>(targets, None)?;
    let normalizer = HostTensor::<F>::read_columns(normalizer)?;
    let grad = HostTensor::<F>::read_columns(grad)?;
    let found = kernels::backward(
        &held.linear(linear),
        &rows,
        &normalizer,
        &grad,
        columns,
        wanted,
    );
    Some(held.tensors::<B>(found))
}

/// The numbers of hidden states and head, in place where they lie in an order that the kernels read.
struct Held<'a, F: Float> {
    hidden: Cow<'a, [F]>,
    weight: Cow<'a, [F]>,
    order: Order,
    bias: Option<Cow<'a, [F]>>,
    /// `[M, H, C]`.
    shape: [usize; 3],
}

impl<'a, F: Float> Held<'a, F> {
    fn new<B: HostBackend>(linear: &'a Linear<B>) -> Option<Self>
    where
        FloatTensor<B>: HostTensor<F>,
    {
        let (hidden, weight) = (linear.hidden.shape(), linear.weight.shape());
        let (numbers, by_columns) = HostTensor::<F>::matrix(&linear.weight)?;
        Some(Self {
            hidden: linear.hidden.read()?,
            weight: numbers,
            order: if by_columns {
                Order::Columns
            } else {
                Order::Rows
            },
            bias: match &linear.bias {
                None => None,
                Some(bias) => Some(bias.read()?),
            },
            shape: [hidden[0], hidden[1], weight[1]],
        })
    }

    fn rows<'t, B: HostBackend>(
        &self,
        targets: &'t RowTargets<B>,
        row_weights: Option<Cow<'t, [F]>>,
    ) -> Option<HostRows<'t, F>>
    where
        FloatTensor<B>: HostTensor<F>,
    {
        let [rows, _, num_classes] = self.shape;
        rows_of::<F, B>([rows, num_classes, 1], targets, row_weights)
    }

    fn linear<B: HostBackend>(&self, of: &Linear<B>) -> kernels::Linear<'_, F> {
        let [_, width, num_classes] = self.shape;
        kernels::Linear {
            hidden: &self.hidden,
            weight: Matrix::new(&self.weight, [width, num_classes], self.order),
            bias: self.bias.as_deref(),
            options: of.options,
        }
    }

    /// The gradients as tensors; the weight's lies as the weight does.
    fn tensors<B: HostBackend>(
        &self,
        [hidden, weight, bias]: [Option<Vec<F>>; 3],
    ) -> [Option<FloatTensor<B>>; 3]
    where
        FloatTensor<B>: HostTensor<F>,
    {
        let [rows, width, num_classes] = self.shape;
        [
            hidden.map(|numbers| HostTensor::new(&[rows, width], numbers)),
            weight.map(|numbers| match self.order {
                Order::Rows => HostTensor::new(&[width, num_classes], numbers),
                Order::Columns => HostTensor::of_columns([width, num_classes], numbers),
            }),
            bias.map(|numbers| HostTensor::new(&[num_classes], numbers)),
        ]
    }
}
