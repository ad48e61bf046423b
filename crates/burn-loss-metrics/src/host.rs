//! Tensors as numbers on the host, in f64: the only place that reads a device; and the room for those that are kept.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use burn::tensor::backend::Backend;
use burn::tensor::{DType, Int, Tensor, TensorData, Transaction};

/// So many numbers, 2 MiB of f32, are read at a time of a tensor that is not read whole.
const BLOCK: usize = 1 << 19;

/// The tensor's elements in row-major order.
pub(crate) fn numbers<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> Vec<f64> {
    match tensor.shape().num_elements() {
        // A device has nothing to read for a tensor without elements, and some panic when asked.
        0 => Vec::new(),
        _ => of_data(tensor.into_data()),
    }
}

fn of_data(data: TensorData) -> Vec<f64> {
    match data.dtype {
        DType::F64 => data.into_vec().expect("the type is known"),
        DType::F32 => {
            let numbers = data.as_slice::<f32>().expect("the type is known");
            numbers.iter().copied().map(f64::from).collect()
        }
        _ => data.iter::<f32>().map(f64::from).collect(),
    }
}

/// The tensor's elements in row-major order.
pub(crate) fn integers<B: Backend, const D: usize>(tensor: Tensor<B, D, Int>) -> Vec<i64> {
    match tensor.shape().num_elements() {
        0 => Vec::new(),
        _ => tensor.into_data().iter::<i64>().collect(),
    }
}

/// So many rows in order, a block of them at a time, with about [`BLOCK`] elements each.
pub(crate) fn blocks(rows: usize, columns: usize) -> impl Iterator<Item = Range<usize>> {
    let size = (BLOCK / columns.max(1)).max(1);
    let starts = (0..rows).step_by(size);
    starts.map(move |start| start..(start + size).min(rows))
}

/// Numbers `[N, C]` where they lie, on any backend's device. They are read a block at a time, or a few of each row.
#[derive(Clone)]
pub(crate) struct Numbers {
    pub dims: [usize; 2],
    tensor: Arc<dyn OnDevice>,
}

/// What is found of each row on the device, in the numbers' own type, exactly.
pub(crate) struct InRows {
    /// The first of the columns with the highest number, where there is one: of a row with NaN or all of `-inf`, any.
    pub top: Vec<usize>,
    /// The number in that column.
    pub highest: Vec<f64>,
    /// The number in the column that was asked for.
    pub chosen: Vec<f64>,
    /// Finite only where no number of the row is NaN or infinite.
    pub sum: Vec<f64>,
}

impl Numbers {
    /// Of the tensor without its graph.
    pub fn of<B: Backend>(tensor: Tensor<B, 2>) -> Self {
        Self {
            dims: tensor.dims(),
            tensor: Arc::new(tensor.detach()),
        }
    }

    /// Some of the rows.
    pub fn rows(&self, rows: Range<usize>) -> Vec<f64> {
        self.block(rows, 0..self.dims[1])
    }

    /// Some of the columns, in row-major order.
    pub fn columns(&self, columns: Range<usize>) -> Vec<f64> {
        self.block(0..self.dims[0], columns)
    }

    fn block(&self, rows: Range<usize>, columns: Range<usize>) -> Vec<f64> {
        match rows.is_empty() || columns.is_empty() {
            true => Vec::new(),
            false => self.tensor.block(rows, columns),
        }
    }

    /// All rows in order, a block of them at a time.
    pub fn blocks(&self) -> impl Iterator<Item = (Range<usize>, Vec<f64>)> {
        self.blocks_with(|_| true)
    }

    /// The blocks of rows in which one is wanted.
    pub fn blocks_with(
        &self,
        wanted: impl Fn(usize) -> bool,
    ) -> impl Iterator<Item = (Range<usize>, Vec<f64>)> {
        let [rows, columns] = self.dims;
        let blocks = blocks(rows, columns).filter(move |block| block.clone().any(&wanted));
        blocks.map(move |block| (block.clone(), self.rows(block)))
    }

    /// Whether they are one block: then it is read as fast as a few numbers of each row are found on the device.
    pub fn are_one_block(&self) -> bool {
        self.dims.iter().product::<usize>() <= BLOCK
    }

    /// What is found of each row, of which there has to be one, with the column that is chosen for each.
    pub fn in_rows(&self, chosen: &[usize]) -> InRows {
        let [top, highest, chosen, sum] = self.tensor.in_rows(chosen);
        InRows {
            top: top.iter::<i64>().map(|column| column as usize).collect(),
            highest: of_data(highest),
            chosen: of_data(chosen),
            sum: of_data(sum),
        }
    }

    /// The sum of the negative numbers of each row: none of them is below it.
    pub fn negatives(&self) -> Vec<f64> {
        match self.are_one_block() {
            true => {
                let all = self.rows(0..self.dims[0]);
                let rows = all.chunks_exact(self.dims[1].max(1));
                rows.map(|row| row.iter().map(|x| x.min(0.0)).sum())
                    .collect()
            }
            false => of_data(self.tensor.negatives()),
        }
    }
}

impl PartialEq for Numbers {
    fn eq(&self, other: &Self) -> bool {
        self.dims == other.dims && self.blocks().eq(other.blocks())
    }
}

impl fmt::Debug for Numbers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Numbers")
            .field("dims", &self.dims)
            .finish_non_exhaustive()
    }
}

/// A tensor of whatever backend.
trait OnDevice: Send + Sync {
    fn block(&self, rows: Range<usize>, columns: Range<usize>) -> Vec<f64>;
    fn in_rows(&self, chosen: &[usize]) -> [TensorData; 4];
    fn negatives(&self) -> TensorData;
}

impl<B: Backend> OnDevice for Tensor<B, 2> {
    fn block(&self, rows: Range<usize>, columns: Range<usize>) -> Vec<f64> {
        numbers(self.clone().slice([rows, columns]))
    }

    // In blocks, too: NdArray would copy a tensor that was made of data, and any device a widened one.
    fn in_rows(&self, chosen: &[usize]) -> [TensorData; 4] {
        let [rows, columns] = self.dims();
        let chosen: Vec<i64> = chosen.iter().map(|&column| column as i64).collect();
        let chosen = TensorData::new(chosen, [rows, 1]);
        let chosen = Tensor::<B, 2, Int>::from_data(chosen, &self.device());
        let (mut tops, mut highest, mut of_chosen, mut sums) = (vec![], vec![], vec![], vec![]);
        for block in blocks(rows, columns) {
            let numbers = self.clone().slice([block.clone()]);
            // Of a row of `-inf` alone, some devices name a column that there is not.
            let top = numbers.clone().argmax(1).clamp(0, columns as i64 - 1);
            highest.push(numbers.clone().gather(1, top.clone()));
            of_chosen.push(numbers.clone().gather(1, chosen.clone().slice([block])));
            tops.push(top);
            // In 16 bits, the sum of finite numbers may be infinite.
            sums.push(at_least_f32(numbers).sum_dim(1));
        }
        let read = Transaction::default()
            .register(Tensor::cat(tops, 0))
            .register(Tensor::cat(highest, 0))
            .register(Tensor::cat(of_chosen, 0))
            .register(Tensor::cat(sums, 0))
            .execute();
        read.try_into().expect("four were registered")
    }

    fn negatives(&self) -> TensorData {
        let [rows, columns] = self.dims();
        let sums = |rows| {
            at_least_f32(self.clone().slice([rows]))
                .clamp_max(0.0)
                .sum_dim(1)
        };
        Tensor::cat(blocks(rows, columns).map(sums).collect(), 0).into_data()
    }
}

fn at_least_f32<B: Backend>(tensor: Tensor<B, 2>) -> Tensor<B, 2> {
    match tensor.dtype() {
        DType::F16 | DType::BF16 => tensor.cast(DType::F32),
        _ => tensor,
    }
}

/// Integers `[N, C]` where they lie, on any backend's device. They are read a block at a time.
#[derive(Clone)]
pub(crate) struct Integers {
    pub dims: [usize; 2],
    rows: Arc<dyn Fn(Range<usize>) -> Vec<i64> + Send + Sync>,
}

impl Integers {
    pub fn of<B: Backend>(tensor: Tensor<B, 2, Int>) -> Self {
        Self {
            dims: tensor.dims(),
            rows: Arc::new(move |rows| integers(tensor.clone().slice([rows]))),
        }
    }

    /// Some of the rows.
    pub fn rows(&self, rows: Range<usize>) -> Vec<i64> {
        match rows.is_empty() || self.dims[1] == 0 {
            true => Vec::new(),
            false => (self.rows)(rows),
        }
    }
}

impl PartialEq for Integers {
    fn eq(&self, other: &Self) -> bool {
        let [rows, columns] = self.dims;
        let equal = |block: Range<usize>| self.rows(block.clone()) == other.rows(block);
        self.dims == other.dims && blocks(rows, columns).all(equal)
    }
}

impl fmt::Debug for Integers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut integers = f.debug_struct("Integers");
        integers.field("dims", &self.dims).finish_non_exhaustive()
    }
}

/// Makes room for `more` elements: twice what there was, so that it is seldom done, but no more than for `most` in all
/// where that is enough.
pub(crate) fn grow<T>(elements: &mut Vec<T>, more: usize, most: usize) {
    let needed = elements.len() + more;
    if needed > elements.capacity() {
        let wanted = (2 * elements.capacity()).min(most).max(needed);
        elements.reserve_exact(wanted - elements.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_to_no_more_than_the_most() {
        let mut kept: Vec<u8> = Vec::new();
        for batch in 0..10 {
            grow(&mut kept, 100, 1000);
            kept.extend_from_slice(&[batch; 100]);
            assert!(kept.capacity() <= 1000, "{}", kept.capacity());
        }
        grow(&mut kept, 1, 1000);
        assert!(kept.capacity() > 1000);
    }

    #[test]
    fn blocks_are_all_rows_in_order() {
        for (rows, columns) in [
            (0, 5),
            (3, 0),
            (5, BLOCK / 2),
            (4, 3 * BLOCK),
            (BLOCK + 1, 1),
        ] {
            let mut next = 0;
            for block in blocks(rows, columns) {
                assert!(block.start == next && block.end > next);
                assert!(block.len() == 1 || block.len() * columns <= BLOCK);
                next = block.end;
            }
            assert_eq!(next, rows);
        }
    }
}
