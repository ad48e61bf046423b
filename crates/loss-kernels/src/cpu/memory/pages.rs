//! Large pages for a new gradient: first writing to fresh memory costs a fault a page, and with pages of 4 KiB these
//! faults take several times as long as the gradient itself.

use std::mem::MaybeUninit;

/// Asks for large pages under memory that has not been written yet. Only advice: without it, everything is as right.
#[cfg(target_os = "linux")]
pub fn prefer_large<T>(cells: &mut [MaybeUninit<T>]) {
    const LARGE: usize = 2 << 20;
    let range = cells.as_mut_ptr_range();
    let start = (range.start as usize).next_multiple_of(LARGE);
    let end = range.end as usize / LARGE * LARGE;
    if start < end {
        // SAFETY: the pages lie within memory that is borrowed exclusively, and the advice changes neither what they
        // hold nor whether they may be read and written. An error means that the system has no such pages.
        unsafe { libc::madvise(start as *mut libc::c_void, end - start, libc::MADV_HUGEPAGE) };
    }
}

/// Other systems decide for themselves.
#[cfg(not(target_os = "linux"))]
pub fn prefer_large<T>(_: &mut [MaybeUninit<T>]) {}

/// An empty vector with room for so many, under large pages where the system has them.
pub fn reserved<T>(len: usize) -> Vec<T> {
    let mut memory = Vec::with_capacity(len);
    prefer_large(&mut memory.spare_capacity_mut()[..len]);
    memory
}

/// New memory that `write` fills, under large pages where the system has them.
///
/// # Safety
///
/// `write` writes every cell.
pub unsafe fn new_memory<T, R>(
    len: usize,
    write: impl FnOnce(&mut [MaybeUninit<T>]) -> R,
) -> (R, Vec<T>) {
    let mut memory = reserved(len);
    let result = write(&mut memory.spare_capacity_mut()[..len]);
    // SAFETY: the caller's promise.
    unsafe { memory.set_len(len) };
    (result, memory)
}

/// New memory of zeros. The system hands it out as zeros, so that nothing is written before the gradient is.
pub fn zeroed<T: pulp::bytemuck::Zeroable + Clone>(len: usize) -> Vec<T> {
    let mut memory = vec![T::zeroed(); len];
    prefer_large(as_cells(&mut memory));
    memory
}

/// The numbers as memory that only ever gets numbers.
fn as_cells<T>(memory: &mut [T]) -> &mut [MaybeUninit<T>] {
    let (start, len) = (memory.as_mut_ptr().cast(), memory.len());
    // SAFETY: of the same layout, borrowed for as long; `prefer_large` writes nothing.
    unsafe { std::slice::from_raw_parts_mut(start, len) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(miri, ignore = "Miri has no pages")]
    fn memory_keeps_what_it_holds() {
        for len in [0, 1, 1 << 19, (1 << 20) + 7, 5 << 20] {
            let mut memory: Vec<u32> = (0..len).collect();
            memory.reserve_exact(len as usize);
            let written = memory.as_mut_ptr().cast::<MaybeUninit<u32>>();
            // SAFETY: the vector's own elements, borrowed exclusively for the call.
            let cells = unsafe { std::slice::from_raw_parts_mut(written, len as usize) };
            prefer_large(cells);
            prefer_large(memory.spare_capacity_mut());
            assert!(memory.iter().copied().eq(0..len), "{len}");
        }
    }
}
