//! One line an epoch, for output that is not a terminal: Burn's renderer for that case prints a line a batch, without
//! the metrics.

use std::collections::HashMap;
use std::time::Instant;

use burn::train::metric::{MetricDefinition, MetricId, NumericEntry};
use burn::train::renderer::{
    EvaluationName, EvaluationProgress, MetricState, MetricsRenderer, MetricsRendererEvaluation,
    MetricsRendererTraining, ProgressType, TrainingProgress,
};

/// Prints the epoch's means of all numeric metrics when its validation is done.
pub struct PlainRenderer {
    names: HashMap<MetricId, String>,
    train: Means,
    valid: Means,
    start: Instant,
}

impl Default for PlainRenderer {
    fn default() -> Self {
        PlainRenderer {
            names: HashMap::new(),
            train: Means::default(),
            valid: Means::default(),
            start: Instant::now(),
        }
    }
}

/// The running mean of each metric, in the order in which the metrics came.
#[derive(Default)]
struct Means(Vec<(MetricId, Mean)>);

#[derive(Default)]
struct Mean {
    sum: f64,
    count: usize,
}

impl Means {
    fn update(&mut self, state: MetricState) {
        let MetricState::Numeric(entry, _) = state else {
            return;
        };
        // What is logged, and not what is plotted: its mean is the epoch's value, in Burn's own summary, too.
        let Ok(value) = NumericEntry::deserialize(&entry.serialized_entry.serialized) else {
            return;
        };
        let index = self
            .0
            .iter()
            .position(|(id, _)| *id == entry.metric_id)
            .unwrap_or_else(|| {
                self.0.push((entry.metric_id, Mean::default()));
                self.0.len() - 1
            });
        let count = match value {
            NumericEntry::Value(_) => 1,
            NumericEntry::Aggregated { count, .. } => count,
        };
        let mean = &mut self.0[index].1;
        mean.sum += value.current() * count as f64;
        mean.count += count;
    }

    fn line(&self, names: &HashMap<MetricId, String>) -> String {
        let value = |(id, mean): &(MetricId, Mean)| {
            let name = names.get(id).map_or("?", String::as_str);
            format!("{name} {:.4}", mean.sum / mean.count as f64)
        };
        self.0.iter().map(value).collect::<Vec<_>>().join(", ")
    }
}

impl PlainRenderer {
    fn end_epoch(&mut self, epoch: usize, epochs: usize) {
        let seconds = self.start.elapsed().as_secs_f64();
        println!("epoch {epoch}/{epochs}, {seconds:.1} s");
        println!("  train: {}", self.train.line(&self.names));
        println!("  valid: {}", self.valid.line(&self.names));
        self.train = Means::default();
        self.valid = Means::default();
    }
}

impl MetricsRendererTraining for PlainRenderer {
    fn update_train(&mut self, state: MetricState) {
        self.train.update(state);
    }

    fn update_valid(&mut self, state: MetricState) {
        self.valid.update(state);
    }

    fn render_train(&mut self, _item: TrainingProgress, _indicators: Vec<ProgressType>) {}

    fn render_valid(&mut self, item: TrainingProgress, _indicators: Vec<ProgressType>) {
        let done = item
            .progress
            .is_some_and(|batch| batch.items_processed == batch.items_total);
        if done {
            self.end_epoch(
                item.global_progress.items_processed,
                item.global_progress.items_total,
            );
        }
    }
}

impl MetricsRendererEvaluation for PlainRenderer {
    fn update_test(&mut self, _name: EvaluationName, _state: MetricState) {}

    fn render_test(&mut self, _item: EvaluationProgress, _indicators: Vec<ProgressType>) {}
}

impl MetricsRenderer for PlainRenderer {
    fn manual_close(&mut self) {}

    fn register_metric(&mut self, definition: MetricDefinition) {
        self.names.insert(definition.metric_id, definition.name);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use burn::train::metric::{MetricEntry, SerializedEntry};

    use super::*;

    #[test]
    fn the_line_has_the_means_of_what_is_logged() {
        let id = MetricId::new(Arc::new("ROC-AUC".to_owned()));
        let mut means = Means::default();
        // Undefined at first, then 1 so far, then 0.5: the last two entries are what they added.
        for (plotted, logged) in [(f64::NAN, "0,0"), (1.0, "1,4"), (0.5, "0,4")] {
            let entry = SerializedEntry::new(String::new(), logged.to_owned());
            let entry = MetricEntry::new(id.clone(), entry);
            means.update(MetricState::Numeric(entry, NumericEntry::Value(plotted)));
        }
        let names = HashMap::from([(id, "ROC-AUC".to_owned())]);
        assert_eq!(means.line(&names), "ROC-AUC 0.5000");
    }
}
