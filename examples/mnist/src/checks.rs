//! What a number on the command line must satisfy.

use std::fmt::Display;
use std::str::FromStr;

pub fn at_least_one(text: &str) -> Result<usize, String> {
    parse(text, "a whole number of at least 1", |&value| value >= 1)
}

pub fn seed(text: &str) -> Result<u64, String> {
    parse(text, "a whole number of at least 0", |_| true)
}

pub fn index(text: &str) -> Result<usize, String> {
    parse(text, "a whole number of at least 0", |_| true)
}

/// One image to train on and one to validate with is the least that trains.
pub fn at_least_two(text: &str) -> Result<usize, String> {
    parse(text, "a whole number of at least 2", |&value| value >= 2)
}

pub fn label_smoothing(text: &str) -> Result<f64, String> {
    parse(text, "a number from 0 to 1", |value| {
        (0.0..=1.0).contains(value)
    })
}

/// Burn's cosine schedule takes learning rates up to 1.
pub fn learning_rate(text: &str) -> Result<f64, String> {
    parse(text, "a number above 0 and at most 1", |&value| {
        value > 0.0 && value <= 1.0
    })
}

pub fn class_weight(text: &str) -> Result<f32, String> {
    parse(text, "a finite number of at least 0", |value: &f32| {
        value.is_finite() && *value >= 0.0
    })
}

fn parse<T>(text: &str, expected: &str, accepts: impl Fn(&T) -> bool) -> Result<T, String>
where
    T: FromStr,
    T::Err: Display,
{
    match text.trim().parse() {
        Ok(value) if accepts(&value) => Ok(value),
        Ok(_) => Err(format!("expected {expected}")),
        // Of a whole number below 0, the reason would be its sign, which is no digit.
        Err(_) if text.trim().parse::<f64>().is_ok() => Err(format!("expected {expected}")),
        Err(error) => Err(format!("expected {expected}: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_what_is_in_range() {
        assert_eq!(at_least_one("1"), Ok(1));
        assert_eq!(at_least_two("2"), Ok(2));
        assert_eq!(label_smoothing("1"), Ok(1.0));
        assert_eq!(learning_rate("0.5"), Ok(0.5));
        assert_eq!(class_weight(" 0"), Ok(0.0));
    }

    #[test]
    fn says_what_it_expected() {
        assert_eq!(
            at_least_one("0").unwrap_err(),
            "expected a whole number of at least 1"
        );
        assert!(at_least_two("1").is_err());
        assert!(label_smoothing("1.1").is_err());
        assert!(label_smoothing("NaN").is_err());
        assert!(learning_rate("0").is_err());
        assert!(class_weight("-1").is_err());
        assert!(class_weight("inf").is_err());
        assert_eq!(
            seed("-1").unwrap_err(),
            "expected a whole number of at least 0"
        );
        let error = class_weight("x").unwrap_err();
        assert_eq!(
            error,
            "expected a finite number of at least 0: invalid float literal"
        );
    }
}
