//! Connectionist temporal classification.

use burn::config::Config;
use burn::module::Module;
use burn::tensor::{Bool, Int, Tensor};
use burn_loss_kernels::{CtcTargets, LossBackend};

use crate::display::display_fields;
use crate::forms::{SampleLoss, Samples, expanded, primitive, sample_forwards, signed, tensor};
use crate::{Reduction, check};

/// Configuration of [`CtcLoss`].
///
/// # Example
///
/// ```
/// use burn_loss::CtcLossConfig;
///
/// assert!(CtcLossConfig::new().with_zero_infinity(true).init().zero_infinity);
/// ```
#[derive(Config, Debug, PartialEq)]
#[non_exhaustive]
pub struct CtcLossConfig {
    /// The class that stands for nothing. Default: 0.
    #[config(default = 0)]
    pub blank: usize,
    /// Whether a target that does not fit into its input counts 0, with the gradient 0, and not infinity. Default: false.
    #[config(default = false)]
    pub zero_infinity: bool,
    /// How the losses become one number; for a mean each is divided by the length of its target first. Default: mean.
    #[config(default = "Reduction::Mean")]
    pub reduction: Reduction,
}

impl CtcLossConfig {
    /// Makes the loss.
    ///
    /// # Panics
    ///
    /// If `reduction` is [`BatchMean`](Reduction::BatchMean).
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::{Int, Tensor};
    /// use burn_loss::{CtcLossConfig, Reduction};
    ///
    /// let device = Default::default();
    /// let log_probs = Tensor::<NdArray, 3>::full([1, 1, 4], 0.25f32.ln(), &device);
    /// let ints = |number| Tensor::<NdArray, 1, Int>::from_ints([number], &device);
    /// let loss = CtcLossConfig::new().with_blank(3).init();
    /// // One step has room for one class.
    /// let mean = loss.forward(log_probs, ints(2).reshape([1, 1]), ints(1), ints(1));
    /// assert!((mean.into_scalar() - 4f32.ln()).abs() < 1e-6);
    /// ```
    #[track_caller]
    pub fn init(&self) -> CtcLoss {
        check::reduction("CtcLossConfig", self.reduction);
        CtcLoss {
            blank: self.blank,
            zero_infinity: self.zero_infinity,
            reduction: self.reduction,
        }
    }
}

/// The negative logarithm of the probability that a sequence of steps spells a shorter sequence of classes, in whichever way:
/// `-log sum_w prod_t exp(x_t(w_t))` over all ways `w` that give the target when repeated classes become one and then blanks are
/// left out.
///
/// For speech and handwriting, where the letters are known but not where each of them is. The model must not have to look back at
/// what it has said, for every step is judged by itself; where the classes are known at every step, take
/// [`CrossEntropyLoss`](crate::CrossEntropyLoss).
///
/// - `log_probs`: log-probabilities, as of `log_softmax` along the last axis, `[T, N, C]`
/// - `targets`: classes in `[0, C)` and not the blank, `[N, S]`; what is beyond a target's length is not looked at
/// - `input_lengths`, `target_lengths`: in `[0, T]` and `[0, S]`, `[N]`
/// - mean: of each sample's loss divided by the length of its target, or by 1 where that is 0; the sum is of the losses as they
///   are
/// - infinite where a target does not fit into its input, which takes a step for each class and one between two that are the same
/// - gradient: that of the log-probabilities as they are. PyTorch adds `exp(x)` to it, which the `log_softmax` before takes away
///   again, so that the gradients of the logits are the same; where the loss is infinite it is NaN in both
/// - panics, beside shapes: if `blank` is not in `[0, C)`; on NdArray and Flex also if a length is out of its range, or a target is
///   the blank or no class, where elsewhere the loss of that sample is NaN
/// - PyTorch: [`nn.CTCLoss`](https://docs.pytorch.org/docs/stable/generated/torch.nn.CTCLoss.html), whose targets may also be one
///   after the other; source: [Connectionist Temporal Classification](https://www.cs.toronto.edu/~graves/icml_2006.pdf)
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::{Int, Tensor};
/// use burn_loss::CtcLossConfig;
///
/// let device = Default::default();
/// let ints = |number| Tensor::<NdArray, 1, Int>::from_ints([number], &device);
/// // Two steps, one sample, a blank and one class, each with the probability 1/2.
/// let log_probs = Tensor::<NdArray, 3>::full([2, 1, 2], 0.5f32.ln(), &device);
/// let mean = CtcLossConfig::new().init().forward(log_probs, ints(1).reshape([1, 1]), ints(2), ints(1));
/// // Of four ways three give the class once: twice the class, or once with a blank before or after.
/// assert!((mean.into_scalar() + 0.75f32.ln()).abs() < 1e-6);
/// ```
#[derive(Module, Debug, Clone)]
#[module(custom_display)]
#[non_exhaustive]
pub struct CtcLoss {
    /// The class that stands for nothing.
    pub blank: usize,
    /// Whether a target that does not fit into its input counts 0, and not infinity.
    pub zero_infinity: bool,
    /// How the losses become one number.
    #[module(skip)]
    pub reduction: Reduction,
}

display_fields!([] CtcLoss: {} blank, zero_infinity, reduction);
sample_forwards!(<> CtcLoss, <B>, log_probs: Tensor<B, 3>, targets: Tensor<B, 2, Int>, input_lengths: Tensor<B, 1, Int>, target_lengths: Tensor<B, 1, Int>);

const NAME: &str = "CtcLoss";

/// Panics unless there are as many rows as samples.
#[track_caller]
fn one_per_sample(name: &str, shape @ [_, samples, _]: [usize; 3], count: usize) {
    assert!(
        count == samples,
        "{NAME}: expected `{name}` of one row per sample of `log_probs` [T, N, C], N = {samples}, got {count} and {shape:?}"
    );
}

impl<B: LossBackend> SampleLoss<B> for CtcLoss {
    type Inputs = (
        Tensor<B, 3>,
        Tensor<B, 2, Int>,
        Tensor<B, 1, Int>,
        Tensor<B, 1, Int>,
    );

    fn name(&self) -> &'static str {
        NAME
    }

    fn reduction(&self) -> Reduction {
        self.reduction
    }

    #[track_caller]
    fn check(
        &self,
        (log_probs, targets, input_lengths, target_lengths): &Self::Inputs,
    ) -> Samples<B> {
        let shape @ [_, _, num_classes] = log_probs.dims();
        one_per_sample("targets", shape, targets.dims()[0]);
        let device = ("log_probs", &log_probs.device());
        check::same_device::<B>(NAME, device, ("targets", &targets.device()));
        for (name, lengths) in [
            ("input_lengths", input_lengths),
            ("target_lengths", target_lengths),
        ] {
            one_per_sample(name, shape, lengths.dims()[0]);
            check::same_device::<B>(NAME, device, (name, &lengths.device()));
        }
        assert!(
            self.blank < num_classes,
            "{NAME}: expected `blank` in [0, {num_classes}), got {}",
            self.blank
        );
        Samples::along(1, "log_probs", log_probs)
    }

    fn without(
        &self,
        (log_probs, targets, input_lengths, target_lengths): Self::Inputs,
        dropped: Tensor<B, 1, Bool>,
    ) -> Self::Inputs {
        let shape @ [_, samples, _] = log_probs.dims();
        let of_sample = expanded(dropped.clone().reshape([1, samples, 1]), shape);
        (
            log_probs.mask_fill(of_sample, 0.0),
            targets,
            // Nothing in no step, which costs nothing.
            input_lengths.mask_fill(dropped.clone(), 0),
            target_lengths.mask_fill(dropped, 0),
        )
    }

    #[track_caller]
    fn losses(
        &self,
        (log_probs, targets, input_lengths, target_lengths): Self::Inputs,
    ) -> Tensor<B, 1> {
        if B::ON_HOST {
            let [steps, _, num_classes] = log_probs.dims();
            lengths_within("input_lengths", &input_lengths, steps);
            lengths_within("target_lengths", &target_lengths, targets.dims()[1]);
            self.classes(&targets, &target_lengths, num_classes);
        }
        // No class and no length is negative.
        let targets = CtcTargets {
            classes: signed(targets, [-1; 2]).into_primitive(),
            input_lengths: signed(input_lengths, [-1; 2]).into_primitive(),
            target_lengths: signed(target_lengths, [-1; 2]).into_primitive(),
            blank: self.blank,
        };
        // On a backend that differentiates, what is tracked decides.
        let losses: Tensor<B, 1> = tensor(B::ctc(primitive(log_probs), targets, false).losses);
        if !self.zero_infinity {
            return losses;
        }
        let most = losses.dtype().finfo().map_or(f64::MAX, |info| info.max);
        let infinite = losses.clone().greater_elem(most);
        losses.mask_fill(infinite, 0.0)
    }

    #[track_caller]
    fn reduced(&self, inputs: Self::Inputs, weights: Option<Tensor<B, 1>>) -> Tensor<B, 1> {
        let dropped = weights.as_ref();
        let dropped = dropped.map(|weights| weights.clone().equal_elem(0.0));
        let inputs = match dropped {
            Some(dropped) => self.without(inputs, dropped),
            None => inputs,
        };
        let dtype = inputs.0.dtype();
        let lengths = inputs.3.clone();
        let mut losses = self.losses(inputs);
        if self.reduction != Reduction::Sum {
            let shares = lengths.clamp_min(1).float().cast(dtype);
            // Not a quotient, whose slope goes through a reciprocal that some processors round roughly.
            losses = losses * (shares.ones_like() / shares);
        }
        match weights {
            Some(weights) => self.reduction.reduce_weighted(losses, weights),
            None => self.reduction.reduce(losses),
        }
    }
}

impl CtcLoss {
    /// Panics on a class that there is not, or that is the blank.
    #[track_caller]
    fn classes<B: LossBackend>(
        &self,
        targets: &Tensor<B, 2, Int>,
        lengths: &Tensor<B, 1, Int>,
        num_classes: usize,
    ) {
        let [_, longest] = targets.dims();
        let (targets, lengths) = (targets.to_data(), lengths.to_data());
        let targets: Vec<i64> = targets.iter::<i64>().collect();
        for (sample, length) in lengths.iter::<i64>().enumerate() {
            let target = &targets[sample * longest..][..length as usize];
            for (place, &class) in target.iter().enumerate() {
                assert!(
                    (0..num_classes as i64).contains(&class) && class != self.blank as i64,
                    "{NAME}: expected `targets` of classes in [0, {num_classes}) other than the blank, {}, got {class} at sample \
                     {sample}, place {place}",
                    self.blank
                );
            }
        }
    }
}

/// Panics on a length beyond its axis.
#[track_caller]
fn lengths_within<B: LossBackend>(name: &str, lengths: &Tensor<B, 1, Int>, most: usize) {
    let lengths = lengths.to_data();
    for (sample, length) in lengths.iter::<i64>().enumerate() {
        assert!(
            (0..=most as i64).contains(&length),
            "{NAME}: expected `{name}` in [0, {most}], got {length} at sample {sample}"
        );
    }
}
