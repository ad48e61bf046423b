//! The launch of the pass: no index is checked in it. That all tensors have the shapes that the prediction asks for is
//! checked before (`check`).

use burn::tensor::DType;
use burn_cubecl::{CubeRuntime, cubecl, tensor::CubeTensor};
use cubecl::prelude::*;

use super::formulas::{CubeFormula, PARAMETERS, all_parameters, parameters_arg};
use super::kernel::{Blueprint, Bounds, InputsLaunch, OutputsLaunch, pass_kernel};
use crate::Input;
use crate::cube::shared::device::{Device, cube_count};
use crate::cube::shared::matrix::{Matrix, address_type, vector_size};
use crate::cube::shared::shares::Shares;
use crate::cube::sum::Divisor;

/// The kernel of a formula.
pub struct Launcher<R: CubeRuntime> {
    launch: fn(&Pass<R>, &Self),
    parameters: [f32; PARAMETERS],
    bounds: [Option<Bounds>; 3],
}

impl<R: CubeRuntime> Launcher<R> {
    pub fn new<L: CubeFormula>(parameters: impl AsRef<[f32]>) -> Self {
        Self {
            launch: launch::<L, R>,
            parameters: all_parameters(parameters),
            bounds: [None; 3],
        }
    }

    pub fn with_bounds(mut self, bounds: [Option<[f64; 2]>; 3]) -> Self {
        self.bounds = bounds.map(|bounds| bounds.map(Bounds::new));
        self
    }

    /// Launches it, if there are elements.
    pub fn launch(&self, pass: &Pass<R>) {
        if pass.len() > 0 {
            (self.launch)(pass, self);
        }
    }
}

/// What a pass reads and writes.
pub struct Pass<R: CubeRuntime> {
    /// The prediction, the target, and the third number if there is one.
    inputs: [Option<Matrix<R>>; 3],
    /// Whether a result may take the place of each.
    replaceable: [bool; 3],
    /// Whether the third number is the same in every row.
    repeats: bool,
    /// What each loss counts: its weight, or its gradient.
    pub counts: Option<Matrix<R>>,
    pub divisor: Divisor<R>,
    losses: Option<Output<R>>,
    gradients: [Option<Output<R>>; 3],
    partials: Option<CubeTensor<R>>,
}

/// A result, in place of an input or in new memory.
struct Output<R: CubeRuntime> {
    matrix: Matrix<R>,
    replaces: Option<usize>,
}

impl<R: CubeRuntime> Output<R> {
    fn arg(&self) -> TensorArg<R> {
        match self.replaces {
            Some(input) => self.matrix.alias(input),
            None => self.matrix.arg(),
        }
    }
}

impl<R: CubeRuntime> Pass<R> {
    pub fn new(
        prediction: CubeTensor<R>,
        target: CubeTensor<R>,
        third: Option<CubeTensor<R>>,
    ) -> Self {
        let shape = prediction.meta.shape();
        let repeats = third
            .as_ref()
            .is_some_and(|third| third.meta.shape() != shape);
        let inputs = [Some(prediction), Some(target), third].map(|input| input.map(Matrix::new));
        let replaceable = inputs
            .each_ref()
            .map(|input| input.as_ref().is_some_and(Matrix::can_be_replaced));
        Self {
            inputs,
            replaceable,
            repeats,
            counts: None,
            divisor: Divisor::known(1.0),
            losses: None,
            gradients: [None, None, None],
            partials: None,
        }
    }

    fn prediction(&self) -> &Matrix<R> {
        let prediction = self.inputs[Input::Prediction as usize].as_ref();
        prediction.expect("there always is one")
    }

    /// How many elements there are.
    pub fn len(&self) -> usize {
        self.prediction().len()
    }

    pub fn dtype(&self) -> DType {
        self.prediction().tensor.dtype
    }

    /// Where new tensors belong.
    pub fn place(&self) -> (ComputeClient<R>, R::Device) {
        let prediction = &self.prediction().tensor;
        (prediction.client.clone(), prediction.device.clone())
    }

    /// Writes losses, in place of the predictions if nothing else holds them.
    pub fn want_losses(&mut self) {
        self.losses = Some(self.output(Input::Prediction as usize));
    }

    /// Writes gradients, each in place of its input if nothing else holds that.
    pub fn want_gradients(&mut self, wanted: [bool; 3]) {
        self.gradients = std::array::from_fn(|of| wanted[of].then(|| self.output(of)));
    }

    fn output(&self, of: usize) -> Output<R> {
        let input = self.inputs[of]
            .as_ref()
            .expect("only inputs have gradients");
        if self.replaceable[of] {
            return Output {
                matrix: input.clone(),
                replaces: Some(of),
            };
        }
        let tensor = &input.tensor;
        Output {
            matrix: input.empty(tensor.meta.shape().clone(), tensor.dtype),
            replaces: None,
        }
    }

    /// Adds up the losses of each cube; `None` if there are none. All else must be known.
    pub fn want_partials(&mut self) -> Option<CubeTensor<R>> {
        let cubes = self.shares().cubes;
        if cubes == 0 {
            return None;
        }
        let partials = self.prediction().empty([cubes].into(), DType::F32);
        self.partials = Some(partials.tensor);
        self.partials.clone()
    }

    pub fn into_losses(self) -> CubeTensor<R> {
        self.losses.expect("they were asked for").matrix.tensor
    }

    pub fn into_gradients(self) -> [Option<CubeTensor<R>>; 3] {
        self.gradients
            .map(|gradient| gradient.map(|gradient| gradient.matrix.tensor))
    }

    /// All tensors with a number per element.
    fn matrices(&self) -> Vec<&Matrix<R>> {
        let outputs = self.gradients.iter().chain([&self.losses]).flatten();
        let inputs = self.inputs.iter().chain([&self.counts]).flatten();
        inputs.chain(outputs.map(|output| &output.matrix)).collect()
    }

    fn is_pitched(&self) -> bool {
        self.matrices().iter().any(|matrix| matrix.is_pitched())
    }

    fn vector_size(&self) -> usize {
        vector_size(&self.matrices(), self.is_pitched() || self.repeats)
    }

    fn shares(&self) -> Shares {
        let device = Device::of(&self.prediction().tensor.client);
        Shares::new(&device, self.len() / self.vector_size())
    }

    fn blueprint(&self, shares: &Shares, bounds: [Option<Bounds>; 3]) -> Blueprint {
        Blueprint {
            crew: shares.crew,
            losses: self.losses.is_some(),
            sums: self.partials.is_some(),
            wanted: self.gradients.each_ref().map(Option::is_some),
            third: self.inputs[Input::Third as usize].is_some(),
            counted: self.counts.is_some(),
            divided: self.divisor.is_counted(),
            bounds,
            pitched: self.is_pitched(),
            repeats: self.repeats,
        }
    }
}

fn launch<L: CubeFormula, R: CubeRuntime>(pass: &Pass<R>, launcher: &Launcher<R>) {
    let shares = pass.shares();
    let prediction = &pass.prediction().tensor;
    let input = |of: Input| pass.inputs[of as usize].as_ref().map(Matrix::arg);
    let output = |of: Input| pass.gradients[of as usize].as_ref().map(Output::arg);
    // The positions of what is replaced count from here.
    let inputs = InputsLaunch::new(
        input(Input::Prediction).expect("there always is one"),
        input(Input::Target).expect("there always is one"),
        input(Input::Third).into(),
        pass.counts.as_ref().map(Matrix::arg).into(),
        pass.divisor.launch(),
        parameters_arg(launcher.parameters),
        f32::NAN,
    );
    let outputs = OutputsLaunch::new(
        pass.losses.as_ref().map(Output::arg).into(),
        output(Input::Prediction).into(),
        output(Input::Target).into(),
        output(Input::Third).into(),
        pass.partials.clone().map(CubeTensor::into_array_arg).into(),
    );
    // SAFETY: no unit reads or writes past its share of the vectors, of which every tensor has as many, and cubes past the
    // last one end at once. A unit reads no element in place of which another one writes, and those in place of which it
    // writes itself it has read before. There is a place for the sum of every cube.
    unsafe {
        pass_kernel::launch_unchecked::<L, R>(
            &prediction.client,
            cube_count(&prediction.client, shares.cubes),
            shares.cube_dim(),
            address_type(&pass.matrices(), shares.beyond()),
            pass.vector_size(),
            inputs,
            outputs,
            shares.launch(),
            pass.blueprint(&shares, launcher.bounds),
            prediction.dtype.into(),
        );
    }
}
