//! A small convolutional network with a row of logits a pixel.

use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{PaddingConfig2d, Relu};
use burn::prelude::*;

use crate::data::CLASSES;

const CHANNELS: usize = 12;

/// Three convolutions that see 9 by 9 pixels together, and a linear layer a pixel.
#[derive(Module, Debug)]
pub struct Network<B: Backend> {
    convolutions: Vec<Conv2d<B>>,
    relu: Relu,
    output: Conv2d<B>,
}

impl<B: Backend> Network<B> {
    pub fn new(device: &B::Device) -> Self {
        let convolution = |(channels, dilation)| {
            Conv2dConfig::new([channels, CHANNELS], [3, 3])
                .with_dilation([dilation; 2])
                // As much as the kernel reaches, so that the image keeps its size.
                .with_padding(PaddingConfig2d::Explicit(
                    dilation, dilation, dilation, dilation,
                ))
                .init(device)
        };
        let layers = [(1, 1), (CHANNELS, 1), (CHANNELS, 2)];
        Network {
            convolutions: layers.map(convolution).into(),
            relu: Relu::new(),
            output: Conv2dConfig::new([CHANNELS, CLASSES.len()], [1, 1]).init(device),
        }
    }

    /// Images `[N, 1, H, W]` to logits `[N, C, H, W]`.
    pub fn forward(&self, images: Tensor<B, 4>) -> Tensor<B, 4> {
        let layer = |x, convolution: &Conv2d<B>| self.relu.forward(convolution.forward(x));
        self.output
            .forward(self.convolutions.iter().fold(images, layer))
    }
}
