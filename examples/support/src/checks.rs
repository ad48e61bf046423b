//! What a number on the command line must satisfy.

/// A finite number above 0.
///
/// # Errors
///
/// If the text is something else; says what was expected.
pub fn above_zero(text: &str) -> Result<f64, String> {
    match text.trim().parse::<f64>() {
        Ok(number) if number > 0.0 && number.is_finite() => Ok(number),
        _ => Err("expected a finite number above 0".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_finite_numbers_above_zero() {
        assert_eq!(above_zero("0.5"), Ok(0.5));
        for text in ["0", "-1", "inf", "NaN", "one"] {
            assert!(above_zero(text).is_err(), "{text}");
        }
    }
}
