//! Losses straight from hidden states: what PyTorch gives, and the same loss of the logits.

use burn::backend::Autodiff;
use burn::module::Param;
use burn::nn::{EmbeddingConfig, LinearConfig};
use burn::tensor::backend::AutodiffBackend;
use burn::tensor::{DType, Int, Tensor};
use burn_loss::*;
use serde::Deserialize;

use crate::backend::{TestBackend, Tolerance};
use crate::compare::{assert_close, numbers};
use crate::fixture::{Config, cases_of, some_of, tensor};
use crate::losses::{Domain, Row, VisitClass, cross_entropy, each_class};
use crate::suite::bad_input::{another_float, integers};

pub(super) type A<B> = Autodiff<B>;

/// `[M, H, C]` of the fixture.
const FIXTURE: [usize; 3] = [11, 5, 7];

/// One choice of options; `fixtures/generate_linear.py` writes them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    config: Config,
    logit_scale: f64,
    softcap: Option<f64>,
    hidden: Vec<f64>,
    weight: Vec<f64>,
    bias: Option<Vec<f64>>,
    targets: Targets,
    none: Vec<f64>,
    sum: f64,
    mean: f64,
    grad_hidden: Vec<f64>,
    grad_weight: Vec<f64>,
    grad_bias: Option<Vec<f64>>,
}

/// What the logits are compared with, and what else PyTorch gives for it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Targets {
    Classes(Classes),
    Probabilities(Probabilities),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Classes {
    classes: Vec<i64>,
    weights: Option<Vec<f64>>,
    log_probs: Vec<f64>,
    predicted: Vec<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Probabilities {
    probabilities: Vec<f64>,
    weights: Option<Vec<f64>>,
    grad_probabilities: Vec<f64>,
}

fn cases<B: TestBackend>() -> Vec<Case> {
    let cases: Vec<Case> = cases_of("linear");
    assert!(cases.len() > 50);
    some_of::<B, _>(cases)
}

/// Sums of products round in units of what is added up.
pub(super) fn near<B: TestBackend>(expected: &[f64]) -> Tolerance {
    let largest = expected.iter().fold(1.0f64, |a, b| a.max(b.abs()));
    Tolerance {
        absolute: B::TOLERANCE.absolute.max(1e-13) * largest,
        ..B::TOLERANCE
    }
}

#[track_caller]
fn close<B: TestBackend, const D: usize>(what: &str, found: Tensor<B, D>, expected: &[f64]) {
    assert_close(what, &numbers(found), expected, near::<B>(expected));
}

/// Hidden states and a head, all tracked.
pub(super) struct Inputs<B: LossBackend> {
    pub hidden: Tensor<A<B>, 2>,
    pub weight: Tensor<A<B>, 2>,
    pub bias: Option<Tensor<A<B>, 1>>,
}

impl<B: TestBackend> Inputs<B> {
    pub fn new(
        hidden: &[f64],
        weight: &[f64],
        bias: Option<&[f64]>,
        [m, h, c]: [usize; 3],
    ) -> Self {
        let device = B::device();
        Self {
            hidden: tensor(hidden, &[m, h], &device).require_grad(),
            weight: tensor(weight, &[h, c], &device).require_grad(),
            bias: bias.map(|bias| tensor(bias, &[c], &device).require_grad()),
        }
    }

    pub fn head(&self) -> LinearHead<A<B>> {
        LinearHead::new(self.weight.clone(), self.bias.clone())
    }

    /// The gradients of hidden states, weight and bias.
    pub fn gradients(&self, loss: Tensor<A<B>, 1>) -> [Vec<f64>; 3] {
        self.of(&loss.backward())
    }

    /// Those of hidden states, weight and bias among all.
    pub fn of(&self, gradients: &<A<B> as AutodiffBackend>::Gradients) -> [Vec<f64>; 3] {
        let of = |tensor: &Tensor<A<B>, 2>| numbers(tensor.grad(gradients).expect("it is tracked"));
        let bias = self.bias.as_ref().map(|bias| bias.grad(gradients));
        let bias = bias.map_or(Vec::new(), |bias| numbers(bias.expect("it is tracked")));
        [of(&self.hidden), of(&self.weight), bias]
    }
}

/// Values and gradients equal PyTorch's for every option and pair of options, in one chunk and row by row.
pub fn equals_pytorch<B: TestBackend>() {
    for case in cases::<B>() {
        for memory_budget in [1 << 20, 1] {
            let bias = case.bias.as_deref();
            let inputs = Inputs::<B>::new(&case.hidden, &case.weight, bias, FIXTURE);
            let head = inputs
                .head()
                .with_logit_scale(case.logit_scale)
                .with_softcap(case.softcap)
                .with_memory_budget(memory_budget);
            let run = CaseRun {
                case: &case,
                inputs,
                head,
            };
            match &case.targets {
                Targets::Classes(targets) => run.of_classes(targets),
                Targets::Probabilities(targets) => run.of_probabilities(targets),
            }
        }
    }
}

/// A case of the fixture within a memory budget.
struct CaseRun<'a, B: TestBackend> {
    case: &'a Case,
    inputs: Inputs<B>,
    head: LinearHead<A<B>>,
}

impl<B: TestBackend> CaseRun<'_, B> {
    fn what(&self, part: &str) -> String {
        let bytes = self.head.memory_budget;
        format!("{}, {part}, {bytes} bytes", self.case.name)
    }

    fn loss(&self, reduction: Reduction) -> CrossEntropyLoss<A<B>> {
        cross_entropy(&self.case.config)
            .with_reduction(reduction)
            .init(&B::device())
    }

    fn hidden(&self) -> Tensor<A<B>, 2> {
        self.inputs.hidden.clone()
    }

    fn row_weights(&self, weights: Option<&Vec<f64>>) -> Option<Tensor<A<B>, 1>> {
        weights.map(|weights| tensor(weights, &[FIXTURE[0]], &B::device()))
    }

    fn of_classes(&self, expected: &Classes) {
        let device = B::device();
        let targets = || Tensor::<A<B>, 1, Int>::from_ints(expected.classes.as_slice(), &device);
        let weights = self.row_weights(expected.weights.as_ref());
        let loss = self.loss(Reduction::Mean);
        self.compare(
            |loss| match weights.clone() {
                Some(weights) => {
                    loss.forward_linear_weighted(self.hidden(), &self.head, targets(), weights)
                }
                None => loss.forward_linear(self.hidden(), &self.head, targets()),
            },
            loss.forward_linear_no_reduction(self.hidden(), &self.head, targets()),
        );

        let found = loss.forward_linear_with_predictions(self.hidden(), &self.head, targets());
        let log_probs = found.log_probs.inner();
        close::<B, 1>(&self.what("log p"), log_probs, &expected.log_probs);
        let predicted: Vec<f64> = found.predicted.into_data().iter::<f64>().collect();
        assert_eq!(predicted, expected.predicted, "{}", self.what("predicted"));
        let correct: Vec<bool> = found.correct.into_data().iter::<bool>().collect();
        let pairs = expected.predicted.iter().zip(&expected.classes);
        let hits: Vec<bool> = pairs.map(|(p, t)| *p == *t as f64).collect();
        assert_eq!(correct, hits, "{}", self.what("correct"));
    }

    fn of_probabilities(&self, expected: &Probabilities) {
        let [rows, _, classes] = FIXTURE;
        let numbers = &expected.probabilities;
        let targets = tensor::<A<B>, 2>(numbers, &[rows, classes], &B::device()).require_grad();
        let loss = self.loss(Reduction::Mean);
        let none = loss.forward_linear_probabilities_no_reduction(
            self.hidden(),
            &self.head,
            targets.clone(),
        );
        let weights = self.row_weights(expected.weights.as_ref());
        let gradients = self.compare(
            |loss| {
                let (hidden, head, targets) = (self.hidden(), &self.head, targets.clone());
                match weights.clone() {
                    Some(weights) => {
                        loss.forward_linear_probabilities_weighted(hidden, head, targets, weights)
                    }
                    None => loss.forward_linear_probabilities(hidden, head, targets),
                }
            },
            none,
        );
        let found = targets.grad(&gradients).expect("they are tracked");
        let what = self.what("gradient of the probabilities");
        close::<B, 2>(&what, found, &expected.grad_probabilities);
    }

    /// Compares the losses, and the gradients of the mean, which are returned.
    fn compare(
        &self,
        reduced: impl Fn(CrossEntropyLoss<A<B>>) -> Tensor<A<B>, 1>,
        none: Tensor<A<B>, 1>,
    ) -> <A<B> as AutodiffBackend>::Gradients {
        let case = self.case;
        let mean = reduced(self.loss(Reduction::Mean));
        close::<B, 1>(&self.what("mean"), mean.clone().inner(), &[case.mean]);
        let sum = reduced(self.loss(Reduction::Sum));
        close::<B, 1>(&self.what("sum"), sum.inner(), &[case.sum]);
        close::<B, 1>(&self.what("none"), none.inner(), &case.none);
        let gradients = mean.backward();
        let no_bias = Vec::new();
        let expected = [
            &case.grad_hidden,
            &case.grad_weight,
            case.grad_bias.as_ref().unwrap_or(&no_bias),
        ];
        for (found, expected) in self.inputs.of(&gradients).iter().zip(expected) {
            let what = self.what("gradient");
            assert_close(&what, found, expected, near::<B>(expected));
        }
        gradients
    }
}

/// Numbers between -1 and 1, all different.
pub(super) fn spread(count: usize, seed: usize) -> Vec<f64> {
    let golden = 0.618_033_988_749_894_9;
    (0..count)
        .map(|i| 2.0 * ((i + 1 + seed * 1000) as f64 * golden).fract() - 1.0)
        .collect()
}

/// Every loss of every option is that of the logits, with its gradients, whatever the chunks: reduced, unreduced and weighted.
pub fn equals_the_loss_of_logits<B: TestBackend>() {
    struct Test;
    impl<B: TestBackend> VisitClass<A<B>> for Test {
        fn visit<L: ClassLoss<A<B>>>(&mut self, row: &Row, loss: impl Fn(&Config, Reduction) -> L) {
            for config in &row.variants {
                let what = format!("{} {config:?}", row.name);
                let loss = loss(config, Reduction::Mean);
                // In chunks of 4 rows: one row, a chunk but one, a chunk, one more, several.
                let compare = |shape: [usize; 3], budget| match row.domain {
                    // Vectors of one number have angles of 0 and half a turn, where the slope is a matter of rounding.
                    Domain::Cosines if shape[1] == 1 => {}
                    domain => compare::<B, L>(&what, &loss, shape, budget, domain),
                };
                let size = size_of::<B::FloatElem>();
                for (rows, width) in [(1, 3), (3, 1), (4, 2), (5, 3), (17, 4)] {
                    compare([rows, width, 3], 4 * 3 * size);
                }
                if config.fits_any_classes() && config.ignore_index.is_none() {
                    // One class, and rows of vectors of their own.
                    compare([5, 2, 1], 1 << 20);
                    compare([9, 3, 41], 2 * 41 * size);
                    if B::ON_HOST {
                        // So many classes that the budget is for tiles of rows and classes. Of 200 short vectors some lie almost
                        // along their class, where the slope of an angle magnifies rounding; long ones do not.
                        let width = if row.domain == Domain::Cosines { 16 } else { 3 };
                        compare([200, width, 2100], 100 * 2100 * size);
                    }
                }
            }
        }
    }
    each_class::<A<B>>(&B::device(), &mut Test);
}

/// The scores that the linear form does not hold: logits, or the cosines of vectors, which a head with a bias does not give.
fn scores<B: TestBackend>(
    inputs: &Inputs<B>,
    head: &LinearHead<A<B>>,
    domain: Domain,
) -> Tensor<A<B>, 2> {
    let (x, w) = (inputs.hidden.clone(), inputs.weight.clone());
    if domain != Domain::Cosines {
        return head.logits(x);
    }
    let inverse =
        |x: &Tensor<A<B>, 2>, axis| (x.clone() * x.clone()).sum_dim(axis).powf_scalar(-0.5);
    let lengths = inverse(&x, 1) * inverse(&w, 0);
    x.matmul(w) * lengths
}

/// Compares with the loss of scores that are held.
fn compare<B: TestBackend, L: ClassLoss<A<B>>>(
    what: &str,
    loss: &L,
    shape @ [m, h, c]: [usize; 3],
    memory_budget: usize,
    domain: Domain,
) {
    let device = B::device();
    let what = format!("{what}, {shape:?}");
    let (hidden, weight, bias) = (spread(m * h, 1), spread(h * c, 2), spread(c, 3));
    // A scale and a cap in some of the shapes; cosines have none.
    let has_options = domain != Domain::Cosines && m % 4 == 1;
    // No product is larger than the width, at most 4.
    let shift = if domain == Domain::LogProbabilities {
        -5.0
    } else {
        0.0
    };
    let bias: Vec<f64> = bias.iter().map(|b| b + shift).collect();
    let bias = (domain != Domain::Cosines).then_some(bias);
    let classes: Vec<i64> = (0..m).map(|i| (i * 5 % c) as i64).collect();
    let targets = || Tensor::<A<B>, 1, Int>::from_ints(classes.as_slice(), &device);
    let weights: Vec<f64> = (0..m).map(|i| [1.5, 0.0, 0.25][i % 3]).collect();
    let weights = || tensor::<A<B>, 1>(&weights, &[m], &device);
    let each = || tensor::<A<B>, 1>(&spread(m, 4), &[m], &device);
    let run = |linear: bool, part: usize| {
        let inputs = Inputs::<B>::new(&hidden, &weight, bias.as_deref(), shape);
        let head = match has_options {
            true => inputs.head().with_logit_scale(0.75).with_softcap(Some(4.0)),
            false => inputs.head(),
        };
        let scores = || scores(&inputs, &head, domain);
        let head = head.clone().with_memory_budget(memory_budget);
        let x = inputs.hidden.clone();
        let value = match (part, linear) {
            (0, true) => loss.forward_linear(x, &head, targets()),
            (0, false) => loss.forward(scores(), targets()),
            (1, true) => loss.forward_linear_weighted(x, &head, targets(), weights()),
            (1, false) => loss.forward_weighted(scores(), targets(), weights()),
            (_, true) => (loss.forward_linear_no_reduction(x, &head, targets()) * each()).sum(),
            (_, false) => (loss.forward_no_reduction(scores(), targets()) * each()).sum(),
        };
        let gradients = inputs.gradients(value.clone());
        (numbers(value), gradients)
    };
    for part in 0..3 {
        let (value, gradients) = run(true, part);
        let (expected, of_logits) = run(false, part);
        let what = format!("{what}, part {part}");
        assert_close(&what, &value, &expected, near::<B>(&expected));
        for (found, expected) in gradients.iter().zip(&of_logits) {
            assert_close(&what, found, expected, near::<B>(expected));
        }
    }
}

/// A scale and a cap have the gradients that differences give.
pub fn finite_differences<B: TestBackend>() {
    let device = B::device();
    let loss = FocalLossConfig::new().init::<A<B>>(&device);
    compare_differences::<B>("focal", true, |inputs| {
        let head = inputs.head().with_logit_scale(1.5).with_softcap(Some(1.25));
        let targets = Tensor::<_, 1, Int>::from_ints([1, 3, 0], &device);
        loss.forward_linear(inputs.hidden.clone(), &head, targets)
    });
}

/// Compares the gradients of a loss of 3 rows and 4 classes with differences on the same backend.
pub(super) fn compare_differences<B: TestBackend>(
    what: &str,
    has_bias: bool,
    loss: impl Fn(&Inputs<B>) -> Tensor<A<B>, 1>,
) {
    let shape @ [m, h, c] = [3, 2, 4];
    let at = |point: &[Vec<f64>; 3]| {
        let bias = has_bias.then_some(&*point[2]);
        let inputs = Inputs::<B>::new(&point[0], &point[1], bias, shape);
        let found = loss(&inputs);
        (numbers(found.clone())[0], inputs.gradients(found))
    };
    let bias = if has_bias { c } else { 0 };
    let point = [spread(m * h, 1), spread(h * c, 2), spread(bias, 3)];
    let (_, gradients) = at(&point);
    // The error of the difference falls with the square of the step, that of rounding grows.
    let is_double = B::TOLERANCE.relative < 1e-9;
    let (step, tolerance) = if is_double {
        (1e-5, 1e-8)
    } else {
        (1e-2, 1e-3)
    };
    for input in 0..3 {
        for i in 0..point[input].len() {
            let moved = |by: f64| {
                let mut point = point.clone();
                point[input][i] += by;
                at(&point).0
            };
            let difference = (moved(step) - moved(-step)) / (2.0 * step);
            let found = gradients[input][i];
            assert!(
                (difference - found).abs() < tolerance,
                "{what}, input {input} at {i}: {found} instead of {difference}"
            );
        }
    }
}

/// Layers and embeddings get their gradients, in their own shape; sequences need no reshaping.
pub fn layers_and_embeddings<B: TestBackend>() {
    let device = B::device();
    let loss = CrossEntropyLossConfig::new().init::<A<B>>(&device);
    let hidden = tensor::<A<B>, 3>(&spread(2 * 3 * 4, 1), &[2, 3, 4], &device);
    let targets = || Tensor::<A<B>, 2, Int>::from_ints([[0, 1, 2], [4, 3, 2]], &device);
    let weight = tensor::<A<B>, 2>(&spread(5 * 4, 2), &[5, 4], &device);

    let mut embedding = EmbeddingConfig::new(5, 4).init::<A<B>>(&device);
    embedding.weight = Param::from_tensor(weight.clone());
    let tied = loss.forward_linear(hidden.clone(), &LinearHead::tied(&embedding), targets());
    let gradient = embedding.weight.val().grad(&tied.backward());
    let gradient = gradient.expect("it is tracked");
    assert_eq!(gradient.dims(), [5, 4]);

    let mut layer = LinearConfig::new(4, 5)
        .with_bias(false)
        .init::<A<B>>(&device);
    layer.weight = Param::from_tensor(weight.transpose());
    let plain = loss.forward_linear(hidden.clone(), &LinearHead::of(&layer), targets());
    let expected = layer
        .weight
        .val()
        .grad(&plain.backward())
        .expect("it is tracked");
    assert_eq!(expected.dims(), [4, 5]);
    let expected = numbers(expected.transpose());
    close::<B, 2>("tied", gradient, &expected);
    close::<B, 1>("tied", tied.inner(), &numbers(plain.inner()));

    let each = loss.forward_linear_no_reduction(hidden, &LinearHead::of(&layer), targets());
    assert_eq!(each.dims(), [2, 3]);
}

/// What no gradient is wanted of has none, and what does not count leaves no trace, NaN included.
pub fn what_is_left_out<B: TestBackend>() {
    let device = B::device();
    let loss = CrossEntropyLossConfig::new()
        .with_ignore_index(Some(-1))
        .init::<A<B>>(&device);
    let nan = f64::NAN;
    let all = tensor::<A<B>, 2>(&[nan, nan, 0.5, -1.0, nan, 2.0], &[3, 2], &device);
    let hidden = || all.clone().require_grad();
    let weight = || tensor::<A<B>, 2>(&spread(6, 2), &[2, 3], &device);
    let targets = |ints: [i32; 3]| Tensor::<A<B>, 1, Int>::from_ints(ints, &device);

    let (x, frozen) = (hidden(), LinearHead::new(weight(), None));
    let found = loss.forward_linear(x.clone(), &frozen, targets([-1, 2, -1]));
    let gradients = found.clone().backward();
    assert!(frozen.weight.grad(&gradients).is_none());
    let gradient = numbers(x.grad(&gradients).expect("it is tracked"));
    assert_eq!([0, 1, 4, 5].map(|i| gradient[i]), [0.0; 4]);

    let row = tensor::<A<B>, 2>(&[0.5, -1.0], &[1, 2], &device).require_grad();
    let class = Tensor::<A<B>, 1, Int>::from_ints([2], &device);
    let alone = loss.forward_linear(row.clone(), &frozen, class);
    close::<B, 1>("one row", found.inner(), &numbers(alone.clone().inner()));
    let expected = numbers(row.grad(&alone.backward()).expect("it is tracked"));
    let tolerance = near::<B>(&expected);
    assert_close("its gradient", &gradient[2..4], &expected, tolerance);

    // Of the weight, too, and where nothing counts.
    for classes in [[-1, 2, -1], [-1; 3]] {
        let head = LinearHead::new(weight().require_grad(), None);
        let found = loss.forward_linear(all.clone(), &head, targets(classes));
        assert_eq!(numbers(found.clone().inner())[0].is_nan(), classes[1] < 0);
        let gradient = head.weight.grad(&found.backward()).expect("it is tracked");
        let gradient = numbers(gradient);
        assert!(gradient.iter().all(|x| x.is_finite()), "{gradient:?}");
        assert_eq!(gradient.iter().all(|x| *x == 0.0), classes[1] < 0);
    }
}

/// Wrong shapes, and targets outside the classes, say what was expected.
pub fn bad_heads<B: TestBackend>() {
    let device = B::device();
    let loss = CrossEntropyLossConfig::new().init::<B>(&device);
    let zeros = |shape: [usize; 2]| Tensor::<B, 2>::zeros(shape, &device);
    let targets = |count: usize| Tensor::<B, 1, Int>::zeros([count], &device);
    let head = || LinearHead::new(zeros([4, 3]), None);
    let fails = |what: &str, expected: &str, run: &mut dyn FnMut()| {
        let error = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run));
        let error = error.expect_err(what);
        let text = error.downcast_ref::<String>().cloned().unwrap_or_default();
        assert!(text.contains(expected), "{what}: {text}");
    };
    fails("H", "`hidden` with 4 features", &mut || {
        loss.forward_linear(zeros([2, 5]), &head(), targets(2));
    });
    fails(
        "rows",
        "expected `hidden` [.., H] and `targets` [..]",
        &mut || {
            loss.forward_linear(zeros([2, 4]), &head(), targets(3));
        },
    );
    fails("rank", "expected `hidden` [.., H]", &mut || {
        loss.forward_linear(
            Tensor::<B, 3>::zeros([2, 1, 4], &device),
            &head(),
            targets(2),
        );
    });
    fails(
        "bias",
        "LinearHead: expected `bias` of length 3",
        &mut || {
            LinearHead::new(zeros([4, 3]), Some(Tensor::zeros([2], &device)));
        },
    );
    fails("class weights", "`class_weights` of length 3", &mut || {
        let weights = Some(vec![1.0; 2]);
        let loss = CrossEntropyLossConfig::new().with_class_weights(weights);
        let loss = loss.init::<B>(&device);
        loss.forward_linear(zeros([2, 4]), &head(), targets(2));
    });
    fails("weights", "expected `weights`", &mut || {
        let weights = Tensor::ones([3], &device);
        loss.forward_linear_weighted(zeros([2, 4]), &head(), targets(2), weights);
    });
    fails("classes", "at least one class", &mut || {
        let head = LinearHead::new(zeros([4, 0]), None);
        loss.forward_linear(zeros([2, 4]), &head, targets(2));
    });
    let own = zeros([1, 1]).dtype();
    if let Some(other) = another_float::<B>() {
        let expected =
            format!("`head.weight` of the element type of `hidden`, {own:?}, got {other:?}");
        fails("type of the weight", &expected, &mut || {
            let head = LinearHead::new(zeros([4, 3]).cast(other), None);
            loss.forward_linear(zeros([2, 4]), &head, targets(2));
        });
        let expected =
            format!("`head.bias` of the element type of `hidden`, {own:?}, got {other:?}");
        fails("type of the bias", &expected, &mut || {
            let bias = Tensor::<B, 1>::zeros([3], &device).cast(other);
            let head = LinearHead::new(zeros([4, 3]), Some(bias));
            loss.forward_linear(zeros([2, 4]), &head, targets(2));
        });
    }
    fails("cap", "`softcap` finite and above 0", &mut || {
        let _ = head().with_softcap(Some(0.0));
    });
    fails("scale", "`logit_scale` finite", &mut || {
        let _ = head().with_logit_scale(f64::NAN);
    });
    let wrong = Tensor::<B, 1, Int>::from_ints([0, 3], &device);
    if B::CHECKS_TARGETS {
        fails(
            "class",
            "row 1 is 3, expected a class in [0, 3)",
            &mut || {
                loss.forward_linear(zeros([2, 4]), &head(), wrong.clone());
            },
        );
        fails(
            "class",
            "row 1 is 3, expected a class in [0, 3)",
            &mut || {
                loss.forward_linear_no_reduction(zeros([2, 4]), &head(), wrong.clone());
            },
        );
    } else {
        let found = loss.forward_linear(zeros([2, 4]), &head(), wrong);
        assert!(numbers(found)[0].is_nan());
    }
}

/// The class of the highest logit is what it is, whatever type the targets have: 299 is neither 43 nor a number below 0.
pub fn predictions_beside_targets_of_any_integer<B: TestBackend>() {
    let device = B::device();
    const CLASSES: usize = 300;
    let mut weight = [[-1.0; CLASSES]; 2];
    weight[0][299] = 0.0;
    weight[1][2] = 0.0;
    let head = |dtype: DType| {
        let weight = tensor::<B, 2>(weight.as_flattened(), &[2, CLASSES], &device);
        LinearHead::new(weight.cast(dtype), None)
    };
    let hidden = tensor::<B, 2>(&[1.0, 0.0, 0.0, 1.0, 1.0, 0.0], &[3, 2], &device);
    let config = CrossEntropyLossConfig::new().with_ignore_index(Some(7));
    let of_logits = config.init::<B>(&device);
    let config = NllLossConfig::new().with_ignore_index(Some(7));
    let of_log_probs = config.init::<B>(&device);
    let own = hidden.dtype();
    for dtype in integers::<B>() {
        // As 8 bits, 299 would be 43.
        let targets = || Tensor::<B, 1, Int>::from_ints([43, 2, 7], &device).cast(dtype);
        let check = |found: LinearOutput<B, 1>| {
            let predicted: Vec<i64> = found.predicted.into_data().iter::<i64>().collect();
            assert_eq!(predicted, [299, 2, -1], "{dtype:?}");
            let correct: Vec<i64> = found.correct.int().into_data().iter::<i64>().collect();
            assert_eq!(correct, [0, 1, 0], "{dtype:?}");
        };
        for float in [own, DType::F16] {
            if float == own || B::HAS_HALVES {
                let hidden = || hidden.clone().cast(float);
                let head = head(float);
                check(of_logits.forward_linear_with_predictions(hidden(), &head, targets()));
                check(of_log_probs.forward_linear_with_predictions(hidden(), &head, targets()));
            }
        }
    }
}
