//! The choice of the backend: one type parameter, and nothing else in an example depends on it.

use burn::backend::Autodiff;
use clap::ValueEnum;

/// The backends of the examples, by the name of their feature.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackendKind {
    /// `NdArray<f32>`
    Ndarray,
    /// `Flex`, the faster of the two on a CPU
    Flex,
    /// Needs `--features wgpu`
    Wgpu,
}

/// What `--backend ndarray` trains on.
pub type NdArray = Autodiff<burn::backend::NdArray>;

/// What `--backend flex` trains on.
pub type Flex = Autodiff<burn::backend::Flex>;

/// What `--backend wgpu` trains on.
#[cfg(feature = "wgpu")]
pub type Wgpu = Autodiff<burn::backend::Wgpu>;

/// Calls a generic function with the backend that a [`BackendKind`] names: `on_backend!(kind, run(arguments))` is
/// `run::<Autodiff<Flex>>(arguments)`, and so on.
///
/// The function returns a [`Result`](crate::Result); a backend that was not built in is an error, which names the
/// calling package.
///
/// ```
/// use burn::prelude::Backend;
/// use example_support::{BackendKind, Result, on_backend};
///
/// fn two<B: Backend>(ones: f32) -> Result<f32> {
///     let ones = burn::Tensor::<B, 1>::full([2], ones, &Default::default());
///     Ok(ones.sum().into_data().iter().next().unwrap())
/// }
///
/// assert_eq!(on_backend!(BackendKind::Flex, two(1.0)).unwrap(), 2.0);
/// ```
#[macro_export]
macro_rules! on_backend {
    ($kind:expr, $run:ident($($argument:expr),* $(,)?)) => {
        match $kind {
            $crate::BackendKind::Ndarray => $run::<$crate::backend::NdArray>($($argument),*),
            $crate::BackendKind::Flex => $run::<$crate::backend::Flex>($($argument),*),
            $crate::BackendKind::Wgpu => $crate::__on_wgpu!($run($($argument),*)),
        }
    };
}

// Two macros rather than a `cfg` in one: a `cfg` inside would ask for the features of the calling package.
#[cfg(feature = "wgpu")]
#[doc(hidden)]
#[macro_export]
macro_rules! __on_wgpu {
    ($run:ident($($argument:expr),*)) => {
        $run::<$crate::backend::Wgpu>($($argument),*)
    };
}

#[cfg(not(feature = "wgpu"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __on_wgpu {
    ($run:ident($($argument:expr),*)) => {
        $crate::Result::Err($crate::backend::without_wgpu(env!("CARGO_PKG_NAME")).into())
    };
}

/// Says how to build `package` with wgpu.
#[cfg(not(feature = "wgpu"))]
#[doc(hidden)]
pub fn without_wgpu(package: &str) -> String {
    format!(
        "this binary was built without the wgpu backend; \
         build it with `cargo run --release -p {package} --features wgpu -- --backend wgpu`"
    )
}
