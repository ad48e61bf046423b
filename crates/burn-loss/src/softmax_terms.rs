//! The fused operation on tensors: the three numbers of a row from which the losses of logits are made.

use burn::tensor::ops::FloatTensor;
use burn::tensor::{Int, Tensor, TensorPrimitive};
use burn_loss_kernels::composed::column;
use burn_loss_kernels::{
    LOG_SUM_EXP, LossBackend, RowTargets, SMOOTH_LOG_PROB, SmoothWeights, TARGET_LOG_PROB,
};

use crate::class_rows::{RowLosses, RowOptions};

/// The losses of rows that need the log-probability of the target alone.
pub(crate) fn target_losses<B: LossBackend, const D: usize>(
    logits: Tensor<B, D>,
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
    RowLosses::weighed(loss(rows.target_log_prob(logits)), weights)
}

/// What rows of logits `[N, C, d1, ..]` are compared with; the tensor side of [`RowTargets`].
pub(crate) struct SoftmaxRows<B: LossBackend> {
    pub(crate) classes: Option<Tensor<B, 1, Int>>,
    pub(crate) ignore_index: Option<i64>,
    /// Per class as `[C]`, per logit of the shape of the logits.
    pub(crate) smooth: SmoothWeights<FloatTensor<B>>,
}

impl<B: LossBackend> SoftmaxRows<B> {
    pub(crate) fn terms<const D: usize>(self, logits: Tensor<B, D>) -> SoftmaxTerms<B> {
        let terms = B::softmax_terms(primitive(logits), self.into_targets()).terms;
        SoftmaxTerms(Tensor::from_primitive(TensorPrimitive::Float(terms)))
    }

    /// `log p_t` alone, `[M]`.
    pub(crate) fn target_log_prob<const D: usize>(self, logits: Tensor<B, D>) -> Tensor<B, 1> {
        let terms = B::target_log_prob(primitive(logits), self.into_targets()).terms;
        Tensor::from_primitive(TensorPrimitive::Float(terms))
    }

    fn into_targets(self) -> RowTargets<B> {
        RowTargets {
            classes: self.classes.map(Tensor::into_primitive),
            ignore_index: self.ignore_index,
            smooth: self.smooth,
        }
    }
}

/// The backend's own tensor, whose rank the type does not fix.
pub(crate) fn primitive<B: LossBackend, const D: usize>(tensor: Tensor<B, D>) -> FloatTensor<B> {
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
        column(self.0.clone(), index)
    }
}
