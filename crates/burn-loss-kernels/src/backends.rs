//! Which of Burn's backends are [`LossBackend`](crate::LossBackend)s, and how.

#[cfg(feature = "ndarray")]
mod ndarray {
    use burn_ndarray::{
        FloatNdArrayElement, IntNdArrayElement, NdArray, NdArrayTensor, QuantElement, SharedArray,
    };

    impl<E, I, Q> crate::LossBackend for NdArray<E, I, Q>
    where
        E: FloatNdArrayElement,
        I: IntNdArrayElement,
        Q: QuantElement,
        NdArrayTensor: From<SharedArray<E>> + From<SharedArray<I>>,
    {
    }
}

#[cfg(feature = "flex")]
impl crate::LossBackend for burn_flex::Flex {}

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
