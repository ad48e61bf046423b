//! What the tests of the kernels share: tensors on the wgpu device, their memory, and devices to pretend to be.

use burn::backend::wgpu::{WgpuDevice, WgpuRuntime};
use burn::tensor::{DType, Tensor, TensorData, TensorPrimitive};
use burn_cubecl::{CubeBackend, tensor::CubeTensor};

use super::shared::device::Device;

pub type B = CubeBackend<WgpuRuntime, f32, i32, u32>;
pub type T = CubeTensor<WgpuRuntime>;

/// A tensor of these numbers.
pub fn tensor<const D: usize>(numbers: &[f32], shape: [usize; D]) -> T {
    let data = TensorData::new(numbers.to_vec(), shape);
    let tensor = Tensor::<B, D>::from_data(data, &WgpuDevice::default());
    tensor.into_primitive().tensor()
}

/// The numbers of a tensor.
pub fn numbers(tensor: &T) -> Vec<f32> {
    let tensor = burn_cubecl::kernel::cast(tensor.clone(), DType::F32);
    let count = tensor.meta.shape().num_elements();
    let tensor = burn_cubecl::ops::reshape(tensor, [count].into());
    let tensor = Tensor::<B, 1>::from_primitive(TensorPrimitive::Float(tensor));
    tensor.into_data().to_vec().expect("the type is f32")
}

/// Which memory a tensor has.
pub fn memory(tensor: &T) -> String {
    let memory = format!("{:?}", tensor.handle.memory);
    let (_, id) = memory.split_once("value: ").expect("memory has an id");
    id.chars().take_while(char::is_ascii_digit).collect()
}

/// Devices that the kernels run as: this one; one with larger cubes, without and with planes; one that is never busy, so that
/// there are as many cubes as there can be.
pub fn devices() -> Vec<Option<Device>> {
    let client = <WgpuRuntime as burn_cubecl::cubecl::Runtime>::client(&WgpuDevice::default());
    let plane = client.properties().hardware.plane_size_min.max(1);
    let device = |units_per_cube, plane, units| {
        Some(Device {
            units_per_cube,
            plane,
            units,
        })
    };
    vec![
        None,
        device(64, None, 256),
        device(128, Some(plane), 1 << 17),
        device(16, None, usize::MAX),
        device(1, None, usize::MAX),
    ]
}

/// Compares numbers, with a part of the expected ones allowed beside a small error.
pub fn assert_close(what: &str, actual: &[f32], expected: &[f64], relative: f64, absolute: f64) {
    let near = |&value: &f64| (value, relative * value.abs() + absolute);
    let expected: Vec<_> = expected.iter().map(near).collect();
    assert_near(what, actual, &expected);
}

/// Compares numbers with those expected, of which each may be off by so much.
pub fn assert_near(what: &str, actual: &[f32], expected: &[(f64, f64)]) {
    assert_eq!(actual.len(), expected.len(), "{what}");
    for (i, (&actual, &(expected, by))) in actual.iter().zip(expected).enumerate() {
        let actual = f64::from(actual);
        let close = (expected.is_finite() && (actual - expected).abs() <= by)
            || actual == expected
            || (actual.is_nan() && expected.is_nan());
        assert!(close, "{what}: at {i} {actual}, not {expected}");
    }
}
