"""The losses as a user of PyTorch writes them: its own, and of those it has none of, the losses of classes in plain operations."""

import torch
import torch.nn.functional as F

from work import ALPHA, DELTA, EPSILON, GAMMA, IGNORED, Q, SMOOTHING


def sigmoid_focal(x, y):
    """torchvision's, whose own needs its package."""
    p = torch.sigmoid(x)
    cross_entropy = F.binary_cross_entropy_with_logits(x, y, reduction="none")
    p_t = p * y + (1 - p) * (1 - y)
    alpha_t = ALPHA * y + (1 - ALPHA) * (1 - y)
    return (alpha_t * cross_entropy * (1 - p_t) ** GAMMA).mean()


def log_prob(x, targets):
    """The log-probability of each row's class."""
    return F.log_softmax(x, 1).gather(1, targets[:, None]).squeeze(1)


def focal(x, targets):
    """Focal loss of classes."""
    log_p = log_prob(x, targets)
    return -((1 - log_p.exp()) ** GAMMA * log_p).mean()


def poly(x, targets):
    """Poly-1 cross entropy."""
    log_p = log_prob(x, targets)
    return (EPSILON * (1 - log_p.exp()) - log_p).mean()


def generalized_cross_entropy(x, targets):
    """Generalized cross entropy."""
    return (1 - (Q * log_prob(x, targets)).exp()).mean() / Q


def ctc(x, targets):
    """All sequences are of one length, and so are all their inputs."""
    steps, samples, _ = x.shape
    lengths = (torch.full((samples,), length) for length in (steps, targets.shape[1]))
    return F.ctc_loss(x, targets, *lengths)


LOSSES = {
    "mse": F.mse_loss,
    "l1": F.l1_loss,
    "huber": lambda x, y: F.huber_loss(x, y, delta=DELTA),
    "bce": F.binary_cross_entropy,
    "bce-with-logits": F.binary_cross_entropy_with_logits,
    "sigmoid-focal": sigmoid_focal,
    "smooth-l1": F.smooth_l1_loss,
    "kl-div": F.kl_div,
    "poisson-nll": F.poisson_nll_loss,
    "gaussian-nll": F.gaussian_nll_loss,
    "hinge-embedding": F.hinge_embedding_loss,
    "soft-margin": F.soft_margin_loss,
    "margin-ranking": F.margin_ranking_loss,
    "multi-margin": F.multi_margin_loss,
    "multi-label-margin": F.multilabel_margin_loss,
    "multi-label-soft-margin": F.multilabel_soft_margin_loss,
    "ctc": ctc,
    "nll": F.nll_loss,
    "focal": focal,
    "poly": poly,
    "generalized-cross-entropy": generalized_cross_entropy,
}


def mean_loss(row, weights):
    """The mean loss of a row as a function of prediction and target, None where PyTorch has none."""
    if row.loss != "cross-entropy":
        return LOSSES.get(row.loss)
    options = {
        "smoothing": {"label_smoothing": SMOOTHING},
        "class-weights": {"weight": weights},
        "ignored-rows": {"ignore_index": IGNORED},
    }.get(row.how, {})
    return lambda x, y: F.cross_entropy(x, y, **options)
