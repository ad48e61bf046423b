//! The backends that have no kernels of their own.

#[cfg(feature = "cubecl")]
mod cubecl {
    use burn_cubecl::{BoolElement, CubeBackend, CubeRuntime, FloatElement, IntElement};

    impl<R, F, I, BT> crate::LossBackend for CubeBackend<R, F, I, BT>
    where
        R: CubeRuntime,
        F: FloatElement,
        I: IntElement,
        BT: BoolElement,
    {
    }
}

#[cfg(feature = "fusion")]
impl<B: burn_fusion::FusionBackend> crate::LossBackend for burn_fusion::Fusion<B> {}
