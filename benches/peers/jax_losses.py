"""The losses as a user of JAX writes them: optax's where it has them, plain operations where it has none."""

import jax
import jax.numpy as jnp
import optax

from work import (
    ALPHA,
    ARC_MARGIN,
    BETA,
    CHARBONNIER_EPS,
    CLIP,
    COS_MARGIN,
    DELTA,
    EPSILON,
    GAMMA,
    GAMMA_NEGATIVE,
    IGNORED,
    LABELS,
    LEVEL,
    MARGIN,
    POWER,
    Q,
    SCALE,
    SMOOTHING,
    TEACHER,
    TEMPERATURE,
    per_class,
)


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


def gaussian_crps(x, y, deviation):
    """The continuous ranked probability score of a normal distribution."""
    z = (y - x) / deviation
    normal = jax.scipy.stats.norm
    return deviation * (z * (2 * normal.cdf(z) - 1) + 2 * normal.pdf(z) - 1 / jnp.sqrt(jnp.pi))


def asymmetric(x, y):
    """The asymmetric loss of labels; the exponent of positives is 1."""
    p = jax.nn.sigmoid(x)
    q = jnp.maximum(p - CLIP, 0)
    return -(y * (1 - p) * jax.nn.log_sigmoid(x) + (1 - y) * q**GAMMA_NEGATIVE * jnp.log1p(-q))


def distillation(logits, targets, teacher):
    """The divergence from a teacher beside cross entropy."""
    student = jax.nn.log_softmax(logits / TEMPERATURE)
    soft = optax.kl_divergence(student, jax.nn.softmax(teacher / TEMPERATURE)) * TEMPERATURE**2
    return TEACHER * soft + (1 - TEACHER) * cross_entropy(logits, targets)


def lowered(cosines, targets, lower):
    """Cross entropy of scaled cosines, that of each row's class changed."""
    rows = jnp.arange(len(targets))
    changed = cosines.at[rows, targets].set(lower(cosines[rows, targets]))
    return cross_entropy(changed * SCALE, targets)


def arc_face(cosines, targets):
    """The angle of the class made larger."""

    def lower(cosine):
        near = cosine * jnp.cos(ARC_MARGIN) - jnp.sqrt(1 - cosine**2) * jnp.sin(ARC_MARGIN)
        return jnp.where(cosine < -jnp.cos(ARC_MARGIN), cosine - ARC_MARGIN * jnp.sin(ARC_MARGIN), near)

    return lowered(cosines, targets, lower)


def js_div(x, y):
    """The generalized Jensen-Shannon divergence of log-probabilities, one number per row."""
    p, q = jnp.exp(y), jnp.exp(x)
    mixture = jnp.log(BETA * p + (1 - BETA) * q)
    return (BETA * p * (y - mixture) + (1 - BETA) * q * (x - mixture)).sum(-1)


def multi_margin(scores, targets):
    """The margins between the class and each other; the class itself always misses its own."""
    of_class = jnp.take_along_axis(scores, targets[:, None], 1)
    return jax.nn.relu(scores - of_class + MARGIN).mean(1) - MARGIN / scores.shape[1]


def multi_label_margin(scores, labels):
    """The margins between each of a row's labels and all classes that are none."""
    labels, num_classes = labels[:, :LABELS], scores.shape[1]
    is_label = jax.nn.one_hot(labels, num_classes).sum(1) > 0
    of_labels = jnp.take_along_axis(scores, labels, 1)
    missing = jax.nn.relu(scores[:, None, :] - of_labels[:, :, None] + MARGIN)
    return jnp.where(is_label[:, None, :], 0, missing).sum((1, 2)) / num_classes


def ctc(log_probs, targets):
    """optax's, with the samples on axis 1, over the length of the targets."""
    steps, samples, _ = log_probs.shape
    paddings = jnp.zeros((samples, steps)), jnp.zeros(targets.shape)
    losses = optax.ctc_loss(log_probs.swapaxes(0, 1), paddings[0], targets, paddings[1])
    return losses / targets.shape[1]


LOSSES = {
    "mse": optax.squared_error,
    "l1": lambda x, y: jnp.abs(x - y),
    "huber": lambda x, y: optax.huber_loss(x, y, delta=DELTA),
    "bce": bce,
    "bce-with-logits": optax.sigmoid_binary_cross_entropy,
    "sigmoid-focal": lambda x, y: optax.sigmoid_focal_loss(x, y, alpha=ALPHA, gamma=GAMMA),
    "log-cosh": optax.log_cosh,
    "smooth-l1": optax.huber_loss,
    "quantile": lambda x, y: jnp.maximum(LEVEL * (y - x), (LEVEL - 1) * (y - x)),
    "charbonnier": lambda x, y: jnp.sqrt((x - y) ** 2 + CHARBONNIER_EPS**2),
    "msle": lambda x, y: (jnp.log1p(x) - jnp.log1p(y)) ** 2,
    "kl-div": lambda x, y: optax.kl_divergence(x, y) / x.shape[-1],
    "js-div": js_div,
    "poisson-nll": lambda x, y: jnp.exp(x) - y * x,
    "gaussian-nll": lambda x, y, variance: (jnp.log(variance) + (x - y) ** 2 / variance) / 2,
    "tweedie": lambda x, y: y * jnp.exp((1 - POWER) * x) / (POWER - 1) + jnp.exp((2 - POWER) * x) / (2 - POWER),
    "gamma-nll": lambda x, y: x + y * jnp.exp(-x),
    "gaussian-crps": gaussian_crps,
    "hinge-embedding": lambda x, y: jnp.where(y == 1, x, jax.nn.relu(MARGIN - x)),
    "soft-margin": lambda x, y: jax.nn.softplus(-y * x),
    "margin-ranking": lambda x, second, y: jax.nn.relu(y * (second - x)),
    "asymmetric": asymmetric,
    "multi-label-soft-margin": optax.sigmoid_binary_cross_entropy,
    "nll": nll,
    "cross-entropy": cross_entropy,
    "focal": focal,
    "poly": poly,
    "generalized-cross-entropy": generalized_cross_entropy,
    "logit-adjusted": lambda x, y: cross_entropy(x + jnp.log(per_class(x.shape[1])), y),
    "distillation": distillation,
    "arc-face": arc_face,
    "cos-face": lambda x, y: lowered(x, y, lambda cosine: cosine - COS_MARGIN),
    "multi-margin": multi_margin,
    "multi-label-margin": multi_label_margin,
    "ctc": ctc,
}


def mean_loss(row, weights):
    """The mean loss of a row as a function of prediction and other inputs."""

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
    return special.get(row.how, lambda x, *others: plain(x, *others).mean())
