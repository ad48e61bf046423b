//! Zeros past the caches: memory that is written and not read again soon need not be read before, which takes as long.

use pulp::bytemuck::Pod;

/// Sets all numbers to 0.
pub fn clear<T: Pod>(numbers: &mut [T]) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    {
        use std::arch::x86_64::{__m128i, _mm_setzero_si128, _mm_sfence, _mm_stream_si128};

        // SAFETY: any bits are a vector and any bits a number (`Pod`); the two ends are those before the first and after the
        // last whole vector.
        let (start, vectors, end) = unsafe { numbers.align_to_mut::<__m128i>() };
        start.fill(T::zeroed());
        for vector in vectors {
            // SAFETY: an aligned vector that is borrowed exclusively; every x86-64 has SSE2.
            unsafe { _mm_stream_si128(vector, _mm_setzero_si128()) };
        }
        end.fill(T::zeroed());
        // SAFETY: every x86-64 has it. Without it another thread may see what is written next before these zeros.
        unsafe { _mm_sfence() };
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    numbers.fill(T::zeroed());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clears_what_it_is_given_and_nothing_else() {
        for start in 0..9 {
            for len in [0, 1, 2, 3, 4, 5, 7, 8, 64, 1001] {
                let mut numbers = vec![7f32; 1100];
                clear(&mut numbers[start..start + len]);
                let inside = |i: usize| (start..start + len).contains(&i);
                let right = |(i, x): (usize, &f32)| *x == if inside(i) { 0.0 } else { 7.0 };
                assert!(numbers.iter().enumerate().all(right), "{start} {len}");
            }
        }
    }
}
