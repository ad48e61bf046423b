//! Sentences of different lengths as one tensor.

use burn::prelude::*;

use crate::text::BOUNDARY;

/// The target of a position behind the end of its sentence: not a token, so that no token is lost to it.
pub const PADDING: i64 = -100;

/// For each position of each sentence the token before it, and the token to predict.
pub struct Batch<B: Backend> {
    /// `[N, L]`; anything behind the end of a sentence.
    pub inputs: Tensor<B, 2, Int>,
    /// `[N, L]`; [`PADDING`] behind the end of a sentence.
    pub targets: Tensor<B, 2, Int>,
}

impl<B: Backend> Batch<B> {
    /// Pads sentences to the length of the longest, and to at least `length` positions.
    ///
    /// A sentence of `n` letters has `n + 1` positions: the last predicts its end.
    pub fn pad<'a>(
        sentences: impl Iterator<Item = &'a [usize]> + Clone,
        length: usize,
        device: &B::Device,
    ) -> Self {
        let longest = sentences.clone().map(|sentence| sentence.len() + 1).max();
        let length = length.max(longest.unwrap_or(0));
        let boundary = BOUNDARY as i64;
        let (mut inputs, mut targets, mut end) = (Vec::new(), Vec::new(), 0);
        for sentence in sentences {
            let letters = sentence.iter().map(|&token| token as i64);
            end += length;
            inputs.push(boundary);
            inputs.extend(letters.clone());
            inputs.resize(end, boundary);
            targets.extend(letters);
            targets.push(boundary);
            targets.resize(end, PADDING);
        }
        let shape = [end / length.max(1), length];
        Batch {
            inputs: Tensor::from_data(TensorData::new(inputs, shape), device),
            targets: Tensor::from_data(TensorData::new(targets, shape), device),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::backend::NdArray;

    #[test]
    fn pads_to_the_longest() {
        let sentences: [&[usize]; 2] = [&[5, 6, 7], &[8]];
        let batch = Batch::<NdArray>::pad(sentences.into_iter(), 0, &Default::default());
        let rows = |tensor: Tensor<NdArray, 2, Int>| tensor.into_data().to_vec::<i64>().unwrap();
        assert_eq!(rows(batch.inputs), [0, 5, 6, 7, 0, 8, 0, 0]);
        assert_eq!(rows(batch.targets), [5, 6, 7, 0, 8, 0, PADDING, PADDING]);
    }
}
