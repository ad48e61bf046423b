//! A small network with one logit a tone.

use burn::nn::{Linear, LinearConfig, Relu};
use burn::prelude::*;

use crate::data::{BANDS, TONES};

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
            hidden: LinearConfig::new(BANDS, 48).init(device),
            relu: Relu::new(),
            output: LinearConfig::new(48, TONES.len()).init(device),
        }
    }

    /// Spectra `[N, BANDS]` to logits `[N, TONES]`. No softmax: tones do not exclude each other.
    pub fn forward(&self, spectra: Tensor<B, 2>) -> Tensor<B, 2> {
        let x = self.relu.forward(self.hidden.forward(spectra));
        self.output.forward(x)
    }
}
