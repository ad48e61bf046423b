"""The losses as a user of JAX writes them: optax's where it has them, plain operations where it has none."""

import jax.numpy as jnp
import optax

from work import ALPHA, DELTA, EPSILON, GAMMA, IGNORED, Q, SMOOTHING


def bce(p, y):
    """Binary cross entropy of probabilities, with PyTorch's bounds on the logarithms."""
    log_p = jnp.maximum(jnp.log(p), -100.0)
    log_not_p = jnp.maximum(jnp.log1p(-p), -100.0)
    return -(y * log_p + (1.0 - y) * log_not_p)


def nll(log_probs, targets):
    """The negative of one number per row."""
    return -jnp.take_along_axis(log_probs, targets[:, None], 1)[:, 0]


def cross_entropy(logits, targets):
    """optax's, with the classes on axis 1."""
    return optax.softmax_cross_entropy_with_integer_labels(logits, targets, axis=1)


def focal(logits, targets):
    """Focal loss of classes."""
    loss = cross_entropy(logits, targets)
    return (1.0 - jnp.exp(-loss)) ** GAMMA * loss


def poly(logits, targets):
    """Poly-1 cross entropy; optax's own takes classes as one-hot rows only."""
    loss = cross_entropy(logits, targets)
    return loss + EPSILON * (1.0 - jnp.exp(-loss))


def generalized_cross_entropy(logits, targets):
    """Generalized cross entropy."""
    return (1.0 - jnp.exp(-Q * cross_entropy(logits, targets))) / Q


LOSSES = {
    "mse": optax.squared_error,
    "l1": lambda x, y: jnp.abs(x - y),
    "huber": lambda x, y: optax.huber_loss(x, y, delta=DELTA),
    "bce": bce,
    "bce-with-logits": optax.sigmoid_binary_cross_entropy,
    "sigmoid-focal": lambda x, y: optax.sigmoid_focal_loss(x, y, alpha=ALPHA, gamma=GAMMA),
    "log-cosh": optax.log_cosh,
    "nll": nll,
    "cross-entropy": cross_entropy,
    "focal": focal,
    "poly": poly,
    "generalized-cross-entropy": generalized_cross_entropy,
}


def mean_loss(row, weights):
    """The mean loss of a row as a function of prediction and target."""

    def smoothed(logits, targets):
        """Label smoothing. By hand: over one-hot rows, as optax's documentation has it, takes four times as long."""
        at_target = jnp.take_along_axis(logits, targets[:, None], 1)[:, 0]
        return (cross_entropy(logits, targets) + SMOOTHING * (at_target - logits.mean(1))).mean()

    def weighted(logits, targets):
        """Class weights, divided by their sum."""
        weight = weights[targets]
        return (weight * cross_entropy(logits, targets)).sum() / weight.sum()

    def masked(logits, targets):
        """The mean of the rows that count."""
        return cross_entropy(logits, targets).mean(where=targets != IGNORED)

    def soft(logits, probabilities):
        """Probabilities as targets."""
        return optax.softmax_cross_entropy(logits, probabilities).mean()

    plain = LOSSES[row.loss]
    special = {
        "smoothing": smoothed,
        "class-weights": weighted,
        "ignored-rows": masked,
        "soft-targets": soft,
    }
    return special.get(row.how, lambda x, y: plain(x, y).mean())
