//! What rows count: their own weights times those of their classes.

use burn::tensor::{DType, Shape};
use burn_cubecl::kernel::{cast, into_contiguous};
use burn_cubecl::{
    BoolElement, CubeBackend, CubeRuntime, FloatElement, IntElement, cubecl, tensor::CubeTensor,
};
use cubecl::prelude::*;

use crate::cube::shared::device::{Device, cube_count};
use crate::cube::shared::matrix::{Matrix, empty_beside};
use crate::cube::shared::rows::{check_classes, held_index, readable_classes, target_of};
use crate::cube::sum::{self, Divisor};
use crate::ops::check::rows_shape;
use crate::{Reduction, RowTargets, RowWeights, SmoothWeights};

/// How the kernels are specialised. It names every optional tensor that there is, for CubeCL's cache of kernels.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
pub struct Blueprint {
    /// Whether rows have classes.
    pub classes: bool,
    /// Whether there is a class to ignore.
    pub ignores: bool,
    /// Whether classes have weights.
    pub per_class: bool,
    /// Whether rows have weights.
    pub per_row: bool,
    /// Whether there are smooth losses, which count without the class.
    pub smooth: bool,
    /// Whether only the device knows the divisor.
    pub divided: bool,
}

/// The rows, at least one, and what their losses become.
pub struct CountedRows<R: CubeRuntime> {
    pub blueprint: Blueprint,
    count: usize,
    num_classes: usize,
    classes: Option<CubeTensor<R>>,
    ignore_index: Option<i64>,
    per_class: Option<CubeTensor<R>>,
    per_row: Option<CubeTensor<R>>,
    reduction: Reduction,
    /// The scores, beside which new tensors belong.
    beside: CubeTensor<R>,
}

impl<R: CubeRuntime> CountedRows<R> {
    /// Those of scores `[N, C, d1, ..]`.
    pub fn new<F: FloatElement, I: IntElement, BT: BoolElement>(
        scores: &CubeTensor<R>,
        targets: &RowTargets<CubeBackend<R, F, I, BT>>,
        weights: RowWeights<CubeBackend<R, F, I, BT>>,
        reduction: Reduction,
    ) -> Self {
        let [n, num_classes, s] = rows_shape(scores.meta.shape());
        check_classes(num_classes);
        let classes = targets.classes.clone().map(readable_classes);
        let of_32_bits = |weights| into_contiguous(cast(weights, DType::F32));
        let per_row = weights.per_row.map(of_32_bits);
        let per_class = weights.per_class.filter(|_| classes.is_some());
        let per_class = per_class.map(of_32_bits);
        let ignore_index = classes
            .as_ref()
            .and_then(|classes| held_index(targets.ignore_index, classes.dtype));
        let is_weighted = per_class.is_some()
            || per_row.is_some()
            || (classes.is_some() && targets.ignore_index.is_some());
        Self {
            blueprint: Blueprint {
                classes: classes.is_some(),
                ignores: ignore_index.is_some(),
                per_class: per_class.is_some(),
                per_row: per_row.is_some(),
                smooth: !matches!(targets.smooth, SmoothWeights::Zero),
                divided: is_weighted && reduction.is_of_counts(),
            },
            count: n * s,
            num_classes,
            classes,
            ignore_index,
            per_class,
            per_row,
            reduction,
            beside: scores.clone(),
        }
    }

    pub fn count(&self) -> usize {
        self.count
    }

    pub fn client(&self) -> &ComputeClient<R> {
        &self.beside.client
    }

    /// The type of the classes.
    pub fn class_dtype(&self) -> DType {
        let classes = self.classes.as_ref();
        classes.map_or(DType::I32, |classes| classes.dtype)
    }

    /// A new tensor beside the scores.
    pub fn empty<const D: usize>(&self, shape: [usize; D], dtype: DType) -> CubeTensor<R> {
        empty_beside(&self.beside, Shape::new(shape), dtype)
    }

    /// Units and cubes for the rows: a unit each.
    pub fn cubes(&self) -> (CubeCount, CubeDim) {
        let units = Device::of(self.client()).units_per_cube;
        let cubes = self.count.div_ceil(units as usize);
        (cube_count(self.client(), cubes), CubeDim::new_1d(units))
    }

    /// The type of the indices that reach all scores and terms.
    pub fn address_type(&self) -> AddressType {
        let beyond = Device::of(self.client()).units_per_cube as usize;
        let terms = AddressType::from_len(3 * self.count + beyond);
        let required = self.beside.required_address_type().max(terms);
        assert!(
            self.client().properties().supports_address(required),
            "loss kernels: scores of shape {:?} are more than this device can index",
            self.beside.meta.shape()
        );
        required
    }

    pub fn arg<I: Int>(&self) -> RowsArgLaunch<I, R> {
        let array = |weights: &Option<CubeTensor<R>>| {
            let weights = weights.clone();
            weights.map(CubeTensor::into_array_arg).into()
        };
        RowsArgLaunch::new(
            self.classes.clone().map(CubeTensor::into_array_arg).into(),
            InputScalar::new(self.ignore_index.unwrap_or(0), self.class_dtype()),
            array(&self.per_class),
            array(&self.per_row),
            self.count,
            self.num_classes,
            f32::NAN,
        )
    }

    /// Room for what each row's loss comes to, and for what it counts if that is asked for.
    pub fn room(&self) -> (Losses<R>, LossesArgLaunch<R>) {
        let losses = self.empty([self.count], DType::F32);
        let counts = self.blueprint.divided;
        let counts = counts.then(|| self.empty([self.count], DType::F32));
        let arg = LossesArgLaunch::new(
            losses.clone().into_array_arg(),
            counts.clone().map(CubeTensor::into_array_arg).into(),
        );
        (Losses { losses, counts }, arg)
    }

    /// The reduced loss of rows whose losses are found, and what it was divided by.
    pub fn reduce(&self, found: Losses<R>, dtype: DType) -> (CubeTensor<R>, Divisor<R>) {
        let divisor = match found.counts {
            Some(counts) => {
                let or_one = self.reduction == Reduction::MeanOrZero;
                Divisor::sum_of(&Matrix::new(counts), or_one)
            }
            None => Divisor::known(self.reduction.divisor(self.count as f64) as f32),
        };
        (sum::finish(found.losses, &divisor, dtype), divisor)
    }
}

/// What each row's loss comes to, and what it counts.
pub struct Losses<R: CubeRuntime> {
    losses: CubeTensor<R>,
    counts: Option<CubeTensor<R>>,
}

/// [`Losses`] in a kernel.
#[derive(CubeType, CubeLaunch)]
pub struct LossesArg {
    losses: Array<f32>,
    counts: ComptimeOption<Array<f32>>,
}

#[cube]
impl LossesArg {
    /// Writes those of one row.
    pub fn write(&mut self, row: usize, loss: f32, count: f32) {
        self.losses[row] = loss;
        #[comptime]
        match &mut self.counts {
            ComptimeOption::Some(counts) => counts[row] = count,
            ComptimeOption::None => {}
        }
    }
}

/// [`CountedRows`] in a kernel.
#[derive(CubeType, CubeLaunch)]
pub struct RowsArg<I: Int> {
    /// `[M]`.
    classes: ComptimeOption<Array<I>>,
    ignore_index: InputScalar,
    /// `[C]`.
    per_class: ComptimeOption<Array<f32>>,
    /// `[M]`.
    per_row: ComptimeOption<Array<f32>>,
    count: usize,
    num_classes: usize,
    /// NaN, which a shading language has no literal for.
    pub nan: f32,
}

/// A row, as far as its loss depends on it.
#[derive(CubeType, Clone, Copy)]
pub struct Row {
    /// The class, or 0 if there is none.
    pub class: usize,
    /// What its loss counts; NaN with a wrong class, 0 if it is dropped.
    pub count: f32,
    /// The same without the weight of the class, of a class that is none, too.
    pub own_count: f32,
    /// Whether it is ignored or counts nothing itself: its loss is 0 whatever its scores.
    pub dropped: bool,
}

#[cube]
impl<I: Int> RowsArg<I> {
    /// Whether there is no such row.
    pub fn has_no(&self, row: usize) -> bool {
        row >= self.count
    }

    pub fn row(&self, row: usize, #[comptime] blueprint: Blueprint) -> Row {
        let zero = f32::new(0.0);
        let own_count = #[comptime]
        match &self.per_row {
            ComptimeOption::Some(weights) => weights[row],
            ComptimeOption::None => f32::new(1.0),
        };
        let mut class = 0usize.runtime();
        let mut dropped = own_count == 0.0;
        let mut count = own_count;
        #[comptime]
        match &self.classes {
            ComptimeOption::Some(classes) => {
                let target = target_of::<I>(
                    classes[row],
                    self.num_classes,
                    &self.ignore_index,
                    blueprint.ignores,
                );
                class = target.class;
                dropped = dropped || target.ignored;
                count = #[comptime]
                match &self.per_class {
                    ComptimeOption::Some(weights) => weights[target.class] * own_count,
                    ComptimeOption::None => own_count,
                };
                // NaN, so that the weight of another class, which may be 0, does not make a wrong target harmless.
                count = select(target.invalid, self.nan, count);
            }
            ComptimeOption::None => {}
        }
        Row {
            class,
            count: select(dropped, zero, count),
            own_count: select(dropped, zero, own_count),
            dropped,
        }
    }
}
