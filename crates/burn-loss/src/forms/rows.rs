//! The targets of rows, checked and brought to one form.

use burn::tensor::backend::Backend;
use burn::tensor::{Bool, DType, Element, Int, IntDType, Tensor};
use burn_loss_kernels::composed::{at_least_f32, weights_of};
use burn_loss_kernels::{LossBackend, Reduction, RowTargets, RowWeights, SmoothWeights};

use super::primitive;
use crate::check;

/// The options of every loss of class rows.
#[derive(Clone, Debug)]
pub struct ClassOptions<'a, B: Backend> {
    /// One weight per class, `[C]`.
    pub class_weights: Option<&'a Tensor<B, 1>>,
    /// Rows with this target do not count.
    pub ignore_index: Option<i64>,
    /// Nor do rows with one of these.
    pub ignore_indices: &'a [i64],
    /// How the losses become one number.
    pub reduction: Reduction,
}

impl<B: Backend> ClassOptions<'_, B> {
    /// Every row counts 1, and the loss is their mean.
    pub fn none() -> Self {
        Self {
            class_weights: None,
            ignore_index: None,
            ignore_indices: &[],
            reduction: Reduction::Mean,
        }
    }
}

/// Rows that are to be compared with scores: their classes, and what each counts.
#[derive(Clone, Debug)]
pub struct Rows<B: LossBackend> {
    /// The class of each row, `[M]`, of 32 or 64 bits.
    pub(crate) classes: Tensor<B, 1, Int>,
    pub(crate) ignore_index: Option<i64>,
    /// The targets as they came, for messages: in the classes, sentinels stand for some of them.
    pub(crate) as_given: Tensor<B, 1, Int>,
    /// The ignored index as the user knows it, and the further ones.
    pub(crate) named_index: Option<i64>,
    pub(crate) named_indices: Vec<i64>,
    pub(crate) num_classes: usize,
    class_weights: Option<Tensor<B, 1>>,
    row_weights: Option<Tensor<B, 1>>,
}

/// Sentinel for rows of other ignored indices when no `ignore_index` is set.
const IGNORED: i64 = -(1 << 30);
/// Sentinels for targets that 32 bits do not hold; two, because one may be the ignored index.
const INVALID: [i64; 2] = [-(1 << 30) - 1, -(1 << 30) - 2];

impl<B: LossBackend> Rows<B> {
    /// Targets one after the other, of a type that the kernels know, in which one number stands for all that is ignored.
    pub(crate) fn new<const T: usize>(
        options: &ClassOptions<'_, B>,
        targets: Tensor<B, T, Int>,
        num_classes: usize,
    ) -> Self {
        // To reshape targets where they are flat would copy them on some backends.
        let targets: Tensor<B, 1, Int> = match T {
            1 => Tensor::from_primitive(targets.into_primitive()),
            _ => targets.flatten(0, T - 1),
        };
        let as_given = targets.clone();
        let (classes, ignore_index) = classes(options, targets);
        Self {
            classes,
            ignore_index,
            as_given,
            named_index: options.ignore_index,
            named_indices: options.ignore_indices.to_vec(),
            num_classes,
            class_weights: options.class_weights.cloned(),
            row_weights: None,
        }
    }

    /// Rows that all count 1.
    pub(crate) fn all(classes: Tensor<B, 1, Int>, num_classes: usize) -> Self {
        Self::new(&ClassOptions::none(), classes, num_classes)
    }

    /// Each row times a weight.
    pub(crate) fn weigh(self, weights: Tensor<B, 1>) -> Self {
        Self {
            row_weights: Some(weights),
            ..self
        }
    }

    /// As the operations take them.
    pub(crate) fn targets(
        &self,
        smooth: SmoothWeights<burn::tensor::ops::FloatTensor<B>>,
    ) -> RowTargets<B> {
        RowTargets {
            classes: Some(self.classes.clone().into_primitive()),
            ignore_index: self.ignore_index,
            smooth,
        }
    }

    /// What the rows count, as the operations take it beside scores of this type.
    pub(crate) fn weights(&self, dtype: DType) -> RowWeights<B> {
        let (per_class, per_row) = (self.class_weights.as_ref(), self.row_weights.as_ref());
        row_weights(per_class, per_row, dtype)
    }

    /// The classes, with 0 where a row has none or does not count: safe to index with.
    pub(crate) fn valid_classes(&self) -> Tensor<B, 1, Int> {
        let outside = check::outside_classes(&self.classes, self.num_classes);
        self.classes.clone().mask_fill(outside, 0)
    }

    /// Which rows do not count, if there may be any.
    pub(crate) fn ignored(&self) -> Option<Tensor<B, 1, Bool>> {
        let index = self.ignore_index?;
        Some(self.classes.clone().equal_elem(index))
    }

    /// Which rows do not count, those of weight 0 among them, if there may be any.
    pub(crate) fn dropped(&self) -> Option<Tensor<B, 1, Bool>> {
        let of_weight = self.row_weights.as_ref();
        let of_weight = of_weight.map(|weights| weights.clone().equal_elem(0.0));
        match (self.ignored(), of_weight) {
            (Some(ignored), Some(dropped)) => Some(ignored.bool_or(dropped)),
            (ignored, dropped) => ignored.or(dropped),
        }
    }

    /// Which rows have a target that is neither a class nor ignored.
    fn invalid(&self) -> Tensor<B, 1, Bool> {
        let outside = check::outside_classes(&self.classes, self.num_classes);
        match self.ignored() {
            Some(ignored) => outside.bool_and(ignored.bool_not()),
            None => outside,
        }
    }

    /// What each row counts, `[M]`: its weight times that of its class, 0 where it is ignored, NaN where it has no class.
    pub(crate) fn counts(&self, dtype: DType) -> Tensor<B, 1> {
        let device = self.classes.device();
        let mut counts = match &self.row_weights {
            Some(weights) => weights.clone().cast(dtype),
            None => Tensor::ones(self.classes.shape(), (&device, dtype)),
        };
        if let Some(weights) = &self.class_weights {
            let weights = weights.clone().cast(dtype);
            counts = counts * weights_of(weights, self.valid_classes());
        }
        // NaN, so that the weight of another class, which may be 0, does not make a wrong target harmless.
        counts = counts.mask_fill(self.invalid(), f64::NAN);
        match self.dropped() {
            Some(dropped) => counts.mask_fill(dropped, 0.0),
            None => counts,
        }
    }

    /// The losses of the rows, each times what its row counts, in at least 32 bits.
    pub(crate) fn counted(&self, losses: Tensor<B, 1>) -> Tensor<B, 1> {
        let dtype = at_least_f32(losses.dtype());
        losses.cast(dtype) * self.counts(dtype)
    }

    /// Whether every row counts 1.
    pub(crate) fn count_alike(&self) -> bool {
        self.class_weights.is_none() && self.row_weights.is_none() && self.ignore_index.is_none()
    }
}

/// Weights of classes and of rows as the operations take them beside scores of this type: in at least 32 bits, because 16 hold neither
/// a weight of 1e5 nor one of 1e-8.
pub(crate) fn row_weights<B: LossBackend>(
    per_class: Option<&Tensor<B, 1>>,
    per_row: Option<&Tensor<B, 1>>,
    dtype: DType,
) -> RowWeights<B> {
    let dtype = at_least_f32(dtype);
    let wide = |weights: &Tensor<B, 1>| primitive(weights.clone().cast(dtype));
    RowWeights {
        per_class: per_class.map(wide),
        per_row: per_row.map(wide),
    }
}

/// Integers of the one type with a sign that the backend indexes with, others in place of those that are below what it holds and
/// above.
pub(crate) fn signed<B: LossBackend, const D: usize>(
    integers: Tensor<B, D, Int>,
    [below, above]: [i64; 2],
) -> Tensor<B, D, Int> {
    // Candle and LibTorch index with their own 64 bits alone.
    let (as_one, least, most) = match B::IntElem::dtype() {
        DType::I64 if !B::ON_HOST => (IntDType::I64, i64::MIN, i64::MAX),
        _ => (IntDType::I32, i32::MIN.into(), i32::MAX.into()),
    };
    // A cast of what does not fit may panic, or make it another number.
    let (is_below, is_above) = match integers.dtype() {
        dtype if dtype == as_one.into() => return integers,
        DType::U32 | DType::U64 => {
            let most = most.min(i32::MAX.into());
            (None, Some(integers.clone().greater_elem(most)))
        }
        DType::I64 => (
            Some(integers.clone().lower_elem(least)),
            Some(integers.clone().greater_elem(most)),
        ),
        _ => (None, None),
    };
    let unfit = [(is_below, below), (is_above, above)];
    let unfit = unfit.into_iter().filter_map(|(mask, by)| Some((mask?, by)));
    let unfit: Vec<_> = unfit.collect();
    let held = unfit.iter().fold(integers, |integers, (mask, _)| {
        integers.mask_fill(mask.clone(), 0)
    });
    let held = held.cast(as_one);
    let fill = |integers: Tensor<B, D, Int>, (mask, by)| integers.mask_fill(mask, by);
    unfit.into_iter().fold(held, fill)
}

/// Targets of 32 or 64 bits with a sign, and the index among them that is ignored.
fn classes<B: LossBackend>(
    options: &ClassOptions<'_, B>,
    targets: Tensor<B, 1, Int>,
) -> (Tensor<B, 1, Int>, Option<i64>) {
    let dtype = targets.dtype();
    let of_64_bits = dtype == DType::I64;
    // An index that the type cannot hold matches none of the targets, but what it would be rounded to might.
    let holds = |index: i64| match dtype {
        DType::I64 => true,
        DType::U64 => index >= 0,
        DType::U32 => u32::try_from(index).is_ok(),
        DType::U16 => u16::try_from(index).is_ok(),
        DType::U8 => u8::try_from(index).is_ok(),
        DType::I16 => i16::try_from(index).is_ok(),
        DType::I8 => i8::try_from(index).is_ok(),
        _ => i32::try_from(index).is_ok(),
    };
    let fits = |index: &i64| of_64_bits || i32::try_from(*index).is_ok();
    let mut others: Vec<i64> = options.ignore_indices.to_vec();
    let mut index = options.ignore_index;
    if let Some(large) = index.filter(|index| !fits(index)) {
        others.push(large);
        index = None;
    }
    others.retain(|other| holds(*other));
    let ignored = others
        .into_iter()
        .map(|other| targets.clone().equal_elem(other));
    let ignored = ignored.reduce(|a, b| a.bool_or(b));
    let invalid = if index == Some(INVALID[0]) {
        INVALID[1]
    } else {
        INVALID[0]
    };
    let mut classes = match dtype {
        DType::I64 => targets,
        _ => signed(targets, [invalid; 2]),
    };
    if let Some(ignored) = ignored {
        let index = *index.get_or_insert_with(|| {
            // Where the sentinel already stands it is a mistake, and stays one.
            let mistaken = classes.clone().equal_elem(IGNORED);
            classes = classes.clone().mask_fill(mistaken, invalid);
            IGNORED
        });
        classes = classes.mask_fill(ignored, index);
    }
    (classes, index)
}
