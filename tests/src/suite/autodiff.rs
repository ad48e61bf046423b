//! The operation inside a graph: what is tracked, used twice, recomputed, or laid out in another order.

use burn::backend::Autodiff;
use burn::backend::autodiff::checkpoint::strategy::BalancedCheckpointing;
use burn::tensor::activation::log_softmax;
use burn::tensor::backend::AutodiffBackend;
use burn::tensor::{Int, Tensor};
use burn_loss::*;

use crate::backend::TestBackend;
use crate::compare::{assert_close, numbers};
use crate::fixture::tensor;

const LOGITS: [f64; 6] = [0.5, -1.0, 2.0, 0.0, 3.0, -0.25];

fn logits<B: TestBackend, A: AutodiffOver<B>>() -> Tensor<A, 2> {
    tensor(&LOGITS, &[2, 3], &B::device())
}

/// An autodiff backend over `B`.
trait AutodiffOver<B: TestBackend>: AutodiffLossBackend<InnerBackend = B, Device = B::Device> {}
impl<B: TestBackend, A> AutodiffOver<B> for A where
    A: AutodiffLossBackend<InnerBackend = B, Device = B::Device>
{
}

fn targets<A: AutodiffBackend>(device: &A::Device) -> Tensor<A, 1, Int> {
    Tensor::from_ints([2, 1], device)
}

fn loss<A: LossBackend>(device: &A::Device) -> CrossEntropyLoss<A> {
    CrossEntropyLossConfig::new()
        .with_label_smoothing(0.1)
        .init(device)
}

/// The loss in operations that Burn differentiates by itself.
fn by_burn<A: AutodiffBackend>(logits: Tensor<A, 2>, targets: Tensor<A, 1, Int>) -> Tensor<A, 1> {
    let [rows, _] = logits.dims();
    let log_probs = log_softmax(logits, 1);
    let picked = log_probs.clone().gather(1, targets.reshape([rows, 1]));
    let picked = picked.reshape([rows]).mean();
    picked.neg() * 0.9 - log_probs.mean() * 0.1
}

pub fn untracked_inputs<B: TestBackend>() {
    let device = B::device();
    let tracked = Tensor::<Autodiff<B>, 1>::ones([1], &device).require_grad();
    let of_data = loss(&device).forward(logits::<B, Autodiff<B>>(), targets(&device));
    let grads = (of_data.clone() * tracked.clone()).sum().backward();
    let grad = numbers(tracked.grad(&grads).unwrap());
    assert_close(
        "gradient of the factor",
        &grad,
        &numbers(of_data),
        B::TOLERANCE,
    );
}

pub fn detached_losses<B: TestBackend>() {
    let device = B::device();
    let logits = logits::<B, Autodiff<B>>().require_grad();
    let first = loss(&device).forward(logits.clone(), targets(&device));
    let second = loss(&device)
        .forward(logits.clone(), targets(&device))
        .detach();
    let alone = loss(&device).forward(logits.clone(), targets(&device));
    let grad = logits.grad(&(first + second).backward()).unwrap();
    let expected = logits.grad(&alone.backward()).unwrap();
    assert_close("gradient", &numbers(grad), &numbers(expected), B::TOLERANCE);
}

pub fn logits_used_twice<B: TestBackend>() {
    let device = B::device();
    let grad_of = |f: &dyn Fn(Tensor<Autodiff<B>, 2>) -> Tensor<Autodiff<B>, 1>| {
        let leaf = logits::<B, Autodiff<B>>().require_grad();
        let grads = f(leaf.clone() * 2.0).backward();
        numbers(leaf.grad(&grads).unwrap())
    };
    // Used before, after, and twice by the loss: each use reads the logits as they were.
    let ours = grad_of(&|x| {
        let square = (x.clone() * x.clone()).sum();
        let first = loss(&device).forward(x.clone(), targets(&device));
        let second = loss(&device).forward(x.clone(), targets(&device));
        square + first + second * 3.0 + (x.clone() * x).sum()
    });
    let burns = grad_of(&|x| {
        let square = (x.clone() * x.clone()).sum();
        square * 2.0 + by_burn(x, targets(&device)) * 4.0
    });
    assert_close("gradient", &ours, &burns, B::TOLERANCE);
}

pub fn gradients_for_some_rows<B: TestBackend>() {
    let device = B::device();
    let weights = Tensor::<Autodiff<B>, 1>::from_floats([0.0, 2.0], &device);
    let logits = logits::<B, Autodiff<B>>().require_grad();
    let each = loss(&device).forward_no_reduction(logits.clone(), targets(&device));
    let grad = numbers(logits.grad(&(each * weights).sum().backward()).unwrap());

    let row =
        Tensor::<Autodiff<B>, 2>::from_inner(logits.inner().slice([1..2, 0..3])).require_grad();
    let alone = by_burn(row.clone(), targets(&device).narrow(0, 1, 1)) * 2.0;
    let alone = numbers(row.grad(&alone.backward()).unwrap());
    assert_eq!(grad[..3], [0.0; 3]);
    assert_close("second row", &grad[3..], &alone, B::TOLERANCE);
}

pub fn checkpointing_strategies<B: TestBackend>() {
    /// One pass, and a pass of its own for the gradient, which asks for the logits again.
    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Way {
        Reduced,
        Each,
        Burns,
    }
    fn grad<B: TestBackend, A: AutodiffOver<B>>(way: Way) -> Vec<f64> {
        let device = B::device();
        let leaf = logits::<B, A>().require_grad();
        // Memory-bound steps, which the balanced strategy recomputes instead of keeping.
        let logits = (leaf.clone() + 0.5).abs() * 1.5;
        let loss = match way {
            Way::Reduced => loss(&device).forward(logits, targets(&device)),
            Way::Each => {
                let losses = loss(&device).forward_no_reduction(logits, targets(&device));
                losses.mean()
            }
            Way::Burns => by_burn(logits, targets(&device)),
        };
        numbers(leaf.grad(&loss.backward()).unwrap())
    }
    let burns = grad::<B, Autodiff<B, BalancedCheckpointing>>(Way::Burns);
    for way in [Way::Reduced, Way::Each] {
        let plain = grad::<B, Autodiff<B>>(way);
        let balanced = grad::<B, Autodiff<B, BalancedCheckpointing>>(way);
        let what = format!("balanced and plain, {way:?}");
        assert_close(&what, &balanced, &plain, B::TOLERANCE);
        let what = format!("ours and burn's, {way:?}");
        assert_close(&what, &balanced, &burns, B::TOLERANCE);
    }

    fn grads_of_elements<B: TestBackend, A: AutodiffOver<B>>(way: Way) -> [Vec<f64>; 2] {
        let leaves = [logits::<B, A>(), logits::<B, A>() * 0.5].map(Tensor::require_grad);
        let [x, y] = leaves
            .each_ref()
            .map(|leaf| (leaf.clone() + 0.5).abs() * 1.5);
        let mse = MseLossConfig::new().init();
        let loss = match way {
            Way::Reduced => mse.forward(x, y),
            Way::Each => mse.forward_no_reduction(x, y).mean(),
            Way::Burns => (x - y).powi_scalar(2).mean(),
        };
        let grads = loss.backward();
        leaves.map(|leaf| numbers(leaf.grad(&grads).unwrap()))
    }
    let burns = grads_of_elements::<B, Autodiff<B, BalancedCheckpointing>>(Way::Burns);
    for way in [Way::Reduced, Way::Each] {
        let balanced = grads_of_elements::<B, Autodiff<B, BalancedCheckpointing>>(way);
        for (ours, burns) in balanced.iter().zip(&burns) {
            assert_close(&format!("MSE, {way:?}"), ours, burns, B::TOLERANCE);
        }
    }
}

pub fn gradients_of_the_probabilities<B: TestBackend>() {
    let device = B::device();
    let leaf = || {
        let numbers = [0.2, 0.3, 0.5, 0.9, 0.0, 0.1];
        tensor::<Autodiff<B>, 2>(&numbers, &[2, 3], &device).require_grad()
    };
    let (probabilities, logits_in) = (leaf(), logits::<B, Autodiff<B>>().require_grad());
    let loss = CrossEntropyLossConfig::new().init(&device);
    let grads = loss
        .forward_probabilities(logits_in.clone(), probabilities.clone())
        .backward();
    let burns_probabilities = leaf();
    let burns_logits = logits::<B, Autodiff<B>>().require_grad();
    let burns = log_softmax(burns_logits.clone(), 1) * burns_probabilities.clone();
    let burns = (burns.sum() / -2.0).backward();
    assert_close(
        "gradient of the probabilities",
        &numbers(probabilities.grad(&grads).unwrap()),
        &numbers(burns_probabilities.grad(&burns).unwrap()),
        B::TOLERANCE,
    );
    assert_close(
        "gradient of the logits",
        &numbers(logits_in.grad(&grads).unwrap()),
        &numbers(burns_logits.grad(&burns).unwrap()),
        B::TOLERANCE,
    );
}

/// The gradient of a leaf through a view of it, by our loss and by Burn's own operations.
fn check_view<B: TestBackend>(
    what: &str,
    shape: [usize; 2],
    view: impl Fn(Tensor<Autodiff<B>, 2>) -> Tensor<Autodiff<B>, 2>,
) {
    let device = B::device();
    let numbers_in = &[LOGITS, LOGITS].concat()[..shape[0] * shape[1]];
    let grad = |ours: bool| {
        let leaf = tensor::<Autodiff<B>, 2>(numbers_in, &shape, &device).require_grad();
        let logits = view(leaf.clone());
        let loss = match ours {
            true => loss(&device).forward(logits, targets(&device)),
            false => by_burn(logits, targets(&device)),
        };
        numbers(leaf.grad(&loss.backward()).unwrap())
    };
    assert_close(what, &grad(true), &grad(false), B::TOLERANCE);
}

pub fn non_contiguous_inputs<B: TestBackend>() {
    check_view::<B>("transposed", [3, 2], |leaf| leaf.transpose());
    check_view::<B>("sliced", [3, 4], |leaf| leaf.slice([1..3, 1..4]));
    check_view::<B>("flipped", [2, 3], |leaf| leaf.flip([0, 1]));
}

pub fn broadcast_inputs<B: TestBackend>() {
    check_view::<B>("expanded rows", [1, 3], |leaf| leaf.expand([2, 3]));
    check_view::<B>("expanded classes", [2, 1], |leaf| leaf.expand([2, 3]));
}
