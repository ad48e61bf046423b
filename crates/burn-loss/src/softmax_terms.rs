//! The fused operation on tensors: the three numbers of a row from which the losses of logits are made.

use burn::tensor::{Int, Tensor, TensorPrimitive};
use burn_loss_kernels::{
    LOG_SUM_EXP, LossBackend, RowTargets, SMOOTH_LOG_PROB, SmoothWeights, TARGET_LOG_PROB,
};

use crate::class_rows::{RowLosses, RowOptions};

/// The losses of rows that need the log-probability of the target alone.
pub(crate) fn target_losses<B: LossBackend>(
    logits: Tensor<B, 3>,
    targets: Tensor<B, 1, Int>,
    options: RowOptions<'_, B>,
    loss: impl FnOnce(Tensor<B, 1>) -> Tensor<B, 1>,
) -> RowLosses<B> {
    let weights = options.row_weights(&targets, &logits);
    let rows = SoftmaxRows {
        classes: Some(targets),
        ignore_index: options.ignore_index,
        smooth: SmoothWeights::Zero,
    };
    RowLosses::weighed(loss(rows.terms(logits).target_log_prob()), weights)
}

/// What rows of logits `[N, C, S]` are compared with; the tensor side of [`RowTargets`].
pub(crate) struct SoftmaxRows<B: LossBackend> {
    pub(crate) classes: Option<Tensor<B, 1, Int>>,
    pub(crate) ignore_index: Option<i64>,
    /// Per class as `[1, C, 1]`, per logit as `[N, C, S]`.
    pub(crate) smooth: SmoothWeights<Tensor<B, 3>>,
}

impl<B: LossBackend> SoftmaxRows<B> {
    pub(crate) fn terms(self, logits: Tensor<B, 3>) -> SoftmaxTerms<B> {
        let num_classes = logits.dims()[1];
        let smooth = match self.smooth {
            SmoothWeights::PerClass(weights) => {
                SmoothWeights::PerClass(primitive(weights.reshape([num_classes])))
            }
            other => other.map(primitive),
        };
        let targets = RowTargets {
            classes: self.classes.map(Tensor::into_primitive),
            ignore_index: self.ignore_index,
            smooth,
        };
        let terms = B::softmax_terms(primitive(logits), targets).terms;
        SoftmaxTerms(Tensor::from_primitive(TensorPrimitive::Float(terms)))
    }
}

fn primitive<B: LossBackend, const D: usize>(tensor: Tensor<B, D>) -> B::FloatTensorPrimitive {
    tensor.into_primitive().tensor()
}

/// The three numbers of each row, `[M, 3]`.
pub(crate) struct SoftmaxTerms<B: LossBackend>(Tensor<B, 2>);

impl<B: LossBackend> SoftmaxTerms<B> {
    /// `log p_t`, `[M]`.
    pub(crate) fn target_log_prob(&self) -> Tensor<B, 1> {
        self.column(TARGET_LOG_PROB)
    }

    /// The weighted sum of all log-probabilities, `[M]`.
    pub(crate) fn smooth_log_prob(&self) -> Tensor<B, 1> {
        self.column(SMOOTH_LOG_PROB)
    }

    /// `log sum_c exp(x_c)`, `[M]`.
    pub(crate) fn log_sum_exp(&self) -> Tensor<B, 1> {
        self.column(LOG_SUM_EXP)
    }

    fn column(&self, index: usize) -> Tensor<B, 1> {
        let [rows, _] = self.0.dims();
        if rows == 0 {
            // Burn's slice of nothing leaves the graph; this sum of nothing does not.
            return self.0.clone().sum_dim(1).reshape([0]);
        }
        self.0
            .clone()
            .slice([0..rows, index..index + 1])
            .reshape([rows])
    }
}
