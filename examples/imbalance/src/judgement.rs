//! From logits to a judgement: a threshold chosen on validation data, and what it and 0.5 give on the test data.

use burn::prelude::*;
use burn_loss_metrics::{
    Bins, ClassScores, PrecisionRecallCurve, Reliability, ThresholdCriterion, average_precision,
    best_threshold, confusion_matrix, precision_recall_curve, reliability,
};

/// Probabilities `[N]`, and which of them are of positives, `[N]`.
pub struct Scored<B: Backend> {
    pub probabilities: Tensor<B, 1>,
    pub positive: Tensor<B, 1, Int>,
}

impl<B: Backend> Scored<B> {
    /// The scores of the positive class where a probability of at least `threshold` is called positive.
    fn at(&self, threshold: f64) -> ClassScores {
        let called = self.probabilities.clone().greater_equal_elem(threshold);
        let matrix = confusion_matrix(called.int(), self.positive.clone(), 2);
        matrix.report().classes[1]
    }
}

/// What is said about one model.
pub struct Judgement {
    /// The test data at the threshold 0.5.
    pub at_half: ClassScores,
    /// The threshold with the best F1 on the validation data.
    pub threshold: f64,
    /// The test data at that threshold.
    pub at_threshold: ClassScores,
    /// How often what is said with a probability is so; no threshold is in it.
    pub reliability: Reliability,
    /// How well positives are ranked before negatives; no threshold is in it.
    pub average_precision: f64,
    pub curve: PrecisionRecallCurve,
}

impl Judgement {
    pub fn new<B: Backend>(validation: &Scored<B>, test: &Scored<B>) -> Self {
        let (probabilities, positive) = (validation.probabilities.clone(), &validation.positive);
        let best = best_threshold(probabilities, positive.clone(), ThresholdCriterion::F1);
        // Without a positive to validate on there is nothing to choose by.
        let threshold = best.map_or(0.5, |best| best.threshold);
        let (probabilities, positive) = (&test.probabilities, &test.positive);
        Judgement {
            at_half: test.at(0.5),
            threshold,
            at_threshold: test.at(threshold),
            reliability: reliability(probabilities.clone(), positive.clone(), Bins::default()),
            average_precision: average_precision(probabilities.clone(), positive.clone()),
            curve: precision_recall_curve(probabilities.clone(), positive.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::backend::NdArray;

    fn scored(probabilities: [f32; 4], positive: [i32; 4]) -> Scored<NdArray> {
        let device = Default::default();
        Scored {
            probabilities: Tensor::from_data(probabilities, &device),
            positive: Tensor::from_data(positive, &device),
        }
    }

    #[test]
    fn the_threshold_is_of_the_validation_data() {
        let validation = scored([0.125, 0.25, 0.375, 0.25], [0, 1, 1, 0]);
        let test = scored([0.125, 0.25, 0.375, 0.75], [0, 1, 1, 1]);
        let judgement = Judgement::new(&validation, &test);
        assert_eq!(judgement.threshold, 0.25);
        assert!((judgement.at_half.recall - 1.0 / 3.0).abs() < 1e-12);
        assert_eq!(judgement.at_threshold.recall, 1.0);
        assert_eq!(judgement.average_precision, 1.0);
    }
}
