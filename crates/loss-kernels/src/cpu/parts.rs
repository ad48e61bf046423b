//! Scores `[N, C, S]` in parts, each of one or more of the `N`.

use std::ops::Range;

/// Scores per part: read and written while they are in a cache.
const PART: usize = 1 << 16;

/// How scores are cut into parts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parts {
    /// `[N, C, S]`.
    pub(super) shape: [usize; 3],
}

impl Parts {
    /// Scores of each of the `N`, and how many of the `N` a part has.
    fn sizes(self) -> [usize; 2] {
        let [_, classes, inner] = self.shape;
        let scores = (classes * inner).max(1);
        [scores, (PART / scores).max(1)]
    }

    /// Scores of a part.
    pub(super) fn step(self) -> usize {
        self.sizes().into_iter().product()
    }

    /// Rows of a part.
    pub(super) fn rows(self, index: usize) -> Range<usize> {
        let [outer, _, inner] = self.shape;
        let items = self.sizes()[1];
        index * items * inner..outer.min((index + 1) * items) * inner
    }
}
