//! The suite on wgpu as Burn ships it, with fusion.

burn_loss_tests::suite!(burn_loss_tests::backend::WgpuFusion, ignore_products);
