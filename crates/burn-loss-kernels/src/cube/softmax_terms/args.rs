//! Burn's tensors in the form in which the kernels take them.

use burn::tensor::{DType, Shape};
use burn_cubecl::{
    BoolElement, CubeBackend, CubeRuntime, FloatElement, IntElement, cubecl, tensor::CubeTensor,
};
use cubecl::prelude::*;

use super::inputs::{InputsLaunch, Smooth};
use super::plan::Plan;
use crate::cube::shared::matrix::empty_beside;
use crate::cube::shared::rows::{as_rows, check_classes, held_index, readable_classes};
use crate::ops::check::rows_shape;
use crate::{Columns, RowTargets, SmoothWeights};

/// The logits and what their rows are compared with.
pub struct Args<R: CubeRuntime> {
    pub logits: CubeTensor<R>,
    columns: Columns,
    classes: Option<CubeTensor<R>>,
    ignore_index: Option<i64>,
    smooth: Smooth,
    uniform_weight: f32,
    /// `[N, C, S]`.
    pub weights: Option<CubeTensor<R>>,
    /// Whether the weights are the same in every row.
    pub same_weights: bool,
    /// Their sum over the classes, if they are and the kernel needs it.
    pub weights_total: Option<CubeTensor<R>>,
}

impl<R: CubeRuntime> Args<R> {
    pub fn new<F: FloatElement, I: IntElement, BT: BoolElement>(
        logits: CubeTensor<R>,
        targets: RowTargets<CubeBackend<R, F, I, BT>>,
        columns: Columns,
    ) -> Self {
        let logits = as_rows(logits);
        check_classes(logits.meta.shape()[1]);
        let mut args = Self {
            logits,
            columns,
            classes: targets.classes.map(readable_classes),
            ignore_index: None,
            smooth: Smooth::Tensor,
            uniform_weight: 0.0,
            weights: None,
            same_weights: false,
            weights_total: None,
        };
        args.ignore_index = held_index(targets.ignore_index, args.class_dtype());
        // Without the column of the smooth losses there is no use for their weights.
        let smooth = match columns {
            Columns::TargetLoss => SmoothWeights::Zero,
            Columns::All => targets.smooth,
        };
        match smooth {
            SmoothWeights::Zero => args.smooth = Smooth::Zero,
            SmoothWeights::Uniform(weight) => {
                args.smooth = Smooth::Uniform;
                args.uniform_weight = weight as f32;
            }
            SmoothWeights::PerClass(weights) => {
                args.weights = Some(same_in_every_row(weights, args.logits.meta.shape()));
                args.same_weights = true;
            }
            SmoothWeights::PerLogit(weights) => args.weights = Some(as_rows(weights)),
        }
        args
    }

    fn class_dtype(&self) -> DType {
        let classes = self.classes.as_ref();
        classes.map_or(DType::I32, |classes| classes.dtype)
    }

    /// The types of the logits, the classes and the weights.
    pub fn dtypes(&self) -> [StorageType; 3] {
        let weights = self.weights.as_ref();
        let weights = weights.map_or(DType::F32, |weights| weights.dtype);
        [
            self.logits.dtype.into(),
            self.class_dtype().into(),
            weights.into(),
        ]
    }

    /// The plan for a kernel that writes `output`, if that is as large as the logits.
    pub fn plan(&self, output: Option<&CubeTensor<R>>) -> Plan {
        Plan::new(
            &self.logits,
            &self.weights.iter().chain(output).collect::<Vec<_>>(),
            self.columns,
            self.smooth,
            self.classes.is_some(),
            self.classes.is_some() && self.ignore_index.is_some(),
        )
    }

    /// The type of the indices: 64 bits wide where a tensor has more elements than 32 bits can count.
    pub fn address_type(&self) -> AddressType {
        let weights = self.weights.as_ref().map(CubeTensor::required_address_type);
        let [n, _, s] = rows_shape(self.logits.meta.shape());
        // With one or two classes the terms are larger than the logits.
        let required = self
            .logits
            .required_address_type()
            .max(weights.unwrap_or_default())
            .max(AddressType::from_len(3 * n * s));
        assert!(
            self.logits.client.properties().supports_address(required),
            "loss kernels: logits of shape {:?} are more than this device can index",
            self.logits.meta.shape()
        );
        required
    }

    pub fn launch<F: Float, I: Int, W: Float, N: Size>(
        &self,
        plan: &Plan,
    ) -> InputsLaunch<F, I, W, N, R> {
        InputsLaunch::new(
            self.logits.clone().into_tensor_arg(),
            self.classes.clone().map(CubeTensor::into_array_arg).into(),
            self.weights.clone().map(CubeTensor::into_tensor_arg).into(),
            self.weights_total
                .clone()
                .map(CubeTensor::into_array_arg)
                .into(),
            self.uniform_weight,
            InputScalar::new(self.ignore_index.unwrap_or(0), self.class_dtype()),
            f32::NAN,
            plan.segments,
        )
    }

    /// A new tensor beside the logits.
    pub fn empty<const D: usize>(&self, shape: [usize; D], dtype: DType) -> CubeTensor<R> {
        empty_beside(&self.logits, Shape::new(shape), dtype)
    }
}

/// A view `[N, C, S]` of weights `[C]`.
fn same_in_every_row<R: CubeRuntime>(mut weights: CubeTensor<R>, shape: &Shape) -> CubeTensor<R> {
    weights.meta.insert(0, shape[0], 0);
    weights.meta.insert(2, shape[2], 0);
    weights
}
