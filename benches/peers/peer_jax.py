"""JAX: loss and gradient under jit, with the prediction donated to the gradient and without."""

import os

from work import ROWS, THREADS, class_weights, inputs, median, report

os.environ["XLA_FLAGS"] = f"--xla_cpu_multi_thread_eigen=true intra_op_parallelism_threads={THREADS}"
os.environ["JAX_PLATFORMS"] = "cpu"

import jax
import jax.numpy as jnp

from jax_losses import mean_loss

for row in ROWS:
    numbers, *others = inputs(row)
    prediction, *others = map(jnp.asarray, (numbers, *others))
    weights = class_weights(row)
    loss = mean_loss(row, None if weights is None else jnp.asarray(weights))

    def fresh():
        """A prediction that may be donated."""
        return jax.block_until_ready(jnp.array(numbers, copy=True))

    def run(function):
        """Waits for the result."""
        return lambda prediction: jax.block_until_ready(function(prediction, *others))

    step = jax.value_and_grad(loss)
    ms = median(lambda: prediction, run(jax.jit(step)))
    if row.how != "kept":
        ms = min(ms, median(fresh, run(jax.jit(step, donate_argnums=0))))
    report(row, "JAX", "", ms)
