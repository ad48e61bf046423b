"""JAX: optax's cross entropy under jit, with the logits donated to the gradient and without."""

import os

from work import THREADS, WORKS, median, report

os.environ["XLA_FLAGS"] = f"--xla_cpu_multi_thread_eigen=true intra_op_parallelism_threads={THREADS}"
os.environ["JAX_PLATFORMS"] = "cpu"

import jax
import jax.numpy as jnp
import numpy as np
import optax


def loss(logits, targets):
    """The mean cross entropy, classes on axis 1."""
    logits = jnp.moveaxis(logits, 1, -1)
    return optax.softmax_cross_entropy_with_integer_labels(logits, targets).mean()


forward = jax.jit(loss)
step = jax.jit(jax.value_and_grad(loss))
step_donated = jax.jit(jax.value_and_grad(loss), donate_argnums=0)

for work in WORKS:
    rows, classes, side = work
    random = np.random.default_rng(7)
    space = (side, side) if side > 1 else ()
    numbers = random.standard_normal((rows, classes, *space), dtype=np.float32) * 2.0
    logits = jnp.asarray(numbers)
    targets = jnp.asarray(random.integers(0, classes, (rows, *space)))

    def fresh():
        """Logits that may be donated."""
        return jax.block_until_ready(jnp.array(numbers, copy=True))

    def run(function):
        """Waits for the result."""
        return lambda logits: jax.block_until_ready(function(logits, targets))

    same = lambda: logits
    report("JAX", work, "forward", median(same, run(forward)))
    kept = median(same, run(step))
    donated = median(fresh, run(step_donated))
    report("JAX", work, "forward + backward", min(kept, donated))
