//! Who implements [`LossBackend`](crate::LossBackend), and with what.
//!
//! | file | backend |
//! | --- | --- |
//! | `ndarray`, `flex` | the kernels of `loss-kernels`, on memory that the backend owns; `host` and `host_linear` are what they share |
//! | `cube` (beside this folder) | `CubeBackend`: the CubeCL kernels |
//! | `autodiff` | `Autodiff<B>`: what `B` does, and a backward node |
//! | `composed` | `Candle`, `LibTorch`, `BackendRouter`: plain Burn operations |
//! | `fusion` | `Fusion<B>`: what `B` does, between what Burn fuses |

#[cfg(feature = "autodiff")]
mod autodiff;
mod composed;
#[cfg(feature = "flex")]
mod flex;
#[cfg(feature = "fusion")]
mod fusion;
#[cfg(feature = "cpu")]
mod host;
#[cfg(feature = "cpu")]
mod host_linear;
#[cfg(feature = "ndarray")]
mod ndarray;
