//! Each label on its own: its threshold, chosen on validation data, and what it gives on the test data.

use burn::prelude::*;
use burn_loss_metrics::{
    ClassScores, RocCurve, ThresholdCriterion, best_threshold, confusion_matrix, roc_auc, roc_curve,
};

/// What is said about one label.
pub struct Judgement {
    /// The probability from which on the label is set: the best F1 on the validation data.
    pub threshold: f64,
    /// The test data at that threshold.
    pub at_threshold: ClassScores,
    /// The test data at 0.5.
    pub at_half: ClassScores,
    /// How well the chords with the label are ranked before the others.
    pub roc_auc: f64,
    pub curve: RocCurve,
}

/// Probabilities and labels, `[N, L]` both, one column a label.
pub struct Scored<B: Backend> {
    pub probabilities: Tensor<B, 2>,
    pub labels: Tensor<B, 2, Int>,
}

impl<B: Backend> Scored<B> {
    fn column(&self, label: usize) -> (Tensor<B, 1>, Tensor<B, 1, Int>) {
        let probabilities = self.probabilities.clone().narrow(1, label, 1);
        let labels = self.labels.clone().narrow(1, label, 1);
        (probabilities.squeeze_dim(1), labels.squeeze_dim(1))
    }
}

impl Judgement {
    /// Judges one label.
    pub fn new<B: Backend>(validation: &Scored<B>, test: &Scored<B>, label: usize) -> Self {
        let (probabilities, labels) = validation.column(label);
        let best = best_threshold(probabilities, labels, ThresholdCriterion::F1);
        // Without an example of the label there is nothing to choose by.
        let threshold = best.map_or(0.5, |best| best.threshold);

        let (probabilities, labels) = test.column(label);
        let at = |threshold: f64| {
            let set = probabilities.clone().greater_equal_elem(threshold);
            confusion_matrix(set.int(), labels.clone(), 2)
                .report()
                .classes[1]
        };
        Judgement {
            threshold,
            at_threshold: at(threshold),
            at_half: at(0.5),
            roc_auc: roc_auc(probabilities.clone(), labels.clone()),
            curve: roc_curve(probabilities.clone(), labels.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::backend::NdArray;

    #[test]
    fn labels_are_judged_one_by_one() {
        let device = Default::default();
        let probabilities = [[0.75, 0.125], [0.625, 0.25], [0.25, 0.0625]];
        let scored = Scored::<NdArray> {
            probabilities: Tensor::from_data(probabilities, &device),
            labels: Tensor::from_data([[1, 0], [0, 1], [0, 0]], &device),
        };
        let [first, second] = [0, 1].map(|label| Judgement::new(&scored, &scored, label));
        assert_eq!((first.threshold, first.at_half.precision), (0.75, 0.5));
        assert_eq!((second.threshold, second.at_half.recall), (0.25, 0.0));
        assert_eq!(second.at_threshold.f1_score, 1.0);
        assert_eq!(second.roc_auc, 1.0);
    }
}
