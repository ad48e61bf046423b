"""Checks that PyTorch and JAX compute the same loss and gradient for every row that both have, at small shapes."""

import jax
import jax.numpy as jnp
import numpy as np
import torch

import jax_losses
import torch_losses
from work import ROWS, class_weights, inputs

for row in ROWS:
    # The last axis of one class per row stays, so that no row is trivial.
    row = row._replace(shape=(8, min(row.shape[1], 50), *(4 for _ in row.shape[2:])))
    prediction, *others = inputs(row)
    weights = class_weights(row)
    ours = torch_losses.mean_loss(row, None if weights is None else torch.from_numpy(weights))
    if ours is None:
        continue
    x = torch.from_numpy(prediction).requires_grad_()
    loss = ours(x, *map(torch.from_numpy, others))
    loss.backward()
    theirs = jax_losses.mean_loss(row, None if weights is None else jnp.asarray(weights))
    value, grad = jax.value_and_grad(theirs)(jnp.asarray(prediction), *map(jnp.asarray, others))
    np.testing.assert_allclose(loss.item(), value, rtol=1e-5, err_msg=row.id)
    np.testing.assert_allclose(x.grad, grad, rtol=1e-4, atol=1e-8, err_msg=row.id)
    print(f"{row.id}: {loss.item():.6f}")
