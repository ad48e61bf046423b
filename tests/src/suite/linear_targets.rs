//! The linear form of losses whose target is more than a class: probabilities, a teacher, an angle with a margin.

use burn::backend::Autodiff;
use burn::tensor::{Int, Tensor};
use burn_loss::*;
use proptest::prelude::*;

use super::bad_input::panics;
use super::linear::{A, Inputs, compare_differences, near, spread};
use super::properties::holds_for;
use crate::backend::{TestBackend, Tolerance};
use crate::compare::{assert_close, difference, numbers};
use crate::fixture::tensor;

/// `[M, H, C]`: one row, one class, several chunks, and rows of vectors of their own.
const SHAPES: [[usize; 3]; 5] = [[1, 3, 3], [5, 2, 1], [4, 1, 3], [17, 4, 3], [9, 3, 41]];

/// A probability per class, different in every row; the last of several rows has none.
fn probabilities([m, _, c]: [usize; 3]) -> Vec<f64> {
    let mut numbers: Vec<f64> = spread(m * c, 5).iter().map(|x| x + 1.1).collect();
    for row in numbers.chunks_mut(c) {
        let sum: f64 = row.iter().sum();
        row.iter_mut().for_each(|x| *x /= sum);
    }
    if m > 2 {
        numbers[(m - 1) * c..].fill(0.0);
    }
    numbers
}

/// Compares two computations of a loss: its value, and the gradients of hidden states, weight and bias.
fn compare<B: TestBackend>(
    what: &str,
    shape @ [m, h, c]: [usize; 3],
    run: impl Fn(&Inputs<B>, &LinearHead<A<B>>, bool) -> (Tensor<A<B>, 1>, Option<Tensor<A<B>, 2>>),
) {
    let (hidden, weight, bias) = (spread(m * h, 1), spread(h * c, 2), spread(c, 3));
    let run = |linear: bool| {
        let inputs = Inputs::<B>::new(&hidden, &weight, Some(&bias), shape);
        // In chunks of three rows.
        let head = inputs.head().with_memory_budget(3 * c * 8);
        let head = head.with_logit_scale(1.5).with_softcap(Some(4.0));
        let (value, other) = run(&inputs, &head, linear);
        let gradients = value.backward();
        let other = other.map(|other| numbers(other.grad(&gradients).expect("it is tracked")));
        let [hidden, weight, bias] = inputs.of(&gradients);
        [
            numbers(value),
            hidden,
            weight,
            bias,
            other.unwrap_or_default(),
        ]
    };
    for (found, expected) in run(true).iter().zip(&run(false)) {
        let what = format!("{what}, {shape:?}");
        assert_close(&what, found, expected, near::<B>(expected));
    }
}

/// Against probabilities the loss is that of the logits, with all gradients, for every option.
pub fn probabilities_equal_the_loss_of_logits<B: TestBackend>() {
    let device = B::device();
    for shape @ [m, _, c] in SHAPES {
        let weights: Vec<f32> = (0..c).map(|class| [0.5, 3.0, 1.25][class % 3]).collect();
        let plain = CrossEntropyLossConfig::new();
        let smooth = plain.clone().with_label_smoothing(0.1).with_z_loss(0.2);
        let all = smooth.clone().with_class_weights(Some(weights));
        let sum = plain.clone().with_reduction(Reduction::Sum);
        for (config, tracked) in [
            (&plain, false),
            (&sum, true),
            (&smooth, false),
            (&all, true),
        ] {
            let loss = config.init::<A<B>>(&device);
            let q = || tensor::<A<B>, 2>(&probabilities(shape), &[m, c], &device);
            let q = || if tracked { q().require_grad() } else { q() };
            let kept = |q: &Tensor<A<B>, 2>| tracked.then(|| q.clone());
            compare::<B>(
                &format!("{config}, reduced"),
                shape,
                |inputs, head, linear| {
                    let (x, q) = (inputs.hidden.clone(), q());
                    let value = match linear {
                        true => loss.forward_linear_probabilities(x, head, q.clone()),
                        false => loss.forward_probabilities(head.logits(x), q.clone()),
                    };
                    (value, kept(&q))
                },
            );
            let weights: Vec<f64> = (0..m).map(|i| [1.5, 0.0, 0.25][i % 3]).collect();
            let weights = || tensor::<A<B>, 1>(&weights, &[m], &device);
            compare::<B>(
                &format!("{config}, weighted"),
                shape,
                |inputs, head, linear| {
                    let (x, q, w) = (inputs.hidden.clone(), q(), weights());
                    let value = match linear {
                        true => loss.forward_linear_probabilities_weighted(x, head, q.clone(), w),
                        false => loss.forward_probabilities_weighted(head.logits(x), q.clone(), w),
                    };
                    (value, kept(&q))
                },
            );
            compare::<B>(
                &format!("{config}, unreduced"),
                shape,
                |inputs, head, linear| {
                    let (x, q) = (inputs.hidden.clone(), q());
                    let each = match linear {
                        true => loss.forward_linear_probabilities_no_reduction(x, head, q.clone()),
                        false => loss.forward_probabilities_no_reduction(head.logits(x), q.clone()),
                    };
                    let by = tensor::<A<B>, 1>(&spread(m, 4), &[m], &device);
                    ((each * by).sum(), kept(&q))
                },
            );
        }
    }
}

/// Of a student's hidden states the loss is that of its logits, with all gradients, for every option.
pub fn distillation_equals_the_loss_of_logits<B: TestBackend>() {
    let device = B::device();
    for shape @ [m, _, c] in SHAPES {
        let teacher = || tensor::<A<B>, 2>(&spread(m * c, 6), &[m, c], &device) * 3.0;
        let classes: Vec<i64> = (0..m).map(|i| (i * 5 % c) as i64).collect();
        let targets = || Tensor::<A<B>, 1, Int>::from_ints(classes.as_slice(), &device);
        let weights: Vec<f64> = (0..m).map(|i| [1.5, 0.0, 0.25][i % 3]).collect();
        let weights = || tensor::<A<B>, 1>(&weights, &[m], &device);
        let by = || tensor::<A<B>, 1>(&spread(m, 4), &[m], &device);
        let plain = DistillationLossConfig::new();
        let warm = plain.clone().with_temperature(3.0).with_alpha(0.8);
        // Where it leaves a row.
        let ignoring = warm.with_ignore_index((c > 1).then_some(1));
        let teacher_alone = plain.clone().with_temperature(1.0).with_alpha(1.0);
        let sum = plain.clone().with_reduction(Reduction::Sum);
        for config in [plain, ignoring, teacher_alone, sum] {
            let loss = config.init();
            for part in 0..3 {
                compare::<B>(
                    &format!("{config}, part {part}"),
                    shape,
                    |inputs, head, linear| {
                        let (x, z, y) = (inputs.hidden.clone(), teacher(), targets());
                        let value = match (part, linear) {
                            (0, true) => loss.forward_linear(x, head, z, y),
                            (0, false) => loss.forward(head.logits(x), z, y),
                            (1, true) => loss.forward_linear_weighted(x, head, z, y, weights()),
                            (1, false) => loss.forward_weighted(head.logits(x), z, y, weights()),
                            (_, true) => {
                                (loss.forward_linear_no_reduction(x, head, z, y) * by()).sum()
                            }
                            (_, false) => {
                                (loss.forward_no_reduction(head.logits(x), z, y) * by()).sum()
                            }
                        };
                        (value, None)
                    },
                );
            }
        }
    }
}

/// NaN in rows that do not count, of the student or of the teacher, reaches neither the losses nor a gradient.
pub fn rows_left_out_of_distillation<B: TestBackend>() {
    let device = B::device();
    let config = DistillationLossConfig::new().with_ignore_index(Some(1));
    let loss = config.init();
    let run = |in_place: f64, reduced: bool| {
        let hidden = [0.5, -1.0, in_place, in_place, 0.25, 2.0];
        let inputs = Inputs::<B>::new(&hidden, &spread(6, 2), None, [3, 2, 3]);
        let teacher = [1.0, 2.0, -1.0, in_place, 0.0, 0.0, 0.5, 0.0, -2.0];
        let teacher = tensor::<A<B>, 2>(&teacher, &[3, 3], &device);
        let targets = Tensor::<A<B>, 1, Int>::from_ints([0, 1, 2], &device);
        let (x, head) = (inputs.hidden.clone(), inputs.head());
        let value = match reduced {
            true => loss.forward_linear(x, &head, teacher, targets),
            false => loss
                .forward_linear_no_reduction(x, &head, teacher, targets)
                .sum(),
        };
        let [hidden, weight, _] = inputs.gradients(value.clone());
        [numbers(value), hidden, weight]
    };
    for reduced in [true, false] {
        let expected = run(3.0, reduced);
        assert_eq!(expected[1][2..4], [0.0; 2]);
        for (found, expected) in run(f64::NAN, reduced).iter().zip(&expected) {
            assert_close("left out", found, expected, near::<B>(expected));
        }
    }
}

/// The gradients of all of them are what differences give.
pub fn target_differences<B: TestBackend>() {
    let device = B::device();
    let targets = || Tensor::<A<B>, 1, Int>::from_ints([1, 3, 0], &device);
    let head = |inputs: &Inputs<B>| inputs.head().with_logit_scale(1.5).with_softcap(Some(2.0));
    let q = || tensor::<A<B>, 2>(&probabilities([3, 2, 4]), &[3, 4], &device);
    let loss = CrossEntropyLossConfig::new().with_z_loss(0.1).init(&device);
    compare_differences::<B>("probabilities", true, |inputs| {
        loss.forward_linear_probabilities(inputs.hidden.clone(), &head(inputs), q())
    });
    let loss = DistillationLossConfig::new().init();
    compare_differences::<B>("distillation", true, |inputs| {
        loss.forward_linear(inputs.hidden.clone(), &head(inputs), q() * 4.0, targets())
    });
    let loss = ArcFaceLossConfig::new().with_scale(2.0).init(&device);
    compare_differences::<B>("ArcFace", false, |inputs| {
        // Away from the angle at which it jumps.
        let targets = Tensor::<_, 1, Int>::from_ints([3, 3, 3], &device);
        loss.forward_linear(inputs.hidden.clone(), &inputs.head(), targets)
    });
    let loss = CosFaceLossConfig::new().with_scale(2.0).init(&device);
    compare_differences::<B>("CosFace", false, |inputs| {
        loss.forward_linear(inputs.hidden.clone(), &inputs.head(), targets())
    });
}

/// Embeddings at their class and opposite to it, without length, or ignored: right losses and finite gradients.
pub fn margins_of_extreme_embeddings<B: TestBackend>() {
    let device = B::device();
    let nan = f64::NAN;
    let x = [2.0, 0.0, -0.5, 0.0, 0.0, 0.0, nan, nan];
    let x = tensor::<A<B>, 2>(&x, &[4, 2], &device).require_grad();
    let targets = || Tensor::<A<B>, 1, Int>::from_ints([0, 0, 0, -1], &device);
    // The other two are three eighths of a turn from the first.
    let w = [3.0, -0.5, -2.0, 0.0, 0.5, -2.0];
    let head = |w: &[f64], c| {
        let w = tensor::<A<B>, 2>(w, &[2, c], &device);
        LinearHead::new(w.require_grad(), None)
    };
    let gradients = |losses: Tensor<A<B>, 1>, head: &LinearHead<A<B>>| {
        let gradients = losses.sum().backward();
        let [x, w] = [&x, &head.weight].map(|x| numbers(x.grad(&gradients).expect("tracked")));
        assert!(x.iter().chain(&w).all(|g| g.is_finite()), "{x:?}, {w:?}");
        assert_eq!(x[6..], [0.0; 2]);
    };
    let others = -(0.5f64.sqrt());
    // The second embedding is at half a turn from its class, and near the others.
    let opposite = |scale: f64, gap: f64| scale * (-others + 1.0 + gap) + 2f64.ln();
    let margin = 0.35f64;
    for scale in [64.0, 30.0] {
        let config = CosFaceLossConfig::new().with_scale(scale);
        let loss = config.with_ignore_index(Some(-1)).init(&device);
        let three = head(&w, 3);
        let losses = loss.forward_linear_no_reduction(x.clone(), &three, targets());
        let found = numbers(losses.clone());
        let of = |own: f64, others: f64| (2.0 * (scale * (others - own + margin)).exp()).ln_1p();
        let large = opposite(scale, margin);
        let expected = [of(1.0, others), large, of(0.0, 0.0), 0.0];
        // The first is an exponential: a rounding of the cosines counts `scale` times.
        let tolerance = Tolerance {
            relative: B::TOLERANCE.relative * scale,
            absolute: 0.0,
        };
        assert!(expected[0] < 1e-12);
        let (first, rest) = (&found[..1], &found[1..]);
        if expected[0] > crate::backend::least_number::<B>() {
            assert_close("confident", first, &expected[..1], tolerance);
        }
        assert_close("others", rest, &expected[1..], near::<B>(&expected[1..]));
        gradients(losses, &three);
    }
    let arc = ArcFaceLossConfig::new().with_ignore_index(Some(-1));
    let arc = arc.init::<A<B>>(&device);
    let three = head(&w, 3);
    let losses = arc.forward_linear_no_reduction(x.clone(), &three, targets());
    let lost = [opposite(64.0, 0.5 * 0.5f64.sin())];
    assert_close(
        "opposite",
        &numbers(losses.clone())[1..2],
        &lost,
        near::<B>(&lost),
    );
    gradients(losses, &three);
    // One class has nothing to be told from.
    let alone = head(&[3.0, 1.0], 1);
    let losses = arc.forward_linear_no_reduction(x.clone(), &alone, targets());
    assert_eq!(numbers(losses.clone()), [0.0; 4]);
    gradients(losses, &alone);
}

/// Wrong heads, shapes and options say what was expected.
pub fn linear_targets_refuse<B: TestBackend>() {
    let device = B::device();
    let zeros = |shape: [usize; 2]| Tensor::<B, 2>::zeros(shape, &device);
    let targets = |count: usize| Tensor::<B, 1, Int>::zeros([count], &device);
    let head = || LinearHead::new(zeros([4, 3]), None);

    let arc = ArcFaceLossConfig::new().init::<B>(&device);
    let bias = LinearHead::new(zeros([4, 3]), Some(Tensor::zeros([3], &device)));
    for (head, words) in [
        (bias, "a bias"),
        (head().with_logit_scale(2.0), "logit_scale = 2"),
        (head().with_softcap(Some(3.0)), "softcap = Some(3.0)"),
    ] {
        let words = ["ArcFaceLoss", "`head` without bias", words];
        panics(&words, || {
            arc.forward_linear(zeros([2, 4]), &head, targets(2))
        });
        panics(&words, || {
            arc.forward_linear_no_reduction(zeros([2, 4]), &head, targets(2))
        });
    }

    let loss = CrossEntropyLossConfig::new().init::<B>(&device);
    panics(&["CrossEntropyLoss", "`hidden` with 4", "[2, 5]"], || {
        loss.forward_linear_probabilities(zeros([2, 5]), &head(), zeros([2, 3]))
    });
    for wrong in [[2, 4], [3, 3]] {
        let words = [
            "CrossEntropyLoss",
            "`probabilities`",
            "[2, 3]",
            &format!("{wrong:?}"),
        ];
        panics(&words, || {
            loss.forward_linear_probabilities(zeros([2, 4]), &head(), zeros(wrong))
        });
    }
    panics(&["CrossEntropyLoss", "`weights`", "[2]", "[3]"], || {
        let weights = Tensor::<B, 1>::ones([3], &device);
        let (x, q) = (zeros([2, 4]), zeros([2, 3]));
        loss.forward_linear_probabilities_weighted(x, &head(), q, weights)
    });
    panics(
        &["CrossEntropyLoss", "`weights` of rank 1", "got 2"],
        || {
            let (x, q) = (zeros([2, 4]), zeros([2, 3]));
            loss.forward_linear_probabilities_weighted(x, &head(), q, zeros([2, 1]))
        },
    );
    panics(&["CrossEntropyLoss", "a result of rank 1", "got 2"], || {
        let each: Tensor<B, 2> =
            loss.forward_linear_probabilities_no_reduction(zeros([2, 4]), &head(), zeros([2, 3]));
        each
    });
    let ignoring = CrossEntropyLossConfig::new().with_ignore_index(Some(1));
    let ignoring = ignoring.init::<B>(&device);
    panics(&["CrossEntropyLoss", "ignore_index"], || {
        ignoring.forward_linear_probabilities(zeros([2, 4]), &head(), zeros([2, 3]))
    });
    let weighted = CrossEntropyLossConfig::new().with_class_weights(Some(vec![1.0; 2]));
    let weighted = weighted.init::<B>(&device);
    panics(&["CrossEntropyLoss", "`class_weights` of length 3"], || {
        weighted.forward_linear_probabilities(zeros([2, 4]), &head(), zeros([2, 3]))
    });

    let loss = DistillationLossConfig::new().init();
    panics(
        &["DistillationLoss", "`teacher`", "[2, 3]", "[2, 4]"],
        || loss.forward_linear(zeros([2, 4]), &head(), zeros([2, 4]), targets(2)),
    );
    panics(&["DistillationLoss", "`targets`", "[3]"], || {
        loss.forward_linear(zeros([2, 4]), &head(), zeros([2, 3]), targets(3))
    });
    panics(&["DistillationLoss", "`weights`", "[2]", "[3]"], || {
        let weights = Tensor::ones([3], &device);
        loss.forward_linear_weighted(zeros([2, 4]), &head(), zeros([2, 3]), targets(2), weights)
    });
    if B::CHECKS_TARGETS {
        let wrong = || Tensor::<_, 1, Int>::from_ints([0, 3], &device);
        let words = ["DistillationLoss", "row 1 is 3"];
        panics(&words, || {
            loss.forward_linear(zeros([2, 4]), &head(), zeros([2, 3]), wrong())
        });
        panics(&words, || {
            loss.forward_linear_no_reduction(zeros([2, 4]), &head(), zeros([2, 3]), wrong())
        });
    }
}

/// A head and its rows, of any size, in chunks of any size.
#[derive(Clone, Debug)]
struct Problem {
    shape: [usize; 3],
    seed: usize,
    rows_at_a_time: usize,
    has_bias: bool,
    logit_scale: f64,
    softcap: Option<f64>,
    label_smoothing: f64,
    ignored: Option<i64>,
}

fn problems() -> impl Strategy<Value = Problem> {
    let shape = (1usize..40, 1usize..20, 1usize..70);
    let options = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    (shape, 10usize..1000, 1usize..10, options).prop_map(
        |((m, h, c), seed, rows_at_a_time, (has_bias, scales, caps, smooths))| Problem {
            shape: [m, h, c],
            seed,
            rows_at_a_time,
            has_bias,
            logit_scale: if scales { -0.75 } else { 1.0 },
            softcap: caps.then_some(2.5),
            label_smoothing: if smooths { 0.2 } else { 0.0 },
            // Not every row.
            ignored: (scales != caps && c > 1).then_some(1),
        },
    )
}

/// The loss of a head of any size is that of its logits, and so are the gradients.
pub fn heads_of_any_size<B: TestBackend>() {
    let device = B::device();
    holds_for::<B, _>(problems(), |problem| {
        let shape @ [m, h, c] = problem.shape;
        let numbers_of = |count, seed| spread(count, problem.seed + seed);
        let (x, w, b) = (numbers_of(m * h, 1), numbers_of(h * c, 2), numbers_of(c, 3));
        let classes: Vec<i64> = (0..m).map(|i| (i * 7 % c) as i64).collect();
        let config = CrossEntropyLossConfig::new()
            .with_label_smoothing(problem.label_smoothing)
            .with_ignore_index(problem.ignored);
        let loss = config.init::<Autodiff<B>>(&device);
        let run = |linear: bool| {
            let bias = problem.has_bias.then_some(&*b);
            let inputs = Inputs::<B>::new(&x, &w, bias, shape);
            let head = inputs
                .head()
                .with_logit_scale(problem.logit_scale)
                .with_softcap(problem.softcap)
                .with_memory_budget(problem.rows_at_a_time * c * 8);
            let targets = Tensor::<_, 1, Int>::from_ints(classes.as_slice(), &device);
            let x = inputs.hidden.clone();
            let value = match linear {
                true => loss.forward_linear(x, &head, targets),
                false => loss.forward(head.logits(x), targets),
            };
            let [of_hidden, of_weight, of_bias] = inputs.gradients(value.clone());
            [numbers(value), of_hidden, of_weight, of_bias]
        };
        for (found, expected) in run(true).iter().zip(&run(false)) {
            if let Some(difference) = difference(found, expected, near::<B>(expected)) {
                return Err(difference);
            }
        }
        Ok(())
    });
}

/// More logits than 32 bits count: those beyond give their rows and the weight the right gradients.
pub fn more_logits_than_32_bits_count<B: TestBackend>() {
    let device = B::device();
    let [m, c]: [usize; 2] = [65_600, 32_800];
    // The weight's gradient is made of the rows beyond alone: those of 0 add nothing to it.
    let beyond = (1usize << 31).div_ceil(c);
    let kinds = [1.0, 0.5, 2.0, 0.25];
    let kind = |row: usize| if row < beyond { 0.0 } else { kinds[row % 4] };
    let (weight, class) = (spread(c, 2), c - 1);
    let hidden: Vec<f64> = (0..m).map(kind).collect();
    let inputs = Inputs::<B>::new(&hidden, &weight, None, [m, 1, c]);
    let targets = Tensor::<A<B>, 1, Int>::full([m], class as i64, &device);
    let config = CrossEntropyLossConfig::new().with_reduction(Reduction::Sum);
    let loss = config.init(&device);
    let sum = loss.forward_linear(inputs.hidden.clone(), &inputs.head(), targets);
    let [of_hidden, of_weight, _] = inputs.gradients(sum);

    // The slopes of a row's loss with respect to its logits.
    let slopes = |x: f64| -> Vec<f64> {
        let exponentials: Vec<f64> = weight.iter().map(|w| (x * w).exp()).collect();
        let sum: f64 = exponentials.iter().sum();
        let of_class = |at| f64::from(u8::from(at == class));
        let slopes = exponentials.iter().enumerate();
        slopes.map(|(at, e)| e / sum - of_class(at)).collect()
    };
    let by_hidden = |x: f64| -> f64 { slopes(x).iter().zip(&weight).map(|(s, w)| s * w).sum() };
    let (plain, by_kind) = (by_hidden(0.0), kinds.map(by_hidden));
    let each = |row: usize| {
        if row < beyond {
            plain
        } else {
            by_kind[row % 4]
        }
    };
    let expected: Vec<f64> = (0..m).map(each).collect();
    let tolerance = Tolerance {
        relative: 1e-4,
        absolute: 0.0,
    };
    assert_close("hidden", &of_hidden, &expected, tolerance);
    let mut expected = vec![0.0; c];
    for (at, x) in kinds.into_iter().enumerate() {
        let rows = (beyond..m).filter(|row| row % 4 == at).count();
        let slopes = slopes(x);
        let sums = expected.iter_mut().zip(&slopes);
        sums.for_each(|(sum, slope)| *sum += rows as f64 * x * slope);
    }
    assert_close("weight", &of_weight, &expected, tolerance);
}
