//! The fused operation on tensors: the three numbers of a row from which the losses of logits are made.

use burn::tensor::ops::FloatTensor;
use burn::tensor::{Int, Tensor, TensorPrimitive};
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
    RowLosses::weighed(loss(rows.terms(logits).target_log_prob()), weights)
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
        let targets = RowTargets {
            classes: self.classes.map(Tensor::into_primitive),
            ignore_index: self.ignore_index,
            smooth: self.smooth,
        };
        let terms = B::softmax_terms(primitive(logits), targets).terms;
        SoftmaxTerms(Tensor::from_primitive(TensorPrimitive::Float(terms)))
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
        let [rows, _] = self.0.dims();
        if rows == 0 {
            // Burn's slice of nothing leaves the graph; this sum of nothing does not.
            return self.0.clone().sum_dim(1).reshape([0]);
        }
        // A row of the transposed terms, which NdArray copies a hundred times faster than a column.
        self.0
            .clone()
            .swap_dims(0, 1)
            .slice([index..index + 1, 0..rows])
            .reshape([rows])
    }
}
