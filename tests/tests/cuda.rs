//! The suite on CUDA, as Burn ships it, with fusion.

burn_loss_tests::suite!(burn::backend::Cuda);
