//! Every formula: its slopes are the derivatives of its loss, and NaN reaches both.

use super::examples::{Domain, Example, Examples, ONE, TARGET_LOSS, Visit, each, usual};
use super::*;

/// A number of a domain, away from its ends and from where rounding is all there is of a difference.
fn inner(domain: Domain, share: f64) -> f64 {
    let inside = match domain {
        Domain::Between(low, high) => Domain::Between(low + 0.05, high - 0.05),
        of => of,
    };
    inside.at(share, [-3.0, 3.0])
}

/// Numbers that fill the domains without being alike.
fn inputs(domains: [Domain; 3]) -> impl Iterator<Item = [f64; 3]> {
    (1..400).map(move |i| {
        std::array::from_fn(|k| {
            let share = f64::from(i) * [0.618_034, 0.754_878, 0.569_840][k];
            inner(domains[k], share.fract())
        })
    })
}

/// Whether an input can be moved.
fn is_continuous(domain: Domain) -> bool {
    matches!(domain, Domain::Between(..))
}

fn check<L: Formula>(formula: &L, domains: [Domain; 3]) {
    const STEP: f64 = 1e-6;
    for numbers in inputs(domains) {
        for of in Input::ALL {
            let k = of as usize;
            if !is_continuous(domains[k]) {
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
        for k in 0..2 {
            let mut broken = numbers;
            broken[k] = f64::NAN;
            let matters = domains[k] != ONE;
            assert!(
                !matters || formula.loss(broken).is_nan(),
                "{formula:?} {broken:?}"
            );
        }
        let [_, y, third] = numbers;
        if domains[0] == TARGET_LOSS {
            // The gradient of a row of logits is NaN without it.
            continue;
        }
        let slope = formula.slope(Input::Prediction, [f64::NAN, y, third]);
        assert!(slope.is_nan(), "{formula:?}");
    }
}

#[test]
fn slopes_are_derivatives() {
    struct Check;
    impl Visit for Check {
        fn visit<L: Examples>(&mut self) {
            for Example { formula, inputs } in L::examples(&mut usual) {
                check(&formula, inputs);
            }
        }
    }
    each(&mut Check);
}
