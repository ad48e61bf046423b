//! A small network with one logit, and the losses under which it learns.

use burn::nn::{Linear, LinearConfig, Relu};
use burn::prelude::*;
use burn_loss::{
    AutodiffLossBackend, BceWithLogitsLoss, BceWithLogitsLossConfig, SigmoidFocalLoss,
    SigmoidFocalLossConfig,
};
use example_support::{Result, Training, rows};

use crate::data::Points;

/// Two linear layers.
#[derive(Module, Debug)]
pub struct Network<B: Backend> {
    hidden: Linear<B>,
    relu: Relu,
    output: Linear<B>,
}

impl<B: Backend> Network<B> {
    pub fn new(device: &B::Device) -> Self {
        Network {
            hidden: LinearConfig::new(2, 32).init(device),
            relu: Relu::new(),
            output: LinearConfig::new(32, 1).init(device),
        }
    }

    /// Points `[N, 2]` to a logit each, `[N]`.
    pub fn forward(&self, x: Tensor<B, 2>) -> Tensor<B, 1> {
        let x = self.relu.forward(self.hidden.forward(x));
        self.output.forward(x).squeeze_dim(1)
    }
}

/// The losses that are compared.
pub enum BinaryLoss<B: Backend> {
    Bce(BceWithLogitsLoss<B>),
    Focal(SigmoidFocalLoss),
}

impl<B: AutodiffLossBackend> BinaryLoss<B> {
    /// Each loss with its name in the table; `pos_weight` makes both classes weigh the same.
    pub fn all(points: &Points<B>) -> [(&'static str, Self); 3] {
        let device = points.x.device();
        let positives = points.positives() as f32;
        let negatives = points.x.dims()[0] as f32 - positives;
        let pos_weight = Some(vec![negatives / positives.max(1.0)]);
        let bce = BceWithLogitsLossConfig::new();
        [
            ("plain BCE", Self::Bce(bce.init(&device))),
            (
                "pos_weight",
                Self::Bce(bce.with_pos_weight(pos_weight).init(&device)),
            ),
            ("focal", Self::Focal(SigmoidFocalLossConfig::new().init())),
        ]
    }

    /// Logits `[N]` and labels `[N]` to their mean loss.
    fn forward(&self, logits: Tensor<B, 1>, positive: Tensor<B, 1, Int>) -> Tensor<B, 1> {
        // A `pos_weight` is over the last axis, one a label: there is one label.
        let logits = logits.unsqueeze_dim::<2>(1);
        let positive = positive.float().unsqueeze_dim(1);
        match self {
            Self::Bce(loss) => loss.forward(logits, positive),
            Self::Focal(loss) => loss.forward(logits, positive),
        }
    }
}

/// Trains a new network on the points.
pub fn train<B: AutodiffLossBackend>(
    name: &str,
    loss: &BinaryLoss<B>,
    points: &Points<B>,
    training: &Training,
) -> Result<Network<B>> {
    let device = points.x.device();
    // The same start for each loss: what differs is the loss alone.
    B::seed(&device, training.seed);
    let count = points.x.dims()[0];
    let (network, _) = training.run(name, Network::new(&device), count, |network, batch| {
        let logits = network.forward(rows(&points.x, batch));
        loss.forward(logits, rows(&points.positive, batch))
    })?;
    Ok(network)
}
