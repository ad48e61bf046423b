//! The suite on Flex in f32.

burn_loss_tests::suite!(burn::backend::Flex);
