//! Every element-wise formula: its slopes are the derivatives of its loss, and NaN reaches both.

use super::*;

/// The range of each input, away from its ends.
type Ranges = [[f64; 2]; 3];

const REAL: [f64; 2] = [-3.0, 3.0];
const UNIT: [f64; 2] = [0.05, 0.95];
const AMOUNT: [f64; 2] = [0.05, 4.0];
const ONE: [f64; 2] = [1.0, 1.0];

/// Numbers that fill the ranges without being alike.
fn inputs(ranges: Ranges) -> impl Iterator<Item = [f64; 3]> {
    (1..400).map(move |i| {
        std::array::from_fn(|k| {
            let [low, high] = ranges[k];
            let share = (f64::from(i) * [0.618_034, 0.754_878, 0.569_840][k]).fract();
            low + (high - low) * share
        })
    })
}

fn check<L: Formula>(formula: L, ranges: Ranges) {
    const STEP: f64 = 1e-6;
    for numbers in inputs(ranges) {
        for of in Input::ALL {
            let k = of as usize;
            if ranges[k][0] == ranges[k][1] {
                continue;
            }
            let at = |step: f64| {
                let mut moved = numbers;
                moved[k] += step;
                formula.loss(moved)
            };
            let [before, after] = [-STEP, STEP].map(|step| {
                // From one side, too: at a corner the two differ, and neither is asked for.
                (at(2.0 * step) - at(0.0)) / (2.0 * step)
            });
            let difference = (at(STEP) - at(-STEP)) / (2.0 * STEP);
            let slope = formula.slope(of, numbers);
            let tolerance = 1e-8 * slope.abs().max(1.0);
            let corner = (before - after).abs() > 1e-3 * slope.abs().max(1.0);
            assert!(
                corner || (slope - difference).abs() <= tolerance,
                "{formula:?} of {of:?} at {numbers:?}: {slope} instead of {difference}"
            );
        }
        let [x, y, third] = numbers;
        for broken in [[f64::NAN, y, third], [x, f64::NAN, third]] {
            assert!(formula.loss(broken).is_nan(), "{formula:?} {broken:?}");
        }
        let slope = formula.slope(Input::Prediction, [f64::NAN, y, third]);
        assert!(slope.is_nan(), "{formula:?}");
    }
}

#[test]
fn slopes_are_derivatives() {
    let real = [REAL, REAL, ONE];
    check(Mse, real);
    check(L1, real);
    check(Huber { delta: 0.7 }, real);
    for beta in [0.0, 0.4, 1.0] {
        check(SmoothL1 { beta }, real);
    }
    check(LogCosh, real);
    check(Charbonnier { eps: 0.3 }, real);
    check(Quantile { level: 0.2 }, real);
    check(Quantile { level: 1.0 }, [REAL, REAL, UNIT]);
    check(Msle, [AMOUNT, AMOUNT, ONE]);
    check(Bce, [UNIT, UNIT, ONE]);
    let label_smoothing = 0.1;
    check(BceWithLogits { label_smoothing }, [REAL, UNIT, AMOUNT]);
    let alpha = Some(0.3);
    check(SigmoidFocal { alpha, gamma: 1.3 }, [REAL, UNIT, ONE]);
}

#[test]
fn slopes_of_distributions_are_derivatives() {
    for log_target in [false, true] {
        let target = if log_target { REAL } else { AMOUNT };
        check(KlDiv { log_target }, [REAL, target, ONE]);
    }
    for (log_input, full) in [(true, false), (true, true), (false, false), (false, true)] {
        let formula = PoissonNll {
            log_input,
            full,
            eps: 1e-8,
        };
        check(
            formula,
            [if log_input { REAL } else { AMOUNT }, AMOUNT, ONE],
        );
    }
    for power in [1.1, 1.5, 1.9] {
        check(Tweedie { power }, [REAL, AMOUNT, ONE]);
    }
    check(GammaNll, [REAL, AMOUNT, ONE]);
    for beta in [0.0, 0.2, 0.5, 1.0] {
        check(JsDiv { beta }, [[-3.0, 0.0], [-3.0, 0.0], ONE]);
    }
    check(GaussianCrps, [REAL, REAL, AMOUNT]);
    for full in [false, true] {
        check(GaussianNll { full, eps: 1e-6 }, [REAL, REAL, AMOUNT]);
    }
}

#[test]
fn slopes_of_margins_are_derivatives() {
    check(MarginRanking { margin: 0.4 }, [REAL, REAL, [-2.0, 2.0]]);
    check(SoftMargin, [REAL, REAL, ONE]);
    for y in [1.0, -1.0] {
        check(HingeEmbedding { margin: 0.8 }, [REAL, [y, y], ONE]);
    }
    for (gamma_positive, gamma_negative, clip) in
        [(1.0, 4.0, 0.05), (0.0, 1.3, 0.0), (2.0, 0.0, 0.2)]
    {
        let formula = Asymmetric {
            gamma_positive,
            gamma_negative,
            clip,
        };
        check(formula, [REAL, UNIT, ONE]);
    }
}
