//! The twins of the formulas in `loss_kernels::formulas`, one file each: the same mathematics on vectors of a GPU.
//!
//! `binary_logit` holds what the losses of a binary logit are made of.

mod asymmetric;
mod bce;
mod bce_with_logits;
mod binary_logit;
mod charbonnier;
mod cross_entropy;
mod focal;
mod gamma_nll;
mod gaussian_crps;
mod gaussian_nll;
mod generalized_cross_entropy;
mod hinge_embedding;
mod huber;
mod js_div;
mod kl_div;
mod l1;
mod log_cosh;
mod margin_ranking;
mod mse;
mod msle;
mod poisson_nll;
mod poly;
mod quantile;
mod sigmoid_focal;
mod smooth_l1;
mod soft_margin;
mod tweedie;

pub use cross_entropy::CrossEntropy;
pub use focal::Focal;
pub use generalized_cross_entropy::GeneralizedCrossEntropy;
pub use poly::Poly;

use burn_cubecl::cubecl;
use burn_cubecl::{CubeRuntime, cubecl::prelude::*};
use loss_kernels::Input;
use loss_kernels::formulas::Twin;

use super::launch::Launcher;

/// A formula as the kernels take it, see [`Formula`](crate::Formula).
#[cube]
pub trait CubeFormula: Send + Sync + 'static {
    /// The loss of each element.
    fn loss<N: Size>(inputs: &Numbers<N>, parameters: &Parameters) -> Vector<f32, N>;

    /// The derivative of each loss with respect to one input.
    fn slope<N: Size>(
        inputs: &Numbers<N>,
        parameters: &Parameters,
        #[comptime] of: Input,
    ) -> Vector<f32, N>;
}

/// The inputs of some elements.
#[derive(CubeType, Clone, Copy)]
pub struct Numbers<N: Size> {
    /// The prediction.
    pub x: Vector<f32, N>,
    /// The target.
    pub y: Vector<f32, N>,
    /// The third number, 1 where there is none.
    pub w: Vector<f32, N>,
}

/// The parameters of a formula, in the order of its [`Twin`]; those that it does not have are 0.
#[derive(CubeType, CubeLaunch)]
pub struct Parameters {
    pub first: f32,
    pub second: f32,
    pub third: f32,
}

/// How many there are.
pub const PARAMETERS: usize = 3;

/// As many, with 0 for those that a formula does not have.
pub fn all_parameters(given: impl AsRef<[f32]>) -> [f32; PARAMETERS] {
    let given = given.as_ref();
    let mut all = [0.0; PARAMETERS];
    all[..given.len()].copy_from_slice(given);
    all
}

/// [`Parameters`] of a launch.
pub fn parameters_arg<R: Runtime>(
    [first, second, third]: [f32; PARAMETERS],
) -> ParametersLaunch<R> {
    ParametersLaunch::new(first, second, third)
}

/// The kernel of a formula, and its parameters; `None` for one without a twin.
pub fn kernel_of<R: CubeRuntime>(twin: Option<Twin>) -> Option<Launcher<R>> {
    Some(match twin? {
        Twin::Mse => Launcher::new::<mse::Mse>([]),
        Twin::L1 => Launcher::new::<l1::L1>([]),
        Twin::Huber(parameters) => Launcher::new::<huber::Huber>(parameters),
        Twin::LogCosh => Launcher::new::<log_cosh::LogCosh>([]),
        Twin::Bce => Launcher::new::<bce::Bce>([]),
        Twin::BceWithLogits(parameters) => {
            Launcher::new::<bce_with_logits::BceWithLogits>(parameters)
        }
        Twin::SigmoidFocal(parameters) => Launcher::new::<sigmoid_focal::SigmoidFocal>(parameters),
        Twin::Asymmetric(parameters) => Launcher::new::<asymmetric::Asymmetric>(parameters),
        Twin::Charbonnier(parameters) => Launcher::new::<charbonnier::Charbonnier>(parameters),
        Twin::GammaNll => Launcher::new::<gamma_nll::GammaNll>([]),
        Twin::GaussianCrps => Launcher::new::<gaussian_crps::GaussianCrps>([]),
        Twin::GaussianNll(parameters) => Launcher::new::<gaussian_nll::GaussianNll>(parameters),
        Twin::HingeEmbedding(parameters) => {
            Launcher::new::<hinge_embedding::HingeEmbedding>(parameters)
        }
        Twin::JsDiv(parameters) => Launcher::new::<js_div::JsDiv>(parameters),
        Twin::MarginRanking(parameters) => {
            Launcher::new::<margin_ranking::MarginRanking>(parameters)
        }
        Twin::KlDiv(parameters) => Launcher::new::<kl_div::KlDiv>(parameters),
        Twin::Msle => Launcher::new::<msle::Msle>([]),
        Twin::PoissonNll(parameters) => Launcher::new::<poisson_nll::PoissonNll>(parameters),
        Twin::Quantile(parameters) => Launcher::new::<quantile::Quantile>(parameters),
        Twin::SmoothL1(parameters) => Launcher::new::<smooth_l1::SmoothL1>(parameters),
        Twin::SoftMargin => Launcher::new::<soft_margin::SoftMargin>([]),
        Twin::CrossEntropy(parameters) => Launcher::new::<CrossEntropy>(parameters),
        Twin::Focal(parameters) => Launcher::new::<Focal>(parameters),
        Twin::Poly(parameters) => Launcher::new::<Poly>(parameters),
        Twin::GeneralizedCrossEntropy(parameters) => {
            Launcher::new::<GeneralizedCrossEntropy>(parameters)
        }
        Twin::Tweedie(parameters) => Launcher::new::<tweedie::Tweedie>(parameters),
        _ => return None,
    })
}
