//! Temperature scaling: one number that makes probabilities honest.

use burn::backend::Flex;
use burn::config::Config;
use burn::module::{Module, Param};
use burn::tensor::backend::Backend;
use burn::tensor::{DType, Element, Int, Tensor, TensorData, TensorPrimitive};
use burn_loss_kernels::{
    Adjustment, LossBackend, Reduction, RowTargets, RowWeights, SmoothWeights, formulas,
};

use crate::{check, host};

/// The logarithm of the temperature stays within these, as in scikit-learn: rows that are all right have no best
/// temperature above 0.
const LOG_BOUNDS: [f64; 2] = [-10.0, 10.0];
/// What is impossible stays so; minus infinity times a share of zero would make the gradient NaN.
const LOWEST_LOGIT: f64 = -1e30;

/// Configuration of [`TemperatureScaling`].
///
/// # Example
///
/// ```
/// use burn_loss_metrics::TemperatureScalingConfig;
///
/// assert_eq!(TemperatureScalingConfig::new().temperature, 1.0);
/// ```
#[derive(Config, Debug, PartialEq)]
#[non_exhaustive]
pub struct TemperatureScalingConfig {
    /// The temperature to start with, finite and above 0. Default: 1, which changes nothing.
    #[config(default = 1.0)]
    pub temperature: f64,
    /// How often the gradient may be computed. Default: 100; about 10 are needed.
    #[config(default = 100)]
    pub max_iterations: usize,
}

impl TemperatureScalingConfig {
    const NAME: &str = "TemperatureScalingConfig";

    /// Makes the module with the configured temperature: to fit it is another step, and to load a saved one, too.
    ///
    /// # Panics
    ///
    /// If the temperature is not finite or not above 0.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn_loss_metrics::TemperatureScalingConfig;
    ///
    /// let config = TemperatureScalingConfig::new().with_temperature(2.0);
    /// assert_eq!(config.init::<NdArray>(&Default::default()).temperature(), 2.0);
    /// ```
    #[track_caller]
    pub fn init<B: Backend>(&self, device: &B::Device) -> TemperatureScaling<B> {
        let valid = self.temperature.is_finite() && self.temperature > 0.0;
        let expected = "finite and above 0";
        let checked = check::setting(valid, "temperature", expected, self.temperature);
        check::or_panic(Self::NAME, checked);
        TemperatureScaling {
            temperature: Param::from_tensor(number(self.temperature, device)),
        }
    }

    /// Finds the temperature with the lowest cross entropy on validation data.
    ///
    /// The cross entropy and its gradient are this library's own. It is convex in `1 / T`, so a bracket
    /// on the sign of the gradient with respect to `log T` finds the one minimum. The logits are read once, and the fit
    /// runs on the host, in f64 (on Burn's CPU backend Flex), so that the temperature has the same digits on every backend:
    /// those that its own floats can hold.
    ///
    /// # Shapes
    ///
    /// - `logits`: `[N, C]`, of validation data: on the training data an overfitted model looks calibrated
    /// - `targets`: `[N]`, classes in `[0, C)`
    ///
    /// # Panics
    ///
    /// If the shapes do not fit, a target is not a class, there are no rows, or the cross entropy is not finite (a NaN
    /// among the logits, a target with a logit of minus infinity).
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::{Int, Tensor};
    /// use burn_loss_metrics::TemperatureScalingConfig;
    ///
    /// let device = Default::default();
    /// // Sure of itself (0.98), and right three times of four.
    /// let logits = Tensor::<NdArray, 2>::from_floats([[4.0, 0.0], [4.0, 0.0], [4.0, 0.0], [4.0, 0.0]], &device);
    /// let targets = Tensor::<NdArray, 1, Int>::from_ints([0, 0, 0, 1], &device);
    /// let scaling = TemperatureScalingConfig::new().fit(logits, targets);
    /// // sigmoid(4 / T) = 3/4
    /// assert!((scaling.temperature() - 4.0 / 3f64.ln()).abs() < 1e-4);
    /// ```
    #[track_caller]
    pub fn fit<B: Backend>(
        &self,
        logits: Tensor<B, 2>,
        targets: Tensor<B, 1, Int>,
    ) -> TemperatureScaling<B> {
        let [rows, _] = logits.dims();
        check::or_panic(
            Self::NAME,
            check::setting(rows > 0, "logits", "of at least one row", rows),
        );
        let [given] = targets.dims();
        let fits = check::one_target_a_row("logits", logits.dims(), given);
        check::or_panic(Self::NAME, fits);
        let scaling = self.init::<B>(&logits.device());
        let slope = Slope::new(logits, targets);
        let log = root(
            |log| slope.at(log),
            self.temperature.ln(),
            self.max_iterations,
        );
        TemperatureScaling {
            temperature: scaling
                .temperature
                .map(|start| number(log.exp(), &start.device())),
        }
    }
}

/// Where the fit runs: near a minimum the gradient's digits are few, and f32 would leave half of them to the temperature.
/// Without `Autodiff`, which Burn's `distributed` feature takes from the backends of a CPU.
type Host = Flex;

/// The gradient of the mean cross entropy with respect to the logarithm of the temperature.
struct Slope {
    logits: Tensor<Host, 2>,
    targets: Tensor<Host, 1, Int>,
}

impl Slope {
    #[track_caller]
    fn new<B: Backend>(logits: Tensor<B, 2>, targets: Tensor<B, 1, Int>) -> Self {
        let (dims, [rows]) = (logits.dims(), targets.dims());
        let mut logits = host::numbers(logits);
        for logit in &mut logits {
            // NaN stays: else the fit would look well.
            if *logit < LOWEST_LOGIT {
                *logit = LOWEST_LOGIT;
            }
        }
        let targets = host::integers(targets);
        let name = TemperatureScalingConfig::NAME;
        check::or_panic(name, check::classes("targets", &targets, dims[1]));
        let targets = TensorData::new(targets, [rows]);
        let device = Default::default();
        Self {
            logits: Tensor::from_data(TensorData::new(logits, dims), (&device, DType::F64)),
            targets: Tensor::from_data(targets, (&device, DType::I64)),
        }
    }

    #[track_caller]
    fn at(&self, log_temperature: f64) -> f64 {
        let by = Adjustment {
            factor: (-log_temperature).exp(),
            per_class: None,
        };
        let formula = formulas::CrossEntropy {
            keep: 1.0,
            z_loss: 0.0,
        };
        let targets = RowTargets {
            classes: Some(self.targets.clone().into_primitive()),
            ignore_index: None,
            smooth: SmoothWeights::Zero,
        };
        let found = Host::adjusted_reduced(
            &formula,
            self.logits.clone().into_primitive().tensor(),
            by,
            targets,
            RowWeights::none(),
            Reduction::Mean,
            true,
        );
        let [gradient, ..] = found.gradients;
        let gradient = TensorPrimitive::Float(gradient.expect("it is wanted"));
        let gradient = Tensor::<Host, 2>::from_primitive(gradient);
        // The derivative of the divided logits with respect to the logarithm is their negative.
        let slope = -host::numbers((gradient * self.logits.clone()).sum())[0];
        assert!(
            slope.is_finite(),
            "TemperatureScalingConfig: expected `logits` and `targets` with a finite cross entropy, got {}",
            host::numbers(Tensor::<Host, 1>::from_primitive(TensorPrimitive::Float(
                found.loss
            )))[0]
        );
        slope
    }
}

/// Where an increasing sign changes, near `start` and within [`LOG_BOUNDS`]; the bound where it does not.
fn root(slope: impl Fn(f64) -> f64, start: f64, max_iterations: usize) -> f64 {
    let [lowest, highest] = LOG_BOUNDS;
    let mut from = (start.clamp(lowest, highest), 0.0);
    from.1 = slope(from.0);
    let mut evaluations = 1;
    let mut step = if from.1 > 0.0 { -0.5 } else { 0.5 };
    let mut to = from;
    while from.1 != 0.0 && to.1 * from.1 > 0.0 {
        if to.0 == lowest || to.0 == highest || evaluations >= max_iterations {
            return to.0;
        }
        from = to;
        to.0 = (from.0 + step).clamp(lowest, highest);
        to.1 = slope(to.0);
        evaluations += 1;
        step *= 2.0;
    }
    illinois(slope, from, to, max_iterations.saturating_sub(evaluations))
}

/// The root between two points with slopes of different signs, by the Illinois variant of regula falsi.
fn illinois(
    slope: impl Fn(f64) -> f64,
    mut a: (f64, f64),
    mut b: (f64, f64),
    max_iterations: usize,
) -> f64 {
    for _ in 0..max_iterations {
        if b.1 == 0.0 || (b.0 - a.0).abs() < 1e-12 {
            break;
        }
        let middle = (a.0 * b.1 - b.0 * a.1) / (b.1 - a.1);
        let found = (middle, slope(middle));
        if (found.1 > 0.0) == (b.1 > 0.0) {
            // Else the other end would stay where it is.
            a.1 /= 2.0;
        } else {
            a = b;
        }
        let moved = (found.0 - b.0).abs();
        b = found;
        if moved < 1e-12 {
            break;
        }
    }
    b.0
}

/// One number as a tensor of the backend's own float type.
fn number<B: Backend>(value: f64, device: &B::Device) -> Tensor<B, 1> {
    // Burn's default type belongs to the device, and whoever used the device first chose it.
    Tensor::from_data(TensorData::from([value]), (device, B::FloatElem::dtype()))
}

/// Divides logits by a temperature `T`: `softmax(logits / T)` has honest probabilities, and the same order.
///
/// An overconfident model (the usual case) gets `T > 1`. Predictions, accuracy and everything that is read off the order of
/// one row stay as they are; calibration error, Brier score and log loss improve. One number is fitted, so a few hundred
/// validation rows are enough.
///
/// It is a Burn module: save it beside the model with `save_file`, load it with `load_file` into
/// [`TemperatureScalingConfig::init`]'s.
///
/// - source: [On Calibration of Modern Neural Networks](https://arxiv.org/abs/1706.04599); scikit-learn's
///   [`CalibratedClassifierCV(method="temperature")`](https://scikit-learn.org/stable/modules/generated/sklearn.calibration.CalibratedClassifierCV.html)
///
/// # Example
///
/// ```
/// use burn::backend::NdArray;
/// use burn::tensor::Tensor;
/// use burn_loss_metrics::TemperatureScalingConfig;
///
/// let device = Default::default();
/// let scaling = TemperatureScalingConfig::new().with_temperature(2.0).init::<NdArray>(&device);
/// let logits = scaling.apply(Tensor::from_floats([[4.0, 0.0, -2.0]], &device));
/// assert_eq!(logits.into_data().to_vec::<f32>().unwrap(), [2.0, 0.0, -1.0]);
/// ```
#[derive(Module, Debug)]
#[non_exhaustive]
pub struct TemperatureScaling<B: Backend> {
    /// The temperature, `[1]`.
    pub temperature: Param<Tensor<B, 1>>,
}

impl<B: Backend> TemperatureScaling<B> {
    /// The temperature as a number.
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn_loss_metrics::TemperatureScalingConfig;
    ///
    /// let scaling = TemperatureScalingConfig::new().init::<NdArray>(&Default::default());
    /// assert_eq!(scaling.temperature(), 1.0);
    /// ```
    pub fn temperature(&self) -> f64 {
        host::numbers(self.temperature.val())[0]
    }

    /// Divides logits by the temperature.
    ///
    /// # Shapes
    ///
    /// - `logits`, output: `[N, C]`
    ///
    /// # Example
    ///
    /// ```
    /// use burn::backend::NdArray;
    /// use burn::tensor::Tensor;
    /// use burn_loss_metrics::TemperatureScalingConfig;
    ///
    /// let device = Default::default();
    /// let scaling = TemperatureScalingConfig::new().with_temperature(4.0).init::<NdArray>(&device);
    /// let logits = scaling.apply(Tensor::from_floats([[4.0, -2.0]], &device));
    /// assert_eq!(logits.into_data().to_vec::<f32>().unwrap(), [1.0, -0.5]);
    /// ```
    pub fn apply(&self, logits: Tensor<B, 2>) -> Tensor<B, 2> {
        // A record may have been saved and loaded in another precision.
        let temperature = self.temperature.val().cast(logits.dtype());
        logits / temperature.reshape([1, 1])
    }
}
