//! A class a pixel: cross entropy with `forward_nd`, class weights, Dice, both together, and a label that does not count.
//!
//! `data` draws the images, `model` is the network, `evaluation` compares its masks with the truth.

mod data;
mod evaluation;
mod model;

use std::process::ExitCode;

use burn::module::AutodiffModule;
use burn::tensor::backend::Backend;
use burn::tensor::{Int, Tensor};
use burn_loss::{AutodiffLossBackend, CrossEntropyLossConfig, DiceLossConfig, WeightedSum};
use burn_loss_metrics::ConfusionMatrix;
use burn_loss_plots::{LabelMaps, Picture};
use clap::Parser;
use example_support::{Example, Result, SharedArgs, Table, Training, on_backend, rows};

use crate::data::{BORDER, CLASSES, SIDE, Scenes};
use crate::evaluation::intersection_over_union;
use crate::model::Network;

/// Tell the shapes of an image apart, pixel by pixel, with several losses.
#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    shared: SharedArgs,
}

fn main() -> ExitCode {
    let example = Example {
        name: env!("CARGO_PKG_NAME"),
        epochs: 8,
    };
    example.main(|cli: &Cli| on_backend!(cli.shared.backend, run(&cli.shared)))
}

fn run<B: AutodiffLossBackend>(args: &SharedArgs) -> Result<()> {
    let device = Default::default();
    let train = Scenes::<B>::generate(args.limited(400), args.seed, &device);
    // Images of their own, not the ones to train on.
    let test_seed = args.seed.wrapping_add(1);
    let test = Scenes::<B::InnerBackend>::generate(args.limited(200), test_seed, &device);
    let labels = evaluation::integers(test.labels.clone());

    let config = CrossEntropyLossConfig::new().with_ignore_index(Some(BORDER));
    let plain = config.init::<B>(&device);
    let weights = Some(class_weights(&train));
    let weighted = config.with_class_weights(weights).init::<B>(&device);
    let dice = DiceLossConfig::new().with_ignore_index(Some(BORDER));
    let dice = dice.init::<B>(&device);
    let both = WeightedSum::new()
        .with_class(plain.clone(), 1.0)
        .with_region(dice.clone(), 1.0);

    let losses: [(&str, &Loss<B>); 4] = [
        ("cross entropy", &|x, y| plain.forward_nd(x, y)),
        ("class weights", &|x, y| weighted.forward_nd(x, y)),
        ("Dice", &|x, y| dice.forward(x, y)),
        ("cross entropy + Dice", &|x, y| {
            both.forward_classes(x, y).total()
        }),
    ];
    let mut table = table_of_pixels(&test.shares());
    for (name, loss) in losses {
        let network = learn(name, loss, &train, args)?;
        let predicted = evaluation::masks(&network, &test);
        let title = format!("Masks learned with {name}");
        let picture = picture(&title, &test, &labels, &predicted)?;
        let file = name.to_lowercase().replace(" + ", "-").replace(' ', "-");
        args.save(&format!("masks-{file}"), &picture)?;
        add_row(
            &mut table,
            name,
            &evaluation::confusion(&predicted, &labels),
        );
    }
    println!("\n{table}");
    Ok(())
}

/// A loss of logits `[N, C, H, W]` against labels `[N, H, W]`.
type Loss<'a, B> = dyn Fn(Tensor<B, 4>, Tensor<B, 3, Int>) -> Tensor<B, 1> + 'a;

/// One over the root of each class's share. One over the share itself would make a spot's pixel count almost 200 times as much as
/// one of the background: the network would see spots all over the noise.
fn class_weights<B: Backend>(scenes: &Scenes<B>) -> Vec<f32> {
    let weight = |share: &f64| {
        if *share > 0.0 {
            share.sqrt().recip() as f32
        } else {
            1.0
        }
    };
    scenes.shares().iter().map(weight).collect()
}

/// Trains a new network on the images.
fn learn<B: AutodiffLossBackend>(
    name: &str,
    loss: &Loss<B>,
    scenes: &Scenes<B>,
    args: &SharedArgs,
) -> Result<Network<B::InnerBackend>> {
    let training = Training {
        epochs: args.epochs,
        batch_size: 8,
        learning_rate: 0.02,
        seed: args.seed,
    };
    let device = scenes.images.device();
    // The same start for each: what differs is the loss alone.
    B::seed(&device, args.seed);
    let count = scenes.images.dims()[0];
    let (network, _) = training.run(name, Network::new(&device), count, |network, batch| {
        let logits = network.forward(rows(&scenes.images, batch));
        loss(logits, rows(&scenes.labels, batch))
    })?;
    Ok(network.valid())
}

/// A column a class, whose first row is its share of the pixels.
fn table_of_pixels(shares: &[f64]) -> Table {
    let columns = ["IoU"].into_iter().chain(CLASSES);
    let mut table = Table::new(columns.chain(["mean", "spot recall"]));
    let shares = shares.iter().map(percent);
    table.row("pixels", shares.chain([String::new(), String::new()]));
    table
}

/// Adds the intersection over union of each class, and how much of the spots was found.
fn add_row(table: &mut Table, name: &str, confusion: &ConfusionMatrix) {
    let overlaps: Vec<f64> = (0..CLASSES.len())
        .map(|class| intersection_over_union(confusion, class))
        .collect();
    let mean = overlaps.iter().sum::<f64>() / overlaps.len() as f64;
    let spot = CLASSES.len() - 1;
    let recall = confusion.report().classes[spot].recall;
    let numbers = overlaps.iter().chain([&mean, &recall]);
    table.row(name, numbers.map(percent));
}

fn percent(number: &f64) -> String {
    format!("{:.1}%", 100.0 * number)
}

/// The first images of the test that have a spot: image, truth and prediction.
fn picture<B: Backend>(
    title: &str,
    scenes: &Scenes<B>,
    labels: &[i64],
    masks: &[i64],
) -> Result<Picture> {
    let pixels: Vec<f64> = scenes.images.to_data().iter().collect();
    let grey: Vec<u8> = pixels.iter().map(|pixel| (pixel * 255.0) as u8).collect();
    let classes = |labels: &[i64]| {
        labels
            .iter()
            .map(|&label| label as usize)
            .collect::<Vec<_>>()
    };

    let mut maps = LabelMaps::new(title, SIDE, SIDE, &CLASSES).ignore_index(BORDER as usize);
    let spot = CLASSES.len() as i64 - 1;
    let with_spot = |&number: &usize| evaluation::image(labels, number).contains(&spot);
    for number in (0..scenes.images.dims()[0]).filter(with_spot).take(4) {
        let [truth, mask] = [labels, masks].map(|all| classes(evaluation::image(all, number)));
        maps = maps.row(evaluation::image(&grey, number), &truth, &mask);
    }
    Ok(maps.draw()?)
}

#[cfg(test)]
mod tests {
    use burn::tensor::Tensor;
    use example_support::backend::NdArray;

    use super::*;

    #[test]
    fn the_border_reaches_neither_loss_nor_gradient() {
        let device = Default::default();
        let scenes = Scenes::<NdArray>::generate(2, 3, &device);
        let network = Network::new(&device);
        let logits = network.forward(scenes.images).detach();
        let config = CrossEntropyLossConfig::new().with_ignore_index(Some(BORDER));
        let loss = config.init(&device);

        let border = scenes
            .labels
            .clone()
            .equal_elem(BORDER)
            .unsqueeze_dim::<4>(1);
        let border = border.repeat_dim(1, CLASSES.len());
        let spoiled = logits.clone().mask_fill(border.clone(), 1e3).require_grad();
        let clean: f32 = loss
            .forward_nd::<4, 3>(logits, scenes.labels.clone())
            .into_scalar();
        let value = loss.forward_nd::<4, 3>(spoiled.clone(), scenes.labels);
        assert_eq!(value.clone().into_scalar(), clean);

        let gradient = spoiled.grad(&value.backward()).unwrap();
        let at_border: Tensor<_, 4> = gradient.clone() * border.inner().float();
        assert_eq!(at_border.abs().max().into_scalar(), 0.0);
        assert!(gradient.abs().max().into_scalar() > 0.0);
    }
}
