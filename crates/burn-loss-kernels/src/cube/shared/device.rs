//! What a device can do, as far as it matters here, and how many cubes a launch may have.

use burn_cubecl::CubeRuntime;
use burn_cubecl::cubecl;
use cubecl::features::Plane;
use cubecl::prelude::*;

use super::crew::Crew;

/// What a device can do.
#[derive(Clone, Copy, Debug)]
pub struct Device {
    /// The units of a large cube, a power of two.
    pub units_per_cube: u32,
    /// The size of the smallest plane, if there are plane operations.
    pub plane: Option<u32>,
    /// How many units keep it busy.
    pub units: usize,
}

impl Device {
    pub fn of<R: CubeRuntime>(client: &ComputeClient<R>) -> Self {
        #[cfg(test)]
        if let Some(device) = pretend::device() {
            return device;
        }
        let properties = client.properties();
        let hardware = &properties.hardware;
        let plane_ops = properties.features.plane.contains(Plane::Ops);
        let plane_size = hardware.plane_size_max.clamp(1, 64);
        // A processor that plays GPU: few cores, and each barrier costs a switch of every plane of the cube.
        let software = plane_size <= 8;
        Self {
            units_per_cube: 1
                << (if software { plane_size } else { 256 })
                    .min(hardware.max_units_per_cube)
                    .min(hardware.max_cube_dim.0)
                    .ilog2(),
            plane: plane_ops.then_some(hardware.plane_size_min.max(1)),
            units: if software { 64 } else { 1 << 17 },
        }
    }

    /// A cube for so many items.
    pub fn crew(&self, items: usize) -> Crew {
        let units = items.min(self.units_per_cube as usize).next_power_of_two() as u32;
        Crew {
            units,
            plane: self.plane.filter(|&size| size <= units),
        }
    }

    /// The largest cube.
    pub fn largest_crew(&self) -> Crew {
        self.crew(self.units_per_cube as usize)
    }
}

/// A number of cubes, spread over the dimensions that the device allows; there may be some more than asked for.
pub fn cube_count<R: CubeRuntime>(client: &ComputeClient<R>, cubes: usize) -> CubeCount {
    assert!(
        u32::try_from(cubes).is_ok(),
        "loss kernels: {cubes} cubes are more than a launch can count"
    );
    cubecl::calculate_cube_count_elemwise(client, cubes, CubeDim::new_1d(1))
}

/// Tests run the kernels as another device would have them: with larger cubes, and with more of them.
#[cfg(test)]
pub mod pretend {
    use std::cell::Cell;

    use super::Device;

    thread_local! {
        static DEVICE: Cell<Option<Device>> = const { Cell::new(None) };
    }

    pub(super) fn device() -> Option<Device> {
        DEVICE.get()
    }

    /// Runs the launches of this thread as if on `device`, if there is one.
    #[cfg(feature = "wgpu")]
    pub fn with<T>(device: Option<Device>, run: impl FnOnce() -> T) -> T {
        DEVICE.set(device);
        let result = run();
        DEVICE.set(None);
        result
    }
}
