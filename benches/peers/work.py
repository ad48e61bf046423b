"""The rows of benches/work.txt, their inputs and the clock of the peers.

`work.py` alone prints the selected rows. ROWS selects: `mse`, `cross-entropy:8192x1000` or a whole row; all without it."""

import json
import os
import statistics
import sys
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

THREADS = int(os.environ.get("THREADS", os.cpu_count()))
# How many seconds each contender has for a row; few are enough to see that everything runs.
BUDGET = float(os.environ.get("BUDGET", 2))

# The options of the losses, the same in src/contenders.rs.
DELTA = 1.0
ALPHA, GAMMA = 0.25, 2.0
EPSILON = 1.0
Q = 0.7
SMOOTHING = 0.1
IGNORED = 0

ELEMENTWISE = ("mse", "l1", "huber", "bce", "bce-with-logits", "sigmoid-focal", "log-cosh")


class Row(NamedTuple):
    """A line of work.txt."""

    loss: str
    shape: tuple
    how: str

    @property
    def id(self):
        """The row as ROWS selects it and as results name it."""
        return f"{self.loss}:{'x'.join(map(str, self.shape))}:{self.how}"

    def is_selected(self, prefixes):
        """Whether one of the prefixes is all of the id or ends at one of its colons."""
        return any(f"{self.id}:".startswith(f"{prefix}:") for prefix in prefixes)


def parse(line):
    """A row from its three columns."""
    loss, shape, how = line.split()
    return Row(loss, tuple(map(int, shape.split("x"))), how)


LINES = (Path(__file__).parent.parent / "work.txt").read_text().splitlines()
ALL = [parse(line) for line in LINES if line and not line.startswith("#")]


def selected(prefixes):
    """The rows that the prefixes select, in their order in work.txt; all of them if there is no prefix."""
    for prefix in prefixes:
        if not any(row.is_selected([prefix]) for row in ALL):
            sys.exit(f"ROWS: expected some of {' '.join(row.id for row in ALL)}, or what they begin with, got {prefix}")
    return [row for row in ALL if not prefixes or row.is_selected(prefixes)]


def inputs(row):
    """Prediction and target as NumPy arrays, random with a fixed seed."""
    random = np.random.default_rng(7)

    def normal():
        return random.standard_normal(row.shape, dtype=np.float32) * np.float32(2)

    prediction = normal()
    if row.loss == "bce":
        prediction = random.uniform(0.001, 0.999, row.shape).astype(np.float32)
    if row.loss in ("bce", "bce-with-logits", "sigmoid-focal"):
        return prediction, random.integers(0, 2, row.shape).astype(np.float32)
    if row.loss in ELEMENTWISE:
        return prediction, normal()
    if row.loss == "nll":
        prediction = np.log(softmax(prediction))
    if row.how == "soft-targets":
        return prediction, softmax(normal())
    rows, classes, *space = row.shape
    targets = random.integers(0, classes, (rows, *space))
    if row.how == "ignored-rows":
        targets = np.where(random.random(targets.shape) < 0.1, IGNORED, np.maximum(targets, 1))
    return prediction, targets


def softmax(x):
    """Probabilities over axis 1."""
    x = np.exp(x - x.max(axis=1, keepdims=True))
    return x / x.sum(axis=1, keepdims=True)


def class_weights(row):
    """One weight per class, of class-weights rows."""
    return np.linspace(0.5, 1.5, row.shape[1], dtype=np.float32) if row.how == "class-weights" else None


def median(prepare, run):
    """The median time in milliseconds of `run(prepare())`; only `run` is measured, and not the first three.

    What it returns is let go of after the clock stops, as in the Rust benchmark."""
    times = []
    turn = 0
    while turn < 8 or (time.perf_counter() - start < BUDGET and turn < 400):
        value = prepare()
        begin = time.perf_counter()
        result = run(value)
        end = time.perf_counter()
        del result
        if turn >= 3:
            times.append(end - begin)
        else:
            # Compilation is no part of the budget.
            start = end
        turn += 1
    return statistics.median(times) * 1e3


def report(row, who, setting, ms):
    """One line for table.py."""
    print(json.dumps({"row": row.id, "who": who, "setting": setting, "ms": ms}), flush=True)


ROWS = selected(os.environ.get("ROWS", "").split())

if __name__ == "__main__":
    print(" ".join(row.id for row in ROWS))
