//! Charts with axes: what is in them, and what they refuse.

mod support;

use burn_loss_plots::{
    LearningCurves, Lines, Panels, PrecisionRecallCurves, ReliabilityDiagram, RocCurves,
};
use support::{assert_files, assert_margins_are_blank, assert_text, count, message};

const BLUE: &str = "#0072B2";
const ORANGE: &str = "#D55E00";

#[test]
fn lines_have_labels_and_marks() {
    let picture = Lines::new("A title <&>")
        .x_label("input")
        .y_label("output")
        .points("data", &[0.0, 1.0, 2.0], &[0.0, 2.0, 1.0])
        .line("fit", &[0.0, 2.0], &[0.5, 1.5])
        .draw()
        .unwrap();
    for text in [
        "A title <&>",
        "input",
        "output",
        "data",
        "fit",
        "0.0",
        "2.0",
    ] {
        assert_text(&picture, text);
    }
    // One more each for the legend.
    assert_eq!(count(&picture, "circle", "fill", BLUE), 3 + 1);
    assert_eq!(count(&picture, "polyline", "stroke", ORANGE), 1 + 1);
    assert_files(&picture, "lines");
}

#[test]
fn lines_are_cut_at_the_range() {
    let x = [-2.0, -1.0, 0.0, 1.0, 2.0];
    let parabola = |chart: Lines| {
        chart
            .line("x²", &x, &[4.0, 1.0, 0.0, 1.0, 4.0])
            .draw()
            .unwrap()
    };
    let whole = parabola(Lines::new(""));
    assert_eq!(count(&whole, "polyline", "stroke", BLUE), 1 + 1);
    let cut = parabola(Lines::new("").y_range(0.5, 5.0));
    assert_eq!(
        count(&cut, "polyline", "stroke", BLUE),
        2 + 1,
        "the tip is missing"
    );
}

#[test]
fn a_reference_takes_no_colour() {
    let fit = || Lines::new("").line("fit", &[0.0, 1.0], &[0.0, 0.9]);
    let grey = |chart: &Lines| count(&chart.draw().unwrap(), "polyline", "stroke", "#6E6E6E");
    let both = Lines::new("").reference("truth", &[0.0, 1.0], &[0.0, 0.9]);
    let both = both.line("fit", &[0.0, 1.0], &[0.0, 0.9]);
    let picture = both.draw().unwrap();
    assert_eq!(count(&picture, "polyline", "stroke", BLUE), 1 + 1);
    assert_eq!(grey(&both), grey(&fit()) + 1 + 1);
}

#[test]
fn bad_lines_are_explained() {
    let chart = || Lines::new("title");
    assert_eq!(
        message(chart().draw()),
        "Lines: series: expected at least one value, found none"
    );
    assert_eq!(
        message(chart().line("a", &[], &[]).draw()),
        "Lines: x of \"a\": expected at least one value, found none"
    );
    assert_eq!(
        message(chart().line("a", &[1.0, 2.0], &[1.0]).draw()),
        "Lines: y of \"a\": expected 2 values, one for each x, found 1"
    );
    assert_eq!(
        message(chart().points("a", &[1.0, 2.0], &[1.0, f64::NAN]).draw()),
        "Lines: y of \"a\": expected finite numbers, found NaN at index 1"
    );
    assert_eq!(
        message(chart().line("a", &[-2e300, 1.0], &[1.0, 2.0]).draw()),
        "Lines: x of \"a\": expected numbers from -1e300 to 1e300, found -2e300 at index 0"
    );
    assert_eq!(
        message(chart().line("a", &[1.0], &[1.0]).x_range(2.0, 2.0).draw()),
        "Lines: x_range: expected a finite lower end below a finite upper end, found 2 to 2"
    );
    assert_eq!(
        message(Panels::new("title").draw()),
        "Panels: panels: expected at least one, found none"
    );
    assert!(message(Panels::new("title").panel(chart()).draw()).starts_with("Lines: series"));
}

#[test]
fn constants_and_single_points_are_drawn() {
    for value in [0.0, 1.0, -1e9, 1e-12] {
        let picture = Lines::new("one")
            .points("p", &[value], &[value])
            .draw()
            .unwrap();
        assert_eq!(count(&picture, "circle", "fill", BLUE), 1 + 1, "{value}");
    }
}

#[test]
fn panels_share_colours_and_legend() {
    let panel = |title: &str, names: [&str; 2]| {
        let [first, second] = names;
        Lines::new(title)
            .line(first, &[0.0, 1.0], &[0.0, 1.0])
            .line(second, &[0.0, 1.0], &[1.0, 0.0])
    };
    let picture = Panels::new("both")
        .panel(panel("left", ["a", "b"]))
        .panel(panel("right", ["b", "a"]))
        .draw()
        .unwrap();
    let texts = support::texts(&picture);
    assert_eq!(texts.iter().filter(|text| *text == "a").count(), 1);
    assert_eq!(count(&picture, "polyline", "stroke", BLUE), 2 + 1);
    assert_text(&picture, "left");
    assert_text(&picture, "right");
    assert_files(&picture, "panels");
}

#[test]
fn learning_curves_mark_the_lowest_validation_loss() {
    let picture = LearningCurves::new(&[0.9, 0.5, 0.3, 0.2], &[0.8, 0.6, 0.55, 0.7])
        .draw()
        .unwrap();
    for text in ["train", "validation", "epoch", "loss", "epoch 3", "1", "4"] {
        assert_text(&picture, text);
    }
    assert_text(&picture, "lowest validation loss: 0.5500, epoch 3");
    // The ring, and the legend's.
    assert_eq!(count(&picture, "circle", "fill", "none"), 1 + 1);
    assert_eq!(count(&picture, "circle", "fill", ORANGE), 4);
    assert_files(&picture, "learning_curves");
}

#[test]
fn a_diverged_epoch_is_a_gap() {
    let valid = [0.5, f64::NAN, f64::INFINITY, 0.6, 0.7];
    let picture = LearningCurves::new(&[0.5; 5], &valid).draw().unwrap();
    assert_eq!(count(&picture, "circle", "fill", ORANGE), 3);
    assert_text(&picture, "lowest validation loss: 0.5000, epoch 1");
    assert_eq!(
        message(LearningCurves::new(&[0.5; 2], &[f64::NAN; 2]).draw()),
        "LearningCurves: validation loss: expected at least one finite number, found NaN of 2 epochs"
    );
}

#[test]
fn one_epoch_is_drawn() {
    let picture = LearningCurves::new(&[0.5], &[0.4]).draw().unwrap();
    assert_eq!(count(&picture, "circle", "fill", ORANGE), 1);
}

#[test]
fn bad_learning_curves_are_explained() {
    assert_eq!(
        message(LearningCurves::new(&[], &[]).draw()),
        "LearningCurves: train: expected at least one value, found none"
    );
    assert_eq!(
        message(LearningCurves::new(&[1.0, 0.5], &[1.0]).draw()),
        "LearningCurves: validation loss: expected 2 values, one for each epoch of the train loss, \
         found 1"
    );
    let curves = LearningCurves::new(&[1.0], &[1.0]).metric("accuracy", &[], &[1.0]);
    assert!(message(curves.draw()).starts_with("LearningCurves: train accuracy: expected 1"));
}

#[test]
fn reliability_has_a_bar_and_a_count_a_bin() {
    let picture = ReliabilityDiagram::new()
        .bin(0.0, 0.25, 0, f64::NAN, f64::NAN)
        .bin(0.25, 0.5, 17, 0.4, 0.3)
        .bin(0.5, 1.0, 83, 0.9, 0.8)
        .calibration_error(0.1)
        .draw()
        .unwrap();
    assert_eq!(count(&picture, "rect", "fill", "#AAD6F0"), 2 + 2);
    assert_eq!(count(&picture, "circle", "fill", ORANGE), 2 + 1);
    for text in ["17", "83", "confidence", "accuracy", "perfect calibration"] {
        assert_text(&picture, text);
    }
    assert_text(&picture, "expected calibration error: 0.1000");
    assert_files(&picture, "reliability");
}

/// A bin of equal mass may hold tied values alone, and then start where it ends.
#[test]
fn a_bin_of_ties_is_drawn() {
    let picture = ReliabilityDiagram::new()
        .bin(0.0, 0.5, 4, 0.3, 0.25)
        .bin(0.5, 0.5, 8, 0.5, 0.75)
        .draw()
        .unwrap();
    assert_eq!(count(&picture, "rect", "fill", "#AAD6F0"), 2 + 2);
    // Four pixels, in quarters of which the drawing is made.
    assert_eq!(count(&picture, "rect", "width", "16"), 2);
    assert_files(&picture, "ties");
}

#[test]
fn bad_bins_are_explained() {
    let diagram = ReliabilityDiagram::new;
    assert_eq!(
        message(diagram().bin(0.0, 1.0, 0, 0.5, 0.5).draw()),
        "ReliabilityDiagram: bins: expected at least one with a count above 0, found 1 bins, all empty"
    );
    assert_eq!(
        message(diagram().bin(0.0, 1.0, 5, f64::NAN, 0.5).draw()),
        "ReliabilityDiagram: confidence of bin 0: expected numbers from 0 to 1, found NaN at index 0"
    );
    assert_eq!(
        message(diagram().bin(0.6, 0.5, 5, 0.5, 0.5).draw()),
        "ReliabilityDiagram: range of bin 0: expected a lower end not above the upper end, found 0.6 to 0.5"
    );
    assert!(message(diagram().bin(0.5, 1.5, 5, 0.5, 0.5).draw()).contains("range of bin 0"));
    // The empty bins count, too: the number is that of the call.
    let empty_first = || diagram().bin(0.0, 0.5, 0, f64::NAN, f64::NAN);
    assert_eq!(
        message(empty_first().bin(0.5, 1.5, 5, 0.5, 0.5).draw()),
        "ReliabilityDiagram: range of bin 1: expected numbers from 0 to 1, found 1.5 at index 1"
    );
    let second = empty_first().bin(0.5, 0.75, 5, 0.5, 0.5);
    assert!(message(second.bin(0.75, 1.0, 5, 0.5, f64::NAN).draw()).contains("accuracy of bin 2"));
}

#[test]
fn ranking_curves_have_areas_and_baselines() {
    let roc = RocCurves::new()
        .curve("cat", &[0.0, 0.2, 1.0], &[0.0, 0.8, 1.0], 0.8)
        .curve("dog", &[0.0, 0.0, 1.0], &[0.0, 1.0, 1.0], 1.0)
        .draw()
        .unwrap();
    for text in [
        "cat (area 0.8000)",
        "dog (area 1.0000)",
        "guessing",
        "true positive rate",
    ] {
        assert_text(&roc, text);
    }
    assert_eq!(count(&roc, "polyline", "stroke", BLUE), 1 + 1);
    assert_eq!(count(&roc, "polyline", "stroke", ORANGE), 1 + 1);
    assert_files(&roc, "roc");

    let recall = PrecisionRecallCurves::new()
        .curve("cat", &[1.0, 0.5, 0.0], &[0.4, 0.8, 1.0], 0.6)
        .base_rate(0.25)
        .draw()
        .unwrap();
    assert_text(&recall, "cat (AP 0.6000)");
    assert_text(&recall, "guessing (0.25)");
    assert_files(&recall, "precision_recall");
}

#[test]
fn corners_cut_the_curves() {
    let curves = || RocCurves::new().curve("cat", &[0.0, 0.5, 1.0], &[0.0, 0.2, 1.0], 0.3);
    let corner = curves().corner(0.1, 0.9).draw().unwrap();
    assert_eq!(
        count(&corner, "polyline", "stroke", BLUE),
        1,
        "only the legend's"
    );
    assert!(!support::texts(&corner).contains(&"guessing".to_owned()));
    let half = curves().corner(0.6, 0.4).draw().unwrap();
    assert_text(&half, "guessing");
    assert!(message(curves().corner(0.0, 0.9).draw()).contains("corner's false positive rate"));
    assert!(message(curves().corner(0.1, f64::NAN).draw()).contains("corner's true positive rate"));
}

#[test]
fn bad_ranking_curves_are_explained() {
    assert_eq!(
        message(RocCurves::new().draw()),
        "RocCurves: curves: expected at least one value, found none"
    );
    assert_eq!(
        message(RocCurves::new().curve("a", &[0.0, 1.0], &[0.0], 0.5).draw()),
        "RocCurves: true_positive_rate of \"a\": expected 2 values, one for each false_positive_rate, \
         found 1"
    );
    assert_eq!(
        message(RocCurves::new().curve("a", &[0.0], &[0.0], f64::NAN).draw()),
        "RocCurves: area of \"a\": expected numbers from 0 to 1, found NaN at index 0"
    );
    let curve = PrecisionRecallCurves::new().curve("a", &[0.0], &[1.5], 0.5);
    assert!(message(curve.draw()).contains("precision of \"a\": expected numbers from 0 to 1"));
    let curve = PrecisionRecallCurves::new()
        .curve("a", &[0.0], &[0.5], 0.5)
        .base_rate(2.0);
    assert!(message(curve.draw()).contains("base_rate"));
    for (corner, axis) in [((1.0, 0.5), "recall"), ((0.5, f64::NAN), "precision")] {
        let curve = PrecisionRecallCurves::new().curve("a", &[0.0], &[0.5], 0.5);
        let expected =
            format!("PrecisionRecallCurves: corner's {axis}: expected a finite lower end");
        assert!(message(curve.corner(corner.0, corner.1).draw()).starts_with(&expected));
    }
}

#[test]
fn long_texts_stay_on_the_sheet() {
    let long = "a name that goes on and on, as names of experiments do, ".repeat(6);
    let title =
        "A title of many words that no sheet has room for in one line, and so has two or more";
    let mut lines = Lines::new(title).x_label(&*long).y_label(&*long);
    for number in 0..3 {
        lines = lines.line(
            format!("{number} {long}"),
            &[0.0, 1.0],
            &[0.0, f64::from(number)],
        );
    }
    let picture = lines.draw().unwrap();
    assert_eq!(picture.size().0, 640, "it is as wide as any other");
    assert_margins_are_blank(&picture);
    let texts = support::texts(&picture);
    assert!(
        texts
            .iter()
            .any(|text| text.starts_with("2 a name") && text.ends_with('…'))
    );
    assert!(
        texts
            .iter()
            .any(|text| title.starts_with(text) && text.len() > 30)
    );
    assert!(
        texts
            .iter()
            .any(|text| title.ends_with(text) && text.len() > 3)
    );
    assert_files(&picture, "long_lines");

    let curves = RocCurves::new()
        .title(title)
        .curve(&*long, &[0.0, 1.0], &[0.0, 1.0], 0.5);
    assert_margins_are_blank(&curves.draw().unwrap());
    let word = "x".repeat(300);
    let panels = Panels::new(&*word).panel(Lines::new(&*word).line(&*word, &[0.0], &[1.0]));
    assert_margins_are_blank(&panels.draw().unwrap());
}

#[test]
fn every_series_looks_different() {
    let mut lines = Lines::new("28 lines");
    for number in 0..28 {
        lines = lines.line(format!("{number}"), &[0.0, 1.0], &[0.0, f64::from(number)]);
    }
    let picture = lines.draw().unwrap();
    // In the legend: the number of dashes of the samples of the same colour.
    let mut dashes = support::short_lines(&picture, BLUE);
    dashes.sort_unstable();
    assert_eq!(dashes, [1, 2, 2, 4]);
    // In the chart, one element each.
    for dashes in ["28 16", "8 12", "56 16"] {
        assert_eq!(count(&picture, "polyline", "stroke-dasharray", dashes), 7);
    }
    assert_files(&picture, "many_lines");
}

/// Six names and titles that a picture has to survive: control codes, other scripts, markup, none, and a very long one.
fn hostile_texts() -> Vec<String> {
    let texts = [
        "a\u{3}b",
        "\u{1b}[31mred",
        "<&>\"'\u{ffff}",
        "naïve 数字 \u{202e}",
        "",
        "\n\t\r",
    ];
    let long = ["word ".repeat(20_000), "x".repeat(100_000)];
    texts.map(str::to_owned).into_iter().chain(long).collect()
}

#[test]
fn any_text_is_drawn() {
    for text in hostile_texts() {
        let line = |chart: Lines| chart.line(&text, &[0.0, 1.0], &[0.0, 1.0]);
        let labelled = Lines::new(&text).x_label(&text).y_label(&text);
        let pictures = [
            line(labelled.clone()).draw(),
            Panels::new(&text).panel(line(labelled)).draw(),
            LearningCurves::new(&[1.0], &[1.0])
                .title(&text)
                .metric(&text, &[1.0], &[1.0])
                .draw(),
            RocCurves::new()
                .title(&text)
                .curve(&text, &[0.0, 1.0], &[0.0, 1.0], 0.5)
                .draw(),
            PrecisionRecallCurves::new()
                .title(&text)
                .curve(&text, &[1.0, 0.0], &[0.5, 1.0], 0.5)
                .draw(),
            ReliabilityDiagram::new()
                .title(&text)
                .bin(0.0, 1.0, 1, 0.5, 0.5)
                .draw(),
        ];
        for picture in pictures {
            let picture = picture.unwrap();
            // XML that is read, a picture with pixels, and of a bounded size.
            support::texts(&picture);
            picture.png().unwrap();
            let (width, height) = picture.size();
            assert!(width < 1000 && height < 1000, "{width} x {height}");
        }
    }
    let picture = Lines::new("a\u{3}b").line("", &[0.0, 1.0], &[0.0, 1.0]);
    assert_text(&picture.draw().unwrap(), "a\u{fffd}b");
}

#[test]
fn small_losses_have_digits() {
    let losses = [5e-5, 3.2e-5, 4e-5];
    let picture = LearningCurves::new(&losses, &losses).draw().unwrap();
    assert_text(&picture, "lowest validation loss: 3.20e-5, epoch 2");
    let ticks: Vec<_> = support::texts(&picture)
        .into_iter()
        .filter(|text| text.ends_with("e-5"))
        .collect();
    assert!(ticks.len() > 2, "{ticks:?}");
    assert!(ticks.iter().all(|tick| tick.len() <= 8), "{ticks:?}");
}

#[test]
fn any_numbers_are_a_picture_or_an_error() {
    let extremes = [
        0.0,
        5e-324,
        -5e-324,
        f64::MIN_POSITIVE,
        1e-300,
        1e-9,
        1.0,
        1.0 + f64::EPSILON,
        1e16,
        1e16 + 2.0,
        1e299,
        -1e300,
        f64::MAX,
        f64::MIN,
    ];
    let mut drawn = 0;
    for a in extremes {
        for b in extremes {
            let charts = [
                Lines::new("").line("", &[0.0, 1.0], &[a, b]),
                Lines::new("").points("", &[a, b], &[0.0, 1.0]),
                Lines::new("")
                    .line("", &[0.0, 1.0], &[0.0, 1.0])
                    .x_range(a, b)
                    .y_range(a, b),
            ];
            let curves = LearningCurves::new(&[a, b], &[b, a]).draw();
            let pictures = charts.iter().map(Lines::draw).chain([curves]);
            drawn += pictures.filter(|picture| picture.is_ok()).count();
        }
    }
    assert!(drawn > 300, "{drawn}");
    let tiny = Lines::new("").line("", &[0.0, 1.0], &[0.0, 1.0]);
    let tiny = tiny.y_range(-5e-324, 5e-324);
    assert_eq!(
        message(tiny.draw()),
        "Lines: y_range: expected ends from -1e300 to 1e300, and apart by 1e-290 and by 1e-12 of the larger, \
         found -5e-324 to 5e-324"
    );
}

#[test]
fn a_million_points_are_a_small_picture() {
    let x: Vec<f64> = (0..1_000_000).map(|i| f64::from(i) / 1e6).collect();
    let noise = |i: usize| ((i * 7919 + 13) % 10_007) as f64;
    let y: Vec<f64> = (0..x.len()).map(noise).collect();
    let shuffled: Vec<f64> = (0..x.len()).map(|i| noise(i * i)).collect();
    let epochs = &y[..100_000];
    // A loss that is NaN in every third epoch: as many pieces.
    let mut broken = epochs.to_vec();
    broken
        .iter_mut()
        .step_by(3)
        .for_each(|loss| *loss = f64::NAN);
    let mut pictures = vec![
        Lines::new("points").points("noise", &x, &y).draw(),
        // A line that goes back and forth.
        Lines::new("both").line("noise", &y, &shuffled).draw(),
        Lines::new("reference").reference("noise", &x, &y).draw(),
        LearningCurves::new(epochs, epochs).draw(),
        LearningCurves::new(&broken, &broken).draw(),
    ];
    // Curves of as many thresholds, that rise as rates do and that do not.
    let falling: Vec<f64> = x.iter().rev().copied().collect();
    let rates: Vec<f64> = y.iter().map(|y| y / 10_007.0).collect();
    let jumping: Vec<f64> = shuffled.iter().map(|y| y / 10_007.0).collect();
    for (one, other) in [(&x, &rates), (&jumping, &rates)] {
        pictures.push(RocCurves::new().curve("noise", one, other, 0.5).draw());
    }
    for (one, other) in [(&falling, &rates), (&jumping, &rates)] {
        let curves = PrecisionRecallCurves::new().curve("noise", one, other, 0.5);
        pictures.push(curves.draw());
    }
    // Bins beside each other, and bins over each other.
    let bin = |diagram: ReliabilityDiagram, i: usize, [from, to]: [f64; 2]| {
        diagram.bin(from, to, 1 + i % 83, x[i], rates[i])
    };
    let beside = (0..x.len()).fold(ReliabilityDiagram::new(), |diagram, i| {
        bin(diagram, i, [x[i], x[i] + 1e-6])
    });
    let over = (0..x.len()).fold(ReliabilityDiagram::new(), |diagram, i| {
        let (a, b) = (rates[i], jumping[i]);
        bin(diagram, i, [a.min(b), a.max(b)])
    });
    pictures.extend([beside.draw(), over.draw()]);
    // A line of each style: the palette has 7 colours, each round other dashes.
    for before in [0, 7, 14, 21] {
        let short =
            |lines: Lines, number: usize| lines.line(number.to_string(), &[0.0, 1.0], &[0.0, 1.0]);
        let lines = (0..before).fold(Lines::new("line"), short);
        pictures.push(lines.line("noise", &x, &y).draw());
    }
    for picture in pictures {
        let bytes = picture.unwrap().svg().len();
        assert!(bytes < 1_000_000, "{bytes}");
    }
}

#[test]
fn the_first_epoch_may_be_nan() {
    let picture = LearningCurves::new(&[f64::NAN, 0.5, 0.25], &[f64::NAN, f64::INFINITY, 0.5])
        .metric("accuracy", &[f64::NAN; 3], &[f64::NAN, 0.5, f64::NAN])
        .draw()
        .unwrap();
    assert_text(&picture, "lowest validation loss: 0.5000, epoch 3");
    assert!(!picture.svg().contains("NaN"));
}
