//! The bars of a chart, and which of many are drawn.

use std::collections::HashMap;

use plotters::element::Rectangle;
use plotters::style::Color;
use plotters::style::text_anchor::{HPos, VPos};

use crate::canvas::{self, Canvas, Text};
use crate::chart::Plot;
use crate::error::Result;
use crate::style::{self, px};

/// A bar from x to x.
#[derive(Clone, Debug)]
pub struct Bar {
    pub from: f64,
    pub to: f64,
    pub height: f64,
    /// Stands over the bar where the bar is wide enough.
    pub label: String,
}

/// The width of the narrowest bar, in pixels.
const NARROWEST: f64 = 4.0;
/// Of more bars, those that stand in the same place are one.
const MOST_BARS: usize = 1000;

/// Where a bar stands, in units of a drawing.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Place {
    left: i32,
    right: i32,
    top: i32,
}

/// Draws bars that stand at the height `bottom`.
pub fn draw(canvas: &Canvas<'_>, plot: &Plot<'_, '_>, bars: &[Bar], bottom: f64) -> Result<()> {
    let place = |bar: &Bar| {
        let (left, top) = plot.backend_coord(&(bar.from, bar.height));
        let (right, _) = plot.backend_coord(&(bar.to, bar.height));
        Place { left, right, top }
    };
    let places: Vec<_> = bars.iter().map(place).collect();
    for index in few(&places, MOST_BARS) {
        let (_, bottom) = plot.backend_coord(&(bars[index].from, bottom));
        draw_bar(canvas, &bars[index].label, places[index], bottom)?;
    }
    Ok(())
}

/// The indices of at most so many bars: of those whose ends are in the same columns, the tallest; the narrowest columns
/// that are wide enough.
///
/// Bars beside each other are in the same columns only where they are in a single one. Of columns within a pixel they
/// would be drawn over each other, wider than they are, and the tallest is what is seen of them.
fn few(places: &[Place], most: usize) -> Vec<usize> {
    let mut kept: Vec<usize> = (0..places.len()).collect();
    let mut column = 1;
    while kept.len() > most && column < i32::MAX / 2 {
        let mut tallest = HashMap::new();
        for &index in &kept {
            let place = places[index];
            let columns = (
                place.left.div_euclid(column),
                place.right.div_euclid(column),
            );
            let best = tallest.entry(columns).or_insert(index);
            // The sheet's heights count downwards.
            if place.top < places[*best].top {
                *best = index;
            }
        }
        kept = tallest.into_values().collect();
        // In their order: the same bars are drawn each time, and where they lie over each other, the last is seen.
        kept.sort_unstable();
        column *= 2;
    }
    kept
}

fn draw_bar(canvas: &Canvas<'_>, label: &str, place: Place, bottom: i32) -> Result<()> {
    let Place { left, right, top } = place;
    // A bar between equal ends, of tied values, is as wide as can be seen.
    let air = ((px(NARROWEST) - (right - left)) / 2).max(0);
    let corners = [(left - air, bottom), (right + air, top)];
    canvas
        .area
        .draw(&Rectangle::new(corners, style::SOFT.filled()))?;
    if air == 0 {
        let edge = canvas::line(style::PAPER, style::THIN);
        canvas.area.draw(&Rectangle::new(corners, edge))?;
    }
    let look = Text::new(style::TICK, HPos::Center, VPos::Bottom);
    if px(look.width(label)?) < right - left {
        canvas.text(label, ((left + right) / 2, top - px(3.0)), &look)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(left: i32, right: i32, top: i32) -> Place {
        Place { left, right, top }
    }

    #[test]
    fn few_bars_are_all_kept() {
        let same = [at(0, 1, 5); 3];
        assert_eq!(few(&same, 3), [0, 1, 2]);
    }

    #[test]
    fn of_bars_in_one_column_the_tallest_is_kept() {
        let narrow = [at(0, 0, 9), at(0, 0, 3), at(0, 0, 5), at(7, 7, 9)];
        assert_eq!(few(&narrow, 3), [1, 3]);
        // Two units in a column are enough.
        let neighbours = [at(0, 0, 9), at(1, 1, 3), at(2, 2, 5), at(3, 3, 9)];
        assert_eq!(few(&neighbours, 2), [1, 2]);
    }

    #[test]
    fn a_wide_bar_stays_beside_many_narrow_ones() {
        let mut places = vec![at(0, 400, 9)];
        places.extend((0..100_000).map(|i| at(400 + i / 100, 400 + (i + 1) / 100, i % 83)));
        places.push(at(1400, 1800, 9));
        let kept = few(&places, 1000);
        assert!((250..=1000).contains(&kept.len()), "{}", kept.len());
        assert_eq!([kept[0], kept[kept.len() - 1]], [0, 100_001]);
        // What is left of the narrow ones is the tallest in a pixel, or reaches into the next.
        let narrow = kept[1..kept.len() - 1].iter().map(|&index| places[index]);
        for place in narrow {
            assert!(
                place.top == 0 || place.left / 4 < place.right / 4,
                "{place:?}"
            );
        }
    }

    #[test]
    fn bars_over_each_other_are_bounded() {
        let noise = |i: i32, step: i32| i.wrapping_mul(step).rem_euclid(2003);
        let over = |i| {
            let (a, b) = (noise(i, 7919), noise(i, 104_729));
            at(a.min(b), a.max(b), noise(i, 31))
        };
        let places: Vec<_> = (0..100_000).map(over).collect();
        assert!((1..=1000).contains(&few(&places, 1000).len()));
    }
}
