//! The suite on wgpu without fusion.

burn_loss_tests::suite!(burn_loss_tests::backend::WgpuPlain);
