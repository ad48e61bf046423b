//! The passes on memory that a backend owns: gradients go where it lets them, or to new memory.

use super::operand::{Operand, Repeated};
use super::pass::{self, Passes};
use crate::cpu::memory::pages;
use crate::cpu::simd::{Arch, Float};
use crate::formulas::Violation;

/// An input of a formula, and where its gradient goes.
#[derive(Debug)]
pub enum HostInput<'a, F> {
    /// Its gradient is not wanted.
    Read(&'a [F]),
    /// Its gradient takes its place.
    Owned(&'a mut [F]),
    /// Its gradient needs memory of its own.
    Shared(&'a [F]),
    /// Numbers that repeat along the elements; their gradient is not wanted.
    Repeated(&'a [F]),
    /// There is none: the number 1.
    One,
}

/// New gradients, of the inputs whose memory is shared.
pub type Gradients<F> = [Option<Vec<F>>; 3];

/// One loss per element, in new memory.
pub fn losses<F: Float>(
    formula: &dyn Passes<F>,
    inputs: [HostInput<'_, F>; 3],
    len: usize,
) -> (Vec<F>, Option<Violation>) {
    let mut violation = None;
    let (_, losses) = with_operands(inputs, len, |operands| {
        // SAFETY: every loss is written unless a number is out of bounds, and then the memory is cleared first.
        unsafe {
            pages::new_memory(len, |cells| {
                violation = pass::losses(Arch::detect(), formula, operands, cells);
                if violation.is_some() {
                    cells.iter_mut().for_each(|cell| _ = cell.write(F::NAN));
                }
            })
            .1
        }
    });
    (losses, violation)
}

/// The gradients of the inputs, given those of the losses.
pub fn backward<F: Float>(
    formula: &dyn Passes<F>,
    inputs: [HostInput<'_, F>; 3],
    gradient: &[F],
) -> Gradients<F> {
    let (mut gradients, ()) = with_operands(inputs, gradient.len(), |operands| {
        pass::backward(Arch::detect(), formula, operands, gradient)
    });
    for new in gradients.iter_mut().flatten() {
        // SAFETY: there is room for so many, and all of them are written.
        unsafe { new.set_len(gradient.len()) };
    }
    gradients
}

/// The sum of the losses, each times its weight, and the gradients of `scale` times it.
pub fn reduced<F: Float>(
    formula: &dyn Passes<F>,
    inputs: [HostInput<'_, F>; 3],
    weights: Option<&[F]>,
    scale: f64,
    len: usize,
) -> (f64, Option<Violation>, Gradients<F>) {
    let (mut gradients, (sum, violation)) = with_operands(inputs, len, |operands| {
        pass::reduced(Arch::detect(), formula, operands, weights, scale, len)
    });
    for gradient in gradients.iter_mut().flatten() {
        match violation {
            Some(_) => gradient.resize(len, F::NAN),
            // SAFETY: there is room for so many, and without a number out of bounds all of them are written.
            None => unsafe { gradient.set_len(len) },
        }
    }
    (sum, violation, gradients)
}

/// Runs a pass on the inputs, with new memory for the gradients that need it: vectors that are still empty, with the gradients in
/// their capacity.
fn with_operands<F: Float, R>(
    inputs: [HostInput<'_, F>; 3],
    len: usize,
    run: impl FnOnce([Operand<'_, F>; 3]) -> R,
) -> (Gradients<F>, R) {
    let repeated = inputs.each_ref().map(|input| match input {
        HostInput::Repeated(numbers) => Some(Repeated::new(numbers)),
        _ => None,
    });
    let mut memory: Gradients<F> = inputs.each_ref().map(|input| match input {
        HostInput::Shared(_) => Some(Vec::with_capacity(len)),
        _ => None,
    });
    let mut memories = memory.iter_mut();
    let mut repeats = repeated.iter();
    let operands = inputs.map(|input| {
        let memory = memories.next().expect("one per input");
        let repeated = repeats.next().expect("one per input");
        match (input, memory, repeated) {
            (HostInput::Owned(numbers), ..) => Operand::Replace(numbers),
            (HostInput::Shared(numbers), Some(memory), _) => {
                let cells = &mut memory.spare_capacity_mut()[..len];
                pages::prefer_large(cells);
                Operand::Between(numbers, cells)
            }
            (HostInput::Repeated(_), _, Some(repeated)) => Operand::Repeated(repeated),
            (HostInput::Read(numbers), ..) => Operand::Read(numbers),
            _ => Operand::One,
        }
    });
    let result = run(operands);
    (memory, result)
}
