//! Cutting a curve at the edge of the plot: what plotters would do instead is to bend it along the edge.

/// From left to right and from bottom to top, in the plot's own numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    pub x: (f64, f64),
    pub y: (f64, f64),
}

type Point = (f64, f64);

/// Drops the points that nobody can see: those where the last one is drawn, and those inside a level or upright run.
///
/// A curve of ten thousand thresholds has as many points in a few hundred pixels; `place` says where each is drawn.
pub fn simplify(curve: Vec<Point>, place: impl Fn(&Point) -> (i32, i32)) -> Vec<Point> {
    let mut kept: Vec<(Point, (i32, i32))> = Vec::new();
    for point in curve {
        let to = place(&point);
        match kept.as_slice() {
            [.., (_, last)] if *last == to => continue,
            [.., (_, before), (_, last)] if is_inside(*before, *last, to) => {
                kept.pop();
            }
            _ => {}
        }
        kept.push((point, to));
    }
    kept.into_iter().map(|(point, _)| point).collect()
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
