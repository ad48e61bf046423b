//! The launches of the kernels: no index is checked in them. That all tensors have the shapes that the logits ask for is
//! checked before (`check`), of the classes the kernels compare each with the number of classes.

use burn::tensor::DType;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::ops::numeric::empty_device_dtype;
use burn_cubecl::ops::reshape;
use burn_cubecl::{
    BoolElement, CubeBackend, CubeRuntime, FloatElement, IntElement, cubecl, tensor::CubeTensor,
};
use cubecl::prelude::*;

use super::args::Args;
use super::backward::{grad_kernel, weights_total_kernel};
use super::forward::{OutputsLaunch, merge_kernel, segments_kernel, terms_kernel};
use super::plan::Plan;
use super::row::ROW_SUMS;
use crate::cube::shared::device::cube_count;
use crate::cube::shared::rows::as_rows;
use crate::{Columns, RowTargets, SoftmaxTerms};

/// Launches the forward pass.
pub fn terms<R: CubeRuntime, F: FloatElement, I: IntElement, BT: BoolElement>(
    logits: CubeTensor<R>,
    targets: RowTargets<CubeBackend<R, F, I, BT>>,
    columns: Columns,
) -> SoftmaxTerms<CubeBackend<R, F, I, BT>> {
    let args = Args::new(logits, targets, columns);
    let plan = args.plan(None);
    let dtype = args.logits.dtype;
    let terms = match columns {
        Columns::TargetLoss => args.empty([plan.rows], dtype),
        Columns::All => args.empty([plan.rows, columns.count()], dtype),
    };
    let normalizer = args.empty([plan.rows, 2], DType::F32);
    if plan.rows > 0 && plan.segments == 1 {
        launch_whole_rows(&args, &plan, &terms, &normalizer);
    } else if plan.rows > 0 {
        launch_segments(&args, &plan, &terms, &normalizer);
    }
    SoftmaxTerms { terms, normalizer }
}

fn launch_whole_rows<R: CubeRuntime>(
    args: &Args<R>,
    plan: &Plan,
    terms: &CubeTensor<R>,
    normalizer: &CubeTensor<R>,
) {
    let client = &args.logits.client;
    // SAFETY: no unit reads or writes past its part of a row, rows past the last one end at once, and each class is
    // compared with the number of classes before it becomes an index. The outputs have a place for every row.
    unsafe {
        terms_kernel::launch_unchecked(
            client,
            plan.cube_count(client),
            CubeDim::new_1d(plan.cube_dim),
            args.address_type(),
            plan.vector_size,
            args.launch(plan),
            outputs(terms, normalizer),
            plan.blueprint,
            args.dtypes(),
        );
    }
}

fn launch_segments<R: CubeRuntime>(
    args: &Args<R>,
    plan: &Plan,
    terms: &CubeTensor<R>,
    normalizer: &CubeTensor<R>,
) {
    let client = &args.logits.client;
    let partials = args.empty([plan.rows, plan.segments * ROW_SUMS], DType::F32);
    // SAFETY: as for whole rows; `partials` has a place for every row and segment.
    unsafe {
        segments_kernel::launch_unchecked(
            client,
            plan.cube_count(client),
            CubeDim::new_1d(plan.cube_dim),
            args.address_type(),
            plan.vector_size,
            args.launch(plan),
            partials.clone().into_array_arg(),
            plan.blueprint,
            args.dtypes(),
        );
    }
    let crew = plan.merge_crew();
    // SAFETY: as for whole rows; a cube reads the segments of its row, and the kernel before has written them all.
    unsafe {
        merge_kernel::launch_unchecked(
            client,
            cube_count(client, plan.rows),
            CubeDim::new_1d(crew.units),
            args.address_type(),
            plan.vector_size,
            args.launch(plan),
            partials.into_array_arg(),
            outputs(terms, normalizer),
            plan.blueprint,
            crew,
            args.dtypes(),
        );
    }
}

fn outputs<F: Float, R: CubeRuntime>(
    terms: &CubeTensor<R>,
    normalizer: &CubeTensor<R>,
) -> OutputsLaunch<F, R> {
    OutputsLaunch::new(
        terms.clone().into_array_arg(),
        normalizer.clone().into_array_arg(),
    )
}

/// Launches the backward pass.
pub fn grad<R: CubeRuntime, F: FloatElement, I: IntElement, BT: BoolElement>(
    logits: CubeTensor<R>,
    targets: RowTargets<CubeBackend<R, F, I, BT>>,
    normalizer: CubeTensor<R>,
    grad: CubeTensor<R>,
    columns: Columns,
) -> CubeTensor<R> {
    let shape = logits.meta.shape().clone();
    let logits = as_rows(logits);
    let in_place = logits.can_mut() && logits.is_nonoverlapping();
    let mut args = Args::new(logits, targets, columns);
    let logits = &args.logits;
    let client = logits.client.clone();
    let (output, output_arg) = if in_place {
        (logits.clone(), logits.as_tensor_alias(0))
    } else {
        let (device, shape) = (logits.device.clone(), logits.meta.shape().clone());
        let output = empty_device_dtype(client.clone(), device, shape, logits.dtype);
        (output.clone(), output.into_tensor_arg())
    };
    let plan = args.plan(Some(&output));
    if plan.rows == 0 {
        return reshape(output, shape);
    }
    args.weights_total = weights_total(&args, &plan);

    let [float, int, weight] = args.dtypes();
    let dtypes = [
        float,
        int,
        weight,
        normalizer.dtype.into(),
        grad.dtype.into(),
    ];
    // SAFETY: no unit reads or writes past its part of a row, rows past the last one end at once, and each class is
    // compared with the number of classes before it becomes an index. In place, a unit reads no logit but those that it
    // overwrites itself, and before it does.
    unsafe {
        grad_kernel::launch_unchecked(
            &client,
            plan.cube_count(&client),
            CubeDim::new_1d(plan.cube_dim),
            args.address_type().max(output.required_address_type()),
            plan.vector_size,
            args.launch(&plan),
            into_contiguous(normalizer).into_array_arg(),
            into_contiguous(grad).into_array_arg(),
            output_arg,
            plan.blueprint,
            dtypes,
        );
    }
    reshape(output, shape)
}

/// The sum of the smooth weights, if it is the same for every row: once, instead of once per row.
fn weights_total<R: CubeRuntime>(args: &Args<R>, plan: &Plan) -> Option<CubeTensor<R>> {
    let weights = args.weights.as_ref().filter(|_| args.same_weights)?;
    let total = args.empty([1], DType::F32);
    let crew = plan.single_crew();
    // SAFETY: the units of one cube read the weights of one row, and there is a place for the sum.
    unsafe {
        weights_total_kernel::launch_unchecked(
            &weights.client,
            CubeCount::new_single(),
            CubeDim::new_1d(crew.units),
            args.address_type(),
            plan.vector_size,
            weights.clone().into_tensor_arg(),
            total.clone().into_array_arg(),
            crew,
            weights.dtype.into(),
        );
    }
    Some(total)
}
