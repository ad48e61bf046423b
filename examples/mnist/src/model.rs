//! The network.

use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::nn::{Linear, LinearConfig, Relu};
use burn::prelude::*;

use crate::data::{CLASSES, SIDE};

/// The sizes of a [`ConvNet`]. The defaults are what two CPU cores train in about two minutes.
#[derive(Config, Debug)]
pub struct ConvNetConfig {
    /// Channels after the first and after the second convolution.
    #[config(default = "[8, 16]")]
    pub channels: [usize; 2],
    /// The side of the convolutions' kernels.
    #[config(default = 5)]
    pub kernel: usize,
    /// Units of the hidden layer.
    #[config(default = 64)]
    pub hidden: usize,
}

/// Two convolutions, each halved by max pooling, and two linear layers.
#[derive(Module, Debug)]
pub struct ConvNet<B: Backend> {
    first: Conv2d<B>,
    second: Conv2d<B>,
    pool: MaxPool2d,
    hidden: Linear<B>,
    output: Linear<B>,
    relu: Relu,
}

impl ConvNetConfig {
    pub fn init<B: Backend>(&self, device: &B::Device) -> ConvNet<B> {
        let [first, second] = self.channels;
        let kernel = [self.kernel; 2];
        let side = self.pooled(self.pooled(SIDE));
        ConvNet {
            first: Conv2dConfig::new([1, first], kernel).init(device),
            second: Conv2dConfig::new([first, second], kernel).init(device),
            pool: MaxPool2dConfig::new([2, 2]).with_strides([2, 2]).init(),
            hidden: LinearConfig::new(second * side * side, self.hidden).init(device),
            output: LinearConfig::new(self.hidden, CLASSES).init(device),
            relu: Relu::new(),
        }
    }

    /// The side of an image after a convolution without padding and a pooling of two by two.
    fn pooled(&self, side: usize) -> usize {
        (side + 1 - self.kernel) / 2
    }
}

impl<B: Backend> ConvNet<B> {
    /// Images `[N, 1, 28, 28]` to logits `[N, 10]`.
    pub fn forward(&self, images: Tensor<B, 4>) -> Tensor<B, 2> {
        // Pooling first leaves a fourth of the work to the rectifier, which it commutes with.
        let x = self
            .relu
            .forward(self.pool.forward(self.first.forward(images)));
        let x = self.relu.forward(self.pool.forward(self.second.forward(x)));
        let x = self.relu.forward(self.hidden.forward(x.flatten(1, 3)));
        self.output.forward(x)
    }
}

#[cfg(test)]
mod tests {
    use burn::backend::NdArray;

    use super::*;

    #[test]
    fn gives_one_row_of_logits_an_image() {
        let device = Default::default();
        let config = ConvNetConfig::new().with_channels([2, 3]).with_kernel(3);
        let network = config.init::<NdArray>(&device);
        let images = Tensor::ones([4, 1, SIDE, SIDE], &device);
        assert_eq!(network.forward(images).dims(), [4, CLASSES]);
    }
}
