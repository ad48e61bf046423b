//! Formulas of single elements: their losses, their gradients, or both with the sum, in one pass over memory.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `formulas` | the formulas, one file each |
//! | `kernel` | the pass, one for all formulas |
//! | `launch` | its launch, and where gradients go: in place, or to new memory |

pub mod formulas;
mod kernel;
mod launch;
#[cfg(all(test, feature = "wgpu"))]
mod tests;

use burn_cubecl::{BoolElement, CubeBackend, CubeRuntime, FloatElement, IntElement};
use burn_cubecl::{cubecl::prelude::InputScalar, ops::numeric, tensor::CubeTensor};

use self::launch::{Launcher, Pass};
use super::shared::matrix::Matrix;
use super::sum::{self, Divisor};
use crate::{Elements, Formula, Input, Losses, Reduced, Reduction};

/// The kernel of a formula, if it has one.
pub fn kernel<R: CubeRuntime, L: Formula>(formula: &L) -> Option<Launcher<R>> {
    let kernel = formulas::kernel_of::<R>(formula.twin())?;
    Some(kernel.with_bounds(formula.bounds()))
}

/// One loss per element, in place of the predictions if nothing else holds them.
pub fn losses<R, F, I, BT>(
    kernel: &Launcher<R>,
    inputs: Elements<CubeBackend<R, F, I, BT>>,
) -> Losses<CubeBackend<R, F, I, BT>>
where
    R: CubeRuntime,
    F: FloatElement,
    I: IntElement,
    BT: BoolElement,
{
    let mut pass = Pass::new(inputs.prediction, inputs.target, inputs.third);
    pass.want_losses();
    kernel.launch(&pass);
    Losses {
        losses: pass.into_losses(),
        fault: None,
    }
}

/// The gradients that are `wanted`, given those of the losses.
pub fn gradients<R, F, I, BT>(
    kernel: &Launcher<R>,
    inputs: Elements<CubeBackend<R, F, I, BT>>,
    grad: CubeTensor<R>,
    wanted: [bool; 3],
) -> [Option<CubeTensor<R>>; 3]
where
    R: CubeRuntime,
    F: FloatElement,
    I: IntElement,
    BT: BoolElement,
{
    let mut pass = Pass::new(inputs.prediction, inputs.target, inputs.third);
    pass.want_gradients(wanted);
    pass.counts = Some(Matrix::new(grad));
    kernel.launch(&pass);
    pass.into_gradients()
}

/// The reduced loss, and the gradients that are `wanted`.
pub fn reduced<R, F, I, BT>(
    kernel: &Launcher<R>,
    inputs: Elements<CubeBackend<R, F, I, BT>>,
    weights: Option<CubeTensor<R>>,
    reduction: Reduction,
    wanted: [bool; 3],
) -> Reduced<CubeBackend<R, F, I, BT>>
where
    R: CubeRuntime,
    F: FloatElement,
    I: IntElement,
    BT: BoolElement,
{
    let mut pass = Pass::new(inputs.prediction, inputs.target, inputs.third);
    pass.want_gradients(wanted);
    pass.counts = weights.map(Matrix::new);
    pass.divisor = match &pass.counts {
        Some(weights) if reduction.is_of_counts() => {
            Divisor::sum_of(weights, reduction == Reduction::MeanOrZero)
        }
        _ => Divisor::known(reduction.divisor(pass.len() as f64) as f32),
    };
    let dtype = pass.dtype();
    let partials = pass.want_partials();
    let loss = match partials {
        Some(partials) => {
            kernel.launch(&pass);
            sum::finish(partials, &pass.divisor, dtype)
        }
        // The sum of nothing, divided.
        None => {
            let (client, device) = pass.place();
            let loss = 0.0 / reduction.divisor(0.0);
            let loss = InputScalar::new(loss, dtype);
            numeric::full_device_dtype(client, [1].into(), device, loss, dtype)
        }
    };
    Reduced {
        loss,
        gradients: pass.into_gradients(),
        fault: None,
    }
}

/// Whether the pass gives these gradients: that of numbers that repeat is a sum, and numbers that are not there have none.
pub fn serves<R, F, I, BT>(inputs: &Elements<CubeBackend<R, F, I, BT>>, wanted: [bool; 3]) -> bool
where
    R: CubeRuntime,
    F: FloatElement,
    I: IntElement,
    BT: BoolElement,
{
    let shape = inputs.prediction.meta.shape();
    let third = inputs.third.as_ref();
    !wanted[Input::Third as usize] || third.is_some_and(|third| third.meta.shape() == shape)
}
