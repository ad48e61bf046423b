//! How a long list of vectors is shared out among units, so that sums over it are right.
//!
//! A cube has a stretch of vectors, of which its units take turns. A unit adds up at most [`BLOCK`] vectors before it adds
//! what it found to its total, and at most as many blocks: so few additions in a row round away less than 1e-6. What the
//! units found is then added up in pairs.

use burn_cubecl::{CubeRuntime, cubecl};
use cubecl::prelude::*;

use super::crew::Crew;
use super::device::Device;

/// How many vectors a unit has in flight.
pub const UNROLL: usize = 4;
/// How many vectors a unit adds up in a row, and how many such sums.
pub const BLOCK: usize = 16;

/// How vectors are shared out.
#[derive(Clone, Copy, Debug)]
pub struct Shares {
    pub crew: Crew,
    /// How many vectors each unit has.
    pub length: usize,
    pub cubes: usize,
}

impl Shares {
    /// Each unit gets as many as keep the device busy.
    pub fn new(device: &Device, vectors: usize) -> Self {
        let crew = device.largest_crew();
        // At least so many in a cube that adding up what the cubes found comes to an end.
        let least = (8 / crew.units as usize).max(1);
        let length = (vectors / device.units).clamp(least, BLOCK * BLOCK);
        let length = if length < UNROLL {
            length
        } else {
            length.next_multiple_of(UNROLL)
        };
        Self {
            crew,
            length,
            cubes: vectors.div_ceil(length * crew.units as usize),
        }
    }

    /// All of them for one cube, if it can have as many.
    pub fn single(device: &Device, vectors: usize) -> Option<Self> {
        let crew = device.largest_crew();
        let length = vectors.div_ceil(crew.units as usize).max(1);
        (length <= BLOCK * UNROLL).then_some(Self {
            crew,
            length,
            cubes: 1,
        })
    }

    pub fn cube_dim(&self) -> CubeDim {
        CubeDim::new_1d(self.crew.units)
    }

    /// As far as the indices of the last cube may reach past the last vector.
    pub fn beyond(&self) -> usize {
        (self.length + BLOCK) * self.crew.units as usize
    }

    pub fn launch<R: CubeRuntime>(&self) -> SharesArgLaunch<R> {
        SharesArgLaunch::new(self.length, self.cubes)
    }
}

/// [`Shares`] in a kernel.
#[derive(CubeType, CubeLaunch)]
pub struct SharesArg {
    length: usize,
    cubes: usize,
}

/// The vectors of a unit: `first`, `first + step`, .. below `end`.
#[derive(CubeType, Clone, Copy)]
pub struct Share {
    pub first: usize,
    pub end: usize,
    pub step: usize,
}

#[cube]
impl SharesArg {
    /// Whether there is no work for this cube.
    pub fn are_done(&self) -> bool {
        CUBE_POS >= self.cubes
    }

    /// What this unit has of so many vectors.
    pub fn mine(&self, vectors: usize) -> Share {
        let step = CUBE_DIM as usize;
        let start = CUBE_POS * step * self.length;
        Share {
            first: start + UNIT_POS as usize,
            end: min(start + step * self.length, vectors),
            step,
        }
    }
}
