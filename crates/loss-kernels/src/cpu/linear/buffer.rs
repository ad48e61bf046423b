//! The memory of the logits, kept from call to call: fresh memory costs a fault a page.

use std::sync::Mutex;

use pulp::bytemuck;

use crate::cpu::memory::pages;
use crate::cpu::simd::Float;

/// What the last call used; one for the whole process, because calls at the same time are rare, and each would keep its own.
static KEPT: Mutex<Vec<u64>> = Mutex::new(Vec::new());

/// Calls `f` with memory for this many numbers, which hold anything.
pub(super) fn with<F: Float, R>(len: usize, f: impl FnOnce(&mut [F]) -> R) -> R {
    let words = (len * size_of::<F>()).div_ceil(size_of::<u64>());
    // Taken out, not locked: a second call at the same time gets memory of its own.
    let mut memory = KEPT.lock().map(|mut kept| std::mem::take(&mut *kept));
    let mut memory = memory.as_mut().map(std::mem::take).unwrap_or_default();
    if memory.len() < words || memory.len() / 4 > words.max(1 << 20) {
        // The old memory goes first: both together would be more than the budget.
        drop(memory);
        memory = pages::zeroed(words);
    }
    let numbers: &mut [F] = bytemuck::cast_slice_mut(&mut memory[..words]);
    let result = f(&mut numbers[..len]);
    if let Ok(mut kept) = KEPT.lock()
        && kept.len() < memory.len()
    {
        *kept = memory;
    }
    result
}
