//! Tiles of rows and classes, where the budget holds few whole rows of logits. A first sweep over the classes finds the sums of
//! each row; a second one computes the logits again, tile by tile, and turns them into their gradient. That is four products where
//! whole rows take three, but each reads and writes the weight and its gradient once per many rows.

use std::borrow::Cow;
use std::ops::Range;

use rayon::prelude::*;

use super::chunks::{gather, write_logits};
use super::gradients::Gradients;
use super::matrix::{Matrix, Old};
use super::plan::Tiles;
use super::reduced::RowsFound;
use super::{Linear, buffer};
use crate::cpu::memory::Cells;
use crate::cpu::simd::{Arch, Float};
use crate::cpu::softmax_terms::{ClassSlice, HostRows, Input, Picked, Problem, Row, RowLoss};
use crate::{Columns, LOG_SUM_EXP, SMOOTH_LOSS, SmoothWeights, TARGET_LOSS};

/// The class of a row whose class is in another tile.
const ELSEWHERE: i64 = -1;

/// The sum of the losses of the rows that are `counted` (all of them if that is absent).
pub(super) fn reduced<F: Float>(
    linear: &Linear<F>,
    rows: &HostRows<F>,
    loss: &RowLoss<F>,
    counted: Option<&[usize]>,
    plan: Tiles,
    gradients: &mut Gradients<F>,
    mut described: Option<&mut RowsFound<F>>,
) -> f64 {
    let mut sum = 0.0;
    buffer::with(plan.numbers, |memory: &mut [F]| {
        for picked in Picked::parts(counted, rows.shape[0], plan.rows) {
            let mut rest = &mut *memory;
            let (hidden, of_hidden) = gather(linear, &picked, &mut rest);
            let rows = rows.pick(&picked);
            let mut block = Block {
                linear,
                labels: rows.labels(),
                rows,
                picked: &picked,
                hidden,
                tile: plan.classes,
                logits: rest,
            };
            let sums = block.sums(described.is_some());
            if let Some(described) = &mut described {
                block.describe(&sums, described);
            }
            let mut terms = block.terms(&sums);
            let [target, smooth, lse] = &mut terms;
            let terms_of = [&mut target[..], smooth, lse];
            sum += F::of_terms(Arch::detect(), &block.rows.problem(), loss, terms_of);
            if gradients.any() {
                block.gradient(&sums, &terms, of_hidden, gradients);
            }
        }
    });
    sum
}

/// Some rows.
struct Block<'a, F: Float> {
    linear: &'a Linear<'a, F>,
    rows: HostRows<'a, F>,
    /// What is to be done with each.
    labels: Vec<Row>,
    picked: &'a Picked<'a>,
    /// `[m, H]`.
    hidden: Matrix<'a, F>,
    /// Classes of a tile.
    tile: usize,
    /// Room for the logits of a tile.
    logits: &'a mut [F],
}

/// What the first sweep finds out about a row, in `f64`.
#[derive(Clone, Copy, Debug)]
struct Sums {
    /// The largest logit.
    max: f64,
    /// The log-sum-exp relative to it.
    relative: f64,
    /// The logit of the row's class.
    target: f64,
    /// The sum of `w (lse - x)` so far.
    smooth: f64,
    /// The sum of `w` so far.
    weight: f64,
    /// The class of the largest logit, the first of several.
    predicted: Option<usize>,
}

impl Sums {
    /// Before the first tile.
    const NONE: Self = Self {
        max: f64::NEG_INFINITY,
        relative: f64::NAN,
        target: 0.0,
        smooth: 0.0,
        weight: 0.0,
        predicted: None,
    };

    /// Adds the normalizer of a tile, the sum of its weights, and of `w (lse - x)` with the tile's own log-sum-exp.
    fn add(&mut self, [max, relative]: [f64; 2], smooth: f64, weight: f64) {
        // Of the two, the one with the smaller largest logit adds little: its share is kept apart, so that a small one keeps
        // its digits.
        let (high, low) = if self.max >= max {
            ([self.max, self.relative], [max, relative])
        } else {
            ([max, relative], [self.max, self.relative])
        };
        let lower = (low[0] - high[0]) + (low[1] - high[1]);
        let joined = if low[0] == f64::NEG_INFINITY {
            high[1]
        } else {
            high[1] + lower.exp().ln_1p()
        };
        let raised = |[max, relative]: [f64; 2]| (high[0] - max) + (joined - relative);
        if self.weight != 0.0 {
            self.smooth += self.weight * raised([self.max, self.relative]);
        }
        self.smooth += smooth;
        if weight != 0.0 {
            self.smooth += weight * raised([max, relative]);
        }
        self.weight += weight;
        (self.max, self.relative) = (high[0], joined);
    }
}

impl<F: Float> Block<'_, F> {
    /// The tiles, in order.
    fn tiles(&self) -> impl DoubleEndedIterator<Item = Range<usize>> + use<F> {
        let (classes, tile) = (self.linear.num_classes(), self.tile);
        (0..classes.div_ceil(tile)).map(move |i| i * tile..classes.min((i + 1) * tile))
    }

    fn write_logits(&mut self, classes: Range<usize>) {
        let logits = &mut self.logits[..self.hidden.rows() * classes.len()];
        write_logits(self.linear, self.hidden, classes, logits);
    }

    /// The sum of the weights of some classes.
    fn weight(&self, classes: &Range<usize>) -> f64 {
        match weights_of(&self.rows.smooth, classes) {
            SmoothWeights::Uniform(weight) => weight * classes.len() as f64,
            SmoothWeights::PerClass(weights) => weights.iter().map(|w| w.to_f64()).sum(),
            _ => 0.0,
        }
    }

    /// Where the row's class is in a tile, if it is there.
    fn place(&self, row: usize, classes: &Range<usize>) -> Option<usize> {
        match self.labels[row] {
            Row::Labelled(class) if classes.contains(&class) => Some(class - classes.start),
            _ => None,
        }
    }

    /// The first sweep.
    fn sums(&mut self, predict: bool) -> Vec<Sums> {
        let len = self.hidden.rows();
        let mut sums = vec![Sums::NONE; len];
        for classes in self.tiles() {
            self.write_logits(classes.clone());
            let width = classes.len();
            let logits = &self.logits[..len * width];
            let tile = HostRows {
                shape: [len, width, 1],
                classes: None,
                ignore_index: None,
                smooth: weights_of(&self.rows.smooth, &classes),
                row_weights: None,
            };
            let (terms, normalizer) = tile.forward(logits, Columns::All);
            let weight = self.weight(&classes);
            sums.par_iter_mut().enumerate().for_each(|(i, sums)| {
                let logits = &logits[i * width..][..width];
                let of_tile = [normalizer[i], normalizer[len + i]].map(F::to_f64);
                if let Some(place) = self.place(i, &classes) {
                    sums.target = logits[place].to_f64();
                }
                if of_tile[1].is_nan() && logits.iter().all(|x| *x == -F::INFINITY) {
                    // Nothing but masked classes, which add nothing but to the smooth loss.
                    let is_weighted = weight != 0.0;
                    sums.smooth += if is_weighted { f64::INFINITY } else { 0.0 };
                    return;
                }
                if predict && of_tile[0] > sums.max {
                    let place = logits.iter().position(|x| x.to_f64() == of_tile[0]);
                    sums.predicted = place.map(|place| classes.start + place);
                }
                let smooth = terms[SMOOTH_LOSS * len + i].to_f64();
                sums.add(of_tile, smooth, weight);
            });
        }
        sums
    }

    /// What the rows' sums say of each: its class's log-probability, and the class of the largest logit.
    fn describe(&self, sums: &[Sums], described: &mut RowsFound<F>) {
        self.picked.for_each(|at, row| {
            let sums = &sums[at];
            let loss = (sums.max - sums.target) + sums.relative;
            let is_class = matches!(self.labels[at], Row::Labelled(_));
            described.log_probs[row] = F::from_f64(if is_class { -loss } else { f64::NAN });
            let class = sums
                .predicted
                .filter(|_| is_class && !sums.relative.is_nan());
            described.predicted[row] = class.map_or(-1, |class| class as i64);
        });
    }

    /// The terms of the rows.
    fn terms(&self, sums: &[Sums]) -> [Vec<F>; 3] {
        let mut terms: [Vec<F>; 3] = std::array::from_fn(|_| Vec::with_capacity(sums.len()));
        for (i, sums) in sums.iter().enumerate() {
            let mut row = [0.0; 3];
            row[TARGET_LOSS] = match self.labels[i] {
                Row::Labelled(_) => (sums.max - sums.target) + sums.relative,
                _ => 0.0,
            };
            row[SMOOTH_LOSS] = sums.smooth;
            row[LOG_SUM_EXP] = sums.max + sums.relative;
            if self.labels[i] == Row::Invalid {
                row = [f64::NAN; 3];
            }
            for (column, number) in terms.iter_mut().zip(row) {
                column.push(F::from_f64(number));
            }
        }
        terms
    }

    /// The second sweep, given the gradient of the terms.
    fn gradient(
        &mut self,
        sums: &[Sums],
        terms: &[Vec<F>; 3],
        of_hidden: &mut [F],
        gradients: &mut Gradients<F>,
    ) {
        let len = self.hidden.rows();
        let max: Vec<F> = sums.iter().map(|sums| F::from_f64(sums.max)).collect();
        let relative: Vec<F> = sums.iter().map(|sums| F::from_f64(sums.relative)).collect();
        let all = self.weight(&(0..self.linear.num_classes()));
        let mut old = Old::Overwritten;
        // From the last one on, whose logits are still there.
        for (i, classes) in self.tiles().rev().enumerate() {
            if i > 0 {
                self.write_logits(classes.clone());
            }
            let (of_tile, places) = self.of_tile(&classes, terms, all - self.weight(&classes));
            let smooth = weights_of(&self.rows.smooth, &classes);
            let problem = Problem {
                shape: [len, classes.len(), 1],
                classes: Some(ClassSlice::I64(&places)),
                ignore_index: None,
                unlabelled: Some(ELSEWHERE),
                smooth: smooth.as_ref().map(|weights| &**weights),
                row_weights: None,
            };
            let input = Input {
                gradient: of_tile.each_ref().map(|column| Some(&column[..])),
                normalizer: [&max, &relative],
            };
            let shape = problem.shape;
            let logits = &mut self.logits[..len * classes.len()];
            F::backward_rows(
                Arch::detect(),
                &problem,
                Cells::in_place(logits, shape),
                input,
            );
            let of_hidden = (&mut *of_hidden, old);
            gradients.add_classes(self.hidden, self.picked, classes, logits, of_hidden);
            old = Old::AddedTo;
        }
        gradients.end_of_rows(self.picked, of_hidden);
    }

    /// The gradient of the terms as a tile sees them, and the places of the rows' classes in it.
    ///
    /// A target loss or a smooth one whose class is elsewhere is a log-sum-exp here, for it has the same gradient.
    fn of_tile(
        &self,
        classes: &Range<usize>,
        terms: &[Vec<F>; 3],
        elsewhere: f64,
    ) -> ([Vec<F>; 3], Vec<i64>) {
        let mut of_tile = terms.clone();
        let mut places = vec![ELSEWHERE; self.hidden.rows()];
        for (i, place_of_row) in places.iter_mut().enumerate() {
            let mut lse = terms[LOG_SUM_EXP][i].to_f64();
            lse += terms[SMOOTH_LOSS][i].to_f64() * elsewhere;
            match self.place(i, classes) {
                Some(place) => *place_of_row = place as i64,
                None => {
                    lse += terms[TARGET_LOSS][i].to_f64();
                    of_tile[TARGET_LOSS][i] = F::ZERO;
                }
            }
            of_tile[LOG_SUM_EXP][i] = F::from_f64(lse);
        }
        (of_tile, places)
    }
}

/// The weights of the classes of a tile.
fn weights_of<'a, F: Float>(
    weights: &'a SmoothWeights<Cow<'_, [F]>>,
    classes: &Range<usize>,
) -> SmoothWeights<Cow<'a, [F]>> {
    match weights {
        SmoothWeights::Zero => SmoothWeights::Zero,
        SmoothWeights::Uniform(weight) => SmoothWeights::Uniform(*weight),
        SmoothWeights::PerClass(weights) => {
            SmoothWeights::PerClass(Cow::Borrowed(&weights[classes.clone()]))
        }
        SmoothWeights::PerLogit(_) => unreachable!("such rows are not cut into tiles"),
    }
}
