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

/// Farther out no point is placed, in pixels.
const FAR: f64 = 1e8;

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (from, to): (i32, i32)) -> i32 {
        let share = (value - self.range.0) / (self.range.1 - self.range.0);
        // What lies far outside stays far outside, and can still be added to.
        let offset = (share * f64::from(to - from)).clamp(-FAR, FAR);
        from + offset.round() as i32
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
    let (first, last) = ((from / step - 1e-9).ceil(), (to / step + 1e-9).floor());
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

/// No number in a picture is longer, in characters.
const LONGEST: usize = 8;

/// The power of ten of a number's first digit; that of a step, so that rounding does not lose one.
fn power(value: f64) -> i32 {
    (value.abs() * (1.0 + 1e-9)).log10().floor().max(-400.0) as i32
}

/// A tick's number, with the digits that tell it from its neighbours: plain, else with an exponent. Where both are too
/// long or alike, the first tick is rounded and the others say how far they are above it.
fn label(value: f64, ticks: &[f64]) -> String {
    let step = match ticks {
        [first, second, ..] => second - first,
        _ => value.abs().max(1e-12),
    };
    let fits = |text: &dyn Fn(f64) -> String| {
        let labels: Vec<String> = ticks.iter().map(|&tick| text(tick)).collect();
        let differ = labels.windows(2).all(|pair| pair[0] != pair[1]);
        differ && labels.iter().all(|label| label.len() <= LONGEST)
    };
    let largest = ticks
        .iter()
        .fold(0.0, |most: f64, tick| most.max(tick.abs()));
    let plain = |value: f64| {
        let decimals = (-power(step)).clamp(0, 12) as usize;
        format!("{value:.decimals$}")
    };
    if (largest == 0.0 || (1e-4..1e6).contains(&largest)) && fits(&plain) {
        return plain(value);
    }
    // To the step's digit.
    let scientific = |value: f64| match value {
        0.0 => "0".to_owned(),
        _ => {
            let digits = match ticks.len() {
                0 | 1 => 2,
                _ => (power(value) - power(step)).clamp(0, 12) as usize,
            };
            format!("{value:.digits$e}")
        }
    };
    if fits(&scientific) {
        return scientific(value);
    }
    // Where the zeros of some are what is too long: -1e-290 beside -5e-291.
    let trimmed = |value: f64| {
        let text = scientific(value);
        match text.split_once('e') {
            Some((digits, exponent)) => format!("{}e{exponent}", without_zeros(digits)),
            None => text,
        }
    };
    if fits(&trimmed) {
        return trimmed(value);
    }
    match ticks {
        [first, ..] if value > *first => format!("+{}", compact(value - first, LONGEST - 1)),
        _ => compact(value, LONGEST),
    }
}

/// A number for a legend, with four decimals or three significant digits, and no longer than [`LONGEST`].
pub fn significant(value: f64) -> String {
    let size = value.abs();
    if !(1e-3..1e5).contains(&size) && value.is_finite() && value != 0.0 {
        return compact(value, LONGEST);
    }
    let decimals = match size {
        size if size >= 1e3 => 1,
        size if size >= 0.01 || size == 0.0 => 4,
        _ => 5,
    };
    format!("{value:.decimals$}")
}

/// A number with an exponent, and as many of three significant digits as fit.
fn compact(value: f64, longest: usize) -> String {
    let digits = [2, 1].map(|digits| format!("{value:.digits$e}"));
    let fits = digits.into_iter().find(|text| text.len() <= longest);
    fits.unwrap_or_else(|| format!("{value:.0e}"))
}

/// A number for a legend, as [`significant`], without zeros at the end.
pub fn short(value: f64) -> String {
    let text = significant(value);
    match text.contains('e') {
        true => text,
        false => without_zeros(&text).to_owned(),
    }
}

/// Digits without zeros behind the point, and without a point at the end.
fn without_zeros(digits: &str) -> &str {
    match digits.contains('.') {
        true => digits.trim_end_matches('0').trim_end_matches('.'),
        false => digits,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(from: f64, to: f64, count: usize, whole: bool) -> Vec<String> {
        let ticks = ticks(from, to, count, whole);
        ticks.iter().map(|&tick| label(tick, &ticks)).collect()
    }

    #[test]
    fn what_is_far_outside_has_a_place() {
        for range in [(0.0, 1.0), (0.0, 5e-324), (-1e307, 1e307)] {
            let axis = Axis::new(range, 5, false);
            for (value, outside) in [(1e300, 600), (f64::MAX, 600), (-1e300, 20), (f64::MIN, 20)] {
                let place = axis.map(&value, (20, 600));
                let is_outside = if outside == 600 {
                    place >= 310
                } else {
                    place <= 310
                };
                assert!(is_outside, "{value} on {range:?} at {place}");
            }
            axis.map(&f64::INFINITY, (20, 600));
            axis.map(&f64::NAN, (600, 20));
        }
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
        assert_eq!(labels(0.0, 4e7, 2, false), ["0", "2e7", "4e7"]);
    }

    #[test]
    fn count_epochs_in_whole_numbers() {
        assert_eq!(labels(1.0, 3.0, 8, true), ["1", "2", "3"]);
        assert_eq!(
            labels(1.0, 40.0, 8, true),
            ["5", "10", "15", "20", "25", "30", "35", "40"]
        );
    }

    #[test]
    fn are_short_and_differ() {
        assert_eq!(
            labels(2e-5, 5e-5, 4, false),
            ["2e-5", "3e-5", "4e-5", "5e-5"]
        );
        assert_eq!(labels(9e-5, 1.2e-4, 3, false).len(), 4);
        // Too close together for eight characters: how far above the first.
        assert_eq!(
            labels(123_456_789.0, 123_456_789.4, 3, false),
            ["1.23e8", "+2.00e-1", "+4.00e-1"]
        );
        for power in -290..290 {
            let near = 10f64.powi(power);
            for (from, to) in [
                (0.0, near),
                (-near, near),
                (near, near * 1.7),
                (near, near * 1.001),
            ] {
                let labels = labels(from, to, 8, false);
                assert!(labels.iter().all(|label| label.len() <= 8), "{labels:?}");
                assert!(
                    labels.windows(2).all(|pair| pair[0] != pair[1]),
                    "{labels:?}"
                );
            }
        }
    }

    #[test]
    fn a_legend_has_significant_digits() {
        let texts = [
            (3.2e-5, "3.20e-5"),
            (0.0, "0.0000"),
            (0.6, "0.6000"),
            (0.0381, "0.0381"),
            (0.00381, "0.00381"),
            (1234.56, "1234.6"),
            (-1.25e-300, "-1e-300"),
            (f64::NAN, "NaN"),
        ];
        for (value, text) in texts {
            assert_eq!(significant(value), text);
        }
        assert_eq!(short(0.25), "0.25");
        assert_eq!(short(0.1 + 0.2), "0.3");
        assert_eq!(short(1e-5), "1.00e-5");
    }
}
