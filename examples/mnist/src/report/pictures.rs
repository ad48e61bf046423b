//! The pictures, each with a caption that says what to see in it.

use burn_loss_metrics::{
    average_precision, confusion_matrix, precision_recall_curve, reliability_multiclass, roc_auc,
    roc_curve,
};
use burn_loss_plots::{
    ConfusionMatrixPlot, ImageSheet, LearningCurves, PrecisionRecallCurves, ReliabilityDiagram,
    RocCurves,
};

use super::numbers::BINS;
use super::{Figure, Run, TestSet};
use crate::Result;
use crate::data::{CLASSES, SIDE};

/// How many wrong digits are shown.
const SHOWN: usize = 24;
/// How many digits have curves of their own: the worst.
const WORST: usize = 4;

/// All pictures, in the order of the report; of a network that diverged, none but the learning curves.
pub fn of(run: &Run<'_>, test: &TestSet) -> Result<Vec<Figure>> {
    let learning_curves = learning_curves(run)?;
    if test.has_nan() {
        return Ok(learning_curves.into_iter().collect());
    }
    let figures = [
        learning_curves,
        Some(matrix(test)?),
        Some(reliability(test)?),
        Some(roc(test)?),
        Some(precision_recall(test)?),
        wrong_digits(test)?,
    ];
    Ok(figures.into_iter().flatten().collect())
}

/// None for a training whose validation loss was never a number.
fn learning_curves(run: &Run<'_>) -> Result<Option<Figure>> {
    let (loss, accuracy) = (&run.history.loss, &run.history.accuracy);
    if !loss.valid.iter().any(|loss| loss.is_finite()) {
        return Ok(None);
    }
    let picture = LearningCurves::new(&loss.train, &loss.valid)
        .metric("accuracy (%)", &accuracy.train, &accuracy.valid)
        .draw()?;
    Ok(Some(Figure {
        name: "learning_curves",
        caption: "Where the validation loss rises while the train loss falls, the network learns its images by heart. \
                  The train loss is the mean over an epoch, while the network still learned; the validation loss is of \
                  the epoch's end, and so may lie below."
            .to_owned(),
        picture,
    }))
}

fn matrix(test: &TestSet) -> Result<Figure> {
    let matrix = confusion_matrix(test.classes(), test.targets(), CLASSES);
    let names: Vec<_> = (0..CLASSES).map(|class| class.to_string()).collect();
    Ok(Figure {
        name: "confusion_matrix",
        caption: "How often each digit was read as each. A cell's colour is its share of its row."
            .to_owned(),
        picture: ConfusionMatrixPlot::new(&matrix.counts, &names).draw()?,
    })
}

fn reliability(test: &TestSet) -> Result<Figure> {
    let found = reliability_multiclass(test.probabilities(), test.targets(), BINS);
    let mut diagram =
        ReliabilityDiagram::new().calibration_error(found.expected_calibration_error());
    for bin in &found.bins {
        diagram = diagram.bin(
            bin.lower,
            bin.upper,
            bin.count,
            bin.confidence,
            bin.accuracy,
        );
    }
    Ok(Figure {
        name: "reliability",
        caption: "How often the network is right when it is so sure. Below the diagonal it is too sure, above it not \
                  sure enough; a bin of few images says little."
            .to_owned(),
        picture: diagram.draw()?,
    })
}

fn roc(test: &TestSet) -> Result<Figure> {
    let (scores, targets) = test.all_vs_rest();
    let all = roc_curve(scores.clone(), targets.clone());
    let area = roc_auc(scores, targets);
    let mut curves = RocCurves::new()
        .title("ROC curves, one digit against the rest")
        .curve(
            "all digits",
            &all.false_positive_rate,
            &all.true_positive_rate,
            area,
        );
    let worst = worst(test, &|scores, targets| roc_auc(scores, targets));
    for &(class, area) in &worst {
        if let Some((scores, targets)) = test.one_vs_rest(class) {
            let curve = roc_curve(scores, targets);
            let (x, y) = (&curve.false_positive_rate, &curve.true_positive_rate);
            curves = curves.curve(format!("digit {class}"), x, y, area);
        }
    }
    let good = worst.iter().all(|&(_, area)| area > 0.98);
    if good {
        curves = curves.corner(0.1, 0.9);
    }
    Ok(Figure {
        name: "roc",
        caption: caption(
            "The share of a digit's images that is found, against the share of the others that is taken \
                          for it, at every threshold",
            good,
        ),
        picture: curves.draw()?,
    })
}

fn precision_recall(test: &TestSet) -> Result<Figure> {
    let (scores, targets) = test.all_vs_rest();
    let all = precision_recall_curve(scores.clone(), targets.clone());
    let area = average_precision(scores, targets);
    let mut curves = PrecisionRecallCurves::new()
        .title("Precision-recall curves, one digit against the rest")
        .base_rate(1.0 / CLASSES as f64)
        .curve("all digits", &all.recall, &all.precision, area);
    let worst = worst(test, &|scores, targets| average_precision(scores, targets));
    for &(class, area) in &worst {
        if let Some((scores, targets)) = test.one_vs_rest(class) {
            let curve = precision_recall_curve(scores, targets);
            let name = format!("digit {class}");
            curves = curves.curve(name, &curve.recall, &curve.precision, area);
        }
    }
    let good = worst.iter().all(|&(_, area)| area > 0.94);
    if good {
        curves = curves.corner(0.8, 0.8);
    }
    Ok(Figure {
        name: "precision_recall",
        caption: caption(
            "The share of what is taken for a digit that is it, against the share of the digit's images \
                          that is found, at every threshold",
            good,
        ),
        picture: curves.draw()?,
    })
}

type Metric<'a> = &'a dyn Fn(
    burn::Tensor<super::test_set::Host, 1>,
    burn::Tensor<super::test_set::Host, 1, burn::tensor::Int>,
) -> f64;

/// The digits with the lowest areas, and their areas.
fn worst(test: &TestSet, area: Metric<'_>) -> Vec<(usize, f64)> {
    let area = |class| {
        test.one_vs_rest(class)
            .map(|(scores, targets)| (class, area(scores, targets)))
    };
    let mut areas: Vec<_> = (0..CLASSES).filter_map(area).collect();
    areas.sort_by(|a, b| a.1.total_cmp(&b.1));
    areas.truncate(WORST);
    areas
}

fn caption(what: &str, good: bool) -> String {
    let corner = if good {
        " Only the corner of the good models is shown."
    } else {
        ""
    };
    format!("{what}: for all digits together, and for the {WORST} with the lowest areas.{corner}")
}

/// None where nothing is wrong.
fn wrong_digits(test: &TestSet) -> Result<Option<Figure>> {
    let wrong = test.wrong();
    if wrong.is_empty() {
        return Ok(None);
    }
    let mut sheet = ImageSheet::new("The most confidently wrong digits", SIDE, SIDE).columns(8);
    for prediction in wrong.iter().take(SHOWN) {
        // Ink on paper, as a person writes it.
        let pixels = prediction.digit.pixels.map(|ink| 255 - ink);
        let (label, class) = (prediction.digit.label, prediction.class());
        let percent = 100.0 * prediction.confidence();
        let caption = format!(
            "a {label}, read as {class}\n{percent:.1}%, no. {}",
            prediction.index
        );
        sheet = sheet.image(&pixels, caption);
    }
    Ok(Some(Figure {
        name: "wrong_digits",
        caption: "Wrong and sure of it: what each is, what it was read as, with which probability, and its number for \
                  `predict --start`."
            .to_owned(),
        picture: sheet.draw()?,
    }))
}
