//! Images of one byte a pixel (grey) or three (RGB).

use crate::error::{PlotError, Result};

/// Grey or RGB, of the right size.
pub fn check(
    plot: &'static str,
    argument: &str,
    image: &[u8],
    height: usize,
    width: usize,
) -> Result<()> {
    let counts = height
        .checked_mul(width)
        .and_then(|count| Some([count, count.checked_mul(3)?]))
        .filter(|counts| counts[0] > 0 && counts.contains(&image.len()));
    if counts.is_none() {
        return Err(PlotError::input(
            plot,
            argument,
            format!("{height} x {width} pixels, at least 1 x 1, of 1 byte (grey) or 3 (RGB)"),
            format!("{} bytes", image.len()),
        ));
    }
    Ok(())
}

/// RGB of an image of so many pixels.
pub fn rgb(image: &[u8], count: usize) -> Vec<u8> {
    if image.len() == count {
        image.iter().flat_map(|&grey| [grey; 3]).collect()
    } else {
        image.to_vec()
    }
}
