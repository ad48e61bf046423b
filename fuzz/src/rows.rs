//! Rows of class scores: shapes, classes of any integer, and what is to be done with a row.

use std::borrow::Cow;

use loss_kernels::SmoothWeights;
use loss_kernels::cpu::simd::Float;
use loss_kernels::cpu::softmax_terms::{self, ClassSlice, HostRows};

use crate::source::{Domain, Source, repeat};

/// The classes, if there are any.
#[derive(Clone, Debug)]
pub enum Classes {
    /// None.
    None,
    /// 32 bits each.
    I32(Vec<i32>),
    /// 64 bits each.
    I64(Vec<i64>),
}

impl Classes {
    /// As the kernels take them.
    pub fn as_slice(&self) -> Option<ClassSlice<'_>> {
        match self {
            Self::None => None,
            Self::I32(classes) => Some(ClassSlice::I32(classes)),
            Self::I64(classes) => Some(ClassSlice::I64(classes)),
        }
    }

    fn of(&self, row: usize) -> Option<i64> {
        match self {
            Self::None => None,
            Self::I32(classes) => Some(classes[row].into()),
            Self::I64(classes) => Some(classes[row]),
        }
    }
}

/// Which classes rows have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Labels {
    /// Those that exist.
    Right,
    /// Any integer.
    Any,
    /// Any integer, or no classes at all.
    AnyOrNone,
}

/// What is to be done with a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Nothing.
    Ignored,
    /// Its class does not exist.
    Invalid,
    /// It has none.
    Unlabelled,
    /// It has this class.
    Labelled(usize),
}

/// Rows of scores `[N, C, S]`.
#[derive(Clone, Debug)]
pub struct Rows<F> {
    /// `[N, C, S]`.
    pub shape: [usize; 3],
    /// `[N, C, S]`.
    pub scores: Vec<F>,
    /// `[N * S]`.
    pub classes: Classes,
    /// Rows of this class do not count.
    pub ignore_index: Option<i64>,
    /// What each row counts.
    pub row_weights: Option<Vec<F>>,
}

impl<F: Float> Rows<F> {
    /// Rows of any shape.
    pub fn draw(source: &mut Source) -> Self {
        let shape = shape(source);
        Self::of_shape(source, shape, Labels::AnyOrNone)
    }

    /// Rows of a shape.
    pub fn of_shape(source: &mut Source, shape: [usize; 3], labels: Labels) -> Self {
        let count = shape[0] * shape[2];
        let bound = source.choice(&[1.0, 8.0, 80.0]);
        let wild = source.one_in(4);
        let domain = Domain::Between(-bound, bound);
        let scores = source.repeated(shape.iter().product(), domain, wild);
        let ignore_index = ignore_index(source, shape[1]);
        let without = labels == Labels::AnyOrNone && source.one_in(8);
        let few = source.size(1, 67);
        let classes: Vec<i64> = (0..few)
            .map(|_| match labels {
                Labels::Right => source.size(0, shape[1] - 1) as i64,
                _ => class(source, shape[1], ignore_index),
            })
            .collect();
        let classes = repeat(&classes, count);
        Self {
            shape,
            scores,
            classes: match source.flag() {
                _ if without => Classes::None,
                true => Classes::I32(classes.iter().map(|class| *class as i32).collect()),
                false => Classes::I64(classes),
            },
            ignore_index,
            row_weights: source.flag().then(|| source.weights(count)),
        }
    }

    /// How many rows there are.
    pub fn count(&self) -> usize {
        self.shape[0] * self.shape[2]
    }

    /// Where the score of a class lies.
    pub fn at(&self, row: usize, class: usize) -> usize {
        let [_, classes, inner] = self.shape;
        (row / inner * classes + class) * inner + row % inner
    }

    /// The scores of a row.
    pub fn row(&self, row: usize) -> impl Iterator<Item = F> {
        (0..self.shape[1]).map(move |class| self.scores[self.at(row, class)])
    }

    /// What is to be done with a row.
    pub fn kind(&self, row: usize) -> Kind {
        let dropped = self
            .row_weights
            .as_deref()
            .is_some_and(|w| w[row] == F::ZERO);
        let class = self.classes.of(row);
        match class {
            _ if dropped => Kind::Ignored,
            None => Kind::Unlabelled,
            Some(_) if class == self.ignore_index => Kind::Ignored,
            Some(class) if (0..self.shape[1] as i64).contains(&class) => {
                Kind::Labelled(class as usize)
            }
            Some(_) => Kind::Invalid,
        }
    }

    /// The scores, with NaN in the rows that do not count.
    pub fn with_other_ignored(&self) -> Vec<F> {
        let mut scores = self.scores.clone();
        let ignored = (0..self.count()).filter(|row| self.kind(*row) == Kind::Ignored);
        for row in ignored {
            for class in 0..self.shape[1] {
                scores[self.at(row, class)] = F::NAN;
            }
        }
        scores
    }

    /// The same as a backend has them.
    pub fn host<'a>(&'a self, smooth: SmoothWeights<Cow<'a, [F]>>) -> HostRows<'a, F> {
        HostRows {
            shape: self.shape,
            classes: match &self.classes {
                Classes::None => None,
                Classes::I32(c) => Some(softmax_terms::Classes::I32(Cow::Borrowed(c))),
                Classes::I64(c) => Some(softmax_terms::Classes::I64(Cow::Borrowed(c))),
            },
            ignore_index: self.ignore_index,
            smooth,
            row_weights: self.row_weights.as_deref().map(Cow::Borrowed),
        }
    }
}

/// Short rows, long rows, and those between; few scores mostly, and sometimes more than a task has.
pub fn shape(source: &mut Source) -> [usize; 3] {
    let classes = match source.size(0, 3) {
        0 => source.size(1, 4),
        1 => source.size(20, 30),
        2 => source.size(1, 200),
        _ => source.size(1, 1500),
    };
    let scores = match source.size(0, 63) {
        0..40 => 500,
        40..63 => 5000,
        _ => 70_000,
    };
    let most = (scores / classes).max(1);
    let inner = match source.flag() {
        true => 1,
        false => source.size(0, most.min(40)),
    };
    [source.size(0, most / inner.max(1)), classes, inner]
}

fn ignore_index(source: &mut Source, classes: usize) -> Option<i64> {
    let of = [
        -100,
        -1,
        0,
        classes as i64 - 1,
        classes as i64,
        i64::MIN,
        i64::MAX,
    ];
    source.flag().then(|| source.choice(&of))
}

/// Mostly one that exists.
fn class(source: &mut Source, classes: usize, ignore_index: Option<i64>) -> i64 {
    if !source.one_in(8) {
        return source.size(0, classes - 1) as i64;
    }
    let of = [
        -1,
        classes as i64,
        i64::MIN,
        i64::MAX,
        i32::MIN.into(),
        1 << 32,
    ];
    match source.size(0, of.len() + 1) {
        index if index < of.len() => of[index],
        index if index == of.len() => ignore_index.unwrap_or(0),
        _ => source.any() as i64,
    }
}
