//! The checks of arguments: the only place that refuses one.

use crate::error::{PlotError, Result};

/// No number that is drawn is larger, so that the difference of two is finite.
pub const LARGEST: f64 = 1e300;
/// No axis is shorter, so that a share of it is a number of full precision.
pub const NARROWEST: f64 = 1e-290;

/// At least one value.
pub fn not_empty<T>(plot: &'static str, argument: &str, values: &[T]) -> Result<()> {
    if values.is_empty() {
        return Err(PlotError::input(
            plot,
            argument,
            "at least one value",
            "none",
        ));
    }
    Ok(())
}

/// As many values as something else has; `of` says what.
pub fn length(
    plot: &'static str,
    argument: &str,
    found: usize,
    expected: usize,
    of: &str,
) -> Result<()> {
    if found != expected {
        return Err(PlotError::input(
            plot,
            argument,
            format!("{expected} values, {of}"),
            found.to_string(),
        ));
    }
    Ok(())
}

/// No NaN, no infinity, and nothing beyond [`LARGEST`].
pub fn finite(plot: &'static str, argument: &str, values: &[f64]) -> Result<()> {
    each(plot, argument, values, "finite numbers", f64::is_finite)?;
    each(
        plot,
        argument,
        values,
        "numbers from -1e300 to 1e300",
        |value| value.abs() <= LARGEST,
    )
}

/// Numbers from 0 to 1, such as rates and probabilities.
pub fn unit(plot: &'static str, argument: &str, values: &[f64]) -> Result<()> {
    // A mean of probabilities may leave the interval by its rounding.
    let accepts = |value: f64| (-1e-9..=1.0 + 1e-9).contains(&value);
    each(plot, argument, values, "numbers from 0 to 1", accepts)
}

/// Numbers that `accepts` accepts.
pub fn each(
    plot: &'static str,
    argument: &str,
    values: &[f64],
    expected: &str,
    accepts: impl Fn(f64) -> bool,
) -> Result<()> {
    match values.iter().position(|&value| !accepts(value)) {
        Some(index) => Err(PlotError::input(
            plot,
            argument,
            expected,
            format!("{:?} at index {index}", values[index]),
        )),
        None => Ok(()),
    }
}

/// A lower end below an upper end, both finite, and neither too far nor too near.
pub fn range(plot: &'static str, argument: &str, from: f64, to: f64) -> Result<()> {
    if !(from.is_finite() && to.is_finite() && from < to) {
        return Err(PlotError::input(
            plot,
            argument,
            "a finite lower end below a finite upper end",
            format!("{from} to {to}"),
        ));
    }
    // Of large ends, what lies between must be told apart, too.
    let largest = from.abs().max(to.abs());
    if largest > LARGEST || to - from < NARROWEST.max(1e-12 * largest) {
        return Err(PlotError::input(
            plot,
            argument,
            "ends from -1e300 to 1e300, and apart by 1e-290 and by 1e-12 of the larger",
            format!("{from:e} to {to:e}"),
        ));
    }
    Ok(())
}
