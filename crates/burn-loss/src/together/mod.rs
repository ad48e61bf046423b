//! Several losses as one: fixed weights, or weights that are learned.
//!
//! | type | when to take it |
//! | --- | --- |
//! | [`WeightedSum`] | several losses of the same inputs, with weights that you choose |
//! | [`LossParts`] | any losses, computed by yourself, with weights that you choose |
//! | [`UncertaintyWeighting`] | a loss per head of a model, with weights that are learned |

mod parts;
mod uncertainty;
mod weighted_sum;

pub use parts::{LossPart, LossParts};
pub use uncertainty::{Likelihood, UncertaintyWeighting, UncertaintyWeightingConfig};
pub use weighted_sum::{
    ClassPart, ElementwisePart, FunctionPart, LovaszPart, PartsOfClasses, PartsOfElements,
    PartsOfInputs, RegionBinaryPart, RegionLabelsPart, RegionPart, SamplePart, WeightedSum,
};
