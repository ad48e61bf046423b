//! Instruction sets: which ones the processor has, and running a kernel compiled for one of them.

use std::fmt;

use pulp::Scalar;
#[cfg(target_arch = "aarch64")]
use pulp::aarch64::Neon;
#[cfg(target_arch = "x86_64")]
use pulp::x86::{V2, V3, V4};
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

    /// `a * b + c`, rounded once or twice, whichever is faster.
    #[inline(always)]
    fn multiply_add_f32s(self, a: Self::f32s, b: Self::f32s, c: Self::f32s) -> Self::f32s {
        self.mul_add_e_f32s(a, b, c)
    }

    /// `a * b + c`, rounded once or twice, whichever is faster.
    #[inline(always)]
    fn multiply_add_f64s(self, a: Self::f64s, b: Self::f64s, c: Self::f64s) -> Self::f64s {
        self.mul_add_e_f64s(a, b, c)
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

impl Isa for Scalar {}

#[cfg(target_arch = "aarch64")]
impl Isa for Neon {}

/// x86's `max` returns its second operand if either is NaN: what is asked for, in one instruction.
#[cfg(target_arch = "x86_64")]
macro_rules! isa_x86 {
    ($($isa:ty { $($more:item)* })*) => {$(
        impl Isa for $isa {
            $($more)*

            #[inline(always)]
            fn greater_f32s(self, a: Self::f32s, b: Self::f32s) -> Self::f32s {
                self.max_f32s(a, b)
            }

            #[inline(always)]
            fn greater_f64s(self, a: Self::f64s, b: Self::f64s) -> Self::f64s {
                self.max_f64s(a, b)
            }
        }
    )*};
}

#[cfg(target_arch = "x86_64")]
isa_x86! {
    V2 {
        // `pulp` calls a function for each lane of a fused multiply-add here: 200 times slower than two roundings.
        #[inline(always)]
        fn multiply_add_f32s(self, a: Self::f32s, b: Self::f32s, c: Self::f32s) -> Self::f32s {
            self.add_f32s(self.mul_f32s(a, b), c)
        }

        #[inline(always)]
        fn multiply_add_f64s(self, a: Self::f64s, b: Self::f64s, c: Self::f64s) -> Self::f64s {
            self.add_f64s(self.mul_f64s(a, b), c)
        }
    }
    V3 {}
    V4 {}
}

/// A computation that can be compiled for any instruction set.
pub trait Kernel {
    /// Runs it. An implementation is `#[inline(always)]`, or it is compiled for the oldest processor.
    fn run<S: Isa>(self, simd: S);
}

/// An instruction set that this processor has.
#[derive(Clone, Copy)]
pub enum Arch {
    /// One lane: any processor.
    Scalar,
    /// SSE 4.2.
    #[cfg(target_arch = "x86_64")]
    V2(V2),
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

impl fmt::Debug for Arch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the list of features that the tokens hold.
        f.write_str(match self {
            Arch::Scalar => "Scalar",
            #[cfg(target_arch = "x86_64")]
            Arch::V2(_) => "V2",
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
        Self::available().next().unwrap_or(Arch::Scalar)
    }

    /// All of them, the best first.
    pub fn available() -> impl Iterator<Item = Self> {
        #[cfg(target_arch = "x86_64")]
        let vector = [
            V4::try_new().map(Arch::V4),
            V3::try_new().map(Arch::V3),
            V2::try_new().map(Arch::V2),
        ];
        #[cfg(target_arch = "aarch64")]
        let vector = [Neon::try_new().map(Arch::Neon)];
        #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
        let vector = [None];
        vector.into_iter().flatten().chain([Arch::Scalar])
    }

    /// Runs the kernel with this instruction set.
    pub(super) fn run(self, kernel: impl Kernel) {
        match self {
            Arch::Scalar => kernel.run(Scalar::new()),
            #[cfg(target_arch = "x86_64")]
            Arch::V2(simd) => Simd::vectorize(
                simd,
                #[inline(always)]
                || kernel.run(simd),
            ),
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
