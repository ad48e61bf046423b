//! A digit and the model's probabilities as text.

use crate::data::{CLASSES, Digit, SIDE};

/// From paper to ink.
const SHADES: [char; 5] = [' ', '░', '▒', '▓', '█'];
/// The length of a bar that stands for probability 1.
const BAR: f32 = 20.0;

/// The picture on the left, the probabilities on the right.
pub fn picture(digit: &Digit, probabilities: &[f32]) -> String {
    let image = image(digit);
    let blank = " ".repeat(SIDE);
    let rows = image.len().max(CLASSES);
    let row = |index: usize| {
        let left = image.get(index).unwrap_or(&blank);
        // The ten bars stand beside the middle of the picture.
        let right = index.checked_sub((rows - CLASSES) / 2).and_then(|class| {
            probabilities
                .get(class)
                .map(|&probability| bar(class, probability))
        });
        format!("  |{left}|  {}", right.unwrap_or_default())
            .trim_end()
            .to_owned()
    };
    (0..rows).map(row).collect::<Vec<_>>().join("\n")
}

/// A character is about twice as high as wide, so each stands for two pixels, one above the other.
fn image(digit: &Digit) -> Vec<String> {
    let rows: Vec<_> = digit.pixels.chunks(SIDE).collect();
    let shade = |(&above, &below): (&u8, &u8)| {
        let ink = (usize::from(above) + usize::from(below)) / 2;
        SHADES[(ink * SHADES.len()) / 256]
    };
    rows.chunks(2)
        .map(|pair| pair[0].iter().zip(pair[1]).map(shade).collect())
        .collect()
}

fn bar(class: usize, probability: f32) -> String {
    let bar = "█".repeat((probability * BAR).round() as usize);
    format!("{class} {:5.1}% {bar}", 100.0 * probability)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::PIXELS;

    #[test]
    fn shows_ink_and_probabilities() {
        let mut pixels = [0; PIXELS];
        pixels[SIDE + 2] = 255;
        pixels[2 * SIDE] = 255;
        pixels[3 * SIDE] = 255;
        let mut probabilities = [0.0; CLASSES];
        probabilities[3] = 0.75;
        probabilities[9] = 0.25;
        let text = picture(&Digit { pixels, label: 3 }, &probabilities);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), SIDE / 2);
        assert_eq!(lines[0], format!("  |  ▒{}|", " ".repeat(SIDE - 3)));
        assert!(lines[1].starts_with("  |█ "), "{}", lines[1]);
        assert!(
            lines[5].ends_with("|  3  75.0% ███████████████"),
            "{}",
            lines[5]
        );
        assert!(lines[11].ends_with("|  9  25.0% █████"), "{}", lines[11]);
        assert!(lines[12].ends_with(" |"), "{}", lines[12]);
    }
}
