"""PyTorch's cross entropy, eager and compiled."""

import torch
import torch.nn.functional as F

from work import THREADS, WORKS, median, report

torch.set_num_threads(THREADS)


def step(logits, targets):
    """Forward and backward; the gradient is returned."""
    logits = logits.detach().requires_grad_()
    F.cross_entropy(logits, targets).backward()
    return logits.grad


def forward(logits, targets):
    """Forward alone."""
    with torch.no_grad():
        return F.cross_entropy(logits, targets)


for work in WORKS:
    rows, classes, side = work
    torch.manual_seed(7)
    space = (side, side) if side > 1 else ()
    logits = torch.randn(rows, classes, *space) * 2.0
    targets = torch.randint(0, classes, (rows, *space))
    loss = torch.compile(F.cross_entropy)

    def compiled_step(logits):
        """Forward and backward through the compiled loss."""
        logits = logits.detach().requires_grad_()
        loss(logits, targets).backward()
        return logits.grad

    def compiled_forward(logits):
        """Forward alone through the compiled loss."""
        with torch.no_grad():
            return loss(logits, targets)

    same = lambda: logits
    report("PyTorch eager", work, "forward", median(same, lambda x: forward(x, targets)))
    report("PyTorch eager", work, "forward + backward", median(same, lambda x: step(x, targets)))
    report("PyTorch compiled", work, "forward", median(same, compiled_forward))
    report("PyTorch compiled", work, "forward + backward", median(same, compiled_step))
