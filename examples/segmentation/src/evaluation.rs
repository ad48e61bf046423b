//! Predicted masks against the truth, without the pixels that do not count.

use burn::prelude::*;
use burn_loss_metrics::ConfusionMatrix;

use crate::data::{BORDER, CLASSES, SIDE, Scenes};
use crate::model::Network;

/// How many images go through the network at once.
const BATCH_SIZE: usize = 50;

/// The predicted class of each pixel, image by image.
pub fn masks<B: Backend>(network: &Network<B>, scenes: &Scenes<B>) -> Vec<i64> {
    let batches = scenes.images.clone().split(BATCH_SIZE, 0).into_iter();
    let masks = batches.flat_map(|images| integers(network.forward(images).argmax(1)));
    masks.collect()
}

/// The numbers of a tensor of integers, row by row.
pub fn integers<B: Backend, const D: usize>(tensor: Tensor<B, D, Int>) -> Vec<i64> {
    tensor.into_data().iter().collect()
}

/// What was predicted for the pixels of each class; those of the border are left out.
pub fn confusion(masks: &[i64], labels: &[i64]) -> ConfusionMatrix {
    let mut matrix = ConfusionMatrix::new(CLASSES.len());
    for (&mask, &label) in masks.iter().zip(labels) {
        if label != BORDER {
            matrix.add(label as usize, mask as usize);
        }
    }
    matrix
}

/// Intersection over union of a class, `TP / (TP + FP + FN)`; NaN where it neither occurs nor was predicted.
pub fn intersection_over_union(matrix: &ConfusionMatrix, class: usize) -> f64 {
    let both = matrix.counts[class][class];
    let either = matrix.support()[class] + matrix.predicted()[class] - both;
    both as f64 / either as f64
}

/// A part of the numbers of one image.
pub fn image<T>(pixels: &[T], number: usize) -> &[T] {
    &pixels[number * SIDE * SIDE..][..SIDE * SIDE]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_border_does_not_count() {
        let matrix = confusion(&[0, 1, 1, 3, 2], &[0, 1, 0, BORDER, BORDER]);
        assert_eq!(matrix.total(), 3);
        assert_eq!(intersection_over_union(&matrix, 0), 0.5);
        assert_eq!(intersection_over_union(&matrix, 1), 0.5);
        assert!(intersection_over_union(&matrix, 3).is_nan());
    }
}
