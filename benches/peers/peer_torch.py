"""PyTorch's cross entropy, eager and compiled, on the device that DEVICE names (cpu or cuda)."""

import os

import torch
import torch.nn.functional as F

from work import THREADS, WORKS, median, report

DEVICE = os.environ.get("DEVICE", "cpu")
torch.set_num_threads(THREADS)


def timed(run):
    """The median time of `run(logits)`, with the device waited for."""

    def wait():
        if DEVICE == "cuda":
            torch.cuda.synchronize()

    def waited(logits):
        result = run(logits)
        wait()
        return result

    wait()
    return median(lambda: logits, waited)


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
    logits = torch.randn(rows, classes, *space, device=DEVICE) * 2.0
    targets = torch.randint(0, classes, (rows, *space), device=DEVICE)
    # Compiled for each work's own shape: a second shape would make it compile for any.
    torch.compiler.reset()
    loss = torch.compile(F.cross_entropy, dynamic=False)

    def compiled_step(logits):
        """Forward and backward through the compiled loss."""
        logits = logits.detach().requires_grad_()
        loss(logits, targets).backward()
        return logits.grad

    def compiled_forward(logits):
        """Forward alone through the compiled loss."""
        with torch.no_grad():
            return loss(logits, targets)

    report("PyTorch eager", work, "forward", timed(lambda x: forward(x, targets)))
    report("PyTorch eager", work, "forward + backward", timed(lambda x: step(x, targets)))
    report("PyTorch compiled", work, "forward", timed(compiled_forward))
    report("PyTorch compiled", work, "forward + backward", timed(compiled_step))
    if DEVICE == "cuda":
        # What the device's memory allows: a copy reads and writes as many bytes as the logits have.
        report("copy of the logits", work, "forward + backward", timed(torch.clone))
