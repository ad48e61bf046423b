//! Cutting a curve at the edge of the plot: what plotters would do instead is to bend it along the edge.

use std::collections::HashSet;

/// From left to right and from bottom to top, in the plot's own numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    pub x: (f64, f64),
    pub y: (f64, f64),
}

type Point = (f64, f64);

/// A point and where it is drawn.
type Placed = (Point, (i32, i32));

/// Drops the points that nobody can see: those where the last one is drawn, those inside a level or upright run, and of
/// more than four over each other, all but the first, the lowest, the highest and the last.
///
/// A curve of ten thousand thresholds has as many points in a few hundred pixels; `place` says where each is drawn.
pub fn simplify(curve: Vec<Point>, place: impl Fn(&Point) -> (i32, i32)) -> Vec<Point> {
    let mut kept: Vec<Placed> = Vec::new();
    let mut column: Vec<Placed> = Vec::new();
    for point in curve {
        let to = place(&point);
        if column.last().is_some_and(|(_, last)| last.0 != to.0) {
            column.drain(..).for_each(|placed| keep(&mut kept, placed));
        }
        column.push((point, to));
        if column.len() > 4 {
            reduce(&mut column);
        }
    }
    column
        .into_iter()
        .for_each(|placed| keep(&mut kept, placed));
    kept.into_iter().map(|(point, _)| point).collect()
}

fn keep(kept: &mut Vec<Placed>, placed: Placed) {
    match kept.as_slice() {
        [.., (_, last)] if *last == placed.1 => return,
        [.., (_, before), (_, last)] if is_inside(*before, *last, placed.1) => {
            kept.pop();
        }
        _ => {}
    }
    kept.push(placed);
}

/// Of points over each other: the first, the lowest, the highest and the last, in their order.
fn reduce(column: &mut Vec<Placed>) {
    let height = |index: &usize| column[*index].1.1;
    let lowest = (0..column.len()).max_by_key(height).unwrap_or(0);
    let highest = (0..column.len()).min_by_key(height).unwrap_or(0);
    let wanted = [0, lowest, highest, column.len() - 1];
    let mut index = 0..;
    column.retain(|_| wanted.contains(&index.next().unwrap_or(0)));
}

/// At most about so many points of a curve that goes back and forth, which [`simplify`] leaves as it is: at equal steps, and
/// the last.
pub fn sample(curve: Vec<Point>, most: usize) -> Vec<Point> {
    let step = curve.len().div_ceil(most).max(1);
    let last = curve.len().saturating_sub(1);
    let kept = |(index, point): (usize, Point)| {
        (index.is_multiple_of(step) || index == last).then_some(point)
    };
    curve.into_iter().enumerate().filter_map(kept).collect()
}

/// How long a line through places is.
pub fn length(places: &[(i32, i32)]) -> f64 {
    let distance = |pair: &[(i32, i32)]| {
        let across = f64::from(pair[1].0) - f64::from(pair[0].0);
        across.hypot(f64::from(pair[1].1) - f64::from(pair[0].1))
    };
    places.windows(2).map(distance).sum()
}

/// At most so many pieces of a curve: where there are more, those end to end within a column are joined, of columns that
/// are as narrow as can be. A gap narrower than a pixel nobody sees.
pub fn join(
    pieces: Vec<Vec<Point>>,
    most: usize,
    place: impl Fn(&Point) -> (i32, i32),
) -> Vec<Vec<Point>> {
    let mut pieces = pieces;
    let mut column = 1;
    while pieces.len() > most {
        let mut joined: Vec<Vec<Point>> = Vec::new();
        for mut piece in pieces {
            let near = |last: &Vec<Point>| match (last.last(), piece.first()) {
                (Some(from), Some(to)) => place(from).0.abs_diff(place(to).0) < column,
                _ => true,
            };
            match joined.last_mut().filter(|last| near(last)) {
                Some(last) => last.append(&mut piece),
                None => joined.push(piece),
            }
        }
        pieces = joined;
        column = column.saturating_mul(2);
    }
    pieces
}

/// At most about so many points: of those that are drawn in the same cell of a grid, the first; the finest grid that is
/// coarse enough.
pub fn thin(points: Vec<Point>, most: usize, place: impl Fn(&Point) -> (i32, i32)) -> Vec<Point> {
    let mut points = points;
    let mut cell = 1;
    while points.len() > most && cell < 1024 {
        let mut taken = HashSet::new();
        points.retain(|point| {
            let (x, y) = place(point);
            taken.insert((x / cell, y / cell))
        });
        cell *= 2;
    }
    points
}

/// Whether the middle of three places is between the others on a level or an upright line.
fn is_inside(from: (i32, i32), middle: (i32, i32), to: (i32, i32)) -> bool {
    let between = |a: i32, b: i32, c: i32| (a <= b && b <= c) || (a >= b && b >= c);
    let level = from.1 == middle.1 && middle.1 == to.1;
    let upright = from.0 == middle.0 && middle.0 == to.0;
    (level && between(from.0, middle.0, to.0)) || (upright && between(from.1, middle.1, to.1))
}

impl Window {
    pub fn holds(&self, (x, y): Point) -> bool {
        (self.x.0..=self.x.1).contains(&x) && (self.y.0..=self.y.1).contains(&y)
    }

    /// The pieces of a curve inside the window. A point that is not finite ends a piece, too.
    pub fn clip(&self, curve: &[Point]) -> Vec<Vec<Point>> {
        let mut pieces: Vec<Vec<Point>> = Vec::new();
        for pair in curve.windows(2) {
            let Some((from, to)) = self.segment(pair[0], pair[1]) else {
                continue;
            };
            match pieces.last_mut() {
                Some(piece) if piece.last() == Some(&from) => piece.push(to),
                _ => pieces.push(vec![from, to]),
            }
        }
        pieces
    }

    /// The part of a segment inside the window, by Liang and Barsky's parameters.
    fn segment(&self, from: Point, to: Point) -> Option<(Point, Point)> {
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        if !(dx.is_finite() && dy.is_finite()) {
            return None;
        }
        let (mut enter, mut leave) = (0.0, 1.0);
        let edges = [
            (-dx, from.0 - self.x.0),
            (dx, self.x.1 - from.0),
            (-dy, from.1 - self.y.0),
            (dy, self.y.1 - from.1),
        ];
        for (outwards, inside) in edges {
            if outwards == 0.0 {
                if inside < 0.0 {
                    return None;
                }
            } else if outwards < 0.0 {
                enter = f64::max(enter, inside / outwards);
            } else {
                leave = f64::min(leave, inside / outwards);
            }
        }
        // The ends themselves where nothing is cut, so that pieces join exactly.
        let at = |share: f64| match share {
            0.0 => from,
            1.0 => to,
            _ => (from.0 + share * dx, from.1 + share * dy),
        };
        (enter <= leave).then(|| (at(enter), at(leave)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Window = Window {
        x: (0.0, 10.0),
        y: (0.0, 1.0),
    };

    #[test]
    fn keeps_what_is_inside() {
        let curve = [(0.0, 0.0), (5.0, 1.0), (10.0, 0.5)];
        assert_eq!(WINDOW.clip(&curve), [curve.to_vec()]);
    }

    #[test]
    fn cuts_at_the_edge() {
        let curve = [(0.0, 0.0), (4.0, 2.0), (8.0, 0.0)];
        let expected = [vec![(0.0, 0.0), (2.0, 1.0)], vec![(6.0, 1.0), (8.0, 0.0)]];
        assert_eq!(WINDOW.clip(&curve), expected);
        assert!(WINDOW.clip(&[(0.0, 2.0), (9.0, 3.0)]).is_empty());
    }

    #[test]
    fn simplifies_only_what_nobody_sees() {
        let place = |point: &Point| (point.0 as i32, point.1 as i32);
        let stairs = vec![
            (0.0, 0.0),
            (0.2, 0.2),
            (1.0, 0.0),
            (3.0, 0.0),
            (3.0, 2.0),
            (3.0, 9.0),
        ];
        assert_eq!(
            simplify(stairs, place),
            [(0.0, 0.0), (3.0, 0.0), (3.0, 9.0)]
        );
        let back_and_forth = vec![(0.0, 0.0), (9.0, 0.0), (4.0, 0.0)];
        assert_eq!(simplify(back_and_forth.clone(), place), back_and_forth);
        let slope = vec![(0.0, 0.0), (1.0, 2.0), (2.0, 4.0)];
        assert_eq!(simplify(slope.clone(), place), slope);
    }

    #[test]
    fn many_points_in_few_pixels_are_few() {
        let place = |point: &Point| (point.0 as i32, (1000.0 * point.1) as i32);
        let noise = |i: usize| ((i * 7919 + 13) % 1000) as f64 / 1000.0;
        let curve: Vec<Point> = (0..100_000)
            .map(|i| (i as f64 / 1000.0, noise(i)))
            .collect();
        let kept = simplify(curve.clone(), place);
        assert!(kept.len() <= 4 * 100, "{}", kept.len());
        // The extremes of each column are there.
        for column in 0..100 {
            let of = |points: &[Point]| {
                let heights = points.iter().filter(|point| place(point).0 == column);
                let heights = heights.map(|point| place(point).1);
                (heights.clone().min(), heights.max())
            };
            assert_eq!(of(&kept), of(&curve), "{column}");
        }
        let thinned = thin(curve.clone(), 5000, place);
        assert!((1000..=5000).contains(&thinned.len()), "{}", thinned.len());
        assert_eq!(thin(curve[..5000].to_vec(), 5000, place), curve[..5000]);
    }

    #[test]
    fn a_curve_that_goes_back_and_forth_is_sampled() {
        let curve: Vec<Point> = (0..1001).map(|i| (f64::from(i), 0.0)).collect();
        let sampled = sample(curve.clone(), 300);
        assert_eq!(sampled.len(), 251);
        assert_eq!((sampled[1], sampled[250]), (curve[4], curve[1000]));
        assert_eq!(sample(curve.clone(), 1001), curve);
        assert_eq!(length(&[(0, 0), (3, 4), (3, 0)]), 9.0);
    }

    #[test]
    fn many_pieces_are_joined_where_nobody_sees_it() {
        let place = |point: &Point| (point.0 as i32, point.1 as i32);
        // Three pieces in each of a hundred columns.
        let piece = |i: usize| vec![(i as f64 / 3.0, 0.0), (i as f64 / 3.0 + 0.2, 5.0)];
        let pieces: Vec<_> = (0..300).map(piece).collect();
        assert_eq!(join(pieces.clone(), 300, place), pieces);
        let joined = join(pieces.clone(), 100, place);
        assert_eq!(joined.len(), 100);
        assert_eq!(joined.concat(), pieces.concat());
        // Of a curve that goes back and forth, too.
        let far = |i: usize| vec![(f64::from(i32::MAX) * (i % 2) as f64, 0.0)];
        assert_eq!(join((0..300).map(far).collect(), 1, place).len(), 1);
    }

    #[test]
    fn leaves_a_gap_at_what_is_not_finite() {
        let curve = [
            (0.0, 0.1),
            (1.0, 0.2),
            (2.0, f64::NAN),
            (3.0, 0.4),
            (4.0, 0.5),
        ];
        assert_eq!(WINDOW.clip(&curve).len(), 2);
    }
}
