//! Checks of shapes, targets and probabilities with their messages: the only place that checks.
//!
//! Everything here returns its message, because a plain function panics with it and a metric in the middle of an epoch
//! must not.

use std::fmt::Display;

/// Panics with the name of the function that found a mistake.
#[track_caller]
pub(crate) fn or_panic<T>(function: &str, result: Result<T, String>) -> T {
    // A closure would be named as the place, and not the caller.
    match result {
        Ok(value) => value,
        Err(message) => panic!("{function}: {message}"),
    }
}

/// Two tensors have to have the same shape.
pub(crate) fn same_shape(
    (reference, reference_dims): (&str, &[usize]),
    (name, dims): (&str, &[usize]),
) -> Result<(), String> {
    if dims == reference_dims {
        return Ok(());
    }
    Err(format!(
        "expected `{name}` of the shape of `{reference}`, {reference_dims:?}, got {dims:?}"
    ))
}

/// Scores `[N, C]` have to have one target a row.
pub(crate) fn one_target_a_row(
    name: &str,
    [rows, columns]: [usize; 2],
    targets: usize,
) -> Result<(), String> {
    if rows != targets {
        return Err(format!(
            "expected `targets` of shape [{rows}] for `{name}` of shape [{rows}, {columns}], got [{targets}]"
        ));
    }
    if columns == 0 {
        return Err(format!(
            "expected `{name}` with at least one class on axis 1, got [{rows}, 0]"
        ));
    }
    Ok(())
}

/// Binary targets, `[N]` or `[N, columns]`, have to be 0 or 1; they are the rows from `first_row` on.
pub(crate) fn yes_or_no(
    name: &str,
    targets: &[i64],
    columns: usize,
    first_row: usize,
) -> Result<Vec<bool>, String> {
    let place = |index| place(first_row * columns + index, columns);
    let answer = |(index, &target): (usize, &i64)| answer(name, &place(index), target);
    targets.iter().enumerate().map(answer).collect()
}

/// A binary target has to be 0 or 1.
pub(crate) fn answer(name: &str, place: &str, target: i64) -> Result<bool, String> {
    match target {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(wrong(name, place, target, "0 or 1")),
    }
}

/// Classes have to lie in `[0, num_classes)`.
pub(crate) fn classes(
    name: &str,
    classes: &[i64],
    num_classes: usize,
) -> Result<Vec<usize>, String> {
    let class = |(row, &value): (usize, &i64)| class(name, row, value, num_classes);
    classes.iter().enumerate().map(class).collect()
}

/// A target as a class, if it is one.
pub(crate) fn as_class(target: i64, num_classes: usize) -> Option<usize> {
    let class = usize::try_from(target).ok();
    class.filter(|&class| class < num_classes)
}

/// A class has to lie in `[0, num_classes)`.
pub(crate) fn class(
    name: &str,
    row: usize,
    value: i64,
    num_classes: usize,
) -> Result<usize, String> {
    as_class(value, num_classes).ok_or_else(|| {
        let expected = format!("a class in [0, {num_classes}) (C = {num_classes})");
        wrong(name, &place(row, 1), value, expected)
    })
}

/// How far outside `[0, 1]` a probability may be: what a softmax in f32 is off by, on a GPU a little more than on a CPU.
const ROUNDING: f64 = 8.0 * f32::EPSILON as f64;

/// Whether a number is a probability, up to rounding.
pub(crate) fn is_probability(number: f64) -> bool {
    (-ROUNDING..=1.0 + ROUNDING).contains(&number)
}

/// Probabilities, `[N]` or `[N, columns]`, have to lie in `[0, 1]`; what rounding put outside is put on the edge. NaN
/// passes, because a diverged model is no mistake of the caller. They are the rows from `first_row` on.
pub(crate) fn probabilities(
    name: &str,
    values: &mut [f64],
    columns: usize,
    first_row: usize,
) -> Result<(), String> {
    for (index, value) in values.iter_mut().enumerate() {
        if !is_probability(*value) && !value.is_nan() {
            let place = place(first_row * columns + index, columns);
            return Err(format!(
                "expected `{name}` in [0, 1], got {value} at {place}"
            ));
        }
        *value = value.clamp(0.0, 1.0);
    }
    Ok(())
}

/// Where an element of a tensor `[N]` or `[N, columns]` is.
pub(crate) fn place(index: usize, columns: usize) -> String {
    match columns {
        0 | 1 => format!("row {index}"),
        _ => format!("row {}, column {}", index / columns, index % columns),
    }
}

/// A setting has to be as it must be.
pub(crate) fn setting(
    valid: bool,
    name: &str,
    expected: &str,
    got: impl Display,
) -> Result<(), String> {
    match valid {
        true => Ok(()),
        false => Err(format!("expected `{name}` {expected}, got {got}")),
    }
}

fn wrong(name: &str, place: &str, got: i64, expected: impl Display) -> String {
    format!("`{name}` at {place} is {got}, expected {expected}")
}
