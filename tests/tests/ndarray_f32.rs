//! The suite on NdArray in f32.

burn_loss_tests::suite!(burn::backend::NdArray<f32>);

/// On one backend: the kernel is the same on all hosts.
#[test]
fn more_logits_than_32_bits_count() {
    burn_loss_tests::suite::linear_targets::more_logits_than_32_bits_count::<
        burn::backend::NdArray<f32>,
    >();
}
