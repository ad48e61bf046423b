"""PyTorch's classifier head and cross entropy, forward + backward with hidden states and weight tracked: one JSON line, as
benches/linear.rs prints them. `linear.py SHAPE ROWS WHO`, e.g. `linear.py 1024x512x32000 all held`, on THREADS threads for BUDGET
seconds, and three steps at least; THP_MEM_ALLOC_ENABLE=1 makes PyTorch ask for large pages.

held, held-compiled    all logits are held, as most models have it: `F.cross_entropy(hidden @ weight.T, targets)`
chunked                `F.linear_cross_entropy`, what `nn.LinearCrossEntropyLoss` calls, with the chunks that it chooses
chunked-128            the same with chunks of 128 MiB of logits: fewer products, more memory

Memory is what a step needs at its peak beyond what is resident before it, without the gradients; the step is the second, and the first that is timed."""

import ctypes
import json
import os
import statistics
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

THREADS = int(os.environ.get("THREADS", os.cpu_count()))
BUDGET = float(os.environ.get("BUDGET", 2))
SETTING = "large pages" if os.environ.get("THP_MEM_ALLOC_ENABLE") == "1" else ""
IGNORED = -100
MIB = 1 << 20


def noise(indices):
    """The numbers between -1 and 1 of benches/linear.rs."""
    mixed = indices * np.uint32(0x9E3779B1)
    mixed = (mixed ^ (mixed >> 16)) * np.uint32(0x45D9F3B)
    mixed ^= mixed >> 16
    return (mixed >> 8).astype(np.float32) / np.float32(1 << 23) - np.float32(1)


def inputs(shape, rows):
    """Hidden states, weight [C, H], and targets."""
    m, h, c = shape
    hidden = noise(np.arange(m * h, dtype=np.uint32) * 2).reshape(m, h)
    weight = noise(np.arange(h * c, dtype=np.uint32) * 2 + 1).reshape(h, c) / np.float32(h**0.5)
    targets = np.arange(m) * 7919 % c
    if rows == "tenth":
        targets[np.arange(m) % 10 != 0] = IGNORED
    return hidden, np.ascontiguousarray(weight.T), targets


def held(hidden, weight, targets):
    """With all logits."""
    return F.cross_entropy(hidden @ weight.T, targets, ignore_index=IGNORED)


def chunked(**options):
    """A few rows of logits at a time."""
    options = torch.nn.LinearCrossEntropyOptions(**options)
    return lambda *inputs: F.linear_cross_entropy(*inputs, ignore_index=IGNORED, options=options)


def status(name):
    """A size in /proc/self/status, in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:")) * 1024


def timed(step):
    """Milliseconds; letting go of the result is not measured."""
    begin = time.perf_counter()
    result = step()
    ms = (time.perf_counter() - begin) * 1e3
    del result
    return ms


def peak(step):
    """Milliseconds of a step, and how much the resident memory rises at most while it runs."""
    ctypes.CDLL(None).malloc_trim(0)
    # The peak begins anew.
    Path("/proc/self/clear_refs").write_text("5")
    before = status("VmRSS")
    ms = timed(step)
    return ms, status("VmHWM") - before


name, rows, who = sys.argv[1:]
shape = tuple(map(int, name.split("x")))
torch.set_num_threads(THREADS)
hidden, weight, targets = map(torch.from_numpy, inputs(shape, rows))
losses = {
    "held": lambda: held,
    "held-compiled": lambda: torch.compile(held, dynamic=False),
    "chunked": chunked,
    "chunked-128": lambda: chunked(batch_chunk_size=max(1, 128 * MIB // (4 * shape[2]))),
}
loss = losses[who]()


def step():
    """Forward and backward; the gradients are new."""
    inputs = [tensor.detach().requires_grad_() for tensor in (hidden, weight)]
    value = loss(*inputs, targets)
    value.backward()
    return value, [tensor.grad for tensor in inputs]


value = step()[0].item()
gradients = 4 * (hidden.numel() + weight.numel())
start = time.perf_counter()
first, risen = peak(step)
times = [first]
while len(times) < 3 or time.perf_counter() - start < BUDGET:
    times.append(timed(step))
line = {"shape": name, "rows": rows, "who": f"PyTorch {who}", "setting": SETTING}
line |= {"ms": statistics.median(times), "mib": round((risen - gradients) / MIB, 1), "loss": value}
print(json.dumps(line))
