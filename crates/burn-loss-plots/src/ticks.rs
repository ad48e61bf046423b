//! An axis: where its ticks are, and how their numbers are written.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

/// An axis of numbers with ticks at round ones.
#[derive(Clone, Debug)]
pub struct Axis {
    range: (f64, f64),
    ticks: Vec<f64>,
}

impl Axis {
    /// With at most about `count` ticks, at whole numbers only where `whole` asks for it.
    pub fn new(range: (f64, f64), count: usize, whole: bool) -> Self {
        let ticks = ticks(range.0, range.1, count, whole);
        Axis { range, ticks }
    }

    /// The numbers at the ticks.
    pub fn labels(&self) -> Vec<String> {
        self.ticks
            .iter()
            .map(|tick| label(*tick, &self.ticks))
            .collect()
    }
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (from, to): (i32, i32)) -> i32 {
        let share = (value - self.range.0) / (self.range.1 - self.range.0);
        from + (share * f64::from(to - from)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        // No lines between those of the ticks.
        if hint.weight().allow_light_points() {
            Vec::new()
        } else {
            self.ticks.clone()
        }
    }

    fn range(&self) -> Range<f64> {
        self.range.0..self.range.1
    }
}

impl ValueFormatter<f64> for Axis {
    fn format(value: &f64) -> String {
        value.to_string()
    }

    fn format_ext(&self, value: &f64) -> String {
        label(*value, &self.ticks)
    }
}

/// The round numbers from `from` to `to` at steps of 1, 2 or 5 times a power of ten: at most about `count` of them.
fn ticks(from: f64, to: f64, count: usize, whole: bool) -> Vec<f64> {
    let step = step((to - from) / count.max(1) as f64, whole);
    let (first, last) = ((from / step).ceil(), (to / step + 1e-9).floor());
    (0..=(last - first).max(0.0) as usize)
        .map(|index| (first + index as f64) * step)
        // -0 would be written with its sign.
        .map(|value| if value == 0.0 { 0.0 } else { value })
        .collect()
}

/// The least round step that is not below the given one.
fn step(least: f64, whole: bool) -> f64 {
    let power = 10f64.powf(least.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .map(|factor| factor * power)
        .into_iter()
        .find(|&step| step >= least * (1.0 - 1e-9))
        .unwrap_or(10.0 * power);
    if whole { step.max(1.0) } else { step }
}

/// A tick's number, with the digits that tell it from its neighbours.
fn label(value: f64, ticks: &[f64]) -> String {
    let step = match ticks {
        [first, second, ..] => second - first,
        _ => value.abs().max(1e-12),
    };
    let largest = ticks
        .iter()
        .fold(0.0, |most: f64, tick| most.max(tick.abs()));
    if largest >= 1e6 || (largest < 1e-4 && largest > 0.0) {
        return format!("{value:e}");
    }
    let decimals = (-(step * (1.0 + 1e-9)).log10().floor()).clamp(0.0, 12.0) as usize;
    format!("{value:.decimals$}")
}

/// A number for a legend: up to four decimals, without zeros at the end.
pub fn short(value: f64) -> String {
    let text = format!("{value:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(from: f64, to: f64, count: usize, whole: bool) -> Vec<String> {
        let ticks = ticks(from, to, count, whole);
        ticks.iter().map(|&tick| label(tick, &ticks)).collect()
    }

    #[test]
    fn are_round_numbers() {
        assert_eq!(
            labels(0.0, 1.0, 5, false),
            ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]
        );
        assert_eq!(
            labels(-3.1, 3.1, 7, false),
            ["-3", "-2", "-1", "0", "1", "2", "3"]
        );
        assert_eq!(
            labels(0.013, 0.021, 4, false),
            ["0.014", "0.016", "0.018", "0.020"]
        );
        assert_eq!(labels(0.0, 4e7, 2, false), ["0e0", "2e7", "4e7"]);
    }

    #[test]
    fn count_epochs_in_whole_numbers() {
        assert_eq!(labels(1.0, 3.0, 8, true), ["1", "2", "3"]);
        assert_eq!(
            labels(1.0, 40.0, 8, true),
            ["5", "10", "15", "20", "25", "30", "35", "40"]
        );
    }
}
