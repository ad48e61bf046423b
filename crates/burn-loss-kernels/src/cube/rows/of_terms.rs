//! Formulas of the terms of rows of logits: their reduced loss, and the gradient of the terms and of the logits.

use burn::tensor::DType;
use burn_cubecl::{
    BoolElement, CubeBackend, CubeRuntime, FloatElement, IntElement, cubecl, tensor::CubeTensor,
};
use cubecl::prelude::*;
use loss_kernels::{Input, LOG_SUM_EXP, SMOOTH_LOSS, TARGET_LOSS};

use super::counted::{Blueprint, CountedRows, Losses, LossesArg, RowsArg};
use crate::cube::elementwise::formulas::{
    CrossEntropy, CubeFormula, Focal, GeneralizedCrossEntropy, Numbers, PARAMETERS, Parameters,
    Poly, all_parameters, parameters_arg,
};
use crate::cube::shared::lanes::lane;
use crate::cube::shared::number::{are_nan, constant};
use crate::cube::softmax_terms::{grad as grad_of, terms as terms_of};
use crate::cube::sum::{Divisor, DivisorArg};
use crate::formulas::Twin;
use crate::{Columns, Reduced, Reduction, RowTargets, RowWeights};

/// The kernels of a formula.
pub struct TermsKernel<R: CubeRuntime> {
    losses: fn(&Terms<R>) -> Losses<R>,
    /// The gradient of the terms.
    slopes: fn(&Terms<R>, &Divisor<R>) -> CubeTensor<R>,
    parameters: [f32; PARAMETERS],
}

impl<R: CubeRuntime> TermsKernel<R> {
    fn new<L: CubeFormula>(parameters: impl AsRef<[f32]>) -> Self {
        Self {
            losses: Terms::losses::<L>,
            slopes: Terms::slopes::<L>,
            parameters: all_parameters(parameters),
        }
    }
}

/// The kernels of a formula of rows, if it has some.
pub fn kernel<R: CubeRuntime>(twin: Option<Twin>) -> Option<TermsKernel<R>> {
    Some(match twin? {
        Twin::CrossEntropy(parameters) => TermsKernel::new::<CrossEntropy>(parameters),
        Twin::Focal(parameters) => TermsKernel::new::<Focal>(parameters),
        Twin::Poly(parameters) => TermsKernel::new::<Poly>(parameters),
        Twin::GeneralizedCrossEntropy(parameters) => {
            TermsKernel::new::<GeneralizedCrossEntropy>(parameters)
        }
        _ => return None,
    })
}

/// The reduced loss, and the gradient if it is `wanted`, of at least one row.
pub fn softmax_terms<R: CubeRuntime, F: FloatElement, I: IntElement, BT: BoolElement>(
    kernel: &TermsKernel<R>,
    logits: CubeTensor<R>,
    targets: RowTargets<CubeBackend<R, F, I, BT>>,
    weights: RowWeights<CubeBackend<R, F, I, BT>>,
    reduction: Reduction,
    wanted: bool,
) -> Reduced<CubeBackend<R, F, I, BT>> {
    let dtype = logits.dtype;
    let found = terms_of(logits.clone(), targets.clone(), Columns::All);
    let terms = Terms {
        terms: found.terms,
        rows: CountedRows::new(&logits, &targets, weights, reduction),
        parameters: kernel.parameters,
    };
    let losses = (kernel.losses)(&terms);
    let (loss, divisor) = terms.rows.reduce(losses, dtype);
    let gradient = wanted.then(|| {
        let grad = (kernel.slopes)(&terms, &divisor);
        // Nothing but this function holds the logits from here on: their gradient may take their place.
        drop(terms);
        grad_of(logits, targets, found.normalizer, grad, Columns::All)
    });
    Reduced {
        loss,
        gradients: [gradient, None, None],
        fault: None,
    }
}

/// The terms of the rows, and the parameters of the formula of them.
struct Terms<R: CubeRuntime> {
    /// `[M, 3]`.
    terms: CubeTensor<R>,
    rows: CountedRows<R>,
    parameters: [f32; PARAMETERS],
}

impl<R: CubeRuntime> Terms<R> {
    fn dtypes(&self) -> [StorageType; 2] {
        [self.terms.dtype.into(), self.rows.class_dtype().into()]
    }

    fn losses<L: CubeFormula>(&self) -> Losses<R> {
        let rows = &self.rows;
        let (losses, losses_arg) = rows.room();
        let (cubes, units) = rows.cubes();
        // SAFETY: rows past the last one end at once, and there are terms of every row and a place for its loss.
        unsafe {
            losses_kernel::launch_unchecked::<L, R>(
                rows.client(),
                cubes,
                units,
                rows.address_type(),
                1,
                self.terms.clone().into_array_arg(),
                rows.arg(),
                losses_arg,
                parameters_arg(self.parameters),
                rows.blueprint,
                self.dtypes(),
            );
        }
        losses
    }

    fn slopes<L: CubeFormula>(&self, divisor: &Divisor<R>) -> CubeTensor<R> {
        let rows = &self.rows;
        let grad = rows.empty([rows.count(), 3], DType::F32);
        let (cubes, units) = rows.cubes();
        // SAFETY: as for the losses; there is a place for the gradient of every row's terms.
        unsafe {
            slopes_kernel::launch_unchecked::<L, R>(
                rows.client(),
                cubes,
                units,
                rows.address_type(),
                1,
                self.terms.clone().into_array_arg(),
                rows.arg(),
                divisor.launch(),
                grad.clone().into_array_arg(),
                parameters_arg(self.parameters),
                rows.blueprint,
                self.dtypes(),
            );
        }
        grad
    }
}

/// What a formula sees of a row.
#[cube]
fn numbers<F: Float, N: Size>(terms: &Array<Vector<F, N>>, row: usize) -> Numbers<N> {
    Numbers::<N> {
        x: Vector::cast_from(terms[row * 3 + TARGET_LOSS]),
        y: Vector::cast_from(terms[row * 3 + LOG_SUM_EXP]),
        w: constant(1.0),
    }
}

/// Computes the losses, a unit a row.
#[cube(launch_unchecked, address_type = "dynamic")]
fn losses_kernel<L: CubeFormula, F: Float, I: Int, N: Size>(
    terms: &Array<Vector<F, N>>,
    rows: &RowsArg<I>,
    losses: &mut LossesArg,
    parameters: &Parameters,
    #[comptime] blueprint: Blueprint,
    #[define(F, I)] _dtypes: [StorageType; 2],
) {
    let i = ABSOLUTE_POS;
    if rows.has_no(i) {
        terminate!();
    }
    let row = rows.row(i, blueprint);
    let numbers = numbers(terms, i);
    let unknown = are_nan(numbers.x).or(are_nan(numbers.y));
    let loss = L::loss::<N>(&numbers, parameters);
    let loss = lane(select_many(unknown, Vector::new(rows.nan), loss), 0);
    let mut total = loss * row.count;
    if comptime!(blueprint.smooth) {
        total += f32::cast_from(lane(terms[i * 3 + SMOOTH_LOSS], 0)) * row.own_count;
    }
    losses.write(i, select(row.dropped, f32::new(0.0), total), row.count);
}

/// Writes the gradient of the terms, a unit a row.
#[cube(launch_unchecked, address_type = "dynamic")]
fn slopes_kernel<L: CubeFormula, F: Float, I: Int, N: Size>(
    terms: &Array<Vector<F, N>>,
    rows: &RowsArg<I>,
    divisor: &DivisorArg,
    grad: &mut Array<f32>,
    parameters: &Parameters,
    #[comptime] blueprint: Blueprint,
    #[define(F, I)] _dtypes: [StorageType; 2],
) {
    let i = ABSOLUTE_POS;
    if rows.has_no(i) {
        terminate!();
    }
    let row = rows.row(i, blueprint);
    let numbers = numbers(terms, i);
    let zero = f32::new(0.0);
    let scale = f32::new(1.0) / divisor.get();
    let unknown = lane(are_nan(numbers.x), 0);
    let of_target = lane(L::slope::<N>(&numbers, parameters, Input::Prediction), 0);
    let of_lse = lane(L::slope::<N>(&numbers, parameters, Input::Target), 0);
    let count = select(unknown, rows.nan, row.count * scale);
    let mut of_smooth = zero;
    if comptime!(blueprint.smooth) {
        of_smooth = row.own_count * scale;
    }
    grad[i * 3 + TARGET_LOSS] = select(row.dropped, zero, of_target * count);
    grad[i * 3 + SMOOTH_LOSS] = select(row.dropped, zero, of_smooth);
    grad[i * 3 + LOG_SUM_EXP] = select(row.dropped, zero, of_lse * count);
}
