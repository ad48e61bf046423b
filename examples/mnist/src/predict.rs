//! Predictions of a saved model, for a person to look at.

use burn::data::dataset::Dataset;
use burn::prelude::*;

use crate::Result;
use crate::args::PredictArgs;
use crate::config;
use crate::data::{Source, Split};
use crate::picture::picture;
use crate::prediction::{Prediction, predictions};

/// Prints test digits as the command line says.
pub fn run<B: Backend>(args: &PredictArgs, device: &B::Device) -> Result<()> {
    let network = config::load::<B>(&args.common.output, device)?;
    let digits = Source::new(args.common.data.as_deref()).load(Split::Test)?;
    let (start, last) = (args.start, digits.len() - 1);
    if start > last {
        return Err(format!("--start {start}: the test images are numbered 0 to {last}").into());
    }

    let (mut looked_at, mut wrong, mut shown) = (0, 0, 0);
    for prediction in predictions(&network, &digits, start, device) {
        looked_at += 1;
        wrong += usize::from(prediction.is_wrong());
        if prediction.is_wrong() || !args.wrong_only {
            println!("{}", text(&prediction));
            shown += 1;
        }
        if shown == args.count {
            break;
        }
    }
    println!("{looked_at} test images looked at, {wrong} wrong, {shown} shown");
    Ok(())
}

fn text(prediction: &Prediction) -> String {
    let Prediction {
        index,
        digit,
        probabilities,
    } = prediction;
    let (label, class) = (digit.label, prediction.class());
    let mark = if prediction.is_wrong() {
        "   <-- WRONG"
    } else {
        ""
    };
    let picture = picture(digit, probabilities);
    format!("test image {index}: a {label}, predicted {class}{mark}\n{picture}\n")
}
