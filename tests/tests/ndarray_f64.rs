//! The suite on NdArray in f64.

burn_loss_tests::suite!(burn::backend::NdArray<f64>);
