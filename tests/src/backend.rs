//! The backends under test, and how closely each has to agree with the reference.

use std::sync::OnceLock;

#[allow(deprecated, reason = "by Burn 0.21, which has it all the same")]
pub use burn::backend::Candle;
use burn::backend::wgpu::graphics::AutoGraphicsApi;
use burn::backend::wgpu::{
    CubeBackend, WgpuDevice, WgpuRuntime, WgpuSetup, init_device, init_setup,
};
use burn::backend::{Flex, NdArray, Wgpu};
use burn::tensor::{DType, Element};
use burn_loss::LossBackend;

/// How closely two numbers have to agree: within either bound.
#[derive(Clone, Copy, Debug)]
pub struct Tolerance {
    /// Relative to the larger of the two.
    pub relative: f64,
    /// In the unit of the numbers; what rounding leaves where terms cancel.
    pub absolute: f64,
}

const F64: Tolerance = Tolerance {
    relative: 1e-11,
    absolute: 1e-14,
};
const F32: Tolerance = Tolerance {
    relative: 1e-5,
    absolute: 1e-6,
};
/// Where the sum over a row's classes is one running total.
const F32_IN_ONE_TOTAL: Tolerance = Tolerance {
    relative: 1e-5,
    absolute: 2e-6,
};
const F32_ON_GPU: Tolerance = Tolerance {
    relative: 1e-4,
    absolute: 2e-6,
};

/// Below this a number of the backend's type, or one that it was made of, has lost digits, or is 0.
pub fn least_number<B: TestBackend>() -> f64 {
    match B::FloatElem::dtype() {
        DType::F64 => 1e-307,
        _ => 1e-37,
    }
}

/// What one rounding may be off by, relative to the number.
pub fn rounding<B: TestBackend>() -> f64 {
    match B::FloatElem::dtype() {
        // The reference has the same roundings.
        DType::F64 => 2.0 * f64::EPSILON,
        _ if B::ON_HOST => f32::EPSILON.into(),
        // Functions and sums of others are less exact.
        _ => 2.0 * f64::from(f32::EPSILON),
    }
}

/// A backend under test.
pub trait TestBackend: LossBackend {
    /// How closely it has to agree with the reference.
    const TOLERANCE: Tolerance;
    /// Whether a wrong target panics at the call; elsewhere its row is NaN.
    const CHECKS_TARGETS: bool;
    /// Whether what is computed of NaN is NaN in all of Burn's operations.
    const CARRIES_NAN: bool;
    /// Whether Burn 0.21 has tensors without elements there.
    const HAS_EMPTY_TENSORS: bool;
    /// Whether Burn 0.21 has tensors of 16 bits there.
    const HAS_HALVES: bool;
    /// How many cases a property test tries.
    const PROPERTY_CASES: u32;
    /// Of how many cases of a loss in plain Burn operations one is run: a software driver compiles each shape's kernels
    /// for seconds.
    const ONE_OF: usize;
    /// Whether operations go through burn-fusion. A test takes there what it takes without, and more: the first losses stand for
    /// all, which run without it.
    const FUSED: bool;

    /// The device, after making sure that it is there.
    fn device() -> Self::Device;

    /// Another device, where the backend has two.
    fn other_device() -> Option<Self::Device> {
        None
    }
}

macro_rules! on_cpu {
    ($backend:ty, $tolerance:expr, on_host: $on_host:literal, halves: $has_halves:literal) => {
        impl TestBackend for $backend {
            const TOLERANCE: Tolerance = $tolerance;
            const CHECKS_TARGETS: bool = $on_host;
            const CARRIES_NAN: bool = true;
            const HAS_EMPTY_TENSORS: bool = $on_host;
            const HAS_HALVES: bool = $has_halves;
            const PROPERTY_CASES: u32 = 64;
            const ONE_OF: usize = 1;
            const FUSED: bool = false;

            fn device() -> Self::Device {
                Default::default()
            }
        }
    };
}

macro_rules! on_gpu {
    ($backend:ty, fused: $fused:literal, $device:expr, $other_device:expr) => {
        impl TestBackend for $backend {
            const TOLERANCE: Tolerance = F32_ON_GPU;
            const CHECKS_TARGETS: bool = false;
            const CARRIES_NAN: bool = false;
            const HAS_EMPTY_TENSORS: bool = false;
            const HAS_HALVES: bool = true;
            const PROPERTY_CASES: u32 = 6;
            const ONE_OF: usize = 12;
            const FUSED: bool = $fused;

            fn device() -> Self::Device {
                $device
            }

            fn other_device() -> Option<Self::Device> {
                $other_device
            }
        }
    };
}

on_cpu!(NdArray<f32>, F32, on_host: true, halves: false);
on_cpu!(NdArray<f64>, F64, on_host: true, halves: false);
on_cpu!(Flex, F32, on_host: true, halves: true);
#[allow(deprecated)]
mod on_candle {
    use super::*;
    on_cpu!(Candle, F32_IN_ONE_TOTAL, on_host: false, halves: true);
}

/// wgpu as Burn ships it, with fusion.
pub type WgpuFusion = Wgpu;
/// wgpu without fusion.
pub type WgpuPlain = CubeBackend<WgpuRuntime, f32, i32, u32>;

on_gpu!(WgpuFusion, fused: true, first_device(), Some(second_device()));
on_gpu!(WgpuPlain, fused: false, first_device(), Some(second_device()));
#[cfg(feature = "cuda")]
on_gpu!(burn::backend::Cuda, fused: true, Default::default(), None);

/// wgpu's default device, set up once. Fails with what to do where there is no adapter; skipping would call an untested
/// backend tested.
fn set_up() -> &'static WgpuSetup {
    static FOUND: OnceLock<Option<WgpuSetup>> = OnceLock::new();
    let found = FOUND.get_or_init(|| {
        let set_up = || init_setup::<AutoGraphicsApi>(&WgpuDevice::default(), Default::default());
        std::panic::catch_unwind(set_up).ok()
    });
    found.as_ref().expect(
        "wgpu found no adapter. On a machine without a GPU, install a software Vulkan driver: \
         on Debian, `apt-get install mesa-vulkan-drivers libvulkan1`.",
    )
}

fn first_device() -> WgpuDevice {
    set_up();
    WgpuDevice::default()
}

/// The same adapter under another name, with a queue and memory of its own.
fn second_device() -> WgpuDevice {
    static SECOND: OnceLock<WgpuDevice> = OnceLock::new();
    let second = SECOND.get_or_init(|| init_device(set_up().clone(), Default::default()));
    second.clone()
}
