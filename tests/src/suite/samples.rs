//! The losses of samples: values, gradients, differences, messages.

use burn::backend::{Autodiff, NdArray};
use burn::tensor::ops::{FloatTensor, IntTensor};
use burn::tensor::{Int, Tensor, TensorData, TensorPrimitive};
use burn_loss::*;
use burn_loss_kernels::{CtcTargets, SampleLosses, composed};

use super::bad_input::panics;
use crate::backend::{TestBackend, Tolerance, least_number};
use crate::compare::{assert_close, difference_each, numbers};
use crate::differences::compare_gradient;
use crate::fixture::{some_of, tensor};
use crate::samples::{Arguments, Case, Config, VisitSample, cases, each_sample, triplet_margin};

/// What differs from a case, in words.
struct Differences<'a, B> {
    case: &'a Case,
    /// Whether NaN in a sample reaches its whole gradient.
    carries_nan: bool,
    found: Vec<String>,
    backend: std::marker::PhantomData<B>,
}

impl<'a, B: TestBackend> Differences<'a, B> {
    fn new(case: &'a Case) -> Self {
        Self {
            case,
            carries_nan: true,
            found: Vec::new(),
            backend: std::marker::PhantomData,
        }
    }

    /// The absolute bound is in units of the largest number of them, or of 1 where that is less: what cancels leaves rounding of
    /// what it is made of.
    fn compare(&mut self, what: &str, actual: &[f64], expected: &[f64]) {
        let finite = expected.iter().filter(|number| number.is_finite());
        let largest = finite.fold(0.0f64, |most, number| most.max(number.abs()));
        let unit = if largest > 0.0 { largest.min(1.0) } else { 1.0 };
        let Tolerance { relative, absolute } = B::TOLERANCE;
        let absolute = (absolute * unit).max(least_number::<B>());
        let difference = difference_each(actual, expected, relative, |_| absolute);
        let text = |text| format!("{}, {what}: {text}", self.case.name);
        self.found.extend(difference.map(text));
    }

    fn compare_gradients(&mut self, what: &str, actual: &[Vec<f64>], expected: &[Vec<f64>]) {
        for ((input, actual), expected) in self.case.inputs.iter().zip(actual).zip(expected) {
            if expected.is_empty() {
                assert!(
                    input.int || actual.iter().all(|&slope| slope == 0.0),
                    "{}, {what}: a gradient of `{}`",
                    self.case.name,
                    input.name
                );
            } else {
                let samples = input.shape.first().copied().unwrap_or(1);
                let whole = (!self.carries_nan).then(|| rows_of_nan(actual, expected, samples));
                let actual = whole.as_deref().unwrap_or(actual);
                self.compare(&format!("{what} by {}", input.name), actual, expected);
            }
        }
    }
}

/// The gradient of `TripletMarginLoss` on a GPU, where NaN need not reach a whole sample: no language of theirs promises to carry
/// NaN, and `x^-0.5`, with which Burn differentiates a root, is 0 of it on some drivers. What is not NaN in the reference stays.
fn rows_of_nan(actual: &[f64], expected: &[f64], samples: usize) -> Vec<f64> {
    if actual.len() != expected.len() {
        return actual.to_vec();
    }
    let numbers = (actual.len() / samples).max(1);
    let each = actual.chunks(numbers).zip(expected.chunks(numbers));
    each.flat_map(|(actual, expected)| {
        let has_nan = actual.iter().any(|slope| slope.is_nan());
        let slopes = actual.iter().zip(expected);
        slopes.map(
            move |(&slope, expected)| match has_nan && expected.is_nan() {
                true => f64::NAN,
                false => slope,
            },
        )
    })
    .collect()
}

fn report(loss: &str, found: Vec<String>) {
    assert!(
        found.is_empty(),
        "{} differences from the reference of {loss}:\n{}",
        found.len(),
        found.join("\n")
    );
}

/// Every loss of samples against its file.
pub fn values_and_gradients<B: TestBackend>() {
    struct Test<B>(std::marker::PhantomData<B>);
    impl<B: TestBackend> VisitSample<Autodiff<B>> for Test<B> {
        fn visit<L: SampleLoss<Autodiff<B>, Inputs: Arguments<Autodiff<B>>>>(
            &mut self,
            file: &str,
            loss: impl Fn(&Config, Reduction) -> L,
        ) {
            let cases = some_of::<B, _>(cases(file));
            let found = cases
                .iter()
                .flat_map(|case| check::<B, L>(file, case, &loss));
            report(file, found.collect());
        }
    }
    each_sample::<Autodiff<B>>(&B::device(), &mut Test::<B>(std::marker::PhantomData));
}

fn check<B: TestBackend, L: SampleLoss<Autodiff<B>, Inputs: Arguments<Autodiff<B>>>>(
    file: &str,
    case: &Case,
    loss: impl Fn(&Config, Reduction) -> L,
) -> Vec<String> {
    let device = B::device();
    let inputs = || L::Inputs::of(&case.inputs, &device).tracked();
    let weights = || {
        let weights = case.weights.as_ref().expect("there are weights");
        tensor::<Autodiff<B>, 1>(weights, &[weights.len()], &device)
    };
    let mut all = Differences::<B>::new(case);
    all.carries_nan = B::CARRIES_NAN || file != "triplet_margin";
    let each = loss(&case.config, Reduction::Mean).forward_no_reduction(inputs());
    all.compare("none", &numbers(each), &case.none);
    let mut reduced = |what: &str, weighted: bool, reduction, value, gradients: &[Vec<f64>]| {
        let (loss, inputs) = (loss(&case.config, reduction), inputs());
        let found = match weighted {
            true => loss.forward_weighted(inputs.clone(), weights()),
            false => loss.forward(inputs.clone()),
        };
        all.compare(what, &numbers(found.clone()), &[value]);
        if !gradients.is_empty() {
            let found = inputs.gradients(&found.backward());
            all.compare_gradients(what, &found, gradients);
        }
    };
    reduced("mean", false, Reduction::Mean, case.mean, &case.grad_mean);
    reduced("sum", false, Reduction::Sum, case.sum, &case.grad_sum);
    if let (Some(mean), Some(sum)) = (case.weighted_mean, case.weighted_sum) {
        let gradients = &case.grad_weighted_mean;
        reduced("weighted mean", true, Reduction::Mean, mean, gradients);
        reduced("weighted sum", true, Reduction::Sum, sum, &[]);
    }
    all.found
}

pub fn margin_ranking<B: TestBackend>() {
    fn check<B: TestBackend, const D: usize>(case: &Case) -> Vec<String> {
        let device = B::device();
        type Three<B, const D: usize> = (Tensor<B, D>, Tensor<B, D>, Tensor<B, D>);
        let inputs = || Three::<Autodiff<B>, D>::of(&case.inputs, &device).tracked();
        let loss = |reduction| {
            MarginRankingLossConfig::new()
                .with_margin(case.config.margin.unwrap_or(0.0))
                .with_reduction(reduction)
                .init()
        };
        let mut all = Differences::<B>::new(case);
        let (x, y, target) = inputs();
        let each = loss(Reduction::Mean).forward_no_reduction(x, y, target);
        all.compare("none", &numbers(each), &case.none);
        let mut reduced =
            |what: &str, weights: Option<&Vec<f64>>, reduction, value, expected: &[Vec<f64>]| {
                let inputs = inputs();
                let (x, y, target) = inputs.clone();
                let found = match weights {
                    Some(weights) => {
                        let weights = tensor(weights, &case.inputs[0].shape, &device);
                        loss(reduction).forward_weighted(x, y, target, weights)
                    }
                    None => loss(reduction).forward(x, y, target),
                };
                all.compare(what, &numbers(found.clone()), &[value]);
                if !expected.is_empty() {
                    all.compare_gradients(what, &inputs.gradients(&found.backward()), expected);
                }
            };
        reduced("mean", None, Reduction::Mean, case.mean, &case.grad_mean);
        reduced("sum", None, Reduction::Sum, case.sum, &case.grad_sum);
        if let (Some(mean), Some(sum)) = (case.weighted_mean, case.weighted_sum) {
            let (weights, gradients) = (case.weights.as_ref(), &case.grad_weighted_mean);
            reduced("weighted mean", weights, Reduction::Mean, mean, gradients);
            reduced("weighted sum", weights, Reduction::Sum, sum, &[]);
        }
        all.found
    }
    let cases = some_of::<B, _>(cases("margin_ranking"));
    let found = cases
        .iter()
        .flat_map(|case| match case.inputs[0].shape.len() {
            1 => check::<B, 1>(case),
            2 => check::<B, 2>(case),
            rank => {
                assert_eq!(rank, 3, "no case of another rank was expected");
                check::<B, 3>(case)
            }
        });
    report("margin_ranking", found.collect());
}

/// The triplet loss with its own distance, given as one's own.
pub fn distances_of_ones_own<B: TestBackend>() {
    let device = B::device();
    type Three<B> = (Tensor<B, 2>, Tensor<B, 2>, Tensor<B, 2>);
    for case in some_of::<B, _>(cases("triplet_margin")) {
        if case.config.p != Some(1.0) || case.kink {
            continue;
        }
        let (a, p, n) = Three::<B>::of(&case.inputs, &device);
        let distance = |x: Tensor<B, 2>, y: Tensor<B, 2>| {
            let [samples, _] = x.dims();
            (x - y + 1e-6).abs().sum_dim(1).reshape([samples])
        };
        let loss = triplet_margin(&case.config).init();
        let mean = loss.forward_with_distance(a.clone(), p.clone(), n.clone(), distance);
        assert_close(&case.name, &numbers(mean), &[case.mean], B::TOLERANCE);
        let (a2, p2, n2) = (a.clone(), p.clone(), n.clone());
        let each = loss.forward_with_distance_no_reduction(a2, p2, n2, distance);
        assert_close(&case.name, &numbers(each), &case.none, B::TOLERANCE);
        panics(
            &["TripletMarginLoss", "`distance`", "one distance per sample"],
            || loss.forward_with_distance(a, p, n, |x, _| x.flatten::<1>(0, 1).repeat(&[2])),
        );
    }
}

/// Gradients equal central differences of the loss itself, computed in f64 on NdArray.
pub fn differences<B: TestBackend>() {
    type Reference = NdArray<f64>;
    const STEP: f64 = 1e-5;
    struct Test<F>(F);
    /// What a test does with one loss on two backends: the differences on the one, then the gradients on the other.
    type Slopes = Vec<(String, Vec<f64>)>;
    fn is_smooth(case: &Case) -> bool {
        let count: usize = case.inputs.iter().map(|input| input.values.len()).sum();
        count <= 60 && !case.kink && !case.name.starts_with("extreme/")
    }
    impl VisitSample<Reference> for Test<&mut Slopes> {
        fn visit<L: SampleLoss<Reference, Inputs: Arguments<Reference>>>(
            &mut self,
            file: &str,
            loss: impl Fn(&Config, Reduction) -> L,
        ) {
            for case in cases(file).iter().filter(|case| is_smooth(case)) {
                let value = |input: usize, at: usize, step: f64| {
                    let mut inputs = case.inputs.clone();
                    inputs[input].values[at] += step;
                    let loss = loss(&case.config, Reduction::Mean);
                    numbers(loss.forward(L::Inputs::of(&inputs, &Default::default())))[0]
                };
                for (input, given) in case.inputs.iter().enumerate() {
                    // A label has no place beyond 0 and 1.
                    let is_label = file == "multi_label_soft_margin" && given.name == "targets";
                    if given.int || given.constant || is_label {
                        continue;
                    }
                    let slope =
                        |at| (value(input, at, STEP) - value(input, at, -STEP)) / (2.0 * STEP);
                    let slopes = (0..given.values.len()).map(slope).collect();
                    self.0
                        .push((format!("{file}, {}, {}", case.name, given.name), slopes));
                }
            }
        }
    }
    struct Gradients<'a, B>(&'a mut Slopes, std::marker::PhantomData<B>);
    impl<B: TestBackend> VisitSample<Autodiff<B>> for Gradients<'_, B> {
        fn visit<L: SampleLoss<Autodiff<B>, Inputs: Arguments<Autodiff<B>>>>(
            &mut self,
            file: &str,
            loss: impl Fn(&Config, Reduction) -> L,
        ) {
            let smooth = cases(file).into_iter().filter(is_smooth).collect();
            for case in some_of::<B, Case>(smooth) {
                let inputs = L::Inputs::of(&case.inputs, &B::device()).tracked();
                let mean = loss(&case.config, Reduction::Mean).forward(inputs.clone());
                let gradients = inputs.gradients(&mean.backward());
                for (given, slopes) in case.inputs.iter().zip(gradients) {
                    self.0
                        .push((format!("{file}, {}, {}", case.name, given.name), slopes));
                }
            }
        }
    }
    let (mut expected, mut found) = (Slopes::new(), Slopes::new());
    each_sample::<Reference>(&Default::default(), &mut Test(&mut expected));
    each_sample::<Autodiff<B>>(
        &B::device(),
        &mut Gradients::<B>(&mut found, std::marker::PhantomData),
    );
    let tolerance = Tolerance {
        relative: B::TOLERANCE.relative.max(1e-7),
        absolute: B::TOLERANCE.absolute.max(1e-8),
    };
    assert!(expected.len() > 60, "only {} slopes", expected.len());
    assert!(
        found.len() * B::ONE_OF > 60,
        "only {} gradients",
        found.len()
    );
    for (name, found) in &found {
        let expected = expected.iter().find(|(other, _)| other == name);
        // Of integers and labels there is no difference.
        if let Some((_, expected)) = expected {
            assert_close(name, found, expected, tolerance);
        }
    }
}

pub fn bad_input<B: TestBackend>() {
    let device = B::device();
    let floats = |shape: [usize; 2]| Tensor::<B, 2>::full(shape, 0.5, &device);
    let ones = |count: usize| Tensor::<B, 1>::ones([count], &device);
    let ints = |count: usize| Tensor::<B, 1, Int>::zeros([count], &device);

    let cosine = CosineEmbeddingLossConfig::new().init();
    panics(
        &["CosineEmbeddingLoss", "`second`", "[2, 3]", "[2, 1]"],
        || cosine.forward(floats([2, 3]), floats([2, 1]), ones(2)),
    );
    panics(
        &["CosineEmbeddingLoss", "`target`", "[2, 3]", "got [3]"],
        || cosine.forward(floats([2, 3]), floats([2, 3]), ones(3)),
    );
    panics(
        &["CosineEmbeddingLoss", "`weights`", "length 2", "got 3"],
        || cosine.forward_weighted(floats([2, 3]), floats([2, 3]), ones(2), ones(3)),
    );
    let triplet = TripletMarginLossConfig::new().init();
    panics(
        &["TripletMarginLoss", "`negative`", "[2, 3]", "[1, 3]"],
        || triplet.forward(floats([2, 3]), floats([2, 3]), floats([1, 3])),
    );
    let ranking = MarginRankingLossConfig::new().init();
    panics(
        &["MarginRankingLoss", "`target`", "[2, 3]", "[2, 1]"],
        || ranking.forward(floats([2, 3]), floats([2, 3]), floats([2, 1])),
    );
    let margin = MultiMarginLossConfig::new().init::<B>(&device);
    panics(&["MultiMarginLoss", "`targets`", "[2]", "[3]"], || {
        margin.forward(floats([2, 3]), ints(3))
    });
    let labels = MultiLabelMarginLossConfig::new().init();
    panics(
        &["MultiLabelMarginLoss", "`targets`", "[2, 3]", "[2, 2]"],
        || labels.forward(floats([2, 3]), Tensor::zeros([2, 2], &device)),
    );
    let js_div = JsDivLossConfig::new().init();
    panics(&["JsDivLoss", "`target`", "[2, 3]", "[2, 2]"], || {
        js_div.forward(floats([2, 3]), floats([2, 2]))
    });
    let distillation = DistillationLossConfig::new().init();
    panics(
        &["DistillationLoss", "`teacher`", "[2, 3]", "[2, 2]"],
        || distillation.forward(floats([2, 3]), floats([2, 2]), ints(2)),
    );
    let weighted = MultiLabelSoftMarginLossConfig::new().with_class_weights(Some(vec![1.0; 2]));
    let weighted = weighted.init::<B>(&device);
    panics(
        &["MultiLabelSoftMarginLoss", "`class_weights`", "length 3"],
        || weighted.forward(floats([2, 3]), floats([2, 3])),
    );
    let adjusted = LogitAdjustedLossConfig::new(vec![0.5, 0.5]).init::<B>(&device);
    panics(
        &["LogitAdjustedLoss", "`class_priors`", "length 3", "got 2"],
        || adjusted.forward(floats([2, 3]), ints(2)),
    );
    wrong_ctc::<B>();
    wrong_configs();
}

fn wrong_ctc<B: TestBackend>() {
    let device = B::device();
    let log_probs = || Tensor::<B, 3>::full([3, 2, 4], 0.25f32.ln(), &device);
    let targets = |numbers: [[i64; 2]; 2]| Tensor::<B, 2, Int>::from_ints(numbers, &device);
    let ints = |numbers: [i64; 2]| Tensor::<B, 1, Int>::from_ints(numbers, &device);
    let loss = CtcLossConfig::new().init();
    let good = || targets([[1, 2], [3, 0]]);
    let three = Tensor::<B, 1, Int>::from_ints([1, 1, 1], &device);
    panics(&["CtcLoss", "`input_lengths`", "N = 2", "got 3"], || {
        loss.forward(log_probs(), good(), three, ints([1, 1]))
    });
    panics(&["CtcLoss", "`blank`", "[0, 4)", "got 4"], || {
        let loss = CtcLossConfig::new().with_blank(4).init();
        loss.forward(log_probs(), good(), ints([3, 3]), ints([2, 1]))
    });
    for (words, targets, input, target) in [
        (
            ["`input_lengths`", "[0, 3]", "got 4", "sample 1"],
            good(),
            [3, 4],
            [2, 1],
        ),
        (
            ["`target_lengths`", "[0, 2]", "got 3", "sample 1"],
            good(),
            [3, 3],
            [2, 3],
        ),
        (
            ["`targets`", "[0, 4)", "got 7", "sample 1"],
            targets([[1, 2], [7, 0]]),
            [3, 3],
            [2, 1],
        ),
    ] {
        let each =
            || loss.forward_no_reduction(log_probs(), targets.clone(), ints(input), ints(target));
        if B::CHECKS_TARGETS {
            panics(&words, each);
        } else {
            let each = numbers(each());
            assert!(
                each[0].is_finite() && each[1].is_nan(),
                "{words:?}: {each:?}"
            );
        }
        let mask = Tensor::<B, 1>::from_floats([1.0, 0.0], &device);
        let masked = loss.forward_weighted(
            log_probs(),
            targets.clone(),
            ints(input),
            ints(target),
            mask,
        );
        assert!(numbers(masked)[0].is_finite(), "{words:?}");
    }
}

/// On the host a wrong target panics; elsewhere it gives NaN. One of weight 0 is not looked at.
pub fn wrong_targets<B: TestBackend>() {
    let device = B::device();
    let floats = || Tensor::<B, 2>::from_floats([[0.5; 3]; 2], &device);
    let signs = || Tensor::<B, 1>::from_floats([1.0, 0.0], &device);
    let classes = || Tensor::<B, 1, Int>::from_ints([0, 3], &device);
    let labels = || Tensor::<B, 2, Int>::from_ints([[0, 1, -1], [2, 7, -1]], &device);
    let mask = || Tensor::<B, 1>::from_floats([1.0, 0.0], &device);
    let cosine = CosineEmbeddingLossConfig::new().init();
    let margin = MultiMarginLossConfig::new().init::<B>(&device);
    let label_margin = MultiLabelMarginLossConfig::new().init();
    let distillation = DistillationLossConfig::new().init();
    type Call<'a, B> = (&'a [&'a str], Box<dyn Fn() -> Tensor<B, 1> + 'a>);
    let calls: [Call<'_, B>; 4] = [
        (
            &[
                "CosineEmbeddingLoss",
                "`target`",
                "1 or -1",
                "got 0",
                "sample 1",
            ],
            Box::new(|| cosine.forward_no_reduction(floats(), floats(), signs())),
        ),
        (
            &["MultiMarginLoss", "row 1 is 3", "[0, 3)"],
            Box::new(|| margin.forward_no_reduction(floats(), classes())),
        ),
        (
            &["MultiLabelMarginLoss", "row 1, place 1 is 7", "[0, 3)"],
            Box::new(|| label_margin.forward_no_reduction(floats(), labels())),
        ),
        (
            &["DistillationLoss", "row 1 is 3", "[0, 3)"],
            Box::new(|| distillation.forward_no_reduction(floats(), floats(), classes())),
        ),
    ];
    for (words, call) in &calls {
        if B::CHECKS_TARGETS {
            panics(words, call);
        } else {
            let each = numbers(call());
            assert!(
                each[0].is_finite() && each[1].is_nan(),
                "{words:?}: {each:?}"
            );
        }
    }
    for masked in [
        cosine.forward_weighted(floats(), floats(), signs(), mask()),
        margin.forward_weighted(floats(), classes(), mask()),
        label_margin.forward_weighted(floats(), labels(), mask()),
        distillation.forward_weighted(floats(), floats(), classes(), mask()),
    ] {
        assert!(numbers(masked)[0].is_finite());
    }
}

/// What distillation does with rows that do not count, whose target is wrong, or of which there are none.
pub fn rows_that_distillation_leaves_out<B: TestBackend>() {
    type A<B> = Autodiff<B>;
    let device = B::device();
    let classes = |classes: [i64; 3]| Tensor::<A<B>, 1, Int>::from_ints(classes, &device);
    for alpha in [0.0, 0.5, 1.0] {
        let config = DistillationLossConfig::new().with_alpha(alpha);
        let loss = config.clone().with_ignore_index(Some(-1)).init();
        // The second has the weight 0, the third is ignored.
        let run = |in_place: f64| {
            let rows = [1.0, 2.0, 0.5, in_place, 0.0, 1.0, 0.0, 0.5, in_place];
            let [student, teacher] = [rows, rows.map(|x| 1.5 - x)];
            let student = tensor::<A<B>, 2>(&student, &[3, 3], &device).require_grad();
            let teacher = tensor::<A<B>, 2>(&teacher, &[3, 3], &device);
            let weights = tensor::<A<B>, 1>(&[2.0, 0.0, 1.0], &[3], &device).require_grad();
            let (x, w) = (student.clone(), weights.clone());
            let value = loss.forward_weighted(x, teacher, classes([1, 2, -1]), w);
            let gradients = value.backward();
            [
                numbers(value),
                numbers(student.grad(&gradients).expect("it is tracked")),
                numbers(weights.grad(&gradients).expect("it is tracked")),
            ]
        };
        let expected = run(3.0);
        assert!(expected.iter().flatten().all(|number| number.is_finite()));
        assert_eq!(expected[1][3..], [0.0; 6]);
        for (found, expected) in run(f64::NAN).iter().zip(&expected).take(2) {
            assert_eq!(found, expected, "alpha {alpha}");
        }
        // What a row of weight 0 would count is its loss, of whatever stands there; the others' is not.
        let of_weights = &run(f64::NAN)[2];
        assert!(
            (of_weights[0] - expected[2][0]).abs() < 1e-6,
            "alpha {alpha}"
        );

        // Nothing counts: the mean is of nothing, and moves nothing.
        let student = Tensor::<A<B>, 2>::ones([3, 3], &device).require_grad();
        let teacher = Tensor::zeros([3, 3], &device);
        let mean = loss.forward(student.clone(), teacher, classes([-1; 3]));
        let gradient = student.grad(&mean.backward()).expect("it is tracked");
        assert!(numbers(mean)[0].is_nan());
        assert_eq!(numbers(gradient), [0.0; 9], "alpha {alpha}");

        // A wrong target, beside ignored rows and without.
        for loss in [loss.clone(), config.init()] {
            let zeros = || Tensor::<A<B>, 2>::zeros([3, 3], &device);
            let wrong = || loss.forward(zeros(), zeros(), classes([0, 3, 1]));
            if B::CHECKS_TARGETS {
                panics(&["DistillationLoss", "row 1 is 3", "[0, 3)"], wrong);
            } else {
                assert!(numbers(wrong())[0].is_nan(), "alpha {alpha}");
            }
        }
    }
}

fn wrong_configs() {
    let device = Default::default();
    panics(&["CosineEmbeddingLossConfig", "`margin`", "1.5"], || {
        CosineEmbeddingLossConfig::new().with_margin(1.5).init()
    });
    panics(&["TripletMarginLossConfig", "`p`", "0.5"], || {
        TripletMarginLossConfig::new().with_p(0.5).init()
    });
    panics(&["TripletMarginLossConfig", "`margin`", "0.0"], || {
        TripletMarginLossConfig::new().with_margin(0.0).init()
    });
    panics(&["MarginRankingLossConfig", "`margin`", "NaN"], || {
        MarginRankingLossConfig::new().with_margin(f64::NAN).init()
    });
    panics(&["MultiMarginLossConfig", "`p`", "1 or 2", "got 3"], || {
        MultiMarginLossConfig::new()
            .with_p(3)
            .init::<NdArray>(&device)
    });
    panics(&["JsDivLossConfig", "`beta`", "[0, 1]"], || {
        JsDivLossConfig::new().with_beta(-0.1).init()
    });
    panics(&["DistillationLossConfig", "`temperature`", "0.0"], || {
        DistillationLossConfig::new().with_temperature(0.0).init()
    });
    panics(
        &["LogitAdjustedLossConfig", "class_priors[1]", "0.0"],
        || LogitAdjustedLossConfig::new(vec![1.0, 0.0]).init::<NdArray>(&device),
    );
    panics(
        &[
            "LogitAdjustedLossConfig",
            "`class_priors`",
            "at least one class",
        ],
        || LogitAdjustedLossConfig::new(vec![]).init::<NdArray>(&device),
    );
    for wrong in [-0.5, f64::NAN] {
        panics(
            &[
                "LogitAdjustedLossConfig",
                "`tau`",
                "at least 0",
                &format!("{wrong:?}"),
            ],
            || {
                let config = LogitAdjustedLossConfig::new(vec![1.0]).with_tau(wrong);
                config.init::<NdArray>(&device)
            },
        );
    }
    for wrong in [-0.1, 1.5, f64::NAN] {
        panics(
            &[
                "DistillationLossConfig",
                "`alpha`",
                "in [0, 1]",
                &format!("{wrong:?}"),
            ],
            || DistillationLossConfig::new().with_alpha(wrong).init(),
        );
    }
    let none = "`counts` of at least one class, got none";
    panics(&["inverse", none], || class_weights::inverse(&[]));
    panics(&["priors", none], || class_weights::priors(&[]));
    panics(&["effective_number", none], || {
        class_weights::effective_number(&[], 0.5)
    });
    panics(&["inverse", "counts[1]", "at least 1"], || {
        class_weights::inverse(&[3, 0])
    });
    panics(&["effective_number", "`beta`", "[0, 1)"], || {
        class_weights::effective_number(&[3, 1], 1.0)
    });
}

pub fn configs_survive_json<B: TestBackend>() {
    fn round_trip<C: burn::config::Config + PartialEq>(config: C) {
        let json = serde_json::to_string(&config).expect("a config is data");
        let back: C = serde_json::from_str(&json).expect("and comes back");
        assert!(back == config, "{json}");
    }
    round_trip(CosineEmbeddingLossConfig::new().with_margin(0.25));
    round_trip(TripletMarginLossConfig::new().with_p(3.0).with_swap(true));
    round_trip(MarginRankingLossConfig::new().with_margin(0.5));
    let weights = Some(vec![1.0, 2.0]);
    round_trip(
        MultiMarginLossConfig::new()
            .with_p(2)
            .with_class_weights(weights.clone()),
    );
    round_trip(MultiLabelMarginLossConfig::new().with_reduction(Reduction::Sum));
    round_trip(MultiLabelSoftMarginLossConfig::new().with_class_weights(weights));
    round_trip(JsDivLossConfig::new().with_beta(0.25));
    round_trip(
        DistillationLossConfig::new()
            .with_alpha(0.25)
            .with_ignore_index(Some(-100))
            .with_ignore_indices(vec![0, 7]),
    );
    round_trip(CtcLossConfig::new().with_blank(3).with_zero_infinity(true));
    round_trip(
        LogitAdjustedLossConfig::new(vec![0.75, 0.25])
            .with_tau(0.5)
            .with_class_weights(Some(vec![1.0, 2.0])),
    );
}

pub fn modules_print_themselves<B: TestBackend>() {
    let device = B::device();
    let has = |text: String, words: &[&str]| {
        for word in words {
            assert!(text.contains(word), "no {word:?} in {text}");
        }
    };
    let cosine = CosineEmbeddingLossConfig::new().with_margin(0.25).init();
    has(cosine.to_string(), &["CosineEmbeddingLoss", "margin: 0.25"]);
    let triplet = TripletMarginLossConfig::new().init();
    has(
        triplet.to_string(),
        &["TripletMarginLoss", "p: 2", "swap: false"],
    );
    let ranking = MarginRankingLossConfig::new().init();
    has(ranking.to_string(), &["MarginRankingLoss", "margin: 0"]);
    let margin = MultiMarginLossConfig::new().init::<B>(&device);
    has(
        margin.to_string(),
        &["MultiMarginLoss", "class_weights: None", "p: 1"],
    );
    let labels = MultiLabelMarginLossConfig::new().init();
    has(
        labels.to_string(),
        &["MultiLabelMarginLoss", "reduction: Mean"],
    );
    let soft = MultiLabelSoftMarginLossConfig::new().init::<B>(&device);
    has(
        soft.to_string(),
        &["MultiLabelSoftMarginLoss", "class_weights: None"],
    );
    has(
        JsDivLossConfig::new().init().to_string(),
        &["JsDivLoss", "beta: 0.5"],
    );
    let distillation = DistillationLossConfig::new().init();
    has(
        distillation.to_string(),
        &["DistillationLoss", "alpha: 0.5", "ignore_indices: []"],
    );
    let ctc = CtcLossConfig::new().init();
    has(
        ctc.to_string(),
        &["CtcLoss", "blank: 0", "zero_infinity: false"],
    );
    let adjusted = LogitAdjustedLossConfig::new(vec![1.0]).init::<B>(&device);
    has(
        adjusted.to_string(),
        &[
            "LogitAdjustedLoss",
            "offsets: Tensor",
            "class_weights: None",
        ],
    );
}

/// The `forward` of a loss of class rows.
type Forward<'a, B> = dyn Fn(Tensor<B, 2>, Tensor<B, 1, Int>) -> Tensor<B, 1> + 'a;

/// The adjusted loss is the cross entropy of logits to which the offsets were added.
pub fn logits_that_are_adjusted<B: TestBackend>() {
    let device = B::device();
    let priors = [0.7f32, 0.2, 0.1];
    let logits = [0.5, -1.0, 2.0, 0.0, 3.0, -0.25, 1.0, 1.5, -2.0];
    let weights = Some(vec![0.5, 1.0, 3.0]);
    for (tau, class_weights) in [(0.0, None), (0.5, None), (1.0, None), (0.75, weights)] {
        let adjusted: Vec<f64> = logits
            .iter()
            .enumerate()
            .map(|(at, logit)| logit + tau * f64::from(priors[at % 3]).ln())
            .collect();
        let run = |of: &Forward<Autodiff<B>>, logits: &[f64]| {
            let logits = tensor::<Autodiff<B>, 2>(logits, &[3, 3], &device).require_grad();
            let targets = Tensor::from_ints([2, -1, 0], &device);
            let loss = of(logits.clone(), targets);
            let mut found = numbers(loss.clone());
            found.extend(numbers(
                logits.grad(&loss.sum().backward()).expect("tracked"),
            ));
            found
        };
        let ours = LogitAdjustedLossConfig::new(priors.to_vec())
            .with_tau(tau)
            .with_class_weights(class_weights.clone())
            .with_ignore_index(Some(-1))
            .init::<Autodiff<B>>(&device);
        let plain = CrossEntropyLossConfig::new()
            .with_class_weights(class_weights)
            .with_ignore_index(Some(-1))
            .init::<Autodiff<B>>(&device);
        let classes = || Tensor::<_, 1, Int>::from_ints([2, -1, 0], &device);
        let normalizers = [ours.normalizer(&classes()), plain.normalizer(&classes())];
        let [found, expected] = normalizers.map(numbers);
        assert_close("normalizer", &found, &expected, B::TOLERANCE);
        let found = run(&|x, y| ours.forward(x, y), &logits);
        let expected = run(&|x, y| plain.forward(x, y), &adjusted);
        assert_close("mean", &found, &expected, B::TOLERANCE);
        let found = run(&|x, y| ours.forward_no_reduction(x, y), &logits);
        let expected = run(&|x, y| plain.forward_no_reduction(x, y), &adjusted);
        assert_close("none", &found, &expected, B::TOLERANCE);
    }
}

/// Through a head the loss is that of the head's logits, and the predictions are those of the logits as they are; with a cap the
/// offsets find no place in the bias.
pub fn heads_that_are_adjusted<B: TestBackend>() {
    let device = B::device();
    let hidden = || tensor::<B, 2>(&[0.5, -1.0, 2.0, 0.25, -0.5, 1.5], &[3, 2], &device);
    let weight = tensor::<B, 2>(&[1.0, -0.5, 0.25, 0.5, 2.0, -1.0], &[2, 3], &device);
    let bias = tensor::<B, 1>(&[0.25, 0.0, -0.5], &[3], &device);
    let targets = || Tensor::<B, 1, Int>::from_ints([2, 0, 1], &device);
    let loss = LogitAdjustedLossConfig::new(vec![0.7, 0.2, 0.1]).init::<B>(&device);
    let head = LinearHead::new(weight, Some(bias));
    for head in [head.clone(), head.with_softcap(Some(1.5))] {
        let logits = head.logits(hidden());
        let expected = numbers(loss.forward(logits.clone(), targets()));
        let found = numbers(loss.forward_linear(hidden(), &head, targets()));
        assert_close("of a head", &found, &expected, B::TOLERANCE);
        let found = loss.forward_linear_with_predictions(hidden(), &head, targets());
        assert_close(
            "with predictions",
            &numbers(found.loss),
            &expected,
            B::TOLERANCE,
        );
        let expected = NllLossConfig::new()
            .init::<B>(&device)
            .forward_no_reduction(
                burn::tensor::activation::log_softmax(logits.clone(), 1),
                targets(),
            );
        assert_close(
            "log-probabilities",
            &numbers(found.log_probs.neg()),
            &numbers(expected),
            B::TOLERANCE,
        );
        let [found, expected] = [found.predicted, logits.clone().argmax(1).reshape([3])];
        found
            .to_data()
            .assert_eq(&expected.to_data().convert_dtype(found.dtype()), true);
        let expected = numbers(loss.forward_no_reduction(logits, targets()));
        let found = numbers(loss.forward_linear_no_reduction(hidden(), &head, targets()));
        assert_close("unreduced", &found, &expected, B::TOLERANCE);
    }
}

/// Rows that do not count in a divergence.
pub fn divergences_of_some_rows<B: TestBackend>() {
    let device = B::device();
    let rows = |x: f64| tensor::<B, 2>(&[0.5f64.ln(), 0.5f64.ln(), x, x], &[2, 2], &device);
    let half = || tensor::<B, 2>(&[0.0, f64::NEG_INFINITY, 0.0, 0.0], &[2, 2], &device);
    let mask = tensor::<B, 1>(&[1.0, 0.0], &[2], &device);
    let loss = JsDivLossConfig::new()
        .init()
        .forward_weighted(half(), rows(f64::NAN), mask);
    // Of (1, 0) and (1/2, 1/2) with the mixture (3/4, 1/4).
    let expected = 0.5 * (4f64 / 3.0).ln() + 0.25 * ((2f64 / 3.0).ln() + 2f64.ln());
    assert_close("Jensen-Shannon", &numbers(loss), &[expected], B::TOLERANCE);
    let x = tensor::<Autodiff<B>, 2>(&[0.0, f64::NEG_INFINITY], &[1, 2], &device).require_grad();
    let y = tensor::<Autodiff<B>, 2>(&[0.5f64.ln(); 2], &[1, 2], &device);
    let gradient = x.grad(
        &JsDivLossConfig::new()
            .init()
            .forward(x.clone(), y)
            .backward(),
    );
    // Half of `p log(p / m)`, which is 0 where `p` is.
    let expected = [0.5 * (4f64 / 3.0).ln(), 0.0];
    assert_close(
        "its gradient",
        &numbers(gradient.expect("tracked")),
        &expected,
        B::TOLERANCE,
    );
}

/// Class weights and priors by hand, and counts that have none.
pub fn weights_from_counts<B: TestBackend>() {
    let close = |found: Vec<f32>, expected: [f32; 2]| {
        let off = found.iter().zip(expected).map(|(a, b)| (a - b).abs());
        assert!(
            off.fold(0.0, f32::max) < 1e-6,
            "{found:?}, not {expected:?}"
        );
    };
    close(class_weights::inverse(&[30, 10]), [2.0 / 3.0, 2.0]);
    close(class_weights::priors(&[30, 10]), [0.75, 0.25]);
    close(class_weights::effective_number(&[1, 2], 0.5), [1.2, 0.8]);
    // All the same, and towards the inverse counts.
    close(class_weights::effective_number(&[30, 10], 0.0), [1.0, 1.0]);
    close(
        class_weights::effective_number(&[30, 10], 1.0 - 1e-12),
        [0.5, 1.5],
    );
    panics(&["`beta` in [0, 1)", "got 1"], || {
        class_weights::effective_number(&[1], 1.0)
    });
    panics(&["priors: ", "`counts[1]`", "got 0"], || {
        class_weights::priors(&[1, 0])
    });
    for beta in [0.0, 0.5] {
        panics(&["effective_number: ", "`counts[0]`", "got 0"], || {
            class_weights::effective_number(&[0, 3], beta)
        });
    }
}

/// What the backend has, and the operation in plain Burn operations.
pub fn ctc_equals_composed_operations<B: TestBackend>() {
    let device = B::device();
    for case in some_of::<B, _>(cases("ctc")) {
        type Four<B> = (
            Tensor<B, 3>,
            Tensor<B, 2, Int>,
            Tensor<B, 1, Int>,
            Tensor<B, 1, Int>,
        );
        let (log_probs, classes, input_lengths, target_lengths) =
            Four::<B>::of(&case.inputs, &device);
        let run = |op: fn(FloatTensor<B>, CtcTargets<B>, bool) -> SampleLosses<B>| {
            let targets = CtcTargets {
                classes: classes.clone().into_primitive(),
                input_lengths: input_lengths.clone().into_primitive(),
                target_lengths: target_lengths.clone().into_primitive(),
                blank: case.config.blank.unwrap_or(0),
            };
            let found = op(log_probs.clone().into_primitive().tensor(), targets, true);
            let losses = Tensor::<B, 1>::from_primitive(TensorPrimitive::Float(found.losses));
            let gradient = TensorPrimitive::Float(found.gradient.expect("it was wanted"));
            let gradient = Tensor::<B, 3>::from_primitive(gradient);
            (numbers(losses), numbers(gradient))
        };
        let (losses, gradient) = run(B::ctc);
        let (expected, expected_gradient) = run(composed::ctc::<B>);
        assert_close(&case.name, &losses, &expected, B::TOLERANCE);
        assert_close(&case.name, &gradient, &expected_gradient, B::TOLERANCE);
    }
}

/// What the backend has for margins of labels, and the operation in plain Burn operations on NdArray: rows by one and by the chunk,
/// none, one and all classes as labels, labels that are named twice, and one that there is not.
pub fn label_margins_equal_composed_operations<B: TestBackend>() {
    let device = B::device();
    type Reference = NdArray<f64>;
    // All rows at once; four of them at a time, then two.
    for [rows, classes] in [[1, 1], [7, 5], [4, 33], [10, 2000]] {
        let scores: Vec<f64> = (0..rows * classes)
            .map(|at| (at * 7919 % 613) as f64 / 128.0)
            .collect();
        let label = |at: usize| {
            let (row, place) = (at / classes, at % classes);
            let named = [classes, 0, 1, 3, classes / 2][row % 5];
            match place {
                _ if place >= named => -1 - place as i64,
                // A class that there is not, beside others.
                2 if row == 3 => classes as i64,
                // Twice.
                1 => (row * 5 % classes) as i64,
                _ => ((row * 5 + place) % classes) as i64,
            }
        };
        let labels: Vec<i64> = (0..rows * classes).map(label).collect();
        let inputs = (&scores[..], &labels[..], [rows, classes]);
        let (losses, gradient) = label_margins::<B>(inputs, &device, B::multi_label_margin);
        let (expected, expected_gradient) =
            label_margins::<Reference>(inputs, &Default::default(), composed::multi_label_margin);
        assert_eq!(losses.iter().any(|loss| loss.is_nan()), rows > 3);
        let name = format!("{rows} x {classes}");
        assert_close(&name, &losses, &expected, B::TOLERANCE);
        assert_close(&name, &gradient, &expected_gradient, B::TOLERANCE);
    }
}

/// Losses and gradient of scores and labels of a shape.
fn label_margins<B: LossBackend>(
    (scores, labels, shape): (&[f64], &[i64], [usize; 2]),
    device: &B::Device,
    op: impl Fn(FloatTensor<B>, IntTensor<B>, bool) -> SampleLosses<B>,
) -> (Vec<f64>, Vec<f64>) {
    let scores = tensor::<B, 2>(scores, &shape, device);
    let labels = TensorData::new(labels.to_vec(), shape);
    let labels = Tensor::<B, 2, Int>::from_data(labels, device);
    let found = op(
        scores.into_primitive().tensor(),
        labels.into_primitive(),
        true,
    );
    let gradient = TensorPrimitive::Float(found.gradient.expect("it was wanted"));
    let losses = Tensor::<B, 1>::from_primitive(TensorPrimitive::Float(found.losses));
    (
        numbers(losses),
        numbers(Tensor::<B, 2>::from_primitive(gradient)),
    )
}

/// At each step every way goes through one state, so that the gradients of a step sum to -1, also after many.
pub fn ctc_of_long_inputs<B: TestBackend>() {
    let device = B::device();
    let shape @ [steps, samples, classes] = [400, 2, 5];
    let logits: Vec<f64> = (0..steps * samples * classes)
        .map(|at| (at * 7919 % 613) as f64 / 100.0)
        .collect();
    let logits = tensor::<Autodiff<B>, 3>(&logits, &shape, &device);
    let log_probs = burn::tensor::activation::log_softmax(logits, 2)
        .detach()
        .require_grad();
    let targets: Vec<i64> = (0..samples as i64 * 60).map(|at| at * 3 % 4 + 1).collect();
    let targets = Tensor::<Autodiff<B>, 1, Int>::from_ints(targets.as_slice(), &device)
        .reshape([samples, 60]);
    let ints = |numbers: [i64; 2]| Tensor::<Autodiff<B>, 1, Int>::from_ints(numbers, &device);
    let loss = CtcLossConfig::new().with_reduction(Reduction::Sum).init();
    let sum = loss.forward(log_probs.clone(), targets, ints([400, 399]), ints([60, 11]));
    assert!(numbers(sum.clone())[0].is_finite());
    let gradient = numbers(log_probs.grad(&sum.backward()).expect("tracked"));
    for (row, slopes) in gradient.chunks(classes).enumerate() {
        let expected = if row == 399 * samples + 1 { 0.0 } else { -1.0 };
        let sum: f64 = slopes.iter().sum();
        assert!((sum - expected).abs() < 1e-5, "{sum} in row {row}");
        assert!(slopes.iter().all(|slope| (-1.00001..=0.0).contains(slope)));
    }
}

/// Where both negatives are as far, each has half of the slope, as PyTorch's `min` gives it.
pub fn swapped_ties<B: TestBackend>() {
    let device = B::device();
    let row =
        |numbers: [f64; 2]| tensor::<Autodiff<B>, 2>(&numbers, &[1, 2], &device).require_grad();
    let [a, p, n] = [[0.0, 0.0], [0.0, 0.0], [0.3, 0.4]].map(row);
    let loss = TripletMarginLossConfig::new().with_swap(true).init();
    let mean = loss.forward(a.clone(), p.clone(), n.clone());
    let gradients = mean.backward();
    let slopes = |x: &Tensor<Autodiff<B>, 2>| numbers(x.grad(&gradients).expect("tracked"));
    let tolerance = Tolerance {
        relative: 1e-4,
        absolute: 1e-4,
    };
    assert_close("anchor", &slopes(&a), &[1.0071, 1.1071], tolerance);
    assert_close("positive", &slopes(&p), &[-0.4071, -0.3071], tolerance);
    assert_close("negative", &slopes(&n), &[-0.6, -0.8], tolerance);
}

/// A high power of a small difference is 0 in 32 bits, its root is not; the limit is the largest difference.
pub fn distances_of_high_powers<B: TestBackend>() {
    let device = B::device();
    let row =
        |numbers: [f64; 2]| tensor::<Autodiff<B>, 2>(&numbers, &[1, 2], &device).require_grad();
    for (p, distance) in [(40.0, 2f64.powf(1.0 / 40.0)), (1e17, 1.0)] {
        for size in [1e-3, 0.5, 1e3] {
            let config = TripletMarginLossConfig::new().with_p(p).with_eps(0.0);
            let loss = config.with_margin(2000.0).init();
            let anchor = row([0.0, 0.0]);
            let mean = loss.forward(anchor.clone(), row([size, -size]), row([0.0, 0.0]));
            let expected = 2000.0 + size * distance;
            assert_close("power", &numbers(mean.clone()), &[expected], B::TOLERANCE);
            let slopes = numbers(anchor.grad(&mean.backward()).expect("tracked"));
            if p < 1e3 {
                let slope = distance / 2.0;
                assert_close("slope", &slopes, &[-slope, slope], B::TOLERANCE);
            }
        }
    }
}

/// The gradients of a ranking by each score and by the target, and scores at the ends of the numbers.
pub fn pairs_in_an_order<B: TestBackend>() {
    fn loss() -> MarginRankingLoss {
        MarginRankingLossConfig::new().with_margin(0.5).init()
    }
    fn weights<B: LossBackend>(device: &B::Device) -> Tensor<B, 1> {
        tensor(&[1.0, 0.5, 2.0, 3.0], &[4], device)
    }
    /// The first scores, the second ones, and what order they are to be in.
    fn mean<B: LossBackend>(x: Tensor<B, 2>) -> Tensor<B, 1> {
        let row = |index: usize| x.clone().slice([index..index + 1, 0..4]);
        loss().forward(row(0), row(1), row(2))
    }
    fn weighted<B: LossBackend>(x: Tensor<B, 2>) -> Tensor<B, 1> {
        let device = x.device();
        let row = |index: usize| x.clone().slice([index..index + 1, 0..4]).reshape([4]);
        loss().forward_weighted(row(0), row(1), row(2), weights(&device))
    }
    fn unreduced<B: LossBackend>(x: Tensor<B, 2>) -> Tensor<B, 1> {
        let device = x.device();
        let row = |index: usize| x.clone().slice([index..index + 1, 0..4]).reshape([4]);
        let each = loss().forward_no_reduction(row(0), row(1), row(2));
        (each * weights(&device)).sum()
    }
    const NUMBERS: [f64; 12] = [
        1.5, -0.25, 2.0, 0.5, 0.25, 1.0, -1.0, 0.75, 1.0, -1.0, -1.0, 1.0,
    ];
    compare_gradient!(B, mean, NUMBERS, [3, 4]);
    compare_gradient!(B, weighted, NUMBERS, [3, 4]);
    compare_gradient!(B, unreduced, NUMBERS, [3, 4]);

    let device = B::device();
    let inf = f64::INFINITY;
    let row = |numbers: [f64; 5]| tensor::<Autodiff<B>, 1>(&numbers, &[5], &device);
    let first = row([1e30, -1e30, inf, f64::NAN, inf]).require_grad();
    let second = row([-1e30, 1e30, 0.0, 0.0, inf]);
    let ones = row([1.0; 5]);
    let each = loss().forward_no_reduction(first.clone(), second, ones);
    let expected = [0.0, 2e30, 0.0, f64::NAN, f64::NAN];
    assert_close("extremes", &numbers(each.clone()), &expected, B::TOLERANCE);
    let slopes = numbers(first.grad(&each.sum().backward()).expect("tracked"));
    assert_eq!(slopes[..3], [0.0, -1.0, 0.0], "{slopes:?}");
}
