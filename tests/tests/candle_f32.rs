//! The suite on Candle in f32, where all operations are plain Burn ones.

#![allow(deprecated, reason = "Burn 0.21 calls its backend for Candle so")]

burn_loss_tests::suite!(burn_loss_tests::backend::Candle, ignore_gaps);
