//! What only wgpu has: logits of 16 bits, and classes of 64 beside those of 32.

use burn::backend::wgpu::{CubeBackend, WgpuDevice, WgpuRuntime};
use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use burn::tensor::{DType, Element, Int, Tensor, TensorData, TensorMetadata, f16};
use burn_loss_kernels::{Columns, LossBackend, RowTargets, SmoothWeights};

use crate::backend::{TestBackend, WgpuPlain};
use crate::compare::{assert_close, numbers};
use crate::suite::kernels::{primitive, tensor};

type F16 = CubeBackend<WgpuRuntime, f16, i32, u32>;
type I64 = CubeBackend<WgpuRuntime, f32, i64, u32>;

const SHAPES: [[usize; 3]; 5] = [
    [5, 10, 1],
    [4, 33, 1],
    [3, 1000, 1],
    [2, 24, 16],
    [1, 40_000, 1],
];

/// Numbers that 16 bits hold.
fn halves(count: usize) -> Vec<f32> {
    let exact = |i: usize| f16::from_f32((i as f32 * 0.7).sin() * 4.0).to_f32();
    (0..count).map(exact).collect()
}

/// The terms and the gradient of the same rows on any backend.
fn run<B: LossBackend<Device = WgpuDevice>>(shape: [usize; 3], dtype: DType) -> [Vec<f64>; 2] {
    fn float<B: Backend<Device = WgpuDevice>, const D: usize>(
        shape: [usize; D],
        dtype: DType,
    ) -> Tensor<B, D> {
        let data = TensorData::new(halves(shape.iter().product()), shape);
        Tensor::from_data(data, (&WgpuPlain::device(), dtype))
    }
    let [n, c, s] = shape;
    let (rows, classes) = (n * s, 0..(n * s) as i64);
    let classes: Vec<i64> = classes.map(|row| row * 5 % (c as i64 + 2) - 1).collect();
    let classes = Tensor::<B, 1, Int>::from_data(
        TensorData::new(classes, [rows]),
        (&WgpuPlain::device(), B::IntElem::dtype()),
    );
    let targets = RowTargets::<B> {
        classes: Some(classes.into_primitive()),
        ignore_index: Some(-1),
        smooth: SmoothWeights::PerLogit(primitive(float::<B, 3>(shape, dtype).abs() / 64.0)),
    };
    let logits: FloatTensor<B> = primitive(float::<B, 3>(shape, dtype));
    let out = B::softmax_terms(logits.clone(), targets.clone(), Columns::All);
    let grad = primitive(float::<B, 2>([rows, 3], dtype));
    let grad = B::softmax_terms_backward(logits, targets, out.normalizer, grad);
    assert_eq!([out.terms.dtype(), grad.dtype()], [dtype; 2]);
    [
        numbers(tensor::<B, 2>(out.terms)),
        numbers(tensor::<B, 3>(grad)),
    ]
}

/// One rounding to 16 bits at the end, not one an addition.
pub fn logits_of_16_bits_are_computed_in_32() {
    let device = WgpuPlain::device();
    assert!(
        F16::supports_dtype(&device, DType::F16),
        "the device has no f16"
    );
    let tolerance = crate::backend::Tolerance {
        relative: 1e-3,
        absolute: 1e-3,
    };
    for shape in SHAPES {
        let wide = run::<WgpuPlain>(shape, DType::F32);
        let narrow = run::<F16>(shape, DType::F16);
        for (narrow, wide) in narrow.iter().zip(&wide) {
            assert_close(&format!("{shape:?}"), narrow, wide, tolerance);
        }
    }
}

pub fn classes_of_64_bits_are_the_same() {
    for shape in SHAPES {
        let narrow = run::<WgpuPlain>(shape, DType::F32);
        let wide = run::<I64>(shape, DType::F32);
        // Compared as text, in which NaN equals itself.
        assert_eq!(format!("{narrow:?}"), format!("{wide:?}"), "{shape:?}");
    }
}

/// Bytes that the device has handed out so far; it takes none back.
pub fn reserved() -> u64 {
    let tensor = Tensor::<WgpuPlain, 1>::zeros([1], &WgpuPlain::device());
    let client = tensor.into_primitive().tensor().client;
    let usage = client.memory_usage().expect("the device answers");
    usage.bytes_reserved
}
