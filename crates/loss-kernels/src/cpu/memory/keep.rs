//! Memory that stays with the program when it is freed.

/// Has the C library keep freed memory for the next tensor, instead of giving it back to the system; says whether the
/// C library took the request.
///
/// A training step allocates what the step before has freed. Of tensors from 32 MiB on the system takes the memory back each
/// time, and clears it before it hands it out again, which takes longer than most losses: cross entropy of logits
/// `[1024, 32000]` that are still held takes half of its time when freed memory is kept, the weight gradient of a classifier
/// head of nine tenths ignored rows two thirds.
///
/// Call it once, first in `main`: it holds for the whole program, for all that is allocated with the C library afterwards, and
/// the program then never shrinks below the most that it has used. Only the GNU C library can be asked; elsewhere, and with
/// another allocator (`#[global_allocator]`), nothing changes, though the C library takes the request. All threads then allocate under one
/// lock. The variables `MALLOC_MMAP_MAX_=0`,
/// `MALLOC_TRIM_THRESHOLD_=100000000000` and `MALLOC_ARENA_MAX=1` do the same without a line of code, to any program.
///
/// # Example
///
/// ```
/// use loss_kernels::cpu::memory::keep_freed_memory;
///
/// let kept = keep_freed_memory();
/// assert_eq!(kept, cfg!(all(target_os = "linux", target_env = "gnu")));
/// ```
pub fn keep_freed_memory() -> bool {
    #[cfg(all(target_os = "linux", target_env = "gnu", not(miri)))]
    {
        // One heap for all threads: what another one frees is of use, too. Nothing as a mapping of its own, which is unmapped
        // when it is freed. And the end of the heap stays, however much of it is free.
        let options = [
            (libc::M_ARENA_MAX, 1),
            (libc::M_MMAP_MAX, 0),
            (libc::M_TRIM_THRESHOLD, -1),
        ];
        // SAFETY: sets numbers that the allocator looks at, under its lock; what is allocated stays as it is.
        options.map(|(option, value)| unsafe { libc::mallopt(option, value) }) == [1; 3]
    }
    #[cfg(not(all(target_os = "linux", target_env = "gnu", not(miri))))]
    false
}
