//! The suite on NdArray in f32.

burn_loss_tests::suite!(burn::backend::NdArray<f32>);
