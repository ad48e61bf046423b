//! Logits to the reduced loss and its gradient in one go: each row is read from memory once, and its gradient written once.

use std::ops::Range;

use super::columns::{self, GROUP, Held, TileMemory};
use super::panel::{Labels, Panel, RowGradient, RowSums};
use super::problem::{NO_CLASS, Problem, Row};
use super::rows::{self, COPIED, Copied, Maxima};
use crate::cpu::memory::{Cells, Logits, Rows, Shared};
use crate::cpu::simd::{Arch, Float, Isa, Kernel, Lanes, MAX_LANES, PerLane};
use crate::cpu::tasks;
use crate::{Adjustment, Formula, Input, LOG_SUM_EXP, Number, SMOOTH_LOSS, TARGET_LOSS};

/// Bytes of logits per panel of long rows: they stay in a cache of the second level from one pass to the next.
const PANEL_BYTES: usize = 192 << 10;

/// How the terms of a row become its loss, `c L(target loss, lse) + r smooth loss`, with the weight `r` of the row and
/// `c = r w_t` with the weight `w_t` of its class.
#[derive(Clone, Copy)]
pub struct RowLoss<'a, F> {
    /// `L`.
    pub formula: &'a dyn RowFormula<F>,
    /// The weight of each class, `[C]`.
    pub class_weights: Option<&'a [F]>,
    /// What the sum of the losses is multiplied by before it is differentiated.
    pub scale: f64,
}

/// A formula of the rows of panels, which kernels call without knowing which it is: so that each is compiled once.
pub trait RowFormula<F: Float>: Sync {
    /// Turns terms into losses and slopes.
    fn apply(&self, arch: Arch, panels: &mut [PanelLosses<F>]);
}

impl<L: Formula> RowFormula<f32> for L {
    fn apply(&self, arch: Arch, panels: &mut [PanelLosses<f32>]) {
        self.panels_f32(arch, panels);
    }
}

impl<L: Formula> RowFormula<f64> for L {
    fn apply(&self, arch: Arch, panels: &mut [PanelLosses<f64>]) {
        self.panels_f64(arch, panels);
    }
}

/// The terms of the rows of a panel, then their losses and slopes.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub struct PanelLosses<F> {
    /// The target loss, then the slope by it.
    target: PerLane<F>,
    /// The log-sum-exp, then the slope by it.
    lse: PerLane<F>,
    /// The losses.
    losses: PerLane<F>,
}

impl<F: Float> PanelLosses<F> {
    #[inline(always)]
    fn none() -> Self {
        Self {
            target: [F::ZERO; MAX_LANES],
            lse: [F::ZERO; MAX_LANES],
            losses: [F::ZERO; MAX_LANES],
        }
    }

    #[inline(always)]
    fn set(&mut self, numbers: &[PerLane<F>; 5]) {
        self.target = numbers[TARGET_LOSS];
        self.lse = numbers[LOG_SUM_EXP];
    }
}

/// Runs a formula on the rows of panels.
#[inline]
pub(crate) fn apply<F: Float, L: Formula>(formula: &L, arch: Arch, panels: &mut [PanelLosses<F>]) {
    arch.run(Apply(formula, panels));
}

struct Apply<'a, F, L>(&'a L, &'a mut [PanelLosses<F>]);

impl<F: Float, L: Formula> Kernel for Apply<'_, F, L> {
    type Output = ();

    #[inline(always)]
    fn run<S: Isa>(self, simd: S) {
        let Self(formula, panels) = self;
        for panel in panels {
            let (target, lse) = (lanes::<F, S>(simd, &panel.target), lanes(simd, &panel.lse));
            let inputs = [target, lse, lse];
            F::set_first::<S>(&mut panel.losses, formula.loss(inputs).vector());
            let by_target = formula.slope(Input::Prediction, inputs).vector();
            F::set_first::<S>(&mut panel.target, by_target);
            let by_lse = formula.slope(Input::Target, inputs).vector();
            F::set_first::<S>(&mut panel.lse, by_lse);
        }
    }
}

#[inline(always)]
fn lanes<F: Float, S: Isa>(simd: S, numbers: &PerLane<F>) -> Lanes<F, S> {
    Lanes::new(simd, F::first::<S>(numbers))
}

/// The sum of the rows' losses.
///
/// # Panics
///
/// Panics if a slice does not have the length that the problem's shape asks for, or if the shape has no classes.
pub fn sum_of_losses<F: Float>(
    arch: Arch,
    problem: &Problem<F>,
    loss: &RowLoss<F>,
    logits: &[F],
) -> f64 {
    check(problem, loss, logits.len());
    let source = Shared {
        logits,
        shape: problem.shape,
    };
    let weight = problem.total_weight();
    let sums = tasks::map(problem.rows(), problem.rows_per_task(), |rows| {
        arch.run(Task {
            arch,
            problem,
            loss,
            weight,
            rows,
            cells: ReadOnly(&source),
        })
    });
    sums.into_iter().sum()
}

/// The sum of the rows' losses; the gradient of `scale` times it goes to the gradient's cells, all of which are written. With an
/// adjustment the losses are of adjusted logits, and the gradient is that of the logits before it.
///
/// # Panics
///
/// As [`sum_of_losses`], if there is not one offset per class, and if logits are to be adjusted whose rows do not lie one after
/// the other.
pub fn with_gradient<F: Float>(
    arch: Arch,
    problem: &Problem<F>,
    loss: &RowLoss<F>,
    adjustment: Option<Adjustment<&[F]>>,
    cells: Cells<F>,
) -> f64 {
    check(problem, loss, problem.num_logits());
    let factor = adjustment.as_ref().map_or(1.0, |by| by.factor);
    let loss = &RowLoss {
        scale: loss.scale * factor,
        ..*loss
    };
    let classes = problem.num_classes();
    let mut offsets = None;
    if let Some(by) = &adjustment {
        assert_eq!(
            problem.shape[2], 1,
            "rows that are adjusted have one position"
        );
        if let Some(of_class) = by.per_class {
            assert_eq!(of_class.len(), classes, "offsets are [C]");
            let again = of_class.iter().cycle().take(classes + MAX_LANES);
            offsets = Some(again.copied().collect::<Vec<F>>());
        }
    }
    // SAFETY: without an adjustment nothing is lent out from it; with one a task's rows are written first, and given back.
    let adjusted = unsafe { cells.rewritten() };
    let weight = problem.total_weight();
    let sums = tasks::map(problem.rows(), problem.rows_per_task(), |rows| {
        let cells = match &adjustment {
            None => &cells,
            Some(_) => {
                arch.run(Adjust {
                    // SAFETY: the tasks' ranges of rows do not overlap.
                    cells: unsafe { cells.rows(rows.clone()) },
                    rows: rows.clone(),
                    factor: F::from_f64(factor),
                    offsets: offsets.as_deref(),
                });
                &adjusted
            }
        };
        arch.run(Task {
            arch,
            problem,
            loss,
            weight,
            rows: rows.clone(),
            // SAFETY: the tasks' ranges of rows do not overlap.
            cells: Writable(unsafe { cells.rows(rows) }),
        })
    });
    sums.into_iter().sum()
}

/// Writes the adjusted logits of rows where their gradient will be; a task's rows stay in the cache until then, if they fit into it.
struct Adjust<'a, F> {
    cells: Rows<'a, F>,
    rows: Range<usize>,
    factor: F,
    offsets: Option<&'a [F]>,
}

impl<F: Float> Kernel for Adjust<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run<S: Isa>(mut self, simd: S) {
        rows::adjust(simd, &mut self.cells, self.rows, self.factor, self.offsets);
    }
}

/// What the rows count in a mean, and the first that has neither a class nor the ignored index.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Counted {
    /// The sum of `r w_t` over the rows that are not ignored.
    pub weight: f64,
    /// The first row without a class.
    pub invalid: Option<usize>,
}

/// Looks at the classes alone.
pub fn count<F: Float>(problem: &Problem<F>, class_weights: Option<&[F]>) -> Counted {
    let none = Counted {
        weight: 0.0,
        invalid: None,
    };
    let plain = class_weights.is_none() && problem.row_weights.is_none();
    let arch = Arch::detect();
    // Where only classes are read, waking a thread takes as long as reading a hundred thousand of them.
    let step = if plain { 1 << 17 } else { 1 << 14 };
    let parts = tasks::map(problem.rows(), step, |rows| {
        if plain && let Some([counted, 0]) = arch.run(Tally(problem, rows.clone())) {
            return Counted {
                weight: counted as f64,
                invalid: None,
            };
        }
        rows.fold(none, |mut counted, row| {
            let class = match problem.row(row) {
                Row::Labelled(class) => Some(class),
                Row::Unlabelled => None,
                Row::Ignored => return counted,
                Row::Invalid => {
                    counted.invalid = counted.invalid.or(Some(row));
                    return counted;
                }
            };
            counted.weight += weight_of(problem, class_weights, row, class);
            counted
        })
    });
    parts.into_iter().fold(none, |all, part| Counted {
        weight: all.weight + part.weight,
        invalid: all.invalid.or(part.invalid),
    })
}

/// [`Problem::labelled_and_invalid`] of some rows.
struct Tally<'a, F>(&'a Problem<'a, F>, Range<usize>);

impl<F: Float> Kernel for Tally<'_, F> {
    type Output = Option<[u32; 2]>;

    #[inline(always)]
    fn run<S: Isa>(self, _: S) -> Self::Output {
        let Self(problem, rows) = self;
        problem.labelled_and_invalid(rows)
    }
}

/// Calls `f` with the place of each counted row's class among the logits, and with what the row counts.
pub fn each_counted<F: Float>(
    problem: &Problem<F>,
    class_weights: Option<&[F]>,
    rows: Range<usize>,
    mut f: impl FnMut(usize, f64),
) {
    for row in rows {
        if let Row::Labelled(class) = problem.row(row) {
            let weight = weight_of(problem, class_weights, row, Some(class));
            f(problem.index(row, class), weight);
        }
    }
}

fn weight_of<F: Float>(
    problem: &Problem<F>,
    class_weights: Option<&[F]>,
    row: usize,
    class: Option<usize>,
) -> f64 {
    let of_class = class_weights.zip(class);
    let of_class = of_class.map_or(1.0, |(weights, class)| weights[class].to_f64());
    problem.row_weights.map_or(1.0, |w| w[row].to_f64()) * of_class
}

fn check<F: Float>(problem: &Problem<F>, loss: &RowLoss<F>, logits: usize) {
    problem.check(logits);
    if let Some(weights) = loss.class_weights {
        assert_eq!(
            weights.len(),
            problem.num_classes(),
            "class weights are [C]"
        );
    }
}

/// The logits of a task, with a place for their gradient or without.
trait Source<'a, F: Float> {
    type Logits: Logits<F>;
    fn logits(&self) -> &Self::Logits;
    fn gradient(&mut self) -> Option<&mut Rows<'a, F>>;
}

struct ReadOnly<'a, F>(&'a Shared<'a, F>);
struct Writable<'a, F>(Rows<'a, F>);

impl<'a, F: Float> Source<'a, F> for ReadOnly<'a, F> {
    type Logits = Shared<'a, F>;

    #[inline(always)]
    fn logits(&self) -> &Shared<'a, F> {
        self.0
    }

    #[inline(always)]
    fn gradient(&mut self) -> Option<&mut Rows<'a, F>> {
        None
    }
}

impl<'a, F: Float> Source<'a, F> for Writable<'a, F> {
    type Logits = Rows<'a, F>;

    #[inline(always)]
    fn logits(&self) -> &Rows<'a, F> {
        &self.0
    }

    #[inline(always)]
    fn gradient(&mut self) -> Option<&mut Rows<'a, F>> {
        Some(&mut self.0)
    }
}

/// Consecutive rows.
struct Task<'a, F, T> {
    arch: Arch,
    problem: &'a Problem<'a, F>,
    loss: &'a RowLoss<'a, F>,
    /// The sum of a row's smooth weights, if it is the same for all rows.
    weight: Option<F>,
    rows: Range<usize>,
    cells: T,
}

impl<'a, F: Float, T: Source<'a, F>> Kernel for Task<'a, F, T> {
    type Output = f64;

    #[inline(always)]
    fn run<S: Isa>(self, simd: S) -> f64 {
        let Self {
            arch,
            problem,
            loss,
            weight,
            rows,
            mut cells,
        } = self;
        let mut sum = LossSum::<F, S>::new(simd);
        if !problem.has_long_rows() {
            Group::new().run(simd, arch, (problem, loss, weight), rows, cells, &mut sum);
            return sum.finish(simd);
        }
        let mut gradient = RowGradient::new();
        let mut found = RowSums::new();
        let row_bytes = problem.num_classes() * size_of::<F>();
        let few = (PANEL_BYTES / row_bytes).clamp(1, F::lanes::<S>());
        let mut copied = Copied::new();
        let mut maxima = Maxima::new(problem.num_classes());
        for panel in Panel::all(rows, few) {
            found.clear();
            match weight {
                Some(weight) => found.weight = [weight; MAX_LANES],
                None => rows::total_weights(simd, problem, panel, &mut found.weight),
            }
            if let Some(cells) = cells.gradient()
                && panel.len * problem.num_classes() > COPIED
            {
                let labels = Labels::read(problem, panel, cells);
                rows::exponentials(simd, problem, cells, panel, &mut found, &mut maxima);
                let mut numbers = [[F::ZERO; MAX_LANES]; 5];
                found.numbers(simd, problem, panel, &labels, &mut numbers);
                let numbers = &mut numbers;
                row_losses(simd, arch, problem, loss, panel, numbers, &labels, &mut sum);
                gradient.set(simd, problem, &labels, panel, numbers, &found.weight);
                rows::scale(simd, problem, cells, panel, &maxima, &gradient);
                continue;
            }
            rows::statistics(simd, problem, cells.logits(), panel, &mut found);
            let (mut numbers, labels) = found.finish(simd, problem, cells.logits(), panel);
            let numbers = &mut numbers;
            row_losses(simd, arch, problem, loss, panel, numbers, &labels, &mut sum);
            if let Some(cells) = cells.gradient() {
                gradient.set(simd, problem, &labels, panel, numbers, &found.weight);
                rows::backward(simd, problem, cells, panel, &mut copied, &gradient);
            }
        }
        sum.finish(simd)
    }
}

/// Panels of short rows that are computed together, each step for all of them before the next: a step waits for the one before
/// it, but not for the other panels.
struct Group<F> {
    memory: TileMemory<F>,
    found: [RowSums<F>; GROUP],
    labels: [Labels<F>; GROUP],
    numbers: [[PerLane<F>; 5]; GROUP],
    counts: [Counts<F>; GROUP],
    losses: [PanelLosses<F>; GROUP],
    gradients: [RowGradient<F>; GROUP],
}

impl<F: Float> Group<F> {
    #[inline(always)]
    fn new() -> Self {
        let none = [[F::ZERO; MAX_LANES]; 5];
        Self {
            memory: TileMemory::new(),
            found: [RowSums::new(); GROUP],
            labels: [Labels::none(); GROUP],
            numbers: [none; GROUP],
            counts: [Counts::none(); GROUP],
            losses: [PanelLosses::none(); GROUP],
            gradients: [RowGradient::new(); GROUP],
        }
    }

    /// Adds up the losses of the rows, and writes their gradient if there is a place for it.
    #[inline(always)]
    fn run<'a, S: Isa>(
        &mut self,
        simd: S,
        arch: Arch,
        (problem, loss, weight): (&Problem<F>, &RowLoss<F>, Option<F>),
        rows: Range<usize>,
        mut cells: impl Source<'a, F>,
        sum: &mut LossSum<F, S>,
    ) where
        F: 'a,
    {
        let lanes = F::lanes::<S>();
        let together = columns::panels_together::<F, S>(problem);
        let held = match cells.gradient() {
            Some(_) => Held::for_gradient(problem),
            None => Held::Nothing,
        };
        for start in rows.clone().step_by(together * lanes) {
            let panels = Panel::all(start..rows.end.min(start + together * lanes), lanes);
            let panels = panels.enumerate();
            for (i, panel) in panels.clone() {
                let (found, mut tiles) = (&mut self.found[i], self.memory.tiles(i, together));
                found.clear();
                match weight {
                    Some(weight) => found.weight = [weight; MAX_LANES],
                    None => {
                        columns::total_weights(simd, problem, panel, &mut tiles, &mut found.weight)
                    }
                }
                if !problem.ignores(panel.rows()) {
                    let source = cells.logits();
                    columns::statistics(simd, problem, source, panel, &mut tiles, held, found);
                }
                self.labels[i].set(problem, panel, cells.logits());
            }
            for (i, panel) in panels.clone() {
                let (labels, numbers) = (&self.labels[i], &mut self.numbers[i]);
                self.found[i].numbers(simd, problem, panel, labels, numbers);
                self.counts[i].set::<S>(problem, loss, panel, numbers, labels);
                self.losses[i].set(numbers);
            }
            let losses = &mut self.losses[..panels.clone().count()];
            loss.formula.apply(arch, losses);
            for (i, panel) in panels.clone() {
                let (found, numbers) = (&self.losses[i], &mut self.numbers[i]);
                self.counts[i].slopes(simd, problem, loss, found, sum, numbers);
                if held != Held::Nothing {
                    let weight = &self.found[i].weight;
                    self.gradients[i].set(simd, problem, &self.labels[i], panel, numbers, weight);
                }
            }
            let Some(cells) = cells.gradient() else {
                continue;
            };
            for (i, panel) in panels {
                let mut tiles = self.memory.tiles(i, together);
                columns::backward(
                    simd,
                    problem,
                    cells,
                    panel,
                    &mut tiles,
                    &self.gradients[i],
                    held,
                );
            }
        }
    }
}

/// The sum of the losses of rows whose terms are known, `[M]` each; the gradient of `scale` times it takes the terms' places.
pub fn of_terms<F: Float>(
    arch: Arch,
    problem: &Problem<F>,
    loss: &RowLoss<F>,
    terms: [&mut [F]; 3],
) -> f64 {
    for column in &terms {
        assert_eq!(column.len(), problem.rows(), "a column is [M]");
    }
    arch.run(OfTerms {
        arch,
        problem,
        loss,
        terms,
    })
}

struct OfTerms<'a, F> {
    arch: Arch,
    problem: &'a Problem<'a, F>,
    loss: &'a RowLoss<'a, F>,
    terms: [&'a mut [F]; 3],
}

impl<F: Float> Kernel for OfTerms<'_, F> {
    type Output = f64;

    #[inline(always)]
    fn run<S: Isa>(self, simd: S) -> f64 {
        let Self {
            arch,
            problem,
            loss,
            mut terms,
        } = self;
        let mut sum = LossSum::<F, S>::new(simd);
        let mut labels = Labels::none();
        for panel in Panel::all(0..problem.rows(), F::lanes::<S>()) {
            let mut numbers = [[F::ZERO; MAX_LANES]; 5];
            for (numbers, column) in numbers.iter_mut().zip(&terms) {
                numbers[..panel.len].copy_from_slice(&column[panel.rows()]);
            }
            labels.set_classes(problem, panel);
            row_losses(
                simd,
                arch,
                problem,
                loss,
                panel,
                &mut numbers,
                &labels,
                &mut sum,
            );
            for (column, numbers) in terms.iter_mut().zip(&numbers) {
                column[panel.rows()].copy_from_slice(&numbers[..panel.len]);
            }
        }
        sum.finish(simd)
    }
}

/// Adds up the losses of a panel, and puts the gradient of their terms in their place among the numbers.
#[inline(always)]
#[allow(clippy::too_many_arguments)]
fn row_losses<F: Float, S: Isa>(
    simd: S,
    arch: Arch,
    problem: &Problem<F>,
    loss: &RowLoss<F>,
    panel: Panel,
    numbers: &mut [PerLane<F>; 5],
    labels: &Labels<F>,
    sum: &mut LossSum<F, S>,
) {
    let (mut counts, mut found) = (Counts::none(), PanelLosses::none());
    counts.set::<S>(problem, loss, panel, numbers, labels);
    found.set(numbers);
    loss.formula.apply(arch, std::slice::from_mut(&mut found));
    counts.slopes(simd, problem, loss, &found, sum, numbers);
}

/// What the rows of a panel count.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
struct Counts<F> {
    /// `r`.
    of_row: PerLane<F>,
    /// `c`.
    of_class: PerLane<F>,
}

impl<F: Float> Counts<F> {
    #[inline(always)]
    fn none() -> Self {
        Self {
            of_row: [F::ZERO; MAX_LANES],
            of_class: [F::ZERO; MAX_LANES],
        }
    }

    /// Those of the rows of these numbers, which are set to 0 beyond the last row.
    #[inline(always)]
    fn set<S: Isa>(
        &mut self,
        problem: &Problem<F>,
        loss: &RowLoss<F>,
        panel: Panel,
        numbers: &mut [PerLane<F>; 5],
        labels: &Labels<F>,
    ) {
        let Self { of_row, of_class } = self;
        for i in panel.lanes() {
            let row = panel.first + i;
            of_row[i] = problem.row_weights.map_or(F::ONE, |weights| weights[row]);
            of_class[i] = of_row[i];
        }
        if problem.classes.is_some() && !(labels.all_labelled && loss.class_weights.is_none()) {
            for i in panel.lanes() {
                if labels.class[i] == NO_CLASS {
                    // Its numbers are 0 if it is ignored, and NaN if it has no class: that is NaN also where nothing is
                    // asked of the class.
                    of_row[i] = numbers[LOG_SUM_EXP][i] * F::ZERO;
                    of_class[i] = of_row[i];
                } else if let Some(weights) = loss.class_weights {
                    of_class[i] = of_row[i] * weights[labels.class[i]];
                }
            }
        }
        for i in panel.len..F::lanes::<S>() {
            for numbers in numbers.iter_mut() {
                numbers[i] = F::ZERO;
            }
        }
    }

    /// Adds up the losses, and puts the gradient of the terms in their place among the numbers.
    #[inline(always)]
    fn slopes<S: Isa>(
        &self,
        simd: S,
        problem: &Problem<F>,
        loss: &RowLoss<F>,
        found: &PanelLosses<F>,
        sum: &mut LossSum<F, S>,
        numbers: &mut [PerLane<F>; 5],
    ) {
        let of_row = lanes::<F, S>(simd, &self.of_row);
        let of_class = lanes::<F, S>(simd, &self.of_class);
        let mut value = of_class * lanes(simd, &found.losses);
        let mut of_smooth = of_row.constant(0.0);
        if problem.is_smooth() {
            value = value + of_row * lanes(simd, &numbers[SMOOTH_LOSS]);
            of_smooth = of_row * loss.scale;
        }
        sum.add(simd, value.vector());

        let scaled = of_class * loss.scale;
        let slopes = [
            scaled * lanes(simd, &found.target),
            of_smooth,
            scaled * lanes(simd, &found.lse),
        ];
        let columns = [TARGET_LOSS, SMOOTH_LOSS, LOG_SUM_EXP];
        for (column, slope) in columns.into_iter().zip(slopes) {
            F::set_first::<S>(&mut numbers[column], slope.vector());
        }
    }
}

/// A sum of losses, a few panels in the type itself, all else in `f64`.
struct LossSum<F: Float, S: Isa> {
    few: F::Vector<S>,
    panels: usize,
    total: f64,
}

impl<F: Float, S: Isa> LossSum<F, S> {
    #[inline(always)]
    fn new(simd: S) -> Self {
        Self {
            few: F::splat(simd, F::ZERO),
            panels: 0,
            total: 0.0,
        }
    }

    #[inline(always)]
    fn add(&mut self, simd: S, losses: F::Vector<S>) {
        self.few = F::plus(simd, self.few, losses);
        self.panels += 1;
        if self.panels == 16 {
            *self = Self {
                total: self.finish(simd),
                ..Self::new(simd)
            };
        }
    }

    #[inline(always)]
    fn finish(&self, _: S) -> f64 {
        let lanes: &[F] = pulp::bytemuck::cast_slice(std::slice::from_ref(&self.few));
        self.total + lanes.iter().map(|lane| lane.to_f64()).sum::<f64>()
    }
}
