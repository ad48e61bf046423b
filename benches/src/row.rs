//! The rows of `work.txt`, which `peers/work.py` reads, too.

use std::fmt;

/// What is measured: a loss, the shape of its prediction, how, and on which inputs.
#[derive(Clone, Debug)]
pub struct Row {
    /// The name of the loss.
    pub loss: &'static str,
    /// The shape of the prediction.
    pub shape: Vec<usize>,
    /// What is special; `work.txt` explains the words.
    pub how: &'static str,
    /// What the prediction holds, and what each of the other inputs; `work.txt` explains these words, too.
    pub inputs: Vec<&'static str>,
}

impl Row {
    /// All rows, in the order of `work.txt`.
    pub fn all() -> Vec<Row> {
        let lines = include_str!("../work.txt").lines();
        let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        lines.map(Row::parse).collect()
    }

    fn parse(line: &'static str) -> Row {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let &[loss, shape, how, prediction, target, ref more @ ..] = columns.as_slice() else {
            panic!("work.txt: expected five columns or more, got {line:?}");
        };
        let size = |size: &str| {
            size.parse()
                .expect("a shape is numbers with x between them")
        };
        Row {
            loss,
            shape: shape.split('x').map(size).collect(),
            how,
            inputs: [&[prediction, target][..], more].concat(),
        }
    }

    /// The row as arguments select it and as results name it.
    pub fn id(&self) -> String {
        let sizes: Vec<String> = self.shape.iter().map(usize::to_string).collect();
        format!("{}:{}:{}", self.loss, sizes.join("x"), self.how)
    }

    /// Whether the prefix is all of the id or ends at one of its colons.
    pub fn is_selected(&self, prefix: &str) -> bool {
        format!("{}:", self.id()).starts_with(&format!("{prefix}:"))
    }

    /// How many of the inputs have the shape of the prediction, itself among them; the others are small.
    pub fn large_inputs(&self) -> usize {
        let large = |input: &&&str| !matches!(**input, "class" | "sequence" | "labels");
        self.inputs.iter().filter(large).count()
    }

    /// Whether a clone of the prediction is held.
    pub fn is_kept(&self) -> bool {
        self.how == "kept"
    }

    /// The number of elements of the prediction.
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }

    /// The shape of the prediction, of rank `D`.
    pub fn dims<const D: usize>(&self) -> [usize; D] {
        let shape = self.shape.as_slice();
        shape.try_into().expect("the row is of this rank")
    }
}

/// In words, e.g. `cross entropy [1024, 32000], kept`.
impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.loss.replace('-', " "), self.shape)?;
        match self.how {
            "let-go" => Ok(()),
            how => write!(f, ", {}", how.replace('-', " ")),
        }
    }
}
