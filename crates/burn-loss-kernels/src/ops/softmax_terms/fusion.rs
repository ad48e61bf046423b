//! The registration of the terms of rows.

use std::fmt::Debug;
use std::marker::PhantomData;

use burn::tensor::ops::FloatTensor;
use burn::tensor::{Shape, TensorMetadata};
use burn_fusion::stream::Operation;
use burn_fusion::{Fusion, FusionBackend};
use burn_ir::TensorIr;

use crate::composed::at_least_f32;
use crate::ops::check;
use crate::ops::fusion::{Handles, Inputs, ReducedIr, output};
use crate::{
    Columns, Formula, LossBackend, Reduced, Reduction, RowTargets, RowWeights, SmoothWeights,
    SoftmaxTerms,
};

/// [`LossBackend::softmax_terms`].
pub(crate) fn softmax_terms<B: FusionBackend + LossBackend>(
    logits: FloatTensor<Fusion<B>>,
    targets: RowTargets<Fusion<B>>,
    columns: Columns,
) -> SoftmaxTerms<Fusion<B>> {
    let [n, _, s] = check::targets(&logits, &targets);
    let rows = n * s;
    let (client, dtype) = (logits.client.clone(), logits.dtype);
    let terms: Shape = match columns {
        Columns::TargetLoss => [rows].into(),
        Columns::All => [rows, 3].into(),
    };
    let mut stream = Inputs::default();
    let operation = TermsOperation::<B> {
        logits: stream.add(logits),
        targets: TargetsIr::new(&mut stream, targets),
        columns,
        terms: output(&client, terms, dtype),
        normalizer: output(&client, [rows, 2].into(), at_least_f32(dtype)),
        backend: PhantomData,
    };
    let outputs = [operation.terms.clone(), operation.normalizer.clone()];
    let mut outputs = stream.register(&client, "softmax_terms", &outputs, operation);
    let mut next = || outputs.next().expect("the operation has two outputs");
    SoftmaxTerms {
        terms: next(),
        normalizer: next(),
    }
}

/// [`LossBackend::softmax_terms_backward`].
pub(crate) fn softmax_terms_backward<B: FusionBackend + LossBackend>(
    logits: FloatTensor<Fusion<B>>,
    targets: RowTargets<Fusion<B>>,
    normalizer: FloatTensor<Fusion<B>>,
    grad: FloatTensor<Fusion<B>>,
) -> FloatTensor<Fusion<B>> {
    check::backward(&logits, &targets, &normalizer, &grad);
    let (client, shape, dtype) = (logits.client.clone(), logits.shape(), logits.dtype);
    let mut stream = Inputs::default();
    let operation = BackwardOperation::<B> {
        logits: stream.add(logits),
        targets: TargetsIr::new(&mut stream, targets),
        normalizer: stream.add(normalizer),
        grad: stream.add(grad),
        gradient: output(&client, shape, dtype),
        backend: PhantomData,
    };
    let outputs = [operation.gradient.clone()];
    let mut outputs = stream.register(&client, "softmax_terms_backward", &outputs, operation);
    outputs.next().expect("the operation has one output")
}

/// [`LossBackend::softmax_terms_reduced`].
pub(crate) fn softmax_terms_reduced<B: FusionBackend + LossBackend, L: Formula>(
    formula: &L,
    logits: FloatTensor<Fusion<B>>,
    targets: RowTargets<Fusion<B>>,
    weights: RowWeights<Fusion<B>>,
    reduction: Reduction,
    wanted: bool,
) -> Reduced<Fusion<B>> {
    let shape = check::targets(&logits, &targets);
    check::row_weights(&logits, &weights, shape);
    let (client, shape, dtype) = (logits.client.clone(), logits.shape(), logits.dtype);
    let outputs = ReducedIr::new(&client, dtype, [wanted.then_some(shape), None, None]);
    let mut stream = Inputs::default();
    let operation = ReducedOperation::<B, L> {
        formula: formula.clone(),
        logits: stream.add(logits),
        targets: TargetsIr::new(&mut stream, targets),
        weights: WeightsIr::new(&mut stream, weights),
        reduction,
        wanted,
        outputs: outputs.clone(),
        backend: PhantomData,
    };
    let tensors = stream.register(
        &client,
        "softmax_terms_reduced",
        &outputs.outputs(),
        operation,
    );
    outputs.tensors::<B>(tensors)
}

/// A [`RowTargets`] in the stream's representation.
#[derive(Clone, Debug)]
pub(crate) struct TargetsIr {
    classes: Option<TensorIr>,
    ignore_index: Option<i64>,
    smooth: SmoothWeights<TensorIr>,
}

impl TargetsIr {
    pub(crate) fn new<B: FusionBackend>(
        stream: &mut Inputs,
        targets: RowTargets<Fusion<B>>,
    ) -> Self {
        Self {
            classes: targets.classes.map(|classes| stream.add(classes)),
            ignore_index: targets.ignore_index,
            smooth: targets.smooth.map(|weights| stream.add(weights)),
        }
    }

    pub(crate) fn resolve<B: FusionBackend>(&self, handles: &mut Handles<B>) -> RowTargets<B> {
        let classes = self.classes.as_ref();
        RowTargets {
            classes: classes.map(|classes| handles.get_int_tensor::<B>(classes)),
            ignore_index: self.ignore_index,
            smooth: self
                .smooth
                .clone()
                .map(|weights| handles.get_float_tensor::<B>(&weights)),
        }
    }
}

/// A [`RowWeights`] in the stream's representation.
#[derive(Clone, Debug)]
pub(crate) struct WeightsIr {
    per_class: Option<TensorIr>,
    per_row: Option<TensorIr>,
}

impl WeightsIr {
    pub(crate) fn new<B: FusionBackend>(
        stream: &mut Inputs,
        weights: RowWeights<Fusion<B>>,
    ) -> Self {
        Self {
            per_class: weights.per_class.map(|weights| stream.add(weights)),
            per_row: weights.per_row.map(|weights| stream.add(weights)),
        }
    }

    pub(crate) fn resolve<B: FusionBackend>(&self, handles: &mut Handles<B>) -> RowWeights<B> {
        let [per_class, per_row] = [&self.per_class, &self.per_row]
            .map(|weights| Some(handles.get_float_tensor::<B>(weights.as_ref()?)));
        RowWeights { per_class, per_row }
    }
}

#[derive(Debug)]
struct TermsOperation<B> {
    logits: TensorIr,
    targets: TargetsIr,
    columns: Columns,
    terms: TensorIr,
    normalizer: TensorIr,
    backend: PhantomData<B>,
}

impl<B: FusionBackend + LossBackend> Operation<B::FusionRuntime> for TermsOperation<B> {
    fn execute(&self, handles: &mut Handles<B>) {
        let logits = handles.get_float_tensor::<B>(&self.logits);
        let targets = self.targets.resolve::<B>(handles);
        let made = B::softmax_terms(logits, targets, self.columns);
        handles.register_float_tensor::<B>(&self.terms.id, made.terms);
        handles.register_float_tensor::<B>(&self.normalizer.id, made.normalizer);
    }
}

#[derive(Debug)]
struct BackwardOperation<B> {
    logits: TensorIr,
    targets: TargetsIr,
    normalizer: TensorIr,
    grad: TensorIr,
    gradient: TensorIr,
    backend: PhantomData<B>,
}

impl<B: FusionBackend + LossBackend> Operation<B::FusionRuntime> for BackwardOperation<B> {
    fn execute(&self, handles: &mut Handles<B>) {
        let logits = handles.get_float_tensor::<B>(&self.logits);
        let targets = self.targets.resolve::<B>(handles);
        let normalizer = handles.get_float_tensor::<B>(&self.normalizer);
        let grad = handles.get_float_tensor::<B>(&self.grad);
        let gradient = B::softmax_terms_backward(logits, targets, normalizer, grad);
        handles.register_float_tensor::<B>(&self.gradient.id, gradient);
    }
}

#[derive(Debug)]
struct ReducedOperation<B, L> {
    formula: L,
    logits: TensorIr,
    targets: TargetsIr,
    weights: WeightsIr,
    reduction: Reduction,
    wanted: bool,
    outputs: ReducedIr,
    backend: PhantomData<B>,
}

impl<B: FusionBackend + LossBackend, L: Formula> Operation<B::FusionRuntime>
    for ReducedOperation<B, L>
{
    fn execute(&self, handles: &mut Handles<B>) {
        let logits = handles.get_float_tensor::<B>(&self.logits);
        let targets = self.targets.resolve::<B>(handles);
        let weights = self.weights.resolve::<B>(handles);
        let made = B::softmax_terms_reduced(
            &self.formula,
            logits,
            targets,
            weights,
            self.reduction,
            self.wanted,
        );
        self.outputs.fill::<B>(handles, made);
    }
}
