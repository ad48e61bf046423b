//! Gradients against central differences of the same function in f64 on NdArray.

/// Compares the gradient of a function `fn<B: LossBackend>(Tensor<B, D>) -> Tensor<B, 1>`, at these numbers of this shape.
macro_rules! compare_gradient {
    ($backend:ty, $function:ident, $at:expr, $shape:expr) => {{
        use burn::backend::{Autodiff, NdArray};
        use $crate::backend::{TestBackend, Tolerance};
        use $crate::compare::{assert_close, numbers};
        use $crate::fixture::tensor;

        const STEP: f64 = 1e-5;
        // Burn has one default type a device, that of whoever uses it first: it is to be that of the backend under test.
        burn::tensor::Tensor::<$backend, 1>::zeros([1], &<$backend as TestBackend>::device());
        let (at, shape) = ($at, $shape);
        let value = |at: &[f64]| {
            let at = tensor::<NdArray<f64>, _>(at, &shape, &Default::default());
            numbers($function::<NdArray<f64>>(at))[0]
        };
        let expected: Vec<f64> = (0..at.len())
            .map(|index| {
                let (mut above, mut below) = (at.to_vec(), at.to_vec());
                above[index] += STEP;
                below[index] -= STEP;
                (value(&above) - value(&below)) / (2.0 * STEP)
            })
            .collect();
        let device = <$backend as TestBackend>::device();
        let leaf = tensor::<Autodiff<$backend>, _>(&at, &shape, &device).require_grad();
        let gradients = $function::<Autodiff<$backend>>(leaf.clone()).backward();
        let found = numbers(leaf.grad(&gradients).expect("it is tracked"));
        // What the differences themselves leave: the step squared, and rounding over the step.
        let tolerance = Tolerance {
            relative: <$backend as TestBackend>::TOLERANCE.relative.max(1e-7),
            absolute: <$backend as TestBackend>::TOLERANCE.absolute.max(1e-9),
        };
        assert_close(stringify!($function), &found, &expected, tolerance);
    }};
}
pub(crate) use compare_gradient;
