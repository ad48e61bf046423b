//! Draws every plot from made-up numbers, to look at: `cargo run -p burn-loss-plots --example samples -- DIR`.

use std::path::Path;
use std::{env, fs};

use burn_loss_plots::{
    ConfusionMatrixPlot, ImageSheet, LabelMaps, LearningCurves, Lines, Panels, Picture,
    PrecisionRecallCurves, ReliabilityDiagram, Report, RocCurves,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = env::args().nth(1).unwrap_or_else(|| "samples".to_owned());
    fs::create_dir_all(&folder)?;
    let samples = [
        ("lines", lines().draw()?),
        ("panels", panels()?),
        ("learning_curves", learning_curves()?),
        ("label_maps", label_maps()?),
        ("confusion_matrix", confusion_matrix()?),
        ("reliability", reliability()?),
        ("roc", roc()?),
        ("precision_recall", precision_recall()?),
        ("image_sheet", image_sheet()?),
    ];
    let mut report =
        Report::new("Samples of <all> plots").number("plots & pictures", samples.len());
    for (name, picture) in &samples {
        report = report.picture(format!("This is {name}."), picture);
        for ending in ["svg", "png"] {
            picture.save(Path::new(&folder).join(format!("{name}.{ending}")))?;
        }
    }
    report.save(Path::new(&folder).join("report.html"))?;
    println!("{} pictures in {folder}", samples.len());
    Ok(())
}

fn grid(from: f64, to: f64) -> Vec<f64> {
    (0..=200)
        .map(|index| from + (to - from) * f64::from(index) / 200.0)
        .collect()
}

fn lines() -> Lines {
    let x = grid(0.0, 10.0);
    let line: Vec<_> = x.iter().map(|x| 2.0 * x + 1.0).collect();
    let noisy: Vec<_> = x
        .iter()
        .map(|x| 2.0 * x + 1.0 + (37.0 * x).sin() * 3.0)
        .collect();
    let chart = Lines::new("A fit and what it was fitted to")
        .x_label("x")
        .y_label("y");
    let chart = chart.points("data", &x, &noisy).line("fit", &x, &line);
    let flat = vec![8.0; x.len()];
    chart.reference("mean of the data", &x, &flat)
}

fn panels() -> burn_loss_plots::Result<Picture> {
    let x = grid(-3.0, 3.0);
    let panel = |title, f: &dyn Fn(f64, f64) -> f64| {
        let mut panel = Lines::new(title)
            .x_label("error")
            .y_label(title)
            .y_range(-2.0, 2.0);
        for power in 1..=9 {
            let y: Vec<_> = x.iter().map(|&x| f(x, f64::from(power))).collect();
            panel = panel.line(format!("curve number {power}"), &x, &y);
        }
        panel
    };
    Panels::new("Nine curves and their slopes")
        .panel(panel("value", &|x, k| (x * k / 4.0).sin()))
        .panel(panel("slope", &|x, k| k / 4.0 * (x * k / 4.0).cos()))
        .draw()
}

fn learning_curves() -> burn_loss_plots::Result<Picture> {
    let epochs = 1..=12;
    let train: Vec<_> = epochs.clone().map(|e| 0.9 / f64::from(e)).collect();
    let valid: Vec<_> = epochs
        .clone()
        .map(|e| 0.9 / f64::from(e) + 0.012 * f64::from(e))
        .collect();
    let accuracy = |loss: &[f64]| {
        loss.iter()
            .map(|loss| 100.0 - 30.0 * loss)
            .collect::<Vec<_>>()
    };
    LearningCurves::new(&train, &valid)
        .metric("accuracy (%)", &accuracy(&train), &accuracy(&valid))
        .draw()
}

fn label_maps() -> burn_loss_plots::Result<Picture> {
    let (height, width) = (24, 32);
    let inside = |index: usize, radius: f64| {
        let (y, x) = ((index / width) as f64 - 12.0, (index % width) as f64 - 16.0);
        x.hypot(y) < radius
    };
    let all = 0..height * width;
    let label = |index, radius| {
        usize::from(inside(index, radius)) + usize::from(inside(index, radius / 2.0))
    };
    let mut maps = LabelMaps::new(
        "Discs in discs",
        height,
        width,
        &["background", "disc", "core"],
    )
    .ignore_index(255);
    for radius in [10.0, 6.0] {
        let image: Vec<_> = all
            .clone()
            .map(|index| 40 + 90 * label(index, radius) as u8)
            .collect();
        let truth: Vec<_> = all
            .clone()
            .map(|i| if i % width < 3 { 255 } else { label(i, radius) })
            .collect();
        let prediction: Vec<_> = all.clone().map(|i| label(i + 1, radius * 0.9)).collect();
        maps = maps.row(&image, &truth, &prediction);
    }
    maps.draw()
}

fn confusion_matrix() -> burn_loss_plots::Result<Picture> {
    let names = ["cat", "dog", "horse", "aeroplane", "ship"];
    let counts = [
        [900, 80, 15, 0, 5],
        [60, 30, 10, 0, 0],
        [200, 200, 200, 200, 200],
        [1, 0, 0, 9, 0],
        [0, 0, 0, 0, 0],
    ];
    ConfusionMatrixPlot::new(&counts, &names).draw()
}

fn reliability() -> burn_loss_plots::Result<Picture> {
    let mut diagram = ReliabilityDiagram::new().calibration_error(0.0321);
    for bin in 0..10 {
        let (lower, upper) = (f64::from(bin) / 10.0, f64::from(bin + 1) / 10.0);
        let confidence = lower + 0.06;
        diagram = diagram.bin(
            lower,
            upper,
            12 * (1 << bin),
            confidence,
            confidence.powf(1.4),
        );
    }
    diagram.draw()
}

fn roc() -> burn_loss_plots::Result<Picture> {
    let rate = grid(0.0, 1.0);
    let mut curves = RocCurves::new();
    for (name, power) in [("macro average", 0.1), ("cat", 0.2), ("dog", 0.4)] {
        let y: Vec<_> = rate.iter().map(|x| x.powf(power)).collect();
        curves = curves.curve(name, &rate, &y, 1.0 / (1.0 + power));
    }
    curves.draw()
}

fn precision_recall() -> burn_loss_plots::Result<Picture> {
    let recall: Vec<_> = (0..=20)
        .map(|index| 1.0 - f64::from(index) / 20.0)
        .collect();
    let mut curves = PrecisionRecallCurves::new().base_rate(0.1);
    for (name, power) in [("cat", 8.0), ("dog", 3.0)] {
        let y: Vec<_> = recall.iter().map(|x| 1.0 - 0.9 * x.powf(power)).collect();
        curves = curves.curve(name, &recall, &y, 0.9);
    }
    curves.draw()
}

fn image_sheet() -> burn_loss_plots::Result<Picture> {
    let mut sheet = ImageSheet::new("Gradients", 28, 28).columns(5);
    for number in 0..8usize {
        let image: Vec<_> = (0..28 * 28)
            .map(|i| ((i % 28) * number + (i / 28) * (9 - number)) as u8)
            .collect();
        sheet = sheet.image(&image, format!("a {number}, taken for 7\n(99.{number}%)"));
    }
    sheet.draw()
}
