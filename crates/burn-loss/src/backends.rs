//! What a feature promises: that the backend of its name has the losses. Without that the crate does not compile.

#![allow(dead_code, deprecated, reason = "for the compiler alone")]

use burn::tensor::backend::Backend;
use burn_loss_kernels::LossBackend;

fn has_losses<B: LossBackend + Backend>() {}

#[cfg(feature = "ndarray")]
const NDARRAY: fn() = has_losses::<burn::backend::NdArray>;
#[cfg(feature = "flex")]
const FLEX: fn() = has_losses::<burn::backend::Flex>;
#[cfg(feature = "wgpu")]
const WGPU: fn() = has_losses::<burn::backend::Wgpu>;
#[cfg(feature = "vulkan")]
const VULKAN: fn() = has_losses::<burn::backend::Vulkan>;
#[cfg(feature = "metal")]
const METAL: fn() = has_losses::<burn::backend::Metal>;
#[cfg(feature = "webgpu")]
const WEBGPU: fn() = has_losses::<burn::backend::WebGpu>;
#[cfg(feature = "cuda")]
const CUDA: fn() = has_losses::<burn::backend::Cuda>;
#[cfg(feature = "rocm")]
const ROCM: fn() = has_losses::<burn::backend::Rocm>;
#[cfg(feature = "cpu")]
const CPU: fn() = has_losses::<burn::backend::Cpu>;
#[cfg(feature = "candle")]
const CANDLE: fn() = has_losses::<burn::backend::Candle>;
#[cfg(feature = "tch")]
const LIBTORCH: fn() = has_losses::<burn::backend::LibTorch>;
#[cfg(feature = "remote")]
const REMOTE: fn() = has_losses::<burn::backend::RemoteBackend>;
#[cfg(all(feature = "autodiff", feature = "ndarray"))]
const AUTODIFF: fn() = has_losses::<burn::backend::Autodiff<burn::backend::NdArray>>;
#[cfg(all(feature = "router", feature = "ndarray", feature = "flex"))]
const ROUTER: fn() =
    has_losses::<burn::backend::Router<(burn::backend::NdArray, burn::backend::Flex)>>;
