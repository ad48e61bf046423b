//! The metrics in Burn's own training loop: what its summary says of an epoch is what the plain function says of all of
//! the epoch's examples.

mod support;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use burn::backend::{Autodiff, NdArray};
use burn::data::dataloader::batcher::Batcher;
use burn::data::dataloader::{DataLoader, DataLoaderBuilder};
use burn::data::dataset::{Dataset, InMemDataset};
use burn::module::AutodiffModule;
use burn::nn::{Linear, LinearConfig};
use burn::optim::SgdConfig;
use burn::prelude::*;
use burn::tensor::activation::{sigmoid, softmax};
use burn::train::metric::MetricDefinition;
use burn::train::renderer::{
    EvaluationName, EvaluationProgress, MetricState, MetricsRenderer, MetricsRendererEvaluation,
    MetricsRendererTraining, ProgressType, TrainingProgress,
};
use burn::train::{
    ClassificationOutput, EvaluatorBuilder, InferenceStep, Learner, LearnerSummary,
    MultiLabelClassificationOutput, RegressionOutput, SupervisedTraining, TrainOutput, TrainStep,
};
use burn_loss::{BceWithLogitsLossConfig, CrossEntropyLossConfig, MseLossConfig};
use burn_loss_metrics::*;
use support::{logged, logger};

type Cpu = Autodiff<NdArray>;

const EPOCHS: usize = 2;
const FEATURES: usize = 2;
const OUTPUTS: usize = 3;
/// The last batch has 2 of the 50 examples: a mean of the batches' values would be another number.
const EXAMPLES: usize = 50;
const BATCH: usize = 16;

/// Two features, of which the class, the labels and the numbers follow with some noise.
type Example = [f32; FEATURES];

fn examples(seed: usize) -> Vec<Example> {
    let number = |i: usize| ((i * 7919 + seed * 104_729) % 2003) as f32 / 1001.5 - 1.0;
    (0..EXAMPLES)
        .map(|i| [number(2 * i), number(2 * i + 1)])
        .collect()
}

fn class([x, y]: &Example) -> i64 {
    i64::from(x + 0.3 * (9.0 * y).sin() > 0.2) + i64::from(*y > 0.6)
}

#[derive(Clone, Debug)]
struct Examples<B: Backend> {
    features: Tensor<B, 2>,
    classes: Tensor<B, 1, Int>,
    labels: Tensor<B, 2, Int>,
    numbers: Tensor<B, 2>,
}

#[derive(Clone)]
struct ToTensors;

impl<B: Backend> Batcher<B, Example, Examples<B>> for ToTensors {
    fn batch(&self, items: Vec<Example>, device: &B::Device) -> Examples<B> {
        let classes: Vec<i64> = items.iter().map(class).collect();
        let count = items.len();
        let features: Vec<f32> = items.into_iter().flatten().collect();
        let features =
            Tensor::<B, 1>::from_floats(features.as_slice(), device).reshape([count, FEATURES]);
        let sum = features.clone().sum_dim(1);
        let numbers = Tensor::cat(vec![features.clone(), (sum * 4.0).sin()], 1);
        Examples {
            features,
            classes: Tensor::from_ints(classes.as_slice(), device),
            labels: numbers.clone().greater_elem(0.3).int(),
            numbers,
        }
    }
}

/// A linear model for each kind of Burn's outputs.
macro_rules! linear_model {
    ($name:ident, $output:ident, |$logits:ident, $batch:ident| $loss:expr, $targets:ident) => {
        #[derive(Module, Debug)]
        struct $name<B: Backend> {
            linear: Linear<B>,
        }

        impl<B: burn_loss::LossBackend> $name<B> {
            fn output(&self, $batch: Examples<B>) -> $output<B> {
                let $logits = self.linear.forward($batch.features.clone()) * 4.0;
                $output::new($loss, $logits.clone(), $batch.$targets.clone())
            }
        }

        impl TrainStep for $name<Cpu> {
            type Input = Examples<Cpu>;
            type Output = $output<Cpu>;

            fn step(&self, batch: Examples<Cpu>) -> TrainOutput<$output<Cpu>> {
                let output = self.output(batch);
                TrainOutput::new(self, output.loss.backward(), output)
            }
        }

        impl InferenceStep for $name<NdArray> {
            type Input = Examples<NdArray>;
            type Output = $output<NdArray>;

            fn step(&self, batch: Examples<NdArray>) -> $output<NdArray> {
                self.output(batch)
            }
        }
    };
}

linear_model!(
    Classifier,
    ClassificationOutput,
    |logits, batch| CrossEntropyLossConfig::new()
        .init(&logits.device())
        .forward(logits.clone(), batch.classes.clone()),
    classes
);
linear_model!(
    Labeller,
    MultiLabelClassificationOutput,
    |logits, batch| BceWithLogitsLossConfig::new()
        .init(&logits.device())
        .forward(logits.clone(), batch.labels.clone().float()),
    labels
);
linear_model!(
    Regressor,
    RegressionOutput,
    |logits, batch| MseLossConfig::new()
        .init()
        .forward(logits.clone(), batch.numbers.clone()),
    numbers
);

fn linear() -> Linear<Cpu> {
    let device = Default::default();
    Cpu::seed(&device, 7);
    LinearConfig::new(FEATURES, OUTPUTS).init(&device)
}

fn loader<B: Backend>(seed: usize) -> std::sync::Arc<dyn DataLoader<B, Examples<B>>> {
    DataLoaderBuilder::new(ToTensors)
        .batch_size(BATCH)
        .shuffle(3)
        .build(InMemDataset::new(examples(seed)))
}

fn validation() -> Examples<NdArray> {
    ToTensors.batch(examples(2), &Default::default())
}

/// Trains a model with metrics; gives the trained one.
macro_rules! train {
    ($folder:expr, $model:expr, $metrics:expr $(, text: $text:expr)?) => {{
        let training = SupervisedTraining::new($folder, loader::<Cpu>(1), loader::<NdArray>(2))
            .metrics((MeanLossMetric::new(),))
            .metrics($metrics)
            $(.metrics_text($text))?
            .with_application_logger(None)
            .renderer(Silent)
            .num_epochs(EPOCHS);
        training.launch(Learner::new($model, SgdConfig::new().init(), 0.1)).model
    }};
}

/// A folder that is not there yet.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    folder
}

/// What Burn's own summary says of the last validation epoch. It may read before the last entries are written.
fn assert_summary(folder: &Path, expected: &[(&str, f64)]) {
    let deadline = Instant::now() + Duration::from_secs(20);
    for &(name, expected) in expected {
        loop {
            let summary = LearnerSummary::new(folder, &[name]).expect("the training has logged");
            let epochs = summary.metrics.valid.first().map(|metric| &metric.entries);
            let found = epochs.and_then(|epochs| epochs.iter().find(|entry| entry.step == EPOCHS));
            let value = found.map_or(f64::NAN, |entry| entry.value);
            if (value - expected).abs() < 1e-5 {
                break;
            }
            assert!(
                Instant::now() < deadline,
                "{name}: {value} instead of {expected}"
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

#[test]
fn classes() {
    let folder = folder("classes");
    let model = Classifier { linear: linear() };
    let metrics = (
        RocAucMetric::new(),
        AveragePrecisionMetric::new().with_average(Average::Weighted),
        ExpectedCalibrationErrorMetric::new(),
        MaximumCalibrationErrorMetric::new().with_bins(Bins::EqualMass(5)),
        LogLossMetric::new(),
        MatthewsMetric::new(),
    );
    let text = (
        ConfusionMatrixMetric::new(),
        ClassificationReportMetric::new(),
    );
    let model: Classifier<NdArray> = train!(&folder, model, metrics, text: text);

    let batch = validation();
    let targets = || batch.classes.clone();
    let loss = f64::from(model.output(batch.clone()).loss.into_scalar());
    let logits = model.output(batch.clone()).output;
    let probabilities = || softmax(logits.clone(), 1);
    let decided = || logits.clone().argmax(1).squeeze_dim(1);
    assert_summary(
        &folder,
        &[
            ("Loss", loss),
            (
                "ROC-AUC",
                roc_auc_multiclass(probabilities(), targets(), Average::Macro),
            ),
            (
                "Average precision (weighted)",
                average_precision_multiclass(probabilities(), targets(), Average::Weighted),
            ),
            (
                "ECE",
                expected_calibration_error_multiclass(probabilities(), targets(), Bins::default()),
            ),
            (
                "MCE (5 equal-mass bins)",
                maximum_calibration_error_multiclass(
                    probabilities(),
                    targets(),
                    Bins::EqualMass(5),
                ),
            ),
            ("Log loss", log_loss_multiclass(probabilities(), targets())),
            ("MCC", matthews_corrcoef(decided(), targets(), OUTPUTS)),
        ],
    );
    let last_line = |name: &str| {
        let log = folder.join(format!("valid/epoch-{EPOCHS}/{name}.log"));
        let text = std::fs::read_to_string(log).expect("it is logged");
        text.lines().last().expect("it has lines").to_string()
    };
    let matrix: ConfusionMatrix = serde_json::from_str(&last_line("Confusion_matrix")).unwrap();
    assert_eq!(matrix, confusion_matrix(decided(), targets(), OUTPUTS));
    let report: ClassificationReport =
        serde_json::from_str(&last_line("Classification_report")).unwrap();
    assert_eq!(report.to_string(), matrix.report().to_string());
}

#[test]
fn labels() {
    let folder = folder("labels");
    let model = Labeller { linear: linear() };
    let metrics = (
        RocAucMetric::new(),
        AveragePrecisionMetric::new(),
        BrierScoreMetric::new(),
        CohenKappaMetric::new(),
    );
    let model: Labeller<NdArray> = train!(&folder, model, metrics);

    let batch = validation();
    let targets = || batch.labels.clone();
    let loss = f64::from(model.output(batch.clone()).loss.into_scalar());
    let probabilities = sigmoid(model.output(batch.clone()).output);
    let flat = |labels: Tensor<NdArray, 2, Int>| labels.reshape([-1]);
    let kappa = |label: usize| {
        let decided = probabilities.clone().greater_equal_elem(0.5).int();
        let one = |labels: Tensor<NdArray, 2, Int>| flat(labels.narrow(1, label, 1));
        cohen_kappa(one(decided), one(targets()), 2, KappaWeights::None)
    };
    assert_summary(
        &folder,
        &[
            ("Loss", loss),
            (
                "ROC-AUC",
                roc_auc_multilabel(probabilities.clone(), targets(), Average::Macro),
            ),
            (
                "Average precision",
                average_precision_multilabel(probabilities.clone(), targets(), Average::Macro),
            ),
            (
                "Brier score",
                brier_score(probabilities.clone().reshape([-1]), flat(targets())),
            ),
            (
                "Cohen kappa",
                (0..OUTPUTS).map(kappa).sum::<f64>() / OUTPUTS as f64,
            ),
        ],
    );
}

#[test]
fn numbers() {
    let folder = folder("numbers");
    let model = Regressor { linear: linear() };
    let metrics = (
        MeanAbsoluteErrorMetric::new(),
        RootMeanSquaredErrorMetric::new(),
        MedianAbsoluteErrorMetric::new(),
        R2Metric::new(),
        ExplainedVarianceMetric::new(),
    );
    let model: Regressor<NdArray> = train!(&folder, model, metrics);

    let batch = validation();
    let predictions = || model.output(batch.clone()).output;
    let targets = || batch.numbers.clone();
    let loss = f64::from(model.output(batch.clone()).loss.into_scalar());
    assert_summary(
        &folder,
        &[
            ("Loss", loss),
            ("MAE", mean_absolute_error(predictions(), targets())),
            ("RMSE", root_mean_squared_error(predictions(), targets())),
            (
                "Median absolute error",
                median_absolute_error(predictions(), targets()),
            ),
            ("R2", r2_score(predictions(), targets())),
            (
                "Explained variance",
                explained_variance_score(predictions(), targets()),
            ),
        ],
    );
}

/// Says that it has more than it has.
struct Short(InMemDataset<Example>);

impl Dataset<Example> for Short {
    fn get(&self, index: usize) -> Option<Example> {
        self.0.get(index)
    }

    fn len(&self) -> usize {
        self.0.len() + 1
    }
}

#[test]
fn an_evaluation_cut_short_is_told() {
    logger();
    let folder = folder("evaluation");
    let model = Classifier { linear: linear() }.valid();
    let loader = DataLoaderBuilder::new(ToTensors)
        .batch_size(BATCH)
        .build(Short(InMemDataset::new(examples(2))));
    EvaluatorBuilder::new(&folder)
        .metrics((LogLossMetric::new(),))
        .metrics_text((ConfusionMatrixMetric::new(),))
        .renderer(Box::new(Silent))
        .build(model)
        .eval("test", loader);
    assert!(logged("Confusion matrix: the epoch's table was not logged"));
    assert!(
        !logged("Log loss"),
        "of all examples, whatever `len()` says"
    );
}

/// Shows nothing: Burn's own renderers write to the terminal.
struct Silent;

impl MetricsRendererTraining for Silent {
    fn update_train(&mut self, _state: MetricState) {}

    fn update_valid(&mut self, _state: MetricState) {}

    fn render_train(&mut self, _item: TrainingProgress, _indicators: Vec<ProgressType>) {}

    fn render_valid(&mut self, _item: TrainingProgress, _indicators: Vec<ProgressType>) {}
}

impl MetricsRendererEvaluation for Silent {
    fn update_test(&mut self, _name: EvaluationName, _state: MetricState) {}

    fn render_test(&mut self, _item: EvaluationProgress, _indicators: Vec<ProgressType>) {}
}

impl MetricsRenderer for Silent {
    fn manual_close(&mut self) {}

    fn register_metric(&mut self, _definition: MetricDefinition) {}
}
