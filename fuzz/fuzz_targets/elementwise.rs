//! The passes over single elements: every formula, both types, every instruction set, every kind of operand.
//!
//! Held against the formula in numbers that are known up to rounding (`interval`): each loss, each gradient, the sum, and the
//! first number out of bounds. Held against itself: in place and beside, and once more.

#![no_main]

use std::cell::RefCell;
use std::mem::MaybeUninit;

use burn_loss_fuzz::formulas::{self, AnyFormula, Typed};
use burn_loss_fuzz::interval::Interval;
use burn_loss_fuzz::source::{Source, repeat};
use burn_loss_fuzz::{bits, epsilon};
use libfuzzer_sys::fuzz_target;
use loss_kernels::cpu::elementwise::{Operand, Repeated, backward, losses, reduced};
use loss_kernels::cpu::simd::Arch;
use loss_kernels::formulas::Violation;
use loss_kernels::{Input, Number};

fuzz_target!(|bytes: &[u8]| {
    let mut source = Source::new(bytes);
    match source.flag() {
        true => Case::<f32>::draw(&mut source).check(),
        false => Case::<f64>::draw(&mut source).check(),
    }
});

/// What an operand is, and where its gradient goes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Read,
    Replace,
    Between,
    Repeated,
    One,
}

impl Kind {
    const ALL: [Self; 5] = [
        Self::Read,
        Self::Replace,
        Self::Between,
        Self::Repeated,
        Self::One,
    ];

    fn has_gradient(self) -> bool {
        matches!(self, Self::Replace | Self::Between)
    }

    /// In place for beside, and the other way round.
    fn elsewhere(self) -> Self {
        match self {
            Self::Replace => Self::Between,
            Self::Between => Self::Replace,
            other => other,
        }
    }
}

struct Case<F> {
    formula: Box<dyn AnyFormula>,
    kinds: [Kind; 3],
    len: usize,
    /// What the numbers of the operands repeat.
    numbers: [Vec<F>; 3],
    weights: Vec<F>,
    scale: f64,
    /// After how many elements the numbers repeat, of operands in full and of repeated ones.
    periods: [usize; 2],
    elements: RefCell<Vec<Option<Element>>>,
}

/// What is known of an element.
#[derive(Clone, Copy)]
struct Element {
    loss: Interval,
    /// As the function has them that gives the loss, too.
    together: [Interval; 2],
    slopes: [Interval; 3],
}

type Gradients<F> = [Option<Vec<F>>; 3];

impl<F: Typed> Case<F> {
    fn draw(source: &mut Source) -> Self {
        let (formula, domains) = formulas::draw(source);
        let kinds: [Kind; 3] = std::array::from_fn(|_| source.choice(&Kind::ALL));
        let len = match source.size(0, 63) {
            0..40 => source.size(0, 100),
            40..56 => source.size(0, 700),
            56..63 => source.size(0, 3000),
            // Around the border of a task.
            _ => source.size(32_700, 32_900),
        };
        let scale = source.choice(&[1.0, 0.25, 1e-3, 3.0]);
        let wild = source.one_in(4);
        let [few, period] = [source.size(1, 67), source.size(1, 67)];
        let numbers = std::array::from_fn(|i| {
            let count = match kinds[i] {
                Kind::Repeated => period,
                Kind::One => 1,
                _ => few,
            };
            match kinds[i] {
                Kind::One => vec![F::ONE],
                _ => source.numbers(count, domains[i], wild),
            }
        });
        Self {
            formula,
            kinds,
            len,
            numbers,
            weights: source.weights(len),
            scale,
            periods: [few, period],
            elements: RefCell::new(vec![None; few * period]),
        }
    }

    fn check(&self) {
        for arch in Arch::available() {
            let losses = self.check_losses(arch);
            self.check_reduced(arch, None, losses.as_deref());
            self.check_reduced(arch, Some(&self.weights), losses.as_deref());
            self.check_backward(arch);
        }
    }

    /// The numbers of an element.
    fn inputs(&self, index: usize) -> [F; 3] {
        self.numbers
            .each_ref()
            .map(|numbers| numbers[index % numbers.len()])
    }

    /// What is known of an element; of those that are alike only once.
    fn element(&self, index: usize) -> Element {
        let elements = &mut *self.elements.borrow_mut();
        let [few, period] = self.periods;
        let at = index % few * period + index % period;
        *elements[at].get_or_insert_with(|| {
            let inputs = self.inputs(index).map(Interval::exact);
            Element {
                loss: self.formula.loss_of(inputs),
                together: self.formula.both_of(inputs),
                slopes: Input::ALL.map(|of| self.formula.slope_of(of, inputs)),
            }
        })
    }

    /// The first number out of bounds, of elements that count.
    fn violation(&self, weights: Option<&[F]>) -> Option<Violation> {
        let bounds = self.formula.bounds_of();
        let counts = |index: &usize| weights.is_none_or(|weights| weights[*index] != F::ZERO);
        (0..self.len).filter(counts).find_map(|index| {
            let numbers = self.inputs(index).map(F::to_f64);
            Input::ALL.into_iter().find_map(|input| {
                let [least, most] = bounds[input as usize]?;
                let value = numbers[input as usize];
                let is_outside = value < least || value > most;
                (is_outside && self.kinds[input as usize] != Kind::One).then_some(Violation {
                    input,
                    index,
                    value,
                })
            })
        })
    }

    /// Runs something on operands, and gives their gradients.
    fn run<R>(
        &self,
        kinds: [Kind; 3],
        run: impl FnOnce([Operand<'_, F>; 3]) -> R,
    ) -> (R, Gradients<F>) {
        let repeated = self
            .numbers
            .each_ref()
            .map(|numbers| Repeated::new(numbers));
        let mut numbers = self.numbers.each_ref().map(|n| repeat(n, self.len));
        let mut beside = self
            .numbers
            .each_ref()
            .map(|_| vec![MaybeUninit::new(F::NAN); self.len]);
        let mut parts = numbers.iter_mut().zip(&mut beside).zip(&repeated);
        let operands = kinds.map(|kind| {
            let ((numbers, beside), repeated) = parts.next().expect("one per operand");
            match kind {
                Kind::Read => Operand::Read(numbers),
                Kind::Replace => Operand::Replace(numbers),
                Kind::Between => Operand::Between(numbers, beside),
                Kind::Repeated => Operand::Repeated(repeated),
                Kind::One => Operand::One,
            }
        });
        let result = run(operands);
        let mut gradients = numbers.into_iter().zip(beside);
        let gradients = kinds.map(|kind| {
            let (numbers, beside) = gradients.next().expect("one per operand");
            match kind {
                Kind::Replace => Some(numbers),
                // SAFETY: they were NaN before.
                Kind::Between => Some(beside.iter().map(|x| unsafe { x.assume_init() }).collect()),
                _ => None,
            }
        });
        (result, gradients)
    }

    fn losses(&self, arch: Arch) -> (Vec<F>, Option<Violation>) {
        let mut cells = vec![MaybeUninit::new(F::NAN); self.len];
        let kinds = self.kinds.map(|kind| match kind.has_gradient() {
            true => Kind::Read,
            false => kind,
        });
        let passes = F::elementwise(&*self.formula);
        let (violation, _) = self.run(kinds, |operands| losses(arch, passes, operands, &mut cells));
        // SAFETY: all of them have been written above.
        let losses = cells.iter().map(|cell| unsafe { cell.assume_init() });
        (losses.collect(), violation)
    }

    /// Checks the losses, and gives them; nothing where a number is out of bounds.
    fn check_losses(&self, arch: Arch) -> Option<Vec<F>> {
        let (losses, violation) = self.losses(arch);
        assert_eq!(
            violation,
            self.violation(None),
            "{arch:?}, {:?}",
            self.formula
        );
        if violation.is_some() {
            return None;
        }
        for (index, loss) in losses.iter().enumerate() {
            let known = self.element(index).loss;
            assert!(
                known.allows(loss.to_f64()),
                "{arch:?}, {:?} of {:?}, element {index} of {}: {loss:?}, not {known:?}",
                self.formula,
                self.inputs(index),
                self.len,
            );
        }
        assert_eq!(
            bits(&losses),
            bits(&self.losses(arch).0),
            "the same once more"
        );
        Some(losses)
    }

    fn check_reduced(&self, arch: Arch, weights: Option<&[F]>, losses: Option<&[F]>) {
        let passes = F::elementwise(&*self.formula);
        let run = |kinds| {
            self.run(kinds, |operands| {
                reduced(arch, passes, operands, weights, self.scale, self.len)
            })
        };
        let ((sum, violation), gradients) = run(self.kinds);
        let ((again, _), elsewhere) = run(self.kinds.map(Kind::elsewhere));
        let expected = self.violation(weights);
        assert_eq!(violation, expected, "{arch:?}, {:?}", self.formula);
        if violation.is_some() {
            return;
        }
        assert_eq!(sum.to_bits(), again.to_bits(), "in place and beside");
        if let Some(losses) = losses {
            self.check_sum(arch, sum, weights, losses);
        }
        let factor = |index| Interval::exact(weights.map_or(F::ONE, |w| w[index])) * self.scale;
        self.check_gradients(arch, &gradients, weights, factor);
        self.check_same(&gradients, &elsewhere);
    }

    /// The sum is that of the losses, each times its weight, but for the rounding of at most 16 additions in the type itself.
    fn check_sum(&self, arch: Arch, sum: f64, weights: Option<&[F]>, losses: &[F]) {
        let [mut expected, mut size, mut unsure] = [0.0; 3];
        for (index, loss) in losses.iter().enumerate() {
            let weight = weights.map_or(1.0, |weights| weights[index].to_f64());
            if weight == 0.0 {
                continue;
            }
            let element = self.element(index);
            let sizes = [element.loss, element.together[0]].map(Interval::width);
            let [Some(one), Some(other)] = sizes else {
                return;
            };
            unsure += weight * (one + other);
            expected += weight * loss.to_f64();
            size += weight * loss.to_f64().abs();
        }
        if size > F::MAX.to_f64() / 4.0 {
            return;
        }
        let slack = 24.0 * epsilon::<F>() + self.len as f64 * f64::EPSILON;
        assert!(
            (sum - expected).abs() <= slack * size + unsure || sum == expected,
            "{arch:?}, {:?}, {} elements: {sum:e} instead of {expected:e}",
            self.formula,
            self.len,
        );
    }

    fn check_backward(&self, arch: Arch) {
        let passes = F::elementwise(&*self.formula);
        let run = |kinds| {
            self.run(kinds, |operands| {
                backward(arch, passes, operands, &self.weights)
            })
            .1
        };
        let gradients = run(self.kinds);
        let factor = |index: usize| Interval::exact(self.weights[index]);
        self.check_gradients(arch, &gradients, Some(&self.weights), factor);
        self.check_same(&gradients, &run(self.kinds.map(Kind::elsewhere)));
        self.check_same(&gradients, &run(self.kinds));
    }

    fn check_gradients(
        &self,
        arch: Arch,
        gradients: &Gradients<F>,
        weights: Option<&[F]>,
        factor: impl Fn(usize) -> Interval,
    ) {
        for (input, gradient) in Input::ALL.into_iter().zip(gradients) {
            for (index, found) in gradient.iter().flatten().enumerate() {
                let found = found.to_f64();
                if weights.is_some_and(|weights| weights[index] == F::ZERO) {
                    assert_eq!(found, 0.0, "{arch:?}, element {index} does not count");
                    continue;
                }
                let element = self.element(index);
                let known = match input {
                    Input::Prediction => {
                        Number::select(None, element.slopes[0], element.together[1])
                    }
                    _ => element.slopes[input as usize],
                };
                let known = known * factor(index);
                assert!(
                    known.allows(found),
                    "{arch:?}, slope of {:?} by {input:?} of {:?}, element {index} of {}: {found}, not {known:?}",
                    self.formula,
                    self.inputs(index),
                    self.len,
                );
            }
        }
    }

    /// The same bits, wherever the gradients lie.
    fn check_same(&self, gradients: &Gradients<F>, others: &Gradients<F>) {
        for (gradient, other) in gradients.iter().zip(others) {
            let [gradient, other] = [gradient, other].map(|g| g.as_deref().map(bits));
            assert_eq!(gradient, other, "{:?}", self.formula);
        }
    }
}
