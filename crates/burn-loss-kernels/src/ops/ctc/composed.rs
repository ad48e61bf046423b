//! CTC in plain Burn operations: all samples at once, step by step. `loss_kernels::cpu::ctc` tells the recursions.

use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use burn::tensor::{Bool, DType, IndexingUpdateOp, Int, Tensor, TensorMetadata};

use super::CtcTargets;
use crate::SampleLosses;
use crate::ops::check;
use crate::ops::tensors::{unwrap, wrap};

/// Stands for the logarithm of nothing: unlike minus infinity it can be subtracted from itself.
const NOTHING: f64 = -1e30;

/// Computes what [`LossBackend::ctc`](crate::LossBackend::ctc) promises.
pub fn ctc<B: Backend>(
    log_probs: FloatTensor<B>,
    targets: CtcTargets<B>,
    wanted: bool,
) -> SampleLosses<B> {
    check::ctc::<B>(&log_probs, &targets);
    SampleLosses::in_f32(log_probs, |log_probs| {
        let log_probs: Tensor<B, 3> = wrap(log_probs);
        let states = States::new(&log_probs, targets);
        let forward = states.forward();
        let losses = states.losses(&forward);
        let gradient =
            wanted.then(|| unwrap(states.gradient(&forward, &losses, log_probs.shape().dims())));
        SampleLosses {
            losses: unwrap(losses),
            gradient,
        }
    })
}

/// The states of all samples, `L` each: the classes of the target with a blank between all of them and around them.
struct States<B: Backend> {
    /// The class of each, `[N, L]`.
    classes: Tensor<B, 2, Int>,
    /// 0 where a state may follow the one two before, else [`NOTHING`], `[N, L]`.
    skip: Tensor<B, 2>,
    /// The log-probability of each at each step, `[T, N, L]`; where a sample has ended what there is does not matter.
    log_probs: Tensor<B, 3>,
    /// Which are the last two of a sample, `[N, L]`.
    is_last: Tensor<B, 2, Bool>,
    /// The steps of each sample, `[N, 1]`.
    input_lengths: Tensor<B, 2, Int>,
    /// Whether a target has no class, `[N]`.
    is_empty: Tensor<B, 1, Bool>,
    /// Where a length or a class within the target's length is out of its range, `[N]`.
    is_wrong: Tensor<B, 1, Bool>,
}

/// What the forward pass leaves.
struct Forward<B: Backend> {
    /// Of each step, `[N, L]`.
    alpha: Vec<Tensor<B, 2>>,
    /// What has been taken out of the alphas of each step, in all, `[N, 1]`.
    taken: Vec<Tensor<B, 2>>,
}

impl<B: Backend> States<B> {
    fn new(log_probs: &Tensor<B, 3>, targets: CtcTargets<B>) -> Self {
        let [steps, samples, num_classes] = log_probs.dims();
        let ints = |primitive| Tensor::<B, 1, Int>::from_primitive(primitive);
        let mut given = Tensor::<B, 2, Int>::from_primitive(targets.classes);
        // Burn compares integers of one type only. One that holds all lengths, and what comes before the first of them.
        let device = given.device();
        let types = [
            given.dtype(),
            targets.input_lengths.dtype(),
            targets.target_lengths.dtype(),
        ];
        let is_wide = |dtype: &DType| matches!(dtype, DType::I64 | DType::U64);
        let dtype = match types.iter().any(is_wide) {
            true => DType::I64,
            false => DType::I32,
        };
        given = given.cast(dtype);
        let lengths = |primitive| ints(primitive).cast(dtype).reshape([samples, 1]);
        let input_lengths = lengths(targets.input_lengths);
        let target_lengths = lengths(targets.target_lengths);
        let blank = targets.blank as i64;
        if given.dims()[1] == 0 {
            given = Tensor::<B, 2, Int>::full([samples, 1], blank, &device).cast(dtype);
        }
        let [_, longest] = given.dims();
        let place = count_to(longest, &device, dtype).reshape([1, longest]);
        let place = place.expand([samples, longest]);
        let lengths = target_lengths.clone().expand([samples, longest]);
        let beyond = place.greater_equal(lengths);
        let outside = given.clone().lower_elem(0);
        let outside = outside.bool_or(given.clone().greater_equal_elem(num_classes as i64));
        let wrong_classes = outside.clone().bool_and(beyond.clone().bool_not());
        let is_wrong = any(wrong_classes)
            .bool_or(out_of(&input_lengths, steps))
            .bool_or(out_of(&target_lengths, longest));
        let given = given.mask_fill(beyond.bool_or(outside), blank);

        let count = 2 * longest + 1;
        let blanks = Tensor::<B, 2, Int>::full([samples, longest], blank, &device).cast(dtype);
        let pairs: Tensor<B, 3, Int> = Tensor::stack(vec![blanks.clone(), given], 2);
        let pairs = pairs.reshape([samples, 2 * longest]);
        let classes = Tensor::cat(vec![pairs, blanks.narrow(1, 0, 1)], 1);

        let options = (&device, log_probs.dtype());
        let two_before = classes.clone().narrow(1, 0, count - 2);
        let from_two = classes.clone().narrow(1, 2, count - 2);
        let may_not = from_two
            .clone()
            .equal(two_before)
            .bool_or(from_two.equal_elem(blank));
        let skip = Tensor::<B, 2>::zeros([samples, count - 2], options).mask_fill(may_not, NOTHING);
        let first_two = Tensor::<B, 2>::full([samples, 2], NOTHING, options);
        let skip = Tensor::cat(vec![first_two, skip], 1);

        let index = classes.clone().reshape([1, samples, count]);
        let index = index.expand([steps, samples, count]);
        let log_probs = log_probs.clone().gather(2, index).clamp_min(NOTHING);
        let state = count_to(count, &device, dtype).reshape([1, count]);
        let state = state.expand([samples, count]);
        let last = (target_lengths.clone() * 2).expand([samples, count]);
        let is_last = state.clone().equal(last.clone());
        // Not the length less 1, which a type without a sign may not hold.
        let is_last = is_last.bool_or((state + 1).equal(last));
        Self {
            classes,
            skip,
            log_probs,
            is_last,
            input_lengths,
            is_empty: target_lengths.equal_elem(0).reshape([samples]),
            is_wrong,
        }
    }

    /// The log-probabilities of the states at a step, `[N, L]`.
    fn step(&self, t: usize) -> Tensor<B, 2> {
        let [_, samples, count] = self.log_probs.dims();
        self.log_probs
            .clone()
            .narrow(0, t, 1)
            .reshape([samples, count])
    }

    /// Which samples have ended before a step, `[N, L]` or `[N, 1]`.
    fn has_ended(&self, t: usize, count: usize) -> Tensor<B, 2, Bool> {
        let [samples, _] = self.input_lengths.dims();
        let ended = self.input_lengths.clone().lower_equal_elem(t as i64);
        ended.expand([samples, count])
    }

    fn forward(&self) -> Forward<B> {
        let [steps, samples, count] = self.log_probs.dims();
        let (device, dtype) = (self.log_probs.device(), self.log_probs.dtype());
        let nothing = |count| Tensor::<B, 2>::full([samples, count], NOTHING, (&device, dtype));
        let mut taken = vec![Tensor::<B, 2>::zeros([samples, 1], (&device, dtype))];
        let mut alpha = Vec::with_capacity(steps);
        if steps > 0 {
            let first = self.step(0).narrow(1, 0, 2);
            alpha.push(Tensor::cat(vec![first, nothing(count - 2)], 1));
        }
        for t in 1..steps {
            let before = alpha[t - 1].clone();
            let most = before.clone().max_dim(1);
            let next = Tensor::cat(vec![nothing(1), before.clone().narrow(1, 0, count - 1)], 1);
            let jump = Tensor::cat(vec![nothing(2), before.clone().narrow(1, 0, count - 2)], 1);
            let sum = log_sum(before.clone(), next, jump + self.skip.clone());
            let after = self.step(t) - most.clone() + sum;
            // A sample that has ended stays as it is.
            alpha.push(after.mask_where(self.has_ended(t, count), before));
            let most = most.mask_fill(self.has_ended(t, 1), 0.0);
            taken.push(taken[t - 1].clone() + most);
        }
        Forward { alpha, taken }
    }

    fn losses(&self, forward: &Forward<B>) -> Tensor<B, 1> {
        let [steps, samples, _] = self.log_probs.dims();
        let no_step = self.input_lengths.clone().equal_elem(0).reshape([samples]);
        let of_no_step = {
            let (device, dtype) = (self.log_probs.device(), self.log_probs.dtype());
            let infinite = Tensor::<B, 1>::full([samples], f64::INFINITY, (&device, dtype));
            infinite.mask_fill(self.is_empty.clone(), 0.0)
        };
        let losses = match forward.alpha.last() {
            None => of_no_step,
            Some(last) => {
                let ends = last
                    .clone()
                    .mask_fill(self.is_last.clone().bool_not(), NOTHING);
                let most = ends.clone().max_dim(1);
                let [_, count] = ends.dims();
                let terms = (ends - most.clone().expand([samples, count]))
                    .exp()
                    .sum_dim(1);
                let log = (most + terms.log()).reshape([samples]);
                let impossible = log.clone().lower_elem(NOTHING / 2.0);
                let taken = forward.taken[steps - 1].clone().reshape([samples]);
                let losses = (log + taken).neg().mask_fill(impossible, f64::INFINITY);
                losses.mask_where(no_step, of_no_step)
            }
        };
        losses.mask_fill(self.is_wrong.clone(), f64::NAN)
    }

    fn gradient(
        &self,
        forward: &Forward<B>,
        losses: &Tensor<B, 1>,
        shape: [usize; 3],
    ) -> Tensor<B, 3> {
        let [steps, samples, count] = self.log_probs.dims();
        let (device, dtype) = (self.log_probs.device(), self.log_probs.dtype());
        let zeros = Tensor::<B, 3>::zeros(shape, (&device, dtype));
        if steps == 0 {
            return zeros;
        }
        let nothing = |count| Tensor::<B, 2>::full([samples, count], NOTHING, (&device, dtype));
        let start = nothing(count).mask_fill(self.is_last.clone(), 0.0);
        let skip = Tensor::cat(
            vec![self.skip.clone().narrow(1, 2, count - 2), nothing(2)],
            1,
        );
        let usable = losses.clone().abs().lower_elem(-NOTHING).bool_not();
        let usable_losses = losses.clone().mask_fill(usable, 0.0).reshape([samples, 1]);
        let mut beta = start.clone();
        let mut taken = Tensor::<B, 2>::zeros([samples, 1], (&device, dtype));
        let mut shares = Vec::with_capacity(steps);
        for t in (0..steps).rev() {
            let offset = forward.taken[t].clone() + taken.clone() + usable_losses.clone();
            let log = forward.alpha[t].clone() + beta.clone() + offset.expand([samples, count]);
            let share = log.clamp_max(0.0).exp();
            // They sum to 1 but for what the steps' roundings have added up to.
            let all = share.clone().sum_dim(1).expand([samples, count]);
            let share = share / all;
            shares.push(share.mask_fill(self.has_ended(t, count), 0.0));
            let v = self.step(t) + beta;
            let most = v.clone().max_dim(1);
            let next = Tensor::cat(vec![v.clone().narrow(1, 1, count - 1), nothing(1)], 1);
            let jump = Tensor::cat(vec![v.clone().narrow(1, 2, count - 2), nothing(2)], 1);
            let sum = log_sum(v, next, jump + skip.clone());
            let before = sum - most.clone().expand([samples, count]);
            // A sample that has not begun yet, from its end, begins later.
            beta = before.mask_where(self.has_ended(t, count), start.clone());
            taken = taken + most.mask_fill(self.has_ended(t, 1), 0.0);
        }
        shares.reverse();
        let shares: Tensor<B, 3> = Tensor::stack(shares, 0);
        let index = self.classes.clone().reshape([1, samples, count]);
        let index = index.expand([steps, samples, count]);
        let gradient = zeros.scatter(2, index, shares.neg(), IndexingUpdateOp::Add);
        self.without_unusable(gradient, losses)
    }

    /// NaN where the loss is no finite number, at the steps that the sample has.
    fn without_unusable(&self, gradient: Tensor<B, 3>, losses: &Tensor<B, 1>) -> Tensor<B, 3> {
        let shape @ [steps, samples, _] = gradient.dims();
        let is_finite = losses.clone().abs().lower_elem(-NOTHING);
        let unusable = is_finite
            .bool_not()
            .reshape([1, samples])
            .expand([steps, samples]);
        let step = count_to::<B>(steps, &gradient.device(), self.input_lengths.dtype());
        let step = step.reshape([steps, 1]).expand([steps, samples]);
        let lengths = self.input_lengths.clone().reshape([1, samples]);
        let has_step = step.lower(lengths.expand([steps, samples]));
        let unusable = unusable.bool_and(has_step).reshape([steps, samples, 1]);
        gradient.mask_fill(unusable.expand(shape), f64::NAN)
    }
}

/// The numbers from 0 on, so many. Cast, because not every backend makes them in every type that it computes with.
fn count_to<B: Backend>(count: usize, device: &B::Device, dtype: DType) -> Tensor<B, 1, Int> {
    Tensor::<B, 1, Int>::arange(0..count as i64, device).cast(dtype)
}

/// `log(e^a + e^b + e^c)`.
fn log_sum<B: Backend>(a: Tensor<B, 2>, b: Tensor<B, 2>, c: Tensor<B, 2>) -> Tensor<B, 2> {
    let most = a.clone().max_pair(b.clone()).max_pair(c.clone());
    let part = |x: Tensor<B, 2>| (x - most.clone()).exp();
    (part(a) + part(b) + part(c)).log() + most.clone()
}

/// Which rows hold a truth, `[N]`.
fn any<B: Backend>(truths: Tensor<B, 2, Bool>) -> Tensor<B, 1, Bool> {
    let [rows, _] = truths.dims();
    truths.int().sum_dim(1).reshape([rows]).greater_elem(0)
}

/// Which lengths, `[N, 1]`, are not in `[0, most]`, `[N]`.
fn out_of<B: Backend>(lengths: &Tensor<B, 2, Int>, most: usize) -> Tensor<B, 1, Bool> {
    let [rows, _] = lengths.dims();
    let lengths = lengths.clone().reshape([rows]);
    let above = lengths.clone().greater_elem(most as i64);
    lengths.lower_elem(0).bool_or(above)
}
