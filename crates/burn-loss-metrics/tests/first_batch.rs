//! The look at the first batch: no false alarm on healthy batches, and each mistake found, on 200 random batches each.

use burn::backend::{Flex, NdArray};
use burn::tensor::activation::{log_sigmoid, log_softmax, sigmoid, softmax};
use burn::tensor::{DType, Int, Tensor, TensorData};
use burn_loss_metrics::first_batch::{
    Finding, Findings, Kind, Meant, Severity, class_scores, label_scores, regression,
};

type B = NdArray;

const BATCHES: u64 = 200;

/// SplitMix64: the same numbers in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    fn between(&mut self, from: f64, to: f64) -> f64 {
        from + (to - from) * self.unit()
    }

    fn below(&mut self, end: usize) -> usize {
        (self.unit() * end as f64) as usize
    }

    /// Of the normal distribution, by Box and Muller.
    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// As many numbers with a deviation of their own.
    fn normals(&mut self, count: usize, deviation: f64) -> Vec<f64> {
        (0..count).map(|_| deviation * self.normal()).collect()
    }
}

fn floats(numbers: Vec<f64>, shape: [usize; 2]) -> Tensor<B, 2> {
    Tensor::from_data(
        TensorData::new(numbers, shape).convert::<f32>(),
        &Default::default(),
    )
}

fn ints(numbers: &[i64]) -> Tensor<B, 1, Int> {
    Tensor::from_data(numbers, &Default::default())
}

/// What an untrained classifier gives, and classes of uneven frequency.
struct Classes {
    logits: Tensor<B, 2>,
    targets: Vec<i64>,
    classes: usize,
}

impl Classes {
    fn of(random: &mut Random, least_rows: usize) -> Self {
        let rows = least_rows + random.below(300);
        let classes = [2, 3, 5, 10, 100, 300][random.below(6)];
        let deviation = random.between(0.05, 1.0);
        let weights: Vec<f64> = (0..classes).map(|_| random.between(1.0, 5.0)).collect();
        let sum: f64 = weights.iter().sum();
        let targets = (0..rows).map(|_| {
            let mut left = random.between(0.0, sum);
            let found = weights.iter().position(|weight| {
                left -= weight;
                left < 0.0
            });
            found.unwrap_or(0) as i64
        });
        let targets = targets.collect();
        let logits = floats(random.normals(rows * classes, deviation), [rows, classes]);
        Self {
            logits,
            targets,
            classes,
        }
    }

    fn look(&self, meant: &Meant) -> Findings {
        class_scores(self.logits.clone(), ints(&self.targets), meant)
    }
}

/// What an untrained model of labels gives, and labels of uneven frequency.
fn labels(random: &mut Random, least_rows: usize) -> [Tensor<B, 2>; 2] {
    let shape = [least_rows + random.below(300), 1 + random.below(8)];
    let deviation = random.between(0.05, 1.0);
    let rate = random.between(0.1, 0.9);
    let count = shape[0] * shape[1];
    let targets = (0..count).map(|_| f64::from(u8::from(random.unit() < rate)));
    let targets = targets.collect();
    [
        floats(random.normals(count, deviation), shape),
        floats(targets, shape),
    ]
}

/// What an untrained regression gives, and targets of about a scale of 1.
fn numbers(random: &mut Random, least_rows: usize) -> [Tensor<B, 2>; 2] {
    let shape = [least_rows + random.below(300), 1 + random.below(4)];
    let count = shape[0] * shape[1];
    let (deviation, mean) = (random.between(0.3, 5.0), random.between(-5.0, 5.0));
    let start = random.between(0.05, 1.0);
    let targets = random.normals(count, deviation);
    [
        floats(random.normals(count, start), shape),
        floats(targets.into_iter().map(|y| y + mean).collect(), shape),
    ]
}

#[track_caller]
fn assert_healthy(findings: &Findings) {
    let alarm = findings.worst() > Some(Severity::Note);
    assert!(!alarm, "{findings}");
    assert!(findings.to_string().contains("; nothing suspicious"));
}

/// Asserts that a mistake is found, and beside it nothing but notes and what follows from the mistake.
#[track_caller]
fn assert_found(findings: &Findings, kind: Kind, beside: &[Kind]) {
    assert!(findings.has(kind), "no {kind:?} in: {findings}");
    let unrelated = |found: &&Finding| {
        found.severity > Severity::Note && found.kind != kind && !beside.contains(&found.kind)
    };
    let unrelated = findings.iter().find(unrelated);
    assert!(unrelated.is_none(), "beside {kind:?}: {findings}");
}

/// Each of 200 random batches.
fn each(look: impl Fn(&mut Random)) {
    for seed in 0..BATCHES {
        look(&mut Random(seed));
    }
}

#[test]
fn healthy_batches_of_classes_raise_no_alarm() {
    each(|random| {
        let batch = Classes::of(random, 1);
        assert_healthy(&batch.look(&Meant::logits()));
        let targets = || ints(&batch.targets);
        let logits = batch.logits.clone();
        let given = log_softmax(logits.clone(), 1);
        assert_healthy(&class_scores(given, targets(), &Meant::log_probabilities()));
        let given = softmax(logits, 1);
        assert_healthy(&class_scores(given, targets(), &Meant::probabilities()));
    });
}

#[test]
fn healthy_batches_of_labels_raise_no_alarm() {
    each(|random| {
        let [logits, targets] = labels(random, 1);
        assert_healthy(&label_scores(
            logits.clone(),
            targets.clone(),
            &Meant::logits(),
        ));
        let given = log_sigmoid(logits.clone());
        let meant = Meant::log_probabilities();
        assert_healthy(&label_scores(given, targets.clone(), &meant));
        let given = sigmoid(logits);
        assert_healthy(&label_scores(given, targets, &Meant::probabilities()));
    });
}

#[test]
fn healthy_batches_of_numbers_raise_no_alarm() {
    each(|random| {
        let [predictions, targets] = numbers(random, 1);
        assert_healthy(&regression(predictions, targets, &Meant::numbers()));
    });
}

/// The same numbers in 16 bits, which NdArray does not have.
fn halves(numbers: &Tensor<B, 2>, dtype: DType) -> Tensor<Flex, 2> {
    let numbers = Tensor::<Flex, 2>::from_data(numbers.to_data(), &Default::default());
    let numbers = numbers.cast(dtype);
    assert_eq!(numbers.dtype(), dtype);
    numbers
}

#[test]
fn batches_of_16_bits_are_judged_as_others() {
    for dtype in [DType::F16, DType::BF16] {
        each(|random| {
            // Of few rows, all may be equal after the rounding.
            let batch = Classes::of(random, 16);
            let logits = || halves(&batch.logits, dtype);
            let classes = |scores, meant: Meant| {
                let targets = Tensor::<Flex, 1, Int>::from_ints(
                    batch.targets.as_slice(),
                    &Default::default(),
                );
                class_scores(scores, targets, &meant)
            };
            // Computed in 16 bits, and rounded to them.
            let rounded = |scores: Tensor<B, 2>| halves(&scores, dtype);
            let of_logits =
                |scores: fn(Tensor<B, 2>) -> Tensor<B, 2>| rounded(scores(batch.logits.clone()));
            for log_probabilities in [
                log_softmax(logits(), 1),
                of_logits(|logits| log_softmax(logits, 1)),
            ] {
                let look = |meant| classes(log_probabilities.clone(), meant);
                assert_healthy(&look(Meant::log_probabilities()));
                let kind = Kind::LogProbabilitiesGiven;
                assert_found(&look(Meant::logits()), kind, &[]);
                assert_found(&look(Meant::probabilities()), kind, &[]);
            }
            for probabilities in [softmax(logits(), 1), of_logits(|logits| softmax(logits, 1))] {
                let look = |meant| classes(probabilities.clone(), meant);
                assert_healthy(&look(Meant::probabilities()));
                let kind = Kind::ProbabilitiesGiven;
                assert_found(&look(Meant::logits()), kind, &[]);
                assert_found(&look(Meant::log_probabilities()), kind, &[]);
            }
            assert_healthy(&classes(logits(), Meant::logits()));
            let kind = Kind::LogitsGiven;
            assert_found(&classes(logits(), Meant::log_probabilities()), kind, &[]);
            assert_found(&classes(logits(), Meant::probabilities()), kind, &[]);

            let [logits, targets] = labels(random, 32);
            let [logits, targets] = [halves(&logits, dtype), halves(&targets, dtype)];
            let look = |scores, meant: Meant| label_scores(scores, targets.clone(), &meant);
            let given = || {
                [
                    logits.clone(),
                    log_sigmoid(logits.clone()),
                    sigmoid(logits.clone()),
                ]
            };
            let meant = || {
                [
                    Meant::logits(),
                    Meant::log_probabilities(),
                    Meant::probabilities(),
                ]
            };
            for (scores, meant) in given().into_iter().zip(meant()) {
                assert_healthy(&look(scores, meant));
            }
            let [logits, _, probabilities] = given();
            let [of_logits, of_logs, of_probabilities] = meant();
            let kind = Kind::ProbabilitiesGiven;
            assert_found(&look(probabilities.clone(), of_logits), kind, &[]);
            assert_found(&look(probabilities, of_logs.clone()), kind, &[]);
            let kind = Kind::LogitsGiven;
            assert_found(&look(logits.clone(), of_logs), kind, &[]);
            assert_found(&look(logits, of_probabilities), kind, &[]);

            let [predictions, targets] = numbers(random, 16);
            let look = |predictions, targets: &Tensor<B, 2>| {
                let targets = halves(targets, dtype);
                regression(halves(&predictions, dtype), targets, &Meant::numbers())
            };
            assert_healthy(&look(predictions.clone(), &targets));
            let told = targets.clone() + predictions * 0.01;
            assert_found(&look(told, &targets), Kind::LossTooLow, &[]);
        });
    }
}

/// The logarithm of a sum over so many classes is a number whose rounding is the same for all of a row.
#[test]
fn log_probabilities_of_many_classes_are_known_in_16_bits() {
    for (classes, deviation) in [(4000, 0.01), (4000, 0.05), (50_257, 0.05), (50_257, 0.5)] {
        for dtype in [DType::F16, DType::BF16] {
            let mut random = Random(classes as u64);
            let numbers = random.normals(2 * classes, deviation);
            let logits = halves(&floats(numbers, [2, classes]), dtype);
            let look = |scores| {
                let targets = Tensor::<Flex, 1, Int>::from_ints([0, 7], &Default::default());
                class_scores(scores, targets, &Meant::log_probabilities())
            };
            assert_healthy(&look(log_softmax(logits.clone(), 1)));
            assert_found(&look(logits), Kind::LogitsGiven, &[]);
        }
    }
}

#[test]
fn scores_of_another_kind_are_found() {
    each(|random| {
        let batch = Classes::of(random, 1);
        let look = |scores, meant: Meant| class_scores(scores, ints(&batch.targets), &meant);
        let logits = || batch.logits.clone();
        assert_found(
            &look(softmax(logits(), 1), Meant::logits()),
            Kind::ProbabilitiesGiven,
            &[],
        );
        let given = look(softmax(logits(), 1), Meant::log_probabilities());
        assert_found(&given, Kind::ProbabilitiesGiven, &[]);
        assert_found(
            &look(logits(), Meant::log_probabilities()),
            Kind::LogitsGiven,
            &[],
        );
        assert_found(
            &look(logits(), Meant::probabilities()),
            Kind::LogitsGiven,
            &[],
        );
        let given = look(log_softmax(logits(), 1), Meant::probabilities());
        assert_found(&given, Kind::LogProbabilitiesGiven, &[]);
        let given = look(log_softmax(logits(), 1), Meant::logits());
        assert_found(&given, Kind::LogProbabilitiesGiven, &[]);

        let [logits, targets] = labels(random, 32);
        let given = label_scores(sigmoid(logits.clone()), targets.clone(), &Meant::logits());
        assert_found(&given, Kind::ProbabilitiesGiven, &[]);
        let look = |scores, meant: Meant| label_scores(scores, targets.clone(), &meant);
        let given = look(logits.clone(), Meant::probabilities());
        assert_found(&given, Kind::LogitsGiven, &[]);
        let given = look(logits.clone(), Meant::log_probabilities());
        assert_found(&given, Kind::LogitsGiven, &[]);
        let given = look(sigmoid(logits), Meant::log_probabilities());
        assert_found(&given, Kind::ProbabilitiesGiven, &[]);
        // Where the outputs are all alike, too.
        let given = look(targets.zeros_like() + 0.5, Meant::log_probabilities());
        assert_found(&given, Kind::ProbabilitiesGiven, &[Kind::SameOutputs]);
    });
}

#[test]
fn wrong_targets_are_found() {
    each(|random| {
        let mut batch = Classes::of(random, 300);
        let right = batch.targets.clone();
        let last = batch.classes as i64 - 1;
        // Counted from 1, with the last class in the batch; and one too few, with the first.
        batch.targets = right
            .iter()
            .map(|target| target + 1)
            .chain([last + 1])
            .collect();
        batch.targets.remove(0);
        // Of two classes one is left.
        let beside = [Kind::OneClass];
        assert_found(&batch.look(&Meant::logits()), Kind::ShiftedTargets, &beside);
        batch.targets = right.iter().map(|target| target - 1).collect();
        batch.targets[0] = -1;
        assert_found(&batch.look(&Meant::logits()), Kind::ShiftedTargets, &beside);
        // Padding that the loss does not know of.
        batch.targets = right.clone();
        batch.targets[7] = -100;
        let findings = batch.look(&Meant::logits());
        assert_found(&findings, Kind::WrongTarget, &[]);
        assert_eq!(findings.iter().next().unwrap().place, "row 7");
        assert_healthy(&batch.look(&Meant::logits().with_ignore_index(Some(-100))));
        // Two kinds of padding, in both ways to say it.
        batch.targets[8] = -1;
        let one = Meant::logits().with_ignore_index(Some(-1));
        assert_healthy(&batch.look(&one.with_ignore_indices(vec![-100])));
        let several = Meant::logits().with_ignore_indices(vec![-100, -1]);
        assert_healthy(&batch.look(&several));

        let [logits, targets] = labels(random, 16);
        let findings = label_scores(logits, targets * 2, &Meant::logits());
        assert_found(&findings, Kind::WrongTarget, &[]);
    });
}

#[test]
fn a_class_that_never_occurs_is_found() {
    each(|random| {
        // The classes 1 to 3 of a model with four outputs.
        let rows = 320 + random.below(300);
        let targets: Vec<i64> = (0..rows).map(|_| 1 + random.below(3) as i64).collect();
        let logits = floats(random.normals(4 * rows, 0.5), [rows, 4]);
        let findings = class_scores(logits, ints(&targets), &Meant::logits());
        assert_found(&findings, Kind::ShiftedTargets, &[]);
    });
}

#[test]
fn one_class_and_few_rows_are_found() {
    each(|random| {
        let mut batch = Classes::of(random, 16);
        let meant = Meant::logits().with_ignore_index(Some(-1));
        let right = batch.targets.clone();
        batch.targets.fill(right[0]);
        assert_found(&batch.look(&meant), Kind::OneClass, &[]);
        // A tenth of the rows counts.
        batch.targets = right;
        for (row, target) in batch.targets.iter_mut().enumerate() {
            *target = if row % 10 == 0 { *target } else { -1 };
        }
        let findings = batch.look(&meant);
        // The few rows that are left may be of one class.
        assert_found(&findings, Kind::Ignored, &[Kind::OneClass]);
        let ignored = findings.iter().find(|found| found.kind == Kind::Ignored);
        assert_eq!(ignored.unwrap().severity, Severity::Warning, "{findings}");
        let rows = batch.targets.len();
        let dropped = rows - rows.div_ceil(10);
        let percent = 100.0 * dropped as f64 / rows as f64;
        let share = format!("{dropped} of {rows} rows do not count ({percent:.0}%)");
        assert!(findings.to_string().contains(&share), "{share}: {findings}");
        batch.targets.fill(-1);
        let findings = batch.look(&meant);
        assert_found(&findings, Kind::Ignored, &[]);
        assert_eq!(findings.worst(), Some(Severity::Error), "{findings}");

        let [logits, targets] = labels(random, 32);
        let findings = label_scores(logits, targets.zeros_like(), &Meant::logits());
        assert_found(&findings, Kind::OneClass, &[]);
        let [predictions, targets] = numbers(random, 8);
        let findings = regression(predictions, targets.ones_like(), &Meant::numbers());
        assert_found(&findings, Kind::OneClass, &[]);
    });
}

#[test]
fn a_loss_far_from_that_of_nothing_is_found() {
    each(|random| {
        let batch = Classes::of(random, 16);
        // A sum of the rows' losses.
        let sum = batch.targets.len() as f64 * (batch.classes as f64).ln();
        let findings = batch.look(&Meant::logits().with_loss(sum));
        assert_found(&findings, Kind::LossTooHigh, &[]);
        let scaled = batch.logits.clone() * 3000;
        let findings = class_scores(scaled, ints(&batch.targets), &Meant::logits());
        assert_found(&findings, Kind::LossTooHigh, &[Kind::Saturated]);
        assert_found(&findings, Kind::Saturated, &[Kind::LossTooHigh]);
        // The target is among the inputs.
        let mut told = vec![0.0; batch.targets.len() * batch.classes];
        for (row, target) in batch.targets.iter().enumerate() {
            told[row * batch.classes + *target as usize] = 9.0;
        }
        let told = batch.logits.clone() + floats(told, batch.logits.dims());
        let findings = class_scores(told, ints(&batch.targets), &Meant::logits());
        // It is sure of what it was told.
        assert_found(&findings, Kind::LossTooLow, &[Kind::Saturated]);

        let [logits, targets] = labels(random, 32);
        let told = logits.clone() + (targets.clone() * 2 - 1) * 8;
        for (told, scaled, meant) in [
            (told.clone(), logits.clone() * 300, Meant::logits()),
            (
                log_sigmoid(told.clone()),
                log_sigmoid(logits.clone() * 300),
                Meant::log_probabilities(),
            ),
            (sigmoid(told), sigmoid(logits * 300), Meant::probabilities()),
        ] {
            let findings = label_scores(told, targets.clone(), &meant);
            assert_found(&findings, Kind::LossTooLow, &[]);
            let findings = label_scores(scaled, targets.clone(), &meant);
            assert_found(&findings, Kind::LossTooHigh, &[Kind::Saturated]);
            assert_found(&findings, Kind::Saturated, &[Kind::LossTooHigh]);
        }

        let [predictions, targets] = numbers(random, 16);
        let told = targets.clone() + predictions.clone() * 0.01;
        assert_found(
            &regression(told, targets.clone(), &Meant::numbers()),
            Kind::LossTooLow,
            &[],
        );
        let findings = regression(predictions * 1000, targets, &Meant::numbers());
        assert_found(&findings, Kind::LossTooHigh, &[]);
    });
}

#[test]
fn broken_and_equal_outputs_are_found() {
    each(|random| {
        let batch = Classes::of(random, 2);
        let targets = || ints(&batch.targets);
        let shape = batch.logits.dims();
        let mut scores: Vec<f64> = batch.logits.to_data().iter().collect();
        let at = random.below(scores.len());
        for broken in [f64::NAN, f64::INFINITY] {
            scores[at] = broken;
            let findings = class_scores(floats(scores.clone(), shape), targets(), &Meant::logits());
            assert_found(&findings, Kind::NotFinite, &[]);
            let place = format!("row {}, column {}", at / shape[1], at % shape[1]);
            assert_eq!(findings.iter().next().unwrap().place, place);
        }
        let equal = batch
            .logits
            .clone()
            .slice([0..1, 0..shape[1]])
            .repeat_dim(0, shape[0]);
        assert_found(
            &class_scores(equal, targets(), &Meant::logits()),
            Kind::SameOutputs,
            // One row of scores for all may suit the classes badly.
            &[Kind::LossTooHigh],
        );

        let [logits, targets] = labels(random, 2);
        let findings = label_scores(logits.ones_like(), targets.clone(), &Meant::logits());
        assert_found(&findings, Kind::SameOutputs, &[]);
        let [predictions, targets] = numbers(random, 2);
        let [rows, outputs] = predictions.dims();
        let equal = predictions.slice([0..1, 0..outputs]).repeat_dim(0, rows);
        let findings = regression(equal, targets, &Meant::numbers());
        assert_found(&findings, Kind::SameOutputs, &[]);
    });
}

/// With one of the numbers replaced, and its index.
fn broken(random: &mut Random, whole: &Tensor<B, 2>, by: f64) -> (Tensor<B, 2>, usize) {
    let mut numbers: Vec<f64> = whole.to_data().iter().collect();
    let at = random.below(numbers.len());
    numbers[at] = by;
    (floats(numbers, whole.dims()), at)
}

#[test]
fn numbers_that_are_not_finite_are_found() {
    let check = |findings: Findings, whose: &str, by: f64, (at, columns): (usize, usize)| {
        assert_found(&findings, Kind::NotFinite, &[]);
        let first = findings.iter().next().unwrap();
        let what = format!("1 of the {whose} are not finite, the first is {by}");
        let place = match columns {
            1 => format!("row {at}"),
            _ => format!("row {}, column {}", at / columns, at % columns),
        };
        assert_eq!((&first.what, &first.place), (&what, &place));
    };
    each(|random| {
        for by in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let [logits, targets] = labels(random, 1);
            let [_, columns] = targets.dims();
            let (bad, at) = broken(random, &targets, by);
            let findings = label_scores(logits.clone(), bad, &Meant::logits());
            check(findings, "targets", by, (at, columns));
            let never = by == f64::NEG_INFINITY;
            for (scores, meant, may_be) in [
                (logits.clone(), Meant::logits(), never),
                (
                    log_sigmoid(logits.clone()),
                    Meant::log_probabilities(),
                    never,
                ),
                (sigmoid(logits), Meant::probabilities(), false),
            ] {
                let (bad, at) = broken(random, &scores, by);
                let findings = label_scores(bad, targets.clone(), &meant);
                if !may_be {
                    check(findings, "scores", by, (at, columns));
                    continue;
                }
                // A label that is impossible has no finite loss where it is true.
                let truth: Vec<f64> = targets.to_data().iter().collect();
                assert_eq!(findings.has(Kind::NotFinite), truth[at] == 1.0);
                if truth[at] == 1.0 {
                    let place = &findings.iter().next().unwrap().place;
                    assert_eq!(*place, format!("row {}", at / columns));
                }
            }

            let [predictions, targets] = numbers(random, 1);
            let [_, columns] = targets.dims();
            let (bad, at) = broken(random, &targets, by);
            let findings = regression(predictions.clone(), bad, &Meant::numbers());
            check(findings, "targets", by, (at, columns));
            let (bad, at) = broken(random, &predictions, by);
            let findings = regression(bad, targets, &Meant::numbers());
            check(findings, "predictions", by, (at, columns));
        }
    });
}

#[test]
fn a_loss_that_is_no_number_is_found() {
    each(|random| {
        let batch = Classes::of(random, 1);
        for loss in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let given = |meant: Meant| meant.with_loss(loss);
            assert_found(&batch.look(&given(Meant::logits())), Kind::NotFinite, &[]);
            let [logits, targets] = labels(random, 1);
            let findings = label_scores(logits, targets, &given(Meant::logits()));
            assert_found(&findings, Kind::NotFinite, &[]);
            let [predictions, targets] = numbers(random, 1);
            let findings = regression(predictions, targets, &given(Meant::numbers()));
            assert_found(&findings, Kind::NotFinite, &[]);
        }
        // A row without a possible class, and one whose class is impossible.
        let [rows, classes] = batch.logits.dims();
        let row = random.below(rows);
        let target = batch.targets[row] as usize;
        for impossible in [0..classes, target..target + 1] {
            let mut numbers: Vec<f64> = batch.logits.to_data().iter().collect();
            numbers[row * classes + impossible.start..row * classes + impossible.end]
                .fill(f64::NEG_INFINITY);
            let scores = || floats(numbers.clone(), [rows, classes]);
            let findings = class_scores(scores(), ints(&batch.targets), &Meant::logits());
            // With one of two classes impossible, the model is sure of the other.
            assert_found(&findings, Kind::NotFinite, &[Kind::Saturated]);
            assert_eq!(findings.iter().next().unwrap().place, format!("row {row}"));
            // The loss does not see it.
            let mut targets = batch.targets.clone();
            targets[row] = -100;
            let meant = Meant::logits().with_ignore_index(Some(-100));
            let findings = class_scores(scores(), ints(&targets), &meant);
            assert!(!findings.has(Kind::NotFinite), "{findings}");
        }
    });
}

#[test]
fn rare_classes_and_labels_are_noted() {
    each(|random| {
        // One of each other class, and many of the first.
        let classes = 2 + random.below(4);
        let rows = 10 * classes + 10 + random.below(100);
        let targets: Vec<i64> = (0..rows)
            .map(|row| if row < classes { row as i64 } else { 0 })
            .collect();
        let logits = floats(random.normals(rows * classes, 0.5), [rows, classes]);
        let findings = class_scores(logits, ints(&targets), &Meant::logits());
        assert_found(&findings, Kind::Imbalance, &[]);
        assert_eq!(findings.worst(), Some(Severity::Note));
        assert_eq!(findings.class_counts[0], rows - classes + 1);
        assert_eq!(findings.class_counts[1..], vec![1; classes - 1]);

        let labels = 1 + random.below(8);
        let yes = |index: usize| f64::from(u8::from((index / labels).is_multiple_of(12)));
        let targets = floats((0..12 * labels * 3).map(yes).collect(), [36, labels]);
        let logits = floats(random.normals(36 * labels, 0.5), [36, labels]);
        let findings = label_scores(logits, targets, &Meant::logits());
        assert_found(&findings, Kind::Imbalance, &[]);
        assert_eq!(findings.balancing_weights, vec![11.0; labels]);
    });
}

#[test]
fn batches_of_nothing_and_of_other_shapes_are_found() {
    each(|random| {
        let zeros = |shape: [usize; 2]| floats(vec![0.0; shape[0] * shape[1]], shape);
        let [rows, columns] = [1 + random.below(50), 1 + random.below(50)];
        for shape in [[0, columns], [rows, 0], [0, 0]] {
            let targets = vec![0; shape[0]];
            for look in [
                class_scores(zeros(shape), ints(&targets), &Meant::logits()),
                label_scores(zeros(shape), zeros(shape), &Meant::logits()),
                regression(zeros(shape), zeros(shape), &Meant::numbers()),
            ] {
                assert_found(&look, Kind::Empty, &[]);
            }
        }
        let shape = [rows, columns];
        let more = [rows + 1 + random.below(9), columns];
        let wider = [rows, columns + 1 + random.below(9)];
        for look in [
            class_scores(zeros(shape), ints(&vec![0; more[0]]), &Meant::logits()),
            label_scores(zeros(shape), zeros(wider), &Meant::logits()),
            label_scores(zeros(more), zeros(shape), &Meant::logits()),
            regression(zeros(wider), zeros(shape), &Meant::numbers()),
        ] {
            assert_found(&look, Kind::Shape, &[]);
        }
    });
}

#[test]
fn targets_far_from_a_scale_of_one_are_found() {
    each(|random| {
        let [predictions, targets] = numbers(random, 4);
        for far in [targets.clone() * 1e4, targets.clone() * 1e-4, targets + 1e3] {
            let findings = regression(predictions.clone(), far, &Meant::numbers());
            assert_found(&findings, Kind::TargetScale, &[]);
        }
    });
}

#[test]
fn nothing_panics() {
    let zeros = |shape: [usize; 2]| floats(vec![0.0; shape[0] * shape[1]], shape);
    // Masked classes, a lone class, all of one kind of extreme.
    for extreme in [
        f64::NEG_INFINITY,
        f64::MAX,
        f64::MIN,
        f64::INFINITY,
        f64::NAN,
        1e300,
    ] {
        for shape in [[1, 1], [2, 3]] {
            let scores = || floats(vec![extreme; shape[0] * shape[1]], shape);
            let targets = vec![0; shape[0]];
            for meant in [
                Meant::logits(),
                Meant::log_probabilities(),
                Meant::probabilities(),
            ] {
                let _ = class_scores(scores(), ints(&targets), &meant).to_string();
                let _ = label_scores(scores(), scores(), &meant).to_string();
                let _ = label_scores(scores(), zeros(shape), &meant).to_string();
                let _ = regression(scores(), scores(), &meant).to_string();
            }
        }
    }
    let far = [i64::MIN, i64::MAX];
    assert_found(
        &class_scores(zeros([2, 3]), ints(&far), &Meant::logits()),
        Kind::WrongTarget,
        &[Kind::SameOutputs],
    );
}

#[test]
fn the_text_says_what_where_why_and_what_to_do() {
    let logits = floats(vec![0.5, 0.25, 0.25, 0.125, 0.75, 0.125], [2, 3]);
    let findings = class_scores(logits, ints(&[0, 1]), &Meant::logits().with_loss(0.9));
    assert_eq!(
        findings.to_string(),
        "First batch: 2 rows, 3 classes, loss 0.9000 (a model that knows nothing: 1.0986, the class counts alone: 0.6931)\n\
         error: every row of the scores is from 0 to 1 and sums to 1: they are probabilities\n    \
         The loss takes a softmax itself. Of one taken twice, the gradients are small and the loss cannot fall to 0.\n    \
         Give it the logits, without the softmax."
    );
    assert_eq!(findings.class_counts, [1, 1, 0]);
    let weights = [2.0 / 3.0, 2.0 / 3.0, 0.0];
    assert_eq!(findings.balancing_weights, weights);
    let kinds: Vec<_> = findings
        .into_vec()
        .iter()
        .map(|found: &Finding| found.kind)
        .collect();
    assert_eq!(kinds, [Kind::ProbabilitiesGiven]);
}

#[test]
fn the_summary_has_the_losses_of_what_knows_little() {
    // Of the first label a quarter is true, of the second a half.
    let targets = || floats(vec![1.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0], [4, 2]);
    let logits = floats(vec![0.5, -1.0, 0.0, 0.25, -0.5, 1.5, -2.0, 0.0], [4, 2]);
    // The same loss, whichever way the scores say it.
    for (scores, meant) in [
        (logits.clone(), Meant::logits()),
        (log_sigmoid(logits.clone()), Meant::log_probabilities()),
        (sigmoid(logits), Meant::probabilities()),
    ] {
        assert_eq!(
            label_scores(scores, targets(), &meant).summary,
            "4 rows, 2 labels, loss 0.4440 (a model that knows nothing: 0.6931, the labels' rates alone: 0.6277)"
        );
    }

    // The means 3 and 1, the variances 3.5 and 1.
    let targets = floats(vec![1.0, 0.0, 2.0, 0.0, 3.0, 2.0, 6.0, 2.0], [4, 2]);
    let predictions = floats(vec![1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 1.0], [4, 2]);
    assert_eq!(
        regression(predictions, targets, &Meant::numbers()).summary,
        "4 rows, 2 outputs, mean squared error 4.3750e0 (always saying the mean: 2.2500e0, always saying 0: 7.2500e0)"
    );
}

/// The numbers with another last one.
fn with_last(whole: &Tensor<B, 2>, last: f64) -> Tensor<B, 2> {
    let mut numbers: Vec<f64> = whole.to_data().iter().collect();
    *numbers.last_mut().unwrap() = last;
    floats(numbers, whole.dims())
}

/// The mean of what a row, or a number and its target, has.
fn mean(losses: impl Iterator<Item = f64>) -> f64 {
    let (count, sum) = losses.fold((0.0, 0.0), |(count, sum), loss| (count + 1.0, sum + loss));
    sum / count
}

/// The cross entropy of the rows that have a class, in the plainest way.
fn cross_entropy(logits: &Tensor<B, 2>, targets: &[i64]) -> f64 {
    let numbers: Vec<f64> = logits.to_data().iter().collect();
    let rows = numbers.chunks_exact(logits.dims()[1]).zip(targets);
    mean(
        rows.filter(|(_, target)| **target >= 0)
            .map(|(row, target)| {
                row.iter().map(|x| x.exp()).sum::<f64>().ln() - row[*target as usize]
            }),
    )
}

/// The mean over all numbers and their targets.
fn mean_of_pairs(numbers: &Tensor<B, 2>, targets: &Tensor<B, 2>, loss: fn(f64, f64) -> f64) -> f64 {
    let (numbers, targets) = (numbers.to_data(), targets.to_data());
    mean(numbers.iter().zip(targets.iter()).map(|(x, y)| loss(x, y)))
}

#[track_caller]
fn assert_says(findings: &Findings, loss: String) {
    assert!(findings.summary.contains(&loss), "no {loss} in: {findings}");
}

/// Batches of one row, of two, and of so many that they are read in two blocks.
fn of_few_and_many_rows(look: impl Fn(&mut Random, usize)) {
    for rows in [1, 2, 600] {
        look(&mut Random(rows as u64), rows);
    }
}

const COLUMNS: usize = 1000;

#[test]
fn what_only_the_last_row_has_is_found() {
    of_few_and_many_rows(|random, rows| {
        let shape = [rows, COLUMNS];
        let scores = floats(random.normals(rows * COLUMNS, 0.5), shape);
        let labels = scores.clone().greater_elem(0.3).float();
        let mut classes: Vec<i64> = (0..rows as i64).collect();
        let of_classes =
            |scores, classes: &[i64]| class_scores(scores, ints(classes), &Meant::logits());
        let of_labels = |scores, labels| label_scores(scores, labels, &Meant::logits());
        let of_numbers = |scores, targets| regression(scores, targets, &Meant::numbers());
        let broken = || with_last(&scores, f64::NAN);
        for findings in [
            of_classes(broken(), &classes),
            of_labels(broken(), labels.clone()),
            of_labels(scores.clone(), broken()),
            of_numbers(broken(), scores.clone()),
            of_numbers(scores.clone(), broken()),
        ] {
            assert_found(&findings, Kind::NotFinite, &[]);
            let first = findings.iter().next().unwrap();
            assert_eq!(first.place, format!("row {}, column 999", rows - 1));
        }
        let findings = of_labels(scores.clone(), with_last(&labels, 2.0));
        let first = findings.iter().next().unwrap();
        let place = format!("row {}, column 999", rows - 1);
        assert_eq!((first.kind, &first.place), (Kind::WrongTarget, &place));
        *classes.last_mut().unwrap() = 5000;
        let findings = of_classes(scores.clone(), &classes);
        let first = findings.iter().next().unwrap();
        let place = format!("row {}", rows - 1);
        assert_eq!((first.kind, &first.place), (Kind::WrongTarget, &place));

        // All rows are equal, or all but the last; one alone is like no other.
        *classes.last_mut().unwrap() = 0;
        let equal = scores.slice([0..1, 0..COLUMNS]).repeat_dim(0, rows);
        for (scores, same) in [(equal.clone(), rows > 1), (with_last(&equal, 0.125), false)] {
            for findings in [
                of_classes(scores.clone(), &classes),
                of_labels(scores.clone(), labels.clone()),
                of_numbers(scores, labels.clone()),
            ] {
                assert_eq!(findings.has(Kind::SameOutputs), same, "{findings}");
            }
        }
    });
}

/// Until the last row, the scores may be what they turn out not to be.
#[test]
fn the_losses_are_those_of_what_the_last_row_shows() {
    of_few_and_many_rows(|random, rows| {
        let logits = floats(random.normals(rows * COLUMNS, 0.5), [rows, COLUMNS]);
        let targets: Vec<i64> = (0..rows).map(|_| random.below(COLUMNS) as i64).collect();
        let of_classes =
            |scores: &Tensor<B, 2>, meant| class_scores(scores.clone(), ints(&targets), &meant);
        let expected = format!("loss {:.4} ", cross_entropy(&logits, &targets));
        let probabilities = softmax(logits.clone(), 1);
        let logs = log_softmax(logits.clone(), 1);
        for (scores, meant) in [
            (&logits, Meant::logits()),
            (&logs, Meant::log_probabilities()),
            (&probabilities, Meant::probabilities()),
        ] {
            let findings = of_classes(scores, meant);
            assert_eq!(findings.worst(), None, "{findings}");
            assert_says(&findings, expected.clone());
        }
        for scores in [with_last(&probabilities, 3.0), with_last(&logs, 3.0)] {
            let expected = format!("loss {:.4} ", cross_entropy(&scores, &targets));
            for (meant, wrong) in [
                (Meant::logits(), false),
                (Meant::log_probabilities(), true),
                (Meant::probabilities(), true),
            ] {
                let findings = of_classes(&scores, meant);
                assert_eq!(findings.has(Kind::LogitsGiven), wrong, "{findings}");
                assert!(!findings.has(Kind::ProbabilitiesGiven), "{findings}");
                assert_says(&findings, expected.clone());
            }
        }

        let labels = logits.clone().greater_elem(0.3).float();
        let of_labels =
            |scores: &Tensor<B, 2>, meant| label_scores(scores.clone(), labels.clone(), &meant);
        let bce = |logit: f64, label| logit.exp().ln_1p() - label * logit;
        let expected = format!("loss {:.4} ", mean_of_pairs(&logits, &labels, bce));
        let probabilities = sigmoid(logits.clone());
        let logs = log_sigmoid(logits.clone());
        for (scores, meant) in [
            (&logits, Meant::logits()),
            (&logs, Meant::log_probabilities()),
            (&probabilities, Meant::probabilities()),
        ] {
            assert_says(&of_labels(scores, meant), expected.clone());
        }
        for scores in [with_last(&probabilities, 3.0), with_last(&logs, 3.0)] {
            let expected = format!("loss {:.4} ", mean_of_pairs(&scores, &labels, bce));
            for meant in [Meant::log_probabilities(), Meant::probabilities()] {
                let findings = of_labels(&scores, meant);
                assert!(findings.has(Kind::LogitsGiven), "{findings}");
                assert_says(&findings, expected.clone());
            }
        }

        let far = with_last(&logits, 1e4);
        let error = mean_of_pairs(&far, &labels, |x, y| (x - y).powi(2));
        let findings = regression(far, labels, &Meant::numbers());
        assert_says(&findings, format!("mean squared error {error:.4e} "));
    });
}

/// Rows that do not count have no loss, but tell of the scores' kind as others do.
#[test]
fn ignored_rows_are_seen_but_have_no_loss() {
    of_few_and_many_rows(|random, rows| {
        let logits = floats(random.normals(rows * COLUMNS, 0.5), [rows, COLUMNS]);
        let mut targets: Vec<i64> = (0..rows as i64).collect();
        targets[0] = -1;
        targets[rows - 1] = -1;
        let look = |scores: &Tensor<B, 2>, meant: Meant| {
            let meant = meant.with_ignore_index(Some(-1));
            class_scores(scores.clone(), ints(&targets), &meant)
        };
        let findings = look(&logits, Meant::logits());
        assert!(findings.has(Kind::Ignored), "{findings}");
        assert_eq!(
            findings.class_counts.iter().sum::<usize>(),
            rows.saturating_sub(2)
        );
        // Where no row counts, there is no loss.
        match rows > 2 {
            true => {
                let expected = cross_entropy(&logits, &targets);
                assert_says(&findings, format!("loss {expected:.4} "));
            }
            false => assert!(!findings.summary.contains("loss"), "{findings}"),
        }
        for probabilities in [true, false] {
            let (scores, meant, kind) = match probabilities {
                true => (
                    softmax(logits.clone(), 1),
                    Meant::logits(),
                    Kind::ProbabilitiesGiven,
                ),
                false => {
                    let logs = log_softmax(logits.clone(), 1);
                    (logs, Meant::probabilities(), Kind::LogProbabilitiesGiven)
                }
            };
            assert!(look(&scores, meant.clone()).has(kind));
            assert!(!look(&with_last(&scores, 0.5), meant).has(kind));
        }
    });
}
