//! Merging the sums of the units of a cube: by plane operations where the device has them, else in shared memory.

use burn_cubecl::cubecl;
use cubecl::prelude::*;

use super::row::{ROW_SUMS, RowSums};
use crate::cube::shared::crew::{Crew, LAST_MERGES};

/// The sums of the whole cube, known to all its units. All of them must call it.
#[cube]
pub fn merge_cube(sums: &RowSums, #[comptime] crew: Crew) -> RowSums {
    let count = comptime!(crew.shared());
    let mut shared = SharedSums::new(count);

    if comptime!(crew.plane.is_some()) {
        let merged = merge_plane(sums);
        // How many planes there are is known only here: the places of those that are not must be neutral.
        if UNIT_POS < count {
            shared.store(UNIT_POS, &RowSums::empty());
        }
        sync_cube();
        if UNIT_POS_PLANE == 0 {
            // The plane's own number: not every driver fills planes in the order of the units.
            shared.store(PLANE_POS, &merged);
        }
    } else {
        shared.store(UNIT_POS, sums);
    }
    sync_cube();

    let mut half = count.runtime() / 2;
    while half >= LAST_MERGES {
        if UNIT_POS < half {
            let merged = shared.load(UNIT_POS).merge(&shared.load(UNIT_POS + half));
            shared.store(UNIT_POS, &merged);
        }
        sync_cube();
        half /= 2;
    }
    let mut merged = shared.load(0);
    #[unroll]
    for i in 1..comptime!(count.min(LAST_MERGES)) {
        merged = merged.merge(&shared.load(i));
    }
    merged
}

#[cube]
fn merge_plane(sums: &RowSums) -> RowSums {
    let max = plane_max(sums.max);
    let relative = sums.relative_to(max);
    RowSums {
        max,
        ties: plane_sum(relative.ties),
        below: plane_sum(relative.below),
        smooth: plane_sum(relative.smooth),
        weight: plane_sum(relative.weight),
        nan: plane_sum(relative.nan),
    }
}

#[derive(CubeType)]
struct SharedSums {
    values: SharedMemory<f32>,
    #[cube(comptime)]
    count: u32,
}

#[cube]
impl SharedSums {
    fn new(#[comptime] count: u32) -> SharedSums {
        SharedSums {
            values: SharedMemory::new(comptime!(count as usize * ROW_SUMS)),
            count,
        }
    }

    fn store(&mut self, at: u32, sums: &RowSums) {
        let at = at as usize;
        let stride = comptime!(self.count as usize);
        self.values[at] = sums.max;
        self.values[at + stride] = sums.ties;
        self.values[at + 2 * stride] = sums.below;
        self.values[at + 3 * stride] = sums.smooth;
        self.values[at + 4 * stride] = sums.weight;
        self.values[at + 5 * stride] = sums.nan;
    }

    fn load(&self, at: u32) -> RowSums {
        let at = at as usize;
        let stride = comptime!(self.count as usize);
        RowSums {
            max: self.values[at],
            ties: self.values[at + stride],
            below: self.values[at + 2 * stride],
            smooth: self.values[at + 3 * stride],
            weight: self.values[at + 4 * stride],
            nan: self.values[at + 5 * stride],
        }
    }
}

#[cfg(all(test, feature = "wgpu"))]
mod tests {
    use super::*;
    use burn::backend::wgpu::{WgpuDevice, WgpuRuntime};

    /// Merges the logits of one row, one a unit.
    #[cube(launch)]
    fn merge_row(logits: &Array<f32>, output: &mut Array<f32>, #[comptime] crew: Crew) {
        let mut sums = RowSums::empty();
        let one = f32::new(1.0);
        sums.max = logits[UNIT_POS as usize];
        sums.ties = one;
        sums.weight = one;
        sums.nan = one;
        let sums = merge_cube(&sums, crew);
        if UNIT_POS == crew.units - 1 {
            output[0] = sums.max;
            output[1] = sums.ties;
            output[2] = sums.below;
            output[3] = sums.smooth;
            output[4] = sums.weight;
            output[5] = sums.nan;
        }
    }

    fn merged(logits: &[f32], plane: Option<u32>) -> Vec<f32> {
        let client = WgpuRuntime::client(&WgpuDevice::default());
        let units = logits.len() as u32;
        let input = client.create_from_slice(f32::as_bytes(logits));
        let output = client.empty(ROW_SUMS * size_of::<f32>());
        // SAFETY: the lengths are those of the buffers, and the one cube has a unit for each logit.
        unsafe {
            merge_row::launch::<WgpuRuntime>(
                &client,
                CubeCount::new_single(),
                CubeDim::new_1d(units),
                ArrayArg::from_raw_parts(input, logits.len()),
                ArrayArg::from_raw_parts(output.clone(), ROW_SUMS),
                Crew { units, plane },
            );
        }
        f32::from_bytes(&client.read_one_unchecked(output)).to_vec()
    }

    /// A software driver fills planes in the order of the units, so that no run here shows where a kernel counts on it.
    #[test]
    fn no_kernel_works_out_its_plane() {
        fn read(folder: &std::path::Path, found: &mut Vec<String>) {
            for entry in std::fs::read_dir(folder).expect("it is there") {
                let path = entry.expect("it can be read").path();
                if path.is_dir() {
                    read(&path, found);
                } else {
                    found.push(std::fs::read_to_string(&path).expect("it is text"));
                }
            }
        }
        let mut files = Vec::new();
        let cube = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cube");
        read(&cube, &mut files);
        let texts = files.iter().map(|text| text.replace(" as usize", ""));
        let texts: Vec<String> = texts
            .map(|text| text.split_whitespace().collect())
            .collect();
        let has = |words: [&str; 3]| texts.iter().any(|text| text.contains(&words.concat()));
        assert!(has(["shared[", "PLANE", "_POS]"]));
        for operator in ["/", "%"] {
            for position in ["UNIT_POS", "UNIT_POS_X"] {
                assert!(!has([position, operator, "PLANE_DIM"]));
            }
        }
    }

    #[test]
    fn planes_and_shared_memory_agree_with_the_definition() {
        let client = WgpuRuntime::client(&WgpuDevice::default());
        // Software drivers have planes, though CubeCL does not announce them for a processor.
        let plane = client.properties().hardware.plane_size_min;
        for units in [1u32, 8, 32, 128] {
            let logits: Vec<f32> = (0..units)
                .map(|i| ((i * 7 % 16) as f32) / 2.0 - 1.0)
                .collect();
            let max = logits.iter().copied().fold(f32::MIN, f32::max);
            let ties = logits.iter().filter(|&&x| x == max).count() as f32;
            let below: f32 = logits
                .iter()
                .filter(|&&x| x < max)
                .map(|x| (x - max).exp())
                .sum();
            let smooth: f32 = logits.iter().map(|x| x - max).sum();
            let expected = [max, ties, below, smooth, units as f32, units as f32];
            for plane in [None, Some(plane).filter(|&plane| plane <= units)] {
                for (actual, expected) in merged(&logits, plane).into_iter().zip(expected) {
                    let error = (actual - expected).abs();
                    assert!(
                        error <= 1e-5 * expected.abs(),
                        "{units}, {plane:?}: {actual}, {expected}"
                    );
                }
            }
        }
    }
}
