//! Backends without kernels of ours: every operation in plain Burn operations.

// Burn 0.21 calls it deprecated; it is there, and works.
#[cfg(feature = "candle")]
#[allow(deprecated)]
impl<F, I> crate::LossBackend for burn_candle::Candle<F, I>
where
    F: burn_candle::FloatCandleElement,
    I: burn_candle::IntCandleElement,
{
}

#[cfg(feature = "tch")]
impl<E: burn_tch::TchElement> crate::LossBackend for burn_tch::LibTorch<E> {}

/// What a router sends elsewhere, Burn's remote backend among it.
#[cfg(feature = "router")]
impl<R: burn_router::RunnerChannel> crate::LossBackend for burn_router::BackendRouter<R> {}
