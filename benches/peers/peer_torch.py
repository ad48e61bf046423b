"""PyTorch on the device that DEVICE names (cpu or cuda): eager, compiled, and compiled with its gradient.

Compiled is what a training loop gets: a compiled loss, then `backward`. One graph is what JAX does: loss and gradient are one
compiled function, which autograd knows nothing of."""

import os

import torch

from torch_losses import mean_loss
from work import ROWS, THREADS, class_weights, inputs, median, report

DEVICE = os.environ.get("DEVICE", "cpu")
# PyTorch reads it, too: it then asks for large pages.
SETTING = "large pages" if os.environ.get("THP_MEM_ALLOC_ENABLE") == "1" else ""
torch.set_num_threads(THREADS)


def timed(run, prepare):
    """The median time of `run(prepare())`, with the device waited for."""

    def wait():
        if DEVICE == "cuda":
            torch.cuda.synchronize()

    def waited(value):
        result = run(value)
        wait()
        return result

    def ready():
        value = prepare()
        wait()
        return value

    return median(ready, waited)


def step(loss, prediction, others):
    """Forward and backward; the gradient is returned."""
    prediction = prediction.detach().requires_grad_()
    loss(prediction, *others).backward()
    return prediction.grad


def limit(row):
    """What the device's memory allows: reads what the row needs and writes the gradient, in place."""
    if row.loss == "nll":
        return lambda x, others: x.zero_()
    if row.large_inputs == 1:
        return lambda x, others: x.mul_(0.5)
    if row.large_inputs == 2:
        # Of distillation, the second is the teacher's.
        return lambda x, others: x.sub_(others[-1])
    return lambda x, others: x.addcmul_(*others)


for row in ROWS:
    prediction, *others = (torch.from_numpy(array).to(DEVICE) for array in inputs(row))
    weights = class_weights(row)
    loss = mean_loss(row, None if weights is None else torch.from_numpy(weights).to(DEVICE))
    same = lambda: prediction
    if loss is not None:
        # Compiled for each row's own shape: a second shape would make it compile for any.
        torch.compiler.reset()
        compiled = torch.compile(loss, dynamic=False)
        one_graph = torch.compile(torch.func.grad_and_value(loss), dynamic=False)
        report(row, "PyTorch eager", SETTING, timed(lambda x: step(loss, x, others), same))
        report(row, "PyTorch compiled", SETTING, timed(lambda x: step(compiled, x, others), same))
        report(row, "PyTorch one graph", SETTING, timed(lambda x: one_graph(x, *others), same))
    if DEVICE == "cuda":
        run = limit(row)
        report(row, "limit", "", timed(lambda x: run(x, others), prediction.clone))
