//! What metrics allocate on outputs of many classes.

use burn::data::dataloader::Progress;
use burn::tensor::{Distribution, Int, Tensor};
use burn::train::metric::{Metric, MetricMetadata, Numeric};
use burn_loss::LossBackend;
use burn_loss_metrics::first_batch::{self, Findings, Meant};
use burn_loss_metrics::*;

use crate::MEMORY;

/// Those of a language model: 196 MiB of f32.
const SHAPE: [usize; 2] = [1024, 50_257];
/// As many numbers, of fewer classes: a confusion matrix of 50,257 there is not.
const FEWER_CLASSES: [usize; 2] = [51_463, 1000];
/// Of what the outputs take.
const MOST: f64 = 0.1;

/// What a metric allocates at most, in parts of what the outputs take.
fn check<T>(name: &str, metric: impl FnOnce() -> T) -> T {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let value = metric();
    let peak = MEMORY.peak_usage() - before;
    let part = peak as f64 / (SHAPE.iter().product::<usize>() * size_of::<f32>()) as f64;
    assert!(part < MOST, "{name}: {part} of the outputs");
    value
}

fn value<M: Metric + Numeric>(mut metric: M, batch: M::Input) -> f64 {
    let progress = Progress {
        items_processed: 1,
        items_total: 1,
    };
    let metadata = MetricMetadata {
        global_progress: progress.clone(),
        progress,
        iteration: None,
        lr: None,
    };
    metric.update(&batch, &metadata);
    metric.running_value().current()
}

fn random<B: LossBackend>(shape: [usize; 2]) -> (Tensor<B, 2>, Tensor<B, 1, Int>) {
    let device = B::Device::default();
    let outputs = Tensor::random(shape, Distribution::Default, &device);
    let [rows, classes] = shape.map(|side| side as i64);
    let targets = Tensor::arange(0..rows, &device) % classes;
    (outputs, targets)
}

/// Metrics of classes, of tokens and of real numbers, and the functions.
pub fn of_many_outputs<B: LossBackend>(name: &str) {
    let (outputs, targets) = random::<B>(SHAPE);
    let outputs = &outputs;
    let targets = &targets;
    let batch = || ClassificationBatch::of_classes(outputs.clone(), targets.clone());
    macro_rules! metrics {
        ($($metric:ident)+) => {
            $(for model_output in [ModelOutput::Logits, ModelOutput::Probabilities] {
                let metric = $metric::new().with_model_output(model_output);
                let what = format!("{name}, {} {model_output:?}", stringify!($metric));
                let value = check(&what, || value(metric, batch()));
                assert!(!value.is_nan(), "{what}");
            })+
        };
    }
    metrics!(LogLossMetric BrierScoreMetric ExpectedCalibrationErrorMetric);
    // They keep more scores than they may.
    let what = format!("{name}, RocAucMetric");
    assert!(check(&what, || value(RocAucMetric::new(), batch())).is_nan());

    let tokens = || TokenBatch::of_logits(outputs.clone(), targets.clone(), None);
    let what = format!("{name}, TokenBatch");
    let accuracy = check(&what, || value(TokenAccuracyMetric::new(), tokens()));
    assert!(!accuracy.is_nan());

    let errors = || RegressionBatch::new(outputs.clone(), outputs.clone());
    let what = format!("{name}, MeanAbsoluteErrorMetric");
    let error = check(&what, || value(MeanAbsoluteErrorMetric::new(), errors()));
    assert_eq!(error, 0.0);

    let probabilities = || outputs.clone();
    let targets = || targets.clone();
    let what = |function| format!("{name}, {function}");
    check(&what("log_loss_multiclass"), || {
        log_loss_multiclass(probabilities(), targets())
    });
    check(&what("brier_score_multiclass"), || {
        brier_score_multiclass(probabilities(), targets())
    });
    check(&what("reliability_multiclass"), || {
        reliability_multiclass(probabilities(), targets(), Bins::EqualMass(10))
    });
    check(&what("roc_auc_multiclass"), || {
        roc_auc_multiclass(probabilities(), targets(), Average::Weighted)
    });
}

/// The first batch is read a few rows at a time: no copy of it is made, of classes, of labels and of numbers.
pub fn of_a_first_batch<B: LossBackend>(name: &str) {
    let (outputs, targets) = random::<B>(SHAPE);
    let again = Tensor::random(SHAPE, Distribution::Default, &outputs.device());
    let labels = again.clone().greater_equal_elem(0.5).float();
    let look = |function: &str, first_batch: &dyn Fn() -> Findings| {
        let what = format!("{name}, first_batch::{function}");
        let said = check(&what, first_batch).to_string();
        assert!(said.contains("1024 rows"), "{what}: {said}");
    };
    look("class_scores", &|| {
        first_batch::class_scores(outputs.clone(), targets.clone(), &Meant::logits())
    });
    look("label_scores", &|| {
        first_batch::label_scores(outputs.clone(), labels.clone(), &Meant::logits())
    });
    look("regression", &|| {
        first_batch::regression(outputs.clone(), again.clone(), &Meant::numbers())
    });
}

/// Metrics of decisions.
pub fn of_many_rows<B: LossBackend>(name: &str) {
    let (outputs, targets) = random::<B>(FEWER_CLASSES);
    let batch = || ClassificationBatch::of_classes(outputs.clone(), targets.clone());
    let what = format!("{name}, BalancedAccuracyMetric");
    let accuracy = check(&what, || value(BalancedAccuracyMetric::new(), batch()));
    assert!(!accuracy.is_nan());
}
