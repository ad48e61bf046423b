//! The units of a cube, and a sum over them: by plane operations where the device has them, else in shared memory.

use burn_cubecl::cubecl;
use cubecl::prelude::*;

/// So few sums each unit adds up for itself: that is faster than to wait for each other once more.
pub const LAST_MERGES: u32 = 8;

/// Who shares a row, or a stretch of elements.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
pub struct Crew {
    /// The units of the cube, a power of two.
    pub units: u32,
    /// The size of the smallest plane, if plane operations are to be used.
    pub plane: Option<u32>,
}

impl Crew {
    /// How many sums go through shared memory.
    pub fn shared(&self) -> u32 {
        match self.plane {
            Some(size) => self.units.div_ceil(size),
            None => self.units,
        }
    }
}

/// The sum over the units of a cube, known to all of them. All of them must call it.
#[cube]
pub fn sum_of_crew(value: f32, #[comptime] crew: Crew) -> f32 {
    let count = comptime!(crew.shared());
    let mut shared = SharedMemory::<f32>::new(comptime!(count as usize));

    if comptime!(crew.plane.is_some()) {
        let sum = plane_sum(value);
        // How many planes there are is known only here: the places of those that are not must be 0.
        if UNIT_POS < count {
            shared[UNIT_POS as usize] = f32::new(0.0);
        }
        sync_cube();
        if UNIT_POS_PLANE == 0 {
            // The plane's own number: not every driver fills planes in the order of the units.
            shared[PLANE_POS as usize] = sum;
        }
    } else {
        shared[UNIT_POS as usize] = value;
    }
    sync_cube();

    let mut half = count.runtime() / 2;
    while half >= LAST_MERGES {
        if UNIT_POS < half {
            let other = shared[(UNIT_POS + half) as usize];
            shared[UNIT_POS as usize] += other;
        }
        sync_cube();
        half /= 2;
    }
    let mut sum = shared[0];
    #[unroll]
    for i in 1..comptime!(count.min(LAST_MERGES)) {
        sum += shared[i as usize];
    }
    sum
}
