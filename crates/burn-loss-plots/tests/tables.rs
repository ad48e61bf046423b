//! Tables and images: what is in them, and what they refuse.

mod support;

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use burn_loss_plots::{
    ConfusionMatrixPlot, ImageSheet, LabelMaps, LearningCurves, Picture, PlotError, Report,
};
use resvg::tiny_skia::Pixmap;
use support::{assert_files, assert_margins_are_blank, assert_text, count, folder, message};

#[test]
fn confusion_matrix_has_numbers_and_colours() {
    let counts = [[90, 10], [0, 0]];
    let picture = ConfusionMatrixPlot::new(&counts, &["<a>", "b"])
        .draw()
        .unwrap();
    for text in ["90", "10", "<a>", "b", "true", "predicted"] {
        assert_text(&picture, text);
    }
    // 90% of the way from white to the end of the scale; white text on it.
    assert_eq!(count(&picture, "rect", "fill", "#215184"), 1);
    assert_eq!(count(&picture, "text", "fill", "#FFFFFF"), 1);
    // The row without examples and the paper.
    assert_eq!(count(&picture, "rect", "fill", "#FFFFFF"), 2 + 1);
    assert_files(&picture, "confusion_matrix");
}

#[test]
fn long_names_and_many_classes_have_a_bounded_picture() {
    let draw = |classes: usize, name: &str| {
        let counts: Vec<Vec<usize>> = (0..classes)
            .map(|row| {
                let count = |column| {
                    if row == column {
                        90
                    } else {
                        (row + column) % 7
                    }
                };
                (0..classes).map(count).collect()
            })
            .collect();
        let names: Vec<_> = (0..classes)
            .map(|class| format!("{name} {class}"))
            .collect();
        let title = "A confusion matrix of classes with names, and with a title of many words";
        let plot = ConfusionMatrixPlot::new(&counts, &names).title(title);
        let picture = plot.draw().unwrap();
        assert_margins_are_blank(&picture);
        picture
    };
    let long = "an elaborate name of forty characters or so";
    // Five short names are level, and widen their columns; five long ones read upwards.
    let level = draw(5, "dog");
    assert_eq!(upright(&level), 1, "the axis alone");
    let few = draw(5, long);
    assert_eq!(upright(&few), 5 + 1);
    assert!(few.size().0 < 600, "{:?}", few.size());
    assert!(support::texts(&few).iter().any(|text| text.ends_with('…')));
    assert_files(&few, "long_names");
    for classes in [30, 100, 1000] {
        let many = draw(classes, long);
        let (width, height) = many.size();
        assert!(width < 1500 && height < 1500, "{width} x {height}");
        assert!(many.svg().len() < 1_000_000, "{}", many.svg().len());
        let numbers = support::texts(&many).iter().any(|text| text == "90");
        assert_eq!(numbers, classes == 30, "{classes}");
        assert_eq!(
            count(&many, "image", "preserveAspectRatio", "none"),
            usize::from(!numbers)
        );
    }
    assert_files(&draw(100, "class"), "many_classes");
}

/// The number of texts that read upwards.
fn upright(picture: &Picture) -> usize {
    picture.svg().matches("rotate(270").count()
}

#[test]
fn bad_matrices_are_explained() {
    let none: [[usize; 0]; 0] = [];
    assert_eq!(
        message(ConfusionMatrixPlot::new(&none, &["a"]).draw()),
        "ConfusionMatrixPlot: counts: expected at least one value, found none"
    );
    assert_eq!(
        message(ConfusionMatrixPlot::new(&[[1, 2], [3, 4]], &["a"]).draw()),
        "ConfusionMatrixPlot: classes: expected 2 values, one for each row of the counts, found 1"
    );
    let ragged = [vec![1, 2], vec![3]];
    assert!(message(ConfusionMatrixPlot::new(&ragged, &["a", "b"]).draw()).contains("counts[1]"));
}

/// The colour of a PNG at a share of its width and height.
fn pixel(pixels: &Pixmap, x: u32, y: u32) -> [u8; 3] {
    let pixel = pixels.pixel(x, y).unwrap();
    [pixel.red(), pixel.green(), pixel.blue()]
}

#[test]
fn images_keep_their_pixels() {
    let red_and_grey = [255, 0, 0, 128, 128, 128];
    let picture = ImageSheet::new("Two", 1, 2)
        .image(&red_and_grey, "one <line>\nand another")
        .image(&[0, 255], "grey")
        .draw()
        .unwrap();
    assert_eq!(count(&picture, "image", "preserveAspectRatio", "none"), 2);
    for text in ["one <line>", "and another", "grey"] {
        assert_text(&picture, text);
    }
    assert_files(&picture, "image_sheet");

    // The first image starts at 16 and ends at 128, under the title; a PNG has two pixels for each.
    let pixels = Pixmap::decode_png(&picture.png().unwrap()).unwrap();
    let row = 2 * 65;
    assert_eq!(pixel(&pixels, 2 * 20, row), [255, 0, 0]);
    assert_eq!(
        pixel(&pixels, 2 * 70, row),
        [255, 0, 0],
        "no blur between the two"
    );
    assert_eq!(pixel(&pixels, 2 * 74, row), [128, 128, 128]);
}

#[test]
fn bad_images_are_explained() {
    assert_eq!(
        message(ImageSheet::new("none", 2, 2).draw()),
        "ImageSheet: images: expected at least one value, found none"
    );
    assert_eq!(
        message(ImageSheet::new("short", 2, 2).image(&[1, 2, 3], "").draw()),
        "ImageSheet: image 0: expected 2 x 2 pixels, at least 1 x 1, of 1 byte (grey) or 3 (RGB), \
         found 3 bytes"
    );
    assert!(message(ImageSheet::new("flat", 0, 2).image(&[], "").draw()).contains("image 0"));
    let sheet = ImageSheet::new("no columns", 1, 1)
        .columns(0)
        .image(&[1], "");
    assert!(message(sheet.draw()).contains("columns: expected at least 1"));
}

#[test]
fn label_maps_have_three_images_a_row() {
    let maps = LabelMaps::new("Masks", 1, 2, &["background", "thing"]).ignore_index(255);
    let picture = maps
        .row(&[0, 255], &[0, 255], &[0, 1])
        .row(&[0; 6], &[1, 1], &[1, 0])
        .draw()
        .unwrap();
    assert_eq!(count(&picture, "image", "preserveAspectRatio", "none"), 6);
    for text in [
        "image",
        "ground truth",
        "prediction",
        "background",
        "thing",
        "ignored",
    ] {
        assert_text(&picture, text);
    }
    assert_files(&picture, "label_maps");
}

#[test]
fn bad_label_maps_are_explained() {
    let maps = || LabelMaps::new("Masks", 1, 2, &["background", "thing"]);
    assert_eq!(
        message(maps().draw()),
        "LabelMaps: rows: expected at least one value, found none"
    );
    assert_eq!(
        message(maps().row(&[0, 1], &[0], &[0, 1]).draw()),
        "LabelMaps: ground truth 0: expected 2 values, one for each pixel, found 1"
    );
    assert_eq!(
        message(maps().row(&[0, 1], &[0, 1], &[0, 2]).draw()),
        "LabelMaps: prediction 0: expected labels below 2 or the ignored one, found 2 at index 1"
    );
    assert!(message(maps().row(&[0], &[0, 1], &[0, 1]).draw()).contains("image 0"));
    let many = LabelMaps::new("Masks", 1, 1, &["a"; 8]).row(&[0], &[0], &[0]);
    assert!(message(many.draw()).contains("classes: expected 1 to 7 names, found 8"));
}

#[test]
fn files_that_cannot_be_written_are_explained() {
    let picture = LearningCurves::new(&[1.0], &[1.0]).draw().unwrap();
    let error = picture.save("curves.jpeg").unwrap_err();
    assert!(matches!(error, PlotError::Extension { .. }));
    assert_eq!(
        error.to_string(),
        "curves.jpeg: a picture's path ends in .svg or .png"
    );
    assert!(picture.save("curves").is_err());
    let error = picture.save("no/such/folder.svg").unwrap_err();
    assert!(matches!(error, PlotError::Write { .. }));
    assert!(
        error
            .to_string()
            .starts_with("cannot write no/such/folder.svg: "),
        "{error}"
    );
    assert!(!Path::new("curves.jpeg").exists());
}

#[test]
fn a_report_is_one_file_and_escapes_its_text() {
    let picture = LearningCurves::new(&[1.0, 0.5], &[1.0, 0.6])
        .draw()
        .unwrap();
    let report = Report::new("Run <1> & \"2\"")
        .text("It's <b>done</b>.")
        .number("accuracy <test>", 0.5)
        .picture("Loss & epoch", &picture)
        .picture("Again", &picture);
    let path = folder("report").join("report.html");
    report.save(&path).unwrap();
    let html = std::fs::read_to_string(&path).unwrap();
    assert_eq!(html, report.html());
    assert!(html.contains("<h1>Run &lt;1&gt; &amp; &quot;2&quot;</h1>"));
    assert!(html.contains("<p>It&#39;s &lt;b&gt;done&lt;/b&gt;.</p>"));
    assert!(html.contains("<th scope=\"row\">accuracy &lt;test&gt;</th><td>0.5</td>"));
    assert!(html.contains("<figcaption>Loss &amp; epoch</figcaption>"));
    assert_eq!(html.matches("<svg ").count(), 2);
    assert!(
        !html.contains("src=") && !html.contains("<link"),
        "it loads nothing"
    );
    assert!(report.save("no/such/report.html").is_err());
}

#[test]
fn images_of_any_ratio_are_drawn() {
    for (height, width) in [(1, 1000), (1000, 1), (1, 100_000)] {
        let pixels = vec![7; height * width];
        let labels = vec![0; height * width];
        let sheet = ImageSheet::new("thin", height, width)
            .image(&pixels, "one")
            .draw()
            .unwrap();
        let maps = LabelMaps::new("thin", height, width, &["a"])
            .row(&pixels, &labels, &labels)
            .draw()
            .unwrap();
        for picture in [&sheet, &maps] {
            for side in ["width", "height"] {
                assert_eq!(count(picture, "image", side, "0"), 0, "{height} x {width}");
            }
            picture.png().unwrap();
        }
        // One pixel has four units.
        let thin = if height == 1 { "height" } else { "width" };
        assert_eq!(count(&sheet, "image", thin, "4"), 1);
    }
    let error = message(ImageSheet::new("", usize::MAX, 2).image(&[0], "").draw());
    assert!(error.contains("x 2 pixels, at least 1 x 1"), "{error}");
    let maps = LabelMaps::new("", usize::MAX / 2, 3, &["a"]).row(&[0], &[0], &[0]);
    assert!(message(maps.draw()).contains("x 3 pixels"));
    let maps = LabelMaps::new("", usize::MAX, 1, &["a"]).row(&[0], &[0], &[0]);
    assert!(message(maps.draw()).contains("x 1 pixels"));
}

#[test]
fn any_text_is_drawn() {
    let long = "word ".repeat(20_000);
    for text in [
        "a\u{3}b",
        "\u{1b}[31mred",
        "<&>\"'\u{fffe}",
        "",
        "\n\n",
        &long,
        &"x".repeat(100_000),
        &"\n".repeat(9999),
    ] {
        let pictures = [
            ConfusionMatrixPlot::new(&[[1, 2], [3, 4]], &[text, text])
                .title(text)
                .draw(),
            ImageSheet::new(text, 1, 2).image(&[0, 1], text).draw(),
            LabelMaps::new(text, 1, 1, &[text, text])
                .row(&[0], &[0], &[1])
                .draw(),
        ];
        let mut report = Report::new(text).text(text).number(text, text);
        for picture in pictures {
            let picture = picture.unwrap();
            picture.png().unwrap();
            let (width, height) = picture.size();
            assert!(width < 1000 && height < 1000, "{width} x {height}");
            report = report.picture(text, &picture);
        }
        let html = report.html();
        let control = |c: char| c.is_control() && !c.is_whitespace();
        assert!(!html.contains(control), "a control code is in the page");
    }
}

#[test]
fn a_matrix_of_many_classes_shares_pixels() {
    let classes = 5000;
    let mut counts = vec![vec![0; classes]; classes];
    counts
        .iter_mut()
        .enumerate()
        .for_each(|(class, row)| row[class] = usize::MAX / 2);
    // A single confusion, which its pixel still shows.
    counts[10][4000] = usize::MAX / 2;
    let names: Vec<_> = (0..classes).map(|class| class.to_string()).collect();
    let start = std::time::Instant::now();
    let picture = ConfusionMatrixPlot::new(&counts, &names).draw().unwrap();
    assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
    assert!(picture.svg().len() < 1_000_000, "{}", picture.svg().len());
    let address = picture.svg().split("base64,").nth(1).unwrap();
    let address = address.split('"').next().unwrap();
    let png = STANDARD.decode(address).unwrap();
    let pixels = Pixmap::decode_png(&png).unwrap();
    assert_eq!((pixels.width(), pixels.height()), (1667, 1667));
    assert_eq!(pixel(&pixels, 0, 0), [8, 62, 118]);
    assert_ne!(pixel(&pixels, 4000 / 3, 10 / 3), [255, 255, 255]);
    assert_eq!(pixel(&pixels, 4000 / 3, 20 / 3), [255, 255, 255]);
}

#[test]
fn a_file_that_cannot_be_written_leaves_the_old_one() {
    let folder = folder("beside");
    let path = folder.join("picture.svg");
    let picture = |title: &str| {
        LearningCurves::new(&[1.0], &[1.0])
            .title(title)
            .draw()
            .unwrap()
    };
    picture("old").save(&path).unwrap();
    // Where it would be written beside the old one, there is a folder.
    let blocked = folder.join(format!("picture.svg.{}.unfinished", std::process::id()));
    std::fs::create_dir(&blocked).unwrap();
    assert!(picture("new").save(&path).is_err());
    assert_eq!(
        std::fs::read_to_string(&path).unwrap(),
        picture("old").svg()
    );
    std::fs::remove_dir(&blocked).unwrap();
    picture("new").save(&path).unwrap();
    assert_eq!(
        std::fs::read_to_string(&path).unwrap(),
        picture("new").svg()
    );
    // Nothing is left beside it.
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
}

#[test]
fn a_report_that_cannot_be_written_leaves_the_old_one() {
    let folder = folder("report_beside");
    let path = folder.join("report.html");
    Report::new("old").save(&path).unwrap();
    let blocked = folder.join(format!("report.html.{}.unfinished", std::process::id()));
    std::fs::create_dir(&blocked).unwrap();
    let error = Report::new("new").save(&path).unwrap_err();
    assert!(matches!(error, PlotError::Write { path: named, .. } if named == path));
    let page = std::fs::read_to_string(&path).unwrap();
    assert_eq!(page, Report::new("old").html());
    // A disk that is full.
    #[cfg(target_os = "linux")]
    assert!(matches!(
        Report::new("new").save("/dev/full").unwrap_err(),
        PlotError::Write { .. }
    ));
}

#[test]
fn a_name_as_long_as_a_file_may_have_is_written() {
    let folder = folder("long_name");
    let picture = LearningCurves::new(&[1.0], &[1.0]).draw().unwrap();
    for name in ["a".repeat(251) + ".svg", "ä".repeat(125) + "x.svg"] {
        assert!(name.len() > 254);
        picture.save(folder.join(&name)).unwrap();
        let written = std::fs::read_to_string(folder.join(name)).unwrap();
        assert_eq!(written, picture.svg());
    }
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 2);
}

#[test]
fn a_picture_too_large_is_an_error() {
    let mut sheet = ImageSheet::new("", 1, 1).columns(1);
    for _ in 0..3000 {
        sheet = sheet.image(&[0], "");
    }
    let error = sheet.draw().unwrap_err().to_string();
    assert!(error.contains("at most 50000 a side"), "{error}");
}
