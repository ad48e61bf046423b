//! Every plot, of any numbers, names and sizes: an error or a picture, never a panic.
//!
//! A picture's SVG and a report's HTML are well-formed; of one run in 16 a small picture becomes a PNG, too.

#![no_main]

use burn_loss_fuzz::source::Source;
use burn_loss_fuzz::xml::assert_well_formed;
use burn_loss_plots::{
    ConfusionMatrixPlot, ImageSheet, LabelMaps, LearningCurves, Lines, Panels, Picture,
    PrecisionRecallCurves, ReliabilityDiagram, Report, Result, RocCurves,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let source = &mut Source::new(bytes);
    let as_png = source.one_in(16);
    let drawn = match source.size(0, 8) {
        0 => learning_curves(source),
        1 => roc_curves(source),
        2 => precision_recall_curves(source),
        3 => reliability_diagram(source),
        4 => confusion_matrix(source),
        5 => image_sheet(source),
        6 => label_maps(source),
        7 => lines(source).draw(),
        _ => panels(source),
    };
    match drawn {
        Ok(picture) => check(source, &picture, as_png),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});

fn check(source: &mut Source, picture: &Picture, as_png: bool) {
    assert_well_formed(picture.svg());
    let (width, height) = picture.size();
    if as_png && u64::from(width) * u64::from(height) < 500_000 {
        picture.png().expect("a small picture is a PNG");
    }
    let mut report = Report::new(text(source));
    for _ in 0..source.size(0, 3) {
        report = report
            .text(text(source))
            .number(text(source), number(source));
    }
    assert_well_formed(&report.picture(text(source), picture).html());
}

/// Names and captions: of the fuzzer's bytes, and of characters that are special somewhere.
fn text(source: &mut Source) -> String {
    const SPECIAL: [&str; 12] = [
        "",
        "<&>\"'",
        "]]>",
        "\u{0}\u{1}\u{b}\u{1f}\u{7f}",
        "\u{fffe}\u{ffff}\u{fdd0}",
        "\r\n\t",
        "e\u{301}\u{200d}\u{202e}",
        "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}",
        "a word and another one ",
        "unbreakable_and_quite_long_name_of_something",
        "\u{5c}u{0} &amp; &#0; ${x} {{y}}",
        "\u{e000}\u{10ffff}\u{a0}",
    ];
    let mut text = match source.flag() {
        true => source.choice(&SPECIAL).to_owned(),
        false => source.text(40),
    };
    if source.one_in(32) {
        text = text.repeat(source.size(1, 20));
    }
    text
}

fn number(source: &mut Source) -> f64 {
    numbers(source, 1)[0]
}

/// Numbers that a plot is for, and any others.
fn numbers(source: &mut Source, count: usize) -> Vec<f64> {
    const SPECIAL: [f64; 12] = [
        0.0,
        -0.0,
        1.0,
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::MAX,
        f64::MIN_POSITIVE,
        1e300,
        -1e300,
        1e-300,
        5e-324,
    ];
    let kind = source.size(0, 5);
    let unit = source.any_f64();
    (0..count)
        .map(|_| match kind {
            0 | 1 => source.between(0.0, 1.0),
            2 => source.between(-10.0, 10.0),
            3 => source.between(-1.0, 1.0) * unit,
            4 => source.choice(&SPECIAL),
            _ => source.any_f64(),
        })
        .collect()
}

/// Two rows of numbers, mostly of the same length.
fn pair(source: &mut Source) -> [Vec<f64>; 2] {
    let count = source.size(0, 12);
    let other = if source.one_in(32) { count + 1 } else { count };
    [numbers(source, count), numbers(source, other)]
}

fn learning_curves(source: &mut Source) -> Result<Picture> {
    let [train, valid] = pair(source);
    let mut plot = LearningCurves::new(&train, &valid).title(text(source));
    for _ in 0..source.size(0, 3) {
        let train = numbers(source, train.len());
        let valid = numbers(source, valid.len());
        plot = plot.metric(text(source), &train, &valid);
    }
    plot.draw()
}

fn roc_curves(source: &mut Source) -> Result<Picture> {
    let mut plot = RocCurves::new().title(text(source));
    for _ in 0..source.size(0, 4) {
        let [x, y] = pair(source);
        plot = plot.curve(text(source), &x, &y, number(source));
    }
    if source.flag() {
        plot = plot.corner(number(source), number(source));
    }
    plot.draw()
}

fn precision_recall_curves(source: &mut Source) -> Result<Picture> {
    let mut plot = PrecisionRecallCurves::new().title(text(source));
    for _ in 0..source.size(0, 4) {
        let [x, y] = pair(source);
        plot = plot.curve(text(source), &x, &y, number(source));
    }
    if source.flag() {
        plot = plot.base_rate(number(source));
    }
    if source.flag() {
        plot = plot.corner(number(source), number(source));
    }
    plot.draw()
}

/// A count: small, or any.
fn count(source: &mut Source) -> usize {
    match source.one_in(8) {
        true => source.any() as usize,
        false => source.size(0, 1000),
    }
}

fn reliability_diagram(source: &mut Source) -> Result<Picture> {
    let mut plot = ReliabilityDiagram::new().title(text(source));
    for _ in 0..source.size(0, 12) {
        let [mut lower, mut upper] = [number(source), number(source)];
        if lower > upper && !source.one_in(8) {
            (lower, upper) = (upper, lower);
        }
        plot = plot.bin(lower, upper, count(source), number(source), number(source));
    }
    if source.flag() {
        plot = plot.calibration_error(number(source));
    }
    plot.draw()
}

fn confusion_matrix(source: &mut Source) -> Result<Picture> {
    let classes = match source.one_in(16) {
        true => source.size(0, 60),
        false => source.size(0, 5),
    };
    let other = if source.one_in(32) {
        classes + 1
    } else {
        classes
    };
    let counts: Vec<Vec<usize>> = (0..classes)
        .map(|_| (0..classes).map(|_| count(source)).collect())
        .collect();
    let names: Vec<String> = (0..other).map(|_| text(source)).collect();
    ConfusionMatrixPlot::new(&counts, &names)
        .title(text(source))
        .draw()
}

/// Height and width: mostly a few pixels, sometimes any.
fn sides(source: &mut Source) -> [usize; 2] {
    std::array::from_fn(|_| match source.one_in(32) {
        true => source.any() as usize,
        false => source.size(0, 20),
    })
}

/// As many bytes as the image has pixels, or three times as many, or any other number.
fn image(source: &mut Source, [height, width]: [usize; 2]) -> Vec<u8> {
    let count = height.saturating_mul(width).min(1 << 16);
    let count = match source.size(0, 15) {
        0 => source.size(0, 100),
        1..8 => 3 * count,
        _ => count,
    };
    let start = source.any() as u8;
    (0..count)
        .map(|at| start.wrapping_add((at * 37) as u8))
        .collect()
}

fn image_sheet(source: &mut Source) -> Result<Picture> {
    let sides @ [height, width] = sides(source);
    let mut plot = ImageSheet::new(text(source), height, width);
    if source.flag() {
        plot = plot.columns(count(source));
    }
    for _ in 0..source.size(0, 5) {
        plot = plot.image(&image(source, sides), text(source));
    }
    plot.draw()
}

fn label_maps(source: &mut Source) -> Result<Picture> {
    let sides @ [height, width] = sides(source);
    let classes: Vec<String> = (0..source.size(0, 12)).map(|_| text(source)).collect();
    let ignored = source.flag().then(|| count(source));
    let mut plot = LabelMaps::new(text(source), height, width, &classes);
    if let Some(ignored) = ignored {
        plot = plot.ignore_index(ignored);
    }
    for _ in 0..source.size(0, 3) {
        let image = image(source, sides);
        let pixels = height.saturating_mul(width).min(1 << 16);
        let mut mask = || -> Vec<usize> {
            let few: Vec<usize> = (0..source.size(1, 9))
                .map(|_| match source.one_in(16) {
                    true => ignored.unwrap_or_else(|| count(source)),
                    false => source.size(0, classes.len().saturating_sub(1)),
                })
                .collect();
            few.iter().copied().cycle().take(pixels).collect()
        };
        plot = plot.row(&image, &mask(), &mask());
    }
    plot.draw()
}

fn lines(source: &mut Source) -> Lines {
    let mut plot = Lines::new(text(source));
    if source.flag() {
        plot = plot.x_label(text(source)).y_label(text(source));
    }
    if source.one_in(4) {
        plot = plot.x_range(number(source), number(source));
    }
    if source.one_in(4) {
        plot = plot.y_range(number(source), number(source));
    }
    for _ in 0..source.size(0, 5) {
        let [x, y] = pair(source);
        let name = text(source);
        plot = match source.size(0, 2) {
            0 => plot.line(name, &x, &y),
            1 => plot.points(name, &x, &y),
            _ => plot.reference(name, &x, &y),
        };
    }
    plot
}

fn panels(source: &mut Source) -> Result<Picture> {
    let mut plot = Panels::new(text(source));
    for _ in 0..source.size(0, 3) {
        plot = plot.panel(lines(source));
    }
    plot.draw()
}
