//! The mean loss of the same sentences, computed in three ways.

use burn::prelude::*;
use burn_loss::{CrossEntropyLossConfig, LossBackend, Reduction};
use burn_loss_plots::{Lines, Picture};
use example_support::{Result, Table};

use crate::batch::{Batch, PADDING};
use crate::model::LanguageModel;
use crate::text::{LENGTHS, Sentence};

/// Three means, and what they are divided by.
pub struct Means {
    /// The loss of the padded batch, as `CrossEntropyLoss` with an `ignore_index` gives it.
    pub padded: f64,
    /// The mean over all tokens of the sentences one by one, which need no padding.
    pub alone: f64,
    /// The sum over the padded batch, divided by all its rows.
    pub all_rows: f64,
    /// The tokens to predict.
    pub tokens: usize,
    /// The tokens and the padding.
    pub rows: usize,
}

impl Means {
    /// Computes them for sentences padded to at least `length` positions.
    pub fn of<B: LossBackend>(
        model: &LanguageModel<B>,
        sentences: &[Sentence],
        length: usize,
        device: &B::Device,
    ) -> Self {
        let config = CrossEntropyLossConfig::new().with_ignore_index(Some(PADDING));
        let mean = config.init::<B>(device);
        let sum = config.with_reduction(Reduction::Sum).init::<B>(device);

        let slices = sentences.iter().map(Vec::as_slice);
        let (logits, targets) = model.rows(Batch::pad(slices.clone(), length, device));
        let rows = targets.dims()[0];
        let tokens = sentences.iter().map(|sentence| sentence.len() + 1).sum();
        let padded_sum = number(sum.forward(logits.clone(), targets.clone()));
        let one_by_one = slices.map(|sentence| {
            let (logits, targets) = model.rows(Batch::pad(std::iter::once(sentence), 0, device));
            number(sum.forward(logits, targets))
        });
        Means {
            padded: number(mean.forward(logits, targets)),
            alone: one_by_one.sum::<f64>() / tokens as f64,
            all_rows: padded_sum / rows as f64,
            tokens,
            rows,
        }
    }

    /// The means and the perplexities that they stand for.
    pub fn table(&self) -> Table {
        let mut table = Table::new(["the test sentences", "divided by", "loss", "perplexity"]);
        for (name, count, loss) in [
            ("padded, `ignore_index`", self.tokens, self.padded),
            ("one by one, no padding", self.tokens, self.alone),
            ("padded, over all rows", self.rows, self.all_rows),
        ] {
            let perplexity = format!("{:.3}", loss.exp());
            table.row(name, [count.to_string(), format!("{loss:.5}"), perplexity]);
        }
        table
    }
}

fn number<B: Backend>(tensor: Tensor<B, 1>) -> f64 {
    tensor.into_scalar().elem()
}

/// The means against the length to which the same sentences are padded.
pub fn picture<B: LossBackend>(
    model: &LanguageModel<B>,
    sentences: &[Sentence],
    device: &B::Device,
) -> Result<Picture> {
    // A part of the sentences is enough to see it.
    let sentences = &sentences[..sentences.len().min(32)];
    let longest = LENGTHS.end() + 1;
    let lengths = [2, 3, 4, 5, 6].map(|halves| longest * halves / 2);
    let means = lengths.map(|length| Means::of(model, sentences, length, device));
    let lengths = lengths.map(|length| length as f64);
    let series = |of: fn(&Means) -> f64| means.iter().map(of).collect::<Vec<_>>();

    let padded = series(|means| means.padded);
    let all_rows = series(|means| means.all_rows);
    let alone = series(|means| means.alone);
    let picture = Lines::new("One batch, padded further and further")
        .x_label("positions a sentence, with padding")
        .y_label("mean loss")
        .y_range(0.0, 1.2 * means[0].alone)
        .reference("the sentences one by one", &lengths, &alone)
        .points("divided by the tokens", &lengths, &padded)
        .points("divided by all rows", &lengths, &all_rows)
        .draw()?;
    Ok(picture)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::LanguageModelConfig;
    use burn::optim::GradientsParams;
    use example_support::backend::NdArray;

    fn sentences() -> [Sentence; 3] {
        [vec![1, 2, 3, 4, 5, 6], vec![7, 1], vec![2, 7, 4]]
    }

    fn model() -> LanguageModel<NdArray> {
        let device = Default::default();
        NdArray::seed(&device, 7);
        LanguageModelConfig::new(8).init(&device)
    }

    #[test]
    fn padding_does_not_change_the_mean() {
        let model = model();
        for length in [0, 20] {
            let means = Means::of(&model, &sentences(), length, &Default::default());
            assert_eq!((means.tokens, means.rows), (14, 3 * length.max(7)));
            assert!((means.padded - means.alone).abs() < 1e-6);
            let diluted = means.alone * means.tokens as f64 / means.rows as f64;
            assert!((means.all_rows - diluted).abs() < 1e-6);
        }
    }

    #[test]
    fn padding_does_not_change_the_gradient() {
        let model = model();
        let device = Default::default();
        let loss = CrossEntropyLossConfig::new()
            .with_ignore_index(Some(PADDING))
            .init(&device);
        let gradient = |length| {
            let sentences = sentences();
            let batch = Batch::pad(sentences.iter().map(Vec::as_slice), length, &device);
            let (logits, targets) = model.rows(batch);
            let gradients = loss.forward(logits, targets).backward();
            let gradients = GradientsParams::from_grads(gradients, &model);
            let id = model.embedding.weight.id;
            gradients.get::<burn::backend::NdArray, 2>(id).unwrap()
        };
        let difference = (gradient(0) - gradient(30)).abs().max().into_scalar();
        assert!(difference < 1e-7, "{difference}");
        assert!(gradient(0).abs().max().into_scalar() > 1e-3);
    }
}
