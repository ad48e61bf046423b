//! One number of a vector, and the sum over them.

use burn_cubecl::cubecl;
use cubecl::prelude::*;

/// One lane of a vector, which may be a scalar: that has no lanes in a shading language.
#[cube]
pub fn lane<E: Scalar, N: Size>(vector: Vector<E, N>, i: usize) -> E {
    let size = N::value();
    if comptime!(size > 1) {
        vector[i]
    } else {
        E::cast_from(vector)
    }
}

/// The sum over the lanes.
#[cube]
pub fn horizontal_sum<N: Size>(x: Vector<f32, N>) -> f32 {
    let mut sum = lane(x, 0);
    #[unroll]
    for i in 1..N::value() {
        sum += lane(x, i);
    }
    sum
}
