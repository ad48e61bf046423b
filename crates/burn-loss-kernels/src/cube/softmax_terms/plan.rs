//! Which kernel serves which shape on which device: all of the choices that only cost time if they are wrong.

use burn_cubecl::cubecl;
use burn_cubecl::{CubeRuntime, tensor::CubeTensor};
use cubecl::prelude::*;

use super::inputs::{Blueprint, Smooth};
use crate::Columns;
use crate::cube::shared::crew::Crew;
use crate::cube::shared::device::{Device, cube_count};

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

impl Plan {
    /// The plan for logits `[N, C, S]`; `others` are the tensors of that shape that are read or written beside them.
    pub fn new<R: CubeRuntime>(
        logits: &CubeTensor<R>,
        others: &[&CubeTensor<R>],
        columns: Columns,
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
                columns: columns.count(),
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
        self.device.largest_crew()
    }
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
