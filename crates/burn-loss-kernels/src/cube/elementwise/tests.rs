//! Every formula in all three operations against itself in `f64`.

use burn::tensor::DType;
use burn_cubecl::kernel::cast;

use crate::cube::shared::device::{Device, pretend};
use crate::cube::testing::{B, T, assert_close, assert_near, devices, memory, numbers, tensor};
use crate::formulas::examples::{
    AMOUNT, Domain, Example, Examples, LOG_PROBABILITY, ONE, REAL, TARGET_LOSS, UNIT, Visit,
    each_of_elements, each_of_rows, usual,
};
use crate::formulas::{Bce, BceWithLogits, JsDiv, L1, Mse, Rounded};
use crate::{Elements, Formula, Input, LossBackend, Reduction, composed};

/// Shapes that vectors divide, and shapes that they do not.
const SHAPES: [[usize; 2]; 6] = [[1, 1], [1, 3], [8, 8], [1000, 1], [5000, 7], [500, 8]];

/// What the formulas are tried on.
struct Case {
    shape: [usize; 2],
    inputs: [Vec<f32>; 3],
}

/// Numbers of a domain that `f32` holds, of which differences are exact.
fn of_domain(domain: Domain, len: usize, [step, modulus]: [usize; 2]) -> Vec<f32> {
    let number = |i: usize| {
        let share = (i * step % modulus) as f64 / (modulus - 1) as f64;
        (domain.at(share, [-8.0, 8.0]) * 128.0).round() / 128.0
    };
    (0..len).map(|i| number(i) as f32).collect()
}

impl Case {
    fn new(shape: [usize; 2], domains: [Domain; 3]) -> Self {
        let len = shape[0] * shape[1];
        let [x, y, third] = domains;
        let inputs = [
            of_domain(x, len, [37, 1001]),
            of_domain(y, len, [3, 101]),
            of_domain(third, len, [11, 7]),
        ];
        Self { shape, inputs }
    }

    fn tensors(&self, third: Third) -> Elements<B> {
        let [x, y, w] = &self.inputs;
        Elements {
            prediction: tensor(x, self.shape),
            target: tensor(y, self.shape),
            third: match third {
                Third::None => None,
                Third::Full => Some(tensor(w, self.shape)),
                Third::Repeated => {
                    let width = self.shape[1];
                    Some(tensor(&w[..width], [width]))
                }
            },
        }
    }

    /// Something of each element in `f64`.
    fn each(&self, third: Third, f: impl Fn([Rounded; 3]) -> Rounded) -> Vec<Rounded> {
        let [x, y, w] = &self.inputs;
        let w = |i: usize| match third {
            Third::None => 1.0,
            Third::Full => w[i],
            Third::Repeated => w[i % self.shape[1]],
        };
        let element = |i: usize| f([x[i], y[i], w(i)].map(exact));
        (0..x.len()).map(element).collect()
    }

    /// One count per element, some of them 0.
    fn counts(&self) -> Vec<f32> {
        let count = |i: usize| (i * 5 % 4) as f32 / 2.0;
        (0..self.inputs[0].len()).map(count).collect()
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Third {
    None,
    Full,
    Repeated,
}

impl Third {
    /// Those of a formula with such a third number.
    fn of(domain: Domain) -> &'static [Self] {
        match domain == ONE {
            true => &[Self::None],
            false => &[Self::None, Self::Full, Self::Repeated],
        }
    }
}

fn exact(number: f32) -> Rounded {
    Rounded::exact(number.into())
}

/// What the numbers of an `f32` that cancel may be off: functions of a driver are not as good as those of the CPU.
fn rounding(number: Rounded) -> f64 {
    2.0 * f64::from(f32::EPSILON) * number.error()
}

const RELATIVE: f64 = 1e-5;
const ABSOLUTE: f64 = 2e-6;

/// Holds a formula to itself in `f64`, on this device.
fn check<L: Formula>(formula: &L, domains: [Domain; 3]) {
    check_on(None, formula, domains);
}

fn check_on<L: Formula>(device: Option<Device>, formula: &L, domains: [Domain; 3]) {
    for shape in SHAPES {
        for &third in Third::of(domains[2]) {
            let what = format!("{formula:?} {shape:?} {third:?} {device:?}");
            let case = Case::new(shape, domains);
            pretend::with(device, || {
                check_losses(formula, &case, third, &what);
                check_gradients(formula, &case, third, &what);
                for weighted in [false, true] {
                    for reduction in [Reduction::Mean, Reduction::Sum] {
                        let what = format!("{what} {reduction:?}");
                        check_reduced(formula, &case, third, reduction, weighted, &what);
                    }
                }
            });
        }
    }
}

fn check_losses<L: Formula>(formula: &L, case: &Case, third: Third, what: &str) {
    let losses = B::elementwise(formula, case.tensors(third)).losses;
    let expected = case.each(third, |inputs| formula.loss(inputs));
    assert_eq!(losses.meta.shape()[..], case.shape);
    let near = |&loss: &Rounded| {
        let value = loss.value();
        (value, RELATIVE * value.abs() + ABSOLUTE + rounding(loss))
    };
    let expected: Vec<_> = expected.iter().map(near).collect();
    assert_near(what, &numbers(&losses), &expected);
}

fn wanted(third: Third) -> [bool; 3] {
    [true, true, third == Third::Full]
}

fn check_gradients<L: Formula>(formula: &L, case: &Case, third: Third, what: &str) {
    let counts = case.counts();
    let grad = tensor(&counts, case.shape);
    let inputs = case.tensors(third);
    let gradients = B::elementwise_backward(formula, inputs, grad, wanted(third));
    compare_gradients(formula, case, third, &gradients, &counts, 1.0, what);
}

fn compare_gradients<L: Formula>(
    formula: &L,
    case: &Case,
    third: Third,
    gradients: &[Option<T>; 3],
    counts: &[f32],
    divisor: f64,
    what: &str,
) {
    let wanted = wanted(third);
    for of in Input::ALL {
        let gradient = &gradients[of as usize];
        assert_eq!(gradient.is_some(), wanted[of as usize], "{what}");
        let Some(gradient) = gradient else { continue };
        let slopes = case.each(third, |inputs| formula.slope(of, inputs));
        let counted = slopes.iter().zip(counts);
        let expected: Vec<_> = counted
            // What counts 0 is dropped, also where its slope is infinite.
            .map(|(&slope, &count)| match count {
                0.0 => (0.0, 0.0),
                _ => {
                    let factor = f64::from(count) / divisor;
                    let value = slope.value() * factor;
                    let by = ABSOLUTE / divisor + rounding(slope) * factor;
                    (value, RELATIVE * value.abs() + by)
                }
            })
            .collect();
        assert_eq!(gradient.meta.shape()[..], case.shape);
        assert_near(&format!("{what} {of:?}"), &numbers(gradient), &expected);
    }
}

fn check_reduced<L: Formula>(
    formula: &L,
    case: &Case,
    third: Third,
    reduction: Reduction,
    weighted: bool,
    what: &str,
) {
    let len = case.inputs[0].len();
    let counts = if weighted {
        case.counts()
    } else {
        vec![1.0; len]
    };
    let weights = weighted.then(|| tensor(&counts, case.shape));
    let inputs = case.tensors(third);
    let found = B::elementwise_reduced(formula, inputs, weights, reduction, wanted(third));

    let losses = case.each(third, |inputs| formula.loss(inputs));
    let weighted_loss = |(loss, &count): (&Rounded, &f32)| match count {
        0.0 => 0.0,
        count => loss.value() * f64::from(count),
    };
    let sum: f64 = losses.iter().zip(&counts).map(weighted_loss).sum();
    let counted = counts.iter().map(|&count| f64::from(count)).sum();
    let divisor = reduction.divisor(counted);
    assert_eq!(found.loss.meta.shape()[..], [1]);
    let tolerance = ABSOLUTE * len as f64 / divisor;
    assert_close(
        what,
        &numbers(&found.loss),
        &[sum / divisor],
        3e-6,
        tolerance,
    );
    // The one element of weight 0 is divided by the sum of the weights, too.
    if divisor != 0.0 {
        compare_gradients(
            formula,
            case,
            third,
            &found.gradients,
            &counts,
            divisor,
            what,
        );
    }
}

/// What does not depend on the formula: on devices of all kinds.
#[test]
fn devices_of_all_kinds() {
    for device in devices() {
        for Example { formula, inputs } in Mse::examples(&mut usual) {
            check_on(device, &formula, inputs);
        }
    }
}

/// Holds each formula to itself.
struct Check;

impl Visit for Check {
    fn visit<L: Examples>(&mut self) {
        for Example { formula, inputs } in L::examples(&mut usual) {
            assert!(formula.twin().is_some(), "{formula:?} has no twin");
            check(&formula, inputs);
        }
    }
}

#[test]
fn formulas_of_elements() {
    each_of_elements(&mut Check);
}

#[test]
fn formulas_of_rows() {
    each_of_rows(&mut Check);
}

/// `f32` holds this share of the target to be all: the divergence is almost 0, and not that of the parts.
#[test]
fn a_mixture_of_almost_one_part() {
    let inputs = Elements::<B> {
        prediction: tensor(&[-0.5, -1.0], [2]),
        target: tensor(&[-1.0, -0.5], [2]),
        third: None,
    };
    let formula = JsDiv { beta: 1.0 - 1e-9 };
    let losses = numbers(&B::elementwise(&formula, inputs).losses);
    assert!(losses.iter().all(|loss| loss.abs() < 1e-6), "{losses:?}");
}

/// Numbers at the ends of what there is, of a formula with such a prediction and target.
fn extremes([x, y, _]: [Domain; 3]) -> [&'static [f32]; 2] {
    const INF: f32 = f32::INFINITY;
    const NAN: f32 = f32::NAN;
    match (x, y) {
        (LOG_PROBABILITY, LOG_PROBABILITY) => [
            &[
                -0.5, 0.0, -1e-6, -0.5, -2.0, -2.0, -INF, -INF, -30.0, -104.0, NAN,
            ],
            &[
                NAN, 0.0, -3.0, -0.5, -2.1, -INF, -2.0, -INF, -0.1, -1.0, -1.0,
            ],
        ],
        (TARGET_LOSS, _) => [
            &[0.0, 1e-20, 1e-6, 1e-3, 0.2, 0.3, 5.0, 86.0, 104.0, 1e4, INF],
            &[2.0; 11],
        ],
        (UNIT, _) => [
            &[
                0.0,
                1.0,
                0.0,
                1.0,
                1e-30,
                1e-7,
                1.0 - f32::EPSILON,
                0.5,
                NAN,
                0.999,
            ],
            &[0.0, 1.0, 1.0, 0.0, 1.0, 0.5, 0.25, NAN, 0.5, 1.0],
        ],
        _ => [
            &[
                0.0, -0.0, 1e-6, 1e-3, 1e4, -1e4, INF, -INF, INF, NAN, 1.0, 1e-20, 88.0, -103.0,
                30.0, 1.0,
            ],
            &[
                0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, INF, 0.0, NAN, 0.0, 1.0, 1.0, 0.5, 1.0,
            ],
        ],
    }
}

/// Numbers, infinite where a driver may have no inverse of `exp(-x)`: that is then subnormal.
fn or_infinite(tensor: &T) -> Vec<f32> {
    let of = |x: f32| if x.abs() > 1e38 { x * f32::INFINITY } else { x };
    numbers(tensor).into_iter().map(of).collect()
}

/// Against the composed operations, which the suite holds to references.
struct CheckExtremes;

impl Visit for CheckExtremes {
    fn visit<L: Examples>(&mut self) {
        for Example { formula, inputs } in L::examples(&mut usual) {
            let [x, y] = extremes(inputs);
            let inputs = || Elements::<B> {
                prediction: tensor(x, [x.len()]),
                target: tensor(y, [y.len()]),
                third: None,
            };
            // The digits of the composed operations, but for what cancels.
            let near = |expected: Vec<f32>, least: f64, part: &dyn Fn([Rounded; 3]) -> Rounded| {
                let elements = expected.into_iter().zip(x.iter().zip(y));
                let near = elements.map(|(expected, (&x, &y))| {
                    let value = f64::from(expected);
                    let cancelled = rounding(part([x, y, 1.0].map(exact)));
                    (value, 1e-5 * value.abs() + least + cancelled)
                });
                near.collect::<Vec<_>>()
            };
            let expected = or_infinite(&composed::elementwise(&formula, inputs()).losses);
            let expected = near(expected, 1e-30, &|inputs| formula.loss(inputs));
            let losses = or_infinite(&B::elementwise(&formula, inputs()).losses);
            assert_near(&format!("{formula:?}"), &losses, &expected);

            let grad = || tensor(&vec![1.0; x.len()], [x.len()]);
            let wanted = [true, true, false];
            let expected = composed::elementwise_backward(&formula, inputs(), grad(), wanted);
            let actual = B::elementwise_backward(&formula, inputs(), grad(), wanted);
            for of in [Input::Prediction, Input::Target] {
                let [actual, expected] = [&actual, &expected].map(|gradients| {
                    or_infinite(gradients[of as usize].as_ref().expect("it was wanted"))
                });
                let expected = near(expected, 1e-7, &|inputs| formula.slope(of, inputs));
                assert_near(&format!("{formula:?}, {of:?}"), &actual, &expected);
            }
        }
    }
}

#[test]
fn extremes_are_those_of_the_composed_operations() {
    each_of_elements(&mut CheckExtremes);
    each_of_rows(&mut CheckExtremes);
}

#[test]
fn out_of_bounds_is_nan() {
    let inputs = || Elements::<B> {
        prediction: tensor(&[0.5, 1.5, -0.5, 0.5], [4]),
        target: tensor(&[0.5, 0.5, 0.5, 2.0], [4]),
        third: None,
    };
    let losses = numbers(&B::elementwise(&Bce, inputs()).losses);
    assert!(!losses[0].is_nan());
    assert!(losses[1..].iter().all(|loss| loss.is_nan()));
    let weights = tensor(&[1.0, 0.0, 0.0, 0.0], [4]);
    let wanted = [true, true, false];
    let found = B::elementwise_reduced(&Bce, inputs(), Some(weights), Reduction::Mean, wanted);
    assert_close("dropped", &numbers(&found.loss), &[2f64.ln()], 1e-6, 0.0);
}

/// Nothing that is dropped reaches the loss or a gradient.
#[test]
fn weights_of_zero_drop_what_is_not_a_number() {
    let inputs = Elements::<B> {
        prediction: tensor(&[f32::NAN, 2.0, f32::INFINITY, 1.0], [4]),
        target: tensor(&[0.0, f32::NAN, f32::INFINITY, 0.0], [4]),
        third: None,
    };
    let weights = tensor(&[0.0, 0.0, 0.0, 2.0], [4]);
    let wanted = [true, true, false];
    let found = B::elementwise_reduced(&Mse, inputs, Some(weights), Reduction::Mean, wanted);
    assert_eq!(numbers(&found.loss), [1.0]);
    let [of_prediction, of_target, _] = found.gradients;
    assert_eq!(numbers(&of_prediction.unwrap()), [0.0, 0.0, 0.0, 2.0]);
    assert_eq!(numbers(&of_target.unwrap()), [0.0, 0.0, 0.0, -2.0]);
}

#[test]
fn a_mean_of_nothing() {
    let reduced = |numbers: &[f32], weights: Option<&[f32]>, reduction| {
        let len = numbers.len();
        let inputs = Elements::<B> {
            prediction: tensor(numbers, [len]),
            target: tensor(numbers, [len]),
            third: None,
        };
        let weights = weights.map(|weights| tensor(weights, [len]));
        let found = B::elementwise_reduced(&Mse, inputs, weights, reduction, [true, false, false]);
        assert_eq!(found.gradients[0].as_ref().unwrap().meta.shape()[..], [len]);
        self::numbers(&found.loss)[0]
    };
    for weights in [None, Some(&[][..])] {
        assert!(reduced(&[], weights, Reduction::Mean).is_nan());
        assert_eq!(reduced(&[], weights, Reduction::MeanOrZero), 0.0);
        assert_eq!(reduced(&[], weights, Reduction::Sum), 0.0);
    }
    let none = Some(&[0.0, 0.0][..]);
    assert!(reduced(&[1.0, 2.0], none, Reduction::Mean).is_nan());
    assert_eq!(reduced(&[1.0, 2.0], none, Reduction::MeanOrZero), 0.0);
}

/// Gradients take the place of what nothing else holds, and of nothing else.
#[test]
fn in_place_where_nothing_else_holds_the_input() {
    let case = Case::new([500, 8], [REAL, UNIT, AMOUNT]);
    let formula = BceWithLogits {
        label_smoothing: 0.0,
    };
    let wanted = [true; 3];
    for held in [false, true] {
        let inputs = case.tensors(Third::Full);
        let keep = held.then(|| inputs.clone());
        let places = [
            &inputs.prediction,
            &inputs.target,
            inputs.third.as_ref().unwrap(),
        ];
        let places = places.map(memory);
        let found = B::elementwise_reduced(&formula, inputs, None, Reduction::Sum, wanted);
        let new = found.gradients.map(|gradient| memory(&gradient.unwrap()));
        for (place, new) in places.iter().zip(&new) {
            assert_eq!(place == new, !held);
        }
        if let Some(keep) = keep {
            assert_eq!(numbers(&keep.prediction), case.inputs[0]);
            assert_eq!(numbers(&keep.target), case.inputs[1]);
        }

        let inputs = case.tensors(Third::Full);
        let keep = held.then(|| inputs.clone());
        let place = memory(&inputs.prediction);
        let grad = tensor(&case.counts(), case.shape);
        let [gradient, ..] = B::elementwise_backward(&formula, inputs, grad, [true, false, false]);
        assert_eq!(place == memory(&gradient.unwrap()), !held);
        drop(keep);
    }
}

/// One tensor as prediction and target is held twice.
#[test]
fn a_tensor_against_itself() {
    let x = tensor(&[1.0, 2.0, 3.0, 4.0], [4]);
    let inputs = Elements::<B> {
        prediction: x.clone(),
        target: x,
        third: None,
    };
    let found = B::elementwise_reduced(&Mse, inputs, None, Reduction::Mean, [true, true, false]);
    assert_eq!(numbers(&found.loss), [0.0]);
    for gradient in found.gradients.iter().flatten() {
        assert_eq!(numbers(gradient), [0.0; 4]);
    }
}

/// Transposed, padded and repeated rows are read as what they stand for.
#[test]
fn strides() {
    let rows = 6;
    let case = Case::new([rows, 8], [REAL, UNIT, AMOUNT]);
    let formula = BceWithLogits {
        label_smoothing: 0.0,
    };
    let [x, y, _] = &case.inputs;

    // The target lies transposed, the prediction has four elements between its rows.
    let transposed: Vec<_> = (0..rows * 8)
        .map(|i| y[(i % rows) * 8 + i / rows])
        .collect();
    let padded: Vec<_> = (0..rows * 12)
        .map(|i| {
            if i % 12 < 8 {
                x[i / 12 * 8 + i % 12]
            } else {
                f32::NAN
            }
        })
        .collect();
    let inputs = || {
        let mut prediction = tensor(&padded, [rows, 12]);
        prediction.meta.shape = [rows, 8].into();
        let mut target = tensor(&transposed, [8, rows]);
        target.meta.swap(0, 1);
        Elements::<B> {
            prediction,
            target,
            third: None,
        }
    };
    let held = inputs();
    for inputs in [held.clone(), inputs()] {
        let wanted = [true, true, false];
        let found = B::elementwise_reduced(&formula, inputs, None, Reduction::Sum, wanted);
        let losses = case.each(Third::None, |inputs| formula.loss(inputs));
        let sum = losses.iter().map(|loss| loss.value()).sum();
        assert_close("strides", &numbers(&found.loss), &[sum], 1e-6, 0.0);
        let ones = vec![1.0; rows * 8];
        compare_gradients(
            &formula,
            &case,
            Third::None,
            &found.gradients,
            &ones,
            1.0,
            "strides",
        );
    }
    assert!(numbers(&held.prediction).iter().zip(x).all(|(a, b)| a == b));

    // A gradient that is one number for all.
    let mut grad = tensor(&[1.0], [1, 1]);
    grad.meta.shape = [rows, 8].into();
    grad.meta.strides = [0, 0].into();
    let gradients = B::elementwise_backward(&formula, inputs(), grad, [true, true, false]);
    let ones = vec![1.0; rows * 8];
    compare_gradients(
        &formula,
        &case,
        Third::None,
        &gradients,
        &ones,
        1.0,
        "one number",
    );
}

#[test]
fn numbers_of_16_bits_are_computed_in_32() {
    let case = Case::new([500, 8], [REAL, UNIT, AMOUNT]);
    let [x, y, _] = &case.inputs;
    let half = |numbers: &[f32]| cast(tensor(numbers, case.shape), DType::F16);
    let inputs = || Elements::<B> {
        prediction: half(x),
        target: half(y),
        third: None,
    };
    let wanted = [true, false, false];
    let found = B::elementwise_reduced(&Mse, inputs(), None, Reduction::Mean, wanted);
    assert_eq!(found.loss.dtype, DType::F16);
    let losses = case.each(Third::None, |inputs| Mse.loss(inputs));
    let sum: f64 = losses.iter().map(|loss| loss.value()).sum();
    let mean = sum / losses.len() as f64;
    assert_close("f16", &numbers(&found.loss), &[mean], 1e-3, 0.0);
    let gradient = found.gradients[0].as_ref().unwrap();
    assert_eq!(gradient.dtype, DType::F16);
}

/// More cubes than one dimension of a launch can count.
#[test]
fn more_than_65535_cubes() {
    let device = devices()[3];
    let len = 16 * 70_001;
    let x: Vec<f32> = (0..len + 1).map(|i| (i % 5) as f32).collect();
    let zeros = vec![0.0; len + 1];
    pretend::with(device, || {
        let inputs = Elements::<B> {
            prediction: tensor(&x, [len + 1]),
            target: tensor(&zeros, [len + 1]),
            third: None,
        };
        let found =
            B::elementwise_reduced(&Mse, inputs, None, Reduction::Sum, [true, false, false]);
        let sum = x.iter().map(|&x| f64::from(x * x)).sum();
        assert_close("sum", &numbers(&found.loss), &[sum], 1e-6, 0.0);
        let gradient = numbers(found.gradients[0].as_ref().unwrap());
        assert!(
            gradient
                .iter()
                .zip(&x)
                .all(|(gradient, x)| *gradient == 2.0 * x)
        );
    });
}

/// The mean of equal losses, and that it comes out the same again.
#[test]
fn long_means() {
    let len = 1 << 22;
    for device in devices() {
        if device.is_some_and(|device| device.units_per_cube == 1) {
            continue;
        }
        let mean = || {
            pretend::with(device, || {
                let inputs = Elements::<B> {
                    prediction: tensor(&vec![0.1; len], [len]),
                    target: tensor(&vec![0.0; len], [len]),
                    third: None,
                };
                let found = B::elementwise_reduced(&L1, inputs, None, Reduction::Mean, [false; 3]);
                numbers(&found.loss)[0]
            })
        };
        let found = mean();
        assert_close("mean", &[found], &[f64::from(0.1f32)], 5e-7, 0.0);
        assert_eq!(found, mean());
    }
}
