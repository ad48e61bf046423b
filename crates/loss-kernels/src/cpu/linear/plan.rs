//! How many rows at a time, and why.

use crate::HeadOptions;

/// How the rows are cut into chunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Plan {
    /// Rows at a time; the last chunk may have fewer.
    pub rows: usize,
    /// Numbers per row: its logits, their gradient if that needs a place of its own, and copies of its hidden state.
    pub per_row: usize,
}

/// Rows are a multiple of this where there are as many: a product works on so many at a time.
const STEP: usize = 16;

/// More rows at a time are not faster: the weight's gradient is read and written once per chunk, which beside `ROWS` products
/// per number is little.
const ROWS: usize = 1024;

/// What a row of a chunk needs room for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Need {
    /// How many rows count.
    pub rows: usize,
    pub num_classes: usize,
    pub hidden_size: usize,
    /// Bytes per number.
    pub size: usize,
    /// Whether rows are taken out, so that those that stay are copied.
    pub gathers: bool,
    /// Whether each logit has a smooth weight of its own, which is copied with its row.
    pub weight_per_logit: bool,
}

/// Tiles of rows and classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tiles {
    /// Rows at a time.
    pub rows: usize,
    /// Classes at a time.
    pub classes: usize,
    /// Numbers in all: the logits of a tile, and copies of the rows' hidden states.
    pub numbers: usize,
}

/// Whole rows are read and written in chunks of at least as many, or in tiles: fewer rows at a time take longer than a fourth
/// product (measured: 65 rows at a time, of 512, take 1.06 times as long as tiles, 166 of 2048 take 0.89 times as long).
const FEW: usize = 128;

/// Rows of tiles: more of them read the weight less often.
const TILED_ROWS: usize = 2048;

/// Classes of a tile, at least: a product of fewer columns is slow.
const TILED_CLASSES: usize = 1024;

impl Tiles {
    /// Tiles, where a plan of whole rows has too few at a time. `None` for a cap, whose slope needs the capped logits beside
    /// their gradient, and for weights per logit, which do not lie together.
    pub(super) fn new(need: Need, options: &HeadOptions) -> Option<Self> {
        let whole_rows = Plan::new(need, options).rows;
        if options.softcap.is_some() || need.weight_per_logit || whole_rows >= FEW.min(need.rows) {
            return None;
        }
        let numbers = options.memory_budget / need.size;
        let copies = if need.gathers {
            2 * need.hidden_size
        } else {
            0
        };
        let mut tiled = need.rows.min(TILED_ROWS);
        while tiled >= 2 * whole_rows {
            let classes = (numbers / tiled).saturating_sub(copies);
            if classes >= TILED_CLASSES.min(need.num_classes) {
                // Of about the same size: the last tile's logits are not computed twice, and are to be many.
                let tiles = need.num_classes.div_ceil(classes);
                let even = need.num_classes.div_ceil(tiles).next_multiple_of(STEP);
                let classes = even.min(classes).min(need.num_classes);
                return Some(Self {
                    rows: tiled,
                    classes,
                    numbers: tiled * (classes + copies),
                });
            }
            tiled /= 2;
        }
        None
    }
}

impl Plan {
    /// As many rows as the budget holds, at least one, in chunks of about the same size: few large chunks are faster than many
    /// small ones.
    pub(super) fn new(need: Need, options: &HeadOptions) -> Self {
        let mut per_row = need.num_classes;
        if options.softcap.is_some() {
            // The slope of the cap is found from the capped logits, which the gradient must not replace.
            per_row += need.num_classes;
        }
        if need.gathers {
            per_row += 2 * need.hidden_size;
        }
        let gathered = if need.gathers && need.weight_per_logit {
            need.num_classes
        } else {
            0
        };
        let bytes = (per_row + gathered).saturating_mul(need.size).max(1);
        let most = (options.memory_budget / bytes).clamp(1, ROWS);
        let chunks = need.rows.div_ceil(most).max(1);
        let even = need.rows.div_ceil(chunks).max(1);
        Self {
            rows: even.next_multiple_of(STEP).min(most).min(need.rows.max(1)),
            per_row,
        }
    }

    /// Numbers in all.
    pub fn numbers(&self) -> usize {
        self.rows * self.per_row
    }
}
