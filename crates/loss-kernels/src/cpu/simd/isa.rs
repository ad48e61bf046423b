//! Instruction sets: which ones the processor has, and running a kernel compiled for one of them.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{__m256, __m256d, _MM_HINT_T0, _mm_prefetch};
use std::fmt;

use pulp::Scalar;
#[cfg(target_arch = "aarch64")]
use pulp::aarch64::Neon;
#[cfg(target_arch = "x86_64")]
use pulp::cast;
#[cfg(target_arch = "x86_64")]
use pulp::x86::{V3, V4};
use pulp::{Simd, bytemuck};

/// What the kernels ask of an instruction set beyond [`pulp::Simd`].
///
/// The defaults are right everywhere; an instruction set overrides what the compiler does not find by itself.
pub trait Isa: Simd {
    /// `a` where `a > b`, else `b`: `b` if either is NaN, which `pulp` leaves to the processor.
    #[inline(always)]
    fn greater_f32s(self, a: Self::f32s, b: Self::f32s) -> Self::f32s {
        self.select_f32s(self.greater_than_f32s(a, b), a, b)
    }

    /// `a` where `a > b`, else `b`: `b` if either is NaN.
    #[inline(always)]
    fn greater_f64s(self, a: Self::f64s, b: Self::f64s) -> Self::f64s {
        self.select_f64s(self.greater_than_f64s(a, b), a, b)
    }

    /// `a` where `a < b`, else `b`: `b` if either is NaN.
    #[inline(always)]
    fn lesser_f32s(self, a: Self::f32s, b: Self::f32s) -> Self::f32s {
        self.select_f32s(self.greater_than_f32s(b, a), a, b)
    }

    /// `a * b + c`, rounded once or twice, whichever is faster.
    #[inline(always)]
    fn multiply_add_f32s(self, a: Self::f32s, b: Self::f32s, c: Self::f32s) -> Self::f32s {
        self.mul_add_e_f32s(a, b, c)
    }

    /// `a` where `a < b`, else `b`: `b` if either is NaN.
    #[inline(always)]
    fn lesser_f64s(self, a: Self::f64s, b: Self::f64s) -> Self::f64s {
        self.select_f64s(self.greater_than_f64s(b, a), a, b)
    }

    /// `a * b + c`, rounded once or twice, whichever is faster.
    #[inline(always)]
    fn multiply_add_f64s(self, a: Self::f64s, b: Self::f64s, c: Self::f64s) -> Self::f64s {
        self.mul_add_e_f64s(a, b, c)
    }

    /// Whether the mask holds in any lane.
    #[inline(always)]
    fn any_m32s(self, mask: Self::m32s) -> bool {
        self.first_true_m32s(mask) < Self::F32_LANES
    }

    /// Whether the mask holds in any lane.
    #[inline(always)]
    fn any_m64s(self, mask: Self::m64s) -> bool {
        self.first_true_m64s(mask) < Self::F64_LANES
    }

    /// Asks for the memory at this address, which need not be the program's, so that it is near when it is read.
    #[inline(always)]
    fn prefetch<T>(self, _address: *const T) {}

    /// Turns as many vectors as there are lanes, the first of these, from rows to columns.
    #[inline(always)]
    fn transpose_f32s(self, vectors: &mut [Self::f32s]) {
        swap_lanes(Self::F32_LANES, bytemuck::cast_slice_mut::<_, f32>(vectors));
    }

    /// Turns as many vectors as there are lanes, the first of these, from rows to columns.
    #[inline(always)]
    fn transpose_f64s(self, vectors: &mut [Self::f64s]) {
        swap_lanes(Self::F64_LANES, bytemuck::cast_slice_mut::<_, f64>(vectors));
    }

    /// Moves the low bits into the exponent field.
    #[inline(always)]
    fn to_exponent_u32s(self, a: Self::u32s) -> Self::u32s {
        self.wrapping_dyn_shl_u32s(a, self.splat_u32s(23))
    }

    /// Moves the exponent field into the low bits.
    #[inline(always)]
    fn exponent_of_u32s(self, a: Self::u32s) -> Self::u32s {
        self.wrapping_dyn_shr_u32s(a, self.splat_u32s(23))
    }

    /// Moves the low bits into the exponent field.
    #[inline(always)]
    fn to_exponent_u64s(self, a: Self::u64s) -> Self::u64s {
        each_u64(a, |bits| bits << 52)
    }

    /// Moves the exponent field into the low bits.
    #[inline(always)]
    fn exponent_of_u64s(self, a: Self::u64s) -> Self::u64s {
        each_u64(a, |bits| bits >> 52)
    }
}

/// `pulp` has no shift of 64-bit lanes; the compiler turns this loop into one where there is one.
#[inline(always)]
fn each_u64<V: bytemuck::Pod>(mut vector: V, f: impl Fn(u64) -> u64) -> V {
    for bits in bytemuck::cast_slice_mut(std::slice::from_mut(&mut vector)) {
        *bits = f(*bits);
    }
    vector
}

/// Swaps rows and columns of a square matrix.
#[inline(always)]
fn swap_lanes<F>(lanes: usize, matrix: &mut [F]) {
    for row in 0..lanes {
        for column in 0..row {
            matrix.swap(row * lanes + column, column * lanes + row);
        }
    }
}

/// Swaps rows and columns of `N` vectors of `N` lanes, the first of these: `merge` makes two vectors of two by taking lanes
/// of both in turn, and doing that `log2(N)` times moves every number to its place.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn merge_lanes<V: Copy, const N: usize>(vectors: &mut [V], merge: impl Fn(V, V) -> [V; 2]) {
    let mut rows: [V; N] = std::array::from_fn(|i| vectors[i]);
    for _ in 0..N.ilog2() {
        let before = rows;
        for i in 0..N / 2 {
            [rows[2 * i], rows[2 * i + 1]] = merge(before[i], before[i + N / 2]);
        }
    }
    for (vector, row) in vectors.iter_mut().zip(rows) {
        *vector = row;
    }
}

impl Isa for Scalar {}

#[cfg(target_arch = "aarch64")]
impl Isa for Neon {}

/// x86's `max` and `min` return their second operand if either is NaN: what is asked for, in one instruction.
#[cfg(target_arch = "x86_64")]
macro_rules! isa_x86 {
    ($($isa:ty { $($more:item)* })*) => {$(
        impl Isa for $isa {
            $($more)*

            #[inline(always)]
            fn prefetch<T>(self, address: *const T) {
                // SAFETY: a prefetch reads nothing and never faults, whatever the address.
                unsafe { _mm_prefetch::<_MM_HINT_T0>(address.cast()) };
            }

            #[inline(always)]
            fn greater_f32s(self, a: Self::f32s, b: Self::f32s) -> Self::f32s {
                self.max_f32s(a, b)
            }

            #[inline(always)]
            fn greater_f64s(self, a: Self::f64s, b: Self::f64s) -> Self::f64s {
                self.max_f64s(a, b)
            }

            #[inline(always)]
            fn lesser_f32s(self, a: Self::f32s, b: Self::f32s) -> Self::f32s {
                self.min_f32s(a, b)
            }

            #[inline(always)]
            fn lesser_f64s(self, a: Self::f64s, b: Self::f64s) -> Self::f64s {
                self.min_f64s(a, b)
            }
        }
    )*};
}

#[cfg(target_arch = "x86_64")]
isa_x86! {
    V3 {
        #[inline(always)]
        fn any_m32s(self, mask: Self::m32s) -> bool {
            self.avx._mm256_movemask_ps(cast(mask)) != 0
        }

        #[inline(always)]
        fn any_m64s(self, mask: Self::m64s) -> bool {
            self.avx._mm256_movemask_pd(cast(mask)) != 0
        }

        #[inline(always)]
        fn transpose_f32s(self, vectors: &mut [Self::f32s]) {
            let avx = self.avx;
            let rows: [__m256; 8] = std::array::from_fn(|i| cast(vectors[i]));
            // Pairs of rows within the halves of a vector, pairs of pairs, and then the halves.
            let pairs: [__m256d; 8] = std::array::from_fn(|i| {
                let (a, b) = (rows[i / 2 * 2], rows[i / 2 * 2 + 1]);
                cast(match i % 2 {
                    0 => avx._mm256_unpacklo_ps(a, b),
                    _ => avx._mm256_unpackhi_ps(a, b),
                })
            });
            let columns: [__m256; 8] = std::array::from_fn(|i| {
                let first = i / 4 * 4 + i % 4 / 2;
                let (a, b) = (pairs[first], pairs[first + 2]);
                cast(match i % 2 {
                    0 => avx._mm256_unpacklo_pd(a, b),
                    _ => avx._mm256_unpackhi_pd(a, b),
                })
            });
            for i in 0..4 {
                let (a, b) = (columns[i], columns[i + 4]);
                vectors[i] = cast(avx._mm256_permute2f128_ps::<0x20>(a, b));
                vectors[i + 4] = cast(avx._mm256_permute2f128_ps::<0x31>(a, b));
            }
        }

        #[inline(always)]
        fn transpose_f64s(self, vectors: &mut [Self::f64s]) {
            let avx = self.avx;
            let rows: [__m256d; 4] = std::array::from_fn(|i| cast(vectors[i]));
            let columns: [__m256d; 4] = std::array::from_fn(|i| {
                let (a, b) = (rows[i / 2 * 2], rows[i / 2 * 2 + 1]);
                match i % 2 {
                    0 => avx._mm256_unpacklo_pd(a, b),
                    _ => avx._mm256_unpackhi_pd(a, b),
                }
            });
            for i in 0..2 {
                let (a, b) = (columns[i], columns[i + 2]);
                vectors[i] = cast(avx._mm256_permute2f128_pd::<0x20>(a, b));
                vectors[i + 2] = cast(avx._mm256_permute2f128_pd::<0x31>(a, b));
            }
        }
    }
    V4 {
        #[inline(always)]
        fn transpose_f32s(self, vectors: &mut [Self::f32s]) {
            // Lanes from 16 on are those of the second vector.
            const LOW: [u32; 16] = [0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23];
            const HIGH: [u32; 16] = [8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31];
            merge_lanes::<_, 16>(vectors, #[inline(always)] |a, b| {
                [LOW, HIGH].map(|lanes| {
                    let merged = self.avx512f._mm512_permutex2var_ps(cast(a), cast(lanes), cast(b));
                    cast(merged)
                })
            });
        }

        #[inline(always)]
        fn transpose_f64s(self, vectors: &mut [Self::f64s]) {
            const LOW: [u64; 8] = [0, 8, 1, 9, 2, 10, 3, 11];
            const HIGH: [u64; 8] = [4, 12, 5, 13, 6, 14, 7, 15];
            merge_lanes::<_, 8>(vectors, #[inline(always)] |a, b| {
                [LOW, HIGH].map(|lanes| {
                    let merged = self.avx512f._mm512_permutex2var_pd(cast(a), cast(lanes), cast(b));
                    cast(merged)
                })
            });
        }
    }
}

/// A computation that can be compiled for any instruction set.
pub trait Kernel {
    /// What it finds.
    type Output;

    /// Runs it. An implementation is `#[inline(always)]`, or it is compiled for the oldest processor.
    fn run<S: Isa>(self, simd: S) -> Self::Output;
}

/// An instruction set that this processor has. Each is compiled for, so that there is none for the few x86 processors that
/// are without AVX2.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Arch {
    /// One lane: any processor.
    Scalar,
    /// AVX2 and FMA.
    #[cfg(target_arch = "x86_64")]
    V3(V3),
    /// AVX-512.
    #[cfg(target_arch = "x86_64")]
    V4(V4),
    /// NEON.
    #[cfg(target_arch = "aarch64")]
    Neon(Neon),
}

#[cfg(test)]
thread_local! {
    /// What [`Arch::detect`] finds on this thread.
    static FORCED: std::cell::Cell<Option<Arch>> = const { std::cell::Cell::new(None) };
}

impl fmt::Debug for Arch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the list of features that the tokens hold.
        f.write_str(match self {
            Arch::Scalar => "Scalar",
            #[cfg(target_arch = "x86_64")]
            Arch::V3(_) => "V3",
            #[cfg(target_arch = "x86_64")]
            Arch::V4(_) => "V4",
            #[cfg(target_arch = "aarch64")]
            Arch::Neon(_) => "Neon",
        })
    }
}

impl Arch {
    /// The best one.
    pub fn detect() -> Self {
        #[cfg(test)]
        if let Some(forced) = FORCED.get() {
            return forced;
        }
        Self::available().next().unwrap_or(Arch::Scalar)
    }

    /// Runs a test as on a processor that has no better one; its tasks go where they always do.
    #[cfg(test)]
    pub(crate) fn force<R>(self, run: impl FnOnce() -> R) -> R {
        let before = FORCED.replace(Some(self));
        let result = run();
        FORCED.set(before);
        result
    }

    /// All of them, the best first.
    pub fn available() -> impl Iterator<Item = Self> {
        #[cfg(target_arch = "x86_64")]
        let vector = [V4::try_new().map(Arch::V4), V3::try_new().map(Arch::V3)];
        #[cfg(target_arch = "aarch64")]
        let vector = [Neon::try_new().map(Arch::Neon)];
        #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
        let vector = [None];
        vector.into_iter().flatten().chain([Arch::Scalar])
    }

    /// Runs the kernel with this instruction set.
    ///
    /// Inlined, so that each kernel is compiled with the module that calls it: all in one piece would take one thread.
    #[inline(always)]
    pub(crate) fn run<K: Kernel>(self, kernel: K) -> K::Output {
        match self {
            Arch::Scalar => kernel.run(Scalar::new()),
            #[cfg(target_arch = "x86_64")]
            Arch::V3(simd) => Simd::vectorize(
                simd,
                #[inline(always)]
                || kernel.run(simd),
            ),
            #[cfg(target_arch = "x86_64")]
            Arch::V4(simd) => Simd::vectorize(
                simd,
                #[inline(always)]
                || kernel.run(simd),
            ),
            #[cfg(target_arch = "aarch64")]
            Arch::Neon(simd) => Simd::vectorize(
                simd,
                #[inline(always)]
                || kernel.run(simd),
            ),
        }
    }
}
