//! The two float types, and vectors of them in any instruction set.

use std::fmt::Debug;
use std::ops::{Add, Mul, Neg, Sub};

use pulp::bytemuck::{self, Pod};

use super::isa::Isa;
use crate::cpu::elementwise::Passes;
use crate::cpu::memory::Cells;
use crate::cpu::simd::Arch;
use crate::cpu::softmax_terms::{self, Input, Problem, RowLoss};
use crate::{Adjustment, Formula};

/// The most lanes of any instruction set.
pub const MAX_LANES: usize = 16;

/// One number a lane, in the lanes of any instruction set.
pub type PerLane<F> = [F; MAX_LANES];

/// How `ln(1 + x)` of a small `x` is computed.
#[derive(Clone, Copy, Debug)]
pub enum LnSeries<F: 'static> {
    /// `x - x^2 / 2 + x^3 P(x)`, with the coefficients of `P`, the constant first: no division, while `P` is short.
    Power(&'static [F]),
    /// With `s = x / (2 + x)`: `x - x^2 / 2 + s (x^2 / 2 + s^2 P(s^2))`, half as many coefficients.
    Quotient(&'static [F]),
}

/// `f32` or `f64`.
///
/// The vector operations take the instruction set first, as a token that proves that the processor has it.
pub trait Float:
    Pod
    + Debug
    + Send
    + Sync
    + PartialOrd
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Neg<Output = Self>
{
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;
    /// The largest finite number.
    const MAX: Self;
    /// The smallest normal number.
    const MIN_POSITIVE: Self;
    /// Infinity.
    const INFINITY: Self;
    /// Not a number.
    const NAN: Self;

    /// `log2(e)`.
    const LOG2_E: Self;
    /// The leading bits of `ln(2)`, so few that a product with any exponent is exact.
    const LN_2_HIGH: Self;
    /// `ln(2) - LN_2_HIGH`.
    const LN_2_LOW: Self;
    /// A little above the logarithm of the smallest normal number: below it, `exp` is 0.
    const EXP_MIN: Self;
    /// A number so large that adding it rounds to an integer, which is then found, biased, in the lowest bits.
    const EXPONENT_MAGIC: Self;
    /// The smallest number whose lowest bit is worth 1.
    const INTEGER_MAGIC: Self;
    /// The exponent bias, as a number.
    const BIAS: Self;
    /// A power of two that makes a subnormal number normal.
    const SCALE: Self;
    /// Its logarithm.
    const SCALE_LOG2: Self;
    /// Coefficients of `(exp(f) - 1 - f) / f^2` for `|f| <= ln(2) / 2`, the constant first.
    const EXP: &'static [Self];
    /// How `ln(1 + x)` is computed of `x` between `sqrt(1/2) - 1` and `sqrt(2) - 1`.
    const LN: LnSeries<Self>;
    /// Likewise, of `x` between 0 and 1.
    const LN_1P_TO_1: LnSeries<Self>;
    /// Likewise, of `x` between -1/2 and 0.
    const LN_1P_FROM_HALF: LnSeries<Self>;

    /// As many numbers as the instruction set has lanes.
    type Vector<S: Isa>: Pod + Debug;
    /// One truth value a lane.
    type Mask<S: Isa>: Copy;

    /// The number nearest to `value`.
    fn from_f64(value: f64) -> Self;
    /// The same number.
    fn to_f64(self) -> f64;

    /// Views the numbers as vectors, with a remainder of less than one.
    fn vectors<S: Isa>(slice: &[Self]) -> (&[Self::Vector<S>], &[Self]);
    /// Views the numbers as vectors, with a remainder of less than one.
    fn vectors_mut<S: Isa>(slice: &mut [Self]) -> (&mut [Self::Vector<S>], &mut [Self]);
    /// The first `n` lanes.
    fn leading<S: Isa>(simd: S, n: usize) -> Self::Mask<S>;
    /// Reads the lanes where the mask holds; the others are 0.
    ///
    /// # Safety
    ///
    /// Those lanes' numbers can be read.
    unsafe fn load_masked<S: Isa>(
        simd: S,
        mask: Self::Mask<S>,
        from: *const Self,
    ) -> Self::Vector<S>;
    /// Writes the lanes where the mask holds.
    ///
    /// # Safety
    ///
    /// Those lanes' numbers can be written.
    unsafe fn store_masked<S: Isa>(
        simd: S,
        mask: Self::Mask<S>,
        to: *mut Self,
        vector: Self::Vector<S>,
    );
    /// The same number in every lane.
    fn splat<S: Isa>(simd: S, value: Self) -> Self::Vector<S>;
    /// `a + b`.
    fn plus<S: Isa>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    /// `a - b`.
    fn minus<S: Isa>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    /// `a * b`.
    fn times<S: Isa>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    /// `a / b`.
    fn over<S: Isa>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    /// `a * b + c`, rounded once or twice, whichever is faster.
    fn mul_add<S: Isa>(
        simd: S,
        a: Self::Vector<S>,
        b: Self::Vector<S>,
        c: Self::Vector<S>,
    ) -> Self::Vector<S>;
    /// `a` where `a > b`, else `b`: `b` if either is NaN.
    fn greater<S: Isa>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    /// `a` where `a < b`, else `b`: `b` if either is NaN.
    fn lesser<S: Isa>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    /// The absolute value.
    fn abs<S: Isa>(simd: S, a: Self::Vector<S>) -> Self::Vector<S>;
    /// `-a`.
    fn negated<S: Isa>(simd: S, a: Self::Vector<S>) -> Self::Vector<S>;
    /// The square root.
    fn sqrt<S: Isa>(simd: S, a: Self::Vector<S>) -> Self::Vector<S>;
    /// Where `a < b`.
    fn less<S: Isa>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Mask<S>;
    /// Where `a == b`.
    fn equal<S: Isa>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Mask<S>;
    /// Where either mask holds.
    fn either<S: Isa>(simd: S, a: Self::Mask<S>, b: Self::Mask<S>) -> Self::Mask<S>;
    /// Whether the mask holds in any lane.
    fn any<S: Isa>(simd: S, mask: Self::Mask<S>) -> bool;
    /// `a` where the mask holds, else `b`.
    fn select<S: Isa>(
        simd: S,
        mask: Self::Mask<S>,
        a: Self::Vector<S>,
        b: Self::Vector<S>,
    ) -> Self::Vector<S>;
    /// The largest lane, if none is NaN.
    fn largest<S: Isa>(simd: S, a: Self::Vector<S>) -> Self;
    /// The sum of the lanes.
    fn sum<S: Isa>(simd: S, a: Self::Vector<S>) -> Self;
    /// Turns as many vectors as there are lanes, the first of these, from rows to columns.
    fn transpose<S: Isa>(simd: S, vectors: &mut [Self::Vector<S>]);
    /// `2^n`, given `n + EXPONENT_MAGIC`; 0 for `n = -BIAS`.
    fn exp2_of_magic<S: Isa>(simd: S, a: Self::Vector<S>) -> Self::Vector<S>;
    /// Splits a normal number `>= 1` into `(k, a / 2^k)` with `sqrt(1/2) <= a / 2^k < sqrt(2)`.
    fn split_exponent<S: Isa>(simd: S, a: Self::Vector<S>) -> (Self::Vector<S>, Self::Vector<S>);

    /// A formula whose passes are run without knowing which it is.
    #[doc(hidden)]
    fn passes<L: Formula>(formula: &L) -> &dyn Passes<Self>;

    /// The forward pass of rows. They are methods of the type, and not generic over it, so that they are compiled once,
    /// in this crate.
    #[doc(hidden)]
    fn forward_rows(
        arch: Arch,
        problem: &Problem<Self>,
        logits: &[Self],
        terms: [Option<&mut [Self]>; 3],
        normalizer: [&mut [Self]; 2],
    );
    /// The backward pass of rows.
    #[doc(hidden)]
    fn backward_rows(arch: Arch, problem: &Problem<Self>, cells: Cells<Self>, input: Input<Self>);
    /// The reduced loss of rows.
    #[doc(hidden)]
    fn sum_of_losses(
        arch: Arch,
        problem: &Problem<Self>,
        loss: &RowLoss<Self>,
        logits: &[Self],
    ) -> f64;
    /// The reduced loss of rows, with its gradient.
    #[doc(hidden)]
    fn with_gradient(
        arch: Arch,
        problem: &Problem<Self>,
        loss: &RowLoss<Self>,
        adjustment: Option<Adjustment<&[Self]>>,
        cells: Cells<Self>,
    ) -> f64;
    /// The reduced loss of rows whose terms are known, and the gradient of the terms in their place.
    #[doc(hidden)]
    fn of_terms(
        arch: Arch,
        problem: &Problem<Self>,
        loss: &RowLoss<Self>,
        terms: [&mut [Self]; 3],
    ) -> f64;

    /// The number of lanes.
    #[inline(always)]
    fn lanes<S: Isa>() -> usize {
        size_of::<Self::Vector<S>>() / size_of::<Self>()
    }

    /// The first vector of the numbers.
    #[inline(always)]
    fn first<S: Isa>(slice: &[Self]) -> Self::Vector<S> {
        Self::vectors::<S>(slice).0[0]
    }

    /// Writes the first vector of the numbers.
    #[inline(always)]
    fn set_first<S: Isa>(slice: &mut [Self], vector: Self::Vector<S>) {
        Self::vectors_mut::<S>(slice).0[0] = vector;
    }

    /// At most a vector of numbers, `fill` in the other lanes.
    #[inline(always)]
    fn part<S: Isa>(simd: S, slice: &[Self], fill: Self) -> Self::Vector<S> {
        let inside = Self::leading(simd, slice.len());
        // SAFETY: the lanes that are read are those of the slice.
        let part = unsafe { Self::load_masked(simd, inside, slice.as_ptr()) };
        Self::select(simd, inside, part, Self::splat(simd, fill))
    }

    /// Writes the first lanes, at most all.
    ///
    /// # Safety
    ///
    /// As many numbers can be written.
    #[inline(always)]
    unsafe fn store_first<S: Isa>(simd: S, n: usize, to: *mut Self, vector: Self::Vector<S>) {
        // SAFETY: no lane beyond the first `n` is written, and of `vector` none that it does not have is read.
        unsafe {
            if n == Self::lanes::<S>() {
                to.cast::<Self::Vector<S>>().write_unaligned(vector);
            } else if size_of::<Self::Vector<S>>() == 64 {
                Self::store_masked(simd, Self::leading(simd, n), to, vector);
            } else {
                // A masked store of AVX2 takes AMD's processors as long as a dozen plain ones.
                let from: *const Self = (&raw const vector).cast();
                let mut done = 0;
                if n & 4 != 0 {
                    to.copy_from_nonoverlapping(from, 4);
                    done = 4;
                }
                if n & 2 != 0 {
                    to.add(done).copy_from_nonoverlapping(from.add(done), 2);
                    done += 2;
                }
                if n & 1 != 0 {
                    *to.add(done) = *from.add(done);
                }
            }
        }
    }

    /// The first lane.
    #[inline(always)]
    fn lane<S: Isa>(vector: Self::Vector<S>) -> Self {
        bytemuck::cast_slice(std::slice::from_ref(&vector))[0]
    }
}

/// Both types have the same operations under other names.
macro_rules! float {
    (
        $float:ident { $($constants:tt)* }
        bits $bits:ident, mantissa $mantissa:literal,
        vector $vector:ident $mask:ident $view:ident $view_mut:ident $load_masked:ident $store_masked:ident $greater_than:ident $or:ident $any:ident,
        $splat:ident $add:ident $sub:ident $mul:ident $div:ident $mul_add:ident $greater:ident $lesser:ident $abs:ident $neg:ident $sqrt:ident $equal:ident
        $select:ident $largest:ident $sum:ident $transpose:ident,
        $to_bits:ident $from_bits:ident $splat_bits:ident $add_bits:ident $and_bits:ident $or_bits:ident
        $to_exponent:ident $exponent_of:ident
    ) => {
        impl Float for $float {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const MAX: Self = $float::MAX;
            const MIN_POSITIVE: Self = $float::MIN_POSITIVE;
            const INFINITY: Self = $float::INFINITY;
            const NAN: Self = $float::NAN;
            const LOG2_E: Self = std::$float::consts::LOG2_E;
            $($constants)*

            type Vector<S: Isa> = S::$vector;
            type Mask<S: Isa> = S::$mask;

            fn passes<L: Formula>(formula: &L) -> &dyn Passes<Self> {
                formula
            }

            fn forward_rows(
                arch: Arch,
                problem: &Problem<Self>,
                logits: &[Self],
                terms: [Option<&mut [Self]>; 3],
                normalizer: [&mut [Self]; 2],
            ) {
                softmax_terms::forward(arch, problem, logits, terms, normalizer);
            }

            fn backward_rows(
                arch: Arch,
                problem: &Problem<Self>,
                cells: Cells<Self>,
                input: Input<Self>,
            ) {
                softmax_terms::run_backward(arch, problem, cells, input);
            }

            fn sum_of_losses(
                arch: Arch,
                problem: &Problem<Self>,
                loss: &RowLoss<Self>,
                logits: &[Self],
            ) -> f64 {
                softmax_terms::sum_of_losses(arch, problem, loss, logits)
            }

            fn with_gradient(
                arch: Arch,
                problem: &Problem<Self>,
                loss: &RowLoss<Self>,
                adjustment: Option<Adjustment<&[Self]>>,
                cells: Cells<Self>,
            ) -> f64 {
                softmax_terms::with_gradient(arch, problem, loss, adjustment, cells)
            }

            fn of_terms(
                arch: Arch,
                problem: &Problem<Self>,
                loss: &RowLoss<Self>,
                terms: [&mut [Self]; 3],
            ) -> f64 {
                softmax_terms::of_terms(arch, problem, loss, terms)
            }

            #[inline(always)]
            fn from_f64(value: f64) -> Self {
                value as $float
            }

            #[inline(always)]
            fn to_f64(self) -> f64 {
                self.into()
            }

            #[inline(always)]
            fn vectors<S: Isa>(slice: &[Self]) -> (&[S::$vector], &[Self]) {
                S::$view(slice)
            }

            #[inline(always)]
            fn vectors_mut<S: Isa>(slice: &mut [Self]) -> (&mut [S::$vector], &mut [Self]) {
                S::$view_mut(slice)
            }

            #[inline(always)]
            fn leading<S: Isa>(simd: S, n: usize) -> S::$mask {
                const PLACES: PerLane<$float> =
                    [0., 1., 2., 3., 4., 5., 6., 7., 8., 9., 10., 11., 12., 13., 14., 15.];
                simd.$greater_than(simd.$splat(n as $float), Self::first::<S>(&PLACES))
            }

            #[inline(always)]
            unsafe fn load_masked<S: Isa>(
                simd: S,
                mask: S::$mask,
                from: *const Self,
            ) -> S::$vector {
                // SAFETY: the caller's promise is the one that is asked for.
                unsafe { simd.$load_masked(mask.into(), from) }
            }

            #[inline(always)]
            unsafe fn store_masked<S: Isa>(
                simd: S,
                mask: S::$mask,
                to: *mut Self,
                vector: S::$vector,
            ) {
                // SAFETY: the caller's promise is the one that is asked for.
                unsafe { simd.$store_masked(mask.into(), to, vector) }
            }

            #[inline(always)]
            fn splat<S: Isa>(simd: S, value: Self) -> S::$vector {
                simd.$splat(value)
            }

            #[inline(always)]
            fn plus<S: Isa>(simd: S, a: S::$vector, b: S::$vector) -> S::$vector {
                simd.$add(a, b)
            }

            #[inline(always)]
            fn minus<S: Isa>(simd: S, a: S::$vector, b: S::$vector) -> S::$vector {
                simd.$sub(a, b)
            }

            #[inline(always)]
            fn times<S: Isa>(simd: S, a: S::$vector, b: S::$vector) -> S::$vector {
                simd.$mul(a, b)
            }

            #[inline(always)]
            fn over<S: Isa>(simd: S, a: S::$vector, b: S::$vector) -> S::$vector {
                simd.$div(a, b)
            }

            #[inline(always)]
            fn mul_add<S: Isa>(simd: S, a: S::$vector, b: S::$vector, c: S::$vector) -> S::$vector {
                simd.$mul_add(a, b, c)
            }

            #[inline(always)]
            fn greater<S: Isa>(simd: S, a: S::$vector, b: S::$vector) -> S::$vector {
                simd.$greater(a, b)
            }

            #[inline(always)]
            fn lesser<S: Isa>(simd: S, a: S::$vector, b: S::$vector) -> S::$vector {
                simd.$lesser(a, b)
            }

            #[inline(always)]
            fn abs<S: Isa>(simd: S, a: S::$vector) -> S::$vector {
                simd.$abs(a)
            }

            #[inline(always)]
            fn negated<S: Isa>(simd: S, a: S::$vector) -> S::$vector {
                simd.$neg(a)
            }

            #[inline(always)]
            fn sqrt<S: Isa>(simd: S, a: S::$vector) -> S::$vector {
                simd.$sqrt(a)
            }

            #[inline(always)]
            fn less<S: Isa>(simd: S, a: S::$vector, b: S::$vector) -> S::$mask {
                simd.$greater_than(b, a)
            }

            #[inline(always)]
            fn equal<S: Isa>(simd: S, a: S::$vector, b: S::$vector) -> S::$mask {
                simd.$equal(a, b)
            }

            #[inline(always)]
            fn either<S: Isa>(simd: S, a: S::$mask, b: S::$mask) -> S::$mask {
                simd.$or(a, b)
            }

            #[inline(always)]
            fn any<S: Isa>(simd: S, mask: S::$mask) -> bool {
                simd.$any(mask)
            }

            #[inline(always)]
            fn select<S: Isa>(
                simd: S,
                mask: S::$mask,
                a: S::$vector,
                b: S::$vector,
            ) -> S::$vector {
                simd.$select(mask, a, b)
            }

            #[inline(always)]
            fn largest<S: Isa>(simd: S, a: S::$vector) -> Self {
                simd.$largest(a)
            }

            #[inline(always)]
            fn sum<S: Isa>(simd: S, a: S::$vector) -> Self {
                simd.$sum(a)
            }

            #[inline(always)]
            fn transpose<S: Isa>(simd: S, vectors: &mut [S::$vector]) {
                simd.$transpose(vectors);
            }

            #[inline(always)]
            fn exp2_of_magic<S: Isa>(simd: S, a: S::$vector) -> S::$vector {
                simd.$from_bits(simd.$to_exponent(simd.$to_bits(a)))
            }

            #[inline(always)]
            fn split_exponent<S: Isa>(simd: S, a: S::$vector) -> (S::$vector, S::$vector) {
                // Counting from sqrt(1/2) instead of 1 puts the exponent's step there.
                const START: $bits = std::$float::consts::FRAC_1_SQRT_2.to_bits();
                const OFFSET: $bits = (1.0 as $float).to_bits() - START;
                const FRACTION: $bits = (1 << $mantissa) - 1;
                let counted = simd.$add_bits(simd.$to_bits(a), simd.$splat_bits(OFFSET));
                let fraction = simd.$and_bits(counted, simd.$splat_bits(FRACTION));
                let fraction = simd.$add_bits(fraction, simd.$splat_bits(START));
                let magic = simd.$splat_bits(Self::INTEGER_MAGIC.to_bits());
                let exponent = simd.$or_bits(simd.$exponent_of(counted), magic);
                let bias = simd.$splat(Self::INTEGER_MAGIC + Self::BIAS);
                (simd.$sub(simd.$from_bits(exponent), bias), simd.$from_bits(fraction))
            }
        }
    };
}

float! {
    f32 {
        const LN_2_HIGH: Self = 0.693_359_4;
        const LN_2_LOW: Self = -2.121_944_4e-4;
        const EXP_MIN: Self = -88.0;
        const EXPONENT_MAGIC: Self = 12_582_912.0 + 127.0;
        const INTEGER_MAGIC: Self = 8_388_608.0;
        const BIAS: Self = 127.0;
        const SCALE: Self = 16_777_216.0;
        const SCALE_LOG2: Self = 24.0;
        const EXP: &'static [Self] =
            &[0.499_999_93, 0.166_665_2, 0.041_668_394, 0.008_368_78, 0.001_381_446_7];
        const LN: LnSeries<Self> = LnSeries::Power(&[
            0.333_333_3,
            -0.250_008_2,
            0.200_012_27,
            -0.166_233_57,
            0.142_017_58,
            -0.131_601_82,
            0.127_615_77,
            -0.076_344_97,
        ]);
        const LN_1P_TO_1: LnSeries<Self> = LnSeries::Power(&[
            0.333_322_5,
            -0.249_750_99,
            0.197_743_24,
            -0.155_695_36,
            0.110_251_29,
            -0.060_921_46,
            0.021_875_413,
            -0.003_677_464,
        ]);
        const LN_1P_FROM_HALF: LnSeries<Self> = LnSeries::Power(&[
            0.333_309_9,
            -0.250_977_93,
            0.184_428_8,
            -0.293_477_45,
            -0.441_874_62,
            -1.685_888_8,
            -2.183_358_4,
            -1.617_254_9,
        ]);
    }
    bits u32, mantissa 23,
    vector f32s m32s as_simd_f32s as_mut_simd_f32s mask_load_ptr_f32s mask_store_ptr_f32s greater_than_f32s or_m32s any_m32s,
    splat_f32s add_f32s sub_f32s mul_f32s div_f32s multiply_add_f32s greater_f32s lesser_f32s abs_f32s neg_f32s sqrt_f32s equal_f32s
    select_f32s reduce_max_f32s reduce_sum_f32s transpose_f32s,
    transmute_u32s_f32s transmute_f32s_u32s splat_u32s add_u32s and_u32s or_u32s
    to_exponent_u32s exponent_of_u32s
}

float! {
    f64 {
        const LN_2_HIGH: Self = 0.693_147_180_369_123_8;
        const LN_2_LOW: Self = 1.908_214_929_270_587_7e-10;
        const EXP_MIN: Self = -709.0;
        const EXPONENT_MAGIC: Self = 6_755_399_441_055_744.0 + 1023.0;
        const INTEGER_MAGIC: Self = 4_503_599_627_370_496.0;
        const BIAS: Self = 1023.0;
        const SCALE: Self = 9_007_199_254_740_992.0;
        const SCALE_LOG2: Self = 53.0;
        const EXP: &'static [Self] = &[
            0.500_000_000_000_001_1,
            0.166_666_666_666_664_1,
            0.041_666_666_666_529_19,
            0.008_333_333_333_495_622,
            0.001_388_888_894_392_141,
            1.984_126_950_476_549_6e-4,
            2.480_149_276_393_473_5e-5,
            2.755_758_734_389_141e-6,
            2.763_037_825_069_975_8e-7,
            2.499_996_438_085_392e-8,
        ];
        const LN: LnSeries<Self> = LnSeries::Quotient(&[
            0.666_666_666_666_673_1,
            0.399_999_999_994_299_35,
            0.285_714_287_398_858_6,
            0.222_221_987_648_985_14,
            0.181_835_569_690_662_5,
            0.153_141_844_851_821_3,
            0.147_950_689_435_468_37,
        ]);
        const LN_1P_TO_1: LnSeries<Self> = LnSeries::Quotient(&[
            0.666_666_666_666_666_6,
            0.399_999_999_999_995_25,
            0.285_714_285_716_001,
            0.222_222_221_982_367_7,
            0.181_818_198_979_627_14,
            0.153_845_439_648_605_5,
            0.133_351_786_314_492_57,
            0.117_342_790_613_031_97,
            0.108_451_783_948_800_15,
            0.074_921_437_955_507_67,
            0.156_305_778_009_228_5,
        ]);
        const LN_1P_FROM_HALF: LnSeries<Self> = Self::LN_1P_TO_1;
    }
    bits u64, mantissa 52,
    vector f64s m64s as_simd_f64s as_mut_simd_f64s mask_load_ptr_f64s mask_store_ptr_f64s greater_than_f64s or_m64s any_m64s,
    splat_f64s add_f64s sub_f64s mul_f64s div_f64s multiply_add_f64s greater_f64s lesser_f64s abs_f64s neg_f64s sqrt_f64s equal_f64s
    select_f64s reduce_max_f64s reduce_sum_f64s transpose_f64s,
    transmute_u64s_f64s transmute_f64s_u64s splat_u64s add_u64s and_u64s or_u64s
    to_exponent_u64s exponent_of_u64s
}
