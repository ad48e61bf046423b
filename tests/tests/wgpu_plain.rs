//! The suite on wgpu without fusion, and what only wgpu has.

burn_loss_tests::suite!(burn_loss_tests::backend::WgpuPlain, ignore_products);

mod wgpu_alone {
    use burn_loss_tests::wgpu;

    #[test]
    fn logits_of_16_bits_are_computed_in_32() {
        wgpu::logits_of_16_bits_are_computed_in_32();
    }

    #[test]
    fn classes_of_64_bits_are_the_same() {
        wgpu::classes_of_64_bits_are_the_same();
    }
}
