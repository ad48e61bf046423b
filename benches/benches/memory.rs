//! Peak memory above the prediction during forward and backward, ours and burn-nn's: `cargo bench -p benches --bench memory`.

use benches::{COMPOSED, Case, Row, Step};
use burn::backend::{Flex, NdArray};
use burn_loss::LossBackend;
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

fn main() {
    println!("Peak above the prediction, which is let go, in percent of the prediction:\n");
    println!("| row | backend | burn-nn | ours |");
    println!("| --- | --- | ---: | ---: |");
    for row in Row::all().iter().filter(|row| !row.is_kept()) {
        backend::<NdArray>("NdArray", row);
        backend::<Flex>("Flex", row);
    }
    println!("\n† burn-nn has no such loss: composed of Burn's operations.");
}

fn backend<B: LossBackend>(name: &str, row: &Row) {
    let case = Case::<B>::new(row, &B::Device::default());
    let peak = |step: &Step<B>| {
        let prediction = case.fresh();
        let before = MEMORY.current_usage();
        MEMORY.reset_peak_usage();
        let output = step(prediction);
        let peak = MEMORY.peak_usage() - before;
        drop(output);
        100.0 * peak as f64 / (row.elements() * size_of::<f32>()) as f64
    };
    let [(who, theirs), (_, ours)] = &case.contenders;
    let mark = if *who == COMPOSED { " †" } else { "" };
    let (theirs, ours) = (peak(theirs), peak(ours));
    println!("| {row} | {name} | {theirs:.1}%{mark} | {ours:.1}% |");
}
