//! Which kernel serves which shape on which device: all of the choices that only cost time if they are wrong.

use burn_cubecl::cubecl;
use burn_cubecl::{CubeRuntime, tensor::CubeTensor};
use cubecl::features::Plane;
use cubecl::prelude::*;

use super::inputs::{Blueprint, Smooth};
use super::merge::Crew;

/// Rows up to this length are not shared: the merge would cost more than the scan.
const SHORT_ROW: usize = 64;
/// How many vectors a unit has in flight.
const UNROLL: usize = 4;
/// How many rows must lie side by side for the loads of neighbouring units to coalesce.
const COALESCED_ROWS: usize = 8;
/// How many segments of a row one cube merges without a second round.
const MAX_SEGMENTS: usize = 256;

/// A kernel's specialisation and its launch.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub blueprint: Blueprint,
    pub vector_size: usize,
    pub cube_dim: u32,
    /// How many parts each row is cut into.
    pub segments: usize,
    pub rows: usize,
    device: Device,
}

/// What a device can do, as far as it matters here.
#[derive(Clone, Copy, Debug)]
struct Device {
    units_per_cube: u32,
    plane: Option<u32>,
    /// How many units keep it busy.
    units: usize,
}

impl Device {
    fn of<R: CubeRuntime>(client: &ComputeClient<R>) -> Self {
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
    fn crew(&self, items: usize) -> Crew {
        let units = items.min(self.units_per_cube as usize).next_power_of_two() as u32;
        Crew {
            units,
            plane: self.plane.filter(|&size| size <= units),
        }
    }
}

impl Plan {
    /// The plan for logits `[N, C, S]`; `others` are the tensors of that shape that are read or written beside them.
    pub fn new<R: CubeRuntime>(
        logits: &CubeTensor<R>,
        others: &[&CubeTensor<R>],
        smooth: Smooth,
        classes: bool,
        ignores: bool,
    ) -> Self {
        let device = Device::of(&logits.client);
        let shape = logits.meta.shape();
        let rows = shape[0] * shape[2];
        let vector_size = vector_size(logits, others);
        let vectors = shape[1] / vector_size;

        let shared = shape[1] > SHORT_ROW && !has_coalesced_rows(logits);
        // Not more units than have a full load each: what they find has to be merged.
        let crew = shared.then(|| device.crew(vectors.div_ceil(UNROLL)));
        let cube_dim = crew.map_or(device.units_per_cube, |crew| crew.units);
        let units_per_row = crew.map_or(1, |crew| crew.units as usize);
        // Segments only as far as the rows leave the device idle, and each with some vectors for every unit.
        let segments = (device.units / (rows * units_per_row).max(1))
            .min(vectors / (units_per_row * UNROLL * 4))
            .clamp(1, MAX_SEGMENTS);
        Self {
            blueprint: Blueprint {
                crew,
                unroll: UNROLL,
                smooth,
                classes,
                ignores,
            },
            vector_size,
            cube_dim,
            segments,
            rows,
            device,
        }
    }

    /// The number of cubes, spread over the dimensions that the device allows.
    pub fn cube_count<R: CubeRuntime>(&self, client: &ComputeClient<R>) -> CubeCount {
        let cubes = match self.blueprint.crew {
            Some(_) => self.rows * self.segments,
            None => (self.rows * self.segments).div_ceil(self.cube_dim as usize),
        };
        cube_count(client, cubes)
    }

    /// The cube that merges the segments of a row.
    pub fn merge_crew(&self) -> Crew {
        self.device.crew(self.segments)
    }

    /// The largest cube.
    pub fn single_crew(&self) -> Crew {
        self.device.crew(usize::MAX)
    }
}

/// A number of cubes, spread over the dimensions that the device allows.
pub fn cube_count<R: CubeRuntime>(client: &ComputeClient<R>, cubes: usize) -> CubeCount {
    assert!(
        u32::try_from(cubes).is_ok(),
        "softmax terms: {cubes} cubes are more than a launch can count"
    );
    cubecl::calculate_cube_count_elemwise(client, cubes, CubeDim::new_1d(1))
}

/// The widest vector that divides the rows of every tensor where it lies.
fn vector_size<R: CubeRuntime>(logits: &CubeTensor<R>, others: &[&CubeTensor<R>]) -> usize {
    let fits = |tensor: &CubeTensor<R>, size: usize| {
        let (shape, strides) = (tensor.meta.shape(), tensor.meta.strides());
        let aligned = |dim: usize| shape[dim] == 1 || strides[dim].is_multiple_of(size);
        strides[1] == 1 && shape[1].is_multiple_of(size) && aligned(0) && aligned(2)
    };
    logits
        .client
        .io_optimized_vector_sizes(logits.dtype.size())
        .find(|&size| fits(logits, size) && others.iter().all(|tensor| fits(tensor, size)))
        .unwrap_or(1)
}

/// Whether the logits of neighbouring rows lie side by side, and those of one row do not.
fn has_coalesced_rows<R: CubeRuntime>(logits: &CubeTensor<R>) -> bool {
    let (shape, strides) = (logits.meta.shape(), logits.meta.strides());
    let neighbours = if shape[2] > 1 { 2 } else { 0 };
    strides[1] > 1 && strides[neighbours] == 1 && shape[neighbours] >= COALESCED_ROWS
}
