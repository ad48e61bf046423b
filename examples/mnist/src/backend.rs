//! The choice of the backend: one type parameter, and nothing else in this example depends on it.

use burn::backend::{Autodiff, Flex, NdArray};
use burn_loss::AutodiffLossBackend;

use crate::Result;
use crate::args::{BackendKind, Cli, Command};
use crate::{predict, training};

pub fn run(cli: Cli) -> Result<()> {
    let common = match &cli.command {
        Some(Command::Predict(args)) => &args.common,
        None => &cli.train.common,
    };
    match common.backend {
        BackendKind::Ndarray => run_on::<Autodiff<NdArray>>(cli),
        BackendKind::Flex => run_on::<Autodiff<Flex>>(cli),
        #[cfg(feature = "wgpu")]
        BackendKind::Wgpu => run_on::<Autodiff<burn::backend::Wgpu>>(cli),
        #[cfg(not(feature = "wgpu"))]
        BackendKind::Wgpu => Err("this binary was built without the wgpu backend; \
             build it with `cargo run --release -p mnist --features wgpu -- --backend wgpu`"
            .into()),
    }
}

fn run_on<B: AutodiffLossBackend>(cli: Cli) -> Result<()> {
    let device = B::Device::default();
    match cli.command {
        // Nothing is learned here, so the backend without autodiff does.
        Some(Command::Predict(args)) => predict::run::<B::InnerBackend>(&args, &device),
        None => training::run::<B>(&cli.train, &device),
    }
}
